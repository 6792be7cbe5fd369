"""What the system views know of loads: written while a COPY runs and when it ends.

Redshift's logs are not transactional: rows are written over a connection of their own and survive
the rollback of the COPY that they tell about.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from standin.copy.json_stream import RAW_LENGTH
from standin.copy.load import Load
from standin.copy.load_error import LoadError

RUNNING = "running"
COMPLETED = "completed"
ABORTED = "aborted"

# Connections that are kept for the next load.
MAX_IDLE = 4

_NOT_SHOWN = re.compile(r"[^\x01-\x7f]")

# The columns of standin_loads that change while a load runs.
_PROGRESS = (
    "status", "end_time", "loaded_rows", "scanned_count", "scanned_bytes", "compressed_bytes",
    "scanned_lines", "error_count", "current_file",
)  # fmt: skip
_UPDATE = (
    f"UPDATE pg_catalog.standin_loads SET ({', '.join(_PROGRESS)}) = "
    f"({', '.join(['%s'] * len(_PROGRESS))}) WHERE query_id = %s"
)


@dataclass(frozen=True)
class LoadFacts:
    """Who loads what; `session_id` is the pid of the client's backend."""

    database: str
    query_id: int
    session_id: int
    transaction_id: int
    user_id: int
    table_id: int
    started: datetime


class LoadLog:
    """The log of loads; `connect` opens a superuser's connection to a database by name.

    A connection costs more than a small load: a few idle ones are kept for the next.
    """

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self.connect = connect
        self._idle: deque[tuple[str, Any]] = deque()
        self._lock = threading.Lock()

    def start(self, facts: LoadFacts, load: Load) -> LoadRecord:
        """Write down a COPY that begins to read its files."""
        while (connection := self._take(facts.database)) is not None:
            # An idle one may have ended with a cluster whose database had the same name.
            with suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
                return self._started(connection, facts, load)
            connection.close()
        connection = self.connect(facts.database)
        connection.autocommit = True
        return self._started(connection, facts, load)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.popleft()[1].close()

    def _started(self, connection: Any, facts: LoadFacts, load: Load) -> LoadRecord:
        record = LoadRecord(connection, facts, load, self._give_back)
        record.insert()
        return record

    def _take(self, database: str) -> Any:
        with self._lock:
            for pair in self._idle:
                if pair[0] == database:
                    self._idle.remove(pair)
                    return pair[1]
        return None

    def _give_back(self, database: str, connection: Any) -> None:
        connection.autocommit = True
        with self._lock:
            self._idle.append((database, connection))
            oldest = self._idle.popleft()[1] if len(self._idle) > MAX_IDLE else None
        if oldest is not None:
            oldest.close()


class LoadRecord:
    """The row of one load. Its methods may be called from any thread; they wait for each other."""

    def __init__(
        self, connection: Any, facts: LoadFacts, load: Load, give_back: Callable[[str, Any], None]
    ) -> None:
        self._connection = connection
        self._facts = facts
        self._load = load
        self._give_back = give_back
        self._lock = threading.Lock()
        self.is_open = True

    def insert(self) -> None:
        """Make the load visible as one that runs."""
        facts, load = self._facts, self._load
        columns: dict[str, object] = {
            "query_id": facts.query_id,
            "user_id": facts.user_id,
            "transaction_id": facts.transaction_id,
            "session_id": facts.session_id,
            "database_name": facts.database,
            "table_id": facts.table_id,
            "table_name": load.table_name,
            "start_time": _utc(facts.started),
            "data_source": load.command.source,
            "file_format": load.command.format,
            "is_compressed": load.command.compression is not None,
            "file_count": load.files_total,
            "file_bytes": load.files_bytes,
            **dict(zip(_PROGRESS, self._progress(RUNNING, None), strict=True)),
        }
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO pg_catalog.standin_loads ({', '.join(columns)}) VALUES %s",
                (tuple(columns.values()),),
            )

    def begin_again(self, load: Load) -> None:
        """Go on with another load of the same command, in place of one that came to nothing."""
        with self._lock:
            self._load = load

    def update(self) -> None:
        """Write down how far the load is; when that fails, the load goes on all the same."""
        with self._lock, suppress(psycopg2.Error):
            if self.is_open:
                with self._connection.cursor() as cursor:
                    cursor.execute(_UPDATE, (*self._progress(RUNNING, None), self._facts.query_id))

    def finish(self, status: str, ended: datetime) -> None:
        """Write down the end of the load, its files and its errors; a second end is ignored."""
        with self._lock:
            if not self.is_open:
                return
            self.is_open = False
            try:
                self._write_end(status, ended)
            except BaseException:
                self._connection.close()
                raise
            self._give_back(self._facts.database, self._connection)

    def _write_end(self, status: str, ended: datetime) -> None:
        query_id = self._facts.query_id
        errors = [_error_row(query_id, error) for error in self._load.errors]
        self._connection.autocommit = False
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_UPDATE, (*self._progress(status, _utc(ended)), query_id))
            _insert(cursor, "standin_load_files", _file_rows(query_id, self._load))
            _insert(cursor, "standin_load_errors", errors)

    def _progress(self, status: str, ended: datetime | None) -> tuple[object, ...]:
        load = self._load
        return (
            status, ended, 0 if status == ABORTED else load.rows_loaded, load.files_done,
            load.bytes_scanned, load.compressed_bytes_read, load.rows_loaded + len(load.errors),
            len(load.errors), load.current_file,
        )  # fmt: skip


def _insert(cursor: Any, table: str, rows: list[tuple[object, ...]]) -> None:
    execute_values(cursor, f"INSERT INTO pg_catalog.{table} VALUES %s", rows, page_size=1000)


def _file_rows(query_id: int, load: Load) -> list[tuple[object, ...]]:
    return [
        (query_id, f"s3://{file.info.bucket}/{file.info.key}", file.bytes_scanned,
         file.lines_scanned, file.errors, file.info.etag, _utc(file.info.last_modified))
        for file in load.files
    ]  # fmt: skip


def _error_row(query_id: int, error: LoadError) -> tuple[object, ...]:
    return (
        query_id, error.file_name, error.line_number, error.column_name, error.column_type,
        error.column_length, error.position, shown(error.raw_line), shown(error.raw_field_value),
        error.error_code, shown(error.error_message),
    )  # fmt: skip


def shown(text: str) -> str:
    """Text of a file as the error views show it: multibyte characters as dots, cut to 1024."""
    return _NOT_SHOWN.sub(".", text[:RAW_LENGTH])


def _utc(moment: datetime) -> datetime:
    """A moment as Redshift's logs have it, in UTC and without a zone."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)
