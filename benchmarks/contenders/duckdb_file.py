"""DuckDB: the same files, the same transformation, a database file of its own."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import duckdb

import sql_queries
from benchmarks import oracle
from benchmarks.scene import Scene

# What DuckDB does not have, and what it has instead.
IN_ITS_WORDS = (
    (r"\b(BACKUP NO|DISTSTYLE \w+|(DIST|SORT)KEY *\(\w+\)|DISTKEY)", ""),
    (r"BIGINT IDENTITY\(0, 1\) PRIMARY KEY", "BIGINT DEFAULT nextval('songplay_ids')"),
    # Redshift takes keys as promises, and so does every other contender.
    (r" PRIMARY KEY| REFERENCES \w+ \(\w+\)", ""),
    (r"EXTRACT\(weekday FROM", "EXTRACT(dow FROM"),
    (r"DATEADD\(day, 1, SYSDATE\)", "CAST(now() AS TIMESTAMP) + INTERVAL 1 DAY"),
    (r"%\((\w+)\)s", r"CAST($\1 AS TIMESTAMP)"),
)
EVENTS = """
INSERT INTO staging_events
SELECT
    artist, auth, "firstName", gender, "itemInSession", "lastName", length, level, location,
    method, page, registration, "sessionId", song, status, make_timestamp(ts * 1000),
    "userAgent", CAST(NULLIF("userId", '') AS BIGINT)
FROM read_json($paths, format = 'newline_delimited', columns = {
    artist: 'VARCHAR', auth: 'VARCHAR', firstName: 'VARCHAR', gender: 'VARCHAR',
    itemInSession: 'INTEGER', lastName: 'VARCHAR', length: 'DOUBLE', level: 'VARCHAR',
    location: 'VARCHAR', method: 'VARCHAR', page: 'VARCHAR', registration: 'DOUBLE',
    sessionId: 'BIGINT', song: 'VARCHAR', status: 'INTEGER', ts: 'BIGINT',
    userAgent: 'VARCHAR', userId: 'VARCHAR'
})
"""
SONGS = """
INSERT INTO incoming_songs
SELECT *
FROM read_json($paths, format = 'newline_delimited', columns = {
    num_songs: 'INTEGER', artist_id: 'VARCHAR', artist_latitude: 'DOUBLE',
    artist_longitude: 'DOUBLE', artist_location: 'VARCHAR', artist_name: 'VARCHAR',
    song_id: 'VARCHAR', title: 'VARCHAR', duration: 'DOUBLE', year: 'INTEGER'
})
"""


class DuckdbFile:
    """One process with as many threads as the machine has cores."""

    def __init__(self, scene: Scene) -> None:
        self._files = scene.files
        self._path = scene.folder / "star.duckdb"

    def prepare(self) -> None:
        with closing(self._connect()) as connection:
            connection.execute("CREATE SEQUENCE songplay_ids MINVALUE 0 START 0")
            for query in sql_queries.create_table_queries:
                connection.execute(in_its_words(query))

    def run(self) -> None:
        with closing(self._connect()) as connection:
            connection.execute(EVENTS, {"paths": [str(path) for path in self._files.logs]})
            connection.execute(SONGS, {"paths": [str(path) for path in self._files.songs]})
            connection.begin()
            for queries in sql_queries.batch_steps.values():
                for query in queries:
                    connection.execute(in_its_words(query))
            facts = in_its_words(sql_queries.new_plays_facts)
            first, last, *_ = connection.execute(facts).fetchone() or (None, None)
            for queries in sql_queries.span_steps.values():
                for query in queries:
                    self._execute(connection, query, {"first": first, "last": last})
            connection.commit()

    def counts(self) -> oracle.Counts:
        with closing(self._connect()) as connection:
            return oracle.counted(connection.execute(oracle.COUNTING).fetchone() or ())

    def clean(self) -> None:
        self._path.unlink(missing_ok=True)

    def _connect(self) -> Any:
        return duckdb.connect(str(self._path))

    def _execute(self, connection: Any, query: str, span: dict[str, Any]) -> None:
        used = {name: value for name, value in span.items() if f"%({name})s" in query}
        connection.execute(in_its_words(query), used)


def in_its_words(query: str) -> str:
    """A statement of sql_queries.py as DuckDB takes it."""
    for pattern, replacement in IN_ITS_WORDS:
        query = re.sub(pattern, replacement, query)
    return re.sub(r"\n *SORTKEY \(\w+\)", "", query)


def make(scene: Scene) -> DuckdbFile:
    """The contender."""
    return DuckdbFile(scene)
