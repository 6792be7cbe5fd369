"""COPY from S3 into staging: both tables side by side, with progress and rejected rows.

Each COPY runs on a connection of its own, alone in its session: that is how its progress and its
load errors are found in the system views.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import psycopg2

import load_errors
import sql_queries
import terminal
import warehouse
from load_errors import LoadError
from settings import Settings
from small_files import Files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection

    from iac.sources import Source

UNCHANGED = "the star is as before"
POLL_S = 0.5
NO_FILES = re.compile(r"S3 prefix .* does not exist")
ACCESS_DENIED = re.compile(r"Access ?Denied")
ACCESS_ERROR = re.compile(
    r"not authorized to assume IAM Role|S3ServiceException|S3 prefix .* does not exist"
    r"|jsonpath.* was not found"
)


@dataclass(frozen=True)
class Copy:
    """One COPY to run: its table, its statement (None: nothing to load), may it skip bad rows?

    `then_count` are tables to count afterwards: work that grows with them, and that the
    connection has time for while the other COPY runs.
    """

    table: str
    query: str | None
    may_skip_rows: bool = False
    then_count: tuple[str, ...] = ()


@dataclass(frozen=True)
class Copied:
    """What a COPY brought: rows loaded, rows that it was allowed to skip, rows counted after it.

    `skipped` is how many it skipped by its own account, `rejected` which ones, as far as the views
    of load errors show them; None where they may not be read. `files` are those that it read, None
    where the cluster does not tell.
    """

    rows: int
    skipped: int = 0
    rejected: tuple[LoadError, ...] | None = ()
    files: Files | None = None
    counts: dict[str, int] = field(default_factory=dict)


def copies(
    settings: Settings,
    limits: sql_queries.CopyLimits,
    skipped: frozenset[str] = frozenset(),
    then_count: tuple[str, ...] = (),
) -> list[Copy]:
    """The COPY of each staging table; those of `skipped` tables have no statement.

    The tables `then_count` are counted after the last, that of the songs.
    """
    queries = sql_queries.copy_table_queries(settings, limits)
    jobs = [
        Copy(table, None if table in skipped else query, limits.max_errors > 0)
        for table, query in zip(sql_queries.COPY_TABLES, queries, strict=True)
    ]
    return [*jobs[:-1], replace(jobs[-1], then_count=then_count)]


@contextmanager
def connections(settings: Settings) -> Iterator[dict[str, Connection]]:
    """A connection for each table that COPY fills, closed at the end of the block."""
    with ExitStack() as stack:
        yield {
            table: stack.enter_context(warehouse.connection(settings, f"etl {table}"))
            for table in sql_queries.COPY_TABLES
        }


def stage(
    settings: Settings,
    steps: terminal.Steps,
    connections: Mapping[str, Connection],
    jobs: Sequence[Copy],
    *,
    empty_first: bool = True,
) -> dict[str, Copied]:
    """Run the COPYs side by side; with `empty_first` the staging tables are emptied before.

    Raises terminal.Fault for the first that fails; the others are cancelled.
    """

    def run(connection: Connection, job: Copy) -> Copied:
        if empty_first:
            _truncate(connection, job.table)
        copied = Copied(0)
        if job.query is not None:
            with (
                steps.step(f"copy {job.table}") as step,
                _progress(settings, connection, steps, step),
            ):
                copied = _copy(settings, connection, job)
                step.rows = copied.rows if empty_first else None
        return replace(copied, counts=_counts(connection, job.then_count))

    results = _side_by_side([connections[job.table] for job in jobs], jobs, run)
    return dict(zip((job.table for job in jobs), results, strict=True))


def _side_by_side(
    connections: Sequence[Connection],
    jobs: Sequence[Copy],
    run: Callable[[Connection, Copy], Copied],
) -> list[Copied]:
    """Run each job in a thread; when one fails, or on Ctrl-C, cancel what the others wait for."""
    with ThreadPoolExecutor(max_workers=len(jobs)) as pool:
        futures = [pool.submit(run, *pair) for pair in zip(connections, jobs, strict=True)]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            warehouse.cancel(dict(zip(futures, connections, strict=True)))
            raise
    return [future.result() for future in futures]


def _truncate(connection: Connection, table: str) -> None:
    with warehouse.explained(f"truncate {table}", UNCHANGED), connection.cursor() as cursor:
        cursor.execute(sql_queries.truncate_table_queries[table])
        connection.commit()


def _counts(connection: Connection, tables: Sequence[str]) -> dict[str, int]:
    with warehouse.explained("counting rows", UNCHANGED), connection.cursor() as cursor:
        counts = {table: warehouse.number(cursor, sql_queries.row_count(table)) for table in tables}
        # Whoever waits for one of the tables would keep the transaction that fills it waiting, too.
        connection.rollback()
    return counts


def _copy(settings: Settings, connection: Connection, job: Copy) -> Copied:
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute(job.query)
            rows = warehouse.number(cursor, sql_queries.copied_rows_count)
        connection.commit()
    except psycopg2.Error as error:
        raise _failed(settings, connection, job.table, error, began) from error
    # Only after the commit: within its transaction the log would be seen as it was at its start.
    copied = _accounted(connection, Copied(rows))
    if not job.may_skip_rows:
        return copied
    shown = _rejected(connection, began)
    if shown is None:
        return replace(copied, rejected=None)
    return replace(copied, skipped=max(copied.skipped, len(shown)), rejected=tuple(shown))


def _accounted(connection: Connection, copied: Copied) -> Copied:
    """`copied` with the files that were read and the rows that were not loaded."""
    told = load_errors.told(connection)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql_queries.copy_account)
            row = cursor.fetchone()
        connection.rollback()
    except psycopg2.Error as error:
        if connection.closed:
            raise warehouse.fault(error, "counting files", UNCHANGED) from error
        # Who may not ask loads all the same.
        connection.rollback()
        return replace(copied, skipped=told)
    files, size, errors = row or (0, 0, 0)
    return replace(
        copied,
        skipped=max(told, int(errors or 0)),
        files=Files(int(files), int(size)) if files else None,
    )


def _rejected(connection: Connection, began: float) -> list[LoadError] | None:
    return load_errors.read(connection, time.monotonic() - began)


def _failed(
    settings: Settings, connection: Connection, table: str, error: psycopg2.Error, began: float
) -> terminal.Fault:
    doing = f"copy {table}"
    rejected = None if connection.closed else _rejected(connection, began)
    if rejected:
        return load_errors.RejectedFault(warehouse.explain(error, doing, UNCHANGED), rejected)
    findings = _probed(settings, error)
    consequence = "\n".join([UNCHANGED, *(f"found: {finding}" for finding in findings)])
    correction = _correction(settings, table, error, findings)
    return warehouse.fault(error, doing, consequence, correction)


def _correction(
    settings: Settings, table: str, error: psycopg2.Error, findings: Sequence[str]
) -> str:
    """What to correct where there is nothing that the table could be filled from; else ''."""
    from iac.sources import sources

    log_data, log_jsonpath, song_data = sources(settings)
    data, *others = {
        sql_queries.COPY_TABLES[0]: (log_data, log_jsonpath),
        sql_queries.COPY_TABLES[1]: (song_data,),
    }[table]
    absent: list[Source] = []
    if NO_FILES.search(str(error)):
        absent = [data]
    elif ACCESS_DENIED.search(str(error)):
        # Who may read the configured paths alone is denied what is not there.
        absent = [s for s in (data, *others) if any(s.correction in found for found in findings)]
    if not absent:
        return ""
    missing = absent[0]
    flag = f" (or --{missing.key.name.lower().replace('_', '-')})" if missing is data else ""
    return (
        f"{missing.correction} in {settings.path}{flag};"
        f" {missing.listing(settings.endpoint_url)} lists what there is"
    )


def _probed(settings: Settings, error: psycopg2.Error) -> list[str]:
    """What S3 and IAM show the caller of a denied access; the load views never hold it."""
    if not ACCESS_ERROR.search(str(error)):
        return []
    # Imported when needed: it takes boto3 along, which a load that works has no use for.
    from iac.checks import explain_access

    return explain_access(settings)


@contextmanager
def _progress(
    settings: Settings, copying: Connection, steps: terminal.Steps, step: terminal.Step
) -> Iterator[None]:
    """While the block runs, show on a terminal how far the COPY of the connection `copying` is."""
    if not steps.alive:
        yield
        return
    done = threading.Event()
    session = copying.info.backend_pid
    watcher = threading.Thread(target=_watch, args=(settings, session, step, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        step.note = ""


def _watch(settings: Settings, session: int, step: terminal.Step, done: threading.Event) -> None:
    # Progress is a courtesy: a view that cannot be read ends it, never the load.
    with (
        suppress(psycopg2.Error, terminal.Fault),
        warehouse.connection(settings, "etl progress") as c,
    ):
        c.autocommit = True
        started = time.monotonic()
        while not done.wait(POLL_S):
            with c.cursor() as cursor:
                cursor.execute(sql_queries.copy_progress, {"session": session})
                step.note = _so_far(cursor.fetchone(), time.monotonic() - started)


def _so_far(row: Sequence[int | None] | None, seconds: float) -> str:
    if row is None or row[1] is None:
        return ""
    files_done, files, rows, size = (int(value or 0) for value in row)
    rate = size / 1e6 / max(seconds, 0.001)
    return f"{files_done:,} of {files:,} files, {rows:,} rows, {rate:.1f} MB/s"
