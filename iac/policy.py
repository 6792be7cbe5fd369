"""The two documents of the role: who may assume it, and the S3 objects that it may read.

Least privilege for COPY: it lists the prefixes and gets the objects below them and the JSONPaths
file. https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html
"""

from __future__ import annotations

import re
from typing import Any

from settings import Settings
from sql_queries import MANIFEST_SUFFIX

SERVICE = "redshift.amazonaws.com"
_VERSION = "2012-10-17"

Document = dict[str, Any]


def trust() -> Document:
    """The trust policy: Redshift, and nobody else, may assume the role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
    }
    return {"Version": _VERSION, "Statement": [statement]}


def trusts_redshift(document: Document) -> bool:
    """Whether a trust policy, however it is written, lets Redshift assume its role."""
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in listed(statement.get("Action"))
        and SERVICE in listed(_services(statement.get("Principal")))
        for statement in listed(document.get("Statement"))
    )


def read_access(settings: Settings, partition: str = "aws") -> Document:
    """The inline policy: list the configured prefixes, get what is below them and the JSONPaths.

    A prefix is what COPY takes it for, the beginning of a key: `log_data` covers `log_data/2018`
    and `log_data.json` alike. A manifest's files lie beside it, as compact.py writes them.
    """
    patterns: dict[str, list[str]] = {}
    addresses = (
        (settings.log_data, "*"),
        (settings.log_jsonpath, ""),
        (settings.song_data, "*"),
    )
    for address, rest in addresses:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        if key.endswith(MANIFEST_SUFFIX):
            key = key[: key.rfind("/") + 1]
        bucket_patterns = patterns.setdefault(bucket, [])
        pattern = _literal(key) + rest
        if pattern not in bucket_patterns:
            bucket_patterns.append(pattern)
    statements = [_list_bucket(f"arn:{partition}:s3:::{bucket}", patterns[bucket])
                  for bucket in patterns]  # fmt: skip
    objects = [
        f"arn:{partition}:s3:::{bucket}/{pattern}"
        for bucket in patterns
        for pattern in patterns[bucket]
    ]
    statements.append({"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects})
    return {"Version": _VERSION, "Statement": statements}


def _list_bucket(bucket: str, prefixes: list[str]) -> Document:
    statement: Document = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket}
    # A whole bucket is listed without a prefix, and a condition on what is absent is not met.
    if "*" not in prefixes:
        statement["Condition"] = {"StringLike": {"s3:prefix": prefixes}}
    return statement


def _literal(key: str) -> str:
    # In a policy * ? and $ mean something; ${*} and so on stand for the characters themselves.
    return re.sub(r"[*?$]", r"${\g<0>}", key)


def _services(principal: Any) -> Any:
    return principal.get("Service") if isinstance(principal, dict) else None


def listed(value: Any) -> list[Any]:
    """A policy writes a list of one as the one thing."""
    return value if isinstance(value, list) else [value]
