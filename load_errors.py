"""The rows that a COPY rejected: read from the system views, told in the terminal.

Redshift's own message names only the view to look into; this looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2

import sql_queries
import terminal

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

SHOWN_ROWS = 10

# Error code -> the fix. https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
_FIXES = {
    1204: "the value is longer than the column's VARCHAR (bytes) or beyond its type's range:"
    " widen the column in sql_queries.py, or correct the file",
    1206: "the timestamp is not epoch milliseconds: correct the file",
    1207: "a number was expected: correct the file",
    1216: "the line is not a JSON object: correct or remove it",
    1220: "the text is not valid UTF-8: convert the file",
}


@dataclass(frozen=True)
class LoadError:
    """One rejected value: where it stands, what it is and why it was rejected."""

    file: str
    line: int
    column: str
    type: str
    code: int
    reason: str
    value: str = ""
    raw_line: str = ""

    @property
    def cause(self) -> tuple[int, str, str]:
        return self.code, self.column, self.reason


def read(connection: Connection) -> list[LoadError]:
    """The rejected rows of the COPY that `connection` ran; empty if there are none or no access.

    Rolls back first: a failed transaction answers no query.
    """
    connection.rollback()
    errors = [_from_stl(row) for row in _rows(connection, sql_queries.stl_load_errors)]
    if not errors:
        errors = [_from_sys(row) for row in _rows(connection, sql_queries.sys_load_errors)]
    return errors


def show(errors: Sequence[LoadError]) -> None:
    """Print the rejected rows on stderr, the most frequent causes first, with the known fixes."""
    frequency = Counter(error.cause for error in errors)
    ordered = sorted(errors, key=lambda error: (-frequency[error.cause], error.cause))
    more = f" (the first {SHOWN_ROWS} of {len(errors)})" if len(errors) > SHOWN_ROWS else ""
    terminal.print_table(
        f"rejected rows{more}",
        ("file", "line", "column", "type", "value", "reason"),
        [
            (
                error.file,
                str(error.line),
                error.column or "-",
                error.type or "-",
                _shortened(error.value or error.raw_line),
                f"{error.code} {error.reason}",
            )
            for error in ordered[:SHOWN_ROWS]
        ],
        stderr=True,
    )


def fault(message: str, errors: Sequence[LoadError]) -> terminal.Fault:
    """The Fault of a COPY that failed with `message`: shows the rejected rows and their fixes."""
    if not errors:
        return terminal.Fault(message)
    codes = Counter(error.code for error in errors)
    fixes = [f"next: {code} {_FIXES[code]}" for code, _ in codes.most_common() if code in _FIXES]
    return terminal.Fault("\n".join([message, *fixes]), details=lambda: show(errors))


def _rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    except psycopg2.Error:
        # A view that is missing or not granted is no reason to hide the COPY's own error.
        connection.rollback()
        return []


def _from_stl(row: Sequence[object]) -> LoadError:
    value, raw_line = row[7:9]
    return _from_sys(row, value=str(value or ""), raw_line=str(raw_line or ""))


def _from_sys(row: Sequence[object], value: str = "", raw_line: str = "") -> LoadError:
    file, line, column, type_name, length, code, reason = row[:7]
    bounded = str(type_name) in ("varchar", "char") and str(length or "0") != "0"
    return LoadError(
        file=str(file),
        line=int(str(line)),
        column=str(column or ""),
        type=f"{type_name}({length})" if bounded else str(type_name or ""),
        code=int(str(code)),
        reason=str(reason),
        value=value,
        raw_line=raw_line,
    )


def _shortened(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
