"""The rows that a COPY rejected: read from the system views, told in the terminal, kept in a file.

Redshift's own message names only the view to look into; this looks.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

import sql_queries
import terminal

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

SHOWN_ROWS = 10
SHOWN_CHARACTERS = 60
# How much longer ago the cluster may say that a COPY began than this machine counts.
CLOCK_SLACK_S = 5
# What a COPY says that MAXERROR let pass:
# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html
_NOT_LOADED = re.compile(r"(\d+) record\(s\) could not be loaded")

# Error code, what the file name or the reason says of it -> the fix; the first that fits.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
_FIXES = (
    (
        1204,
        "",
        "the value is longer than the column's VARCHAR (bytes) or beyond its type's range: widen"
        " the column in sql_queries.py, or correct the file",
    ),
    (1206, "", "the timestamp is not epoch milliseconds: correct the file"),
    (1207, "", "a number was expected: correct the file"),
    (
        1216,
        r"\.(gz|bz2|zst)$",
        "the file is compressed and COPY was not told so: store it uncompressed, or add GZIP to"
        " the COPY in sql_queries.py and compress them all",
    ),
    (
        1216,
        r"Member is not an object",
        "an array encloses the objects: let them follow one another, one a line",
    ),
    (1216, "", "the line is not one JSON object of at most 4 MB: correct or remove it"),
    (1220, "", "the text is not valid UTF-8, or holds a NUL: correct the file"),
)


@dataclass(frozen=True)
class LoadError:
    """One rejected row: where it stands, which value was wrong and why.

    `value` and `raw_line` are empty where only the SYS view could be read.
    """

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

    @property
    def place(self) -> tuple[str, int, str]:
        return self.file, self.line, self.column


def read(connection: Connection, seconds: float) -> list[LoadError] | None:
    """The rejected rows of the COPY that `connection` began at most so many seconds ago.

    None if no view may be read. Rolls back first: a failed transaction answers no query.
    """
    connection.rollback()
    errors = _errors(connection, sql_queries.sys_load_errors, seconds)
    detailed = _errors(connection, sql_queries.stl_load_errors, seconds)
    if errors is None and detailed is None:
        return None
    if not errors or not detailed:
        return errors or detailed or []
    by_place = {error.place: error for error in detailed}
    return [by_place.get(error.place, error) for error in errors]


def told(connection: Connection) -> int:
    """How many rows the session's COPY told that it could not load, in its own notice."""
    found = map(_NOT_LOADED.search, connection.notices)
    return sum(int(match[1]) for match in found if match)


def show(errors: Sequence[LoadError]) -> None:
    """Print the rejected rows on stderr, the most frequent causes first."""
    frequency = Counter(error.cause for error in errors)
    ordered = sorted(errors, key=lambda error: (-frequency[error.cause], error.cause))
    more = f" ({SHOWN_ROWS} of {len(errors):,})" if len(errors) > SHOWN_ROWS else ""
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


def fixes(errors: Sequence[LoadError]) -> list[str]:
    """The known fixes for these errors, the most frequent first."""
    known = Counter(fix for fix in map(_fix, errors) if fix)
    return [fix for fix, _ in known.most_common()]


def _fix(error: LoadError) -> str:
    for code, pattern, fix in _FIXES:
        if code == error.code and any(re.search(pattern, t) for t in (error.file, error.reason)):
            return f"{code} {fix}"
    return ""


class RejectedFault(terminal.Fault):
    """A COPY that failed because it rejected rows: shows them, and the fixes that are known."""

    def __init__(self, message: str, errors: Sequence[LoadError]) -> None:
        lines = [message, *(f"next: {fix}" for fix in fixes(errors))]
        super().__init__("\n".join(lines), details=lambda: show(errors))
        self.errors = errors


def write(path: Path, errors: Iterable[LoadError]) -> None:
    """Write the rejected rows to `path` as JSON lines; raises UsageFault if it cannot."""
    try:
        with path.open("w", encoding="utf-8") as file:
            for error in errors:
                file.write(json.dumps(dataclasses.asdict(error), ensure_ascii=False) + "\n")
    except OSError as error:
        raise terminal.UsageFault(
            f"cannot write the rejected rows to {path}: {(error.strerror or str(error)).lower()};"
            " expected the name of a file in a folder that is there and has room"
        ) from error


def _errors(connection: Connection, query: str, seconds: float) -> list[LoadError] | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql_queries.utc)
            cursor.execute(query, {"seconds": math.ceil(seconds) + CLOCK_SLACK_S})
            return [_load_error(row) for row in cursor.fetchall()]
    except psycopg2.Error:
        # A view that is missing or not granted is no reason to hide the COPY's own error.
        connection.rollback()
        return None


def _load_error(row: Sequence[object]) -> LoadError:
    file, line, column, type_name, length, code, reason, *rest = row
    value, raw_line = rest or ("", "")
    bounded = str(type_name) in ("varchar", "char") and str(length or "0") != "0"
    return LoadError(
        file=str(file),
        line=int(str(line)),
        column=str(column or ""),
        type=f"{type_name}({length})" if bounded else str(type_name or ""),
        code=int(str(code)),
        reason=str(reason),
        value=str(value or ""),
        raw_line=str(raw_line or ""),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
