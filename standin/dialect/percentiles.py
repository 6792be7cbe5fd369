"""MEDIAN and PERCENTILE_CONT as Redshift types them: whole numbers and DECIMALs give a DECIMAL.

Dates and timestamps, of which PostgreSQL knows no percentile, give their like.
https://docs.aws.amazon.com/redshift/latest/dg/r_MEDIAN.html and .../r_PERCENTILE_CONT.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA


class _Kind(NamedTuple):
    """Types whose percentiles are of one type: the value between `low` and `high`, by `part`."""

    result: str
    inputs: tuple[str, ...]
    value: str


# How many decimals a DECIMAL has is not documented but for whole numbers: one for a MEDIAN.
_KINDS = {
    "decimal": _Kind(
        "numeric",
        ("smallint", "integer", "bigint", "numeric"),
        "round(low + (high - low) * part, greatest(scale(trim_scale(low + (high - low) * part)),"
        " scale(low) + 1, scale(high) + 1))",
    ),
    "float": _Kind("double precision", ("real", "double precision"), "low + (high - low) * part"),
    "date": _Kind("date", ("date",), "low + floor((high - low) * part)::integer"),
    "timestamp": _Kind("timestamp", ("timestamp",), "low + (high - low) * part"),
    "timestamptz": _Kind("timestamptz", ("timestamptz",), "low + (high - low) * part"),
}


def definitions() -> Iterator[str]:
    """The statements that create the aggregates and their functions."""
    for name, kind in _KINDS.items():
        between, median = f"{SCHEMA}.{name}_percentile", f"{SCHEMA}.{name}_median"
        yield f"""
CREATE OR REPLACE FUNCTION {between}(collected anyarray, fraction double precision)
RETURNS {kind.result} LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  ordered {kind.result}[] := ARRAY(SELECT each FROM unnest(collected) AS each
                                   WHERE each IS NOT NULL ORDER BY each);
  place numeric := 1 + fraction::numeric * (cardinality(ordered) - 1);
  part numeric := place - floor(place);
  low {kind.result} := ordered[floor(place)];
  high {kind.result} := ordered[ceil(place)];
BEGIN
  IF fraction NOT BETWEEN 0 AND 1 THEN
    RAISE EXCEPTION USING ERRCODE = '22003',
      MESSAGE = format('percentile value %s is not between 0 and 1', fraction);
  END IF;
  RETURN {kind.value};
END $$"""
        yield (
            f"CREATE OR REPLACE FUNCTION {median}(anyarray) RETURNS {kind.result}"
            f" LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT {between}($1, 0.5) $$"
        )
        for type_name in kind.inputs:
            state = f"SFUNC = array_append, STYPE = {type_name}[], INITCOND = '{{}}', FINALFUNC ="
            yield f"CREATE OR REPLACE AGGREGATE {SCHEMA}.median({type_name}) ({state} {median})"
            yield (
                f"CREATE OR REPLACE AGGREGATE {SCHEMA}.percentile_cont(double precision"
                f" ORDER BY {type_name}) ({state} {between})"
            )
