"""SELECT .. EXCLUDE (columns): the other columns of the query, selected from it.

https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html
"""

from __future__ import annotations

from standin.dialect import selects
from standin.dialect.edits import Render
from standin.dialect.folding import quoted
from standin.dialect.known_columns import KnownColumns, columns_of
from standin.dialect.lexer import syntax_error
from standin.dialect.redshift import UNDEFINED_COLUMN
from standin.dialect.selects import Select
from standin.dialect.statement import Statement
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError, not_supported

_NOT_WITH = ("into", "qualify")


def find(statement: Statement) -> dict[int, Select]:
    """The SELECTs that have the clause, by the index of their first token."""
    if not any(token.value == "exclude" for token in statement.tokens):
        return {}
    return {
        select.start: select for select in selects.find(statement) if "exclude" in select.clauses
    }


def rewrite(statement: Statement, select: Select, render: Render, known: KnownColumns) -> str:
    """PostgreSQL's text for the whole SELECT."""
    low, high = select.clauses["exclude"]
    if not select.items:
        raise syntax_error(statement.tokens[low - 1])
    _check(statement, select)
    excluded = _names(statement, low, high)
    items = render(select.items[0].low, low - 1)
    distinct = "DISTINCT " if select.is_distinct else ""
    query = f"SELECT {items} {render(high, select.end)}"
    columns = columns_of(query, known)
    for name in excluded:
        if name not in columns:
            raise SqlError(UNDEFINED_COLUMN, f'column "{name}" does not exist')
    numbers = [f'"{number}"' for number in range(1, len(columns) + 1)]
    kept = [
        f"{number} AS {quoted(name)}"
        for number, name in zip(numbers, columns, strict=True)
        if name not in excluded
    ]
    if not kept:
        raise SqlError(UNDEFINED_COLUMN, "EXCLUDE leaves no column")
    return f'SELECT {distinct}{", ".join(kept)} FROM ({query}) AS "all" ({", ".join(numbers)})'


def _check(statement: Statement, select: Select) -> None:
    for clause in _NOT_WITH:
        if clause in select.clauses:
            raise not_supported(f"EXCLUDE together with {clause.upper()}")
    if statement.tokens[select.items[0].low - 2].is_word("top"):
        raise not_supported("EXCLUDE together with TOP")
    if select.in_set_operation and {"order by", "limit"} & set(select.clauses):
        raise not_supported("EXCLUDE in an ordered or limited set operation")


def _names(statement: Statement, low: int, high: int) -> list[str]:
    cursor = TokenCursor(statement.tokens, low, high)
    tokens = cursor.names_in_parentheses() if cursor.sees_op("(") else [cursor.name()]
    cursor.expect_end()
    return [token.value for token in tokens]
