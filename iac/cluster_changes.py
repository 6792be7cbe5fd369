"""What changes the cluster: made, given its role and its group, paused, resumed, deleted."""

from __future__ import annotations

from collections.abc import Callable

from iac import rules, tags
from iac.clients import Aws, accepting
from iac.cluster import (
    GOING,
    STUCK,
    Description,
    attachment,
    differences,
    existing,
    find,
    has_group,
    secret_is_gone,
)
from iac.cluster_waiting import (
    send,
    status,
    wait,
    wait_until,
    wait_until_available,
    wait_until_deleted,
)
from iac.waiting import Patience
from terminal import Fault

# IAM tells the rest of AWS of a new role with a delay, seconds as a rule and now and then a minute.
ROLE_KNOWN_AFTER_S = 120.0

DELETABLE = ("available", *STUCK)


def ensure(aws: Aws, role_arn: str, group_id: str, patience: Patience) -> str:
    """Have the configured cluster exist, not yet be available; a note of what was done."""
    cluster = find(aws)
    if cluster is not None and cluster["ClusterStatus"] in GOING:
        wait_until_deleted(aws, patience)
        cluster = None
    if cluster is None:
        request = creation(aws, role_arn, group_id)
        # Another run may make it at the same moment.
        with accepting("ClusterAlreadyExists"):
            _once_role_is_known(lambda: aws.redshift.create_cluster(**request))
            return "created"
        cluster = existing(aws)
    return "; ".join(("exists", *differences(cluster, aws.settings)))


def creation(aws: Aws, role_arn: str, group_id: str) -> Description:
    """The arguments of create_cluster."""
    settings = aws.settings
    size: Description = {"ClusterType": "single-node"}
    if settings.number_of_nodes > 1:
        size = {"ClusterType": "multi-node", "NumberOfNodes": settings.number_of_nodes}
    password: Description = {"ManageMasterPassword": True}
    if settings.db_password:
        password = {"MasterUserPassword": settings.db_password.reveal()}
    return {
        **size,
        "ClusterIdentifier": settings.cluster_identifier,
        "NodeType": settings.node_type,
        "DBName": settings.db_name,
        "MasterUsername": settings.db_user,
        **password,
        "Port": rules.port_to_ask_for(settings.db_port),
        "IamRoles": [role_arn],
        "VpcSecurityGroupIds": [group_id],
        "Encrypted": True,
        "PubliclyAccessible": settings.publicly_accessible,
        "Tags": tags.tags(aws),
    }


def join(aws: Aws, cluster: Description, group_id: str, patience: Patience) -> str:
    """Have the cluster in the security group besides its others; a note of what was done."""
    if has_group(cluster, group_id):
        return "protects the cluster already"

    def request(found: Description) -> None:
        groups = [one["VpcSecurityGroupId"] for one in found.get("VpcSecurityGroups", [])]
        aws.redshift.modify_cluster(
            ClusterIdentifier=aws.settings.cluster_identifier,
            VpcSecurityGroupIds=[*groups, group_id],
        )

    send(aws, patience, lambda found: not has_group(found, group_id), request)
    wait_until(aws, patience, lambda found: has_group(found, group_id))
    return "protects the cluster now"


def attach(aws: Aws, role_arn: str, patience: Patience) -> str:
    """Have the role attached to the cluster and in effect; a note of what was done.

    Attaching is asynchronous: the role is `adding` before it is `in-sync`, and is not attached at
    all when AWS gave that up or is done with `removing` it.
    """
    name = aws.settings.cluster_identifier
    done = "attached already"

    def request(_: Description) -> None:
        _once_role_is_known(
            lambda: aws.redshift.modify_cluster_iam_roles(
                ClusterIdentifier=name, AddIamRoles=[role_arn]
            )
        )

    def in_effect(found: Description) -> bool:
        nonlocal done
        if attachment(found, role_arn) is None:
            send(aws, patience, lambda found: attachment(found, role_arn) is None, request)
            done = "attached"
        return attachment(found, role_arn) == "in-sync"

    wait_until(aws, patience, in_effect, state=lambda found: f"role {attachment(found, role_arn)}")
    return done


def renew_secret(aws: Aws, cluster: Description, patience: Patience) -> str | None:
    """Have AWS make the master password anew where its secret is gone; what was done, if so."""
    if aws.settings.db_password or not secret_is_gone(aws, cluster):
        return None
    name = aws.settings.cluster_identifier
    send(
        aws,
        patience,
        lambda found: bool(secret_is_gone(aws, found)),
        lambda _: aws.redshift.modify_cluster(ClusterIdentifier=name, ManageMasterPassword=True),
    )
    return "its secret was gone: AWS made a new password"


def pause(aws: Aws, patience: Patience) -> str:
    """Pause the cluster and wait until it is; a note of what was done."""
    state, name = status(existing(aws)), aws.settings.cluster_identifier
    if state == "paused":
        return "paused already"
    if state != "pausing":
        wait_until_available(aws, patience)
        send(
            aws,
            patience,
            lambda found: status(found) not in ("pausing", "paused"),
            lambda _: aws.redshift.pause_cluster(ClusterIdentifier=name),
        )
    wait_until(aws, patience, lambda found: status(found) == "paused")
    return "paused"


def resume(aws: Aws, patience: Patience) -> str:
    """Resume the cluster and wait until it is available; a note of what was done."""
    state, name = status(existing(aws)), aws.settings.cluster_identifier
    if state == "available":
        return "available already"
    if state == "pausing":
        wait_until(aws, patience, lambda found: status(found) == "paused")
    send(
        aws,
        patience,
        lambda found: status(found) == "paused",
        lambda _: aws.redshift.resume_cluster(ClusterIdentifier=name),
    )
    # AWS may go on showing the old state for a moment.
    wait_until_available(aws, patience, passing=("paused",))
    return "available"


def remove(aws: Aws, final_snapshot: str | None, patience: Patience) -> str | None:
    """Delete the cluster and wait until it is gone; what was done, None if there is no cluster.

    One that was not made here is kept. Fault when a snapshot is wanted and the cluster is being
    deleted already without one.
    """
    name = aws.settings.cluster_identifier
    cluster = find(aws)
    if cluster is None:
        return None
    if not tags.made_here(cluster.get("Tags", [])):
        return tags.NOT_MADE_HERE
    # AWS deletes no cluster that is busy.
    wait(aws, patience, lambda found: found is None or status(found) in (*DELETABLE, *GOING))
    asked = send(
        aws,
        patience,
        lambda found: status(found) not in GOING,
        lambda _: aws.redshift.delete_cluster(ClusterIdentifier=name, **_snapshot(final_snapshot)),
    )
    if final_snapshot and not asked and not _is_snapshot_of_it(aws, final_snapshot):
        raise Fault(
            f"the cluster {name} is being deleted already, without a snapshot {final_snapshot}\n"
            "next: run this again without --final-snapshot, or see what snapshots there are:"
            f" aws redshift describe-cluster-snapshots --cluster-identifier {name}"
            f" --region {aws.settings.region}"
        )
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


def _is_snapshot_of_it(aws: Aws, snapshot: str) -> bool:
    """Whether there is a snapshot of this name, of the configured cluster."""
    try:
        answer = aws.redshift.describe_cluster_snapshots(SnapshotIdentifier=snapshot)
    except aws.redshift.exceptions.ClusterSnapshotNotFoundFault:
        return False
    return any(
        one["ClusterIdentifier"] == aws.settings.cluster_identifier for one in answer["Snapshots"]
    )


def _snapshot(name: str | None) -> Description:
    if name is None:
        return {"SkipFinalClusterSnapshot": True}
    return {"SkipFinalClusterSnapshot": False, "FinalClusterSnapshotIdentifier": name}
