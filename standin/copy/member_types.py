"""As what type the JSON member behind a column is read, when many objects are read at once.

The types are msgspec's: its decoder accepts a value of the type and nothing else, so that what it
accepts needs no second look. What is none of it is read as it is written, and converted one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Raw

from standin.copy.character_data import keeps_blanks
from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.conversion import INTEGERS, Converter
from standin.copy.json_stream import scan
from standin.copy.load_error import NULL
from standin.copy.row_format import RowFormat
from standin.copy.time_formats import EPOCHS, ZONES, plain_digits

# No character has more in UTF-8.
_MOST_BYTES = 4
# Fields of one column remembered by what they are made of, and what is too long to be remembered.
_REMEMBERED = 8192
_LONGEST_REMEMBERED = 256

# From what was decoded to fields of the format; None when a value does not fit.
Fields: TypeAlias = "Callable[[list[Any]], list[Any] | None]"


@dataclass(frozen=True)
class MemberType:
    """A type to decode as, and what the values then become; `fields` None: what they are."""

    type: Any
    default: Any
    fields: Fields | None = None


def member_types(
    column: Column, command: CopyCommand, convert: Converter, format_: RowFormat
) -> list[MemberType]:
    """The types of a column's member, the fastest first; the last takes every value."""
    null: Any = msgspec.NODEFAULT if column.not_null else None
    found = [
        MemberType(plain if column.not_null else plain | None, null, fields)
        for plain, fields in _plain(column, command, format_)
    ]
    fields = ConvertedFields(convert, format_.field_of(column))
    return [*found, MemberType(Raw, Raw(b"null"), fields)]


def _plain(
    column: Column, command: CopyCommand, format_: RowFormat
) -> Iterator[tuple[Any, Fields | None]]:
    """Types whose values a column takes as they are, or all in the same way."""
    if column.type in INTEGERS:
        end = 1 << INTEGERS[column.type].bits - 1
        yield Annotated[int, Meta(ge=-end, le=end - 1)], None
        # a number in quotes, as the user of the public logs is, or nothing in them
        length = INTEGERS[column.type].digits
        yield Annotated[str, Meta(max_length=length)], _DigitFields(column.not_null)
    elif column.type == "double precision":
        yield float, _other_than_zero
    elif column.type == "varchar" and keeps_blanks(command) and command.accept_inv_chars is None:
        length = column.length or 0
        yield Annotated[str, Meta(max_length=length // _MOST_BYTES)], None
        yield Annotated[str, Meta(max_length=length)], _one_byte_characters
    elif command.time_format in EPOCHS and column.type in ZONES:
        digits = plain_digits(EPOCHS[command.time_format])
        moments_of = format_.moments_of(command.time_format, ZONES[column.type])
        yield Annotated[int, Meta(ge=0, lt=10**digits)], _EpochFields(moments_of)


def _other_than_zero(values: list[float | None]) -> list[float | None] | None:
    # msgspec takes -0, written as a whole number, for 0
    return None if 0.0 in values else values


def _one_byte_characters(values: list[str | None]) -> list[str | None] | None:
    return values if "".join(filter(None, values)).isascii() else None


@dataclass(frozen=True)
class _DigitFields:
    """Whole numbers that are strings; an empty string is NULL."""

    required: bool

    def __call__(self, values: list[str | None]) -> list[Any] | None:
        digits = "".join(filter(None, values))
        if digits and not (digits.isdigit() and digits.isascii()):
            return None
        if self.required and "" in values:
            return None
        return [int(value) if value else None for value in values]


@dataclass(frozen=True)
class _EpochFields:
    """Moments of counts of units after 1970."""

    moments_of: Callable[[Iterable[int]], list[Any]]

    def __call__(self, counts: list[int | None]) -> list[Any]:
        if None not in counts:
            return self.moments_of(counts)  # type: ignore[arg-type]
        moments = iter(self.moments_of(count for count in counts if count is not None))
        return [None if count is None else next(moments) for count in counts]


class ConvertedFields(dict[bytes, Any]):
    """The fields that a column's converter makes of values as they are written."""

    def __init__(self, convert: Converter, field_of: Callable[[str], Any]) -> None:
        super().__init__()
        self._convert = convert
        self._field_of = field_of

    def __call__(self, values: list[Raw]) -> list[Any]:
        """Raises what the converter raises, and UnicodeDecodeError."""
        return list(map(self.__getitem__, map(bytes, values)))

    def __missing__(self, written: bytes) -> Any:
        value, _ = scan(written.decode(), 0)
        field = self._convert(value)
        found = None if field == NULL else self._field_of(field)
        if len(written) <= _LONGEST_REMEMBERED:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[written] = found
        return found
