"""Ctrl-C while a script still imports: one line and exit code 130, whichever script it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Python imports this at its start. The signal comes in the middle of a script's imports: when the
# module `terminal` is looked for, which each of them needs.
STRIKE = """
import os, signal, sys

class Strike:
    def find_spec(self, name, path=None, target=None):
        if name == "terminal":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Strike())
"""

SCRIPTS = [
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for path in [*ROOT.glob("*.py"), *(ROOT / "iac").glob("*.py")]
    if re.search(r"^    raise SystemExit\(terminal\.run\(main\)\)", path.read_text(), re.MULTILINE)
]


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    (folder / "sitecustomize.py").write_text(STRIKE)
    words = ["-m", script] if script.startswith("iac.") else [f"{script}.py"]
    return subprocess.run(
        [sys.executable, *words, "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there at once")
@pytest.mark.parametrize("script", SCRIPTS)
def test_during_the_imports(tmp_path: Path, script: str) -> None:
    done = run(tmp_path, script)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted; run the same command again to complete it\n"


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there at once")
def test_not_where_it_is_ignored() -> None:
    """A job in the background of a shell: Ctrl-C is meant for somebody else."""
    program = (
        "import signal, interrupts; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "interrupts.end_at_once(); interrupts.raise_again(); signal.raise_signal(signal.SIGINT)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# Python drops what is raised while an object is dropped.
LOST = """
import interrupts
interrupts.end_at_once()
import signal, weakref
import terminal

class Object: ...

def main(argv):
    dropped = Object()
    watch = weakref.ref(dropped, lambda _: signal.raise_signal(signal.SIGINT))
    del dropped
    with terminal.Steps() as steps, steps.step("load"):
        print("loaded")
    return 0

raise SystemExit(terminal.run(main))
"""

# What a script has under way is ended in order.
TIDY = """
import interrupts
interrupts.end_at_once()
import signal
import terminal

def main(argv):
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        print("tidied up", flush=True)

raise SystemExit(terminal.run(main))
"""


@pytest.mark.parametrize(
    ("program", "told"), [(LOST, ""), (TIDY, "tidied up\n")], ids=["lost", "under way"]
)
def test_after_the_imports(program: str, told: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, told)
    assert done.stderr.endswith("interrupted; run the same command again to complete it\n")


def test_where_nobody_reads_the_line() -> None:
    program = "import signal, interrupts; interrupts.end_at_once();" + (
        "signal.raise_signal(signal.SIGINT)"
    )
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as stderr:
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=stderr)
    assert done.returncode == 130


def test_every_script_is_tried() -> None:
    assert {"etl", "create_tables", "analytics", "compact", "iac.create_cluster"} <= set(SCRIPTS)
