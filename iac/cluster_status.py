"""The state of everything that a load needs, in one screen; exit code 0 when a load would work."""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import hints
import settings as keys
import terminal

if TYPE_CHECKING:
    from iac.checks import Finding


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    settings = keys.load(arguments.config or keys.DEFAULT_PATH)
    from iac import checks

    with terminal.Steps(arguments.quiet) as steps:
        findings = look(settings, steps)
    failed = sum(finding.state == checks.FAILED for finding in findings)
    if arguments.json:
        facts = {"cluster": settings.cluster_identifier, "ready": not failed}
        print(json.dumps({**facts, "checks": [asdict(one) for one in findings]}, indent=2))
    else:
        rows = [(one.check, one.state, one.found, one.remedy) for one in findings]
        title = f"Cluster {settings.cluster_identifier} of {settings.path.name}"
        terminal.print_table(title, ("check", "state", "found", "remedy"), rows)
        ready = hints.runnable("ready for a load: python etl.py")
        print(f"not ready: {failed} failed" if failed else ready)
    return terminal.EXIT_FAILED if failed else 0


def look(settings: keys.Settings, steps: terminal.Steps) -> list[Finding]:
    """Perform every check."""
    from iac import checks
    from sql_queries import STAGING_TABLES, STAR_TABLES

    scene = checks.Scene(settings)
    findings = []
    with steps.step("look at everything") as step:
        for check in checks.checks(settings, STAGING_TABLES + STAR_TABLES):
            step.note = check.name
            findings.append(checks.perform(check, scene))
        step.note = f"{len(findings)} checks"
    return [
        replace(one, found=hints.runnable(one.found), remedy=hints.runnable(one.remedy))
        for one in findings
    ]


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser(
        "python -m iac.cluster_status",
        "Check account, cluster, role, S3, network, login and tables, and say what mends what.\n"
        "Exit code 0: a load would work; 1: it would not; 2: wrong usage or configuration.",
        "python -m iac.cluster_status --config dwh.cfg\n"
        "python -m iac.cluster_status --json | jq '.checks[] | select(.state == \"failed\")'",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
