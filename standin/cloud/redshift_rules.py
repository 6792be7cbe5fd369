"""What the Redshift API refuses, as a table, and in AWS's words where these are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.redshift.exceptions import RedshiftClientError

from standin.cloud import network
from standin.cloud.authorization import trusts_redshift

Parameters = Mapping[str, Any]

# Node types that can be made, with the smallest number of nodes.
# https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html
NODE_TYPES = {
    "ra3.large": 1,
    "ra3.xlplus": 1,
    "ra3.4xlarge": 2,
    "ra3.16xlarge": 2,
    "rg.large": 1,
    "rg.xlarge": 1,
    "rg.4xlarge": 1,
    "rg.12xlarge": 1,
}
# Where RA3 and RG clusters may listen.
PORTS = (range(5431, 5456), range(8191, 8216))


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


def _nodes(parameters: Parameters) -> int:
    """How many nodes are asked for; one where nothing is said."""
    return int(parameters.get("NumberOfNodes") or 1)


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
    Refusal(
        lambda parameters: (
            _is("ManageMasterPassword", "true")(parameters)
            and bool(parameters.get("MasterUserPassword"))
        ),
        "You cannot specify both MasterUserPassword and ManageMasterPassword.",
        "InvalidParameterCombination",
    ),
)

# The texts about node type and number of nodes were reported by users; the others are unsure.
CREATE_CLUSTER_REFUSALS = (
    Refusal(
        lambda parameters: (
            re.fullmatch(r"(?=.{1,63}\Z)[a-z](-?[a-z0-9])*", parameters["ClusterIdentifier"])
            is None
        ),
        "The parameter ClusterIdentifier is not a valid identifier: {ClusterIdentifier}",
    ),
    Refusal(
        lambda parameters: parameters["NodeType"] not in NODE_TYPES,
        "Invalid node type: {NodeType}",
    ),
    Refusal(
        lambda parameters: (
            _is("ClusterType", "single-node")(parameters) and "NumberOfNodes" in parameters
        ),
        "Number of nodes must be not be supplied for cluster type single-node.",
    ),
    Refusal(
        lambda parameters: _is("ClusterType", "multi-node")(parameters) and _nodes(parameters) < 2,
        "Number of nodes for cluster type multi-node must be greater than or equal to 2",
    ),
    Refusal(
        lambda parameters: _nodes(parameters) < NODE_TYPES[parameters["NodeType"]],
        "The node type {NodeType} needs at least 2 nodes.",
    ),
    Refusal(
        lambda parameters: (
            parameters.get("Port") is not None
            and not any(int(parameters["Port"]) in ports for ports in PORTS)
        ),
        "The parameter Port is not valid: {Port}. Valid ports are 5431-5455 and 8191-8215.",
    ),
    Refusal(
        _is("Encrypted", "false"),
        "Unencrypted clusters are not supported. Remove Encrypted or set it to true.",
    ),
    Refusal(
        lambda parameters: (
            not parameters.get("MasterUserPassword")
            and not _is("ManageMasterPassword", "true")(parameters)
        ),
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


def refuse_groups(account_id: str, region: str, groups: list[str]) -> None:
    """Refuse a security group that does not exist. The text is unsure."""
    for group in groups:
        if not network.group_exists(account_id, region, group):
            raise RedshiftClientError(
                "InvalidParameterValue", f"The security group '{group}' does not exist"
            )


def refuse_state(identifier: str, state: str, wanted: tuple[str, ...]) -> None:
    """Refuse an operation while the cluster's state is none of `wanted`."""
    if state not in wanted:
        raise RedshiftClientError(
            "InvalidClusterState",
            "There is an operation running on the Cluster. Please try to perform it at a later "
            "time."
            if state not in ("available", "paused")
            else f"The cluster {identifier} is {state}; expected {' or '.join(wanted)}.",
        )


def refuse_use(code: str, kind: str, name: str, clusters: list[str]) -> None:
    """Refuse to delete a group that clusters use; AWS's text is not known."""
    if clusters:
        raise RedshiftClientError(code, f"The {kind} {name} is in use by {', '.join(clusters)}.")
