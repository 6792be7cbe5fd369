"""The cluster's own security group: its port, from the caller's address and from nowhere else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from iac import cluster, tags
from iac.clients import Aws
from iac.waiting import Patience
from terminal import Fault

WORLD = "0.0.0.0/0"

Group = dict[str, Any]


def group_name(aws: Aws) -> str:
    """The security group of the configured cluster."""
    return f"{aws.settings.cluster_identifier}-access"


def default_vpc(aws: Aws) -> str:
    """The region's default VPC, which clusters are made in."""
    vpc = _default_vpc(aws)
    if vpc is None:
        region = aws.settings.region
        raise Fault(
            f"{region} has no default VPC to put the cluster into\n"
            f"next: aws ec2 create-default-vpc --region {region}, or change [AWS] REGION"
        )
    return vpc


def vpc_ranges(aws: Aws) -> list[str]:
    """The IPv4 ranges of the VPC that the cluster is in, or is to be made in."""
    (vpc,) = aws.ec2.describe_vpcs(VpcIds=[_vpc(aws) or default_vpc(aws)])["Vpcs"]
    blocks = vpc.get("CidrBlockAssociationSet", [])
    return [
        str(one["CidrBlock"]) for one in blocks if one["CidrBlockState"]["State"] == "associated"
    ]


def find(aws: Aws) -> Group | None:
    """The configured cluster's own security group, None where there is none."""
    vpc = _vpc(aws)
    if vpc is None:
        return None
    answer = aws.ec2.describe_security_groups(
        Filters=[
            {"Name": "group-name", "Values": [group_name(aws)]},
            {"Name": "vpc-id", "Values": [vpc]},
        ]
    )
    groups: list[Group] = answer["SecurityGroups"]
    return groups[0] if groups else None


def ensure(aws: Aws) -> tuple[str, str]:
    """Make the security group, which lets nobody in yet; its id and a note of what was done."""
    group = find(aws)
    if group is None:
        return _create(aws), "created"
    if not tags.made_here(group.get("Tags", [])):
        raise Fault(
            f"the security group {group_name(aws)} exists and is not this project's\n"
            "next: set [DWH] CLUSTER_IDENTIFIER to another name"
        )
    return str(group["GroupId"]), "unchanged"


def admit(aws: Aws, port: int, cidrs: Sequence[str]) -> str:
    """Have the group let in `cidrs` on `port` and nothing else; a note of what was done."""
    group = find(aws)
    if group is None:
        raise Fault(f"the security group {group_name(aws)} is gone\nnext: run this again")
    wanted = {(port, cidr) for cidr in cidrs}
    actual = {(one["FromPort"], one["CidrIp"]): one["Permission"] for one in _rules(group)}
    for rule in sorted(wanted - actual.keys()):
        _authorize(aws, group, *rule)
    stale = actual.keys() - wanted
    for rule in stale:
        aws.ec2.revoke_security_group_ingress(
            GroupId=group["GroupId"], IpPermissions=[actual[rule]]
        )
    told = f"lets in {', '.join(sorted(cidrs))} on port {port}"
    gone = ", ".join(sorted({str(cidr) for _, cidr in stale} - set(cidrs)))
    return f"{told}, no longer {gone}" if gone else told


def admitted(group: Group) -> set[str]:
    """The ranges that the group lets in, on whatever port."""
    return {str(rule["CidrIp"]) for rule in _rules(group)}


def lets_in(groups: Sequence[Group], address: str, port: int) -> bool:
    """Does any rule of these groups let `address` in on `port`?"""
    return any(
        _within(address, allowed["CidrIp"])
        for permission in _permissions(groups, port)
        for allowed in permission["IpRanges"]
    )


def admits_others(groups: Sequence[Group], port: int) -> bool:
    """Does any rule let in on `port` whoever is in a security group or a list of prefixes?"""
    return any(
        permission.get("UserIdGroupPairs") or permission.get("PrefixListIds")
        for permission in _permissions(groups, port)
    )


def groups_of(aws: Aws, described: cluster.Description) -> list[Group]:
    """The security groups of a cluster."""
    ids = [one["VpcSecurityGroupId"] for one in described.get("VpcSecurityGroups", [])]
    if not ids:
        return []
    answer = aws.ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": ids}])
    groups: list[Group] = answer["SecurityGroups"]
    return groups


def remove(aws: Aws, patience: Patience) -> str | None:
    """Delete the security group; what was done, None if there is none.

    The network interface of a deleted cluster holds it for a while.
    """
    from botocore.exceptions import ClientError

    group = find(aws)
    if group is None:
        return None
    if not tags.made_here(group.get("Tags", [])):
        return tags.NOT_MADE_HERE
    kept = cluster.find(aws)
    if kept is not None and cluster.has_group(kept, str(group["GroupId"])):
        return f"kept: the cluster {aws.settings.cluster_identifier} uses it"
    for code in patience.looks(lambda: _delete(aws, str(group["GroupId"]), ClientError)):
        if code is None:
            return "deleted"
        patience.show("still in use")
    raise Fault(
        f"the security group {group_name(aws)} is still in use after {patience.minutes:g} minutes\n"
        f"next: see what uses it: aws ec2 describe-network-interfaces --region"
        f" {aws.settings.region} --filters Name=group-id,Values={group['GroupId']}"
    )


def check_cidr(text: str) -> str:
    """An IPv4 range as AWS wants it; ValueError that says what is wrong."""
    network = ipaddress.IPv4Network(text)
    return str(network)


def _vpc(aws: Aws) -> str | None:
    """The cluster's VPC, the default one while there is no cluster; None without either."""
    described = cluster.find(aws) or {}
    return described.get("VpcId") or _default_vpc(aws)


def _default_vpc(aws: Aws) -> str | None:
    vpcs = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(vpcs[0]["VpcId"]) if vpcs else None


def _create(aws: Aws) -> str:
    answer = aws.ec2.create_security_group(
        GroupName=group_name(aws),
        Description=f"Who may connect to the cluster {aws.settings.cluster_identifier}",
        VpcId=_vpc(aws) or default_vpc(aws),
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags.tags(aws)}],
    )
    return str(answer["GroupId"])


def _authorize(aws: Aws, group: Group, port: int, cidr: str) -> None:
    permission = {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": cidr, "Description": "iac.create_cluster"}],
    }
    aws.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])


def _rules(group: Group) -> list[dict[str, Any]]:
    """The rules of a group one by one, each with the permission that revokes it."""
    return [
        {
            "FromPort": permission.get("FromPort"),
            "CidrIp": allowed["CidrIp"],
            "Permission": {**_ports(permission), "IpRanges": [allowed]},
        }
        for permission in group["IpPermissions"]
        for allowed in permission["IpRanges"]
    ]


def _permissions(groups: Sequence[Group], port: int) -> Iterator[dict[str, Any]]:
    """What these groups let in on the TCP port."""
    for group in groups:
        for permission in group["IpPermissions"]:
            if permission["IpProtocol"] in ("tcp", "-1") and (
                permission.get("FromPort", port) <= port <= permission.get("ToPort", port)
            ):
                yield permission


def _ports(permission: dict[str, Any]) -> dict[str, Any]:
    names = ("IpProtocol", "FromPort", "ToPort")
    return {name: permission[name] for name in names if name in permission}


def _delete(aws: Aws, group_id: str, refused: type[Exception]) -> str | None:
    """Delete a security group; None when it is gone, the code while something uses it."""
    try:
        aws.ec2.delete_security_group(GroupId=group_id)
    except refused as error:
        code = str(getattr(error, "response", {})["Error"]["Code"])
        if code == "DependencyViolation":
            return code
        if code != "InvalidGroup.NotFound":
            raise
    return None


def _within(address: str, cidr: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False)
