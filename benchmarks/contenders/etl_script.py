"""The product itself: etl.py as a person runs it, against the stand-in."""

from __future__ import annotations

from benchmarks.contenders.star import Star
from benchmarks.oracle import Counts
from benchmarks.scene import Scene


class EtlScript:
    """The start of Python, the log-ins, the checks and the summary are all in its time."""

    def __init__(self, scene: Scene) -> None:
        self._star = Star(scene, "etl")

    def prepare(self) -> None:
        self._star.create()

    def run(self) -> None:
        self._star.script("etl.py")

    def counts(self) -> Counts:
        return self._star.counts()

    def clean(self) -> None:
        self._star.drop()


def make(scene: Scene) -> EtlScript:
    """The contender."""
    return EtlScript(scene)
