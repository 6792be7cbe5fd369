"""Worker processes of a large COPY: they do work, they change nothing, and they never stay."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from test_copy_load import Bucket
from test_copy_properties import COLUMNS
from test_copy_uniform_lines import events

from standin.copy.command import parse
from standin.copy.copy_text import encode_row
from standin.copy.json_stream import JsonStream
from standin.copy.line_workers import LEAST_BYTES, LineWorkers, Recipe
from standin.copy.load import Column, Load
from standin.copy.row_reader import SURPRISES, JsonRows
from standin.dialect.lexer import tokenize

ROOT = Path(__file__).resolve().parent.parent
COMMAND = parse(
    tokenize(
        "COPY t FROM 's3://b/data' IAM_ROLE default JSON 'auto' TIMEFORMAT 'epochmillisecs'"
        " IGNOREALLERRORS"
    )
)
LINES = [json.dumps(event).encode() for event in events(9000)]


def children() -> set[int]:
    """The processes that this one has started, but for those that are gone."""
    found = psutil.Process().children()
    return {child.pid for child in found if child.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def others() -> set[int]:
    """The processes that were there before."""
    return children()


@pytest.fixture
def workers(others: set[int]) -> Iterator[LineWorkers]:
    recipe = Recipe(COMMAND, COLUMNS, None)
    own = JsonRows(COMMAND, COLUMNS, None).uniform
    assert own is not None
    with closing(LineWorkers(recipe, own, count=2)) as made:
        yield made


def rows_of(lines: JsonStream, reader: Any) -> tuple[bytes, int, int]:
    """The rows of a stream, how many came in blocks, and how many values did not."""
    rows, together, singly = b"", 0, 0
    reads = JsonRows(COMMAND, COLUMNS, None).read
    for value in lines:
        singly += 1
        with suppress(*SURPRISES):
            rows += f"{encode_row(reads(value))}\n".encode()
        while (block := reader.block(lines)) is not None:
            together += block[0]
            rows += block[1]
    return rows, together, singly


def stream(data: list[bytes]) -> JsonStream:
    return JsonStream(io.BytesIO(b"\n".join(data)))


def test_workers_give_what_one_process_gives(workers: LineWorkers) -> None:
    own = JsonRows(COMMAND, COLUMNS, None).uniform
    found, wanted = stream(LINES), stream(LINES)
    rows, together, singly = rows_of(found, workers)
    assert rows == rows_of(wanted, own)[0]
    assert (together, rows.count(b"\n"), singly) == (len(LINES) - singly, len(LINES), 2)
    assert found.lines_read == wanted.lines_read == len(LINES)


def test_lines_that_a_worker_cannot_take_are_read_here(workers: LineWorkers) -> None:
    lines = [*LINES]
    lines[4000] = b'{"s": 1,'
    lines[4500] = b'{"s": "x"}'
    found = stream(lines)
    _, together, singly = rows_of(found, workers)
    assert together + singly == len(lines)
    assert together > 0.9 * len(lines)
    assert found.lines_read == len(lines)


def test_nothing_is_lost_with_a_worker_that_dies(workers: LineWorkers, others: set[int]) -> None:
    found = stream(LINES)
    values = iter(found)
    next(values)
    block = workers.block(found)
    assert block is not None
    for pid in children() - others:
        psutil.Process(pid).kill()
    _, together, singly = rows_of(found, workers)
    assert 1 + block[0] + together + singly == len(LINES)
    assert children() == others


def test_objects_without_lines_are_not_all_read_into_memory(workers: LineWorkers) -> None:
    source = io.BytesIO(b'{"s":1}' * 2_000_000)
    lines = JsonStream(source)
    next(iter(lines))
    assert workers.block(lines) is None
    assert source.tell() < 3 << 20


def test_a_large_load_has_the_rows_of_a_small_one_and_leaves_no_process() -> None:
    columns = [Column("id", "bigint"), Column("text", "varchar", 9000)]
    lines = [b'{"id":%d,"text":"%s"}' % (n, b"\\u00e9" * 150) for n in range(3000)]
    data = b"\n".join([*lines, b'{"id":"x"}', *lines])
    objects = {f"data{n}": data for n in range(LEAST_BYTES // len(data) + 1)}
    load = Load(COMMAND, columns, Bucket(objects), "t")
    before = children()
    chunks = load.chunks()
    first = next(chunks)
    assert len(children() - before) == 2
    count = first.count(b"\n") + sum(chunk.count(b"\n") for chunk in chunks)
    assert count == load.rows_loaded == len(objects) * 6000
    assert [(e.line_number, e.column_name) for e in load.errors] == [(3001, "id")] * len(objects)
    assert [file.lines_scanned for file in load.files] == [6001] * len(objects)
    assert children() == before


def test_two_large_loads_side_by_side_have_workers_of_their_own() -> None:
    columns = [Column("id", "bigint"), Column("text", "varchar", 9000)]
    texts = ["x" * 1000, "y" * 1100]
    count = LEAST_BYTES // 1000 + 1
    buckets = [Bucket({"data": f'{{"id":7,"text":"{text}"}}\n'.encode() * count}) for text in texts]
    loads = [Load(COMMAND, columns, bucket, "t") for bucket in buckets]
    before = children()
    chunks = [load.chunks() for load in loads]
    # by turns: neither is done before the other has begun
    found = [next(one) for one in chunks]
    assert len(children() - before) == 4
    for _ in range(20):
        found = [rows + next(one) for rows, one in zip(found, chunks, strict=True)]
    found = [rows + b"".join(one) for rows, one in zip(found, chunks, strict=True)]
    assert found == [f"7\t{text}\n".encode() * count for text in texts]
    assert children() == before


def test_a_load_that_is_left_ends_its_workers() -> None:
    data = b'{"s":1,"w":"abcdefgh"}\n' * (LEAST_BYTES // 22)
    before = children()
    chunks = Load(COMMAND, COLUMNS, Bucket({"data": data}), "t").chunks()
    next(chunks)
    assert children() - before
    getattr(chunks, "close")()  # noqa: B009
    assert children() == before


OWNER = """
import sys
from standin.copy.columns import Column
from standin.copy.command import parse
from standin.copy.line_workers import LineWorkers, Recipe
from standin.copy.row_reader import JsonRows
from standin.dialect.lexer import tokenize
command = parse(tokenize("COPY t FROM 's3://b/data' IAM_ROLE default JSON 'auto'"))
columns = [Column("s", "smallint")]
own = JsonRows(command, columns, None).uniform
workers = LineWorkers(Recipe(command, columns, None), own, count=2)
print("ready", flush=True)
sys.stdin.read()
"""


def test_workers_end_with_a_process_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 2
        process.kill()
    gone, left = psutil.wait_procs(workers, timeout=10)
    assert (len(gone), left) == (2, [])
