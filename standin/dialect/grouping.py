"""GROUP BY ALL: the positions of the select list's items that hold no aggregate.

https://docs.aws.amazon.com/redshift/latest/dg/r_GROUP_BY_clause.html
"""

from __future__ import annotations

from standin.dialect import selects
from standin.dialect.aliases import AGGREGATES
from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.selects import Item, Select
from standin.dialect.statement import Statement
from standin.sqlerror import not_supported

_CLAUSE = ("group", "by", "all")


def group_by_all(statement: Statement, index: int) -> str | None:
    """The clause to write when GROUP BY ALL begins at this token; "" when all are aggregates."""
    words = [statement.text_at(index + ahead).lower() for ahead in range(3)]
    if tuple(words) != _CLAUSE:
        return None
    for select in selects.find(statement):
        if select.clauses.get("group by", (0, 0))[0] == index + 2:
            keys = _keys(statement, select)
            return f"GROUP BY {', '.join(keys)}" if keys else ""
    raise syntax_error(statement.tokens[index])


def _keys(statement: Statement, select: Select) -> list[str]:
    keys = []
    for position, item in enumerate(select.items, 1):
        if statement.text_at(item.high - 1) == "*":
            raise not_supported("GROUP BY ALL over *")
        if not _holds_aggregate(statement, item):
            keys.append(str(position))
    return keys


def _holds_aggregate(statement: Statement, item: Item) -> bool:
    tokens = statement.tokens
    return any(
        tokens[index].kind is TokenKind.WORD
        and tokens[index].value in AGGREGATES
        and statement.text_at(index + 1) == "("
        for index in selects.outside_queries(statement, item.low, item.high)
    )
