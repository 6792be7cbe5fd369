"""How the rows of a COPY are sent to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from standin.copy.binary_rows import BinaryRows, fits
from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.text_rows import TextRows


class RowFormat(Protocol):
    """One format of PostgreSQL's COPY; `begin` comes before all rows, `end` behind them.

    One that `finds_nul` raises ValueError for a NUL; else PostgreSQL has to.
    """

    options: str
    finds_nul: bool
    begin: bytes
    end: bytes

    def field_of(self, column: Column) -> Callable[[str], Any]:
        """The function from what the column's converter gives, NULL aside, to a field."""

    def moments_of(self, time_format: str, zone: str) -> Callable[[Iterable[int]], list[Any]]:
        """The function from counts of units after 1970, no more than plain ones, to fields."""

    def encode(self, rows: Iterable[Sequence[Any]]) -> bytes | bytearray:
        """Rows of fields: text, numbers, and None for NULL."""


def row_format(command: CopyCommand, columns: Sequence[Column], *, careful: bool) -> RowFormat:
    """The fastest format for the columns; one that finds a NUL itself if `careful`."""
    if careful or command.no_load or command.format != "json" or not fits(command, columns):
        return TextRows()
    return BinaryRows(columns)
