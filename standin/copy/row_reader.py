"""What a reader gives, an object of JSON or the fields of a line, to the values of a row.

`read` is fast and knows no more than that a row has a surprise; `examine` looks at such a row
again and tells what is wrong with which column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.conversion import NO_DATA, Converter, converter
from standin.copy.delimited_stream import EMPTY_LINE, NOT_DELIMITED, DelimitedStream
from standin.copy.json_stream import Broken, JsonStream
from standin.copy.jsonpaths import NOT_AN_OBJECT, Path, PathError, evaluate, source_of
from standin.copy.load_error import INVALID_LINE, ConversionError, Source, SourceNeeded
from standin.copy.member_types import member_types
from standin.copy.object_batches import Member, ObjectBatches
from standin.copy.row_format import RowFormat

# https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
EXTRA_COLUMNS = 1202

# What `read` raises for a row that has to be examined.
SURPRISES = (ConversionError, PathError, SourceNeeded)


class RowError(Exception):
    """A row that cannot be loaded: the column at fault, if it is one, and the load error."""

    def __init__(self, column: Column | None, code: int, message: str, value: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.code = code
        self.message = message
        self.value = value


class Stream(Protocol):
    """The rows of one object; `raw` and `line_number` are those of the row given last."""

    bytes_read: int

    @property
    def raw(self) -> str: ...
    @property
    def line_number(self) -> int: ...
    @property
    def lines_read(self) -> int: ...
    def __iter__(self) -> Any: ...


class RowReader(Protocol):
    """How one format becomes rows; the values of a row are PostgreSQL's text of them."""

    def stream(self, data: BinaryIO) -> Stream:
        """The rows of one object, not yet converted."""

    @property
    def read(self) -> Callable[[Any], list[str]]:
        """From what a stream gives to the values; raises SURPRISES."""

    def batches(self, format_: RowFormat) -> ObjectBatches | None:
        """What reads many rows of a stream at once, if this format and these columns allow it."""

    def examine(self, value: Any, stream: Stream) -> list[str]:
        """The values of the row that the stream gave last; raises RowError."""


def row_reader(
    command: CopyCommand,
    columns: Sequence[Column],
    missing: Sequence[Column],
    paths: list[Path] | None,
) -> RowReader:
    """The reader of the command's format, for the columns to fill.

    `missing` are columns that no row can do without and that are not filled: every row fails.
    """
    reader: RowReader
    if command.format == "json":
        reader = JsonRows(command, columns, paths)
    else:
        reader = DelimitedRows(command, columns)
    return Incomplete(reader, missing[0]) if missing else reader


class Incomplete:
    """A reader of rows that lack a column; see RowReader."""

    def __init__(self, reader: RowReader, missing: Column) -> None:
        self.stream = reader.stream
        self._examine = reader.examine
        self._missing = missing

    def batches(self, format_: RowFormat) -> None:
        """See RowReader."""

    def read(self, value: Any) -> list[str]:
        """See RowReader."""
        raise SourceNeeded

    def examine(self, value: Any, stream: Stream) -> list[str]:
        """See RowReader."""
        self._examine(value, stream)
        raise RowError(self._missing, NO_DATA, "Missing data for not-null field")


class JsonRows:
    """JSON, by paths or by the columns' names; see RowReader."""

    def __init__(
        self, command: CopyCommand, columns: Sequence[Column], paths: list[Path] | None
    ) -> None:
        self._command = command
        self._columns = columns
        self._converters = [converter(column, command) for column in columns]
        self._ignores_case = paths is None and command.json_argument == "auto ignorecase"
        self._paths = paths if paths is not None else [(column.name,) for column in columns]
        self.read = self._reader()

    def stream(self, data: BinaryIO) -> Stream:
        """See RowReader."""
        return JsonStream(data, skip_lines=self._command.ignore_header)

    def examine(self, value: Any, stream: Stream) -> list[str]:
        """See RowReader."""
        if isinstance(value, Broken):
            raise RowError(None, value.code, value.message)
        if self._ignores_case and isinstance(value, dict):
            value = {key.lower(): member for key, member in value.items()}
        fields = []
        for column, path, convert in zip(self._columns, self._paths, self._converters, strict=True):
            try:
                fields.append(convert(self._member(path, value, stream)))
            except ConversionError as problem:
                raise RowError(column, problem.code, problem.message, problem.value) from problem
        return fields

    def _reader(self) -> Callable[[Any], list[str]]:
        """The function from one JSON value to its fields, for values without surprises."""
        pairs = list(zip(self._paths, self._converters, strict=True))
        if any(len(path) != 1 or not isinstance(path[0], str) for path in self._paths):
            return lambda value: [convert(evaluate(path, value)) for path, convert in pairs]
        members: list[tuple[Any, Converter]] = [(path[0], convert) for path, convert in pairs]
        ignores_case = self._ignores_case

        def read(value: Any) -> list[str]:
            if value.__class__ is not dict:
                raise PathError(NOT_AN_OBJECT)
            if ignores_case:
                value = {key.lower(): member for key, member in value.items()}
            get = value.get
            return [convert(get(name)) for name, convert in members]

        return read

    def batches(self, format_: RowFormat) -> ObjectBatches | None:
        """See RowReader; each column has to be filled from a member of its own."""
        keys = [path[0] for path in self._paths if len(path) == 1 and isinstance(path[0], str)]
        if len(keys) < len(self._paths) or self._ignores_case:
            return None
        members = [
            Member(key, member_types(column, self._command, convert, format_))
            for key, convert, column in zip(keys, self._converters, self._columns, strict=True)
        ]
        with suppress(ValueError):
            return ObjectBatches(members, format_)
        return None

    def _member(self, path: Path, value: Any, stream: Stream) -> Any:
        """What a column is filled from; objects and arrays as they stand in the file."""
        try:
            member = evaluate(path, value)
        except PathError as problem:
            raise ConversionError(INVALID_LINE, str(problem), "") from problem
        if not isinstance(member, dict | list):
            return member
        return Source(source_of(path, stream.raw, ignore_case=self._ignores_case))


class DelimitedRows:
    """CSV and delimited text: the fields of a line are those of the columns, in order."""

    def __init__(self, command: CopyCommand, columns: Sequence[Column]) -> None:
        self._command = command
        self._columns = columns
        self._converters = [converter(column, command) for column in columns]

    def batches(self, format_: RowFormat) -> None:
        """See RowReader."""

    def stream(self, data: BinaryIO) -> Stream:
        """See RowReader."""
        return DelimitedStream(data, self._command)

    def read(self, fields: Any) -> list[str]:
        """See RowReader."""
        if fields.__class__ is not list or len(fields) != len(self._converters):
            raise SourceNeeded
        return [convert(field) for convert, field in zip(self._converters, fields, strict=True)]

    def examine(self, value: Any, stream: Stream) -> list[str]:
        """See RowReader."""
        del stream
        if isinstance(value, Broken):
            raise RowError(None, value.code, value.message)
        values = []
        fields = self._fitted(value)
        for column, convert, field in zip(self._columns, self._converters, fields, strict=True):
            try:
                values.append(convert(field))
            except ConversionError as problem:
                raise RowError(column, problem.code, problem.message, problem.value) from problem
        return values

    def _fitted(self, fields: list[str | None]) -> list[str | None]:
        """As many fields as there are columns."""
        expected = len(self._columns)
        if len(fields) == expected:
            return fields
        if fields == [""]:
            raise RowError(None, EMPTY_LINE, "Empty line")
        if len(fields) > expected:
            # "special characters to indicate the last field .. can be a delimiter"
            is_ended = self._command.format == "txt" and fields[expected:] == [""]
            if is_ended:
                return fields[:expected]
            raise RowError(None, EXTRA_COLUMNS, "Extra column(s) found")
        if not self._command.fill_record:
            raise RowError(self._columns[len(fields)], NOT_DELIMITED, "Delimiter not found")
        # "if the missing column is a VARCHAR column, zero-length strings are loaded"
        missing = self._columns[len(fields) :]
        return [*fields, *("" if column.type == "varchar" else None for column in missing)]
