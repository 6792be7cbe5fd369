"""Objects as they are stored to the UTF-8 bytes that a format's reader takes.

Compression is never guessed, neither by a name nor by a look:
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-file-compression.html
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from standin.copy.options import ENCODINGS
from standin.copy.zstd_stream import ZstdStream

# What reading a damaged stream raises.
UNREADABLE = (EOFError, OSError, UnicodeError, zlib.error)


class Counter:
    """How many bytes were read of the objects as they are stored."""

    count = 0


class CountedStream:
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO, counter: Counter) -> None:
        self._stream = stream
        self._counter = counter

    def read(self, size: int = -1) -> bytes:
        """See io.RawIOBase."""
        data = self._stream.read(size)
        self._counter.count += len(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Transcoded(io.RawIOBase):
    """A stream of another encoding, read as UTF-8."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder(codec)().decode

    def read(self, size: int = -1) -> bytes:
        """At least one byte unless the stream is at its end."""
        while True:
            block = self._stream.read(size)
            text = self._decode(block, not block)
            if text or not block:
                return text.encode("utf-8", "surrogatepass")


Opener = Callable[[BinaryIO], BinaryIO]


def opener(compression: str | None, encoding: str, counter: Counter) -> Opener:
    """The function from an object's stream to its UTF-8 bytes; counts compressed bytes read."""
    decompress = _decompressor(compression)
    codec = ENCODINGS[encoding]

    def open_stream(stream: BinaryIO) -> BinaryIO:
        if decompress is not None:
            stream = decompress(cast(BinaryIO, CountedStream(stream, counter)))
        return stream if codec == "utf8" else cast(BinaryIO, Transcoded(stream, codec))

    return open_stream


def _decompressor(compression: str | None) -> Opener | None:
    if compression == "gzip":
        return lambda stream: cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if compression == "bzip2":
        return lambda stream: cast(BinaryIO, bz2.BZ2File(stream))
    if compression == "zstd":
        return lambda stream: cast(BinaryIO, ZstdStream(stream))
    return None
