"""`python -m iac` alone: which commands there are."""

from __future__ import annotations

import sys

COMMANDS = {
    "create_cluster": "make the role, the security group and the cluster; costs money",
    "cluster_status": "would a load work? if not, what mends it",
    "pause_cluster": "keep the cluster, pay for its storage only",
    "resume_cluster": "bring a paused cluster back",
    "delete_cluster": "everything down again",
}
EXAMPLE = """
example:
  python -m iac.create_cluster --dry-run
  python -m iac.create_cluster --help"""


def main(words: list[str]) -> int:
    """0 when help was asked for, else 2 (wrong usage)."""
    if words in (["--help"], ["-h"]):
        print(overview())
        return 0
    name = words[0].removeprefix("iac.") if words else ""
    if name in COMMANDS:
        meant = " ".join([f"python -m iac.{name}", *words[1:]])
        print(f"error: iac and the command are joined by a dot: {meant}", file=sys.stderr)
    else:
        came = repr(words[0]) if words else "none"
        print(f"error: expected one of these commands, got {came}", file=sys.stderr)
        print(overview(), file=sys.stderr)
    return 2


def overview() -> str:
    """Every command with what it is for, and an example."""
    lines = [f"  python -m iac.{name:<16}{purpose}" for name, purpose in COMMANDS.items()]
    return "\n".join([*lines, EXAMPLE])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
