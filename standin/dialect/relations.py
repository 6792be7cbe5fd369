"""Which tables a statement names: decides what the leader node alone could have answered."""

from __future__ import annotations

from standin.dialect import catalog
from standin.dialect.lexer import TokenKind
from standin.dialect.redshift import words
from standin.dialect.statement import Statement

_BEFORE_A_RELATION = frozenset({"from", "join", "into", "update", "using", "table"})
_END_OF_FROM = words(
    "where group order having limit union except intersect minus select set qualify offset"
)
_BEFORE_JOIN_TREES = frozenset({"from", "join", "(", ","})
# FROM inside these calls separates arguments.
_CALLS_WITH_FROM = frozenset({"extract", "substring", "trim", "overlay"})
_SYNTAX = (TokenKind.WORD, TokenKind.OPERATOR)
_LONGEST_NAME = 5  # database . schema . table
_SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_internal"})


class Relations:
    """The tables and views that a statement reads or writes, common table expressions left out.

    `catalog` names the system catalogues, `user` everything else; `unqualified` those of both
    without a schema; `catalog_names` what the catalogues are called in the statement. `overlaid`
    has, by the index of the first token of a name, the view to read in its place and the index
    after the name.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._tokens = statement.tokens
        self.catalog: set[str] = set()
        self.user: set[str] = set()
        self.unqualified: set[str] = set()
        self.catalog_names: set[str] = set()
        self.overlaid: dict[int, tuple[str, int]] = {}
        self._scan()
        self.user -= self._common_table_expressions()
        self.unqualified -= self._common_table_expressions()

    @property
    def only_catalog(self) -> bool:
        """Whether the statement reads system catalogues and nothing else."""
        return bool(self.catalog) and not self.user

    def _scan(self) -> None:
        in_from, is_argument = False, False
        outer: list[tuple[bool, bool]] = []
        for index, token in enumerate(self._tokens):
            word = token.value if token.kind in _SYNTAX else ""
            if word == "(":
                before = self._tokens[index - 1].value if index else ""
                outer.append((in_from, is_argument))
                in_from = in_from and before in _BEFORE_JOIN_TREES
                is_argument = before in _CALLS_WITH_FROM
            elif word == ")":
                in_from, is_argument = outer.pop()
            elif word in _BEFORE_A_RELATION and not is_argument:
                in_from = in_from or word == "from"
                self._relation_at(index + 1)
            elif word in _END_OF_FROM:
                in_from, is_argument = False, False
            if in_from and word in ("(", ","):
                self._relation_at(index + 1)

    def _relation_at(self, index: int) -> None:
        names: list[str] = []
        start = index
        while index < len(self._tokens) and self._tokens[index].is_name:
            names.append(self._tokens[index].value)
            index += 1
            if index >= len(self._tokens) or self._tokens[index].text != ".":
                break
            index += 1
        is_call = index < len(self._tokens) and self._tokens[index].text == "("
        if not names or names == ["select"] or (is_call and not self._is_target(index)):
            return
        schema = names[-2] if len(names) > 1 else ""
        if not schema:
            self.unqualified.add(names[-1])
        in_catalog = schema in _SYSTEM_SCHEMAS if schema else _is_of_leader(names[-1])
        (self.catalog if in_catalog else self.user).add(names[-1])
        if in_catalog:
            self.catalog_names |= {names[-1], self._alias_at(index)}
        view = catalog.overlay(schema, names[-1])
        if view is not None:
            self.overlaid[start] = view, index

    def _alias_at(self, index: int) -> str:
        """The name behind [AS], though it may be the next keyword."""
        index += index < len(self._tokens) and self._tokens[index].is_word("as")
        return self._tokens[index].value if index < len(self._tokens) else ""

    def _is_target(self, open_parenthesis: int) -> bool:
        """Whether `name (` is a target with its columns and not a table function."""
        before = self._tokens[max(0, open_parenthesis - _LONGEST_NAME - 1) : open_parenthesis]
        return any(token.is_word("into", "table", "exists") for token in before)

    def _common_table_expressions(self) -> set[str]:
        names = set()
        for index, token in enumerate(self._tokens):
            if token.value == "as" and index and self._statement.text_at(index + 1) == "(":
                names.add(self._name_before(index))
        return names

    def _name_before(self, index: int) -> str:
        before = index - 1
        if before in self._statement.opening:
            before = self._statement.opening[before] - 1
        return self._tokens[before].value


def _is_of_leader(name: str) -> bool:
    return name.startswith("pg_") or name in catalog.LEADER_VIEWS
