"""Whom PostgreSQL runs as: it refuses to run as root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from standin.postgres.errors import PostgresError

UNPRIVILEGED_USERS = ("nobody", "_nobody", "daemon")
IS_WINDOWS = os.name == "nt"


@dataclass(frozen=True)
class Account:
    """An operating-system user other than root, for the server to run as."""

    uid: int
    gid: int

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """What makes subprocess run a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account | None:
    """Whom to run PostgreSQL as: None is the present user; as root, which it refuses, another."""
    if IS_WINDOWS or os.geteuid() != 0:
        return None
    import pwd

    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresError(
        "PostgreSQL refuses to run as root and none of the users "
        f"{', '.join(UNPRIVILEGED_USERS)} exists; run the stand-in as an ordinary user"
    )
