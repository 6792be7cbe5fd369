"""PostgreSQL parses the JSON: raw lines by COPY, then json_to_record into staging."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from benchmarks.contenders.star import EVENT_COLUMNS, SONG_COLUMNS, Star, columns, side_by_side
from benchmarks.oracle import Counts
from benchmarks.scene import Scene

# Characters that no line has, so that a line is one value.
COPY_LINES = "COPY {} FROM STDIN WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
INSERT_EVENTS = f"""
INSERT INTO staging_events ({columns(EVENT_COLUMNS)})
SELECT
    artist, auth, "firstName", gender, "itemInSession", "lastName", length, level, location,
    method, page, registration, "sessionId", song, status,
    timestamp 'epoch' + ts * interval '1 millisecond', "userAgent",
    CAST(NULLIF("userId", '') AS bigint)
FROM raw_events, json_to_record(line) AS event (
    artist text, auth text, "firstName" text, gender text, "itemInSession" integer,
    "lastName" text, length double precision, level text, location text, method text, page text,
    registration double precision, "sessionId" bigint, song text, status integer, ts bigint,
    "userAgent" text, "userId" text
)
"""
INSERT_SONGS = f"""
INSERT INTO incoming_songs ({columns(SONG_COLUMNS)})
SELECT {columns(SONG_COLUMNS)}
FROM raw_songs, json_to_record(line) AS song (
    num_songs integer, artist_id text, artist_latitude double precision,
    artist_longitude double precision, artist_location text, artist_name text, song_id text,
    title text, duration double precision, year integer
)
"""


class JsonToRecord:
    """The files as they are, one line a row, taken apart inside the database."""

    def __init__(self, scene: Scene) -> None:
        self._files = scene.files
        self._star = Star(scene, "record")

    def prepare(self) -> None:
        self._star.create()

    def run(self) -> None:
        side_by_side(
            lambda: self._stage("raw_events", INSERT_EVENTS, self._files.logs),
            lambda: self._stage("raw_songs", INSERT_SONGS, self._files.songs),
        )
        self._star.transform()

    def counts(self) -> Counts:
        return self._star.counts()

    def clean(self) -> None:
        self._star.drop()

    def _stage(self, table: str, insert: str, paths: list[Path]) -> None:
        with closing(self._star.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {table} (line json)")
            for path in paths:
                with path.open("rb") as file:
                    cursor.copy_expert(COPY_LINES.format(table), file, 1 << 18)
            cursor.execute(insert)


def make(scene: Scene) -> JsonToRecord:
    """The contender."""
    return JsonToRecord(scene)
