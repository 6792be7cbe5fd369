"""Loads at once, loads beside create_tables.py, readers beside a load: nobody sees or does harm."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from standin.sample import sample
from tests.conftest import ROOT, Project, event
from tests.oracle import Star
from tests.test_star import COLUMNS, star, star_seen_by

SONGS, EVENTS, SEED = 60, 600, 11
TIMEOUT_S = 60
Tables = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often chance gets its chance."""
    return 10 if request.config.getoption("--long") else 1


@pytest.fixture
def halves(project: Project) -> tuple[list[str], list[str]]:
    """The sample in the project's bucket, and the flags that load one half of its days each."""
    days = [key for key, _ in sample(SONGS, EVENTS, SEED) if key.startswith("log_data/")]
    halves = dict(zip(days, ["a", "b"] * len(days), strict=False))
    for key, content in sample(SONGS, EVENTS, SEED):
        kind, _, name = key.partition("/")
        project.put(f"{kind}/{halves[key]}/{name}" if key in halves else key, content)
    project.create_tables()
    one, other = ([f"--log-data=s3://{project.bucket}/log_data/{half}/"] for half in "ab")
    return one, other


@pytest.fixture
def whole() -> Tables:
    """The star of the whole sample."""
    content = dict(sample(SONGS, EVENTS, SEED))
    logs = b"\n".join(body for key, body in content.items() if key.startswith("log_data/"))
    expected = Star()
    expected.load(
        [json.loads(line) for line in logs.splitlines()],
        [json.loads(body) for key, body in content.items() if key.startswith("song_data/")],
    )
    return expected.tables()


@contextmanager
def started(project: Project, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A script that runs beside the test."""
    process = subprocess.Popen(
        [sys.executable, *words, "--config", str(project.config)],
        cwd=ROOT,
        env={**os.environ, **project.standin.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def at_once(project: Project, *commands: list[str]) -> list[tuple[int, str]]:
    """Exit code and stderr of scripts that are started together."""
    if not commands:
        return []
    with started(project, *commands[0]) as process:
        others = at_once(project, *commands[1:])
        _, stderr = process.communicate(timeout=TIMEOUT_S)
        return [(process.returncode, stderr), *others]


@pytest.mark.parametrize("share", ["two halves", pytest.param("the same", marks=pytest.mark.long)])
def test_two_loads_at_once(
    project: Project, halves: tuple[list[str], list[str]], whole: Tables, rounds: int, share: str
) -> None:
    flags = halves if share == "two halves" else ([], [])
    for _ in range(rounds):
        project.create_tables()
        ends = at_once(project, *(["etl.py", "--quiet", *own] for own in flags))
        assert ends == [(0, ""), (0, "")]
        assert star(project) == whole
        assert project.query("SELECT COUNT(DISTINCT songplay_id) FROM songplays") == [
            (len(whole["songplays"]),)
        ]


@pytest.mark.long
def test_create_tables_beside_a_load(
    project: Project, halves: tuple[list[str], list[str]], whole: Tables, rounds: int
) -> None:
    empty: Tables = {table: [] for table in COLUMNS}
    for _ in range(rounds):
        project.load("--quiet")
        made, loaded = at_once(project, ["create_tables.py", "--quiet"], ["etl.py", "--quiet"])
        assert made == (0, "")
        assert loaded[0] == 0, loaded
        assert star(project) in (empty, whole)
    project.load("--quiet")
    assert star(project) == whole


# One statement: what it counts stood side by side at one moment.
ORPHANS = """
SELECT
    COUNT(*),
    COUNT(CASE WHEN users.user_id IS NULL THEN 1 END),
    COUNT(CASE WHEN time.start_time IS NULL THEN 1 END),
    COUNT(CASE WHEN songplays.song_id IS NOT NULL AND songs.song_id IS NULL THEN 1 END),
    COUNT(CASE WHEN songplays.artist_id IS NOT NULL AND artists.artist_id IS NULL THEN 1 END)
FROM songplays
LEFT JOIN users ON users.user_id = songplays.user_id
LEFT JOIN time ON time.start_time = songplays.start_time
LEFT JOIN songs ON songs.song_id = songplays.song_id
LEFT JOIN artists ON artists.artist_id = songplays.artist_id
"""


def test_a_reader_sees_the_star_as_before_or_as_after(
    project: Project, halves: tuple[list[str], list[str]], whole: Tables, rounds: int
) -> None:
    for _ in range(rounds):
        project.create_tables()
        project.load("--quiet", *halves[0])
        before = star(project)
        reader = project.connect()
        seen = []
        try:
            with started(project, "etl.py", "--quiet") as load:
                while load.poll() is None:
                    seen.append(look(reader))
                assert load.returncode == 0
        finally:
            reader.close()
        assert star(project) == whole
        assert all(orphans == [0, 0, 0, 0] for _, orphans, _ in seen)
        assert all(plays == len(tables["songplays"]) for plays, _, tables in seen)
        assert [tables for *_, tables in seen if tables not in (before, whole)] == []
        assert seen[0][2] == before
        assert len(seen) >= 5


def look(reader: Any) -> tuple[int, list[int], Tables]:
    """Plays, orphans of each kind and the whole star, in one transaction: one moment's view."""
    with reader, reader.cursor() as cursor:
        cursor.execute(ORPHANS)
        plays, *orphans = cursor.fetchone()
        return plays, orphans, star_seen_by(cursor)


@pytest.mark.long
def test_three_loads_killed_at_random_and_one_that_completes(
    project: Project, halves: tuple[list[str], list[str]], whole: Tables, rounds: int
) -> None:
    chance = random.Random(rounds)
    for _ in range(rounds):
        project.create_tables()
        empty = star(project)
        for _ in range(3):
            with started(project, "etl.py", "--quiet") as load:
                try:
                    load.communicate(timeout=chance.uniform(0.1, 0.6))
                except subprocess.TimeoutExpired:
                    load.kill()
                    load.communicate()
            assert star(project) in (empty, whole)
        project.load("--quiet")
        assert star(project) == whole


def test_a_load_waits_for_the_one_under_way_and_touches_nothing(project: Project) -> None:
    project.create_tables()
    project.put_events(event())
    project.load("--quiet", "--skip-songs")
    before = project.query("SELECT ts FROM staging_events")
    with (
        under_way(project) as finish,
        started(project, "etl.py", "--quiet", "--skip-songs") as load,
    ):
        wait_for_waiting(project, 1)
        assert project.query("SELECT ts FROM staging_events") == before
        finish()
        load.communicate(timeout=TIMEOUT_S)
        assert load.returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("first", ["etl.py", "create_tables.py"])
def test_a_load_and_create_tables_wait_for_a_load_under_way(project: Project, first: str) -> None:
    """Whoever comes first goes on first; then the other one works on what is there."""
    project.create_tables()
    project.put_events(event())
    project.put("song_data/none.json", b"")
    project.load("--quiet")
    second = "create_tables.py" if first == "etl.py" else "etl.py"
    with under_way(project) as finish, started(project, first, "--quiet") as one:
        wait_for_waiting(project, 1)
        with started(project, second, "--quiet") as other:
            wait_for_waiting(project, 2)
            finish()
            for process in (one, other):
                _, stderr = process.communicate(timeout=TIMEOUT_S)
                assert (process.returncode, stderr) == (0, "")
    assert len(star(project)["songplays"]) == (0 if second == "create_tables.py" else 1)


@contextmanager
def under_way(project: Project) -> Iterator[Callable[[], None]]:
    """A load that holds its lock, and the call that ends it."""
    connection = project.connect()
    try:
        connection.cursor().execute("LOCK staging_songs")
        yield connection.rollback
    finally:
        connection.close()


def wait_for_waiting(project: Project, sessions: int) -> None:
    """Return when so many sessions wait for a lock."""
    deadline = time.monotonic() + TIMEOUT_S
    while project.query("SELECT COUNT(*) FROM pg_locks WHERE NOT granted") < [(sessions,)]:
        assert time.monotonic() < deadline, "nobody waits for the lock"
