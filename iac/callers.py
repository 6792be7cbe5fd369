"""This machine's address, as AWS sees it and as the VPC does: who connects if nobody is named."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence

from iac import cluster, network, rules
from iac.clients import Aws
from terminal import Fault

CHECKIP = "https://checkip.amazonaws.com"
TIMEOUT_S = 10
NAME_ANYWHERE = "next: name the address with --cidr, as 203.0.113.7/32"
OUTSIDE = (
    "this cluster is reachable inside its VPC only, and this machine is outside: nobody outside can"
    " connect; --cidr names who inside may"
)


def by_default(aws: Aws) -> tuple[str, str]:
    """The range that may connect where none is named, and what to warn of, empty as a rule.

    Inside its VPC a cluster that is not public sees private addresses only. The local AWS has one
    network: everybody is seen at the same address there. Faults as `caller_address`.
    """
    if aws.settings.endpoint_url or _is_public(aws):
        return f"{caller_address(aws)}/32", ""
    if (inside := address_within(network.vpc_ranges(aws))) is not None:
        return f"{inside}/32", ""
    return f"{caller_address(aws)}/32", OUTSIDE


def caller_address(aws: Aws) -> str:
    """The IPv4 address that AWS sees this machine at; asked of the endpoint, or of AWS.

    Fault when nobody tells it.
    """
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    endpoint = aws.settings.endpoint_url
    url = f"{endpoint.rstrip('/')}/checkip" if endpoint else CHECKIP
    session = URLLib3Session(
        verify=os.environ.get("AWS_CA_BUNDLE") or True,
        timeout=TIMEOUT_S,
        proxies=get_environ_proxies(url),
    )
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


def address_within(ranges: Sequence[str]) -> str | None:
    """This machine's address in a network of these IPv4 ranges, None where it is not in there."""
    networks = [ipaddress.IPv4Network(one) for one in ranges]
    for one in networks:
        address = local_address(str(one[1]), rules.DEFAULT_PORT)
        if address and any(ipaddress.IPv4Address(address) in other for other in networks):
            return address
    return None


def local_address(host: str, port: int) -> str | None:
    """The IPv4 address that this machine would connect to a host from, None where it cannot.

    Nothing is sent: the system only chooses the way.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, port))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def _is_public(aws: Aws) -> bool:
    made = cluster.find(aws)
    configured = aws.settings.publicly_accessible
    return bool(made.get("PubliclyAccessible", configured)) if made else configured
