"""psql, whichever version is installed, with the commands that people type into it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest
from clients import cluster
from conftest import Project
from wire import dsn

__all__ = ["cluster"]

pytestmark = pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed")

SCHEMA = """
CREATE TABLE singers (id BIGINT IDENTITY(0, 1) PRIMARY KEY, name VARCHAR(20) NOT NULL,
    fee DECIMAL(9, 2) DEFAULT 0) DISTKEY (name) SORTKEY (name);
CREATE TABLE songs (song_id INTEGER, singer BIGINT REFERENCES singers (id), UNIQUE (song_id));
CREATE VIEW names AS SELECT name FROM singers;
CREATE SCHEMA sales;
CREATE TABLE sales.hidden (a INTEGER);
INSERT INTO singers (name) VALUES ('Ann');
"""

Psql = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def psql(cluster: Project) -> Psql:
    """Run psql with lines on its standard input."""

    def run(*lines: str, flags: str = "-At") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["psql", "-X", flags, "-F", "|", dsn(cluster)],
            input="\n".join(lines), capture_output=True, text=True, timeout=30,
        )  # fmt: skip

    done = run("\\set ON_ERROR_STOP on", SCHEMA)
    assert (done.returncode, done.stderr) == (0, "")
    return run


LISTS = {
    "\\dt": [
        "public|numbers|table|dwhuser",
        "public|singers|table|dwhuser",
        "public|songs|table|dwhuser",
    ],
    "\\dt sales.*": ["sales|hidden|table|dwhuser"],
    "\\dv": ["public|names|view|dwhuser"],
    "\\dn": ["public|rdsdb", "sales|dwhuser"],
    "\\di": [],
    "\\ds": [],
    "\\df": [],
    "\\da": [],
    "\\dT": [],
}


def test_lists(psql: Psql) -> None:
    done = psql(*(f"{command}\n\\echo ;" for command in LISTS))
    lists = [text.strip().splitlines() for text in done.stdout.split(";\n")]
    assert dict(zip(LISTS, lists[:-1], strict=True)) == LISTS
    assert "ERROR" not in done.stderr


def test_description_of_a_table(psql: Psql) -> None:
    done = psql("\\d singers", flags="-A")
    assert done.stderr == ""
    title, header, *lines = done.stdout.splitlines()
    assert title == 'Table "public.singers"'
    columns = [dict(zip(header.split("|"), line.split("|"), strict=True)) for line in lines[:3]]
    assert [(c["Column"], c["Type"], c["Nullable"]) for c in columns] == [
        ("id", "bigint", "not null"),
        ("name", "character varying(20)", "not null"),
        ("fee", "numeric(9,2)", ""),
    ]
    assert columns[0]["Default"].startswith('"identity"(')
    assert lines[3:] == ["Indexes:", '    "singers_pkey" PRIMARY KEY, btree (id)']
    done = psql("\\d songs", flags="-A")
    assert '"songs_song_id_key" UNIQUE CONSTRAINT, btree (song_id)' in done.stdout
    assert '"songs_singer_fkey" FOREIGN KEY (singer) REFERENCES singers(id)' in done.stdout
    done = psql("\\d names", flags="-A")
    assert done.stdout.splitlines()[2].startswith("name|character varying(20)|")


def test_users_and_databases(psql: Psql, cluster: Project) -> None:
    done = psql("\\du", "\\l")
    assert done.stderr == ""
    first = [line.split("|")[0] for line in done.stdout.splitlines()]
    assert {"dwhuser", "rdsdb", cluster.values["CLUSTER"]["DB_NAME"]} <= set(first)
    assert "postgres" not in first


def test_expanded_output(psql: Psql) -> None:
    done = psql("\\x", "SELECT name, fee FROM singers", flags="-A")
    assert done.stdout.splitlines()[-2:] == ["name|Ann", "fee|0.00"]


def test_copy_of_the_client_is_refused(psql: Psql) -> None:
    done = psql("\\copy songs from /dev/null", "\\copy songs to /dev/null", "SELECT 1")
    assert done.stdout == "1\n"
    assert "LOAD source is not supported" in done.stderr
    assert 'syntax error at or near "TO"' in done.stderr


def test_transactions_variables_and_errors(psql: Psql) -> None:
    done = psql(
        "BEGIN;", "SELECT 1/0;", "SELECT 1;", "ROLLBACK;", "SELECT n AS top FROM numbers "
        "WHERE n = 1000 \\gset", "SELECT :top + 1;", "\\echo :SERVER_VERSION_NUM",
    )  # fmt: skip
    assert done.stdout.splitlines() == ["BEGIN", "ROLLBACK", "1001", "80002"]
    assert "current transaction is aborted" in done.stderr
