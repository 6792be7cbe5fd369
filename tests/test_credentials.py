"""Logging in without a password: one that AWS keeps, temporary ones that expire, none shown."""

from __future__ import annotations

import json
import stat
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import Call, Project
from premises import described, loaded
from wire import dsn

import create_tables
import etl
import terminal
import warehouse
from iac import cluster_status, create_cluster, credentials, delete_cluster


@pytest.fixture(autouse=True)
def nothing_given_yet() -> None:
    credentials.forget()


@pytest.fixture
def keyless(site: Project, call: Call) -> Project:
    """A cluster whose master password AWS keeps."""
    del site.values["CLUSTER"]["DB_PASSWORD"]
    site.configure()
    assert call(create_cluster, "-q") == 0
    return site


def temporary(site: Project, **changes: Any) -> dict[str, str]:
    return site.client("redshift").get_cluster_credentials(
        **{"ClusterIdentifier": site.name, "DbUser": "dwhuser", **changes}
    )


def login(site: Project, user: str, password: str) -> Any:
    site.values["CLUSTER"] |= {"HOST": "localhost", "DB_PORT": str(site.standin.port)}
    return psycopg2.connect(dsn(site, user=user, password=password))


def test_the_secret_holds_a_password_that_logs_in(keyless: Project) -> None:
    arn = described(keyless)["MasterPasswordSecretArn"]
    assert arn.startswith(
        f"arn:aws:secretsmanager:us-west-2:123456789012:secret:redshift!{keyless.name}-dwhuser-"
    )
    answer = keyless.client("secretsmanager").get_secret_value(SecretId=arn)
    secret = json.loads(answer["SecretString"])
    assert secret["username"] == "dwhuser"
    with closing(login(keyless, **_as_login(secret))) as connection:
        assert connection.info.dbname == keyless.name.replace("-", "_")


def test_a_password_that_comes_after_the_cluster_is_told(
    keyless: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    keyless.configure(CLUSTER_DB_PASSWORD="Comes-too-late-1")
    assert call(create_cluster) == 0
    said = capsys.readouterr().err
    assert "kept by AWS, never seen here\n" in said
    assert "warning: [CLUSTER] DB_PASSWORD does not open this cluster: take it out" in said


def _as_login(secret: dict[str, str]) -> dict[str, str]:
    return {"user": secret["username"], "password": secret["password"]}


def test_the_secret_goes_with_the_cluster(keyless: Project, call: Call) -> None:
    secrets = keyless.client("secretsmanager")
    arn = described(keyless)["MasterPasswordSecretArn"]
    assert call(delete_cluster, "--yes", "-q") == 0
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.describe_secret(SecretId=arn)


def test_temporary_credentials_log_in_and_expire(
    keyless: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = temporary(keyless, DurationSeconds=900)
    assert given["DbUser"] == "IAM:dwhuser"
    with closing(login(keyless, "IAM:dwhuser", given["DbPassword"])) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("dwhuser",)
    refusal = 'password authentication failed for user "'
    with pytest.raises(psycopg2.OperationalError, match=f'{refusal}dwhuser"'):
        login(keyless, "dwhuser", given["DbPassword"])
    cloud = keyless.standin.cloud
    monkeypatch.setattr(cloud, "clock", lambda: time.monotonic() + 901)
    with pytest.raises(psycopg2.OperationalError, match=f'{refusal}IAM:dwhuser"'):
        login(keyless, "IAM:dwhuser", given["DbPassword"])


def test_temporary_credentials_of_somebody_else_do_not_log_in(keyless: Project) -> None:
    given = temporary(keyless, DbUser="ann", AutoCreate=True)
    assert given["DbUser"] == "IAMA:ann"
    with pytest.raises(psycopg2.OperationalError, match='failed for user "IAMA:ann"'):
        login(keyless, "IAMA:ann", given["DbPassword"])


@pytest.mark.parametrize("seconds", [899, 3601])
def test_a_duration_that_aws_refuses(keyless: Project, seconds: int) -> None:
    with pytest.raises(Exception, match="between 900 and 3600"):
        temporary(keyless, DurationSeconds=seconds)


def test_one_request_serves_many_logins(keyless: Project, call: Call) -> None:
    first = credentials.login(loaded(keyless))
    assert credentials.login(loaded(keyless)) is first
    assert (first.user, repr(first.password)) == ("IAM:dwhuser", "***")
    credentials.forget()
    assert credentials.login(loaded(keyless)) is not first


def test_a_configured_password_needs_no_aws(site: Project) -> None:
    site.configure(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    given = credentials.login(loaded(site))
    assert (given.user, given.password.reveal()) == ("dwhuser", "Test-Passw0rd")


def test_no_credentials_for_a_cluster_that_is_not_there(site: Project, call: Call) -> None:
    site.configure(CLUSTER_DB_PASSWORD="", CLUSTER_HOST="localhost")
    with pytest.raises(terminal.Fault) as refusal:
        warehouse.connect(loaded(site))
    assert str(refusal.value).startswith("there is no such cluster in us-west-2: Cluster site-")
    assert "\nnext: python -m iac.create_cluster makes it" in str(refusal.value)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_no_secret_is_ever_shown(
    keyless: Project,
    call: Call,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in output, logs, statements or files: every script, every password and token there is."""
    caplog.set_level(0)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-access-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "very-secret-session-token")
    given = []
    handed_out = credentials._temporary

    def noted(settings: Any) -> credentials.Login:
        given.append(handed_out(settings))
        return given[-1]

    monkeypatch.setattr(credentials, "_temporary", noted)
    arn = described(keyless)["MasterPasswordSecretArn"]
    stored = keyless.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    caplog.clear()
    assert call(create_cluster) == 0
    assert call(create_tables) == 0
    done = keyless.run("etl.py")
    assert done.returncode == 0, done.stderr
    assert call(cluster_status) == 0
    with closing(warehouse.connect(loaded(keyless))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT querytxt FROM stl_query")
        statements = "\n".join(row[0] for row in cursor.fetchall())
    assert call(delete_cluster, "--yes") == 0

    secrets = ["very-secret-access-key", "very-secret-session-token"]
    secrets += [json.loads(stored)["password"], *(one.password.reveal() for one in given)]
    assert len(secrets) > 3
    output = "".join(capfd.readouterr())
    ours = "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("botocore", "urllib3", "boto3"))
    )
    for secret in secrets:
        assert secret not in output + done.stdout + done.stderr + ours + statements
        for path in files_below(keyless.folder):
            assert secret.encode() not in path.read_bytes()
    if sys.platform != "win32":
        assert stat.S_IMODE(keyless.config.stat().st_mode) == 0o600


def test_a_configured_password_is_never_shown(
    site: Project, call: Call, capfd: pytest.CaptureFixture[str]
) -> None:
    for script in (create_cluster, create_tables, cluster_status):
        assert call(script) == 0
    site.configure(CLUSTER_DB_PASSWORD="Wrong-Passw0rd", CLUSTER_HOST="localhost")
    for script in (create_tables, etl, cluster_status):
        assert call(script) != 0
    output = "".join(capfd.readouterr())
    assert "Test-Passw0rd" not in output and "Wrong-Passw0rd" not in output
