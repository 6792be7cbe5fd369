"""Distribution, sorting, encoding and backup of a table: parsed and checked.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from standin.dialect import redshift
from standin.dialect.lexer import syntax_error
from standin.dialect.sqltypes import SqlType
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SYNTAX_ERROR, SqlError

_DIST_STYLES = ("auto", "even", "key", "all")


@dataclass
class TableNote:
    """What is declared, None for what is left as it is; names are folded.

    Empty `sort_keys` and `encodings`, which map columns, mean that there are none.
    """

    dist_style: str | None = None
    dist_key: str | None = None
    sort_style: str | None = None
    sort_keys: tuple[str, ...] | None = None
    encodings: dict[str, str] | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that must exist."""
        named = [*filter(None, [self.dist_key]), *(self.sort_keys or ()), *(self.encodings or ())]
        return list(dict.fromkeys(named))


@dataclass
class TableAttributes:
    """What follows the columns; None = not written. Names are folded."""

    backup: bool | None = None
    dist_style: str | None = None
    dist_key: str | None = None
    sort_style: str | None = None  # compound, interleaved or auto
    sort_columns: tuple[str, ...] = ()
    encode_auto: bool = False

    @property
    def note(self) -> TableNote:
        """What is to be written down."""
        return TableNote(
            dist_style="key" if self.dist_key else self.dist_style,
            dist_key=self.dist_key,
            sort_style=self.sort_style,
            sort_keys=None if self.sort_style is None else self.sort_columns,
        )


def parse_table_attributes(cursor: TokenCursor) -> TableAttributes:
    """Take the attributes at the head; stops at the first token that is none of them."""
    found = TableAttributes()
    while True:
        token = cursor.peek()
        if cursor.accept("backup"):
            found.backup = _one_of(cursor, "yes", "no") == "yes"
        elif cursor.accept("diststyle"):
            found.dist_style = _once(found.dist_style, _one_of(cursor, *_DIST_STYLES), "DISTSTYLE")
        elif cursor.accept("distkey"):
            found.dist_key = _once(found.dist_key, _single_name(cursor), "DISTKEY")
        elif token is not None and token.is_word("compound", "interleaved", "sortkey"):
            _parse_sort_key(cursor, found)
        elif cursor.accept("encode"):
            cursor.expect("auto")
            found.encode_auto = True
        else:
            return found


def check_key_columns(
    attributes: TableAttributes,
    column_dist_keys: list[str],
    column_sort_keys: list[str],
    types: dict[str, SqlType] | None,
) -> None:
    """Check both ways of naming keys together.

    `types` has the table's columns, None when they are not known (LIKE, CREATE TABLE AS).
    """
    table_dist_keys = [attributes.dist_key] if attributes.dist_key else []
    dist_keys = table_dist_keys + column_dist_keys
    if len(dist_keys) > 1:
        raise SqlError(redshift.INVALID_TABLE, "a table can have only one DISTKEY")
    if dist_keys and attributes.dist_style not in (None, "key"):
        style = (attributes.dist_style or "").upper()
        raise SqlError(redshift.INVALID_TABLE, f"DISTKEY cannot be combined with DISTSTYLE {style}")
    if attributes.dist_style == "key" and not dist_keys:
        raise SqlError(redshift.INVALID_TABLE, "DISTSTYLE KEY requires a DISTKEY column")
    if len(column_sort_keys) > 1 or (column_sort_keys and attributes.sort_style):
        raise SqlError(redshift.INVALID_TABLE, "a table can have only one SORTKEY")
    _check_count(attributes)
    if types is not None:
        _check_exist(dist_keys, types, "DISTKEY")
        _check_exist(attributes.sort_columns, types, "SORTKEY")


def check_encoding(column: str, encoding: str, column_type: SqlType | None) -> None:
    """Whether there is this encoding, and the column's type, if known, takes it."""
    if encoding not in redshift.ENCODINGS:
        raise SqlError(SYNTAX_ERROR, f'unknown encoding "{encoding}" for column "{column}"')
    if column_type is not None and column_type.name not in redshift.ENCODINGS[encoding]:
        raise SqlError(
            redshift.INVALID_TABLE,
            f'invalid encoding type specified for column "{column}"',
            detail=f"{encoding.upper()} does not apply to type {column_type.name}.",
        )


def _check_count(attributes: TableAttributes) -> None:
    most = redshift.MAX_SORT_COLUMNS.get(attributes.sort_style or "")
    if most is not None and len(attributes.sort_columns) > most:
        style = (attributes.sort_style or "").upper()
        raise SqlError(redshift.INVALID_TABLE, f"{style} SORTKEY takes at most {most} columns")


def _check_exist(names: Iterable[str], types: dict[str, SqlType], key: str) -> None:
    for name in names:
        if name not in types:
            raise SqlError(
                redshift.UNDEFINED_COLUMN, f'column "{name}" named in {key} does not exist'
            )


def _parse_sort_key(cursor: TokenCursor, found: TableAttributes) -> None:
    style = cursor.accept_any("compound", "interleaved")
    cursor.expect("sortkey")
    if style is None and cursor.accept("auto"):
        style = "auto"
    else:
        names = cursor.names_in_parentheses()
        found.sort_columns = tuple(name.value for name in names)
    found.sort_style = _once(found.sort_style, style or "compound", "SORTKEY")


def _one_of(cursor: TokenCursor, *words: str) -> str:
    word = cursor.accept_any(*words)
    if word is None:
        raise syntax_error(cursor.peek())
    return word


def _single_name(cursor: TokenCursor) -> str:
    names = cursor.names_in_parentheses()
    if len(names) > 1:
        raise SqlError(redshift.INVALID_TABLE, "a table can have only one DISTKEY")
    return names[0].value


def _once(before: str | None, value: str, what: str) -> str:
    if before is not None:
        raise SqlError(redshift.INVALID_TABLE, f"a table can have only one {what}")
    return value
