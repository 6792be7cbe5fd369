"""The stand-in's COPY reads a little ahead of PostgreSQL: in order, and not too far."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from standin.wire.running_load import MOST_AHEAD, ReadAhead

CHUNKS = [b"%d" % number for number in range(50)]


@pytest.fixture(scope="module")
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def maker(*steps: bytes | Exception) -> Callable[[], bytes | None]:
    """Gives the steps one by one, raises those that are errors, then None."""
    left = iter(steps)

    def produce() -> bytes | None:
        step = next(left, None)
        if isinstance(step, Exception):
            raise step
        return step

    return produce


async def taken(ahead: ReadAhead) -> list[bytes]:
    chunks = []
    while (chunk := await ahead.next()) is not None:
        chunks.append(chunk)
    return chunks


@pytest.mark.parametrize("count", [0, 1, MOST_AHEAD - 1, MOST_AHEAD, MOST_AHEAD + 1, 50])
def test_all_chunks_come_in_order(workers: ThreadPoolExecutor, count: int) -> None:
    async def run() -> list[bytes]:
        return await taken(ReadAhead(maker(*CHUNKS[:count]), workers))

    assert asyncio.run(run()) == CHUNKS[:count]


@pytest.mark.parametrize("count", [0, 1, MOST_AHEAD, 50])
def test_an_error_comes_after_the_chunks_before_it(workers: ThreadPoolExecutor, count: int) -> None:
    async def run() -> list[bytes]:
        ahead = ReadAhead(maker(*CHUNKS[:count], OSError("no more"), b"never"), workers)
        chunks = [await ahead.next() for _ in range(count)]
        with pytest.raises(OSError, match="no more"):
            await ahead.next()
        return [chunk for chunk in chunks if chunk is not None]

    assert asyncio.run(run()) == CHUNKS[:count]


def test_nothing_is_made_too_far_ahead_and_no_worker_waits(workers: ThreadPoolExecutor) -> None:
    made: list[bytes | None] = []
    produce = maker(*CHUNKS)

    def counted() -> bytes | None:
        made.append(produce())
        return made[-1]

    async def run() -> None:
        ahead = ReadAhead(counted, workers)
        for number, chunk in enumerate(CHUNKS, start=1):
            assert await ahead.next() == chunk
            # Both workers are free once this many has been made.
            both = threading.Barrier(3)
            for _ in range(2):
                workers.submit(both.wait, 10)
            await asyncio.get_running_loop().run_in_executor(None, both.wait, 10)
            assert len(made) <= number + MOST_AHEAD
        assert await ahead.next() is None

    asyncio.run(run())
    assert made == [*CHUNKS, None]


@pytest.mark.parametrize("taken_before", [0, MOST_AHEAD - 2, MOST_AHEAD, 2 * MOST_AHEAD])
def test_more_is_made_while_nobody_takes(workers: ThreadPoolExecutor, taken_before: int) -> None:
    enough = threading.Event()
    made = []
    produce = maker(*CHUNKS)

    def counted() -> bytes | None:
        made.append(produce())
        if len(made) >= taken_before + MOST_AHEAD // 2:
            enough.set()
        return made[-1]

    async def run() -> list[bytes]:
        ahead = ReadAhead(counted, workers)
        chunks = [await ahead.next() for _ in range(taken_before)]
        assert await asyncio.get_running_loop().run_in_executor(None, enough.wait, 10)
        return [chunk for chunk in chunks if chunk] + await taken(ahead)

    assert asyncio.run(run()) == CHUNKS
