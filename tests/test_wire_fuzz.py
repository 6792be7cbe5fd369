"""Random bytes on the database port: nobody else notices, and nothing is left of who sent them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from conftest import Project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire import SYNC, Wire

from standin.sqlerror import SqlError
from standin.wire import protocol, reading, writing
from standin.wire.protocol import ProtocolError

SQL = (b"SELECT 1", b"SELECT", b"COPY t FROM 's3://b/k' IAM_ROLE default", b"BEGIN", b"", b"'",
       b"/*", b"TRUNCATE t", b"SELECT '\xff'", b"CREATE TEMP TABLE x (a INTEGER)")  # fmt: skip
KNOWN_CODES = (b"Q", b"P", b"B", b"D", b"E", b"C", b"H", b"S", b"F", b"d", b"c", b"f", b"p")
BODIES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(SQL).map(lambda sql: sql + b"\0"),
    st.sampled_from(SQL).map(lambda sql: b"\0" + sql + b"\0\0\0"),
    st.sampled_from([b"\0\0\0\0\0\0\0\0", b"\0\0\0\0\0", b"P\0", b"S\0", b"\0\0\0\1\0\1\0\1\xff"]),
)
WHOLE = st.builds(writing.message, st.sampled_from(KNOWN_CODES), BODIES)
TORN = st.builds(
    lambda code, length, body: code + struct.pack("!i", length) + body,
    st.one_of(st.sampled_from(KNOWN_CODES), st.binary(min_size=1, max_size=1)),
    st.one_of(st.integers(-5, 40), st.sampled_from([2**31 - 1, -(2**31)])),
    BODIES,
)
CONVERSATIONS = st.lists(st.one_of(WHOLE, WHOLE, TORN, st.just(SYNC)), max_size=6).map(b"".join)


@pytest.fixture
def bystander(project: Project) -> Iterator[Wire]:
    """A session with an open transaction, which must stay what it is."""
    with Wire(project) as wire:
        wire.log_in(project)
        wire.send(writing.query("CREATE TABLE t (a INTEGER); BEGIN; INSERT INTO t VALUES (7)"))
        wire.read_until_ready()
        yield wire


def tries(request: pytest.FixtureRequest, few: int) -> settings:
    thorough = bool(request.config.getoption("--long"))
    return settings(
        max_examples=few * 200 if thorough else few,
        derandomize=not thorough,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def check(bystander: Wire) -> None:
    bystander.send(writing.query("SELECT a FROM t"))
    answers = bystander.read_until_ready()
    assert (b"D", b"\0\1\0\0\0\1" + b"7") in answers
    assert answers[-1] == (protocol.READY_FOR_QUERY, protocol.IN_TRANSACTION)


def test_random_messages_of_a_session(
    project: Project, bystander: Wire, request: pytest.FixtureRequest
) -> None:
    @tries(request, 20)
    @given(CONVERSATIONS)
    def holds(data: bytes) -> None:
        with Wire(project) as wire, suppress(OSError, EOFError):
            wire.log_in(project)
            wire.send(data, writing.message(protocol.TERMINATE))
            # half of them would wait for the rest of a message
            wire.socket.settimeout(0.02)
            while wire.socket.recv(4096):
                pass
        check(bystander)

    holds()
    with closing(project.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        counts = []
        while not counts or (counts[-1] > 2 and len(counts) < 5000):
            cursor.execute(sessions)
            counts += cursor.fetchone()
        assert counts[-1] == 2


def test_random_bytes_before_the_login(
    project: Project, bystander: Wire, request: pytest.FixtureRequest
) -> None:
    @tries(request, 30)
    @given(st.one_of(st.binary(max_size=40), TORN, CONVERSATIONS))
    def holds(data: bytes) -> None:
        with (
            socket.create_connection(("127.0.0.1", project.standin.port), timeout=0.02) as plain,
            suppress(OSError),
        ):
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):
                pass
        check(bystander)

    holds()


def test_the_reader_of_messages_raises_nothing_else(request: pytest.FixtureRequest) -> None:
    readers = (
        reading.parse_parse,
        reading.parse_query,
        lambda body: protocol.message_length(body.ljust(5, b"\0"), 1 << 20),
        lambda body: protocol.startup_length(body.ljust(4, b"\0")),
    )

    @tries(request, 100)
    @given(st.sampled_from(readers), st.one_of(st.binary(max_size=40), BODIES))
    def holds(read: object, data: bytes) -> None:
        assert callable(read)
        with suppress(ProtocolError, SqlError):
            read(data)

    holds()
