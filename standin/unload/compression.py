"""What UNLOAD compresses with, and how the files are named then.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html#unload-parameters
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

SUFFIXES = {"gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst"}

# gzip's header and trailer around the deflated data
_GZIP_WINDOW = zlib.MAX_WBITS | 16


class Compressor(Protocol):
    """An incremental compressor of the standard library's kind."""

    def compress(self, data: bytes, /) -> bytes:
        """What can be written by now."""

    def flush(self) -> bytes:
        """The rest."""


class _Plain:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def compressors(compression: str | None) -> Callable[[], Compressor]:
    """The function that makes a compressor for each file."""
    if compression == "gzip":
        return lambda: zlib.compressobj(wbits=_GZIP_WINDOW)
    if compression == "bzip2":
        return bz2.BZ2Compressor
    if compression == "zstd":
        return lambda: zstandard.ZstdCompressor().compressobj()
    return _Plain
