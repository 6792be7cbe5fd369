"""Would a role's policies let COPY list and read? If not, why not, in plain words.

IAM's own simulator needs a permission that few have; the documents are enough for S3.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from iac.policy import Document, listed

LIST, GET = "s3:ListBucket", "s3:GetObject"


def why_not(
    policies: Mapping[str, Document], action: str, resource: str, prefix: str | None = None
) -> str | None:
    """Why `policies` (by name) do not allow `action` on the ARN `resource`; None when they do.

    `prefix` is what a listing asks for. A condition on anything else cannot be judged here: an
    allowance under it does not count, a denial under it does.
    """
    allowed = conditional = False
    for name, statement in _statements(policies):
        if not _names(statement, action, resource):
            continue
        met = _met(statement.get("Condition") or {}, prefix)
        if statement.get("Effect") == "Deny" and met is not False:
            return f"the policy {name} denies {action} on {resource}"
        if statement.get("Effect") == "Allow":
            allowed, conditional = allowed or met is True, conditional or met is not True
    if allowed:
        return None
    asked = resource if prefix is None else f"{resource} with the prefix {prefix!r}"
    why = "no policy allows it without a further condition" if conditional else "no policy does"
    return f"nothing allows {action} on {asked}: {why}"


def _statements(policies: Mapping[str, Document]) -> Iterator[tuple[str, Document]]:
    for name, document in policies.items():
        for statement in listed(document.get("Statement")):
            yield name, statement


def _names(statement: Document, action: str, resource: str) -> bool:
    if "NotAction" in statement:
        concerned = not _any_matches(statement["NotAction"], action.lower(), lower=True)
    else:
        concerned = _any_matches(statement.get("Action", []), action.lower(), lower=True)
    if "NotResource" in statement:
        return concerned and not _any_matches(statement["NotResource"], resource)
    return concerned and _any_matches(statement.get("Resource", []), resource)


def _met(condition: Mapping[str, Mapping[str, Any]], prefix: str | None) -> bool | None:
    """Whether a condition holds for a listing of `prefix`, None where that cannot be said."""
    verdict: bool | None = True
    for operator, keys in condition.items():
        for key, values in keys.items():
            one = _one_met(operator, key, values, prefix)
            if one is False:
                return False
            verdict = verdict and one
    return verdict


def _one_met(operator: str, key: str, values: Any, prefix: str | None) -> bool | None:
    if key.lower() == "aws:securetransport" and operator == "Bool":
        return [str(value).lower() for value in listed(values)] == ["true"]
    if key.lower() != "s3:prefix":
        return None
    if prefix is None:
        return operator.endswith("IfExists") or "Not" in operator
    matches = {
        "StringLike": lambda: _any_matches(values, prefix),
        "StringEquals": lambda: prefix in listed(values),
    }
    matches |= {f"{name}IfExists": test for name, test in matches.items()}
    if operator in matches:
        return matches[operator]()
    opposite = operator.replace("Not", "", 1)
    return not matches[opposite]() if opposite != operator and opposite in matches else None


def _any_matches(patterns: Any, value: str, lower: bool = False) -> bool:
    return any(
        _expression(pattern.lower() if lower else pattern).fullmatch(value)
        for pattern in listed(patterns)
    )


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern of the policy language; ${*}, ${?} and ${$} are the characters themselves."""
    wild = {"*": ".*", "?": "."}
    found = re.findall(r"\$\{([*?$])\}|([*?])|(.)", pattern, re.DOTALL)
    parts = (wild[star] if star else re.escape(literal or other) for literal, star, other in found)
    return re.compile("".join(parts), re.DOTALL)
