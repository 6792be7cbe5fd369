"""`python -m iac` alone lists its commands, all of them, and says how they are called."""

from __future__ import annotations

import subprocess
import sys

import pytest

from iac import __main__ as overview
from tests.conftest import ROOT


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iac", *words], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_every_command_is_listed() -> None:
    runnable = {
        path.stem
        for path in (ROOT / "iac").glob("[!_]*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert set(overview.COMMANDS) == runnable


def test_help_goes_to_stdout() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n  python -m iac.delete_cluster  everything down again\n" in done.stdout
    assert "\nexample:\n  python -m iac.create_cluster --dry-run\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "error: expected one of these commands, got none\n  python -m iac.create_cluster "),
        (("status",), "error: expected one of these commands, got 'status'\n  python -m iac."),
        (
            ("create_cluster", "--dry-run"),
            "error: iac and the command are joined by a dot:"
            " python -m iac.create_cluster --dry-run\n",
        ),
        (
            ("iac.pause_cluster",),
            "error: iac and the command are joined by a dot: python -m iac.pause_cluster\n",
        ),
    ],
)
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...], told: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
