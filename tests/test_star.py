"""The rules that every load keeps: given rows in S3, expected rows in the star, by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

import etl
from standin import Standin
from tests.conftest import Project, event, module_project, song

# 1541106106796 ms since 1970 is Thursday 2018-11-01 21:01:46.796 UTC, ISO week 44.
TS = 1541106106796
START = datetime(2018, 11, 1, 21, 1, 46, 796000)
MINUTE = 60_000

COLUMNS = {
    "songplays": "start_time, user_id, level, song_id, artist_id, session_id, location, user_agent",
    "users": "user_id, first_name, last_name, gender, level, last_seen",
    "songs": "song_id, title, artist_id, year, duration",
    "artists": "artist_id, name, location, latitude, longitude",
    "time": "start_time, hour, day, week, month, year, weekday",
}


@dataclass(frozen=True)
class Load:
    """The files of one load."""

    events: list[dict[str, object]] = field(default_factory=list)
    songs: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """Loads in order, and the rows that chosen columns of chosen tables hold after the last."""

    loads: list[Load]
    expected: dict[str, list[tuple[object, ...]]]


def later(minutes: int) -> int:
    return TS + minutes * MINUTE


CASES = {
    "1 one row per NextSong event with a user and a time": Case(
        [
            Load(
                [
                    event(itemInSession=0),
                    event(itemInSession=1, page="Home", ts=later(1)),
                    event(itemInSession=2, userId="", ts=later(2)),
                    event(itemInSession=3, ts=None),
                    event(itemInSession=4, userId=None, ts=later(4)),
                ]
            )
        ],
        {
            "songplays": [(START, 1, "free", None, None, 10, "Oslo", '"Mozilla/5.0"')],
            "time start_time": [(START,)],
        },
    ),
    "1 the same event twice in a load: the smallest itemInSession decides": Case(
        [Load([event(itemInSession=7, level="paid"), event(itemInSession=3, level="free")])],
        {"songplays start_time, level": [(START, "free")]},
    ),
    "1 the same event in two loads is one row, as first known": Case(
        [Load([event(level="paid")]), Load([event(level="free")])],
        {"songplays start_time, level": [(START, "paid")]},
    ),
    "1 events a millisecond apart are two plays": Case(
        [Load([event(), event(ts=TS + 1)])],
        {"songplays start_time": [(START,), (START.replace(microsecond=797000),)]},
    ),
    "1 user, session and time tell events apart": Case(
        [Load([event(), event(sessionId=11), event(userId="2")])],
        {"songplays user_id, session_id": [(1, 10), (1, 11), (2, 10)]},
    ),
    "1 an event without a session is one row however often it comes": Case(
        [Load([event(sessionId=None), event(sessionId=None)]), Load([event(sessionId=None)])],
        {"songplays user_id, session_id": [(1, None)]},
    ),
    "2 title and artist name find the song": Case(
        [Load([event()], [song()])],
        {"songplays song_id, artist_id": [("SO1", "AR1")]},
    ),
    "2 a play without a known song stays": Case(
        [
            Load(
                [
                    event(song="Green"),
                    event(artist="Bob", ts=later(1)),
                    event(song=None, ts=TS + 1),
                ],
                [song()],
            )
        ],
        {"songplays song_id, artist_id": [(None, None), (None, None), (None, None)]},
    ),
    "2 the closest duration wins": Case(
        [
            Load(
                [event(length=200.5)],
                [song(song_id="SO1", duration=190.0), song(song_id="SO2", duration=201.0)],
            )
        ],
        {"songplays song_id": [("SO2",)]},
    ),
    "2 equally close: the smallest song_id wins": Case(
        [
            Load(
                [event(length=200.5)],
                [song(song_id="SO9", duration=200.0), song(song_id="SO3", duration=201.0)],
            )
        ],
        {"songplays song_id": [("SO3",)]},
    ),
    "2 a play without a length takes the smallest song_id": Case(
        [Load([event(length=None)], [song(song_id="SO2"), song(song_id="SO1", duration=1.0)])],
        {"songplays song_id": [("SO1",)]},
    ),
    "2 songs become known later: loading the events again fills the plays in": Case(
        [
            Load([event(), event(song="Green", ts=later(1))]),
            Load([], [song()]),
            Load([event(), event(song="Green", ts=later(1))]),
        ],
        {"songplays start_time, song_id": [(START, "SO1"), (START.replace(minute=2), None)]},
    ),
    "2 a song of an earlier load matches, by the name credited on it": Case(
        [
            Load([], [song(song_id="SO1", artist_name="Ann feat. Bob", year=1999)]),
            Load([], [song(song_id="SO2", title="Other", artist_name="Ann", year=2001)]),
            Load([event(artist="Ann feat. Bob")]),
        ],
        {
            "songplays song_id, artist_id": [("SO1", "AR1")],
            "artists artist_id, name": [("AR1", "Ann")],
        },
    ),
    "3 users: the newest event decides, of any page": Case(
        [
            Load(
                [
                    event(level="free", ts=later(1)),
                    event(level="paid", ts=later(3), page="Upgrade", lastName="Lake"),
                    event(level="free", ts=later(2)),
                    event(userId="2", page="Home", firstName="Cy", gender=None),
                    event(userId=""),
                ]
            )
        ],
        {
            "users": [
                (1, "Ada", "Lake", "F", "paid", START.replace(minute=4)),
                (2, "Cy", "Lane", None, "free", START),
            ]
        },
    ),
    "3 users: of one millisecond the greatest itemInSession decides": Case(
        [Load([event(level="paid", itemInSession=10), event(level="free", itemInSession=9)])],
        {"users user_id, level": [(1, "paid")]},
    ),
    "3 users: an older event loaded later changes nothing": Case(
        [Load([event(level="paid", ts=later(5))]), Load([event(level="free")])],
        {"users level, last_seen": [("paid", START.replace(minute=6))]},
    ),
    "3 users: of one millisecond in two loads the greatest itemInSession decides": Case(
        [
            Load([event(level="paid", itemInSession=5)]),
            Load([event(level="free", itemInSession=4, page="Home")]),
        ],
        {"users level": [("paid",)]},
    ),
    "3 a user of whom no event has a time is a user": Case(
        [
            Load([event(ts=None, level="free", itemInSession=1), event(ts=None, level="paid")]),
            Load([event(ts=None, level="paid", itemInSession=2)]),
        ],
        {"users user_id, level, last_seen": [(1, "paid", None)]},
    ),
    "4 songs: the latest year, then the longest, then the title decides": Case(
        [
            Load(
                songs=[
                    song(song_id="SO1", year=2000, duration=300.0),
                    song(song_id="SO1", year=2001, duration=100.0, title="Late"),
                    song(song_id="SO2", year=2001, duration=100.0),
                    song(song_id="SO2", year=2001, duration=200.0, title="Long"),
                    song(song_id="SO3", title="B"),
                    song(song_id="SO3", title="A"),
                ]
            )
        ],
        {
            "songs": [
                ("SO1", "Late", "AR1", 2001, 100.0),
                ("SO2", "Long", "AR1", 2001, 200.0),
                ("SO3", "A", "AR1", None, 200.5),
            ]
        },
    ),
    "4 artists: a position first, then the latest year, then the song id decides": Case(
        [
            Load(
                songs=[
                    song(song_id="SO1", artist_name="Old", artist_latitude=1.5, year=1990),
                    song(song_id="SO2", artist_name="New", artist_latitude=2.5, year=1991),
                    song(song_id="SO3", artist_name="Newest", year=2020),
                    song(song_id="SO5", artist_id="AR2", artist_name="Z", artist_location="Rome"),
                    song(song_id="SO4", artist_id="AR2", artist_name="Y"),
                ]
            )
        ],
        {
            "artists": [
                ("AR1", "New", None, 2.5, None),
                ("AR2", "Y", None, None, None),
            ]
        },
    ),
    "4 across loads the later load wins": Case(
        [
            Load(songs=[song(year=2005, artist_latitude=1.5, artist_location="Rome")]),
            Load(songs=[song(year=1990, title="Red", artist_name="Anna")]),
        ],
        {
            "songs": [("SO1", "Red", "AR1", 1990, 200.5)],
            "artists": [("AR1", "Anna", None, None, None)],
        },
    ),
    "4 a long location is kept whole": Case(
        [Load(songs=[song(artist_location="é" * 300)])],
        {"artists location": [("é" * 300,)]},
    ),
    "5 time: one row per start_time, ISO week, Sunday is 0": Case(
        [
            Load(
                [
                    event(),
                    event(userId="2"),
                    # 1546214400000 ms is Monday 2018-12-31 00:00:00 UTC: week 1 of 2019.
                    event(ts=1546214400000),
                    # 1541289600000 ms is Sunday 2018-11-04 00:00:00 UTC.
                    event(ts=1541289600000),
                    event(ts=later(1), page="Home"),
                ]
            )
        ],
        {
            "time": [
                (START, 21, 1, 44, 11, 2018, 4),
                (datetime(2018, 11, 4), 0, 4, 44, 11, 2018, 0),
                (datetime(2018, 12, 31), 0, 31, 1, 12, 2018, 1),
            ]
        },
    ),
}


@pytest.fixture(scope="module")
def cluster(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One for all the cases: each creates the tables anew and clears the bucket before a load."""
    return module_project(standin, tmp_path_factory, "star")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_rule(cluster: Project, case: Case) -> None:
    cluster.create_tables()
    for load in case.loads:
        load_files(cluster, load)
    with cluster.transaction() as cursor:
        for selection, expected in case.expected.items():
            assert rows(cursor, selection) == expected


def load_files(project: Project, load: Load) -> None:
    """Load exactly these files; an empty object stands where there is nothing to load."""
    project.clear("log_data")
    project.clear("song_data")
    project.put("log_data/none.json", b"")
    project.put("song_data/none.json", b"")
    project.put_events(*load.events)
    project.put_songs(*load.songs)
    etl.main(["-q", "--config", str(project.config)])


def rows(cursor: Any, selection: str) -> list[tuple[Any, ...]]:
    """The rows of "table" or "table column, column", in the order of these columns."""
    table, _, columns = selection.partition(" ")
    columns = columns or COLUMNS[table]
    cursor.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}")
    return list(cursor.fetchall())


def star_seen_by(cursor: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the star, songplay_id aside."""
    return {table: rows(cursor, table) for table in COLUMNS}


def star(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the star at this moment, songplay_id aside."""
    with project.transaction() as cursor:
        return star_seen_by(cursor)
