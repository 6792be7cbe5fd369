"""PREPARE and EXECUTE: https://docs.aws.amazon.com/redshift/latest/dg/r_PREPARE.html"""

from __future__ import annotations

from standin.dialect.facts import Facts
from standin.dialect.lexer import syntax_error
from standin.dialect.plan import Plan
from standin.dialect.rewriter import rewrite
from standin.dialect.sqltypes import parse_type
from standin.dialect.statement import Statement
from standin.dialect.table_columns import spelled
from standin.dialect.token_cursor import TokenCursor

_PREPARED = ("select", "with", "insert", "update", "delete")


def prepare(statement: Statement, facts: Facts) -> Plan:
    """PREPARE name [(types)] AS one SELECT, INSERT, UPDATE or DELETE."""
    cursor = TokenCursor(statement.tokens, 1)
    name = spelled(cursor.name())
    types = []
    if cursor.accept_op("("):
        types.append(parse_type(cursor).postgres)
        while cursor.accept_op(","):
            types.append(parse_type(cursor).postgres)
        cursor.expect_op(")")
    cursor.expect("as")
    following = cursor.peek()
    if following is None or not following.is_word(*_PREPARED):
        raise syntax_error(following)
    declared = f" ({', '.join(types)})" if types else ""
    body = rewrite(statement, facts, cursor.position)
    return Plan(f"PREPARE {name}{declared} AS {body}", "PREPARE")


def execute(statement: Statement, facts: Facts) -> Plan:
    """EXECUTE name [(values)]."""
    cursor = TokenCursor(statement.tokens, 1)
    name = spelled(cursor.name())
    values = ""
    if cursor.sees_op("("):
        low = cursor.position
        cursor.position = statement.closing[low] + 1
        values = rewrite(statement, facts, low, cursor.position)
    cursor.expect_end()
    return Plan(f"EXECUTE {name}{values}", "EXECUTE", reads_tables=True)
