"""How a check says that something is wrong, or that it cannot tell."""

from __future__ import annotations

CREATE = "python -m iac.create_cluster"


class Ailment(Exception):
    """What a check found wrong, and what mends it."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found)
        self.found = found
        self.remedy = remedy


class Skip(Exception):
    """Why a check cannot tell, which is no failure."""
