"""PostgreSQL's errors and notices in Redshift's words: the rules of error_rules.py, applied."""

from __future__ import annotations

import re
from collections.abc import Mapping

from standin.dialect.error_rules import RULES, Rule
from standin.sqlerror import detail_block

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
_NEWER_HINTS = (
    "Perhaps you meant",
    "To perform the insert",
    "Use ALTER VIEW",
    "Use OVERRIDING",
    "See server log",
    "Add the expression/function",
    "The transaction might succeed",
)
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
        if rule.detail:
            found["D"] = rule.detail
        if rule.hint:
            found["H"] = rule.hint
    return found


def _reword_hint(fields: dict[str, str]) -> None:
    hint = fields.get("H", "")
    if hint.startswith(_NEWER_HINTS):
        del fields["H"]
    elif hint:
        fields["H"] = hint.replace(*_HINT_WORDS)
    if fields.get("C") in UNKNOWN_NAMES:
        fields.pop("D", None)
