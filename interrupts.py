"""Ctrl-C at moments at which Python knows no good end: while it imports, and while it cleans up.

Every script calls `end_at_once` before its other imports; `terminal.run`, which knows what else to
do at Ctrl-C, takes over from it. Exit code 130 and one line, no traceback.
"""

from __future__ import annotations

import os
import signal

EXIT_INTERRUPTED = 130
MESSAGE = "interrupted; run the same command again to complete it"

# The signals that came since `raise_again`.
_came: list[int] = []


def end_at_once() -> None:
    """From now on end the process at Ctrl-C, unless whoever started it has Ctrl-C ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt again, if `end_at_once` had changed that."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, _raise)


def check() -> None:
    """Raise KeyboardInterrupt if a Ctrl-C was lost.

    Python drops what is raised while it drops an object, as it does in the middle of an import; a
    script asks before it begins something else. As Ctrl-C itself it ends the main thread alone.
    """
    import threading

    if _came and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


def _raise(number: int, _: object) -> None:
    _came.append(number)
    raise KeyboardInterrupt


def _end(*_: object) -> None:
    # Nothing has been begun that would have to be ended in order.
    try:
        os.write(2, f"{MESSAGE}\n".encode())
    finally:
        os._exit(EXIT_INTERRUPTED)
