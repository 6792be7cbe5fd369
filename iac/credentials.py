"""Who logs in to the cluster: the master user with its password, or with a temporary one.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from iac.clients import Aws, explained
from settings import Secret, Settings

# The longest that AWS gives; only logging in must happen within it.
SECONDS = 3600
SPARE = timedelta(minutes=5)

_lock = threading.Lock()
_given: dict[tuple[str | None, str, str, str], Login] = {}


@dataclass(frozen=True)
class Login:
    """A user name, used as it is given, and its password."""

    user: str
    password: Secret
    expires: datetime | None = None

    def is_good(self) -> bool:
        """Whether it can still be used for a while."""
        return self.expires is None or self.expires - SPARE > datetime.now(timezone.utc)


def login(settings: Settings) -> Login:
    """The configured password if there is one, else temporary credentials of AWS's.

    Raises terminal.Fault when AWS gives none.
    """
    if settings.db_password:
        return Login(settings.db_user, settings.db_password)
    whose = (
        settings.endpoint_url, settings.region, settings.cluster_identifier, settings.db_user
    )  # fmt: skip
    with _lock:
        known = _given.get(whose)
        if known is None or not known.is_good():
            known = _given[whose] = _temporary(settings)
    return known


def forget() -> None:
    """Ask AWS anew next time: what it gave was refused."""
    with _lock:
        _given.clear()


def _temporary(settings: Settings) -> Login:
    with explained(settings):
        answer = Aws(settings).redshift.get_cluster_credentials(
            ClusterIdentifier=settings.cluster_identifier,
            DbUser=settings.db_user,
            DbName=settings.db_name,
            DurationSeconds=SECONDS,
            AutoCreate=False,
        )
    return Login(answer["DbUser"], Secret(answer["DbPassword"]), answer["Expiration"])
