"""What the cluster scripts refuse, and what AWS refuses them, in plain words."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import boto3
import pytest
from botocore import exceptions
from conftest import Call, Project
from premises import NOTHING, exists

import settings
import terminal
from iac import clients, cluster_status, create_cluster, delete_cluster


@pytest.mark.parametrize(
    ("changes", "message"),
    [
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
            "[AWS] ENDPOINT_URL must look like http://host:port, got 'localhost:4566'",
            id="address without http",
        ),
        *(
            pytest.param(
                {"AWS_ENDPOINT_URL": address},
                f"[AWS] ENDPOINT_URL must look like http://host:port, got {address!r}",
                id=address,
            )
            for address in (
                "http://localhost:4566 # mine",
                "http://localhost:99999",
                "http://",
                "http://[::1",
            )
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
    assert exists(site) == NOTHING


@pytest.mark.parametrize("section", ["AWS", "S3"])
def test_the_region_that_is_none_is_named(site: Project, section: str) -> None:
    site.configure(**{f"{section}_REGION": "us west"})
    found = settings.load(site.config)
    with pytest.raises(terminal.Fault) as fault, clients.explained(found):
        aws = clients.Aws(found)
        aws.s3 if section == "S3" else aws.iam  # noqa: B018
    assert str(fault.value) == (
        f"'us west' is no region\nnext: set [{section}] REGION to one, us-west-2 say"
    )


@pytest.mark.parametrize("name", ["", "bad name!", "1st", "a--b", "a-", "a" * 256])
def test_a_snapshot_that_cannot_be_named_so_is_refused_before_anything_is_deleted(
    site: Project, call: Call, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with pytest.raises(SystemExit) as end:
        call(delete_cluster, "--yes", f"--final-snapshot={name}")
    assert end.value.code == 2
    assert "argument --final-snapshot: expected 1 to 255 letters" in capsys.readouterr().err


@pytest.mark.parametrize("script", [create_cluster, cluster_status, delete_cluster])
def test_a_configuration_that_is_not_there(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.run(script.main, ["--config", str(tmp_path / "no.cfg"), "-q"]) == 2
    assert f"there is no configuration file {tmp_path / 'no.cfg'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "region", "refused"),
    [
        pytest.param(
            "{name}.c1a2.us-west-2.redshift.amazonaws.com", "us-west-2", "", id="the same"
        ),
        pytest.param("dwh.example.com", "eu-west-1", "", id="an alias"),
        pytest.param(
            "{name}.c1a2.us-west-2.redshift.amazonaws.com",
            "eu-west-1",
            "the cluster {name} in us-west-2, the configuration names {name} in eu-west-1\nnext:"
            " set [DWH] CLUSTER_IDENTIFIER = {name} and [AWS] REGION = us-west-2, or empty"
            " [CLUSTER] HOST if that cluster is to stay\n",
            id="another region",
        ),
        pytest.param(
            "other.c1a2.us-west-2.redshift.amazonaws.com",
            "us-west-2",
            "the cluster other in us-west-2, the configuration names {name} in us-west-2\n",
            id="another name",
        ),
        pytest.param(
            "{name}.c1a2.cn-north-1.redshift.amazonaws.com.cn",
            "us-west-2",
            "the cluster {name} in cn-north-1, the configuration names {name} in us-west-2\n",
            id="China",
        ),
    ],
)
def test_the_cluster_that_host_leads_to_is_the_one_that_is_deleted(
    site: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    host: str,
    region: str,
    refused: str,
) -> None:
    site.values["AWS"]["REGION"] = region
    site.configure(CLUSTER_HOST=host.format(name=site.name))
    before = site.config.read_bytes()
    assert call(delete_cluster, "--yes") == (1 if refused else 0)
    told = capsys.readouterr()
    assert ("nothing is deleted: [CLUSTER] HOST is the address of " in told.err) is bool(refused)
    assert refused.format(name=site.name) in told.err
    assert (site.config.read_bytes() == before) is bool(refused)


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
            refused("NoSuchBucket", "The specified bucket does not exist"),
            "there is no such bucket: The specified bucket does not exist\nnext: check the address",
        ),
        (
            refused("InvalidParameterValue", "What {is} this."),
            "AWS refused CreateRole: InvalidParameterValue: What {is} this",
        ),
        (
            exceptions.ConnectTimeoutError(endpoint_url="https://x"),
            'no answer from https://x: Connect timeout on endpoint URL: "https://x"\n'
            "next: check [AWS] REGION (us-west-2), the network",
        ),
        (exceptions.NoCredentialsError(), "there are no AWS credentials\nnext: aws configure"),
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
        assert "paste" not in explanation and "python -m standin" not in explanation
