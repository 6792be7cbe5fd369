"""Run etl.py and strike at a chosen moment: end the process, cut a connection, press Ctrl-C.

    python -m tests.interrupting [--attempts N] STRIKE CONNECTION BOUNDARY [FLAGS OF etl.py]

The driver is the real one; its connections count what they send. Boundary N of a connection lies
before its Nth statement or commit, counted from 0. STRIKE `trace` strikes nowhere, it prints every
boundary; with BOUNDARY -1 nothing happens before the signal SIGUSR1 comes.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2 import extensions

import etl
import retries
import terminal

PAUSE_S = 0.05
# Long enough to stand in line for a table.
PATIENCE_S = 0.5
connect = psycopg2.connect


class Strike:
    """What happens at which boundary; once, and to the first connection of that name."""

    def __init__(self, kind: str, name: str, boundary: int) -> None:
        self._act = STRIKES[kind]
        self._name = name
        self._boundary = boundary
        self._lock = threading.Lock()
        self._done = False
        self._latest: Watched | None = None
        self.traces = kind == "trace"

    def at(self, connection: Watched, boundary: int, doing: str) -> None:
        """A connection is at a boundary: trace it, or strike if it is the one."""
        if self.traces:
            # One write: two connections are at work side by side.
            sys.stderr.write(f"{connection.name}:{boundary} {' '.join(doing.split()[:4])}\n")
        if connection.name != self._name:
            return
        self._latest = connection
        if boundary == self._boundary:
            self.now()

    def now(self, *_: object) -> None:
        """Strike at once."""
        with self._lock:
            due, self._done = not self._done, True
        if due and self._latest is not None:
            self._act(self._latest)


class Watched(extensions.connection):
    """A connection that tells `strike` of each boundary."""

    strike: Strike

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.name = str(self.info.dsn_parameters["application_name"])
        self._numbers = itertools.count()

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        return super().cursor(*arguments, cursor_factory=WatchedCursor, **options)

    def commit(self) -> None:
        self.boundary("COMMIT")
        super().commit()

    def boundary(self, doing: str) -> None:
        self.strike.at(self, next(self._numbers), doing)


class WatchedCursor(extensions.cursor):
    """A cursor of a watched connection."""

    def execute(self, query: Any, *arguments: Any) -> None:
        self.connection.boundary(query)
        super().execute(query, *arguments)


def cut(how: int) -> Callable[[Watched], None]:
    """Shut the connection's socket down beneath the driver."""

    def shut(connection: Watched) -> None:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(how)

    return shut


def signalled(number: int) -> Callable[[Watched], None]:
    return lambda connection: os.kill(os.getpid(), number)


def rival(statement: str, patience_s: float | None = None) -> Callable[[Watched], None]:
    """Somebody else runs a statement; who is struck goes on after it, or when patience ends."""

    def work(connection: Watched) -> None:
        with connect(connection.dsn, password=connection.info.password) as other:
            other.cursor().execute(statement)

    def strike(connection: Watched) -> None:
        worker = threading.Thread(target=work, args=(connection,), daemon=True)
        worker.start()
        worker.join(patience_s)

    return strike


# What can happen, and to the connection that is at the boundary.
STRIKES: dict[str, Callable[[Watched], None]] = {
    "kill": signalled(signal.SIGKILL),
    "interrupt": signalled(signal.SIGINT),
    # Nothing passes any more in either direction.
    "cut": cut(socket.SHUT_RDWR),
    # The statement still reaches the server; its reply is lost.
    "deafen": cut(socket.SHUT_RD),
    # What a load does that lost its lock with its connection and does not know it yet.
    "empty": rival("TRUNCATE staging_events"),
    "empty beside": rival("TRUNCATE staging_events", PATIENCE_S),
    "lock beside": rival("LOCK songplays", PATIENCE_S),
    "trace": lambda connection: None,
}


def main() -> int:
    arguments = argparse.ArgumentParser(allow_abbrev=False)
    arguments.add_argument("--attempts", type=int, default=retries.ATTEMPTS)
    arguments.add_argument("strike", choices=STRIKES)
    arguments.add_argument("connection")
    arguments.add_argument("boundary", type=int)
    chosen, flags = arguments.parse_known_args()
    retries.ATTEMPTS, retries.FIRST_PAUSE_S = chosen.attempts, PAUSE_S
    Watched.strike = Strike(chosen.strike, chosen.connection, chosen.boundary)
    signal.signal(signal.SIGUSR1, Watched.strike.now)
    psycopg2.connect = lambda *a, **k: connect(*a, connection_factory=Watched, **k)
    return terminal.run(etl.main, flags)


if __name__ == "__main__":
    raise SystemExit(main())
