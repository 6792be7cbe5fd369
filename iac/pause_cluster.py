"""Pause the cluster between sessions: its data stays and only their storage costs money."""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

from collections.abc import Callable, Sequence

import settings as keys
import terminal
from iac import cluster_changes
from iac.clients import Aws, explained
from iac.create_cluster import add_timeout, patience
from iac.waiting import Patience


def main(argv: Sequence[str] | None = None) -> int:
    return change(
        "pause",
        "Pause the cluster and wait until it is paused: nobody can connect, and no node costs\n"
        "money. python -m iac.resume_cluster brings it back.",
        cluster_changes.pause,
        argv,
    )


def change(
    verb: str, summary: str, do: Callable[[Aws, Patience], str], argv: Sequence[str] | None
) -> int:
    """The script that pauses or resumes."""
    parser = terminal.parser(
        f"python -m iac.{verb}_cluster", summary, f"python -m iac.{verb}_cluster --timeout 60"
    )
    add_timeout(parser)
    arguments = parser.parse_args(argv)
    settings = keys.load(arguments.config or keys.DEFAULT_PATH)
    with terminal.Steps(arguments.quiet) as steps, explained(settings):
        name = settings.cluster_identifier
        with steps.step(f"{verb} {name}") as step:
            step.note = done = do(Aws(settings), patience(arguments.timeout, step))
    print(f"{name} is {done}")
    return 0


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
