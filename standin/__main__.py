"""python -m standin: run the local AWS and Redshift, alone or around a command."""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
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
from standin.sample_files import add_flags

PG_PORT, AWS_PORT = 5439, 4566
# On AWS it takes minutes.
CLUSTER_SECONDS = 1.0
EXAMPLES = """\
examples:
  python -m standin                                     run until Ctrl-C
  python -m standin -- python etl.py                    run a command inside, exit with its status
  python -m standin --pg-port 0 --aws-port 0 -- pytest  likewise on any free ports
  python -m standin --s3 udacity-dend=./data            serve your own files as that bucket
  python -m standin --songs 14896                       as many song files as the public set has
"""
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


def split_command(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The stand-in's own arguments, and the command after the first `--`."""
    if "--" not in arguments:
        return arguments, []
    middle = arguments.index("--")
    return arguments[:middle], arguments[middle + 1 :]


def parse(own: list[str]) -> argparse.Namespace:
    """The options; what cannot be meant ends with status 2."""
    parser = make_parser()
    options, rest = parser.parse_known_args(own)
    if rest:
        hint = "" if rest[0].startswith("-") else "; a command to run inside comes after --"
        parser.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
    if options.pg_port == options.aws_port != 0:
        parser.error(f"expected two ports, got {options.pg_port} for --pg-port and --aws-port")
    names = [bucket for bucket, _ in options.s3]
    if len(set(names)) < len(names):
        parser.error(f"expected each bucket of --s3 once, got {', '.join(names)}")
    return options


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
    ready_file.unlink(missing_ok=True)
    standin.start()
    facts = {
        "endpoint_url": standin.endpoint_url,
        "host": standin.host,
        "port": standin.port,
        "ca_file": str(standin.ca_file),
    }
    unfinished = ready_file.with_name(f".{ready_file.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(facts) + "\n")
    unfinished.replace(ready_file)
    try:
        yield
    finally:
        ready_file.unlink(missing_ok=True)


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
        status = child.wait()
    return status if status >= 0 else 128 - status


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
    if options.ready_file is not None and error.filename is not None:
        reason = (error.strerror or str(error)).lower()
        return f"cannot write {error.filename}: {reason}; name another with --ready-file"
    return str(error)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m standin",
        usage="%(prog)s [options] [-- COMMAND ...]",
        description="A local AWS (S3, IAM, STS, EC2, Redshift API) and a local Amazon Redshift. "
        "With a COMMAND, runs it inside (environment set) and exits with its status.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listening = parser.add_argument_group("where it listens (127.0.0.1 only)")
    listening.add_argument(
        "--pg-port", type=_port, default=PG_PORT, metavar="N", help=f"Redshift; default {PG_PORT}"
    )
    listening.add_argument(
        "--aws-port", type=_port, default=AWS_PORT, metavar="N", help=f"AWS; default {AWS_PORT}"
    )
    listening.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="written when everything accepts connections: JSON with endpoint_url, host, port, "
        "ca_file; removed at the end",
    )
    parser.add_argument(
        "--cluster-seconds",
        type=_seconds,
        default=CLUSTER_SECONDS,
        metavar="S",
        help="how long a cluster takes to be created, paused, deleted; "
        f"default {CLUSTER_SECONDS:g}",
    )
    data = parser.add_argument_group("what its S3 holds")
    data.add_argument(
        "--s3",
        type=_bucket_folder,
        action="append",
        default=[],
        metavar="BUCKET=FOLDER",
        help="serve a folder as a bucket, read only; may be repeated",
    )
    add_flags(data)
    return parser


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


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d*)?", text):
        raise argparse.ArgumentTypeError(f"expected seconds from 0, got {text!r}")
    return float(text)


def _bucket_folder(text: str) -> tuple[str, Path]:
    """A bucket name by S3's rules and a folder that exists."""
    bucket, equals, folder = text.partition("=")
    if not equals or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise argparse.ArgumentTypeError(
            f"expected BUCKET=FOLDER with a bucket name of 3 to 63 small letters, digits, "
            f"dots and hyphens, got {text!r}"
        )
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder that exists, got {folder!r}")
    if not os.access(path, os.R_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"expected a folder that can be read, got {folder!r}")
    return bucket, path.resolve()


if __name__ == "__main__":
    sys.exit(main())
