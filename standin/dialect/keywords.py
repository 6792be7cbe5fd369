"""Words of a query that PostgreSQL spells otherwise or does not have: TOP, MINUS, SYSDATE."""

from __future__ import annotations

from collections.abc import Callable

from standin.dialect import catalog, redshift
from standin.dialect.calls import Calls, Replacement
from standin.dialect.grouping import group_by_all
from standin.dialect.lexer import TokenKind
from standin.dialect.statement import Statement
from standin.sqlerror import not_supported

_LEADER_KEYWORDS = ("current_timestamp", "current_time", "localtime", "localtimestamp")
_SET_OPERATORS = ("union", "except", "intersect", "minus", "limit")
_CURRENT_USER_ID = (
    "(SELECT usesysid AS current_user_id FROM pg_catalog.pg_user WHERE usename = current_user)"
)


class Keywords:
    """The keywords of one statement.

    On the way they note in `limits` what follows a token, and in `types_at` where a type begins.
    """

    def __init__(self, statement: Statement, calls: Calls, *, lenient: bool) -> None:
        self.limits: dict[int, str] = {}
        self.types_at: set[int] = set()
        self._statement = statement
        self._tokens = statement.tokens
        self._closing = statement.closing
        self._calls = calls
        self._lenient = lenient

    def replacement(self, index: int) -> Replacement | None:
        """What stands for a keyword, and where to go on; None for no change."""
        return _KEYWORDS[self._tokens[index].value](self, index)

    def __contains__(self, word: str) -> bool:
        return word in _KEYWORDS

    def _pg_catalog(self, index: int) -> Replacement | None:
        """pg_catalog.version(), as some drivers ask; names of what the catalogue has else."""
        name = self._statement.text_at(index + 2).lower()
        view = catalog.overlay("pg_catalog", name)
        if view is not None and self._statement.text_at(index + 3) == ".":
            return view, index + 3
        if name in catalog.OVERLAID_FUNCTIONS:
            return redshift.LIBRARY_SCHEMA, index + 1
        if name != "version":
            return None
        return self._calls.fact("version"), self._closing[index + 3] + 1

    def _cast(self, index: int) -> Replacement | None:
        """Notes where the type of CAST(x AS type) begins."""
        if self._statement.text_at(index + 1) != "(":
            return None
        inside = index + 2
        while inside < self._closing[index + 1]:
            if self._tokens[inside].is_word("as"):
                self.types_at.add(inside + 1)
            inside = self._closing.get(inside, inside) + 1
        return None

    def _select(self, index: int) -> Replacement | None:
        """SELECT TOP n becomes LIMIT n at the end of the same query."""
        top = index + 1
        if top < len(self._tokens) and self._tokens[top].is_word("all", "distinct"):
            top += 1
        if top + 1 >= len(self._tokens) or not self._tokens[top].is_word("top"):
            return None
        number = self._tokens[top + 1]
        if number.kind is not TokenKind.NUMBER:
            raise not_supported("TOP with anything but a number")
        last = top
        while last < len(self._tokens) and self._tokens[last].text != ")":
            if self._tokens[last].is_word(*_SET_OPERATORS):
                raise not_supported(f"TOP together with {self._tokens[last].text.upper()}")
            last = self._closing.get(last, last) + 1
        self.limits[last - 1] = f" LIMIT {number.text}"
        kept = self._statement.sql[self._tokens[index].start : self._tokens[top].start]
        return kept.rstrip(), top + 2

    def _group(self, index: int) -> Replacement | None:
        clause = group_by_all(self._statement, index)
        return None if clause is None else (clause, index + 3)

    def _minus(self, index: int) -> Replacement:
        return "EXCEPT", index + 1

    def _sysdate(self, index: int) -> Replacement:
        return "sysdate()", index + 1

    def _current_user_id(self, index: int) -> Replacement:
        return _CURRENT_USER_ID, index + 1

    def _approximate(self, index: int) -> Replacement | None:
        """Exact here: https://docs.aws.amazon.com/redshift/latest/dg/r_APPROXIMATE_PERCENTILE_DISC.html"""
        function = self._statement.text_at(index + 1).lower()
        if function not in ("count", "percentile_disc"):
            raise not_supported("APPROXIMATE with anything but COUNT and PERCENTILE_DISC")
        return function, index + 2

    def _respect(self, index: int) -> Replacement | None:
        is_clause = self._statement.text_at(index + 1).lower() == "nulls"
        return ("", index + 2) if is_clause else None

    def _ignore(self, index: int) -> None:
        """FIRST_VALUE and LAST_VALUE have taken theirs."""
        if self._statement.text_at(index + 1).lower() == "nulls":
            raise not_supported("IGNORE NULLS of anything but FIRST_VALUE and LAST_VALUE")

    def _where(self, index: int) -> Replacement | None:
        """WHERE 1, as queries of the catalogue have it: the leader takes a number for a truth."""
        after = self._statement.text_at(index + 2).lower()
        is_alone = after in ("", "and", ")", ";") or after in _SET_OPERATORS
        if not (self._lenient and is_alone and self._statement.text_at(index + 1) == "1"):
            return None
        return "WHERE true", index + 2

    def _leader_keyword(self, index: int) -> None:
        self._calls.check_leader(self._tokens[index].value)


_KEYWORDS: dict[str, Callable[[Keywords, int], Replacement | None]] = {
    "approximate": Keywords._approximate,
    "cast": Keywords._cast,
    "current_user_id": Keywords._current_user_id,
    "group": Keywords._group,
    "ignore": Keywords._ignore,
    "minus": Keywords._minus,
    "pg_catalog": Keywords._pg_catalog,
    "respect": Keywords._respect,
    "select": Keywords._select,
    "sysdate": Keywords._sysdate,
    "where": Keywords._where,
    **dict.fromkeys(_LEADER_KEYWORDS, Keywords._leader_keyword),
}
