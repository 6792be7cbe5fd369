"""PostgreSQL's CSV format, which every row is sent in, with strings as JSON writes them.

So the rows of a whole file can be written by an encoder of JSON. What PostgreSQL has to know of it
is in COPY_OPTIONS: https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from standin.copy.load_error import NULL

COPY_OPTIONS = r"""FORMAT csv, QUOTE '"', ESCAPE E'\\', NULL 'null', ENCODING 'UTF8'"""

_encode_into = msgspec.json.Encoder().encode_into
_LINE_FEED = ord("\n")
# A quote and a backslash are escaped alike in both; other escapes are JSON's alone.
_JSON_ONLY = re.compile(rb'\\[^"\\]')
_ESCAPE = re.compile(rb"\\(?:u00([0-9a-f]{2})|(.))")
_CONTROLS = {b"b": b"\b", b"t": b"\t", b"n": b"\n", b"f": b"\f", b"r": b"\r"}


def encode_rows(rows: Iterable[Sequence[Any]]) -> bytes | bytearray:
    """Lines of the values of rows: strings, numbers, and None for NULL.

    ValueError for a NUL, which PostgreSQL cannot store.
    """
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


def encode_row(fields: Sequence[str]) -> bytes | bytearray:
    """One line of converted fields."""
    return encode_rows([[None if field == NULL else str(field) for field in fields]])


def _unescaped(found: re.Match[bytes]) -> bytes:
    code, character = found.groups()
    if code is None:
        return _CONTROLS.get(character, found[0])
    if code == b"00":
        raise ValueError("a NUL in a row")
    return bytes.fromhex(code.decode())
