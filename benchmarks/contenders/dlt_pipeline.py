"""dlt: its filesystem source and its PostgreSQL destination, then our SQL over what it loaded."""

from __future__ import annotations

import os
from contextlib import closing

import dlt
from dlt.sources.filesystem import filesystem, read_jsonl

from benchmarks.contenders.star import EVENT_COLUMNS, SONG_COLUMNS, Star, columns
from benchmarks.oracle import Counts
from benchmarks.scene import Scene

SCHEMA = "loaded"
INSERT_EVENTS = f"""
INSERT INTO staging_events ({columns(EVENT_COLUMNS)})
SELECT
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
    method, page, registration, session_id, song, status,
    timestamp 'epoch' + ts * interval '1 millisecond', user_agent,
    CAST(NULLIF(user_id, '') AS bigint)
FROM {SCHEMA}.events
"""
INSERT_SONGS = f"""
INSERT INTO incoming_songs ({columns(SONG_COLUMNS)})
SELECT {columns(SONG_COLUMNS)}
FROM {SCHEMA}.songs
"""


class DltPipeline:
    """dlt as its tutorial sets it up: JSON lines in, tables of its own making out."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._star = Star(scene, "dlt")

    def prepare(self) -> None:
        # It tells its makers of each run otherwise.
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        self._star.create()

    def run(self) -> None:
        database = self._scene.database
        address = f"{database.user}:{database.password}@{database.host}:{database.port}"
        pipeline = dlt.pipeline(
            pipeline_name="benchmark",
            pipelines_dir=str(self._scene.folder / "pipelines"),
            destination=dlt.destinations.postgres(
                f"postgresql://{address}/{self._star.name}?sslmode=disable"
            ),
            dataset_name=SCHEMA,
        )
        bucket = self._scene.files.bucket
        resources = [
            (filesystem(str(bucket / folder), file_glob="**/*.json") | read_jsonl()).with_name(name)
            for folder, name in (("log_data", "events"), ("song_data", "songs"))
        ]
        pipeline.run(resources)
        with closing(self._star.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(INSERT_EVENTS)
            cursor.execute(INSERT_SONGS)
        self._star.transform()

    def counts(self) -> Counts:
        return self._star.counts()

    def clean(self) -> None:
        with closing(self._star.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        self._star.drop()


def make(scene: Scene) -> DltPipeline:
    """The contender."""
    return DltPipeline(scene)
