"""Delete cluster, security group and role, take them out of dwh.cfg, look for what is left.

Deleting what is not there is no failure: run it again after an interruption, or to make sure.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import argparse
import re
import sys
from collections.abc import Mapping, Sequence

import settings as keys
import terminal
from iac import cluster_address, cluster_changes, config_file, network, remains, role, tags
from iac.clients import Aws, explained
from iac.create_cluster import add_timeout, patience


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    settings = keys.load(arguments.config or keys.DEFAULT_PATH)
    _refuse_another_host(settings)
    if not arguments.yes:
        _confirm(settings.cluster_identifier)
    with terminal.Steps(arguments.quiet) as steps, explained(settings):
        aws = Aws(settings)
        done = delete(aws, steps, arguments.final_snapshot, arguments.timeout)
        unwritten = _forget(settings, steps, done)
        with steps.step("look for what is left") as step:
            left = remains.remains(aws, arguments.final_snapshot)
            step.note = f"{len(left)} left" if left else "nothing"
    if left:
        rows = [(one.kind, one.name, one.hourly) for one in left]
        terminal.print_table("Left behind", ("what", "name", "costs"), rows)
    else:
        print(_verdict(list(filter(None, done.values()))))
    if unwritten is not None:
        raise unwritten
    return terminal.EXIT_FAILED if left else 0


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser(
        "python -m iac.delete_cluster",
        "Delete the cluster with all its data, its security group and the role made for it, then\n"
        "look for what is left. Exit code 1 when anything is.",
        "python -m iac.delete_cluster --yes\n"
        "python -m iac.delete_cluster --final-snapshot sparkify-before-holidays",
    )
    add_timeout(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask for the cluster's name")
    parser.add_argument(
        "--final-snapshot",
        metavar="NAME",
        type=_snapshot_name,
        help="keep the data in a snapshot of this name, which AWS charges for (default: none)",
    )
    return parser


def _snapshot_name(text: str) -> str:
    """https://docs.aws.amazon.com/redshift/latest/APIReference/API_DeleteCluster.html"""
    if len(text) > 255 or not re.fullmatch(r"[A-Za-z](-?[A-Za-z0-9])*", text):
        raise argparse.ArgumentTypeError(
            "expected 1 to 255 letters, digits and single hyphens, a letter first and no hyphen"
            f" last, got {text!r}"
        )
    return text


def delete(
    aws: Aws, steps: terminal.Steps, final_snapshot: str | None, minutes: float
) -> dict[str, str | None]:
    """Delete the cluster, then what it used; what was done with each, None where there was none.

    What a cluster uses that is kept stays with it.
    """
    settings = aws.settings
    with steps.step("AWS account") as step:
        step.note = f"{aws.account.number} {aws.account.user}, {settings.region}"
    with steps.step(f"cluster {settings.cluster_identifier}") as step:
        cluster_done = cluster_changes.remove(aws, final_snapshot, patience(minutes, step))
        step.note = cluster_done or "there is none"
    with steps.step(f"security group {network.group_name(aws)}") as step:
        group_done = network.remove(aws, patience(minutes, step))
        step.note = group_done or "there is none"
    with steps.step(f"role {settings.iam_role_name}") as step:
        role_done = role.remove(aws)
        step.note = role_done or "there is none"
    return {"cluster": cluster_done, "security group": group_done, "role": role_done}


def _forget(
    settings: keys.Settings, steps: terminal.Steps, done: Mapping[str, str | None]
) -> terminal.Fault | None:
    """Take HOST and ARN out of the configuration, unless the cluster was kept.

    Returns what went wrong, which is told at the end: what is left on AWS costs money.
    """
    with steps.step(f"HOST and ARN out of {settings.path.name}") as step:
        if done["cluster"] == tags.NOT_MADE_HERE:
            step.note = "kept: the cluster is"
            return None
        try:
            emptied = config_file.write(settings.path, {keys.HOST: "", keys.ROLE_ARN: ""})
        except terminal.Fault as fault:
            step.note = "cannot be written"
            return fault
        step.note = "taken out" if emptied else "there were none"
    return None


def _verdict(done: Sequence[str]) -> str:
    if not done:
        return "there was nothing to delete"
    kept = any(one.startswith("kept") for one in done)
    return "nothing else is left" if kept else "nothing is left"


def _refuse_another_host(settings: keys.Settings) -> None:
    """Fault when HOST leads to another cluster: it would run on, and nothing would name it."""
    at = cluster_address.parse(settings.host)
    if at is None:
        return
    name, region = settings.cluster_identifier.lower(), settings.region
    if (at.cluster, at.region) != (name, region):
        raise terminal.Fault(
            f"nothing is deleted: {keys.HOST.label} is the address of the cluster {at.cluster} in"
            f" {at.region}, the configuration names {name} in {region}\n"
            f"next: set {keys.CLUSTER_IDENTIFIER.label} = {at.cluster} and"
            f" {keys.AWS_REGION.label} = {at.region}, or empty {keys.HOST.label} if that cluster"
            " is to stay"
        )


def _confirm(name: str) -> None:
    if not sys.stdin.isatty():
        raise terminal.UsageFault(
            f"there is no terminal to ask for the cluster's name, {name}, on\n"
            "next: python -m iac.delete_cluster --yes"
        )
    print(f"This deletes the cluster {name} and its data. Its name, to go on: ", end="",
          file=sys.stderr, flush=True)  # fmt: skip
    if (answer := sys.stdin.readline().strip()) != name:
        raise terminal.Fault(f"nothing is deleted: expected {name}, got {answer!r}")


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
