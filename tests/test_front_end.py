"""Statements, broken bytes and many clients at the database port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import psycopg2
import pytest
from conftest import Project
from psycopg2 import extensions
from wire import SYNC, Wire, codes

from standin import Standin
from standin.dialect import translate
from standin.wire import protocol, reading, writing

IDLE = extensions.TRANSACTION_STATUS_IDLE
FAILED = extensions.TRANSACTION_STATUS_INERROR


@pytest.fixture
def connection(project: Project) -> Iterator[Any]:
    with closing(project.connect()) as connected:
        yield connected


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    with connection.cursor() as made:
        yield made


@pytest.fixture
def wire(project: Project) -> Iterator[Wire]:
    with Wire(project) as connected:
        connected.log_in(project)
        yield connected


def test_backslash_is_an_escape(cursor: Any) -> None:
    cursor.execute(r"SELECT 'a\tb', %s", ("it's a \\ here",))
    assert cursor.fetchone() == ("a\tb", "it's a \\ here")


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("CREATE INDEX i ON t (a)", "0A000"),
        ("SELECT 1; CREATE INDEX i ON t (a)", "0A000"),
        ("SELECT 1/0", "22012"),
        ("COPY nowhere FROM 's3://b/p' IAM_ROLE default FORMAT JSON 'auto'", "XX000"),
    ],
    ids=["refused", "refused-in-string", "postgresql", "copy"],
)
def test_error_fails_the_open_transaction(
    connection: Any, cursor: Any, sql: str, state: str
) -> None:
    cursor.execute("SELECT 1")
    with pytest.raises(psycopg2.Error) as error:
        cursor.execute(sql)
    assert error.value.pgcode == state
    assert connection.info.transaction_status == FAILED
    for later in ("SELECT 1", "CREATE INDEX i ON t (a)", "COPY t FROM 's3://b/p' IAM_ROLE default"):
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            cursor.execute(later)
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_error_outside_a_transaction_leaves_none(connection: Any, cursor: Any) -> None:
    connection.autocommit = True
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        cursor.execute("CREATE INDEX i ON t (a)")
    assert connection.info.transaction_status == IDLE


def test_string_of_statements_is_one_transaction(connection: Any, cursor: Any) -> None:
    connection.autocommit = True
    with pytest.raises(psycopg2.errors.DivisionByZero):
        cursor.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1); SELECT 1/0")
    assert connection.info.transaction_status == IDLE
    with pytest.raises(psycopg2.errors.UndefinedTable):
        cursor.execute("SELECT * FROM t")
    cursor.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1); SELECT a FROM t -- end")
    assert cursor.fetchall() == [(1,)]


@pytest.mark.parametrize("sql", ["", ";", " -- nothing\n"])
def test_empty_query_is_answered(wire: Wire, sql: str) -> None:
    wire.send(writing.query(sql))
    assert codes(wire.read_until_ready()) == "IZ"


def test_truncate_commits(project: Project, connection: Any, cursor: Any) -> None:
    cursor.execute("CREATE TABLE t (a INTEGER)")
    cursor.execute("INSERT INTO t VALUES (1)")
    cursor.execute("TRUNCATE t")
    assert cursor.statusmessage == "TRUNCATE"
    assert connection.info.transaction_status == IDLE
    connection.rollback()
    assert project.query("SELECT count(*) FROM t") == [(0,)]


def test_unexpected_failure_is_told_and_survived(
    connection: Any, cursor: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(sql: str, facts: object) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(translate, "plan", fail)
        with pytest.raises(psycopg2.InternalError, match="the stand-in failed: ZeroDivisionError"):
            cursor.execute("SELECT 1")
    assert "ZeroDivisionError: a bug" in caplog.text
    connection.rollback()
    cursor.execute("SELECT 1")


@pytest.mark.long
def test_result_for_a_slow_reader_stays_in_postgresql(project: Project) -> None:
    with Wire(project) as wire:
        wire.log_in(project)
        wire.send(writing.query("CREATE TABLE t (a VARCHAR(1000))"))
        wire.read_until_ready()
        wire.send(writing.query(f"INSERT INTO t VALUES ('{'x' * 1000}')"))
        wire.read_until_ready()
        for _ in range(17):
            wire.send(writing.query("INSERT INTO t SELECT a FROM t"))
            wire.read_until_ready()
        process = psutil.Process()
        before = process.memory_info().rss
        wire.send(writing.query("SELECT a FROM t"))
        assert wire.read()[0] == protocol.ROW_DESCRIPTION
        for _ in range(20):
            assert project.query("SELECT 1") == [(1,)]
        assert process.memory_info().rss - before < 20 << 20
        rows = sum(1 for code, _ in wire.read_until_ready() if code == protocol.DATA_ROW)
        assert rows == 1 << 17


def test_many_clients_at_once(project: Project) -> None:
    idle = [project.connect() for _ in range(60)]
    results: list[object] = []

    def work() -> None:
        for _ in range(10):
            results.append(project.query("SELECT 1"))

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[(1,)]] * 100
    for connection in idle:
        connection.close()


def test_terminate_ends_the_session(wire: Wire) -> None:
    wire.send(writing.message(protocol.TERMINATE))
    with pytest.raises(EOFError):
        wire.read()


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\0",
        b"\0\0\0\x08\0\0\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
        b"\xff" * 100,
        b"\0\0\0\x08\x04\xd2\x16\x2fearly",
        b"\0\0\0\x0c\0\x03\0\0user",
    ],
    ids=["zero", "version-0", "http", "direct-tls", "ones", "early-data", "startup"],
)
def test_malformed_start_is_answered_and_closed(standin: Standin, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", standin.port), timeout=10) as client:
        client.sendall(data)
        answer = client.recv(10_000)
        assert answer == b"" or answer[:1] == protocol.ERROR_RESPONSE
        while answer:
            answer = client.recv(10_000)


@pytest.mark.parametrize(
    "data",
    [b"Q\0\0\0\x03", b"Q\x7f\xff\xff\xff", b"\0\0\0\0\x04", b"?\0\0\0\x04", b"p\0\0\0\x05\0"],
    ids=["too-short", "too-long", "code-0", "code", "password"],
)
def test_malformed_message_ends_the_session_only(project: Project, wire: Wire, data: bytes) -> None:
    wire.send(data)
    code, body = wire.read()
    fields = reading.error_fields(body)
    assert (code, fields["S"], fields["C"]) == (protocol.ERROR_RESPONSE, "FATAL", "08P01")
    with pytest.raises(EOFError):
        wire.read()
    assert project.query("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "data",
    [
        writing.message(protocol.QUERY, b"select"),
        writing.message(protocol.PARSE, b"\0\0") + SYNC,
        writing.message(protocol.BIND, b"\0") + SYNC,
        writing.message(protocol.FUNCTION_CALL, b"\0\0\0\0"),
    ],
    ids=["query", "parse", "bind", "function-call"],
)
def test_malformed_content_is_an_error_of_the_statement(wire: Wire, data: bytes) -> None:
    wire.send(data)
    assert codes(wire.read_until_ready()) == "EZ"
    wire.send(writing.query("SELECT 1"))
    assert codes(wire.read_until_ready()) == "TDCZ"


def test_silent_client_keeps_nobody_waiting(project: Project) -> None:
    with socket.create_connection(("127.0.0.1", project.standin.port)):
        assert project.query("SELECT 1") == [(1,)]
    with Wire(project):
        assert project.query("SELECT 1") == [(1,)]


def test_cancel_of_an_unknown_session_is_ignored(project: Project) -> None:
    with socket.create_connection(("127.0.0.1", project.standin.port), timeout=10) as client:
        client.sendall(writing.cancel_request(b"\0\0\0\x01\0\0\0\x01"))
        assert client.recv(1) == b""
