"""SQL text to tokens, by Redshift's lexical rules: no grammar, no meaning.

Backslashes escape inside every quoted string, not only in E'..', and quoted identifiers fold to
lower case like bare ones (https://docs.aws.amazon.com/redshift/latest/dg/r_names.html).
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from standin.dialect.redshift import words
from standin.sqlerror import SYNTAX_ERROR, SqlError, not_supported


class TokenKind(enum.Enum):
    """What a token is, as far as its spelling tells."""

    WORD = "word"  # a keyword or a bare identifier
    QUOTED = "quoted identifier"
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"  # $1
    OPERATOR = "operator"  # every punctuation: ( ) , . ; :: || <= ...


class Token(NamedTuple):
    """One token: `text` as written at [start, end) of its statement, `value` what it stands for.

    The value of a word or a quoted identifier is its folded (lower-case) name, that of a string
    its content without quotes and escapes; of everything else, the text.
    """

    kind: TokenKind
    text: str
    value: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the given (lower-case) bare words."""
        return self.kind is TokenKind.WORD and self.value in words

    def is_op(self, operator: str) -> bool:
        """Whether this is the given punctuation."""
        return self.kind is TokenKind.OPERATOR and self.text == operator

    @property
    def is_name(self) -> bool:
        """Whether this can be an identifier, reserved words not considered."""
        return self.kind is TokenKind.WORD or self.kind is TokenKind.QUOTED


# Leading white space is part of a match: one step per token keeps long INSERTs fast. What is quoted
# matches whole if nothing in it is escaped or doubled; a group that repeats would take memory for
# every character.
_TOKEN = re.compile(
    r"""
    \s*(?:
      (?P<space>--[^\n]* | \Z)
    | (?P<comment>/\*)
    | (?P<string>[bBeEnNxX]?'[^'\\]*'(?!'))
    | (?P<quoted>"[^"]*"(?!"))
    | (?P<opened>[bBeEnNxX]?'|")
    | (?P<unicode>[uU]&['"])
    | (?P<word>[^\W\d][\w$]*)
    | (?P<temporary>\#[^\W\d][\w$]*)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<parameter>\$\d+)
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<operator>::|:=|<=|>=|<>|!=|\|\|/|\|\||\|/|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|=>|->>|->
        |<<|>>|[-+*/%^<>=~!@\#&|?`(){}\[\],;.:\\])
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# By the quote: the kind of token, its name in errors, and what may end it or only looks like it.
_QUOTE_EDGES = {
    "'": ("string", "quoted string", re.compile(r"''|\\.|'", re.DOTALL)),
    '"': ("quoted", "quoted identifier", re.compile(r'""|"')),
}
_ESCAPE = re.compile(r"''|\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
# What can stand before the name of a table or its column, to tell #name from the operator #.
_BEFORE_OPERAND = frozenset("(,=<>+-*/") | {"<=", ">=", "<>", "!=", "||"}
_VERBS = words(
    """
    select distinct from join into table update using exists on where and or not by when then else
    truncate analyze analyse vacuum copy set having append view delete between in like
    """
)
_KINDS = {
    "string": TokenKind.STRING,
    "word": TokenKind.WORD,
    "quoted": TokenKind.QUOTED,
    "number": TokenKind.NUMBER,
    "parameter": TokenKind.PARAMETER,
    "operator": TokenKind.OPERATOR,
}


def tokenize(sql: str) -> list[Token]:
    """The tokens of `sql`, without comments and white space.

    Raises SqlError 42601 for a string, identifier or comment that does not end.
    """
    tokens: list[Token] = []
    position, length, match_at = 0, len(sql), _TOKEN.match
    while position < length:
        match = match_at(sql, position)
        if match is None:
            raise _unreadable(sql, position)
        group = match.lastgroup or ""
        position, end = match.span(group)
        if group == "opened":
            group, end = _quoted_end(sql, position, end)
        if group in _KINDS:
            text = sql[position:end]
            tokens.append(Token(_KINDS[group], text, _value(group, text), position, end))
        elif group == "comment":
            end = _comment_end(sql, position)
        elif group == "dollar":
            end = _dollar_end(sql, position, match[group])
            tokens.append(_dollar_string(sql, position, end, len(match[group])))
        elif group == "unicode":
            raise not_supported("a U& string or identifier")
        elif group == "temporary":
            end = _temporary(tokens, match[group], position, end)
        position = end
    return tokens


def split(sql: str) -> list[tuple[str, list[Token]]]:
    """The statements of a string separated by `;`, each with its tokens; empty ones dropped.

    A statement's text runs from its first to its last token and the token positions count from
    there.
    """
    groups: list[list[Token]] = [[]]
    for token in tokenize(sql):
        if token.is_op(";"):
            groups.append([])
        else:
            groups[-1].append(token)
    return [_statement(sql, group) for group in groups if group]


def _temporary(tokens: list[Token], text: str, position: int, end: int) -> int:
    """`#name` is a temporary table's name, unless it follows an operand: a # b."""
    before = tokens[-1] if tokens else None
    if before is not None and before.text not in _BEFORE_OPERAND and before.value not in _VERBS:
        tokens.append(Token(TokenKind.OPERATOR, "#", "#", position, position + 1))
        return position + 1
    tokens.append(Token(TokenKind.QUOTED, text, text.lower(), position, end))
    return end


def syntax_error(token: Token | None) -> SqlError:
    """The parser's complaint about `token`; None stands for the end of the statement."""
    where = "end of input" if token is None else f'or near "{token.text}"'
    return SqlError(SYNTAX_ERROR, f"syntax error at {where}")


def _statement(sql: str, tokens: list[Token]) -> tuple[str, list[Token]]:
    first = tokens[0].start
    text = sql[first : tokens[-1].end]
    if first == 0:
        return text, tokens
    return text, [
        token._replace(start=token.start - first, end=token.end - first) for token in tokens
    ]


def _value(group: str, text: str) -> str:
    if group == "word":
        return text.lower()
    if group == "quoted":
        return text[1:-1].replace('""', '"').lower()
    if group == "string":
        body = text[text.index("'") + 1 : -1]
        return _ESCAPE.sub(_unescape, body) if "\\" in body or "'" in body else body
    return text


def _unescape(match: re.Match[str]) -> str:
    escape = match.group()[1:]
    if escape[0] in "01234567":
        return chr(int(escape, 8) % 256)
    if escape[0] == "x" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _CONTROL.get(escape, escape)


def _comment_end(sql: str, start: int) -> int:
    depth, position = 0, start
    while edge := _COMMENT_EDGE.search(sql, position):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
        if depth == 0:
            return position
    raise _unterminated("/* comment", sql, start)


def _quoted_end(sql: str, start: int, position: int) -> tuple[str, int]:
    """The group and the end of what is quoted from `start` on; its content is at `position`."""
    quote = sql[position - 1]
    group, what, edges = _QUOTE_EDGES[quote]
    for edge in edges.finditer(sql, position):
        if edge.group() == quote:
            return group, edge.end()
    raise _unterminated(what, sql, start)


def _dollar_string(sql: str, start: int, end: int, quote: int) -> Token:
    text = sql[start:end]
    return Token(TokenKind.STRING, text, text[quote:-quote], start, end)


def _dollar_end(sql: str, start: int, quote: str) -> int:
    end = sql.find(quote, start + len(quote))
    if end < 0:
        raise _unterminated("dollar-quoted string", sql, start)
    return end + len(quote)


def _unreadable(sql: str, position: int) -> SqlError:
    character = sql[position:].lstrip()[0]
    return SqlError(SYNTAX_ERROR, f'syntax error at or near "{character}"')


def _unterminated(what: str, sql: str, position: int) -> SqlError:
    return SqlError(SYNTAX_ERROR, f'unterminated {what} at or near "{sql[position:]}"')
