"""What all sessions of a front end share."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from standin.cloud.aws import Cloud
from standin.cloud.objects import ObjectStore
from standin.postgres import Postgres
from standin.views.load_log import LoadLog
from standin.views.statement_log import StatementLog
from standin.wire.databases import Databases

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
