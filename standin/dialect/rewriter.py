"""Rewrites a query or an expression from Redshift's SQL to PostgreSQL's, span by span.

What needs no change stays byte-identical; what is unknown is refused.
"""

from __future__ import annotations

from standin.dialect import (
    aliases,
    exclusion,
    pivots,
    qualify,
    redshift,
    refusals,
    selects,
)
from standin.dialect.calls import Calls, Replacement
from standin.dialect.edits import Edits
from standin.dialect.facts import Facts
from standin.dialect.folding import escaped, quoted
from standin.dialect.keywords import Keywords
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.relations import Relations
from standin.dialect.sqltypes import parse_type
from standin.dialect.statement import Statement
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError, not_supported

# Spellings of types that mean something else to PostgreSQL, or nothing.
_RESPELLED_TYPES = frozenset(
    {"decimal", "dec", "numeric", "char", "character", "nchar", "nvarchar", "national"}
)


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
        self._calls = Calls(statement, facts, relations, self)
        self._lenient = relations.only_catalog
        self._keywords = Keywords(statement, self._calls, lenient=self._lenient)
        self._uses_tables = bool(relations.user)
        self._overlaid = relations.overlaid
        self._catalog_names = relations.catalog_names
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
            if after - 1 in self._edits.after or after - 1 in self._keywords.limits:
                pieces += (sql[position : tokens[after - 1].end], self._text_after(after - 1))
                position = tokens[after - 1].end
            index = after
        pieces.append(sql[position : tokens[high - 1].end])
        return "".join(pieces)

    def _text_after(self, index: int) -> str:
        texts = [edit(self.render) for edit in self._edits.after.get(index, ())]
        return "".join(filter(None, texts)) + self._keywords.limits.get(index, "")

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
                self._keywords.types_at.add(index + 1)
            return None
        if token.kind is TokenKind.STRING:
            text = escaped(token)
            return None if text is None else (text, index + 1)
        if token.kind is TokenKind.NUMBER:
            return self._number(token, index)
        if not token.is_name:
            return None
        if len(token.value) > 15 and len(token.value.encode()) > redshift.MAX_NAME_BYTES:
            raise not_supported(f"a name of more than {redshift.MAX_NAME_BYTES} bytes")
        if index in self._keywords.types_at and not self._lenient:
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
            called = self._calls.called(token, index, self.tokens[index - 1] if index else None)
        return called or (quoted(token.value), index + 1)

    def _word(self, token: Token, index: int) -> Replacement | None:
        before = self.tokens[index - 1] if index else None
        if token.value in redshift.SYSTEM_COLUMNS and self._uses_tables:
            self._check_system_column(index)
        follows_as = before is not None and before.is_word("as") and token.value != "select"
        is_label = follows_as or (before is not None and before.text == ".")
        if not is_label and token.value in self._keywords:
            return self._keywords.replacement(index)
        if self._statement.text_at(index + 1) == "(":
            return self._calls.called(token, index, before)
        return None

    def _check_system_column(self, index: int) -> None:
        """Only the catalogue's relations have any, and are named before it."""
        name = self.tokens[index].value
        relation = self.tokens[index - 2].value if self._statement.text_at(index - 1) == "." else ""
        if relation not in self._catalog_names:
            raise SqlError(redshift.UNDEFINED_COLUMN, f'column "{name}" does not exist')

    def _type(self, index: int) -> Replacement:
        cursor = TokenCursor(self.tokens, index)
        found = parse_type(cursor, catalog=not self._uses_tables)
        first, last = self.tokens[index], self.tokens[cursor.position - 1]
        spelled = self._statement.sql[first.start : last.end]
        has_max = any(token.is_word("max") for token in self.tokens[index : cursor.position])
        is_respelled = first.value in _RESPELLED_TYPES or has_max
        return found.postgres if is_respelled else spelled, cursor.position


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


def rewrite(statement: Statement, facts: Facts, low: int = 0, high: int | None = None) -> str:
    """A whole query, or its tokens [low, high), checked for refused constructs and rewritten."""
    relations = Relations(statement)
    if not relations.only_catalog:
        refusals.check(statement)
    high = len(statement.tokens) if high is None else high
    if low >= high:
        raise syntax_error(None)
    return Rewriter(statement, facts, relations).render(low, high)
