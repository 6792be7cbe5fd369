"""This machine's address as AWS and as the VPC see it, and what is made of it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme
from conftest import Call, Project
from premises import groups, loaded, make_cluster

import terminal
from iac import callers, checks, clients, create_cluster

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def answering() -> Iterator[Any]:
    """An address service that answers what it is told to; its endpoint URL."""
    servers = []

    def serve(body: bytes, tls: ssl.SSLContext | None = None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer() -> None:
            plain = server.accept()[0]
            with closing(tls.wrap_socket(plain, server_side=True) if tls else plain) as client:
                client.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                client.sendall(head % len(body) + body)

        threading.Thread(target=answer, daemon=True).start()
        return f"http{'s' if tls else ''}://127.0.0.1:{server.getsockname()[1]}"

    yield serve
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (b"203.0.113.7\n", "203.0.113.7"),
        (b"<html>log in to this hotel's network</html>", None),
        (b"2001:db8::1\n", None),
        (b"", None),
    ],
    ids=["address", "a portal", "IPv6", "nothing"],
)
def test_the_callers_address(
    site: Project, answering: Any, body: bytes, address: str | None
) -> None:
    site.configure(AWS_ENDPOINT_URL=answering(body))
    aws = clients.Aws(loaded(site))
    if address is not None:
        assert callers.caller_address(aws) == address
        return
    with pytest.raises(terminal.Fault) as refusal:
        callers.caller_address(aws)
    assert "/checkip answered no IPv4 address\nnext: name the address with --cidr" in str(
        refusal.value
    )


def test_an_address_service_that_is_not_there(site: Project) -> None:
    site.configure(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    with pytest.raises(terminal.Fault, match="does not tell this machine's address"):
        callers.caller_address(clients.Aws(loaded(site)))


def test_the_bundle_of_aws_verifies_the_address_service(
    site: Project, answering: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    site.configure(AWS_ENDPOINT_URL=answering(b"203.0.113.7\n", context))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert callers.caller_address(clients.Aws(loaded(site))) == "203.0.113.7"


@pytest.mark.parametrize(
    ("ranges", "address"),
    [
        pytest.param(["127.0.0.0/8"], "127.0.0.1", id="inside"),
        pytest.param(["203.0.113.0/24", "127.0.0.0/8"], "127.0.0.1", id="in the second range"),
        pytest.param(["203.0.113.0/24"], None, id="outside"),
        pytest.param([], None, id="no ranges"),
    ],
)
def test_the_address_within_a_vpc(ranges: list[str], address: str | None) -> None:
    assert callers.address_within(ranges) == address


@pytest.fixture
def on_aws(site: Project, call: Call, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A site whose configuration names no endpoint, as on AWS itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", site.values["AWS"].pop("ENDPOINT_URL"))
    site.configure()
    return site


def make_in_vpc(site: Project, cidr: str, public: bool = False) -> None:
    """A cluster in a VPC of this range, with a security group of the site's name."""
    ec2 = site.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    group = ec2.create_security_group(
        GroupName=f"{site.name}-access", Description="empty", VpcId=vpc
    )["GroupId"]
    make_cluster(site, VpcSecurityGroupIds=[group], PubliclyAccessible=public)


@pytest.mark.parametrize(
    ("cidr", "public", "admitted", "warned"),
    [
        pytest.param("127.0.0.0/16", False, "127.0.0.1/32", False, id="inside"),
        pytest.param("198.51.100.0/24", False, "203.0.113.7/32", True, id="outside"),
        pytest.param("127.0.0.0/16", True, "203.0.113.7/32", False, id="public"),
    ],
)
def test_who_may_connect_to_a_cluster_of_aws(
    on_aws: Project,
    monkeypatch: pytest.MonkeyPatch,
    answering: Any,
    cidr: str,
    public: bool,
    admitted: str,
    warned: bool,
) -> None:
    make_in_vpc(on_aws, cidr, public)
    monkeypatch.setattr(callers, "CHECKIP", answering(b"203.0.113.7\n"))
    told = callers.by_default(clients.Aws(loaded(on_aws)))
    assert told == (admitted, callers.OUTSIDE if warned else "")


def test_a_run_and_a_dry_run_let_in_the_same(
    on_aws: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answering: Any,
) -> None:
    vpc = on_aws.client("ec2").create_vpc(CidrBlock="198.51.100.0/24")["Vpc"]["VpcId"]
    theirs = on_aws.client("ec2").create_security_group(
        GroupName="theirs", Description="empty", VpcId=vpc
    )
    make_cluster(on_aws, VpcSecurityGroupIds=[theirs["GroupId"]])
    for flags in (["--dry-run"], []):
        monkeypatch.setattr(callers, "CHECKIP", answering(b"203.0.113.7\n"))
        assert call(create_cluster, *flags) == 0
        told = capsys.readouterr()
        assert "203.0.113.7/32" in told.out + told.err
        assert "nobody outside can connect; --cidr names who inside may" in told.err
    (group,) = groups(on_aws)
    assert group["VpcId"] == vpc
    assert [one["IpRanges"][0]["CidrIp"] for one in group["IpPermissions"]] == ["203.0.113.7/32"]


def let_in(site: Project, source: str) -> None:
    """Have the site's group let in this."""
    (group,) = groups(site)
    sources = {
        "group": {"UserIdGroupPairs": [{"GroupId": group["GroupId"]}]},
        "prefixes": {"PrefixListIds": [{"PrefixListId": "pl-12345678"}]},
        "address": {"IpRanges": [{"CidrIp": "198.51.100.1/32"}]},
        "here": {"IpRanges": [{"CidrIp": "127.0.0.1/32"}]},
    }
    ports = {"FromPort": site.standin.port, "ToPort": site.standin.port}
    ec2, name = site.client("ec2"), {"GroupId": group["GroupId"]}
    permission = {"IpProtocol": "tcp", **ports, **sources[source]}
    ec2.authorize_security_group_ingress(**name, IpPermissions=[permission])


@pytest.mark.parametrize(
    ("source", "service", "state", "found", "remedy"),
    [
        pytest.param("here", NOBODY, checks.OK, "lets in 127.0.0.1 on port", "", id="let in"),
        pytest.param(
            "address", NOBODY, checks.SKIPPED, f"cannot tell: {NOBODY} does not tell", "",
            id="nobody tells the address",
        ),
        pytest.param(
            "group", "203.0.113.7", checks.SKIPPED, "names a security group or a prefix", "",
            id="a group is let in",
        ),
        pytest.param(
            "prefixes", "203.0.113.7", checks.SKIPPED, "names a security group or a prefix", "",
            id="a prefix list is let in",
        ),
        pytest.param(
            "address", "203.0.113.7", checks.FAILED, "lets 127.0.0.1 in on port",
            "python -m iac.create_cluster --cidr 127.0.0.1/32", id="another address is let in",
        ),
    ],
)  # fmt: skip
def test_the_security_group_as_far_as_it_can_be_judged(
    on_aws: Project,
    monkeypatch: pytest.MonkeyPatch,
    answering: Any,
    source: str,
    service: str,
    state: str,
    found: str,
    remedy: str,
) -> None:
    make_in_vpc(on_aws, "127.0.0.0/16")
    let_in(on_aws, source)
    told = service if service == NOBODY else answering(service.encode())
    monkeypatch.setattr(callers, "CHECKIP", told)
    finding = checks.perform(
        checks.Check("security group", checks.security_group), checks.Scene(loaded(on_aws))
    )
    assert (finding.state, finding.remedy) == (state, remedy)
    assert found in finding.found


def test_login_is_tried_whatever_the_rules_say(site: Project, call: Call) -> None:
    assert call(create_cluster, "-q") == 0
    scene = checks.Scene(loaded(site))
    scene.passed = {"TLS"}
    (login,) = [one for one in checks.checks(scene.settings, []) if one.name == "login"]
    assert checks.perform(login, scene).state == checks.OK
