"""COPY from S3, executed by the stand-in inside the client's own transaction.

PostgreSQL gets a COPY .. FROM STDIN on the client's own backend, so that row count, constraints
and rollback are its own: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

from standin.cloud.aws import Cluster
from standin.copy.columns import Column, columns_query, read_columns
from standin.copy.command import CopyCommand
from standin.copy.load import Load
from standin.dialect.translate import SessionFacts
from standin.sqlerror import SqlError, not_supported
from standin.views.load_log import ABORTED, COMPLETED, LoadFacts, LoadRecord
from standin.wire import protocol, writing
from standin.wire.conversation import SAVEPOINT, BackendError, Conversation
from standin.wire.links import Client
from standin.wire.running_load import ReadAhead, RunningLoad
from standin.wire.services import Services

QUERY_CANCELED = "57014"
WRONG_OBJECT_TYPE = "42809"
INSUFFICIENT_PRIVILEGE = "42501"
# What PostgreSQL says to a NUL.
CHARACTER_NOT_IN_REPERTOIRE = "22021"

# What PostgreSQL assumes of a table without statistics is good enough for fewer rows.
ANALYZED_ROWS = 5000

# How often the views of running loads are brought up to date.
PROGRESS_INTERVAL_S = 0.3

# As `internal_error` writes it.
QUERY_LINE = "query:     {}\n"

COMMIT_COMMANDS = frozenset({"COMMIT", "END"})


@dataclass(frozen=True)
class Target:
    """The table of a COPY and the transaction it happens in."""

    name: str
    table_id: int
    user_id: int
    transaction_id: int
    columns: list[Column]
    is_empty: bool


class Copier:
    """The COPYs of one session; `session_id` is the process id of its backend."""

    def __init__(
        self,
        client: Client,
        conversation: Conversation,
        services: Services,
        cluster: Cluster,
        session_id: int,
    ) -> None:
        self._client = client
        self._conversation = conversation
        self._services = services
        self._cluster = cluster
        self._session_id = session_id
        self._canceled: asyncio.Future[None] | None = None
        # What pg_last_copy_id() and pg_last_copy_count() were before the open transaction.
        self._before: tuple[int, int] | None = None
        self._last_load_id = -1
        self.facts = SessionFacts()

    def cancel(self) -> bool:
        """Stop the load that runs; False when there is none and PostgreSQL has to be asked."""
        if self._canceled is None:
            return False
        if not self._canceled.done():
            self._canceled.set_result(None)
        return True

    async def copy(self, command: CopyCommand) -> None:
        """Execute a COPY and answer it, but for ReadyForQuery."""
        started = _now()
        query_id = self._query_id()
        record: LoadRecord | None = None
        try:
            async with self._conversation.transaction():
                target = await self._find_target(command)
                running = await self._prepare(command, target, careful=False)
                record = await self._start_record(running.load, target, query_id, started)
                if not await self._feed_in_haste(target, running, query_id, record):
                    running = await self._prepare(command, target, careful=True)
                    await self._services.work(record.begin_again, running.load)
                    await self._feed(target, running, query_id, record)
                if _is_analyzed(command, target, running.load.rows_loaded):
                    await self._conversation.run(f"ANALYZE {target.name}")
            # The load is in the system views before the client hears of its end.
            await self._services.work(record.finish, COMPLETED, _now())
        except (SqlError, BackendError) as error:
            put_query_id(error, query_id)
            await self._conversation.settle()
            if record is not None:
                await self._services.work(record.finish, ABORTED, _now())
                self._note_failure(query_id)
            raise
        finally:
            if record is not None and record.is_open:
                # The client or PostgreSQL is gone, and so is whoever could wait for this.
                self._services.workers.submit(record.finish, ABORTED, _now())
        self._note_success(query_id, running.load.rows_loaded)
        for text in running.load.notices:
            self._client.write(writing.info_notice(text))
        self._client.write(writing.command_complete("COPY"))

    def _query_id(self) -> int:
        """The statement's id, for the first COPY in it."""
        if self.facts.last_query_id <= self._last_load_id:
            self.facts.last_query_id = next(self._services.query_ids)
        self._last_load_id = self.facts.last_query_id
        return self._last_load_id

    async def _start_record(
        self, load: Load, target: Target, query_id: int, started: datetime
    ) -> LoadRecord:
        facts = LoadFacts(
            database=self._cluster.database,
            query_id=query_id,
            session_id=self._session_id,
            transaction_id=target.transaction_id,
            user_id=target.user_id,
            table_id=target.table_id,
            started=started,
        )
        starting = asyncio.ensure_future(
            self._services.work(self._services.load_log.start, facts, load)
        )
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The session ends, and nobody else would end a record that is yet to be written.
            starting.add_done_callback(self._abort_record)
            raise

    def _abort_record(self, started: asyncio.Future[LoadRecord]) -> None:
        if not started.cancelled() and started.exception() is None:
            self._services.workers.submit(started.result().finish, ABORTED, _now())

    async def _find_target(self, command: CopyCommand) -> Target:
        """Look the table up in the client's transaction and with its search path."""
        if command.database not in (None, self._cluster.database):
            raise not_supported(f"COPY into a table of the database {command.database}")
        rows = await self._conversation.rows(columns_query(command.table, command.schema))
        columns = read_columns(rows, command.table)
        name = _quoted(command.table)
        if command.schema is not None:
            name = f"{_quoted(command.schema)}.{name}"
        ids = await self._conversation.rows(
            "SELECT oid, current_user::regrole::oid, pg_current_xact_id(), (relkind = 'v')::int, "
            "pg_has_role(relowner, 'USAGE')::int, (pg_relation_size(oid) = 0)::int "
            f"FROM pg_catalog.pg_class WHERE oid = {_literal(name)}::regclass"
        )
        table_id, user_id, transaction_id, is_view, is_owned, is_empty = (
            int(value or 0) for value in ids[0]
        )
        if is_view:
            raise SqlError(WRONG_OBJECT_TYPE, f'cannot copy to view "{command.table}"')
        if command.stat_update == "on" and not is_owned:
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of relation {command.table}")
        return Target(name, table_id, user_id, transaction_id, columns, bool(is_empty))

    async def _prepare(self, command: CopyCommand, target: Target, *, careful: bool) -> RunningLoad:
        """Everything that can fail before the first byte of data is read; see Load."""
        objects = await self._services.authorized(self._cluster, command)
        make = partial(RunningLoad, careful=careful)
        return await self._services.work(make, command, target.columns, objects)

    async def _feed_in_haste(
        self, target: Target, running: RunningLoad, query_id: int, record: LoadRecord
    ) -> bool:
        """Move the rows from S3 to PostgreSQL; False, and none is moved, if care has to be taken.

        That is for a NUL, and for too many errors, as a NUL may have come before them.
        """
        run = self._conversation.run
        await run(f"SAVEPOINT {SAVEPOINT}")
        is_taken = True
        try:
            await self._feed(target, running, query_id, record)
        except BackendError as error:
            if error.sqlstate != CHARACTER_NOT_IN_REPERTOIRE:
                raise
            is_taken = False
        except SqlError as error:
            if error.sqlstate == QUERY_CANCELED or not running.load.may_lack_errors:
                raise
            await self._conversation.settle()
            is_taken = False
        if not is_taken:
            await run(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
        await run(f"RELEASE SAVEPOINT {SAVEPOINT}")
        return is_taken

    async def _feed(
        self, target: Target, running: RunningLoad, query_id: int, record: LoadRecord
    ) -> None:
        """Move the rows from S3 to PostgreSQL."""
        names = ", ".join(_quoted(name) for name in running.load.target_columns)
        await self._conversation.copy_in(
            f"COPY {target.name} ({names}) FROM STDIN ({running.load.copy_options})"
        )
        chunks = ReadAhead(running.produce, self._services.workers)
        self._canceled = asyncio.get_running_loop().create_future()
        reporting = asyncio.ensure_future(self._report_progress(record))
        try:
            while (chunk := await self._uncanceled(chunks.next(), query_id)) is not None:
                if chunk:
                    await self._conversation.send(chunk)
        finally:
            chunks.stop()
            self._canceled = None
            reporting.cancel()
            running.stop()
            self._services.workers.submit(running.close)
        await self._conversation.finish_copy()

    async def _report_progress(self, record: LoadRecord) -> None:
        """Keep the views of running loads up to date until this task is canceled."""
        while True:
            await asyncio.sleep(PROGRESS_INTERVAL_S)
            await self._services.work(record.update)

    async def _uncanceled(
        self, chunk: Coroutine[Any, Any, bytes | None], query_id: int
    ) -> bytes | None:
        """A chunk, or the error of a load that is canceled while it is being read."""
        assert self._canceled is not None
        reading = asyncio.ensure_future(chunk)
        try:
            waiting: set[asyncio.Future[Any]] = {reading, self._canceled}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._canceled.done():
                raise SqlError(QUERY_CANCELED, f"Query ({query_id}) canceled on user's request")
            return await reading
        finally:
            reading.cancel()

    def transaction_ends(self, command: str) -> None:
        """Take note of a COMMIT or ROLLBACK about to be sent.

        pg_last_copy_id() does not show a COPY that was rolled back:
        https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html
        """
        is_kept = command in COMMIT_COMMANDS and self._conversation.status != protocol.FAILED
        if self._before is not None and not is_kept:
            self.facts.last_copy_id, self.facts.last_copy_count = self._before
        self._before = None

    def _note_success(self, query_id: int, rows: int) -> None:
        if self._conversation.status != protocol.IDLE and self._before is None:
            self._before = (self.facts.last_copy_id, self.facts.last_copy_count)
        self.facts.last_copy_id, self.facts.last_copy_count = query_id, rows

    def _note_failure(self, query_id: int) -> None:
        """A COPY that failed on its data counts, though its transaction is bound to roll back."""
        self._before = None
        self.facts.last_copy_id, self.facts.last_copy_count = query_id, 0


def put_query_id(error: SqlError | BackendError, query_id: int) -> None:
    """Complete the DETAIL block of an error, which is made where nobody knows the query's id."""
    if isinstance(error, SqlError) and error.detail is not None:
        error.detail = error.detail.replace(QUERY_LINE.format(0), QUERY_LINE.format(query_id))


def _is_analyzed(command: CopyCommand, target: Target, rows: int) -> bool:
    """Whether a COPY of so many rows brings the statistics of its table up to date.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-statupdate
    """
    if command.no_load or command.stat_update == "off":
        return False
    # PostgreSQL itself passes over a table that belongs to somebody else
    is_first = target.is_empty and rows >= ANALYZED_ROWS
    return is_first or command.stat_update == "on"


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A string literal, backslashes escaped as standard_conforming_strings = off has them."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
