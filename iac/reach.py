"""The way from this machine to the tables: cluster, name, port, TLS, login, tables."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import settings as keys
from iac import cluster_address, rules
from iac.ailment import CREATE, Ailment
from iac.clients import Aws
from settings import Settings

if TYPE_CHECKING:
    from iac.checks import Scene

TIMEOUT_S = 5
# A PostgreSQL client's wish for TLS: length and code, answered with S.
# https://www.postgresql.org/docs/current/protocol-message-formats.html
SSL_REQUEST = struct.pack("!II", 8, 80877103)


def missing_cluster(aws: Aws) -> Ailment:
    """Why there is no such cluster: another region, none made yet, or none that can be made."""
    settings = aws.settings
    name = settings.cluster_identifier
    found = f"there is no cluster {name} in {settings.region}"
    if settings.host and (elsewhere := _region_with(aws, name)):
        return Ailment(
            f"{found}, but one in {elsewhere}", f"set {keys.AWS_REGION.label} = {elsewhere}"
        )
    problems = rules.node_problems(settings.node_type, settings.number_of_nodes)
    if problems:
        return Ailment(
            f"{found}, and none can be made: {problems[0]}", "correct it, then " + CREATE
        )
    return Ailment(found, CREATE)


def host_name(scene: Scene) -> str:
    """The cluster's name resolves."""
    host = scene.settings.host
    try:
        found = socket.getaddrinfo(host, scene.settings.db_port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Ailment(
            f"{host} does not resolve: {_reason(error)}",
            "check [CLUSTER] HOST and the network; a new cluster's name takes minutes to be known",
        ) from error
    addresses = sorted({str(one[4][0]) for one in found})
    return f"{host} is {', '.join(addresses)}"


def port(scene: Scene) -> str:
    """Something listens there."""
    settings = scene.settings
    where = f"{settings.host}:{settings.db_port}"
    try:
        _connect(settings).close()
    except TimeoutError as error:
        private = not scene.cluster.get("PubliclyAccessible")
        remedy = (
            f"connect from inside its VPC, or set {keys.PUBLICLY_ACCESSIBLE.label} = yes and make"
            " the cluster anew"
            if private
            else "check the VPC's route to the internet and firewalls in between"
        )
        raise Ailment(f"nothing answers at {where} within {TIMEOUT_S} s", remedy) from error
    except OSError as error:
        raise Ailment(
            f"no connection to {where}: {_reason(error)}", f"{CREATE} writes the port"
        ) from error
    return f"{where} answers"


def tls(scene: Scene) -> str:
    """The server proves that it is the host of the configuration."""
    import warehouse

    settings = scene.settings
    bundle = warehouse.certificates(settings)
    remedy = f"check {keys.HOST.label} and {keys.CA_FILE.label}"
    try:
        context = ssl.create_default_context(cafile=bundle)
        with _connect(settings) as plain:
            plain.sendall(SSL_REQUEST)
            if plain.recv(1) != b"S":
                raise Ailment("what listens there speaks no TLS, so it is no Redshift", remedy)
            with context.wrap_socket(plain, server_hostname=settings.host) as secured:
                return f"{secured.version()}, verified for {settings.host}"
    except FileNotFoundError as error:
        raise Ailment(f"there is no file {bundle}", f"check {keys.CA_FILE.label}") from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", None) or error.reason or str(error)
        raise Ailment(f"the server's certificate is not verified: {reason}", remedy) from error
    except OSError as error:
        raise Ailment(f"the connection broke: {_reason(error)}", remedy) from error


def login(scene: Scene) -> str:
    """The master user can log in."""
    import warehouse

    settings = scene.settings
    with closing(warehouse.connect(settings, "cluster_status")):
        how = "its password" if settings.db_password else "temporary credentials"
        return f"{settings.db_user} into {settings.db_name} with {how}"


def tables(scene: Scene, names: Sequence[str]) -> str:
    """All tables are there, or none yet: a cluster is new before create_tables.py."""
    import psycopg2

    import warehouse
    from sql_queries import row_count

    counts: dict[str, int] = {}
    with (
        warehouse.connection(scene.settings, "cluster_status") as connection,
        warehouse.explained("counting rows"),
    ):
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in names:
                try:
                    cursor.execute(row_count(table))
                except psycopg2.errors.UndefinedTable:
                    continue
                counts[table] = cursor.fetchone()[0]
    missing = [table for table in names if table not in counts]
    if missing and counts:
        raise Ailment(f"missing: {', '.join(missing)}", "python create_tables.py")
    if missing:
        return "none yet; next: python create_tables.py"
    return ", ".join(f"{table} {rows:,}" for table, rows in counts.items())


def _reason(error: Exception) -> str:
    """What the system says, without its number."""
    return getattr(error, "strerror", None) or str(error)


def _connect(settings: Settings) -> socket.socket:
    return socket.create_connection((settings.host, settings.db_port), TIMEOUT_S)


def _region_with(aws: Aws, name: str) -> str | None:
    """Another region with a cluster of this name."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    told = cluster_address.parse(aws.settings.host)
    regions = boto3.Session().get_available_regions("redshift", aws.account.partition)
    clients = [
        (region, aws.in_region(region))
        for region in ([told.region] if told else regions)
        if region != aws.settings.region
    ]

    def has_it(client: tuple[str, object]) -> str | None:
        region, redshift = client
        try:
            redshift.describe_clusters(ClusterIdentifier=name)  # type: ignore[attr-defined]
        except (ClientError, BotoCoreError):
            return None
        return region

    with ThreadPoolExecutor(max_workers=8) as pool:
        return next((region for region in pool.map(has_it, clients) if region), None)
