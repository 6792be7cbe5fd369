"""Waiting for the cluster: until it is available, until it is gone, until it is as wanted."""

from __future__ import annotations

from collections.abc import Callable

from iac.clients import Aws
from iac.cluster import GOING, STUCK, Description, find
from iac.waiting import Patience
from terminal import Fault


def wait_until_available(aws: Aws, patience: Patience) -> Description:
    """Wait until the cluster takes connections; its description, endpoint included."""

    def ready(cluster: Description | None) -> bool:
        if cluster is None:
            return False
        state = str(cluster["ClusterStatus"])
        name = aws.settings.cluster_identifier
        if state in GOING:
            raise Fault(f"the cluster {name} went {state} meanwhile\nnext: run this again")
        if step := STUCK.get(state):
            raise Fault(f"the cluster {name} is {state}\nnext: {step}")
        return state == "available" and "Address" in cluster.get("Endpoint", {})

    cluster = wait(aws, patience, ready)
    assert cluster is not None
    return cluster


def wait_until_deleted(aws: Aws, patience: Patience) -> None:
    """Wait until the cluster is gone."""
    wait(aws, patience, lambda cluster: cluster is None)


def wait(
    aws: Aws,
    patience: Patience,
    is_over: Callable[[Description | None], bool],
    describe: Callable[[Description], str] = lambda cluster: str(cluster["ClusterStatus"]),
) -> Description | None:
    """Look at the cluster until `is_over`; Fault that says what to look at when time is over."""
    state = "not there"
    for cluster in patience.looks(lambda: find(aws)):
        state = "not there" if cluster is None else describe(cluster)
        patience.show(state)
        if is_over(cluster):
            return cluster
    name = aws.settings.cluster_identifier
    raise Fault(
        f"the cluster {name} is still {state} after {patience.minutes:g} minutes\n"
        "next: run the same command again to wait on, or look at its events: aws redshift"
        f" describe-events --source-type cluster --source-identifier {name}"
        f" --region {aws.settings.region}"
    )
