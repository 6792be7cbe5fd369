"""A load that ends at any moment, in any way, leaves the star as it was; the next one completes it.

Every boundary between two statements is tried, on each of a load's three connections: the process
killed, and the connection cut. By default a spread of them; all with --long.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

import create_tables
import etl
from tests.conftest import ROOT, Project, event, song
from tests.oracle import Star
from tests.test_star import star

MINUTE = 60_000
PUBLISH, EVENTS, SONGS = "etl publish", "etl staging_events", "etl incoming_songs"
# How many boundaries each connection of a load has; test_every_boundary_is_a_point compares.
BOUNDARIES = {PUBLISH: 40, EVENTS: 8, SONGS: 11}
COMMIT = 38
SPREAD = 36

INTERRUPTED = "interrupted; run the same command again to complete it\n"
UNCHANGED = "\nthe star is as before\n"

OLD_EVENTS = [
    event(),
    event(song="Red", ts=1541106106796 + MINUTE),
    event(userId="2", sessionId=20, level="paid"),
]
NEW_EVENTS = [
    OLD_EVENTS[1],
    event(ts=1541106106796 + 2 * MINUTE, level="paid", lastName="Lake"),
    event(ts=1541106106796 + 2 * MINUTE, level="paid", lastName="Lake"),
    event(userId="3", sessionId=30, page="Home"),
    event(userId="4", sessionId=None, song=None),
]
OLD_SONGS = [song(), song(song_id="SO2", title="Old", artist_id="AR2")]
NEW_SONGS = [
    song(year=1999, artist_location="Rome"),
    song(song_id="SO3", title="Red", artist_id="AR3"),
]


# A block that fails while the plays are counted, which would take hours.
ENDLESS_COUNT = """
import sys
from pathlib import Path
import proofs, settings, sql_queries, warehouse
numbers = "generate_series(1, 1000000)"
sql_queries.staged_plays_counts = f"SELECT COUNT(*), 0, 0 FROM {numbers} AS a, {numbers} AS b"
found = settings.load(Path(sys.argv[2]), settings.DATABASE_KEYS)
with warehouse.connection(found) as connection, proofs.counting_staged_plays(connection):
    raise SystemExit(7)
"""


# A statement of hours that begins once a cancel has found nothing to cancel.
LATE_STATEMENT = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import settings, warehouse
numbers = "generate_series(1, 1000000)"
came = threading.Event()

class Watched:
    def cancel(self):
        connection.cancel()
        came.set()

def work():
    came.wait()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {numbers} AS a, {numbers} AS b")

found = settings.load(Path(sys.argv[2]), settings.DATABASE_KEYS)
with warehouse.connection(found) as connection, ThreadPoolExecutor(1) as pool:
    future = pool.submit(work)
    warehouse.cancel({future: Watched()})
    print(type(future.exception()).__name__)
"""


@dataclass(frozen=True)
class Point:
    """A strike before the statement number `boundary` of a connection (see interrupting.py)."""

    strike: str
    connection: str
    boundary: int
    attempts: int = 1

    @property
    def is_committed(self) -> bool:
        """Whether the star holds the load when the strike comes."""
        return self.connection == PUBLISH and self.boundary > COMMIT

    @property
    def words(self) -> list[str]:
        """The command line of the program that strikes there."""
        attempts = ["--attempts", str(self.attempts)]
        return [
            "-m", "tests.interrupting", *attempts, self.strike, self.connection,
            str(self.boundary), "--quiet",
        ]  # fmt: skip

    def __str__(self) -> str:
        tries = "" if self.attempts == 1 else f" of {self.attempts} attempts"
        return f"{self.strike} {self.connection} {self.boundary}{tries}"


ALL = [(name, number) for name, count in BOUNDARIES.items() for number in range(count)]
COMMITS = [(EVENTS, 1), (EVENTS, 4), (SONGS, 1), (SONGS, 4), (PUBLISH, COMMIT)]
KILLS = [Point("kill", *place) for place in ALL]
CUTS = [Point("cut", *place) for place in ALL]
LOST_REPLIES = [
    Point("deafen", *place)
    for place in [
        *COMMITS, (PUBLISH, 0), (PUBLISH, 18), (EVENTS, 0), (EVENTS, 2), (EVENTS, 7), (SONGS, 2),
    ]
]  # fmt: skip
INTERRUPTS = [
    Point("interrupt", *place)
    for place in [
        (PUBLISH, 0), (EVENTS, 0), (SONGS, 2), (PUBLISH, 18), (EVENTS, 4), (EVENTS, 7),
        (PUBLISH, 1), (PUBLISH, COMMIT + 1), (PUBLISH, COMMIT),
    ]
]  # fmt: skip
RETRIES = [
    Point(strike, *place, attempts=4)
    for strike in ("cut", "deafen")
    for place in [
        (PUBLISH, 0), (EVENTS, 2), (EVENTS, 7), (SONGS, 4), (PUBLISH, 18), (PUBLISH, COMMIT),
    ]
]  # fmt: skip


def spread(points: list[Point], step: int = SPREAD) -> list[Any]:
    """Every point as a test; but for one in `step`, only with --long."""
    return [
        pytest.param(point, id=str(point), marks=[] if last else [pytest.mark.long])
        for number, point in enumerate(points)
        for last in [number % step == step - 1]
    ]


@dataclass
class Before:
    """A project whose star holds the old files, and whose bucket the new ones too."""

    project: Project
    old: dict[str, list[tuple[Any, ...]]]
    new: dict[str, list[tuple[Any, ...]]]

    def rerun_completes(self) -> None:
        self.project.load("--quiet")
        assert star(self.project) == self.new


@pytest.fixture
def before(project: Project) -> Before:
    flags = ["--quiet", "--config", str(project.config)]
    create_tables.main(flags)
    project.put_events(*OLD_EVENTS)
    project.put_songs(*OLD_SONGS)
    etl.main(flags)
    project.put_events(*NEW_EVENTS, file="2018/11/b.json")
    project.put_songs(*NEW_SONGS)
    expected = Star()
    expected.load(OLD_EVENTS, OLD_SONGS)
    old = expected.tables()
    expected.load(OLD_EVENTS + NEW_EVENTS, NEW_SONGS)
    assert star(project) == old
    return Before(project, old, expected.tables())


def test_every_boundary_is_a_point(before: Before) -> None:
    done = before.project.run(*Point("trace", "", 0).words)
    assert done.returncode == 0, done.stderr
    seen = re.findall(r"^(.+):(\d+) (\w+)", done.stderr, re.MULTILINE)
    counts = {name: sum(name == other for other, *_ in seen) for name in BOUNDARIES}
    assert counts == BOUNDARIES
    assert len(seen) == sum(BOUNDARIES.values())
    first_commit = next(
        number for name, number, word in seen if (name, word) == (PUBLISH, "COMMIT")
    )
    assert int(first_commit) == COMMIT
    assert star(before.project) == before.new


@pytest.mark.parametrize("point", spread(KILLS))
def test_killed(before: Before, point: Point) -> None:
    done = before.project.run(*point.words)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    assert star(before.project) == (before.new if point.is_committed else before.old)
    before.rerun_completes()


@pytest.mark.parametrize("point", spread(CUTS))
def test_connection_cut_with_no_attempt_left(before: Before, point: Point) -> None:
    done = before.project.run(*point.words)
    if point.is_committed:
        assert (done.returncode, done.stderr) == (0, "")
        assert star(before.project) == before.new
        return
    assert told_once(done)
    assert "\nthe star is as before" in done.stderr
    assert "\nnext: the connection was lost: run the same command again\n" in done.stderr
    assert star(before.project) == before.old
    before.rerun_completes()


@pytest.mark.parametrize("point", spread(LOST_REPLIES, 8))
def test_reply_lost_with_no_attempt_left(before: Before, point: Point) -> None:
    done = before.project.run(*point.words)
    if heard_all_the_same(done, point):
        assert star(before.project) == before.new
        return
    assert told_once(done)
    settled = star(before.project)
    if point.boundary == COMMIT and point.connection == PUBLISH:
        assert settled in (before.old, before.new)
        assert "\nthe star is as before, or holds the whole load\n" in done.stderr
    else:
        assert settled == before.old
        assert UNCHANGED in done.stderr
    before.rerun_completes()


@pytest.mark.parametrize("point", spread(RETRIES, 8))
def test_connection_lost_and_tried_again(before: Before, point: Point) -> None:
    done = before.project.run(*point.words)
    assert done.returncode == 0
    if heard_all_the_same(done, point):
        assert star(before.project) == before.new
        return
    assert re.fullmatch(r"retry 1 of 3 in 0\.05 s: .+ failed: .+\n", done.stderr)
    assert star(before.project) == before.new
    before.rerun_completes()


@pytest.mark.parametrize("point", spread(INTERRUPTS, 5))
def test_interrupted(before: Before, point: Point) -> None:
    done = before.project.run(*point.words)
    assert (done.returncode, done.stderr, done.stdout) == (130, INTERRUPTED, "")
    assert star(before.project) == (before.new if point.is_committed else before.old)
    before.rerun_completes()


def heard_all_the_same(done: subprocess.CompletedProcess[str], point: Point) -> bool:
    """Whether a deafened load ended as an undisturbed one.

    Linux still hands over what arrives on a socket shut for reading before it is read: now and
    then a quick reply is not lost after all.
    """
    return point.strike == "deafen" and (done.returncode, done.stderr) == (0, "")


def told_once(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a load that failed said so in one message, with its cause."""
    message = re.match(r"error: [a-z_ ]+ failed: (?!connection already closed).+\n", done.stderr)
    once = done.stderr.count("error: ") == 1 + done.stderr.count("SYSCALL error: ")
    return bool(message) and once and "Traceback" not in done.stderr and done.returncode == 1


@pytest.mark.parametrize("attempts", [1, pytest.param(4, marks=pytest.mark.long)])
def test_staging_emptied_by_a_load_that_lost_its_lock(before: Before, attempts: int) -> None:
    """A load whose lock went with its connection may still be about to empty staging."""
    done = before.project.run(*Point("empty", PUBLISH, 1, attempts).words)
    assert done.returncode == (1 if attempts == 1 else 0)
    assert "staging_events" in done.stderr
    assert star(before.project) == (before.old if attempts == 1 else before.new)
    before.rerun_completes()


@pytest.mark.parametrize(
    "point",
    [
        # The songs' connection has counted songplays, and the load has yet to read it.
        Point("lock beside", PUBLISH, 1),
        # The events' connection has looked into staging, and has yet to count it.
        pytest.param(Point("empty beside", EVENTS, 7, attempts=4), marks=pytest.mark.long),
    ],
    ids=str,
)
def test_somebody_in_line_for_a_table_stops_nothing(before: Before, point: Point) -> None:
    done = before.project.run(*point.words)
    assert (done.returncode, "error" in done.stderr) == (0, False)
    assert star(before.project) == before.new


def test_count_that_nobody_waits_for_any_more_is_canceled(before: Before) -> None:
    done = before.project.run("-c", ENDLESS_COUNT)
    assert (done.returncode, done.stderr) == (7, "")


def test_a_cancel_that_comes_between_two_statements(before: Before) -> None:
    done = before.project.run("-c", LATE_STATEMENT)
    assert (done.stdout, done.stderr) == ("QueryCanceled\n", "")


# --- While a COPY is under way -------------------------------------------------------------------

MANY = 100_000


@pytest.fixture
def slow(before: Before) -> Before:
    """The same, with a COPY of each kind that takes a while: repeated deliveries change nothing."""
    before.project.put("log_data/2018/11/c.json", slow_lines(NEW_EVENTS[1], MANY))
    before.project.put("song_data/B.json", slow_lines(NEW_SONGS[1], MANY))
    return before


def slow_lines(content: dict[str, object], count: int) -> str:
    """The same object so often, each to be read on its own.

    Half a pair of surrogates in a key, which nobody asks for, keeps it from being read with others.
    """
    return "\n".join([json.dumps({**content, "\ud800": 0})] * count)


@contextmanager
def copying(project: Project, table: str, words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A load that is in the middle of its COPY into `table`."""
    command = [sys.executable, *words, "--config", str(project.config)]
    with (
        closing(project.connect()) as connection,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **project.standin.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        connection.autocommit = True
        try:
            wait_for_copy(connection, table, process)
            yield process
        finally:
            process.kill()


def wait_for_copy(connection: Any, table: str, process: subprocess.Popen[str]) -> None:
    with connection.cursor() as cursor:
        under_way = 0
        while not under_way:
            assert process.poll() is None, "the load ended before its COPY was seen"
            cursor.execute(
                "SELECT COUNT(*) FROM stv_load_state AS s"
                " JOIN sys_load_history AS h ON h.query_id = s.query"
                " WHERE h.table_name = %s AND s.lines > 0",
                (table,),
            )
            (under_way,) = cursor.fetchone()


TABLES = {EVENTS: "staging_events", SONGS: "incoming_songs"}


@pytest.mark.long
@pytest.mark.parametrize("connection", [EVENTS, SONGS])
@pytest.mark.parametrize("strike", ["kill", "cut", "interrupt"])
def test_in_the_middle_of_a_copy(slow: Before, strike: str, connection: str) -> None:
    words = Point(strike, connection, -1).words
    with copying(slow.project, TABLES[connection], words) as process:
        process.send_signal(signal.SIGUSR1)
        said = process.communicate(timeout=30)
    assert star(slow.project) == slow.old
    done = subprocess.CompletedProcess(words, process.returncode, *said)
    if strike == "cut":
        assert told_once(done)
        assert UNCHANGED in done.stderr
    else:
        ends = {"kill": (-signal.SIGKILL, ""), "interrupt": (130, INTERRUPTED)}
        assert (done.returncode, done.stderr) == ends[strike]
    slow.rerun_completes()
