"""Prepared statements: translated, driven or refused, every answer in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Project
from wire import FLUSH, SYNC, Wire, bind_and_execute, codes, copy_statement

from standin.wire import protocol, reading, writing


@pytest.fixture
def wire(project: Project) -> Iterator[Wire]:
    with Wire(project) as connected:
        connected.log_in(project)
        yield connected


def test_prepared_statement_is_translated(wire: Wire) -> None:
    wire.send(
        writing.parse("s", "SELECT NVL($1, 7)", b"\0\x01\0\0\0\x17"),
        writing.message(protocol.BIND, b"\0s\0" + b"\0\0" + b"\0\x01\xff\xff\xff\xff" + b"\0\0"),
        writing.message(protocol.EXECUTE, b"\0\0\0\0\0"),
        SYNC,
    )
    answers = wire.read_until_ready()
    assert codes(answers) == "12DCZ"
    assert reading.row_values(answers[2][1]) == ["7"]


def test_refusal_in_a_pipeline_keeps_its_place(wire: Wire) -> None:
    wire.send(
        writing.parse("", "SELECT 1", b"\0\0"),
        bind_and_execute(),
        writing.parse("", "CREATE INDEX i ON t (a)", b"\0\0"),
        bind_and_execute(),
        writing.parse("", "SELECT 2", b"\0\0"),
        bind_and_execute(),
        SYNC,
        writing.parse("", "SELECT 3", b"\0\0"),
        bind_and_execute(),
        SYNC,
    )
    first, second = wire.read_until_ready(), wire.read_until_ready()
    assert codes(first) == "12TDCEZ"
    assert reading.error_fields(first[5][1])["C"] == "0A000"
    assert codes(second) == "12TDCZ"
    assert reading.row_values(second[3][1]) == ["3"]


def test_refusal_is_told_at_flush_already(wire: Wire) -> None:
    wire.send(writing.parse("", "CREATE INDEX i ON t (a)", b"\0\0"), FLUSH)
    assert wire.read()[0] == protocol.ERROR_RESPONSE
    wire.send(FLUSH, bind_and_execute(), SYNC)
    assert codes(wire.read_until_ready()) == "Z"


def test_error_before_a_refusal_comes_alone(wire: Wire) -> None:
    wire.send(
        writing.parse("", "SELECT 1/0", b"\0\0"),
        bind_and_execute(),
        FLUSH,
        writing.parse("", "CREATE INDEX i ON t (a)", b"\0\0"),
        SYNC,
    )
    answers = wire.read_until_ready()
    assert codes(answers).strip("12T") == "EZ"
    assert reading.error_fields(answers[-2][1])["C"] == "22012"


def test_flushed_answers_come_without_sync(wire: Wire) -> None:
    wire.send(writing.parse("s", "SELECT 1", b"\0\0"), FLUSH)
    assert wire.read()[0] == b"1"
    wire.send(bind_and_execute("s"), FLUSH)
    assert [wire.read()[0] for _ in range(4)] == [b"2", b"T", b"D", b"C"]
    wire.send(SYNC)
    assert codes(wire.read_until_ready()) == "Z"


def test_copy_and_truncate_can_be_prepared(project: Project, wire: Wire) -> None:
    project.put("rows/1.json", b'{"a": 1}{"a": 2}')
    wire.send(writing.query("CREATE TABLE t (a INTEGER)"))
    wire.read_until_ready()
    wire.send(writing.parse("c", copy_statement(project), b"\0\0"), SYNC)
    assert codes(wire.read_until_ready()) == "1Z"
    wire.send(bind_and_execute("c"), bind_and_execute("c"), SYNC)
    answers = wire.read_until_ready()
    assert codes(answers) == "2nNC2nNCZ"
    assert answers[3] == (b"C", b"COPY\0")
    assert project.query("SELECT count(*) FROM t") == [(4,)]
    wire.send(writing.parse("", "TRUNCATE t", b"\0\0"), bind_and_execute(), SYNC)
    assert codes(wire.read_until_ready()) == "12nCZ"
    assert project.query("SELECT count(*) FROM t") == [(0,)]


def test_failed_copy_in_a_pipeline_skips_to_sync(project: Project, wire: Wire) -> None:
    wire.send(writing.query("CREATE TABLE t (a INTEGER)"))
    wire.read_until_ready()
    wire.send(
        writing.parse("", copy_statement(project, "nothing"), b"\0\0"),
        bind_and_execute(),
        writing.parse("", "SELECT 1", b"\0\0"),
        bind_and_execute(),
        SYNC,
    )
    answers = wire.read_until_ready()
    assert codes(answers) == "12nEZ"
    assert reading.error_fields(answers[3][1])["C"] == "XX000"


def test_several_statements_cannot_be_prepared(wire: Wire) -> None:
    wire.send(writing.parse("", "SELECT 1; SELECT 2", b"\0\0"), SYNC)
    answers = wire.read_until_ready()
    assert codes(answers) == "EZ"
    assert reading.error_fields(answers[0][1])["C"] == "42601"


PIVOTED = "SELECT * FROM (SELECT 'a'::VARCHAR AS k) PIVOT (COUNT(*) FOR k IN ('a', 'b'))"


def test_columns_are_asked_for_when_a_statement_is_prepared(wire: Wire) -> None:
    wire.send(writing.parse("", PIVOTED, b"\0\0"), bind_and_execute(), SYNC)
    answers = wire.read_until_ready()
    assert codes(answers) == "12TDCZ"
    assert reading.column_names(answers[2][1]) == ("a", "b")
    assert reading.row_values(answers[3][1]) == ["1", "0"]


def test_columns_that_cannot_be_asked_for(wire: Wire) -> None:
    """In the middle of a pipeline PostgreSQL answers no question, and a wrong one is an error."""
    wire.send(
        writing.parse("", "SELECT 1", b"\0\0"), bind_and_execute(), FLUSH,
        writing.parse("", PIVOTED, b"\0\0"), SYNC,
        writing.parse("", "SELECT * EXCLUDE a FROM (SELECT gone_too() AS a)", b"\0\0"), SYNC,
        writing.parse("", "SELECT * EXCLUDE a FROM nowhere", b"\0\0"), SYNC,
        writing.parse("", "SELECT 3", b"\0\0"), bind_and_execute(), SYNC,
    )  # fmt: skip
    pipeline, function, relation, after = (wire.read_until_ready() for _ in range(4))
    assert codes(pipeline) == "12TDCEZ"
    assert reading.error_fields(pipeline[5][1])["C"] == "0A000"
    assert reading.error_fields(function[0][1])["C"] == "42883"
    assert reading.error_fields(relation[0][1])["C"] == "42P01"
    assert codes(after) == "12TDCZ"
