"""ALTER TABLE: one action a statement; keys, distribution, sorting and encoding change nothing.

https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from standin.dialect import redshift
from standin.dialect.lexer import Token, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.relations import Relations
from standin.dialect.rewriter import Facts, Rewriter
from standin.dialect.sqltypes import parse_type
from standin.dialect.statement import Statement
from standin.dialect.table_attributes import parse_table_attributes
from standin.dialect.table_columns import (
    check_name,
    literal,
    parse_column,
    parse_references,
    spelled,
)
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

# An action of PostgreSQL's that changes nothing but fails when the table is missing.
_NO_CHANGE = "SET (fillfactor = 100)"


def alter_table(statement: Statement, facts: Facts) -> Plan:
    """One action; SqlError for what Redshift cannot do."""
    cursor = TokenCursor(statement.tokens, 2)
    target = cursor.qualified_name()
    table = ".".join(spelled(part) for part in target)
    action = cursor.accept_any("rename", "owner", "add", "drop", "append", "alter")
    if action is None:
        raise _alteration_not_yet(cursor)
    if action == "append":
        return _append(cursor, table)
    if action == "alter":
        return _alter(cursor, table)
    if action == "add":
        text = _add(cursor, statement, facts, target[-1])
    elif action == "drop":
        text = _drop_column(cursor)
    elif action == "owner":
        cursor.expect("to")
        text = f"OWNER TO {spelled(cursor.name())}"
    else:
        text = _rename(cursor)
    cursor.expect_end()
    return Plan(f"ALTER TABLE {table} {text}", "ALTER TABLE")


def _alteration_not_yet(cursor: TokenCursor) -> SqlError:
    words = cursor.tokens[cursor.position : cursor.position + 2]
    clause = " ".join(token.text.upper() for token in words)
    return not_supported(f"ALTER TABLE {clause}") if clause else syntax_error(None)


def _append(cursor: TokenCursor, table: str) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html"""
    cursor.expect("from")
    source = ".".join(spelled(part) for part in cursor.qualified_name())
    leftover = cursor.accept_any("ignoreextra", "filltarget") or ""
    cursor.expect_end()
    arguments = ", ".join(literal(text) for text in (table, source, leftover))
    return Plan(
        f"CALL {redshift.LIBRARY_SCHEMA}.append({arguments})", "ALTER TABLE APPEND", commits=True
    )


def _alter(cursor: TokenCursor, table: str) -> Plan:
    if not cursor.sees("distkey") and not cursor.sees("column"):
        found = parse_table_attributes(cursor)
        if (found.dist_style, found.sort_style, found.encode_auto) == (None, None, False):
            raise _alteration_not_yet(cursor)
    elif cursor.accept("distkey"):
        cursor.name()
    else:
        return _alter_column(cursor, table)
    cursor.expect_end()
    return Plan(f"ALTER TABLE {table} {_NO_CHANGE}", "ALTER TABLE")


def _alter_column(cursor: TokenCursor, table: str) -> Plan:
    cursor.expect("column")
    column = cursor.name()
    if cursor.accept("encode"):
        cursor.name()
        cursor.expect_end()
        return Plan(f"ALTER TABLE {table} {_NO_CHANGE}", "ALTER TABLE")
    cursor.expect("type")
    found = parse_type(cursor, column=column.value)
    cursor.expect_end()
    if found.name != "varchar":
        message = f'target data type "{found.postgres}" is not supported'
        raise SqlError(FEATURE_NOT_SUPPORTED, message)
    arguments = f"{literal(table)}, {literal(column.value)}, {found.length}"
    return Plan(f"CALL {redshift.LIBRARY_SCHEMA}.resize({arguments})", "ALTER TABLE")


def _add(cursor: TokenCursor, statement: Statement, facts: Facts, table: Token) -> str:
    if cursor.accept("constraint"):
        cursor.name()
        return _add_key(cursor)
    if cursor.sees("primary") or cursor.sees("unique") or cursor.sees("foreign"):
        return _add_key(cursor)
    cursor.accept("column")
    rewriter = Rewriter(statement, facts, Relations(statement))
    column = parse_column(cursor, table.value, rewriter.render)
    if column.identity is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, "ALTER TABLE ADD of an identity column")
    return f"ADD COLUMN {column.ddl}"


def _add_key(cursor: TokenCursor) -> str:
    """A promise that nobody checks; its columns must exist."""
    kind = cursor.accept_any("primary", "unique", "foreign")
    if kind is None:
        raise syntax_error(cursor.peek())
    if kind != "unique":
        cursor.expect("key")
    names = cursor.names_in_parentheses()
    if kind == "foreign":
        cursor.expect("references")
        parse_references(cursor)
    return ", ".join(f"ALTER COLUMN {spelled(name)} SET STATISTICS -1" for name in names)


def _drop_column(cursor: TokenCursor) -> str:
    for clause in ("constraint", "primary"):
        if cursor.sees(clause):
            raise not_supported("ALTER TABLE DROP of a constraint")
    cursor.accept("column")
    name = spelled(cursor.name())
    behaviour = cursor.accept_any("cascade", "restrict")
    return f"DROP COLUMN {name}" + (f" {behaviour.upper()}" if behaviour else "")


def _rename(cursor: TokenCursor) -> str:
    if cursor.accept("to"):
        return f"RENAME TO {spelled(check_name(cursor.name()))}"
    cursor.accept("column")
    old = spelled(cursor.name())
    cursor.expect("to")
    return f"RENAME COLUMN {old} TO {spelled(check_name(cursor.name()))}"
