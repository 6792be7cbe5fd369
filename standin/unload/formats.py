"""Rows of PostgreSQL's COPY text to lines of delimited text, CSV and JSON.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html#unload-parameters
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from standin.unload.columns import NUMBERS, TEXTS, Column
from standin.unload.command import UnloadCommand

# The values of a row in UTF-8, None for NULL.
Fields = Sequence["bytes | None"]
Formatter = Callable[[Fields], bytes]
# One value, None for NULL, as it is written.
_Writer = Callable[["bytes | None"], bytes]

_NULL = rb"\N"
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
# https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_DELIMITERS = {"txt": "|", "csv": ","}


def split_row(row: bytes) -> list[bytes | None]:
    """The values of a line of COPY text (without its line feed)."""
    fields = row.split(b"\t")
    if b"\\" not in row:
        return fields  # type: ignore[return-value]
    return [None if field == _NULL else _ESCAPE.sub(_unescape, field) for field in fields]


def _unescape(match: re.Match[bytes]) -> bytes:
    return _ESCAPED.get(match[1], match[1])


def formatter(command: UnloadCommand, columns: Sequence[Column]) -> Formatter:
    """The function from the values of `columns` to a line, its line feed included."""
    if command.format == "json":
        return _json(columns)
    delimiter = delimiter_of(command)
    null = command.null_as.encode()
    if command.format == "csv":
        write = _csv(delimiter, null)
        return lambda fields: delimiter.join(map(write, fields)) + b"\n"
    writers = [_text(command, column) for column in columns]
    return lambda fields: (
        delimiter.join([write(field) for write, field in zip(writers, fields, strict=True)]) + b"\n"
    )


def line_formatter(command: UnloadCommand, columns: Sequence[Column]) -> Callable[[bytes], bytes]:
    """The function from a line of COPY text (without its line feed) to a line of the format."""
    write = formatter(command, columns)
    if command.format != "txt" or command.escape or command.add_quotes:
        return lambda row: write(split_row(row))
    delimiter = delimiter_of(command)

    def convert(row: bytes) -> bytes:
        # nothing escaped: no NULL and no tab but between two fields
        if b"\\" not in row:
            return row.replace(b"\t", delimiter) + b"\n"
        return write(split_row(row))

    return convert


def header(command: UnloadCommand, columns: Sequence[Column]) -> bytes:
    """The line of column names, written as text is; empty without HEADER."""
    if not command.header:
        return b""
    texts = [Column(column.name, "character varying") for column in columns]
    return formatter(command, texts)([column.name.encode() for column in columns])


def delimiter_of(command: UnloadCommand) -> bytes:
    """What stands between two fields of delimited text or CSV."""
    return (command.delimiter or _DELIMITERS[command.format]).encode()


def _csv(delimiter: bytes, null: bytes) -> _Writer:
    special = re.compile(b'["\r\n' + re.escape(delimiter) + b"]|\\A\\Z").search

    def write(value: bytes | None) -> bytes:
        if value is None:
            return null
        return b'"' + value.replace(b'"', b'""') + b'"' if special(value) else value

    return write


def _text(command: UnloadCommand, column: Column) -> _Writer:
    """ESCAPE concerns CHAR and VARCHAR only; NULL's string is never quoted nor escaped."""
    null = command.null_as.encode()
    quote = b'"' if command.add_quotes else b""
    quotes = b"\"'" if command.add_quotes else b""
    escaped = b"\\\\\r\n" + re.escape(delimiter_of(command)) + quotes
    if not command.escape or column.type not in TEXTS:
        return lambda value: null if value is None else quote + value + quote
    special = re.compile(b"([" + escaped + b"])").sub

    return lambda value: null if value is None else quote + special(rb"\\\1", value) + quote


def _json(columns: Sequence[Column]) -> Formatter:
    keys = [f"{json.dumps(column.name, ensure_ascii=False)}:".encode() for column in columns]
    writers = [_json_number if column.type in NUMBERS else _json_text for column in columns]
    parts = list(zip(keys, writers, strict=True))

    def write(fields: Fields) -> bytes:
        members = [
            key + (b"null" if field is None else write_value(field))
            for (key, write_value), field in zip(parts, fields, strict=True)
        ]
        return b"{" + b",".join(members) + b"}\n"

    return write


def _json_text(value: bytes) -> bytes:
    return json.dumps(value.decode(), ensure_ascii=False).encode()


def _json_number(value: bytes) -> bytes:
    """JSON has no NaN and no Infinity."""
    return b'"' + value + b'"' if value[-1:].isalpha() else value
