"""An alias used in a query that is nested in its SELECT: the nested query's own columns win.

Only PostgreSQL knows those, so it is asked. Where it cannot tell, because a relation does not exist
yet, the name is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from standin.dialect import selects
from standin.dialect.edits import Edit, Edits, Render
from standin.dialect.known_columns import KnownColumns, columns_if_known
from standin.dialect.selects import Range, Select
from standin.dialect.statement import Statement

# ORDER BY is left out: it orders by the nested query's own items.
_CLAUSES = ("where", "group by", "having", "qualify")


def references(
    statement: Statement, around: Select, found: Sequence[Select], span: Range
) -> Iterator[tuple[int, Select]]:
    """The bare names in queries nested directly in `span` of `around`, each with its query.

    `found` are all SELECTs of the statement. What is nested deeper would skip a query block, which
    Redshift refuses.
    """
    for nested in found:
        if span[0] <= nested.start < span[1] and _is_direct(nested, around, found):
            own = {item.name for item in nested.items}
            for index in _names(statement, nested):
                if statement.tokens[index].value not in own:
                    yield index, nested


def _is_direct(nested: Select, around: Select, found: Sequence[Select]) -> bool:
    return not any(
        around.start < other.start < nested.start < other.end
        for other in found
        if other is not around
    )


def _names(statement: Statement, nested: Select) -> Iterator[int]:
    spans = [(item.low, item.high) for item in nested.items]
    spans += [nested.clauses[clause] for clause in _CLAUSES if clause in nested.clauses]
    for low, high in spans:
        for index in selects.outside_queries(statement, low, high):
            if selects.is_reference(statement, index):
                yield index


@dataclass
class NestedUse:
    """The place of a name in a nested query; `meaning` is what stands for it as an alias."""

    statement: Statement
    nested: Select
    name: str
    edits: Edits
    known: KnownColumns
    meaning: Edit | None = None

    def __call__(self, render: Render) -> str | None:
        """The alias's value; None where the name is a column of the nested query."""
        if self.meaning is None or not self.is_alias(render):
            return None
        return self.meaning(render)

    def is_alias(self, render: Render) -> bool:
        """Whether the nested query is known to have no column of the name."""
        span = self.nested.clauses.get("from")
        if span is None:
            return True
        # What the nested query's own aliases add to its FROM may hold this very place.
        added = self.edits.after.pop(span[1] - 1, [])
        try:
            query = f"{self._common_tables(render)}SELECT * FROM {render(*span)}"
        finally:
            if added:
                self.edits.after[span[1] - 1] = added
        columns = columns_if_known(query, self.known)
        return columns is not None and self.name not in columns

    def _common_tables(self, render: Render) -> str:
        tables = [render(*span) for span in _common_tables(self.statement, self.nested.start)]
        return f"WITH {', '.join(tables)} " if tables else ""


def _common_tables(statement: Statement, position: int) -> Iterator[Range]:
    """The queries of WITH that a query at this token can name."""
    for index, token in enumerate(statement.tokens[:position]):
        if token.is_word("with") and _reaches(statement, index, position):
            yield from _listed(statement, index + 1, position)


def _reaches(statement: Statement, index: int, position: int) -> bool:
    """Whether no parenthesis around the token ends before `position`."""
    return not any(o < index < c < position for o, c in statement.closing.items())


def _listed(statement: Statement, index: int, position: int) -> Iterator[Range]:
    while index < position:
        start, index = index, index + 1
        index = statement.closing.get(index, index - 1) + 1  # the names of its columns
        if statement.text_at(index).lower() != "as" or index + 1 not in statement.closing:
            return
        index = statement.closing[index + 1] + 1
        if index <= position:
            yield start, index
        if statement.text_at(index) != ",":
            return
        index += 1
