"""One statement with its tokens and matched parentheses: what every dialect room reads."""

from __future__ import annotations

from standin.dialect.lexer import Token, syntax_error


class Statement:
    """`closing` maps the index of each `(` to that of its `)`, `opening` the other way round.

    Raises SqlError 42601 when parentheses do not match.
    """

    def __init__(self, sql: str, tokens: list[Token]) -> None:
        self.sql = sql
        self.tokens = tokens
        self.closing: dict[int, int] = {}
        opened: list[int] = []
        for index, token in enumerate(tokens):
            if token.text == "(":
                opened.append(index)
            elif token.text == ")":
                if not opened:
                    raise syntax_error(token)
                self.closing[opened.pop()] = index
        if opened:
            raise syntax_error(None)
        self.opening = {close: open_ for open_, close in self.closing.items()}

    def text_at(self, index: int) -> str:
        """The text of a token, "" before the first and after the last."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def arguments(self, opened: int) -> list[tuple[int, int]]:
        """The comma-separated token ranges inside the parenthesis opened at this index."""
        index, high = opened + 1, self.closing[opened]
        if index == high:
            return []
        ranges, low = [], index
        while index < high:
            if self.tokens[index].text == ",":
                ranges.append((low, index))
                low = index + 1
            index = self.closing.get(index, index) + 1
        return [*ranges, (low, high)]
