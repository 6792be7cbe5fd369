"""Small projects in the styles of public ones, run as they are: only dwh.cfg names the stand-in.

What each must end with is worked out by hand from the sample below and the meaning of its SQL.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, event, module_project, song

from standin import Standin

PROJECTS = Path(__file__).resolve().parent / "projects"
FIRST = 1541106106796  # 2018-11-01 21:01:46.796
DAY = 86_400_000

# Eight events: six plays, one of them (the last) a copy of the first; Ben's first play is in the
# same second as Ada's. Three artists, four different rows about them.
EVENTS = (
    event(ts=FIRST),
    event(ts=FIRST + 200_000, song="Red", length=180.25, itemInSession=1),
    event(ts=FIRST + DAY, artist="Bob", length=240.0, level="paid", sessionId=11),
    event(ts=1541106106999, userId="2", firstName="Ben", artist="Zed", song="Unknown", length=100,
          sessionId=12),
    event(ts=1541106400000, userId="2", firstName="Ben", length=199.0, sessionId=12,
          itemInSession=1),
    event(ts=1541106500000, page="Home", artist=None, song=None, length=None, itemInSession=2),
    event(ts=1541106600000, page="Login", artist=None, song=None, length=None, userId="",
          firstName=None, lastName=None, gender=None, registration=None, sessionId=13),
    event(ts=FIRST),
)  # fmt: skip
SONGS = (
    song(),
    song(song_id="SO2", title="Red", artist_location="Oslo", duration=180.25, year=2001),
    song(song_id="SO3", artist_id="AR2", artist_name="Bob", artist_location="Rome",
         duration=240.0, year=2005),
    song(song_id="SO4", title="Green", artist_id="AR3", artist_name="Cy", artist_location=None,
         duration=199.99, year=1999),
    song(song_id="SO5", title="Gold", artist_location="Oslo", year=2010),
)  # fmt: skip

LOADED = {
    "SELECT COUNT(*) FROM staging_events": [(8,)],
    "SELECT COUNT(*) FROM staging_songs": [(5,)],
}

# Project -> query -> the rows it must give afterwards.
EXPECTED: dict[str, dict[str, list[tuple[Any, ...]]]] = {
    "classic": {
        **LOADED,
        "SELECT COUNT(*), COUNT(DISTINCT songplay_id) FROM songplays": [(4, 4)],
        "SELECT user_id, level FROM users ORDER BY 1, 2": [(1, "free"), (1, "paid"), (2, "free")],
        "SELECT COUNT(*) FROM songs": [(5,)],
        "SELECT artist_id, location FROM artists ORDER BY 1, 2": [
            ("AR1", ""), ("AR1", "Oslo"), ("AR2", "Rome"), ("AR3", None),
        ],
        "SELECT hour, day, week, month, year, weekday, COUNT(*) FROM time "
        "GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2": [
            (21, 1, 44, 11, 2018, 4, 3), (21, 2, 44, 11, 2018, 5, 1),
        ],
    },
    "idempotent": {
        **LOADED,
        "SELECT song_id, COUNT(*) FROM songplays GROUP BY 1 ORDER BY 1": [
            ("SO1", 1), ("SO2", 1), ("SO3", 1),
        ],
        "SELECT user_id, level FROM users ORDER BY 1": [("1", "paid"), ("2", "free")],
        "SELECT artist_id, location FROM artists ORDER BY 1": [
            ("AR1", "Oslo"), ("AR2", "Rome"), ("AR3", None),
        ],
        "SELECT COUNT(*), MAX(weekday) FROM time": [(6, 5)],
    },
    "text_timestamps": {
        **LOADED,
        "SELECT COUNT(*) FROM users": [(3,)],
        "SELECT start_time, hour, weekday FROM time ORDER BY 1 LIMIT 1": [
            ("2018-11-01 21:01:46", 21, "Thursday "),
        ],
        "SELECT COUNT(*) FROM time": [(4,)],
        "SELECT COUNT(*), COUNT(song_id), SUM(length) FROM songplays": [(6, 4, 1121)],
        "SELECT COUNT(*) FROM songplays s JOIN time t ON s.start_time = t.start_time": [(6,)],
        "SELECT COUNT(*) FROM songplays s JOIN users u ON s.user_id = u.user_id": [(10,)],
    },
    "numeric": {
        **LOADED,
        "SELECT COUNT(*), MIN(songplay_id), SUM(length) FROM songplay": [(4, 100, 820)],
        "SELECT MIN(start_time)::VARCHAR FROM songplay": [("2018-11-01 21:01:46.796",)],
        "SELECT COUNT(*), COUNT(year), SUM(duration) FROM song": [(5, 4, 1019)],
    },
    "epochmillisecs": {
        **LOADED,
        "SELECT COUNT(*), COUNT(song_id) FROM songplays": [(6, 5)],
        "SELECT user_id, first_name, level FROM users ORDER BY 1": [
            (1, "Ada", "paid"), (2, "Ben", "free"),
        ],
        "SELECT COUNT(*), MIN(weekday) FROM time": [(5, 4)],
    },
    "schemas": {
        "SELECT COUNT(*) FROM staging.events": [(8,)],
        "SELECT COUNT(*) FROM star.plays": [(5,)],
        "SELECT COUNT(*) FROM star.songs": [(4,)],
        "SELECT MIN(played_at)::VARCHAR FROM star.plays": [("2018-11-01 21:01:46.796",)],
    },
    "upsert": {
        "SELECT user_id, first_name, level, seen FROM users ORDER BY 1": [
            (1, "Ada", "paid", FIRST + DAY), (2, "Ben", "free", 1541106106999),
        ],
        "SELECT level, COUNT(*) FROM songplays GROUP BY 1 ORDER BY 1": [("free", 2), ("paid", 3)],
    },
    "modern": {
        "SELECT user_id, first_name, level FROM users ORDER BY 1": [
            (1, "Ada", "paid"), (2, "Ben", "free"), (9, "Gone", "paid"),
        ],
        "SELECT user_id, plays, ROUND(share, 2), songs FROM plays_by_user ORDER BY 1": [
            (1, 4, 0.67, "Blue|Red"), (2, 2, 0.33, "Blue|Unknown"),
        ],
    },
    "firsts": {
        "SELECT * FROM artists ORDER BY 1": [
            ("AR1", "Ann", "Oslo", "", 3, 2001),
            ("AR2", "Bob", "Rome", "Rome", 1, 2005),
            ("AR3", "Cy", None, None, 1, 1999),
        ],
    },
    "join_trees": {
        **LOADED,
        "SELECT COUNT(*), COUNT(song_id), MIN(songplay_id) FROM songplays": [(6, 5, 1)],
        "SELECT COUNT(*), MIN(hour), MAX(weekday) FROM time": [(10, 21, "Thursday")],
    },
    "rows": {
        "SELECT COUNT(*), COUNT(DISTINCT started), MIN(note) FROM songplays": [(6, 4, "none")],
        "SELECT COUNT(*), MIN(week) FROM time": [(5, 44)],
    },
    "natural": {
        **LOADED,
        "SELECT COUNT(*), COUNT(DISTINCT song_id), MIN(hour) FROM facts": [(9, 3, 21)],
        "SELECT * FROM listeners ORDER BY 1": [(1, "Ada Lane", "PAID"), (2, "Ben Lane", "FREE")],
    },
    "casts": {
        # The copied play has the key of the first.
        "SELECT COUNT(*), COUNT(DISTINCT songplay_id), MAX(LEN(songplay_id)) FROM songplays": [
            (6, 5, 32),
        ],
        "SELECT day_key, COUNT(*) FROM songplays GROUP BY 1 ORDER BY 1": [
            ("2018-11-01", 5), ("2018-11-02", 1),
        ],
        # 1541106106796 as 154-11-06 10:67:96: 67 minutes and 96 seconds are carried over.
        "SELECT seen::VARCHAR, COUNT(*) FROM songplays GROUP BY 1 ORDER BY 1 LIMIT 1": [
            ("0154-11-06 11:08:36", 2),
        ],
        "SELECT user_id, level FROM users ORDER BY 1": [(1, "paid"), (2, "free")],
        "SELECT hour, day, week, weekday, COUNT(*) FROM time GROUP BY 1, 2, 3, 4 ORDER BY 2": [
            (21, 1, 44, True, 3), (21, 2, 44, True, 1),
        ],
    },
    "newcomers": {
        "SELECT COUNT(*) FROM users_staging": [(10,)],
        "SELECT user_id, first_name, level FROM users ORDER BY 1": [
            (1, "Ada", "paid"), (2, "Ben", "free"),
        ],
        "SELECT * FROM artists ORDER BY 1": [
            ("AR1", "Ann", "Oslo"), ("AR2", "Bob", "Rome"), ("AR3", "Cy", None),
        ],
        # Blue by Ann is a DECIMAL(9) of 200 seconds, as COPY cuts off: near 200.5 and 199.
        "SELECT song_id, COUNT(*) FROM songplays GROUP BY 1 ORDER BY 1": [
            ("SO1", 3), ("SO2", 1), ("SO3", 1), (None, 1),
        ],
        "SELECT weekday, hour, COUNT(*) FROM time GROUP BY 1, 2 ORDER BY 1": [
            ("Friday", 21, 1), ("Thursday", 21, 4),
        ],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def sample(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One cluster and bucket for all projects, which drop each other's tables."""
    made = module_project(standin, tmp_path_factory, "public-projects")
    made.put_events(*EVENTS[:4], file="2018/11/a.json")
    made.put_events(*EVENTS[4:], file="2018/11/b.json")
    made.put_songs(*SONGS)
    return made


def configuration(sample: Project) -> str:
    """A dwh.cfg as these projects have it: keys in the order of the DSN, quotes in the values."""
    cluster, s3 = sample.values["CLUSTER"], sample.values["S3"]
    keys = ("HOST", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PORT")
    return "\n".join(
        [
            "[CLUSTER]",
            *(f"{key}={cluster[key]}" for key in keys),
            "",
            "[IAM_ROLE]",
            f"ARN='{sample.values['IAM_ROLE']['ARN']}'",
            "",
            "[S3]",
            *(f"{key}='{s3[key]}'" for key in ("LOG_DATA", "LOG_JSONPATH", "SONG_DATA")),
        ]
    )


def run(folder: Path, script: str, **environment: str) -> str:
    """Run one of the project's programs where it is, with no other help than `environment`."""
    done = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lay_out(name: str, sample: Project, folder: Path, etl: str = "etl.py") -> None:
    shutil.copy(PROJECTS / "create_tables.py", folder / "create_tables.py")
    shutil.copy(PROJECTS / etl, folder / "etl.py")
    shutil.copy(PROJECTS / f"sql_{name}.py", folder / "sql_queries.py")
    (folder / "dwh.cfg").write_text(configuration(sample), encoding="utf-8")


# One of three is tried always, every one with --long.
TRIED = [
    pytest.param(name, marks=[pytest.mark.long] if number % 3 else [])
    for number, name in enumerate(sorted(set(EXPECTED) - {"rows"}))
]


@pytest.mark.parametrize("name", TRIED)
def test_a_project_ends_with_what_its_sql_must_give(
    name: str, sample: Project, tmp_path: Path
) -> None:
    lay_out(name, sample, tmp_path)
    run(tmp_path, "create_tables.py")
    run(tmp_path, "etl.py")
    assert {query: sample.query(query) for query in EXPECTED[name]} == EXPECTED[name]


def test_a_project_that_goes_row_by_row_and_over_errors(sample: Project, tmp_path: Path) -> None:
    lay_out("rows", sample, tmp_path, etl="etl_rows.py")
    run(tmp_path, "create_tables.py")
    output = run(tmp_path, "etl.py").splitlines()
    assert output[0] == 'column "no_such_column" does not exist'
    assert output[-4:] == ["Blue|4", "21|9", "free|5|83", "paid|1|16"]
    assert {query: sample.query(query) for query in EXPECTED["rows"]} == EXPECTED["rows"]


def test_a_notebook_makes_and_removes_the_cluster(standin: Standin, tmp_path: Path) -> None:
    """Keys and a region in the code, the endpoint in the environment alone."""
    shutil.copy(PROJECTS / "cluster_notebook.py", tmp_path / "cluster_notebook.py")
    host, port = standin.host, standin.port
    (tmp_path / "dwh.cfg").write_text(
        "[AWS]\nKEY=mykey\nSECRET=mysecret\n[DWH]\nDWH_CLUSTER_TYPE=multi-node\n"
        "DWH_NUM_NODES=2\nDWH_NODE_TYPE=ra3.xlplus\nDWH_IAM_ROLE_NAME=dwhRole\n"
        "DWH_CLUSTER_IDENTIFIER=dwhCluster\nDWH_DB=dwh_notebook\nDWH_DB_USER=dwhuser\n"
        "DWH_DB_PASSWORD=Passw0rd\nDWH_PORT=5439\n"
    )
    output = run(tmp_path, "cluster_notebook.py", AWS_ENDPOINT_URL=standin.endpoint_url)
    assert output.splitlines() == [
        "dwh_notebook",
        f"dwhcluster available multi-node 2 nodes at {host}:{port}",
        "default",
        "dwh_notebook",
        "ClusterNotFound",
    ]
