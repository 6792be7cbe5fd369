"""Every way to load the same files, in turn, in one run.

The files are made anew (seeded, by size), one stand-in serves them, and each contender must end
with the star that plain Python counts. What counts are the ratios within a run, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import terminal
from benchmarks import data, results
from benchmarks.contenders import CONTENDERS
from benchmarks.measure import PeakMemory, machine
from benchmarks.oracle import Counts, expected_counts
from benchmarks.results import Outcome, Result
from benchmarks.scene import Scene
from benchmarks.serving import ROOT, Served, served

TURN_TIMEOUT_S = 3600


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    if arguments.markdown:
        texts = (path.read_text(encoding="utf-8") for path in arguments.markdown)
        print(results.markdown([json.loads(text) for text in texts]), end="")
        return 0
    with terminal.Steps(arguments.quiet) as steps:
        result = run(
            arguments.size, arguments.seed, arguments.rounds, arguments.only, steps
        ).as_dict()
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    results.show(result)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="contenders:\n"
        + "".join(f"  {name:<16}{what}\n" for name, (_, what) in CONTENDERS.items())
        + "\nexample:\n  python -m benchmarks --size M --rounds 3 --json m.json\n"
        "  python -m benchmarks --markdown s.json m.json\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", choices=sorted(data.SIZES), default="S", help="default: S")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument(
        "--rounds", type=int, default=1, metavar="N", help="turns of each contender; default: 1"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS), metavar="NAME"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome there, too")
    parser.add_argument(
        "--markdown", nargs="+", type=Path, metavar="FILE",
        help="run nothing: print earlier --json files as the tables of docs/performance.md",
    )  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but the table")
    return parser


def run(
    size_name: str, seed: int, rounds: int, names: Sequence[str], steps: terminal.Steps
) -> Result:
    """Generate, start, let everybody load, compare; Fault when a star is not the oracle's."""
    size = data.SIZES[size_name]
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        folder = Path(temporary)
        with steps.step("generate"):
            files = data.generate(size, seed, folder)
        with steps.step("count by the rules"):
            expected = expected_counts(files)
        with served(folder) as server:
            outcomes = {name: Outcome(name, CONTENDERS[name][1]) for name in names}
            for number in range(1, rounds + 1):
                for name, outcome in outcomes.items():
                    with steps.step(f"{name}, round {number} of {rounds}") as step:
                        _turn(outcome, server, expected, folder)
                        step.note = outcome.not_run or f"{outcome.seconds[-1]:.2f} s timed"
    return Result(
        size_name, size, seed, facts, server.start_seconds, expected, tuple(outcomes.values())
    )


def _turn(outcome: Outcome, server: Served, expected: Counts, folder: Path) -> None:
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        PeakMemory(server.pid) as memory,
    ):
        told = _trial(outcome.name, replace(server.scene, folder=Path(own)))
    outcome.not_run = str(told.get("not_run", ""))
    if outcome.not_run:
        return
    if told["counts"] != expected:
        raise terminal.Fault(
            f"{outcome.name}: expected the star {expected}, got {told['counts']};"
            " nothing that it took can be compared"
        )
    outcome.seconds.append(float(told["seconds"]))
    outcome.memory = max(outcome.memory, int(told["memory"]))
    outcome.server_memory = max(outcome.server_memory, memory.peak)


def _trial(name: str, scene: Scene) -> dict[str, Any]:
    """What the contender's own process tells in its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trial", name],
        cwd=ROOT,
        input=scene.to_json(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=TURN_TIMEOUT_S,
    )
    if done.returncode:
        raise terminal.Fault(f"{name} failed with exit code {done.returncode}; see above")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
