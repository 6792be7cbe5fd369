"""A load that is read in worker threads, a few chunks ahead of PostgreSQL, which takes them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from standin.cloud.objects import ObjectSource
from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.load import Load
from standin.wire.stoppable_objects import StoppableObjects

# Enough that neither side waits for each move of the other.
MOST_AHEAD = 4


class RunningLoad:
    """A load whose chunks are made one at a time, in whatever thread asks for one."""

    def __init__(
        self,
        command: CopyCommand,
        columns: Sequence[Column],
        objects: ObjectSource,
        *,
        careful: bool,
    ) -> None:
        """See Load for `careful`."""
        self._objects = StoppableObjects(objects)
        self.load = Load(command, columns, self._objects, command.table, careful=careful)
        self._chunks = self.load.chunks()
        self._lock = threading.Lock()

    def produce(self) -> bytes | None:
        """The next chunk; None after the last one."""
        with self._lock:
            return next(self._chunks, None)

    def stop(self) -> None:
        """Make a call that runs in another thread fail soon."""
        self._objects.stop()

    def close(self) -> None:
        """Let go of the objects being read, once nobody is reading any more."""
        with self._lock:
            getattr(self._chunks, "close", lambda: None)()


class ReadAhead:
    """Gives the event loop the chunks that `produce` makes in worker threads, a few ahead.

    No worker waits in it: one that has made enough leaves, and another goes on when some are gone.
    """

    def __init__(self, produce: Callable[[], bytes | None], workers: Executor) -> None:
        """`produce` gives a chunk, None after the last one."""
        self._produce = produce
        self._workers = workers
        self._loop = asyncio.get_running_loop()
        self._ready: deque[bytes | None] = deque()
        self._news = asyncio.Event()
        self._filling = self._start()

    async def next(self) -> bytes | None:
        """The next chunk, None after the last one; raises what `produce` raised in its place."""
        while not self._ready:
            self._news.clear()
            if self._filling.done():
                self._filling.result()
                self._filling = self._start()
            await self._news.wait()
        chunk = self._ready.popleft()
        self._top_up()
        return chunk

    def stop(self) -> None:
        """Have nobody told any more of what is made."""
        self._filling.cancel()

    def _top_up(self) -> None:
        """Have more made when little is ready and nobody is at it, unless the load is over."""
        filling = self._filling
        is_free = filling.done() and not filling.cancelled() and not filling.exception()
        if is_free and filling.result() and len(self._ready) <= MOST_AHEAD // 2:
            self._filling = self._start()

    def _start(self) -> asyncio.Future[bool]:
        filling = self._loop.run_in_executor(self._workers, self._fill)
        filling.add_done_callback(self._tell)
        return filling

    def _tell(self, filling: asyncio.Future[bool]) -> None:
        # Asked for, so that asyncio does not log the error of one that nobody waits for any more.
        filling.cancelled() or filling.exception()
        self._news.set()
        self._top_up()

    def _fill(self) -> bool:
        """In a worker thread: make chunks until enough are ready; False after the last one."""
        while len(self._ready) < MOST_AHEAD:
            chunk = self._produce()
            self._ready.append(chunk)
            self._loop.call_soon_threadsafe(self._news.set)
            if chunk is None:
                return False
        return True
