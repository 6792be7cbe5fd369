"""Quoted names and strings as PostgreSQL reads them, where nothing else of a statement changes."""

from __future__ import annotations

from standin.dialect.lexer import Token, TokenKind
from standin.dialect.statement import Statement


def quoted(name: str) -> str:
    """A name as PostgreSQL reads it."""
    return '"' + name.replace('"', '""') + '"'


def escaped(token: Token) -> str | None:
    """A string with backslashes, which escape in all of Redshift's and in PostgreSQL's E'..' only.

    None for a string that is the same in both.
    """
    if "\\" not in token.text or token.text[0] not in "'nN":
        return None
    return "E" + token.text.lstrip("nN")


def folded(statement: Statement, low: int = 0) -> str:
    """The tokens from `low` on, with nothing changed but quoted names and strings."""
    pieces, position = [], statement.tokens[low].start
    for token in statement.tokens[low:]:
        replacement = None
        if token.kind is TokenKind.STRING:
            replacement = escaped(token)
        elif token.kind is TokenKind.QUOTED:
            replacement = quoted(token.value)
        if replacement is not None:
            pieces += [statement.sql[position : token.start], replacement]
            position = token.end
    return "".join([*pieces, statement.sql[position:]])
