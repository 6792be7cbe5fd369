"""The seeded sample: invented songs and events in the layout, keys and quirks of the public set.

The same numbers give the same bytes on every platform and Python version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from standin.sample_events import DAYS, Event, events_by_day
from standin.sample_songs import Chance, Song, catalogue, words

JSON_PATHS = words(
    "artist auth firstName gender itemInSession lastName length level location method page "
    "registration sessionId song status ts userAgent userId"
)


def sample(songs: int, events: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(key, bytes) of every object, in key order: the logs, their JSONPaths file, the songs."""
    known = catalogue(songs, Chance(f"songs {seed}"))
    yield from _logs(known, events, Chance(f"events {seed}"))
    yield "log_json_path.json", _json_paths()
    for index, song in enumerate(sorted(known, key=lambda song: song.track_id)):
        letters = song.track_id[2:5]
        yield f"song_data/{'/'.join(letters)}/{song.track_id}.json", _song_file(song, index)


def second_key(key: str) -> str:
    """The other key of an object: the public bucket spells its folders with a hyphen as well."""
    return re.sub("^(log|song)_data/", r"\1-data/", key)


def _logs(songs: list[Song], events: int, chance: Chance) -> Iterator[tuple[str, bytes]]:
    """One file a day, one event a line; days without events have no file."""
    days: list[list[str]] = [[] for _ in range(DAYS)]
    for day, event in events_by_day(songs, events, chance):
        days[day].append(_event_line(event))
    for day, lines in enumerate(days):
        if lines:
            # The last line of the public files has no end.
            yield f"log_data/2018/11/2018-11-{day + 1:02}-events.json", "\n".join(lines).encode()


def _event_line(event: Event) -> str:
    """Compact JSON; the public files escape every slash."""
    return json.dumps(event, separators=(",", ":")).replace("/", "\\/")


def _json_paths() -> bytes:
    """The JSONPaths file of the events: their keys in alphabetical order."""
    return json.dumps({"jsonpaths": [f"$['{key}']" for key in JSON_PATHS]}, indent=4).encode()


def _song_file(song: Song, index: int) -> bytes:
    """One object: on one line, or (one file in twenty) over several, unescaped and ended."""
    content = {
        "num_songs": 1,
        "artist_id": song.artist.artist_id,
        "artist_latitude": song.artist.latitude,
        "artist_longitude": song.artist.longitude,
        "artist_location": song.artist.location,
        "artist_name": song.artist_name,
        "song_id": song.song_id,
        "title": song.title,
        "duration": song.duration,
        "year": song.year,
    }
    if index % 20 == 19:
        return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode()
    return json.dumps(content).encode()
