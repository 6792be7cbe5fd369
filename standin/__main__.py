"""python -m standin: run the local AWS and Redshift, alone or around a command."""

from __future__ import annotations

import argparse
import gc
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from standin import Standin
from standin.command_line import parse, split_command

# Of the environment of a command, what a person needs in a shell of their own.
EXPORTED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "DWH_AWS_ENDPOINT_URL",
    "DWH_AWS_CA_FILE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
)
FORWARDED = [
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
]
STOPPING = [number for number in FORWARDED if number.name in ("SIGTERM", "SIGHUP")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stand-in as the command line says; the exit status."""
    own, command = split_command(list(sys.argv[1:] if arguments is None else arguments))
    options = parse(own)
    if command and shutil.which(command[0]) is None:
        print(f"standin: command not found: {command[0]}", file=sys.stderr)
        return 127
    try:
        return serve(options, dict(options.s3), command)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        print(f"standin: {explain(error, options)}", file=sys.stderr)
        return 1
    except RuntimeError as error:
        from standin.postgres import PostgresError

        if not isinstance(error, PostgresError):
            raise
        print(f"standin: {error}", file=sys.stderr)
        return 1


def serve(options: argparse.Namespace, buckets: dict[str, Path], command: list[str]) -> int:
    """Run the stand-in until the command ends or, without one, until a signal."""
    standin = Standin(
        pg_port=options.pg_port,
        aws_port=options.aws_port,
        s3=buckets,
        songs=options.songs,
        events=options.events,
        seed=options.seed,
        cluster_delay=options.cluster_seconds,
    )
    # Signals are noted, not raised: an exception out of nowhere could get lost in a callback of
    # an import, or interrupt the clean-up.
    noted: SimpleQueue[int] = SimpleQueue()
    with handling([signal.SIGINT, *STOPPING], lambda number, frame: noted.put(number)):
        try:
            with announced(standin, options.ready_file):
                # Nothing of this is garbage: a COPY makes objects fast enough to have the collector
                # look through all of it again and again.
                gc.freeze()
                if command and noted.empty():
                    return run_command(command, standin.child_environ())
                if noted.empty():
                    print(describe(standin), flush=True)
                return 128 + next_signal(noted)
        finally:
            standin.stop()


def next_signal(noted: SimpleQueue[int]) -> int:
    """Wait for a signal. In short turns: Windows handles Ctrl-C only between them."""
    while True:
        with suppress(Empty):
            return noted.get(timeout=0.5)


@contextmanager
def announced(standin: Standin, ready_file: Path | None) -> Iterator[None]:
    """Start, with a ready file that exists exactly while everything accepts connections."""
    if ready_file is None:
        standin.start()
        yield
        return
    with blamed(ready_file):
        ready_file.unlink(missing_ok=True)
    standin.start()
    facts = {
        "endpoint_url": standin.endpoint_url,
        "host": standin.host,
        "port": standin.port,
        "ca_file": str(standin.ca_file),
    }
    unfinished = ready_file.with_name(f".{ready_file.name}.{os.getpid()}")
    with blamed(ready_file):
        unfinished.write_text(json.dumps(facts) + "\n")
        unfinished.replace(ready_file)
    try:
        yield
    finally:
        ready_file.unlink(missing_ok=True)


@contextmanager
def blamed(ready_file: Path) -> Iterator[None]:
    """Name the ready file, and its flag, in whatever fails within."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OSError(
            f"cannot write {ready_file}: {reason}; name another with --ready-file"
        ) from error


def run_command(command: list[str], environ: dict[str, str]) -> int:
    """Run a command, passing on the signals that this process gets; its exit status."""
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        # A terminal sends Ctrl-C to the command as well: twice could interrupt its clean-up.
        elif number != signal.SIGINT or not _has_terminal():
            with suppress(OSError):
                child.send_signal(number)

    with handling([signal.SIGINT, *FORWARDED], forward):
        try:
            child = subprocess.Popen(command, env=environ)
        except OSError as error:
            print(f"standin: cannot run {command[0]}: {error.strerror}", file=sys.stderr)
            return 126
        for number in early:
            child.send_signal(number)
        status = _ended(child)
    return status if status >= 0 else 128 - status


def _ended(child: subprocess.Popen[bytes]) -> int:
    """Wait for its end, in short turns: a signal may reach another thread, and end no wait here."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(timeout=0.5)


def describe(standin: Standin) -> str:
    """Where everything listens, and the lines that point a shell at it."""
    exports = "\n".join(
        f"  export {name}={shlex.quote(standin.environ[name])}" for name in EXPORTED
    )
    return f"""\
AWS       {standin.endpoint_url}  (S3, IAM, STS, EC2, Redshift API)
Redshift  {standin.host}:{standin.port}  (after a create_cluster; TLS, CA in {standin.ca_file})

In another shell:
{exports}

Ctrl-C ends it; nothing is kept."""


def explain(error: OSError, options: argparse.Namespace) -> str:
    """An error of the start in one line, with the flag to change."""
    flags = {options.pg_port: "--pg-port", options.aws_port: "--aws-port"}
    flag = flags.get(getattr(error, "port", None))
    if flag is not None:
        return f"{error}; stop what listens there or take another with {flag} (0 = any free one)"
    return str(error)


@contextmanager
def handling(
    numbers: Sequence[signal.Signals], handler: Callable[..., object] | signal.Handlers
) -> Iterator[None]:
    """Handle these signals so within the block; what nohup and the like ignore stays ignored."""
    heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _has_terminal() -> bool:
    """Is this process in the foreground of a terminal, whose Ctrl-C reaches the command too?"""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return os.name == "nt"


if __name__ == "__main__":
    sys.exit(main())
