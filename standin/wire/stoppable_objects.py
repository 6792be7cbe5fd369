"""Objects of S3 whose reading in another thread can be ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, cast

from standin.cloud.objects import ObjectInfo, ObjectSource


class StoppableObjects:
    """An object source whose streams fail once `stop` was called, in whatever thread they are read.

    A thread cannot be interrupted, but the load in it ends with the next block that it reads.
    """

    def __init__(self, objects: ObjectSource) -> None:
        self.list = objects.list
        self.find = objects.find
        self._objects = objects
        self._is_stopped = False

    def open(self, info: ObjectInfo) -> BinaryIO:
        """A stream of the object's bytes."""
        return cast(BinaryIO, _StoppableStream(self._objects.open(info), self.check))

    def stop(self) -> None:
        """Let every further read fail."""
        self._is_stopped = True

    def check(self) -> None:
        """OSError after `stop`."""
        if self._is_stopped:
            raise OSError("the load was stopped")


class _StoppableStream:
    def __init__(self, stream: BinaryIO, check: Callable[[], None]) -> None:
        self._stream = stream
        self._check = check

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> _StoppableStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        self._check()
        return self._stream.read(size)
