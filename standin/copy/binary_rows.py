"""PostgreSQL's binary COPY format, which it reads in half the time that text takes it.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT. psycopg writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.time_formats import EPOCHS, ZONES

# The types that psycopg writes fields as; a moment is a whole number there.
_INT4, _INT8 = 23, 20
_WRITTEN_AS = {
    "smallint": 21,
    "integer": _INT4,
    "bigint": _INT8,
    "double precision": 701,
    "varchar": 25,
    "timestamp": _INT8,
    "timestamptz": _INT8,
}

_MOMENT = re.compile(
    r"(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:\+00)?( BC)?", re.ASCII
)
_DAY_S = 86_400
# The calendar repeats itself after so many years and days.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_DAY_2000 = date(2000, 1, 1).toordinal()
_DAY_1970 = date(1970, 1, 1).toordinal()


def fits(command: CopyCommand, columns: Sequence[Column]) -> bool:
    """Whether the columns are of types that Python makes fields of faster than PostgreSQL.

    It does of numbers and text, not of decimals, dates and times.
    """
    return all(
        column.type in _WRITTEN_AS and (column.type not in ZONES or command.time_format in EPOCHS)
        for column in columns
    )


class BinaryRows:
    """See RowFormat; a NUL is written, and PostgreSQL refuses it.

    A moment is the microseconds after 2000-01-01, in UTC.
    """

    options = "FORMAT binary"
    finds_nul = False
    # A signature, no flags and no extension; a number of fields that no row has.
    begin = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    end = b"\xff\xff"

    def __init__(self, columns: Sequence[Column]) -> None:
        # Imported when needed: it takes longer than all else that a small load does. From the
        # package, as threads that import it from two ends may wait for each other. The public way
        # to write a row takes twice the time of this one.
        from psycopg import _copy_base, adapt, pq

        self._format_row = _copy_base.format_row_binary
        self._transformer = adapt.Transformer()
        self._transformer.set_dumper_types(
            [_WRITTEN_AS[column.type] for column in columns], pq.Format.BINARY
        )

    def field_of(self, column: Column) -> Callable[[str], Any]:
        """See RowFormat."""
        return _FIELDS[column.type]

    def moments_of(self, time_format: str, zone: str) -> Callable[[Iterable[int]], list[Any]]:
        """See RowFormat."""
        del zone
        unit = 1_000_000 // EPOCHS[time_format]
        start = (_DAY_2000 - _DAY_1970) * _DAY_S * 1_000_000
        return lambda counts: [count * unit - start for count in counts]

    def encode(self, rows: Iterable[Sequence[Any]]) -> bytearray:
        """See RowFormat."""
        format_row, transformer = self._format_row, self._transformer
        written = bytearray()
        for row in rows:
            format_row(row, transformer, written)
        return written


def _microseconds(text: str) -> int:
    """Of a moment in UTC as `epoch_text` writes it, after 2000-01-01."""
    found = _MOMENT.fullmatch(text)
    assert found, f"expected a moment in UTC, got {text!r}"
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, era = found.groups()[6:]
    # Python's calendar ends with 9999.
    cycle, rest = divmod((1 - year if era else year) - 1, _CYCLE_YEARS)
    days = date(rest + 1, month, day).toordinal() + cycle * _CYCLE_DAYS - _DAY_2000
    seconds = days * _DAY_S + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000 + int((fraction or "").ljust(6, "0"))


_FIELDS: dict[str, Callable[[str], Any]] = {
    "smallint": int,
    "integer": int,
    "bigint": int,
    "double precision": float,
    "varchar": str,
    "timestamp": _microseconds,
    "timestamptz": _microseconds,
}
