"""Starts the stand-in that a benchmark measures, in a process of its own, and ends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scene import Scene
from terminal import Fault

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Served:
    """A stand-in that accepts connections, and how long a user would have waited for it."""

    pid: int
    scene: Scene
    start_seconds: float


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The stand-in over the files in `folder`; Fault when it does not start.

    It shares neither memory nor interpreter with who asks it, and ends when its stdin is closed.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        told = server.stdout.readline()
        if not told:
            raise Fault("the stand-in did not start; its message is above")
        # leaving closes its stdin, whether by an exception or not
        yield Served(server.pid, Scene.from_json(told), float(server.stdout.readline()))
