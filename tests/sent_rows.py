"""What COPY sends to PostgreSQL, read back as PostgreSQL reads it, by readers of its own."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from standin.copy.columns import Column

# CSV with quotes and backslashes escaped by a backslash; null without quotes is NULL.
_FIELD = re.compile(r'"((?:[^"\\]|\\["\\])*)"|([^",\n]+)')

# https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_TRAILER = struct.pack("!h", -1)
_NUMBERS = {
    "smallint": "!h", "integer": "!i", "bigint": "!q", "double precision": "!d",
    "timestamp": "!q", "timestamptz": "!q",
}  # fmt: skip


def sent_rows(data: bytes, columns: Sequence[Column]) -> list[list[str | None]]:
    """The fields of all rows as text, None for NULL; fails for what is no such data."""
    if data.startswith(_HEADER[:6]):
        return list(_binary_rows(data, columns))
    return _text_rows(data)


def _text_rows(data: bytes) -> list[list[str | None]]:
    text, position, rows = data.decode("utf-8"), 0, []
    row: list[str | None] = []
    while position < len(text):
        found = _FIELD.match(text, position)
        assert found, f"no field at {text[position : position + 40]!r}"
        quoted, plain = found.groups()
        row.append(
            re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            if plain is None
            else None
            if plain == "null"
            else plain
        )
        position = found.end() + 1
        assert text[position - 1] in ",\n", "every row ends with a line feed"
        if text[position - 1] == "\n":
            rows.append(row)
            row = []
    assert not row
    return rows


def _binary_rows(data: bytes, columns: Sequence[Column]) -> Iterator[list[str | None]]:
    assert data.startswith(_HEADER)
    assert data.endswith(_TRAILER)
    position, end = len(_HEADER), len(data) - len(_TRAILER)
    while position < end:
        assert struct.unpack_from("!h", data, position) == (len(columns),)
        position += 2
        row: list[str | None] = []
        for column in columns:
            (size,) = struct.unpack_from("!i", data, position)
            position += 4
            row.append(None if size < 0 else _text(data[position : position + size], column.type))
            position += max(0, size)
        yield row
    assert position == end


def _text(field: bytes, kind: str) -> str:
    """A field as PostgreSQL shows it, doubles as Python does."""
    if kind not in _NUMBERS:
        return field.decode("utf-8")
    (number,) = struct.unpack(_NUMBERS[kind], field)
    if kind not in ("timestamp", "timestamptz"):
        return str(number)
    moment, era, _ = _moment(number).partition(" BC")
    return moment + "+00" * (kind == "timestamptz") + era


def _moment(microseconds: int) -> str:
    """Microseconds after 2000-01-01; every 400 years the calendar is the same."""
    cycles, rest = divmod(microseconds, 146_097 * 86_400_000_000)
    moment = datetime(2000, 1, 1) + timedelta(microseconds=rest)
    year = moment.year + 400 * cycles
    fraction = f".{moment.microsecond:06}".removesuffix("000").removesuffix(".000")
    shown_year, era = (year, "") if year > 0 else (1 - year, " BC")
    return f"{shown_year:04}{moment:-%m-%d %H:%M:%S}{fraction}{era}"


def shown(data: bytes, columns: Sequence[Column]) -> list[str]:
    """The rows in one text each: fields behind tabs, \\N for NULL."""
    return [
        "\t".join("\\N" if field is None else field for field in row)
        for row in sent_rows(data, columns)
    ]
