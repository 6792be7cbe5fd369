"""May this cluster's COPY assume this role? The local IAM decides, in Redshift's words."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from standin.objects import internal_error

if TYPE_CHECKING:
    from standin.cloud import Cluster
    from standin.sqlerror import SqlError

REDSHIFT_SERVICE = "redshift.amazonaws.com"


def check_role(cluster: Cluster, user: str, role: str | None) -> None:
    """Raise Redshift's own error unless the cluster may assume what COPY names as its role.

    `role` is an ARN, a comma-separated chain of ARNs (each assumes the next), 'default', or None
    for a COPY that brings its own access keys. The first role must be attached to the cluster and
    trust Redshift; each further one must exist and trust the one before it.
    https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html
    """
    if role is None:
        return
    chain = [arn.strip() for arn in (_default_role(cluster, role) or role).split(",")]
    attached = chain[0] in cluster.iam_roles
    if not attached or not trusts_redshift(cluster.account_id, chain[0]):
        raise _not_authorized(cluster, user, role)
    for previous, arn in pairwise(chain):
        if not _trusts(arn, "AWS", {previous, _account(previous), "*"}):
            raise _not_authorized(cluster, user, role)


def trusts_redshift(account_id: str, role: str) -> bool:
    """Does this role exist in this account, with a trust policy that lets Redshift assume it?"""
    return _account(role) == account_id and _trusts(role, "Service", {REDSHIFT_SERVICE})


def _default_role(cluster: Cluster, role: str) -> str | None:
    """The cluster's default role for the word `default`, nothing for any other text."""
    return cluster.default_iam_role if role.lower() == "default" else None


def _account(arn: str) -> str:
    """The account of an ARN; an empty string when it is not one."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""


def _trusts(role: str, kind: str, principals: set[str]) -> bool:
    """Does a role's trust policy allow any of these principals ('Service' or 'AWS')?"""
    document = _trust_policy(role)
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement.get("Effect") == "Allow" and _names(statement, kind) & principals:
            return True
    return False


def _names(statement: dict[str, Any], kind: str) -> set[str]:
    """The principals of one kind that a statement names; accounts as their bare number."""
    principal = statement.get("Principal", {})
    named = principal.get(kind, []) if isinstance(principal, dict) else principal
    names = {named} if isinstance(named, str) else set(named)
    return names | {_account(name) for name in names if name.endswith(":root")}


def _trust_policy(role: str) -> dict[str, Any]:
    """The trust policy of a role in the local IAM; empty when there is no such role."""
    from moto.iam.exceptions import NotFoundException
    from moto.iam.models import iam_backends

    try:
        document = iam_backends[_account(role)]["aws"].get_role_by_arn(role)
    except NotFoundException:
        return {}
    policy: dict[str, Any] = json.loads(document.assume_role_policy_document)
    return policy


def _not_authorized(cluster: Cluster, user: str, role: str) -> SqlError:
    """Redshift's error for a role that cannot be assumed; `role` is printed as it was written."""
    database_user = (
        f"arn:aws:redshift:{cluster.region}:{cluster.account_id}:dbuser:{cluster.identifier}/{user}"
    )
    return internal_error(
        f"User {database_user} is not authorized to assume IAM Role {role}",
        context=f"IAM Role={role}",
        location="xen_aws_credentials_mgr.cpp",
    )
