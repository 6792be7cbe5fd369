"""The extended query protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync.

Messages are kept back until Sync or Flush, for PostgreSQL would not answer earlier either; so
every answer has its place also when one of the statements is refused or driven.
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from standin.dialect.translate import Plan
from standin.sqlerror import SYNTAX_ERROR, SqlError
from standin.wire import protocol, reading, writing
from standin.wire.backend_link import Backend, Mode
from standin.wire.conversation import FAILING_MARK, FAILING_SQL, as_sql_error
from standin.wire.links import Client, LinkLost
from standin.wire.protocol import Message, ProtocolError

# Stands in for a driven statement until its execution: prepared, described and bound like it,
# and known by a command tag that no statement of Redshift has.
SUBSTITUTE_SQL = "DO 'BEGIN END'"
SUBSTITUTE_DONE = writing.command_complete("DO")
# Bytes of a pipeline without Sync that are kept back before PostgreSQL gets them.
KEPT_BACK = 1 << 20


class ExtendedQuery:
    """The extended protocol of one session.

    `plan` translates the text of a statement, `execute` runs a driven plan, and `report` tells
    the client of its failure.
    """

    def __init__(
        self,
        client: Client,
        backend: Backend,
        *,
        plan: Callable[[str], Awaitable[list[Plan]]],
        execute: Callable[[Plan], Awaitable[None]],
        report: Callable[[Exception], Awaitable[None]],
    ) -> None:
        self._client = client
        self._backend = backend
        self._plan = plan
        self._execute_plan = execute
        self._report = report
        self._pending = bytearray()
        self._statements: dict[str, Plan] = {}
        self._portals: dict[str, Plan] = {}
        self._handlers = {
            protocol.PARSE: self._parse,
            protocol.BIND: self._bind,
            protocol.DESCRIBE: self._keep,
            protocol.EXECUTE: self._execute,
            protocol.CLOSE: self._close,
            protocol.FLUSH: self._flush,
            protocol.SYNC: self._sync,
        }

    @property
    def is_open(self) -> bool:
        """Whether messages wait for the Sync that ends them."""
        return bool(self._pending) or not self._backend.is_ready

    def handles(self, message: Message) -> bool:
        """Whether the message belongs to the extended protocol."""
        return message.code in self._handlers

    async def handle(self, message: Message) -> None:
        """Take one message of the client."""
        if self._backend.has_failed and message.code != protocol.SYNC:
            return
        try:
            await self._handlers[message.code](message)
        except (LinkLost, ProtocolError):
            raise
        except Exception as error:
            await self._refuse(writing.error_response(as_sql_error(error)))
        if len(self._pending) > KEPT_BACK:
            self._send(Mode.PASS)

    async def _keep(self, message: Message) -> None:
        self._pending += message.raw

    async def _parse(self, message: Message) -> None:
        statement = reading.parse_parse(message.body)
        plans = await self._plan(statement.sql)
        if len(plans) > 1:
            raise SqlError(
                SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement"
            )
        self._statements.pop(statement.name, None)
        sql = plans[0].sql if plans else ""
        if plans:
            self._statements[statement.name] = plans[0]
            self._backend.errors.concern(plans, statement.sql)
            if not plans[0].is_plain:
                sql = SUBSTITUTE_SQL
        self._pending += writing.parse(statement.name, sql, statement.oids)

    async def _bind(self, message: Message) -> None:
        (portal, statement), _ = reading.split_strings(message.body, 2)
        self._portals.pop(portal, None)
        if statement in self._statements:
            self._portals[portal] = self._statements[statement]
        self._pending += message.raw

    async def _close(self, message: Message) -> None:
        (name,), _ = reading.split_strings(message.body[1:], 1)
        kind = self._statements if message.body[:1] == b"S" else self._portals
        kind.pop(name, None)
        self._pending += message.raw

    async def _execute(self, message: Message) -> None:
        (portal,), _ = reading.split_strings(message.body, 1)
        self._pending += message.raw
        plan = self._portals.get(portal)
        if plan is not None:
            self._backend.errors.concern([plan])
            if not plan.is_plain:
                await self._drive(plan)

    async def _flush(self, message: Message) -> None:
        if self.is_open:
            self._pending += message.raw
            self._send(Mode.PASS)

    async def _sync(self, message: Message) -> None:
        self._pending += message.raw
        self._portals.clear()
        self._send(Mode.RELAY)
        await self._backend.ready()

    def _send(self, mode: Mode) -> None:
        data = bytes(self._pending)
        self._pending.clear()
        self._backend.begin(mode, data)

    async def _drive(self, plan: Plan) -> None:
        """Run a plan where PostgreSQL has just executed the substitute.

        Statements before it in the same pipeline are thereby committed, unless the client has
        opened a transaction.
        """
        self._pending += writing.message(protocol.FLUSH)
        self._send(Mode.DRIVEN)
        while (answer := await self._backend.answer()) is not None:
            if answer.raw == SUBSTITUTE_DONE:
                break
            self._client.write(answer.raw)
            await self._client.drain()
            if answer.code == protocol.ERROR_RESPONSE:
                return await self._discard_until_sync()
        self._backend.finished()
        try:
            await self._execute_plan(plan)
        except (LinkLost, ProtocolError):
            raise
        except Exception as error:
            await self._report(error)
            await self._discard_until_sync()

    async def _refuse(self, response: bytes) -> None:
        """Answer what came before, then let PostgreSQL fail and give our error for its own."""
        self._pending += writing.parse("", FAILING_SQL, b"\0\0") + writing.message(protocol.FLUSH)
        self._send(Mode.DRIVEN)
        while (answer := await self._backend.answer()) is not None:
            if answer.code != protocol.ERROR_RESPONSE:
                self._client.write(answer.raw)
                await self._client.drain()
                continue
            is_ours = FAILING_MARK in reading.error_fields(answer.body).get("M", "")
            self._client.write(response if is_ours else answer.raw)
            break
        await self._discard_until_sync()

    async def _discard_until_sync(self) -> None:
        """What the protocol demands of a server after an error."""
        self._backend.finished()
        while (message := await self._client.read_message()).code != protocol.SYNC:
            if message.code == protocol.TERMINATE:
                raise LinkLost
        await self._sync(message)
