"""Dry runs, pauses, prices, what programs are told: the cluster scripts beside the main road."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Call, Project
from premises import (
    EC2_TRUST,
    EVERYTHING,
    NOTHING,
    allow,
    described,
    exists,
    loaded,
    lose_secret,
    policy_name,
    set_policy,
)

import terminal
from iac import (
    checks,
    clients,
    cluster_status,
    create_cluster,
    delete_cluster,
    network,
    pause_cluster,
    prices,
    resume_cluster,
)

READING = ("Describe", "Get", "List", "Head")
FROM_NOTHING = [
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "ec2:CreateSecurityGroup",
    "redshift:CreateCluster",
    "ec2:AuthorizeSecurityGroupIngress",
]


def changes(aws: clients.Aws, work: Callable[[], Any]) -> list[str]:
    """The calls that change something which `work` sends, by service and operation."""
    sent = []
    for service in ("redshift", "iam", "ec2"):
        getattr(aws, service).meta.events.register(
            "after-call",
            lambda model, service=service, **_: sent.append(f"{service}:{model.name}"),
        )
    work()
    return [one for one in sent if not one.split(":")[1].startswith(READING)]


def undone(site: Project, what: str) -> None:
    iam, redshift = site.client("iam"), site.client("redshift")
    if what == "trust":
        iam.update_assume_role_policy(RoleName=site.name, PolicyDocument=EC2_TRUST)
    elif what == "policy":
        set_policy(site, allow("s3:GetObject", "*"))
    elif what == "attachment":
        redshift.modify_cluster_iam_roles(
            ClusterIdentifier=site.name,
            RemoveIamRoles=[described(site)["IamRoles"][0]["IamRoleArn"]],
        )
    elif what == "group":
        group = network.find(clients.Aws(loaded(site)))
        site.client("ec2").revoke_security_group_ingress(
            GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
        )
    elif what == "address":
        network.admit(clients.Aws(loaded(site)), site.standin.port, ["203.0.113.7/32"])
    elif what == "secret":
        lose_secret(site)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("everything", FROM_NOTHING),
        ("nothing", []),
        pytest.param("policy", ["iam:PutRolePolicy"], marks=pytest.mark.long),
        pytest.param(
            "address",
            ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            marks=pytest.mark.long,
        ),
        pytest.param("trust", ["iam:UpdateAssumeRolePolicy"], marks=pytest.mark.long),
        pytest.param("attachment", ["redshift:ModifyClusterIamRoles"], marks=pytest.mark.long),
        pytest.param("group", ["ec2:AuthorizeSecurityGroupIngress"], marks=pytest.mark.long),
        ("secret", ["redshift:ModifyCluster"]),
    ],
)
def test_a_dry_run_lists_what_a_run_then_calls(
    site: Project, call: Call, what: str, expected: list[str]
) -> None:
    if what != "everything":
        assert call(create_cluster, "-q") == 0
        undone(site, what)
    aws = clients.Aws(loaded(site))
    steps = terminal.Steps(quiet=True)
    planned = [operation for operation, _ in create_cluster.calls(aws, steps, [])]
    done = changes(aws, lambda: create_cluster.create(aws, steps, minutes=1))
    assert planned == expected
    assert done == expected


def test_a_dry_run_makes_nothing(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    before = site.config.read_bytes()
    assert call(create_cluster, "--dry-run") == 0
    assert exists(site) == NOTHING
    assert site.config.read_bytes() == before
    said = capsys.readouterr().out
    assert f"redshift:CreateCluster              {site.name}, 1 x ra3.large, encrypted" in said
    assert "5 calls, none made; the cluster costs about 0.54 USD an hour and storage" in said


def test_pausing_and_resuming(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(pause_cluster) == 1
    assert f"error: there is no cluster {site.name} in us-west-2\nnext: " in capsys.readouterr().err
    assert call(create_cluster, "-q") == 0
    capsys.readouterr()
    for script, told in (
        (pause_cluster, "paused"),
        (pause_cluster, "paused already"),
        (resume_cluster, "available"),
        (resume_cluster, "available already"),
    ):
        assert call(script, "-q") == 0
        assert capsys.readouterr().out == f"{site.name} is {told}\n"
    assert described(site)["ClusterStatus"] == "available"


@pytest.mark.long
def test_delays_are_waited_out(site: Project, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.standin.cloud, "cluster_delay", 0.1)
    for script in (create_cluster, pause_cluster, resume_cluster):
        assert call(script, "-q") == 0
        assert call(script, "-q") == 0
    assert exists(site) == EVERYTHING
    assert call(delete_cluster, "--yes", "-q") == 0
    assert exists(site) == NOTHING


def test_status_for_programs(site: Project, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(cluster_status, "--json", "-q") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["cluster"], answer["ready"]) == (site.name, False)
    failed = [one for one in answer["checks"] if one["state"] == "failed"]
    assert failed == [
        {
            "check": "cluster",
            "state": "failed",
            "found": f"there is no cluster {site.name} in us-west-2",
            "remedy": f"python -m iac.create_cluster --config {site.config}",
        },
        {
            "check": "role",
            "state": "failed",
            "found": "dwh.cfg names no [IAM_ROLE] ARN",
            "remedy": f"python -m iac.create_cluster --config {site.config}",
        },
    ]


def test_access_is_explained_in_sentences(site: Project, call: Call) -> None:
    assert call(create_cluster, "-q") == 0
    assert checks.explain_access(loaded(site)) == []
    set_policy(site, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    sentences = checks.explain_access(loaded(site))
    assert len(sentences) == 3
    assert sentences[0] == (
        f"{site.name} may not read s3://{site.bucket}/log_data: nothing allows s3:GetObject on"
        f" arn:aws:s3:::{site.bucket}/log_data/2018/11/a.json: no policy does;"
        " python -m iac.create_cluster renews the policy from [S3]"
    )
    site.configure(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    (unreachable,) = checks.explain_access(loaded(site))
    assert unreachable.startswith("no answer from http://127.0.0.1:9: ")


@pytest.mark.long
def test_a_managed_policy_is_as_good_as_our_own(site: Project, call: Call) -> None:
    """What most public projects attach."""
    assert call(create_cluster, "-q") == 0
    iam = site.client("iam")
    iam.delete_role_policy(RoleName=site.name, PolicyName=policy_name(site))
    assert checks.explain_access(loaded(site)) != []
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_role_policy(RoleName=site.name, PolicyArn=arn)
    assert checks.explain_access(loaded(site)) == []
    assert site.run("create_tables.py").returncode == 0
    done = site.run("etl.py")
    assert done.returncode == 0, done.stderr
    assert call(delete_cluster, "--yes", "-q") == 0
    assert exists(site) == NOTHING


def test_public_access_is_said_out_loud(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    site.values["DWH"]["PUBLICLY_ACCESSIBLE"] = "yes"
    site.configure()
    assert call(create_cluster, "-q") == 0
    assert described(site)["PubliclyAccessible"] is True
    assert "YES: reachable from the internet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("node_type", "nodes", "usd"),
    [("ra3.large", 1, 0.543), ("ra3.xlplus", 2, 2.172), ("rg.12xlarge", 1, None)],
)
def test_prices(node_type: str, nodes: int, usd: float | None) -> None:
    assert prices.hourly(node_type, nodes) == usd
    words = prices.estimate(node_type, nodes)
    assert words.startswith("unknown; see" if usd is None else f"about {usd:.2f} USD an hour")
    assert prices.SOURCE in words
