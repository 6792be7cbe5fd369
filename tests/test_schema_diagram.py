"""The picture of the star says what sql_queries.py says, wherever it is shown."""

from __future__ import annotations

import re
import subprocess
import sys

import schema_diagram
import sql_queries
from schema_diagram import Column, mermaid, read_table
from tests.conftest import ROOT

CREATE = """
CREATE TABLE plays (
    id       BIGINT IDENTITY(0, 1) PRIMARY KEY,
    user_id  BIGINT NOT NULL REFERENCES users (user_id),
    song_id  VARCHAR(64) REFERENCES songs (song_id),
    length   DOUBLE PRECISION
)
DISTKEY (user_id)
SORTKEY (user_id)
"""


def test_a_table_is_read() -> None:
    table = read_table(CREATE)
    assert (table.name, table.distributed_by, table.sorted_by) == ("plays", "user_id", "user_id")
    assert table.columns == (
        Column("id", "BIGINT", is_key=True, is_required=True, references=None),
        Column("user_id", "BIGINT", is_key=False, is_required=True, references="users"),
        Column("song_id", "VARCHAR(64)", is_key=False, is_required=False, references="songs"),
        Column("length", "DOUBLE PRECISION", is_key=False, is_required=False, references=None),
    )


def test_a_table_is_drawn() -> None:
    assert (
        mermaid([read_table(CREATE)])
        == """\
erDiagram
    users ||--o{ plays : user_id
    songs |o--o{ plays : song_id
    plays {
        bigint id PK
        bigint user_id FK "distribution key, sort key"
        varchar(64) song_id FK
        double_precision length
    }
"""
    )


def test_the_star_is_drawn_whole() -> None:
    tables = schema_diagram.star()
    assert set(tables) == set(sql_queries.STAR_TABLES)
    columns = {name: [column.name for column in table.columns] for name, table in tables.items()}
    assert columns == {
        "songplays": [
            "songplay_id", "start_time", "user_id", "level", "song_id", "artist_id", "session_id",
            "location", "user_agent",
        ],
        "users": ["user_id", "first_name", "last_name", "gender", "level", "last_seen"],
        "songs": ["song_id", "title", "artist_id", "year", "duration"],
        "artists": ["artist_id", "name", "location", "latitude", "longitude"],
        "time": ["start_time", "hour", "day", "week", "month", "year", "weekday"],
    }  # fmt: skip
    assert sorted(
        (table.name, column.name, column.references)
        for table in tables.values()
        for column in table.columns
        if column.references
    ) == [
        ("songplays", "artist_id", "artists"),
        ("songplays", "song_id", "songs"),
        ("songplays", "start_time", "time"),
        ("songplays", "user_id", "users"),
        ("songs", "artist_id", "artists"),
    ]


def test_the_readme_shows_what_the_command_prints() -> None:
    done = subprocess.run(
        [sys.executable, "schema_diagram.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```mermaid\n(.*?)```", readme, re.DOTALL)
    assert done.stdout in shown, "put the output of `python schema_diagram.py` into README.md"
