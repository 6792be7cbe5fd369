"""PostgreSQL's error messages in Redshift's words, as a table.

Redshift's leader node still speaks PostgreSQL 8.0; what a query runs into on the compute nodes has
texts of its own, SQLSTATE XX000 and a DETAIL block with a code. Which of the two a statement meets
depends on whether it reads a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from standin.sqlerror import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR, detail_block

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
    leader node, unless it is `everywhere`.
    """

    sqlstate: str
    pattern: re.Pattern[str]
    text: str | Callable[[re.Match[str]], str]
    replaced_by: str = ""
    code: int = 0
    context: str = ""
    everywhere: bool = False


def _invalid_digit(match: re.Match[str]) -> str:
    """As COPY says it: the first character that does not belong to a number, and its position."""
    type_name, value = match[1], match[2]
    prefix = _GOOD_PREFIX["whole" if type_name in _WHOLE else "other"].match(value)
    position = prefix.end() if prefix is not None else 0
    shown = value[position : position + 1]
    return f"Invalid digit, Value '{shown}', Pos {position}, Type: {_TYPES_SHOWN[type_name]}"


def _rule(
    sqlstate: str, pattern: str, text: str | Callable[[re.Match[str]], str], replaced_by: str = ""
) -> Rule:
    return Rule(sqlstate, re.compile(pattern, re.DOTALL), text, replaced_by)


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
_OVERFLOW = "Value out of range for {} bytes."

# The first rule that fits is taken.
RULES = (
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
    _rule("42P07", r"relation (.*) already exists", r"Relation \1 already exists"),
    _rule(
        "42501",
        r"(permission denied for|must be owner of) (?:table|view|index|sequence) (.*)",
        r"\1 relation \2",
    ),
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
_BY_SQLSTATE: dict[str, list[Rule]] = {}
for _known in RULES:
    _BY_SQLSTATE.setdefault(_known.sqlstate, []).append(_known)

# Redshift tells as INFO what IF EXISTS and IF NOT EXISTS passed over.
_SKIPPED = (
    (
        re.compile(r"(\w+) (.*) does not exist, skipping"),
        "{} {} does not exist and will be skipped",
    ),
    (
        re.compile(r"(\w+) (.*) already exists, skipping"),
        "{} {} already exists and will be skipped",
    ),
)

# Clauses of hints that PostgreSQL 8.0 worded otherwise or did not have.
_NEWER_HINTS = ("Perhaps you meant", "To perform the insert", "Use OVERRIDING")
_HINT_WORDS = ("You might need to add", "You may need to add")
# Names of columns and tables, which only newer errors carry, and where in our own functions it was.
_UNTOLD_FIELDS = frozenset("sctdnpqW")
UNKNOWN_NAMES = frozenset({"42703", "42P01"})


def in_redshifts_words(
    fields: Mapping[str, str], *, on_leader: bool, query_id: int = 0
) -> dict[str, str]:
    """The fields of an ErrorResponse as Redshift would send them, by their one-letter codes.

    `on_leader` says that the statement reads no table; what PostgreSQL finds in the statement's
    text (it then gives a position) or in a parameter concerns the leader node, too.
    """
    found = {code: text for code, text in fields.items() if code not in _UNTOLD_FIELDS}
    _reword_hint(found)
    is_parameter = "portal parameter" in fields.get("W", "")
    on_leader = on_leader or "P" in found or is_parameter
    for rule in _BY_SQLSTATE.get(found.get("C", ""), ()):
        match = rule.pattern.fullmatch(found.get("M", ""))
        if match is not None and (rule.everywhere or not (rule.code and on_leader)):
            return _applied(rule, match, found, query_id)
    return found


def notice_in_redshifts_words(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a NoticeResponse as Redshift would send them."""
    found = {code: text for code, text in fields.items() if code not in _UNTOLD_FIELDS}
    for pattern, text in _SKIPPED:
        match = pattern.fullmatch(found.get("M", ""))
        if match is not None:
            found |= {"S": "INFO", "V": "INFO", "M": text.format(match[1].capitalize(), match[2])}
    return found


def _applied(
    rule: Rule, match: re.Match[str], fields: dict[str, str], query_id: int
) -> dict[str, str]:
    text = match.expand(rule.text) if isinstance(rule.text, str) else rule.text(match)
    text = text.replace("{query_id}", str(query_id))
    found = {**fields, "M": text, "C": rule.replaced_by or rule.sqlstate}
    if rule.code:
        for dropped in "PDH":
            found.pop(dropped, None)
        context = match.expand(rule.context)
        found["D"] = detail_block(text, code=rule.code, context=context, query_id=query_id)
    elif rule.replaced_by:
        found.pop("D", None)
    return found


def _reword_hint(fields: dict[str, str]) -> None:
    hint = fields.get("H", "")
    if hint.startswith(_NEWER_HINTS):
        del fields["H"]
    elif hint:
        fields["H"] = hint.replace(*_HINT_WORDS)
    if fields.get("C") in UNKNOWN_NAMES:
        fields.pop("D", None)
