"""May this cluster assume this role, and may the role read or write this object of S3?

The local IAM and the local buckets decide, in Redshift's words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from standin.cloud.iam_policy import Policies, conditions_met, listed
from standin.cloud.objects import (
    LISTING,
    ObjectInfo,
    ObjectStore,
    internal_error,
    reading,
    s3_error,
    writing,
)

if TYPE_CHECKING:
    from moto.iam.models import Role

    from standin.cloud.aws import Cluster
    from standin.sqlerror import SqlError

REDSHIFT_SERVICE = "redshift.amazonaws.com"


def check_role(cluster: Cluster, user: str, role: str | None) -> None:
    """Raise Redshift's own error unless the cluster may assume what a statement names as its role.

    `role` is an ARN, a comma-separated chain of ARNs (each assumes the next), 'default', or None
    for a statement that brings its own access keys. The first role must be attached to the
    cluster and trust Redshift; each further one must exist and trust the one before it.
    https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html
    """
    if role is None:
        return
    chain = _chain(cluster, role)
    attached = chain[0] in cluster.iam_roles
    external_id = _database_user(cluster, user)
    if not attached or not trusts_redshift(cluster.account_id, chain[0], external_id):
        raise _not_authorized(cluster, user, role)
    for previous, arn in pairwise(chain):
        if not _trusts(arn, "AWS", {previous, _account(previous), "*"}, external_id):
            raise _not_authorized(cluster, user, role)


def trusts_redshift(account_id: str, role: str, external_id: str | None = None) -> bool:
    """Does this role exist in this account, with a trust policy that lets Redshift assume it?

    `external_id` is the database user for whom it is assumed; without one, any may be meant.
    """
    return _account(role) == account_id and _trusts(
        role, "Service", {REDSHIFT_SERVICE}, external_id
    )


@dataclass(frozen=True)
class AuthorizedObjects:
    """An object store as a role of a cluster sees it: an ObjectStore too.

    Only the role's own policies count, as they do on AWS for a bucket of another account, however
    public; bucket policies are not looked at.
    """

    objects: ObjectStore
    policies: Policies
    region: str
    role: str

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        """Needs s3:ListBucket on the bucket, with this prefix."""
        context = f"Listing bucket={bucket} prefix={prefix}"
        found = self.objects.list(bucket, prefix)
        self._check_region(bucket, context)
        if not self._may("s3:ListBucket", bucket, {"s3:prefix": prefix}):
            raise _access_denied(context, LISTING)
        return found

    def open(self, info: ObjectInfo) -> BinaryIO:
        """Needs s3:GetObject on the object."""
        self._check_object(info.bucket, info.key)
        return self.objects.open(info)

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """Needs s3:GetObject on the object, whether it exists or not."""
        found = self.objects.find(bucket, key)
        self._check_region(bucket, reading(bucket, key)["context"])
        self._check_object(bucket, key)
        return found

    def check_writable(self, bucket: str, key: str) -> None:
        """Needs s3:PutObject on the object."""
        self.objects.check_writable(bucket, key)
        self._check_region(bucket, writing(bucket, key)["context"])
        if not self._may("s3:PutObject", f"{bucket}/{key}", {}):
            raise _access_denied(**writing(bucket, key))

    def check_deletable(self, bucket: str, key: str) -> None:
        """Needs s3:DeleteObject on the object."""
        self.objects.check_deletable(bucket, key)
        if not self._may("s3:DeleteObject", f"{bucket}/{key}", {}):
            raise _access_denied(**writing(bucket, key))

    def store(self, bucket: str, key: str, content: SpooledTemporaryFile[bytes], etag: str) -> None:
        """Needs s3:PutObject on the object."""
        self.check_writable(bucket, key)
        self.objects.store(bucket, key, content, etag)

    def delete(self, info: ObjectInfo) -> None:
        """Needs s3:DeleteObject on the object."""
        self.check_deletable(info.bucket, info.key)
        self.objects.delete(info)

    def _check_object(self, bucket: str, key: str) -> None:
        if not self._may("s3:GetObject", f"{bucket}/{key}", {}):
            raise _access_denied(**reading(bucket, key))

    def _may(self, action: str, resource: str, context: dict[str, str]) -> bool:
        known = {"aws:SecureTransport": "true", "aws:PrincipalArn": self.role}
        return self.policies.allow(action, f"arn:aws:s3:::{resource}", known | context)

    def _check_region(self, bucket: str, context: str) -> None:
        actual = bucket_region(bucket)
        if actual is not None and actual != self.region:
            raise s3_error(
                "PermanentRedirect",
                301,
                "The bucket you are attempting to access must be addressed using the specified "
                "endpoint. Please send all future requests to this endpoint.",
                context=context,
                location=LISTING,
            )


def authorized(
    objects: ObjectStore, cluster: Cluster, user: str, role: str | None, region: str | None
) -> ObjectStore:
    """The objects as a role may use them with this REGION; SqlError as `check_role`.

    Without a REGION the buckets must be in the cluster's.
    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html
    """
    check_role(cluster, user, role)
    if role is None:
        return objects
    last = _chain(cluster, role)[-1]
    return AuthorizedObjects(objects, role_policies(last), region or cluster.region, last)


def role_policies(arn: str) -> Policies:
    """Every policy that a role of the local IAM has, inline and managed."""
    role = _role(arn)
    if role is None:
        return Policies([])
    inline = role.policies.values()
    managed = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return Policies(json.loads(document) for document in (*inline, *managed))


def bucket_region(name: str) -> str | None:
    """The region of a bucket of the local S3; None when it is not there."""
    from moto.s3.models import s3_backends

    if name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[name]
    region: str = s3_backends[account][partition].buckets[name].region_name
    return region


def _chain(cluster: Cluster, role: str) -> list[str]:
    return [arn.strip() for arn in (_default_role(cluster, role) or role).split(",")]


def _default_role(cluster: Cluster, role: str) -> str | None:
    """The cluster's default role for the word `default`, nothing for any other text."""
    return cluster.default_iam_role if role.lower() == "default" else None


def _account(arn: str) -> str:
    """The account of an ARN; an empty string when it is not one."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""


def _trusts(role: str, kind: str, principals: set[str], external_id: str | None) -> bool:
    """Does a role's trust policy allow any of these principals ('Service' or 'AWS')?"""
    found = _role(role)
    document = json.loads(found.assume_role_policy_document) if found else {}
    return any(
        statement.get("Effect") == "Allow"
        and "sts:assumerole" in {action.lower() for action in listed(statement.get("Action"))}
        and bool(_names(statement, kind) & principals)
        and (external_id is None or conditions_met(statement, {"sts:ExternalId": external_id}))
        for statement in listed(document.get("Statement"))
    )


def _names(statement: dict[str, Any], kind: str) -> set[str]:
    """The principals of one kind that a statement names; accounts as their bare number."""
    principal = statement.get("Principal", {})
    names = set(listed(principal.get(kind) if isinstance(principal, dict) else principal))
    return names | {_account(name) for name in names if name.endswith(":root")}


def _role(arn: str) -> Role | None:
    """A role of the local IAM; None when there is no such role."""
    from moto.iam.exceptions import NotFoundException
    from moto.iam.models import iam_backends

    try:
        return iam_backends[_account(arn)]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        return None


def _database_user(cluster: Cluster, user: str) -> str:
    return (
        f"arn:aws:redshift:{cluster.region}:{cluster.account_id}:dbuser:{cluster.identifier}/{user}"
    )


def _not_authorized(cluster: Cluster, user: str, role: str) -> SqlError:
    """Redshift's error for a role that cannot be assumed; `role` is printed as it was written."""
    return internal_error(
        f"User {_database_user(cluster, user)} is not authorized to assume IAM Role {role}",
        context=f"IAM Role={role}",
        location="xen_aws_credentials_mgr.cpp",
    )


def _access_denied(context: str, location: str) -> SqlError:
    return s3_error("AccessDenied", 403, "Access Denied", context=context, location=location)
