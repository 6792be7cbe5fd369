"""Make the role and the cluster, wait for the cluster, write where it is into dwh.cfg.

Each step finds what is there already: run it again after an interruption, or at any time.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import settings as keys
import terminal
from iac import cluster, config_file, role, rules
from iac.clients import Aws, explained
from iac.cluster import Description, Patience

DEFAULT_MINUTES = 30.0
LONGEST_MINUTES = 24 * 60.0

REQUIRED = (keys.DB_PASSWORD, keys.LOG_DATA, keys.LOG_JSONPATH, keys.SONG_DATA)


def main(argv: Sequence[str] | None = None) -> int:
    parser = terminal.parser(
        "python -m iac.create_cluster",
        "Make the IAM role and the Redshift cluster that the configuration describes, wait until\n"
        "the cluster is available and write ARN, HOST and DB_PORT into the configuration.\n"
        "What exists is kept. A cluster costs money from now until it is deleted.",
        "python -m iac.create_cluster\npython -m iac.create_cluster --config my.cfg --timeout 60",
    )
    add_timeout(parser)
    arguments = parser.parse_args(argv)
    with terminal.Steps(arguments.quiet) as steps:
        settings = _configuration(arguments.config, steps)
        with explained(settings):
            made, arn = create(Aws(settings), steps, arguments.timeout)
        _write(settings, made, arn, steps)
    _report(settings, made, arn)
    option = f" --config {arguments.config}" if arguments.config else ""
    print(f"next: python create_tables.py{option}")
    return 0


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """The flag that says how long to wait for the cluster."""
    parser.add_argument(
        "--timeout",
        metavar="MINUTES",
        type=_minutes,
        default=DEFAULT_MINUTES,
        help=f"how long to wait for the cluster (default: {DEFAULT_MINUTES:g})",
    )


def create(aws: Aws, steps: terminal.Steps, minutes: float) -> tuple[Description, str]:
    """Get or create role and cluster; the available cluster and the ARN of its role."""
    settings = aws.settings
    with steps.step("AWS account") as step:
        step.note = f"{aws.account.number} {aws.account.user}, {settings.region}"
    with steps.step(f"role {settings.iam_role_name}") as step:
        arn, step.note = role.ensure(aws)
    with steps.step(f"cluster {settings.cluster_identifier}") as step:
        step.note = cluster.ensure(aws, arn, patience(minutes, step))
    with steps.step("wait until it is available") as step:
        made = cluster.wait_until_available(aws, patience(minutes, step))
    with steps.step("role attached to the cluster") as step:
        step.note = cluster.attach(aws, made, arn, patience(minutes, step))
    return made, arn


def _configuration(path: Path | None, steps: terminal.Steps) -> keys.Settings:
    with steps.step("configuration") as step:
        if path is None and not keys.DEFAULT_PATH.exists():
            config_file.copy_example()
            step.note = f"{keys.DEFAULT_PATH.name} made from {keys.EXAMPLE_PATH.name}"
        settings = keys.load(path or keys.DEFAULT_PATH, REQUIRED)
        example = keys.load(keys.EXAMPLE_PATH, environ={})
        rules.check(settings, example.db_password.reveal())
        step.note = step.note or str(settings.path)
    return settings


def _write(settings: keys.Settings, made: Description, arn: str, steps: terminal.Steps) -> None:
    values = {
        keys.ROLE_ARN: arn,
        keys.HOST: made["Endpoint"]["Address"],
        keys.DB_PORT: str(made["Endpoint"]["Port"]),
    }
    with steps.step(f"ARN, HOST and DB_PORT into {settings.path.name}") as step:
        step.note = "written" if config_file.write(settings.path, values) else "there already"
    for key, value in values.items():
        if os.environ.get(key.variable, value) != value:
            steps.say(f"{key.variable} in the environment beats what is written: unset it")


def _report(settings: keys.Settings, made: Description, arn: str) -> None:
    endpoint = made["Endpoint"]
    public = "yes" if made.get("PubliclyAccessible") else "no, reachable inside its VPC only"
    terminal.print_table(
        f"Cluster {settings.cluster_identifier}",
        ("what", "value"),
        (
            ("endpoint", f"{endpoint['Address']}:{endpoint['Port']}"),
            ("database", f"{made.get('DBName')}, user {made.get('MasterUsername')}"),
            ("nodes", f"{made.get('NumberOfNodes')} x {made.get('NodeType')}"),
            ("encrypted", "yes" if made.get("Encrypted") else "no"),
            ("public", public),
            ("role", arn),
        ),
    )


def patience(minutes: float, step: terminal.Step) -> Patience:
    """Wait so many minutes, showing the state on the running step."""

    def show(state: str) -> None:
        step.note = state

    return Patience(minutes, show)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0
    if not 0 < minutes <= LONGEST_MINUTES:
        expected = f"expected minutes above 0 and up to {LONGEST_MINUTES:g}"
        raise argparse.ArgumentTypeError(f"{expected}, got {text!r}")
    return minutes


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
