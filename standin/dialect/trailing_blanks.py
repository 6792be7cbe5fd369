"""Comparisons that take no notice of trailing blanks, of VARCHAR as of CHAR.

https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html. PostgreSQL compares VARCHAR
as TEXT, blanks and all, and CHAR without. Here VARCHAR gets the functions behind the latter, as
operators and as operator classes, by which it joins, groups and sorts. Two TEXTs, which only
functions and constants are, PostgreSQL goes on comparing itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

_TYPES = ("varchar", "bpchar", "text")
_BY_POSTGRES = (("bpchar", "bpchar"), ("text", "text"))
_PAIRS = tuple(pair for pair in product(_TYPES, repeat=2) if pair not in _BY_POSTGRES)
# Operator -> PostgreSQL's function of CHAR, the mirrored operator, the opposite one, and the
# estimate of how many rows it lets pass.
_OPERATORS = {
    "<": ("bpcharlt", ">", ">=", "scalarltsel", "scalarltjoinsel"),
    "<=": ("bpcharle", ">=", ">", "scalarlesel", "scalarlejoinsel"),
    "=": ("bpchareq", "=", "<>", "eqsel", "eqjoinsel"),
    ">=": ("bpcharge", "<=", "<", "scalargesel", "scalargejoinsel"),
    ">": ("bpchargt", "<", "<=", "scalargtsel", "scalargtjoinsel"),
    "<>": ("bpcharne", "<>", "=", "neqsel", "neqjoinsel"),
}
# In the order of their numbers in an operator class.
_ORDERED = ("<", "<=", "=", ">=", ">")
# Hashing wants to know how two TEXTs are equal; no statement of a client's can name this operator.
_TEXTS_EQUAL = "pg_catalog.=#"
_FAMILY = "pg_catalog.blank_padded_ops"
_BRIN_SUPPORT = (
    "opcinfo(internal)",
    "add_value(internal, internal, internal, internal)",
    "consistent(internal, internal, internal)",
    "union(internal, internal, internal)",
)


def definitions() -> Iterator[str]:
    """The statements that create the functions, operators and operator classes.

    The names of the catalogue are compared with VARCHAR as they were: PostgreSQL would not know
    which of its operators and ours to take.
    """
    for left, right in _PAIRS:
        for symbol, (function, *_) in _OPERATORS.items():
            yield _internal(f"{function}({left}, {right})", "boolean", function)
            use = ", MERGES" if (left, right) == ("varchar", "varchar") else ""
            yield _operator(symbol, left, right, f", HASHES{use}" if symbol == "=" else "")
        yield _internal(f"bpcharcmp({left}, {right})", "integer", "bpcharcmp")
    yield _internal("bpcharcmp(text, text)", "integer", "bpcharcmp")
    for left, right in (("name", "varchar"), ("varchar", "name")):
        for symbol, (function, *_) in _OPERATORS.items():
            yield (
                f"CREATE OR REPLACE FUNCTION pg_catalog.{function}({left}, {right})"
                " RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE"
                f" AS $$ SELECT $1::text {symbol} $2::text $$"
            )
            yield _operator(symbol, left, right)
    yield _internal("bpchareq(text, text)", "boolean", "bpchareq")
    yield _once(
        f"SELECT WHERE to_regoperator('{_TEXTS_EQUAL}(text,text)') IS NOT NULL",
        f"CREATE OPERATOR {_TEXTS_EQUAL} (LEFTARG = text, RIGHTARG = text, FUNCTION ="
        f" pg_catalog.bpchareq, COMMUTATOR = OPERATOR({_TEXTS_EQUAL}), HASHES)",
    )
    for kind in ("varchar", "text"):
        yield _internal(f"hashbpchar({kind})", "integer", "hashbpchar")
        yield _internal(f"hashbpcharextended({kind}, bigint)", "bigint", "hashbpcharextended")
    yield _once("SELECT FROM pg_opfamily WHERE opfname = 'blank_padded_ops'", "; ".join(_classes()))


def _internal(signature: str, result: str, function: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION pg_catalog.{signature} RETURNS {result} LANGUAGE internal"
        f" IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS '{function}'"
    )


def _operator(symbol: str, left: str, right: str, use: str = "") -> str:
    function, mirrored, opposite, rows, joined = _OPERATORS[symbol]
    return _once(
        # Named as another's mirror before it is made, an operator has no function yet.
        f"SELECT FROM pg_operator WHERE oid = to_regoperator('pg_catalog.{symbol}({left},{right})')"
        " AND oprcode <> 0",
        f"CREATE OPERATOR pg_catalog.{symbol} (LEFTARG = {left}, RIGHTARG = {right},"
        f" FUNCTION = pg_catalog.{function}, COMMUTATOR = OPERATOR(pg_catalog.{mirrored}),"
        f" NEGATOR = OPERATOR(pg_catalog.{opposite}), RESTRICT = {rows}, JOIN = {joined}{use})",
    )


def _classes() -> Iterator[str]:
    comparisons = [
        f"OPERATOR {number} pg_catalog.{symbol} (varchar, varchar)"
        for number, symbol in enumerate(_ORDERED, 1)
    ]
    support = "FUNCTION 1 (varchar, varchar) pg_catalog.bpcharcmp(varchar, varchar)"
    fast = "FUNCTION 2 (varchar, varchar) bpchar_sortsupport(internal)"
    yield _class("btree", [*comparisons, support, fast])
    hashing = [
        "OPERATOR 1 pg_catalog.= (varchar, varchar)",
        "FUNCTION 1 (varchar, varchar) pg_catalog.hashbpchar(varchar)",
        "FUNCTION 2 (varchar, varchar) pg_catalog.hashbpcharextended(varchar, bigint)",
    ]
    yield _class("hash", hashing)
    across = [
        f"OPERATOR 1 pg_catalog.= ({left}, {right})"
        for left, right in _PAIRS
        if (left, right) != ("varchar", "varchar")
    ]
    yield (
        f"ALTER OPERATOR FAMILY {_FAMILY} USING hash ADD {', '.join(across)},"
        f" OPERATOR 1 {_TEXTS_EQUAL} (text, text), OPERATOR 1 pg_catalog.= (bpchar, bpchar),"
        " FUNCTION 1 (text, text) pg_catalog.hashbpchar(text),"
        " FUNCTION 2 (text, text) pg_catalog.hashbpcharextended(text, bigint),"
        " FUNCTION 1 (bpchar, bpchar) hashbpchar(bpchar),"
        " FUNCTION 2 (bpchar, bpchar) hashbpcharextended(bpchar, bigint)"
    )
    functions = [
        f"FUNCTION {number} (varchar, varchar) brin_minmax_{signature}"
        for number, signature in enumerate(_BRIN_SUPPORT, 1)
    ]
    yield _class("brin", [*comparisons, *functions])


def _class(method: str, members: list[str]) -> str:
    return (
        f"CREATE OPERATOR FAMILY {_FAMILY} USING {method};"
        f" CREATE OPERATOR CLASS {_FAMILY} DEFAULT FOR TYPE varchar USING {method}"
        f" FAMILY {_FAMILY} AS {', '.join(members)}"
    )


def _once(found: str, statement: str) -> str:
    return f"DO $$ BEGIN IF NOT EXISTS ({found}) THEN {statement}; END IF; END $$"
