"""stdout and stderr of a script: they take any text, and whoever reads them may go at any time.

Results that nobody takes end a script. Talk that nobody takes is dropped: a full disk under the log
of a load is no reason to undo the load.
"""

from __future__ import annotations

import io
import os
import sys
from typing import IO


class _Talk(io.TextIOWrapper):
    """A stderr that drops what cannot be written, and everything after it."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            abandon(self)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            abandon(self)


def prepare() -> None:
    """Make stdout and stderr take any text, wherever they lead.

    A pipe or a file gets UTF-8 whatever the locale, so that --csv and --json are the same
    everywhere; a terminal keeps its encoding, with escapes for what that cannot say. A stream that
    the caller has closed (`>&-`) leads nowhere.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _Talk(
            os.fdopen(sys.stderr.fileno(), "wb", closefd=False),
            encoding=sys.stderr.encoding,
            errors=sys.stderr.errors,
            line_buffering=True,
        )


def flush_results() -> bool:
    """Have stdout take all that it was given; False when it does not, and what is left is dropped.

    At exit Python would tell a failure as a crash; and an error is told after the results.
    """
    try:
        sys.stdout.flush()
    except OSError:
        abandon(sys.stdout)
        return False
    return True


def abandon(stream: IO[str]) -> None:
    """Send what the stream has not been rid of nowhere, or its end would be told again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
