"""Logging in to a cluster: who may, who may not, and what the client is told."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import PASSWORD, Project
from wire import Wire, dsn

from standin.certificates import Certificates
from standin.wire import writing


@pytest.fixture
def connection(project: Project) -> Iterator[Any]:
    with closing(project.connect()) as connected:
        yield connected


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    with connection.cursor() as made:
        yield made


def test_client_sees_redshifts_version_and_its_own_names(connection: Any, cursor: Any) -> None:
    cursor.execute("SELECT current_user, current_database()")
    assert cursor.fetchone() == ("dwhuser", connection.info.dbname)
    assert connection.server_version == 80002
    assert connection.get_parameter_status("standard_conforming_strings") is None
    assert connection.info.ssl_in_use


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"password": "wrong"},
            'FATAL:  password authentication failed for user "dwhuser"',
        ),
        ({"user": "ann"}, 'FATAL:  password authentication failed for user "ann"'),
        ({"dbname": "nowhere"}, 'FATAL:  database "nowhere" does not exist'),
        ({"sslmode": "disable"}, 'FATAL:  no pg_hba.conf entry for host "127.0.0.1"'),
        (
            {"options": "-c no_such_setting=1"},
            'FATAL:  unrecognized configuration parameter "no_such_setting"',
        ),
    ],
    ids=["password", "user", "database", "plain-text", "unknown-setting"],
)
def test_login_is_refused(
    project: Project, caplog: pytest.LogCaptureFixture, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(psycopg2.OperationalError) as refusal:
        psycopg2.connect(dsn(project, **changes))
    assert message in str(refusal.value)
    assert PASSWORD not in str(refusal.value) + caplog.text


def test_paused_cluster_cannot_be_logged_in_to(project: Project) -> None:
    project.client("redshift").pause_cluster(ClusterIdentifier=project.name)
    with pytest.raises(psycopg2.OperationalError, match=f'the cluster "{project.name}" is pau'):
        project.connect()


def test_certificate_is_verified(project: Project, tmp_path: Any) -> None:
    other = Certificates(tmp_path).ca_file
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        psycopg2.connect(dsn(project, sslrootcert=str(other)))


def test_driver_parameters_and_long_names_are_no_obstacle(project: Project) -> None:
    with Wire(project) as wire:
        answers = wire.log_in(
            project,
            client_protocol_version="2",
            driver_version="Redshift Python Driver 2.2.0",
            os_version="Linux",
            plugin_name="none",
            application_name="x" * 200,
            DateStyle="ISO, MDY",
        )
        statuses = [body.split(b"\0")[:2] for code, body in answers if code == b"S"]
        assert [b"server_version", b"8.0.2"] in statuses
        assert [b"application_name", b"x" * 63] in statuses


def test_settings_of_libpq_options_arrive(project: Project) -> None:
    options = "-c search_path=other --statement_timeout=7000 -c query_group=etl"
    with closing(psycopg2.connect(dsn(project, options=options))) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("other",)


def test_newer_protocol_is_negotiated_down(project: Project) -> None:
    with Wire(project) as wire:
        cluster = project.values["CLUSTER"]
        pairs = writing.strings("user", "dwhuser", "database", cluster["DB_NAME"], "_pq_.x", "1")
        wire.send(struct.pack("!II", len(pairs) + 9, 3 << 16 | 2), pairs, b"\0")
        assert wire.read() == (b"v", b"\0\x03\0\0\0\0\0\x01_pq_.x\0")


def test_psql_connects(project: Project) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    done = subprocess.run(
        [psql, "-XAt", dsn(project), "-c", "SELECT 1; SELECT 'zwei'"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("1\nzwei\n", "")


def test_deleted_cluster_cuts_its_sessions_and_loses_its_data(project: Project) -> None:
    connection = project.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a INTEGER)")
    connection.commit()
    redshift = project.client("redshift")
    redshift.delete_cluster(ClusterIdentifier=project.name, SkipFinalClusterSnapshot=True)
    with pytest.raises(psycopg2.OperationalError):
        cursor.execute("SELECT 1")
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        project.connect()
    connection.close()
    redshift.create_cluster(
        ClusterIdentifier=project.name,
        ClusterType="single-node",
        NodeType="ra3.large",
        DBName=project.values["CLUSTER"]["DB_NAME"],
        MasterUsername="dwhuser",
        MasterUserPassword=PASSWORD,
    )
    with pytest.raises(psycopg2.errors.UndefinedTable):
        project.query("SELECT * FROM t")


def test_second_cluster_with_the_same_database_is_refused(project: Project) -> None:
    project.query("SELECT 1")
    name = project.values["CLUSTER"]["DB_NAME"]
    project.client("redshift").create_cluster(
        ClusterIdentifier=f"{project.name}-twin",
        ClusterType="single-node",
        NodeType="ra3.large",
        DBName=name,
        MasterUsername="twin",
        MasterUserPassword=PASSWORD,
    )
    with pytest.raises(psycopg2.OperationalError) as refusal:
        psycopg2.connect(dsn(project, user="twin"))
    assert f'the cluster "{project.name}" has a database "{name}" too' in str(refusal.value)
