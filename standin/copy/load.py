"""One COPY being executed: objects in S3 to chunks of what PostgreSQL's COPY takes.

Does no I/O but through its object source; runs in a worker thread while others read its counters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from standin.cloud.objects import LISTING, READING, ObjectInfo, ObjectSource, internal_error
from standin.copy.byte_streams import UNREADABLE, Counter, opener
from standin.copy.columns import Column, choose_columns
from standin.copy.command import CopyCommand
from standin.copy.json_stream import RAW_LENGTH, Broken, JsonStream
from standin.copy.jsonpaths import Path, read_jsonpaths
from standin.copy.load_error import NULL, LoadError
from standin.copy.object_batches import Block
from standin.copy.options import split_address
from standin.copy.row_format import row_format
from standin.copy.row_reader import SURPRISES, RowError, Stream, row_reader
from standin.copy.sources import find_sources
from standin.sqlerror import INTERNAL_ERROR, SqlError

CHUNK_SIZE = 1 << 20


@dataclass(frozen=True)
class LoadedFile:
    """What was read of one object: bytes after decompression, lines, rows that failed."""

    info: ObjectInfo
    bytes_scanned: int
    lines_scanned: int
    errors: int


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
        *,
        one_by_one: bool = False,
        careful: bool = True,
    ) -> None:
        """`one_by_one` has every value read on its own: what the faster ways are held against.

        Without `careful` it may be left to PostgreSQL to find a NUL, with which nothing is loaded.
        """
        self.command = command
        self.table_name = table_name
        self._objects = objects
        self.columns = choose_columns(command, columns, table_name)
        self.target_columns = tuple(column.name for column in self.columns)
        missing = [
            column
            for column in columns
            if column.not_null
            and not (column in self.columns or column.has_default or column.is_identity)
        ]
        self._paths = self._read_paths()
        self._reader = row_reader(command, self.columns, missing, self._paths)
        self._format = row_format(command, self.columns, careful=careful or one_by_one)
        self._fields = [self._format.field_of(column) for column in self.columns]
        self._batches = None if one_by_one else self._reader.batches(self._format)
        self._compressed = Counter()
        self._decoded = opener(command.compression, command.encoding, self._compressed)
        self._infos = find_sources(command, objects)
        self.files_total = len(self._infos)
        self.files_bytes = sum(info.size for info in self._infos)
        self.files: list[LoadedFile] = []
        self.errors: list[LoadError] = []
        # The number of rows converted so far.
        self.rows_loaded = 0
        self.current_file = ""
        self._bytes_before = 0
        self._stream: Stream | None = None

    @property
    def may_lack_errors(self) -> bool:
        """Whether it failed by its rows' errors, and a NUL before them may not have been found."""
        return self._has_too_many_errors and not self._format.finds_nul

    @property
    def _has_too_many_errors(self) -> bool:
        is_limited = not self.command.ignore_all_errors
        return is_limited and len(self.errors) >= max(1, self.command.max_error)

    @property
    def copy_options(self) -> str:
        """What PostgreSQL's COPY has to be told of the chunks."""
        return self._format.options

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
        """The rows, as `copy_options` say, in chunks of about 1 MiB.

        With NOLOAD everything is read and checked, `rows_loaded` counts what would be loaded,
        and every chunk is empty. Raises SqlError as soon as MAXERROR rows have failed, or an
        object cannot be read.
        """
        size = 0
        blocks: list[bytes | bytearray] = [self._format.begin]
        for info in self._infos:
            for count, rows in self._encoded_rows(info):
                self.rows_loaded += count
                blocks.append(rows)
                size += len(rows)
                if size >= CHUNK_SIZE:
                    yield self._chunk(blocks)
                    size, blocks = 0, []
        yield self._chunk([*blocks, self._format.end])

    def _chunk(self, blocks: Sequence[bytes | bytearray]) -> bytes:
        return b"" if self.command.no_load else b"".join(blocks)

    def _read_paths(self) -> list[Path] | None:
        """The path of each column; None when keys are matched to column names."""
        address = self.command.json_argument
        if self.command.format != "json" or not address.startswith("s3://"):
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
        if paths is not None and len(paths) != len(self.columns):
            raise SqlError(
                INTERNAL_ERROR,
                "Number of jsonpaths and the number of columns should match. "
                f"JSONPath size: {len(paths)}, "
                f"Number of columns in table or column list: {len(self.columns)}",
            )
        return paths

    def _encoded_rows(self, info: ObjectInfo) -> Iterator[Block]:
        """The encoded rows of one object; failed ones are counted, not given."""
        name = f"s3://{info.bucket}/{info.key}"
        self.current_file = name
        errors_before = len(self.errors)
        with self._objects.open(info) as source, self._decoded(source) as data:
            stream = self._stream = self._reader.stream(data)
            try:
                yield from self._blocks(stream, name)
            except UNREADABLE as problem:
                raise self._unreadable(name, problem) from problem
        self._stream = None
        self._bytes_before += stream.bytes_read
        self.files.append(
            LoadedFile(info, stream.bytes_read, stream.lines_read, len(self.errors) - errors_before)
        )

    def _blocks(self, stream: Stream, name: str) -> Iterator[Block]:
        """The rows of a stream, many at once where nothing about them is a surprise."""
        batches = self._batches
        values = iter(stream)
        if batches is None or not isinstance(stream, JsonStream):
            yield from self._single_rows(values, stream, name)
            return
        for value in values:
            few = chain([value], islice(values, batches.singly - 1))
            yield from self._single_rows(few, stream, name)
            while (block := batches.block(stream)) is not None:
                yield block

    def _single_rows(self, values: Iterable[Any], stream: Stream, name: str) -> Iterator[Block]:
        read_row = self._reader.read
        for value in values:
            try:
                fields: list[str] | None = read_row(value)
            except SURPRISES:
                fields = self._examined_row(value, stream, name)
            if fields is not None:
                yield 1, self._encoded(fields)

    def _encoded(self, texts: list[str]) -> bytes | bytearray:
        """One row of what the converters gave."""
        fields = [
            None if text == NULL else field(text)
            for text, field in zip(texts, self._fields, strict=True)
        ]
        return self._format.encode([fields])

    def _unreadable(self, name: str, problem: Exception) -> SqlError:
        command = self.command
        encoding = "" if command.encoding == "utf8" else command.encoding
        what = " ".join((command.compression or "", encoding)).strip() or "S3"
        return internal_error(
            f"{what.upper()} stream cannot be read: {problem}",
            location=READING,
            context=f"S3 key being read : {name}",
        )

    def _examined_row(self, value: Any, stream: Stream, name: str) -> list[str] | None:
        """The fields of a row that needs a second look; None when it cannot be loaded."""
        try:
            return self._reader.examine(value, stream)
        except RowError as problem:
            column = problem.column
            line, raw = stream.line_number, stream.raw
            if isinstance(value, Broken):
                line, raw = value.line_number, value.raw
            self._add_error(
                LoadError(
                    file_name=name,
                    line_number=line,
                    column_name=column.name if column else "",
                    column_type=column.short_type if column else "",
                    column_length=str(column.length or 0) if column else "",
                    position=0,
                    raw_line=raw[:RAW_LENGTH],
                    raw_field_value=problem.value[:RAW_LENGTH],
                    error_code=problem.code,
                    error_message=problem.message,
                )
            )
            return None

    def _add_error(self, error: LoadError) -> None:
        """Note a failed row; SqlError when it is the last one that MAXERROR allows."""
        self.errors.append(error)
        if self._has_too_many_errors:
            raise SqlError(
                INTERNAL_ERROR,
                f"Load into table '{self.table_name}' failed.  "
                "Check 'stl_load_errors' system table for details.",
            )
