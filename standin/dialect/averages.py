"""AVG as Redshift types it: whole numbers give a BIGINT, NUMERICs keep the scale of the argument.

https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA


class _Average(NamedTuple):
    """How values of a type are collected in an array that begins with their number and sum."""

    step: str
    combine: str
    state: str
    start: str = "{0,0}"
    result: str = f"{SCHEMA}.avg_result"


_STEP, _COMBINE = f"{SCHEMA}.avg_step", f"{SCHEMA}.avg_combine"
_AVERAGES = {
    "smallint": _Average("int2_avg_accum", "int4_avg_combine", "bigint"),
    "integer": _Average("int4_avg_accum", "int4_avg_combine", "bigint"),
    "bigint": _Average(_STEP, "int4_avg_combine", "bigint"),
    "numeric": _Average(_STEP, _COMBINE, "numeric"),
    "real": _Average("float4_accum", "float8_combine", "double precision", "{0,0,0}", "float8_avg"),
    "double precision": _Average(
        "float8_accum", "float8_combine", "double precision", "{0,0,0}", "float8_avg"
    ),
}
# A sum of NUMERICs has the longest scale among them. In which direction a cluster rounds is not
# documented; this is the nearer one.
_RESULTS = {"bigint": "$1[2] / $1[1]", "numeric": "round($1[2] / $1[1], scale($1[2]))"}


def _function(signature: str, returns: str, value: str) -> str:
    """In plpgsql, which runs what it is called for with every row sooner than SQL."""
    return (
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql IMMUTABLE"
        f" STRICT PARALLEL SAFE AS $$ BEGIN RETURN {value}; END $$"
    )


def definitions() -> Iterator[str]:
    """The statements that create the aggregates and their functions."""
    for state, result in _RESULTS.items():
        yield _function(
            f"{_STEP}({state}[], {state})", f"{state}[]", "ARRAY[$1[1] + 1, $1[2] + $2]"
        )
        yield _function(
            f"{SCHEMA}.avg_result({state}[])", state, f"CASE WHEN $1[1] > 0 THEN {result} END"
        )
    yield _function(
        f"{_COMBINE}(numeric[], numeric[])", "numeric[]", "ARRAY[$1[1] + $2[1], $1[2] + $2[2]]"
    )
    for type_name, average in _AVERAGES.items():
        yield (
            f"CREATE OR REPLACE AGGREGATE {SCHEMA}.avg({type_name}) (SFUNC = {average.step},"
            f" STYPE = {average.state}[], INITCOND = '{average.start}',"
            f" COMBINEFUNC = {average.combine}, FINALFUNC = {average.result}, PARALLEL = SAFE)"
        )
