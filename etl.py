"""Load the song and event files from S3 into the star: stage, check, publish.

Both COPYs run side by side, each on a connection of its own, into staging. Then one transaction
changes the star, checks it and commits; readers see the star as before or as after. Its first
statement is a lock, so two loads at once queue up. A load that fails, or is interrupted at any
moment, leaves the star as it was; running it again completes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg2

import load_errors
import settings as configuration
import sql_queries
import terminal
import warehouse

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

UNCHANGED = "the star is as before"

# The first and last start_time of a load's plays, as text: a year may pass Python's 9999.
Span = dict[str, str | None]


@dataclass
class Load:
    """What a load did, in rows."""

    staged: dict[str, int] = field(default_factory=dict)
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    next_song: int = 0
    unusable: int = 0
    duplicates: int = 0
    known: int = 0
    matched: int = 0
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def new(self) -> int:
        return self.effects["INSERT", "songplays"]

    def inserted(self, table: str) -> int:
        """Rows that are new in `table`; a row that is replaced is deleted and inserted."""
        return self.effects["INSERT", table] - self.effects["DELETE", table]

    def updated(self, table: str) -> int:
        return self.effects["DELETE", table] + self.effects["UPDATE", table]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = terminal.parser(
        "python etl.py",
        "Load the song and event files from S3 into staging by COPY, and from there into the star.",
        "python etl.py --config dwh.cfg",
    ).parse_args(argv)
    path = arguments.config or configuration.DEFAULT_PATH
    settings = configuration.load(
        path, required=configuration.DATABASE_KEYS + configuration.COPY_KEYS
    )
    with terminal.Steps(arguments.quiet) as steps:
        load = run(settings, steps)
    show(load)
    return 0


def run(settings: configuration.Settings, steps: terminal.Steps) -> Load:
    """Stage, check and publish; raises terminal.Fault with the star as it was."""
    load = Load()
    with warehouse.connection(settings, "etl publish") as connection:
        with (
            warehouse.explained("etl", UNCHANGED),
            connection,
            connection.cursor() as cursor,
        ):
            with steps.step("lock") as step:
                step.note = "waits for a load under way, if there is one"
                cursor.execute(sql_queries.load_lock)
                step.note = ""
            stage(settings, steps, load)
            publish(cursor, steps, load)
            with steps.step("commit"):
                connection.commit()
        with warehouse.explained("counting rows"), connection, connection.cursor() as cursor:
            for table in sql_queries.STAGING_TABLES + sql_queries.STAR_TABLES:
                load.totals[table] = _number(cursor, sql_queries.row_count(table))
    return load


def stage(settings: configuration.Settings, steps: terminal.Steps, load: Load) -> None:
    """Empty the staging tables of the last load and COPY this one's files into them."""
    events_truncate, songs_truncate = sql_queries.truncate_table_queries
    events_copy, songs_copy = sql_queries.copy_table_queries(settings)
    jobs = (
        ("staging_events", events_truncate, events_copy),
        ("incoming_songs", songs_truncate, songs_copy),
    )
    with ExitStack() as stack:
        connections = [
            stack.enter_context(warehouse.connection(settings, f"etl {table}"))
            for table, _, _ in jobs
        ]

        def copy(connection: Connection, table: str, truncate: str, query: str) -> None:
            with steps.step(f"copy {table}") as step:
                step.rows = load.staged[table] = _copy(connection, table, truncate, query)

        side_by_side(
            connections,
            [
                lambda connection=connection, job=job: copy(connection, *job)  # type: ignore[misc]
                for connection, job in zip(connections, jobs, strict=True)
            ],
        )


def side_by_side(connections: Sequence[Connection], jobs: Sequence[Callable[[], None]]) -> None:
    """Run each job in a thread; when one fails, or on Ctrl-C, cancel what the others wait for."""
    with ThreadPoolExecutor(max_workers=len(jobs)) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            for connection in connections:
                with suppress(psycopg2.Error):
                    connection.cancel()
            raise


def _copy(connection: Connection, table: str, truncate: str, query: str) -> int:
    try:
        with connection.cursor() as cursor:
            cursor.execute(truncate)
            connection.commit()
            cursor.execute(query)
            rows = _number(cursor, "SELECT PG_LAST_COPY_COUNT()")
        connection.commit()
    except psycopg2.Error as error:
        message = warehouse.explain(error, f"copy {table}", UNCHANGED)
        rejected = [] if connection.closed else load_errors.read(connection)
        raise load_errors.fault(message, rejected) from error
    return rows


def publish(cursor: Cursor, steps: terminal.Steps, load: Load) -> None:
    """Bring what is staged into the star, in the caller's transaction, and check it."""
    for name, queries in sql_queries.batch_steps.items():
        _transform(cursor, steps, load, name, queries)
    span = _span(cursor)
    load.known = _number(cursor, sql_queries.known_plays_count, span)
    for name, queries in sql_queries.span_steps.items():
        _transform(cursor, steps, load, name, queries, span)
    with steps.step("check") as step:
        check(cursor, load, span)
        step.note = f"{len(sql_queries.checks) + 1} promises kept"


def _transform(
    cursor: Cursor,
    steps: terminal.Steps,
    load: Load,
    name: str,
    queries: Sequence[str],
    span: Span | None = None,
) -> None:
    with steps.step(f"transform {name}") as step:
        for query in queries:
            cursor.execute(query, span)
            effect = sql_queries.effect(query)
            if effect is not None:
                load.effects[effect] += cursor.rowcount
                step.rows = load.inserted(name) + load.updated(name)


def check(cursor: Cursor, load: Load, span: Span) -> None:
    """Prove what Redshift does not enforce, and that every staged play is accounted for."""
    for promise, query in sql_queries.checks.items():
        broken = _number(cursor, query, span)
        if broken:
            raise terminal.Fault(
                f"check failed: expected that {promise}; {broken:,} broke it\n{UNCHANGED}"
            )
    cursor.execute(sql_queries.staged_events_count)
    _, load.next_song, load.unusable = (int(value) for value in cursor.fetchone() or ())
    load.duplicates = _number(cursor, sql_queries.duplicate_events_count)
    load.matched = _number(cursor, sql_queries.matched_plays_count)
    accounted = load.new + load.known + load.duplicates + load.unusable
    if accounted != load.next_song:
        raise terminal.Fault(
            f"check failed: {load.next_song:,} plays were staged, but {load.new:,} new,"
            f" {load.known:,} known, {load.duplicates:,} duplicate and {load.unusable:,}"
            f" unusable make {accounted:,}\n{UNCHANGED}"
        )


def show(load: Load) -> None:
    """Print where the events went and what each table holds now."""
    terminal.print_table(
        "events",
        ("staged", "plays", "new", "already known", "duplicate", "unusable", "song known"),
        [
            (
                load.staged["staging_events"],
                load.next_song,
                load.new,
                load.known,
                load.duplicates,
                load.unusable,
                load.matched,
            )
        ],
    )
    terminal.print_table(
        "rows",
        ("table", "rows", "inserted", "updated"),
        [
            (
                table,
                rows,
                *(
                    (load.inserted(table), load.updated(table))
                    if table in sql_queries.STAR_TABLES
                    else (None, None)
                ),
            )
            for table, rows in load.totals.items()
        ],
    )


def _span(cursor: Cursor) -> Span:
    cursor.execute(sql_queries.new_plays_span)
    first, last = cursor.fetchone() or (None, None)
    return {"first": first, "last": last}


def _number(cursor: Cursor, query: str, parameters: Span | None = None) -> int:
    cursor.execute(query, parameters)
    row = cursor.fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
