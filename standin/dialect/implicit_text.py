"""Numbers and moments where text is expected: Redshift makes text of them, PostgreSQL objects.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html ("implicit conversion
types"). The functions are SQL, so that PostgreSQL inlines them.
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

TYPES = (
    "smallint", "integer", "bigint", "numeric", "real", "double precision",
    "date", "timestamp", "timestamptz",
)  # fmt: skip

# Function -> the types of its arguments; `*` is the one that becomes text.
_FUNCTIONS = {
    "btrim": ("*", "* text"),
    "char_length": ("*",),
    "character_length": ("*",),
    "charindex": ("text *",),
    "initcap": ("*",),
    "left": ("* integer",),
    "length": ("*",),
    "lower": ("*",),
    "lpad": ("* integer", "* integer text"),
    "ltrim": ("*", "* text"),
    "md5": ("*",),
    "octet_length": ("*",),
    "position": ("* text",),
    "repeat": ("* integer",),
    "replace": ("* text text",),
    "reverse": ("*",),
    "right": ("* integer",),
    "rpad": ("* integer", "* integer text"),
    "rtrim": ("*", "* text"),
    "split_part": ("* text integer",),
    "strpos": ("* text",),
    "substring": ("* integer", "* integer integer"),
    "translate": ("* text text",),
    "upper": ("*",),
}
_COUNTING = {
    "char_length", "character_length", "charindex", "length", "octet_length", "position", "strpos",
}  # fmt: skip
# What replaces a function of PostgreSQL's (text_functions.py).
_OURS = {"split_part"}
# LIKE, NOT LIKE, ILIKE, NOT ILIKE and the regular expressions.
_OPERATORS = {
    "~~": "like", "!~~": "not_like", "~~*": "ilike", "!~~*": "not_ilike",
    "~": "match", "!~": "not_match", "~*": "imatch", "!~*": "not_imatch",
}  # fmt: skip

# PostgreSQL's || wants text on one side at least; its concat() takes whatever comes.
_CONCATENATED = (
    'CREATE OR REPLACE FUNCTION pg_catalog.text_concatenated({0}, "any") RETURNS text'
    " LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'text_concat'",
    "DO $$ BEGIN IF to_regoperator('pg_catalog.||({0},\"any\")') IS NULL THEN"
    ' CREATE OPERATOR pg_catalog.|| (LEFTARG = {0}, RIGHTARG = "any",'
    " FUNCTION = pg_catalog.text_concatenated); END IF; END $$",
)


def definitions() -> Iterator[str]:
    """The statements that create the functions and operators."""
    for converted in TYPES:
        for name, signatures in _FUNCTIONS.items():
            for signature in signatures:
                yield _function(name, signature.split(), converted)
        for symbol, name in _OPERATORS.items():
            yield from _operator(symbol, f"pg_catalog.text_{name}", converted)
        for statement in _CONCATENATED:
            yield statement.format(converted)


def _function(name: str, signature: list[str], converted: str) -> str:
    arguments = ", ".join(converted if part == "*" else part for part in signature)
    values = ", ".join(
        f"${number}::text" if part == "*" else f"${number}"
        for number, part in enumerate(signature, 1)
    )
    result = "integer" if name in _COUNTING else "text"
    schema = SCHEMA if name in _OURS else "pg_catalog"
    return _sql(f'{schema}."{name}"({arguments})', result, f'{schema}."{name}"({values})')


def _operator(symbol: str, function: str, converted: str) -> Iterator[str]:
    yield _sql(f"{function}({converted}, text)", "boolean", f"$1::text {symbol} $2")
    yield (
        f"DO $$ BEGIN IF to_regoperator('pg_catalog.{symbol}({converted},text)') IS NULL THEN"
        f" CREATE OPERATOR pg_catalog.{symbol} (LEFTARG = {converted}, RIGHTARG = text,"
        f" FUNCTION = {function}); END IF; END $$"
    )


def _sql(signature: str, result: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS {result} LANGUAGE sql STABLE"
        f" PARALLEL SAFE AS $$ SELECT {body} $$"
    )
