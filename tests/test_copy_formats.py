"""COPY of CSV and delimited text, manifests, encodings, keys: from objects to rows and errors."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import Project
from test_copy_load import ID, NAME, Bucket, failure, rows

from standin.copy.columns import Column
from standin.copy.command import parse
from standin.copy.load import Load
from standin.dialect.lexer import tokenize
from standin.sqlerror import SqlError

KEY = Column("key", "integer", not_null=True, is_identity=True)


def make_load(
    objects: dict[str, bytes],
    options: str = "",
    *columns: Column,
    source: str = "s3://b/data",
    listed: str = "",
) -> Load:
    sql = f"COPY t {listed} FROM '{source}' IAM_ROLE default {options}"
    return Load(parse(tokenize(sql)), columns or (ID, NAME), Bucket(objects), "t")


def loaded(data: bytes, options: str = "", *columns: Column) -> list[str]:
    return rows(make_load({"data": data}, options, *columns))


def errors(data: bytes, options: str = "", *columns: Column) -> list[tuple[object, ...]]:
    """The errors of a load that may have many, as (line, column, code, reason)."""
    load = make_load({"data": data}, f"{options} MAXERROR 100000", *columns)
    rows(load)
    return [
        (error.line_number, error.column_name, error.error_code, error.error_message)
        for error in load.errors
    ]


CHAR = Column("code", "char", 3)
FLAG = Column("flag", "boolean")


@pytest.mark.parametrize(
    ("data", "options", "columns", "expected"),
    [
        (b"1|a\n2|\n", "", (ID, NAME), ["1\ta", "2\t"]),
        (b"1|a|\n", "", (ID, NAME), ["1\ta"]),
        (b"|\n", "", (ID, NAME), ["\\N\t"]),
        (b"|\n", "EMPTYASNULL", (ID, NAME), ["\\N\t\\N"]),
        (b"1,x\\N\n\\N,\\N\n", "CSV", (ID, NAME), ["1\tx\\N", "\\N\t\\N"]),
        (b'1,"two\nlines"\n', "CSV", (ID, NAME), ["1\ttwo\nlines"]),
        (b"1\n", "FILLRECORD", (ID, NAME, CHAR), ["1\t\t\\N"]),
        (b"1\n", "FILLRECORD EMPTYASNULL", (ID, NAME, CHAR), ["1\t\\N\t\\N"]),
        (b"1,  \n", "CSV BLANKSASNULL", (ID, NAME), ["1\t\\N"]),
        (b"1,a  \n", "CSV TRIMBLANKS", (ID, NAME), ["1\ta"]),
        (b"1|abcdefghijkl\n", "TRUNCATECOLUMNS", (ID, NAME), ["1\tabcdefghi"]),
        (b"t|x\n0|y\n", "", (FLAG, NAME), ["t\tx", "f\ty"]),
        (b"1541106106796\n", "TIMEFORMAT 'epochmillisecs'", (Column("at", "timestamp"),),
         ["2018-11-01 21:01:46.796"]),
        (b"10.259\n", "ROUNDEC", (Column("n", "numeric", precision=5, scale=2),), ["10.26"]),
        ("ü|é".encode("latin-1"), "ENCODING ISO88591", (NAME, CHAR), []),
        ("1|é\n".encode("latin-1"), "ENCODING ISO88591", (ID, NAME), ["1\té"]),
        ("1|é\n".encode("utf-16"), "ENCODING UTF16", (ID, NAME), ["1\té"]),
        ("1|é\n".encode("utf-16-be"), "ENCODING AS UTF16BE", (ID, NAME), ["1\té"]),
        (gzip.compress("1|é\n".encode("utf-16-le"), mtime=0), "GZIP ENCODING UTF16LE", (ID, NAME),
         ["1\té"]),
        ('{"id":1,"name":"é"}'.encode("utf-16"), "JSON ENCODING UTF16", (ID, NAME), ["1\té"]),
    ],
)  # fmt: skip
def test_loaded(
    data: bytes, options: str, columns: tuple[Column, ...], expected: list[str]
) -> None:
    assert loaded(data, f"{options} MAXERROR 100000", *columns) == expected


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (b"1|a|b\n2|c\n", "", [(1, "", 1202, "Extra column(s) found")]),
        (b"1,a,\n", "CSV", [(1, "", 1202, "Extra column(s) found")]),
        (b"1\n2|c\n", "", [(1, "name", 1214, "Delimiter not found")]),
        (b"1|a\n\n2|b\n", "", [(2, "", 1211, "Empty line")]),
        (b"39.0|a\n", "", [(1, "id", 1207, "Invalid digit, Value '.', Pos 2, Type: Integer")]),
        (b"1|abcdefghijkl\n", "", [(1, "name", 1204, "String length exceeds DDL length")]),
        (b"1|a\xff\n", "",
         [(1, "name", 1220, "String contains invalid or unsupported UTF-8 codepoints. "
           "Bad UTF-8 hex sequence: ff (error 3)")]),
        (b'1,"a\nb"\nx,y\n', "CSV",
         [(3, "id", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")]),
        (b'1,a"b\n', "CSV", [(1, "", 1214, "Invalid quote formatting for CSV")]),
        (b"id,name\n1,abcdefghijkl\n", "CSV IGNOREHEADER 1",
         [(2, "name", 1204, "String length exceeds DDL length")]),
    ],
)  # fmt: skip
def test_rejected(data: bytes, options: str, expected: list[tuple[object, ...]]) -> None:
    assert errors(data, options) == expected


@pytest.mark.long
def test_all_errors_can_be_ignored() -> None:
    load = make_load({"data": b"x|a\n" * 100_001 + b"1|a\n"}, "IGNOREALLERRORS")
    assert rows(load) == ["1\ta"]
    assert len(load.errors) == 100_001


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"1|a\n", "GZIP", "GZIP stream cannot be read: Not a gzipped file (b'1|')"),
        (gzip.compress(b"1|a\n" * 999, mtime=0)[:30], "GZIP",
         "GZIP stream cannot be read: Compressed file ended before the end-of-stream marker was "
         "reached"),
        (gzip.compress(b"", mtime=0)[:10] + b"\xff" * 20, "GZIP",
         "GZIP stream cannot be read: Error -3 while decompressing data: invalid block type"),
        (b"1|a\n", "BZIP2", "BZIP2 stream cannot be read: Invalid data stream"),
        (b"\xff\xfe1\0|", "ENCODING UTF16",
         "UTF16 stream cannot be read: 'utf-16-le' codec can't decode byte 0x7c in position 0: "
         "truncated data"),
    ],
)  # fmt: skip
def test_unreadable(data: bytes, options: str, message: str) -> None:
    error = failure(make_load({"data": data}, options))
    assert (error.sqlstate, error.message) == ("XX000", message)
    assert "context:   S3 key being read : s3://b/data" in (error.detail or "")


def test_identity_columns_are_left_out_unless_ids_are_explicit() -> None:
    objects = {"data": b"1|a\n"}
    assert make_load(objects, "", KEY, NAME).target_columns == ("name",)
    explicit = make_load(objects, "EXPLICIT_IDS", KEY, NAME)
    assert (explicit.target_columns, rows(explicit)) == (("key", "name"), ["1\ta"])
    for options, listed, message in (
        ("", "(key)", "cannot set an identity column to a value"),
        ("EXPLICIT_IDS", "(name)", "EXPLICIT_IDS needs an IDENTITY column among the columns to "
         "load, got none in table 't'"),
    ):  # fmt: skip
        with pytest.raises(SqlError) as caught:
            make_load(objects, options, KEY, NAME, listed=listed)
        assert caught.value.message == message


def test_a_required_column_that_is_not_listed_fails_every_row() -> None:
    required = Column("required", "integer", not_null=True)
    load = make_load({"data": b"1\n2\n"}, "MAXERROR 9", ID, required, listed="(id)")
    assert rows(load) == []
    assert [(e.column_name, e.error_code, e.error_message) for e in load.errors] == [
        ("required", 1213, "Missing data for not-null field")
    ] * 2
    has_default = Column("required", "integer", not_null=True, has_default=True)
    assert rows(make_load({"data": b"1\n"}, "", ID, has_default, listed="(id)")) == ["1"]


def manifest(*entries: object) -> bytes:
    return json.dumps({"entries": list(entries), "meta": {}}).encode()


FILES = {"a": b"1|a\n", "b": b"2|b\n", "bc": b"3|c\n"}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([{"url": "s3://x/b", "mandatory": True}, {"url": "s3://y/a"}], ["2\tb", "1\ta"]),
        ([{"url": "s3://x/b"}, {"url": "s3://x/b", "meta": {"content_length": 3}}],
         ["2\tb", "2\tb"]),
        ([{"url": "s3://x/gone", "mandatory": False}, {"url": "s3://x/a"}], ["1\ta"]),
    ],
    ids=["order and buckets", "twice", "absent"],
)  # fmt: skip
def test_manifest(entries: list[object], expected: list[str]) -> None:
    objects = {**FILES, "m": manifest(*entries)}
    assert rows(make_load(objects, "MANIFEST", source="s3://b/m")) == expected


UNREADABLE = "Problem reading manifest file - "
EXPECTED = 'expected {"entries": [{"url": ..}, ..]}'
NO_SUCH_KEY = (
    "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,"
    "Rid 0000000000000000,ExtRid standin,CanRetry 1"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (manifest({"url": "s3://x/gone", "mandatory": True}), NO_SUCH_KEY),
        (manifest({"url": "s3://x/gone"}), "No file that the manifest lists was found"),
        (manifest(), "No file that the manifest lists was found"),
        (manifest({"url": "x/a"}), f"{UNREADABLE}expected the s3:// address of an object, "
         'got "x/a"'),
        (manifest({}), f"{UNREADABLE}expected the s3:// address of an object, got null"),
        (manifest({"url": "s3://x/a", "mandatory": "yes"}),
         f'{UNREADABLE}expected mandatory to be true or false, got "yes"'),
        (b"{}", f"{UNREADABLE}{EXPECTED}, got {{}}"),
        (b"[]", f"{UNREADABLE}{EXPECTED}, got []"),
        (b'{"entries": {}}', f'{UNREADABLE}{EXPECTED}, got {{"entries": {{}}}}'),
        (manifest("x"), f'{UNREADABLE}{EXPECTED}, got the entry "x"'),
        (manifest("x" * 1000), f'{UNREADABLE}{EXPECTED}, got the entry "{"x" * 99}..'),
        (b"[" * 100_000, f"{UNREADABLE}{EXPECTED}: nested too deep"),
        (b"1|a", f"{UNREADABLE}{EXPECTED}: Extra data: line 1 column 2 (char 1)"),
    ],
)  # fmt: skip
def test_manifest_refused(content: bytes, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        make_load({**FILES, "m": content}, "MANIFEST", source="s3://b/m")
    assert (caught.value.sqlstate, caught.value.message) == ("XX000", message)


def test_a_manifest_is_named_exactly() -> None:
    objects = {**FILES, "manifest": manifest({"url": "s3://x/a"})}
    with pytest.raises(SqlError) as caught:
        make_load(objects, "MANIFEST", source="s3://b/mani")
    assert caught.value.message == (
        "COPY with MANIFEST parameter requires full path of an S3 object."
    )


def run(project: Project, *statements: str) -> list[tuple[Any, ...]]:
    with closing(project.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for sql in statements:
            cursor.execute(sql)
        return list(cursor.fetchall())


def test_csv_with_keys_over_the_wire(project: Project) -> None:
    project.put("rows/1.csv.gz", gzip.compress(b'id;name\n7;"a;b\nc"\n', mtime=0))
    project.client("iam").create_user(UserName=project.name)
    key = project.client("iam").create_access_key(UserName=project.name)["AccessKey"]
    credentials = (
        f"aws_access_key_id={key['AccessKeyId']};aws_secret_access_key={key['SecretAccessKey']}"
    )
    assert run(
        project,
        "CREATE TABLE t (key INTEGER IDENTITY(0, 1), id SMALLINT, name VARCHAR)",
        f"COPY public.t FROM 's3://{project.bucket}/rows/' -- the first of January\n"
        f"CREDENTIALS '{credentials}' CSV DELIMITER ';' IGNOREHEADER 1 gzip region 'us-west-2';",
        "SELECT id, name FROM t",
    ) == [(7, "a;b\nc")]


@pytest.mark.parametrize(
    ("key_id", "secret", "code"),
    [
        ("AKIAUNKNOWN", "x", "InvalidAccessKeyId"),
        ("AKIDEXAMPLE", "x", "InvalidAccessKeyId"),
        ("test", "wrong", "SignatureDoesNotMatch"),
    ],
)
def test_wrong_keys(project: Project, key_id: str, secret: str, code: str) -> None:
    project.put("rows/1", "1")
    with pytest.raises(psycopg2.InternalError, match=f"S3ServiceException:.*,Error {code},"):
        run(
            project,
            "CREATE TABLE t (id SMALLINT)",
            f"COPY t FROM 's3://{project.bucket}/rows/' ACCESS_KEY_ID '{key_id}' "
            f"SECRET_ACCESS_KEY '{secret}'",
        )
