"""Names before a parenthesis: which are calls, which of them are allowed, what becomes of them."""

from __future__ import annotations

from standin.dialect import catalog, functions, redshift
from standin.dialect.facts import FACT_FUNCTIONS, Facts
from standin.dialect.function_call import Call, Renderer, undefined_function
from standin.dialect.lexer import Token, TokenKind
from standin.dialect.relations import Relations
from standin.dialect.statement import Statement
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

LEADER_ONLY = (
    "Specified types or functions (one per INFO message) not supported on Redshift tables."
)

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

Replacement = tuple[str, int]


class Calls:
    """The calls of one statement; `renderer` rewrites their arguments."""

    def __init__(
        self, statement: Statement, facts: Facts, relations: Relations, renderer: Renderer
    ) -> None:
        self._statement = statement
        self._tokens = statement.tokens
        self._facts = facts
        self._lenient = relations.only_catalog
        self._uses_tables = bool(relations.user)
        self._renderer = renderer

    def called(self, token: Token, index: int, before: Token | None) -> Replacement | None:
        """What stands for a name before a parenthesis, and where to go on; None for no change."""
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
            return self.fact(name), self._statement.closing[index + 1] + 1
        self._check_known(name)
        if name in catalog.OVERLAID_FUNCTIONS:
            return f"{redshift.LIBRARY_SCHEMA}.{name}", index + 1
        return None

    def fact(self, name: str) -> str:
        """A literal that names its column after the function."""
        value = f"'{redshift.VERSION}'" if name == "version" else getattr(self._facts, name)
        return f"(SELECT {value} AS {name})"

    def _rewritten(self, token: Token, index: int) -> Replacement:
        arguments = self._statement.arguments(index + 1)
        call = Call(self._renderer, token, arguments, self._statement.closing[index + 1] + 1)
        text = functions.REWRITTEN[token.value](call)
        return text, call.end

    def _check_known(self, name: str) -> None:
        if name in functions.SAME or self._lenient:
            return
        if name in functions.NOT_YET:
            raise not_supported(f"function {name}()")
        if name not in functions.LEADER_ONLY:
            raise undefined_function(name)
        self.check_leader(name)

    def check_leader(self, name: str) -> None:
        """Refuse, beside a table, what only the leader node has."""
        if self._uses_tables:
            detail = f'Function "{name}()" not supported.'
            raise SqlError(FEATURE_NOT_SUPPORTED, LEADER_ONLY, detail=detail)

    def _check_qualified(self, name: str, index: int) -> None:
        schema = self._tokens[index - 2].value if index > 1 else ""
        if schema != "pg_catalog":
            raise undefined_function(f"{schema}.{name}")
        self._check_known(name)

    def _is_qualified_target(self, index: int) -> bool:
        """Whether `schema.name (` follows INTO."""
        while self._statement.text_at(index - 1) == ".":
            index -= 2
        return index > 0 and self._tokens[index - 1].is_word("into")

    def _has_column_list(self, index: int, before: Token | None) -> bool:
        """Whether `name (` is a table, an alias or a WITH query followed by its columns."""
        if before is None or before.is_word(*_BEFORE_COLUMN_LISTS):
            return True
        if before.is_name or before.text == ")":
            starts_expression = before.kind is TokenKind.WORD and (
                before.value in redshift.RESERVED_WORDS or before.value in _BEFORE_EXPRESSIONS
            )
            return not starts_expression
        closed = self._statement.closing[index + 1]
        is_as = self._statement.text_at(closed + 1).lower() == "as"
        return before.text == "," and is_as and self._statement.text_at(closed + 2) == "("
