"""The columns of a COPY's target table, as PostgreSQL's catalog describes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from standin.sqlerror import INTERNAL_ERROR, SqlError

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
