"""Changes to a statement's text: decided before it is rendered, made while it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Render = Callable[[int, int], str]
# What stands in the place of a token; None leaves it to the other rules.
Edit = Callable[[Render], str | None]


@dataclass
class Edits:
    """Changes to a statement's text: instead of a token, and after one.

    `dropped` maps the first token of what is left out to the token after it.
    """

    instead: dict[int, Edit] = field(default_factory=dict)
    after: dict[int, list[Edit]] = field(default_factory=dict)
    dropped: dict[int, int] = field(default_factory=dict)

    def append(self, index: int, edit: Edit) -> None:
        """Put a text behind the token."""
        self.after.setdefault(index, []).append(edit)


def constant(text: str) -> Edit:
    """The same text whatever is around it."""
    return lambda render: text
