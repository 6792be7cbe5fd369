"""Clients that behave badly leave neither sockets nor sessions of PostgreSQL behind."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import psutil
import pytest
from clients import ENDLESS, cluster
from conftest import Project
from wire import Wire, copy_statement, dsn

from standin.wire import links, protocol, writing

__all__ = ["cluster"]

TLS_CLIENT_HELLO = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"


def sockets(cluster: Project) -> int:
    """The front end's sockets that a client is or was at the other end of."""
    port = cluster.standin.port
    found = psutil.Process().net_connections("tcp")
    return sum(1 for each in found if each.laddr.port == port and each.status != "LISTEN")


@pytest.fixture
def watcher(cluster: Project) -> Iterator[Any]:
    with closing(cluster.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor


def sessions(watcher: Any, query: str = "%") -> int:
    """The sessions of PostgreSQL in this cluster's database, but for the watcher's own."""
    watcher.execute(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND usename = 'dwhuser' AND pid <> pg_backend_pid() AND query LIKE %s",
        (query,),
    )
    (count,) = watcher.fetchone()
    return int(count)


def soon(count: Callable[[], int], expected: int) -> int:
    """The count, once it is what is expected or 10 seconds have passed."""
    deadline = time.monotonic() + 10
    while (found := count()) != expected and time.monotonic() < deadline:
        pass
    return found


def connect(cluster: Project) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cluster.standin.port), timeout=10)


def test_handshakes_that_never_end(
    cluster: Project, watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "TLS_TIMEOUT_S", 0.3)
    before = sockets(cluster)
    with ExitStack() as stack:
        for hello in (b"", TLS_CLIENT_HELLO):
            client = stack.enter_context(connect(cluster))
            client.sendall(struct.pack("!II", 8, protocol.SSL_REQUEST))
            assert client.recv(1) == b"S"
            client.sendall(hello)
        assert soon(lambda: sockets(cluster), before) == before


def test_client_that_is_refused_and_never_reads(
    cluster: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS would wait for it to say goodbye."""
    monkeypatch.setattr(links, "LINGER_S", 0.3)
    before = sockets(cluster)
    with Wire(cluster) as wire:
        wire.send(writing.startup({"user": "nobody", "database": "nothing"}))
        wire.send(writing.password("wrong"))
        assert soon(lambda: sockets(cluster), before) == before


def test_client_that_asks_for_much_and_never_reads(cluster: Project, watcher: Any) -> None:
    before = sockets(cluster)
    with Wire(cluster) as wire:
        wire.log_in(cluster)
        wire.send(writing.query("SELECT REPEAT('x', 60000) FROM numbers"))
        wire.socket.shutdown(socket.SHUT_WR)
        assert soon(lambda: sockets(cluster), before) == before
        assert soon(lambda: sessions(watcher), 0) == 0


def test_clients_that_vanish_at_any_moment(cluster: Project, watcher: Any) -> None:
    before = sockets(cluster)
    connect(cluster).close()
    for stage in range(5):
        wire = Wire(cluster)
        if stage == 1:
            wire.send(writing.startup({"user": "dwhuser", "database": "x"}))
        if stage > 1:
            wire.log_in(cluster)
        if stage == 2:
            wire.send(writing.query(ENDLESS))
        if stage == 3:
            wire.send(writing.query("SELECT REPEAT('x', 60000) FROM numbers"))
        if stage == 4:
            wire.send(writing.query("BEGIN"), b"Q\0\0")
        # A reset, not an orderly end.
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.socket.close()
    assert soon(lambda: sockets(cluster), before) == before
    assert soon(lambda: sessions(watcher), 0) == 0


def test_client_that_is_killed_in_a_copy(cluster: Project, watcher: Any) -> None:
    lines = b"".join(b'{"a": %d}\n' % number for number in range(500_000))
    cluster.put("large/1.json", lines)
    before = sockets(cluster)
    program = "import sys, psycopg2; psycopg2.connect(sys.argv[1]).cursor().execute(sys.argv[2])"
    role = cluster.values["IAM_ROLE"]["ARN"]
    sql = (
        "CREATE TEMP TABLE large (a INTEGER); "
        f"COPY large FROM 's3://{cluster.bucket}/large' IAM_ROLE '{role}' JSON 'auto'"
    )
    with subprocess.Popen([sys.executable, "-c", program, dsn(cluster), sql]) as client:
        assert soon(lambda: sessions(watcher, "COPY%"), 1) == 1
        client.kill()
    assert soon(lambda: sockets(cluster), before) == before
    assert soon(lambda: sessions(watcher), 0) == 0


@pytest.mark.long
def test_two_hundred_connect_at_once(cluster: Project, watcher: Any) -> None:
    before = sockets(cluster)
    ready = threading.Barrier(40)
    failures: list[BaseException] = []
    made: list[Any] = []

    def work() -> None:
        ready.wait()
        for _ in range(5):
            try:
                made.append(cluster.connect())
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, len(made), sessions(watcher)) == ([], 200, 200)
    for connection in made:
        connection.close()
    assert soon(lambda: sockets(cluster), before) == before
    assert soon(lambda: sessions(watcher), 0) == 0


@pytest.mark.long
def test_idle_and_busy_clients_together(cluster: Project) -> None:
    idle = [cluster.connect() for _ in range(100)]
    results: list[object] = []

    def work() -> None:
        for _ in range(10):
            results.append(cluster.query("SELECT SUM(n) FROM numbers"))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[(500_500,)]] * 200
    for connection in idle:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
        connection.close()


@pytest.mark.long
def test_million_rows_for_a_slow_reader_do_not_pile_up(cluster: Project) -> None:
    sql = "SELECT a.n, b.n, REPEAT('x', 100) FROM numbers AS a, numbers AS b"
    process = psutil.Process()
    with Wire(cluster) as wire:
        wire.log_in(cluster)
        before = process.memory_info().rss
        wire.send(writing.query(sql))
        assert wire.read()[0] == protocol.ROW_DESCRIPTION
        rows, most = 0, 0
        while (message := wire.read())[0] == protocol.DATA_ROW:
            rows += 1
            if rows % 20_000 == 0:
                most = max(most, process.memory_info().rss - before)
    assert (rows, message[0]) == (1_000_000, protocol.COMMAND_COMPLETE)
    assert most < 30 << 20


def test_loads_share_the_connection_of_their_log(cluster: Project, watcher: Any) -> None:
    cluster.put("rows/1.json", b'{"a": 1}')
    watcher.execute("CREATE TABLE t (a INTEGER)")
    own = "SELECT pid FROM pg_stat_activity WHERE usename = 'rdsdb' AND datname = %s"
    found = set()
    with closing(cluster.standin.postgres.connect()) as superuser, superuser.cursor() as cursor:
        superuser.autocommit = True
        for _ in range(3):
            watcher.execute(copy_statement(cluster))
            cursor.execute(own, (cluster.values["CLUSTER"]["DB_NAME"],))
            found |= {pid for (pid,) in cursor.fetchall()}
        assert len(found) == 1
        # One that was cut meanwhile, as by the end of its cluster, is not missed.
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", (found.pop(),))
    watcher.execute(copy_statement(cluster))
    watcher.execute("SELECT COUNT(*) FROM stl_load_commits WHERE errors = 0")
    assert watcher.fetchone() == (4,)
