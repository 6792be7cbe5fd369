"""UNLOAD over the wire: files, names, manifests, refusals, and COPY reads back what it writes."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import re
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
import zstandard
from conftest import Project, module_project
from wire import SYNC, Wire, bind_and_execute, codes

from standin import Standin
from standin.cloud import folders
from standin.wire import protocol, reading, unload_session, writing

POLICY = ("s3:PutObject", "s3:DeleteObject")
# id, text, CHAR, number, moment, truth: every character that some format treats in its own way.
ROWS = [
    (1, "plain", "ab", "1.50", "2018-11-01 21:01:46.796", True),
    (2, "", "", None, None, None),
    (3, None, None, "-0.01", "2018-11-01 00:00:00", False),
    (4, "quote \" and '", "cd", "0.00", "1969-12-31 23:59:59", True),
    (5, "tab\tpipe|comma,", "ef", "7.00", "2018-11-02 00:00:00", True),
    (6, "line\nfeed", "gh", "7.00", "2018-11-02 00:00:00", True),
    (7, "back\\slash\\N", "ij", "7.00", "2018-11-02 00:00:00", True),
    (8, "Zoë 😀 \u2028", "kl", "7.00", "2018-11-02 00:00:00", True),
    (9, " blanks ", "mn", "7.00", "2018-11-02 00:00:00", True),
    (10, '"', "op", "7.00", "2018-11-02 00:00:00", True),
]
COLUMNS = (
    "(id INTEGER, name VARCHAR(100), code CHAR(2), amount DECIMAL(8,2), at TIMESTAMP, ok BOOLEAN)"
)


def allow(project: Project, *actions: str) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    project.client("iam").put_role_policy(
        RoleName=project.name,
        PolicyName="write",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


@pytest.fixture(scope="module")
def warehouse(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the table `t` of ROWS and a role that may write."""
    made = module_project(standin, tmp_path_factory, "unload")
    allow(made, *POLICY)
    with closing(made.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE t {COLUMNS}")
        for row in ROWS:
            cursor.execute("INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s)", row)
    return made


@pytest.fixture
def cursor(warehouse: Project) -> Iterator[Any]:
    with closing(warehouse.connect()) as connection:
        connection.autocommit = True
        yield connection.cursor()
    warehouse.clear("")


@pytest.fixture
def unload(warehouse: Project, cursor: Any) -> Callable[..., dict[str, bytes]]:
    """Run an UNLOAD to s3://bucket/out/; the objects that are there then."""

    def run(query: str, options: str = "", prefix: str = "out/") -> dict[str, bytes]:
        cursor.execute(statement(warehouse, query, options, prefix))
        return objects(warehouse)

    return run


def statement(project: Project, query: str, options: str = "", prefix: str = "out/") -> str:
    quoted = query.replace("\\", "\\\\").replace("'", "''")
    role = (
        ""
        if "aws_" in options or "ACCESS_KEY_ID" in options or "IAM_ROLE" in options
        else (f"IAM_ROLE '{project.values['IAM_ROLE']['ARN']}' ")
    )
    return f"UNLOAD ('{quoted}') TO 's3://{project.bucket}/{prefix}' {role}{options}"


def objects(project: Project) -> dict[str, bytes]:
    s3 = project.client("s3")
    listing = s3.list_objects_v2(Bucket=project.bucket, Prefix="out").get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket=project.bucket, Key=item["Key"])["Body"].read()
        for item in listing
    }


FILES = {
    "text": (
        "SELECT 1 AS a, 'x|y' AS b, NULL::INTEGER AS c, '' AS d",
        "",
        {"0000_part_00": b"1|x|y||\n"},
    ),
    "header": (
        "SELECT 1 AS a, 'x' AS b",
        "HEADER DELIMITER AS ','",
        {"0000_part_00": b"a,b\n1,x\n"},
    ),
    "tab": ("SELECT 1, 'x'", "DELIMITER '\\\\t'", {"0000_part_00": b"1\tx\n"}),
    "add quotes": (
        "SELECT 1 AS a, 'x|y' AS b, NULL::INTEGER AS c",
        "ADDQUOTES HEADER",
        {"0000_part_00": b'"a"|"b"|"c"\n"1"|"x|y"|\n'},
    ),
    "escape": (
        "SELECT DATE '2018-11-01' AS d, 'a-b\\\\c\nd' AS t",
        "ESCAPE DELIMITER '-'",
        {"0000_part_00": b"2018-11-01-a\\-b\\\\c\\\nd\n"},
    ),
    "escape and quotes": (
        """SELECT 'a"b''c' AS t""",
        "ESCAPE ADDQUOTES",
        {"0000_part_00": b'"a\\"b\\\'c"\n'},
    ),
    "null as": ("SELECT NULL::INTEGER, 1", "NULL AS 'none'", {"0000_part_00": b"none|1\n"}),
    "csv": (
        "SELECT 1 AS a, 'x,y' AS b, 'say \"hi\"' AS c, '' AS d, NULL::INTEGER AS e, 'l\nf' AS f",
        "FORMAT AS CSV HEADER",
        {"0000_part_00": b'a,b,c,d,e,f\n1,"x,y","say ""hi""","",,"l\nf"\n'},
    ),
    "csv with another delimiter": (
        "SELECT 'x,y' AS a, 'p|q' AS b",
        "CSV DELIMITER '|'",
        {"0000_part_00": b'x,y|"p|q"\n'},
    ),
    "json": (
        "SELECT 1 AS a, 'x\"\n\\\\é' AS b, NULL AS c, TRUE AS d, 1.50 AS e, 2.5::FLOAT8 AS f,"
        " DATE '2018-11-01' AS g",
        "FORMAT JSON",
        {
            "0000_part_00": '{"a":1,"b":"x\\"\\n\\\\é","c":null,"d":"t","e":1.50,"f":2.5,'
            '"g":"2018-11-01"}\n'.encode()
        },
    ),
    "serial": ("SELECT 1", "PARALLEL OFF", {"000": b"1\n"}),
    "extension": ("SELECT 1", "PARALLEL FALSE EXTENSION 'tbl'", {"000.tbl": b"1\n"}),
    "no row": ("SELECT 1 WHERE FALSE", "HEADER MANIFEST", {}),
    "redshift's sql": (
        "SELECT NVL(NULL, x) AS x, DATEDIFF(day, '2018-11-01', '2018-11-03') FROM (SELECT 5 AS x)",
        "",
        {"0000_part_00": b"5|2\n"},
    ),
    "a limit inside": (
        "SELECT id FROM t WHERE id IN (SELECT id FROM t ORDER BY id DESC LIMIT 1)",
        "",
        {"0000_part_00": b"10\n"},
    ),
    "order": ("SELECT id FROM t WHERE id < 4 ORDER BY id DESC", "", {"0000_part_00": b"3\n2\n1\n"}),
    "partitions": (
        "SELECT id, code, DATE(at) AS day FROM t WHERE id IN (1, 3, 4)",
        "CSV PARTITION BY (day, code)",
        {
            "day=2018-11-01/code=ab/0000_part_00": b"1\n",
            "day=2018-11-01/code=__HIVE_DEFAULT_PARTITION__/0000_part_00": b"3\n",
            "day=1969-12-31/code=cd/0000_part_00": b"4\n",
        },
    ),
    "partitions kept in the files": (
        "SELECT 1 AS id, 'a/b' AS k UNION ALL SELECT 2, 'c'",
        "PARTITION BY (k) INCLUDE HEADER",
        {"k=a%2Fb/0000_part_00": b"id|k\n1|a/b\n", "k=c/0000_part_00": b"id|k\n2|c\n"},
    ),
}


@pytest.mark.parametrize(("query", "options", "expected"), FILES.values(), ids=FILES)
def test_files(
    unload: Callable[..., dict[str, bytes]],
    query: str,
    options: str,
    expected: dict[str, bytes],
) -> None:
    assert unload(query, options) == {f"out/{key}": data for key, data in expected.items()}


# UNLOAD's options -> those of the COPY that reads the same rows back, and the rows it can carry.
ROUND_TRIPS = {
    "text": ("ESCAPE NULL AS 'nil'", "ESCAPE NULL AS 'nil'"),
    "text, quoted": ("ESCAPE ADDQUOTES NULL AS 'nil'", "ESCAPE REMOVEQUOTES NULL AS 'nil'"),
    "csv": ("CSV NULL AS 'nil'", "CSV NULL AS 'nil'"),
    "csv, header, tab": (
        "CSV HEADER DELIMITER '\\\\t' NULL 'nil'",
        "CSV IGNOREHEADER 1 DELIMITER '\\\\t' NULL 'nil'",
    ),
    "json": ("JSON", "JSON 'auto'"),
    "encrypted by S3": ("JSON ENCRYPTED", "JSON 'auto'"),
    "gzip": ("JSON GZIP PARALLEL OFF", "JSON 'auto' GZIP"),
    "bzip2": ("CSV BZIP2 NULL 'nil'", "CSV BZIP2 NULL 'nil'"),
    "zstd": ("CSV ZSTD NULL 'nil'", "CSV ZSTD NULL 'nil'"),
    "manifest": ("JSON MANIFEST VERBOSE", "JSON 'auto' MANIFEST"),
}


@pytest.mark.parametrize(("written", "read"), ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_copy_reads_the_same_rows_back(
    warehouse: Project, cursor: Any, written: str, read: str
) -> None:
    cursor.execute(statement(warehouse, "SELECT * FROM t", written))
    cursor.execute(f"CREATE TEMP TABLE copied {COLUMNS}")
    source = "out/manifest" if "MANIFEST" in written else "out/"
    cursor.execute(
        f"COPY copied FROM 's3://{warehouse.bucket}/{source}' "
        f"IAM_ROLE '{warehouse.values['IAM_ROLE']['ARN']}' {read}"
    )
    cursor.execute("SELECT * FROM copied ORDER BY id")
    copied = cursor.fetchall()
    cursor.execute("SELECT * FROM t ORDER BY id")
    assert copied == cursor.fetchall()
    assert len(copied) == len(ROWS)


COMPRESSED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "GZIP": (".gz", gzip.decompress),
    "BZIP2": (".bz2", bz2.decompress),
    "ZSTD": (".zst", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
}


@pytest.mark.parametrize("option", COMPRESSED)
def test_compressed_files_are_named_after_it(
    unload: Callable[..., dict[str, bytes]], option: str
) -> None:
    suffix, decompress = COMPRESSED[option]
    ((key, data),) = unload("SELECT id FROM t WHERE id < 3 ORDER BY id", option).items()
    assert (key, decompress(data)) == (f"out/0000_part_00{suffix}", b"1\n2\n")
    assert "out/0000_part_00.x" in unload("SELECT 1", f"{option} EXTENSION 'x' CLEANPATH")


REFUSED = {
    "limit": ("SELECT id FROM t LIMIT 1", "", "42601", "Limit clause is not supported"),
    "top": ("SELECT TOP 1 id FROM t", "", "42601", "Limit clause is not supported"),
    "limit of a union": (
        "SELECT 1 UNION SELECT 2 LIMIT 1",
        "",
        "42601",
        "Limit clause is not supported",
    ),
    "no query": ("DELETE FROM t", "", "42601", 'syntax error at or near "DELETE"'),
    "nothing": (" ", "", "42601", "syntax error at end of input"),
    "two queries": ("SELECT 1; SELECT 2", "", "42601", 'syntax error at or near "SELECT"'),
    "unknown option": ("SELECT 1", "FAST", "42601", 'syntax error at or near "FAST"'),
    "twice": ("SELECT 1", "HEADER HEADER", "42601", "conflicting or redundant options"),
    "two ways of existing files": (
        "SELECT 1",
        "ALLOWOVERWRITE CLEANPATH",
        "42601",
        "conflicting or redundant options",
    ),
    "quotes in csv": (
        "SELECT 1",
        "CSV ADDQUOTES",
        "0A000",
        "ADDQUOTES is not supported for UNLOAD to CSV",
    ),
    "header in json": (
        "SELECT 1",
        "HEADER JSON",
        "0A000",
        "HEADER is not supported for UNLOAD to JSON",
    ),
    "parquet": (
        "SELECT 1",
        "FORMAT AS PARQUET",
        "0A000",
        "UNLOAD option PARQUET is not supported by this stand-in for Amazon Redshift",
    ),
    "a key": (
        "SELECT 1",
        "ENCRYPTED KMS_KEY_ID '1234'",
        "0A000",
        "UNLOAD option KMS_KEY_ID is not supported by this stand-in for Amazon Redshift",
    ),
    "the key of the bucket": (
        "SELECT 1",
        "ENCRYPTED AUTO",
        "0A000",
        "UNLOAD option ENCRYPTED AUTO is not supported by this stand-in for Amazon Redshift",
    ),
    "small files": (
        "SELECT 1",
        "MAXFILESIZE 4.9 MB",
        "42601",
        "MAXFILESIZE must be between 5 MB and 6.2 GB, got 4.9 MB",
    ),
    "large files": (
        "SELECT 1",
        "MAXFILESIZE AS 6.3 GB",
        "42601",
        "MAXFILESIZE must be between 5 MB and 6.2 GB, got 6.3 GB",
    ),
    "a long delimiter": (
        "SELECT 1",
        "DELIMITER '||'",
        "42601",
        "DELIMITER takes one ASCII character, got '||'",
    ),
    "a line break as delimiter": (
        "SELECT 1",
        "DELIMITER '\\n'",
        "42601",
        "DELIMITER cannot be a line break",
    ),
    "no such table": ("SELECT 1 FROM nix", "", "42P01", 'relation "nix" does not exist'),
    "equal names in json": (
        "SELECT 1 AS a, 2 AS a",
        "JSON",
        "0A000",
        'UNLOAD to JSON needs unique column names, got "a" more than once',
    ),
    "a partition that is no column": (
        "SELECT 1 AS a",
        "PARTITION BY (b)",
        "42703",
        'partition column "b" is not among the columns of the query',
    ),
    "nothing but partitions": (
        "SELECT 1 AS a",
        "PARTITION BY (a)",
        "0A000",
        "UNLOAD with PARTITION BY needs at least one column that is not a partition column",
    ),
    "a partition of a type": (
        "SELECT 1 AS a, 1.5::FLOAT8 AS b",
        "PARTITION BY (b)",
        "0A000",
        'column "b" of type double precision cannot be a partition column',
    ),
    "an unknown role": (
        "SELECT 1",
        "IAM_ROLE 'arn:aws:iam::123456789012:role/nobody'",
        "XX000",
        "User arn:aws:redshift:us-west-2:123456789012:dbuser:{name}/dwhuser is not authorized to "
        "assume IAM Role arn:aws:iam::123456789012:role/nobody",
    ),
    "unknown keys": (
        "SELECT 1",
        "ACCESS_KEY_ID 'AKIA0000' SECRET_ACCESS_KEY 'x'",
        "XX000",
        "S3ServiceException:The AWS Access Key Id you provided does not exist in our records.,"
        "Status 403,Error InvalidAccessKeyId,Rid 0000000000000000,ExtRid standin,CanRetry 1",
    ),
    "another region": (
        "SELECT 1",
        "REGION 'eu-west-1'",
        "XX000",
        "S3ServiceException:The bucket you are attempting to access must be addressed using the "
        "specified endpoint. Please send all future requests to this endpoint.,Status 301,"
        "Error PermanentRedirect,Rid 0000000000000000,ExtRid standin,CanRetry 1",
    ),
    "a failure among the rows": (
        "SELECT 1 / (id - 3) FROM t ORDER BY id",
        "",
        "XX000",
        "Divide by zero",
    ),
}


@pytest.mark.parametrize(("query", "options", "sqlstate", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(
    warehouse: Project, cursor: Any, query: str, options: str, sqlstate: str, message: str
) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        cursor.execute(statement(warehouse, query, options))
    told = (caught.value.pgcode, caught.value.diag.message_primary)
    assert told == (sqlstate, message.replace("{name}", warehouse.name))
    assert objects(warehouse) == {}
    cursor.execute("SELECT 1")


def test_what_is_there_is_kept_unless_told(
    warehouse: Project, unload: Callable[..., dict[str, bytes]], cursor: Any
) -> None:
    earlier = {"out/0000_part_00": b"old", "out/other": b"old"}
    for key, data in earlier.items():
        warehouse.put(key, data)
    with pytest.raises(psycopg2.InternalError) as caught:
        unload("SELECT 1")
    assert caught.value.diag.message_primary == (
        "Specified unload destination on S3 is not empty. Consider using a different bucket / "
        "prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option."
    )
    number = re.search(r"query: +(\d+)", caught.value.diag.message_detail)
    assert number is not None and int(number[1]) > 0
    assert objects(warehouse) == earlier
    assert unload("SELECT 1", "ALLOWOVERWRITE") == {
        "out/0000_part_00": b"1\n",
        "out/other": b"old",
    }
    assert unload("SELECT 2", "CLEANPATH") == {"out/0000_part_00": b"2\n"}


def test_cleanpath_of_partitions_cleans_those_that_are_written(
    warehouse: Project, unload: Callable[..., dict[str, bytes]]
) -> None:
    for key in ("out/k=1/x", "out/k=2/x", "out/x"):
        warehouse.put(key, b"old")
    assert unload("SELECT 5 AS a, 1 AS k", "PARTITION BY (k) CLEANPATH", prefix="out") == {
        "out/k=1/0000_part_00": b"5\n",
        "out/k=2/x": b"old",
        "out/x": b"old",
    }


def test_files_end_at_maxfilesize(
    warehouse: Project, unload: Callable[..., dict[str, bytes]], cursor: Any
) -> None:
    files = unload(
        "SELECT n, REPEAT('x', 1000) FROM GENERATE_SERIES(1, 12000) AS n ORDER BY n",
        "MAXFILESIZE 5 MB MANIFEST VERBOSE HEADER",
    )
    manifest = json.loads(files.pop("out/manifest"))
    assert list(files) == [f"out/0000_part_0{n}" for n in range(3)]
    limit = 5 << 20
    assert all(limit - 2000 < len(data) <= limit for data in list(files.values())[:2])
    rows = [data.splitlines()[1:] for data in files.values()]
    assert all(data.startswith(b"n|repeat\n") for data in files.values())
    assert [int(row.split(b"|")[0]) for part in rows for row in part] == list(range(1, 12001))
    assert manifest["entries"] == [
        {
            "url": f"s3://{warehouse.bucket}/{key}",
            "meta": {"content_length": len(data), "record_count": data.count(b"\n")},
        }
        for key, data in files.items()
    ]
    assert manifest["meta"] == {
        "content_length": sum(map(len, files.values())),
        "record_count": 12003,
    }


def test_a_manifest_lists_the_files_and_in_full_the_columns(
    warehouse: Project, unload: Callable[..., dict[str, bytes]]
) -> None:
    files = unload("SELECT id, name, code, amount, ok FROM t", "MANIFEST")
    assert json.loads(files["out/manifest"]) == {
        "entries": [{"url": f"s3://{warehouse.bucket}/out/0000_part_00"}]
    }
    files = unload("SELECT id, name, code, amount, ok FROM t", "MANIFEST VERBOSE ALLOWOVERWRITE")
    manifest = json.loads(files["out/manifest"])
    assert manifest["schema"]["elements"] == [
        {"name": "id", "type": {"base": "integer"}},
        {"name": "name", "type": {"base": "character varying", "max_length": 100}},
        {"name": "code", "type": {"base": "character", "max_length": 2}},
        {"name": "amount", "type": {"base": "numeric", "precision": 8, "scale": 2}},
        {"name": "ok", "type": {"base": "boolean"}},
    ]
    assert manifest["author"] == {"name": "Amazon Redshift", "version": "1.0.0"}


def test_what_the_client_hears(
    warehouse: Project, unload: Callable[..., dict[str, bytes]], cursor: Any
) -> None:
    cursor.execute("SELECT pg_last_unload_id(), pg_last_unload_count()")
    assert cursor.fetchall() == [(-1, 0)]
    unload("SELECT id FROM t", "CSV")
    assert cursor.statusmessage == "UNLOAD"
    assert cursor.connection.notices == [
        "INFO:  UNLOAD completed, 10 record(s) unloaded successfully.\n"
    ]
    cursor.execute("SELECT pg_last_unload_id(), pg_last_unload_count()")
    ((query_id, count),) = cursor.fetchall()
    assert count == 10
    url = f"s3://{warehouse.bucket}/out/0000_part_00"
    for sql, expected in {
        "SELECT status, file_format, compression_type, unloaded_location, unloaded_rows, "
        "unloaded_files_count, unloaded_files_size, error_message, session_id = pg_backend_pid() "
        "FROM sys_unload_history WHERE query_id = %s": (
            "completed", "CSV", "NONE", f"s3://{warehouse.bucket}/out/", 10, 1, 21, None, True,
        ),
        "SELECT trim(file_name), line_count, transfer_size, trim(file_format) "
        "FROM sys_unload_detail WHERE query_id = %s": (url, 10, 21, "CSV"),
        "SELECT trim(path), line_count, transfer_size, slice FROM stl_unload_log "
        "WHERE query = %s": (url, 10, 21, 0),
    }.items():  # fmt: skip
        cursor.execute(sql, (query_id,))
        assert cursor.fetchall() == [expected]


def test_a_failed_unload_counts_as_none(
    warehouse: Project, unload: Callable[..., dict[str, bytes]], cursor: Any
) -> None:
    unload("SELECT id FROM t")
    with pytest.raises(psycopg2.InternalError, match="Divide by zero"):
        unload("SELECT 1 / (id - 3) FROM t", "ALLOWOVERWRITE")
    cursor.execute("SELECT COUNT(*) FROM sys_unload_history")
    logged = cursor.fetchone()
    cursor.execute(
        "SELECT pg_last_unload_count(), status, error_message, unloaded_files_count "
        "FROM sys_unload_history WHERE query_id = pg_last_unload_id()"
    )
    assert cursor.fetchall() == [(0, "aborted", "Divide by zero", 0)]
    with pytest.raises(psycopg2.errors.SyntaxError):
        unload("SELECT 1 LIMIT 1")
    cursor.execute("SELECT COUNT(*) FROM sys_unload_history")
    assert cursor.fetchone() == logged


def test_an_unload_sees_its_transaction_and_needs_the_privilege(
    warehouse: Project, cursor: Any
) -> None:
    cursor.execute("BEGIN; CREATE TABLE own (a INTEGER); INSERT INTO own VALUES (7)")
    cursor.execute(statement(warehouse, "SELECT a FROM own"))
    cursor.execute("ROLLBACK")
    assert objects(warehouse) == {"out/0000_part_00": b"7\n"}
    cursor.execute("CREATE TEMP TABLE secret (a INTEGER); REVOKE ALL ON secret FROM dwhuser")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement(warehouse, "SELECT a FROM secret", "ALLOWOVERWRITE"))


def test_a_served_folder_is_never_written_to(
    warehouse: Project, cursor: Any, tmp_path: Any
) -> None:
    folders.serve("unload-folder", tmp_path)
    role = warehouse.values["IAM_ROLE"]["ARN"]
    with pytest.raises(psycopg2.errors.FeatureNotSupported) as caught:
        cursor.execute(f"UNLOAD ('SELECT 1') TO 's3://unload-folder/x' IAM_ROLE '{role}'")
    assert caught.value.diag.message_primary == (
        "bucket unload-folder is a folder served read-only, so nothing can be unloaded to it"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_does_not_exist(warehouse: Project, cursor: Any) -> None:
    role = warehouse.values["IAM_ROLE"]["ARN"]
    with pytest.raises(psycopg2.InternalError, match="The specified bucket does not exist"):
        cursor.execute(f"UNLOAD ('SELECT 1') TO 's3://nowhere-at-all/x' IAM_ROLE '{role}'")


# Hours of work for PostgreSQL.
ENDLESS = "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i, t j, t k"
STATUS = (
    "SELECT query_id, status, error_message FROM sys_unload_history "
    "ORDER BY start_time DESC LIMIT 1"
)


@pytest.mark.parametrize("when", ["at once", "at work"])
def test_an_unload_that_is_canceled(warehouse: Project, cursor: Any, when: str) -> None:
    earlier = latest(cursor)
    with Wire(warehouse) as wire:
        greeting = dict(wire.log_in(warehouse))
        wire.send(writing.query(statement(warehouse, ENDLESS)))
        awaited(cursor, "running", earlier)
        if when == "at work":
            backend = struct.unpack_from("!I", greeting[protocol.BACKEND_KEY_DATA])[0]
            while not working(cursor, backend):
                pass
        with socket.create_connection(("127.0.0.1", warehouse.standin.port)) as other:
            other.sendall(writing.cancel_request(greeting[protocol.BACKEND_KEY_DATA]))
            assert other.recv(1) == b""
        answers = wire.read_until_ready()
        canceled = awaited(cursor, "aborted", earlier)
        assert objects(warehouse) == {}
        wire.send(writing.query(statement(warehouse, "SELECT 1")))
        assert (b"C", b"UNLOAD\0") in wire.read_until_ready()
    assert [reading.error_fields(body)["C"] for code, body in answers if code == b"E"] == ["57014"]
    assert "canceled on user" in canceled[2]


@pytest.mark.skipif(os.name == "nt", reason="no process can be stopped there")
@pytest.mark.parametrize(
    ("select", "again_s"),
    [
        (ENDLESS, unload_session.CANCEL_AGAIN_S),
        # the rows tell of it first: what is tried is that PostgreSQL is stopped then, too
        (ENDLESS.replace("COUNT(*)", "REPEAT('x', 1000)"), 3600),
    ],
    ids=["no row for hours", "always rows"],
)
def test_a_cancel_that_postgresql_ignores(
    warehouse: Project,
    cursor: Any,
    monkeypatch: pytest.MonkeyPatch,
    select: str,
    again_s: float,
) -> None:
    """It does so between two statements: its process sleeps until cancel and COPY are there."""
    monkeypatch.setattr(unload_session, "CANCEL_AGAIN_S", again_s)
    earlier = latest(cursor)
    postgres = warehouse.standin.postgres
    database = warehouse.values["CLUSTER"]["DB_NAME"]
    with Wire(warehouse) as wire, closing(postgres.connect(database)) as gate:
        greeting = dict(wire.log_in(warehouse))
        backend = struct.unpack_from("!I", greeting[protocol.BACKEND_KEY_DATA])[0]
        with gate.cursor() as holding:
            holding.execute("LOCK pg_catalog.standin_unloads IN SHARE MODE")
            wire.send(writing.query(statement(warehouse, select)))
            deadline = time.monotonic() + 20
            while not waiting_for_a_lock(holding):
                assert time.monotonic() < deadline
        os.kill(backend, signal.SIGSTOP)
        try:
            gate.rollback()
            awaited(cursor, "running", earlier)
            # another turn of the front end, in which it sends the COPY
            latest(cursor)
            with socket.create_connection(("127.0.0.1", warehouse.standin.port)) as other:
                other.sendall(writing.cancel_request(greeting[protocol.BACKEND_KEY_DATA]))
                assert other.recv(1) == b""
        finally:
            os.kill(backend, signal.SIGCONT)
        answers = wire.read_until_ready()
    assert [reading.error_fields(body)["C"] for code, body in answers if code == b"E"] == ["57014"]
    assert "canceled on user" in awaited(cursor, "aborted", earlier)[2]


def waiting_for_a_lock(cursor: Any) -> bool:
    cursor.execute("SELECT COUNT(*) > 0 FROM pg_locks WHERE NOT granted")
    return bool(cursor.fetchone()[0])


def working(cursor: Any, backend: int) -> bool:
    cursor.execute("SELECT query LIKE 'COPY%%' FROM pg_stat_activity WHERE pid = %s", (backend,))
    return bool(cursor.fetchone()[0])


def test_an_unload_whose_client_goes(warehouse: Project, cursor: Any) -> None:
    earlier = latest(cursor)
    with Wire(warehouse) as wire:
        wire.log_in(warehouse)
        wire.send(writing.query(statement(warehouse, ENDLESS)))
        awaited(cursor, "running", earlier)
    assert awaited(cursor, "aborted", earlier)[2] == "the session ended"
    assert objects(warehouse) == {}


def latest(cursor: Any) -> Any:
    cursor.execute(STATUS)
    return cursor.fetchone()


def awaited(cursor: Any, status: str, earlier: Any) -> Any:
    """The latest UNLOAD once it is not an earlier one and has this status."""
    deadline = time.monotonic() + 20
    while (found := latest(cursor)) == earlier or found[1] != status:
        assert time.monotonic() < deadline, found
    return found


def test_an_unload_as_a_prepared_statement(warehouse: Project, cursor: Any) -> None:
    """Twice, as drivers of the extended protocol repeat a statement."""
    sql = statement(warehouse, "SELECT id FROM t WHERE id < 3 ORDER BY id", "ALLOWOVERWRITE")
    with Wire(warehouse) as wire:
        wire.log_in(warehouse)
        wire.send(writing.parse("u", sql, b"\0\0"))
        for _ in range(2):
            wire.send(bind_and_execute("u"), SYNC)
            answers = wire.read_until_ready()
            assert codes(answers).endswith("nNCZ")
            assert answers[-2][1] == b"UNLOAD\0"
    assert objects(warehouse) == {"out/0000_part_00": b"1\n2\n"}


def test_partitions_need_an_empty_destination(warehouse: Project, cursor: Any) -> None:
    warehouse.put("out/k=2/x", b"old")
    with pytest.raises(psycopg2.InternalError, match="destination on S3 is not empty"):
        cursor.execute(statement(warehouse, "SELECT 5 AS a, 1 AS k", "PARTITION BY (k)"))
