"""Load the song and event files from S3 into the star: stage, check, publish.

Both COPYs run side by side into staging. Then one transaction changes the star, checks it and
commits; readers see the star as before or as after. The transaction begins with a lock, so two
loads at once queue up. A load that fails, or is interrupted at any moment, leaves the star as it
was; running it again completes it.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

import load_errors
import proofs
import report
import retries
import settings as configuration
import small_files
import sql_queries
import staging
import terminal
import warehouse
from staging import UNCHANGED

if TYPE_CHECKING:
    from concurrent.futures import Future

    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

EVENTS, SONGS = sql_queries.COPY_TABLES
# MAXERROR's limit: validation is to see every bad row.
ALL_ERRORS = sql_queries.CopyLimits(max_errors=99_999, only_validate=True)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    settings = _settings(arguments)
    skipped = frozenset(
        table
        for table, skip in ((EVENTS, arguments.skip_events), (SONGS, arguments.skip_songs))
        if skip
    )
    if arguments.dry_run:
        dry_run(settings, skipped)
        return 0
    # A file that cannot be written is told before the load, not after it.
    _keep((), arguments.rejects)
    try:
        with terminal.Steps(arguments.quiet) as steps:
            if arguments.validate:
                return validate(settings, steps, skipped, arguments.rejects)
            load = run(settings, steps, skipped)
    except load_errors.RejectedFault as fault:
        try:
            _keep(fault.errors, arguments.rejects)
        except terminal.UsageFault as unkept:
            # What the load failed for counts more.
            terminal.warn(str(unkept))
        raise
    for warning in load.warnings:
        terminal.warn(warning)
    if load.rejected:
        load_errors.show(load.rejected)
    if arguments.json:
        report.show_json(load)
    else:
        report.show(load)
    try:
        _keep(load.rejected, arguments.rejects)
    except terminal.UsageFault as unkept:
        raise terminal.Fault(f"{unkept}\nthe load is committed") from unkept
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser(
        "python etl.py",
        "Load the song and event files from S3 into staging by COPY, and from there into the star.",
        """
        python etl.py
        python etl.py --skip-songs --log-data s3://udacity-dend/log_data/2018/11/2018-11-30
        """,
    )
    parser.add_argument(
        "--log-data",
        metavar="S3-PREFIX",
        help="load these event files, or those of a .manifest, instead of [S3] LOG_DATA",
    )
    parser.add_argument(
        "--song-data",
        metavar="S3-PREFIX",
        help="load these song files, or those of a .manifest, instead of [S3] SONG_DATA",
    )
    skips = parser.add_mutually_exclusive_group()
    skips.add_argument("--skip-events", action="store_true", help="load songs only")
    skips.add_argument("--skip-songs", action="store_true", help="load events only")
    parser.add_argument(
        "--rejects", metavar="FILE", type=Path, help="write the rejected rows there, as JSON lines"
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    ways.add_argument(
        "--dry-run", action="store_true", help="print the statements in order, touch nothing"
    )
    ways.add_argument(
        "--validate",
        action="store_true",
        help="read all files (COPY .. NOLOAD), report what would be rejected, load nothing",
    )
    return parser


def _settings(arguments: argparse.Namespace) -> configuration.Settings:
    unneeded: set[configuration.Key] = set()
    if arguments.skip_events:
        unneeded |= {configuration.LOG_DATA, configuration.LOG_JSONPATH}
    if arguments.skip_songs:
        unneeded |= {configuration.SONG_DATA}
    keys = configuration.DATABASE_KEYS + configuration.COPY_KEYS
    required = tuple(key for key in keys if key not in unneeded)
    # A flag beats the environment as the environment beats the file.
    environ = dict(os.environ)
    if arguments.log_data is not None:
        environ[configuration.LOG_DATA.variable] = arguments.log_data
    if arguments.song_data is not None:
        environ[configuration.SONG_DATA.variable] = arguments.song_data
    return configuration.load(arguments.config or configuration.DEFAULT_PATH, required, environ)


def run(
    settings: configuration.Settings,
    steps: terminal.Steps,
    skipped: frozenset[str] = frozenset(),
) -> report.Load:
    """Stage, check and publish; raises terminal.Fault with the star as it was.

    A load lost to its connection, or to a conflict with another transaction, is done again.
    """
    transient = lambda error: isinstance(error, retries.TransientFault)  # noqa: E731
    for attempt in retries.retrying(transient):
        with attempt:
            return _run_once(settings, steps, skipped)
    raise AssertionError("retrying ends with a result or an exception")


def _run_once(
    settings: configuration.Settings, steps: terminal.Steps, skipped: frozenset[str]
) -> report.Load:
    load = report.Load()
    limits = sql_queries.CopyLimits(settings.max_errors)
    with (
        warehouse.connection(settings, "etl publish") as connection,
        warehouse.explained("etl", UNCHANGED),
        connection,
        connection.cursor() as cursor,
    ):
        with steps.step("lock") as step:
            step.note = "waits for a load under way, if there is one"
            cursor.execute(sql_queries.load_lock)
            step.note = ""
        # Under the lock the star stays as it is: what is counted now is what is there before.
        jobs = staging.copies(settings, limits, skipped, then_count=sql_queries.STAR_TABLES)
        with staging.connections(settings) as connections:
            for table, copied in staging.stage(settings, steps, connections, jobs).items():
                load.staged[table] = copied.rows
                load.skipped += copied.skipped
                load.rejected += copied.rejected or ()
                load.warnings += _unseen(table, copied) + _advice(settings, table, copied.files)
                load.before |= copied.counts
            with proofs.counting_staged_plays(connections[EVENTS]) as staged_plays:
                publish(cursor, steps, load, staged_plays)
        with steps.step("commit"):
            _commit(connection)
    return load


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except psycopg2.Error as error:
        # The reply is lost with the connection, and it alone would tell.
        left = "the star is as before, or holds the whole load" if connection.closed else UNCHANGED
        raise warehouse.fault(error, "commit", left) from error


def publish(
    cursor: Cursor,
    steps: terminal.Steps,
    load: report.Load,
    staged_plays: Future[proofs.StagedPlays],
) -> None:
    """Bring what is staged into the star, in the caller's transaction, and check it."""
    for name, queries in sql_queries.batch_steps.items():
        _transform(cursor, steps, load, name, queries)
    plays = proofs.new_plays(cursor)
    load.matched, span = plays.matched, plays.span
    load.known = warehouse.number(cursor, sql_queries.known_plays_count, span)
    for name, queries in sql_queries.span_steps.items():
        _transform(cursor, steps, load, name, queries, span)
    with steps.step("check") as step, warehouse.explained("check", UNCHANGED):
        kept = proofs.check(cursor, load, plays, staged_plays)
        step.note = f"{kept} promises kept"


def _transform(
    cursor: Cursor,
    steps: terminal.Steps,
    load: report.Load,
    name: str,
    queries: Sequence[str],
    span: proofs.Span | None = None,
) -> None:
    doing = f"transform {name}"
    with steps.step(doing) as step, warehouse.explained(doing, UNCHANGED):
        for query in queries:
            cursor.execute(query, span)
            effect = sql_queries.effect(query)
            if effect is not None:
                load.effects[effect] += cursor.rowcount
                step.rows = load.inserted(name) + load.updated(name)


def _unseen(table: str, copied: staging.Copied) -> list[str]:
    """That rows were skipped which nobody can be shown, where the views are silent or late."""
    shown = len(copied.rejected or ())
    if shown == copied.skipped:
        return []
    return [
        f"copy {table} skipped {terminal.counted(copied.skipped, 'row')}, of which the views of"
        f" load errors show {shown:,}: may [CLUSTER] DB_USER read sys_load_error_detail or"
        " stl_load_errors?"
    ]


def _advice(
    settings: configuration.Settings, table: str, files: small_files.Files | None
) -> list[str]:
    """What thousands of tiny files cost, where a COPY has read such."""
    if files is None or not files.are_tiny:
        return []
    address, key = {
        EVENTS: (settings.log_data, configuration.LOG_DATA),
        SONGS: (settings.song_data, configuration.SONG_DATA),
    }[table]
    return [small_files.warning(table, address, key.label, files)]


def validate(
    settings: configuration.Settings,
    steps: terminal.Steps,
    skipped: frozenset[str],
    rejects: Path | None,
) -> int:
    """COPY with NOLOAD: 0 if a load would pass with the bad rows that MAX_ERRORS allows, else 1."""
    jobs = staging.copies(settings, ALL_ERRORS, skipped)
    with staging.connections(settings) as connections:
        copied = staging.stage(settings, steps, connections, jobs, empty_first=False)
    rejected = [error for result in copied.values() for error in result.rejected or ()]
    if rejected:
        load_errors.show(rejected)
    for table, result in copied.items():
        if result.rejected is None:
            raise terminal.Fault(
                f"cannot tell what copy {table} would reject: [CLUSTER] DB_USER may read neither"
                " sys_load_error_detail nor stl_load_errors\nnothing was loaded\n"
                "next: run it as the cluster's master user"
            )
        for warning in _unseen(table, result):
            terminal.warn(warning)
    passes = all(result.skipped <= settings.max_errors for result in copied.values())
    report.show_validation(
        {table: result.skipped for table, result in copied.items()}, settings.max_errors, passes
    )
    _keep(rejected, rejects)
    return 0 if passes else terminal.EXIT_FAILED


def dry_run(settings: configuration.Settings, skipped: frozenset[str]) -> None:
    """Print the statements of a load in order; %(first)s and %(last)s are the span it finds."""
    limits = sql_queries.CopyLimits(settings.max_errors)
    copies = [job.query for job in staging.copies(settings, limits, skipped) if job.query]
    statements = [
        "BEGIN",
        sql_queries.load_lock,
        *sql_queries.truncate_table_queries.values(),
        *copies,
        *(sql_queries.row_count(table) for table in sql_queries.STAR_TABLES),
        sql_queries.staged_plays_look,
        sql_queries.staged_plays_counts,
        *(query for queries in sql_queries.batch_steps.values() for query in queries),
        sql_queries.new_plays_facts,
        sql_queries.strange_times_counts,
        sql_queries.known_plays_count,
        *(query for queries in sql_queries.span_steps.values() for query in queries),
        *(sql_queries.row_count(table) for table in sql_queries.COPY_TABLES),
        *sql_queries.checks.values(),
        sql_queries.songs_with_id_count,
        sql_queries.users_of_tomorrow_count,
        "COMMIT",
    ]
    for statement in statements:
        print(f"{statement.strip()};\n")


def _keep(rejected: Sequence[load_errors.LoadError], path: Path | None) -> None:
    if path is not None:
        load_errors.write(path, rejected)


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
