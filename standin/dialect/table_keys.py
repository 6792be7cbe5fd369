"""PRIMARY KEY, UNIQUE and FOREIGN KEY: promises that nobody checks and that the catalogue shows.

https://docs.aws.amazon.com/redshift/latest/dg/t_Defining_constraints.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from standin.dialect.table_columns import Column, ForeignKey, literal, parse_references
from standin.dialect.token_cursor import TokenCursor

# As pg_constraint.contype has them.
PRIMARY, UNIQUE, FOREIGN = "p", "u", "f"


class Key(NamedTuple):
    """One promise: `kind` is pg_constraint's letter, `name` None for the one that is made up."""

    kind: str
    columns: tuple[str, ...]
    name: str | None = None
    reference: ForeignKey | None = None


def parse_key(cursor: TokenCursor, name: str | None) -> Key | None:
    """Take a key that stands for itself; None when there is none."""
    kind = cursor.accept_any("primary", "unique", "foreign")
    if kind is None:
        return None
    if kind != "unique":
        cursor.expect("key")
    columns = tuple(token.value for token in cursor.names_in_parentheses())
    reference = None
    if kind == "foreign":
        cursor.expect("references")
        reference = parse_references(cursor)
    return Key(kind[0], columns, name, reference)


def column_keys(column: Column) -> list[Key]:
    """The keys that a column's own definition declares."""
    columns = (column.name.value,)
    keys = [Key(FOREIGN, columns, reference=reference) for reference in column.foreign_keys]
    if column.is_unique:
        keys.insert(0, Key(UNIQUE, columns))
    if column.is_primary_key:
        keys.insert(0, Key(PRIMARY, columns))
    return keys


def note(table: str, key: Key, *, is_new_table: bool) -> str:
    """The hidden statement that writes a key down.

    `table` is SQL text; with `is_new_table` a table that was there before is left alone, as
    CREATE TABLE IF NOT EXISTS leaves it.
    """
    reference = key.reference or ForeignKey("", ())
    arguments = (
        literal(table),
        "NULL" if key.name is None else literal(key.name),
        literal(key.kind),
        _array(key.columns),
        literal(reference.table),
        _array(reference.columns),
        str(is_new_table).lower(),
    )
    return f"CALL pg_catalog.standin_note_key({', '.join(arguments)})"


def _array(values: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(literal(value) for value in values)}]::text[]"
