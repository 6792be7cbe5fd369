"""MERGE: Redshift's two forms, checked, to PostgreSQL's.

https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from standin.dialect import redshift
from standin.dialect.facts import Facts
from standin.dialect.lexer import Token, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.rewriter import rewrite
from standin.dialect.statement import Statement
from standin.dialect.table_columns import spelled
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError

SOURCE_IS_TARGET = "Source view/subquery in Merge statement cannot reference target table."


class _Head(NamedTuple):
    """MERGE INTO target USING source AS alias ON condition, each as PostgreSQL's text."""

    target: str
    source: str
    alias: str
    condition: str


def merge(statement: Statement, facts: Facts) -> Plan:
    """Both clauses in their order, or REMOVE DUPLICATES; SqlError for anything else."""
    cursor = TokenCursor(statement.tokens, 1)
    head = _parse_head(statement, facts, cursor)
    if cursor.accept("remove"):
        cursor.expect("duplicates")
        cursor.expect_end()
        return Plan(_remove_duplicates(head), "MERGE", tag="MERGE", reads_tables=True)
    matched = _matched(statement, facts, cursor)
    cursor.expect("when", "not", "matched", "then", "insert")
    inserted = _inserted(statement, facts, cursor)
    # PostgreSQL would refuse several matches, too, but in other words.
    matches = (
        f"SELECT count(*) AS n FROM {head.target}, {head.source} AS {head.alias}"
        f" WHERE {head.condition} GROUP BY {head.target}.ctid"
    )
    checked = (
        f"(SELECT {head.alias}.* FROM {head.source} AS {head.alias} WHERE"
        f" {redshift.LIBRARY_SCHEMA}.unambiguous((SELECT max(n) FROM ({matches}) AS matches)))"
    )
    sql = (
        f"MERGE INTO {head.target} USING {checked} AS {head.alias} ON {head.condition}"
        f" WHEN MATCHED THEN {matched} WHEN NOT MATCHED THEN INSERT {inserted}"
    )
    return Plan(sql, "MERGE", reads_tables=True)


def _parse_head(statement: Statement, facts: Facts, cursor: TokenCursor) -> _Head:
    cursor.expect("into")
    target = cursor.qualified_name()
    cursor.expect("using")
    low = cursor.position
    if cursor.sees_op("("):
        cursor.position = statement.closing[low] + 1
        name = None
        _check_source(statement.tokens[low : cursor.position], target[-1])
    else:
        name = cursor.qualified_name()[-1]
        if name.value == target[-1].value:
            raise SqlError(FEATURE_NOT_SUPPORTED, SOURCE_IS_TARGET)
    high = cursor.position
    if cursor.accept("as") or not cursor.sees("on"):
        name = cursor.name()
    if name is None:
        raise syntax_error(cursor.peek())
    cursor.expect("on")
    condition = _until(statement, facts, cursor, "when", "remove")
    return _Head(
        ".".join(spelled(part) for part in target),
        rewrite(statement, facts, low, high),
        spelled(name),
        f"({condition})",
    )


def _check_source(tokens: list[Token], target: Token) -> None:
    for before, token in pairwise(tokens):
        if before.is_word("from", "join") and token.value == target.value:
            raise SqlError(FEATURE_NOT_SUPPORTED, SOURCE_IS_TARGET)


def _matched(statement: Statement, facts: Facts, cursor: TokenCursor) -> str:
    cursor.expect("when", "matched", "then")
    if cursor.accept("delete"):
        return "DELETE"
    cursor.expect("update", "set")
    return f"UPDATE SET {_until(statement, facts, cursor, 'when')}"


def _inserted(statement: Statement, facts: Facts, cursor: TokenCursor) -> str:
    columns = ""
    if cursor.sees_op("("):
        names = cursor.names_in_parentheses()
        columns = f"({', '.join(spelled(name) for name in names)}) "
    cursor.expect("values")
    low = cursor.position
    cursor.expect_op("(")
    cursor.position = statement.closing[low] + 1
    cursor.expect_end()
    return f"{columns}VALUES {rewrite(statement, facts, low, cursor.position)}"


def _until(statement: Statement, facts: Facts, cursor: TokenCursor, *words: str) -> str:
    """Take an expression that ends before one of these words; CASE has its own WHEN."""
    low, cases = cursor.position, 0
    while (token := cursor.peek()) is not None:
        if not cases and token.is_word(*words):
            break
        cases += token.is_word("case") - token.is_word("end")
        cursor.position = statement.closing.get(cursor.position, cursor.position) + 1
    if low == cursor.position or cursor.peek() is None:
        raise syntax_error(cursor.peek())
    return rewrite(statement, facts, low, cursor.position)


def _remove_duplicates(head: _Head) -> str:
    """Rows of the source take the place of the target's rows that they match."""
    return (
        f"WITH replaced AS (DELETE FROM {head.target} USING {head.source} AS {head.alias}"
        f" WHERE {head.condition}) INSERT INTO {head.target}"
        f" SELECT * FROM {head.source} AS {head.alias}"
    )
