"""A cluster of the local Redshift API: states that take time, roles, passwords, an endpoint."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moto.redshift.models import Cluster, RedshiftBackend

from standin.cloud import network

if TYPE_CHECKING:
    from moto.secretsmanager.models import SecretsManagerBackend

# https://docs.aws.amazon.com/redshift/latest/mgmt/behavior-changes.html (January 2025)
DEFAULT_PARAMETER_GROUP = "default.redshift-2.0"
GONE = "gone"
IN_SYNC, DETACHED = "in-sync", "detached"
# https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-cluster-status.html
AVAILABILITY = {
    "available": "Available",
    "creating": "Modifying",
    "resuming": "Modifying",
    "pausing": "Modifying",
}


class FrontDoor(Protocol):
    """Where clients find the databases of the clusters, the clock, and who hears of a deletion."""

    database_host: str
    database_port: int
    cluster_delay: float

    def clock(self) -> float:
        """Seconds since some moment in the past."""

    def cluster_deleted(self, cluster: StandInCluster) -> None:
        """Called when a cluster begins to be deleted: nobody reaches its data any more."""


class Installed:
    """The one front door of this process, set by `redshift_api.install`."""

    front_door: FrontDoor


@dataclass(frozen=True)
class Phase:
    """A state that lasts until a moment of the clock, and the one after it."""

    state: str
    then: str
    until: float = float("inf")

    @classmethod
    def begun(cls, state: str, then: str) -> Phase:
        """A phase of the length that the front door sets."""
        front_door = Installed.front_door
        return cls(state, then, front_door.clock() + front_door.cluster_delay)

    @property
    def now(self) -> str:
        """The state at this moment."""
        return self.state if Installed.front_door.clock() < self.until else self.then


@dataclass(frozen=True)
class TemporaryPassword:
    """What GetClusterCredentials gave out: good for logging in until a moment of the clock."""

    user: str
    password: str
    until: float


class StandInCluster(Cluster):
    """A cluster whose endpoint is the front door, with the defaults of 2025.

    https://docs.aws.amazon.com/redshift/latest/mgmt/behavior-changes.html
    """

    def __init__(self, backend: RedshiftBackend, **settings: Any) -> None:
        settings["cluster_parameter_group_name"] = (
            settings.get("cluster_parameter_group_name") or DEFAULT_PARAMETER_GROUP
        )
        settings["encrypted"] = True
        # A cluster restored from a snapshot has moto's own default here.
        settings["vpc_security_group_ids"] = settings.get("vpc_security_group_ids") or []
        super().__init__(backend, **settings)
        self.default_iam_role_arn: str | None = None
        self.master_password_secret_arn: str | None = None
        self.temporary_passwords: list[TemporaryPassword] = []
        self.vpc_id = self._join_vpc()
        self._role_phases: dict[str, Phase] = {}
        self._phase = Phase.begun("creating", "available")

    def _join_vpc(self) -> str | None:
        """The VPC it is in; without a security group it gets the default one, as on AWS."""
        if self.vpc_security_group_ids:
            return network.vpc_of(self.account_id, self.region, self.vpc_security_group_ids[0])
        default = network.default_group(self.account_id, self.region)
        if default is None:
            return None
        self.vpc_security_group_ids = [default[1]]
        return default[0]

    @property
    def status(self) -> str:
        """The cluster's state at this moment."""
        return self._phase.now

    @status.setter
    def status(self, state: str) -> None:
        self._phase = Phase(state, state)

    @property
    def cluster_availability_status(self) -> str:
        """Available, Modifying, or Unavailable."""
        return AVAILABILITY.get(self.status, "Unavailable")

    def pause(self) -> None:
        """Pause, through `pausing`."""
        self._phase = Phase.begun("pausing", "paused")

    def resume(self) -> None:
        """Resume, through `resuming`."""
        self._phase = Phase.begun("resuming", "available")

    def delete(self) -> None:
        """Go away, through `deleting`."""
        self._phase = Phase.begun("deleting", GONE)
        if self.master_password_secret_arn is not None:
            secrets_manager(self.account_id, self.region).delete_secret(
                self.master_password_secret_arn, None, force_delete_without_recovery=True
            )

    @property
    def endpoint(self) -> dict[str, str | int] | None:  # type: ignore[override]
        """Host and port of the stand-in, whatever port was asked for; none while creating."""
        if self.status == "creating":
            return None
        front_door = Installed.front_door
        return {"Address": front_door.database_host, "Port": front_door.database_port}

    @property
    def iam_roles(self) -> list[dict[str, str]]:
        """The roles of the cluster and how far each is attached."""
        states = {arn: self._role_state(arn) for arn in self.iam_roles_arn}
        return [
            {"ApplyStatus": state, "IamRoleArn": arn}
            for arn, state in states.items()
            if state != DETACHED
        ]

    @property
    def usable_roles(self) -> tuple[str, ...]:
        """The roles that COPY may name."""
        return tuple(r["IamRoleArn"] for r in self.iam_roles if r["ApplyStatus"] == IN_SYNC)

    def change_roles(self, add: list[str], remove: list[str]) -> None:
        """Begin to attach and detach roles: `adding`, then in sync; `removing`, then not there."""
        for arn in add:
            if arn not in (role["IamRoleArn"] for role in self.iam_roles):
                self._role_phases[arn] = Phase.begun("adding", IN_SYNC)
                self.iam_roles_arn = list(dict.fromkeys((*self.iam_roles_arn, arn)))
        for arn in remove:
            self._role_phases[arn] = Phase.begun("removing", DETACHED)

    def _role_state(self, arn: str) -> str:
        phase = self._role_phases.get(arn)
        if phase is not None:
            return phase.now
        return "adding" if self.status == "creating" else IN_SYNC

    def manage_password(self) -> None:
        """Take a password of AWS's own making, kept in the local Secrets Manager.

        https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
        """
        self.master_user_password = _password()
        store = secrets_manager(self.account_id, self.region)
        content = {"username": self.master_username, "password": self.master_user_password}
        secret = store.create_managed_secret(
            "redshift",
            f"redshift!{self.cluster_identifier}-{self.master_username}-{secrets.token_hex(3)}",
            json.dumps(content),
            description=f"The master password of the cluster {self.cluster_identifier}",
        )
        self.master_password_secret_arn = secret.arn

    def give_password(self, user: str, seconds: int) -> TemporaryPassword:
        """A password for `user` that logs in for so long."""
        now = Installed.front_door.clock()
        given = TemporaryPassword(user, _password(), now + seconds)
        self.temporary_passwords = [one for one in self.temporary_passwords if one.until > now]
        self.temporary_passwords.append(given)
        return given


def secrets_manager(account_id: str, region: str) -> SecretsManagerBackend:
    """The local Secrets Manager."""
    from moto.secretsmanager.models import secretsmanager_backends

    return secretsmanager_backends[account_id][region]


def _password() -> str:
    """A password that obeys Redshift's rules."""
    letters = string.ascii_letters + string.digits
    return "aA1" + "".join(secrets.choice(letters) for _ in range(29))
