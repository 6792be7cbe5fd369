"""One client's session: reads its statements and sends each of them one of three ways.

What PostgreSQL can answer itself is relayed; COPY, TRUNCATE and statements with hidden companions
are driven step by step; what Redshift refuses is refused, inside PostgreSQL's own transaction.
"""

from __future__ import annotations

import struct
from functools import partial

from standin.cloud.aws import Cluster
from standin.dialect import translate
from standin.dialect.known_columns import Columns, ColumnsWanted
from standin.dialect.translate import Plan
from standin.sqlerror import SqlError, not_supported
from standin.views.statement_log import MAX_TEXT, Statement, outcome, reads_log
from standin.wire import login, protocol, reading, writing
from standin.wire.backend_errors import PLAN_SEPARATOR
from standin.wire.backend_link import Backend, Mode
from standin.wire.conversation import BackendError, Conversation, as_sql_error
from standin.wire.copy_session import QUERY_CANCELED as CANCELED
from standin.wire.copy_session import Copier
from standin.wire.extended import ExtendedQuery
from standin.wire.links import Client, LinkLost
from standin.wire.protocol import Message, ProtocolError, Startup
from standin.wire.services import Services
from standin.wire.unload_session import Unloader

PROTOCOL_VIOLATION = "08P01"
ADMIN_SHUTDOWN = "57P01"

TRANSACTION_ENDS = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT"})
TRANSACTION_CONTROL = TRANSACTION_ENDS | {"BEGIN", "START TRANSACTION"}
# Translating a longer text would keep the other sessions waiting.
INLINE_SQL_LENGTH = 50_000
# Meant for a COPY FROM STDIN, which Redshift does not have; PostgreSQL ignores them likewise.
COPY_MESSAGES = frozenset({protocol.COPY_DATA, protocol.COPY_DONE, protocol.COPY_FAIL})


async def open_session(client: Client, services: Services, startup: Startup) -> Session:
    """Log the client in; SqlError is the reason to refuse it."""
    user, database = login.check_startup(startup, client.encrypted)
    settings = login.session_settings(startup)
    if startup.version != protocol.PROTOCOL_3_0 or login.protocol_options(startup):
        client.write(writing.negotiate_version(login.protocol_options(startup)))
    password = await login.ask_password(client)
    clusters = await services.work(services.cloud.clusters)
    await services.work(login.check_network, services.cloud, clusters, database)
    cluster = login.authenticate(clusters, user, database, password)
    account = await services.work(services.databases.account, cluster, clusters)
    backend, greeting = await login.open_backend(client, services.postgres, account, settings)
    client.backend = backend
    client.write(login.client_greeting(greeting) + writing.ready_for_query(backend.status))
    return Session(client, backend, services, cluster, login.backend_key(greeting))


class Session:
    """A client that is logged in to `cluster`; `key` identifies its backend."""

    def __init__(
        self, client: Client, backend: Backend, services: Services, cluster: Cluster, key: bytes
    ) -> None:
        self.cluster = cluster
        self.key = key
        self._client = client
        self._backend = backend
        self._services = services
        self._conversation = Conversation(client, backend)
        (self._session_id,) = struct.unpack_from("!I", key)
        self._copier = Copier(client, self._conversation, services, cluster, self._session_id)
        self._unloader = Unloader(
            client,
            self._conversation,
            services,
            cluster,
            self._session_id,
            partial(services.cancel, key),
            self._copier.facts,
        )
        # Statements that have begun and not ended.
        self._begun: list[Statement] = []
        self._extended = ExtendedQuery(
            client, backend, plan=self._plan_prepared, execute=self._drive, report=self._report
        )

    async def run(self) -> None:
        """Serve statements until the client goes; LinkLost when either side is lost."""
        try:
            while (message := await self._client.read_message()).code != protocol.TERMINATE:
                await self._serve(message)
                await self._client.drain()
        finally:
            self._end_statements("the session ended")

    async def _serve(self, message: Message) -> None:
        """Do what one message of the client asks for."""
        if message.code == protocol.QUERY:
            await self._query(message)
        elif self._extended.handles(message):
            await self._extended.handle(message)
        elif message.code == protocol.FUNCTION_CALL:
            await self._answer(not_supported("the function call protocol"))
        elif message.code not in COPY_MESSAGES:
            raise ProtocolError(f"invalid frontend message type {message.code[0]}")
        if self._begun and self._backend.is_ready and not self._extended.is_open:
            self._end_statements(*outcome(self._backend.ending))

    def cancel_copy(self) -> bool:
        """Stop the COPY that is being loaded; False when there is none."""
        self._unloader.cancel()
        return self._copier.cancel()

    def terminate(self) -> None:
        """End the session from outside, as an administrator would."""
        if self._backend.is_ready:
            error = SqlError(ADMIN_SHUTDOWN, "terminating connection due to administrator command")
            self._client.write(writing.error_response(error, "FATAL"))
        self._backend.abort()
        self._client.close()
        if self._client.session is not None:
            self._client.session.cancel()

    @property
    def is_busy(self) -> bool:
        """Whether PostgreSQL is at work for this session."""
        return not self._backend.is_ready

    async def _query(self, message: Message) -> None:
        """A simple query: one string with any number of statements, one ReadyForQuery."""
        if self._extended.is_open:
            raise ProtocolError("expected Sync before a simple query")
        was_failed = self._conversation.status == protocol.FAILED
        try:
            plans = await self._plan(reading.parse_query(message.body))
            if all(plan.is_plain for plan in plans):
                return await self._relay(plans, reading.parse_query(message.body))
            await self._drive_all(plans)
        except (LinkLost, ProtocolError):
            raise
        except Exception as error:
            return await self._answer(error, was_failed)
        self._client.write(writing.ready_for_query(self._conversation.status))

    async def _plan(self, sql: str) -> list[Plan]:
        if reads_log(sql):
            await self._services.work(self._services.statements.flush, self.cluster.database)
        query_id = next(self._services.query_ids)
        self._backend.errors.query_id = query_id
        self._begin_statement(query_id, sql)
        plans = await self._translated(sql)
        self._copier.facts.last_query_id = query_id
        return plans

    async def _translated(self, sql: str) -> list[Plan]:
        """The plans of a text, with as many questions to PostgreSQL as they need."""
        facts = self._copier.facts
        try:
            while True:
                try:
                    if len(sql) > INLINE_SQL_LENGTH:
                        return await self._services.work(translate.plan, sql, facts)
                    return translate.plan(sql, facts)
                except ColumnsWanted as wanted:
                    facts.known_columns[wanted.query] = await self._columns(wanted)
        finally:
            facts.known_columns.clear()

    async def _columns(self, wanted: ColumnsWanted) -> Columns:
        if wanted.is_optional:
            can_ask = self._backend.is_ready
            return await self._conversation.columns_if_any(wanted.query) if can_ask else None
        if not self._backend.is_ready:
            raise not_supported("EXCLUDE, PIVOT or UNPIVOT in a pipeline")
        try:
            return await self._conversation.columns(wanted.query)
        except BackendError as error:
            raise SqlError(error.sqlstate, str(error)) from error

    def _begin_statement(self, query_id: int, sql: str) -> None:
        statement = Statement(
            query_id, self._session_id, self.cluster.user, self.cluster.database, sql[:MAX_TEXT]
        )
        self._begun.append(statement)
        self._services.statements.add(statement)

    def _end_statements(
        self, error: str | None, rows: int = 0, *, is_canceled: bool = False
    ) -> None:
        for statement in self._begun:
            statement.end(error, rows, is_canceled=is_canceled)
        self._begun.clear()

    async def _plan_prepared(self, sql: str) -> list[Plan]:
        try:
            plans = await self._plan(sql)
        except SqlError as error:
            self._end_statements(error.message)
            raise
        for plan in plans:
            self._note_transaction_control(plan)
        return plans

    async def _relay(self, plans: list[Plan], received: str) -> None:
        for plan in plans:
            self._note_transaction_control(plan)
        self._backend.errors.concern(plans, received)
        sql = PLAN_SEPARATOR.join(plan.sql for plan in plans)
        self._backend.begin(Mode.RELAY, writing.query(sql))
        await self._backend.ready()

    def _note_transaction_control(self, plan: Plan) -> None:
        if plan.command in TRANSACTION_ENDS:
            self._copier.transaction_ends(plan.command)

    async def _drive_all(self, plans: list[Plan]) -> None:
        """Statement by statement; together one transaction unless the text controls its own."""
        if len(plans) == 1 or any(plan.command in TRANSACTION_CONTROL for plan in plans):
            for plan in plans:
                await self._drive(plan)
            return
        try:
            async with self._conversation.transaction():
                for plan in plans:
                    await self._drive(plan)
        except Exception:
            self._copier.transaction_ends("ROLLBACK")
            raise
        self._copier.transaction_ends("COMMIT")

    async def _drive(self, plan: Plan) -> None:
        self._note_transaction_control(plan)
        self._backend.errors.concern([plan])
        if plan.copy is not None:
            await self._copier.copy(plan.copy)
        elif plan.unload is not None:
            await self._unloader.unload(plan.unload)
        elif plan.then:
            async with self._conversation.transaction():
                await self._conversation.forward(plan.sql, plan.tag)
                for sql in plan.then:
                    await self._conversation.run(sql)
        else:
            await self._conversation.forward(plan.sql, plan.tag)
        if plan.commits:
            await self._conversation.commit()
            self._copier.transaction_ends("COMMIT")

    async def _answer(self, error: Exception, was_failed: bool = False) -> None:
        """Answer a failed simple query."""
        await self._report(error, was_failed)
        self._client.write(writing.ready_for_query(self._conversation.status))

    async def _report(self, error: Exception, was_failed: bool = False) -> None:
        """Send the error of a failed statement and leave PostgreSQL's transaction failed too.

        In a transaction that had failed before, PostgreSQL's own complaint of it comes first.
        """
        is_canceled = getattr(error, "sqlstate", "") == CANCELED
        self._end_statements(str(error), is_canceled=is_canceled)
        await self._conversation.settle()
        own = None
        if was_failed or self._conversation.status == protocol.IN_TRANSACTION:
            own = await self._conversation.fail()
        if isinstance(error, BackendError):
            self._client.write(error.response.raw)
        elif was_failed and own is not None:
            self._client.write(own.response.raw)
        else:
            self._client.write(writing.error_response(as_sql_error(error)))
