"""Redshift's load views in a real PostgreSQL: their columns, and what a load leaves in them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from typing import Any, BinaryIO

import pytest

from standin.cloud.objects import ObjectInfo
from standin.copy.columns import Column, columns_query, read_columns
from standin.copy.command import parse
from standin.copy.load import Load
from standin.dialect.lexer import tokenize
from standin.postgres import Postgres
from standin.sqlerror import SqlError
from standin.views.load_log import LoadFacts, LoadLog, LoadRecord, shown
from standin.views.system_views import install

STARTED = datetime(2018, 11, 30, 12, 0, 0, tzinfo=timezone.utc)
FILE_NAME = "s3://b/data/é.json"
ENDED = datetime(2018, 11, 30, 12, 0, 2, 500_000, tzinfo=timezone.utc)


class OneObject:
    """An S3 with one object."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        return [ObjectInfo(bucket, "data/é.json", len(self.data), "5eb63bbb", STARTED)]

    def open(self, info: ObjectInfo) -> BinaryIO:
        return io.BytesIO(self.data)

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        return None


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres()
    postgres.start()
    try:
        with closing(postgres.connect("template1")) as connection:
            install(connection)
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture
def database(server: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.node.originalname
    with closing(server.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            yield name
            cursor.execute(f"DROP DATABASE {name}")


def query(server: Postgres, database: str, sql: str) -> list[Any]:
    with closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def new_load(data: bytes, *columns: Column, options: str = "") -> Load:
    sql = f"COPY t FROM 's3://b/data' IAM_ROLE default JSON 'auto' {options}"
    return Load(parse(tokenize(sql)), columns, OneObject(data), "t")


def run_load(data: bytes, *columns: Column, options: str = "") -> Load:
    load = new_load(data, *columns, options=options)
    try:
        for _ in load.chunks():
            pass
    except SqlError:
        pass
    return load


def start(server: Postgres, database: str, load: Load, query_id: int) -> LoadRecord:
    facts = LoadFacts(
        database=database,
        query_id=query_id,
        session_id=4711,
        transaction_id=77,
        user_id=100,
        table_id=16_500,
        started=STARTED,
    )
    return LoadLog(server.connect).start(facts, load)


def record(server: Postgres, database: str, load: Load, query_id: int, status: str) -> None:
    start(server, database, load, query_id).finish(status, ENDED)


COLUMNS = {
    "stl_load_errors": """
        userid integer, slice integer, tbl integer, starttime timestamp without time zone,
        session integer, query integer, filename character(256), line_number bigint,
        colname character(127), type character(10), col_length character(10), position integer,
        raw_line character(1024), raw_field_value character(1024), err_code integer,
        err_reason character(100), is_partial integer, start_offset bigint, copy_job_id bigint""",
    "sys_load_error_detail": """
        user_id integer, query_id bigint, transaction_id bigint, session_id integer,
        database_name character(64), table_id integer, start_time timestamp without time zone,
        file_name character(256), line_number bigint, column_name character(127),
        column_type character(10), column_length character(10), position integer,
        error_code integer, error_message character(512)""",
    "sys_load_history": """
        user_id integer, query_id bigint, transaction_id bigint, session_id integer,
        database_name text, status text, table_name text, start_time timestamp without time zone,
        end_time timestamp without time zone, duration bigint, data_source text, file_format text,
        loaded_rows bigint, loaded_bytes bigint, source_file_count integer,
        source_file_bytes bigint, file_count_scanned integer, file_bytes_scanned bigint,
        error_count bigint, copy_job_id bigint""",
    "stl_load_commits": """
        userid integer, query integer, slice integer, name character(256),
        filename character(256), byte_offset integer, lines_scanned integer, errors integer,
        curtime timestamp without time zone, status integer, file_format character(16),
        is_partial integer, start_offset bigint, copy_job_id bigint""",
    "stv_load_state": """
        userid integer, session integer, query integer, slice integer, pid integer,
        recordtime timestamp without time zone, bytes_to_load bigint, bytes_loaded bigint,
        bytes_to_load_compressed bigint, bytes_loaded_compressed bigint, lines integer,
        num_files integer, num_files_complete integer, current_file character(256),
        pct_complete integer""",
    "sys_load_detail": """
        user_id integer, query_id bigint, file_name character(256), bytes_scanned bigint,
        lines_scanned bigint, record_time timestamp without time zone, splits_scanned integer,
        start_time timestamp without time zone, end_time timestamp without time zone,
        file_etag character(256), file_last_modified timestamp without time zone""",
}


@pytest.mark.parametrize(("view", "columns"), COLUMNS.items(), ids=COLUMNS)
def test_columns_and_types(server: Postgres, view: str, columns: str) -> None:
    found = query(
        server,
        "template1",
        "SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute "
        f"WHERE attrelid = 'pg_catalog.{view}'::regclass AND attnum > 0 ORDER BY attnum",
    )
    assert [name for (name,) in found] == " ".join(columns.split()).split(", ")


def test_a_failed_load(server: Postgres, database: str) -> None:
    line = '{"id": "x", "name": "Zoë"}'
    load = run_load(f"{line}\n".encode(), Column("id", "double precision"))
    record(server, database, load, 301, "aborted")
    file_name = "s3://b/data/é.json"
    assert query(server, database, "SELECT * FROM stl_load_errors") == [
        (100, 0, 16_500, STARTED.replace(tzinfo=None), 4711, 301, file_name.ljust(256), 1,
         "id".ljust(127), "float8".ljust(10), "0".ljust(10), 0,
         '{"id": "x", "name": "Zo."}'.ljust(1024), "x".ljust(1024), 1207,
         "Invalid digit, Value 'x', Pos 0, Type: Double".ljust(100), 0, 0, -1)
    ]  # fmt: skip
    assert query(server, database, "SELECT * FROM sys_load_error_detail") == [
        (100, 301, 77, 4711, database.ljust(64), 16_500, STARTED.replace(tzinfo=None),
         file_name.ljust(256), 1, "id".ljust(127), "float8".ljust(10), "0".ljust(10), 0, 1207,
         "Invalid digit, Value 'x', Pos 0, Type: Double".ljust(512))
    ]  # fmt: skip
    assert query(
        server,
        database,
        "SELECT status, loaded_rows, error_count, source_file_count, file_count_scanned "
        "FROM sys_load_history",
    ) == [("aborted", 0, 1, 1, 0)]


def test_a_partial_load(server: Postgres, database: str) -> None:
    data = b'{"id":1}\n{"id":"x"}\n{"id":2}\n'
    load = run_load(data, Column("id", "integer"), options="MAXERROR 5")
    record(server, database, load, 302, "completed")
    started, ended = STARTED.replace(tzinfo=None), ENDED.replace(tzinfo=None)
    assert query(server, database, "SELECT * FROM sys_load_history") == [
        (100, 302, 77, 4711, database, "completed", "t", started, ended, 2_500_000,
         "s3://b/data", "json", 2, 29, 1, 29, 1, 29, 1, -1)
    ]  # fmt: skip
    assert query(
        server,
        database,
        "SELECT query, trim(filename), lines_scanned, errors FROM stl_load_commits",
    ) == [(302, "s3://b/data/é.json", 3, 1)]
    assert query(
        server,
        database,
        "SELECT query_id, trim(file_name), bytes_scanned, lines_scanned, trim(file_etag), "
        "file_last_modified FROM sys_load_detail",
    ) == [(302, "s3://b/data/é.json", 29, 3, "5eb63bbb", started)]


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "gzip"])
def test_a_running_load(server: Postgres, database: str, is_compressed: bool) -> None:
    text = b'{"id":1}\n{"id":2}\n{"id":3}\n'
    data = gzip.compress(text) if is_compressed else text
    size, compressed = (0, len(data)) if is_compressed else (27, 0)
    load = new_load(data, Column("id", "integer"), options="GZIP" if is_compressed else "")
    running = start(server, database, load, 303)
    state = (
        "SELECT bytes_to_load, bytes_loaded, bytes_to_load_compressed, bytes_loaded_compressed, "
        "lines, num_files, num_files_complete, trim(current_file), pct_complete "
        "FROM stv_load_state WHERE query = 303 AND session = 4711"
    )
    history = (
        "SELECT status, end_time, duration > 0, loaded_rows, file_count_scanned "
        "FROM sys_load_history"
    )
    assert query(server, database, state) == [(size, 0, compressed, 0, 0, 1, 0, "", 0)]
    assert query(server, database, history) == [("running", None, True, 0, 0)]
    # the only chunk: everything has been read, but the load has not ended
    next(load.chunks())
    running.update()
    assert query(server, database, state) == [
        (size, 27, compressed, compressed, 3, 1, 1, FILE_NAME, 100)
    ]
    assert query(server, database, history) == [("running", None, True, 3, 1)]
    running.finish("completed", ENDED)
    running.finish("aborted", ENDED)
    running.update()
    assert query(server, database, state) == []
    assert query(server, database, history) == [
        ("completed", ENDED.replace(tzinfo=None), True, 3, 1)
    ]


def test_attributes_of_a_table(server: Postgres, database: str) -> None:
    """What `standin_note_attributes` is told is what the views show."""
    with closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INTEGER, b VARCHAR(9), c DATE); INSERT INTO t VALUES (1)")
        cursor.execute(
            "CALL standin_note_attributes('t', 'key', 'a', 'compound', '{c,a}', '{b=zstd,a=raw}')"
        )
        connection.commit()
    assert query(
        server,
        database,
        "SELECT \"column\", encoding, distkey, sortkey FROM pg_table_def WHERE tablename = 't'",
    ) == [("a", "none", True, 2), ("b", "zstd", False, 0), ("c", "none", False, 1)]
    assert query(
        server,
        database,
        "SELECT encoded, diststyle, sortkey1, trim(sortkey1_enc), sortkey_num, max_varchar "
        "FROM svv_table_info",
    ) == [("Y", "KEY(a)", "c", "none", 2, 9)]


def test_everybody_may_read_and_nobody_write(server: Postgres, database: str) -> None:
    with closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE reader; SET ROLE reader")
        for view in COLUMNS:
            cursor.execute(f"SELECT count(*) FROM {view}")
            assert cursor.fetchall() == [(0,)]
        with pytest.raises(Exception, match="permission denied"):
            cursor.execute("DELETE FROM standin_loads")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë", "Zo."),
        ("a\0b", "a.b"),
        ("x\udcff", "x."),
        ("😀" * 2000, "." * 1024),
        ("a\tb", "a\tb"),
    ],
)
def test_text_as_the_error_views_show_it(text: str, expected: str) -> None:
    assert shown(text) == expected


TABLE = """
CREATE TABLE t (
    key bigint GENERATED ALWAYS AS IDENTITY, gone text, id integer NOT NULL, small smallint,
    big bigint, price numeric(9, 5), bare numeric(18, 0), d double precision, r real, b boolean,
    day date, at timestamp, az timestamptz, name varchar(20), code char(3)
);
ALTER TABLE t DROP COLUMN gone;
"""


def test_a_load_into_a_table_of_every_type(server: Postgres, database: str) -> None:
    with closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute(columns_query("t", "public"))
        columns = read_columns([[_wire(value) for value in row] for row in cursor.fetchall()], "t")
        data = (
            b'{"id":7,"small":-1,"big":9223372036854775807,"price":246.308129,"bare":9.9,"d":1e-400,'
            b'"r":"2e-45","b":"yes","day":"2018-11-01","at":-62167219201,"az":9224318015999,'
            b'"name":"tab\\t \\\\N nl\\n \xc3\xab","code":"x"}'
        )
        sql = "COPY t FROM 's3://b/d' IAM_ROLE default JSON 'auto' TIMEFORMAT 'epochsecs'"
        load = Load(parse(tokenize(sql)), columns, OneObject(data), "t")
        cursor.copy_expert(
            f"COPY t ({', '.join(load.target_columns)}) FROM STDIN ({load.copy_options})",
            io.BytesIO(b"".join(load.chunks())),
        )
        cursor.execute(
            "SET timezone = 'UTC'; SELECT id, small, big, price::text, bare::text, d, r > 0, b, "
            "day::text, at::text, az::text, name, code FROM t"
        )
        assert cursor.fetchall() == [
            (7, -1, 9223372036854775807, "246.30812", "9", 0.0, True, True, "2018-11-01",
             "0002-12-31 23:59:59 BC", "294276-12-31 23:59:59+00", "tab\t \\N nl\n ë", "x  ")
        ]  # fmt: skip


def _wire(value: object) -> str:
    return {True: "t", False: "f"}[value] if isinstance(value, bool) else str(value)
