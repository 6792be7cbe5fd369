"""The cluster's own security group: its port, from the caller's address and from nowhere else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from iac import cluster, tags
from iac.clients import Aws, accepting
from iac.waiting import Patience
from terminal import Fault

WORLD = "0.0.0.0/0"

# Where a rule may let in from: the list of a permission, and what names one of it.
_SOURCES = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("UserIdGroupPairs", "GroupId"),
    ("PrefixListIds", "PrefixListId"),
)

Group = dict[str, Any]


class Rule(NamedTuple):
    """One thing that a group lets in: a protocol (-1: all), its ports if it has any, a source."""

    protocol: str
    first: int | None
    last: int | None
    source: str

    def words(self, port: int) -> str:
        """The source, and the rest where it is not TCP on `port` alone."""
        if self[:3] == ("tcp", port, port):
            return self.source
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        what = "everything" if self.protocol == "-1" else f"{self.protocol} {ports}"
        return f"{what} from {self.source}"


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
        # Another run may make it at the same moment.
        with accepting("InvalidGroup.Duplicate"):
            return _create(aws), "created"
        group = _existing(aws)
    if not tags.made_here(group.get("Tags", [])):
        raise Fault(
            f"the security group {group_name(aws)} exists and is not this project's\n"
            "next: set [DWH] CLUSTER_IDENTIFIER to another name"
        )
    return str(group["GroupId"]), "unchanged"


def admit(aws: Aws, port: int, cidrs: Sequence[str]) -> str:
    """Have the group let in `cidrs` on `port` and nothing else; a note of what was done."""
    group = _existing(aws)
    name, actual = group["GroupId"], _rules(group)
    missing, stale = differences(group, port, cidrs)
    for rule in missing:
        with accepting("InvalidPermission.Duplicate"):
            aws.ec2.authorize_security_group_ingress(
                GroupId=name, IpPermissions=[_permission(port, rule.source)]
            )
    for rule in stale:
        with accepting("InvalidPermission.NotFound"):
            aws.ec2.revoke_security_group_ingress(GroupId=name, IpPermissions=[actual[rule]])
    told = f"lets in {', '.join(sorted(cidrs))} on port {port}"
    gone = ", ".join(rule.words(port) for rule in stale)
    return f"{told}, no longer {gone}" if gone else told


def differences(
    group: Group | None, port: int, cidrs: Sequence[str]
) -> tuple[list[Rule], list[Rule]]:
    """The rules that a group lacks to let in `cidrs` on `port`, and those that it has besides."""
    wanted = {Rule("tcp", port, port, cidr) for cidr in cidrs}
    actual = _rules(group).keys() if group else set()
    return sorted(wanted - actual, key=str), sorted(actual - wanted, key=str)


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


def _existing(aws: Aws) -> Group:
    group = find(aws)
    if group is None:
        raise Fault(f"the security group {group_name(aws)} is gone\nnext: run this again")
    return group


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


def _permission(port: int, cidr: str) -> dict[str, Any]:
    """What lets in a range on a port, as EC2 wants it."""
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": cidr, "Description": "iac.create_cluster"}],
    }


def _rules(group: Group) -> dict[Rule, dict[str, Any]]:
    """The rules of a group one by one, each with the permission that revokes it."""
    return {
        Rule(
            permission["IpProtocol"],
            permission.get("FromPort"),
            permission.get("ToPort"),
            str(source[name]),
        ): {**_ports(permission), kind: [source]}
        for permission in group["IpPermissions"]
        for kind, name in _SOURCES
        for source in permission.get(kind, [])
    }


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
