"""The cluster's own security group: its port, from the caller's address and from nowhere else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from iac import cluster, tags
from iac.clients import Aws
from iac.waiting import Patience
from terminal import Fault

CHECKIP = "https://checkip.amazonaws.com"
TIMEOUT_S = 10
WORLD = "0.0.0.0/0"
NAME_ANYWHERE = "next: name the address with --cidr, as 203.0.113.7/32"

Group = dict[str, Any]


def group_name(aws: Aws) -> str:
    """The security group of the configured cluster."""
    return f"{aws.settings.cluster_identifier}-access"


def caller_address(aws: Aws) -> str:
    """The IPv4 address that AWS sees this machine at; asked of the endpoint, or of AWS."""
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    endpoint = aws.settings.endpoint_url
    url = f"{endpoint.rstrip('/')}/checkip" if endpoint else CHECKIP
    session = URLLib3Session(timeout=TIMEOUT_S, proxies=get_environ_proxies(url))
    try:
        answer = session.send(AWSRequest("GET", url).prepare()).text.strip()
        return str(ipaddress.IPv4Address(answer))
    except BotoCoreError as error:
        raise Fault(f"{url} does not tell this machine's address: {error}\n{NAME_ANYWHERE}") from (
            error
        )
    except ValueError as error:
        raise Fault(f"{url} answered no IPv4 address\n{NAME_ANYWHERE}") from error
    finally:
        session.close()


def default_vpc(aws: Aws) -> str:
    """The region's default VPC, which clusters are made in."""
    vpcs = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        region = aws.settings.region
        raise Fault(
            f"{region} has no default VPC to put the cluster into\n"
            f"next: aws ec2 create-default-vpc --region {region}, or change [AWS] REGION"
        )
    return str(vpcs[0]["VpcId"])


def find(aws: Aws) -> Group | None:
    """The configured cluster's own security group, None where there is none."""
    answer = aws.ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [group_name(aws)]}]
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
        permission["IpProtocol"] in ("tcp", "-1")
        and permission.get("FromPort", port) <= port <= permission.get("ToPort", port)
        and any(_within(address, allowed["CidrIp"]) for allowed in permission["IpRanges"])
        for group in groups
        for permission in group["IpPermissions"]
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


def _create(aws: Aws) -> str:
    answer = aws.ec2.create_security_group(
        GroupName=group_name(aws),
        Description=f"Who may connect to the cluster {aws.settings.cluster_identifier}",
        VpcId=default_vpc(aws),
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
