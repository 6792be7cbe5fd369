"""The Redshift API as AWS answers it today, laid over moto's model of it.

moto accepts whatever it is asked for. What AWS refuses is a table of `Refusal` here, what AWS
fills in is in `StandInCluster`. The state is the process's own, as all of moto's is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

from moto.core.responses import ActionResult
from moto.redshift.exceptions import ClusterAlreadyExistsFaultError, RedshiftClientError
from moto.redshift.models import Cluster, ParameterGroup, RedshiftBackend, redshift_backends
from moto.redshift.responses import RedshiftResponse

from standin.authorization import trusts_redshift

Parameters = Mapping[str, Any]

# https://docs.aws.amazon.com/redshift/latest/mgmt/behavior-changes.html (January 2025)
DEFAULT_PARAMETER_GROUP = "default.redshift-2.0"


class FrontDoor(Protocol):
    """Where clients find the databases of the clusters, and who hears of a deletion."""

    database_host: str
    database_port: int

    def cluster_deleted(self, cluster: StandInCluster) -> None:
        """Called after a cluster is gone from the API."""


class _Installed:
    """The one front door of this process, set by `install`."""

    front_door: FrontDoor


@dataclass(frozen=True)
class Refusal:
    """A request that AWS refuses: `message` may name request parameters in braces."""

    applies: Callable[[Parameters], bool]
    message: str
    code: str = "InvalidParameterValue"


def _password_breaks(rule: str) -> Callable[[Parameters], bool]:
    """Is there a master password that does not match the whole of this regular expression?"""
    pattern = re.compile(rule)

    def applies(parameters: Parameters) -> bool:
        password = parameters.get("MasterUserPassword")
        return password is not None and pattern.fullmatch(password) is None

    return applies


def _is(name: str, *values: str) -> Callable[[Parameters], bool]:
    """Is this parameter given, and one of these values (compared as text, whatever the case)?"""
    return lambda parameters: str(parameters.get(name)).lower() in values


# https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html gives the rules.
# The texts about characters and upper case letters were reported by users; the others continue
# their pattern and are unsure.
PASSWORD_REFUSALS = (
    Refusal(
        _password_breaks(r".{8,}"),
        "The parameter MasterUserPassword is not a valid password because it is shorter than "
        "8 characters.",
    ),
    Refusal(
        _password_breaks(r".{0,64}"),
        "The parameter MasterUserPassword is not a valid password because it is longer than "
        "64 characters.",
    ),
    Refusal(
        _password_breaks(r"[!#-&(-.0-?A-\[\]-~]*"),
        "The parameter MasterUserPassword is not a valid password. Only printable ASCII "
        "characters except for '/', '@', '\"', ' ', '\\', ''' may be used.",
    ),
    Refusal(
        _password_breaks(r".*[A-Z].*"),
        "The parameter MasterUserPassword must contain at least 1 upper case letter.",
    ),
    Refusal(
        _password_breaks(r".*[a-z].*"),
        "The parameter MasterUserPassword must contain at least 1 lower case letter.",
    ),
    Refusal(
        _password_breaks(r".*[0-9].*"),
        "The parameter MasterUserPassword must contain at least 1 digit.",
    ),
)

# The texts about node type and number of nodes were reported by users; the others are unsure.
CREATE_CLUSTER_REFUSALS = (
    Refusal(
        lambda parameters: re.match(r"(ds|dc|dw)\d\.", parameters["NodeType"]) is not None,
        "Invalid node type: {NodeType}",
    ),
    Refusal(
        lambda parameters: (
            _is("ClusterType", "single-node")(parameters) and "NumberOfNodes" in parameters
        ),
        "Number of nodes must be not be supplied for cluster type single-node.",
    ),
    Refusal(
        _is("Encrypted", "false"),
        "Unencrypted clusters are not supported. Remove Encrypted or set it to true.",
    ),
    Refusal(
        _is("ManageMasterPassword", "true"),
        "ManageMasterPassword is not supported by this stand-in for Amazon Redshift: "
        "give a MasterUserPassword.",
    ),
    Refusal(
        lambda parameters: not parameters.get("MasterUserPassword"),
        "The parameter MasterUserPassword must be provided.",
    ),
    *PASSWORD_REFUSALS,
)


def refuse(refusals: tuple[Refusal, ...], parameters: Parameters) -> None:
    """Raise the first refusal that applies to a request, as AWS answers it (HTTP 400)."""
    for refusal in refusals:
        if refusal.applies(parameters):
            raise RedshiftClientError(refusal.code, refusal.message.format_map(parameters))


def refuse_roles(account_id: str, roles: list[str]) -> None:
    """Refuse a role that Redshift cannot assume.

    The text was reported for a role without the right trust; for a role that does not exist it
    is unsure.
    """
    for role in roles:
        if not trusts_redshift(account_id, role):
            raise RedshiftClientError(
                "InvalidParameterValue",
                f"The IAM role {role} is not valid. "
                "The IAM role must delegate access to an Amazon Redshift account.",
            )


class StandInCluster(Cluster):
    """A cluster whose endpoint is the front door, with the defaults of 2025.

    https://docs.aws.amazon.com/redshift/latest/mgmt/behavior-changes.html
    """

    def __init__(self, backend: RedshiftBackend, **settings: Any) -> None:
        settings["cluster_parameter_group_name"] = (
            settings.get("cluster_parameter_group_name") or DEFAULT_PARAMETER_GROUP
        )
        settings["encrypted"] = True
        super().__init__(backend, **settings)
        self.default_iam_role_arn: str | None = None

    @property
    def endpoint(self) -> dict[str, str | int]:
        """Host and port of the stand-in, whatever port the cluster was created with."""
        front_door = _Installed.front_door
        return {"Address": front_door.database_host, "Port": front_door.database_port}


class StandInRedshiftBackend(RedshiftBackend):
    """moto's store of clusters, which tells the front door when one is gone."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.parameter_groups[DEFAULT_PARAMETER_GROUP] = ParameterGroup(  # type: ignore[abstract]
            DEFAULT_PARAMETER_GROUP,
            "redshift-2.0",
            "Default parameter group for redshift-2.0",
            account_id,
            region_name,
        )
        self.default_params["require_ssl"] = "true"

    @property
    def _url_module(self) -> Any:
        """moto derives this from the class's module, which is not one of its own here."""
        return SimpleNamespace(
            url_bases=[r"https?://redshift\.(.+)\.amazonaws\.com"],
            url_paths={"{0}/$": StandInRedshiftResponse.dispatch},
        )

    def create_cluster(self, **cluster_kwargs: Any) -> Cluster:
        """Store a cluster; a name in use is ClusterAlreadyExists."""
        identifier = cluster_kwargs["cluster_identifier"]
        if identifier in self.clusters:
            raise ClusterAlreadyExistsFaultError()
        cluster = StandInCluster(self, **cluster_kwargs)  # type: ignore[abstract]
        self.clusters[identifier] = cluster
        return cluster

    def modify_cluster(self, **cluster_kwargs: Any) -> Cluster:
        """Change a cluster in place. A rename keeps its data, so it is not a deletion here."""
        new_identifier = cluster_kwargs.pop("new_cluster_identifier", None)
        if new_identifier in self.clusters:
            raise ClusterAlreadyExistsFaultError()
        cluster = super().modify_cluster(**cluster_kwargs)
        if new_identifier:
            self.clusters[new_identifier] = self.clusters.pop(cluster.cluster_identifier)
            cluster.cluster_identifier = new_identifier
        return cluster

    def delete_cluster(self, **cluster_kwargs: Any) -> Cluster:
        """Forget a cluster and tell the front door."""
        cluster = super().delete_cluster(**cluster_kwargs)
        assert isinstance(cluster, StandInCluster)
        _Installed.front_door.cluster_deleted(cluster)
        return cluster


class StandInRedshiftResponse(RedshiftResponse):
    """The actions in which AWS looks at more of the request than moto does."""

    def create_cluster(self) -> ActionResult:
        """CreateCluster: refused as AWS refuses it; keeps DefaultIamRoleArn, which moto drops."""
        refuse(CREATE_CLUSTER_REFUSALS, self.params)
        refuse_roles(self.current_account, self._get_param("IamRoles", []))
        result = super().create_cluster()
        cluster = self.redshift_backend.clusters[self._get_param("ClusterIdentifier")]
        assert isinstance(cluster, StandInCluster)
        cluster.default_iam_role_arn = self._get_param("DefaultIamRoleArn")
        return result

    def modify_cluster(self) -> ActionResult:
        """ModifyCluster: a new master password obeys the same rules as the first."""
        refuse(PASSWORD_REFUSALS, self.params)
        return super().modify_cluster()

    def delete_cluster(self) -> ActionResult:
        """DeleteCluster: without SkipFinalClusterSnapshot the default is to want a snapshot.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_DeleteCluster.html
        """
        self.params.setdefault("SkipFinalClusterSnapshot", False)
        return super().delete_cluster()


def install(front_door: FrontDoor) -> None:
    """Make moto build this overlay's backend for every account and region from now on."""
    _Installed.front_door = front_door
    redshift_backends.backend = StandInRedshiftBackend


def clusters() -> list[StandInCluster]:
    """Every cluster there is, over all accounts and regions."""
    return [
        cluster
        for account in list(redshift_backends.values())
        for backend in list(account.values())
        for cluster in list(backend.clusters.values())
        if isinstance(cluster, StandInCluster)
    ]
