"""Fixtures: one local AWS for the whole run, and for each test a project of its own in it.

A project is what a user has: a bucket with log and song files, a role, a cluster, a dwh.cfg. What
tests share is the running server, never its state.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import psycopg2
import psycopg2.extensions
import pytest

import create_tables
import etl
import terminal
from standin import Standin

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "Test-Passw0rd"
LOG_KEYS = (
    "artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level",
    "location", "method", "page", "registration", "sessionId", "song", "status", "ts",
    "userAgent", "userId",
)  # fmt: skip
SONG_KEYS = (
    "num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location",
    "artist_name", "song_id", "title", "duration", "year",
)  # fmt: skip
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Let Ctrl-C reach the scripts also where a shell started the run in the background.

    It ignores SIGINT for such a job, which all processes below it inherit.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: run with --long"))


@pytest.fixture(autouse=True)
def scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the AWS account, the configuration or the proxy of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "DWH_", "PG")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def driver_waits_by_itself() -> Iterator[None]:
    """Take back the wait callback that warehouse.connect gives psycopg2 for the whole process."""
    yield
    psycopg2.extensions.set_wait_callback(None)


@pytest.fixture(scope="session")
def standin() -> Iterator[Standin]:
    with Standin(sample=False) as running:
        # Modules, collected tests and moto's tables: a tenth of the run went into looking through
        # them for garbage.
        gc.freeze()
        yield running


@cache
def _client(endpoint_url: str, service: str, region: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@dataclass
class Project:
    """A bucket, a role, a cluster and a dwh.cfg in the local AWS."""

    standin: Standin
    folder: Path
    name: str
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def bucket(self) -> str:
        return self.name

    @property
    def config(self) -> Path:
        return self.folder / "dwh.cfg"

    def without_config(self, said: str) -> str:
        """`said` with the commands that it names as they would be without --config."""
        return said.replace(f" --config {self.config}", "")

    def client(self, service: str, region: str = "us-west-2") -> Any:
        return _client(self.standin.endpoint_url, service, region)

    def make_bucket(self) -> None:
        self.client("s3").create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        self.put("log_json_path.json", {"jsonpaths": [f"$['{key}']" for key in LOG_KEYS]})

    def create(self) -> None:
        self.make_bucket()
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "redshift.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        role = self.client("iam").create_role(
            RoleName=self.name, AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]["Arn"]
        self.client("iam").attach_role_policy(
            RoleName=self.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        )
        self.client("redshift").create_cluster(
            ClusterIdentifier=self.name,
            ClusterType="single-node",
            NodeType="ra3.large",
            DBName=self.name.replace("-", "_"),
            MasterUsername="dwhuser",
            MasterUserPassword=PASSWORD,
            IamRoles=[role],
        )
        self.values = {
            "CLUSTER": {
                "HOST": self.standin.host,
                "DB_PORT": str(self.standin.port),
                "DB_NAME": self.name.replace("-", "_"),
                "DB_USER": "dwhuser",
                "DB_PASSWORD": PASSWORD,
            },
            "IAM_ROLE": {"ARN": role},
            "S3": {
                "LOG_DATA": f"s3://{self.bucket}/log_data",
                "LOG_JSONPATH": f"s3://{self.bucket}/log_json_path.json",
                "SONG_DATA": f"s3://{self.bucket}/song_data",
            },
            "AWS": {"ENDPOINT_URL": self.standin.endpoint_url, "CA_FILE": self.standin.ca_file},
            "ETL": {},
            "DWH": {"CLUSTER_IDENTIFIER": self.name, "IAM_ROLE_NAME": self.name},
        }
        self.configure()

    def delete_cluster(self) -> None:
        """Have its database gone before it is written to the disk: a suite makes gigabytes."""
        redshift = self.client("redshift")
        gone = redshift.exceptions.ClusterNotFoundFault
        busy = redshift.exceptions.InvalidClusterStateFault
        with suppress(gone, busy):
            redshift.delete_cluster(ClusterIdentifier=self.name, SkipFinalClusterSnapshot=True)

    def configure(self, **values: str) -> None:
        """Write dwh.cfg; keyword CLUSTER_HOST="x" sets [CLUSTER] HOST."""
        for name, value in values.items():
            section = next(s for s in self.values if name.startswith(f"{s}_"))
            self.values[section][name.removeprefix(f"{section}_")] = value
        lines = [
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
            for section, entries in self.values.items()
        ]
        self.config.write_text("\n".join(lines), encoding="utf-8")

    def put(self, key: str, content: object) -> None:
        """Store an object: bytes and text as they are, anything else as JSON."""
        if isinstance(content, str):
            content = content.encode()
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)

    def clear(self, prefix: str) -> None:
        listing = self.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        if found := [{"Key": item["Key"]} for item in listing.get("Contents", [])]:
            self.client("s3").delete_objects(Bucket=self.bucket, Delete={"Objects": found})

    def put_events(self, *events: dict[str, object], file: str = "2018/11/a.json") -> None:
        self.put(f"log_data/{file}", "\n".join(json.dumps(event) for event in events))

    def put_songs(self, *songs: dict[str, object]) -> None:
        for number, song in enumerate(songs):
            self.put(f"song_data/A/{number}.json", song)

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `python WORDS --config dwh.cfg` as a person does, in a clean environment."""
        return subprocess.run(
            [sys.executable, *words, "--config", str(self.config)],
            cwd=ROOT,
            env={**os.environ, **self.standin.environ, **environ},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def create_tables(self) -> None:
        """Create the tables in this process: where that is the test, it runs the script."""
        assert create_tables.main(["--quiet", "--config", str(self.config)]) == 0

    def load(self, *flags: str) -> subprocess.CompletedProcess[str]:
        done = self.run("etl.py", *flags)
        assert done.returncode == 0, done.stderr
        return done

    def prepare(self) -> None:
        """Create the tables and load what is in the bucket, in this process: it is not the test."""
        self.create_tables()
        assert etl.main(["--quiet", "--config", str(self.config)]) == 0

    def connect(self) -> Any:
        cluster = self.values["CLUSTER"]
        return psycopg2.connect(
            host=cluster["HOST"],
            port=cluster["DB_PORT"],
            dbname=cluster["DB_NAME"],
            user=cluster["DB_USER"],
            password=cluster["DB_PASSWORD"],
            sslmode="verify-full",
            sslrootcert=self.standin.ca_file,
        )

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor on a connection of its own, which ends with the block."""
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            yield cursor

    def query(self, sql: str, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        with self.transaction() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())


def module_project(standin: Standin, factory: pytest.TempPathFactory, name: str) -> Project:
    """A project for a module's tests, under a name of its own each time.

    A worker that takes over tests of another one may set the same module up twice.
    """
    made = Project(standin, factory.mktemp(name), f"{name}-{next(_numbers)}")
    made.create()
    return made


@pytest.fixture
def project(standin: Standin, tmp_path: Path) -> Iterator[Project]:
    made = Project(standin, tmp_path, f"project-{next(_numbers)}")
    made.create()
    yield made
    made.delete_cluster()


@pytest.fixture
def site(standin: Standin, tmp_path: Path) -> Iterator[Project]:
    """Files in S3 and the configuration of a cluster that is not there yet."""
    made = Project(standin, tmp_path, f"site-{next(_numbers)}")
    made.make_bucket()
    made.put_events(event())
    made.put_songs(song())
    made.values = {
        "CLUSTER": {
            "DB_NAME": made.name.replace("-", "_"),
            "DB_USER": "dwhuser",
            "DB_PASSWORD": PASSWORD,
        },
        "IAM_ROLE": {},
        "S3": {
            "LOG_DATA": f"s3://{made.bucket}/log_data",
            "LOG_JSONPATH": f"s3://{made.bucket}/log_json_path.json",
            "SONG_DATA": f"s3://{made.bucket}/song_data",
        },
        "AWS": {"ENDPOINT_URL": standin.endpoint_url, "CA_FILE": str(standin.ca_file)},
        "DWH": {"CLUSTER_IDENTIFIER": made.name, "IAM_ROLE_NAME": made.name},
    }
    made.configure()
    yield made
    made.delete_cluster()


Call = Callable[..., int]


@pytest.fixture
def call(site: Project, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a script's main as its command line does, in this process; its exit code."""
    for name, value in site.standin.environ.items():
        if not name.startswith("DWH_"):
            monkeypatch.setenv(name, value)

    def run(script: ModuleType, *flags: str) -> int:
        return terminal.run(script.main, ["--config", str(site.config), *flags])

    return run


def event(**changes: object) -> dict[str, object]:
    """A NextSong event of user 1 at 2018-11-01 21:01:46.796, with `changes`."""
    return {
        "artist": "Ann",
        "auth": "Logged In",
        "firstName": "Ada",
        "gender": "F",
        "itemInSession": 0,
        "lastName": "Lane",
        "length": 200.5,
        "level": "free",
        "location": "Oslo",
        "method": "PUT",
        "page": "NextSong",
        "registration": 1540919166796.0,
        "sessionId": 10,
        "song": "Blue",
        "status": 200,
        "ts": 1541106106796,
        "userAgent": '"Mozilla/5.0"',
        "userId": "1",
        **changes,
    }


def song(**changes: object) -> dict[str, object]:
    """The song Blue by Ann, 200.5 seconds long, with `changes`."""
    return {
        "num_songs": 1,
        "artist_id": "AR1",
        "artist_latitude": None,
        "artist_longitude": None,
        "artist_location": "",
        "artist_name": "Ann",
        "song_id": "SO1",
        "title": "Blue",
        "duration": 200.5,
        "year": 0,
        **changes,
    }
