"""Constructs of PostgreSQL that Redshift refuses, as patterns over tokens.

https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from standin.dialect import redshift, selects
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.statement import Statement
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, SqlError, not_supported

NOT_YET = "not yet"


class Refusal(NamedTuple):
    """Tokens in a row that are refused; a NAME matches any identifier.

    `message` None means a syntax error near the pattern's token number `near`; NOT_YET means
    that Redshift has the construct (`title`) and this stand-in not yet.
    """

    pattern: str
    message: str | None = None
    near: int = 0
    title: str = ""


_REFUSALS = (
    Refusal("on conflict do"),
    Refusal("on conflict ("),
    Refusal("on conflict on"),
    Refusal("returning"),
    Refusal("distinct on (", "SELECT DISTINCT ON is not supported"),
    Refusal("is distinct from", "IS DISTINCT FROM is not supported"),
    Refusal("is not distinct from", "IS NOT DISTINCT FROM is not supported"),
    Refusal("for update", "SELECT FOR UPDATE is not supported"),
    Refusal("for share", "SELECT FOR SHARE is not supported"),
    Refusal("for no key", "SELECT FOR NO KEY UPDATE is not supported"),
    Refusal("for key share", "SELECT FOR KEY SHARE is not supported"),
    Refusal(") filter (", near=2),
    Refusal("lateral"),
    Refusal("( values", near=1),
    Refusal("in ( values", near=2),
    Refusal("union values", near=1),
    Refusal("union all values", near=2),
    Refusal("except values", near=1),
    Refusal("intersect values", near=1),
    Refusal("from only NAME", near=1),
    Refusal("update only NAME", near=1),
    Refusal("array [", "array constructors are not supported"),
    Refusal("row (", "row constructors are not supported"),
    Refusal("as materialized", near=1),
    Refusal("as not materialized", near=1),
    Refusal("as ( insert", near=2),
    Refusal("as ( update", near=2),
    Refusal("as ( delete", near=2),
    Refusal("as ( merge", near=2),
    Refusal(") insert into", near=1),
    Refusal(") merge into", near=1),
    Refusal("with ordinality", near=1),
    Refusal("tablesample"),
    Refusal("window NAME as (", near=1),
    Refusal("over NAME", near=1),
    Refusal("overriding"),
    Refusal("set (", near=1),
    Refusal("current of", near=1),
    Refusal("operator (", near=1),
    Refusal("between symmetric", near=1),
    Refusal("between asymmetric", near=1),
    Refusal("fetch first", near=0),
    Refusal("fetch next", near=0),
    Refusal("is normalized", near=1),
    Refusal("is json", near=1),
    Refusal("like any (", near=1),
    Refusal("ilike any (", near=1),
    Refusal("array (", NOT_YET, title="the SUPER function ARRAY"),
    Refusal("collate", NOT_YET, title="COLLATE"),
    Refusal("connect by", NOT_YET, title="CONNECT BY"),
    Refusal("start with", NOT_YET, title="CONNECT BY"),
    Refusal("as of", NOT_YET, title="AS OF"),
)
_PATTERNS: dict[str, list[tuple[tuple[str, ...], Refusal]]] = {}
for _refusal in _REFUSALS:
    _words = tuple(_refusal.pattern.split())
    _PATTERNS.setdefault(_words[0], []).append((_words, _refusal))

_SYMBOLS = frozenset("+-*/<>=~!@#%^&|?")
_PUNCTUATION = frozenset("(),.")
_TRUTHS = ("true", "false", "unknown")

# https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
_FRAME_REQUIRED = redshift.words(
    """
    avg count max min sum stddev stddev_samp stddev_pop variance var_samp var_pop bool_and
    bool_or first_value last_value nth_value
    """
)
# Their windows have partitions only; those of the percentiles are not carried.
_PERCENTILES = ("percentile_cont", "percentile_disc")
_WITHOUT_ORDER = ("listagg", "median", "ratio_to_report")
FRAME_MISSING = "Aggregate window functions with an ORDER BY clause require a frame clause"


def check(statement: Statement) -> None:
    """Raise SqlError for the first refused construct."""
    tokens = statement.tokens
    for index, token in enumerate(tokens):
        for words, refusal in _PATTERNS.get(token.value, ()):
            if _matches(tokens, index, words):
                raise _error(refusal, tokens, index)
        if token.kind is TokenKind.OPERATOR:
            if token.text not in _PUNCTUATION:
                _check_operator(tokens, index)
        elif token.kind is TokenKind.STRING:
            _check_literal(tokens, index)
        elif token.kind is TokenKind.WORD and token.value in _CHECKS:
            _CHECKS[token.value](statement, index)
    if any(token.value in _TRUTHS for token in tokens):
        _check_truth_tests(statement)


def _check_recursive(statement: Statement, index: int) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_WITH_clause.html"""
    if statement.text_at(index + 2) != "(":
        raise SqlError(FEATURE_NOT_SUPPORTED, "WITH RECURSIVE requires a column list")


def _check_truth_tests(statement: Statement) -> None:
    """x IS TRUE stands in conditions only, not in a select list, save for its CASE.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Boolean_type.html
    """
    tokens = statement.tokens
    for select in selects.find(statement):
        for item in select.items:
            cases = 0
            for index in selects.outside_queries(statement, item.low, item.high):
                cases += tokens[index].is_word("case") - tokens[index].is_word("end")
                if not cases and tokens[index].is_word(*_TRUTHS) and index > item.low:
                    before = index - 1 - tokens[index - 1].is_word("not")
                    if tokens[before].is_word("is"):
                        raise SqlError(FEATURE_NOT_SUPPORTED, "Not implemented")


def _key(token: Token) -> str:
    return token.value if token.kind is TokenKind.WORD else token.text


def _matches(tokens: Sequence[Token], index: int, words: tuple[str, ...]) -> bool:
    if index + len(words) > len(tokens) or (index and tokens[index - 1].text == "."):
        return False
    return all(
        tokens[index + ahead].is_name if word == "NAME" else _key(tokens[index + ahead]) == word
        for ahead, word in enumerate(words)
    )


def _error(refusal: Refusal, tokens: Sequence[Token], index: int) -> SqlError:
    if refusal.message is None:
        return syntax_error(tokens[index + refusal.near])
    if refusal.message == NOT_YET:
        return not_supported(refusal.title)
    return SqlError(FEATURE_NOT_SUPPORTED, refusal.message)


def _check_operator(tokens: Sequence[Token], index: int) -> None:
    token = tokens[index]
    if token.text == "[":
        raise not_supported("a subscript")
    if token.text not in redshift.OPERATORS:
        raise SqlError(SYNTAX_ERROR, f'syntax error at or near "{token.text}"')
    if index + 1 == len(tokens) or token.text[0] not in _SYMBOLS:
        return
    after = tokens[index + 1]
    is_joined = after.start == token.end and after.text[0] in _SYMBOLS
    # A sign may follow an operator directly, as in a=-1; PostgreSQL would read =@ as one.
    if is_joined and after.text not in ("+", "-", "~"):
        raise SqlError(
            redshift.UNDEFINED_FUNCTION, f"operator does not exist: {token.text}{after.text}"
        )


def _check_quantifier(statement: Statement, index: int) -> None:
    """ANY (array) exists in PostgreSQL only."""
    tokens = statement.tokens
    opened = index + 1 < len(tokens) and tokens[index + 1].text == "("
    if not opened or index + 2 >= len(tokens):
        return
    before = tokens[index - 1] if index else None
    if before is not None and before.kind is TokenKind.OPERATOR:
        follows_comparison = before.text not in ("(", ",", ")", ".")
        if follows_comparison and not tokens[index + 2].is_word("select", "with"):
            raise SqlError(FEATURE_NOT_SUPPORTED, f"{tokens[index].text} (array) is not supported")


def _check_literal(tokens: Sequence[Token], index: int) -> None:
    token = tokens[index]
    if token.text[0] in "bBxX" and token.text[1] == "'":
        raise SqlError(FEATURE_NOT_SUPPORTED, "bit strings are not supported")
    before = tokens[index - 1] if index else None
    if before is None or before.kind is not TokenKind.WORD:
        return
    if before.value in redshift.TYPES_UNKNOWN or before.value in redshift.TYPES_REFUSED:
        raise SqlError(redshift.UNDEFINED_OBJECT, f'type "{before.value}" does not exist')


def _check_window(statement: Statement, index: int) -> None:
    if index + 1 not in statement.closing:
        return
    tokens = statement.tokens
    function = _function_before(statement, index)
    if function in _PERCENTILES:
        raise not_supported(f"{function.upper()} with OVER")
    low, high = index + 2, statement.closing[index + 1]
    first = tokens[low]
    if first.is_name and not first.is_word("partition", "order", "rows", "range", "groups"):
        raise syntax_error(first)
    ordered = framed = False
    depth = 0
    for token in tokens[low:high]:
        depth += (token.text == "(") - (token.text == ")")
        if depth:
            continue
        if token.is_word("range", "groups", "exclude"):
            raise _frame_refused(token)
        if function in _WITHOUT_ORDER and token.is_word("order", "rows"):
            raise syntax_error(token)
        ordered = ordered or token.is_word("order")
        framed = framed or token.is_word("rows")
    if ordered and not framed and function in _FRAME_REQUIRED:
        raise SqlError(FEATURE_NOT_SUPPORTED, FRAME_MISSING)


def _frame_refused(token: Token) -> SqlError:
    clause = token.value.upper()
    return SqlError(FEATURE_NOT_SUPPORTED, f"{clause} in a window frame is not supported")


def _function_before(statement: Statement, index: int) -> str:
    """The function that OVER at `index` belongs to.

    RESPECT NULLS may stand between, and WITHIN GROUP (..).
    """
    close = index - 1
    while close > 0 and statement.tokens[close].is_word("nulls", "respect"):
        close -= 1
    opened = statement.opening.get(close, 0)
    name = statement.tokens[opened - 1].value if opened else ""
    if name == "group" and statement.tokens[opened - 2].is_word("within"):
        return _function_before(statement, opened - 2)
    return name


def _check_timestamp(statement: Statement, index: int) -> None:
    """Reserved, it begins a literal and cannot be referred to; after AS and a dot it is a name.

    https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
    """
    before, after = statement.text_at(index - 1), statement.tokens[index + 1 : index + 2]
    is_literal = bool(after) and (
        after[0].kind is TokenKind.STRING or after[0].is_word("with", "without")
    )
    if is_literal or before in ("", ".", "::") or statement.tokens[0].is_word("prepare"):
        return
    if _is_assigned(statement, index):
        raise syntax_error(statement.tokens[index])
    follows = statement.tokens[index - 1]
    is_name = follows.is_word("as") or selects.ends_expression(follows)
    if not (is_name or selects.is_date_part(statement, index)):
        raise syntax_error(after[0] if after else None)


def _is_assigned(statement: Statement, index: int) -> bool:
    """Whether the token stands among the columns of INSERT, or first in those of UPDATE."""
    before = statement.tokens[:index]
    is_listed = before[0].is_word("insert") and not any(
        token.is_word("select", "values", "with") for token in before
    )
    return is_listed or before[-1].is_word("set")


_CHECKS: dict[str, Callable[[Statement, int], None]] = {
    "over": _check_window,
    "recursive": _check_recursive,
    "timestamp": _check_timestamp,
    **dict.fromkeys(("any", "all", "some"), _check_quantifier),
}
