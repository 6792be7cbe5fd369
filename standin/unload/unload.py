"""One UNLOAD being executed: rows of PostgreSQL's COPY text to objects in S3.

Does no I/O but through its object store and into temporary files; runs in worker threads.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Sequence

from standin.cloud.objects import LISTING, ObjectInfo, ObjectStore, internal_error
from standin.unload.columns import Column
from standin.unload.command import UnloadCommand
from standin.unload.files import FileWriter, UnloadedFile
from standin.unload.manifest import manifest

_NOT_EMPTY = (
    "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, "
    "manually removing the target files in S3, or using the ALLOWOVERWRITE option."
)


class Unload:
    """The execution of one UNLOAD.

    The constructor looks at the destination; it raises SqlError for whatever can be known before
    the first row. The files become objects in `finish`, all or none of them.
    """

    def __init__(
        self, command: UnloadCommand, columns: Sequence[Column], store: ObjectStore
    ) -> None:
        self.command = command
        self._columns = columns
        self._store = store
        self._bucket, self._prefix = command.bucket_and_prefix
        self._writer = FileWriter(command, columns)
        self._lock = threading.Lock()
        self.files: list[UnloadedFile] = []
        store.check_writable(self._bucket, f"{self._prefix}manifest")
        existing = store.list(self._bucket, self._prefix)
        if existing and not (command.allow_overwrite or command.clean_path):
            raise internal_error(
                _NOT_EMPTY, context=f"Unload destination = {command.destination}", location=LISTING
            )

    @property
    def rows(self) -> int:
        """The number of rows taken so far."""
        return self._writer.rows

    @property
    def notice(self) -> str:
        """What the client is told, as INFO, after an UNLOAD that succeeded."""
        return f"UNLOAD completed, {self.rows} record(s) unloaded successfully."

    def write(self, rows: Sequence[bytes]) -> None:
        """Take rows, without their line feeds."""
        with self._lock:
            self._writer.write(rows)

    def finish(self) -> None:
        """Make the files objects; SqlError, and nothing is written, when one of them may not be."""
        with self._lock:
            files = self._writer.finish()
            for file in files:
                self._store.check_writable(self._bucket, file.key)
            for info in self._outdated(files):
                self._store.delete(info)
            while files:
                # given away: no longer the writer's to close
                file = files.pop(0)
                self._store.store(self._bucket, file.key, file.content, file.etag)
                self.files.append(file)
            if self.command.manifest and self.files:
                self._write_manifest(self.files)

    def close(self) -> None:
        """Forget what did not become an object."""
        with self._lock:
            self._writer.close()

    def _outdated(self, files: Sequence[UnloadedFile]) -> list[ObjectInfo]:
        """What CLEANPATH removes: everything, or what is in the partitions that are written."""
        if not self.command.clean_path:
            return []
        prefixes = {self._prefix}
        if self.command.partition_by:
            prefixes = {file.key.rpartition("/")[0] + "/" for file in files}
        infos = [info for each in prefixes for info in self._store.list(self._bucket, each)]
        for info in infos:
            self._store.check_deletable(info.bucket, info.key)
        return infos

    def _write_manifest(self, files: Sequence[UnloadedFile]) -> None:
        data = manifest(self.command, self._columns, files)
        content = tempfile.SpooledTemporaryFile()  # noqa: SIM115
        content.write(data)
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self._store.store(self._bucket, f"{self._prefix}manifest", content, etag)
