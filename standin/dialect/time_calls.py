"""Calls of date and time functions whose PostgreSQL text is another.

https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
"""

from __future__ import annotations

from collections.abc import Callable

from standin.dialect import redshift
from standin.dialect.function_call import Call, date_part
from standin.dialect.lexer import syntax_error
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA
from standin.sqlerror import SqlError


def _amount_of_time(call: Call) -> str:
    part = call.date_part(0)
    if part in redshift.FIELD_ONLY_PARTS:
        message = f'timestamp units "{part}" not supported'
        raise SqlError(redshift.INVALID_PARAMETER, message)
    return part


def _date_add(call: Call) -> str:
    call.expect(3)
    return f"date_add('{_amount_of_time(call)}', {call.text(1)}, {call.moment(2)})"


def _date_diff(call: Call) -> str:
    call.expect(3)
    return f"date_diff('{_amount_of_time(call)}', {call.moment(1)}, {call.moment(2)})"


def _date_part(call: Call) -> str:
    call.expect(2)
    part = call.date_part(0)
    return f"date_part('{part}', {_counted(part, call)})"


def _counted(part: str, call: Call) -> str:
    """The moment of which PostgreSQL, whose first decade is 0, gives the part.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
    """
    return f"({call.moment(1)}) + INTERVAL '10 years'" if part == "decade" else call.moment(1)


def _date_trunc(call: Call) -> str:
    call.expect(2)
    return f"date_trunc('{_amount_of_time(call)}', {call.moment(1)})"


def _extract(call: Call) -> str:
    """An INTEGER of the one part: https://docs.aws.amazon.com/redshift/latest/dg/r_EXTRACT_function.html"""
    call.expect(1)
    low, high = call.args[0]
    tokens = call.renderer.tokens
    if high - low < 3 or not tokens[low + 1].is_word("from"):
        raise syntax_error(tokens[min(low + 1, high)])
    part = date_part(tokens[low : low + 1])
    call.args = [(low, low + 1), (low + 2, high)]
    moment = _counted(part, call)
    if part in ("second", "epoch"):
        kind = "integer" if part == "second" else "bigint"
        return f"CAST(date_part('{part}', date_trunc('second', {moment})) AS {kind})"
    if part in ("millisecond", "microsecond"):
        whole = f"CAST(date_part('{part}', date_trunc('{part}', {moment})) AS integer)"
        return f"({whole} % 1000)"
    return f"CAST(date_part('{part}', {moment}) AS integer)"


def _by_template(call: Call) -> str:
    """TO_TIMESTAMP and TO_DATE always have a template, unlike PostgreSQL's of a number."""
    call.expect(2, 3)
    return f"{SCHEMA}.{call.name.value}({', '.join(call.texts())})"


def _convert_timezone(call: Call) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html"""
    call.expect(2, 3)
    source = f"({call.text(0)})" if len(call.args) == 3 else "'UTC'"
    target, moment = call.text(len(call.args) - 2), call.text(len(call.args) - 1)
    return f"((CAST({moment} AS timestamp) AT TIME ZONE {source}) AT TIME ZONE ({target}))"


TIME_CALLS: dict[str, Callable[[Call], str]] = {
    "convert_timezone": _convert_timezone,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "dateadd": _date_add,
    "datediff": _date_diff,
    "datepart": _date_part,
    "extract": _extract,
    "pgdate_part": _date_part,
    "to_date": _by_template,
    "to_timestamp": _by_template,
}
