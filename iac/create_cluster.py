"""Make role, security group and cluster, wait for the cluster, write where it is into dwh.cfg.

Each step finds what is there already: run it again after an interruption, or at any time.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import hints
import settings as keys
import terminal
from iac import (
    callers,
    cluster,
    cluster_changes,
    cluster_waiting,
    config_file,
    network,
    prices,
    role,
    rules,
)
from iac.clients import Aws, explained
from iac.cluster import Description
from iac.waiting import Patience

DEFAULT_MINUTES = 30.0
LONGEST_MINUTES = 24 * 60.0

REQUIRED = (keys.LOG_DATA, keys.LOG_JSONPATH, keys.SONG_DATA)


# What a password in the configuration calls for that came after the cluster.
_WITHOUT_IT = (
    f"take it out ({keys.DB_PASSWORD.variable} too), or delete the cluster and create it anew"
)


@dataclass(frozen=True)
class Made:
    """What is there in the end: the cluster, its role's ARN, and whether this run made it."""

    cluster: Description
    role_arn: str
    is_new: bool


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    with terminal.Steps(arguments.quiet) as steps:
        settings = _configuration(arguments.config, steps)
        aws = Aws(settings)
        with explained(settings):
            if arguments.dry_run:
                return _dry_run(aws, steps, arguments.cidr)
            made = create(aws, steps, arguments.timeout, arguments.cidr)
    _report(settings, made)
    # Tables are made in a new cluster only: in another, create_tables.py would drop what is there.
    command = "python create_tables.py" if made.is_new else "python -m iac.cluster_status"
    print(hints.runnable(f"next: {command}"))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser(
        "python -m iac.create_cluster",
        "Make the IAM role, the security group and the Redshift cluster that the configuration\n"
        "describes, wait until the cluster is available and write ARN, HOST and DB_PORT into the\n"
        "configuration. What exists is kept. A cluster costs money until it is deleted or paused.",
        "python -m iac.create_cluster --dry-run\n"
        "python -m iac.create_cluster --config my.cfg --cidr 203.0.113.0/24 --timeout 60",
    )
    add_timeout(parser)
    admitted = parser.add_mutually_exclusive_group()
    admitted.add_argument(
        "--cidr",
        metavar="RANGE",
        type=_cidr,
        action="append",
        default=[],
        help="who may connect, as 203.0.113.7/32; may be repeated (default: this machine's"
        " address alone, as AWS sees it or as the cluster's VPC does)",
    )
    admitted.add_argument(
        "--open-to-the-world",
        dest="cidr",
        action="store_const",
        const=[network.WORLD],
        help="let every address connect: only the password protects the data then",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="list the calls that would change something"
    )
    return parser


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """The flag that says how long to wait for the cluster."""
    parser.add_argument(
        "--timeout",
        metavar="MINUTES",
        type=_minutes,
        default=DEFAULT_MINUTES,
        help=f"how long to wait for the cluster (default: {DEFAULT_MINUTES:g})",
    )


def create(aws: Aws, steps: terminal.Steps, minutes: float, cidrs: Sequence[str] = ()) -> Made:
    """Get or create role, security group and cluster, and connect them with each other.

    Where the cluster is gets into the configuration as soon as it has an address: what fails after
    that leaves a cluster that every other script finds.
    """
    settings = aws.settings
    with steps.step("AWS account") as step:
        step.note = f"{aws.account.number} {aws.account.user}, {settings.region}"
    with steps.step("who may connect") as step:
        cidrs = who_may_connect(aws, steps, cidrs)
        step.note = ", ".join(cidrs)
    with steps.step(f"role {settings.iam_role_name}") as step:
        arn, step.note = role.ensure(aws)
    with steps.step(f"security group {network.group_name(aws)}") as step:
        group, step.note = network.ensure(aws)
    with steps.step(f"cluster {settings.cluster_identifier}") as step:
        done = cluster_changes.ensure(aws, arn, group, patience(minutes, step))
        is_new = done == "created"
        price = prices.estimate(settings.node_type, settings.number_of_nodes)
        step.note = f"{done}; {price}" if is_new else done
    with steps.step("wait until it is available") as step:
        made = cluster_waiting.wait_until_available(aws, patience(minutes, step), new=True)
    there = Made(made, arn, is_new)
    _write(settings, there, steps)
    with steps.step("role attached to the cluster") as step:
        step.note = cluster_changes.attach(aws, arn, patience(minutes, step))
    with steps.step("security group of the cluster") as step:
        joined = cluster_changes.join(aws, made, group, patience(minutes, step))
        admitted = network.admit(aws, int(made["Endpoint"]["Port"]), cidrs)
        step.note = f"{joined}, {admitted}"
    with steps.step("master password") as step:
        renewed = cluster_changes.renew_secret(aws, made, patience(minutes, step))
        step.note = renewed or _kept(settings, made)
    if settings.db_password and made.get("MasterPasswordSecretArn"):
        steps.warn(f"{keys.DB_PASSWORD.label} does not open this cluster: {_WITHOUT_IT}")
    return there


def who_may_connect(aws: Aws, steps: terminal.Steps, cidrs: Sequence[str]) -> Sequence[str]:
    """The ranges that the cluster is to let in: those that are named, else this machine's own."""
    warning = "every address in the world may try to log in" if network.WORLD in cidrs else ""
    if not cidrs:
        own, warning = callers.by_default(aws)
        cidrs = [own]
    if warning:
        steps.warn(warning)
    return cidrs


def _kept(settings: keys.Settings, made: Description) -> str:
    """Whose master password the cluster has."""
    if made.get("MasterPasswordSecretArn"):
        return "kept by AWS, never seen here"
    return "of the configuration" if settings.db_password else "not kept by AWS"


def calls(aws: Aws, steps: terminal.Steps, cidrs: Sequence[str]) -> list[tuple[str, str]]:
    """The calls that `create` would change something with: operation, and on what."""
    settings = aws.settings
    cidrs = who_may_connect(aws, steps, cidrs)
    made, group = cluster.find(aws), network.find(aws)
    found = role.find(aws, settings.iam_role_name)
    size = f"{settings.number_of_nodes} x {settings.node_type}, encrypted"
    attached = made and found and cluster.attachment(made, found.arn)
    joined = made and group and cluster.has_group(made, group["GroupId"])
    at = made.get("Endpoint", {}) if made else {}
    port = int(at.get("Port", rules.port_to_ask_for(settings.db_port)))
    wanted, stale = network.differences(group, port, cidrs)
    lost = made and not settings.db_password and cluster.secret_is_gone(aws, made)
    planned = [
        (found is None, "iam:CreateRole", settings.iam_role_name),
        (role.trust_differs(found), "iam:UpdateAssumeRolePolicy", settings.iam_role_name),
        (role.policy_differs(aws), "iam:PutRolePolicy", role.policy_name(aws)),
        (group is None, "ec2:CreateSecurityGroup", network.group_name(aws)),
        (made is None, "redshift:CreateCluster", f"{settings.cluster_identifier}, {size}"),
        (made and not attached, "redshift:ModifyClusterIamRoles", settings.iam_role_name),
        (made and not joined, "redshift:ModifyCluster", network.group_name(aws)),
        (wanted, "ec2:AuthorizeSecurityGroupIngress", _told(wanted, port)),
        (stale, "ec2:RevokeSecurityGroupIngress", _told(stale, port)),
        (lost, "redshift:ModifyCluster", "a new master password, kept by AWS"),
    ]
    return [(operation, target) for needed, operation, target in planned if needed]


def _told(rules_of_group: Sequence[network.Rule], port: int) -> str:
    return ", ".join(rule.words(port) for rule in rules_of_group)


def _dry_run(aws: Aws, steps: terminal.Steps, cidrs: Sequence[str]) -> int:
    planned = calls(aws, steps, cidrs)
    title = f"Would be called in account {aws.account.number}, {aws.settings.region}"
    terminal.print_table(title, ("call", "on"), planned)
    price = prices.estimate(aws.settings.node_type, aws.settings.number_of_nodes)
    print(f"{terminal.counted(len(planned), 'call')}, none made; the cluster costs {price}")
    return 0


def _configuration(path: Path | None, steps: terminal.Steps) -> keys.Settings:
    with steps.step("configuration") as step:
        if path is None and not keys.DEFAULT_PATH.exists():
            config_file.copy_example()
            step.note = f"{keys.DEFAULT_PATH.name} made from {keys.EXAMPLE_PATH.name}"
        settings = keys.load(path or keys.DEFAULT_PATH, REQUIRED)
        rules.check(settings)
        step.note = step.note or str(settings.path)
    return settings


def _write(settings: keys.Settings, made: Made, steps: terminal.Steps) -> None:
    values = {
        keys.ROLE_ARN: made.role_arn,
        keys.HOST: made.cluster["Endpoint"]["Address"],
        keys.DB_PORT: str(made.cluster["Endpoint"]["Port"]),
    }
    with steps.step(f"ARN, HOST and DB_PORT into {settings.path.name}") as step:
        step.note = "written" if config_file.write(settings.path, values) else "there already"
    for key, value in values.items():
        if os.environ.get(key.variable, value) != value:
            steps.warn(f"{key.variable} in the environment beats what is written: unset it")


def _report(settings: keys.Settings, made: Made) -> None:
    found = made.cluster
    endpoint, nodes = found["Endpoint"], int(found.get("NumberOfNodes") or 1)
    public = found.get("PubliclyAccessible")
    terminal.print_table(
        f"Cluster {settings.cluster_identifier}",
        ("what", "value"),
        (
            ("endpoint", f"{endpoint['Address']}:{endpoint['Port']}"),
            ("database", f"{found.get('DBName')}, user {found.get('MasterUsername')}"),
            ("nodes", f"{nodes} x {found.get('NodeType')}"),
            ("costs", prices.estimate(str(found.get("NodeType")), nodes)),
            ("encrypted", "yes" if found.get("Encrypted") else "no"),
            (
                "public",
                "YES: reachable from the internet, as [DWH] PUBLICLY_ACCESSIBLE asks"
                if public
                else "no, reachable inside its VPC only",
            ),
            ("role", made.role_arn),
        ),
    )


def patience(minutes: float, step: terminal.Step) -> Patience:
    """Wait so many minutes, showing the state on the running step."""

    def show(state: str) -> None:
        step.note = state

    return Patience(minutes, show)


def _cidr(text: str) -> str:
    try:
        cidr = network.check_cidr(text)
    except ValueError as error:
        message = f"expected a range as 203.0.113.7/32, got {text!r}: {error}"
        raise argparse.ArgumentTypeError(message) from None
    if cidr == network.WORLD:
        raise argparse.ArgumentTypeError(f"{cidr} is every address: say --open-to-the-world")
    return cidr


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
