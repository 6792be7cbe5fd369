"""quickstart.py with a stdout or a stderr that somebody closed, or that takes no more.

What tests/test_streams.py is for the scripts. The Python of .venv is one that only says what it is
asked to run: nothing is installed, no local AWS starts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# With Python's buffer as it is by default, and without.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
UNBUFFERED = {**BUFFERED, "PYTHONUNBUFFERED": "1"}

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in (
        "quickstart.py", "requirements.txt", "requirements-local.txt", "dwh.cfg.example",
    ):  # fmt: skip
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    return tmp_path


def run(
    clone: Path, words: str, redirection: str, environ: dict[str, str] = BUFFERED
) -> tuple[int, str]:
    """Exit code and stderr of `python quickstart.py WORDS REDIRECTION` in a shell."""
    done = subprocess.run(
        ["sh", "-c", f'"$0" quickstart.py {words} {redirection}', sys.executable],
        cwd=clone, env=environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr


NO_ROOM = (
    "error: cannot write the output: no space left on device\n"
    "next: make room or send it elsewhere, then run the same command again\n"
)


WORDS = [
    pytest.param("", id="the tour"),
    pytest.param("inside", id="within the local AWS"),
    pytest.param("setup", id="setup"),
    pytest.param("--help", id="help"),
]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", "<&- >&-"])
def test_a_stdout_that_is_closed_leads_nowhere(clone: Path, words: str, redirection: str) -> None:
    assert run(clone, words, redirection) == (0, "")


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        pytest.param("", BUFFERED, NO_ROOM, id="the tour"),
        pytest.param("setup", BUFFERED, NO_ROOM, id="setup"),
        pytest.param("setup", UNBUFFERED, NO_ROOM, id="setup, unbuffered"),
        pytest.param("--help", BUFFERED, NO_ROOM, id="help"),
        pytest.param("--help", UNBUFFERED, NO_ROOM, id="help, unbuffered"),
    ],
)
def test_a_full_stdout_is_no_fault_of_the_folder(
    clone: Path, words: str, environ: dict[str, str], message: str
) -> None:
    assert run(clone, words, ">/dev/full", environ) == (1, message)


@pytest.mark.parametrize("words", WORDS)
def test_a_reader_that_is_gone_is_no_failure_to_tell(clone: Path, words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "quickstart.py", *words.split()],
            cwd=clone, env=BUFFERED, stdout=stdout, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")


def test_the_tour_takes_its_configuration_with_it(clone: Path) -> None:
    assert run(clone, "inside", ">/dev/full") == (1, NO_ROOM)
    assert not (clone / "quickstart.cfg").exists()


@pytest.mark.parametrize(
    ("words", "status"), [("setup", 0), ("nonsense", 2), ("setup --nonsense", 2)]
)
def test_talk_that_nobody_takes_is_dropped(clone: Path, words: str, status: int) -> None:
    assert run(clone, words, "2>/dev/full") == (status, "")


@pytest.mark.parametrize("redirection", ["", "2>/dev/full", "2>&-"])
def test_a_folder_that_is_the_cause_is_told(clone: Path, redirection: str) -> None:
    (clone / ".quickstart.lock").mkdir()
    status, told = run(clone, "setup", redirection)
    told_first = "" if redirection else f"error: {clone / '.quickstart.lock'}: is a directory"
    assert (status, told.partition("\n")[0]) == (1, told_first)
