"""Connections to the warehouse, and what its errors mean to the person who runs a script."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import extensions

import interrupts
import retries
from iac import credentials
from settings import Settings
from terminal import Fault

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

CONNECT_TIMEOUT_S = 15
CANCEL_AGAIN_S = 0.1
CANCEL_AT_LEAST_EVERY_S = 2.0

# What the client library or the server says when nobody can log in -> what to do about it.
_CONNECT_ADVICE = (
    (
        r"could not translate host name|Name or service not known|nodename nor servname",
        "check [CLUSTER] HOST; a new cluster's name takes a few minutes to be known",
    ),
    (
        r"Connection refused",
        "nothing listens there: is the cluster there and not paused (python -m iac.cluster_status)?"
        " The local AWS is started with python -m standin",
    ),
    (
        r"timeout expired|timed out",
        "the network lets nothing through: is the cluster publicly accessible, and does its"
        " security group let this address in? python -m iac.cluster_status tells more",
    ),
    (
        r"password authentication failed",
        "check [CLUSTER] DB_USER and DB_PASSWORD (or DWH_CLUSTER_DB_PASSWORD)",
    ),
    (r"is paused, not available", "resume it: python -m iac.resume_cluster"),
    (r", not available", "python -m iac.cluster_status shows its state and what mends it"),
    (
        r'database ".*" does not exist',
        "check [CLUSTER] DB_NAME; python -m iac.create_cluster makes the cluster with it",
    ),
    (
        r"certificate verify failed|server certificate for|root certificate file",
        "the server did not prove who it is: check [CLUSTER] HOST and [AWS] CA_FILE; the local"
        " AWS prints its CA_FILE among the lines to paste, a new one at each start",
    ),
)

# What the server says of a statement that failed -> what to do about it.
_STATEMENT_ADVICE = (
    (
        r"relation \".*\" does not exist|Cannot COPY into nonexistent table",
        "make the tables with: python create_tables.py",
    ),
    (
        r"is not authorized to assume IAM Role",
        "the role of [IAM_ROLE] ARN does not exist, is not attached to the cluster or does not"
        " trust Redshift: python -m iac.create_cluster makes, attaches and writes it",
    ),
    (r"NoSuchBucket", "check the bucket names in [S3]"),
    (
        r"PermanentRedirect|must be addressed using the specified endpoint",
        "the bucket is in another region: set [S3] REGION to it",
    ),
    (
        r"AccessDenied|Access Denied",
        "the role may not read this: python -m iac.create_cluster renews its policy from [S3];"
        " an address that a flag gave has to stand there, too",
    ),
    (
        r"permission denied for|must be owner of",
        "the tables are another user's: log in as the one who made them ([CLUSTER] DB_USER), or as"
        " a superuser",
    ),
    (
        r"column .* does not exist",
        "these are not the tables of sql_queries.py: python create_tables.py makes them anew,"
        " empty",
    ),
    (
        r"is not a table|(insert into|update|delete from) (a )?view",
        "a view stands in the place of a table: drop it, then python create_tables.py",
    ),
    (
        r"(?i)manifest",
        "check what the manifest lists, or have python compact.py write it anew",
    ),
    (
        r"(?i)jsonpath",
        "check the file that [S3] LOG_JSONPATH names: it has a path for each column of"
        " staging_events",
    ),
    (
        r"NoSuchKey",
        "a file that [S3] LOG_JSONPATH names or a manifest lists is not there: correct that, or"
        " have python compact.py write the manifest anew",
    ),
    (r"(?i)cannot drop table", "drop what depends on the table first"),
    (
        r"server closed the connection|connection already closed|SSL connection has been closed"
        r"|SSL SYSCALL error|EOF detected|could not (receive|send) data|terminating connection",
        "the connection was lost: run the same command again",
    ),
)


# What the driver and the server put before and in place of what happened -> plain words.
_PLAIN = (
    (r"^connection to server .* failed: ", ""),
    (r"^(FATAL|PANIC|ERROR):\s+", ""),
    (r"^SSL (SYSCALL )?error: ", ""),
    (r"^EOF detected$", "the server closed the connection"),
)


def connect(settings: Settings, application: str = "sparkify") -> Connection:
    """Log in to the cluster over TLS, with its certificate and name verified.

    Raises Fault that says why it failed and what to do next; never with the password in it.
    """
    extensions.set_wait_callback(_wait)
    try:
        for attempt in retries.retrying(retries.is_worth_another_login):
            with attempt:
                return _login(settings, application)
    except psycopg2.OperationalError as error:
        credentials.forget()
        where = f"{settings.host}:{settings.db_port}"
        raise Fault(
            f"cannot log in to {where} as {settings.db_user}: {_first_line(error)}"
            f"{advice(str(error), _CONNECT_ADVICE)}"
        ) from error
    raise AssertionError("retrying ends with a result or an exception")


def _login(settings: Settings, application: str) -> Connection:
    login = credentials.login(settings)
    trusted = certificates(settings)
    return psycopg2.connect(
        host=settings.host,
        port=settings.db_port,
        dbname=settings.db_name,
        user=login.user,
        password=login.password.reveal(),
        sslmode="verify-full",
        sslrootcert=trusted,
        # libpq would look for a client's certificate in the home folder, and give up where it may
        # not look; below a file there is nothing to find.
        sslcert=f"{trusted}/none",
        # With a Kerberos ticket it would begin with a request that only PostgreSQL 12 knows.
        gssencmode="disable",
        keepalives_idle=60,
        application_name=application,
    )


@contextmanager
def connection(settings: Settings, application: str = "sparkify") -> Iterator[Connection]:
    """A connection that is closed at the end of the block; what was not committed is undone."""
    opened = connect(settings, application)
    try:
        interrupts.check()
        yield opened
    finally:
        opened.close()


def cancel(work: Mapping[Future[Any], Connection]) -> None:
    """Cancel what each connection does for its future, until all the futures are done."""
    # A cancel that comes between two statements ends none, and one that comes late is lost.
    pause = CANCEL_AGAIN_S
    while waiting := [future for future in work if not future.done()]:
        for future in waiting:
            with suppress(psycopg2.Error):
                work[future].cancel()
        wait(waiting, pause)
        pause = min(2 * pause, CANCEL_AT_LEAST_EVERY_S)


@contextmanager
def explained(doing: str, consequence: str = "") -> Iterator[None]:
    """Turn an error of the server while `doing` into a Fault with its cause and the next step."""
    try:
        yield
    except psycopg2.Error as error:
        # A rollback that finds the connection gone hides what ended the block before it.
        first = error.__context__
        if isinstance(first, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        if isinstance(first, Fault):
            raise first from error
        if isinstance(first, psycopg2.Error):
            error = first
        raise fault(error, doing, consequence) from error


def fault(error: psycopg2.Error, doing: str, consequence: str = "", next_step: str = "") -> Fault:
    """The Fault of a statement that failed: a TransientFault if doing it again may help."""
    kind = retries.TransientFault if retries.is_transient(error) else Fault
    return kind(explain(error, doing, consequence, next_step))


def explain(error: psycopg2.Error, doing: str, consequence: str = "", next_step: str = "") -> str:
    """The message for a failed statement: what failed, why, what it left behind, what to do.

    `next_step` is what to do where the caller knows better than the text of the error tells.
    """
    after = f"\n{consequence}" if consequence else ""
    step = f"\nnext: {next_step}" if next_step else advice(str(error), _STATEMENT_ADVICE)
    return f"{doing} failed: {_first_line(error)}{after}{step}"


def number(cursor: Cursor, query: str, parameters: Mapping[str, object] | None = None) -> int:
    """The one number that a query returns."""
    cursor.execute(query, parameters)
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def advice(text: str, table: tuple[tuple[str, str], ...]) -> str:
    """The next step that `table` of (pattern, advice) knows for an error text, on its own line."""
    for pattern, sentence in table:
        if re.search(pattern, text):
            return f"\nnext: {sentence}"
    return ""


def _first_line(error: psycopg2.Error) -> str:
    text = (error.diag.message_primary or str(error)).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    for pattern, plain in _PLAIN:
        line = re.sub(pattern, plain, line)
    return line


def certificates(settings: Settings) -> str:
    """The bundle of certificate authorities that the cluster's certificate is verified with."""
    return settings.ca_file or str(_public_certificates())


def _public_certificates() -> Path:
    # botocore brings the public certificate authorities, Amazon's among them; the libpq inside
    # psycopg2-binary knows no system store.
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise Fault("botocore is not installed: pip install -r requirements.txt")
    return Path(spec.origin).with_name("cacert.pem")


def _wait(connection: Connection) -> None:
    """Wait for the server in a way that Ctrl-C ends, which libpq's own waiting does not.

    psycopg2 calls this in place of libpq's waiting, its connect_timeout included.
    """
    connecting = connection.status == extensions.STATUS_SETUP
    deadline = time.monotonic() + CONNECT_TIMEOUT_S if connecting else None
    try:
        while (state := connection.poll()) != extensions.POLL_OK:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            waiting = [connection.fileno()]
            reading = waiting if state == extensions.POLL_READ else []
            writing = waiting if state == extensions.POLL_WRITE else []
            if not any(select.select(reading, writing, [], left)):
                raise psycopg2.OperationalError(f"timeout expired after {CONNECT_TIMEOUT_S} s")
    except KeyboardInterrupt:
        with suppress(psycopg2.Error):
            connection.cancel()
        raise
