"""What the star must hold after a series of loads, worked out in plain Python from the rules.

It knows log events and song files as they are written, and none of the project's SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

Event = Mapping[str, Any]
Song = Mapping[str, Any]
EPOCH = datetime(1970, 1, 1)


class Star:
    """The five tables, as dictionaries by key; `load` brings one load's files in."""

    def __init__(self) -> None:
        self.plays: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.newest: dict[int, tuple[Any, ...]] = {}
        self.known_songs: dict[str, Song] = {}
        self.artists: dict[str, Song] = {}

    def load(self, events: Iterable[Event], songs: Iterable[Song]) -> None:
        events, songs = list(events), list(songs)
        self._load_songs(songs)
        self._load_artists(songs)
        self._load_users(events)
        self._load_plays(events)

    def _load_songs(self, songs: list[Song]) -> None:
        by_id: dict[str, list[Song]] = {}
        for song in songs:
            if song["song_id"] is not None:
                by_id.setdefault(song["song_id"], []).append(song)
        for song_id, rows in by_id.items():
            self.known_songs[song_id] = min(
                rows,
                key=lambda row: (
                    -(row["year"] or 0),
                    -(-1 if row["duration"] is None else row["duration"]),
                    nulls_last(row["title"]),
                    nulls_last(row["artist_id"]),
                    nulls_last(row["artist_name"]),
                ),
            )

    def _load_artists(self, songs: list[Song]) -> None:
        by_id: dict[str, list[Song]] = {}
        for song in songs:
            if song["artist_id"] is not None:
                by_id.setdefault(song["artist_id"], []).append(song)
        for artist_id, rows in by_id.items():
            self.artists[artist_id] = min(
                rows,
                key=lambda row: (
                    row["artist_latitude"] is None,
                    -(row["year"] or 0),
                    nulls_last(row["song_id"]),
                    nulls_last(row["artist_name"]),
                    nulls_last(row["artist_location"]),
                    nulls_last(row["artist_latitude"]),
                    nulls_last(row["artist_longitude"]),
                ),
            )

    def _load_users(self, events: list[Event]) -> None:
        for event in events:
            user = user_id(event)
            if user is None:
                continue
            ts, item = event["ts"], event["itemInSession"]
            attributes = (event["level"], event["firstName"], event["lastName"], event["gender"])
            candidate = (
                ts is None,
                -(ts or 0),
                -(-1 if item is None else item),
                tuple(nulls_last(value) for value in attributes),
                event,
            )
            known = self.newest.get(user)
            if known is None or candidate[:4] < known[:4]:
                self.newest[user] = candidate

    def _load_plays(self, events: list[Event]) -> None:
        batch: dict[tuple[Any, ...], list[Event]] = {}
        for event in events:
            if is_play(event):
                identity = (user_id(event), event["sessionId"], event["ts"])
                batch.setdefault(identity, []).append(event)
        for identity, deliveries in batch.items():
            event = min(deliveries, key=delivery_order)
            song = self._match(event)
            known = self.plays.get(identity)
            if known is None:
                self.plays[identity] = {"event": event, "song": song}
            elif known["song"] is None:
                known["song"] = song

    def _match(self, event: Event) -> Song | None:
        candidates = [
            song
            for song in self.known_songs.values()
            if song["title"] == event["song"]
            and song["artist_name"] == event["artist"]
            and None not in (event["song"], event["artist"])
        ]

        def distance(song: Song) -> tuple[Any, ...]:
            if song["duration"] is None or event["length"] is None:
                return (True, 0.0, song["song_id"])
            return (False, abs(song["duration"] - event["length"]), song["song_id"])

        return min(candidates, key=distance, default=None)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of the five tables, songplay_id aside, sorted with NULLs last."""
        plays = [
            (
                start_time(ts),
                user,
                play["event"]["level"],
                play["song"] and play["song"]["song_id"],
                play["song"] and play["song"]["artist_id"],
                session,
                play["event"]["location"],
                play["event"]["userAgent"],
            )
            for (user, session, ts), play in self.plays.items()
        ]
        users = [
            (
                user,
                event["firstName"],
                event["lastName"],
                event["gender"],
                event["level"],
                None if event["ts"] is None else start_time(event["ts"]),
            )
            for user, (*_, event) in self.newest.items()
        ]
        songs = [
            (song_id, song["title"], song["artist_id"], song["year"] or None, song["duration"])
            for song_id, song in self.known_songs.items()
        ]
        artists = [
            (
                artist_id,
                row["artist_name"],
                row["artist_location"] or None,
                row["artist_latitude"],
                row["artist_longitude"],
            )
            for artist_id, row in self.artists.items()
        ]
        times = [time_row(start) for start in {start_time(ts) for _, _, ts in self.plays}]
        tables = {
            "songplays": plays,
            "users": users,
            "songs": songs,
            "artists": artists,
            "time": times,
        }
        return {name: in_order(rows) for name, rows in tables.items()}


def user_id(event: Event) -> int | None:
    return int(event["userId"]) if event["userId"] not in ("", None) else None


def is_play(event: Event) -> bool:
    return event["page"] == "NextSong" and user_id(event) is not None and event["ts"] is not None


def delivery_order(event: Event) -> tuple[Any, ...]:
    names = (
        "itemInSession", "level", "location", "userAgent", "artist", "song", "length",
    )  # fmt: skip
    return tuple(nulls_last(event[name]) for name in names)


def start_time(ts: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ts)


def time_row(start: datetime) -> tuple[Any, ...]:
    return (
        start,
        start.hour,
        start.day,
        start.isocalendar().week,
        start.month,
        start.year,
        start.isoweekday() % 7,
    )


def nulls_last(value: Any) -> tuple[bool, Any]:
    return (value is None, "" if value is None else value)


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows sorted by all their columns, NULLs last."""
    return sorted(rows, key=lambda row: [nulls_last(value) for value in row])
