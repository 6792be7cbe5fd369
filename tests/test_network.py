"""The security group: one's own address by default, others when named, the world when asked."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError
from conftest import PASSWORD, Call, Project
from premises import ACCOUNT, EVERYTHING, NOTHING, described, exists, groups, loaded

from iac import clients, create_cluster, delete_cluster, network


def ranges(site: Project) -> list[tuple[int, int, str]]:
    (group,) = groups(site)
    return sorted(
        (permission["FromPort"], permission["ToPort"], one["CidrIp"])
        for permission in group["IpPermissions"]
        for one in permission["IpRanges"]
    )


def test_only_the_callers_address_is_let_in(site: Project, call: Call) -> None:
    assert call(create_cluster) == 0
    port = site.standin.port
    assert ranges(site) == [(port, port, "127.0.0.1/32")]
    (group,) = groups(site)
    assert {"Key": "created-by", "Value": "iac.create_cluster"} in group["Tags"]
    assert {"Key": "cluster", "Value": site.name} in group["Tags"]
    members = [one["VpcSecurityGroupId"] for one in described(site)["VpcSecurityGroups"]]
    assert members == [group["GroupId"]]


def test_named_ranges_take_the_place_of_what_was_let_in(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    port = site.standin.port
    assert call(create_cluster, "--cidr", "203.0.113.7/32", "--cidr", "10.0.0.0/8") == 0
    assert ranges(site) == [(port, port, "10.0.0.0/8"), (port, port, "203.0.113.7/32")]
    assert "no longer 127.0.0.1/32" in capsys.readouterr().err


def test_whatever_else_is_let_in_is_revoked(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    ec2, port, (group,) = site.client("ec2"), site.standin.port, groups(site)
    name, ports = {"GroupId": group["GroupId"]}, {"FromPort": port, "ToPort": port}
    here = {"IpRanges": [{"CidrIp": "127.0.0.1/32"}]}
    told = {
        "everything from 10.0.0.0/8": {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        "::/0": {"IpProtocol": "tcp", **ports, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        "pl-12345678": {
            "IpProtocol": "tcp", **ports, "PrefixListIds": [{"PrefixListId": "pl-12345678"}]
        },
        group["GroupId"]: {"IpProtocol": "tcp", **ports, "UserIdGroupPairs": [name]},
        f"tcp {port}-65535 from 127.0.0.1/32": {
            "IpProtocol": "tcp", **ports, "ToPort": 65535, **here
        },
        f"udp {port} from 127.0.0.1/32": {"IpProtocol": "udp", **ports, **here},
    }  # fmt: skip
    ec2.revoke_security_group_ingress(**name, IpPermissions=group["IpPermissions"])
    ec2.authorize_security_group_ingress(**name, IpPermissions=list(told.values()))
    capsys.readouterr()
    assert call(create_cluster, "--dry-run") == 0
    planned = capsys.readouterr().out
    assert call(create_cluster) == 0
    done = capsys.readouterr().err
    assert f"lets in 127.0.0.1/32 on port {port}, no longer " in done
    for words in told:
        assert words in planned.partition("ec2:RevokeSecurityGroupIngress")[2]
        assert words in done.partition("no longer ")[2]
    (after,) = groups(site)
    (left,) = after["IpPermissions"]
    assert (left["IpProtocol"], left["FromPort"], left["ToPort"]) == ("tcp", port, port)
    assert [one["CidrIp"] for one in left["IpRanges"]] == ["127.0.0.1/32"]
    assert (left["UserIdGroupPairs"], left["PrefixListIds"], left["Ipv6Ranges"]) == ([], [], [])


def test_the_world_is_let_in_only_when_asked(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        call(create_cluster, "--cidr", "0.0.0.0/0")
    assert "0.0.0.0/0 is every address: say --open-to-the-world" in capsys.readouterr().err
    assert call(create_cluster, "--open-to-the-world") == 0
    assert [one[2] for one in ranges(site)] == ["0.0.0.0/0"]
    assert "warning: every address in the world may try to log in" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["203.0.113.7/24", "203.0.113/24", "::1/128", "everybody", ""])
def test_a_range_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        create_cluster.main(["--cidr", text])
    assert f"expected a range as 203.0.113.7/32, got {text!r}" in capsys.readouterr().err


def test_a_group_of_others_is_kept(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    ec2 = site.client("ec2")
    vpc = network.default_vpc(clients.Aws(loaded(site)))
    ec2.create_security_group(GroupName=f"{site.name}-access", Description="mine", VpcId=vpc)
    assert call(create_cluster) == 1
    assert f"the security group {site.name}-access exists and is not this project's" in (
        capsys.readouterr().err
    )
    assert call(delete_cluster, "--yes") == 0
    assert exists(site) == (False, False, True)


def test_a_region_without_a_default_vpc(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    ec2 = site.client("ec2", "eu-west-3")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    site.values["AWS"]["REGION"] = "eu-west-3"
    site.configure()
    assert call(create_cluster) == 1
    assert capsys.readouterr().err.endswith(
        "error: eu-west-3 has no default VPC to put the cluster into\nnext: aws ec2"
        " create-default-vpc --region eu-west-3, or change [AWS] REGION\n"
    )


def test_an_existing_cluster_joins_the_group(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    site.client("redshift").create_cluster(
        ClusterIdentifier=site.name,
        ClusterType="single-node",
        NodeType="ra3.large",
        DBName=site.values["CLUSTER"]["DB_NAME"],
        MasterUsername="dwhuser",
        MasterUserPassword=PASSWORD,
    )
    before = [one["VpcSecurityGroupId"] for one in described(site)["VpcSecurityGroups"]]
    assert call(create_cluster) == 0
    told = capsys.readouterr().err
    assert "attached" in told and "protects the cluster now" in told
    (group,) = groups(site)
    after = [one["VpcSecurityGroupId"] for one in described(site)["VpcSecurityGroups"]]
    assert sorted(after) == sorted([*before, group["GroupId"]])
    assert described(site)["IamRoles"] == [
        {"IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{site.name}", "ApplyStatus": "in-sync"}
    ]


def test_a_group_in_use_is_waited_for(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(create_cluster) == 0
    (group,) = groups(site)
    with pytest.raises(ClientError, match="DependencyViolation"):
        site.client("ec2").delete_security_group(GroupId=group["GroupId"])
    site.client("redshift").create_cluster(
        ClusterIdentifier=f"{site.name}-b",
        NodeType="ra3.large",
        MasterUsername="dwhuser",
        MasterUserPassword=PASSWORD,
        VpcSecurityGroupIds=[group["GroupId"]],
    )
    assert call(delete_cluster, "--yes", "--timeout", "0.005") == 1
    assert "-access is still in use after 0.005 minutes\nnext: see what uses it" in (
        capsys.readouterr().err
    )
    site.client("redshift").delete_cluster(
        ClusterIdentifier=f"{site.name}-b", SkipFinalClusterSnapshot=True
    )
    assert call(delete_cluster, "--yes") == 0
    assert exists(site) == NOTHING


def test_a_group_of_this_name_in_another_vpc_is_none_of_ours(site: Project, call: Call) -> None:
    ec2 = site.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_security_group(GroupName=f"{site.name}-access", Description="theirs", VpcId=vpc)
    assert call(create_cluster) == 0
    assert sorted(group["Description"] for group in groups(site)) == [
        f"Who may connect to the cluster {site.name}",
        "theirs",
    ]
    assert call(delete_cluster, "--yes") == 0
    assert [group["Description"] for group in groups(site)] == ["theirs"]


@pytest.mark.parametrize(
    ("permission", "let_in"),
    [
        ({"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439}, True),
        ({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535}, True),
        ({"IpProtocol": "-1"}, True),
        ({"IpProtocol": "tcp", "FromPort": 5440, "ToPort": 5500}, False),
        ({"IpProtocol": "udp", "FromPort": 5439, "ToPort": 5439}, False),
    ],
    ids=["the port", "all ports", "everything", "other ports", "UDP"],
)
def test_which_rule_lets_in(permission: dict[str, Any], let_in: bool) -> None:
    group = {"IpPermissions": [{**permission, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}]}
    assert network.lets_in([group], "203.0.113.7", 5439) is let_in
    assert not network.lets_in([group], "203.0.114.7", 5439)


def test_the_default_group_lets_this_machine_in_until_that_is_revoked(project: Project) -> None:
    """A cluster made without a word about groups is in the default one, as on AWS."""
    assert project.query("SELECT 1") == [(1,)]
    (member,) = described(project)["VpcSecurityGroups"]
    ec2 = project.client("ec2")
    (group,) = ec2.describe_security_groups(GroupIds=[member["VpcSecurityGroupId"]])[
        "SecurityGroups"
    ]
    assert (group["GroupName"], group["VpcId"]) == ("default", described(project)["VpcId"])
    rules = [rule for rule in group["IpPermissions"] if rule["IpRanges"]]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
    try:
        with pytest.raises(psycopg2.OperationalError, match=r"timeout expired: no security group"):
            project.connect()
        # What two thirds of the public projects do.
        world = {"IpProtocol": "TCP", "FromPort": 5439, "ToPort": 5439}
        world["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[world])
        assert project.query("SELECT 2") == [(2,)]
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[world])
    finally:
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
    assert exists(project)[0] is EVERYTHING[0]
