"""The cluster as AWS describes it: is it there, in which state, with which role and group?"""

from __future__ import annotations

from typing import Any

import settings as keys
from iac.clients import Aws, code
from terminal import Fault

Description = dict[str, Any]

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


def existing(aws: Aws) -> Description:
    """The configured cluster; Fault where there is none."""
    cluster = find(aws)
    if cluster is None:
        raise missing(aws)
    return cluster


def missing(aws: Aws) -> Fault:
    """What to say where the configured cluster would be needed and is not there."""
    name, region = aws.settings.cluster_identifier, aws.settings.region
    return Fault(
        f"there is no cluster {name} in {region}\nnext: python -m iac.create_cluster makes it"
    )


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


def has_group(cluster: Description, group_id: str) -> bool:
    """Whether the cluster is in this security group."""
    return any(
        one["VpcSecurityGroupId"] == group_id for one in cluster.get("VpcSecurityGroups", [])
    )


def attachment(cluster: Description, role_arn: str) -> str | None:
    """How far the role is attached: in-sync, adding, removing; None when it is not."""
    for role in cluster.get("IamRoles", []):
        if role["IamRoleArn"] == role_arn:
            return str(role["ApplyStatus"])
    return None


def secret_is_gone(aws: Aws, cluster: Description) -> bool | None:
    """Whether the secret that AWS keeps the master password in was deleted.

    None where these credentials may not look at it, which says nothing about the cluster.
    """
    from botocore.exceptions import ClientError

    arn = cluster.get("MasterPasswordSecretArn")
    if arn is None:
        return False
    try:
        return "DeletedDate" in aws.secretsmanager.describe_secret(SecretId=arn)
    except aws.secretsmanager.exceptions.ResourceNotFoundException:
        return True
    except ClientError as error:
        if code(error).startswith("AccessDenied"):
            return None
        raise


def _written(value: object) -> str:
    """A value as the configuration writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
