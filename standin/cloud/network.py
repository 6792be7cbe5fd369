"""Do a cluster's security groups let a client in? Read from the local EC2."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend

LOCAL_RANGE = {"CidrIp": "127.0.0.1/32", "Description": "the machine that the stand-in runs on"}
_OPENED = "standin_lets_this_machine_in"
EVERYTHING, TCP = "-1", ("tcp", "6")


def default_group(account_id: str, region: str) -> tuple[str, str] | None:
    """The default VPC of a region and its default security group; None without a default VPC.

    AWS's default group lets nobody in. This one lets this machine in from the first time that
    it is asked for, so that a cluster made without a word about groups is of use; the rule may
    be revoked like any other.
    """
    backend = _backend(account_id, region)
    vpc = backend.get_default_vpc()
    group = backend.get_default_security_group(vpc.id) if vpc else None
    if vpc is None or group is None:
        return None
    if not getattr(group, _OPENED, False):
        setattr(group, _OPENED, True)
        backend.authorize_security_group_ingress(
            group.id, "tcp", "1", "65535", [LOCAL_RANGE], vpc_id=vpc.id
        )
    return vpc.id, group.id


def group_exists(account_id: str, region: str, group_id: str) -> bool:
    """Is there such a security group?"""
    return _backend(account_id, region).get_security_group_from_id(group_id) is not None


def vpc_of(account_id: str, region: str, group_id: str) -> str | None:
    """The VPC that a security group belongs to."""
    group = _backend(account_id, region).get_security_group_from_id(group_id)
    return group.vpc_id if group else None


def lets_in(
    account_id: str, region: str, groups: Iterable[str], address: str, ports: Iterable[int]
) -> bool:
    """Does any rule of any of these groups let `address` in on one of `ports`?"""
    backend = _backend(account_id, region)
    found = [backend.get_security_group_from_id(group) for group in groups]
    return any(
        _covers(rule, address, port)
        for group in found
        if group is not None
        for rule in group.ingress_rules
        for port in ports
    )


def _covers(rule: Any, address: str, port: int) -> bool:
    if rule.ip_protocol not in (EVERYTHING, *TCP):
        return False
    if rule.ip_protocol in TCP and not rule.from_port <= port <= rule.to_port:
        return False
    cidr = rule.ip_range.get("CidrIp")
    return cidr is not None and ip_address(address) in ip_network(cidr, strict=False)


def _backend(account_id: str, region: str) -> EC2Backend:
    from moto.ec2.models import ec2_backends

    backend: EC2Backend = ec2_backends[account_id][region]
    return backend
