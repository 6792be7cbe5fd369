"""What changes the cluster: made, given its role and its group, paused, resumed, deleted."""

from __future__ import annotations

from collections.abc import Callable

from iac import rules, tags
from iac.clients import Aws
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
from iac.cluster_waiting import wait, wait_until_available, wait_until_deleted
from iac.waiting import Patience

# IAM tells the rest of AWS of a new role with a delay, seconds as a rule.
ROLE_KNOWN_AFTER_S = 30.0


def ensure(aws: Aws, role_arn: str, group_id: str, patience: Patience) -> str:
    """Have the configured cluster exist, not yet be available; a note of what was done."""
    cluster = find(aws)
    if cluster is not None and cluster["ClusterStatus"] in GOING:
        wait_until_deleted(aws, patience)
        cluster = None
    if cluster is None:
        request = creation(aws, role_arn, group_id)
        _once_role_is_known(lambda: aws.redshift.create_cluster(**request))
        return "created"
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
    groups = [one["VpcSecurityGroupId"] for one in cluster.get("VpcSecurityGroups", [])]
    aws.redshift.modify_cluster(
        ClusterIdentifier=aws.settings.cluster_identifier,
        VpcSecurityGroupIds=[*groups, group_id],
    )
    wait(aws, patience, lambda found: found is not None and has_group(found, group_id))
    return "protects the cluster now"


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
    wait(
        aws,
        patience,
        lambda found: found is not None and attachment(found, role_arn) == "in-sync",
        lambda found: f"role {attachment(found, role_arn)}",
    )
    return done


def renew_secret(aws: Aws, cluster: Description) -> str | None:
    """Have AWS make the master password anew where its secret is gone; what was done, if so."""
    if aws.settings.db_password or not secret_is_gone(aws, cluster):
        return None
    aws.redshift.modify_cluster(
        ClusterIdentifier=aws.settings.cluster_identifier, ManageMasterPassword=True
    )
    return "its secret was gone: AWS made a new password"


def pause(aws: Aws, patience: Patience) -> str:
    """Pause the cluster and wait until it is; a note of what was done."""
    cluster = existing(aws)
    if cluster["ClusterStatus"] == "paused":
        return "paused already"
    if cluster["ClusterStatus"] != "pausing":
        wait_until_available(aws, patience)
        aws.redshift.pause_cluster(ClusterIdentifier=aws.settings.cluster_identifier)
    wait(aws, patience, lambda found: found is not None and found["ClusterStatus"] == "paused")
    return "paused"


def resume(aws: Aws, patience: Patience) -> str:
    """Resume the cluster and wait until it is available; a note of what was done."""
    cluster = existing(aws)
    if cluster["ClusterStatus"] == "available":
        return "available already"
    if cluster["ClusterStatus"] == "pausing":
        wait(aws, patience, lambda found: found is None or found["ClusterStatus"] == "paused")
        cluster = existing(aws)
    if cluster["ClusterStatus"] == "paused":
        aws.redshift.resume_cluster(ClusterIdentifier=aws.settings.cluster_identifier)
    wait(aws, patience, lambda found: found is not None and found["ClusterStatus"] == "available")
    return "available"


def remove(aws: Aws, final_snapshot: str | None, patience: Patience) -> str | None:
    """Delete the cluster and wait until it is gone; what was done, None if there is no cluster.

    One that was not made here is kept.
    """
    name = aws.settings.cluster_identifier
    cluster = find(aws)
    if cluster is None:
        return None
    if not tags.made_here(cluster.get("Tags", [])):
        return tags.NOT_MADE_HERE
    state = cluster["ClusterStatus"]
    if state not in GOING:
        if state in ("paused", "pausing", "resuming"):
            resume(aws, patience)
        elif state not in STUCK:
            # AWS deletes no cluster that is busy.
            wait_until_available(aws, patience)
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
