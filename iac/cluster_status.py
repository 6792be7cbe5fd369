"""The state of everything that a load needs, in one screen; exit code 0 when a load would work."""

from __future__ import annotations

from collections.abc import Sequence

import settings as keys
import terminal


def main(argv: Sequence[str] | None = None) -> int:
    arguments = terminal.parser(
        "python -m iac.cluster_status",
        "Check credentials, role, cluster, endpoint, login and tables, and say what mends what.\n"
        "Exit code 0: a load would work; 1: it would not; 2: wrong usage or configuration.",
        "python -m iac.cluster_status --config dwh.cfg",
    ).parse_args(argv)
    settings = keys.load(arguments.config or keys.DEFAULT_PATH)
    from iac import checks
    from sql_queries import STAGING_TABLES, STAR_TABLES

    scene = checks.Scene(settings)
    findings = []
    with terminal.Steps(arguments.quiet) as steps, steps.step("look at everything") as step:
        for check in checks.checks(STAGING_TABLES + STAR_TABLES):
            step.note = check.name
            findings.append(checks.perform(check, scene))
        step.note = f"{len(findings)} checks"
    rows = [(one.check, one.state, one.found, one.remedy) for one in findings]
    title = f"Cluster {settings.cluster_identifier} of {settings.path.name}"
    terminal.print_table(title, ("check", "state", "found", "remedy"), rows)
    failed = sum(finding.state == checks.FAILED for finding in findings)
    print(f"not ready: {failed} failed" if failed else "ready for a load: python etl.py")
    return terminal.EXIT_FAILED if failed else 0


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
