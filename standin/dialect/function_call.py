"""One function call of a statement, as its rewriting sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from standin.dialect import redshift
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.sqlerror import SqlError, not_supported


class Renderer(Protocol):
    """What a rewriting needs of the statement around it."""

    tokens: list[Token]
    closing: dict[int, int]

    def render(self, low: int, high: int) -> str:
        """The rewritten text of tokens [low, high)."""
        ...


@dataclass
class Call:
    """One function call; `args` are token ranges, `end` the index after what is replaced."""

    renderer: Renderer
    name: Token
    args: list[tuple[int, int]]
    end: int

    def text(self, index: int) -> str:
        """An argument, itself rewritten."""
        return self.renderer.render(*self.args[index])

    def texts(self, start: int = 0) -> list[str]:
        """The arguments from `start` on."""
        return [self.renderer.render(*arg) for arg in self.args[start:]]

    def tokens(self, index: int) -> list[Token]:
        """The tokens of an argument."""
        return self.renderer.tokens[slice(*self.args[index])]

    def expect(self, fewest: int, most: int | None = None) -> None:
        """Check the number of arguments."""
        if not fewest <= len(self.args) <= (most or fewest):
            raise undefined_function(self.name.value)
        for low, high in self.args:
            if low == high:
                raise syntax_error(self.renderer.tokens[high])

    def date_part(self, index: int) -> str:
        """PostgreSQL's name of a date part, given bare or quoted."""
        return date_part(self.tokens(index))

    def moment(self, index: int) -> str:
        """A date argument; a bare literal is a TIMESTAMP."""
        tokens = self.tokens(index)
        text = self.text(index)
        is_literal = len(tokens) == 1 and tokens[0].kind is TokenKind.STRING
        return f"CAST({text} AS timestamp)" if is_literal else text


def undefined_function(name: str) -> SqlError:
    """The error for a function that Redshift does not have."""
    return SqlError(
        redshift.UNDEFINED_FUNCTION,
        f"function {name}() does not exist",
        hint="No function matches the given name and argument types. "
        "You may need to add explicit type casts.",
    )


def date_part(tokens: list[Token]) -> str:
    """PostgreSQL's name of the part that `tokens` spell."""
    if len(tokens) != 1 or tokens[0].kind is TokenKind.NUMBER:
        raise not_supported("a computed date part")
    spelling = tokens[0].value.lower().strip()
    if spelling not in redshift.DATE_PARTS:
        raise SqlError(redshift.INVALID_PARAMETER, f'timestamp units "{spelling}" not recognized')
    return redshift.DATE_PARTS[spelling]
