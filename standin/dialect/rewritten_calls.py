"""Calls of functions, other than of time, whose PostgreSQL text is another.

https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
"""

from __future__ import annotations

from collections.abc import Callable

from standin.dialect.function_call import Call
from standin.dialect.lexer import syntax_error
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA
from standin.dialect.selects import DIRECTIONS
from standin.dialect.sqltypes import parse_type
from standin.dialect.text_functions import JSON_WITH_OPTION
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import not_supported


def _nvl2(call: Call) -> str:
    call.expect(3)
    test, present, absent = call.texts()
    return f"CASE WHEN ({test}) IS NOT NULL THEN {present} ELSE {absent} END"


def _decode(call: Call) -> str:
    """NULL matches NULL: https://docs.aws.amazon.com/redshift/latest/dg/r_DECODE_expression.html"""
    call.expect(3, 1000)
    value, *rest = call.texts()
    default = f" ELSE {rest.pop()}" if len(rest) % 2 else ""
    branches = "".join(
        f" WHEN ({value}) IS NOT DISTINCT FROM ({search}) THEN {result}"
        for search, result in zip(rest[::2], rest[1::2], strict=True)
    )
    return f"CASE{branches}{default} END"


def _concat(call: Call) -> str:
    """Two arguments and NULL if either is: https://docs.aws.amazon.com/redshift/latest/dg/r_CONCAT.html"""
    call.expect(2)
    left, right = call.texts()
    return f"(CAST({left} AS varchar) || CAST({right} AS varchar))"


def _is_null(call: Call) -> str:
    """No page of its own, yet it runs: two arguments, like NVL."""
    call.expect(2)
    return f"coalesce({', '.join(call.texts())})"


def _json(call: Call) -> str:
    """A last argument of TRUE makes NULL of what is no JSON, instead of an error."""
    call.expect(1, 8)
    option = "false"
    last = call.tokens(len(call.args) - 1)
    if len(call.args) > 1 and len(last) == 1 and last[0].is_word("true", "false"):
        option = call.args.pop() and last[0].value
    arguments = ", ".join([call.text(0), option, *call.texts(1)])
    return f"{SCHEMA}.{call.name.value}({arguments})"


def _edge_value(call: Call) -> str:
    """IGNORE NULLS stands inside the parentheses or behind them."""
    tokens = call.renderer.tokens
    call.expect(1)
    low, high = call.args[0]
    clause = [token.value for token in tokens[high - 2 : high]]
    if clause[-1:] == ["nulls"]:
        high -= 2
    else:
        clause = [token.value for token in tokens[call.end : call.end + 2]]
        call.end += 2 * (clause in (["ignore", "nulls"], ["respect", "nulls"]))
    schema = f"{SCHEMA}." if clause == ["ignore", "nulls"] else ""
    return f"{schema}{call.name.value}({call.renderer.render(low, high)})"


def _ratio_to_report(call: Call) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_WF_RATIO_TO_REPORT.html"""
    call.expect(1)
    behind = call.end
    window = _window(call)
    if window is None:
        raise syntax_error(TokenCursor(call.renderer.tokens, behind).peek())
    value = f"CAST({call.text(0)} AS double precision)"
    return f"({value} / nullif(sum({value}) OVER ({window}), 0))"


def _window(call: Call) -> str | None:
    """What OVER (..) behind the call has in its parentheses; None when there is none."""
    cursor = TokenCursor(call.renderer.tokens, call.end)
    if not cursor.accept("over") or not cursor.sees_op("("):
        return None
    low, high = cursor.position + 1, call.renderer.closing[cursor.position]
    call.end = high + 1
    return call.renderer.render(low, high)


def _hll(call: Call) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_HLL_function.html"""
    call.expect(1)
    return f"{SCHEMA}.hll(DISTINCT {call.text(0)})"


def _deviation(call: Call) -> str:
    """A DOUBLE PRECISION of every type: https://docs.aws.amazon.com/redshift/latest/dg/r_STDDEV_functions.html"""
    call.expect(1)
    quantifier, value = _quantified(call)
    return f"{call.name.value}({quantifier}CAST({value} AS double precision))"


def _quantified(call: Call) -> tuple[str, str]:
    """DISTINCT, if it is there, and the first argument behind it."""
    low, high = call.args[0]
    first = call.renderer.tokens[low]
    value = call.renderer.render(low + first.is_word("distinct", "all"), high)
    return "DISTINCT " * first.is_word("distinct"), value


def _convert(call: Call) -> str:
    call.expect(2)
    low, high = call.args[0]
    cursor = TokenCursor(call.renderer.tokens, low, high)
    target = parse_type(cursor)
    cursor.expect_end()
    return f"CAST({call.text(1)} AS {target.postgres})"


def _try_cast(call: Call) -> str:
    """NULL instead of an error: https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html"""
    call.expect(1)
    low, high = call.args[0]
    cursor = TokenCursor(call.renderer.tokens, low, high)
    while (token := cursor.peek()) is not None and not token.is_word("as"):
        cursor.position = call.renderer.closing.get(cursor.position, cursor.position) + 1
    value = call.renderer.render(low, cursor.position)
    cursor.expect("as")
    target = parse_type(cursor).postgres
    cursor.expect_end()
    text = f"CAST({value} AS text)"
    # Inside of the cast, so that PostgreSQL does not convert a constant while it plans.
    valid = f"CASE WHEN pg_input_is_valid({text}, '{target}') THEN {text} END"
    return f"CAST({valid} AS {target})"


def _regexp_replace(call: Call) -> str:
    """Every match is replaced: https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_REPLACE.html"""
    if len(call.args) > 4:
        raise not_supported("the parameters argument of REGEXP_REPLACE")
    call.expect(2, 4)
    subject, pattern, *rest = call.texts()
    replacement = rest[0] if rest else "''"
    position = rest[1] if len(rest) > 1 else "1"
    return f"regexp_replace({subject}, {pattern}, {replacement}, {position}, 0)"


def _listagg(call: Call) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html"""
    call.expect(1, 2)
    distinct, value = _quantified(call)
    delimiter = call.text(1) if len(call.args) == 2 else "''"
    order = _within_group(call)
    # PostgreSQL orders distinct values by nothing but themselves.
    if distinct and order and _key(order) != value.lower().split():
        raise not_supported("LISTAGG(DISTINCT ..) WITHIN GROUP of another order")
    window = _window(call)
    if window is None:
        return f"{SCHEMA}.listagg({distinct}{value}, {delimiter}{order})"
    if distinct:
        raise not_supported("LISTAGG(DISTINCT ..) with OVER")
    # the window's order is that of the values, if all of them are seen from every row
    frame = f"{order} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING" if order else ""
    return f"{SCHEMA}.listagg({value}, {delimiter}) OVER ({window}{frame})"


def _key(order: str) -> list[str]:
    """The words of ORDER BY's one key, without its direction."""
    words = order.lower().split()[2:]
    while words and words[-1] in DIRECTIONS:
        words.pop()
    return words


def _percentile_cont(call: Call) -> str:
    """Aggregates of ours are not told of DESC; the same place counted from below is."""
    call.expect(1)
    fraction, order = call.text(0), _within_group(call)
    if order and call.renderer.tokens[call.end - 2].is_word("desc"):
        fraction, order = f"1 - ({fraction})", order[: -len("desc")].rstrip()
    clause = f" WITHIN GROUP ({order.strip()})" if order else ""
    return f"{SCHEMA}.percentile_cont({fraction}){clause}"


def _within_group(call: Call) -> str:
    cursor = TokenCursor(call.renderer.tokens, call.end)
    if not cursor.accept("within", "group") or not cursor.sees_op("("):
        return ""
    low = cursor.position + 1
    high = call.renderer.closing[cursor.position]
    call.end = high + 1
    return " " + call.renderer.render(low, high)


REWRITTEN_CALLS: dict[str, Callable[[Call], str]] = {
    "concat": _concat,
    "convert": _convert,
    "decode": _decode,
    "first_value": _edge_value,
    "hll": _hll,
    "isnull": _is_null,
    **dict.fromkeys(JSON_WITH_OPTION, _json),
    "last_value": _edge_value,
    "listagg": _listagg,
    "nvl2": _nvl2,
    "percentile_cont": _percentile_cont,
    "ratio_to_report": _ratio_to_report,
    "regexp_replace": _regexp_replace,
    "try_cast": _try_cast,
    **dict.fromkeys(
        ("stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"), _deviation
    ),
}
