"""The sockets of a session, with flow control, and the one of them towards the client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from standin.wire import protocol
from standin.wire.protocol import Message

# Bytes that may wait in one direction before its sender is made to wait.
BUFFER_LIMIT = 256 << 10
TLS_TIMEOUT_S = 20
# How long a client that has been dealt with may take to read its last answer.
LINGER_S = 5


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
        # A second close() would take from a TLS transport what abort() needs.
        if self._transport is not None and not self._transport.is_closing():
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
        self.backend: Link | None = None
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
