"""Processes that convert lines for one COPY, so that more than one core reads.

This process reads ahead and hands out whole lines, one piece of text after the other; it takes the
rows back in the same order. Whatever a worker cannot convert, and whatever is lost with a worker
that dies, is converted here: rows and errors never depend on the workers.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from standin.child_processes import detached
from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.json_stream import JsonStream
from standin.copy.jsonpaths import Path as MemberPath
from standin.copy.uniform_lines import Block, UniformLines

# A load of fewer bytes is over before workers would have paid for their start.
LEAST_BYTES = 32 << 20
MOST_WORKERS = 2
# Characters handed out at once.
TEXT_SIZE = 1 << 18
# Blocks that are converted here after workers could not.
OWN_BLOCKS = 8

_PACKAGES = Path(__file__).resolve().parent.parent.parent
# Before a text its length in bytes; before rows their number and their length.
TEXT_HEADER = struct.Struct("!I")
ROWS_HEADER = struct.Struct("!II")


@dataclass(frozen=True)
class Recipe:
    """What a worker has to know of the COPY."""

    command: CopyCommand
    columns: Sequence[Column]
    paths: list[MemberPath] | None


class LineWorkers:
    """The workers of one COPY. `close` it in any case; also the parent's end ends them."""

    def __init__(self, recipe: Recipe, own: UniformLines, *, count: int) -> None:
        """`own` is what converts here whatever the workers do not."""
        self._own = own
        self._workers = [_Worker(recipe) for _ in range(count)]
        # The worker and the length of each text that was handed out, in order.
        self._pending: deque[tuple[_Worker, int]] = deque()
        self._turn = 0
        self._own_blocks = 0

    @property
    def singly(self) -> int:
        """See UniformLines."""
        return self._own.singly

    def block(self, stream: JsonStream) -> Block | None:
        """See UniformLines."""
        if self._workers and not self._own_blocks:
            self._hand_out(stream)
            if self._pending:
                worker, size = self._pending.popleft()
                block = worker.collect()
                if block is not None:
                    stream.skip(size, block[0])
                    return block
                self._forget()
        self._own_blocks = max(0, self._own_blocks - 1)
        return self._own.block(stream)

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.close()
        self._workers = []

    def _hand_out(self, stream: JsonStream) -> None:
        """Let every worker have one text, as far as there is something.

        A second one could find both ends of the pipes waiting for each other.
        """
        ahead = sum(size for _, size in self._pending)
        while len(self._pending) < len(self._workers):
            text = stream.whole_lines(TEXT_SIZE, ahead)
            if len(text) < TEXT_SIZE // 2 and stream.read_on(ahead + TEXT_SIZE):
                continue
            if not text:
                return
            worker = self._workers[self._turn % len(self._workers)]
            self._turn += 1
            worker.submit(text)
            self._pending.append((worker, len(text)))
            ahead += len(text)

    def _forget(self) -> None:
        """Take back what is handed out, and do without workers that are dead."""
        while self._pending:
            self._pending.popleft()[0].collect()
        self._own_blocks = OWN_BLOCKS
        for worker in self._workers:
            if not worker.is_alive:
                worker.close()
        self._workers = [worker for worker in self._workers if worker.is_alive]


class _Worker:
    """One process; it gives the rows of every text that it was given, in order."""

    def __init__(self, recipe: Recipe) -> None:
        self.is_alive = True
        environ = {**os.environ, "PYTHONPATH": str(_PACKAGES)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "standin.copy.line_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            **detached(),
        )
        for pipe in (self._process.stdin, self._process.stdout):
            _widen(pipe)
        self._send(pickle.dumps(recipe))

    def submit(self, text: str) -> None:
        """Hand out whole lines."""
        self._send(text.encode("utf-8", "surrogateescape"))

    def collect(self) -> Block | None:
        """The rows of the oldest text not yet collected; None when there are none."""
        assert self._process.stdout is not None
        block = read_rows(self._process.stdout) if self.is_alive else None
        self.is_alive = block is not None
        return block if block and block[0] else None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(TEXT_HEADER.pack(len(data)))
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except OSError:
            self.is_alive = False


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold a whole text, where the system can: fewer changes between processes."""
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with suppress(OSError, AttributeError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, TEXT_SIZE)


def worker_count() -> int:
    """How many workers are worth it on this machine."""
    cores = os.cpu_count() or 1
    return MOST_WORKERS if cores > 1 else 0


def read_rows(stream: IO[bytes]) -> Block | None:
    """What a worker writes; None when there is nothing any more."""
    header = stream.read(ROWS_HEADER.size)
    if len(header) < ROWS_HEADER.size:
        return None
    count, size = ROWS_HEADER.unpack(header)
    rows = stream.read(size)
    return (count, rows) if len(rows) == size else None
