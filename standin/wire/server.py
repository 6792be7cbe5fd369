"""The front end that database clients connect to: an asyncio loop in a thread of its own.

It listens on 127.0.0.1 only, and every client is served by one task.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from standin.certificates import Certificates
from standin.cloud.aws import Cloud, Cluster
from standin.cloud.objects import ObjectStore
from standin.postgres import Postgres
from standin.sqlerror import SqlError
from standin.views.load_log import LoadLog
from standin.views.statement_log import StatementLog
from standin.wire import login, writing
from standin.wire.conversation import as_sql_error
from standin.wire.databases import Databases
from standin.wire.links import Client, LinkLost
from standin.wire.protocol import CancelRequest, ProtocolError
from standin.wire.services import Services
from standin.wire.session import PROTOCOL_VIOLATION, Session, open_session

LOGGER = logging.getLogger("standin")

HOST = "127.0.0.1"
# PostgreSQL's authentication_timeout.
LOGIN_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
MAX_WORKERS = 32
# Clients that may connect in the same moment.
CONNECTS_WAITING = 512


class FrontEnd:
    """The database port of the stand-in; `port` 0 becomes the real one with `start`."""

    def __init__(
        self,
        *,
        postgres: Postgres,
        cloud: Cloud,
        certificates: Certificates,
        objects: ObjectStore,
        port: int = 5439,
    ) -> None:
        self.port = port
        self._cloud = cloud
        self._workers = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="standin-worker")
        self._services = Services(
            postgres=postgres,
            cloud=cloud,
            objects=objects,
            databases=Databases(postgres),
            load_log=LoadLog(postgres.connect),
            statements=StatementLog(postgres.connect),
            tls=certificates.server_context(),
            workers=self._workers,
        )
        self._clients: set[Client] = set()
        self._cancellations: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Return when the port listens; OSError when it is taken."""
        listening: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(listening)), name="standin-database", daemon=True
        )
        self._thread.start()
        try:
            listening.result()
        except BaseException:
            self.stop()
            raise
        self._cloud.on_cluster_deleted.append(self._cluster_deleted)

    def stop(self) -> None:
        """End every session and stop listening; harmless when nothing runs."""
        if self._cluster_deleted in self._cloud.on_cluster_deleted:
            self._cloud.on_cluster_deleted.remove(self._cluster_deleted)
        if self._thread is not None:
            if self._loop is not None and self._stopping is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = self._loop = self._stopping = None
        self._workers.shutdown()
        self._services.load_log.close()

    async def _main(self, listening: Future[None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_quietly)
        self._stopping = asyncio.Event()
        try:
            server = await loop.create_server(
                self._new_client, HOST, self.port, backlog=CONNECTS_WAITING
            )
        except OSError as error:
            self._stopping = None
            listening.set_exception(error)
            return
        self.port = server.sockets[0].getsockname()[1]
        self._loop = loop
        listening.set_result(None)
        await self._stopping.wait()
        server.close()
        await self._end_sessions()

    def _new_client(self) -> Client:
        client = Client(self._serve, self._clients.discard)
        self._clients.add(client)
        return client

    async def _end_sessions(self, cluster: Cluster | None = None) -> None:
        """Terminate the sessions of a cluster, or everything, and wait until they are gone."""
        for session in list(self._services.sessions.values()):
            if cluster is None or session.cluster.created == cluster.created:
                session.terminate()
        if cluster is not None:
            return
        clients = list(self._clients)
        tasks = [client.session for client in clients if client.session is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT_S)
        for client in clients:
            client.abort()
        # Transports tell of their end in the loop's next round.
        await asyncio.sleep(0)

    def _cluster_deleted(self, cluster: Cluster) -> None:
        """Called by the thread that serves DeleteCluster: cut the sessions, drop the database."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._end_sessions(cluster), self._loop).result()
        self._services.databases.drop(cluster)

    async def _serve(self, client: Client) -> None:
        """One client from its first byte to its last."""
        try:
            await self._converse(client)
        except (LinkLost, OSError, asyncio.TimeoutError, asyncio.CancelledError):
            pass
        except ProtocolError as error:
            _say_fatal(client, SqlError(PROTOCOL_VIOLATION, str(error)))
        except Exception as error:
            _say_fatal(client, as_sql_error(error))
        finally:
            if client.backend is not None:
                client.backend.abort()
            client.finish()

    async def _converse(self, client: Client) -> None:
        session = await asyncio.wait_for(self._open(client), LOGIN_TIMEOUT_S)
        if session is None:
            return
        self._services.sessions[session.key] = session
        try:
            await session.run()
        finally:
            del self._services.sessions[session.key]
            if session.is_busy:
                cancellation = asyncio.ensure_future(self._services.cancel(session.key))
                self._cancellations.add(cancellation)
                cancellation.add_done_callback(self._cancellations.discard)

    async def _open(self, client: Client) -> Session | None:
        """A logged-in session; None for a connection that only brought a CancelRequest."""
        packet = await login.negotiate(client, self._services.tls)
        if isinstance(packet, CancelRequest):
            await self._cancel_request(packet)
            return None
        return await open_session(client, self._services, packet)

    async def _cancel_request(self, request: CancelRequest) -> None:
        """Cancel what a session does: its COPY here, anything else in PostgreSQL."""
        session = self._services.sessions.get(request.key)
        if session is not None and not session.cancel_copy():
            await self._services.cancel(request.key)


def _say_fatal(client: Client, error: SqlError) -> None:
    client.write(writing.error_response(error, "FATAL"))


def _log_quietly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A client that breaks its connection is no news; everything else is."""
    error = context.get("exception")
    level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
    LOGGER.log(level, "%s", context.get("message"), exc_info=error)
