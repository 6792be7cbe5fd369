"""DECLARE, FETCH and CLOSE: one cursor a session, and it only moves forward.

https://docs.aws.amazon.com/redshift/latest/dg/declare.html
"""

from __future__ import annotations

from standin.dialect.facts import Facts
from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA
from standin.dialect.redshift import words
from standin.dialect.rewriter import rewrite
from standin.dialect.statement import Statement
from standin.dialect.table_columns import spelled
from standin.dialect.token_cursor import TokenCursor

# PostgreSQL's directions that a cursor of Redshift does not have.
_BACKWARD = words("absolute backward first last prior relative")

# Called immutable so that it runs while DECLARE plans its query: before the new cursor is there,
# and in whichever way the statement came, also among others in one string. Only PostgreSQL knows
# at that moment what transactions, CLOSE and errors have left open.
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.no_cursor_is_open() RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name <> '') THEN
    RAISE EXCEPTION USING ERRCODE = '24000', MESSAGE =
      'opening multiple cursors from within the same client connection is not allowed.';
  END IF;
  RETURN true;
END $$"""


def declare(statement: Statement, facts: Facts) -> Plan:
    """DECLARE name CURSOR [WITHOUT HOLD] FOR a query: https://docs.aws.amazon.com/redshift/latest/dg/declare.html"""
    cursor = TokenCursor(statement.tokens, 1)
    name = spelled(cursor.name())
    cursor.expect("cursor")
    # What psycopg2 writes.
    cursor.accept("without", "hold")
    cursor.expect("for")
    first = cursor.peek()
    if first is None or not (first.is_word("select", "with") or first.is_op("(")):
        raise syntax_error(first)
    body = rewrite(statement, facts, cursor.position)
    # PostgreSQL keeps the order of a derived table to which nothing is done.
    sql = f'SELECT * FROM ({body}) AS "query" WHERE {SCHEMA}.no_cursor_is_open()'
    return Plan(f"DECLARE {name} CURSOR FOR {sql}", "DECLARE CURSOR", reads_tables=True)


def fetch(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/fetch.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    first, following = cursor.peek(), cursor.peek(1)
    if first is not None and first.is_word(*_BACKWARD) and following is not None:
        raise syntax_error(first)
    direction = cursor.accept_any("next", "all", "forward")
    count = ""
    if direction in (None, "forward"):
        token = cursor.peek()
        if cursor.accept("all"):
            count = "ALL"
        elif token is not None and token.kind is TokenKind.NUMBER:
            count = str(cursor.integer())
    if cursor.accept_any("from", "in") is None and not (direction is None and not count):
        raise syntax_error(cursor.peek())
    name = spelled(cursor.name())
    cursor.expect_end()
    parts = ["FETCH", (direction or "").upper(), count, "FROM", name]
    return Plan(" ".join(filter(None, parts)), "FETCH", reads_tables=True)


def close(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/close.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    if cursor.sees("all"):
        raise syntax_error(cursor.peek())
    name = spelled(cursor.name())
    cursor.expect_end()
    return Plan(f"CLOSE {name}", "CLOSE CURSOR")
