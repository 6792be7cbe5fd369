"""Zstandard as a stream that notices when its end is missing; one frame or several."""

from __future__ import annotations

import io
from typing import BinaryIO

import zstandard

# Bytes of the compressed stream that are read at once: they may become a thousand times as many.
_BLOCK = 1 << 14


class ZstdStream(io.RawIOBase):
    """The bytes of a Zstandard stream; OSError for a damaged one, EOFError for a truncated one."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_begun = False
        self._ready = io.BytesIO()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that are ready when it is negative; none at the end."""
        while not (data := self._ready.read(size)):
            block = self._stream.read(_BLOCK)
            if not block:
                break
            self._ready = io.BytesIO(self._decompressed(block))
        if not data and self._is_begun:
            raise EOFError("the Zstandard stream ends in the middle of a frame")
        return data

    def _decompressed(self, block: bytes) -> bytes:
        pieces = []
        while block:
            try:
                pieces.append(self._frame.decompress(block))
            except zstandard.ZstdError as problem:
                raise OSError(str(problem)) from problem
            self._is_begun = not self._frame.eof
            block = b""
            if self._frame.eof:
                block = self._frame.unused_data
                self._frame = zstandard.ZstdDecompressor().decompressobj()
        return b"".join(pieces)
