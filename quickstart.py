"""From a fresh clone to a loaded warehouse, or to the tests, in one command.

Needs Python 3.10 or newer and nothing else: no AWS account, no Docker, no root, no compiler.

    python3 quickstart.py          a tour: cluster, tables, load, answers, tear-down
    python3 quickstart.py test     the tests (arguments after it go to pytest)
    python3 quickstart.py setup    only what both need: .venv with the packages
"""

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
    parser = argparse.ArgumentParser(
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
    print(f"error: {message}", file=sys.stderr)
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
                print("another quickstart runs in this folder; waiting for it", file=sys.stderr)
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
    print(WHERE_NEXT)
    return 0


def say(text: str) -> None:
    emphasised = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.name != "nt"
    print(f"\033[1m{text}\033[0m" if emphasised else text, flush=True)


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


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except OSError as error:
        # The folder is somebody else's, or full.
        reason = (error.strerror or str(error)).lower()
        sys.exit(
            fail(
                f"{error.filename or ROOT}: {reason}\n"
                "next: it needs a folder that you may write to, and room for .venv in it"
            )
        )
    except KeyboardInterrupt:
        sys.exit(130)
