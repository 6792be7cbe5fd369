"""A cluster of the stand-in with the project's tables, reached through it and past it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import sql_queries
from benchmarks import oracle
from benchmarks.scene import BUCKET, PASSWORD, Scene
from standin.dialect.translate import SessionFacts, plan

ROOT = Path(__file__).resolve().parent.parent.parent
EVENT_COLUMNS = (
    "artist", "auth", "first_name", "gender", "item_in_session", "last_name", "length", "level",
    "location", "method", "page", "registration", "session_id", "song", "status", "ts",
    "user_agent", "user_id",
)  # fmt: skip
SONG_COLUMNS = (
    "num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location",
    "artist_name", "song_id", "title", "duration", "year",
)  # fmt: skip


class Star:
    """The tables of create_tables.py in a database of their own."""

    def __init__(self, scene: Scene, name: str) -> None:
        self.scene = scene
        self.name = f"bench_{name.replace('-', '_')}"
        self._config = scene.folder / "dwh.cfg"

    def create(self) -> None:
        """Make the cluster and its tables, and let PostgreSQL finish what it still has to write."""
        self._configure()
        self.script("-m", "iac.create_cluster")
        self.script("create_tables.py")
        with closing(self.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("CHECKPOINT")

    def script(self, *words: str) -> None:
        """Run one of the project's scripts as a person does."""
        subprocess.run(
            [sys.executable, *words, "--quiet", "--config", str(self._config)],
            cwd=ROOT,
            env={**self.scene.environ, "DWH_CLUSTER_DB_PASSWORD": PASSWORD},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def connect(self) -> Any:
        """A connection to the database itself, past the front end."""
        return self.scene.database.connect(self.name)

    def transform(self) -> None:
        """Fill the star from staging with the project's statements, in one transaction."""
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            for queries in sql_queries.batch_steps.values():
                for query in queries:
                    execute(cursor, query)
            execute(cursor, sql_queries.new_plays_facts)
            first, last, *_ = cursor.fetchone()
            for queries in sql_queries.span_steps.values():
                for query in queries:
                    execute(cursor, query, {"first": first, "last": last})

    def counts(self) -> oracle.Counts:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(oracle.COUNTING)
            return oracle.counted(cursor.fetchone())

    def drop(self) -> None:
        """Empty the tables, so that the next contender finds the space and the memory."""
        self.script("create_tables.py")

    def _configure(self) -> None:
        example = (ROOT / "dwh.cfg.example").read_text(encoding="utf-8")
        for old, new in (
            ("CLUSTER_IDENTIFIER = sparkify-dwh", f"CLUSTER_IDENTIFIER = {_dashed(self.name)}"),
            ("IAM_ROLE_NAME = sparkify-redshift-s3", f"IAM_ROLE_NAME = {_dashed(self.name)}"),
            ("DB_NAME = dwh", f"DB_NAME = {self.name}"),
            ("udacity-dend/", f"{BUCKET}/"),
        ):
            example = example.replace(old, new)
        self._config.write_text(example, encoding="utf-8")


def execute(cursor: Any, query: str, parameters: dict[str, Any] | None = None) -> None:
    """Run a statement of sql_queries.py in PostgreSQL's own words."""
    text = cursor.mogrify(query, parameters).decode() if parameters else query
    for step in plan(text, SessionFacts()):
        for statement in (step.sql, *step.then):
            cursor.execute(statement)


def side_by_side(*jobs: Callable[[], None]) -> None:
    """Run both COPYs at once, as etl.py does."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result()


def columns(names: Sequence[str]) -> str:
    """A list of columns as SQL has it."""
    return ", ".join(names)


def _dashed(name: str) -> str:
    return name.replace("_", "-")
