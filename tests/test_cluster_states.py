"""The stand-in's clusters take time: states one after the other, on a clock that tests move."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from conftest import PASSWORD, Project
from premises import ACCOUNT, described

from standin.cloud.callers import refusal

Later = Callable[[float], None]
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


@pytest.fixture
def later(site: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    """Every change takes 100 seconds of a clock that stands still until it is moved."""
    cloud = site.standin.cloud
    now = [time.monotonic()]

    def move(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(cloud, "clock", lambda: now[0])
    monkeypatch.setattr(cloud, "cluster_delay", 100)
    yield move
    move(1000)


def create(site: Project, **more: Any) -> dict[str, Any]:
    return site.client("redshift").create_cluster(
        ClusterIdentifier=site.name,
        NodeType="ra3.large",
        DBName=site.name.replace("-", "_"),
        MasterUsername="dwhuser",
        MasterUserPassword=PASSWORD,
        **more,
    )["Cluster"]


def state(site: Project) -> tuple[str, bool]:
    """The cluster's state, and whether it has an endpoint."""
    found = described(site)
    return found["ClusterStatus"], "Endpoint" in found


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    return str(refusal.value.response["Error"]["Code"])


def test_a_cluster_is_creating_without_an_endpoint_before_it_is_available(
    site: Project, later: Later
) -> None:
    assert "Endpoint" not in create(site)
    assert state(site) == ("creating", False)
    redshift, name = site.client("redshift"), {"ClusterIdentifier": site.name}
    for call in (redshift.pause_cluster, redshift.resume_cluster, redshift.modify_cluster):
        assert refused(call, **name) == "InvalidClusterState"
    assert (
        refused(redshift.delete_cluster, **name, SkipFinalClusterSnapshot=True)
        == "InvalidClusterState"
    )
    later(99)
    assert state(site) == ("creating", False)
    later(1)
    assert state(site) == ("available", True)


def test_pausing_and_resuming(site: Project, later: Later) -> None:
    create(site)
    later(100)
    redshift, name = site.client("redshift"), {"ClusterIdentifier": site.name}
    assert refused(redshift.resume_cluster, **name) == "InvalidClusterState"
    redshift.pause_cluster(**name)
    assert state(site)[0] == "pausing"
    later(100)
    assert state(site)[0] == "paused"
    assert refused(redshift.pause_cluster, **name) == "InvalidClusterState"
    redshift.resume_cluster(**name)
    assert state(site)[0] == "resuming"
    later(100)
    assert state(site)[0] == "available"


def test_a_deleted_cluster_is_deleting_before_it_is_gone(site: Project, later: Later) -> None:
    create(site)
    later(100)
    redshift, name = site.client("redshift"), {"ClusterIdentifier": site.name}
    redshift.delete_cluster(**name, SkipFinalClusterSnapshot=True)
    assert state(site)[0] == "deleting"
    with pytest.raises(redshift.exceptions.ClusterAlreadyExistsFault):
        create(site)
    later(100)
    with pytest.raises(redshift.exceptions.ClusterNotFoundFault):
        described(site)
    assert site.name not in {cluster.identifier for cluster in site.standin.cloud.clusters()}
    create(site)


def test_roles_are_adding_before_they_are_in_sync(site: Project, later: Later) -> None:
    role = site.client("iam").create_role(
        RoleName=site.name, AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    create(site)
    later(100)
    redshift, name = site.client("redshift"), {"ClusterIdentifier": site.name}

    def roles() -> list[str]:
        return [one["ApplyStatus"] for one in described(site)["IamRoles"]]

    redshift.modify_cluster_iam_roles(**name, AddIamRoles=[role], DefaultIamRoleArn=role)
    assert roles() == ["adding"]
    assert described(site)["DefaultIamRoleArn"] == role
    later(100)
    assert roles() == ["in-sync"]
    redshift.modify_cluster_iam_roles(**name, AddIamRoles=[role])
    assert roles() == ["in-sync"]
    redshift.modify_cluster_iam_roles(**name, RemoveIamRoles=[role])
    assert roles() == ["removing"]
    later(100)
    assert roles() == []
    redshift.modify_cluster_iam_roles(**name, AddIamRoles=[role])
    assert roles() == ["adding"]
    unknown = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    add = {**name, "AddIamRoles": [unknown]}
    assert refused(redshift.modify_cluster_iam_roles, **add) == "InvalidParameterValue"


def test_a_given_password_and_a_kept_one_exclude_each_other(site: Project) -> None:
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        create(site, ManageMasterPassword=True)


def test_a_busy_cluster_is_not_available(site: Project, later: Later) -> None:
    create(site)
    assert described(site)["ClusterAvailabilityStatus"] == "Modifying"
    later(100)
    assert described(site)["ClusterAvailabilityStatus"] == "Available"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("test", None),
        ("AKIAIOSFODNN7EXAMPLE", None),
        ("AKIAAAAAAAAAAAAAAAAA", "InvalidClientTokenId"),
        ("ASIAAAAAAAAAAAAAAAAA", "InvalidClientTokenId"),
    ],
)
def test_which_keys_are_good(site: Project, key: str, code: str | None) -> None:
    told = refusal(key)
    assert (told and told[0]) == code


@pytest.mark.parametrize(
    "service",
    [
        *("s3", "iam"),
        *(
            pytest.param(service, marks=pytest.mark.long)
            for service in ("ec2", "sts", "redshift", "secretsmanager")
        ),
    ],
)
def test_a_key_that_was_deleted_is_refused_by_every_service(site: Project, service: str) -> None:
    iam = site.client("iam")
    iam.create_user(UserName=site.name)
    key = iam.create_access_key(UserName=site.name)["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"])
    client = session.client(
        service, endpoint_url=site.standin.endpoint_url, region_name="us-west-2"
    )
    calls = {
        "s3": "list_buckets",
        "ec2": "describe_vpcs",
        "iam": "list_roles",
        "sts": "get_caller_identity",
        "redshift": "describe_clusters",
        "secretsmanager": "list_secrets",
    }
    call = getattr(client, calls[service])
    call()
    iam.delete_access_key(UserName=site.name, AccessKeyId=key["AccessKeyId"])
    with pytest.raises(ClientError) as refusal:
        call()
    assert refusal.value.response["Error"]["Code"] == "InvalidClientTokenId"
    iam.delete_user(UserName=site.name)
    client.close()
