"""The process that ends PostgreSQL and removes a folder when the stand-in is gone, or killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from standin.child_processes import detached
from standin.postgres.programs import program

# Waits until the pipe from its parent closes: because the parent stops PostgreSQL, or because it
# was killed. Then it ends PostgreSQL (3 = immediate shutdown: a checkpoint of data that is thrown
# away would only take time) and removes the folder.
WATCHDOG = """
import os, shutil, subprocess, sys, time
folder, pg_ctl = sys.argv[1:3]
data = os.path.join(folder, "data")
pid_file = os.path.join(data, "postmaster.pid")
sys.stdin.buffer.read()

def stop(mode, number, seconds):
    try:
        with open(pid_file) as file:
            pid = int(file.readline())
        if os.name == "nt":
            subprocess.call([pg_ctl, "stop", "-D", data, "-m", mode, "-W"])
        else:
            os.kill(pid, number)
    except (OSError, ValueError):
        pass
    deadline = time.monotonic() + seconds
    while os.path.exists(pid_file) and time.monotonic() < deadline:
        time.sleep(0.005)

for mode, number, seconds in (("immediate", 3, 6), ("immediate", 9, 1)):
    if os.path.exists(pid_file):
        stop(mode, number, seconds)
for attempt in range(100):
    shutil.rmtree(folder, ignore_errors=True)
    if not os.path.exists(folder):
        break
    time.sleep(0.05)
"""


def start_watchdog(folder: Path, binaries: Path) -> subprocess.Popen[bytes]:
    """Start the process that stops PostgreSQL and removes `folder` once our end of its pipe closes.

    A pipe closes however its writer ends, also by SIGKILL. The watchdog runs as the present user,
    who may signal the server even when it runs as another one.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", WATCHDOG, folder, program(binaries, "pg_ctl")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder.parent,
        **detached(),
    )
