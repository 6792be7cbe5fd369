"""The files that every contender loads: seeded, of any size, as JSON and as ready-made CSV.

The songs are the stand-in's invented catalogue. The events are made here, file by file, so that
ten million of them need no more memory than one file's. The quirks that decide what a load does
are in: pages that are no plays, visitors without a user, events delivered twice, plays of which
one in twenty has a song of the catalogue, songs recorded twice.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from standin.sample import JSON_PATHS
from standin.sample_events import FIRST, LAST, METROS, MONTH_START, SYSTEMS
from standin.sample_songs import Chance, Song, catalogue, invent_artist, invent_title

MONTH_MS = 30 * 86_400_000
EPOCH = datetime(1970, 1, 1)
EVENTS_PER_USER = 83
SESSION_PLAYS = 60
KNOWN_PLAYS = 0.05
OTHER_PAGES = 0.13
LOGGED_OUT = 0.03
DELIVERED_TWICE = 0.001
LARGEST_POOL = 200_000
PAGES = (("Home", "GET", 200), ("Settings", "GET", 200), ("Logout", "PUT", 307))

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """How much there is; `song_files` None: one object a song, as the public set has it."""

    events: int
    log_files: int
    songs: int
    song_files: int | None


SIZES = {
    "S": Size(events=8_056, log_files=30, songs=14_896, song_files=None),
    "M": Size(events=1_000_000, log_files=30, songs=150_000, song_files=12),
    "L": Size(events=10_000_000, log_files=60, songs=500_000, song_files=24),
}


@dataclass(frozen=True)
class User:
    """A listener, and whether the level changes in the middle of the month."""

    user_id: int
    first_name: str
    last_name: str
    gender: str
    level: str
    switches: bool
    location: str
    user_agent: str
    registration: float


@dataclass(frozen=True)
class Files:
    """Where the files lie: `bucket` is served as S3, `csv` has the same rows ready for COPY."""

    bucket: Path
    csv: Path

    @property
    def logs(self) -> list[Path]:
        return sorted((self.bucket / "log_data").rglob("*.json"))

    @property
    def songs(self) -> list[Path]:
        return sorted((self.bucket / "song_data").rglob("*.json"))

    @property
    def csv_logs(self) -> list[Path]:
        return sorted(self.csv.glob("events-*.csv"))

    @property
    def csv_songs(self) -> list[Path]:
        return sorted(self.csv.glob("songs-*.csv"))


def generate(size: Size, seed: int, folder: Path) -> Files:
    """Write everything below `folder`; the same size and seed give the same bytes."""
    files = Files(folder / "bucket", folder / "csv")
    files.csv.mkdir(parents=True)
    songs = songs_of(size, seed)
    _write_songs(files, songs, size.song_files)
    for number, events in enumerate(logs(size, songs, seed)):
        _write_log(files, number, events)
    paths = {"jsonpaths": [f"$['{key}']" for key in JSON_PATHS]}
    (files.bucket / "log_json_path.json").write_text(json.dumps(paths), encoding="utf-8")
    return files


def songs_of(size: Size, seed: int) -> list[Song]:
    """The catalogue."""
    return catalogue(size.songs, Chance(f"benchmark songs {seed}"))


def _write_songs(files: Files, songs: list[Song], parts: int | None) -> None:
    with (files.csv / "songs-000.csv").open("w", encoding="utf-8", newline="") as ready:
        csv.writer(ready, lineterminator="\n").writerows(_song_row(song) for song in songs)
    folder = files.bucket / "song_data"
    folder.mkdir(parents=True)
    if parts is None:
        for song in songs:
            path = folder.joinpath(*song.track_id[2:5], f"{song.track_id}.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_song_line(song), encoding="utf-8")
        return
    for part in range(parts):
        with (folder / f"songs-{part:03}.json").open("w", encoding="utf-8") as file:
            file.writelines(f"{_song_line(song)}\n" for song in songs[part::parts])


def _song_row(song: Song) -> Row:
    """The columns of incoming_songs."""
    artist = song.artist
    return (
        1, artist.artist_id, artist.latitude, artist.longitude, artist.location,
        song.artist_name, song.song_id, song.title, song.duration, song.year,
    )  # fmt: skip


def _song_line(song: Song) -> str:
    keys = (
        "num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location",
        "artist_name", "song_id", "title", "duration", "year",
    )  # fmt: skip
    return json.dumps(dict(zip(keys, _song_row(song), strict=True)))


def logs(size: Size, songs: list[Song], seed: int) -> Iterator[list[Row]]:
    """The events of each file, whose values stand in the order of the JSONPaths file."""
    listeners = _users(size.events, seed)
    unknown = _unknown_songs(size.events, seed)
    known = [(song.artist_name, song.duration, song.title) for song in songs]
    span = MONTH_MS // size.log_files
    session_id = 0
    for number in range(size.log_files):
        chance = random.Random(f"benchmark events {seed} {number}")
        first = size.events * number // size.log_files
        count = size.events * (number + 1) // size.log_files - first
        log = _Log(chance, listeners, known, unknown, MONTH_START + number * span, span)
        events, session_id = log.events(count, session_id)
        yield events


def _write_log(files: Files, number: int, events: list[Row]) -> None:
    path = files.bucket / "log_data" / "2018" / "11" / f"{number:03}-events.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    ready = files.csv / f"events-{number:03}.csv"
    # What of a line belongs to the user is encoded once a user.
    encoded: dict[Any, str] = {}
    with (
        path.open("w", encoding="utf-8") as lines,
        ready.open("w", encoding="utf-8", newline="") as rows,
    ):
        lines.writelines(f"{_event_line(event, encoded)}\n" for event in events)
        csv.writer(rows, lineterminator="\n").writerows(
            (*event[:15], EPOCH + timedelta(milliseconds=event[15]), *event[16:])
            for event in events
        )


def _event_line(event: Row, encoded: dict[Any, str]) -> str:
    """One event as JSON; json.dumps of all of it would take several times as long."""
    text = []
    for key, value in zip(JSON_PATHS, event, strict=True):
        if isinstance(value, str):
            literal = encoded.get(value)
            if literal is None:
                literal = encoded[value] = json.dumps(value)
        else:
            literal = "null" if value is None else repr(value)
        text.append(f'"{key}":{literal}')
    return "{" + ",".join(text) + "}"


class _Log:
    """The events of one file, which are those of one span of time."""

    def __init__(
        self,
        chance: random.Random,
        users: list[User],
        known: list[tuple[str, float, str]],
        unknown: list[tuple[str, float, str]],
        start: int,
        span: int,
    ) -> None:
        self._random = chance.random
        self._users, self._known, self._unknown = users, known, unknown
        self._start, self._span = start, span

    def events(self, count: int, session_id: int) -> tuple[list[Row], int]:
        """`count` events in the order of time, and the last session id that they use."""
        events: list[Row] = []
        while len(events) < count:
            session_id += 1
            events += self._session(session_id)
        del events[count:]
        for index in range(int(count * DELIVERED_TWICE)):
            events[-1 - index] = events[int(self._random() * count // 2)]
        events.sort(key=lambda event: event[15])
        return events, session_id

    def _session(self, session_id: int) -> Iterator[Row]:
        chance = self._random
        user = self._users[int(chance() * chance() * len(self._users))]
        ts = self._start + int(chance() * self._span)
        if chance() < LOGGED_OUT * SESSION_PLAYS / 4:
            yield self._logged_out(session_id, ts)
        for item in range(1, 2 + int(chance() * chance() * SESSION_PLAYS)):
            level = user.level
            if user.switches and ts > MONTH_START + MONTH_MS // 2:
                level = "paid" if level == "free" else "free"
            page, method, status = "NextSong", "PUT", 200
            artist: str | None = None
            length: float | None = None
            song: str | None = None
            if chance() < OTHER_PAGES:
                page, method, status = PAGES[int(chance() * len(PAGES))]
            else:
                artist, length, song = self._play()
            yield (
                artist, "Logged In", user.first_name, user.gender, item, user.last_name, length,
                level, user.location, method, page, user.registration, session_id, song, status,
                ts, user.user_agent, str(user.user_id),
            )  # fmt: skip
            ts += int((length or 20.0) * 1000)
            if ts >= self._start + self._span:
                return

    def _play(self) -> tuple[str, float, str]:
        if self._random() < KNOWN_PLAYS:
            return self._known[int(self._random() * len(self._known))]
        return self._unknown[int(self._random() * self._random() * len(self._unknown))]

    def _logged_out(self, session_id: int, ts: int) -> Row:
        return (
            None, "Logged Out", None, None, 0, None, None, "free", None, "GET", "Home", None,
            session_id, None, 200, ts, None, "",
        )  # fmt: skip


def _users(events: int, seed: int) -> list[User]:
    chance = Chance(f"benchmark users {seed}")
    return [
        User(
            user_id=number + 2,
            first_name=chance.pick(FIRST),
            last_name=chance.pick(LAST),
            gender="FM"[number % 2],
            level="paid" if chance.happens(0.3) else "free",
            switches=chance.happens(0.1),
            location=chance.pick(METROS),
            user_agent=f'"Mozilla/5.0 ({chance.pick(SYSTEMS)}) AppleWebKit/537.36 (KHTML, like'
            f' Gecko) Chrome/{31 + chance.below(6)}.0.1985.143 Safari/537.36"',
            registration=float(MONTH_START - chance.below(60 * 86_400) * 1000),
        )
        for number in range(max(96, events // EVENTS_PER_USER))
    ]


def _unknown_songs(events: int, seed: int) -> list[tuple[str, float, str]]:
    """(artist, length, title) of plays whose song the catalogue does not have."""
    chance = Chance(f"benchmark plays {seed}")
    return [
        (invent_artist(chance), chance.between(90, 410), invent_title(chance))
        for _ in range(min(400 + events * 2 // 3, LARGEST_POOL))
    ]
