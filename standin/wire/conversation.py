"""What a session itself says to PostgreSQL: hidden statements, transactions, COPY data."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from standin.sqlerror import INTERNAL_ERROR, SqlError
from standin.wire import protocol, reading, writing
from standin.wire.backend_link import Backend, Mode
from standin.wire.links import BUFFER_LIMIT, Client
from standin.wire.protocol import Message

LOGGER = logging.getLogger("standin")

# Fails in every transaction and does nothing else; the mark tells its error from any other.
FAILING_MARK = "refused by the stand-in"
FAILING_SQL = f'SELECT "{FAILING_MARK}"()'
# A name that no client has.
SAVEPOINT = '"of the stand-in"'


class BackendError(Exception):
    """PostgreSQL's own ErrorResponse, to be passed on to the client."""

    def __init__(self, response: Message) -> None:
        fields = reading.error_fields(response.body)
        super().__init__(fields.get("M", ""))
        self.response = response
        self.sqlstate = fields.get("C", "")


class Conversation:
    """Statements that the session runs itself, one at a time, on the client's own backend."""

    def __init__(self, client: Client, backend: Backend) -> None:
        self._client = client
        self._backend = backend
        self._is_implicit = False

    @property
    def status(self) -> bytes:
        """The transaction's status as PostgreSQL last reported it."""
        return self._backend.status

    async def run(self, sql: str) -> list[Message]:
        """Run a statement that the client does not see; its answers, or BackendError."""
        answers: list[Message] = []
        self._backend.begin(Mode.DRIVEN, writing.query(sql))
        await self._read(answers.append)
        return answers

    async def rows(self, sql: str) -> list[list[str | None]]:
        """The rows of a hidden query, in text form."""
        answers = await self.run(sql)
        return [reading.row_values(m.body) for m in answers if m.code == protocol.DATA_ROW]

    async def columns(self, query: str) -> tuple[str, ...]:
        """The names of a query's columns."""
        answers = await self.run(f'SELECT * FROM ({query}) AS "described" LIMIT 0')
        (description,) = (m for m in answers if m.code == protocol.ROW_DESCRIPTION)
        return reading.column_names(description.body)

    async def columns_if_any(self, query: str) -> tuple[str, ...] | None:
        """The names of a query's columns; None, and no harm to a transaction, when it fails."""
        if self.status == protocol.FAILED:
            return None
        try:
            async with self._savepoint():
                return await self.columns(query)
        except BackendError:
            return None

    @asynccontextmanager
    async def _savepoint(self) -> AsyncIterator[None]:
        """What fails inside is undone alone, in a transaction that is open."""
        if self.status == protocol.IDLE:
            yield
            return
        await self.run(f"SAVEPOINT {SAVEPOINT}")
        try:
            yield
        except BackendError:
            await self.run(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            raise
        finally:
            await self.run(f"RELEASE SAVEPOINT {SAVEPOINT}")

    async def forward(self, sql: str, tag: str = "") -> None:
        """Run a statement whose answers go to the client; BackendError instead of an error.

        `tag` is the command tag to give, if not PostgreSQL's own.
        """
        self._backend.begin(Mode.DRIVEN, writing.query(sql))
        await self._read(lambda message: self._client.write(_tagged(message, tag)))

    async def copy_in(self, sql: str) -> None:
        """Begin a COPY FROM STDIN; then `send` its data and `finish_copy`."""
        self._backend.begin(Mode.DRIVEN, writing.query(sql))
        failure: Message | None = None
        while (message := await self._backend.answer()) is not None:
            if message.code == protocol.COPY_IN_RESPONSE:
                self._backend.is_copying = True
                return
            if message.code == protocol.ERROR_RESPONSE:
                failure = message
        assert failure is not None
        raise BackendError(failure)

    async def send(self, data: bytes) -> None:
        """Send data of a COPY; BackendError as soon as PostgreSQL refuses it."""
        self._backend.write(writing.message(protocol.COPY_DATA, data))
        await self._backend.drain()
        while self._backend.has_input:
            message = await self._backend.answer()
            if message is not None and message.code == protocol.ERROR_RESPONSE:
                self._backend.is_copying = False
                await self._read(_ignore)
                raise BackendError(message)

    async def finish_copy(self) -> None:
        """End a COPY; BackendError when PostgreSQL refuses what it was sent."""
        self._backend.write(writing.message(protocol.COPY_DONE))
        self._backend.is_copying = False
        await self._read(_ignore)

    async def copy_out(self, sql: str) -> AsyncIterator[list[bytes]]:
        """Run a COPY TO STDOUT; its rows without their line feeds, many at a time."""
        self._backend.begin(Mode.DRIVEN, writing.query(sql))
        rows: list[bytes] = []
        size = 0
        failure: Message | None = None
        while (message := await self._backend.answer()) is not None:
            if message.code == protocol.COPY_DATA:
                rows.append(message.raw[5:-1])
                size += len(message.raw)
            elif message.code == protocol.ERROR_RESPONSE:
                failure = message
            if size > BUFFER_LIMIT:
                yield rows
                rows, size = [], 0
        if failure is not None:
            raise BackendError(failure)
        if rows:
            yield rows

    async def settle(self) -> None:
        """Read to the end of whatever an exception interrupted."""
        if self._backend.is_copying:
            self._backend.write(writing.copy_fail("stopped by the stand-in"))
            self._backend.is_copying = False
        while await self._backend.answer() is not None:
            pass

    async def fail(self) -> BackendError | None:
        """Make the open transaction a failed one by an error of PostgreSQL itself, returned."""
        if self.status == protocol.IDLE:
            return None
        try:
            await self.run(FAILING_SQL)
        except BackendError as error:
            return error
        return None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """One transaction around several steps, unless the client has one open already."""
        if self.status != protocol.IDLE:
            yield
            return
        await self.run("BEGIN")
        self._is_implicit = True
        try:
            yield
        except Exception:
            await self.settle()
            await self.run("ROLLBACK")
            raise
        finally:
            self._is_implicit = False
        await self.run("COMMIT")

    async def commit(self) -> None:
        """End the open transaction in the middle of things, as TRUNCATE does in Redshift."""
        if self.status == protocol.IDLE:
            return
        await self.run("COMMIT")
        if self._is_implicit:
            await self.run("BEGIN")

    async def _read(self, take: Callable[[Message], None]) -> None:
        """Take the answers up to ReadyForQuery; raise the error among them, if any."""
        failure: Message | None = None
        while (message := await self._backend.answer()) is not None:
            if message.code == protocol.ERROR_RESPONSE:
                failure = message
            else:
                take(message)
                await self._client.drain()
        if failure is not None:
            raise BackendError(failure)


def as_sql_error(error: Exception) -> SqlError:
    """The error to tell the client; an unexpected one is logged with its traceback."""
    if isinstance(error, SqlError):
        return error
    LOGGER.error("unexpected error in a session", exc_info=error)
    return SqlError(INTERNAL_ERROR, f"the stand-in failed: {type(error).__name__}: {error}")


def _ignore(message: Message) -> None:
    """Take an answer that nobody needs."""


def _tagged(message: Message, tag: str) -> bytes:
    """The message with another command tag; the number of rows stays."""
    if message.code != protocol.COMMAND_COMPLETE or not tag:
        return message.raw
    (theirs,), _ = reading.split_strings(message.body, 1)
    rows = theirs.rpartition(" ")[2]
    return writing.command_complete(f"{tag} {rows}" if rows.isdigit() else tag)
