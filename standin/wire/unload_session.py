"""UNLOAD to S3, executed by the stand-in inside the client's own transaction.

PostgreSQL gets a COPY (..) TO STDOUT on the client's own backend, so that privileges, visibility
and errors of the query are its own: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from standin.cloud.aws import Cluster
from standin.dialect.plan import SessionFacts
from standin.sqlerror import SqlError
from standin.unload.columns import Column, read_columns
from standin.unload.command import UnloadCommand
from standin.unload.unload import Unload
from standin.views.unload_log import UnloadFacts, UnloadRecord
from standin.wire import protocol, reading, writing
from standin.wire.conversation import BackendError, Conversation
from standin.wire.copy_session import QUERY_CANCELED, put_query_id
from standin.wire.links import Client
from standin.wire.services import Services

CANCEL_AGAIN_S = 0.1


class Unloader:
    """The UNLOADs of one session; `session_id` is the process id of its backend.

    `cancel_backend` has PostgreSQL cancel what that is at, see Services.cancel.
    """

    def __init__(
        self,
        client: Client,
        conversation: Conversation,
        services: Services,
        cluster: Cluster,
        session_id: int,
        cancel_backend: Callable[[], Awaitable[None]],
        facts: SessionFacts,
    ) -> None:
        self._client = client
        self._conversation = conversation
        self._services = services
        self._cluster = cluster
        self._session_id = session_id
        self._cancel_backend = cancel_backend
        self._facts = facts
        self._is_canceled = False

    def cancel(self) -> None:
        """Stop the UNLOAD that runs when PostgreSQL, which is asked too, has nothing to stop."""
        self._is_canceled = True

    async def unload(self, command: UnloadCommand) -> None:
        """Execute an UNLOAD and answer it, but for ReadyForQuery."""
        query_id = self._query_id()
        self._is_canceled = False
        try:
            running = await self._execute(command, query_id)
        except SqlError as error:
            put_query_id(error, query_id)
            raise
        self._facts.last_unload_id, self._facts.last_unload_count = query_id, running.rows
        self._client.write(writing.info_notice(running.notice))
        self._client.write(writing.command_complete("UNLOAD"))

    async def _execute(self, command: UnloadCommand, query_id: int) -> Unload:
        async with self._conversation.transaction():
            columns = await self._columns(command)
            store = await self._services.authorized(self._cluster, command)
            running = await self._services.work(Unload, command, columns, store)
            try:
                async with self._logged(running, query_id):
                    await self._move(running, query_id)
            finally:
                self._services.workers.submit(running.close)
        return running

    def _query_id(self) -> int:
        """The statement's id, for the first UNLOAD in it."""
        if self._facts.last_query_id <= self._facts.last_unload_id:
            self._facts.last_query_id = next(self._services.query_ids)
        return self._facts.last_query_id

    async def _columns(self, command: UnloadCommand) -> list[Column]:
        """The columns of the query, which is not executed for them."""
        answers = await self._conversation.run(
            f"SELECT * FROM (\n{command.select}\n) AS unloaded LIMIT 0"
        )
        (description,) = (m for m in answers if m.code == protocol.ROW_DESCRIPTION)
        return read_columns(reading.row_columns(description.body), command)

    @asynccontextmanager
    async def _logged(self, running: Unload, query_id: int) -> AsyncIterator[None]:
        """Keep the system views and pg_last_unload_count() true to what happens inside."""
        ((transaction_id, user_id),) = await self._conversation.rows(
            "SELECT pg_current_xact_id(), current_user::regrole::oid"
        )
        facts = UnloadFacts(
            database=self._cluster.database,
            query_id=query_id,
            session_id=self._session_id,
            transaction_id=int(transaction_id or 0),
            user_id=int(user_id or 0),
        )
        record = UnloadRecord(self._services.load_log.connect, facts, running.command)
        try:
            await self._services.work(record.begin)
            yield
        except (SqlError, BackendError) as problem:
            # of one that failed while it unloaded, 0 rows are told
            self._facts.last_unload_id, self._facts.last_unload_count = query_id, 0
            await self._services.work(record.finish, [], str(problem))
            raise
        except BaseException:
            # the client or PostgreSQL is gone, and so is whoever could wait for this
            self._services.workers.submit(record.finish, [], "the session ended")
            raise
        await self._services.work(record.finish, running.files, None)

    async def _move(self, running: Unload, query_id: int) -> None:
        """Move the rows from PostgreSQL to S3."""
        self._check_canceled(query_id)
        async with self._stoppable():
            async for rows in self._conversation.copy_out(
                f"COPY (\n{running.command.select}\n) TO STDOUT (FORMAT text, ENCODING 'UTF8')"
            ):
                await self._services.work(running.write, rows)
                self._check_canceled(query_id)
        self._check_canceled(query_id)
        await self._services.work(running.finish)

    @asynccontextmanager
    async def _stoppable(self) -> AsyncIterator[None]:
        """Have PostgreSQL cancel the statement inside as often as it takes.

        It ignores a cancel that comes between two statements, as when this one is on its way.
        """
        is_over = asyncio.Event()
        canceling = asyncio.ensure_future(self._cancel_until(is_over))
        try:
            yield
        finally:
            # awaited: a cancel that is still on its way would hit the client's next statement
            is_over.set()
            await canceling

    async def _cancel_until(self, is_over: asyncio.Event) -> None:
        """Pass a cancel on until `is_over`, and then once more, for what still sends rows."""
        is_last = False
        while not is_last:
            is_last = is_over.is_set()
            if self._is_canceled:
                with suppress(OSError):
                    await self._cancel_backend()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(is_over.wait(), CANCEL_AGAIN_S)

    def _check_canceled(self, query_id: int) -> None:
        if self._is_canceled:
            raise SqlError(QUERY_CANCELED, f"Query ({query_id}) canceled on user's request")
