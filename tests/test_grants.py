"""What a role's policies allow, judged by cluster_status and by the stand-in's COPY: they agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from premises import allow

import settings
from iac import grants, policy
from standin.cloud.iam_policy import Policies
from standin.cloud.managed_policies import DOCUMENTS

BUCKET = "arn:aws:s3:::music"
LIST, GET = "s3:ListBucket", "s3:GetObject"


def deny(action: str, *resources: str, **more: Any) -> dict[str, Any]:
    return {**allow(action, *resources, **more), "Effect": "Deny"}


def under(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


LOGS = under("StringLike", "s3:prefix", "log_data*")
# Statements; what is asked: action, resource, prefix of a listing; whether it is allowed.
CASES: dict[str, tuple[list[dict[str, Any]], tuple[str, str, str | None], bool]] = {
    "nothing": ([], (GET, f"{BUCKET}/a", None), False),
    "exact object": ([allow(GET, f"{BUCKET}/a")], (GET, f"{BUCKET}/a", None), True),
    "another object": ([allow(GET, f"{BUCKET}/a")], (GET, f"{BUCKET}/ab", None), False),
    "a dot is no wildcard": ([allow(GET, f"{BUCKET}/a.b")], (GET, f"{BUCKET}/axb", None), False),
    "star": ([allow(GET, f"{BUCKET}/log*")], (GET, f"{BUCKET}/log_data/1.json", None), True),
    "question mark": ([allow(GET, f"{BUCKET}/?")], (GET, f"{BUCKET}/a", None), True),
    "question mark is one": ([allow(GET, f"{BUCKET}/?")], (GET, f"{BUCKET}/ab", None), False),
    "escaped star": ([allow(GET, BUCKET + "/${*}")], (GET, f"{BUCKET}/a", None), False),
    "escaped star itself": ([allow(GET, BUCKET + "/${*}")], (GET, f"{BUCKET}/*", None), True),
    "case of the action": ([allow("S3:getobject", "*")], (GET, f"{BUCKET}/a", None), True),
    "all actions": ([allow("*", "*")], (GET, f"{BUCKET}/a", None), True),
    "bucket for its objects": ([allow(GET, BUCKET)], (GET, f"{BUCKET}/a", None), False),
    "objects for their bucket": ([allow(LIST, f"{BUCKET}/*")], (LIST, BUCKET, "a"), False),
    "denied besides": (
        [allow("s3:*", "*"), deny(GET, f"{BUCKET}/a")], (GET, f"{BUCKET}/a", None), False,
    ),
    "another one denied": (
        [allow("s3:*", "*"), deny(GET, f"{BUCKET}/b")], (GET, f"{BUCKET}/a", None), True,
    ),
    "prefix": ([allow(LIST, BUCKET, **LOGS)], (LIST, BUCKET, "log_data"), True),
    "another prefix": ([allow(LIST, BUCKET, **LOGS)], (LIST, BUCKET, "song_data"), False),
    "a shorter prefix": ([allow(LIST, BUCKET, **LOGS)], (LIST, BUCKET, "log"), False),
    "equal prefix": (
        [allow(LIST, BUCKET, **under("StringEquals", "s3:prefix", "a", "b"))],
        (LIST, BUCKET, "b"), True,
    ),
    "equal has no wildcards": (
        [allow(LIST, BUCKET, **under("StringEquals", "s3:prefix", "a*"))],
        (LIST, BUCKET, "ab"), False,
    ),
    "not this prefix": (
        [allow(LIST, BUCKET, **under("StringNotLike", "s3:prefix", "secret*"))],
        (LIST, BUCKET, "log"), True,
    ),
    "not that prefix": (
        [allow(LIST, BUCKET, **under("StringNotLike", "s3:prefix", "secret*"))],
        (LIST, BUCKET, "secrets"), False,
    ),
    "no prefix where one is wanted": (
        [allow(GET, f"{BUCKET}/*", **LOGS)], (GET, f"{BUCKET}/log_data/a", None), False,
    ),
    "no prefix, if it exists": (
        [allow(GET, f"{BUCKET}/*", **under("StringLikeIfExists", "s3:prefix", "x"))],
        (GET, f"{BUCKET}/a", None), True,
    ),
    "over TLS": (
        [allow(GET, "*", **under("Bool", "aws:SecureTransport", "true"))],
        (GET, f"{BUCKET}/a", None), True,
    ),
    "denied without TLS": (
        [allow(GET, "*"), deny("*", "*", **under("Bool", "aws:SecureTransport", "false"))],
        (GET, f"{BUCKET}/a", None), True,
    ),
    "a condition that cannot be judged allows nothing": (
        [allow(GET, "*", **under("IpAddress", "aws:SourceIp", "10.0.0.0/8"))],
        (GET, f"{BUCKET}/a", None), False,
    ),
    "a condition that cannot be judged denies": (
        [allow(GET, "*"), deny(GET, "*", **under("IpAddress", "aws:SourceIp", "10.0.0.0/8"))],
        (GET, f"{BUCKET}/a", None), False,
    ),
    "not these actions": (
        [{"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}],
        (GET, f"{BUCKET}/a", None), True,
    ),
    "not these resources": (
        [{"Effect": "Deny", "Action": "*", "NotResource": f"{BUCKET}/*"}, allow("*", "*")],
        (LIST, BUCKET, "a"), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "asked", "allowed"), CASES.values(), ids=CASES.keys())
def test_both_judge_alike(
    statements: list[dict[str, Any]], asked: tuple[str, str, str | None], allowed: bool
) -> None:
    assert judged(statements, asked) == (allowed, allowed)


def judged(
    statements: list[dict[str, Any]], asked: tuple[str, str, str | None]
) -> tuple[bool, bool]:
    """Whether cluster_status, and whether the stand-in, takes the request for allowed."""
    action, resource, prefix = asked
    document = {"Version": "2012-10-17", "Statement": statements}
    context = {"aws:SecureTransport": "true"}
    context |= {} if prefix is None else {"s3:prefix": prefix}
    return (
        grants.why_not({"own": document}, action, resource, prefix) is None,
        Policies([document]).allow(action, resource, context),
    )


PATTERNS = st.text("ab*?.${}/", max_size=6)
KEYS = st.text("ab./*$", max_size=6)
STATEMENTS = st.builds(
    lambda effect, pattern, condition: {
        "Effect": effect,
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/{pattern}"],
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Deny"]),
    PATTERNS,
    st.none()
    | st.builds(
        lambda operator, pattern: {operator: {"s3:prefix": pattern}},
        st.sampled_from(["StringLike", "StringEquals", "StringNotLike", "StringNotEquals"]),
        PATTERNS,
    ),
)


@given(st.lists(STATEMENTS, max_size=3), KEYS, st.booleans())
def test_both_judge_alike_whatever_is_written(
    statements: list[dict[str, Any]], key: str, listing: bool
) -> None:
    asked = (LIST, BUCKET, key) if listing else (GET, f"{BUCKET}/{key}", None)
    first, second = judged(statements, asked)
    assert first == second


@pytest.mark.parametrize("name", ["AmazonS3ReadOnlyAccess", "AdministratorAccess"])
def test_what_projects_attach_is_enough(name: str) -> None:
    policies = {name: DOCUMENTS[name]}
    assert grants.why_not(policies, LIST, BUCKET, "log_data") is None
    assert grants.why_not(policies, GET, f"{BUCKET}/log_data/a.json") is None


def test_the_policy_made_here_allows_what_is_configured_and_nothing_else() -> None:
    configured = settings.load(
        settings.EXAMPLE_PATH,
        environ={
            "DWH_S3_LOG_DATA": "s3://music/log_data",
            "DWH_S3_LOG_JSONPATH": "s3://music/paths.json",
            "DWH_S3_SONG_DATA": "s3://songs/2018/",
        },
    )
    policies = {"own": policy.read_access(configured)}
    songs = "arn:aws:s3:::songs"
    allowed = (
        (LIST, BUCKET, "log_data"), (LIST, songs, "2018/"), (GET, f"{BUCKET}/log_data/a", None),
        (GET, f"{BUCKET}/paths.json", None), (GET, f"{songs}/2018/a", None),
    )  # fmt: skip
    refused = (
        (LIST, BUCKET, ""), (LIST, BUCKET, "secret"), (LIST, songs, "2017/"),
        (GET, f"{BUCKET}/paths.json2", None), (GET, f"{songs}/2017/a", None),
        ("s3:PutObject", f"{BUCKET}/log_data/a", None),
    )  # fmt: skip
    for asked in allowed:
        assert judged(policies["own"]["Statement"], asked) == (True, True)
    for asked in refused:
        assert judged(policies["own"]["Statement"], asked) == (False, False)


def test_why_not_in_plain_words() -> None:
    conditional = [allow(GET, "*", **under("IpAddress", "aws:SourceIp", "10.0.0.0/8"))]
    document = {"Statement": conditional}
    assert grants.why_not({"own": document}, GET, f"{BUCKET}/a") == (
        "nothing allows s3:GetObject on arn:aws:s3:::music/a: no policy allows it without a"
        " further condition"
    )
    assert grants.why_not({}, LIST, BUCKET, "log_data") == (
        "nothing allows s3:ListBucket on arn:aws:s3:::music with the prefix 'log_data': no policy"
        " does"
    )
    denial = {"Statement": deny("s3:*", "*")}
    assert grants.why_not({"own": denial}, LIST, BUCKET, "a") == (
        "the policy own denies s3:ListBucket on arn:aws:s3:::music"
    )
