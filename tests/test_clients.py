"""The drivers that people use for Redshift, each as its own documentation uses it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from typing import Any

import psycopg2
import pytest
from clients import CREATE_TYPES, ENDLESS, VALUES, address, cluster
from conftest import Project
from psycopg2 import extras
from wire import copy_statement, dsn

__all__ = ["cluster"]

psycopg = pytest.importorskip("psycopg", reason="tests/requirements-clients.txt")


@pytest.fixture
def old(cluster: Project) -> Iterator[Any]:
    """A connection of psycopg2."""
    with closing(cluster.connect()) as connection:
        yield connection


@pytest.fixture
def new(cluster: Project) -> Iterator[Any]:
    """A connection of psycopg 3."""
    with closing(psycopg.connect(dsn(cluster))) as connection:
        yield connection


class TestPsycopg2:
    def test_named_cursor_fetches_in_parts(self, old: Any) -> None:
        with old.cursor("part") as cursor:
            cursor.itersize = 300
            cursor.execute("SELECT n FROM numbers ORDER BY n")
            assert [row[0] for row in cursor] == list(range(1, 1001))
        with old.cursor("next") as cursor:
            cursor.execute("SELECT n FROM numbers WHERE n > %s ORDER BY n", (995,))
            assert cursor.fetchmany(2) == [(996,), (997,)]
            assert cursor.fetchone() == (998,)
            assert cursor.fetchall() == [(999,), (1000,)]

    def test_cursor_is_declared_in_a_transaction(self, old: Any) -> None:
        cursor = old.cursor()
        cursor.execute("DECLARE c CURSOR FOR SELECT n FROM numbers ORDER BY n")
        cursor.execute("FETCH FORWARD 2 FROM c")
        assert cursor.fetchall() == [(1,), (2,)]
        cursor.execute("FETCH NEXT FROM c")
        assert cursor.fetchall() == [(3,)]
        cursor.execute("FETCH ALL FROM c")
        assert len(cursor.fetchall()) == 997
        cursor.execute("CLOSE c")
        old.commit()
        old.autocommit = True
        with pytest.raises(psycopg2.Error, match="DECLARE CURSOR may only be"):
            cursor.execute("DECLARE c CURSOR FOR SELECT 1")

    @pytest.mark.parametrize("options", [{"scrollable": True}, {"withhold": True}])
    def test_cursors_that_redshift_does_not_have(self, old: Any, options: Any) -> None:
        with pytest.raises(psycopg2.errors.SyntaxError):
            old.cursor("c", **options).execute("SELECT 1")

    def test_many_rows_in_one_statement_and_in_batches(self, old: Any) -> None:
        cursor = old.cursor()
        cursor.execute("CREATE TEMP TABLE pairs (n INTEGER, s VARCHAR(9))")
        rows = [(n, f"'{n}\\") for n in range(250)]
        extras.execute_values(cursor, "INSERT INTO pairs VALUES %s", rows)
        extras.execute_batch(cursor, "INSERT INTO pairs VALUES (%s, %s)", rows, page_size=60)
        cursor.executemany("INSERT INTO pairs VALUES (%s, %s)", rows[:5])
        cursor.execute("SELECT COUNT(*), COUNT(DISTINCT s) FROM pairs")
        assert cursor.fetchone() == (505, 250)

    def test_every_type(self, old: Any) -> None:
        cursor = old.cursor()
        cursor.execute(CREATE_TYPES)
        cursor.execute(f"INSERT INTO of_all_types VALUES ({', '.join(['%s'] * 13)})", VALUES)
        cursor.execute("SELECT * FROM of_all_types")
        assert cursor.fetchone() == VALUES

    def test_client_copy_is_refused(self, old: Any) -> None:
        cursor = old.cursor()
        with pytest.raises(psycopg2.errors.FeatureNotSupported, match="LOAD source is not"):
            cursor.copy_expert("COPY numbers FROM STDIN", StringIO("1\n"))
        old.rollback()
        with pytest.raises(psycopg2.errors.SyntaxError):
            cursor.copy_expert("COPY numbers TO STDOUT", StringIO())

    def test_session_settings(self, old: Any) -> None:
        old.set_session(isolation_level="SERIALIZABLE", readonly=True)
        with pytest.raises(psycopg2.Error, match="read-only"):
            old.cursor().execute("INSERT INTO numbers VALUES (0)")
        old.rollback()
        old.set_client_encoding("LATIN1")
        cursor = old.cursor()
        cursor.execute("SELECT 'é'")
        assert cursor.fetchone() == ("é",)
        assert old.get_parameter_status("server_encoding") == "UNICODE"

    def test_cancel(self, cluster: Project) -> None:
        """In a process of its own: psycopg2 keeps the GIL, which the stand-in needs, meanwhile."""
        program = (
            "import psycopg2, sys, threading\n"
            "connection = psycopg2.connect(sys.argv[1])\n"
            "threading.Timer(0.2, connection.cancel).start()\n"
            "connection.cursor().execute(sys.argv[2])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, dsn(cluster), ENDLESS],
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert "QueryCanceled: Query (" in done.stderr, done.stderr

    def test_copy_is_a_part_of_a_larger_transaction(self, cluster: Project, old: Any) -> None:
        cluster.put("rows/1.json", b'{"a": 1}{"a": 2}')
        cursor = old.cursor()
        cursor.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (0)")
        cursor.execute(copy_statement(cluster))
        cursor.execute("INSERT INTO t SELECT a + 10 FROM t")
        cursor.execute("SELECT SUM(a), COUNT(*) FROM t")
        assert cursor.fetchone() == (36, 6)
        old.rollback()
        with pytest.raises(psycopg2.errors.UndefinedTable):
            cursor.execute("SELECT * FROM t")


class TestPsycopg3:
    @pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
    def test_parameters_and_results_of_every_type(self, new: Any, binary: bool) -> None:
        new.execute(CREATE_TYPES)
        marks = ", ".join(["%s"] * 13)
        cursor = new.cursor(binary=binary)
        cursor.execute(f"INSERT INTO of_all_types VALUES ({marks})", VALUES)
        cursor.executemany(f"INSERT INTO of_all_types VALUES ({marks})", [VALUES] * 20)
        rows = cursor.execute("SELECT * FROM of_all_types").fetchall()
        assert rows == [VALUES] * 21

    def test_prepared_statement_is_used_again(self, new: Any) -> None:
        sql = "SELECT NVL(MAX(n), 0) FROM numbers WHERE n < %s"
        found = [new.execute(sql, (n,), prepare=True).fetchone()[0] for n in range(1, 20)]
        assert found == list(range(19))

    def test_pipeline(self, new: Any) -> None:
        with new.pipeline():
            cursors = [
                new.execute("SELECT n * 2 FROM numbers WHERE n = %s", (n,)) for n in range(1, 101)
            ]
            assert [cursor.fetchone() for cursor in cursors] == [(n * 2,) for n in range(1, 101)]

    def test_error_in_a_pipeline_leaves_a_failed_transaction(self, new: Any) -> None:
        with pytest.raises(psycopg.errors.FeatureNotSupported), new.pipeline():
            new.execute("SELECT 1")
            new.execute("CREATE INDEX i ON numbers (n)")
            new.execute("SELECT 2")
        new.rollback()
        assert new.execute("SELECT 3").fetchone() == (3,)

    def test_server_cursor_and_stream(self, new: Any) -> None:
        with new.cursor("c") as cursor:
            cursor.execute("SELECT n FROM numbers ORDER BY n")
            assert cursor.fetchmany(2) == [(1,), (2,)]
            assert len(cursor.fetchall()) == 998
        with new.cursor("d") as cursor:
            cursor.execute("SELECT n FROM numbers WHERE n > %s ORDER BY n", (998,))
            assert cursor.fetchall() == [(999,), (1000,)]
        with closing(new.cursor().stream("SELECT n FROM numbers ORDER BY n")) as rows:
            assert sum(n for (n,) in rows) == 500_500

    def test_savepoints_are_refused(self, new: Any) -> None:
        with new.transaction():
            new.execute("CREATE TEMP TABLE kept (n INTEGER)")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="SAVEPOINT"):
            new.execute("SAVEPOINT s")

    def test_client_copy_is_refused(self, new: Any) -> None:
        with (
            pytest.raises(psycopg.errors.FeatureNotSupported),
            new.cursor().copy("COPY numbers FROM STDIN") as copy,
        ):
            copy.write_row((1,))

    def test_cancel(self, new: Any) -> None:
        cancel = threading.Timer(0.2, new.cancel_safe)
        cancel.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            new.execute(ENDLESS)
        cancel.join()

    def test_copy_from_s3_with_client_side_parameters(self, cluster: Project, new: Any) -> None:
        cluster.put("typed/1.json", b'{"a": 1}')
        role = cluster.values["IAM_ROLE"]["ARN"]
        with psycopg.ClientCursor(new) as cursor:
            cursor.execute("CREATE TEMP TABLE typed (a INTEGER)")
            cursor.execute(
                "COPY typed FROM %s IAM_ROLE %s JSON 'auto'", (f"s3://{cluster.bucket}/typed", role)
            )
            assert cursor.execute("SELECT * FROM typed").fetchall() == [(1,)]


def test_asyncpg(cluster: Project) -> None:
    asyncpg = pytest.importorskip("asyncpg", reason="tests/requirements-clients.txt")
    import asyncio
    import ssl

    context = ssl.create_default_context(cafile=cluster.standin.ca_file)

    async def use() -> None:
        connection = await asyncpg.connect(**address(cluster), ssl=context)
        await connection.execute(CREATE_TYPES)
        marks = ", ".join(f"${number}" for number in range(1, 14))
        await connection.executemany(f"INSERT INTO of_all_types VALUES ({marks})", [VALUES] * 3)
        assert [tuple(row) for row in await connection.fetch("SELECT * FROM of_all_types")] == (
            [VALUES] * 3
        )
        async with connection.transaction():
            cursor = connection.cursor("SELECT n FROM numbers ORDER BY n", prefetch=100)
            assert [row["n"] async for row in cursor] == list(range(1, 1001))
        await connection.close()

    asyncio.run(use())


def test_pg8000(cluster: Project) -> None:
    dbapi = pytest.importorskip("pg8000.dbapi", reason="tests/requirements-clients.txt")
    import ssl

    context = ssl.create_default_context(cafile=cluster.standin.ca_file)
    with closing(dbapi.connect(**address(cluster), ssl_context=context)) as connection:
        cursor = connection.cursor()
        cursor.execute(CREATE_TYPES)
        cursor.execute(f"INSERT INTO of_all_types VALUES ({', '.join(['%s'] * 13)})", VALUES)
        cursor.execute("SELECT * FROM of_all_types")
        assert tuple(cursor.fetchone()) == VALUES
