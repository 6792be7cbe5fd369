"""Casts that Redshift does otherwise than PostgreSQL, or refuses.

PostgreSQL's catalogue of casts names a function for each pair of types; here it names ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect.redshift import KEPT_PREFIX
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

_WHOLE_NUMBERS = {"smallint": "int2", "integer": "int4", "bigint": "int8"}
_TEXTS = ("text", "character varying", "character")

# A written cast cuts decimals off, unless the session wants them rounded; what INSERT does on its
# own rounds them to the column's. PostgreSQL hands a cast's function the value, the modifier of the
# target's type, and which of the two it is.
# https://docs.aws.amazon.com/redshift/latest/dg/r_enable_numeric_rounding.html
# https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html
_IS_CUT = (
    f"$3 AND current_setting('{KEPT_PREFIX}enable_numeric_rounding', true) IS DISTINCT FROM 'on'"
)
# More than any value has.
_ALL_DECIMALS = 2000
# Where the modifier of NUMERIC(p, s) has s.
_SCALE = "($2 - 4) & 2047"


def definitions() -> Iterator[str]:
    """The statements that create the functions and enter them among the casts."""
    for whole, function in _WHOLE_NUMBERS.items():
        yield from _replaced("numeric", whole, f"pg_catalog.{function}({_shortened('0')})")
    limited = 'pg_catalog."numeric"({}, $2)'
    yield from _replaced("numeric", "numeric", limited.format(_shortened(_SCALE)))
    # Rounded at once: PostgreSQL would make a NUMERIC of all digits of it, and then cast that.
    for double in ("real", "double precision"):
        yield from _replaced(double, "numeric", limited.format('pg_catalog."numeric"($1)'))
    for text in _TEXTS:
        yield from _refused("boolean", text)
        yield from _refused(text, "boolean")


def _shortened(scale: str) -> str:
    return f"pg_catalog.trunc($1, CASE WHEN {_IS_CUT} THEN {scale} ELSE {_ALL_DECIMALS} END)"


def _replaced(source: str, target: str, value: str) -> Iterator[str]:
    name = _name(source, target)
    yield (
        f"CREATE OR REPLACE FUNCTION {name}({source}, integer, boolean) RETURNS {target}"
        f" LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {value} $$"
    )
    yield (
        f"UPDATE pg_cast SET castfunc = '{name}({source}, integer, boolean)'::regprocedure"
        f" WHERE castsource = '{source}'::regtype AND casttarget = '{target}'::regtype"
    )


def _refused(source: str, target: str) -> Iterator[str]:
    """A written cast fails, and there is no other."""
    name = _name(source, target)
    # Redshift's TEXT is a VARCHAR.
    told = "character varying" if target == "text" else target
    yield (
        f"CREATE OR REPLACE FUNCTION {name}({source}) RETURNS {target} LANGUAGE plpgsql STABLE"
        " PARALLEL SAFE AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'cannot_coerce',"
        f" MESSAGE = 'cannot cast type {source} to {told}'; END $$"
    )
    # Some are PostgreSQL's own, which DROP CAST would not take away.
    yield (
        f"DELETE FROM pg_cast WHERE castsource = '{source}'::regtype"
        f" AND casttarget = '{target}'::regtype"
    )
    yield f"CREATE CAST ({source} AS {target}) WITH FUNCTION {name}({source})"


def _name(source: str, target: str) -> str:
    return f"{SCHEMA}.{source}_to_{target}".replace(" ", "_")
