"""The Redshift API as AWS answers it today, laid over moto's model of it.

moto accepts whatever it is asked for. What AWS refuses is in `redshift_rules`, what AWS fills in
and how long it takes in `redshift_cluster`. The state is the process's own, as all of moto's is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult
from moto.redshift.exceptions import ClusterAlreadyExistsFaultError, InvalidParameterValueError
from moto.redshift.models import Cluster, ParameterGroup, RedshiftBackend, redshift_backends
from moto.redshift.responses import RedshiftResponse

from standin.cloud.redshift_cluster import (
    DEFAULT_PARAMETER_GROUP,
    GONE,
    FrontDoor,
    Installed,
    StandInCluster,
)
from standin.cloud.redshift_rules import (
    CREATE_CLUSTER_REFUSALS,
    PASSWORD_REFUSALS,
    refuse,
    refuse_groups,
    refuse_roles,
    refuse_state,
    refuse_use,
)

# A cluster that is busy in any of these ways cannot be deleted.
DELETABLE = ("available", "paused", "storage-full", "hardware-failure", "incompatible-network",
             "incompatible-parameters", "incompatible-hsm", "incompatible-restore")  # fmt: skip
# Parameters that name a cluster.
IDENTIFIERS = ("ClusterIdentifier", "NewClusterIdentifier")
SHORTEST_PASSWORD_S, LONGEST_PASSWORD_S = 900, 3600


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

    def settle(self) -> None:
        """Forget the clusters whose deletion has ended."""
        for identifier, cluster in list(self.clusters.items()):
            if cluster.status == GONE:
                self.clusters.pop(identifier, None)

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
        """Tell the front door and let the cluster go, in the time that this takes."""
        cluster = super().delete_cluster(**cluster_kwargs)
        assert isinstance(cluster, StandInCluster)
        cluster.delete()
        if cluster.status != GONE:
            self.clusters[cluster.cluster_identifier] = cluster
        Installed.front_door.cluster_deleted(cluster)
        return cluster


class StandInRedshiftResponse(RedshiftResponse):
    """The actions in which AWS looks at more of the request than moto does."""

    @property
    def redshift_backend(self) -> StandInRedshiftBackend:
        """The store of the request's account and region, as it is at this moment."""
        backend = super().redshift_backend
        assert isinstance(backend, StandInRedshiftBackend)
        backend.settle()
        return backend

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        """A parameter of the request. Identifiers of clusters are stored in lower case, so that
        what is made as dwhCluster is dwhcluster, and is found under either name."""
        value = super()._get_param(param_name, if_none)
        if param_name in IDENTIFIERS and isinstance(value, str):
            return value.lower()
        return value

    def create_cluster(self) -> ActionResult:
        """CreateCluster: refused as AWS refuses it; keeps what moto drops."""
        identifier = self._get_param("ClusterIdentifier")
        refuse(CREATE_CLUSTER_REFUSALS, {**self.params, "ClusterIdentifier": identifier})
        refuse_roles(self.current_account, self._get_param("IamRoles", []))
        self._refuse_groups()
        result = super().create_cluster()
        cluster = self._cluster()
        cluster.default_iam_role_arn = self._get_param("DefaultIamRoleArn")
        if self._get_bool_param("ManageMasterPassword"):
            cluster.manage_password()
        return result

    def modify_cluster(self) -> ActionResult:
        """ModifyCluster: a new master password obeys the same rules as the first."""
        refuse(PASSWORD_REFUSALS, self.params)
        self._refuse_groups()
        self._refuse_state("available")
        result = super().modify_cluster()
        if self._get_bool_param("ManageMasterPassword"):
            self._cluster().manage_password()
        elif self._get_param("MasterUserPassword"):
            self._cluster(self._get_param("NewClusterIdentifier")).master_password_secret_arn = None
        return result

    def modify_cluster_iam_roles(self) -> ActionResult:
        """ModifyClusterIamRoles, which moto lacks: asynchronous, as on AWS.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_ModifyClusterIamRoles.html
        """
        added = self._get_param("AddIamRoles", [])
        self._refuse_state("available")
        refuse_roles(self.current_account, added)
        cluster = self._cluster()
        cluster.change_roles(added, self._get_param("RemoveIamRoles", []))
        if (default := self._get_param("DefaultIamRoleArn")) is not None:
            cluster.default_iam_role_arn = default or None
        return ActionResult({"Cluster": cluster})

    def pause_cluster(self) -> ActionResult:
        """PauseCluster: of a cluster that is available."""
        self._refuse_state("available")
        return super().pause_cluster()

    def resume_cluster(self) -> ActionResult:
        """ResumeCluster: of a cluster that is paused."""
        self._refuse_state("paused")
        return super().resume_cluster()

    def delete_cluster(self) -> ActionResult:
        """DeleteCluster: without SkipFinalClusterSnapshot the default is to want a snapshot.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_DeleteCluster.html
        """
        self.params.setdefault("SkipFinalClusterSnapshot", False)
        self._refuse_state(*DELETABLE)
        return super().delete_cluster()

    def restore_from_cluster_snapshot(self) -> ActionResult:
        """RestoreFromClusterSnapshot: a snapshot has no data here to restore."""
        raise NotImplementedError("restoring a snapshot, which keeps no data here")

    def delete_cluster_subnet_group(self) -> ActionResult:
        """DeleteClusterSubnetGroup: not while a cluster is in it.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_DeleteClusterSubnetGroup.html
        """
        name = self._get_param("ClusterSubnetGroupName")
        used_by = self._clusters(lambda cluster: cluster.cluster_subnet_group_name == name)
        refuse_use("InvalidClusterSubnetGroupStateFault", "cluster subnet group", name, used_by)
        return super().delete_cluster_subnet_group()

    def delete_cluster_parameter_group(self) -> ActionResult:
        """DeleteClusterParameterGroup: not while a cluster has it.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_DeleteClusterParameterGroup.html
        """
        name = self._get_param("ParameterGroupName")
        used_by = self._clusters(lambda cluster: name in cluster.cluster_parameter_group_name)
        refuse_use("InvalidClusterParameterGroupState", "cluster parameter group", name, used_by)
        return super().delete_cluster_parameter_group()

    def get_cluster_credentials(self) -> ActionResult:
        """GetClusterCredentials: the password logs in until it expires.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
        """
        seconds = self._get_int_param("DurationSeconds", SHORTEST_PASSWORD_S)
        if not SHORTEST_PASSWORD_S <= seconds <= LONGEST_PASSWORD_S:
            raise InvalidParameterValueError("Token duration must be between 900 and 3600 seconds")
        prefix = "IAMA" if self._get_bool_param("AutoCreate", False) else "IAM"
        given = self._cluster().give_password(f"{prefix}:{self._get_param('DbUser')}", seconds)
        return ActionResult(
            {
                "DbUser": given.user,
                "DbPassword": given.password,
                "Expiration": datetime.now(timezone.utc) + timedelta(seconds=seconds),
            }
        )

    def _cluster(self, identifier: str | None = None) -> StandInCluster:
        """The cluster that the request names, ClusterNotFound where there is none."""
        name = identifier or self._get_param("ClusterIdentifier")
        (cluster,) = self.redshift_backend.describe_clusters(name)
        assert isinstance(cluster, StandInCluster)
        return cluster

    def _clusters(self, chosen: Callable[[Cluster], bool]) -> list[str]:
        """The identifiers of the chosen clusters."""
        clusters = self.redshift_backend.clusters.values()
        return [cluster.cluster_identifier for cluster in clusters if chosen(cluster)]

    def _refuse_state(self, *wanted: str) -> None:
        cluster = self._cluster()
        refuse_state(cluster.cluster_identifier, cluster.status, wanted)

    def _refuse_groups(self) -> None:
        groups = self._get_param("VpcSecurityGroupIds", [])
        refuse_groups(self.current_account, self.region, groups)


def install(front_door: FrontDoor) -> None:
    """Make moto build this overlay's backend for every account and region from now on."""
    Installed.front_door = front_door
    redshift_backends.backend = StandInRedshiftBackend


def clusters() -> list[StandInCluster]:
    """Every cluster there is, over all accounts and regions."""
    return [
        cluster
        for account in list(redshift_backends.values())
        for backend in list(account.values())
        for cluster in list(backend.clusters.values())
        if isinstance(cluster, StandInCluster) and cluster.status != GONE
    ]
