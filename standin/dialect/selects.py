"""The SELECTs of a statement: where their items and clauses stand.

Positions are token indexes; what is inside parentheses belongs to the SELECT around it unless it
is a query of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.redshift import RESERVED_WORDS, words
from standin.dialect.statement import Statement

Range = tuple[int, int]

SET_OPERATORS = frozenset({"union", "except", "intersect", "minus"})
# What follows a key of ORDER BY.
DIRECTIONS = ("asc", "desc", "nulls", "first", "last")
# Clause -> the words that begin it, in the order in which clauses may stand.
_CLAUSES = {
    "exclude": ("exclude",),
    "into": ("into",),
    "from": ("from",),
    "where": ("where",),
    "group by": ("group", "by"),
    "having": ("having",),
    "qualify": ("qualify",),
    "order by": ("order", "by"),
    "limit": ("limit",),
    "offset": ("offset",),
}
# Reserved words that end an expression, so that a name after them is an alias.
_VALUES = words(
    "end null true false sysdate current_date current_time current_timestamp current_user "
    "current_user_id localtime localtimestamp session_user user isnull notnull"
)
# Unreserved words that want an operand after them.
_OPERATORS = words("between by escape exists qualify values zone set")
_INTERVAL_FIELDS = words("year month day hour minute second")


class Item(NamedTuple):
    """One entry of the select list: tokens [low, high), without what names it."""

    low: int
    high: int
    alias: Token | None

    @property
    def name(self) -> str:
        """The alias, folded; "" when there is none."""
        return self.alias.value if self.alias is not None else ""


@dataclass
class Select:
    """One SELECT: tokens [start, end), without its parentheses and set operators."""

    start: int
    end: int
    items: list[Item]
    clauses: dict[str, Range]
    is_distinct: bool
    in_set_operation: bool


def find(statement: Statement) -> Iterator[Select]:
    """Every SELECT of a statement, outer ones first."""
    tokens = statement.tokens
    for index, token in enumerate(tokens):
        if token.value == "select" and token.kind is TokenKind.WORD:
            before = statement.text_at(index - 1)
            if before != "." and index + 1 < len(tokens):
                yield _parse(statement, index)


def is_query(statement: Statement, opened: int) -> bool:
    """Whether the parenthesis at this index opens a query."""
    closed = statement.closing[opened]
    index = opened + 1
    while statement.text_at(index) == "(":
        after = statement.closing[index] + 1
        if after != closed and statement.tokens[after].value not in SET_OPERATORS | {"order"}:
            return False
        index += 1
    return index < closed and statement.tokens[index].is_word("select", "with")


def outside_queries(statement: Statement, low: int, high: int) -> Iterator[int]:
    """The token indexes in [low, high) that are not inside a nested query."""
    index = low
    while index < high:
        if index in statement.closing and is_query(statement, index):
            index = statement.closing[index] + 1
            continue
        yield index
        index += 1


def is_reference(statement: Statement, index: int) -> bool:
    """Whether the token is a bare name in the place of a column."""
    token = statement.tokens[index]
    if not token.is_name or statement.text_at(index + 1) in ("(", "."):
        return False
    if token.kind is TokenKind.WORD and token.value in RESERVED_WORDS:
        return False
    after = statement.tokens[index + 1] if index + 1 < len(statement.tokens) else None
    if after is not None and after.kind is TokenKind.STRING:
        return False  # a typed literal: date '2018-11-01'
    before = statement.tokens[index - 1] if index else None
    if before is None or before.text in (".", "::") or before.is_word("as"):
        return False
    return not ends_expression(before) and not is_date_part(statement, index)


def ends_expression(token: Token) -> bool:
    """Whether an expression can end with this token."""
    if token.kind is TokenKind.OPERATOR:
        return token.text in (")", "]")
    if token.kind is TokenKind.WORD:
        is_keyword = token.value in RESERVED_WORDS or token.value in _OPERATORS
        return token.value in _VALUES or not is_keyword
    return True


# Calls whose first argument is a date part or a type.
_WITH_DATE_PART = words(
    "convert extract date_part datepart pgdate_part dateadd date_add datediff date_diff date_trunc"
)


def is_date_part(statement: Statement, index: int) -> bool:
    """Whether the token is a date part, or a type, that a call takes before its value."""
    return (
        statement.text_at(index - 1) == "("
        and statement.text_at(index - 2).lower() in _WITH_DATE_PART
        and statement.text_at(index + 1).lower() in ("from", ",")
    )


def _parse(statement: Statement, start: int) -> Select:
    tokens = statement.tokens
    found: list[tuple[str, int, int]] = []
    index = low = _after_select(statement, start)
    in_set_operation = start > 0 and tokens[start - 1].is_word(*SET_OPERATORS, "all")
    while index < len(tokens) and tokens[index].text != ")":
        if tokens[index].is_word(*SET_OPERATORS):
            in_set_operation = True
            break
        clause = _clause_at(statement, index)
        if clause is not None:
            found.append((clause, index, index + len(_CLAUSES[clause])))
        index = statement.closing.get(index, index) + 1
    ends = [before for _, before, _ in found] + [index]
    clauses = {
        clause: (first, end) for (clause, _, first), end in zip(found, ends[1:], strict=True)
    }
    items = [_item(statement, *span) for span in comma_ranges(statement, low, ends[0])]
    is_distinct = low > start + 1 and tokens[start + 1].is_word("distinct")
    return Select(start, index, items, clauses, is_distinct, in_set_operation)


def _after_select(statement: Statement, start: int) -> int:
    """Past SELECT [ALL | DISTINCT] [TOP n]."""
    tokens, index = statement.tokens, start + 1
    if tokens[index].is_word("all", "distinct"):
        index += 1
    if index < len(tokens) and tokens[index].is_word("top"):
        index += 2
    return index


def _is_exclusion(statement: Statement, index: int) -> bool:
    """Whether EXCLUDE stands behind a select list and before a column, so that it is no name."""
    before, after = statement.tokens[index - 1], statement.tokens[index + 1 : index + 2]
    if not (before.text == "*" or ends_expression(before)) or not after:
        return False
    is_reserved = after[0].kind is TokenKind.WORD and after[0].value in RESERVED_WORDS
    return after[0].text == "(" or (after[0].is_name and not is_reserved)


def _clause_at(statement: Statement, index: int) -> str | None:
    token = statement.tokens[index]
    if token.kind is not TokenKind.WORD or statement.text_at(index - 1) == ".":
        return None
    for clause, (first, *rest) in _CLAUSES.items():
        if token.value == first:
            if first == "qualify" and not ends_expression(statement.tokens[index - 1]):
                return None
            if first == "exclude" and not _is_exclusion(statement, index):
                return None
            following = [statement.text_at(index + 1 + n).lower() for n in range(len(rest))]
            return clause if following == rest else None
    return None


def comma_ranges(statement: Statement, low: int, high: int) -> list[Range]:
    """The comma-separated parts of tokens [low, high); none of several may be empty."""
    if low >= high:
        return []
    tokens, ranges, index, first = statement.tokens, [], low, low
    while index < high:
        if tokens[index].text == ",":
            ranges.append((first, index))
            first = index + 1
        index = statement.closing.get(index, index) + 1
    ranges.append((first, high))
    for first, last in ranges:
        if first == last:
            raise syntax_error(tokens[last] if last < len(tokens) else None)
    return ranges


def _item(statement: Statement, low: int, high: int) -> Item:
    tokens = statement.tokens
    if high - low >= 3 and tokens[high - 2].is_word("as") and tokens[high - 1].is_name:
        return Item(low, high - 2, tokens[high - 1])
    if high - low >= 2 and _is_bare_alias(tokens[low:high]):
        return Item(low, high - 1, tokens[high - 1])
    return Item(low, high, None)


def _is_bare_alias(tokens: list[Token]) -> bool:
    """Whether the last of an item's tokens names it, without AS."""
    before, last = tokens[-2:]
    if not last.is_name or (last.kind is TokenKind.WORD and last.value in RESERVED_WORDS):
        return False
    if last.is_word(*_INTERVAL_FIELDS) and len(tokens) > 2 and tokens[-3].is_word("interval"):
        return False
    if before.is_word("double", "character", "time"):
        return last.kind is TokenKind.QUOTED
    return ends_expression(before)
