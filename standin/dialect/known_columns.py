"""Translations that need to know the columns of a query, which only PostgreSQL can tell.

Such a translation raises ColumnsWanted; the session asks PostgreSQL and translates once more.
"""

from __future__ import annotations

# The names of a query's columns, None where PostgreSQL could not tell.
Columns = tuple[str, ...] | None
# Queries in PostgreSQL's SQL and their columns.
KnownColumns = tuple[tuple[str, Columns], ...]


class ColumnsWanted(Exception):
    """The names of the columns of `query`, a SELECT in PostgreSQL's SQL, are needed.

    `is_optional` says that the translation can do without, should PostgreSQL refuse the query.
    """

    def __init__(self, query: str, *, is_optional: bool = False) -> None:
        super().__init__(query)
        self.query = query
        self.is_optional = is_optional


def columns_of(query: str, known: KnownColumns) -> tuple[str, ...]:
    """The names of a query's columns, or ColumnsWanted."""
    columns = dict(known).get(query)
    if columns is None:
        raise ColumnsWanted(query)
    return columns


def columns_if_known(query: str, known: KnownColumns) -> Columns:
    """The names of a query's columns, None where PostgreSQL could not tell, or ColumnsWanted."""
    answers = dict(known)
    if query not in answers:
        raise ColumnsWanted(query, is_optional=True)
    return answers[query]
