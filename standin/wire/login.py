"""From a client's first byte to a session of its own on PostgreSQL.

TLS is demanded, the login is checked against the clusters of the local Redshift API, and startup
parameters that only Redshift knows stay here.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace

from standin.cloud.aws import HOST, Cloud, Cluster
from standin.postgres import Postgres
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, SqlError
from standin.wire import protocol, reading, writing
from standin.wire.backend_link import Backend, Mode
from standin.wire.databases import CANNOT_CONNECT_NOW, Account, wrong_password
from standin.wire.links import Client, LinkLost
from standin.wire.protocol import EncryptionRequest, Message, ProtocolError, Startup

INVALID_AUTHORIZATION = "28000"
UNKNOWN_DATABASE = "3D000"
UNKNOWN_PARAMETER = "42704"
CONNECTION_FAILURE = "08006"
NO_PRIVILEGE = "42501"

# The version that Redshift reports: https://docs.aws.amazon.com/redshift/latest/dg/r_VERSION.html
SERVER_VERSION = "8.0.2"
# Parameters of the greeting that Redshift gives other values.
REPORTED_OTHERWISE = {"server_version": SERVER_VERSION, "server_encoding": "UNICODE"}
# PostgreSQL 8.0 had none, and drivers take its absence for "off".
UNREPORTED_PARAMETERS = frozenset({"standard_conforming_strings"})

# Settings a client may bring along, in lower case; everything else in a startup message describes
# drivers (client_protocol_version, driver_version, os_version, plugin_name, ...) and is dropped.
PASSED_SETTINGS = frozenset(
    {
        "application_name",
        "client_encoding",
        "datestyle",
        "extra_float_digits",
        "search_path",
        "statement_timeout",
        "timezone",
    }
)
# Settings of Redshift alone that change no result here.
# https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html
IGNORED_SETTINGS = frozenset(
    {
        "analyze_threshold_percent",
        "describe_field_name_in_uppercase",
        "enable_result_cache_for_session",
        "max_cursor_result_set_size",
        "query_group",
        "wlm_query_slot_count",
    }
)
APPLICATION_NAME_BYTES = 63
# A client may ask for GSSAPI, then for TLS, before it starts.
MAX_STARTUP_PACKETS = 3

_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.]*)=((?:[^\s\\]|\\.)*)\s*", re.DOTALL)


async def negotiate(client: Client, context: ssl.SSLContext) -> Startup | protocol.CancelRequest:
    """Read the client's opening packets, encrypting when it asks, up to the one that matters."""
    for _ in range(MAX_STARTUP_PACKETS):
        packet = reading.parse_startup(await client.read_startup())
        if not isinstance(packet, EncryptionRequest):
            return packet
        if packet is EncryptionRequest.SSL and not client.encrypted:
            await client.start_tls(context)
        else:
            client.write(b"N")
    raise ProtocolError("expected a startup message, got encryption requests only")


def check_startup(startup: Startup, is_encrypted: bool) -> tuple[str, str]:
    """The user and the database a client wants, or the FATAL error that Redshift would send."""
    if startup.version >> 16 != protocol.PROTOCOL_3_0 >> 16:
        major, minor = startup.version >> 16, startup.version & 0xFFFF
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0",
        )
    user = startup.parameters.get("user", "")
    if not user:
        raise SqlError(INVALID_AUTHORIZATION, "no PostgreSQL user name specified in startup packet")
    database = startup.parameters.get("database") or user
    if not is_encrypted:
        raise SqlError(
            INVALID_AUTHORIZATION,
            f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", '
            f'database "{database}", SSL off',
        )
    return user, database


async def ask_password(client: Client) -> str:
    """Ask for the password in clear; only ever inside TLS."""
    client.write(writing.authentication(protocol.AUTHENTICATION_CLEARTEXT))
    client.limit = protocol.MAX_STARTUP_LENGTH
    message = await client.read_message()
    client.limit = protocol.MAX_CLIENT_LENGTH
    if message.code != protocol.PASSWORD:
        raise ProtocolError("expected a password message")
    (password,), _ = reading.split_strings(message.body, 1)
    return password


def check_network(cloud: Cloud, clusters: Sequence[Cluster], database: str) -> None:
    """Refuse a client that no security group of the database's cluster lets in.

    On AWS nothing answers such a client until it gives up; here it is told at once.
    """
    here = [cluster for cluster in clusters if cluster.database == database]
    if here and not any(cloud.lets_in(cluster, HOST) for cluster in here):
        groups = ", ".join(here[0].security_groups) or "none"
        raise SqlError(
            CONNECTION_FAILURE,
            f'timeout expired: no security group of the cluster "{here[0].identifier}" lets '
            f"{HOST} in",
            hint=f"Its security groups: {groups}. On AWS nothing would answer at all.",
        )


def authenticate(clusters: Sequence[Cluster], user: str, database: str, password: str) -> Cluster:
    """The cluster that the user logs in to, or the FATAL error that refuses it.

    Master users are judged here. Of all others only CREATE USER's PostgreSQL knows: the cluster
    then has the client's name and password in place of the master user's.
    """
    here = [cluster for cluster in clusters if cluster.database == database]
    if not here:
        raise SqlError(
            UNKNOWN_DATABASE, f'database "{database}" does not exist', hint=_which(clusters)
        )
    by_readiness = sorted(here, key=lambda cluster: cluster.status != "available")
    for cluster in by_readiness:
        if _is_known(cluster, user, password):
            _check_status(cluster)
            return cluster
    is_master = any(user.rpartition(":")[2] == cluster.user for cluster in clusters)
    if is_master or not _may_be_created(user):
        raise wrong_password(user)
    _check_status(by_readiness[0])
    return replace(by_readiness[0], user=user, password=password)


def _check_status(cluster: Cluster) -> None:
    if cluster.status != "available":
        raise SqlError(
            CANNOT_CONNECT_NOW,
            f'the cluster "{cluster.identifier}" is {cluster.status}, not available',
        )


def _may_be_created(user: str) -> bool:
    """Whether CREATE USER can have made a user of this name."""
    return user != Postgres.superuser and not user.startswith("pg_") and ":" not in user


def _is_known(cluster: Cluster, user: str, password: str) -> bool:
    """The master user with its password, or with a temporary one as IAM:user."""
    accepted = [(cluster.user, cluster.password)]
    accepted += [
        one for one in cluster.temporary_passwords if one[0].partition(":")[2] == cluster.user
    ]
    return any(user == name and _same(expected, password) for name, expected in accepted)


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(protocol.encode(expected), protocol.encode(given))


def _which(clusters: Sequence[Cluster]) -> str:
    if not clusters:
        return "No cluster exists in the local AWS: python -m iac.create_cluster makes one."
    known = ", ".join(f'"{c.identifier}" with database "{c.database}"' for c in clusters)
    return f"The local AWS has the cluster {known}."


def session_settings(startup: Startup) -> dict[str, str]:
    """Which of a client's startup parameters PostgreSQL is told."""
    wanted = {**startup.parameters, **_options(startup.parameters.get("options", ""))}
    settings = {name: value for name, value in wanted.items() if name.lower() in PASSED_SETTINGS}
    if "application_name" in settings:
        name = protocol.encode(settings["application_name"])[:APPLICATION_NAME_BYTES]
        settings["application_name"] = name.decode("utf-8", "ignore")
    return settings


def _options(options: str) -> dict[str, str]:
    """The settings in the startup parameter `options`, written -c name=value or --name=value."""
    settings: dict[str, str] = {}
    position = len(options) - len(options.lstrip())
    while position < len(options):
        match = _OPTION.match(options, position)
        if match is None:
            raise SqlError(
                SYNTAX_ERROR, f"invalid command-line argument for server process: {options}"
            )
        name = match[1].lower().replace("-", "_")
        if name not in PASSED_SETTINGS | IGNORED_SETTINGS:
            raise SqlError(UNKNOWN_PARAMETER, f'unrecognized configuration parameter "{name}"')
        settings[name] = re.sub(r"\\(.)", r"\1", match[2])
        position = match.end()
    return settings


def protocol_options(startup: Startup) -> list[str]:
    """The protocol extensions that a client asks for; there are none in protocol 3.0."""
    return [name for name in startup.parameters if name.startswith("_pq_.")]


async def open_backend(
    client: Client, postgres: Postgres, account: Account, settings: Mapping[str, str]
) -> tuple[Backend, list[Message]]:
    """Log in to PostgreSQL; with its greeting, from AuthenticationOk to before ReadyForQuery.

    When PostgreSQL itself refuses, the client gets its error and LinkLost is raised.
    """
    loop = asyncio.get_running_loop()
    _, backend = await loop.create_connection(lambda: Backend(client), postgres.host, postgres.port)
    try:
        return backend, await _greeting(client, backend, account, settings)
    except BaseException:
        backend.abort()
        raise


async def _greeting(
    client: Client, backend: Backend, account: Account, settings: Mapping[str, str]
) -> list[Message]:
    parameters = {**settings, "user": account.user, "database": account.database}
    backend.begin(Mode.DRIVEN, writing.startup(parameters))
    greeting = []
    while (message := await backend.answer()) is not None:
        if message.code == protocol.ERROR_RESPONSE:
            if reading.error_fields(message.body).get("C") == NO_PRIVILEGE:
                # A user of another cluster: databases of all of them are in one PostgreSQL.
                raise wrong_password(account.user)
            client.write(message.raw)
            raise LinkLost
        if message.raw == writing.authentication(protocol.AUTHENTICATION_CLEARTEXT):
            backend.write(writing.password(account.password))
        else:
            greeting.append(message)
    return greeting


def client_greeting(greeting: Sequence[Message]) -> bytes:
    """PostgreSQL's greeting as Redshift would say it."""
    return b"".join(_as_redshift(message) for message in greeting)


def _as_redshift(message: Message) -> bytes:
    if message.code != protocol.PARAMETER_STATUS:
        return message.raw
    (name, _), _ = reading.split_strings(message.body, 2)
    if name in REPORTED_OTHERWISE:
        return writing.parameter_status(name, REPORTED_OTHERWISE[name])
    return b"" if name in UNREPORTED_PARAMETERS else message.raw


def backend_key(greeting: Sequence[Message]) -> bytes:
    """Process id and secret of the PostgreSQL session, as a CancelRequest repeats them."""
    return next(m.body for m in greeting if m.code == protocol.BACKEND_KEY_DATA)
