"""Delete the cluster and its role, take them out of dwh.cfg, and look for what is left.

Deleting what is not there is no failure: run it again after an interruption, or to make sure.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import settings as keys
import terminal
from iac import cluster, config_file, role, tags
from iac.clients import Aws, explained
from iac.create_cluster import add_timeout, patience


def main(argv: Sequence[str] | None = None) -> int:
    parser = terminal.parser(
        "python -m iac.delete_cluster",
        "Delete the cluster with all its data, and the role that was made for it.",
        "python -m iac.delete_cluster --yes\n"
        "python -m iac.delete_cluster --final-snapshot sparkify-before-holidays",
    )
    add_timeout(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask for the cluster's name")
    parser.add_argument(
        "--final-snapshot",
        metavar="NAME",
        help="keep the data in a snapshot of this name, which AWS charges for (default: none)",
    )
    arguments = parser.parse_args(argv)
    settings = keys.load(arguments.config or keys.DEFAULT_PATH)
    if not arguments.yes:
        _confirm(settings.cluster_identifier)
    with terminal.Steps(arguments.quiet) as steps, explained(settings):
        aws = Aws(settings)
        deleted = delete(aws, steps, arguments.final_snapshot, arguments.timeout)
        left = look_for_remains(aws, steps, arguments.final_snapshot)
    if left:
        rows = [(name,) for name in left]
        terminal.print_table("Left behind; AWS may charge for it", ("resource",), rows)
        return terminal.EXIT_FAILED
    print("nothing is left" if deleted else "there was nothing to delete")
    return 0


def delete(aws: Aws, steps: terminal.Steps, final_snapshot: str | None, minutes: float) -> bool:
    """Delete the cluster, then its role; False when there was neither."""
    settings = aws.settings
    with steps.step("AWS account") as step:
        step.note = f"{aws.account.number} {aws.account.user}, {settings.region}"
    with steps.step(f"cluster {settings.cluster_identifier}") as step:
        cluster_done = cluster.remove(aws, final_snapshot, patience(minutes, step))
        step.note = cluster_done or "there is none"
    with steps.step(f"role {settings.iam_role_name}") as step:
        role_done = role.remove(aws)
        step.note = role_done or "there is none"
    with steps.step(f"HOST and ARN out of {settings.path.name}") as step:
        emptied = config_file.write(settings.path, {keys.HOST: "", keys.ROLE_ARN: ""})
        step.note = "taken out" if emptied else "there were none"
    return bool(cluster_done or role_done)


def look_for_remains(aws: Aws, steps: terminal.Steps, final_snapshot: str | None) -> list[str]:
    """The ARNs of what is still tagged as this cluster's, without the snapshot asked for."""
    with steps.step("look for what is left") as step:
        left = [name for name in tags.left_behind(aws) if not _is_snapshot(name, final_snapshot)]
        step.note = f"{len(left)} left" if left else "nothing"
    return left


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


def _is_snapshot(arn: str, name: str | None) -> bool:
    # arn:aws:redshift:us-west-2:123456789012:snapshot:my-cluster/my-snapshot
    return name is not None and ":snapshot:" in arn and arn.endswith(f"/{name}")


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
