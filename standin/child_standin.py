"""A stand-in in a process of its own that ends with the process that started it.

moto's state then is not that of the starter, and clients that keep the GIL while they wait for an
answer (psycopg2's cancel()) can be used beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent


class ChildStandin:
    """A running stand-in, as a context manager; the facts are those of Standin."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.endpoint_url = ""
        self.host = ""
        self.port = 0
        self.ca_file = Path()
        self.environ: dict[str, str] = {}

    def start(self) -> None:
        """Return when everything accepts connections; RuntimeError when it could not start."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": _python_path()},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("the stand-in did not start: expected its address, its words above")
        facts = json.loads(line)
        self.endpoint_url, self.host, self.port = (
            facts["endpoint_url"],
            facts["host"],
            facts["port"],
        )
        self.ca_file, self.environ = Path(facts["ca_file"]), facts["environ"]

    def stop(self) -> None:
        """Stop it and remove every trace of it; harmless when nothing runs."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def __enter__(self) -> ChildStandin:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def main() -> None:
    """In the child: run until standard input ends, as it does when the starter has gone."""
    import signal

    from standin import Standin

    # A terminal's Ctrl-C reaches the starter, too, which may still need us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Standin(sample=False) as standin:
        facts = {
            "endpoint_url": standin.endpoint_url,
            "host": standin.host,
            "port": standin.port,
            "ca_file": str(standin.ca_file),
            "environ": standin.environ,
        }
        print(json.dumps(facts), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
