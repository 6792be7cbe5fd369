"""COPY's text: what is read, in every spelling seen in the field, and what is refused."""

from __future__ import annotations

import pytest

from standin.copy_command import CopyCommand, parse
from standin.lexer import tokenize
from standin.sqlerror import SqlError

ROLE = "arn:aws:iam::123456789012:role/dwh"


def parsed(sql: str) -> CopyCommand:
    return parse(tokenize(sql))


def options(text: str) -> CopyCommand:
    return parsed(f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' JSON 'auto' {text}")


def refusal(sql: str) -> tuple[str, str]:
    with pytest.raises(SqlError) as caught:
        parsed(sql)
    return caught.value.sqlstate, caught.value.message


def test_copy_with_everything() -> None:
    assert parsed(
        """
        copy Dev.Public.Staging_Events (artist, "Level") -- the events
        from 's3://udacity-dend/log_data'
        credentials 'aws_iam_role=arn:aws:iam::123456789012:role/dwh'
        region 'us-west-2' FORMAT AS JSON 's3://udacity-dend/log_json_path.json'
        timeformat as 'epochmillisecs' dateformat 'auto' TRUNCATECOLUMNS BLANKSASNULL EMPTYASNULL
        TRIMBLANKS ROUNDEC ACCEPTANYDATE NOLOAD ACCEPTINVCHARS AS '^' maxerror as 100
        IGNOREHEADER 1 COMPUPDATE OFF STATUPDATE ON GZIP COMPROWS 1000 ENCODING UTF8
        """
    ) == CopyCommand(
        database="dev",
        schema="public",
        table="staging_events",
        columns=("artist", "level"),
        source="s3://udacity-dend/log_data",
        role=ROLE,
        region="us-west-2",
        json_argument="s3://udacity-dend/log_json_path.json",
        time_format="epochmillisecs",
        date_format="auto",
        truncate_columns=True,
        blanks_as_null=True,
        empty_as_null=True,
        trim_blanks=True,
        round_decimals=True,
        accept_any_date=True,
        no_load=True,
        accept_inv_chars="^",
        max_error=100,
        ignore_header=1,
        comp_update="off",
        stat_update="on",
        compression="gzip",
    )


@pytest.mark.parametrize(
    "sql",
    [
        f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' FORMAT AS JSON 'auto'",
        f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' FORMAT JSON AS 'auto'",
        f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' FORMAT JSON 'auto'",
        f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' JSON AS 'auto'",
        f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' AS JSON 'auto'",
        f"copy t from 's3://b/k' json 'auto' iam_role '{ROLE}'",
        f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' JSON",
        f"COPY t FROM 's3://b/k' WITH CREDENTIALS AS 'aws_iam_role={ROLE}' JSON 'auto'",
        f"COPY t FROM 's3://b/k' WITH CREDENTIALS 'aws_iam_role={ROLE}' JSON 'auto'",
        f"COPY t FROM 's3://b/k' CREDENTIALS 'aws_iam_role={ROLE}' JSON 'auto'",
    ],
)
def test_spellings_of_the_same_copy(sql: str) -> None:
    assert parsed(sql) == CopyCommand(table="t", source="s3://b/k", role=ROLE)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("COMPUPDATE", "comp_update", "on"),
        ("COMPUPDATE TRUE", "comp_update", "on"),
        ("COMPUPDATE PRESET", "comp_update", "preset"),
        ("STATUPDATE FALSE", "stat_update", "off"),
        ("ACCEPTINVCHARS", "accept_inv_chars", "?"),
        ("ACCEPTINVCHARS '^'", "accept_inv_chars", "^"),
        ("MAXERROR 3", "max_error", 3),
        ("REGION AS 'eu-west-1'", "region", "eu-west-1"),
        ("TIMEFORMAT 'auto'", "time_format", "auto"),
        ("BZIP2", "compression", "bzip2"),
    ],
)
def test_option_values(text: str, field: str, value: object) -> None:
    assert getattr(options(text), field) == value


def test_default_role_is_a_bare_word() -> None:
    assert parsed("COPY t FROM 's3://b/k' IAM_ROLE DEFAULT JSON 'auto'").role == "default"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s3://b/log_data/2018", ("b", "log_data/2018")),
        ("s3://b/log_data/", ("b", "log_data/")),
        ("s3://b", ("b", "")),
    ],
)
def test_source_is_a_bucket_and_a_plain_prefix(source: str, expected: tuple[str, str]) -> None:
    command = parsed(f"COPY t FROM '{source}' IAM_ROLE default JSON 'auto'")
    assert command.bucket_and_prefix == expected


SYNTAX_ERRORS = {
    "COPY t FROM s3://b/k IAM_ROLE default JSON 'auto'": 'syntax error at or near "s3"',
    "COPY t TO 's3://b/k' IAM_ROLE default": 'syntax error at or near "TO"',
    "COPY t FROM": "syntax error at end of input",
    "COPY t (a b) FROM 's3://b/k'": 'syntax error at or near "b"',
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' Foo": 'syntax error at or near "Foo"',
    "COPY t FROM 's3://b/k' IAM_ROLE 7 JSON 'auto'": 'syntax error at or near "7"',
    "COPY t FROM 's3://b/k' IAM_ROLE default FORMAT AS": "syntax error at end of input",
    "COPY t FROM 's3://b/k' IAM_ROLE default FORMAT xml": 'syntax error at or near "xml"',
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' MAXERROR -1": (
        'syntax error at or near "-"'
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' MAXERROR 1.5": (
        'syntax error at or near "1.5"'
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' MAXERROR 100001": (
        "MAXERROR must be between 0 and 100000, got 100001"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default CREDENTIALS 'aws_iam_role=arn' JSON 'auto'": (
        "conflicting or redundant options"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' REGION 'a' REGION 'a'": (
        "conflicting or redundant options"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default GZIP BZIP2 JSON 'auto'": (
        "conflicting or redundant options"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' ACCEPTINVCHARS 'xx'": (
        "ACCEPTINVCHARS takes one ASCII character, got 'xx'"
    ),
    "COPY a.b.c.d FROM 's3://b/k'": ("improper qualified name (too many dotted names): a.b.c.d"),
}


@pytest.mark.parametrize(("sql", "message"), SYNTAX_ERRORS.items())
def test_syntax_errors(sql: str, message: str) -> None:
    assert refusal(sql) == ("42601", message)


def not_supported(what: str) -> str:
    return f"{what} is not supported by this stand-in for Amazon Redshift"


SOURCE_REFUSED = (
    "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)"
)
REFUSED = {
    "COPY t FROM STDIN": SOURCE_REFUSED,
    "COPY t FROM '/tmp/file'": SOURCE_REFUSED,
    "COPY t FROM 's3:///k' IAM_ROLE default": SOURCE_REFUSED,
    "COPY t FROM 'dynamodb://x' IAM_ROLE default": not_supported("COPY from dynamodb://"),
    "COPY t FROM 's3://b/k' IAM_ROLE default": not_supported("COPY without FORMAT JSON"),
    "COPY t FROM 's3://b/k' IAM_ROLE default CSV": not_supported("COPY option CSV"),
    "COPY t FROM 's3://b/k' IAM_ROLE default FORMAT AS CSV": not_supported("COPY option CSV"),
    "COPY t FROM 's3://b/k' IAM_ROLE default FORMAT PARQUET": not_supported("COPY option PARQUET"),
    "COPY t FROM 's3://b/k' ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b' JSON 'auto'": not_supported(
        "COPY option ACCESS_KEY_ID"
    ),
    "COPY t FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=a;aws_secret_access_key=b' JSON": (
        not_supported("COPY with access keys")
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'noshred'": not_supported(
        "COPY option JSON 'noshred'"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' MANIFEST": not_supported(
        "COPY option MANIFEST"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' ENCODING UTF16": not_supported(
        "COPY option ENCODING UTF16"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' DELIMITER ','": (
        "DELIMITER is not supported for JSON"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default NULL AS 'x' JSON 'auto'": (
        "NULL is not supported for JSON"
    ),
}


@pytest.mark.parametrize(("sql", "message"), REFUSED.items())
def test_refused_features(sql: str, message: str) -> None:
    assert refusal(sql) == ("0A000", message)


INVALID_CREDENTIALS = (
    "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
    "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY t FROM 's3://b/k' JSON 'auto'",
        "COPY t FROM 's3://b/k' CREDENTIALS 'arn:aws:iam::1:role/r' JSON 'auto'",
        "COPY t FROM 's3://b/k' CREDENTIALS 'aws_iam_role=' JSON 'auto'",
        "COPY t FROM 's3://b/k' CREDENTIALS 'AWS_IAM_ROLE=arn' JSON 'auto'",
        "COPY t FROM 's3://b/k' CREDENTIALS 'aws_iam_role = arn' JSON 'auto'",
    ],
)
def test_missing_or_malformed_authorization(sql: str) -> None:
    assert refusal(sql) == ("XX000", INVALID_CREDENTIALS)


@pytest.mark.parametrize("argument", ["AUTO", "autoo", "log_json_path.json", "s3://b", "s3://b/"])
def test_json_argument_must_be_auto_or_a_file(argument: str) -> None:
    sqlstate, message = refusal(f"COPY t FROM 's3://b/k' IAM_ROLE default JSON '{argument}'")
    assert sqlstate == "XX000"
    assert message == (
        f"invalid JSON argument '{argument}'; expected 'auto', 'auto ignorecase' or the "
        "s3:// address of a JSONPaths file"
    )
