"""Random events and songs in random loads: the star is what the rules of the design say.

A handful of examples by default, always the same; --long tries many, at random.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import create_tables
import etl
from tests.conftest import Project, event, song
from tests.oracle import Star
from tests.test_star import star

Row = dict[str, Any]
TS = 1541106106796
DAY = 86_400_000


# Keys that decide what a row is and whose it is: each row takes one of these values, so that rows
# collide in every way. That is where the rules decide.
EVENT_IDENTITIES: dict[str, tuple[object, ...]] = {
    "userId": ("1", "1", "1", "2", "", None),
    "sessionId": (10, 10, None),
    "ts": (TS, TS, TS, TS + 1, TS - 3 * DAY, 0, None),
    "length": (200.5, 200.5, 200.0, 151, None),
    "itemInSession": (1, 1, 2, 10, None),
}
SONG_IDENTITIES: dict[str, tuple[object, ...]] = {
    "song_id": ("SO1", "SO2", "SO3", "SO4", None),
    "duration": (200.5, 200.0, 201, 150.5, None),
}
# What else may differ from the row of conftest: a row takes a few of these.
EVENT_CHANGES: dict[str, tuple[object, ...]] = {
    "artist": ("Bob", "Ann feat. Bob", "", None),
    "firstName": ("Åsa", "ada", "", None),
    "gender": ("M", None),
    "lastName": ("O'Neil", None),
    "level": ("paid", "paid", None),
    "location": ("Graz\\n", "", None),
    "page": ("Home", "Home", None),
    "registration": (1541, None),
    "song": ("Red", "blue", "", None),
    "userAgent": ("Ünïcode", None),
}
SONG_CHANGES: dict[str, tuple[object, ...]] = {
    "artist_id": ("AR2", "AR3", None),
    "artist_latitude": (0.0, 35.14968, -90.0),
    "artist_longitude": (-90.04892,),
    "artist_location": ("Rome", "Åre", None),
    "artist_name": ("Bob", "Ann feat. Bob", "", None),
    "title": ("Red", "blue", "", None),
    "year": (1999, 2001, None),
}


def rows_like(
    make: Callable[..., Row],
    identities: dict[str, tuple[object, ...]],
    changes: dict[str, tuple[object, ...]],
) -> st.SearchStrategy[Row]:
    """Rows of `make` with an identity and up to three of the changes."""
    identity = {key: st.sampled_from(values) for key, values in identities.items()}
    change = st.sampled_from(sorted(changes)).flatmap(
        lambda key: st.tuples(st.just(key), st.sampled_from(changes[key]))
    )
    return st.builds(
        lambda base, chosen: make(**{**base, **dict(chosen)}),
        st.fixed_dictionaries(identity),
        st.lists(change, max_size=3),
    )


events = rows_like(event, EVENT_IDENTITIES, EVENT_CHANGES)
songs = rows_like(song, SONG_IDENTITIES, SONG_CHANGES)


@dataclass(frozen=True)
class Load:
    """The files of one load; without files of a kind, that kind is skipped."""

    events: list[list[Row]]
    songs: list[list[Row]]


def files(rows: Sequence[Row]) -> st.SearchStrategy[list[list[Row]]]:
    """Some of these rows, some of them repeatedly, in files."""
    file = st.lists(st.sampled_from(rows), max_size=8)
    return st.lists(file, max_size=3)


@st.composite
def series(draw: st.DrawFn) -> list[Load]:
    """Loads that share a stock of rows: what one delivers, another one delivers again."""
    stock = draw(st.lists(events, min_size=1, max_size=10))
    catalogue = draw(st.lists(songs, min_size=2, max_size=8))
    load = st.builds(Load, files(stock), files(catalogue))
    return draw(st.lists(load, min_size=1, max_size=5))


@dataclass(frozen=True)
class Days:
    """Log days in the order of their loads; all songs are known before."""

    days: list[list[Row]]
    songs: list[Row]


@st.composite
def days_in_any_order(draw: st.DrawFn) -> Days:
    """Days of events in which user, session and time decide what else an event says."""
    stock = draw(st.lists(events, min_size=1, max_size=10))
    unique = {(row["userId"], row["sessionId"], row["ts"]): row for row in stock}
    day = st.lists(st.sampled_from(list(unique.values())), min_size=1, max_size=6)
    return Days(draw(st.lists(day, min_size=2, max_size=4)), draw(st.lists(songs, max_size=6)))


class Loader:
    """Loads files into the star of a project by etl.main; each load has prefixes of its own."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._client = project.client("s3")
        self._loads = 0
        self._flags = ["--quiet", "--config", str(project.config)]

    def start_over(self) -> None:
        create_tables.main(self._flags)

    def load(self, load: Load) -> None:
        self._loads += 1
        events = self._kind("events", load.events, "--log-data", "--skip-events")
        songs = self._kind("songs", load.songs, "--song-data", "--skip-songs")
        if load.events or load.songs:
            etl.main([*self._flags, *events, *songs])

    def _kind(self, kind: str, rows: list[list[Row]], flag: str, skip: str) -> list[str]:
        prefix = f"{kind}/{self._loads}/"
        for number, file in enumerate(rows):
            body = "\n".join(json.dumps(row, ensure_ascii=number % 2 == 0) for row in file)
            self._client.put_object(
                Bucket=self._project.bucket, Key=f"{prefix}{number}.json", Body=body.encode()
            )
        return [flag, f"s3://{self._project.bucket}/{prefix}"] if rows else [skip]


def try_examples(
    request: pytest.FixtureRequest,
    strategy: st.SearchStrategy[Any],
    holds: Callable[[Any], None],
    *,
    few: int,
    many: int,
) -> None:
    """Run `holds` on `few` examples, or with --long on `many`; a failing one is made small."""
    thorough = bool(request.config.getoption("--long"))

    @settings(
        max_examples=many if thorough else few,
        derandomize=not thorough,
        database=None,
        print_blob=thorough,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(strategy)
    def example(value: Any) -> None:
        holds(value)

    example()


def test_any_series_of_loads_gives_the_star_of_the_rules(
    project: Project, request: pytest.FixtureRequest
) -> None:
    loader = Loader(project)

    def holds(loads: list[Load]) -> None:
        loader.start_over()
        expected = Star()
        for load in loads:
            loader.load(load)
            expected.load(chain.from_iterable(load.events), chain.from_iterable(load.songs))
        assert star(project) == expected.tables()
        ids = play_ids(project)
        loader.load(loads[-1])
        assert star(project) == expected.tables()
        assert play_ids(project) == ids

    try_examples(request, series(), holds, few=3, many=150)


def play_ids(project: Project) -> list[tuple[Any, ...]]:
    return project.query("SELECT songplay_id FROM songplays ORDER BY songplay_id")


def test_days_in_any_order_give_the_star_of_all_days_together(
    project: Project, request: pytest.FixtureRequest
) -> None:
    loader = Loader(project)

    def holds(case: Days) -> None:
        loader.start_over()
        loader.load(Load([], [case.songs]))
        for day in case.days:
            loader.load(Load([day], []))
        one_by_one = star(project)
        loader.start_over()
        loader.load(Load(case.days, [case.songs]))
        assert one_by_one == star(project)

    try_examples(request, days_in_any_order(), holds, few=1, many=150)
