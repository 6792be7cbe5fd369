"""What AWS answers while others are at work, or when it is slow to know: answers put in its mouth.

The answers come through botocore's own events; every other call reaches the local AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore import exceptions
from conftest import Call, Project
from premises import NOTHING, described, exists, loaded, lose_secret, make_cluster, set_state

import terminal
from iac import (
    checks,
    clients,
    cluster_changes,
    cluster_waiting,
    create_cluster,
    network,
    pause_cluster,
    resume_cluster,
    role,
)
from iac.waiting import Patience

BUSY = (
    "InvalidClusterState",
    "There is an operation running on the Cluster. Please try to perform it at a later time.",
)
QUIET = terminal.Steps(quiet=True)
# A refusal's code and message, an exception of botocore's, an answer, something to do, nothing.
Answer = tuple[str, str] | Exception | dict[str, Any] | Callable[[], object] | None


@pytest.fixture
def aws(site: Project, call: Call) -> clients.Aws:
    """The AWS APIs of a site with a cluster and nothing else."""
    make_cluster(site)
    return clients.Aws(loaded(site))


def before(client: Any, operation: str, *answers: Answer) -> list[str]:
    """What happens at the first calls of an operation, one thing each; the calls, as they come.

    Where something is done or nothing, the call goes out after all.
    """
    left, sent = list(answers), []

    def answer(**_: object) -> Any:
        sent.append(operation)
        one = left.pop(0) if left else None
        if isinstance(one, Exception):
            raise one
        if isinstance(one, tuple):
            refusal = {"Error": {"Code": one[0], "Message": one[1]}, "ResponseMetadata": {}}
            return SimpleNamespace(status_code=400), refusal
        if isinstance(one, dict):
            return SimpleNamespace(status_code=200), one
        if one is not None:
            one()
        return None

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-call.{service}.{operation}", answer)
    return sent


def patience(minutes: float = 1) -> Patience:
    return Patience(minutes, lambda state: None)


def make_group(site: Project) -> str:
    answer = site.client("ec2").create_security_group(
        GroupName=f"{site.name}-other", Description="empty", VpcId=described(site)["VpcId"]
    )
    return str(answer["GroupId"])


@pytest.mark.parametrize(
    ("operation", "work"),
    [
        pytest.param(
            "ModifyCluster",
            lambda site, aws: cluster_changes.join(
                aws, described(site), make_group(site), patience()
            ),
            id="joining a group",
        ),
        pytest.param(
            "ModifyClusterIamRoles",
            lambda site, aws: cluster_changes.attach(aws, role.ensure(aws)[0], patience()),
            id="attaching a role",
        ),
        pytest.param(
            "PauseCluster",
            lambda site, aws: cluster_changes.pause(aws, patience()),
            id="pausing",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "ResumeCluster",
            lambda site, aws: (
                cluster_changes.pause(aws, patience()),
                cluster_changes.resume(aws, patience()),
            ),
            id="resuming",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "DeleteCluster",
            lambda site, aws: cluster_changes.remove(aws, None, patience()),
            id="deleting",
        ),
    ],
)
def test_a_busy_cluster_is_asked_again(
    site: Project,
    aws: clients.Aws,
    operation: str,
    work: Callable[[Project, clients.Aws], object],
) -> None:
    sent = before(aws.redshift, operation, BUSY)
    work(site, aws)
    assert sent == [operation, operation]


def test_a_new_secret_is_asked_for_again(site: Project, aws: clients.Aws) -> None:
    lose_secret(site)
    anew = clients.Aws(loaded(site))
    sent = before(anew.redshift, "ModifyCluster", BUSY)
    cluster_changes.renew_secret(anew, described(site), patience())
    assert sent == ["ModifyCluster", "ModifyCluster"]


def test_a_cluster_that_stays_busy_is_told(aws: clients.Aws) -> None:
    before(aws.redshift, "PauseCluster", *[BUSY] * 9)
    with pytest.raises(terminal.Fault) as fault, clients.explained(aws.settings):
        cluster_changes.pause(aws, patience(0.005))
    assert str(fault.value).startswith("the cluster is busy with something else: There is an")


@pytest.mark.parametrize(
    ("operation", "do", "work"),
    [
        pytest.param(
            "PauseCluster",
            lambda redshift, name: redshift.pause_cluster(ClusterIdentifier=name),
            lambda aws: cluster_changes.pause(aws, patience()),
            id="pausing",
        ),
        pytest.param(
            "DeleteCluster",
            lambda redshift, name: redshift.delete_cluster(
                ClusterIdentifier=name, SkipFinalClusterSnapshot=True
            ),
            lambda aws: cluster_changes.remove(aws, None, patience()),
            id="deleting",
        ),
    ],
)
def test_what_somebody_else_does_meanwhile_is_not_asked_for_again(
    site: Project,
    aws: clients.Aws,
    operation: str,
    do: Callable[[Any, str], object],
    work: Callable[[clients.Aws], object],
) -> None:
    sent = before(aws.redshift, operation, BUSY)
    done = []

    def meanwhile(**_: object) -> None:
        if sent and not done:
            done.append(do(site.client("redshift"), site.name))

    aws.redshift.meta.events.register("before-call.redshift.DescribeClusters", meanwhile)
    work(aws)
    assert sent == [operation]


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        pytest.param(None, "deleted", id="no snapshot is wanted"),
        pytest.param("{0}-last", "without a snapshot {0}-last", id="one is wanted"),
    ],
)
def test_a_cluster_that_somebody_else_deletes_at_the_same_moment(
    site: Project, aws: clients.Aws, snapshot: str | None, said: str
) -> None:
    def deleted() -> None:
        site.client("redshift").delete_cluster(
            ClusterIdentifier=site.name, SkipFinalClusterSnapshot=True
        )

    before(aws.redshift, "DeleteCluster", deleted)
    wanted = snapshot and snapshot.format(site.name)
    try:
        told = cluster_changes.remove(aws, wanted, patience())
    except terminal.Fault as fault:
        told = str(fault)
    assert said.format(site.name) in str(told)
    assert exists(site) == NOTHING


def test_a_paused_cluster_is_deleted_as_it_is(site: Project, aws: clients.Aws) -> None:
    site.client("redshift").pause_cluster(ClusterIdentifier=site.name)
    resumed = before(aws.redshift, "ResumeCluster")
    assert cluster_changes.remove(aws, None, patience()) == "deleted"
    assert resumed == []
    assert exists(site) == NOTHING


@pytest.mark.parametrize(
    ("of", "said"),
    [
        pytest.param(
            None, "is being deleted already, without a snapshot {0}-last\nnext: run", id="none"
        ),
        pytest.param(
            "{0}-b", "is being deleted already, without a snapshot {0}-last\nnext: run", id="other"
        ),
        pytest.param("{0}", "is still deleting after 0.002 minutes", id="its own"),
    ],
)
def test_a_deletion_under_way_keeps_the_snapshot_that_it_was_asked_for(
    site: Project, aws: clients.Aws, of: str | None, said: str
) -> None:
    wanted = f"{site.name}-last"
    if of is not None:
        if of != "{0}":
            make_cluster(site, ClusterIdentifier=of.format(site.name))
        site.client("redshift").create_cluster_snapshot(
            ClusterIdentifier=of.format(site.name), SnapshotIdentifier=wanted
        )
    set_state(site, "deleting")
    with pytest.raises(terminal.Fault) as fault:
        cluster_changes.remove(aws, wanted, patience(0.002))
    assert f"the cluster {site.name} {said.format(site.name)}" in str(fault.value)


@pytest.mark.parametrize("script", [pause_cluster, resume_cluster])
@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("incompatible-network", "is incompatible-network\nnext: check its VPC"),
        ("deleting", "went deleting meanwhile\nnext: run this again"),
    ],
)
def test_what_can_never_come_is_not_waited_for(
    site: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    script: ModuleType,
    state: str,
    said: str,
) -> None:
    make_cluster(site)
    set_state(site, state)
    assert call(script, "--timeout", "0.005") == 1
    assert f"error: the cluster {site.name} {said}" in capsys.readouterr().err


def test_a_cluster_that_goes_while_it_resumes_is_not_waited_for(
    site: Project, aws: clients.Aws
) -> None:
    def deleted() -> None:
        set_state(site, "available")
        site.client("redshift").delete_cluster(
            ClusterIdentifier=site.name, SkipFinalClusterSnapshot=True
        )

    set_state(site, "resuming")
    before(aws.redshift, "DescribeClusters", None, None, deleted)
    with pytest.raises(terminal.Fault, match=f"there is no cluster {site.name} in us-west-2"):
        cluster_changes.resume(aws, patience(0.005))


def test_a_role_that_did_not_stay_attached_is_attached_again(
    site: Project, aws: clients.Aws
) -> None:
    arn, _ = role.ensure(aws)
    sent = before(aws.redshift, "ModifyClusterIamRoles", {})
    assert cluster_changes.attach(aws, arn, patience()) == "attached"
    assert sent == ["ModifyClusterIamRoles"] * 2
    assert described(site)["IamRoles"] == [{"IamRoleArn": arn, "ApplyStatus": "in-sync"}]


LOST = exceptions.EndpointConnectionError(endpoint_url="https://redshift.example")


def test_waiting_goes_on_when_an_answer_is_lost(site: Project, aws: clients.Aws) -> None:
    sent = before(aws.redshift, "DescribeClusters", LOST, ("Throttling", "Rate exceeded"))
    found = cluster_waiting.wait_until_available(aws, patience())
    assert found["ClusterIdentifier"] == site.name
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("answer", "calls", "said"),
    [
        pytest.param(LOST, 2, "no answer from ", id="no answer until the end"),
        pytest.param(("AccessDenied", "no"), 1, "these credentials may not ", id="denied"),
    ],
)
def test_waiting_ends_with_what_ended_it(
    aws: clients.Aws, answer: Answer, calls: int, said: str
) -> None:
    sent = before(aws.redshift, "DescribeClusters", *[answer] * 9)
    with pytest.raises(terminal.Fault, match=said), clients.explained(aws.settings):
        cluster_waiting.wait_until_available(aws, patience(0.002))
    assert len(sent) == calls


DENIED = ("AccessDeniedException", "User: a is not authorized to perform: b on c")


def test_a_secret_that_may_not_be_looked_at_stops_nothing(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    site.values["CLUSTER"].pop("DB_PASSWORD")
    site.configure()
    assert call(create_cluster, "-q") == 0
    aws = clients.Aws(loaded(site))
    looked = before(aws.secretsmanager, "DescribeSecret", DENIED, DENIED, DENIED)
    create_cluster.create(aws, QUIET, minutes=1)
    assert create_cluster.calls(aws, QUIET, []) == []
    scene = checks.Scene(aws.settings)
    scene.aws = aws
    finding = checks.perform(checks.Check("master password", checks.master_password), scene)
    assert (finding.state, finding.found) == (
        checks.SKIPPED, "cannot tell: these credentials may not secretsmanager:DescribeSecret"
    )  # fmt: skip
    assert len(looked) == 3


def test_the_address_is_written_before_anything_after_it_can_fail(
    site: Project, call: Call
) -> None:
    aws = clients.Aws(loaded(site))
    before(aws.ec2, "AuthorizeSecurityGroupIngress", ("UnauthorizedOperation", "You may not."))
    with pytest.raises(exceptions.ClientError, match="UnauthorizedOperation"):
        create_cluster.create(aws, QUIET, minutes=1)
    assert (loaded(site).host, loaded(site).db_port) == (site.standin.host, site.standin.port)


@pytest.mark.parametrize(
    ("service", "operation", "work", "note"),
    [
        pytest.param("iam", "CreateRole", lambda aws: role.ensure(aws)[1], "unchanged", id="role"),
        pytest.param(
            "ec2",
            "CreateSecurityGroup",
            lambda aws: network.ensure(aws)[1],
            "unchanged",
            id="group",
        ),
        pytest.param(
            "redshift",
            "CreateCluster",
            lambda aws: cluster_changes.ensure(
                aws, role.ensure(aws)[0], network.ensure(aws)[0], patience()
            ),
            "exists",
            id="cluster",
        ),
        pytest.param(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            lambda aws: network.ensure(aws) and network.admit(aws, 5439, ["10.0.0.0/8"]),
            "lets in 10.0.0.0/8 on port 5439",
            id="rule",
        ),
        pytest.param(
            "ec2",
            "RevokeSecurityGroupIngress",
            lambda aws: (
                network.ensure(aws)
                and network.admit(aws, 5439, ["192.0.2.1/32"])
                and network.admit(aws, 5439, ["10.0.0.0/8"])
            ),
            "lets in 10.0.0.0/8 on port 5439, no longer 192.0.2.1/32",
            id="rule that goes",
        ),
    ],
)
def test_what_another_run_does_meanwhile_is_no_failure(
    site: Project,
    call: Call,
    service: str,
    operation: str,
    work: Callable[[clients.Aws], str],
    note: str,
) -> None:
    aws, others = clients.Aws(loaded(site)), clients.Aws(loaded(site))
    sent = before(getattr(aws, service), operation, lambda: work(others))
    assert work(aws) == note
    assert sent == [operation]
