"""The IAM role that Redshift assumes to read S3: made, kept as configured, taken away."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass

from iac import policy, tags
from iac.clients import Aws, accepting
from settings import IAM_ROLE_NAME
from terminal import Fault

# The inline policy of each cluster that uses the role: this, its region and its name.
POLICY_PREFIX = "read-sparkify-s3-"
_POLICY_NAME = re.compile(POLICY_PREFIX + r"(?P<region>(?:[a-z]+-)+\d)-(?P<cluster>.+)")


@dataclass(frozen=True)
class Role:
    """A role as IAM knows it."""

    name: str
    arn: str
    trust: policy.Document
    made_here: bool


def find(aws: Aws, name: str) -> Role | None:
    """The role called `name`, None where there is none."""
    try:
        role = aws.iam.get_role(RoleName=name)["Role"]
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    return Role(
        name=name,
        arn=role["Arn"],
        trust=role["AssumeRolePolicyDocument"],
        made_here=tags.made_here(role.get("Tags", [])),
    )


def policy_name(aws: Aws) -> str:
    """What the role's inline policy for the configured cluster is called.

    The role is the account's: clusters of other regions may use it, each to read its own paths.
    """
    return f"{POLICY_PREFIX}{aws.settings.region}-{aws.settings.cluster_identifier}"


def read_policy(aws: Aws, name: str) -> policy.Document | None:
    """The inline policy that iac.create_cluster gives to the role, None where it has none."""
    try:
        answer = aws.iam.get_role_policy(RoleName=name, PolicyName=policy_name(aws))
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    document: policy.Document = answer["PolicyDocument"]
    return document


def trust_differs(role: Role | None) -> bool:
    """Whether a role that was made here trusts others than Redshift, or not only it."""
    return role is not None and role.made_here and role.trust != policy.trust()


def policy_differs(aws: Aws) -> bool:
    """Whether that policy is not what the configured S3 paths need."""
    wanted = policy.read_access(aws.settings, aws.account.partition)
    return read_policy(aws, aws.settings.iam_role_name) != wanted


def policies(aws: Aws, name: str) -> dict[str, policy.Document]:
    """Every policy of the role, inline and managed, by name."""
    documents: dict[str, policy.Document] = {}
    for inline in _inline(aws, name):
        answer = aws.iam.get_role_policy(RoleName=name, PolicyName=inline)
        documents[inline] = answer["PolicyDocument"]
    for page in aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for attached in page["AttachedPolicies"]:
            documents[attached["PolicyName"]] = _managed(aws, attached["PolicyArn"])
    return documents


def ensure(aws: Aws) -> tuple[str, str]:
    """Make the configured role, or put right what differs; its ARN and a note of what was done.

    A role of that name that was not made here keeps its trust policy: it may serve others.
    """
    name = aws.settings.iam_role_name
    done = []
    role = find(aws, name)
    if role is None:
        # Another run may make it at the same moment.
        with accepting("EntityAlreadyExists"):
            role = _create(aws, name)
            done.append("created")
    role = role or find(aws, name)
    if role is None:
        raise Fault(f"the role {name} is gone\nnext: run this again")
    if not policy.trusts_redshift(role.trust) and not role.made_here:
        raise Fault(
            f"the role {name} exists, is not this project's and does not trust {policy.SERVICE}\n"
            f"next: set {IAM_ROLE_NAME.label} to a name that is free"
        )
    if trust_differs(role):
        aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(policy.trust()))
        done.append("trust put right")
    if policy_differs(aws):
        wanted = policy.read_access(aws.settings, aws.account.partition)
        aws.iam.put_role_policy(
            RoleName=name, PolicyName=policy_name(aws), PolicyDocument=json.dumps(wanted)
        )
        done.append("may read the configured S3 paths")
    return role.arn, ", ".join(done) or "unchanged"


def remove(aws: Aws) -> str | None:
    """Delete the configured role with all its policies; what was done, None if there is no role.

    A role that was not made here, or that another cluster uses, is kept without the policy of
    this cluster; one that this cluster goes on using is kept as it is.
    """
    name = aws.settings.iam_role_name
    role = find(aws, name)
    if role is None:
        return None
    using = users(aws, role)
    this = f"{aws.settings.cluster_identifier} in {aws.settings.region}"
    if this in using:
        return f"kept: the cluster {this} uses it"
    # Whatever is gone already was to be gone: an earlier run may have been cut short.
    with suppress(aws.iam.exceptions.NoSuchEntityException):
        aws.iam.delete_role_policy(RoleName=name, PolicyName=policy_name(aws))
    if not role.made_here:
        return tags.NOT_MADE_HERE
    if using:
        return f"kept: the cluster {using[0]} uses it"
    with suppress(aws.iam.exceptions.NoSuchEntityException):
        _strip(aws, name)
        aws.iam.delete_role(RoleName=name)
    return "deleted"


def users(aws: Aws, role: Role) -> list[str]:
    """The clusters that use the role, each with its region.

    In this region they are those that it is attached to, in others those that have a policy in it.
    """
    here = aws.settings.region
    found = [
        f"{cluster['ClusterIdentifier']} in {here}"
        for page in aws.redshift.get_paginator("describe_clusters").paginate()
        for cluster in page["Clusters"]
        if any(one["IamRoleArn"] == role.arn for one in cluster.get("IamRoles", []))
    ]
    for inline in _inline(aws, role.name):
        if (told := _POLICY_NAME.fullmatch(inline)) and inline != policy_name(aws):
            found.append(f"{told['cluster']} in {told['region']}")
    return found


def _create(aws: Aws, name: str) -> Role:
    created = aws.iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(policy.trust()),
        Description="Amazon Redshift reads the Sparkify data in S3 with it",
        Tags=tags.tags(aws),
    )["Role"]
    aws.iam.get_waiter("role_exists").wait(RoleName=name)
    return Role(name, created["Arn"], policy.trust(), made_here=True)


def _strip(aws: Aws, name: str) -> None:
    for page in aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for attached in page["AttachedPolicies"]:
            aws.iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for inline in _inline(aws, name):
        aws.iam.delete_role_policy(RoleName=name, PolicyName=inline)


def _inline(aws: Aws, name: str) -> list[str]:
    """The names of the role's inline policies."""
    pages = aws.iam.get_paginator("list_role_policies").paginate(RoleName=name)
    return [str(inline) for page in pages for inline in page["PolicyNames"]]


def _managed(aws: Aws, arn: str) -> policy.Document:
    version = aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = aws.iam.get_policy_version(PolicyArn=arn, VersionId=version)
    document: policy.Document = answer["PolicyVersion"]["Document"]
    return document
