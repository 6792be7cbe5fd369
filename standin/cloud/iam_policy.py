"""What IAM policy documents allow: the part of the policy language that reading S3 needs.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, str]

# Keys that S3 sends with some requests only: absent means absent, not unknown.
OPTIONAL_KEYS = frozenset({"s3:prefix", "s3:delimiter", "s3:max-keys", "s3:versionid"})

_TOKEN = re.compile(r"\$\{[*?$]\}|\*|\?|[^*?]", re.DOTALL)
_WILDCARDS = {"*": ".*", "?": "."}


@cache
def _pattern(text: str, fold: bool = False) -> re.Pattern[str]:
    """A pattern of the policy language as a regular expression; ${*} is an asterisk itself."""
    parts = (
        _WILDCARDS.get(token) or re.escape(token[2] if token.startswith("${") else token)
        for token in _TOKEN.findall(text)
    )
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if fold else 0))


def _like(pattern: str, value: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


def _same(expected: str, value: str) -> bool:
    return expected == value


def _same_folded(expected: str, value: str) -> bool:
    return expected.lower() == value.lower()


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_folded,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same_folded,
}
_NEGATIONS = {name.replace("String", "StringNot").replace("Arn", "ArnNot"): name
              for name in _OPERATORS if name != "Bool"}  # fmt: skip


class Policies:
    """Policy documents together: something must allow a request, and nothing deny it."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._statements = [
            statement for document in documents for statement in listed(document.get("Statement"))
        ]

    def allow(self, action: str, resource: str, context: Context) -> bool:
        """Do the documents allow `action` (s3:GetObject, say) on the ARN `resource`?

        A condition that this evaluator does not know lets nothing in and keeps nothing out of
        a denial: it errs on the strict side.
        """
        effects = [
            (statement.get("Effect"), conditions_met(statement, context))
            for statement in self._statements
            if _concerns(statement, action, resource)
        ]
        denied = any(effect == "Deny" and met is not False for effect, met in effects)
        return not denied and ("Allow", True) in effects


def conditions_met(statement: Document, context: Context) -> bool | None:
    """Are all conditions of a statement met? None where one is beyond this evaluator."""
    results = {
        _condition(operator, key, [str(value) for value in listed(expected)], context)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, expected in keys.items()
    }
    if False in results:
        return False
    return None if None in results else True


def listed(value: Any) -> list[Any]:
    """A policy writes a list of one as the one thing; nothing is an empty list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _concerns(statement: Document, action: str, resource: str) -> bool:
    return _named(statement, "Action", action, fold=True) and _named(
        statement, "Resource", resource
    )


def _named(statement: Document, element: str, value: str, fold: bool = False) -> bool:
    """Is the value among what an element (or its opposite, NotAction say) names?"""
    opposite = f"Not{element}" in statement
    patterns = listed(statement.get(f"Not{element}" if opposite else element))
    return opposite != any(_pattern(text, fold).fullmatch(value) for text in patterns)


def _condition(operator: str, key: str, expected: list[str], context: Context) -> bool | None:
    name = operator.removesuffix("IfExists").removeprefix("ForAnyValue:")
    actual = {known.lower(): value for known, value in context.items()}.get(key.lower())
    if actual is None and key.lower() not in OPTIONAL_KEYS:
        return None
    if name == "Null":
        return [str(actual is None).lower()] == [value.lower() for value in expected]
    negated = name in _NEGATIONS
    compare = _OPERATORS.get(_NEGATIONS.get(name, name))
    if compare is None:
        return None
    if actual is None:
        return negated or operator.endswith("IfExists")
    return negated != any(compare(value, actual) for value in expected)
