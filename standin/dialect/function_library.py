"""Redshift's own functions, defined in PostgreSQL once for all databases of the stand-in.

A function whose result depends on the types of its arguments cannot be imitated by rewriting
text; PostgreSQL's overloading picks the right one here. What Redshift adds lives in pg_catalog;
what replaces a function of PostgreSQL lives in a schema of its own, which the rewriting names.
"""

from __future__ import annotations

from typing import Any

from standin.dialect import (
    averages,
    casts,
    cursors,
    hash_functions,
    implicit_text,
    late_views,
    listagg,
    mixed_operators,
    percentiles,
    procedures,
    template_times,
    text_functions,
    trailing_blanks,
)
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

_MONTHS = "(EXTRACT(year FROM {0}) * 12 + EXTRACT(month FROM {0}))"


def _function(
    signature: str, returns: str, body: str, *, volatility: str = "IMMUTABLE", schema: str = ""
) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {schema or 'pg_catalog'}.{signature} RETURNS {returns}"
        f" LANGUAGE sql {volatility} PARALLEL SAFE AS $$ SELECT {body} $$"
    )


def _difference(expression: str) -> str:
    return f"({expression.format('$3')} - {expression.format('$2')})::bigint"


def _boundaries(unit: str, per_second: str) -> str:
    return (
        f"(EXTRACT(epoch FROM date_trunc('{unit}', $3) - date_trunc('{unit}', $2))"
        f" * {per_second})::bigint"
    )


# How many boundaries of a part lie between two moments; weeks begin on Sunday.
# https://docs.aws.amazon.com/redshift/latest/dg/r_DATEDIFF_function.html
_DATE_DIFF_CASES = {
    "millennium": _difference("ceil(EXTRACT(year FROM {}) / 1000)"),
    "century": _difference("ceil(EXTRACT(year FROM {}) / 100)"),
    "decade": _difference("floor(EXTRACT(year FROM {}) / 10)"),
    "year": _difference("EXTRACT(year FROM {})"),
    "quarter": _difference("(EXTRACT(year FROM {0}) * 4 + EXTRACT(quarter FROM {0}))"),
    "month": _difference(_MONTHS),
    "week": _difference("floor(({}::date - DATE '1969-12-28') / 7.0)"),
    "day": _difference("{}::date"),
    "hour": _boundaries("hour", "1 / 3600"),
    "minute": _boundaries("minute", "1 / 60"),
    "second": _boundaries("second", "1"),
    "millisecond": _boundaries("millisecond", "1000"),
    "microsecond": "(EXTRACT(epoch FROM $3 - $2) * 1000000)::bigint",
}
# https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
_DATE_ADD_CASES = {
    "millennium": "INTERVAL '1000 years'",
    "century": "INTERVAL '100 years'",
    "decade": "INTERVAL '10 years'",
    "year": "INTERVAL '1 year'",
    "quarter": "INTERVAL '3 months'",
    "month": "INTERVAL '1 month'",
    "week": "INTERVAL '7 days'",
    "day": "INTERVAL '1 day'",
    "hour": "INTERVAL '1 hour'",
    "minute": "INTERVAL '1 minute'",
    "second": "INTERVAL '1 second'",
    "millisecond": "INTERVAL '1 millisecond'",
    "microsecond": "INTERVAL '1 microsecond'",
}


def _case(cases: dict[str, str]) -> str:
    branches = " ".join(f"WHEN '{part}' THEN {result}" for part, result in cases.items())
    return f"CASE $1 {branches} END"


_ADDED = f"$3 + $2 * {_case(_DATE_ADD_CASES)}"
_MONTH_END = "(date_trunc('month', {}) + INTERVAL '1 month' - INTERVAL '1 day')::date"
_MOVED = "($1 + $2 * INTERVAL '1 month')"
# Days are told by their first two letters; the given day itself does not count.
_NEXT_DAY = (
    "$1::date + 1 + ((strpos('sumotuwethfrsa', lower(left($2, 2))) - 1) / 2"
    " - EXTRACT(dow FROM $1)::integer + 13) % 7"
)
_DAY = "EXTRACT(day FROM {})"
_BOTH_MONTH_ENDS = " AND ".join(f"${n}::date = {_MONTH_END.format(f'${n}')}" for n in (1, 2))
# Months have 31 days where days are left over.
_MONTHS_BETWEEN = (
    f"({_MONTHS.format('$1')} - {_MONTHS.format('$2')}"
    f" + CASE WHEN {_DAY.format('$1')} = {_DAY.format('$2')} OR ({_BOTH_MONTH_ENDS}) THEN 0"
    f" ELSE ({_DAY.format('$1')} - {_DAY.format('$2')}"
    " + EXTRACT(epoch FROM $1::time - $2::time) / 86400) / 31 END)::double precision"
)
_COMPARED = "CASE WHEN $1 > $2 THEN 1 WHEN $1 < $2 THEN -1 WHEN $1 = $2 THEN 0 END"

_DATE_FUNCTIONS = (
    _function("date_trunc(text, date)", "timestamp", "date_trunc($1, $2::timestamp)"),
    _function("trunc(timestamp)", "date", "$1::date"),
    _function(
        "getdate()",
        "timestamp",
        "date_trunc('second', statement_timestamp()::timestamp)",
        volatility="STABLE",
    ),
    _function(
        "sysdate()",
        "timestamp",
        "transaction_timestamp()::timestamp",
        volatility="STABLE",
    ),
    _function("date_diff(text, timestamp, timestamp)", "bigint", _case(_DATE_DIFF_CASES)),
    _function(
        "date_diff(text, date, date)", "bigint", "date_diff($1, $2::timestamp, $3::timestamp)"
    ),
    _function(
        "date_diff(text, timestamptz, timestamptz)",
        "bigint",
        "date_diff($1, $2::timestamp, $3::timestamp)",
        volatility="STABLE",
    ),
    _function(
        "date_diff(text, time, time)",
        "bigint",
        "date_diff($1, DATE '1970-01-01' + $2, DATE '1970-01-01' + $3)",
    ),
    _function("date_add(text, bigint, timestamp)", "timestamp", _ADDED),
    _function("date_add(text, bigint, date)", "timestamp", _ADDED),
    _function("date_add(text, bigint, timestamptz)", "timestamptz", _ADDED, volatility="STABLE"),
    _function("date_add(text, bigint, time)", "time", _ADDED),
    # The last day of a month goes to the last day of a month.
    # https://docs.aws.amazon.com/redshift/latest/dg/r_ADD_MONTHS.html
    _function(
        "add_months(timestamp, bigint)",
        "timestamp",
        f"CASE WHEN $1::date = {_MONTH_END.format('$1')}"
        f" THEN {_MONTH_END.format(_MOVED)} + $1::time ELSE {_MOVED} END",
    ),
    _function("last_day(timestamp)", "date", _MONTH_END.format("$1")),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_PART_YEAR.html
    _function("date_part_year(date)", "integer", "EXTRACT(year FROM $1)::integer"),
    _function("date_part_year(timestamp)", "integer", "EXTRACT(year FROM $1)::integer"),
    _function("date_part_year(text)", "integer", "date_part_year($1::date)", volatility="STABLE"),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_NEXT_DAY.html
    _function("next_day(timestamp, text)", "date", _NEXT_DAY),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_MONTHS_BETWEEN_function.html
    _function("months_between(timestamp, timestamp)", "double precision", _MONTHS_BETWEEN),
    *(
        _function(f"{name}({left}, {right})", "integer", _COMPARED)
        for name, left, right in (
            ("date_cmp", "date", "date"),
            ("date_cmp_timestamp", "date", "timestamp"),
            ("date_cmp_timestamptz", "date", "timestamptz"),
            ("timestamp_cmp", "timestamp", "timestamp"),
            ("timestamp_cmp_date", "timestamp", "date"),
            ("timestamp_cmp_timestamptz", "timestamp", "timestamptz"),
            ("timestamptz_cmp", "timestamptz", "timestamptz"),
            ("timestamptz_cmp_date", "timestamptz", "date"),
            ("timestamptz_cmp_timestamp", "timestamptz", "timestamp"),
            ("bpcharcmp", "text", "text"),
            ("bttext_pattern_cmp", "text", "text"),
            ("interval_cmp", "interval", "interval"),
        )
    ),
)

# A DOUBLE PRECISION of every number, where PostgreSQL makes a NUMERIC of a NUMERIC.
# https://docs.aws.amazon.com/redshift/latest/dg/r_EXP.html, .../r_SQRT.html, .../r_POWER.html and
# .../r_LOG.html
_DOUBLE_FUNCTIONS = (
    *(
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{signature} RETURNS double precision"
        f" LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS '{function}'"
        for signature, function in (
            ("exp(double precision)", "dexp"),
            ("sqrt(double precision)", "dsqrt"),
            ("power(double precision, double precision)", "dpow"),
            ("log(double precision)", "dlog10"),
        )
    ),
    _function(
        "log(double precision, double precision)",
        "double precision",
        "pg_catalog.ln($2) / pg_catalog.ln($1)",
        schema=SCHEMA,
    ),
)

_OTHER_FUNCTIONS = (
    _function("charindex(text, text)", "integer", "strpos($2, $1)"),
    # https://docs.aws.amazon.com/redshift/latest/dg/OCTETINDEX.html
    _function(
        "octetindex(text, text)",
        "integer",
        "CASE strpos($2, $1) WHEN 0 THEN 0 ELSE octet_length(left($2, strpos($2, $1) - 1)) + 1 END",
    ),
    _function("round(double precision, integer)", "double precision", "round($1::numeric, $2)"),
    _function("trunc(double precision, integer)", "double precision", "trunc($1::numeric, $2)"),
    # Called by the CHECK constraints that stand for lengths in bytes. Volatile, or PostgreSQL
    # would evaluate the call with its constant arguments while planning.
    "CREATE OR REPLACE FUNCTION pg_catalog.value_too_long(text, integer) RETURNS boolean"
    " LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '22001',"
    " MESSAGE = format('value too long for type %s(%s)', $1, $2); END $$",
)

# It counts, where a cluster estimates. The translation adds DISTINCT.
# https://docs.aws.amazon.com/redshift/latest/dg/r_HLL_function.html
_HLL = (
    f'CREATE OR REPLACE AGGREGATE {SCHEMA}.hll("any")'
    " (SFUNC = int8inc_any, STYPE = bigint, INITCOND = '0')"
)

# FIRST_VALUE and LAST_VALUE with IGNORE NULLS, which PostgreSQL 18 lacks: a strict transition
# begins with the first value that is not NULL and never sees another NULL.
# https://docs.aws.amazon.com/redshift/latest/dg/r_WF_first_value.html
_NULLS_IGNORED = tuple(
    statement
    for name, kept in (("first_value", "$1"), ("last_value", "$2"))
    for statement in (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{name}_step(anyelement, anyelement)"
        " RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
        f" AS $$ SELECT {kept} $$",
        f"CREATE OR REPLACE AGGREGATE {SCHEMA}.{name}(anyelement)"
        f" (SFUNC = {SCHEMA}.{name}_step, STYPE = anyelement)",
    )
)

DEFINITIONS = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_Schemas_and_tables.html
    "GRANT CREATE ON SCHEMA public TO PUBLIC",
    *_DATE_FUNCTIONS,
    *_DOUBLE_FUNCTIONS,
    *_OTHER_FUNCTIONS,
    *casts.definitions(),
    *averages.definitions(),
    *percentiles.definitions(),
    *listagg.definitions(),
    _HLL,
    *_NULLS_IGNORED,
    *mixed_operators.definitions(),
    *trailing_blanks.definitions(),
    *text_functions.definitions(),
    *hash_functions.definitions(),
    *implicit_text.definitions(),
    *template_times.definitions(),
    *procedures.DEFINITIONS,
    *late_views.DEFINITIONS,
    cursors.FUNCTION,
)


def install(connection: Any) -> None:
    """Define the functions over a superuser's psycopg2 connection, to template1 as a rule.

    Databases made from that template afterwards have them.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL allow_system_table_mods = on")
        for definition in DEFINITIONS:
            cursor.execute(definition)
