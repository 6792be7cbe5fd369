"""Everything of the stand-in, started together and gone together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from standin.cloud.aws import HOST, Cloud, listen

if TYPE_CHECKING:
    from standin.certificates import Certificates
    from standin.cloud.objects import LocalObjects
    from standin.postgres import Postgres

SAMPLE_BUCKET = "udacity-dend"
REGION = "us-west-2"

# What a child process must not have, so that it cannot reach for the user's real AWS account.
UNSET_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)

# What the threads of the start have in common, cryptography with it. Two threads that import a
# package and a module of it at once wait for each other, and Python 3.11 fails one of them.
_IMPORTED_FIRST = ("standin.certificates", "standin.postgres")


class PortUnavailable(OSError):
    """A port that was asked for cannot be listened on, mostly because it is in use."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on port {port} of {HOST}: {reason}")
        self.port = port


class Standin:
    """The local AWS and the local Redshift, as a context manager.

    `endpoint_url` is the endpoint of every AWS service, `host` and `port` are where the databases
    of the clusters are reached, `ca_file` is what a client verifies them with, and `environ` what
    a child process needs to find all of it; `cloud` is the local AWS within this process.
    One per process: moto's state belongs to the process.
    """

    host = "localhost"

    def __init__(
        self,
        *,
        pg_port: int = 0,
        aws_port: int = 0,
        s3: Mapping[str, Path] | None = None,
        songs: int = 500,
        events: int = 8000,
        seed: int = 1,
        sample: bool = True,
        cluster_delay: float = 0.0,
    ) -> None:
        """Port 0 takes any free one; `s3` maps a bucket to the folder it shows.

        A cluster takes `cluster_delay` seconds to be created, paused, resumed and deleted.

        The sample fills the bucket udacity-dend, unless that is a folder or `sample` is false.
        """
        self.port = pg_port
        self.cloud = Cloud(port=aws_port, cluster_delay=cluster_delay)
        self._folders = dict(s3 or {})
        self._sample = (songs, events, seed) if sample else None
        self._cleanup = ExitStack()
        self._ca_file: Path | None = None
        self._postgres: Postgres | None = None

    @property
    def endpoint_url(self) -> str:
        """The endpoint of every AWS service."""
        return self.cloud.endpoint_url

    @property
    def ca_file(self) -> Path:
        """The certificate authority of the databases; gone with the stand-in."""
        if self._ca_file is None:
            raise RuntimeError("the stand-in does not run: expected start() first")
        return self._ca_file

    @property
    def postgres(self) -> Postgres:
        """The PostgreSQL behind the front end, for who measures what the front end costs."""
        if self._postgres is None:
            raise RuntimeError("the stand-in does not run: expected start() first")
        return self._postgres

    @property
    def environ(self) -> dict[str, str]:
        """The variables to set for a child process."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "DWH_AWS_ENDPOINT_URL": self.endpoint_url,
            "DWH_AWS_CA_FILE": str(self.ca_file),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.ca_file),
        }

    def child_environ(self) -> dict[str, str]:
        """This process's environment for a child: with `environ`, without a real AWS account."""
        kept = {name: value for name, value in os.environ.items() if name not in UNSET_VARIABLES}
        return kept | self.environ

    def start(self) -> None:
        """Return when everything accepts connections; what has started is stopped on failure.

        PortUnavailable names a port that is taken, NotADirectoryError a folder that is none.
        """
        _check_free(self.cloud.port)
        _check_free(self.port)
        try:
            for module in _IMPORTED_FIRST:
                import_module(module)
            with ThreadPoolExecutor(2) as helpers:
                local_aws = helpers.submit(self._start_cloud)
                certificates = helpers.submit(self._make_certificates)
                postgres = self._start_postgres()
            self._start_front_end(postgres, certificates.result(), local_aws.result())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything and remove every trace of it; harmless when nothing runs."""
        self._ca_file = self._postgres = None
        self._cleanup.close()

    def __enter__(self) -> Standin:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_cloud(self) -> LocalObjects:
        """The local AWS with its buckets filled."""
        self.cloud.start()
        self._cleanup.callback(self.cloud.stop)
        from standin.cloud import folders
        from standin.cloud.objects import LocalObjects

        objects = LocalObjects()
        for bucket, folder in self._folders.items():
            folders.serve(bucket, folder)
        if self._sample is not None and SAMPLE_BUCKET not in self._folders:
            from standin.sample import sample, second_key

            objects.create_bucket(SAMPLE_BUCKET, REGION)
            for key, data in sample(*self._sample):
                objects.put(SAMPLE_BUCKET, key, data)
                if (other := second_key(key)) != key:
                    objects.alias(SAMPLE_BUCKET, key, other)
        return objects

    def _start_postgres(self) -> Postgres:
        """The real PostgreSQL; databases made from now on have Redshift's views and functions."""
        from standin.dialect import function_library
        from standin.postgres import Postgres
        from standin.views import system_views

        postgres = self._postgres = Postgres()
        self._cleanup.callback(postgres.stop)
        postgres.start()
        connection = postgres.connect("template1")
        try:
            system_views.install(connection)
            function_library.install(connection)
        finally:
            connection.close()
        return postgres

    def _make_certificates(self) -> Certificates:
        """The certificates of this run, in a folder that even SIGKILL does not leave behind."""
        from standin.certificates import Certificates
        from standin.postgres.folder import make_folder
        from standin.postgres.programs import find_binaries
        from standin.postgres.watchdog import start_watchdog

        folder = make_folder(None)
        watchdog = start_watchdog(folder, find_binaries())
        self._cleanup.callback(watchdog.communicate)
        certificates = Certificates(folder)
        self._ca_file = certificates.ca_file
        return certificates

    def _start_front_end(
        self, postgres: Postgres, certificates: Certificates, objects: LocalObjects
    ) -> None:
        """The listener for database clients, to which every cluster's endpoint points."""
        from standin.wire.server import FrontEnd

        front_end = FrontEnd(
            postgres=postgres,
            cloud=self.cloud,
            certificates=certificates,
            objects=objects,
            port=self.port,
        )
        self._cleanup.callback(front_end.stop)
        front_end.start()
        self.port = front_end.port
        self.cloud.database_host, self.cloud.database_port = self.host, front_end.port


def _check_free(port: int) -> None:
    """Find out about a taken port before anything is started for seconds."""
    try:
        listen(HOST, port).close()
    except OSError as error:
        raise PortUnavailable(port, (error.strerror or str(error)).lower()) from error
