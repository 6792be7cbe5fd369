"""What all sessions of a front end share."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from standin.cloud.access_keys import check_access_keys
from standin.cloud.authorization import authorized
from standin.cloud.aws import Cloud, Cluster
from standin.cloud.objects import ObjectStore
from standin.copy.command import CopyCommand
from standin.postgres import Postgres
from standin.unload.command import UnloadCommand
from standin.views.load_log import LoadLog
from standin.views.statement_log import StatementLog
from standin.wire import writing
from standin.wire.databases import Databases
from standin.wire.links import Link, LinkLost

if TYPE_CHECKING:
    import ssl

    from standin.wire.session import Session

T = TypeVar("T")

# A real cluster has run queries of its own before the first client's.
FIRST_QUERY_ID = 300


@dataclass
class Services:
    """The neighbours of a session, and the register of all sessions by their backend key."""

    postgres: Postgres
    cloud: Cloud
    objects: ObjectStore
    databases: Databases
    load_log: LoadLog
    statements: StatementLog
    tls: ssl.SSLContext
    workers: Executor
    query_ids: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_QUERY_ID))
    sessions: dict[bytes, Session] = field(default_factory=dict)

    async def work(self, function: Callable[..., T], *arguments: object) -> T:
        """Run what blocks in a worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.workers, function, *arguments)

    async def cancel(self, key: bytes) -> None:
        """Have PostgreSQL cancel what a backend is at; returns when it has been acted on.

        PostgreSQL ignores it when the backend is at nothing.
        """
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(Link, self.postgres.host, self.postgres.port)
        link.write(writing.cancel_request(key))
        with suppress(LinkLost):
            await link.read_message()

    async def authorized(
        self, cluster: Cluster, command: CopyCommand | UnloadCommand
    ) -> ObjectStore:
        """What the command's role or keys may use, by the cluster as it is now, not at the login.

        SqlError when they may not.
        """
        return await self.work(self._authorized, cluster, command)

    def _authorized(self, cluster: Cluster, command: CopyCommand | UnloadCommand) -> ObjectStore:
        if command.access_keys is not None:
            bucket, prefix = command.bucket_and_prefix
            check_access_keys(command.access_keys, f"Listing bucket={bucket} prefix={prefix}")
        now = [known for known in self.cloud.clusters() if known.created == cluster.created]
        cluster = now[0] if now else cluster
        return authorized(self.objects, cluster, cluster.user, command.role, command.region)
