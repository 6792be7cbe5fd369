"""The socket of a session towards PostgreSQL.

From there to the client bytes flow unread while PostgreSQL answers a statement of its own; message
by message when the session has a word to say.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto

from standin.wire import protocol
from standin.wire.backend_errors import BackendErrors
from standin.wire.links import Client, Link, LinkLost
from standin.wire.protocol import Message

# Bytes of an answer's end that are kept: room for the error or the command tag in it.
ENDING_LENGTH = 1024


class Mode(Enum):
    """What happens to the bytes of PostgreSQL."""

    RELAY = auto()  # to the client, unread but for the last few: is it ready for the next query?
    PASS = auto()  # to the client, in whole messages: the session may take over between two
    DRIVEN = auto()  # the session reads them


class Backend(Link):
    """PostgreSQL's side of the session of `client`."""

    limit = protocol.MAX_SERVER_LENGTH

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._ready: asyncio.Future[None] | None = None
        self._mode = Mode.DRIVEN
        self._tail = b""
        self.errors = BackendErrors()
        self.status = protocol.IDLE
        # How the latest answer that the session did not read itself ended.
        self.ending = b""
        self.is_copying = False
        # In PASS mode: whether an error went by, so that PostgreSQL discards until Sync.
        self.has_failed = False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._mode is not Mode.DRIVEN:
            self._client.close()
        self._set_ready()

    def data_received(self, data: bytes) -> None:
        if self._mode is Mode.RELAY:
            self._relay(data)
            return
        super().data_received(data)
        if self._mode is Mode.PASS:
            self._pass_messages()

    def _relay(self, data: bytes) -> None:
        self._tail = (self._tail + data[-protocol.READY_LENGTH :])[-protocol.READY_LENGTH :]
        is_last = self._tail.startswith(protocol.READY_PREFIX)
        data = self.errors.relayed(data, is_last)
        self._client.write(data)
        enough = len(data) >= ENDING_LENGTH
        self.ending = (data if enough else self.ending + data)[-ENDING_LENGTH:]
        if is_last:
            self._ready_for_query(self._tail[-1:])

    @property
    def is_ready(self) -> bool:
        """Whether PostgreSQL has answered everything it was sent."""
        return self._ready is None or self._ready.done()

    def begin(self, mode: Mode, data: bytes) -> None:
        """Send the beginning or the rest of a request; its answers go the way of `mode`."""
        if self.is_ready:
            self._ready = self._loop.create_future()
            self.ending = b""
            self._tail = b""
            self.has_failed = False
        self._mode = mode
        if mode is Mode.PASS:
            self._pass_messages()
        elif mode is Mode.RELAY and self._buffer:
            self._relay(self._take(len(self._buffer)))
        self.write(data)

    async def ready(self) -> None:
        """Wait until what was begun in another mode than DRIVEN is answered."""
        if self._ready is not None:
            await self._ready
        if self.lost:
            raise LinkLost

    async def answer(self) -> Message | None:
        """In DRIVEN mode: the next message; None for ReadyForQuery, which sets `status`."""
        if self.is_ready:
            return None
        message = await self.read_message()
        if message.code == protocol.READY_FOR_QUERY:
            self._ready_for_query(message.body)
            return None
        return self._translated(message)

    def _translated(self, message: Message) -> Message:
        if message.code not in (protocol.ERROR_RESPONSE, protocol.NOTICE_RESPONSE):
            return message
        return Message(self.errors.translated(message.raw))

    def finished(self) -> None:
        """Take note that PostgreSQL has answered everything, though without ReadyForQuery."""
        self._set_ready()

    def _pass_messages(self) -> None:
        while len(self._buffer) >= 5:
            length = protocol.message_length(self._buffer, self.limit)
            self._wanted = length
            if len(self._buffer) < length:
                break
            message = self._translated(Message(self._take(length)))
            self._client.write(message.raw)
            if message.code in (protocol.ERROR_RESPONSE, protocol.COMMAND_COMPLETE):
                self.ending = message.raw[-ENDING_LENGTH:]
            self.has_failed |= message.code == protocol.ERROR_RESPONSE
            if message.code == protocol.READY_FOR_QUERY:
                self._ready_for_query(message.body)

    def _ready_for_query(self, status: bytes) -> None:
        self.status = status
        self.is_copying = False
        self.has_failed = False
        self._set_ready()

    def _set_ready(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)
