"""The statements that sessions ran, for stl_query and its like.

Kept in memory, bounded, and written to the tables under the views only when somebody reads these:
a statement costs a few microseconds, and nobody waits for the log.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from psycopg2.extras import execute_values

from standin.wire import reading

# The statements remembered of all sessions, and the characters of each.
MAX_STATEMENTS = 2000
MAX_TEXT = 20_000

# A statement that names one of these, which none does far from its beginning, reads the log.
LOG_VIEWS = ("stl_query", "sys_query_history", "svl_statementtext", "svl_qlog")

# Leading words of a statement -> query_type of sys_query_history; the rest is OTHER.
# https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_HISTORY.html
QUERY_TYPES = {
    "SELECT": "SELECT", "WITH": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE",
    "DELETE": "DELETE", "COPY": "COPY", "UNLOAD": "UNLOAD", "CREATE": "DDL", "DROP": "DDL",
    "ALTER": "DDL", "TRUNCATE": "DDL", "GRANT": "DDL", "REVOKE": "DDL", "COMMENT": "DDL",
    "BEGIN": "UTILITY", "START": "UTILITY", "COMMIT": "UTILITY", "END": "UTILITY",
    "ROLLBACK": "UTILITY", "ABORT": "UTILITY", "SET": "UTILITY", "RESET": "UTILITY",
    "SHOW": "UTILITY", "LOCK": "UTILITY", "VACUUM": "UTILITY", "ANALYZE": "UTILITY",
    "EXPLAIN": "UTILITY", "CALL": "UTILITY", "DECLARE": "UTILITY", "FETCH": "UTILITY",
    "CLOSE": "UTILITY",
}  # fmt: skip

# What must not be read in a log: keys and passwords, as literals of SQL and inside of CREDENTIALS.
_SECRETS = re.compile(
    r"""\b((?:secret_access_key|session_token|access_key_id|password)\s*(?:as\s*)?')
        (?:[^'\\]|''|\\.)*
      | \b((?:aws_access_key_id|aws_secret_access_key|token)=)[^;']+""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

# How the fields of an ErrorResponse begin, and a CommandComplete with the ReadyForQuery after it.
_ERROR = b"SERROR\0VERROR\0C"
_TAG = re.compile(rb"C.{4}[A-Z ]+(?:0 )?(\d+)\0(?:Z.{5})?\Z", re.DOTALL)

_COLUMNS = (
    "query_id", "session_id", "user_name", "database_name", "query_type", "query_text",
    "start_time", "end_time", "status", "error_message", "returned_rows",
)  # fmt: skip
_UPSERT = f"""
INSERT INTO pg_catalog.standin_statements ({", ".join(_COLUMNS)}) VALUES %s
ON CONFLICT (query_id) DO UPDATE SET end_time = excluded.end_time, status = excluded.status,
    error_message = excluded.error_message, returned_rows = excluded.returned_rows"""


@dataclass
class Statement:
    """One statement; `ended` is None while it runs, `error` the message it failed with."""

    query_id: int
    session_id: int
    user: str
    database: str
    text: str
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    ended: datetime | None = None
    error: str | None = None
    rows: int = 0
    is_canceled: bool = False

    @property
    def status(self) -> str:
        """As sys_query_history shows it."""
        if self.ended is None:
            return "running"
        if self.error is None:
            return "success"
        return "canceled" if self.is_canceled else "failed"

    def end(self, error: str | None = None, rows: int = 0, *, is_canceled: bool = False) -> None:
        """Note that the statement ended; the first end counts."""
        if self.ended is None:
            self.error, self.rows, self.is_canceled = error, rows, is_canceled
            self.ended = datetime.now(timezone.utc)


class StatementLog:
    """The latest statements; `connect` opens a superuser's connection to a database by name."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._statements: deque[Statement] = deque(maxlen=MAX_STATEMENTS)
        self._lock = threading.Lock()

    def add(self, statement: Statement) -> None:
        """Remember a statement that begins."""
        self._statements.append(statement)

    def flush(self, database: str) -> None:
        """Write what is remembered of a database to the tables under its views."""
        with self._lock:
            rows = [_row(each) for each in list(self._statements) if each.database == database]
            # a connection is worth it only for something to write
            if not rows:
                return
            with closing(self._connect(database)) as connection, connection.cursor() as cursor:
                execute_values(cursor, _UPSERT, rows, page_size=500)
                connection.commit()


def reads_log(sql: str) -> bool:
    """Whether a statement may read the log, which must be written then."""
    text = sql[:MAX_TEXT].lower()
    return any(view in text for view in LOG_VIEWS)


def outcome(ending: bytes) -> tuple[str | None, int]:
    """The error that an answer of PostgreSQL ends with, if any, and the rows of its last command.

    `ending` need not begin with a whole message.
    """
    failure = ending.rfind(_ERROR)
    if failure >= 0:
        return reading.error_fields(ending[failure:]).get("M", ""), 0
    tag = _TAG.search(ending)
    return None, int(tag[1]) if tag else 0


def masked(text: str) -> str:
    """The text as a log may have it: without keys and passwords, NULs and what is too long."""
    return _SECRETS.sub(r"\1\2***", text[:MAX_TEXT]).replace("\0", "")


def query_type(text: str) -> str:
    """The type of a statement by its first word."""
    word = re.search(r"(?:--[^\n]*\n|/\*.*?\*/|[\s(])*([A-Za-z]+)", text, re.DOTALL)
    return QUERY_TYPES.get(word[1].upper() if word else "", "OTHER")


def _row(each: Statement) -> tuple[object, ...]:
    ended = each.ended.replace(tzinfo=None) if each.ended else None
    error = each.error and each.error.replace("\0", "")
    return (
        each.query_id, each.session_id, each.user, each.database, query_type(each.text),
        masked(each.text), each.started.replace(tzinfo=None), ended, each.status, error, each.rows,
    )  # fmt: skip
