"""TO_TIMESTAMP and TO_DATE, which carry a field that is too large over into the next one.

Hours without AM or PM are those of the day, whether they are spelt HH or HH24.

https://docs.aws.amazon.com/redshift/latest/dg/r_TO_TIMESTAMP.html
https://docs.aws.amazon.com/redshift/latest/dg/r_TO_DATE_function.html
"""

from __future__ import annotations

from collections.abc import Iterator

from standin.dialect import implicit_text
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# What PostgreSQL refuses as out of range is read field by field and added up. A template with
# anything but numbers keeps PostgreSQL's error.
_CARRIED = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.carried(content text, template text) RETURNS timestamp
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE part text; digits text; rest text := content; fields jsonb := '{{}}';
  widths CONSTANT jsonb := '{{"YYYY": 4, "MM": 2, "DD": 2, "HH24": 2, "MI": 2, "SS": 2, "MS": 3,
                              "US": 6}}';
BEGIN
  FOR part IN SELECT upper(m[1]) FROM regexp_matches(
      template, '(YYYY|HH24|MM|DD|MI|SS|MS|US|[[:alnum:]])', 'gi') AS m LOOP
    IF NOT widths ? part THEN RETURN NULL; END IF;
    rest := regexp_replace(rest, '^[^[:alnum:]]+', '');
    digits := substring(left(rest, (widths ->> part)::int) FROM '^[0-9]+');
    IF digits IS NULL THEN RETURN NULL; END IF;
    rest := substr(rest, length(digits) + 1);
    fields := fields || jsonb_build_object(part, digits::int);
  END LOOP;
  RETURN make_timestamp(greatest((fields ->> 'YYYY')::int, 1), 1, 1, 0, 0, 0) + make_interval(
    months => coalesce((fields ->> 'MM')::int, 1) - 1,
    days => coalesce((fields ->> 'DD')::int, 1) - 1,
    hours => coalesce((fields ->> 'HH24')::int, 0),
    mins => coalesce((fields ->> 'MI')::int, 0),
    secs => coalesce((fields ->> 'SS')::int, 0) + coalesce((fields ->> 'MS')::int, 0) / 1000.0
            + coalesce((fields ->> 'US')::int, 0) / 1000000.0);
END $$"""


def _reader(name: str, returns: str) -> str:
    """PostgreSQL's function of this name, and what it refuses carried over unless `strict`."""
    return f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.{name}(content text, template text,
    strict boolean DEFAULT false) RETURNS {returns}
LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE carried timestamp;
BEGIN
  IF template !~* '[AP][.]?M' THEN
    template := regexp_replace(template, 'HH(24|12)?', 'HH24', 'gi');
  END IF;
  RETURN pg_catalog.{name}(content, template);
EXCEPTION WHEN datetime_field_overflow THEN
  IF NOT strict THEN carried := {SCHEMA}.carried(content, template); END IF;
  IF carried IS NULL THEN RAISE; END IF;
  RETURN carried::{returns};
END $$"""


def _of_no_text(name: str, returns: str) -> Iterator[str]:
    """The same of numbers and moments."""
    for converted in implicit_text.TYPES:
        yield f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.{name}(content {converted}, template text,
    strict boolean DEFAULT false) RETURNS {returns}
LANGUAGE sql STABLE STRICT AS $$ SELECT {SCHEMA}.{name}(content::text, template, strict) $$"""


def definitions() -> Iterator[str]:
    """The statements that create the functions."""
    yield _CARRIED
    for name, returns in (("to_timestamp", "timestamptz"), ("to_date", "date")):
        yield _reader(name, returns)
        yield from _of_no_text(name, returns)
