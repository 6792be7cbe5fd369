"""Writes down what a table was declared with, for the views that tell of it.

PostgreSQL has no distribution, sort keys or encodings; standin/views/catalog_views.py keeps them in
a table of its own, and hidden statements made here fill it in the transaction of the DDL.
"""

from __future__ import annotations

from collections.abc import Iterable

from standin.dialect.folding import quoted
from standin.dialect.redshift import LIBRARY_SCHEMA
from standin.dialect.table_attributes import TableNote
from standin.dialect.table_columns import literal


def look_up(table: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Statements that fail with PostgreSQL's own error when a column is missing."""
    names = ", ".join(map(quoted, columns))
    return (f"SELECT {names} FROM {table} LIMIT 0",) if names else ()


def created(table: str, note: TableNote, parent: str | None = None) -> str:
    """For a new table; one that CREATE TABLE IF NOT EXISTS found is left alone.

    `table` and `parent`, the table that LIKE names, are SQL text.
    """
    return _call(table, note, parent, is_new=True)


def altered(table: str, note: TableNote) -> str:
    """For a change of what is declared."""
    return _call(table, note, None, is_new=False)


def renamed(table: str, old: str, new: str) -> str:
    """For a column with another name."""
    arguments = ", ".join(literal(text) for text in (table, old, new))
    return f"CALL {LIBRARY_SCHEMA}.rename_noted_column({arguments})"


def _call(table: str, note: TableNote, parent: str | None, *, is_new: bool) -> str:
    encodings = None
    if note.encodings is not None:
        encodings = [f"{column}={encoding}" for column, encoding in note.encodings.items()]
    arguments = (
        literal(table),
        _text(parent),
        str(is_new).lower(),
        _text(note.dist_style),
        _text(note.dist_key),
        _text(note.sort_style),
        _array(note.sort_keys),
        _array(encodings),
    )
    return f"CALL {LIBRARY_SCHEMA}.note_attributes({', '.join(arguments)})"


def _text(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _array(values: Iterable[str] | None) -> str:
    if values is None:
        return "NULL"
    return f"ARRAY[{', '.join(literal(value) for value in values)}]::text[]"
