"""The views of tables, columns, statements and transactions, read as a client reads them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import Project
from psycopg2.extras import RealDictCursor
from wire import copy_statement

from standin.views.statement_log import masked, query_type


@pytest.fixture
def cursor(project: Project) -> Iterator[Any]:
    with closing(project.connect()) as connected, connected.cursor() as made:
        connected.autocommit = True
        yield made


def rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def test_pg_table_def(cursor: Any) -> None:
    cursor.execute(
        "CREATE SCHEMA hidden; CREATE TABLE hidden.u (a INTEGER);"
        "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR, price DECIMAL(9, 2), ok BOOLEAN,"
        " at TIMESTAMP, x FLOAT, code CHAR(3))"
    )
    assert rows(cursor, "SELECT * FROM pg_table_def WHERE schemaname = 'public'") == [
        ("public", "t", "id", "bigint", "az64", False, 0, True),
        ("public", "t", "name", "character varying(256)", "lzo", False, 0, False),
        ("public", "t", "price", "numeric(9,2)", "az64", False, 0, False),
        ("public", "t", "ok", "boolean", "none", False, 0, False),
        ("public", "t", "at", "timestamp without time zone", "az64", False, 0, False),
        ("public", "t", "x", "double precision", "none", False, 0, False),
        ("public", "t", "code", "character(3)", "lzo", False, 0, False),
    ]
    cursor.execute("SET search_path TO hidden")
    found = rows(cursor, "SELECT tablename FROM pg_table_def WHERE schemaname <> 'pg_catalog'")
    assert found == [("u",)]


def test_svv_table_info_counts_rows_and_leaves_out_empty_tables(cursor: Any) -> None:
    cursor.execute(
        "CREATE TABLE empty (a INTEGER); CREATE TABLE t (a BOOLEAN); INSERT INTO t VALUES (true)"
    )
    cursor.execute("INSERT INTO t VALUES (true), (false)")
    assert rows(
        cursor,
        'SELECT schema, "table", tbl_rows, estimated_visible_rows, size, encoded, diststyle, '
        "sortkey1, sortkey1_enc, sortkey_num, max_varchar FROM svv_table_info",
    ) == [("public", "t", 3, 3, 1, "N, AUTO(ENCODE)", "AUTO(ALL)", "AUTO(SORTKEY)", None, 0, 0)]


def test_svv_table_info_does_not_wait_for_a_locked_table(project: Project, cursor: Any) -> None:
    cursor.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)")
    with closing(project.connect()) as other, other.cursor() as locking:
        locking.execute("LOCK t")
        assert rows(cursor, "SELECT count(*) <= 1 FROM svv_table_info") == [(True,)]
        found = rows(
            cursor,
            "SELECT txn_owner, lockable_object_type, lock_mode, granted, relation > 0 "
            "FROM svv_transactions WHERE pid <> pg_backend_pid() "
            "AND lock_mode = 'AccessExclusiveLock' AND lockable_object_type = 'relation'",
        )
    assert found == [("dwhuser", "relation", "AccessExclusiveLock", True, True)]


def test_svv_tables_and_columns(cursor: Any) -> None:
    cursor.execute("CREATE TABLE t (id SMALLINT NOT NULL, name VARCHAR(9) DEFAULT 'x')")
    cursor.execute("CREATE VIEW v AS SELECT id FROM t")
    assert rows(
        cursor,
        "SELECT table_name, table_type FROM svv_tables WHERE table_schema = 'public' ORDER BY 1",
    ) == [("t", "BASE TABLE"), ("v", "VIEW")]
    assert rows(
        cursor,
        "SELECT column_name, ordinal_position, is_nullable, data_type, character_maximum_length, "
        "numeric_precision FROM svv_columns WHERE table_name = 't' ORDER BY 2",
    ) == [
        ("id", 1, "NO", "smallint", None, 16),
        ("name", 2, "YES", "character varying", 9, None),
    ]
    assert rows(cursor, "SELECT * FROM stv_slices") == [(0, 0, 0, "D")]


def test_loaderror_detail_names_the_field(project: Project, cursor: Any) -> None:
    project.put("rows/1.json", b'{"a": 1, "b": "x"}')
    cursor.execute("CREATE TABLE t (a INTEGER, b INTEGER)")
    with pytest.raises(psycopg2.InternalError):
        cursor.execute(copy_statement(project))
    assert rows(
        cursor,
        "SELECT query = pg_last_copy_id(), line_number, field, trim(colname), trim(value), "
        "is_null, trim(type) FROM stl_loaderror_detail WHERE session = pg_backend_pid()",
    ) == [(True, 1, 1, "b", "x", 0, "int4")]


def history(project: Project, cursor: Any) -> list[dict[str, Any]]:
    session = cursor.connection.info.backend_pid
    with closing(project.connect()) as other, other.cursor(cursor_factory=RealDictCursor) as reader:
        reader.execute(
            "SELECT query_id, trim(query_type) AS type, trim(status) AS status, returned_rows,"
            " trim(error_message) AS error, trim(query_text) AS text, trim(username) AS username,"
            " end_time >= start_time AS is_ended FROM sys_query_history"
            f" WHERE session_id = {session} ORDER BY query_id"
        )
        return [dict(row) for row in reader.fetchall()]


def test_statements_are_logged(project: Project, cursor: Any) -> None:
    project.put("rows/1.json", b'{"a": 1}')
    cursor.execute("CREATE TABLE t (a INTEGER)")
    cursor.execute(copy_statement(project))
    (load,) = rows(cursor, "SELECT pg_last_copy_id()")[0]
    cursor.execute("SELECT a, 'é' FROM t UNION ALL SELECT 2, 'b'")
    for wrong in ("SELECT 1/a FROM (SELECT a - 1 AS a FROM t)", "SELECT * FROM", "SELECT gone()"):
        with pytest.raises(psycopg2.Error):
            cursor.execute(wrong)
    found = history(project, cursor)
    assert [(row["type"], row["status"], row["returned_rows"], row["error"]) for row in found] == [
        ("DDL", "success", 0, None),
        ("COPY", "success", 0, None),
        ("SELECT", "success", 1, None),
        ("SELECT", "success", 2, None),
        ("SELECT", "failed", 0, "Divide by zero"),
        ("SELECT", "failed", 0, "syntax error at end of input"),
        ("SELECT", "failed", 0, "function gone() does not exist"),
    ]
    assert found[1]["query_id"] == load
    assert found[3]["text"] == "SELECT a, 'é' FROM t UNION ALL SELECT 2, 'b'"
    assert {(row["username"], row["is_ended"]) for row in found} == {("dwhuser", True)}
    session = cursor.connection.info.backend_pid
    assert rows(
        cursor,
        "SELECT trim(querytxt), trim(database), aborted FROM stl_query "
        f"WHERE query = {load} AND pid = {session}",
    ) == [(copy_statement(project), project.values["CLUSTER"]["DB_NAME"], 0)]


def test_the_text_of_long_statements_comes_in_parts(project: Project, cursor: Any) -> None:
    sql = f"SELECT '{'x' * 300}'"
    cursor.execute(sql)
    parts = rows(
        cursor,
        "SELECT sequence, trim(type), trim(text) FROM svl_statementtext "
        f"WHERE pid = {cursor.connection.info.backend_pid} AND starttime > '2018-01-01' "
        "ORDER BY sequence",
    )
    assert parts == [(0, "QUERY", sql[:200]), (1, "QUERY", sql[200:])]


def test_a_statement_that_waits_is_seen_to_run(project: Project, cursor: Any) -> None:
    cursor.execute("CREATE TABLE t (a INTEGER)")
    with closing(project.connect()) as other, other.cursor() as locking:
        locking.execute("LOCK t")
        waiting = threading.Thread(target=cursor.execute, args=("SELECT count(*) FROM t",))
        waiting.start()
        while history(project, cursor)[-1]["status"] != "running":
            pass
        other.commit()
        waiting.join()
    assert history(project, cursor)[-1]["status"] == "success"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREDENTIALS 'aws_access_key_id=AKIA;aws_secret_access_key=s/e;token=t'",
         "CREDENTIALS 'aws_access_key_id=***;aws_secret_access_key=***;token=***'"),
        ("ACCESS_KEY_ID 'AKIA' SECRET_ACCESS_KEY AS 's' SESSION_TOKEN 't' GZIP",
         "ACCESS_KEY_ID '***' SECRET_ACCESS_KEY AS '***' SESSION_TOKEN '***' GZIP"),
        ("CREATE USER u PASSWORD 'Pass;word1'", "CREATE USER u PASSWORD '***'"),
        ("SELECT token FROM t WHERE a = 'b'", "SELECT token FROM t WHERE a = 'b'"),
    ],
)  # fmt: skip
def test_secrets_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("-- why\n /* what */ (select 1)", "SELECT"),
        ("with a as (select 1) select * from a", "SELECT"),
        ("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES", "OTHER"),
        ("", "OTHER"),
    ],
)
def test_type_of_a_statement(sql: str, expected: str) -> None:
    assert query_type(sql) == expected
