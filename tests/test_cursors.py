"""Cursors over the wire: one at a time in a session, forward only, gone with their transaction.

https://docs.aws.amazon.com/redshift/latest/dg/declare.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from conftest import module_project
from wire import SYNC, Wire, bind_and_execute, codes

from standin import Standin
from standin.wire import reading, writing

MULTIPLE = "opening multiple cursors from within the same client connection is not allowed."
NUMBERS = (
    "CREATE TABLE numbers (n INT); INSERT INTO numbers SELECT ones + tens * 10 FROM "
    + ", ".join(
        "(" + " UNION ALL ".join(f"SELECT {digit} AS {name}" for digit in range(10)) + ")"
        for name in ("ones", "tens")
    )
)


@pytest.fixture(scope="module")
def project(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return module_project(standin, tmp_path_factory, "cursors")


@pytest.fixture(scope="module")
def connected(project: Any) -> Iterator[Any]:
    connection = project.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(NUMBERS)
    yield connection
    connection.close()


@pytest.fixture
def connection(connected: Any) -> Iterator[Any]:
    yield connected
    connected.rollback()
    connected.autocommit = False


def first(connection: Any, name: str) -> int:
    """Open a named cursor of psycopg2 and leave it open; its first row."""
    cursor = connection.cursor(name)
    cursor.execute("SELECT n FROM numbers ORDER BY n")
    return int(cursor.fetchone()[0])


def refusal(connection: Any, *statements: str) -> tuple[str, str]:
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as error:
        for sql in statements:
            cursor.execute(sql)
    return error.value.pgcode, error.value.diag.message_primary


def test_a_second_cursor_is_refused(connection: Any) -> None:
    assert first(connection, "a") == 0
    assert refusal(connection, "DECLARE b CURSOR FOR SELECT 1") == ("24000", MULTIPLE)
    assert refusal(connection, "SELECT 1")[0] == "25P02"


def test_a_second_named_cursor_of_psycopg2_is_refused(connection: Any) -> None:
    assert first(connection, "a") == 0
    with pytest.raises(psycopg2.errors.InvalidCursorState, match="opening multiple cursors"):
        first(connection, "b")


def test_named_cursors_follow_each_other(connection: Any) -> None:
    for _ in range(2):
        with connection.cursor("part") as cursor:
            cursor.itersize = 30
            cursor.execute("SELECT n FROM numbers WHERE n >= %s ORDER BY n DESC", (20,))
            assert [n for (n,) in cursor] == list(range(99, 19, -1))


@pytest.mark.parametrize(
    "end", ["CLOSE a", "COMMIT; BEGIN", "ROLLBACK; BEGIN", "TRUNCATE emptied; BEGIN"]
)
def test_what_ends_a_cursor_makes_room(connection: Any, end: str) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS emptied; CREATE TABLE emptied (a INT)")
        for sql in ("BEGIN", "DECLARE a CURSOR FOR SELECT 1", *end.split("; ")):
            cursor.execute(sql)
        cursor.execute("DECLARE b CURSOR FOR SELECT 2; FETCH b")
        assert cursor.fetchall() == [(2,)]
        cursor.execute("ROLLBACK")


def test_an_error_ends_the_cursor_with_its_transaction(connection: Any) -> None:
    assert first(connection, "a") == 0
    assert refusal(connection, "SELECT 1/0 FROM numbers")[0] != "24000"
    connection.rollback()
    assert first(connection, "b") == 0


def test_two_cursors_in_one_string(connection: Any) -> None:
    both = "DECLARE a CURSOR FOR SELECT 1; DECLARE b CURSOR FOR SELECT 2"
    assert refusal(connection, both) == ("24000", MULTIPLE)
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(
            "DECLARE a CURSOR FOR SELECT 1; CLOSE a; DECLARE b CURSOR FOR SELECT 2; FETCH b"
        )
        assert cursor.fetchall() == [(2,)]


def test_each_session_has_its_own(connection: Any, project: Any) -> None:
    assert first(connection, "a") == 0
    with project.connect() as other:
        assert first(other, "a") == 0


def test_a_refused_query_opens_nothing(connection: Any) -> None:
    assert refusal(connection, "DECLARE a CURSOR FOR SELECT nope FROM numbers")[0] == "42703"
    connection.rollback()
    assert first(connection, "b") == 0


def test_columns_are_those_of_the_query(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DECLARE a CURSOR FOR WITH w AS (SELECT n, n AS n, 'x' FROM numbers) "
            "SELECT * FROM w UNION ALL SELECT 1, 2, 'y' ORDER BY 1 DESC, 2 LIMIT 1 OFFSET 99"
        )
        cursor.execute("FETCH ALL FROM a")
        assert [column.name for column in cursor.description] == ["n", "n", "?column?"]
        assert cursor.fetchall() == [(1, 2, "y")]


def test_the_extended_protocol_knows_no_other_rule(project: Any, connected: Any) -> None:
    with Wire(project) as wire:
        wire.log_in(project)
        wire.send(writing.query("BEGIN"))
        wire.read_until_ready()
        for name, expected in (("a", "12nCZ"), ("b", "12nEZ")):
            sql = f"DECLARE {name} CURSOR FOR SELECT n FROM numbers"
            wire.send(writing.parse("", sql, b"\0\0"), bind_and_execute(), SYNC)
            answers = wire.read_until_ready()
            assert codes(answers) == expected
        fields = reading.error_fields(answers[-2][1])
        assert (fields["C"], fields["M"]) == ("24000", MULTIPLE)


def near(word: str) -> tuple[str, str]:
    return "42601", f'syntax error at or near "{word}"'


REFUSED = {
    "backward": ("FETCH BACKWARD 1 FROM a", near("BACKWARD")),
    "absolute": ("FETCH ABSOLUTE 3 FROM a", near("ABSOLUTE")),
    "relative": ("FETCH RELATIVE 3 FROM a", near("RELATIVE")),
    "prior": ("FETCH PRIOR FROM a", near("PRIOR")),
    "first": ("FETCH FIRST FROM a", near("FIRST")),
    "last": ("FETCH LAST IN a", near("LAST")),
    "a negative number": ("FETCH -1 FROM a", near("-")),
    "move": ("MOVE 1 FROM a", ("0A000", 'SQL command "MOVE 1 FROM a" not supported.')),
    "close all": ("CLOSE ALL", near("ALL")),
    "scroll": ("DECLARE b SCROLL CURSOR FOR SELECT 1", near("SCROLL")),
    "no scroll": ("DECLARE b NO SCROLL CURSOR FOR SELECT 1", near("NO")),
    "binary": ("DECLARE b BINARY CURSOR FOR SELECT 1", near("BINARY")),
    "insensitive": ("DECLARE b INSENSITIVE CURSOR FOR SELECT 1", near("INSENSITIVE")),
    "with hold": ("DECLARE b CURSOR WITH HOLD FOR SELECT 1", near("WITH")),
    "of a change": ("DECLARE b CURSOR FOR DELETE FROM numbers", near("DELETE")),
    "one that is not there": ("FETCH 1 FROM nope", ("34000", 'cursor "nope" does not exist')),
    "one that is closed": ("CLOSE a; FETCH 1 FROM a", ("34000", 'cursor "a" does not exist')),
}


@pytest.mark.parametrize(("sql", "expected"), REFUSED.values(), ids=REFUSED)
def test_refused(connection: Any, sql: str, expected: tuple[str, str]) -> None:
    opened = "DECLARE a CURSOR FOR SELECT n FROM numbers"
    assert refusal(connection, opened, "FETCH FORWARD 5 FROM a", sql) == expected


FETCHED = {
    "FETCH a": 1,
    "FETCH NEXT FROM a": 1,
    "fetch 7 in a": 7,
    "FETCH FORWARD 7 FROM a": 7,
    "FETCH FORWARD ALL FROM a": 95,
    'FETCH ALL FROM "A"': 95,
}


@pytest.mark.parametrize(("sql", "rows"), FETCHED.items(), ids=FETCHED)
def test_fetched(connection: Any, sql: str, rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DECLARE a CURSOR FOR SELECT n FROM numbers ORDER BY n")
        cursor.execute("FETCH 5 FROM a")
        cursor.execute(sql)
        assert cursor.fetchall() == [(n,) for n in range(5, 5 + rows)]


def test_outside_of_a_transaction(connection: Any) -> None:
    connection.autocommit = True
    state, text = refusal(connection, "DECLARE a CURSOR FOR SELECT 1")
    assert (state, "transaction" in text) == ("25P01", True)
