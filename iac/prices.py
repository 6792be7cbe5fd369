"""What a cluster costs an hour, on demand: a small table, dated, in place of a promise."""

from __future__ import annotations

AS_OF = "spring 2026"
REGION = "us-east-1"
SOURCE = "aws.amazon.com/redshift/pricing"

# USD an hour and node in REGION. RA3 and RG bill managed storage besides.
PER_NODE = {
    "ra3.large": 0.543,
    "ra3.xlplus": 1.086,
    "ra3.4xlarge": 3.26,
    "ra3.16xlarge": 13.04,
    "rg.large": 0.3801,
    "rg.xlarge": 0.7602,
}


def hourly(node_type: str, number_of_nodes: int) -> float | None:
    """USD an hour for these nodes in REGION; None where the table knows none."""
    price = PER_NODE.get(node_type)
    return None if price is None else price * number_of_nodes


def estimate(node_type: str, number_of_nodes: int) -> str:
    """The price in words, with where and when it held."""
    price = hourly(node_type, number_of_nodes)
    if price is None:
        return f"unknown; see {SOURCE}"
    return f"about {price:.2f} USD an hour and storage ({REGION}, {AS_OF}; {SOURCE})"
