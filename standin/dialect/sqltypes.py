"""Type names: Redshift's spellings, defaults and limits to PostgreSQL's.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

from dataclasses import dataclass

from standin.dialect import redshift
from standin.dialect.lexer import Token, syntax_error
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

_WITH_TIME_ZONE = {"time": "timetz", "timestamp": "timestamptz"}
_SIZED = ("char", "varchar")


@dataclass(frozen=True)
class SqlType:
    """A type of Redshift.

    `name` is smallint, integer, bigint, numeric, real, double precision, boolean, date, time,
    timetz, timestamp, timestamptz, interval, char or varchar; `length` is in bytes and None for
    text of any length (in expressions only); `suffix` is an interval's range of fields.
    """

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int = 0
    suffix: str = ""

    @property
    def postgres(self) -> str:
        """The type in PostgreSQL's words."""
        if self.name in _SIZED:
            if self.length is not None:
                return f"{self.name}({self.length})"
            return "bpchar" if self.name == "char" else "varchar"
        if self.name == "numeric":
            return f"numeric({self.precision},{self.scale})"
        return self.name + self.suffix


def parse_type(cursor: TokenCursor, *, column: str | None = None, catalog: bool = False) -> SqlType:
    """Take a type.

    `column` is "table.column" in a column definition (lengths then have defaults) and None in
    an expression, where text takes the length of what is converted. `catalog` admits the types
    of the system catalogues. Raises SqlError for what Redshift does not have.
    """
    first = cursor.name()
    if first.value == "pg_catalog" and cursor.accept_op("."):
        first = cursor.name()
    if catalog and first.value in redshift.TYPES_OF_CATALOG:
        return SqlType(first.value)
    name = _type_name(first, cursor)
    if name is None:
        raise _unknown(first, column)
    found = _with_arguments(name, cursor, in_column=column is not None)
    if cursor.sees_op("["):
        raise _refused(f"{found.name}[]", column)
    return found


def _type_name(first: Token, cursor: TokenCursor) -> str | None:
    spelling = first.value
    if spelling == "national":
        spelling = cursor.name().value
    if spelling == "double":
        cursor.expect("precision")
        spelling = "double precision"
    elif spelling in ("character", "char", "nchar") and cursor.accept("varying"):
        spelling = "character varying"
    return redshift.TYPE_NAMES.get(spelling)


def _with_arguments(name: str, cursor: TokenCursor, *, in_column: bool) -> SqlType:
    if name in redshift.CHARACTER_LENGTHS:
        return _character(name, cursor, in_column=in_column)
    if name == "numeric":
        return _numeric(cursor)
    if name in _WITH_TIME_ZONE:
        return _time(name, cursor)
    if name == "interval":
        return SqlType(name, suffix=_interval_fields(cursor, required=in_column))
    if name == "double precision" and cursor.sees_op("("):
        return _float(cursor)
    return SqlType(name)


def _character(name: str, cursor: TokenCursor, *, in_column: bool) -> SqlType:
    default, longest = redshift.CHARACTER_LENGTHS[name]
    kind = "char" if name in ("char", "bpchar") else "varchar"
    if not cursor.accept_op("("):
        return SqlType(kind, default if in_column else None)
    length = longest if cursor.accept("max") else cursor.integer()
    cursor.expect_op(")")
    if length < 1:
        raise SqlError(redshift.INVALID_PARAMETER, f"length for type {kind} must be at least 1")
    if length > longest:
        raise SqlError(
            redshift.INVALID_PARAMETER, f"length for type {kind} cannot exceed {longest}"
        )
    return SqlType(kind, length)


def _numeric(cursor: TokenCursor) -> SqlType:
    if not cursor.accept_op("("):
        return SqlType("numeric", precision=redshift.DEFAULT_PRECISION)
    precision = cursor.integer()
    scale = cursor.integer() if cursor.accept_op(",") else 0
    cursor.expect_op(")")
    if not 1 <= precision <= redshift.MAX_PRECISION:
        limits = f"must be between 1 and {redshift.MAX_PRECISION}"
        raise SqlError(redshift.INVALID_PARAMETER, f"NUMERIC precision {precision} {limits}")
    if not 0 <= scale <= min(precision, 37):
        limits = f"must be between 0 and precision {precision}"
        raise SqlError(redshift.INVALID_PARAMETER, f"NUMERIC scale {scale} {limits}")
    return SqlType("numeric", precision=precision, scale=scale)


def _time(name: str, cursor: TokenCursor) -> SqlType:
    if cursor.sees_op("("):
        raise not_supported(f"a precision of {name.upper()}")
    if cursor.accept("with", "time", "zone"):
        return SqlType(_WITH_TIME_ZONE[name])
    cursor.accept("without", "time", "zone")
    return SqlType(name)


def _float(cursor: TokenCursor) -> SqlType:
    cursor.expect_op("(")
    bits = cursor.integer()
    cursor.expect_op(")")
    return SqlType("real" if bits <= 24 else "double precision")


def _interval_fields(cursor: TokenCursor, *, required: bool) -> str:
    for fields in (("year", "to", "month"), ("day", "to", "second")):
        if cursor.accept(*fields):
            return " " + " ".join(fields)
    if required:
        raise syntax_error(cursor.peek())
    return ""


def _unknown(first: Token, column: str | None) -> SqlError:
    if first.value in redshift.TYPES_NOT_YET:
        return not_supported(f"type {first.value.upper()}")
    if first.value in redshift.TYPES_REFUSED:
        return _refused(first.value, column)
    return SqlError(redshift.UNDEFINED_OBJECT, f'type "{first.value}" does not exist')


def _refused(type_name: str, column: str | None) -> SqlError:
    subject = f'Column "{column}"' if column else "Expression"
    return SqlError(FEATURE_NOT_SUPPORTED, f'{subject} has unsupported type "{type_name}".')
