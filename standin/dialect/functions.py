"""Which functions may be called, and how each reaches PostgreSQL: same, renamed, rewritten.

https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from standin.dialect import redshift
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA
from standin.dialect.sqltypes import parse_type
from standin.dialect.text_functions import JSON_WITH_OPTION
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError, not_supported


class Renderer(Protocol):
    """What a rewriting needs of the statement around it."""

    tokens: list[Token]
    closing: dict[int, int]

    def render(self, low: int, high: int) -> str:
        """The rewritten text of tokens [low, high)."""
        ...


@dataclass
class Call:
    """One function call; `args` are token ranges, `end` the index after what is replaced."""

    renderer: Renderer
    name: Token
    args: list[tuple[int, int]]
    end: int

    def text(self, index: int) -> str:
        """An argument, itself rewritten."""
        return self.renderer.render(*self.args[index])

    def texts(self, start: int = 0) -> list[str]:
        """The arguments from `start` on."""
        return [self.renderer.render(*arg) for arg in self.args[start:]]

    def tokens(self, index: int) -> list[Token]:
        """The tokens of an argument."""
        return self.renderer.tokens[slice(*self.args[index])]

    def expect(self, fewest: int, most: int | None = None) -> None:
        """Check the number of arguments."""
        if not fewest <= len(self.args) <= (most or fewest):
            raise undefined_function(self.name.value)
        for low, high in self.args:
            if low == high:
                raise syntax_error(self.renderer.tokens[high])

    def date_part(self, index: int) -> str:
        """PostgreSQL's name of a date part, given bare or quoted."""
        return date_part(self.tokens(index))

    def moment(self, index: int) -> str:
        """A date argument; a bare literal is a TIMESTAMP."""
        tokens = self.tokens(index)
        text = self.text(index)
        is_literal = len(tokens) == 1 and tokens[0].kind is TokenKind.STRING
        return f"CAST({text} AS timestamp)" if is_literal else text


def undefined_function(name: str) -> SqlError:
    """The error for a function that Redshift does not have."""
    return SqlError(
        redshift.UNDEFINED_FUNCTION,
        f"function {name}() does not exist",
        hint="No function matches the given name and argument types. "
        "You may need to add explicit type casts.",
    )


def date_part(tokens: list[Token]) -> str:
    """PostgreSQL's name of the part that `tokens` spell."""
    if len(tokens) != 1 or tokens[0].kind is TokenKind.NUMBER:
        raise not_supported("a computed date part")
    spelling = tokens[0].value.lower().strip()
    if spelling not in redshift.DATE_PARTS:
        raise SqlError(redshift.INVALID_PARAMETER, f'timestamp units "{spelling}" not recognized')
    return redshift.DATE_PARTS[spelling]


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
    return f"date_part('{call.date_part(0)}', {call.moment(1)})"


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
    moment = call.moment(1)
    if part in ("second", "epoch"):
        kind = "integer" if part == "second" else "bigint"
        return f"CAST(date_part('{part}', date_trunc('second', {moment})) AS {kind})"
    if part in ("millisecond", "microsecond"):
        whole = f"CAST(date_part('{part}', date_trunc('{part}', {moment})) AS integer)"
        return f"({whole} % 1000)"
    return f"CAST(date_part('{part}', {moment}) AS integer)"


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


def _by_template(call: Call) -> str:
    """TO_TIMESTAMP and TO_DATE always have a template, unlike PostgreSQL's of a number."""
    call.expect(2, 3)
    return f"{SCHEMA}.{call.name.value}({', '.join(call.texts())})"


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
    cursor = TokenCursor(call.renderer.tokens, call.end)
    if not cursor.accept("over") or not cursor.sees_op("("):
        raise syntax_error(cursor.peek())
    closed = call.renderer.closing[cursor.position]
    window = call.renderer.render(cursor.position, closed + 1)
    call.end = closed + 1
    value = f"CAST({call.text(0)} AS double precision)"
    return f"({value} / nullif(sum({value}) OVER {window}, 0))"


def _median(call: Call) -> str:
    call.expect(1)
    return f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {call.text(0)})"


def _convert_timezone(call: Call) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html"""
    call.expect(2, 3)
    source = call.text(0) if len(call.args) == 3 else "'UTC'"
    target, moment = call.text(len(call.args) - 2), call.text(len(call.args) - 1)
    return f"((CAST({moment} AS timestamp) AT TIME ZONE {source}) AT TIME ZONE {target})"


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
    distinct = "DISTINCT " if call.tokens(0)[0].is_word("distinct") else ""
    low, high = call.args[0]
    value = call.renderer.render(low + bool(distinct), high)
    delimiter = call.text(1) if len(call.args) == 2 else "''"
    order = _within_group(call)
    text = f"CAST({value} AS varchar)"
    if distinct and order:
        # PostgreSQL orders distinct values by nothing but what it concatenates.
        words = order.split()
        if " ".join(words[2:]).removesuffix(" DESC").removesuffix(" desc") != value:
            raise not_supported("LISTAGG(DISTINCT ..) WITHIN GROUP of another order")
        order = f" ORDER BY {text}" + " DESC" * (words[-1].upper() == "DESC")
    return f"string_agg({distinct}{text}, {delimiter}{order})"


def _within_group(call: Call) -> str:
    cursor = TokenCursor(call.renderer.tokens, call.end)
    if not cursor.accept("within", "group") or not cursor.sees_op("("):
        return ""
    low = cursor.position + 1
    high = call.renderer.closing[cursor.position]
    call.end = high + 1
    return " " + call.renderer.render(low, high)


REWRITTEN: dict[str, Callable[[Call], str]] = {
    "concat": _concat,
    "convert": _convert,
    "convert_timezone": _convert_timezone,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "dateadd": _date_add,
    "datediff": _date_diff,
    "datepart": _date_part,
    "decode": _decode,
    "extract": _extract,
    "first_value": _edge_value,
    "isnull": _is_null,
    **dict.fromkeys(JSON_WITH_OPTION, _json),
    "last_value": _edge_value,
    "listagg": _listagg,
    "median": _median,
    "nvl2": _nvl2,
    "pgdate_part": _date_part,
    "ratio_to_report": _ratio_to_report,
    "regexp_replace": _regexp_replace,
    "to_date": _by_template,
    "to_timestamp": _by_template,
    "try_cast": _try_cast,
}

RENAMED = {
    "nvl": "coalesce",
    "len": "length",
    "textlen": "length",
    "replicate": "repeat",
    "dexp": "exp",
    "dlog1": "ln",
    "dlog10": "log",
    "pow": "power",
    "sha": "sha1",
    "func_sha1": "sha1",
    "avg": f"{SCHEMA}.avg",
}

# Same name, same meaning (function_library.py adds the ones that PostgreSQL lacks).
SAME = redshift.words(
    """
    coalesce nullif greatest least
    count sum min max stddev stddev_samp stddev_pop variance var_samp var_pop bool_and bool_or
    bit_and bit_or any_value percentile_cont percentile_disc grouping
    row_number rank dense_rank percent_rank cume_dist ntile lag lead nth_value
    abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees exp floor ln log mod pi power
    radians random round sign sin sqrt tan trunc to_hex
    ascii btrim char_length character_length charindex chr initcap left length lower lpad ltrim
    md5 octet_length position quote_ident quote_literal regexp_count regexp_instr regexp_substr
    crc32 is_valid_json is_valid_json_array sha1 sha2 fnv_hash murmur3_32_hash soundex difference
    can_json_parse bpcharcmp bttext_pattern_cmp timeofday
    repeat replace reverse right rpad rtrim split_part strpos strtol substring translate trim
    upper
    add_months date getdate last_day months_between next_day
    date_cmp date_cmp_timestamp date_cmp_timestamptz interval_cmp timestamp_cmp timestamp_cmp_date
    timestamp_cmp_timestamptz timestamptz_cmp timestamptz_cmp_date timestamptz_cmp_timestamp
    timezone to_char to_number
    current_database current_setting pg_backend_pid pg_cancel_backend pg_terminate_backend
    set_config
    exists
    """
)

# Functions of the leader node: refused as soon as a user table is involved.
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
LEADER_ONLY = redshift.words(
    """
    age current_schema current_schemas generate_series generate_subscripts
    has_any_column_privilege has_column_privilege has_database_privilege has_schema_privilege
    has_table_privilege isfinite now
    col_description format_type obj_description pg_encoding_to_char pg_get_constraintdef
    pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_late_binding_view_cols
    pg_get_ruledef pg_get_userbyid pg_get_viewdef
    pg_is_in_recovery pg_is_other_temp_schema
    pg_my_temp_schema pg_postmaster_start_time pg_table_is_visible pg_type_is_visible
    shobj_description substr to_regclass
    """
)

# Redshift's, not carried yet.
NOT_YET = redshift.words(
    """
    array array_concat array_flatten array_to_string checksum collate farmfingerprint64
    from_hex get_array_length hll hll_cardinality hll_combine hll_combine_sketches
    hll_create_sketch is_array is_bigint is_boolean is_char is_decimal is_float is_integer
    is_object is_scalar is_smallint is_varchar json_parse json_serialize
    json_serialize_to_varbyte json_size json_typeof object object_transform split_to_array
    subarray text_to_int_alt text_to_numeric_alt to_varbyte unnest
    """
)
