"""stdout and stderr that somebody closed, or that take no more: what the scripts make of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, event, song
from tests.test_star import star

# With Python's buffer as it is by default.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


def run(script: str, redirection: str, project: Project | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `python SCRIPT REDIRECTION` in a shell."""
    config = f'--config "{project.config}"' if project else ""
    environ = project.standin.environ if project else {}
    done = subprocess.run(
        ["sh", "-c", f'"$0" {script} {config} {redirection}', sys.executable],
        cwd=ROOT,
        env={**BUFFERED, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_talk_that_nobody_takes_undoes_no_load(project: Project) -> None:
    project.put_events(event())
    project.put_songs(song())
    assert run("create_tables.py", "2>/dev/full", project)[0] == 0
    status, told, _ = run("etl.py", "2>/dev/full", project)
    assert (status, "songplays" in told) == (0, True)
    assert len(star(project)["songplays"]) == 1


@pytest.mark.parametrize(
    ("script", "redirection", "status", "message"),
    [
        ("etl.py --config none", "2>/dev/full", 2, ""),
        ("etl.py --help", ">/dev/full", 1, ""),
        ("etl.py --help | exit 3", "", 3, ""),
        ("etl.py --unknown", "2>/dev/full", 2, ""),
    ],
)
def test_what_is_left_when_nothing_is_taken(
    script: str, redirection: str, status: int, message: str
) -> None:
    assert run(script, redirection) == (status, "", message)


def test_an_error_is_told_after_the_results(project: Project) -> None:
    project.create_tables()
    status, told, _ = run("analytics.py --compare public", "2>&1", project)
    table, _, error = told.partition("error: ")
    assert (status, error.splitlines()[0]) == (1, "9 of 9 figures differ")
    assert "plays of the top song" in table
    status, _, alone = run("analytics.py --compare public", ">/dev/full", project)
    assert (status, alone) == (1, f"error: {error}")
