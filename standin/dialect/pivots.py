"""PIVOT and UNPIVOT: relations made of another relation's rows and columns.

https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause-pivot-unpivot-examples.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from standin.dialect import selects
from standin.dialect.edits import Render
from standin.dialect.folding import quoted
from standin.dialect.known_columns import KnownColumns, columns_of
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.redshift import UNDEFINED_COLUMN
from standin.dialect.statement import Statement
from standin.dialect.table_columns import literal
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError, not_supported

_BEFORE_RELATIONS = ("from", "join")


class Pivot(NamedTuple):
    """A relation with the clause: tokens [start, word) are the relation, [word, end) the clause."""

    start: int
    word: int
    end: int


def find(statement: Statement) -> dict[int, Pivot]:
    """Every PIVOT and UNPIVOT, by the index of the first token of its relation."""
    found = {}
    for index, token in enumerate(statement.tokens):
        if token.is_word("pivot", "unpivot") and statement.text_at(index - 1) != ".":
            opened = _opened(statement, index)
            start = _relation_start(statement, index)
            found[start] = Pivot(start, index, statement.closing[opened] + 1)
    return found


def _opened(statement: Statement, word: int) -> int:
    index = word + 1
    if statement.text_at(index + 1).lower() == "nulls":
        index += 2
    if statement.text_at(index) != "(":
        tokens = statement.tokens
        raise syntax_error(tokens[index] if index < len(tokens) else None)
    return index


def _relation_start(statement: Statement, word: int) -> int:
    tokens = statement.tokens
    start = word
    while start > 0:
        before = tokens[start - 1]
        if before.is_word(*_BEFORE_RELATIONS) or before.text == ",":
            break
        start = statement.opening.get(start - 1, start - 1)
        if tokens[start].text == "(" and start == 0:
            break
    if start in (0, word):
        raise syntax_error(tokens[word])
    return start


def rewrite(statement: Statement, pivot: Pivot, render: Render, known: KnownColumns) -> str:
    """PostgreSQL's derived table for the relation and the clause."""
    source = render(pivot.start, pivot.word)
    columns = columns_of(f"SELECT * FROM {source}", known)
    if statement.tokens[pivot.word].is_word("pivot"):
        return _Pivoted(statement, pivot, render, columns).text(source)
    return _Unpivoted(statement, pivot, columns).text(source)


def _split_at_for(statement: Statement, low: int, high: int) -> int:
    for index in selects.outside_queries(statement, low, high):
        if statement.tokens[index].is_word("for"):
            return index
    raise syntax_error(statement.tokens[high])


def _values(statement: Statement, cursor: TokenCursor) -> list[tuple[int, int]]:
    """IN ( .. ), the end of the clause."""
    cursor.expect("in")
    opened = cursor.position
    cursor.expect_op("(")
    cursor.position = statement.closing[opened] + 1
    cursor.expect_end()
    ranges = statement.arguments(opened)
    for low, high in ranges or [(opened + 1, opened + 1)]:
        if low == high:
            raise syntax_error(statement.tokens[low])
    return ranges


class _Pivoted:
    def __init__(
        self, statement: Statement, pivot: Pivot, render: Render, columns: tuple[str, ...]
    ) -> None:
        self._statement = statement
        self._tokens = statement.tokens
        self._render = render
        self._columns = columns
        self._low, self._high = pivot.word + 2, pivot.end - 1

    def text(self, source: str) -> str:
        """The groups of the columns that are not named, and an aggregate for every value."""
        split = _split_at_for(self._statement, self._low, self._high)
        aggregates = selects.comma_ranges(self._statement, self._low, split)
        cursor = TokenCursor(self._tokens, split + 1, self._high)
        name = cursor.name().value
        if name not in self._columns:
            raise SqlError(UNDEFINED_COLUMN, f'column "{name}" does not exist')
        values = _values(self._statement, cursor)
        used = {token.value for token in self._tokens[self._low : split] if token.is_name}
        groups = [quoted(each) for each in self._columns if each not in used | {name}]
        results = [
            self._result(value, aggregate, name, len(aggregates))
            for value in values
            for aggregate in aggregates
        ]
        group_by = f" GROUP BY {', '.join(groups)}" if groups else ""
        return f"(SELECT {', '.join([*groups, *results])} FROM {source}{group_by})"

    def _result(
        self, value: tuple[int, int], aggregate: tuple[int, int], name: str, count: int
    ) -> str:
        constant, label = self._constant(*value)
        low, high = aggregate
        suffix = ""
        if high - low > 2 and self._tokens[high - 2].is_word("as"):
            suffix, high = self._tokens[high - 1].value, high - 2
        elif count > 1:
            suffix = self._tokens[low].value
        label = f"{label}_{suffix}" if suffix else label
        call = self._render(low, high)
        condition = f"{quoted(name)} IS NOT DISTINCT FROM {constant}"
        return f"{call} FILTER (WHERE {condition}) AS {quoted(label)}"

    def _constant(self, low: int, high: int) -> tuple[str, str]:
        """A value of the list and what its column is called."""
        label = None
        if high - low > 2 and self._tokens[high - 2].is_word("as"):
            label, high = self._tokens[high - 1].value, high - 2
        tokens = self._tokens[low:high]
        last = tokens[-1]
        is_signed = len(tokens) == 2 and tokens[0].text == "-"
        is_constant = last.kind in (TokenKind.NUMBER, TokenKind.STRING) or last.is_word(
            "null", "true", "false"
        )
        if not is_constant or not (len(tokens) == 1 or is_signed):
            raise not_supported("PIVOT of anything but constants")
        spelled = "".join(token.value for token in tokens)
        return self._render(low, high), label or spelled.lower()


class _Unpivoted:
    def __init__(self, statement: Statement, pivot: Pivot, columns: tuple[str, ...]) -> None:
        self._statement = statement
        self._tokens = statement.tokens
        self._columns = columns
        self._high = pivot.end - 1
        self._low = statement.opening[self._high] + 1
        self._keeps_nulls = statement.tokens[pivot.word + 1].is_word("include")

    def text(self, source: str) -> str:
        """The columns that are not named, then the name and the value of each that is."""
        cursor = TokenCursor(self._tokens, self._low, self._high)
        if cursor.sees_op("("):
            raise not_supported("UNPIVOT of several columns at once")
        value = cursor.name().value
        cursor.expect("for")
        name = cursor.name().value
        turned = list(self._turned(_values(self._statement, cursor)))
        for column, _ in turned:
            if column not in self._columns:
                raise SqlError(UNDEFINED_COLUMN, f'column "{column}" does not exist')
        gone = {column for column, _ in turned}
        kept = [f'"source".{quoted(each)}' for each in self._columns if each not in gone]
        rows = ", ".join(f'({label}, "source".{quoted(column)})' for column, label in turned)
        condition = "" if self._keeps_nulls else f' WHERE "turned".{quoted(value)} IS NOT NULL'
        items = [*kept, f'"turned".{quoted(name)}', f'"turned".{quoted(value)}']
        return (
            f"(SELECT {', '.join(items)}"
            f' FROM (SELECT * FROM {source}) AS "source", LATERAL (VALUES {rows}) AS "turned"'
            f" ({quoted(name)}, {quoted(value)}){condition})"
        )

    def _turned(self, ranges: list[tuple[int, int]]) -> Iterator[tuple[str, str]]:
        """The columns and the literals that stand for their names."""
        for low, high in ranges:
            cursor = TokenCursor(self._tokens, low, high)
            column = cursor.name().value
            label = literal(column)
            if cursor.accept("as"):
                label = _label(cursor.next())
            cursor.expect_end()
            yield column, label


def _label(token: Token) -> str:
    if token.kind is TokenKind.NUMBER:
        return token.text
    return literal(token.value)
