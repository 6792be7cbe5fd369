"""The outcome of a benchmark as a table, as JSON and as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import terminal
from benchmarks.data import Size

FLOOR = "floor"
HEADINGS = ("contender", "seconds", "rows/s", "ratio to the floor", "peak MB", "stand-in's MB")


@dataclass
class Outcome:
    """A contender's turns; `not_run` says why there are none."""

    name: str
    what: str
    seconds: list[float] = field(default_factory=list)
    memory: int = 0
    server_memory: int = 0
    not_run: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def as_dict(self, rows: int, floor: float | None) -> dict[str, object]:
        told: dict[str, object] = {"name": self.name, "what": self.what}
        if self.not_run:
            return told | {"not_run": self.not_run}
        return told | {
            "seconds": [round(value, 3) for value in self.seconds],
            "median_seconds": round(self.median, 3),
            "rows_per_second": round(rows / self.median),
            "ratio_to_floor": floor and round(self.median / floor, 2),
            "peak_bytes": self.memory,
            "standin_peak_bytes": self.server_memory,
        }


@dataclass(frozen=True)
class Result:
    """A whole run."""

    size_name: str
    size: Size
    seed: int
    machine: dict[str, Any]
    start_seconds: float
    counts: dict[str, int]
    outcomes: Sequence[Outcome]

    @property
    def rows(self) -> int:
        return self.size.events + self.size.songs

    @property
    def floor(self) -> float | None:
        for outcome in self.outcomes:
            if outcome.name == FLOOR and outcome.seconds:
                return outcome.median
        return None

    def as_dict(self) -> dict[str, Any]:
        return {
            "size": self.size_name,
            "seed": self.seed,
            "events": self.size.events,
            "songs": self.size.songs,
            "machine": self.machine,
            "standin_start_seconds": round(self.start_seconds, 2),
            "star": self.counts,
            "contenders": [one.as_dict(self.rows, self.floor) for one in self.outcomes],
        }


def show(result: dict[str, Any]) -> None:
    """Print the table, and who did not run."""
    terminal.print_table(heading(result), HEADINGS, _rows(result))
    for name, reason in _absent(result):
        print(f"{name} did not run: {reason}")


def heading(result: dict[str, Any]) -> str:
    """What was loaded."""
    return (
        f"Size {result['size']}, seed {result['seed']}: {result['events']:,} events,"
        f" {result['songs']:,} songs"
    )


def markdown(results: Sequence[dict[str, Any]]) -> str:
    """The tables of docs/performance.md: each with the command that made it, date and machine."""
    return "\n\n".join(_section(result) for result in results) + "\n"


def _section(result: dict[str, Any]) -> str:
    machine = result["machine"]
    rounds = max((len(one.get("seconds", ())) for one in result["contenders"]), default=0)
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        f"### {heading(result)}",
        "",
        f"`python -m benchmarks --size {result['size']} --seed {result['seed']} --rounds {rounds}`"
        f" on {machine['date'][:10]}: {machine['processor']}, {machine['cores']} cores,"
        f" {machine['memory_gib']} GiB, {machine['system']}; {versions}."
        f" The stand-in was ready after {result['standin_start_seconds']} s.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        "|---|" + "---:|" * (len(HEADINGS) - 1),
        *(f"| {' | '.join(map(_cell, row))} |" for row in _rows(result)),
    ]
    lines += [f"\n{name} did not run: {reason}" for name, reason in _absent(result)]
    return "\n".join(lines)


def _rows(result: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            f"{one['name']}: {one['what']}",
            f"{one['median_seconds']:.2f}",
            one["rows_per_second"],
            "-" if one["ratio_to_floor"] is None else f"{one['ratio_to_floor']:.2f}",
            round(one["peak_bytes"] / 1e6),
            round(one["standin_peak_bytes"] / 1e6) if one["name"] == "etl" else None,
        )
        for one in result["contenders"]
        if "not_run" not in one
    ]


def _absent(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["name"], one["not_run"]) for one in result["contenders"] if "not_run" in one]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
