"""The lexer: token kinds, values and spans by Redshift's rules, and statement splitting."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standin.dialect.lexer import TokenKind, split, tokenize
from standin.sqlerror import SqlError

KINDS = {
    "word": ("Select", TokenKind.WORD, "select"),
    "word with a dollar": ("a$1", TokenKind.WORD, "a$1"),
    "word beyond ASCII": ("Größe", TokenKind.WORD, "größe"),
    "quoted identifier is folded": ('"First""Name"', TokenKind.QUOTED, 'first"name'),
    "temporary table": ("#Stage_1", TokenKind.QUOTED, "#stage_1"),
    "string": ("'it''s'", TokenKind.STRING, "it's"),
    "string with a backslash": (r"'a\'b'", TokenKind.STRING, "a'b"),
    "string with controls": (r"'a\n\t\\'", TokenKind.STRING, "a\n\t\\"),
    "string with codes": (r"'\101\x42'", TokenKind.STRING, "AB"),
    "escape string": (r"E'\n'", TokenKind.STRING, "\n"),
    "dollar-quoted string": ("$$x;'y$$", TokenKind.STRING, "x;'y"),
    "tagged dollar quotes": ("$f$ $$ $f$", TokenKind.STRING, " $$ "),
    "integer": ("42", TokenKind.NUMBER, "42"),
    "decimal": ("1.5e-3", TokenKind.NUMBER, "1.5e-3"),
    "decimal without a whole part": (".5", TokenKind.NUMBER, ".5"),
    "parameter": ("$1", TokenKind.PARAMETER, "$1"),
    "cast": ("::", TokenKind.OPERATOR, "::"),
    "concatenation": ("||", TokenKind.OPERATOR, "||"),
    "regular expression": ("!~*", TokenKind.OPERATOR, "!~*"),
}


@pytest.mark.parametrize(("text", "kind", "value"), KINDS.values(), ids=KINDS)
def test_a_token_has_its_kind_and_value(text: str, kind: TokenKind, value: str) -> None:
    (token,) = tokenize(text)
    assert (token.kind, token.text, token.value) == (kind, text, value)


def test_comments_and_white_space_are_dropped() -> None:
    sql = "a -- b\n /* c /* d */ e */\tf"
    assert [(token.text, token.start) for token in tokenize(sql)] == [("a", 0), ("f", 26)]


def test_a_minus_before_a_number_is_an_operator() -> None:
    assert [token.text for token in tokenize("a=-1")] == ["a", "=", "-", "1"]


SIGNS = {
    "after a keyword": ("FROM #a", [TokenKind.WORD, TokenKind.QUOTED]),
    "after a comma": (", #a", [TokenKind.OPERATOR, TokenKind.QUOTED]),
    "after a name": ("b #a", [TokenKind.WORD, TokenKind.OPERATOR, TokenKind.WORD]),
    "after a number": ("1 #a", [TokenKind.NUMBER, TokenKind.OPERATOR, TokenKind.WORD]),
    "after a parenthesis": (") #a", [TokenKind.OPERATOR, TokenKind.OPERATOR, TokenKind.WORD]),
    "before a number": ("FROM #1", [TokenKind.WORD, TokenKind.OPERATOR, TokenKind.NUMBER]),
}


@pytest.mark.parametrize(("sql", "kinds"), SIGNS.values(), ids=SIGNS)
def test_a_sign_is_an_operator_behind_operands_only(sql: str, kinds: list[TokenKind]) -> None:
    assert [token.kind for token in tokenize(sql)] == kinds


LONG = 50_000
LONG_TOKENS = {
    "string": ("'" + "x" * LONG + "'", "x" * LONG),
    "string of doubled quotes": ("'" + "''" * LONG + "'", "'" * LONG),
    "string of escapes": ("'" + r"\n" * LONG + "'", "\n" * LONG),
    "identifier": ('"' + "x" * LONG + '"', "x" * LONG),
    "identifier of doubled quotes": ('"' + '""' * LONG + '"', '"' * LONG),
}


@pytest.mark.parametrize(("text", "value"), LONG_TOKENS.values(), ids=LONG_TOKENS)
def test_a_long_token_takes_the_memory_of_its_text(text: str, value: str) -> None:
    tracemalloc.start()
    try:
        (token,) = tokenize(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert token.value == value
    # the text, its value, and what they are made of
    assert peak < 25 * LONG


UNENDED = {
    "string": ("SELECT 'a", 'unterminated quoted string at or near "\'a"'),
    "string that only seems to end": (
        r"SELECT 'a''b\'",
        "unterminated quoted string at or near \"'a''b\\'\"",
    ),
    "long string": (
        "SELECT '" + "x''" * LONG,
        "unterminated quoted string at or near \"'" + "x''" * LONG + '"',
    ),
    "escape string": ("SELECT E'a", 'unterminated quoted string at or near "E\'a"'),
    "identifier": ('SELECT "a', 'unterminated quoted identifier at or near ""a"'),
    "comment": ("/* a", 'unterminated /* comment at or near "/* a"'),
    "dollar quotes": ("$$ a", 'unterminated dollar-quoted string at or near "$$ a"'),
}


@pytest.mark.parametrize(("sql", "message"), UNENDED.values(), ids=UNENDED)
def test_what_does_not_end_is_a_syntax_error(sql: str, message: str) -> None:
    with pytest.raises(SqlError) as error:
        tokenize(sql)
    assert (error.value.sqlstate, error.value.message) == ("42601", message)


def test_unicode_strings_are_refused() -> None:
    with pytest.raises(SqlError, match="U& string"):
        tokenize(r"U&'\0041'")


SPLITS = {
    "nothing": ("", []),
    "only comments and semicolons": (" ;; -- a\n; ", []),
    "one without a semicolon": (" SELECT 1 ", ["SELECT 1"]),
    "one with a semicolon": ("SELECT 1;", ["SELECT 1"]),
    "two": ("SELECT 1;\n SELECT 2 -- b", ["SELECT 1", "SELECT 2"]),
    "semicolons inside": (
        "SELECT ';', \";\" /* ; */, $$;$$; b",
        ["SELECT ';', \";\" /* ; */, $$;$$", "b"],
    ),
}


@pytest.mark.parametrize(("sql", "statements"), SPLITS.values(), ids=SPLITS)
def test_split(sql: str, statements: list[str]) -> None:
    assert [text for text, _ in split(sql)] == statements


def test_positions_count_from_the_statement() -> None:
    text, tokens = split("SELECT 1; SELECT abc")[1]
    assert text[tokens[1].start : tokens[1].end] == "abc"


PIECES = st.sampled_from(
    ["a", "B1", '"q"', "'s'", r"'\''", "1", "2.5", "::", "(", ")", ",", ";", "$1", "$$d$$", "<="]
)


@given(st.lists(st.tuples(PIECES, st.sampled_from([" ", "\n", "/**/", "--\n"]))))
def test_tokens_are_the_text_between_the_gaps(pieces: list[tuple[str, str]]) -> None:
    sql = "".join(piece + gap for piece, gap in pieces)
    tokens = tokenize(sql)
    assert [token.text for token in tokens] == [piece for piece, _ in pieces]
    assert all(sql[token.start : token.end] == token.text for token in tokens)
