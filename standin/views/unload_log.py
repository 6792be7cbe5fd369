"""What the system views know of UNLOADs: written when one begins and when it ends.

Redshift's logs are not transactional: rows are written over a connection of their own and survive
the rollback of the transaction that they tell about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from psycopg2.extras import execute_values

from standin.unload.command import UnloadCommand
from standin.unload.files import UnloadedFile

RUNNING = "running"
COMPLETED = "completed"
ABORTED = "aborted"

# As the views show them.
_FORMATS = {"txt": "Text", "csv": "CSV", "json": "JSON"}


@dataclass(frozen=True)
class UnloadFacts:
    """Who unloads; `session_id` is the pid of the client's backend."""

    database: str
    query_id: int
    session_id: int
    transaction_id: int
    user_id: int


class UnloadRecord:
    """The row of one UNLOAD, which no rollback undoes, and the rows of its files.

    `connect` opens a superuser's connection to a database by name. The methods may be called from
    any thread; what has ended does not begin any more.
    """

    def __init__(
        self, connect: Callable[[str], Any], facts: UnloadFacts, command: UnloadCommand
    ) -> None:
        self._connect = connect
        self._facts = facts
        self._command = command
        self._lock = threading.Lock()
        self._is_begun = self._is_over = False

    def begin(self) -> None:
        """Make the UNLOAD visible as one that runs."""
        with self._lock:
            if not self._is_over:
                self._insert()
                self._is_begun = True

    def finish(self, files: Sequence[UnloadedFile], error: str | None) -> None:
        """Write down how it ended: with these files, or with an error."""
        with self._lock:
            self._is_over = True
            if self._is_begun:
                self._write_end(files, error)

    def _insert(self) -> None:
        facts, command = self._facts, self._command
        columns: dict[str, object] = {
            "query_id": facts.query_id,
            "user_id": facts.user_id,
            "transaction_id": facts.transaction_id,
            "session_id": facts.session_id,
            "database_name": facts.database,
            "status": RUNNING,
            "start_time": _now(),
            "file_format": _FORMATS[command.format],
            "compression_type": (command.compression or "none").upper(),
            "location": command.destination,
            "rows": 0,
        }
        with closing(self._connect(facts.database)) as connection, connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO pg_catalog.standin_unloads ({', '.join(columns)}) VALUES %s",
                (tuple(columns.values()),),
            )
            connection.commit()

    def _write_end(self, files: Sequence[UnloadedFile], error: str | None) -> None:
        facts = self._facts
        bucket, _ = self._command.bucket_and_prefix
        status = COMPLETED if error is None else ABORTED
        count = sum(file.rows for file in files)
        rows = [(facts.query_id, f"s3://{bucket}/{f.key}", f.rows, f.size) for f in files]
        with closing(self._connect(facts.database)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "UPDATE pg_catalog.standin_unloads SET (status, end_time, rows, error_message)"
                " = (%s, %s, %s, %s) WHERE query_id = %s",
                (status, _now(), count, error, facts.query_id),
            )
            execute_values(cursor, "INSERT INTO pg_catalog.standin_unload_files VALUES %s", rows)
            connection.commit()


def _now() -> datetime:
    """The moment as Redshift's logs have it, in UTC and without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)
