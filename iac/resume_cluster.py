"""Resume a paused cluster: it takes connections again, and costs money again."""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

from collections.abc import Sequence

import terminal
from iac import cluster_changes
from iac.pause_cluster import change


def main(argv: Sequence[str] | None = None) -> int:
    return change(
        "resume",
        "Resume the paused cluster and wait until it takes connections again.",
        cluster_changes.resume,
        argv,
    )


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
