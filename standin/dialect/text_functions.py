"""Redshift's functions on text and JSON that PostgreSQL lacks, as PostgreSQL functions."""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# https://docs.aws.amazon.com/redshift/latest/dg/r_STRTOL.html
_STRTOL = """
CREATE OR REPLACE FUNCTION pg_catalog.strtol(digits text, base integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE total numeric := 0; sign integer := 1; digit integer; rest text := lower(trim(digits));
BEGIN
  IF left(rest, 1) IN ('-', '+') THEN
    sign := CASE left(rest, 1) WHEN '-' THEN -1 ELSE 1 END;
    rest := substr(rest, 2);
  END IF;
  IF base = 16 AND left(rest, 2) = '0x' THEN rest := substr(rest, 3); END IF;
  FOR i IN 1 .. length(rest) LOOP
    digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(rest, i, 1)) - 1;
    IF digit < 0 OR digit >= base THEN
      RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE =
        format('The input %s is not valid to be converted to base %s', digits, base);
    END IF;
    total := total * base + digit;
  END LOOP;
  RETURN sign * total;
END $$"""

# PostgreSQL 14 and later count negative positions from the end.
# https://docs.aws.amazon.com/redshift/latest/dg/SPLIT_PART.html
_SPLIT_PART = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.split_part(
  source text, delimiter text, place integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF place < 1 THEN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'field position must be greater than zero';
  END IF;
  RETURN pg_catalog.split_part(source, delimiter, place);
END $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/SHA2.html
_SHA2 = """
CREATE OR REPLACE FUNCTION pg_catalog.sha2(content text, bits integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT encode(CASE bits
    WHEN 224 THEN sha224(convert_to(content, 'UTF8'))
    WHEN 256 THEN sha256(convert_to(content, 'UTF8'))
    WHEN 0 THEN sha256(convert_to(content, 'UTF8'))
    WHEN 384 THEN sha384(convert_to(content, 'UTF8'))
    WHEN 512 THEN sha512(convert_to(content, 'UTF8')) END, 'hex') $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/crc32-function.html
_CRC32 = """
CREATE OR REPLACE FUNCTION pg_catalog.crc32(content text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lpad(to_hex(crc32(convert_to(content, 'UTF8'))), 8, '0') $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
_PARSED = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.parsed(content text, null_if_invalid boolean) RETURNS json
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF content IS JSON THEN RETURN content::json; END IF;
  IF null_if_invalid THEN RETURN NULL; END IF;
  RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'JSON parsing error';
END $$"""


def _json(signature: str, returns: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{signature} RETURNS {returns}"
        f" LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT {body} $$"
    )


_JSON_FUNCTIONS = (
    _json(
        "json_extract_path_text(text, boolean, VARIADIC text[])",
        "text",
        f"CASE WHEN {SCHEMA}.parsed($1, $2) IS NOT NULL THEN"
        " coalesce(json_extract_path_text($1::json, VARIADIC $3), '') END",
    ),
    # A negative index is out of range here, in PostgreSQL it counts from the end.
    _json(
        "json_extract_array_element_text(text, boolean, integer)",
        "text",
        f"CASE WHEN {SCHEMA}.parsed($1, $2) IS NOT NULL THEN"
        " CASE WHEN $3 < 0 THEN '' ELSE coalesce($1::json ->> $3, '') END END",
    ),
    _json(
        "json_array_length(text, boolean)",
        "integer",
        f"json_array_length({SCHEMA}.parsed($1, $2))",
    ),
)
# These take an optional last argument: TRUE makes NULL of what is no JSON.
JSON_WITH_OPTION = frozenset(
    {"json_array_length", "json_extract_array_element_text", "json_extract_path_text"}
)
_JSON_TESTS = (
    "CREATE OR REPLACE FUNCTION pg_catalog.is_valid_json(text) RETURNS boolean"
    " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT $1 IS JSON $$",
    "CREATE OR REPLACE FUNCTION pg_catalog.can_json_parse(text) RETURNS boolean"
    " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT $1 IS JSON $$",
    "CREATE OR REPLACE FUNCTION pg_catalog.is_valid_json_array(text) RETURNS boolean"
    " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT $1 IS JSON ARRAY $$",
)


# https://docs.aws.amazon.com/redshift/latest/dg/SOUNDEX.html: the first letter and three digits;
# equal digits in a row count once, H and W between them do not part them, vowels do.
_WITHOUT_REPEATS = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.without_repeats(digits text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT regexp_replace(digits, E'(.)\\\\1+', E'\\\\1', 'g') $$"""
_SOUNDEX = f"""
CREATE OR REPLACE FUNCTION pg_catalog.soundex(word text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN letters <> '' THEN
      rpad(left(letters, 1) || left(translate(substr({SCHEMA}.without_repeats(
          translate(letters, 'ABCDEFGIJKLMNOPQRSTUVXYZHW', '012301202245501262301202')), 2),
      '0', ''), 3), 4, '0') END
    FROM (SELECT regexp_replace(upper(word), '[^A-Z]', '', 'g') AS letters) AS cleaned $$"""
# https://docs.aws.amazon.com/redshift/latest/dg/DIFFERENCE.html: how many places agree
_DIFFERENCE = """
CREATE OR REPLACE FUNCTION pg_catalog.difference(a text, b text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT count(*)::integer FROM generate_series(1, 4) AS place
   WHERE substr(pg_catalog.soundex(a), place, 1) = substr(pg_catalog.soundex(b), place, 1) $$"""

# Of the parameters PostgreSQL has c and i; its expressions are near enough to Perl's, which p asks
# for; e asks for the first part of the pattern in parentheses, if there is one.
_FLAGS = "translate(parameters, 'ep', '')"
_SUBEXPRESSION = (
    "(parameters LIKE '%e%'"
    r" AND regexp_replace(pattern, E'\\\\.', '', 'g') ~ '[(](?![?])')::integer"
)
_SEARCH = "source text, pattern text, place integer DEFAULT 1, occurrence integer DEFAULT 1"


def _regexp(name: str, option: str, returns: str, beyond: str, never: str, body: str) -> str:
    """A search that begins with the first character at the earliest.

    `beyond` is its result for a place behind the last character, `never` that for an occurrence
    that no such text can have.
    """
    return (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{name}({_SEARCH}{option}, parameters text DEFAULT '')"
        f" RETURNS {returns} LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE"
        " WHEN num_nulls(source, pattern, place, occurrence, parameters) > 0 THEN NULL"
        f" WHEN place > length(source) THEN {beyond}"
        f" WHEN occurrence NOT BETWEEN 1 AND length(source) THEN {never} ELSE {body} END $$"
    )


_REGEXP_FUNCTIONS = (
    # https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_SUBSTR.html
    _regexp(
        "regexp_substr",
        "",
        "text",
        "''",
        "NULL",
        "coalesce(pg_catalog.regexp_substr(source, pattern, greatest(place, 1), occurrence,"
        f" {_FLAGS}, {_SUBEXPRESSION}), '')",
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_INSTR.html
    _regexp(
        "regexp_instr",
        ", option integer DEFAULT 0",
        "integer",
        "0",
        "0",
        "pg_catalog.regexp_instr(source, pattern, greatest(place, 1), occurrence,"
        f" (option <> 0)::integer, {_FLAGS}, {_SUBEXPRESSION})",
    ),
)


def definitions() -> Iterator[str]:
    """The statements that create the functions."""
    yield from (
        _STRTOL,
        _SPLIT_PART,
        _SHA2,
        _CRC32,
        _PARSED,
        _WITHOUT_REPEATS,
        _SOUNDEX,
        _DIFFERENCE,
    )
    yield from _JSON_FUNCTIONS
    yield from _JSON_TESTS
    yield from _REGEXP_FUNCTIONS
