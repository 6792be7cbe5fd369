"""Rewrites a query or an expression from Redshift's SQL to PostgreSQL's, span by span.

What needs no change stays byte-identical; what is unknown is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from standin.dialect import (
    aliases,
    catalog,
    exclusion,
    functions,
    pivots,
    qualify,
    redshift,
    refusals,
    selects,
)
from standin.dialect.edits import Edits
from standin.dialect.grouping import group_by_all
from standin.dialect.known_columns import KnownColumns
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.relations import Relations
from standin.dialect.sqltypes import parse_type
from standin.dialect.statement import Statement
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

LEADER_ONLY = (
    "Specified types or functions (one per INFO message) not supported on Redshift tables."
)


class Facts(NamedTuple):
    """The session's state that functions of these names report."""

    pg_last_copy_id: int = -1
    pg_last_copy_count: int = 0
    pg_last_query_id: int = -1
    pg_last_unload_id: int = -1
    pg_last_unload_count: int = 0
    known_columns: KnownColumns = ()


# The functions that report what a session knows.
FACT_FUNCTIONS = frozenset(Facts._fields) - {"known_columns"}


# Words that stand before a parenthesis without being a function's name.
_NOT_FUNCTIONS = redshift.words(
    """
    all and any as between by case distinct else except exists filter from group grouping having
    ilike in insert intersect interval into is join like limit minus not offset on or over
    partition select set sets some then to top union using values when where with within
    recursive rollup cube update table escape similar
    """
)
# Unreserved words after which an expression begins.
_BEFORE_EXPRESSIONS = redshift.words("approximate by escape set values zone if")
# After these, `name (` is a table or an alias with its columns.
_BEFORE_COLUMN_LISTS = frozenset({"into", "as", "with", "recursive", "table", "view"})
_LEADER_KEYWORDS = ("current_timestamp", "current_time", "localtime", "localtimestamp")
_SET_OPERATORS = ("union", "except", "intersect", "minus", "limit")
# Spellings of types that mean something else to PostgreSQL, or nothing.
_RESPELLED_TYPES = frozenset(
    {"decimal", "dec", "numeric", "char", "character", "nchar", "nvarchar", "national"}
)
_CURRENT_USER_ID = (
    "(SELECT usesysid AS current_user_id FROM pg_catalog.pg_user WHERE usename = current_user)"
)

Replacement = tuple[str, int]


class Rewriter:
    """Renders token ranges of one statement for PostgreSQL.

    A statement on system catalogues alone (psql's \\d, drivers) is nearly left alone: it speaks
    to PostgreSQL's own tables.
    """

    def __init__(self, statement: Statement, facts: Facts, relations: Relations) -> None:
        self.tokens = statement.tokens
        self.closing = statement.closing
        self._statement = statement
        self._facts = facts
        self._lenient = relations.only_catalog
        self._uses_tables = bool(relations.user)
        self._overlaid = relations.overlaid
        self._catalog_names = relations.catalog_names
        self._types_at: set[int] = set()
        self._limits: dict[int, str] = {}
        known = facts.known_columns
        self._edits = _resolved(statement) if self._lenient else aliases.resolve(statement, known)
        self._qualified = {} if self._lenient else qualify.find(statement)
        self._excluding = {} if self._lenient else exclusion.find(statement)
        self._pivots = {} if self._lenient else pivots.find(statement)
        _drop_idle_order(statement, self._edits)

    def render(self, low: int, high: int) -> str:
        """The text of tokens [low, high) in PostgreSQL's SQL."""
        if low >= high:
            return ""
        sql, tokens = self._statement.sql, self.tokens
        pieces: list[str] = []
        position, index = tokens[low].start, low
        while index < high:
            replacement = self._replacement(index)
            after = index + 1
            if replacement is not None:
                text, after = replacement
                pieces += (sql[position : tokens[index].start], text)
                position = tokens[after - 1].end
            if after - 1 in self._edits.after or after - 1 in self._limits:
                pieces += (sql[position : tokens[after - 1].end], self._text_after(after - 1))
                position = tokens[after - 1].end
            index = after
        pieces.append(sql[position : tokens[high - 1].end])
        return "".join(pieces)

    def _text_after(self, index: int) -> str:
        texts = [edit(self.render) for edit in self._edits.after.get(index, ())]
        return "".join(filter(None, texts)) + self._limits.get(index, "")

    def _replacement(self, index: int) -> Replacement | None:
        """What stands for the tokens from `index` on and where to go on, None for no change."""
        if index in self._edits.instead:
            text = self._edits.instead[index](self.render)
            if text is not None:
                return text, index + 1
        if index in self._edits.dropped:
            return "", self._edits.dropped[index]
        if index in self._overlaid:
            return self._overlaid[index]
        if index in self._qualified:
            select = self._qualified[index]
            return qualify.rewrite(self._statement, select, self.render), select.end
        if index in self._excluding:
            select = self._excluding[index]
            known = self._facts.known_columns
            return exclusion.rewrite(self._statement, select, self.render, known), select.end
        if index in self._pivots:
            return self._pivoted(index)
        return self._token(index)

    def _pivoted(self, index: int) -> Replacement:
        # Not again where its relation itself is rendered.
        pivot = self._pivots.pop(index)
        known = self._facts.known_columns
        text = pivots.rewrite(self._statement, pivot, self.render, known)
        self._pivots[index] = pivot
        return text, pivot.end

    def _token(self, index: int) -> Replacement | None:
        token = self.tokens[index]
        if token.kind is TokenKind.OPERATOR:
            if token.text == "::":
                self._types_at.add(index + 1)
            return None
        if token.kind is TokenKind.STRING:
            return _string(token, index)
        if token.kind is TokenKind.NUMBER:
            return self._number(token, index)
        if not token.is_name:
            return None
        if len(token.value) > 15 and len(token.value.encode()) > redshift.MAX_NAME_BYTES:
            raise not_supported(f"a name of more than {redshift.MAX_NAME_BYTES} bytes")
        if index in self._types_at and not self._lenient:
            return self._type(index)
        if token.kind is TokenKind.QUOTED:
            return self._quoted(token, index)
        return self._word(token, index)

    def _number(self, token: Token, index: int) -> Replacement | None:
        """THEN 4WHEN, as drivers write it: PostgreSQL wants a blank after a number."""
        after = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        touches = after is not None and after.is_name and after.start == token.end
        return (token.text + " ", index + 1) if touches else None

    def _quoted(self, token: Token, index: int) -> Replacement | None:
        if self._lenient:
            return None
        called = None
        if self._statement.text_at(index + 1) == "(":
            called = self._called(token, index, self.tokens[index - 1] if index else None)
        return called or (_folded_name(token), index + 1)

    def _word(self, token: Token, index: int) -> Replacement | None:
        before = self.tokens[index - 1] if index else None
        if token.value in redshift.SYSTEM_COLUMNS and self._uses_tables:
            self._check_system_column(index)
        follows_as = before is not None and before.is_word("as") and token.value != "select"
        is_label = follows_as or (before is not None and before.text == ".")
        if not is_label:
            keyword = _KEYWORDS.get(token.value)
            if keyword is not None:
                return keyword(self, index)
        if self._statement.text_at(index + 1) == "(":
            return self._called(token, index, before)
        return None

    def _check_system_column(self, index: int) -> None:
        """Only the catalogue's relations have any, and are named before it."""
        name = self.tokens[index].value
        relation = self.tokens[index - 2].value if self._statement.text_at(index - 1) == "." else ""
        if relation not in self._catalog_names:
            raise SqlError(redshift.UNDEFINED_COLUMN, f'column "{name}" does not exist')

    def _called(self, token: Token, index: int, before: Token | None) -> Replacement | None:
        name = token.value
        if name in _NOT_FUNCTIONS or self._is_qualified_target(index):
            return None
        if self._has_column_list(index, before):
            return None
        if before is not None and before.text == ".":
            self._check_qualified(name, index)
            return None
        if name in functions.RENAMED:
            return functions.RENAMED[name], index + 1
        if name in functions.REWRITTEN:
            return self._rewritten(token, index)
        if name in FACT_FUNCTIONS or name == "version":
            return self._fact(name), self.closing[index + 1] + 1
        self._check_known(name)
        if name in catalog.OVERLAID_FUNCTIONS:
            return f"{redshift.LIBRARY_SCHEMA}.{name}", index + 1
        return None

    def _fact(self, name: str) -> str:
        """A literal that names its column after the function."""
        value = f"'{redshift.VERSION}'" if name == "version" else getattr(self._facts, name)
        return f"(SELECT {value} AS {name})"

    def _rewritten(self, token: Token, index: int) -> Replacement:
        arguments = self._statement.arguments(index + 1)
        call = functions.Call(self, token, arguments, self.closing[index + 1] + 1)
        text = functions.REWRITTEN[token.value](call)
        return text, call.end

    def _check_known(self, name: str) -> None:
        if name in functions.SAME or self._lenient:
            return
        if name in functions.NOT_YET:
            raise not_supported(f"function {name}()")
        if name not in functions.LEADER_ONLY:
            raise functions.undefined_function(name)
        self._check_leader(name)

    def _check_leader(self, name: str) -> None:
        if self._uses_tables:
            detail = f'Function "{name}()" not supported.'
            raise SqlError(FEATURE_NOT_SUPPORTED, LEADER_ONLY, detail=detail)

    def _check_qualified(self, name: str, index: int) -> None:
        schema = self.tokens[index - 2].value if index > 1 else ""
        if schema != "pg_catalog":
            raise functions.undefined_function(f"{schema}.{name}")
        self._check_known(name)

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
        return self._fact("version"), self.closing[index + 3] + 1

    def _is_qualified_target(self, index: int) -> bool:
        """Whether `schema.name (` follows INTO."""
        while self._statement.text_at(index - 1) == ".":
            index -= 2
        return index > 0 and self.tokens[index - 1].is_word("into")

    def _has_column_list(self, index: int, before: Token | None) -> bool:
        """Whether `name (` is a table, an alias or a WITH query followed by its columns."""
        if before is None or before.is_word(*_BEFORE_COLUMN_LISTS):
            return True
        if before.is_name or before.text == ")":
            starts_expression = before.kind is TokenKind.WORD and (
                before.value in redshift.RESERVED_WORDS or before.value in _BEFORE_EXPRESSIONS
            )
            return not starts_expression
        closed = self.closing[index + 1]
        is_as = self._statement.text_at(closed + 1).lower() == "as"
        return before.text == "," and is_as and self._statement.text_at(closed + 2) == "("

    def _type(self, index: int) -> Replacement:
        cursor = TokenCursor(self.tokens, index)
        found = parse_type(cursor, catalog=not self._uses_tables)
        first, last = self.tokens[index], self.tokens[cursor.position - 1]
        spelled = self._statement.sql[first.start : last.end]
        has_max = any(token.is_word("max") for token in self.tokens[index : cursor.position])
        is_respelled = first.value in _RESPELLED_TYPES or has_max
        return found.postgres if is_respelled else spelled, cursor.position

    def _cast(self, index: int) -> Replacement | None:
        """Notes where the type of CAST(x AS type) begins."""
        if self._statement.text_at(index + 1) != "(":
            return None
        inside = index + 2
        while inside < self.closing[index + 1]:
            if self.tokens[inside].is_word("as"):
                self._types_at.add(inside + 1)
            inside = self.closing.get(inside, inside) + 1
        return None

    def _select(self, index: int) -> Replacement | None:
        """SELECT TOP n becomes LIMIT n at the end of the same query."""
        top = index + 1
        if top < len(self.tokens) and self.tokens[top].is_word("all", "distinct"):
            top += 1
        if top + 1 >= len(self.tokens) or not self.tokens[top].is_word("top"):
            return None
        number = self.tokens[top + 1]
        if number.kind is not TokenKind.NUMBER:
            raise not_supported("TOP with anything but a number")
        last = top
        while last < len(self.tokens) and self.tokens[last].text != ")":
            if self.tokens[last].is_word(*_SET_OPERATORS):
                raise not_supported(f"TOP together with {self.tokens[last].text.upper()}")
            last = self.closing.get(last, last) + 1
        self._limits[last - 1] = f" LIMIT {number.text}"
        kept = self._statement.sql[self.tokens[index].start : self.tokens[top].start]
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
        if self._statement.text_at(index + 1).lower() != "count":
            raise not_supported("APPROXIMATE with anything but COUNT")
        return "count", index + 2

    def _respect(self, index: int) -> Replacement | None:
        is_clause = self._statement.text_at(index + 1).lower() == "nulls"
        return ("", index + 2) if is_clause else None

    def _where(self, index: int) -> Replacement | None:
        """WHERE 1, as queries of the catalogue have it: the leader takes a number for a truth."""
        after = self._statement.text_at(index + 2).lower()
        is_alone = after in ("", "and", ")", ";") or after in _SET_OPERATORS
        if not (self._lenient and is_alone and self._statement.text_at(index + 1) == "1"):
            return None
        return "WHERE true", index + 2

    def _leader_keyword(self, index: int) -> None:
        self._check_leader(self.tokens[index].value)


_KEYWORDS: dict[str, Callable[[Rewriter, int], Replacement | None]] = {
    "approximate": Rewriter._approximate,
    "cast": Rewriter._cast,
    "current_user_id": Rewriter._current_user_id,
    "group": Rewriter._group,
    "minus": Rewriter._minus,
    "pg_catalog": Rewriter._pg_catalog,
    "respect": Rewriter._respect,
    "select": Rewriter._select,
    "sysdate": Rewriter._sysdate,
    "where": Rewriter._where,
    **dict.fromkeys(_LEADER_KEYWORDS, Rewriter._leader_keyword),
}


def _resolved(statement: Statement) -> Edits:
    """The aliases of a query of the catalogue; one that is too much for us is left as it is."""
    try:
        return aliases.resolve(statement)
    except SqlError:
        return Edits()


def _drop_idle_order(statement: Statement, edits: Edits) -> None:
    """Leave out the ORDER BY of INSERT .. SELECT DISTINCT: it orders nothing and may be refused."""
    if not statement.tokens[0].is_word("insert"):
        return
    for select in selects.find(statement):
        order = select.clauses.get("order by")
        is_last = select.end >= len(statement.tokens) - 1
        limits = {"limit", "offset"} & set(select.clauses)
        if order and is_last and select.is_distinct and not (limits or select.in_set_operation):
            edits.dropped[order[0] - 2] = order[1]


def _folded_name(token: Token) -> str:
    return '"' + token.value.replace('"', '""') + '"'


def _string(token: Token, index: int) -> Replacement | None:
    """Backslashes escape in every string of Redshift's, in PostgreSQL only in E'..'."""
    if "\\" not in token.text or token.text[0] not in "'nN":
        return None
    return "E" + token.text.lstrip("nN"), index + 1


def folded(statement: Statement, low: int = 0) -> str:
    """The tokens from `low` on, with nothing changed but quoted names and strings."""
    pieces, position = [], statement.tokens[low].start
    for index, token in enumerate(statement.tokens[low:], low):
        replacement = None
        if token.kind is TokenKind.STRING:
            replacement = _string(token, index)
        elif token.kind is TokenKind.QUOTED:
            replacement = _folded_name(token), index + 1
        if replacement is not None:
            pieces += [statement.sql[position : token.start], replacement[0]]
            position = token.end
    return "".join([*pieces, statement.sql[position:]])


def rewrite(statement: Statement, facts: Facts, low: int = 0, high: int | None = None) -> str:
    """A whole query, or its tokens [low, high), checked for refused constructs and rewritten."""
    relations = Relations(statement)
    if not relations.only_catalog:
        refusals.check(statement)
    high = len(statement.tokens) if high is None else high
    if low >= high:
        raise syntax_error(None)
    return Rewriter(statement, facts, relations).render(low, high)
