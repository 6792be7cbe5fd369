"""What a cluster's address tells: its name and its region, where AWS has made the address."""

from __future__ import annotations

import re
from dataclasses import dataclass

# https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-from-psql.html
_FORM = re.compile(
    r"(?P<cluster>[a-z][a-z0-9-]*)\.[a-z0-9-]+\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"
    r"\.redshift\.amazonaws\.com(?:\.cn)?\.?"
)


@dataclass(frozen=True)
class ClusterAddress:
    """The cluster that an address leads to."""

    cluster: str
    region: str


def parse(host: str) -> ClusterAddress | None:
    """Cluster and region of an address of AWS's; None for any other: localhost, a CNAME."""
    told = _FORM.fullmatch(host.lower())
    return ClusterAddress(told["cluster"], told["region"]) if told else None
