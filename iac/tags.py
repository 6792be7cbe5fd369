"""The tags on everything that is made here, by which it is recognised and found again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from iac.clients import Aws

Tag = dict[str, str]

_PROJECT = {"Key": "project", "Value": "sparkify"}
_MAKER = {"Key": "created-by", "Value": "iac.create_cluster"}

LONGEST_VALUE = 256

# What is said of anything that a deletion leaves because it was not made here.
NOT_MADE_HERE = "kept: it was not made by iac.create_cluster"


def tags(aws: Aws) -> list[Tag]:
    """Project, cluster, owner (whose credentials made it) and maker."""
    return [_PROJECT, _cluster(aws), {"Key": "owner", "Value": value(aws.account.user)}, _MAKER]


def value(text: str) -> str:
    """The text as the value of a tag: IAM, whose rule is the strictest, refuses some characters.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    return re.sub(r"[^\w .:/=+@-]", "_", text)[:LONGEST_VALUE]


def made_here(found: Sequence[Tag]) -> bool:
    """Whether something with these tags was made by iac.create_cluster."""
    return _PROJECT in found and _MAKER in found


def of_this_cluster(aws: Aws, found: Sequence[Tag]) -> bool:
    """Whether something with these tags was made for the configured cluster."""
    return _PROJECT in found and _cluster(aws) in found


def in_redshift(aws: Aws) -> list[str]:
    """The ARNs of everything in Redshift that is tagged as this cluster's."""
    mine = (_PROJECT, _cluster(aws))
    pages = aws.redshift.get_paginator("describe_tags").paginate(
        TagKeys=[tag["Key"] for tag in mine], TagValues=[tag["Value"] for tag in mine]
    )
    found: dict[str, list[Tag]] = defaultdict(list)
    for page in pages:
        for resource in page["TaggedResources"]:
            tag = {"Key": resource["Tag"]["Key"], "Value": resource["Tag"]["Value"]}
            found[resource["ResourceName"]].append(tag)
    return sorted(name for name, tagged in found.items() if of_this_cluster(aws, tagged))


def security_groups(aws: Aws) -> Iterator[dict[str, Any]]:
    """The security groups that are tagged as this cluster's."""
    filters = [
        {"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in (_PROJECT, _cluster(aws))
    ]
    for page in aws.ec2.get_paginator("describe_security_groups").paginate(Filters=filters):
        yield from page["SecurityGroups"]


def _cluster(aws: Aws) -> Tag:
    return {"Key": "cluster", "Value": aws.settings.cluster_identifier}
