"""Casts that Redshift refuses, or has and PostgreSQL does not: those of BOOLEAN.

PostgreSQL's catalogue of casts names a function for each pair of types; here it names ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# PostgreSQL's name -> Redshift's, whose TEXT is a VARCHAR.
_TEXTS = {
    "text": "character varying",
    "character varying": "character varying",
    "character": "character",
}
_WHOLE_NUMBERS = ("smallint", "bigint")


def definitions() -> Iterator[str]:
    """The statements that create the functions and enter them among the casts."""
    for text, told in _TEXTS.items():
        yield from _refused("boolean", text, f"boolean to {told}")
        yield from _refused(text, "boolean", f"{told} to boolean")
    # https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html
    for whole in _WHOLE_NUMBERS:
        yield from _cast("boolean", whole, "LANGUAGE sql IMMUTABLE", f"SELECT $1::integer::{whole}")
        yield from _cast(whole, "boolean", "LANGUAGE sql IMMUTABLE", "SELECT $1 <> 0")


def _refused(source: str, target: str, told: str) -> Iterator[str]:
    """A written cast fails, and there is no other."""
    message = f"cannot cast type {told}"
    yield from _cast(
        source,
        target,
        "LANGUAGE plpgsql STABLE",
        f"BEGIN RAISE EXCEPTION USING ERRCODE = 'cannot_coerce', MESSAGE = '{message}'; END",
    )


def _cast(source: str, target: str, kind: str, body: str) -> Iterator[str]:
    name = f"{SCHEMA}.{source}_to_{target}".replace(" ", "_")
    yield (
        f"CREATE OR REPLACE FUNCTION {name}({source}) RETURNS {target} {kind} PARALLEL SAFE"
        f" AS $$ {body} $$"
    )
    # Some are PostgreSQL's own, which DROP CAST would not take away.
    yield (
        f"DELETE FROM pg_cast WHERE castsource = '{source}'::regtype"
        f" AND casttarget = '{target}'::regtype"
    )
    yield f"CREATE CAST ({source} AS {target}) WITH FUNCTION {name}({source})"
