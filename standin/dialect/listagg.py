"""LISTAGG: values as text in a row, which are told apart and ordered by what they are.

https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# The longest VARCHAR, in bytes.
_LIMIT = 65535

_STEP = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.listagg_step(
  collected text, value anycompatible, delimiter text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE item text := nullif(value::text, '');
BEGIN
  IF item IS NULL THEN RETURN collected; END IF;
  item := coalesce(collected || coalesce(delimiter, ''), '') || item;
  IF octet_length(item) > {_LIMIT} THEN
    RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'Result size exceeds LISTAGG limit';
  END IF;
  RETURN item;
END $$"""
_AGGREGATE = (
    f"CREATE OR REPLACE AGGREGATE {SCHEMA}.listagg(anycompatible, text)"
    f" (SFUNC = {SCHEMA}.listagg_step, STYPE = text, PARALLEL = SAFE)"
)


def definitions() -> Iterator[str]:
    """The statements that create the aggregate and its function."""
    yield from (_STEP, _AGGREGATE)
