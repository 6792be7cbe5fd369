"""What stands in the place of an alias: its expression, or a column of a LATERAL query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from standin.dialect.edits import Edit, Render
from standin.dialect.folding import quoted
from standin.dialect.selects import Item
from standin.sqlerror import not_supported

Condition = Callable[[Render], bool]


@dataclass(frozen=True)
class Parenthesised:
    """An alias's expression in the place of the alias."""

    item: Item

    def __call__(self, render: Render) -> str:
        return f"({render(self.item.low, self.item.high)})"


@dataclass
class Lateral:
    """What FROM gets for an alias, if one of its uses turns out to need it."""

    item: Item
    number: str
    stars: str
    conditions: list[Condition] = field(default_factory=list)

    @property
    def column(self) -> str:
        """The column that holds the value."""
        return f'"alias {self.number}"."value {self.number}"'

    def __call__(self, render: Render) -> str:
        if not self._is_needed(render):
            return ""
        name = quoted(self.item.name)
        value = render(self.item.low, self.item.high)
        return (
            f', LATERAL (SELECT (SELECT {name} FROM (SELECT {self.stars}) AS "columns")'
            f' AS "value {self.number}" FROM (SELECT {value} AS {name}) AS "alias")'
            f' AS "alias {self.number}"'
        )

    def as_key(self, render: Render) -> str:
        """What GROUP BY gets."""
        return f", {self.column}" if self._is_needed(render) else ""

    def _is_needed(self, render: Render) -> bool:
        return any(condition(render) for condition in self.conditions)


def always(render: Render) -> bool:
    return True


def refused(what: str) -> Edit:
    def refuse(render: Render) -> str:
        raise not_supported(f"{what} in a nested query")

    return refuse
