"""The files of an UNLOAD: their names, when one is full and the next begins, their partitions.

They are complete before the first becomes an object; until then they are temporary files.
https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html#unload-parameters
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from standin.unload.columns import Column
from standin.unload.command import UnloadCommand
from standin.unload.compression import SUFFIXES, Compressor, compressors
from standin.unload.formats import formatter, header, line_formatter, split_row

# Bytes of one file that stay in memory; a partitioned UNLOAD has many files open.
_IN_MEMORY = 4 << 20
_IN_MEMORY_PARTITIONED = 1 << 16

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# What Hive leaves as it is in the name of a partition, beside letters and digits.
_SAFE = " !$&()+,-.;<>@_`|~"


@dataclass
class UnloadedFile:
    """One file that is complete: `size` in bytes as stored, `rows` without the header."""

    key: str
    content: tempfile.SpooledTemporaryFile[bytes]
    etag: str
    size: int
    rows: int


class FileWriter:
    """Rows to files. Its methods may be called from any thread, one at a time."""

    def __init__(self, command: UnloadCommand, columns: Sequence[Column]) -> None:
        self.finished: list[UnloadedFile] = []
        self.rows = 0
        self._command = command
        self._compressor = compressors(command.compression)
        self._open: dict[str, _OpenFile] = {}
        self._begun: dict[str, int] = {}
        names = [column.name for column in columns]
        self._keys = [(name, names.index(name)) for name in command.partition_by]
        dropped = () if command.include_partitions else command.partition_by
        self._kept = [index for index, name in enumerate(names) if name not in dropped]
        kept = [columns[index] for index in self._kept]
        self._header = header(command, kept)
        self._line = line_formatter(command, kept)
        self._format = formatter(command, kept)

    def write(self, rows: Sequence[bytes]) -> None:
        """Take rows of PostgreSQL's COPY text, without their line feeds."""
        self.rows += len(rows)
        if self._keys:
            for row in rows:
                fields = split_row(row)
                line = self._format([fields[index] for index in self._kept])
                self._put([line], self._partition(fields))
        else:
            self._put([self._line(row) for row in rows], "")

    def finish(self) -> list[UnloadedFile]:
        """Complete the files and give all of them in the order of their keys.

        Without any row there is no file at all.
        """
        for file in self._open.values():
            self.finished.append(file.finish())
        self._open.clear()
        self.finished.sort(key=lambda file: file.key)
        return self.finished

    def close(self) -> None:
        """Forget what was not given away."""
        for file in self._open.values():
            file.content.close()
        for finished in self.finished:
            finished.content.close()

    def _put(self, lines: list[bytes], partition: str) -> None:
        """Write lines to the file of a partition, and to further ones when it is full."""
        data = b"".join(lines)
        if self._current(partition).has_room_for(len(data)):
            self._current(partition).write(data, len(lines))
            return
        for line in lines:
            file = self._current(partition)
            if file.rows and not file.has_room_for(len(line)):
                self.finished.append(self._open.pop(partition).finish())
            self._current(partition).write(line, 1)

    def _current(self, partition: str) -> _OpenFile:
        file = self._open.get(partition)
        if file is None:
            number = self._begun.get(partition, 0)
            self._begun[partition] = number + 1
            memory = _IN_MEMORY_PARTITIONED if self._keys else _IN_MEMORY
            limit = self._command.max_file_size
            file = _OpenFile(self._key(partition, number), self._compressor(), limit, memory)
            self._open[partition] = file
            if self._header:
                file.write(self._header, 0)
        return file

    def _key(self, partition: str, number: int) -> str:
        """One slice writes 0000_part_00, 0000_part_01, ..; PARALLEL OFF writes 000, 001, .."""
        command = self._command
        name = f"0000_part_{number:02}" if command.parallel else f"{number:03}"
        suffix = SUFFIXES.get(command.compression or "", "")
        if command.extension:
            suffix = f".{command.extension.removeprefix('.')}"
        return f"{command.bucket_and_prefix[1]}{partition}{name}{suffix}"

    def _partition(self, fields: Sequence[bytes | None]) -> str:
        """The folder of a row: column=value/column=value/"""
        values = ((name, fields[index]) for name, index in self._keys)
        return "".join(
            f"{name}={NULL_PARTITION if not value else quote(value, safe=_SAFE)}/"
            for name, value in values
        )


class _OpenFile:
    def __init__(self, key: str, compressor: Compressor, limit: int, in_memory: int) -> None:
        self.content = tempfile.SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115
        self._key = key
        self._compressor = compressor
        self._limit = limit
        self._digest = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self.rows = 0

    def has_room_for(self, length: int) -> bool:
        """Whether as many bytes more are allowed."""
        return self._size + length <= self._limit

    def write(self, data: bytes, rows: int) -> None:
        self.rows += rows
        self._store(self._compressor.compress(data))

    def finish(self) -> UnloadedFile:
        self._store(self._compressor.flush())
        return UnloadedFile(
            self._key, self.content, self._digest.hexdigest(), self._size, self.rows
        )

    def _store(self, data: bytes) -> None:
        self.content.write(data)
        self._digest.update(data)
        self._size += len(data)
