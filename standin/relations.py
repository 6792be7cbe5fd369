"""Which tables a statement names: decides what the leader node alone could have answered."""

from __future__ import annotations

from standin.dialect import words
from standin.statement import Statement

_BEFORE_A_RELATION = frozenset({"from", "join", "into", "update", "using", "table"})
_END_OF_FROM = words(
    "where group order having limit union except intersect minus select set qualify offset"
)
# FROM inside these calls separates arguments.
_CALLS_WITH_FROM = frozenset({"extract", "substring", "trim", "overlay"})
_LONGEST_NAME = 5  # database . schema . table
_SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_internal"})


class Relations:
    """The tables and views that a statement reads or writes, common table expressions left out.

    `catalog` names PostgreSQL's system catalogues, `user` everything else.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._tokens = statement.tokens
        self.catalog: set[str] = set()
        self.user: set[str] = set()
        self._scan()
        self.user -= self._common_table_expressions()

    @property
    def only_catalog(self) -> bool:
        """Whether the statement reads system catalogues and nothing else."""
        return bool(self.catalog) and not self.user

    def _scan(self) -> None:
        in_from = [False]
        for index, token in enumerate(self._tokens):
            if token.text == "(":
                in_from.append(in_from[-1] and self._tokens[index - 1].is_word("from", "join"))
            elif token.text == ")":
                in_from.pop()
            elif token.is_word(*_BEFORE_A_RELATION):
                if self._separates_arguments(index):
                    continue
                in_from[-1] = in_from[-1] or token.value == "from"
                self._relation_at(index + 1)
            elif token.is_word(*_END_OF_FROM):
                in_from[-1] = False
            if token.text in ("(", ",") and in_from[-1]:
                self._relation_at(index + 1)

    def _separates_arguments(self, index: int) -> bool:
        """Whether this FROM belongs to a call such as EXTRACT(hour FROM ts)."""
        depth = 0
        for before in range(index - 1, -1, -1):
            text = self._tokens[before].text
            depth += (text == ")") - (text == "(")
            if depth < 0:
                return before > 0 and self._tokens[before - 1].is_word(*_CALLS_WITH_FROM)
            if depth == 0 and self._tokens[before].is_word("select", "delete"):
                return False
        return False

    def _relation_at(self, index: int) -> None:
        names: list[str] = []
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
        in_catalog = schema in _SYSTEM_SCHEMAS if schema else names[-1].startswith("pg_")
        (self.catalog if in_catalog else self.user).add(names[-1])

    def _is_target(self, open_parenthesis: int) -> bool:
        """Whether `name (` is a target with its columns and not a table function."""
        before = self._tokens[max(0, open_parenthesis - _LONGEST_NAME - 1) : open_parenthesis]
        return any(token.is_word("into", "table", "exists") for token in before)

    def _common_table_expressions(self) -> set[str]:
        names = set()
        for index, token in enumerate(self._tokens):
            if token.is_word("as") and index and self._statement.text_at(index + 1) == "(":
                names.add(self._name_before(index))
        return names

    def _name_before(self, index: int) -> str:
        before = index - 1
        if before in self._statement.opening:
            before = self._statement.opening[before] - 1
        return self._tokens[before].value
