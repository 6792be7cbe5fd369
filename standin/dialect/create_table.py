"""CREATE TABLE: Redshift's columns and attributes, checked, to PostgreSQL's DDL.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html. Distribution, sorting and
encoding are checked and written down for the views that tell of them; so are keys, promises that
nobody enforces.
Character lengths are bytes: each such column gets a CHECK, because PostgreSQL counts characters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from standin.dialect import redshift, table_notes
from standin.dialect.facts import Facts
from standin.dialect.lexer import Token, syntax_error
from standin.dialect.relations import Relations
from standin.dialect.rewriter import Rewriter, rewrite
from standin.dialect.statement import Statement
from standin.dialect.table_attributes import (
    TableAttributes,
    TableNote,
    check_key_columns,
    parse_table_attributes,
)
from standin.dialect.table_columns import (
    Column,
    check_name,
    literal,
    parse_column,
    refuse_check,
    spelled,
    temporary_in_schema,
)
from standin.dialect.table_keys import PRIMARY, Key, column_keys, note, parse_key
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError


@dataclass
class _Table:
    """What the parentheses of CREATE TABLE hold."""

    columns: list[Column] = field(default_factory=list)
    like: list[str] = field(default_factory=list)
    parent: str | None = None
    keys: list[Key] = field(default_factory=list)


@dataclass
class _Head:
    """CREATE [TEMP] TABLE [IF NOT EXISTS] name."""

    name: list[Token]
    is_temporary: bool
    if_not_exists: bool

    @property
    def target(self) -> str:
        return ".".join(spelled(part) for part in self.name)

    def ddl(self, attributes: TableAttributes) -> str:
        kind = "TEMP " if self.is_temporary else ""
        # What is not backed up need not survive a crash.
        kind = kind or ("UNLOGGED " if attributes.backup is False else "")
        condition = "IF NOT EXISTS " if self.if_not_exists else ""
        return f"CREATE {kind}TABLE {condition}{self.target}"


def create_table(statement: Statement, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """PostgreSQL's CREATE TABLE and the hidden statements to run after it.

    Those look up what the foreign keys refer to and index the first sort key column. Raises
    SqlError for what Redshift would refuse.
    """
    cursor = TokenCursor(statement.tokens)
    head = _parse_head(cursor)
    if _is_create_table_as(statement, cursor.position):
        return _create_table_as(statement, facts, cursor, head)
    rewriter = Rewriter(statement, facts, Relations(statement))
    opened = cursor.position
    cursor.expect_op("(")
    table = _parse_items(statement, opened, head.name[-1].value, rewriter.render)
    cursor.position = statement.closing[opened] + 1
    attributes = parse_table_attributes(cursor)
    cursor.expect_end()
    _check(table, attributes, head)
    items = [*table.like, *(column.ddl for column in table.columns)]
    sql = f"{head.ddl(attributes)} ({', '.join(items)})"
    declared = _declared(table, attributes)
    written = table_notes.created(head.target, declared, table.parent)
    return sql, (*_look_ups(table), *_zone_maps(declared, head), *_notes(table, head), written)


def create_table_as(statement: Statement, facts: Facts) -> str:
    """PostgreSQL's CREATE TABLE AS alone; a table of columns is a syntax error."""
    cursor = TokenCursor(statement.tokens)
    return _create_table_as(statement, facts, cursor, _parse_head(cursor))[0]


def _parse_head(cursor: TokenCursor) -> _Head:
    cursor.expect("create")
    is_local = cursor.accept("local")
    is_temporary = cursor.accept_any("temporary", "temp") is not None
    if is_local and not is_temporary:
        raise syntax_error(cursor.peek())
    cursor.expect("table")
    if_not_exists = cursor.accept("if", "not", "exists")
    name = [*map(check_name, cursor.qualified_name())]
    is_temporary = is_temporary or name[-1].value.startswith("#")
    if is_temporary and len(name) > 1:
        raise temporary_in_schema()
    return _Head(name, is_temporary, if_not_exists)


def _parse_items(
    statement: Statement, opened: int, table_name: str, render: Callable[[int, int], str]
) -> _Table:
    table = _Table()
    for low, high in statement.arguments(opened):
        cursor = TokenCursor(statement.tokens, low, high)
        if cursor.peek() is None:
            raise syntax_error(statement.tokens[high])
        if cursor.accept("like"):
            table.parent = ".".join(spelled(part) for part in cursor.qualified_name())
            table.like.append(_like(cursor, table.parent))
        elif not _parse_table_constraint(cursor, table):
            table.columns.append(parse_column(cursor, table_name, render))
        cursor.expect_end()
    return table


def _like(cursor: TokenCursor, parent: str) -> str:
    which = cursor.accept_any("including", "excluding")
    if which is not None:
        cursor.expect("defaults")
    # INCLUDING CONSTRAINTS copies the byte lengths, the only CHECKs there are.
    defaults = " INCLUDING DEFAULTS" if which == "including" else ""
    return f"LIKE {parent} INCLUDING CONSTRAINTS{defaults}"


def _parse_table_constraint(cursor: TokenCursor, table: _Table) -> bool:
    name = None
    if cursor.accept("constraint"):
        name = cursor.name().value
        if not cursor.sees("primary") and not cursor.sees("unique") and not cursor.sees("foreign"):
            raise refuse_check() if cursor.sees("check") else syntax_error(cursor.peek())
    key = parse_key(cursor, name)
    if key is not None:
        table.keys.append(key)
    elif cursor.sees("check"):
        raise refuse_check()
    else:
        return False
    return True


def _check(table: _Table, attributes: TableAttributes, head: _Head) -> None:
    by_name = {column.name.value: column for column in table.columns}
    is_complete = not table.like
    check_key_columns(
        attributes,
        [name for name, column in by_name.items() if column.is_dist_key],
        [name for name, column in by_name.items() if column.is_sort_key],
        {name: column.type for name, column in by_name.items()} if is_complete else None,
    )
    own_keys = [column for column in table.columns if column.is_primary_key]
    primary_keys = [key for key in table.keys if key.kind == PRIMARY]
    if len(own_keys) + len(primary_keys) > 1:
        name = head.name[-1].value
        raise SqlError(
            redshift.INVALID_TABLE, f'multiple primary keys for table "{name}" are not allowed'
        )
    for name in (name for key in table.keys for name in key.columns):
        if name not in by_name and is_complete:
            message = f'column "{name}" named in key does not exist'
            raise SqlError(redshift.UNDEFINED_COLUMN, message)
    for name in (name for key in primary_keys for name in key.columns):
        if name in by_name:
            by_name[name].not_null = True


def _look_ups(table: _Table) -> list[str]:
    """Statements that fail with PostgreSQL's own error when a referenced table is missing."""
    declared = [key for column in table.columns for key in column.foreign_keys]
    return [
        f"SELECT {', '.join(key.columns)} FROM {key.table} LIMIT 0".replace("  ", " ")
        for key in (*declared, *(key.reference for key in table.keys if key.reference))
    ]


def _notes(table: _Table, head: _Head) -> list[str]:
    keys = [key for column in table.columns for key in column_keys(column)]
    return [note(head.target, key, is_new_table=True) for key in (*keys, *table.keys)]


def _declared(table: _Table, attributes: TableAttributes) -> TableNote:
    """The attributes of the columns and of the table, together."""
    found = attributes.note
    for column in table.columns:
        name = column.name.value
        if column.is_dist_key:
            found.dist_style, found.dist_key = "key", name
        if column.is_sort_key:
            found.sort_style, found.sort_keys = "compound", (name,)
        if column.encoding:
            found.encodings = {**(found.encodings or {}), name: column.encoding}
    return found


def _zone_maps(declared: TableNote, head: _Head) -> list[str]:
    if declared.sort_style != "compound":
        return []
    return [_zone_map(head, name) for name in (declared.sort_keys or ())[:1]]


def _zone_map(head: _Head, column: str) -> str:
    return f"CALL {redshift.LIBRARY_SCHEMA}.zone_map({literal(head.target)}, {literal(column)})"


def _is_create_table_as(statement: Statement, position: int) -> bool:
    """Whether AS comes before any column definition."""
    index = position
    if statement.text_at(index) == "(":
        index = statement.closing[index] + 1
    while index < len(statement.tokens):
        if statement.tokens[index].is_word("as"):
            return True
        index = statement.closing.get(index, index) + 1
    return False


def _create_table_as(
    statement: Statement, facts: Facts, cursor: TokenCursor, head: _Head
) -> tuple[str, tuple[str, ...]]:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_AS.html"""
    names = cursor.names_in_parentheses() if cursor.sees_op("(") else []
    attributes = parse_table_attributes(cursor)
    if attributes.encode_auto or head.if_not_exists:
        raise syntax_error(cursor.peek())
    cursor.expect("as")
    _check_create_table_as(statement, names, attributes)
    columns = f" ({', '.join(spelled(check_name(name)) for name in names)})" if names else ""
    query = rewrite(statement, facts, cursor.position)
    sql = f"{head.ddl(attributes)}{columns} AS {query}"
    declared = attributes.note
    then = [*table_notes.look_up(head.target, declared.columns)]
    then += [_zone_map(head, name) for name in attributes.sort_columns[:1]]
    then.append(table_notes.created(head.target, declared))
    # Redshift analyses a table made from a query, too: r_CTAS_usage_notes.
    return sql, (*then, f"ANALYZE {head.target}")


def _check_create_table_as(
    statement: Statement, names: Sequence[Token], attributes: TableAttributes
) -> None:
    check_key_columns(attributes, [], [], None)
    known = {name.value for name in names}
    for key in (*attributes.sort_columns, *filter(None, [attributes.dist_key])):
        if names and key not in known:
            raise SqlError(redshift.UNDEFINED_COLUMN, f'column "{key}" named in key does not exist')
    if statement.tokens[-1].is_word("data"):
        raise syntax_error(statement.tokens[-1])
