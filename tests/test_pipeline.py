"""The scripts in sequence, as a person types them, on the generated sample."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from standin.sample import sample
from tests.conftest import Project
from tests.oracle import Star
from tests.test_star import star

SONGS, EVENTS, SEED = 120, 900, 7


@pytest.fixture
def sampled(project: Project) -> Project:
    for key, content in sample(SONGS, EVENTS, SEED):
        project.put(key, content)
    return project


def expected_star() -> Star:
    events, songs = [], []
    for key, content in sample(SONGS, EVENTS, SEED):
        if key.startswith("log_data/"):
            events += [json.loads(line) for line in content.decode().splitlines()]
        elif key.startswith("song_data/"):
            songs.append(json.loads(content))
    expected = Star()
    expected.load(events, songs)
    return expected


def test_the_scripts_in_sequence(sampled: Project) -> None:
    """The star is what the rules say and stays so; talk goes to stderr and results to stdout."""
    created = sampled.run("create_tables.py")
    assert created.returncode == 0, created.stderr
    expected = expected_star().tables()
    plays = f"{len(expected['songplays']):,}"
    first = sampled.load()
    assert star(sampled) == expected
    assert summary_row(first.stdout, "songplays") == ["0", plays, plays, "0"]
    assert "copy staging_events" in first.stderr
    assert "copy staging_events" not in first.stdout
    again = sampled.load("--quiet")
    assert star(sampled) == expected
    assert summary_row(again.stdout, "songplays") == [plays, plays, "0", "0"]
    assert again.stderr == ""
    assert [line.split()[0] for line in again.stdout.splitlines() if line.strip()][
        -1
    ] == "songplays"


def summary_row(output: str, table: str) -> list[str]:
    """The cells of a table's line in the summary: before, after, inserted, updated."""
    return next(line.split()[1:] for line in output.splitlines() if line.split()[:1] == [table])


@pytest.mark.long
def test_create_tables_empties_the_warehouse(sampled: Project) -> None:
    sampled.prepare()
    sampled.create_tables()
    assert all(rows == [] for rows in star(sampled).values())


def test_a_program_that_knows_nothing_of_this_project(sampled: Project) -> None:
    sampled.prepare()
    program = """
import psycopg2, sys
connection = psycopg2.connect(sys.argv[1])
cursor = connection.cursor()
cursor.execute("SELECT level, COUNT(*) FROM songplays WHERE user_id > %s GROUP BY level", (0,))
print(sum(count for _, count in cursor.fetchall()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, dsn(sampled)], capture_output=True, text=True
    )
    assert done.stdout == f"{len(expected_star().plays)}\n", done.stderr


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
@pytest.mark.long
def test_psql_over_verified_tls(sampled: Project) -> None:
    sampled.prepare()
    done = subprocess.run(
        ["psql", dsn(sampled), "-At", "-c", "SELECT COUNT(*) FROM songplays", "-c", "\\conninfo"],
        capture_output=True,
        text=True,
    )
    count, conninfo = done.stdout.split("\n", 1)
    assert count == str(len(expected_star().plays)), done.stderr
    assert "SSL connection" in conninfo


def test_tls_is_verified(project: Project) -> None:
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        psycopg2.connect(dsn(project).replace(str(project.standin.ca_file), public_certificates()))
    with pytest.raises(psycopg2.OperationalError, match="SSL off"):
        psycopg2.connect(dsn(project).replace("verify-full", "disable"))


def dsn(project: Project) -> str:
    cluster = project.values["CLUSTER"]
    return (
        f"host={cluster['HOST']} port={cluster['DB_PORT']} dbname={cluster['DB_NAME']}"
        f" user={cluster['DB_USER']} password={cluster['DB_PASSWORD']}"
        f" sslmode=verify-full sslrootcert={project.standin.ca_file}"
    )


def public_certificates() -> str:
    import botocore

    return str(Path(botocore.__file__).with_name("cacert.pem"))
