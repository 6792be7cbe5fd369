"""What a deletion left behind, found by tag and by name, and what it goes on costing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iac import cluster, prices, role, tags
from iac.clients import Aws

FREE = "nothing"
STORED = "storage, by the GB and month"


@dataclass(frozen=True)
class Remain:
    """Something that is still there."""

    kind: str
    name: str
    hourly: str


def remains(aws: Aws, kept_snapshot: str | None) -> list[Remain]:
    """Everything of the configured cluster's that is still there, but for the kept snapshot."""
    found = dict.fromkeys((*_in_redshift(aws), *_by_name(aws)))
    return [one for one in found if not (one.kind == "snapshot" and one.name == kept_snapshot)]


def _in_redshift(aws: Aws) -> Iterator[Remain]:
    for arn in tags.in_redshift(aws):
        # arn:aws:redshift:us-west-2:123456789012:snapshot:my-cluster/my-snapshot
        kind, _, name = arn.split(":", 5)[5].partition(":")
        yield Remain(kind, name.rpartition("/")[2], _cost(aws, kind))


def _by_name(aws: Aws) -> Iterator[Remain]:
    settings = aws.settings
    there = cluster.find(aws)
    # What was not made here stays, with all that it uses.
    kept = None if there is None or tags.made_here(there.get("Tags", [])) else there
    if there is not None and kept is None:
        yield Remain("cluster", settings.cluster_identifier, _cost(aws, "cluster"))
    if kept is None:
        for name in _snapshots(aws):
            yield Remain("snapshot", name, STORED)
    for group in tags.security_groups(aws):
        if kept is None or not cluster.has_group(kept, group["GroupId"]):
            yield Remain("security group", f"{group['GroupId']} ({group['GroupName']})", FREE)
    found = role.find(aws, settings.iam_role_name)
    if found is not None and found.made_here and not role.users(aws, found):
        yield Remain("role", found.name, FREE)


def _snapshots(aws: Aws) -> Iterator[str]:
    pages = aws.redshift.get_paginator("describe_cluster_snapshots").paginate(SnapshotType="manual")
    for page in pages:
        for snapshot in page["Snapshots"]:
            if snapshot["ClusterIdentifier"] == aws.settings.cluster_identifier:
                yield snapshot["SnapshotIdentifier"]


def _cost(aws: Aws, kind: str) -> str:
    if kind == "snapshot":
        return STORED
    found = cluster.find(aws)
    if kind != "cluster" or found is None:
        return "unknown"
    return prices.estimate(str(found.get("NodeType")), int(found.get("NumberOfNodes") or 1))
