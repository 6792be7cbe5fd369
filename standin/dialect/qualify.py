"""QUALIFY: a filter on window functions, as a filter around the query.

https://docs.aws.amazon.com/redshift/latest/dg/r_QUALIFY_clause.html
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect import selects
from standin.dialect.edits import Render
from standin.dialect.folding import quoted
from standin.dialect.from_clause import parse_from
from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.selects import Item, Select
from standin.dialect.statement import Statement
from standin.sqlerror import not_supported

_QUERY = '"qualified"'


def find(statement: Statement) -> dict[int, Select]:
    """The SELECTs that have the clause, by the index of their first token."""
    if not any(token.value == "qualify" for token in statement.tokens):
        return {}
    return {
        select.start: select for select in selects.find(statement) if "qualify" in select.clauses
    }


def rewrite(statement: Statement, select: Select, render: Render) -> str:
    """PostgreSQL's text for the whole SELECT."""
    if "from" not in select.clauses:
        raise syntax_error(statement.tokens[select.clauses["qualify"][0] - 1])
    return _Qualified(statement, select, render).text()


class _Qualified:
    def __init__(self, statement: Statement, select: Select, render: Render) -> None:
        self._statement = statement
        self._tokens = statement.tokens
        self._select = select
        self._render = render
        self._from = parse_from(statement, *select.clauses["from"])
        self._inner: list[str] = []
        self._names: set[str] = set()

    def text(self) -> str:
        """The query inside a query that keeps the rows."""
        clauses, render = self._select.clauses, self._render
        self._check_alias()
        outer = ", ".join(part for item in self._select.items for part in self._item(item))
        order = self._order()
        condition = self._add(render(*clauses["qualify"]))
        body = render(clauses["from"][0] - 1, clauses["qualify"][0] - 1)
        distinct = "DISTINCT " if self._select.is_distinct else ""
        return (
            f"SELECT {distinct}{outer} FROM (SELECT {', '.join(self._inner)} {body}) AS {_QUERY}"
            f" WHERE {condition}{order}{self._rest()}"
        )

    def _check_alias(self) -> None:
        """QUALIFY directly after FROM needs a relation with an alias."""
        low, high = self._select.clauses["from"]
        if high == self._select.clauses["qualify"][0] - 1:
            last = self._tokens[high - 1]
            is_bare = high - low == 1 or self._statement.text_at(high - 2) == "."
            if is_bare or last.text == ")":
                raise syntax_error(self._tokens[high])
        if self._from.using or self._from.is_natural:
            raise not_supported("QUALIFY over a join with USING")
        if any(relation.name is None for relation in self._from.relations):
            raise not_supported("QUALIFY over a derived table without an alias")

    def _add(self, expression: str) -> str:
        """Compute an expression inside; how it is called outside."""
        name = f'"column {len(self._inner) + 1}"'
        self._inner.append(f"({expression}) AS {name}")
        return f"{_QUERY}.{name}"

    def _item(self, item: Item) -> Iterator[str]:
        tokens = self._tokens[item.low : item.high]
        if tokens[-1].text == "*" and len(tokens) == 1:
            for relation in self._from.relations:
                yield f"({self._add(quoted(relation.name or ''))}).*"
        elif tokens[-1].text == "*" and len(tokens) > 2 and tokens[-2].text == ".":
            yield f"({self._add(quoted(tokens[-3].value))}).*"
        else:
            name = item.name or self._natural_name(item)
            self._names.add(name)
            yield f"{self._add(self._render(item.low, item.high))} AS {quoted(name)}"

    def _natural_name(self, item: Item) -> str:
        first, last = self._tokens[item.low], self._tokens[item.high - 1]
        if last.is_name and last.kind is not TokenKind.STRING:
            return last.value
        closed = self._statement.closing.get(item.low + 1)
        return first.value if closed == item.high - 1 and first.is_name else "?column?"

    def _order(self) -> str:
        low, high = self._select.clauses.get("order by", (0, 0))
        if low == high:
            return ""
        keys = selects.comma_ranges(self._statement, low, high)
        return f" ORDER BY {', '.join(self._order_key(*key) for key in keys)}"

    def _order_key(self, low: int, high: int) -> str:
        end = high
        while end > low and self._tokens[end - 1].is_word(*selects.DIRECTIONS):
            end -= 1
        suffix = "".join(f" {token.text}" for token in self._tokens[end:high])
        first = self._tokens[low]
        is_output = end - low == 1 and (
            first.kind is TokenKind.NUMBER or first.value in self._names
        )
        key = self._render(low, end)
        return (key if is_output else self._add(key)) + suffix

    def _rest(self) -> str:
        """LIMIT and OFFSET, and TOP, which stands for the former."""
        text = ""
        for clause in ("limit", "offset"):
            if clause in self._select.clauses:
                low, high = self._select.clauses[clause]
                text += f" {clause.upper()} {self._render(low, high)}"
        top = (
            self._select.start + 1 + self._tokens[self._select.start + 1].is_word("all", "distinct")
        )
        if self._tokens[top].is_word("top"):
            text += f" LIMIT {self._tokens[top + 1].text}"
        return text
