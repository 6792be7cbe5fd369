"""COPY in the client's own transaction; canceled and abandoned statements."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import Project
from psycopg2 import extensions
from wire import copy_statement, dsn

IDLE = extensions.TRANSACTION_STATUS_IDLE
IN_TRANSACTION = extensions.TRANSACTION_STATUS_INTRANS
MILLIONS = "SELECT count(*) FROM numbers AS a, numbers AS b, numbers AS c, numbers AS d"
# A client of its own: psycopg2's cancel() keeps the interpreter to itself until it is answered,
# and in one process with the stand-in nobody could answer.
CANCELS = """
import sys, threading, psycopg2
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()
threading.Timer(0.3, connection.cancel).start()
try:
    cursor.execute(sys.argv[2])
except psycopg2.Error as error:
    print(error.pgcode, error.pgerror.strip())
cursor.execute("SELECT 1")
print(cursor.fetchone()[0])
"""


@pytest.fixture
def connection(project: Project) -> Iterator[Any]:
    with closing(project.connect()) as connected:
        yield connected


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    with connection.cursor() as made:
        yield made


def test_copy_is_undone_by_rollback(project: Project, connection: Any, cursor: Any) -> None:
    project.put("rows/1.json", b'{"a": 1}\n{"a": 2}')
    cursor.execute("CREATE TABLE t (a INTEGER)")
    connection.commit()
    cursor.execute(copy_statement(project))
    assert cursor.statusmessage == "COPY"
    assert connection.notices == [
        "INFO:  Load into table 't' completed, 2 record(s) loaded successfully.\n"
    ]
    assert connection.info.transaction_status == IN_TRANSACTION
    cursor.execute("SELECT a FROM t ORDER BY a")
    assert cursor.fetchall() == [(1,), (2,)]
    connection.rollback()
    cursor.execute("SELECT count(*) FROM t")
    assert cursor.fetchone() == (0,)


def test_last_copy_is_known_unless_rolled_back(
    project: Project, connection: Any, cursor: Any
) -> None:
    def last_copy() -> tuple[int, int]:
        cursor.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
        return cursor.fetchone()

    project.put("rows/1.json", b'{"a": 1}\n{"a": 2}')
    project.put("bad/1.json", b'{"a": "x"}')
    cursor.execute("CREATE TABLE t (a INTEGER)")
    assert last_copy() == (-1, 0)
    cursor.execute(copy_statement(project))
    assert last_copy()[1] == 2
    connection.commit()
    kept = last_copy()
    cursor.execute(copy_statement(project))
    assert last_copy() != kept
    connection.rollback()
    assert last_copy() == kept
    with pytest.raises(psycopg2.InternalError, match="Load into table 't' failed"):
        cursor.execute(copy_statement(project, "bad"))
    connection.rollback()
    assert last_copy()[1] == 0
    cursor.execute("SELECT query FROM stl_load_errors WHERE session = pg_backend_pid()")
    assert cursor.fetchall() == [(last_copy()[0],)]


def test_failed_copy_in_autocommit_keeps_nothing(project: Project, connection: Any) -> None:
    project.put("rows/1.json", b'{"a": 1}')
    project.put("rows/2.json", b'{"a": "x"}')
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(psycopg2.InternalError, match="Load into table 't' failed"):
        cursor.execute(copy_statement(project))
    assert connection.info.transaction_status == IDLE
    cursor.execute("SELECT count(*) FROM t")
    assert cursor.fetchone() == (0,)


def test_copy_in_a_string_is_part_of_its_transaction(project: Project, connection: Any) -> None:
    project.put("rows/1.json", b'{"a": 1}')
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        cursor.execute(f"{copy_statement(project)}; SELECT 1/0")
    cursor.execute(f"{copy_statement(project)}; SELECT a FROM t")
    assert cursor.fetchall() == [(1,)]


def test_copy_needs_the_insert_privilege(project: Project, cursor: Any) -> None:
    project.put("rows/1.json", b'{"a": 1}')
    cursor.execute("CREATE TABLE t (a INTEGER)")
    cursor.execute("REVOKE INSERT ON t FROM dwhuser")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(copy_statement(project))


def run_client(project: Project, program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, dsn(project), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def numbers(project: Project) -> None:
    """A table whose cross joins never end, and a load that lasts for seconds."""
    with closing(project.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INTEGER); CREATE TABLE numbers (n INTEGER)")
        cursor.execute("INSERT INTO numbers VALUES " + ", ".join(["(1)"] * 1000))
    project.put("rows/1.json", b'{"a": 1, "b": [1, 2, 3]}\n' * 1_000_000)


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize(
    ("kind", "message"),
    [("query", "canceling statement due to user request"), ("copy", "canceled on user's request")],
)
def test_cancel(project: Project, kind: str, message: str) -> None:
    sql = MILLIONS if kind == "query" else copy_statement(project)
    with run_client(project, CANCELS, sql) as client:
        output, _ = client.communicate(timeout=30)
    assert output.startswith("57014 ")
    assert message in output
    assert output.endswith("\n1\n")
    assert project.query("SELECT count(*) FROM t") == [(0,)]


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize("kind", ["query", "copy"])
def test_vanished_client_leaves_no_backend(project: Project, kind: str) -> None:
    sql = MILLIONS if kind == "query" else copy_statement(project)
    program = (
        "import sys, psycopg2; c = psycopg2.connect(sys.argv[1]); u = c.cursor();"
        "u.execute('LOCK TABLE t'); print('ready', flush=True); u.execute(sys.argv[2])"
    )
    with run_client(project, program, sql) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
        client.kill()
    # The table is free again only when the session is gone and its transaction rolled back.
    connection = project.connect()
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout TO 10000")
        cursor.execute("LOCK TABLE t")
