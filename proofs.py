"""What must hold before a load commits: the star's promises, and an account of every staged play.

Redshift enforces neither keys nor references; a load that broke one would be seen by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import report
import retries
import sql_queries
import terminal
import warehouse
from staging import UNCHANGED

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

COUNTING = "count staged plays"
EVENTS, SONGS = sql_queries.COPY_TABLES

# The first and last start_time of a load's plays, as text: a year may pass Python's 9999.
Span = dict[str, str | None]


@dataclass(frozen=True)
class NewPlays:
    """What a load's plays are like: their span, how many know their song, how many look wrong.

    `broken` has a count of broken rows for each promise that a play must keep.
    """

    span: Span
    matched: int
    strange: int
    broken: dict[str, int]


@dataclass(frozen=True)
class StagedPlays:
    """How many plays are staged, and how many of these cannot be kept."""

    plays: int
    unusable: int
    duplicates: int


def new_plays(cursor: Cursor) -> NewPlays:
    """Ask for what the rest of a load needs to know of its plays."""
    cursor.execute(sql_queries.new_plays_facts)
    first, last, *counts = cursor.fetchone() or (None, None, 0, 0, 0)
    matched, unknown_levels, some_are_strange = map(int, counts)
    strange, unreadable = 0, 0
    if some_are_strange:
        cursor.execute(sql_queries.strange_times_counts)
        strange, unreadable = map(int, cursor.fetchone() or (0, 0))
    return NewPlays(
        {"first": first, "last": last},
        matched,
        strange,
        {
            "the year of a play is from 1 to 9999, ts being milliseconds": unreadable,
            "the level of a play is free, paid or unknown": unknown_levels,
        },
    )


@contextmanager
def counting_staged_plays(connection: Connection) -> Iterator[Future[StagedPlays]]:
    """Count the staged plays on `connection`, which has no transaction, while the block goes on.

    From before the block begins until they are counted, nobody can empty what is counted.
    """
    # If the block read staging first, and somebody then waited to empty it, the count would wait
    # for them, they for the block, and the block for the count: a deadlock that no server sees.
    with warehouse.explained(COUNTING, UNCHANGED), connection.cursor() as cursor:
        cursor.execute(sql_queries.staged_plays_look)
    with ThreadPoolExecutor(max_workers=1) as pool:
        counted = pool.submit(_count_staged_plays, connection)
        try:
            yield counted
        except BaseException:
            warehouse.cancel({counted: connection})
            raise


def _count_staged_plays(connection: Connection) -> StagedPlays:
    with warehouse.explained(COUNTING, UNCHANGED), connection.cursor() as cursor:
        cursor.execute(sql_queries.staged_plays_counts)
        counts = StagedPlays(*map(int, cursor.fetchone() or ()))
        connection.rollback()
    return counts


def check(cursor: Cursor, load: report.Load, plays: NewPlays, staged: Future[StagedPlays]) -> int:
    """Prove what the transaction of `cursor` made of the star; returns how many promises it kept.

    Raises terminal.Fault for the first that is broken.
    """
    for table in load.staged:
        _check_staging(load, table, warehouse.number(cursor, sql_queries.row_count(table)))
    for promise, broken in plays.broken.items():
        _hold(promise, broken)
    for promise, query in sql_queries.checks.items():
        _hold(promise, warehouse.number(cursor, query, plays.span))
    # Counted in a transaction that looked before this one did: had others changed staging before or
    # in between, this one would not have found what was copied.
    _account(load, staged.result())
    load.warnings += _warnings(cursor, load, plays)
    # Staging as it was copied, and the account of the plays.
    others = 2
    return len(sql_queries.checks) + len(plays.broken) + others


def _check_staging(load: report.Load, table: str, held: int) -> None:
    # A load that lost its lock with its connection may go on emptying and filling staging for a
    # moment, until it finds out; a transaction that has looked into it keeps it from that.
    copied = load.staged[table]
    if held != copied:
        raise retries.TransientFault(
            f"check failed: {copied:,} rows were copied into {table}, which now holds {held:,}:"
            f" another load was at it\n{UNCHANGED}\nnext: run the same command again"
        )


def _hold(promise: str, broken: int) -> None:
    if broken:
        raise terminal.Fault(
            f"check failed: expected that {promise}; {broken:,} broke it\n{UNCHANGED}"
        )


def _account(load: report.Load, staged: StagedPlays) -> None:
    load.plays, load.unusable, load.duplicates = staged.plays, staged.unusable, staged.duplicates
    accounted = load.new + load.known + load.duplicates + load.unusable
    if accounted != load.plays:
        raise terminal.Fault(
            f"check failed: {load.plays:,} plays were staged, but {load.new:,} new,"
            f" {load.known:,} known, {load.duplicates:,} duplicate and {load.unusable:,}"
            f" unusable make {accounted:,}\n{UNCHANGED}"
        )


def _warnings(cursor: Cursor, load: report.Load, plays: NewPlays) -> list[str]:
    """What the rules allow and a person would still want to know."""
    warnings = []
    if (events := load.staged.get(EVENTS)) and not load.plays:
        warnings.append(
            f"none of {terminal.counted(events, 'staged event')} is a play (page NextSong): does"
            " [S3] LOG_DATA name event files?"
        )
    songs = load.staged.get(SONGS)
    if songs and not warehouse.number(cursor, sql_queries.songs_with_id_count):
        warnings.append(
            f"none of {terminal.counted(songs, 'staged song')} has a song_id: does [S3] SONG_DATA"
            " name song files?"
        )
    if load.plays and load.plays == load.unusable:
        warnings.append(
            f"none of the {load.plays:,} staged plays has a user and a time: does the file of"
            " [S3] LOG_JSONPATH name the keys, in the order of the columns of staging_events?"
        )
    if plays.strange:
        warnings.append(
            f"{terminal.counted(plays.strange, 'play')} before 1971 or after tomorrow, the first at"
            f" {plays.span['first']}, the last at {plays.span['last']}: is ts in milliseconds?"
        )
    if users := warehouse.number(cursor, sql_queries.users_of_tomorrow_count):
        warnings.append(
            f"the newest event of {terminal.counted(users, 'user')} lies after tomorrow:"
            " name and level stay as they are there until then"
        )
    return warnings
