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
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore import exceptions
from conftest import PASSWORD, ROOT, Project

import settings
import terminal
from iac import checks, clients, cluster_status, create_cluster, delete_cluster, policy, role
from standin import Standin

SCRIPTS = ("iac.create_cluster", "iac.cluster_status", "iac.delete_cluster")
EC2_TRUST = json.dumps(policy.trust()).replace("redshift", "ec2")
_numbers = itertools.count(1)

Call = Callable[..., int]


@pytest.fixture
def site(standin: Standin, tmp_path: Path) -> Project:
    """A configuration of a cluster that is not there yet."""
    made = Project(standin, tmp_path, f"site-{next(_numbers)}")
    made.values = {
        "CLUSTER": {
            "DB_NAME": made.name.replace("-", "_"),
            "DB_USER": "dwhuser",
            "DB_PASSWORD": PASSWORD,
        },
        "S3": {
            "LOG_DATA": f"s3://{made.bucket}/log_data",
            "LOG_JSONPATH": f"s3://{made.bucket}/log_json_path.json",
            "SONG_DATA": f"s3://{made.bucket}/song_data",
        },
        "AWS": {"ENDPOINT_URL": standin.endpoint_url, "CA_FILE": str(standin.ca_file)},
        "DWH": {"CLUSTER_IDENTIFIER": made.name, "IAM_ROLE_NAME": made.name},
    }
    made.configure()
    return made


@pytest.fixture
def call(site: Project, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a script's main as its command line does, in this process; its exit code."""
    for name, value in site.standin.environ.items():
        if not name.startswith("DWH_"):
            monkeypatch.setenv(name, value)

    def run(script: ModuleType, *flags: str) -> int:
        return terminal.run(script.main, ["--config", str(site.config), *flags])

    return run


def loaded(site: Project) -> settings.Settings:
    return settings.load(site.config, environ={})


def described(site: Project) -> dict[str, Any]:
    answer = site.client("redshift").describe_clusters(ClusterIdentifier=site.name)
    return answer["Clusters"][0]


def exists(site: Project) -> tuple[bool, bool]:
    """Whether the cluster is there, and whether the role is."""
    names = [
        found["ClusterIdentifier"]
        for found in site.client("redshift").describe_clusters()["Clusters"]
    ]
    roles = [found["RoleName"] for found in site.client("iam").list_roles()["Roles"]]
    return site.name in names, site.name in roles


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
    assert exists(site) == (False, False)
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
        role.POLICY_NAME
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
    said = capsys.readouterr().err
    assert [line.split("  ")[-1] for line in said.splitlines()[2:]] == [
        "unchanged", "exists", "available", "attached already", "there already",
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
    granted = site.client("iam").get_role_policy(RoleName=site.name, PolicyName=role.POLICY_NAME)
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
    assert exists(site) == (False, True)
    assert iam.list_role_policies(RoleName=site.name)["PolicyNames"] == []


def set_state(site: Project, state: str) -> None:
    """Put the stand-in's cluster into a state that it would reach in minutes, or by accident."""
    from moto.backends import get_backend

    get_backend("redshift")["123456789012"]["us-west-2"].clusters[site.name].status = state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            "paused",
            "the cluster {name} is paused\nnext: resume it: aws redshift resume-cluster"
            " --region us-west-2 --cluster-identifier {name}\n",
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
        (
            "deleting",
            "the cluster {name} is still deleting after 0.01 minutes\nnext: run the same command"
            " again to wait on, or look at its events: aws redshift describe-events"
            " --source-type cluster --source-identifier {name} --region us-west-2\n",
        ),
    ],
)
def test_a_cluster_that_does_not_become_available(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], state: str, message: str
) -> None:
    assert call(create_cluster) == 0
    set_state(site, state)
    assert call(create_cluster, "--timeout", "0.01") == 1
    assert capsys.readouterr().err.endswith("error: " + message.format(name=site.name))
    set_state(site, "available")
    assert call(create_cluster) == 0


def test_a_paused_cluster_is_resumed_to_be_deleted(site: Project, call: Call) -> None:
    assert call(create_cluster) == 0
    site.client("redshift").pause_cluster(ClusterIdentifier=site.name)
    assert call(delete_cluster, "--yes") == 0
    assert exists(site) == (False, False)


class Interruption:
    """Ctrl-C when the given number of calls to AWS were answered, counted from `after`."""

    def __init__(self, aws: clients.Aws) -> None:
        self.left = 0
        for client in (aws.redshift, aws.iam):
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
            assert exists(site) == (there, there)
            back()
        assert calls > 6


def test_a_role_that_another_cluster_uses_is_kept(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    site.configure(DWH_CLUSTER_IDENTIFIER=f"{site.name}-b")
    assert call(create_cluster) == 0
    assert call(delete_cluster, "--yes") == 0
    assert f"kept: the cluster {site.name} uses it" in capsys.readouterr().err
    site.configure(DWH_CLUSTER_IDENTIFIER=site.name)
    assert call(delete_cluster, "--yes") == 0
    assert exists(site) == (False, False)


def test_what_is_left_is_listed(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(create_cluster) == 0
    assert call(delete_cluster, "--yes", "--final-snapshot", f"{site.name}-last") == 0
    assert f"deleted; snapshot {site.name}-last kept" in capsys.readouterr().err
    assert call(delete_cluster, "--yes") == 1
    arn = f"arn:aws:redshift:us-west-2:123456789012:snapshot:{site.name}/{site.name}-last"
    assert arn in capsys.readouterr().out
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
    assert exists(site) == (bool(code), bool(code))


def test_delete_does_not_ask_where_nobody_answers(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        assert call(delete_cluster) == 2
    assert "next: python -m iac.delete_cluster --yes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"CLUSTER_DB_PASSWORD": ""},
            "[CLUSTER] DB_PASSWORD is missing: expected the master user's password; set it in"
            " {config} or export DWH_CLUSTER_DB_PASSWORD",
            id="no password",
        ),
        pytest.param(
            {"CLUSTER_DB_PASSWORD": "weak"},
            "[CLUSTER] DB_PASSWORD is none that Redshift takes: expected one that has 8 to 64"
            " characters and has an upper-case letter and has a digit",
            id="weak password",
        ),
        pytest.param(
            {"DWH_NODE_TYPE": "dc2.large"},
            "[DWH] NODE_TYPE: dc2.large can no longer be created; ra3.large is the smallest that"
            " can",
            id="retired node type",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "localhost:4566"},
            "[AWS] ENDPOINT_URL must begin with http://, got 'localhost:4566'",
            id="address without http",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "", "CLUSTER_DB_PASSWORD": "Example-Passw0rd"},
            "[CLUSTER] DB_PASSWORD is the example's, which is public: choose one of your own, in"
            " {config} or in DWH_CLUSTER_DB_PASSWORD",
            id="the published password on AWS",
        ),
    ],
)
def test_wrong_configuration_is_refused_before_anything_is_made(
    site: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    message: str,
) -> None:
    site.configure(**changes)
    assert call(create_cluster) == 2
    expected = f"error: {message}\n".format(config=site.config)
    assert capsys.readouterr().err.endswith(expected)
    assert exists(site) == (False, False)


@pytest.mark.parametrize("script", [create_cluster, cluster_status, delete_cluster])
def test_a_configuration_that_is_not_there(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.run(script.main, ["--config", str(tmp_path / "no.cfg"), "-q"]) == 2
    assert f"there is no configuration file {tmp_path / 'no.cfg'}" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "soon", "1441"])
def test_a_timeout_that_is_none(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        create_cluster.main(["--timeout", minutes])
    assert f"expected minutes above 0 and up to 1440, got '{minutes}'" in capsys.readouterr().err


def test_nobody_answers(site: Project, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    site.configure(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert call(create_cluster) == 1
    said = capsys.readouterr().err
    assert "error: no answer from http://127.0.0.1:9: " in said
    assert "\nnext: the local AWS is started with python -m standin; for AWS take" in said


def test_no_credentials(
    site: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boto3.setup_default_session()  # the one of other tests has found its credentials
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert call(create_cluster) == 1
    assert "error: there are no AWS credentials\nnext: aws configure" in capsys.readouterr().err


def refused(code: str, message: str) -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "CreateRole")


@pytest.mark.parametrize(
    ("error", "begin"),
    [
        (
            refused("ExpiredToken", "The security token included in the request is expired"),
            "the AWS credentials have expired\nnext: renew them",
        ),
        (
            refused("InvalidClientTokenId", "The security token is invalid."),
            "AWS does not know these credentials (InvalidClientTokenId)\nnext: check",
        ),
        (
            refused("AccessDenied", "User: a is not authorized to perform: iam:CreateRole on b"),
            "these credentials may not iam:CreateRole: User: a is not authorized to perform:"
            " iam:CreateRole on b\nnext: have an administrator allow iam:CreateRole",
        ),
        (
            refused("InvalidParameterValue", "What {is} this."),
            "AWS refused CreateRole: InvalidParameterValue: What {is} this",
        ),
        (
            exceptions.ConnectTimeoutError(endpoint_url="https://x"),
            "no answer from https://x: Connect timeout on endpoint URL",
        ),
        (exceptions.ProfileNotFound(profile="me"), "The config profile (me) could not be found"),
        (ValueError("ours"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_in_plain_words(error: Exception, begin: str | None) -> None:
    explanation = clients.explain(error, settings.load(settings.EXAMPLE_PATH, environ={
        "DWH_AWS_ENDPOINT_URL": "",
    }))  # fmt: skip
    if begin is None or explanation is None:
        assert explanation is begin
    else:
        assert explanation.startswith(begin)


def detach(site: Project) -> None:
    from moto.backends import get_backend

    get_backend("redshift")["123456789012"]["us-west-2"].clusters[site.name].iam_roles_arn = []


SABOTAGES: dict[str, tuple[Callable[[Project], object], str, str]] = {
    "cluster gone": (
        lambda site: site.client("redshift").delete_cluster(
            ClusterIdentifier=site.name, SkipFinalClusterSnapshot=True
        ),
        "cluster: there is no cluster {name} in us-west-2",
        "python -m iac.create_cluster",
    ),
    "paused": (
        lambda site: site.client("redshift").pause_cluster(ClusterIdentifier=site.name),
        "cluster: {name} is paused",
        "resume it: aws redshift resume-cluster --region us-west-2 --cluster-identifier {name}",
    ),
    "still creating": (
        lambda site: set_state(site, "creating"),
        "cluster: {name} is creating",
        "python -m iac.create_cluster waits for it",
    ),
    "role gone": (
        lambda site: (
            site.client("iam").delete_role_policy(RoleName=site.name, PolicyName=role.POLICY_NAME),
            site.client("iam").delete_role(RoleName=site.name),
        ),
        "role: there is no role arn:aws:iam::123456789012:role/{name}",
        "python -m iac.create_cluster",
    ),
    "trust to ec2": (
        lambda site: site.client("iam").update_assume_role_policy(
            RoleName=site.name, PolicyDocument=EC2_TRUST
        ),
        "role: {name} does not trust redshift.amazonaws.com",
        "python -m iac.create_cluster",
    ),
    "policy for another prefix": (
        lambda site: edit(site, "s3://{0}/log_data", "s3://{0}/logs"),
        "role's policy: read-sparkify-s3 is not what the paths in [S3] need",
        "python -m iac.create_cluster",
    ),
    "role not attached": (
        detach,
        "role attached: {name} is not attached to the cluster",
        "python -m iac.create_cluster",
    ),
    "no HOST": (
        lambda site: edit(site, "HOST = localhost", "HOST ="),
        "endpoint: dwh.cfg names no [CLUSTER] HOST",
        "python -m iac.create_cluster",
    ),
    "no ARN": (
        lambda site: edit(site, "ARN = arn:aws:iam::123456789012:role/{0}", "ARN ="),
        "role: dwh.cfg names no [IAM_ROLE] ARN",
        "python -m iac.create_cluster",
    ),
    "wrong password": (
        lambda site: edit(site, PASSWORD, "Wrong-Passw0rd"),
        "login: cannot log in to localhost:",
        "check [CLUSTER] DB_USER and DB_PASSWORD (or DWH_CLUSTER_DB_PASSWORD)",
    ),
    "no password": (
        lambda site: edit(site, PASSWORD, ""),
        "login: there is no [CLUSTER] DB_PASSWORD",
        "set it in dwh.cfg or export DWH_CLUSTER_DB_PASSWORD",
    ),
}


def edit(site: Project, old: str, new: str) -> None:
    text = site.config.read_text()
    assert old.format(site.name) in text
    site.config.write_text(text.replace(old.format(site.name), new.format(site.name)))


@pytest.mark.parametrize(("sabotage", "found", "remedy"), SABOTAGES.values(), ids=SABOTAGES.keys())
def test_status_names_what_is_wrong(
    site: Project,
    call: Call,
    sabotage: Callable[[Project], object],
    found: str,
    remedy: str,
) -> None:
    assert call(create_cluster) == 0
    sabotage(site)
    scene = checks.Scene(loaded(site))
    findings = [checks.perform(check, scene) for check in checks.checks(["users"])]
    failed = [one for one in findings if one.state == checks.FAILED]
    assert len(failed) == 1, failed
    assert f"{failed[0].check}: {failed[0].found}".startswith(found.format(name=site.name))
    assert failed[0].remedy == remedy.format(name=site.name)


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


def test_the_first_run_makes_the_configuration(site: Project, tmp_path: Path) -> None:
    project = tmp_path / "checkout"
    shutil.copytree(ROOT / "iac", project / "iac")
    for name in ("settings.py", "terminal.py", "dwh.cfg.example"):
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
    assert call(create_cluster) == 0
    assert "DWH_CLUSTER_HOST in the environment beats what is written: unset it" in (
        capsys.readouterr().err
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
    assert done.stdout.count("example:\n  python -m iac.") == 3
    assert done.stdout.endswith("[]\n")
