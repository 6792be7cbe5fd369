"""Fixtures for the tests of other projects: `pytest_plugins = ["standin.pytest_plugin"]`.

One stand-in serves a whole test session (each worker of pytest-xdist has one of its own); clusters
and buckets are fresh for every test. docs/clients.md has an example.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
from psycopg2 import extensions

from standin.child_standin import ChildStandin

REGION = "us-west-2"
USER, PASSWORD = "tester", "Test-Passw0rd"
ROLE = "standin-reads-s3"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "redshift.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class RedshiftCluster:
    """A cluster and how to reach it; `iam_role` may read every bucket and is its default role."""

    identifier: str
    host: str
    port: int
    database: str
    user: str
    password: str
    ca_file: Path
    endpoint_url: str
    iam_role: str
    server_environ: dict[str, str]

    @property
    def dsn(self) -> str:
        """A connection string of libpq, for psycopg2, psycopg and psql."""
        text: str = extensions.make_dsn(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password,
            sslmode="verify-full",
            sslrootcert=str(self.ca_file),
        )
        return text

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead boto3, libpq and their like here, for a child process."""
        return self.server_environ | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }

    def connect(self) -> Any:
        """A new connection of psycopg2."""
        return psycopg2.connect(self.dsn)


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket; `client` is boto3's."""

    name: str
    client: Any

    @property
    def url(self) -> str:
        """The bucket as COPY names it, without a slash at the end."""
        return f"s3://{self.name}"

    def put(self, key: str, content: object) -> str:
        """Store an object and return its URL: bytes and text as they are, anything else as JSON."""
        if isinstance(content, str):
            content = content.encode()
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return f"{self.url}/{key}"


@dataclass(frozen=True)
class Server:
    """The stand-in of the session and clients of its services."""

    standin: ChildStandin
    redshift: Any
    s3: Any
    iam_role: str


@pytest.fixture(scope="session")
def redshift_server() -> Iterator[Server]:
    """The stand-in that all tests of the session share."""
    with ChildStandin() as standin:
        clients = {name: _client(standin, name) for name in ("iam", "redshift", "s3")}
        role = clients["iam"].create_role(
            RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST)
        )["Role"]["Arn"]
        clients["iam"].attach_role_policy(
            RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        )
        yield Server(standin, clients["redshift"], clients["s3"], role)
        for client in clients.values():
            client.close()


@pytest.fixture
def redshift_cluster(redshift_server: Server) -> Iterator[RedshiftCluster]:
    """An empty cluster of the test's own, deleted after it."""
    standin, number = redshift_server.standin, next(_numbers)
    made = RedshiftCluster(
        identifier=f"test-{number}",
        host=standin.host,
        port=standin.port,
        database=f"test_{number}",
        user=USER,
        password=PASSWORD,
        ca_file=standin.ca_file,
        endpoint_url=standin.endpoint_url,
        iam_role=redshift_server.iam_role,
        server_environ=standin.environ,
    )
    redshift_server.redshift.create_cluster(
        ClusterIdentifier=made.identifier,
        ClusterType="single-node",
        NodeType="ra3.large",
        DBName=made.database,
        MasterUsername=made.user,
        MasterUserPassword=made.password,
        IamRoles=[made.iam_role],
        DefaultIamRoleArn=made.iam_role,
    )
    yield made
    redshift_server.redshift.delete_cluster(
        ClusterIdentifier=made.identifier, SkipFinalClusterSnapshot=True
    )


@pytest.fixture
def redshift(redshift_cluster: RedshiftCluster) -> Iterator[Any]:
    """A connection of psycopg2 to an empty cluster; what is not committed is undone."""
    with closing(redshift_cluster.connect()) as connection:
        yield connection


@pytest.fixture
def s3_bucket(redshift_server: Server) -> Iterator[Bucket]:
    """An empty bucket of the test's own in the clusters' region, deleted after it."""
    bucket = Bucket(f"test-bucket-{next(_numbers)}", redshift_server.s3)
    bucket.client.create_bucket(
        Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    yield bucket
    pages = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name)
    for item in (item for page in pages for item in page.get("Contents", [])):
        bucket.client.delete_object(Bucket=bucket.name, Key=item["Key"])
    bucket.client.delete_bucket(Bucket=bucket.name)


def _client(standin: ChildStandin, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=standin.endpoint_url,
        region_name=REGION,
        aws_access_key_id=standin.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=standin.environ["AWS_SECRET_ACCESS_KEY"],
    )
