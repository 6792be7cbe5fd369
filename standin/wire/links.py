"""The two sockets of a session, with flow control: towards the client and towards PostgreSQL.

Between them bytes flow unread while PostgreSQL answers a statement of its own; message by message
when the session has a word to say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Any

from standin.wire import protocol
from standin.wire.backend_errors import BackendErrors
from standin.wire.protocol import Message

# Bytes that may wait in one direction before its sender is made to wait.
BUFFER_LIMIT = 256 << 10
TLS_TIMEOUT_S = 20
# How long a client that has been dealt with may take to read its last answer.
LINGER_S = 5
# Bytes of an answer's end that are kept: room for the error or the command tag in it.
ENDING_LENGTH = 1024


class LinkLost(Exception):
    """The other end is gone."""


class Link(asyncio.Protocol):
    """One socket: what came in and was not read yet, and whether it takes more to send."""

    limit = protocol.MAX_CLIENT_LENGTH

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._wanted = 0
        self._held = False
        self._arrival: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.lost = False

    @property
    def transport(self) -> asyncio.Transport:
        """The live transport; a link has one from its connection on."""
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=BUFFER_LIMIT)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._writable.set()
        self._wake()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wake()
        self._throttle()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def hold(self, held: bool) -> None:
        """Stop or resume reading on behalf of somebody who cannot take more."""
        self._held = held
        self._throttle()

    def write(self, data: bytes) -> None:
        """Send, or buffer; a lost link swallows it."""
        if not (self.lost or self.transport.is_closing()):
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the other end has taken enough of what was written."""
        await self._writable.wait()
        if self.lost:
            raise LinkLost

    def close(self) -> None:
        """Close after what was written has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def has_input(self) -> bool:
        """Whether something came in that nobody has read yet."""
        return bool(self._buffer)

    async def read_message(self) -> Message:
        """The next whole message; LinkLost when there will be none."""
        await self._fill(5)
        length = protocol.message_length(self._buffer, self.limit)
        await self._fill(length)
        return Message(self._take(length))

    def _take(self, length: int) -> bytes:
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._throttle()
        return data

    async def _fill(self, length: int) -> None:
        self._wanted = length
        while len(self._buffer) < length:
            if self.lost:
                raise LinkLost
            self._throttle()
            self._arrival = self._loop.create_future()
            await self._arrival

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _throttle(self) -> None:
        if self.transport.is_closing():
            return
        if self._held or len(self._buffer) > max(BUFFER_LIMIT, self._wanted):
            self.transport.pause_reading()
        elif not self.transport.is_reading():
            self.transport.resume_reading()


class Client(Link):
    """The client's side, served by a task of its own from its connection on.

    `backend` is who must wait when the client reads slowly; `gone` is told, at least once, that
    the connection has ended.
    """

    def __init__(
        self,
        serve: Callable[[Client], Coroutine[Any, Any, None]],
        gone: Callable[[Client], None],
    ) -> None:
        super().__init__()
        self._serve = serve
        self._gone = gone
        self.encrypted = False
        self.backend: Backend | None = None
        self.session: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.session is None:
            self.session = self._loop.create_task(self._serve(self))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.session is not None:
            self.session.cancel()
        self._gone(self)

    def finish(self) -> None:
        """Close after what was written has been sent, if the client takes it soon enough."""
        self.close()
        if not self.lost:
            self._loop.call_later(LINGER_S, self._give_up)

    def _give_up(self) -> None:
        self.abort()
        self._gone(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.backend is not None:
            self.backend.hold(True)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.backend is not None:
            self.backend.hold(False)

    async def read_startup(self) -> bytes:
        """The next packet before the session proper: these have no code in front."""
        await self._fill(4)
        length = protocol.startup_length(self._buffer)
        await self._fill(length)
        return self._take(length)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Answer an SSLRequest: agree, and encrypt from here on."""
        if self._buffer:
            # Sent before we agreed: not protected, so it must not be taken for encrypted.
            raise protocol.ProtocolError("received unencrypted data after SSL request")
        self.transport.pause_reading()
        self.write(b"S")
        transport = await self._loop.start_tls(
            self.transport, self, context, server_side=True, ssl_handshake_timeout=TLS_TIMEOUT_S
        )
        if transport is None:
            raise LinkLost
        self.connection_made(transport)
        self.encrypted = True


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
