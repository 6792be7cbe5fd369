"""Who loads the files: each module makes one contender, all with the same interface.

A contender brings the same files to the same star. `prepare` is not timed, `run` is.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from benchmarks.oracle import Counts
from benchmarks.scene import Scene

# The name on the command line -> its module and what it is.
CONTENDERS = {
    "floor": (
        "floor",
        "PostgreSQL alone: ready-made CSV by COPY FROM STDIN, then our INSERT..SELECT",
    ),
    "etl": ("etl_script", "etl.py on the stand-in, as a process of its own"),
    "duckdb": ("duckdb_file", "DuckDB: the JSON files and our INSERT..SELECT, into its own file"),
    "dlt": ("dlt_pipeline", "dlt: filesystem to PostgreSQL, then our INSERT..SELECT"),
    "execute-values": (
        "execute_values",
        "json and psycopg2's execute_values, then our INSERT..SELECT",
    ),
    "json-to-record": (
        "json_to_record",
        "PostgreSQL's json_to_record over the raw lines, then our INSERT..SELECT",
    ),
}


class Contender(Protocol):
    """One way to load the files into the star."""

    def prepare(self) -> None:
        """Make what must be there before a load; not timed."""

    def run(self) -> None:
        """Load files and fill the star."""

    def counts(self) -> Counts:
        """The rows that the star holds now."""

    def clean(self) -> None:
        """Give back the space."""


def make(name: str, scene: Scene) -> Contender:
    """The contender of this name; ImportError names the package that is not installed."""
    module = import_module(f"benchmarks.contenders.{CONTENDERS[name][0]}")
    contender: Contender = module.make(scene)
    return contender
