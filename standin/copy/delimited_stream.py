"""Bytes to the records of CSV and of delimited text.

https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html, "CSV" and
"DELIMITER"; ESCAPE, REMOVEQUOTES and NULL AS as in .../copy-parameters-data-conversion.html
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO

from standin.copy.command import CopyCommand
from standin.copy.json_stream import BLOCK_SIZE, MAX_VALUE_BYTES, RAW_LENGTH, Broken
from standin.copy.load_error import INVALID_LINE

# https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
EMPTY_LINE = 1211
NOT_DELIMITED = 1214

_INVALID_QUOTE = "Invalid quote formatting for CSV"
_MISSING_END_QUOTE = "Delimited value missing end quote"
# Of a record that the end of the file cuts off, in CSV and after ESCAPE's backslash.
_UNENDED = {"csv": _INVALID_QUOTE, "txt": "Delimiter not found"}
_TOO_LONG = "Invalid input line: a row is larger than 4 MB"

# The values of a record, None for NULL.
Fields = list[str | None]
# A record's fields; None when it goes on in the next line.
Splitter = Callable[[str], "Fields | None"]


class RecordError(Exception):
    """A record that cannot be split: the load error's code and its reason."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class DelimitedStream:
    """The records of one object in S3, read block by block.

    Iterating gives lists of fields (bytes that are not UTF-8 as surrogate escapes, None for what
    NULL AS says) and Broken.
    """

    def __init__(self, stream: BinaryIO, command: CopyCommand) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._split = splitter(command)
        self._format = command.format
        self._may_end = _ends_quoted(command.quote) if command.format == "csv" else _ends_escaped
        self._skips_blank_lines = command.ignore_blank_lines
        self._skip_lines = command.ignore_header
        self.bytes_read = 0
        self.line_number = 0
        self.raw = ""

    @property
    def lines_read(self) -> int:
        """The number of lines read so far."""
        return self.line_number

    def __iter__(self) -> Iterator[Fields | Broken]:
        lines = self._lines()
        for _ in range(self._skip_lines):
            next(lines, None)
        for line in lines:
            if not self._skips_blank_lines or line not in ("", "\r"):
                yield self._record(line, lines)

    def _lines(self) -> Iterator[str]:
        """The lines without their line feeds; of one longer than a row may be, the beginning."""
        rest, is_cut = "", False
        while block := self._stream.read(BLOCK_SIZE):
            self.bytes_read += len(block)
            *lines, rest = (rest + self._decode(block)).split("\n")
            if is_cut and lines:
                del lines[0]
                is_cut = False
            for line in lines:
                self.line_number += 1
                yield line
            if len(rest) > MAX_VALUE_BYTES:
                self.line_number += 1
                yield rest
                is_cut = True
            if is_cut:
                rest = ""
        rest += self._decode(b"", True)
        if rest and not is_cut:
            self.line_number += 1
            yield rest

    def _record(self, line: str, lines: Iterator[str]) -> Fields | Broken:
        self.raw = line
        try:
            if len(line) > MAX_VALUE_BYTES:
                raise RecordError(INVALID_LINE, _TOO_LONG)
            # a carriage return before a line feed belongs to the line break
            while (fields := self._split(self.raw.removesuffix("\r"))) is None:
                self._lengthen(lines)
        except RecordError as problem:
            raw = self.raw[:RAW_LENGTH]
            return Broken(problem.message, self.line_number, raw, problem.code)
        return fields

    def _lengthen(self, lines: Iterator[str]) -> None:
        """Add the lines that the record goes on with, up to one that may end it."""
        parts, size = [self.raw], len(self.raw)
        for line in lines:
            parts.append(line)
            size += len(line) + 1
            if self._may_end(line) or size > MAX_VALUE_BYTES:
                break
        else:
            self.raw = "\n".join(parts)
            raise RecordError(NOT_DELIMITED, _UNENDED[self._format])
        self.raw = "\n".join(parts)
        if size > MAX_VALUE_BYTES:
            raise RecordError(INVALID_LINE, _TOO_LONG)


def _ends_quoted(quote: str) -> Callable[[str], bool]:
    """Whether a line of CSV may end the record that an earlier line's quoted field goes on in."""
    return lambda line: quote in line.replace(quote * 2, "")


def _ends_escaped(line: str) -> bool:
    """Whether a line of text ends the record that an earlier line's last backslash goes on in."""
    line = line.removesuffix("\r")
    return (len(line) - len(line.rstrip("\\"))) % 2 == 0


def splitter(command: CopyCommand) -> Splitter:
    """The function from a record's text to its fields, by the command's options."""
    if command.format == "csv":
        return _csv_splitter(command.delimiter or ",", command.quote, command.null_as)
    if command.escape or command.remove_quotes:
        return _text_splitter(command)
    return _plain_splitter(command.delimiter or "|", command.null_as)


def _plain_splitter(delimiter: str, null_as: str) -> Splitter:
    def split(record: str) -> Fields:
        if "\r" in record:
            raise _missing_newline(record)
        fields: Fields = [*record.split(delimiter)]
        return [None if f == null_as else f for f in fields] if null_as in fields else fields

    return split


def _missing_newline(record: str) -> RecordError:
    """A carriage return that no line feed follows ends no line, and is no data either."""
    position = record.index("\r")
    following = ord(record[position + 1 : position + 2] or "\n")
    return RecordError(
        INVALID_LINE,
        f"Missing newline: Unexpected character {following:#x} found at location {position}",
    )


def _csv_splitter(delimiter: str, quote: str, null_as: str) -> Splitter:
    plain = _plain_splitter(delimiter, null_as)
    blanks = " \t".replace(delimiter, "")

    def field_at(record: str, position: int) -> tuple[str, int] | None:
        """The field and its end; None when it goes on in the next line."""
        start = _skip(record, position, blanks)
        if record.startswith(quote, start):
            end = _closing_quote(record, start + 1, quote)
            if end is None:
                return None
            text = record[start + 1 : end].replace(quote * 2, quote)
            return text, _skip(record, end + 1, blanks)
        end = record.find(delimiter, position)
        text = record[position : end if end >= 0 else None]
        if quote in text:
            raise RecordError(NOT_DELIMITED, _INVALID_QUOTE)
        return text, position + len(text)

    def split(record: str) -> Fields | None:
        if quote not in record:
            return plain(record)
        fields: Fields = []
        position = 0
        while (found := field_at(record, position)) is not None:
            text, position = found
            fields.append(None if text == null_as else text)
            if position == len(record):
                return fields
            if not record.startswith(delimiter, position):
                raise RecordError(NOT_DELIMITED, _INVALID_QUOTE)
            position += len(delimiter)
        return None

    return split


def _skip(record: str, position: int, characters: str) -> int:
    while position < len(record) and record[position] in characters:
        position += 1
    return position


def _closing_quote(record: str, position: int, quote: str) -> int | None:
    """Where the quote stands that is not doubled; None when the field goes on after the record."""
    while (end := record.find(quote, position)) >= 0:
        if not record.startswith(quote, end + 1):
            return end
        position = end + 2
    return None


def _text_splitter(command: CopyCommand) -> Splitter:
    """The splitter of ESCAPE and REMOVEQUOTES."""
    delimiter, escape, null_as = command.delimiter or "|", command.escape, command.null_as
    plain = _plain_splitter(delimiter, null_as)
    marks = ("\\" if escape else "") + ("'\"" if command.remove_quotes else "")

    def split(record: str) -> Fields | None:
        if not any(mark in record for mark in marks):
            return plain(record)
        fields: Fields = []
        position = 0
        while True:
            if command.remove_quotes and record[position : position + 1] in ("'", '"'):
                start, end = position + 1, _end_quote(record, position, delimiter, escape)
                position = end + 1
            else:
                start, end = position, _unescaped_find(record, delimiter, position, escape)
                position = end
            if end > len(record):
                return None
            text = record[start:end]
            fields.append(None if text == null_as else _unescaped(text) if escape else text)
            if position == len(record):
                return fields
            position += len(delimiter)

    return split


def _unescaped_find(record: str, delimiter: str, position: int, escape: bool) -> int:
    """The end of the field at `position`; beyond the record when its line break is escaped."""
    end = -1
    while True:
        if end < position:
            end = record.find(delimiter, position)
            end = end if end >= 0 else len(record)
        backslash = record.find("\\", position, end) if escape else -1
        if backslash < 0:
            return end
        if backslash == len(record) - 1:
            return len(record) + 1
        position = backslash + 2


def _end_quote(record: str, start: int, delimiter: str, escape: bool) -> int:
    """Where the quote stands that ends the field: the delimiter or the record's end follows."""
    position = start + 1
    while True:
        end = _unescaped_find(record, record[start], position, escape)
        if end > len(record):
            return end
        if end == len(record):
            raise RecordError(NOT_DELIMITED, _MISSING_END_QUOTE)
        if end + 1 == len(record) or record.startswith(delimiter, end + 1):
            return end
        position = end + 1


def _unescaped(field: str) -> str:
    parts = field.split("\\\\")
    return "\\".join(part.replace("\\", "") for part in parts)
