"""The cluster: made or found, waited for, given its role and its group, paused, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import settings as keys
from iac import rules, tags
from iac.clients import Aws
from iac.waiting import Patience
from terminal import Fault

Description = dict[str, Any]

# IAM tells the rest of AWS of a new role with a delay, seconds as a rule.
ROLE_KNOWN_AFTER_S = 30.0

_DELETE = "python -m iac.delete_cluster --yes"
# States that no waiting ends -> what does.
# https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-cluster-status.html
STUCK = {
    "paused": "resume it: python -m iac.resume_cluster",
    "hardware-failure": f"delete it: {_DELETE}",
    "incompatible-hsm": f"delete it: {_DELETE}",
    "incompatible-network": "check its VPC and subnets in the AWS console",
    "incompatible-parameters": "check its parameter group in the AWS console",
    "incompatible-restore": f"delete it: {_DELETE}",
    "storage-full": "drop what is not needed, or give it more nodes in the AWS console",
}
GOING = ("deleting", "final-snapshot")


def find(aws: Aws) -> Description | None:
    """The configured cluster as describe_clusters answers, None where there is none."""
    name = aws.settings.cluster_identifier
    try:
        answer = aws.redshift.describe_clusters(ClusterIdentifier=name)
    except aws.redshift.exceptions.ClusterNotFoundFault:
        return None
    cluster: Description = answer["Clusters"][0]
    return cluster


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

    def ready(cluster: Description | None) -> bool:
        if cluster is None:
            return False
        state = str(cluster["ClusterStatus"])
        name = aws.settings.cluster_identifier
        if state in GOING:
            raise Fault(f"the cluster {name} went {state} meanwhile\nnext: run this again")
        if step := STUCK.get(state):
            raise Fault(f"the cluster {name} is {state}\nnext: {step}")
        return state == "available" and "Address" in cluster.get("Endpoint", {})

    cluster = _wait(aws, patience, ready)
    assert cluster is not None
    return cluster


def wait_until_deleted(aws: Aws, patience: Patience) -> None:
    """Wait until the cluster is gone."""
    _wait(aws, patience, lambda cluster: cluster is None)


def join(aws: Aws, cluster: Description, group_id: str, patience: Patience) -> str:
    """Have the cluster in the security group besides its others; a note of what was done."""
    if has_group(cluster, group_id):
        return "protects the cluster already"
    groups = [one["VpcSecurityGroupId"] for one in cluster.get("VpcSecurityGroups", [])]
    aws.redshift.modify_cluster(
        ClusterIdentifier=aws.settings.cluster_identifier,
        VpcSecurityGroupIds=[*groups, group_id],
    )
    _wait(aws, patience, lambda found: found is not None and has_group(found, group_id))
    return "protects the cluster now"


def has_group(cluster: Description, group_id: str) -> bool:
    """Whether the cluster is in this security group."""
    return any(
        one["VpcSecurityGroupId"] == group_id for one in cluster.get("VpcSecurityGroups", [])
    )


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
    _wait(
        aws,
        patience,
        lambda found: found is not None and attachment(found, role_arn) == "in-sync",
        lambda found: f"role {attachment(found, role_arn)}",
    )
    return done


def attachment(cluster: Description, role_arn: str) -> str | None:
    """How far the role is attached: in-sync, adding, removing; None when it is not."""
    for role in cluster.get("IamRoles", []):
        if role["IamRoleArn"] == role_arn:
            return str(role["ApplyStatus"])
    return None


def renew_secret(aws: Aws, cluster: Description) -> str | None:
    """Have AWS make the master password anew where its secret is gone; what was done, if so."""
    if aws.settings.db_password or not secret_is_gone(aws, cluster):
        return None
    aws.redshift.modify_cluster(
        ClusterIdentifier=aws.settings.cluster_identifier, ManageMasterPassword=True
    )
    return "its secret was gone: AWS made a new password"


def secret_is_gone(aws: Aws, cluster: Description) -> bool:
    """Whether the secret that AWS keeps the master password in was deleted."""
    arn = cluster.get("MasterPasswordSecretArn")
    if arn is None:
        return False
    try:
        return "DeletedDate" in aws.secretsmanager.describe_secret(SecretId=arn)
    except aws.secretsmanager.exceptions.ResourceNotFoundException:
        return True


def pause(aws: Aws, patience: Patience) -> str:
    """Pause the cluster and wait until it is; a note of what was done."""
    cluster = _existing(aws)
    if cluster["ClusterStatus"] == "paused":
        return "paused already"
    if cluster["ClusterStatus"] != "pausing":
        wait_until_available(aws, patience)
        aws.redshift.pause_cluster(ClusterIdentifier=aws.settings.cluster_identifier)
    _wait(aws, patience, lambda found: found is not None and found["ClusterStatus"] == "paused")
    return "paused"


def resume(aws: Aws, patience: Patience) -> str:
    """Resume the cluster and wait until it is available; a note of what was done."""
    cluster = _existing(aws)
    if cluster["ClusterStatus"] == "available":
        return "available already"
    if cluster["ClusterStatus"] == "pausing":
        _wait(aws, patience, lambda found: found is None or found["ClusterStatus"] == "paused")
        cluster = _existing(aws)
    if cluster["ClusterStatus"] == "paused":
        aws.redshift.resume_cluster(ClusterIdentifier=aws.settings.cluster_identifier)
    _wait(aws, patience, lambda found: found is not None and found["ClusterStatus"] == "available")
    return "available"


def remove(aws: Aws, final_snapshot: str | None, patience: Patience) -> str | None:
    """Delete the cluster and wait until it is gone; what was done, None if there is no cluster."""
    name = aws.settings.cluster_identifier
    cluster = find(aws)
    if cluster is None:
        return None
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


def _existing(aws: Aws) -> Description:
    cluster = find(aws)
    if cluster is None:
        name, region = aws.settings.cluster_identifier, aws.settings.region
        raise Fault(
            f"there is no cluster {name} in {region}\nnext: python -m iac.create_cluster makes it"
        )
    return cluster


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


def _wait(
    aws: Aws,
    patience: Patience,
    is_over: Callable[[Description | None], bool],
    describe: Callable[[Description], str] = lambda cluster: str(cluster["ClusterStatus"]),
) -> Description | None:
    """Look at the cluster until `is_over`; Fault that says what to look at when time is over."""
    state = "not there"
    for cluster in patience.looks(lambda: find(aws)):
        state = "not there" if cluster is None else describe(cluster)
        patience.show(state)
        if is_over(cluster):
            return cluster
    name = aws.settings.cluster_identifier
    raise Fault(
        f"the cluster {name} is still {state} after {patience.minutes:g} minutes\n"
        "next: run the same command again to wait on, or look at its events: aws redshift"
        f" describe-events --source-type cluster --source-identifier {name}"
        f" --region {aws.settings.region}"
    )


def _written(value: object) -> str:
    """A value as the configuration writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
