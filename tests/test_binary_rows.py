"""Rows sent in PostgreSQL's binary format are those that it reads from text."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from test_conversion import CONVERTED, OPTIONS
from test_copy_batches import OPTIONS as OPTIONS_OF_COPY
from test_copy_batches import documents, outcome
from test_copy_load import Bucket
from test_copy_properties import COLUMNS, check

from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.load import Load
from standin.copy.time_formats import EPOCHS
from standin.postgres import Postgres

__all__ = ["check"]

MILLIS = {"time_format": "epochmillisecs"}
SECONDS = {"time_format": "epochsecs"}
TYPES = {"smallint", "integer", "bigint", "double precision", "varchar"}
# The last are what the tables of test_conversion lack: the ends of types and calendars.
CASES: list[tuple[Column, str | bytes, dict[str, Any]]] = [
    *((column, text, {}) for column, text, _ in CONVERTED if column.type in TYPES),
    *(
        (column, text, options)
        for column, text, options, _ in OPTIONS
        if column.type in TYPES or options.get("time_format") in EPOCHS
    ),
    (Column("c", "smallint"), "-32768", {}),
    (Column("c", "bigint"), '"+7"', {}),
    (Column("c", "double precision"), "1.7976931348623157e308", {}),
    (Column("c", "double precision"), "5e-324", {}),
    (Column("c", "double precision"), "-0.0", {}),
    (Column("c", "double precision"), "0.1", {}),
    (Column("c", "varchar", 99), json.dumps('tab\t nl\n \\N "q" é 😀'), {}),
    (Column("c", "timestamp"), "0", MILLIS),
    (Column("c", "timestamp"), "946684799999", MILLIS),
    (Column("c", "timestamptz"), "946684800000", MILLIS),
    (Column("c", "timestamp"), "951782400000", MILLIS),
    (Column("c", "timestamp"), "1541106106796000", MILLIS),
    (Column("c", "timestamp"), "9224318015999", SECONDS),
    (Column("c", "timestamptz"), "-210866803200", SECONDS),
    (Column("c", "timestamp"), "-62135596800", SECONDS),
    (Column("c", "timestamp"), "-62135596801", SECONDS),
    (Column("c", "timestamp"), "-62162208001", SECONDS),
]


@pytest.fixture(scope="module")
def cursor() -> Iterator[Any]:
    server = Postgres()
    server.start()
    try:
        with closing(server.connect()) as connection, connection.cursor() as made:
            connection.autocommit = True
            made.execute("SET timezone = 'UTC'")
            yield made
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("column", "text", "options"),
    CASES,
    ids=[f"{number} {column.type}" for number, (column, *_) in enumerate(CASES)],
)
def test_binary_rows_are_the_text_s(
    cursor: Any, column: Column, text: str | bytes, options: dict[str, Any]
) -> None:
    value = text if isinstance(text, bytes) else text.encode()
    # The first is read on its own, the others together, if they can be.
    lines = (b'{"c": ' + value + b"}\n") * 3
    kind = f"varchar({column.length})" if column.type == "varchar" else column.type
    stored = []
    for one_by_one in (False, True):
        command = CopyCommand("t", "s3://b/data", format="json", json_argument="auto", **options)
        load = Load(
            command, [column], Bucket({"data": lines}), "t", one_by_one=one_by_one, careful=False
        )
        assert load.copy_options.startswith("FORMAT csv" if one_by_one else "FORMAT binary")
        cursor.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (c {kind})")
        cursor.copy_expert(
            f"COPY t FROM STDIN ({load.copy_options})", io.BytesIO(b"".join(load.chunks()))
        )
        cursor.execute("SELECT c::text FROM t")
        stored.append(cursor.fetchall())
    assert len(stored[0]) == 3
    assert stored[0] == stored[1]


# Those of all columns that are sent so, and the one type that is not among them.
FITTING = [column for column in COLUMNS if column.type in {*TYPES, "timestamp"}]
FITTING.append(Column("z", "timestamptz"))


def test_both_formats_give_the_same_rows_and_the_same_errors(check: Callable[..., None]) -> None:
    def holds(data: bytes, options: str) -> None:
        bucket = Bucket({"data": data})
        sent = [
            outcome(bucket, "auto", options, one_by_one=text, columns=FITTING, careful=text)
            for text in (False, True)
        ]
        rows, *_, failure = sent[0]
        has_nul = any("\0" in str(field) for row in rows or () for field in row)
        # Such loads are begun again, with care: see test_copy_session.
        assert has_nul or failure or sent[0] == sent[1]

    check(100, holds, documents(), OPTIONS_OF_COPY)


OTHERS = [*(column for column in COLUMNS if column not in FITTING), Column("c", "date")]
OTHERS.append(Column("c", "timestamp"))


@pytest.mark.parametrize("column", OTHERS, ids=lambda column: column.type)
def test_other_columns_are_sent_as_text(column: Column) -> None:
    command = CopyCommand("t", "s3://b/data", format="json")
    columns = [Column("b", "bigint"), column]
    load = Load(command, columns, Bucket({"data": b"{}"}), "t", careful=False)
    assert load.copy_options.startswith("FORMAT csv")
