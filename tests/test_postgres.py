"""The launcher: a real PostgreSQL comes up as set and goes without a trace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from standin.postgres import Postgres, PostgresError, programs, server, settings
from standin.postgres.account import Account
from standin.postgres.folder import make_folder
from standin.postgres.memory import memory_bytes

ROOT = Path(__file__).resolve().parent.parent
STARTS_AND_WAITS = """
import sys
from standin.postgres import Postgres
postgres = Postgres()
postgres.start()
with postgres.connect() as connection, connection.cursor() as cursor:
    cursor.execute("SHOW data_directory")
    folder = cursor.fetchone()[0]
    cursor.execute("SELECT pg_backend_pid()")
print(folder, postgres._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    running = Postgres()
    running.start()
    yield running
    running.stop()


def query(postgres: Postgres, sql: str) -> object:
    with closing(postgres.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("standard_conforming_strings", "off"),
        ("backslash_quote", "on"),
        ("default_transaction_isolation", "repeatable read"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("max_connections", "450"),
    ],
)
def test_setting(postgres: Postgres, setting: str, expected: str) -> None:
    assert query(postgres, f"SHOW {setting}") == expected


def test_text_is_ordered_by_bytes_and_knows_unicode_case(postgres: Postgres) -> None:
    letters = "SELECT string_agg(c, '' ORDER BY c) FROM unnest('{b,A,a,B}'::text[]) AS c"
    assert query(postgres, letters) == "ABab"
    assert query(postgres, "SELECT upper('äöé')") == "ÄÖÉ"


def test_superuser_needs_its_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=postgres.host, port=postgres.port, user="rdsdb", password="no", dbname="postgres"
        )


def test_connection_ignores_the_users_environment(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    assert query(postgres, "SELECT 1") == 1


def test_a_second_server_gives_up_the_port_of_the_first(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = server.free_port()
    ports = iter([postgres.port, free])
    monkeypatch.setattr(server, "free_port", lambda: next(ports))
    other = Postgres()
    other.start()
    try:
        assert other.port == free
        assert query(other, "SELECT 1") == query(postgres, "SELECT 1") == 1
    finally:
        other.stop()


def test_stop_removes_everything() -> None:
    running = Postgres()
    running.start()
    folder = Path(str(query(running, "SHOW data_directory"))).parent
    assert folder.is_dir()
    running.stop()
    assert not folder.exists()
    with pytest.raises(psycopg2.OperationalError):
        running.connect()
    running.stop()


@pytest.mark.long
def test_kill_9_leaves_nothing_behind() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        folder, pid = owner.stdout.readline().split()
        process = psutil.Process(int(pid))
        watchdogs = [child for child in psutil.Process(owner.pid).children() if child != process]
        owner.kill()
    _, alive = psutil.wait_procs([process, *watchdogs], timeout=10)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
    assert not Path(folder).parent.exists()


@pytest.mark.parametrize(
    ("memory", "expected"),
    [(0, "256MB"), (4 << 30, "256MB"), (24 << 30, "1536MB"), (1 << 40, "2048MB")],
    ids=["unknown", "small", "middling", "large"],
)
def test_a_sort_may_have_a_sixteenth_of_the_memory(memory: int, expected: str) -> None:
    assert settings.settings(memory)["work_mem"] == expected


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        pytest.param({}, "glibc.malloc.hugetlb=1", id="unset"),
        pytest.param({"GLIBC_TUNABLES": ""}, "glibc.malloc.hugetlb=1", id="empty"),
        pytest.param(
            {"GLIBC_TUNABLES": "glibc.malloc.check=3"},
            "glibc.malloc.check=3:glibc.malloc.hugetlb=1",
            id="another beside it",
        ),
        pytest.param(
            {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}, "glibc.malloc.hugetlb=0", id="the user's"
        ),
    ],
)
def test_memory_is_asked_for_in_large_pages(users: dict[str, str], expected: str) -> None:
    found = settings.environment({"LANG": "C", "PGHOST": "example.com", **users})
    assert found == {"LANG": "C", "GLIBC_TUNABLES": expected}


@pytest.mark.skipif(sys.platform != "linux", reason="the tunables are those of Linux's C library")
def test_the_server_has_its_environment(postgres: Postgres) -> None:
    with closing(postgres.connect()) as connection:
        # A backend has its title where its environment was.
        backend = psutil.Process(connection.info.backend_pid)
        main_process = backend.parent()
        assert main_process is not None
        assert "glibc.malloc.hugetlb=" in main_process.environ()["GLIBC_TUNABLES"]


def test_memory_is_that_of_the_machine_or_less_in_a_container(tmp_path: Path) -> None:
    machine = memory_bytes([])
    assert machine == pytest.approx(psutil.virtual_memory().total, rel=0.01)
    unlimited, limited, absurd = (tmp_path / name for name in ("unlimited", "limited", "absurd"))
    unlimited.write_text("max\n")
    limited.write_text("1048576\n")
    absurd.write_text("9223372036854771712\n")
    assert memory_bytes([tmp_path / "missing", unlimited, absurd]) == machine
    assert memory_bytes([unlimited, limited, absurd]) == 1 << 20


def test_failed_start_says_why_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []

    def noted(account: Account | None) -> Path:
        folders.append(make_folder(account))
        return folders[0]

    monkeypatch.setattr(server, "make_folder", noted)
    monkeypatch.setitem(settings.SETTINGS, "no_such_setting", "1")
    with pytest.raises(PostgresError, match="no_such_setting"):
        Postgres().start()
    assert [folder.exists() for folder in folders] == [False]


def test_missing_wheel_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WHEEL", "no_such_wheel")
    with pytest.raises(PostgresError, match=r"pip install -r requirements-local\.txt"):
        programs.find_binaries()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root runs PostgreSQL as another"
)
@pytest.mark.long
def test_binaries_in_a_private_home_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = programs.find_binaries()
    private = Path("/root") if Path("/root").is_dir() else Path.home()
    home = private / f"standin-test-{os.getpid()}"
    copy = home / "site-packages" / binaries.parent.parent.name
    shutil.copytree(binaries.parent, copy / binaries.parent.name)
    libraries = binaries.parent.parent.with_name(f"{copy.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    home.chmod(0o700)
    monkeypatch.setattr(server, "find_binaries", lambda: copy / binaries.parent.name / "bin")
    running = Postgres()
    try:
        running.start()
        assert query(running, "SELECT 1") == 1
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        running.stop()
        shutil.rmtree(home)
