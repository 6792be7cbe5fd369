"""The local AWS over HTTP: S3, IAM, STS, EC2 and the Redshift API of moto, in this process."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from standin.cloud.gateway import gateway

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

    from standin.cloud.redshift_cluster import StandInCluster

HOST = "127.0.0.1"
# The variables that make boto3, and so moto at its import, look for a profile of the user.
PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@dataclass(frozen=True)
class Cluster:
    """A cluster of the local Redshift API, as it was when asked for.

    `created` identifies it for good: a deleted cluster's name may be used again.
    """

    identifier: str
    region: str
    account_id: str
    database: str
    user: str
    password: str
    status: str
    iam_roles: tuple[str, ...]
    created: str
    default_iam_role: str | None = None
    port: int = 5439
    security_groups: tuple[str, ...] = ()
    # (IAM:user, password) pairs of GetClusterCredentials that have not expired.
    temporary_passwords: tuple[tuple[str, str], ...] = ()


class Cloud:
    """moto behind one port of 127.0.0.1. One at a time: moto's state belongs to the process."""

    _running: Cloud | None = None

    def __init__(self, *, port: int = 4566, cluster_delay: float = 0.0) -> None:
        """`port` 0 takes any free one; nothing is imported or opened before `start`.

        `cluster_delay`: seconds that a cluster takes to be created, paused, deleted and so on.
        """
        self.port = port
        self.cluster_delay = cluster_delay
        self.clock: Callable[[], float] = time.monotonic
        self.database_host = "localhost"
        self.database_port = 5439
        self.on_cluster_deleted: list[Callable[[Cluster], None]] = []
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint_url(self) -> str:
        """The endpoint of every service. An address, so that boto3 keeps buckets in the path."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen. OSError when the port is taken, RuntimeError when another Cloud runs."""
        if Cloud._running is not None:
            raise RuntimeError(
                "a stand-in already runs in this process: its AWS keeps its state in the process, "
                "so expected none, got one; stop that one first or start another process"
            )
        Cloud._running = self
        try:
            listener = listen(HOST, self.port)
            self.port = listener.getsockname()[1]
            self._server = self._make_server(listener)
        except BaseException:
            Cloud._running = None
            raise
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="standin-aws", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and forget every bucket, role and cluster; harmless when not running."""
        if self._server is None or self._thread is None:
            return
        from moto.core.base_backend import BackendDict

        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None
        BackendDict.reset()
        Cloud._running = None

    def clusters(self) -> list[Cluster]:
        """Every cluster there is, over all accounts and regions."""
        from standin.cloud import redshift_api

        return [self._snapshot(cluster) for cluster in redshift_api.clusters()]

    def lets_in(self, cluster: Cluster, address: str) -> bool:
        """Do the cluster's security groups let a client of this address in?

        A rule for the port that the cluster was made with counts, and one for the port at which
        the stand-in really serves it.
        """
        from standin.cloud import network

        ports = (cluster.port, self.database_port)
        return network.lets_in(
            cluster.account_id, cluster.region, cluster.security_groups, address, ports
        )

    def cluster_deleted(self, cluster: StandInCluster) -> None:
        """Told by the Redshift API that this cluster goes; told on to whoever asked."""
        snapshot = self._snapshot(cluster)
        for callback in self.on_cluster_deleted:
            callback(snapshot)

    def _snapshot(self, cluster: StandInCluster) -> Cluster:
        """moto's cluster, which changes, as a value that does not."""
        now = self.clock()
        return Cluster(
            identifier=cluster.cluster_identifier,
            region=cluster.region,
            account_id=cluster.account_id,
            database=cluster.db_name,
            user=cluster.master_username,
            password=cluster.master_user_password,
            status=cluster.status,
            iam_roles=cluster.usable_roles,
            created=cluster.unique_cluster_id,
            default_iam_role=cluster.default_iam_role_arn,
            port=cluster.port,
            security_groups=tuple(cluster.vpc_security_group_ids),
            temporary_passwords=tuple(
                (one.user, one.password) for one in cluster.temporary_passwords if one.until > now
            ),
        )

    def _make_server(self, listener: socket.socket) -> BaseWSGIServer:
        """The HTTP server on a socket that already listens; it takes the socket over."""
        with _quick_imports(), _no_profile():
            from moto.core.base_backend import AccountSpecificBackend
            from moto.moto_server.werkzeug_app import (
                DomainDispatcherApplication,
                MotoRequestHandler,
                create_backend_app,
            )
            from werkzeug.serving import make_server

            from standin.cloud import ec2_api, managed_policies, redshift_api
            from standin.cloud.objects import ACCOUNT

            AccountSpecificBackend.get_session().get_available_partitions()

        class QuietRequestHandler(MotoRequestHandler):
            def log(self, type: str, message: str, *args: Any) -> None:
                """Say nothing: the terminal belongs to whoever started the stand-in."""

        redshift_api.install(self)
        ec2_api.install()
        managed_policies.install(ACCOUNT)
        application = gateway(DomainDispatcherApplication(create_backend_app))
        with listener:
            return make_server(
                HOST,
                self.port,
                application,
                threaded=True,
                request_handler=QuietRequestHandler,
                fd=listener.fileno(),
            )


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `port` 0 takes any free one. OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There, SO_REUSEADDR would share the port with whoever has it.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


@contextmanager
def _quick_imports() -> Iterator[None]:
    """Import without garbage collection: moto's tables of EC2 take half the time then."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _no_profile() -> Iterator[None]:
    """Hide the user's AWS profile: moto's import fails when it names one that does not exist."""
    hidden = {name: os.environ.pop(name) for name in PROFILE_VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
