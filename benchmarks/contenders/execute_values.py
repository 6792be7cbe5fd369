"""What tutorials do: json.loads of each line, rows by execute_values, then SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg2.extras import execute_values

from benchmarks.contenders.star import EVENT_COLUMNS, SONG_COLUMNS, Star, columns
from benchmarks.oracle import Counts
from benchmarks.scene import Scene

EPOCH = datetime(1970, 1, 1)
PAGE = 1000


class ExecuteValues:
    """One process, one connection, a thousand rows a statement."""

    def __init__(self, scene: Scene) -> None:
        self._files = scene.files
        self._star = Star(scene, "values")

    def prepare(self) -> None:
        self._star.create()

    def run(self) -> None:
        with closing(self._star.connect()) as connection, connection, connection.cursor() as cursor:
            self._insert(cursor, "staging_events", EVENT_COLUMNS, _events(self._files.logs))
            self._insert(cursor, "incoming_songs", SONG_COLUMNS, _songs(self._files.songs))
        self._star.transform()

    def counts(self) -> Counts:
        return self._star.counts()

    def clean(self) -> None:
        self._star.drop()

    def _insert(
        self, cursor: Any, table: str, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]
    ) -> None:
        statement = f"INSERT INTO {table} ({columns(names)}) VALUES %s"
        execute_values(cursor, statement, rows, page_size=PAGE)


def _events(paths: list[Path]) -> Iterator[tuple[Any, ...]]:
    for event in _documents(paths):
        event["ts"] = EPOCH + timedelta(milliseconds=event["ts"])
        event["userId"] = int(event["userId"]) if event["userId"] else None
        # The keys stand in the order of the columns.
        yield tuple(event.values())


def _songs(paths: list[Path]) -> Iterator[tuple[Any, ...]]:
    for song in _documents(paths):
        yield tuple(song[name] for name in SONG_COLUMNS)


def _documents(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def make(scene: Scene) -> ExecuteValues:
    """The contender."""
    return ExecuteValues(scene)
