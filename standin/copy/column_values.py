"""What makes many values of one column plain, and what they then become, without a converter.

Plain values become what the column's converter makes of each; whatever is not plain is its work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from standin.copy.character_data import keeps_blanks
from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.conversion import INTEGERS, Converter
from standin.copy.copy_text import encode_field
from standin.copy.time_formats import EPOCHS, ZONES, EpochTexts, plain_epochs

ListConverter = Callable[[list[Any]], list[str]]

_TEXTS = {str}
# No character has more in UTF-8.
_MOST_BYTES = 4
_NATURAL = r"(?:0|[1-9]\d{{0,{}}})"
# Digits enough for every double, and too few for any to be out of range.
_DECIMAL = r"-?(?:0|[1-9]\d{0,13})(?:\.\d{1,14})?"
_NULL = "null"


@dataclass(frozen=True)
class PlainNumbers:
    """The JSON numbers that a column takes as they are, or as `convert` has them.

    `pattern` is their regular expression, with null where the column may be NULL.
    """

    pattern: str
    convert: EpochTexts | None = None

    def fields(self, numbers: list[str]) -> list[str]:
        """The encoded fields of numbers that match."""
        has_null = _NULL in numbers
        texts = [text for text in numbers if text != _NULL] if has_null else numbers
        if self.convert is not None:
            texts = self.convert(map(int, texts))
        if not has_null:
            return texts
        following = iter(texts)
        return ["\\N" if text == _NULL else next(following) for text in numbers]


@dataclass(frozen=True)
class PlainTexts:
    """The JSON strings that a column takes as they are: up to `longest` characters, printable."""

    longest: int
    takes_null: bool

    def fields(self, prefix: str, pieces: list[str]) -> list[str] | None:
        """The encoded fields of pieces, each a string behind `prefix`; None when one is not plain.

        All pieces are looked at together, as lines of one text.
        """
        text = "\n".join(["", *pieces, ""])
        if "\\" in text or "\0" in text or text.count("\n") != len(pieces) + 1:
            return None
        start = f"\n{prefix}"
        if self.takes_null:
            text = text.replace(f"{start}null", f'{start}"\0"')
        _, *bodies = text.split(f'{start}"')
        ended = "\n".join(bodies)
        # as many quotes as pieces, one at the end of each: none within a string
        fields = ended.split('"\n')
        if fields.pop() or not len(bodies) == len(pieces) == ended.count('"'):
            return None
        has_null = "\0" in ended
        # what no column can store is not printable either, nor is a line's end without a quote
        is_plain = "".join(fields).replace("\0", "").isprintable()
        if not is_plain or max(map(len, fields)) > self.longest:
            return None
        return ["\\N" if field == "\0" else field for field in fields] if has_null else fields


def plain_texts(column: Column, command: CopyCommand) -> PlainTexts | None:
    """The plain strings of a column; None when none are."""
    if column.type != "varchar" or not keeps_blanks(command):
        return None
    return PlainTexts((column.length or 0) // _MOST_BYTES, not column.not_null)


def plain_numbers(column: Column, command: CopyCommand) -> PlainNumbers | None:
    """The plain numbers of a column; None when none are."""
    convert = None
    if column.type in INTEGERS:
        pattern = _NATURAL.format(INTEGERS[column.type].digits - 1)
    elif column.type in ("double precision", "real"):
        pattern = _DECIMAL
    elif command.time_format in EPOCHS and column.type in ZONES:
        convert, digits = plain_epochs(EPOCHS[command.time_format], ZONES[column.type])
        pattern = _NATURAL.format(digits - 1)
    else:
        return None
    return PlainNumbers(pattern if column.not_null else f"{_NULL}|{pattern}", convert)


def list_converter(column: Column, command: CopyCommand, convert: Converter) -> ListConverter:
    """From a list of values to encoded fields; `convert` is the column's converter."""
    is_text = column.type == "varchar" and keeps_blanks(command)
    longest = (column.length or 0) // _MOST_BYTES

    def convert_all(values: list[Any]) -> list[str]:
        texts = [value for value in values if value is not None]
        if is_text and set(map(type, texts)) == _TEXTS and max(map(len, texts)) <= longest:
            # what no column can store is not printable either
            together = "".join(texts)
            is_plain = together.isprintable() and "\\" not in together
            if is_plain and len(texts) == len(values):
                return texts
            if is_plain and not column.not_null:
                return ["\\N" if value is None else value for value in values]
        return [encode_field(convert(value)) for value in values]

    return convert_all
