"""The life of one throw-away server: made, started, stopped, removed."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg2

from standin.child_processes import detached
from standin.postgres.account import IS_WINDOWS, unprivileged_account
from standin.postgres.errors import PostgresError
from standin.postgres.folder import make_folder
from standin.postgres.memory import memory_bytes
from standin.postgres.programs import copy_installation, find_binaries, program, runs_as
from standin.postgres.settings import SUPERUSER, environment, settings
from standin.postgres.watchdog import start_watchdog

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
PORT_ATTEMPTS = 5


class Postgres:
    """One throw-away server on 127.0.0.1. `start()` it, `stop()` it; both may be called once."""

    host = "127.0.0.1"
    superuser = SUPERUSER

    def __init__(self) -> None:
        self.port = 0
        self.password = secrets.token_urlsafe(24)
        self._account = unprivileged_account()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Create the data folder and the server; returns when it accepts connections."""
        try:
            self._folder = make_folder(self._account)
            binaries = self._usable_binaries(find_binaries())
            self._watchdog = start_watchdog(self._folder, binaries)
            self._initialise(binaries)
            self._launch(binaries)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down and remove its folder; does nothing when it is not running."""
        if self._watchdog is not None:
            assert self._watchdog.stdin is not None
            self._watchdog.stdin.close()
            _wait_or_kill(self._watchdog, STOP_TIMEOUT_S)
            self._watchdog = None
        if self._process is not None:
            _wait_or_kill(self._process, 1)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def connect(self, database: str = "postgres") -> Any:
        """A new psycopg2 connection as the superuser; PG* variables of the user do not matter."""
        return psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.superuser,
            password=self.password,
            dbname=database,
            sslmode="disable",
            gssencmode="disable",
            options="",
            target_session_attrs="any",
            connect_timeout=20,
        )

    def _usable_binaries(self, binaries: Path) -> Path:
        """The folder of the programs, or a copy of it when the account cannot run them there."""
        if self._account is None or runs_as(self._account, binaries / "initdb"):
            return binaries
        assert self._folder is not None
        return copy_installation(binaries, self._folder, self._account)

    def _initialise(self, binaries: Path) -> None:
        assert self._folder is not None
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if self._account is not None:
            os.chown(password_file, self._account.uid, self._account.gid)
        chosen = settings(memory_bytes()).items()
        result = subprocess.run(
            [
                program(binaries, "initdb"),
                f"--pgdata={self._folder / 'data'}",
                f"--username={self.superuser}",
                f"--pwfile={password_file}",
                "--auth=password",
                "--encoding=UTF8",
                # Byte order and Unicode case rules, like Redshift's.
                "--no-locale",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                "--no-data-checksums",
                "--no-instructions",
                *(f"--set={name}={value}" for name, value in chosen),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self._popen_arguments(),
        )
        password_file.unlink()
        if result.returncode:
            said = result.stdout.decode(errors="replace").strip()
            raise PostgresError(f"initdb failed: {said}{_remedy(said)}")

    def _launch(self, binaries: Path) -> None:
        """Start the server on a free port; another one when somebody took the port meanwhile."""
        for _ in range(PORT_ATTEMPTS):
            self.port = free_port()
            if self._starts(binaries):
                return
        raise PostgresError(f"PostgreSQL did not start: {self._log()}")

    def _starts(self, binaries: Path) -> bool:
        assert self._folder is not None
        data = self._folder / "data"
        with open(self._folder / "postgres.log", "ab") as log:
            self._process = subprocess.Popen(
                server_command(binaries, data, self.port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._popen_arguments(),
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if is_ready(data):
                return True
            if self._process.poll() not in (None, 0):
                return False
            time.sleep(0.005)
        raise PostgresError(f"PostgreSQL did not start in {START_TIMEOUT_S} s: {self._log()}")

    def _log(self) -> str:
        assert self._folder is not None
        return (self._folder / "postgres.log").read_text(errors="replace").strip()[-2000:]

    def _popen_arguments(self) -> dict[str, Any]:
        """An environment of its own; an own session, as Ctrl-C is for the stand-in alone."""
        arguments = {"env": environment(os.environ), "cwd": self._folder, **detached()}
        if self._account is not None:
            arguments |= self._account.popen_arguments
        return arguments


def server_command(binaries: Path, data: Path, port: int) -> list[str]:
    """The command line of the server itself.

    On Windows it goes through pg_ctl, which drops the administrator rights that postgres refuses.
    """
    if IS_WINDOWS:
        return [program(binaries, "pg_ctl"), "start", "-W", "-D", str(data), "-o", f"-p {port}"]
    return [program(binaries, "postgres"), "-D", str(data), "-p", str(port)]


def is_ready(data: Path) -> bool:
    """Whether the server reports in its pid file (line 8) that it accepts connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _remedy(said: str) -> str:
    """What mends an initdb that failed, where that is known."""
    if "could not look up effective user ID" in said:
        return "; give this user id a line in /etc/passwd, or run as a user that has one"
    return ""


def _wait_or_kill(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
