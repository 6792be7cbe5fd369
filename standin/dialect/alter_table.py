"""ALTER TABLE: one action a statement; keys, distribution, sorting and encoding change nothing.

https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from collections.abc import Callable

from standin.dialect import redshift, table_notes
from standin.dialect.alter_attributes import NO_CHANGE, alter_attributes
from standin.dialect.facts import Facts
from standin.dialect.lexer import Token, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.relations import Relations
from standin.dialect.rewriter import Rewriter
from standin.dialect.sqltypes import parse_type
from standin.dialect.statement import Statement
from standin.dialect.table_attributes import TableNote
from standin.dialect.table_columns import (
    check_name,
    literal,
    parse_column,
    spelled,
)
from standin.dialect.table_keys import note, parse_key
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

# Whether the table has rows or not.
_NO_DEFAULT = "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
_KEY_WORDS = ("constraint", "primary", "unique", "foreign")


def alter_table(statement: Statement, facts: Facts) -> Plan:
    """One action; SqlError for what Redshift cannot do."""
    cursor = TokenCursor(statement.tokens, 2)
    target = cursor.qualified_name()
    table = ".".join(spelled(part) for part in target)
    action = cursor.accept_any(*_ACTIONS, "add")
    if action is None:
        raise _alteration_not_yet(cursor)
    if action != "add":
        return _ACTIONS[action](cursor, table)
    if any(cursor.sees(word) for word in _KEY_WORDS):
        return _add_key(cursor, table)
    return _add(cursor, statement, facts, target)


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
    sql = f"CALL {redshift.LIBRARY_SCHEMA}.append({arguments})"
    return Plan(sql, "ALTER TABLE APPEND", commits=True, tag="ALTER TABLE APPEND")


def _alter(cursor: TokenCursor, table: str) -> Plan:
    """ALTER COLUMN .. TYPE, or attributes."""
    kind = cursor.peek(2)
    if not cursor.sees("column") or kind is None or not kind.is_word("type"):
        return alter_attributes(cursor, table)
    cursor.expect("column")
    column = cursor.name()
    cursor.expect("type")
    found = parse_type(cursor, column=column.value)
    cursor.expect_end()
    if found.name != "varchar":
        message = f'target data type "{found.postgres}" is not supported'
        raise SqlError(FEATURE_NOT_SUPPORTED, message)
    arguments = f"{literal(table)}, {literal(column.value)}, {found.length}"
    return Plan(
        f"CALL {redshift.LIBRARY_SCHEMA}.resize({arguments})", "ALTER TABLE", tag="ALTER TABLE"
    )


def _add(cursor: TokenCursor, statement: Statement, facts: Facts, target: list[Token]) -> Plan:
    cursor.accept("column")
    rewriter = Rewriter(statement, facts, Relations(statement))
    column = parse_column(cursor, target[-1].value, rewriter.render)
    cursor.expect_end()
    if column.identity is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, "ALTER TABLE ADD of an identity column")
    if column.not_null and (column.default or "null").lower() == "null":
        raise SqlError(FEATURE_NOT_SUPPORTED, _NO_DEFAULT)
    table = ".".join(spelled(part) for part in target)
    then: tuple[str, ...] = ()
    if column.encoding is not None:
        note = TableNote(encodings={column.name.value: column.encoding})
        then = (table_notes.altered(table, note),)
    return Plan(f"ALTER TABLE {table} ADD COLUMN {column.ddl}", "ALTER TABLE", then)


def _add_key(cursor: TokenCursor, table: str) -> Plan:
    """A promise that nobody checks; its columns must exist."""
    name = cursor.name().value if cursor.accept("constraint") else None
    key = parse_key(cursor, name)
    if key is None:
        raise syntax_error(cursor.peek())
    cursor.expect_end()
    columns = (f'ALTER COLUMN "{column}" SET STATISTICS -1' for column in key.columns)
    sql = f"ALTER TABLE {table} {', '.join(columns)}"
    return Plan(sql, "ALTER TABLE", (note(table, key, is_new_table=False),))


def _drop(cursor: TokenCursor, table: str) -> Plan:
    """A column, or a key that was promised."""
    is_key = cursor.accept("constraint")
    if not is_key:
        cursor.accept("column")
    name = check_name(cursor.name())
    behaviour = cursor.accept_any("cascade", "restrict")
    cursor.expect_end()
    if is_key:
        arguments = (
            f"{literal(table)}, {literal(name.value)}, {str(behaviour == 'cascade').lower()}"
        )
        drop_key = f"CALL {redshift.LIBRARY_SCHEMA}.drop_key({arguments})"
        return Plan(f"ALTER TABLE {table} {NO_CHANGE}", "ALTER TABLE", (drop_key,))
    suffix = f" {behaviour.upper()}" if behaviour else ""
    return Plan(f"ALTER TABLE {table} DROP COLUMN {spelled(name)}{suffix}", "ALTER TABLE")


def _owner(cursor: TokenCursor, table: str) -> Plan:
    cursor.expect("to")
    owner = spelled(cursor.name())
    cursor.expect_end()
    return Plan(f"ALTER TABLE {table} OWNER TO {owner}", "ALTER TABLE")


def _rename(cursor: TokenCursor, table: str) -> Plan:
    if cursor.accept("to"):
        new = check_name(cursor.name())
        cursor.expect_end()
        return Plan(f"ALTER TABLE {table} RENAME TO {spelled(new)}", "ALTER TABLE")
    cursor.accept("column")
    old = cursor.name()
    cursor.expect("to")
    new = check_name(cursor.name())
    cursor.expect_end()
    return Plan(
        f"ALTER TABLE {table} RENAME COLUMN {spelled(old)} TO {spelled(new)}",
        "ALTER TABLE",
        (table_notes.renamed(table, old.value, new.value),),
    )


_ACTIONS: dict[str, Callable[[TokenCursor, str], Plan]] = {
    "alter": _alter,
    "append": _append,
    "drop": _drop,
    "owner": _owner,
    "rename": _rename,
}
