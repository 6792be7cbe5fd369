"""What a contender finds: the files, the stand-in and its PostgreSQL. Sent to it as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.data import Files

BUCKET = "benchmark"
REGION = "us-west-2"
PASSWORD = "Bench-Passw0rd"


@dataclass(frozen=True)
class Database:
    """How the PostgreSQL behind the stand-in is reached directly, as its superuser."""

    host: str
    port: int
    user: str
    password: str

    def connect(self, name: str) -> Any:
        """A psycopg2 connection to the database of this name."""
        return psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=name,
            sslmode="disable",
        )


@dataclass(frozen=True)
class Scene:
    """`folder` is the contender's own, empty at first; `environ` what a child process needs."""

    folder: Path
    data: Path
    host: str
    port: int
    environ: dict[str, str]
    database: Database

    @property
    def files(self) -> Files:
        return Files(self.data / "bucket", self.data / "csv")

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @staticmethod
    def from_json(text: str) -> Scene:
        values = json.loads(text)
        return Scene(
            folder=Path(values.pop("folder")),
            data=Path(values.pop("data")),
            database=Database(**values.pop("database")),
            **values,
        )
