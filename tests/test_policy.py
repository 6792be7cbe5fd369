"""The role's documents: exactly the configured S3 paths, exactly Redshift."""

from __future__ import annotations

from typing import Any

import pytest

import settings
from iac import policy

PUBLIC = {
    "LOG_DATA": "s3://udacity-dend/log_data",
    "LOG_JSONPATH": "s3://udacity-dend/log_json_path.json",
    "SONG_DATA": "s3://udacity-dend/song_data",
}


def configured(**paths: str) -> settings.Settings:
    environ = {f"DWH_S3_{name}": value for name, value in {**PUBLIC, **paths}.items()}
    return settings.load(settings.EXAMPLE_PATH, environ=environ)


def test_one_bucket_is_listed_below_its_prefixes_only() -> None:
    assert policy.read_access(configured()) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::udacity-dend",
                "Condition": {
                    "StringLike": {"s3:prefix": ["log_data*", "log_json_path.json", "song_data*"]}
                },
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [
                    "arn:aws:s3:::udacity-dend/log_data*",
                    "arn:aws:s3:::udacity-dend/log_json_path.json",
                    "arn:aws:s3:::udacity-dend/song_data*",
                ],
            },
        ],
    }


def test_each_of_several_buckets_has_a_condition_of_its_own() -> None:
    paths = configured(SONG_DATA="s3://songs/A/B", LOG_JSONPATH="s3://songs/paths.json")
    assert policy.read_access(paths, partition="aws-cn")["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws-cn:s3:::udacity-dend",
            "Condition": {"StringLike": {"s3:prefix": ["log_data*"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws-cn:s3:::songs",
            "Condition": {"StringLike": {"s3:prefix": ["paths.json", "A/B*"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [
                "arn:aws-cn:s3:::udacity-dend/log_data*",
                "arn:aws-cn:s3:::songs/paths.json",
                "arn:aws-cn:s3:::songs/A/B*",
            ],
        },
    ]


def test_a_whole_bucket_is_listed_without_a_condition() -> None:
    statements = policy.read_access(configured(SONG_DATA="s3://songs"))["Statement"]
    assert statements[1] == {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::songs",
    }
    assert statements[2]["Resource"][-1] == "arn:aws:s3:::songs/*"


def test_signs_in_a_key_stand_for_themselves() -> None:
    statements = policy.read_access(configured(SONG_DATA="s3://songs/a*b?c$d"))["Statement"]
    assert statements[2]["Resource"][-1] == "arn:aws:s3:::songs/a${*}b${?}c${$}d*"


@pytest.mark.parametrize(
    ("statement", "trusted"),
    [
        pytest.param(policy.trust()["Statement"], True, id="as made here"),
        pytest.param(
            {
                "Effect": "Allow",
                "Principal": {"Service": ["ec2.amazonaws.com", "redshift.amazonaws.com"]},
                "Action": ["sts:TagSession", "sts:AssumeRole"],
            },
            True,
            id="one of several, no list around the statement",
        ),
        pytest.param(
            [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
            False,
            id="ec2",
        ),
        pytest.param(
            [
                {
                    "Effect": "Deny",
                    "Principal": {"Service": "redshift.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
            False,
            id="denied",
        ),
        pytest.param(
            [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
            False,
            id="anybody is no service",
        ),
    ],
)
def test_trusts_redshift(statement: Any, trusted: bool) -> None:
    document = {"Version": "2012-10-17", "Statement": statement}
    assert policy.trusts_redshift(document) is trusted
