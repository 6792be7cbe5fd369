"""A PostgreSQL database and role per cluster: made at the first login, dropped with the cluster.

Their names are the cluster's own, so that current_user and current_database() tell the truth. Two
live clusters therefore cannot share a DB_NAME here: the second one's login is refused and says so.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from standin.cloud.aws import Cluster
from standin.postgres import Postgres
from standin.sqlerror import SqlError

# PostgreSQL cuts longer names silently.
MAX_NAME_BYTES = 63
TAKEN_DATABASES = frozenset({"postgres", "template0", "template1"})
CANNOT_CONNECT_NOW = "57P03"
INVALID_PASSWORD = "28P01"
# The users and groups that were made in a database: who may enter it besides its owner.
ADMITTED = """
SELECT rolname FROM pg_database, aclexplode(datacl) JOIN pg_roles ON pg_roles.oid = grantee
 WHERE datname = %s AND grantee <> datdba AND privilege_type = 'CONNECT'
"""
ROLES = "SELECT rolname FROM pg_roles WHERE NOT rolsuper AND NOT starts_with(rolname, 'pg_')"


@dataclass(frozen=True)
class Account:
    """How the front end logs in to PostgreSQL on behalf of a cluster's master user."""

    database: str
    user: str
    password: str


class Databases:
    """The databases that exist for clusters. Its methods block and may be called by any thread."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._owners: dict[str, Cluster] = {}
        self._passwords: dict[str, str] = {}
        self._lock = threading.Lock()

    def account(self, cluster: Cluster, live: list[Cluster]) -> Account:
        """The account of the cluster's user, made when this is the first login of its master.

        `live` are all clusters that exist: a database of another one that is gone gives way. A
        user who is no master has a password of its own, which PostgreSQL checks.
        """
        if not any(cluster.user == other.user for other in live):
            if not self._has_database_of(cluster):
                raise wrong_password(cluster.user)
            return Account(cluster.database, cluster.user, cluster.password)
        check_names(cluster)
        with self._lock:
            owner = self._owners.get(cluster.database)
            if owner is not None and owner.created != cluster.created:
                if any(other.created == owner.created for other in live):
                    raise _database_taken(cluster, owner)
                self._drop(owner)
                owner = None
            if owner is None:
                self._create(cluster)
            return Account(cluster.database, cluster.user, self._passwords[cluster.user])

    def _has_database_of(self, cluster: Cluster) -> bool:
        with self._lock:
            owner = self._owners.get(cluster.database)
            return owner is not None and owner.created == cluster.created

    def drop(self, cluster: Cluster) -> None:
        """Remove what the cluster left; its sessions are cut by force."""
        with self._lock:
            owner = self._owners.get(cluster.database)
            if owner is not None and owner.created == cluster.created:
                self._drop(owner)

    def _create(self, cluster: Cluster) -> None:
        with closing(self._maintenance()) as connection, connection.cursor() as cursor:
            user = sql.Identifier(cluster.user)
            if cluster.user not in self._passwords:
                password = secrets.token_urlsafe(24)
                cursor.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER CREATEROLE PASSWORD {}").format(
                        user, sql.Literal(password)
                    )
                )
                # A master user may do whatever the users that it makes may do.
                cursor.execute(
                    sql.SQL("ALTER ROLE {} SET createrole_self_grant TO 'set, inherit'").format(
                        user
                    )
                )
                self._passwords[cluster.user] = password
            # The owner of a database may create schemas, and tables in its schema public; the
            # users of other clusters may not even enter.
            database = sql.Identifier(cluster.database)
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))
            cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(database))
        self._owners[cluster.database] = cluster

    def _drop(self, owner: Cluster) -> None:
        with closing(self._maintenance()) as connection, connection.cursor() as cursor:
            cursor.execute(ADMITTED, (owner.database,))
            admitted = [sql.Identifier(name) for (name,) in cursor.fetchall()]
            cursor.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(owner.database)
                )
            )
            if admitted:
                cursor.execute(sql.SQL("DROP ROLE {}").format(sql.SQL(", ").join(admitted)))
            del self._owners[owner.database]
            if not self._owners:
                self._drop_roles(cursor)

    def _drop_roles(self, cursor: Any) -> None:
        """Remove the master users and whom they created; only once no database can need them."""
        cursor.execute(ROLES)
        roles = sql.SQL(", ").join(sql.Identifier(name) for (name,) in cursor.fetchall())
        cursor.execute(sql.SQL("DROP OWNED BY {}").format(roles))
        cursor.execute(sql.SQL("DROP ROLE {}").format(roles))
        self._passwords.clear()

    def _maintenance(self) -> Any:
        connection = self._postgres.connect()
        connection.autocommit = True
        return connection


def wrong_password(user: str) -> SqlError:
    """The error for a user who is not known or gave another password."""
    return SqlError(INVALID_PASSWORD, f'password authentication failed for user "{user}"')


def check_names(cluster: Cluster) -> None:
    """Refuse the few legal cluster names that PostgreSQL cannot have."""
    if cluster.database in TAKEN_DATABASES:
        reason = f'the database name "{cluster.database}" belongs to the stand-in itself'
    elif cluster.user == Postgres.superuser or cluster.user.startswith("pg_"):
        reason = f'the user name "{cluster.user}" belongs to the stand-in itself'
    elif max(len(cluster.database.encode()), len(cluster.user.encode())) > MAX_NAME_BYTES:
        reason = f"its database or user name is longer than {MAX_NAME_BYTES} bytes"
    else:
        return
    raise SqlError(
        CANNOT_CONNECT_NOW,
        f'the stand-in cannot serve the cluster "{cluster.identifier}": {reason}',
        hint="Create the cluster with another name.",
    )


def _database_taken(cluster: Cluster, owner: Cluster) -> SqlError:
    return SqlError(
        CANNOT_CONNECT_NOW,
        f'the stand-in cannot serve the cluster "{cluster.identifier}": the cluster '
        f'"{owner.identifier}" has a database "{owner.database}" too',
        hint="All local clusters share one address: give each its own DB_NAME.",
    )
