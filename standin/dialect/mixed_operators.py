"""Operators between text and numbers or moments: Redshift converts where PostgreSQL objects.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html ("type compatibility and
conversion"). The functions are SQL, so that PostgreSQL inlines them and can still join by hashing.
"""

from __future__ import annotations

from collections.abc import Iterator

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_COMPARISONS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}

# The other operand's type -> the type that the text is read as, and the result's type. Whole
# numbers stay whole: ts/1000 cuts the milliseconds off, whether ts is a BIGINT or a VARCHAR.
_NUMBERS = {
    "smallint": "bigint",
    "integer": "bigint",
    "bigint": "bigint",
    "numeric": "numeric",
    "real": "double precision",
    "double precision": "double precision",
}
_WITHOUT_MODULO = frozenset({"real", "double precision"})
# Compared as text.
_MOMENTS = ("date", "timestamp")


def definitions() -> Iterator[str]:
    """The statements that create the operators and their functions."""
    for number, common in _NUMBERS.items():
        for symbol, name in _ARITHMETIC.items():
            if symbol != "%" or number not in _WITHOUT_MODULO:
                yield from _pair(symbol, name, number, common, common)
        for symbol, name in _COMPARISONS.items():
            yield from _pair(symbol, name, number, common, "boolean")
    for moment in _MOMENTS:
        for symbol, name in _COMPARISONS.items():
            yield from _pair(symbol, name, moment, "text", "boolean")


def _pair(symbol: str, name: str, other: str, common: str, result: str) -> Iterator[str]:
    yield from _operator(symbol, name, ("text", other), common, result)
    yield from _operator(symbol, name, (other, "text"), common, result)


def _operator(
    symbol: str, name: str, operands: tuple[str, str], common: str, result: str
) -> Iterator[str]:
    left, right = operands
    function = f"pg_catalog.mixed_{name}"
    volatility = "STABLE" if common == "text" else "IMMUTABLE"
    yield (
        f"CREATE OR REPLACE FUNCTION {function}({left}, {right}) RETURNS {result} LANGUAGE sql"
        f" {volatility} PARALLEL SAFE AS $$ SELECT $1::{common} {symbol} $2::{common} $$"
    )
    yield (
        f"DO $$ BEGIN IF to_regoperator('pg_catalog.{symbol}({left},{right})') IS NULL THEN"
        f" CREATE OPERATOR pg_catalog.{symbol} (LEFTARG = {left}, RIGHTARG = {right},"
        f" FUNCTION = {function}); END IF; END $$"
    )
