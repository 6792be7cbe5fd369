"""One COPY being executed: objects in S3 to chunks of PostgreSQL's COPY text.

Does no I/O but through its object source; runs in a worker thread while others read its counters.
"""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from standin.columns import COLUMNS_QUERY, Column, columns_query, read_columns
from standin.conversion import Converter, converter, encode_row
from standin.copy_command import CopyCommand, split_address
from standin.json_stream import RAW_LENGTH, Broken, JsonStream
from standin.jsonpaths import (
    NOT_AN_OBJECT,
    Path,
    PathError,
    evaluate,
    read_jsonpaths,
    source_of,
)
from standin.load_error import INVALID_LINE, ConversionError, LoadError, Source, SourceNeeded
from standin.objects import LISTING, READING, ObjectInfo, ObjectSource, internal_error
from standin.sqlerror import INTERNAL_ERROR, SqlError

__all__ = [
    "COLUMNS_QUERY",
    "Column",
    "Load",
    "LoadError",
    "LoadedFile",
    "columns_query",
    "read_columns",
]

CHUNK_SIZE = 256 * 1024

UNDEFINED_COLUMN = "42703"
DUPLICATE_COLUMN = "42701"

_DECOMPRESSORS: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "gzip": lambda stream: cast(BinaryIO, gzip.GzipFile(fileobj=stream)),
    "bzip2": lambda stream: cast(BinaryIO, bz2.BZ2File(stream)),
}


@dataclass(frozen=True)
class LoadedFile:
    """What was read of one object: bytes after decompression, lines, rows that failed."""

    info: ObjectInfo
    bytes_scanned: int
    lines_scanned: int
    errors: int


class _Counter:
    count = 0


class _CountedStream:
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO, counter: _Counter) -> None:
        self._stream = stream
        self._counter = counter

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._counter.count += len(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Load:
    """The execution of one COPY.

    The constructor reads the JSONPaths file and lists the objects; it raises SqlError for
    whatever fails before the first byte of data is read. `chunks` gives the rows.
    """

    def __init__(
        self,
        command: CopyCommand,
        columns: Sequence[Column],
        objects: ObjectSource,
        table_name: str,
    ) -> None:
        self.command = command
        self.table_name = table_name
        self._objects = objects
        self._columns = _choose_columns(command, columns, table_name)
        self.target_columns = tuple(column.name for column in self._columns)
        self._converters = [converter(column, command) for column in self._columns]
        self._paths = self._read_paths()
        self._read_row = self._row_reader()
        self._infos = self._list()
        self.files_total = len(self._infos)
        self.files_bytes = sum(info.size for info in self._infos)
        self.files: list[LoadedFile] = []
        self.errors: list[LoadError] = []
        # Rows given away before, and the rows collected now: one attribute, read by other threads.
        self._rows: tuple[int, list[str]] = (0, [])
        self.current_file = ""
        self._bytes_before = 0
        self._stream: JsonStream | None = None
        self._compressed = _Counter()

    @property
    def rows_loaded(self) -> int:
        """The number of rows converted so far."""
        before, rows = self._rows
        return before + len(rows)

    @property
    def files_done(self) -> int:
        """The number of objects read to their end."""
        return len(self.files)

    @property
    def bytes_scanned(self) -> int:
        """The bytes read so far, after decompression."""
        stream = self._stream
        return self._bytes_before + (stream.bytes_read if stream else 0)

    @property
    def compressed_bytes_read(self) -> int:
        """The bytes read so far as they are stored; 0 when they are not compressed."""
        return self._compressed.count

    @property
    def notices(self) -> list[str]:
        """What the client is told, as INFO, after a COPY that succeeded."""
        completed = f"Load into table '{self.table_name}' completed, "
        texts = [f"{completed}{self.rows_loaded} record(s) loaded successfully."]
        if self.errors:
            texts.append(
                f"{completed}{len(self.errors)} record(s) could not be loaded.  "
                "Check 'stl_load_errors' system table for details."
            )
        return texts

    def chunks(self) -> Iterator[bytes]:
        """The rows in PostgreSQL's COPY text format, in chunks of about 256 KiB.

        With NOLOAD everything is read and checked, `rows_loaded` counts what would be loaded,
        and every chunk is empty. Raises SqlError as soon as MAXERROR rows have failed, or an
        object cannot be read.
        """
        size = 0
        for info in self._infos:
            for row in self._encoded_rows(info):
                self._rows[1].append(row)
                size += len(row) + 1
                if size >= CHUNK_SIZE:
                    yield self._chunk()
                    size = 0
        if size:
            yield self._chunk()

    def _chunk(self) -> bytes:
        rows = self._rows[1]
        self._rows = (self.rows_loaded, [])
        if self.command.no_load:
            return b""
        rows.append("")
        return "\n".join(rows).encode("utf-8")

    def _list(self) -> list[ObjectInfo]:
        bucket, prefix = self.command.bucket_and_prefix
        infos = self._objects.list(bucket, prefix)
        if not infos:
            raise internal_error(
                f"The specified S3 prefix '{prefix}' does not exist", location=LISTING
            )
        return infos

    def _read_paths(self) -> list[Path] | None:
        """The path of each column; None when keys are matched to column names."""
        address = self.command.json_argument
        if not address.startswith("s3://"):
            return None
        info = self._objects.find(*split_address(address))
        if info is None:
            raise internal_error(f"The jsonpath file {address} was not found", location=LISTING)
        with self._objects.open(info) as stream:
            content = stream.read()
        try:
            paths = read_jsonpaths(content)
        except ValueError as problem:
            message = f"Invalid jsonpath file {address}: {problem}"
            raise internal_error(message, location=LISTING) from problem
        if paths is not None and len(paths) != len(self._columns):
            raise SqlError(
                INTERNAL_ERROR,
                "Number of jsonpaths and the number of columns should match. "
                f"JSONPath size: {len(paths)}, "
                f"Number of columns in table or column list: {len(self._columns)}",
            )
        return paths

    def _row_reader(self) -> Callable[[Any], list[str]]:
        """The function from one JSON value to its fields, for values without surprises."""
        if self._paths is not None and any(
            len(path) != 1 or not isinstance(path[0], str) for path in self._paths
        ):
            pairs = list(zip(self._paths, self._converters, strict=True))
            return lambda value: [convert(evaluate(path, value)) for path, convert in pairs]
        return self._member_reader()

    def _member_reader(self) -> Callable[[Any], list[str]]:
        members: list[tuple[Any, Converter]] = [
            (path[0], convert)
            for path, convert in zip(self._column_paths(), self._converters, strict=True)
        ]
        ignores_case = self._ignores_case

        def read(value: Any) -> list[str]:
            if value.__class__ is not dict:
                raise PathError(NOT_AN_OBJECT)
            if ignores_case:
                value = {key.lower(): member for key, member in value.items()}
            get = value.get
            return [convert(get(name)) for name, convert in members]

        return read

    @property
    def _ignores_case(self) -> bool:
        return self._paths is None and self.command.json_argument == "auto ignorecase"

    def _column_paths(self) -> list[Path]:
        return self._paths or [(name,) for name in self.target_columns]

    def _encoded_rows(self, info: ObjectInfo) -> Iterator[str]:
        """The encoded rows of one object; failed ones are counted, not given."""
        name = f"s3://{info.bucket}/{info.key}"
        read_row = self._read_row
        self.current_file = name
        errors_before = len(self.errors)
        with self._objects.open(info) as source, self._decompressed(source) as data:
            stream = self._stream = JsonStream(data, skip_lines=self.command.ignore_header)
            try:
                for value in stream:
                    try:
                        fields: list[str] | None = read_row(value)
                    except (ConversionError, PathError, SourceNeeded):
                        fields = self._examined_row(value, stream, name)
                    if fields is not None:
                        yield encode_row(fields)
            except (EOFError, OSError) as problem:
                raise self._unreadable(name, problem) from problem
        self._stream = None
        self._bytes_before += stream.bytes_read
        self.files.append(
            LoadedFile(info, stream.bytes_read, stream.lines_read, len(self.errors) - errors_before)
        )

    def _decompressed(self, source: BinaryIO) -> BinaryIO:
        if self.command.compression is None:
            return source
        counted = cast(BinaryIO, _CountedStream(source, self._compressed))
        return _DECOMPRESSORS[self.command.compression](counted)

    def _unreadable(self, name: str, problem: Exception) -> SqlError:
        compression = (self.command.compression or "").upper()
        return internal_error(
            f"{compression or 'S3'} stream cannot be read: {problem}",
            location=READING,
            context=f"S3 key being read : {name}",
        )

    def _examined_row(self, value: Any, stream: JsonStream, name: str) -> list[str] | None:
        """The fields of a row that needs a second look; None when it cannot be loaded."""
        if isinstance(value, Broken):
            self._add_error(
                LoadError(name, value.line_number, "", "", "", 0, value.raw, "",
                          INVALID_LINE, value.message)
            )  # fmt: skip
            return None
        if self._ignores_case and isinstance(value, dict):
            value = {key.lower(): member for key, member in value.items()}
        fields = []
        paths = self._column_paths()
        for column, path, convert in zip(self._columns, paths, self._converters, strict=True):
            try:
                fields.append(convert(self._member(path, value, stream)))
            except ConversionError as problem:
                self._add_column_error(column, stream, name, problem)
                return None
        return fields

    def _member(self, path: Path, value: Any, stream: JsonStream) -> Any:
        """What a column is filled from; objects and arrays as they stand in the file."""
        try:
            member = evaluate(path, value)
        except PathError as problem:
            raise ConversionError(INVALID_LINE, str(problem), "") from problem
        if not isinstance(member, dict | list):
            return member
        return Source(source_of(path, stream.raw, ignore_case=self._ignores_case))

    def _add_column_error(
        self, column: Column, stream: JsonStream, name: str, problem: ConversionError
    ) -> None:
        length = str(column.length or 0)
        raw, value = stream.raw[:RAW_LENGTH], problem.value[:RAW_LENGTH]
        self._add_error(
            LoadError(name, stream.line_number, column.name, column.short_type, length, 0, raw,
                      value, problem.code, problem.message)
        )  # fmt: skip

    def _add_error(self, error: LoadError) -> None:
        """Note a failed row; SqlError when it is the last one that MAXERROR allows."""
        self.errors.append(error)
        if len(self.errors) >= max(1, self.command.max_error):
            raise SqlError(
                INTERNAL_ERROR,
                f"Load into table '{self.table_name}' failed.  "
                "Check 'stl_load_errors' system table for details.",
            )


def _choose_columns(
    command: CopyCommand, columns: Sequence[Column], table_name: str
) -> list[Column]:
    """The columns to fill: those listed, or all but the IDENTITY columns."""
    if command.columns is None:
        return [column for column in columns if not column.is_identity]
    by_name = {column.name: column for column in columns}
    chosen: list[Column] = []
    for name in command.columns:
        if name not in by_name:
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{name}" of relation "{table_name}" does not exist'
            )
        if by_name[name].is_identity:
            raise SqlError(INTERNAL_ERROR, "cannot set an identity column to a value")
        if by_name[name] in chosen:
            raise SqlError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        chosen.append(by_name[name])
    return chosen
