"""The cluster's life as a person lives it: made, looked at, deleted, at every point twice."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PASSWORD, ROOT, Call, Project
from premises import (
    EC2_TRUST,
    EVERYTHING,
    NOTHING,
    described,
    exists,
    loaded,
    policy_name,
    set_state,
)

import create_tables
import settings
import terminal
from iac import clients, cluster_status, create_cluster, delete_cluster, policy


@pytest.mark.long
def test_from_nothing_to_nothing(site: Project) -> None:
    runs = [
        site.run("-m", "iac.create_cluster"),
        site.run("-m", "iac.create_cluster"),
        site.run("create_tables.py"),
        site.run("-m", "iac.cluster_status"),
        site.run("-m", "iac.delete_cluster", "--yes"),
        site.run("-m", "iac.delete_cluster", "--yes"),
        site.run("-m", "iac.cluster_status"),
    ]
    said = "\n".join(done.stdout + done.stderr for done in runs)
    assert [done.returncode for done in runs] == [0, 0, 0, 0, 0, 0, 1], said
    assert "songplays 0" in runs[3].stdout
    assert runs[4].stdout == "nothing is left\n"
    assert runs[5].stdout == "there was nothing to delete\n"
    assert f"there is no cluster {site.name} in us-west-2" in runs[6].stdout
    assert exists(site) == NOTHING
    assert PASSWORD not in said
    assert "Traceback" not in said


def test_what_is_made(site: Project, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(create_cluster) == 0
    made = described(site)
    tags = [
        {"Key": "project", "Value": "sparkify"},
        {"Key": "cluster", "Value": site.name},
        {"Key": "owner", "Value": "user/moto"},
        {"Key": "created-by", "Value": "iac.create_cluster"},
    ]
    arn = f"arn:aws:iam::123456789012:role/{site.name}"
    assert made["ClusterStatus"] == "available"
    assert (made["NodeType"], made["NumberOfNodes"]) == ("ra3.large", 1)
    assert (made["Encrypted"], made["PubliclyAccessible"]) == (True, False)
    assert (made["DBName"], made["MasterUsername"]) == (site.name.replace("-", "_"), "dwhuser")
    assert made["IamRoles"] == [{"IamRoleArn": arn, "ApplyStatus": "in-sync"}]
    assert made["Tags"] == tags

    found = site.client("iam").get_role(RoleName=site.name)["Role"]
    assert found["AssumeRolePolicyDocument"] == policy.trust()
    assert found["Tags"] == tags
    assert site.client("iam").list_role_policies(RoleName=site.name)["PolicyNames"] == [
        f"read-sparkify-s3-us-west-2-{site.name}"
    ]
    assert not site.client("iam").list_attached_role_policies(RoleName=site.name)[
        "AttachedPolicies"
    ]

    written = loaded(site)
    assert written.role_arn == arn
    assert written.host == made["Endpoint"]["Address"]
    assert written.db_port == made["Endpoint"]["Port"]
    assert f"python create_tables.py --config {site.config}" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_the_configuration_is_its_owners_alone(site: Project, call: Call) -> None:
    site.config.chmod(0o644)
    assert call(create_cluster) == 0
    assert stat.S_IMODE(site.config.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    cluster, text = described(site), site.config.read_bytes()
    capsys.readouterr()
    assert call(create_cluster) == 0
    assert (described(site), site.config.read_bytes()) == (cluster, text)
    told, said = capsys.readouterr()
    # Not create_tables.py, which would drop what this cluster holds.
    assert told.endswith(f"next: python -m iac.cluster_status --config {site.config}\n")
    assert [line.split("  ")[-1] for line in said.splitlines()[2:]] == [
        "127.0.0.1/32", "unchanged", "unchanged", "exists", "available", "there already",
        "attached already",
        f"protects the cluster already, lets in 127.0.0.1/32 on port {site.standin.port}",
        "of the configuration",
    ]  # fmt: skip


def test_multi_node(site: Project, call: Call) -> None:
    site.configure(DWH_NODE_TYPE="ra3.4xlarge", DWH_NUMBER_OF_NODES="3")
    assert call(create_cluster) == 0
    assert (described(site)["NodeType"], described(site)["NumberOfNodes"]) == ("ra3.4xlarge", 3)


def test_an_existing_cluster_is_kept_and_its_differences_are_told(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    site.configure(DWH_NODE_TYPE="ra3.xlplus", DWH_PUBLICLY_ACCESSIBLE="yes")
    assert call(create_cluster) == 0
    said = capsys.readouterr().err
    assert "exists; [DWH] NODE_TYPE stays ra3.large, not ra3.xlplus" in said
    assert "[DWH] PUBLICLY_ACCESSIBLE stays no, not yes" in said


def test_the_role_is_put_right(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    site.client("iam").update_assume_role_policy(RoleName=site.name, PolicyDocument=EC2_TRUST)
    site.configure(S3_SONG_DATA="s3://elsewhere/songs")
    assert call(create_cluster) == 0
    assert "trust put right, may read the configured S3 paths" in capsys.readouterr().err
    found = site.client("iam").get_role(RoleName=site.name)["Role"]
    assert found["AssumeRolePolicyDocument"] == policy.trust()
    granted = site.client("iam").get_role_policy(RoleName=site.name, PolicyName=policy_name(site))
    assert granted["PolicyDocument"] == policy.read_access(loaded(site))


def test_a_role_of_others_is_neither_changed_nor_deleted(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = site.client("iam")
    iam.create_role(RoleName=site.name, AssumeRolePolicyDocument=EC2_TRUST)
    assert call(create_cluster) == 1
    assert capsys.readouterr().err.endswith(
        f"error: the role {site.name} exists, is not this project's and does not trust"
        " redshift.amazonaws.com\nnext: set [DWH] IAM_ROLE_NAME to a name that is free\n"
    )
    iam.update_assume_role_policy(RoleName=site.name, PolicyDocument=json.dumps(policy.trust()))
    assert call(create_cluster) == 0
    assert call(delete_cluster, "--yes") == 0
    assert exists(site) == (False, True, False)
    assert iam.list_role_policies(RoleName=site.name)["PolicyNames"] == []


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            "paused",
            "the cluster {name} is paused\nnext: resume it: python -m iac.resume_cluster\n",
        ),
        (
            "incompatible-network",
            "the cluster {name} is incompatible-network\n"
            "next: check its VPC and subnets in the AWS console\n",
        ),
        (
            "creating",
            "the cluster {name} is still creating after 0.01 minutes\nnext: run the same command"
            " again to wait on, or look at its events: aws redshift describe-events"
            " --source-type cluster --source-identifier {name} --region us-west-2\n",
        ),
        pytest.param(
            "deleting",
            "the cluster {name} is still deleting after 0.01 minutes\nnext: run the same command"
            " again to wait on, or look at its events: aws redshift describe-events"
            " --source-type cluster --source-identifier {name} --region us-west-2\n",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_cluster_that_does_not_become_available(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], state: str, message: str
) -> None:
    assert call(create_cluster) == 0
    set_state(site, state)
    assert call(create_cluster, "--timeout", "0.01") == 1
    said = site.without_config(capsys.readouterr().err)
    assert said.endswith("error: " + message.format(name=site.name))
    set_state(site, "available")
    assert call(create_cluster) == 0


class Interruption:
    """Ctrl-C when the given number of calls to AWS were answered, counted from `after`."""

    def __init__(self, aws: clients.Aws) -> None:
        self.left = 0
        for client in (aws.redshift, aws.iam, aws.ec2):
            client.meta.events.register("after-call", self.answered)

    def after(self, calls: int, work: Callable[[], object]) -> bool:
        """Do the work; whether it was cut off."""
        self.left = calls
        try:
            work()
        except KeyboardInterrupt:
            return True
        finally:
            self.left = 0
        return False

    def answered(self, **_: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.long
def test_interrupted_after_any_call_and_repeated(site: Project, call: Call) -> None:
    assert call(create_cluster) == 0
    aws = clients.Aws(loaded(site))
    interruption = Interruption(aws)
    steps = terminal.Steps(quiet=True)

    def create() -> None:
        create_cluster.create(aws, steps, minutes=1)

    def delete() -> None:
        delete_cluster.delete(aws, steps, None, minutes=1)

    for there, work, back in ((False, delete, create), (True, create, delete)):
        for calls in itertools.count(1):
            if not interruption.after(calls, work):
                break
            work()
            assert exists(site) == (EVERYTHING if there else NOTHING)
            back()
        assert calls > 6


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        pytest.param("us-west-2", "-b", id="another name", marks=pytest.mark.long),
        pytest.param("us-east-1", "", id="another region"),
    ],
)
def test_a_role_of_two_clusters_reads_for_both_and_is_kept_for_the_other(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], region: str, suffix: str
) -> None:
    assert call(create_cluster) == 0
    iam, role = site.client("iam"), {"RoleName": site.name}
    first = iam.get_role_policy(**role, PolicyName=policy_name(site))["PolicyDocument"]
    site.values["AWS"]["REGION"] = region
    site.configure(DWH_CLUSTER_IDENTIFIER=site.name + suffix, S3_SONG_DATA="s3://elsewhere/songs")
    assert call(create_cluster) == 0
    assert iam.get_role_policy(**role, PolicyName=policy_name(site))["PolicyDocument"] == first
    assert len(iam.list_role_policies(**role)["PolicyNames"]) == 2
    assert call(delete_cluster, "--yes") == 0
    assert f"kept: the cluster {site.name} in us-west-2 uses it" in capsys.readouterr().err
    assert iam.list_role_policies(**role)["PolicyNames"] == [policy_name(site)]
    site.configure(AWS_REGION="us-west-2", DWH_CLUSTER_IDENTIFIER=site.name)
    assert call(delete_cluster, "--yes") == 0
    assert exists(site) == NOTHING


def test_a_cluster_of_others_is_kept_with_all_that_it_uses(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    site.client("redshift").create_cluster(
        ClusterIdentifier=site.name,
        NodeType="ra3.large",
        DBName=site.values["CLUSTER"]["DB_NAME"],
        MasterUsername="dwhuser",
        MasterUserPassword=PASSWORD,
    )
    assert call(create_cluster) == 0
    site.client("redshift").create_cluster_snapshot(
        SnapshotIdentifier=f"{site.name}-theirs", ClusterIdentifier=site.name
    )
    text = site.config.read_text()
    capsys.readouterr()
    assert call(delete_cluster, "--yes") == 0
    told = capsys.readouterr()
    assert [line.split("  ")[-1] for line in told.err.splitlines()[1:]] == [
        "kept: it was not made by iac.create_cluster",
        f"kept: the cluster {site.name} uses it",
        f"kept: the cluster {site.name} in us-west-2 uses it",
        "kept: the cluster is",
        "nothing",
    ]
    assert told.out == "nothing else is left\n"
    assert exists(site) == EVERYTHING
    assert site.config.read_text() == text


def test_what_is_left_is_listed(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    assert call(delete_cluster, "--yes", "--final-snapshot", f"{site.name}-last") == 0
    assert f"deleted; snapshot {site.name}-last kept" in capsys.readouterr().err
    assert call(delete_cluster, "--yes") == 1
    said = capsys.readouterr().out
    assert said.split()[:2] == ["Left", "behind"]
    assert f"snapshot   {site.name}-last   storage, by the GB and month" in said
    site.client("redshift").delete_cluster_snapshot(SnapshotIdentifier=f"{site.name}-last")
    assert call(delete_cluster, "--yes") == 0


def test_delete_takes_host_and_role_out_of_the_configuration(site: Project, call: Call) -> None:
    before = site.config.read_text() + "# the end\n"
    site.config.write_text(before)
    assert call(create_cluster) == 0
    assert call(delete_cluster, "--yes") == 0
    assert (loaded(site).host, loaded(site).role_arn) == ("", "")
    assert before.splitlines()[-1] in site.config.read_text().splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX")
@pytest.mark.parametrize(("answer", "code"), [("the name", 0), ("another name", 1)])
def test_delete_asks_for_the_name(
    site: Project, call: Call, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    assert call(create_cluster) == 0
    person, terminal_end = os.openpty()
    typed = site.name if answer == "the name" else "prod"
    os.write(person, f"{typed}\n".encode())
    with os.fdopen(terminal_end) as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        assert call(delete_cluster) == code
    os.close(person)
    assert exists(site) == (EVERYTHING if code else NOTHING)


def test_delete_does_not_ask_where_nobody_answers(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        assert call(delete_cluster) == 2
    # That of dwh.cfg may be another one.
    words = f"python -m iac.delete_cluster --config {site.config} --yes"
    assert capsys.readouterr().err.endswith(f"next: {words}\n")


def test_delete_looks_for_what_is_left_where_the_configuration_cannot_be_written(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster, "-q") == 0
    # The file that is to take its place cannot have so long a name.
    config = site.config.with_name("c" * 255)
    site.config.rename(config)
    capsys.readouterr()
    assert terminal.run(delete_cluster.main, ["--config", str(config), "--yes", "-q"]) == 1
    told = capsys.readouterr()
    assert told.out == "nothing is left\n"
    assert told.err.startswith(f"error: cannot write {config}: file name too long\nnext: ")
    assert exists(site) == NOTHING


def test_status_tells_missing_tables_from_a_new_cluster(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    site.values["CLUSTER"] |= {"HOST": loaded(site).host, "DB_PORT": str(loaded(site).db_port)}
    assert call(cluster_status) == 0
    assert "none yet; next: python create_tables.py" in capsys.readouterr().out
    connection = site.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE users (user_id BIGINT)")
    connection.close()
    assert call(cluster_status) == 1
    assert "missing: staging_events, " in capsys.readouterr().out
    assert call(create_tables) == 0
    assert call(cluster_status) == 0
    assert "staging_events 0, incoming_songs 0, " in capsys.readouterr().out


def test_the_first_run_makes_the_configuration(site: Project, tmp_path: Path) -> None:
    project = tmp_path / "checkout"
    shutil.copytree(ROOT / "iac", project / "iac")
    for name in [*(path.name for path in ROOT.glob("*.py")), "dwh.cfg.example"]:
        shutil.copy(ROOT / name, project)
    names = {"DWH_DWH_CLUSTER_IDENTIFIER": site.name, "DWH_DWH_IAM_ROLE_NAME": site.name}
    done = subprocess.run(
        [sys.executable, "-m", "iac.create_cluster"],
        cwd=project,
        env={**os.environ, **site.standin.environ, **names},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "dwh.cfg made from dwh.cfg.example" in done.stderr
    written = settings.load(project / "dwh.cfg", environ={})
    assert written.host == described(site)["Endpoint"]["Address"]
    if sys.platform != "win32":
        assert stat.S_IMODE((project / "dwh.cfg").stat().st_mode) == 0o600


def test_a_variable_that_beats_what_is_written_is_told(
    site: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DWH_CLUSTER_HOST", "old.example")
    assert call(create_cluster, "-q") == 0
    assert "warning: DWH_CLUSTER_HOST in the environment beats what is written: unset it" in (
        capsys.readouterr().err
    )


SCRIPTS = (
    "iac.create_cluster",
    "iac.cluster_status",
    "iac.delete_cluster",
    "iac.pause_cluster",
    "iac.resume_cluster",
)


def test_help_waits_for_no_library() -> None:
    program = (
        "import sys, importlib\n"
        f"for name in {SCRIPTS!r}:\n"
        "    try:\n"
        "        importlib.import_module(name).main(['--help'])\n"
        "    except SystemExit as done:\n"
        "        assert done.code == 0\n"
        "print(sorted({'boto3', 'botocore', 'psycopg2', 'rich'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.stderr == ""
    assert done.stdout.count("example:\n  python -m iac.") == 5
    assert done.stdout.endswith("[]\n")
