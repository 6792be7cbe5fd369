"""The columns of a COPY's target table, as PostgreSQL's catalog describes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from standin.copy.command import CopyCommand
from standin.sqlerror import INTERNAL_ERROR, SqlError

UNDEFINED_COLUMN = "42703"
DUPLICATE_COLUMN = "42701"

# PostgreSQL's type names to Redshift's; what is missing here cannot be loaded from JSON.
TYPE_NAMES = {
    "int8": "bigint",
    "int4": "integer",
    "int2": "smallint",
    "numeric": "numeric",
    "float8": "double precision",
    "float4": "real",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "varchar": "varchar",
    "text": "varchar",
    "bpchar": "char",
}

# The error views have ten characters for a type.
_SHORT_NAMES = {name: short for short, name in TYPE_NAMES.items() if short != "text"}
_SHORT_NAMES["char"] = "char"

# What PostgreSQL adds to a length or to a packed (precision, scale) in atttypmod.
_TYPMOD_HEADER = 4

# Columns without a length or a precision come from PostgreSQL's own tables only: the translation
# of CREATE TABLE always writes Redshift's defaults out.
_MAX_VARCHAR = 65535
_DEFAULT_PRECISION = 18

COLUMNS_QUERY = """\
SELECT a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity, a.atthasdef
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
 WHERE a.attrelid = pg_catalog.to_regclass({table})
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum"""


@dataclass(frozen=True)
class Column:
    """One column: `type` is Redshift's name, `length` counts bytes (varchar and char only)."""

    name: str
    type: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    not_null: bool = False
    is_identity: bool = False
    has_default: bool = False

    @classmethod
    def from_row(cls, row: Sequence[str | None]) -> Column:
        """The column of one row of COLUMNS_QUERY, its values in text form ('t' or 'f', ..)."""
        name, typname, typmod, not_null, identity, default = (value or "" for value in row)
        type_name = TYPE_NAMES.get(typname, typname)
        packed = int(typmod) - _TYPMOD_HEADER if int(typmod) >= _TYPMOD_HEADER else None
        length = precision = scale = None
        if type_name in ("varchar", "char"):
            length = _MAX_VARCHAR if packed is None else packed
        elif type_name == "numeric":
            # PostgreSQL packs precision and scale; the scale has 11 bits (utils/adt/numeric.c)
            precision = _DEFAULT_PRECISION if packed is None else packed >> 16
            scale = 0 if packed is None else packed & 0x7FF
        return cls(name, type_name, length, precision, scale, not_null in ("t", "true"),
                   identity == "a", identity == "d" or default in ("t", "true"))  # fmt: skip

    @property
    def short_type(self) -> str:
        """The type as the error views name it: int4, varchar, .."""
        return _SHORT_NAMES.get(self.type, self.type)


def columns_query(table: str, schema: str | None = None) -> str:
    """COLUMNS_QUERY for one table, found through the search path when no schema is given."""
    name = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table) if part)
    return COLUMNS_QUERY.format(table="'" + name.replace("'", "''") + "'")


def read_columns(rows: Iterable[Sequence[str | None]], table: str) -> list[Column]:
    """The columns of COLUMNS_QUERY's rows; SqlError when there are none: no such table."""
    columns = [Column.from_row(row) for row in rows]
    if not columns:
        raise SqlError(INTERNAL_ERROR, f"Cannot COPY into nonexistent table {table}")
    return columns


def choose_columns(
    command: CopyCommand, columns: Sequence[Column], table_name: str
) -> list[Column]:
    """The columns to fill: those listed, or all; IDENTITY columns with EXPLICIT_IDS only.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-column-mapping.html
    """
    if command.columns is None:
        chosen = [column for column in columns if command.explicit_ids or not column.is_identity]
    else:
        chosen = _listed_columns(command.columns, columns, table_name)
    has_identity = any(column.is_identity for column in chosen)
    if has_identity and not command.explicit_ids:
        raise SqlError(INTERNAL_ERROR, "cannot set an identity column to a value")
    if command.explicit_ids and not has_identity:
        # Redshift's wording is not known
        raise SqlError(
            INTERNAL_ERROR,
            "EXPLICIT_IDS needs an IDENTITY column among the columns to load, "
            f"got none in table '{table_name}'",
        )
    return chosen


def _listed_columns(
    names: Sequence[str], columns: Sequence[Column], table_name: str
) -> list[Column]:
    by_name = {column.name: column for column in columns}
    chosen: list[Column] = []
    for name in names:
        if name not in by_name:
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{name}" of relation "{table_name}" does not exist'
            )
        if by_name[name] in chosen:
            raise SqlError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        chosen.append(by_name[name])
    return chosen
