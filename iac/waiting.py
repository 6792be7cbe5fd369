"""Waiting for AWS: asked often at first, then ever less, and given up after a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar

T = TypeVar("T")

# What takes AWS minutes takes the local AWS a second.
PAUSES_S = (0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0)
LONGEST_PAUSE_S = 10.0


@dataclass(frozen=True)
class Patience:
    """How long to wait, in minutes, and who is told the state meanwhile."""

    minutes: float
    show: Callable[[str], None]

    def looks(self, look: Callable[[], T]) -> Iterator[T]:
        """What `look` returns, at once and then again and again until the time is over."""
        deadline = time.monotonic() + self.minutes * 60
        for pause in chain(PAUSES_S, repeat(LONGEST_PAUSE_S)):
            yield look()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(pause, left))
