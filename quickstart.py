"""From a fresh clone to a loaded warehouse, or to the tests, in one command.

Needs Python 3.10 or newer and nothing else: no AWS account, no Docker, no root, no compiler.

    python3 quickstart.py          a tour: cluster, tables, load, answers, tear-down
    python3 quickstart.py test     the tests (arguments after it go to pytest)
    python3 quickstart.py setup    only what both need: .venv with the packages
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TextIO

OLDEST_PYTHON = (3, 10)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-local.txt")
INSTALLED = VENV / "installed.sha256"
LOCK = ROOT / ".quickstart.lock"
# A configuration of the tour's own: it must not write into a dwh.cfg that points at AWS.
CONFIG = "quickstart.cfg"
# What the tour leaves for the reader: open it in a browser.
REPORT = "report.html"

# How the tour calls itself within the local AWS; nothing for a person to type.
INSIDE = "inside"

# Two processes, each with a local AWS of its own.
SIDE_BY_SIDE = ("-n", "2", "--dist", "worksteal")

FIRST_QUESTIONS = (
    "--question",
    "totals",
    "--question",
    "top-songs",
    "--question",
    "plays-by-level",
)
TOUR = (
    ("a cluster, and the role that lets it read S3", ("-m", "iac.create_cluster")),
    ("the staging tables and the star", ("create_tables.py",)),
    ("the files in S3, into staging and from there into the star", ("etl.py",)),
    ("would a load work?", ("-m", "iac.cluster_status")),
    ("a first look at the answers", ("analytics.py", *FIRST_QUESTIONS)),
    ("all 19 answers as one page", ("analytics.py", "--report", REPORT)),
    ("everything down again", ("-m", "iac.delete_cluster", "--yes")),
)

WHERE_NEXT = """
That was Amazon Redshift as far as the scripts can tell: the same statements, the same protocols.

next  report.html                                          the answers, in your browser
      python3 quickstart.py test                           the tests
      .venv/bin/python -m standin                          the local AWS, to try things by hand
      .venv/bin/python etl.py --help                       any script explains itself
      README.md, "On AWS"                                  the same scripts on a real cluster
"""


def main() -> int:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return fail(f"Python {wanted} or newer is needed, this is {sys.version.split()[0]}")
    parser = Parser(
        prog="python3 quickstart.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what", nargs="?", default="tour", metavar="tour|test|setup", help="default: tour"
    )
    arguments, rest = parser.parse_known_args()
    if arguments.what not in ("tour", "test", "setup", INSIDE):
        parser.error(f"expected tour, test or setup, got {arguments.what!r}")
    if rest and arguments.what != "test":
        parser.error("unrecognized arguments: " + " ".join(rest))
    if arguments.what == INSIDE:
        return tour()
    with alone():
        problem = set_up()
        if problem:
            return fail(problem)
        if arguments.what == "test":
            return run(str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, *rest)
        if arguments.what == "tour":
            return tour_in_local_aws()
    return 0


def fail(message: str) -> int:
    tell(f"error: {message}")
    return 1


@contextmanager
def alone() -> Iterator[None]:
    """Hold a lock on this folder: two quickstarts at once take turns. It ends with the process."""
    with open(LOCK, "w") as lock:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell("another quickstart runs in this folder; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up() -> str:
    """Make .venv and install the packages, unless that is done; return what went wrong, or ''."""
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text() == wanted and works():
        return ""
    started = time.monotonic()
    if not works():
        say(f"$ {Path(sys.executable).name} -m venv .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        if run(sys.executable, "-m", "venv", str(VENV), quiet=True) or not works():
            shutil.rmtree(VENV, ignore_errors=True)
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            return (
                f"{sys.executable} cannot make a virtual environment;"
                f" on Debian and Ubuntu: apt install python{version}-venv"
            )
    say(f"$ {PYTHON.relative_to(ROOT)} -m pip install -r requirements-local.txt")
    pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    if run(*pip, "-r", str(REQUIREMENTS[-1])):
        return "pip could not install the packages; its own words are above"
    INSTALLED.write_text(wanted)
    say(f"  installed in {time.monotonic() - started:.0f} s")
    return ""


def works() -> bool:
    try:
        return PYTHON.exists() and not run(str(PYTHON), "-c", "import pip", quiet=True)
    except PermissionError:
        return False


def tour_in_local_aws() -> int:
    """Run the tour inside the local AWS, which ends with it."""
    say("$ python -m standin                     # a local AWS, on free ports")
    ports = ("--pg-port", "0", "--aws-port", "0")
    inner = (str(PYTHON), str(ROOT / "quickstart.py"), INSIDE)
    return run(str(PYTHON), "-m", "standin", *ports, "--", *inner)


def tour() -> int:
    """Run each command of the tour as a person would type it; stop at the first that fails."""
    config = ROOT / CONFIG
    shutil.copyfile(ROOT / "dwh.cfg.example", config)
    try:
        for purpose, words in TOUR:
            command = (*words, "--config", CONFIG)
            say(f"\n# {purpose}\n$ python {' '.join(command)}")
            status = run(str(PYTHON), *command)
            if status:
                return status
    finally:
        config.unlink(missing_ok=True)
    put(f"{WHERE_NEXT}\n")
    return 0


class Parser(argparse.ArgumentParser):
    """One that speaks as the rest does: the words of older Pythons fail with their stream."""

    def print_help(self, file: object = None) -> None:
        put(self.format_help())

    def error(self, message: str) -> NoReturn:
        tell(f"{self.format_usage()}{self.prog}: error: {message}")
        self.exit(2)


class Untaken(Exception):
    """stdout takes no more: its reader is gone, or its disk is full."""

    def __init__(self, error: OSError) -> None:
        self.error = error


def say(text: str) -> None:
    emphasised = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.name != "nt"
    put(f"\033[1m{text}\033[0m\n" if emphasised else f"{text}\n")


def put(text: str) -> None:
    if error := hindrance(sys.stdout, text):
        raise Untaken(error)


def tell(text: str) -> None:
    """Say on stderr; talk that nobody takes is dropped."""
    hindrance(sys.stderr, f"{text}\n")


def hindrance(stream: TextIO, text: str = "") -> OSError | None:
    """Write a text and all that waits before it; what the stream does not take leads nowhere.

    At exit Python would tell it again, as a crash.
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        lead_nowhere(stream.fileno())
        return error
    return None


def lead_nowhere(descriptor: int) -> None:
    """Let what is written there be dropped, by the commands that are run from here, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    os.set_inheritable(descriptor, True)


def open_closed_streams() -> None:
    """Let a stream that the caller has closed (`>&-`) lead nowhere."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            lead_nowhere(descriptor)
            stream = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
            setattr(sys, name, stream)


def run(*command: str, quiet: bool = False) -> int:
    """Run a command in the project's folder and return its exit status.

    Interrupted, it gives the command the time to tidy up behind itself, then raises.
    """
    output = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        while process.poll() is None:
            with suppress(KeyboardInterrupt):
                process.wait()
        raise
    return 128 - status if status < 0 else status


def guarded_main() -> int:
    """Call `main`; what ends it early is an exit code and at most one message.

    Streams that are gone are treated as streams.py treats those of the scripts.
    """
    open_closed_streams()
    try:
        return main()
    except Untaken as untaken:
        if isinstance(untaken.error, BrokenPipeError):
            return 1
        return fail(
            f"cannot write the output: {reason(untaken.error)}\n"
            "next: make room or send it elsewhere, then run the same command again"
        )
    except OSError as error:
        # The folder is somebody else's, or full.
        return fail(
            f"{error.filename or ROOT}: {reason(error)}\n"
            "next: it needs a folder that you may write to, and room for .venv in it"
        )
    except KeyboardInterrupt:
        return 130


def reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(guarded_main())
