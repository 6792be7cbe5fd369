"""The floor: PostgreSQL reading CSV that somebody else has made, and nothing in between."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from benchmarks.contenders.star import EVENT_COLUMNS, SONG_COLUMNS, Star, columns, side_by_side
from benchmarks.oracle import Counts
from benchmarks.scene import Scene

CHUNK = 1 << 18


class Floor:
    """COPY FROM STDIN of ready rows, both tables at once, then the project's statements."""

    def __init__(self, scene: Scene) -> None:
        self._files = scene.files
        self._star = Star(scene, "floor")

    def prepare(self) -> None:
        self._star.create()

    def run(self) -> None:
        events = f"staging_events ({columns(EVENT_COLUMNS)})"
        songs = f"incoming_songs ({columns(SONG_COLUMNS)})"
        side_by_side(
            lambda: self._copy(events, self._files.csv_logs),
            lambda: self._copy(songs, self._files.csv_songs),
        )
        self._star.transform()

    def counts(self) -> Counts:
        return self._star.counts()

    def clean(self) -> None:
        self._star.drop()

    def _copy(self, target: str, paths: list[Path]) -> None:
        with closing(self._star.connect()) as connection, connection, connection.cursor() as cursor:
            for path in paths:
                with path.open("rb") as file:
                    cursor.copy_expert(f"COPY {target} FROM STDIN WITH (FORMAT csv)", file, CHUNK)


def make(scene: Scene) -> Floor:
    """The contender."""
    return Floor(scene)
