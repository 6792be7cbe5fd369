"""How many rows the star must have, counted from the files in plain Python by the star's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import Files

Counts = dict[str, int]


def expected_counts(files: Files) -> Counts:
    """The rows of each table, and of songplays those that know their song."""
    songs: set[str] = set()
    artists: set[str] = set()
    credited: set[tuple[str, str]] = set()
    for song in _documents(files.songs):
        songs.add(song["song_id"])
        artists.add(song["artist_id"])
        credited.add((song["title"], song["artist_name"]))
    users: set[str] = set()
    plays: set[tuple[str, int, int]] = set()
    matched: set[tuple[str, int, int]] = set()
    times: set[int] = set()
    for event in _documents(files.logs):
        user = event["userId"]
        if not user:
            continue
        users.add(user)
        if event["page"] != "NextSong":
            continue
        play = (user, event["sessionId"], event["ts"])
        plays.add(play)
        times.add(event["ts"])
        if (event["song"], event["artist"]) in credited:
            matched.add(play)
    return {
        "songplays": len(plays),
        "with_song": len(matched),
        "users": len(users),
        "songs": len(songs),
        "artists": len(artists),
        "time": len(times),
    }


COUNTING = """
SELECT
    (SELECT COUNT(*) FROM songplays), (SELECT COUNT(song_id) FROM songplays),
    (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM songs),
    (SELECT COUNT(*) FROM artists), (SELECT COUNT(*) FROM time)
"""
COUNTED = ("songplays", "with_song", "users", "songs", "artists", "time")


def counted(row: tuple[Any, ...]) -> Counts:
    """The counts of the one row that COUNTING returns."""
    return dict(zip(COUNTED, row, strict=True))


def _documents(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
