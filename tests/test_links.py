"""Sockets that are closed while their other end reads nothing."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from standin.certificates import Certificates
from standin.wire.links import Link

# More than the buffers of two sockets hold.
UNREAD = bytes(64 << 20)


class Told(Link):
    """A link that tells of its beginning and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.made, self.ended = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.made.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended.set()


async def closed_twice_and_aborted(certificates: Certificates) -> None:
    """Returns when the link has ended."""
    link = Told()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: link, "127.0.0.1", 0, ssl=certificates.server_context()
    )
    trusting = ssl.create_default_context(cafile=str(certificates.ca_file))
    _, idle = await asyncio.open_connection(
        *server.sockets[0].getsockname(), ssl=trusting, server_hostname="localhost"
    )
    await link.made.wait()
    link.write(UNREAD)
    link.close()
    link.close()
    link.abort()
    try:
        await asyncio.wait_for(link.ended.wait(), 5)
    finally:
        idle.transport.abort()
        server.close()


def test_a_link_closed_twice_can_still_be_aborted(tmp_path: Path) -> None:
    asyncio.run(closed_twice_and_aborted(Certificates(tmp_path)))
