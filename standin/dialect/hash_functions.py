"""Redshift's hash functions that PostgreSQL lacks, as PostgreSQL functions.

Their arithmetic is modulo 2^32 and 2^64; a bigint holds any product of 32 bits and 31.
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

_HEADER = "LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$"

# FIPS 180-4. https://docs.aws.amazon.com/redshift/latest/dg/SHA1.html
_SHA1 = f"""
CREATE OR REPLACE FUNCTION pg_catalog.sha1(content text) RETURNS text
{_HEADER}
DECLARE
  mask CONSTANT bigint := 4294967295;
  data bytea := convert_to(content, 'UTF8');
  bits bigint := octet_length(data) * 8;
  state bigint[] := '{{1732584193,4023233417,2562383102,271733878,3285377520}}';
  word bigint[]; a bigint; b bigint; c bigint; d bigint; e bigint; mixed bigint;
BEGIN
  data := data || decode('80', 'hex');
  data := data || decode(repeat('00', (56 - octet_length(data)) & 63), 'hex') || int8send(bits);
  FOR block IN 0 .. octet_length(data) / 64 - 1 LOOP
    FOR i IN 0 .. 79 LOOP
      IF i < 16 THEN
        word[i] := 0;
        FOR k IN 0 .. 3 LOOP
          word[i] := (word[i] << 8) | get_byte(data, block * 64 + i * 4 + k);
        END LOOP;
      ELSE
        mixed := word[i - 3] # word[i - 8] # word[i - 14] # word[i - 16];
        word[i] := ((mixed << 1) | (mixed >> 31)) & mask;
      END IF;
    END LOOP;
    a := state[1]; b := state[2]; c := state[3]; d := state[4]; e := state[5];
    FOR i IN 0 .. 79 LOOP
      mixed := CASE i / 20 WHEN 0 THEN ((b & c) | (~b & mask & d)) + 1518500249
                           WHEN 1 THEN (b # c # d) + 1859775393
                           WHEN 2 THEN ((b & c) | (b & d) | (c & d)) + 2400959708
                           ELSE (b # c # d) + 3395469782 END;
      mixed := ((((a << 5) | (a >> 27)) & mask) + mixed + e + word[i]) & mask;
      e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := mixed;
    END LOOP;
    state := ARRAY[(state[1] + a) & mask, (state[2] + b) & mask, (state[3] + c) & mask,
                   (state[4] + d) & mask, (state[5] + e) & mask];
  END LOOP;
  RETURN (SELECT string_agg(lpad(to_hex(part), 8, '0'), '' ORDER BY place)
            FROM unnest(state) WITH ORDINALITY AS parts(part, place));
END $$"""

# The prime is 2^40 + 435; the hash is kept in halves of 32 bits.
# https://docs.aws.amazon.com/redshift/latest/dg/r_FNV_HASH.html
_FNV = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.fnv_hash(data bytea, seed bigint) RETURNS bigint
{_HEADER}
DECLARE
  mask CONSTANT bigint := 4294967295;
  low bigint := seed & mask; high bigint := (seed >> 32) & mask; product bigint;
BEGIN
  FOR i IN 0 .. octet_length(data) - 1 LOOP
    low := low # get_byte(data, i);
    product := low * 435;
    high := (high * 435 + (low << 8) + (product >> 32)) & mask;
    low := product & mask;
  END LOOP;
  RETURN (high << 32) | low;
END $$"""
_FNV_SEED = "-3750763034362895579"

# Murmur3A. https://docs.aws.amazon.com/redshift/latest/dg/MURMUR3_32_HASH.html
_MURMUR = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.murmur3(data bytea, seed integer) RETURNS integer
{_HEADER}
DECLARE
  mask CONSTANT bigint := 4294967295;
  size integer := octet_length(data);
  hash bigint := seed & mask; part bigint;
BEGIN
  FOR block IN 0 .. (size + 3) / 4 - 1 LOOP
    part := 0;
    FOR k IN REVERSE least(3, size - block * 4 - 1) .. 0 LOOP
      part := (part << 8) | get_byte(data, block * 4 + k);
    END LOOP;
    part := {SCHEMA}.times(part, 3432918353);
    part := {SCHEMA}.times(((part << 15) | (part >> 17)) & mask, 461845907);
    hash := hash # part;
    IF size - block * 4 >= 4 THEN
      hash := ((((hash << 13) | (hash >> 19)) & mask) * 5 + 3864292196) & mask;
    END IF;
  END LOOP;
  hash := hash # size;
  hash := {SCHEMA}.times(hash # (hash >> 16), 2246822507);
  hash := {SCHEMA}.times(hash # (hash >> 13), 3266489909);
  hash := hash # (hash >> 16);
  RETURN CASE WHEN hash > 2147483647 THEN hash - 4294967296 ELSE hash END;
END $$"""
_TIMES = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.times(a bigint, b bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (a * (b & 65535) + (((a * (b >> 16)) & 65535) << 16)) & 4294967295 $$"""

# What of a value is hashed: numbers in their own width, the lowest byte first.
_FNV_BYTES = {
    "smallint": "int2send",
    "integer": "int4send",
    "bigint": "int8send",
    "real": "float4send",
    "double precision": "float8send",
    "boolean": "boolsend",
    "date": "date_send",
    "timestamp": "timestamp_send",
    "text": "",
}
# Apache Iceberg's: whole numbers as 64 bits, dates as days since 1970, text as it is.
_MURMUR_BYTES = {
    "smallint": "int8send({}::bigint)",
    "integer": "int8send({}::bigint)",
    "bigint": "int8send({})",
    "date": "int8send(({} - DATE '1970-01-01')::bigint)",
    "text": "",
}
_TEXT_BYTES = "convert_to($1, 'UTF8')"


def _hashes() -> Iterator[str]:
    for type_name, send in _FNV_BYTES.items():
        data = f"reverse({send}($1))" if send else _TEXT_BYTES
        yield _hash("fnv_hash", f"{type_name}, bigint", f"{SCHEMA}.fnv_hash({data}, $2)", "bigint")
        yield _hash("fnv_hash", type_name, f"fnv_hash($1, {_FNV_SEED}::bigint)", "bigint")
    for type_name, send in _MURMUR_BYTES.items():
        data = f"reverse({send.format('$1')})" if send else _TEXT_BYTES
        body = f"{SCHEMA}.murmur3({data}, $2)"
        yield _hash("murmur3_32_hash", f"{type_name}, integer", body, "integer")
        yield _hash("murmur3_32_hash", type_name, "murmur3_32_hash($1, 0)", "integer")


def _hash(name: str, arguments: str, body: str, returns: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION pg_catalog.{name}({arguments}) RETURNS {returns}"
        f" LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT {body} $$"
    )


def definitions() -> Iterator[str]:
    """The statements that create the functions."""
    yield from (_SHA1, _FNV, _TIMES, _MURMUR)
    yield from _hashes()
