"""Waiting for the cluster: until it is available, until it is gone, until it takes a request."""

from __future__ import annotations

from collections.abc import Callable, Collection

from iac.clients import Aws, is_passing
from iac.cluster import GOING, STUCK, Description, find, missing
from iac.waiting import Patience
from terminal import Fault

State = Callable[[Description], str]


def status(cluster: Description) -> str:
    """The cluster's state in AWS's word."""
    return str(cluster["ClusterStatus"])


def wait_until_available(
    aws: Aws, patience: Patience, *, passing: Collection[str] = (), new: bool = False
) -> Description:
    """Wait until the cluster takes connections; its description, endpoint included.

    Faults as `wait_until`; a cluster that is `new` need not be shown at once.
    """

    def ready(cluster: Description) -> bool:
        return status(cluster) == "available" and "Address" in cluster.get("Endpoint", {})

    return wait_until(aws, patience, ready, passing=passing, new=new)


def wait_until(
    aws: Aws,
    patience: Patience,
    is_reached: Callable[[Description], bool],
    *,
    passing: Collection[str] = (),
    new: bool = False,
    state: State = status,
) -> Description:
    """Wait for what `is_reached` tells; the cluster's description.

    Fault as soon as no waiting leads there, the cluster being gone or in a state that does not end
    by itself; `passing` are such states that will end all the same.
    """
    name = aws.settings.cluster_identifier

    def reached(cluster: Description | None) -> bool:
        if cluster is None:
            if new:
                return False
            raise missing(aws)
        if is_reached(cluster):
            return True
        now = status(cluster)
        if now in GOING:
            raise Fault(f"the cluster {name} went {now} meanwhile\nnext: run this again")
        if now in STUCK and now not in passing:
            raise Fault(f"the cluster {name} is {now}\nnext: {STUCK[now]}")
        return False

    cluster = wait(aws, patience, reached, state)
    assert cluster is not None
    return cluster


def wait_until_deleted(aws: Aws, patience: Patience) -> None:
    """Wait until the cluster is gone."""
    wait(aws, patience, lambda cluster: cluster is None)


def send(
    aws: Aws,
    patience: Patience,
    is_needed: Callable[[Description], bool],
    request: Callable[[Description], object],
) -> bool:
    """Send a request that changes the cluster, again while AWS is at another change of it.

    False when there was no need: the cluster is gone, or somebody else has changed it so. Raises
    AWS's refusal when time is over.
    """
    refusal: Exception | None = None
    for cluster in patience.looks(lambda: find(aws)):
        if cluster is None or not is_needed(cluster):
            return False
        try:
            request(cluster)
            return True
        except aws.redshift.exceptions.ClusterNotFoundFault:
            return False
        except aws.redshift.exceptions.InvalidClusterStateFault as error:
            refusal = error
            patience.show("busy with another change")
    assert refusal is not None
    raise refusal


def wait(
    aws: Aws,
    patience: Patience,
    is_over: Callable[[Description | None], bool],
    state: State = status,
) -> Description | None:
    """Look at the cluster until `is_over`; Fault that says what to look at when time is over.

    A look that AWS does not answer is followed by the next; the last one's failure is raised.
    """
    now = "not there"
    for cluster in patience.looks(lambda: _look(aws)):
        if isinstance(cluster, Exception):
            failure: Exception | None = cluster
            patience.show("no answer from AWS")
            continue
        failure = None
        now = "not there" if cluster is None else state(cluster)
        patience.show(now)
        if is_over(cluster):
            return cluster
    if failure is not None:
        raise failure
    name = aws.settings.cluster_identifier
    raise Fault(
        f"the cluster {name} is still {now} after {patience.minutes:g} minutes\n"
        "next: run the same command again to wait on, or look at its events: aws redshift"
        f" describe-events --source-type cluster --source-identifier {name}"
        f" --region {aws.settings.region}"
    )


def _look(aws: Aws) -> Description | Exception | None:
    """The cluster, or why AWS may tell it the next time only."""
    try:
        return find(aws)
    except Exception as error:
        if is_passing(error):
            return error
        raise
