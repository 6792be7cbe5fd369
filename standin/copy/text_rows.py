"""PostgreSQL's CSV format, which takes every column, with strings as JSON writes them.

So the rows of a whole file can be written by an encoder of JSON. What PostgreSQL has to know of it
is in `options`: https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from standin.copy.columns import Column
from standin.copy.time_formats import EPOCHS, plain_epochs

_encode_into = msgspec.json.Encoder().encode_into
_LINE_FEED = ord("\n")
# A quote and a backslash are escaped alike in both; other escapes are JSON's alone.
_JSON_ONLY = re.compile(rb'\\[^"\\]')
_ESCAPE = re.compile(rb"\\(?:u00([0-9a-f]{2})|(.))")
_CONTROLS = {b"b": b"\b", b"t": b"\t", b"n": b"\n", b"f": b"\f", b"r": b"\r"}


class TextRows:
    """See RowFormat; a NUL is a ValueError."""

    options = r"""FORMAT csv, QUOTE '"', ESCAPE E'\\', NULL 'null', ENCODING 'UTF8'"""
    begin = end = b""
    finds_nul = True

    def field_of(self, column: Column) -> Callable[[str], Any]:
        """See RowFormat."""
        del column
        return str

    def moments_of(self, time_format: str, zone: str) -> Callable[[Iterable[int]], list[Any]]:
        """See RowFormat."""
        return plain_epochs(EPOCHS[time_format], zone)

    def encode(self, rows: Iterable[Sequence[Any]]) -> bytes | bytearray:
        """See RowFormat."""
        lines = bytearray(b"]")
        end = 0
        for row in rows:
            # A row's opening bracket takes the place of the closing one before it, and both become
            # the line feed between them.
            _encode_into(row, lines, end)
            lines[end] = _LINE_FEED
            end = len(lines) - 1
        lines[end] = _LINE_FEED
        del lines[0]
        return _ESCAPE.sub(_unescaped, lines) if _JSON_ONLY.search(lines) else lines


def _unescaped(found: re.Match[bytes]) -> bytes:
    code, character = found.groups()
    if code is None:
        return _CONTROLS.get(character, found[0])
    if code == b"00":
        raise ValueError("a NUL in a row")
    return bytes.fromhex(code.decode())
