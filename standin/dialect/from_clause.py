"""The relations of a FROM clause: where they stand and what they are called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from standin.dialect.redshift import words
from standin.dialect.selects import is_query
from standin.dialect.statement import Statement

_JOINS = words("join inner left right full cross natural on using pivot unpivot")


class Relation(NamedTuple):
    """One table, query or function in FROM; `name` is None for a derived table without alias."""

    name: str | None
    last: int


@dataclass
class From:
    """The relations of a FROM clause; `using` are the columns that its joins merge."""

    relations: list[Relation] = field(default_factory=list)
    using: set[str] = field(default_factory=set)
    is_natural: bool = False


def parse_from(statement: Statement, low: int, high: int) -> From:
    """The relations of FROM, whose tokens are [low, high)."""
    found = From()
    index, expects = low, True
    while index < high:
        token = statement.tokens[index]
        if token.is_word("natural"):
            found.is_natural = True
        if token.text == "," or token.is_word("join"):
            index, expects = index + 1, True
        elif expects:
            index, expects = _relation(statement, index, high, found), False
        elif token.is_word("using") and statement.text_at(index + 1) == "(":
            columns = statement.tokens[index + 2 : statement.closing[index + 1]]
            found.using |= {column.value for column in columns}
            index = statement.closing[index + 1] + 1
        else:
            index = statement.closing.get(index, index) + 1
    return found


def _relation(statement: Statement, index: int, high: int, found: From) -> int:
    """Note the relation at `index`; where to go on."""
    name = None
    if statement.text_at(index) == "(":
        closed = statement.closing[index]
        if not is_query(statement, index):
            inner = parse_from(statement, index + 1, closed)
            found.relations += inner.relations
            found.using |= inner.using
            found.is_natural |= inner.is_natural
            return closed + 1
        index = closed + 1
    else:
        while index < high:
            name = statement.tokens[index].value
            if statement.text_at(index + 1) != ".":
                break
            index += 2
        index = statement.closing.get(index + 1, index) + 1
    while index < high and statement.tokens[index].is_word("pivot", "unpivot"):
        index += 1 + 2 * (statement.text_at(index + 2).lower() == "nulls")
        index = statement.closing.get(index, index) + 1
        name = None
    alias = _alias_at(statement, index, high)
    if alias is not None:
        index = statement.closing.get(alias + 1, alias) + 1
        name = statement.tokens[alias].value
    found.relations.append(Relation(name, index - 1))
    return index


def _alias_at(statement: Statement, index: int, high: int) -> int | None:
    if index < high and statement.tokens[index].is_word("as"):
        index += 1
    if index >= high or not statement.tokens[index].is_name:
        return None
    return None if statement.tokens[index].is_word(*_JOINS) else index
