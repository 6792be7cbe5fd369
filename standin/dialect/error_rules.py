"""Which of PostgreSQL's error messages Redshift words otherwise, as a table.

Redshift's leader node still speaks PostgreSQL 8.0; what a query runs into on the compute nodes has
texts of its own, SQLSTATE XX000 and a DETAIL block with a code. Which of the two a statement meets
depends on whether it reads a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from standin.dialect.redshift import LIBRARY_SCHEMA
from standin.dialect.text_functions import JSON_WITH_OPTION
from standin.sqlerror import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR, not_supported

# https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
BAD_DIGIT = 1207


NUMERIC_OVERFLOW = 1058


NULL_VALUE = 8007


GENERAL = 8001


_TYPES_SHOWN = {
    "smallint": "Short",
    "integer": "Integer",
    "bigint": "Long",
    "numeric": "Decimal",
    "real": "Float",
    "double precision": "Double",
}


# The longest prefix of a value that its type can begin with; what follows is at fault.
_GOOD_PREFIX = {
    "whole": re.compile(r"\s*[-+]?\d*\s*"),
    "other": re.compile(r"\s*[-+]?\d*(\.\d*)?([eE][-+]?\d*)?\s*"),
}


_WHOLE = ("smallint", "integer", "bigint")


class Rule(NamedTuple):
    """One message of PostgreSQL's: its SQLSTATE, its text, and what stands for it.

    `text` may refer to the groups of `pattern` and to {query_id}. A `code` marks a failure of the
    compute nodes, whose DETAIL block names it and the `context`; such a rule does not apply on the
    leader node, unless it is `everywhere`. `detail` is a DETAIL without such a block, and `hint` a
    HINT.
    """

    sqlstate: str
    pattern: re.Pattern[str]
    text: str | Callable[[re.Match[str]], str]
    replaced_by: str = ""
    code: int = 0
    context: str = ""
    everywhere: bool = False
    detail: str = ""
    hint: str = ""


def _invalid_digit(match: re.Match[str]) -> str:
    """As COPY says it: the first character that does not belong to a number, and its position."""
    type_name, value = match[1], match[2]
    prefix = _GOOD_PREFIX["whole" if type_name in _WHOLE else "other"].match(value)
    position = prefix.end() if prefix is not None else 0
    shown = value[position : position + 1]
    return f"Invalid digit, Value '{shown}', Pos {position}, Type: {_TYPES_SHOWN[type_name]}"


def _missing_function(match: re.Match[str]) -> str:
    """Without our schema and what we pass on besides; PostgreSQL 8.0 quotes the type's name."""
    name, arguments = match[1], match[2].split(", ")
    if name in JSON_WITH_OPTION and match[0].startswith(f"function {LIBRARY_SCHEMA}."):
        del arguments[1]
    types = ['"unknown"' if argument == "unknown" else argument for argument in arguments]
    return f"function {name}({', '.join(types)}) does not exist"


def _rule(
    sqlstate: str,
    pattern: str,
    text: str | Callable[[re.Match[str]], str],
    replaced_by: str = "",
    detail: str = "",
    hint: str = "",
) -> Rule:
    matcher = re.compile(pattern, re.DOTALL)
    return Rule(sqlstate, matcher, text, replaced_by, detail=detail, hint=hint)


def _compute(
    sqlstate: str,
    pattern: str,
    text: str | Callable[[re.Match[str]], str],
    code: int = GENERAL,
    context: str = "",
    *,
    everywhere: bool = False,
) -> Rule:
    matcher = re.compile(pattern, re.DOTALL)
    return Rule(sqlstate, matcher, text, INTERNAL_ERROR, code, context, everywhere)


_NUMBER = "|".join(_TYPES_SHOWN)


# https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
_SYSTEM_VIEWS = (
    r"(?:stl|stv|svl|svv|svcs|sys)_\w+|pg_external_schema|pg_library|pg_statistic_indicator"
    "|pg_(?:attribute|class|database|proc|user)_info"
)
_UNKNOWN_VIEW = not_supported(r"\1")


_OVERFLOW = "Value out of range for {} bytes."


# The first rule that fits is taken.
RULES = (
    # What the stand-in has of them, PostgreSQL finds.
    _rule(
        "42P01",
        rf'relation "(?:pg_catalog\.)?({_SYSTEM_VIEWS})" does not exist',
        _UNKNOWN_VIEW.message,
        FEATURE_NOT_SUPPORTED,
        hint=_UNKNOWN_VIEW.hint or "",
    ),
    # A cluster answers so to an INSERT that names the column: SQLSTATE 0A000.
    _rule(
        "428C9",
        r'cannot insert a non-DEFAULT value into column ".*"',
        "cannot set an identity column to a value",
        FEATURE_NOT_SUPPORTED,
    ),
    _rule(
        "428C9",
        r'column ".*" can only be updated to DEFAULT',
        "cannot set an identity column to a value",
        FEATURE_NOT_SUPPORTED,
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html, in PostgreSQL 8.0's words.
    *(
        _rule(
            "55000",
            f'cannot {change} view ".*"',
            f"cannot {change} a view",
            FEATURE_NOT_SUPPORTED,
            hint=f"You need an unconditional ON {change.split()[0].upper()} DO INSTEAD rule.",
        )
        for change in ("insert into", "update", "delete from")
    ),
    # MERGE, whose translation alone can name that column, into a view.
    _rule("42703", r".*\.ctid does not exist", "cannot update a view", FEATURE_NOT_SUPPORTED),
    # https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
    _rule(
        "40001",
        "could not serialize access .*",
        "1023",
        INTERNAL_ERROR,
        "Serializable isolation violation on table",
    ),
    # What two sessions that create the same meet, who looked before either was done.
    # https://github.com/embulk/embulk-output-jdbc/issues/243
    _rule(
        "23505",
        r'duplicate key value violates unique constraint ("pg_\w+")',
        r"duplicate key violates unique constraint \1"
        " (possibly caused by concurrent transaction conflict)",
        "23505",
    ),
    # https://github.com/dbt-labs/dbt-redshift/issues/903
    _rule(
        "XX000",
        "tuple concurrently (?:updated|deleted)",
        "could not complete because of conflict with concurrent transaction",
        INTERNAL_ERROR,
    ),
    _rule(
        "42883",
        rf"function (?:{LIBRARY_SCHEMA}\.)?(\w+)\((.*)\) does not exist",
        _missing_function,
    ),
    _rule(
        "42803",
        r"aggregate functions are not allowed in (WHERE|GROUP BY)",
        r"aggregates not allowed in \1 clause",
    ),
    _rule(
        "42803",
        r"aggregate functions are not allowed in JOIN .*",
        "aggregates not allowed in JOIN conditions",
    ),
    _rule(
        "42803",
        r"aggregate functions are not allowed in (UPDATE|VALUES)",
        r"cannot use aggregate function in \1",
    ),
    _rule(
        "42803",
        "aggregate function calls cannot be nested",
        "aggregate function calls may not be nested",
    ),
    _rule(
        "0A000",
        "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
        "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of the result columns",
        FEATURE_NOT_SUPPORTED,
    ),
    _compute(
        "21000",
        "more than one row returned by a subquery used as an expression",
        "single-row subquery returns more than one row",
    ),
    _rule(
        "42P16", "cannot drop columns from view", "cannot change number of columns in view", "42P16"
    ),
    _rule("42P16", r"(cannot change .* of view column) (\".*?\") .*", r"\1 \2", "42P16"),
    _rule("42P07", r"relation (.*) already exists", r"Relation \1 already exists"),
    _rule(
        "42501",
        r"(permission denied for|must be owner of) (?:table|view|index|sequence) (.*)",
        r"\1 relation \2",
    ),
    _rule("42939", r'role (name ".*" is reserved)', r"user \1"),
    _rule("2BP01", r'role (".*" cannot be dropped because .*)', r"user \1"),
    _rule("42710", r'role (".*" already exists)', r"user \1"),
    _rule("42704", r'role (".*" does not exist)', r"user \1"),
    _rule(
        "25P01",
        r"(.*) can only be used in transaction blocks",
        r"\1 may only be used in transaction blocks",
    ),
    _rule("25006", r"cannot execute .* in a read-only transaction", "transaction is read-only"),
    _compute(
        "23502",
        r'null value in column "(.*)" of relation .* violates not-null constraint',
        r"Cannot insert a NULL value into column \1",
        NULL_VALUE,
        "query execution",
        everywhere=True,
    ),
    _compute(
        "22P02",
        rf'invalid input syntax for type ({_NUMBER}): "(.*)"',
        _invalid_digit,
        BAD_DIGIT,
        r"\2",
    ),
    _rule(
        "22P02",
        r'invalid input syntax for type (?:smallint|integer|bigint): "(.*)"',
        r'invalid input syntax for integer: "\1"',
    ),
    _compute(
        "22001",
        r"value too long for type (.*)",
        "Value too long for character type",
        context=r"Value too long for type \1",
    ),
    _compute("22012", r"division by zero", "Divide by zero"),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html
    _rule(
        "57014", "canceling statement due to .*", "Query ({query_id}) canceled on user's request"
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
    _compute(
        "22003",
        r"numeric field overflow",
        "Numeric data overflow (result precision)",
        NUMERIC_OVERFLOW,
        everywhere=True,
    ),
    *(
        _compute("22003", rf"(?:{name} out of range|value .* {name})", _OVERFLOW.format(size))
        for name, size in (("smallint", 2), ("integer", 4), ("bigint", 8))
    ),
)
