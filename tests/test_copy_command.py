"""COPY's text: what is read, in every spelling seen in the field, and what is refused."""

from __future__ import annotations

import pytest

from standin.copy.command import CopyCommand, parse
from standin.copy.option_reader import AccessKeys
from standin.dialect.lexer import tokenize
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
        format="json",
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
    assert parsed(sql) == CopyCommand(table="t", source="s3://b/k", role=ROLE, format="json")


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


CSV = "COPY t FROM 's3://b/k' IAM_ROLE default CSV"
TEXT = "COPY t FROM 's3://b/k' IAM_ROLE default"


@pytest.mark.parametrize(
    ("sql", "fields"),
    [
        (TEXT, {}),
        (f"{TEXT} DELIMITER ','", {"delimiter": ","}),
        (f"{TEXT} FORMAT AS DELIMITER AS ';'", {"delimiter": ";"}),
        (f"{TEXT} DELIMITER '\\t'", {"delimiter": "\t"}),
        (f"{TEXT} DELIMITER '\\\\t'", {"delimiter": "\t"}),
        (f"{TEXT} DELIMITER '\\001'", {"delimiter": "\1"}),
        (f"{TEXT} DELIMITER '\\\\036'", {"delimiter": "\x1e"}),
        (f"{TEXT} DELIMITER '|~|'", {"delimiter": "|~|"}),
        (f"{TEXT} NULL AS '\\N'", {"null_as": "\\N"}),
        (f"{TEXT} NULL AS '\\\\N'", {"null_as": "\\N"}),
        (f"{TEXT} null ''", {"null_as": ""}),
        (f"{TEXT} NULL AS 'NULL'", {"null_as": "NULL"}),
        (f"{TEXT} NULL AS '\\000'", {"null_as": "\0"}),
        (f"{TEXT} ESCAPE REMOVEQUOTES", {"escape": True, "remove_quotes": True}),
        (f"{TEXT} FILLRECORD IGNOREBLANKLINES IGNOREHEADER AS 2",
         {"fill_record": True, "ignore_blank_lines": True, "ignore_header": 2}),
        (CSV, {"format": "csv"}),
        (f"{TEXT} FORMAT AS CSV", {"format": "csv"}),
        (f"{TEXT} FORMAT CSV", {"format": "csv"}),
        (f"{CSV} QUOTE AS '%' DELIMITER ';'", {"format": "csv", "quote": "%", "delimiter": ";"}),
        (f"{TEXT} QUOTE '%' CSV", {"format": "csv", "quote": "%"}),
        (f"{TEXT} MANIFEST", {"manifest": True}),
        (f"{TEXT} EXPLICIT_IDS", {"explicit_ids": True}),
        (f"{TEXT} IGNOREALLERRORS", {"ignore_all_errors": True}),
        (f"{TEXT} ENCODING AS UTF16LE", {"encoding": "utf16le"}),
        (f"{TEXT} ENCODING 'iso88591'", {"encoding": "iso88591"}),
        (f"{TEXT} ZSTD", {"compression": "zstd"}),
    ],
)  # fmt: skip
def test_csv_and_delimited_text(sql: str, fields: dict[str, object]) -> None:
    assert parsed(sql) == CopyCommand(table="t", source="s3://b/k", role="default", **fields)


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("ACCESS_KEY_ID 'AKIA' SECRET_ACCESS_KEY 's/+='", AccessKeys("AKIA", "s/+=")),
        ("secret_access_key as 's' access_key_id as 'AKIA'", AccessKeys("AKIA", "s")),
        ("ACCESS_KEY_ID 'ASIA' SECRET_ACCESS_KEY 's' SESSION_TOKEN 't'",
         AccessKeys("ASIA", "s", "t")),
        ("CREDENTIALS 'aws_access_key_id=AKIA;aws_secret_access_key=s'", AccessKeys("AKIA", "s")),
        ("CREDENTIALS AS 'aws_access_key_id=ASIA;aws_secret_access_key=s;token=t=='",
         AccessKeys("ASIA", "s", "t==")),
    ],
)  # fmt: skip
def test_access_keys_are_read_and_never_shown(sql: str, keys: AccessKeys) -> None:
    command = parsed(f"COPY t FROM 's3://b/k' {sql} JSON 'auto'")
    assert (command.access_keys, command.role) == (keys, None)
    assert repr(keys) == f"AccessKeys(key_id='{keys.key_id}')"


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
    f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b'": (
        "conflicting or redundant options"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default MAXERROR 1 IGNOREALLERRORS": (
        "conflicting or redundant options"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' JSON 'auto'": (
        "conflicting or redundant options"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default DELIMITER ''": (
        "DELIMITER takes ASCII characters but no line breaks, got ''"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default DELIMITER 'é'": (
        "DELIMITER takes ASCII characters but no line breaks, got 'é'"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default CSV QUOTE ''": (
        "QUOTE takes one ASCII character, got ''"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default NULL AS '\\n'": "NULL AS cannot be a line break",
    "COPY t FROM 's3://b/k' IAM_ROLE default ENCODING latin9": 'syntax error at or near "latin9"',
    "COPY t FROM 's3://b/k' IAM_ROLE default FORMAT GZIP": 'syntax error at or near "GZIP"',
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
    "COPY t FROM 's3://b/k' IAM_ROLE default FORMAT PARQUET": not_supported("COPY option PARQUET"),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'noshred'": not_supported(
        "COPY option JSON 'noshred'"
    ),
    **{
        f"COPY t FROM 's3://b/k' IAM_ROLE default {option.upper()}": not_supported(
            f"COPY option {option.upper()}"
        )
        for option in (
            "ssh",
            "lzop",
            "avro",
            "orc",
            "rcfile",
            "sequencefile",
            "shapefile",
            "readratio",
            "encrypted",
            "fixedwidth",
        )
    },
    "COPY t FROM 's3://b/k' IAM_ROLE default ENCRYPTED MASTER_SYMMETRIC_KEY 'x'": not_supported(
        "COPY option ENCRYPTED"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default FIXEDWIDTH 'a:1' JSON": (
        "FIXEDWIDTH is not supported for JSON"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto' CSV": "CSV is not supported for JSON",
    "COPY t FROM 's3://b/k' IAM_ROLE default CSV ESCAPE": "ESCAPE is not supported for CSV",
    "COPY t FROM 's3://b/k' IAM_ROLE default REMOVEQUOTES FORMAT CSV": (
        "REMOVEQUOTES is not supported for CSV"
    ),
    "COPY t FROM 's3://b/k' IAM_ROLE default QUOTE '%'": (
        "QUOTE is not supported for delimited text"
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
        "COPY t FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=a' JSON 'auto'",
        "COPY t FROM 's3://b/k' CREDENTIALS "
        "'aws_access_key_id=a; aws_secret_access_key=b' JSON 'auto'",
        "COPY t FROM 's3://b/k' ACCESS_KEY_ID 'a' JSON 'auto'",
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
