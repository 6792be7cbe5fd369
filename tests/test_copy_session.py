"""COPY in the client's own transaction; canceled and abandoned statements."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import PASSWORD, Project
from psycopg2 import extensions
from wire import copy_statement, dsn

IDLE = extensions.TRANSACTION_STATUS_IDLE
IN_TRANSACTION = extensions.TRANSACTION_STATUS_INTRANS
# With half a pair of surrogates in a key that nobody asks for: read one by one.
SLOW_LINES = b'{"a": 1, "\\ud800": [1, 2, 3]}\n' * 2
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


# Read many at once from the second on, so that it is PostgreSQL that meets the NUL.
NUL_LINES = b'{"a": "x"}\n{"a": "y"}\n{"a": "z\\u0000"}\n{"a": "v"}\n'
NUL_ERROR = (3, 1220, "rows/2.json")


def test_a_nul_costs_its_row_and_no_other(project: Project, connection: Any, cursor: Any) -> None:
    project.put("rows/1.json", b'{"a": "w"}')
    project.put("rows/2.json", NUL_LINES)
    cursor.execute("CREATE TABLE t (a VARCHAR(9))")
    cursor.execute("INSERT INTO t VALUES ('before')")
    cursor.execute(copy_statement(project) + " MAXERROR 2")
    assert connection.notices[0] == (
        "INFO:  Load into table 't' completed, 4 record(s) loaded successfully.\n"
    )
    cursor.execute("SELECT pg_last_copy_count()")
    assert cursor.fetchone() == (4,)
    connection.commit()
    cursor.execute("SELECT a FROM t ORDER BY a")
    assert [value for (value,) in cursor.fetchall()] == ["before", "v", "w", "x", "y"]
    assert errors_of_the_last_copy(cursor) == [NUL_ERROR]
    cursor.execute(
        "SELECT loaded_rows, error_count, source_file_count, status FROM sys_load_history"
        " WHERE query_id = pg_last_copy_id()"
    )
    assert cursor.fetchall() == [(4, 1, 2, "completed")]


@pytest.mark.parametrize("autocommit", [True, False], ids=["alone", "in a transaction"])
def test_a_nul_fails_a_copy_that_allows_no_error(
    project: Project, connection: Any, autocommit: bool
) -> None:
    project.put("rows/2.json", NUL_LINES)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a VARCHAR(9))")
    connection.autocommit = autocommit
    with pytest.raises(psycopg2.InternalError, match="Load into table 't' failed"):
        cursor.execute(copy_statement(project))
    connection.rollback()
    cursor.execute("SELECT count(*) FROM t")
    assert cursor.fetchone() == (0,)
    assert errors_of_the_last_copy(cursor) == [NUL_ERROR]


@pytest.mark.parametrize(("limit", "lines"), [(0, [3]), (2, [3, 3005]), (3, [3, 3005, 3006])])
def test_a_nul_before_other_errors(
    project: Project, connection: Any, cursor: Any, limit: int, lines: list[int]
) -> None:
    """Those of the first errors that fail the load are told, whoever finds which."""
    # So many that all of them, and the NUL, are read before it is known that others follow.
    fitting, too_long = b'{"a": "x"}\n' * 3000, b'{"a": "0123456789"}\n'
    project.put("rows/2.json", NUL_LINES + fitting + too_long * 2)
    cursor.execute("CREATE TABLE t (a VARCHAR(9))")
    connection.commit()
    with pytest.raises(psycopg2.InternalError, match="Load into table 't' failed"):
        cursor.execute(f"{copy_statement(project)} MAXERROR {limit}")
    connection.rollback()
    found = [line for line, *_ in errors_of_the_last_copy(cursor)]
    assert sorted(found) == lines


def errors_of_the_last_copy(cursor: Any) -> list[tuple[int, int, str]]:
    """The line, the code and the object of each."""
    cursor.execute(
        "SELECT line_number, err_code, filename FROM stl_load_errors"
        " WHERE query = pg_last_copy_id()"
    )
    return [(line, code, name.strip().split("/", 3)[3]) for line, code, name in cursor.fetchall()]


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


def test_a_first_large_copy_gathers_statistics(
    project: Project, connection: Any, cursor: Any
) -> None:
    connection.autocommit = True
    project.put("rows/1.json", b'{"a": 1}\n' * 5000)
    project.put("few/1.json", b'{"a": 1}\n' * 4999)

    def known_rows(*statements: str) -> int:
        cursor.execute("DROP TABLE IF EXISTS t")
        cursor.execute("CREATE TABLE t (a INTEGER)")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 't'::regclass")
        return int(cursor.fetchone()[0])

    none = known_rows()
    copy, few = copy_statement(project), copy_statement(project, "few")
    assert none < 1
    assert [
        known_rows(copy),
        known_rows(few),
        known_rows(f"{few} STATUPDATE ON"),
        known_rows(f"{copy} STATUPDATE OFF"),
        known_rows(f"{copy} NOLOAD"),
        known_rows(f"{copy} NOLOAD STATUPDATE ON"),
        known_rows("INSERT INTO t VALUES (1)", copy),
        known_rows("INSERT INTO t VALUES (1)", f"{copy} STATUPDATE ON"),
        known_rows("INSERT INTO t VALUES (1)", "TRUNCATE t", copy),
    ] == [5000, none, 4999, none, none, none, none, 5001, 5000]


def test_statistics_are_the_owner_s(project: Project, connection: Any, cursor: Any) -> None:
    connection.autocommit = True
    project.put("rows/1.json", b'{"a": 1}\n' * 5000)
    user = f"loader_{connection.info.backend_pid}"
    cursor.execute(f"CREATE USER {user} PASSWORD '{PASSWORD}'")
    cursor.execute(f"CREATE TABLE t (a INTEGER); GRANT INSERT ON t TO {user}")
    with closing(psycopg2.connect(dsn(project, user=user))) as other, other.cursor() as theirs:
        theirs.execute(copy_statement(project))
        assert len(other.notices) == 1
        with pytest.raises(psycopg2.errors.InsufficientPrivilege) as caught:
            theirs.execute(f"{copy_statement(project)} STATUPDATE ON")
    assert caught.value.pgerror == "ERROR:  must be owner of relation t\n"
    cursor.execute(f"REVOKE INSERT ON t FROM {user}")
    cursor.execute(f"DROP USER {user}")


def test_a_view_takes_no_rows(project: Project, cursor: Any) -> None:
    project.put("rows/1.json", b'{"a": 1}')
    cursor.execute("CREATE TABLE u (a INTEGER); CREATE VIEW t AS SELECT a FROM u")
    with pytest.raises(psycopg2.errors.WrongObjectType) as caught:
        cursor.execute(copy_statement(project))
    assert caught.value.pgerror == 'ERROR:  cannot copy to view "t"\n'


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
    project.put("rows/1.json", SLOW_LINES * 500_000)


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize(
    ("kind", "message"),
    [("query", "canceled on user's request"), ("copy", "canceled on user's request")],
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
@pytest.mark.parametrize("kind", [pytest.param("query", marks=pytest.mark.long), "copy"])
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


LOADS = (
    "SELECT query_id, status, loaded_rows, source_file_count, file_count_scanned, error_count "
    "FROM sys_load_history"
)


@pytest.mark.usefixtures("numbers")
def test_a_load_is_watched_while_it_runs_and_aborted_when_its_client_dies(
    project: Project,
) -> None:
    project.put("rows/0.json", b'{"a": 1}\n' * 200_000)
    program = (
        "import sys, psycopg2; c = psycopg2.connect(sys.argv[1]); u = c.cursor();"
        "print(c.info.backend_pid, flush=True); u.execute(sys.argv[2])"
    )
    with (
        run_client(project, program, copy_statement(project)) as client,
        closing(project.connect()) as connection,
        connection.cursor() as cursor,
    ):
        assert client.stdout is not None
        session = int(client.stdout.readline())
        connection.autocommit = True
        query = (
            "SELECT lines, num_files, num_files_complete, right(trim(current_file), 11), "
            "pct_complete, bytes_loaded::float / bytes_to_load, query "
            f"FROM stv_load_state WHERE session = {session} AND num_files_complete = 1"
        )
        while not (found := polled(cursor, query)):
            pass
        lines, files, done, current, percent, share, query_id = found[0]
        assert (files, done, current) == (2, 1, "rows/1.json")
        assert 200_000 <= lines < 1_200_000
        assert percent == int(100 * share) < 100
        assert polled(cursor, LOADS)[0][:2] == (query_id, "running")
        client.kill()
        while (ended := polled(cursor, LOADS))[0][1] == "running":
            pass
        assert ended == [(query_id, "aborted", 0, 2, 1, 0)]
        assert polled(cursor, query) == []


def polled(cursor: Any, query: str) -> list[tuple[Any, ...]]:
    cursor.execute(query)
    return list(cursor.fetchall())


def test_noload_checks_everything_and_loads_nothing(project: Project, connection: Any) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a SMALLINT NOT NULL)")
    project.put("rows/1.json", b'{"a": 1}\n{"a": 2}')
    project.put("rows/2.json", b'{"a": null}\n{"a": 3}\n{"a": 99999}')
    with pytest.raises(psycopg2.InternalError, match="Load into table 't' failed"):
        cursor.execute(f"{copy_statement(project)} NOLOAD")
    cursor.execute(f"{copy_statement(project)} NOLOAD MAXERROR 100000")
    assert connection.notices == [
        "INFO:  Load into table 't' completed, 3 record(s) loaded successfully.\n",
        "INFO:  Load into table 't' completed, 2 record(s) could not be loaded.  "
        "Check 'stl_load_errors' system table for details.\n",
    ]
    assert polled(cursor, "SELECT pg_last_copy_count(), count(*) FROM t") == [(3, 0)]
    assert polled(
        cursor,
        "SELECT line_number, err_code FROM stl_load_errors WHERE query = pg_last_copy_id() "
        "ORDER BY line_number",
    ) == [(1, 1213), (3, 1204)]


@pytest.mark.long
def test_an_object_that_vanishes_during_the_load(project: Project, connection: Any) -> None:
    """The second file goes when the first one, which is larger than a block, is being read."""
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a INTEGER)")
    project.put("rows/1.json", SLOW_LINES * 150_000)
    project.put("rows/2.json", b'{"a": 2}')
    program = (
        "import sys, psycopg2; c = psycopg2.connect(sys.argv[1]); u = c.cursor()\n"
        "try: u.execute(sys.argv[2])\n"
        "except psycopg2.Error as e: print(e.pgcode, e.pgerror)"
    )
    with run_client(project, program, copy_statement(project)) as client:
        while not polled(cursor, LOADS):
            pass
        project.clear("rows/2.json")
        output, _ = client.communicate(timeout=30)
    query_id = polled(cursor, LOADS)[0][0]
    lines = [line.strip() for line in output.splitlines()]
    assert lines[0] == (
        "XX000 ERROR:  S3ServiceException:The specified key does not exist.,Status 404,"
        "Error NoSuchKey,Rid 0000000000000000,ExtRid standin,CanRetry 1"
    )
    assert f"context:   S3 key being read : s3://{project.bucket}/rows/2.json" in lines
    assert f"query:     {query_id}" in lines
    assert polled(cursor, LOADS) == [(query_id, "aborted", 0, 2, 1, 0)]
    assert polled(cursor, "SELECT count(*) FROM t") == [(0,)]
