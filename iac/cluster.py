"""The cluster: made or found, waited for, attached to its role, deleted.

Waiting is botocore's own; a listener on the answers shows the state meanwhile, and ends the wait
where the state will not change by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import settings as keys
from iac import rules, tags
from iac.clients import Aws
from terminal import Fault

Description = dict[str, Any]

POLL_S = 2.0
# IAM tells the rest of AWS of a new role with a delay, seconds as a rule.
ROLE_KNOWN_AFTER_S = 30.0

# States that no waiting ends -> what does.
# https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-cluster-status.html
STUCK = {
    "paused": "resume it: aws redshift resume-cluster --region {region}"
    " --cluster-identifier {name}",
    "hardware-failure": "delete it: python -m iac.delete_cluster --yes",
    "incompatible-hsm": "delete it: python -m iac.delete_cluster --yes",
    "incompatible-network": "check its VPC and subnets in the AWS console",
    "incompatible-parameters": "check its parameter group in the AWS console",
    "incompatible-restore": "delete it: python -m iac.delete_cluster --yes",
    "storage-full": "drop what is not needed, or give it more nodes in the AWS console",
}


@dataclass(frozen=True)
class Patience:
    """How long to wait for the cluster, in minutes, and who is told its state meanwhile."""

    minutes: float
    show: Callable[[str], None]

    def config(self) -> dict[str, float]:
        """The WaiterConfig of botocore that asks every POLL_S seconds for so long."""
        return {"Delay": POLL_S, "MaxAttempts": max(1, int(self.minutes * 60 / POLL_S))}


def find(aws: Aws) -> Description | None:
    """The configured cluster as describe_clusters answers, None where there is none."""
    name = aws.settings.cluster_identifier
    try:
        answer = aws.redshift.describe_clusters(ClusterIdentifier=name)
    except aws.redshift.exceptions.ClusterNotFoundFault:
        return None
    cluster: Description = answer["Clusters"][0]
    return cluster


def ensure(aws: Aws, role_arn: str, patience: Patience) -> str:
    """Have the configured cluster exist, not yet be available; a note of what was done."""
    cluster = find(aws)
    if cluster is not None and cluster["ClusterStatus"] == "deleting":
        wait_until_deleted(aws, patience)
        cluster = None
    if cluster is None:
        _once_role_is_known(lambda: aws.redshift.create_cluster(**creation(aws, role_arn)))
        return "created"
    return "; ".join(("exists", *differences(cluster, aws.settings)))


def creation(aws: Aws, role_arn: str) -> Description:
    """The arguments of create_cluster."""
    settings = aws.settings
    size: Description = {"ClusterType": "single-node"}
    if settings.number_of_nodes > 1:
        size = {"ClusterType": "multi-node", "NumberOfNodes": settings.number_of_nodes}
    return {
        **size,
        "ClusterIdentifier": settings.cluster_identifier,
        "NodeType": settings.node_type,
        "DBName": settings.db_name,
        "MasterUsername": settings.db_user,
        "MasterUserPassword": settings.db_password.reveal(),
        "Port": rules.port_to_ask_for(settings.db_port),
        "IamRoles": [role_arn],
        "Encrypted": True,
        "PubliclyAccessible": settings.publicly_accessible,
        "Tags": tags.tags(aws),
    }


def differences(cluster: Description, settings: keys.Settings) -> list[str]:
    """What of an existing cluster is not as configured: it is left as it is, and said so."""
    pairs = (
        (keys.NODE_TYPE, cluster.get("NodeType"), settings.node_type),
        (keys.NUMBER_OF_NODES, cluster.get("NumberOfNodes"), settings.number_of_nodes),
        (keys.DB_NAME, cluster.get("DBName"), settings.db_name),
        (keys.DB_USER, cluster.get("MasterUsername"), settings.db_user),
        (
            keys.PUBLICLY_ACCESSIBLE,
            cluster.get("PubliclyAccessible"),
            settings.publicly_accessible,
        ),
    )
    return [
        f"{key.label} stays {_written(actual)}, not {_written(configured)}"
        for key, actual, configured in pairs
        if actual is not None and actual != configured
    ]


def wait_until_available(aws: Aws, patience: Patience) -> Description:
    """Wait until the cluster takes connections; its description, endpoint included."""
    _wait(aws, aws.redshift.get_waiter("cluster_available"), patience)
    cluster = find(aws)
    if cluster is None or "Address" not in cluster.get("Endpoint", {}):
        raise Fault(
            f"the cluster {aws.settings.cluster_identifier} has no endpoint yet\n"
            "next: run the same command again"
        )
    return cluster


def wait_until_deleted(aws: Aws, patience: Patience) -> None:
    """Wait until the cluster is gone."""
    _wait(aws, aws.redshift.get_waiter("cluster_deleted"), patience, until_gone=True)


def attach(aws: Aws, cluster: Description, role_arn: str, patience: Patience) -> str:
    """Have the role attached to the cluster and in effect; a note of what was done.

    Attaching is asynchronous: the role is `adding` before it is `in-sync`.
    """
    done = "attached already"
    if attachment(cluster, role_arn) is None:
        name = aws.settings.cluster_identifier
        _once_role_is_known(
            lambda: aws.redshift.modify_cluster_iam_roles(
                ClusterIdentifier=name, AddIamRoles=[role_arn]
            )
        )
        done = "attached"
    _wait(aws, _role_waiter(aws, role_arn), patience)
    return done


def attachment(cluster: Description, role_arn: str) -> str | None:
    """How far the role is attached: in-sync, adding, removing; None when it is not."""
    for role in cluster.get("IamRoles", []):
        if role["IamRoleArn"] == role_arn:
            return str(role["ApplyStatus"])
    return None


def remedy(state: str, settings: keys.Settings) -> str | None:
    """What gets the configured cluster out of a state that no waiting ends, None for others."""
    step = STUCK.get(state)
    return step and step.format(name=settings.cluster_identifier, region=settings.region)


def remove(aws: Aws, final_snapshot: str | None, patience: Patience) -> str | None:
    """Delete the cluster and wait until it is gone; what was done, None if there is no cluster."""
    name = aws.settings.cluster_identifier
    cluster = find(aws)
    if cluster is None:
        return None
    state = cluster["ClusterStatus"]
    if state == "paused":
        aws.redshift.resume_cluster(ClusterIdentifier=name)
    if state not in ("available", "deleting", "final-snapshot", *(STUCK.keys() - {"paused"})):
        # AWS deletes no cluster that is busy.
        wait_until_available(aws, patience)
    if state not in ("deleting", "final-snapshot"):
        aws.redshift.delete_cluster(ClusterIdentifier=name, **_snapshot(final_snapshot))
    wait_until_deleted(aws, patience)
    return f"deleted; snapshot {final_snapshot} kept" if final_snapshot else "deleted"


def _once_role_is_known(request: Callable[[], object]) -> None:
    """Send a request that names a role, again while Redshift does not know a new one yet."""
    from botocore.exceptions import ClientError
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

    def too_early(error: BaseException) -> bool:
        return isinstance(error, ClientError) and "IAM role" in str(error)

    Retrying(
        retry=retry_if_exception(too_early),
        wait=wait_exponential(max=8),
        stop=stop_after_delay(ROLE_KNOWN_AFTER_S),
        reraise=True,
    )(request)


def _snapshot(name: str | None) -> Description:
    if name is None:
        return {"SkipFinalClusterSnapshot": True}
    return {"SkipFinalClusterSnapshot": False, "FinalClusterSnapshotIdentifier": name}


def _wait(aws: Aws, waiter: Any, patience: Patience, *, until_gone: bool = False) -> None:
    from botocore.exceptions import ClientError, WaiterError

    name = aws.settings.cluster_identifier
    seen = _LastState(patience.show)
    try:
        with _listening(aws, seen, until_gone):
            waiter.wait(ClusterIdentifier=name, WaiterConfig=patience.config())
    except WaiterError as error:
        if "Error" in error.last_response:
            raise ClientError(error.last_response, "DescribeClusters") from error
        if "Max attempts" not in str(error):
            raise Fault(
                f"the cluster {name} went {seen.state} meanwhile\nnext: run the same command again"
            ) from error
        raise Fault(
            f"the cluster {name} is still {seen.state} after {patience.minutes:g} minutes\n"
            "next: run the same command again to wait on, or look at its events: aws redshift"
            f" describe-events --source-type cluster --source-identifier {name}"
            f" --region {aws.settings.region}"
        ) from error


class _LastState:
    """The state that the last answer held, told on whenever an answer comes."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.state = "not there"
        self._show = show

    def __call__(self, state: str) -> None:
        self.state = state
        self._show(state)


@contextmanager
def _listening(aws: Aws, seen: _LastState, until_gone: bool) -> Iterator[None]:
    settings = aws.settings

    def answered(parsed: Description, **_: object) -> None:
        for cluster in parsed.get("Clusters", []):
            state = str(cluster["ClusterStatus"])
            seen(state)
            if not until_gone and (step := remedy(state, settings)):
                raise Fault(f"the cluster {settings.cluster_identifier} is {state}\nnext: {step}")

    events = aws.redshift.meta.events
    events.register("after-call.redshift.DescribeClusters", answered)
    try:
        yield
    finally:
        events.unregister("after-call.redshift.DescribeClusters", answered)


def _role_waiter(aws: Aws, role_arn: str) -> Any:
    # AWS offers no waiter for this; botocore builds one from the same kind of model as its own.
    from botocore.waiter import WaiterModel, create_waiter_with_client

    status = f"Clusters[].IamRoles[?IamRoleArn=='{role_arn}'].ApplyStatus[]"
    in_sync = {"matcher": "pathAll", "argument": status, "expected": "in-sync", "state": "success"}
    model = {
        "version": 2,
        "waiters": {
            "RoleInSync": {
                "operation": "DescribeClusters",
                "delay": POLL_S,
                "maxAttempts": 30,
                "acceptors": [in_sync],
            }
        },
    }
    return create_waiter_with_client("RoleInSync", WaiterModel(model), aws.redshift)


def _written(value: object) -> str:
    """A value as the configuration writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
