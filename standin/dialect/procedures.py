"""What the stand-in does behind a statement with the catalogue at hand, as PostgreSQL procedures.

They live in a schema of their own; the translation of a statement calls them by name.
"""

from __future__ import annotations

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# A hidden index stands for the zone maps of the first sort key column; small ranges, because
# local tables are small.
PAGES_PER_RANGE = 16

_ZONE_MAP = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.zone_map(relation text, sort_column text)
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation::regclass
             AND attname = sort_column AND atttypid <> 'boolean'::regtype)
     AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = relation::regclass) THEN
    EXECUTE format('CREATE INDEX ON %s USING brin (%I) WITH (pages_per_range = {PAGES_PER_RANGE})',
                   relation::regclass, sort_column);
    EXECUTE format('CREATE TRIGGER zone_map AFTER INSERT ON %s FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION {SCHEMA}.extend_zone_maps()', relation::regclass);
  END IF;
END $$"""

# PostgreSQL leaves new blocks out of such an index until a VACUUM; Redshift's zone maps never do.
_EXTEND_ZONE_MAPS = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.extend_zone_maps() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.brin_summarize_new_values(indexrelid) FROM pg_index WHERE indrelid = TG_RELID;
  RETURN NULL;
END $$"""

# Columns are matched by name; identity columns cannot be appended.
# https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html
_APPEND = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.append(target text, source text, leftover text)
LANGUAGE plpgsql AS $$
DECLARE shared text; extra text; missing text;
BEGIN
  IF statement_timestamp() <> transaction_timestamp() THEN
    RAISE EXCEPTION USING ERRCODE = '25001',
      MESSAGE = 'ALTER TABLE APPEND cannot run inside a transaction block';
  END IF;
  SELECT string_agg(quote_ident(s.attname), ', ') FILTER (WHERE t.attname IS NOT NULL),
         min(s.attname) FILTER (WHERE t.attname IS NULL),
         min(t.attname) FILTER (WHERE s.attname IS NULL)
    INTO shared, extra, missing
    FROM (SELECT * FROM pg_attribute WHERE attrelid = source::regclass
            AND attnum > 0 AND NOT attisdropped) AS s
    FULL JOIN (SELECT * FROM pg_attribute WHERE attrelid = target::regclass
            AND attnum > 0 AND NOT attisdropped) AS t ON t.attname = s.attname;
  IF extra IS NOT NULL AND leftover <> 'ignoreextra' THEN
    RAISE EXCEPTION USING ERRCODE = '42703',
      MESSAGE = format('column "%s" of the source table is not in the target table', extra);
  ELSIF missing IS NOT NULL AND leftover <> 'filltarget' THEN
    RAISE EXCEPTION USING ERRCODE = '42703',
      MESSAGE = format('column "%s" of the target table is not in the source table', missing);
  END IF;
  EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM %3$s',
                 target::regclass, shared, source::regclass);
  EXECUTE format('TRUNCATE TABLE %s', source::regclass);
END $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
_RESIZE = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.resize(relation text, sized_column text, bytes integer)
LANGUAGE plpgsql AS $$
DECLARE length_check name; longest integer;
BEGIN
  PERFORM FROM pg_attribute WHERE attrelid = relation::regclass AND attname = sized_column
    AND atttypid = 'varchar'::regtype;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '0A000',
      MESSAGE = format('target data type of column "%s" is not supported', sized_column);
  END IF;
  EXECUTE format('SELECT max(octet_length(%I)) FROM %s', sized_column, relation::regclass)
    INTO longest;
  IF longest > bytes THEN
    RAISE EXCEPTION USING ERRCODE = '22001',
      MESSAGE = format('value too long for type character varying(%s)', bytes);
  END IF;
  FOR length_check IN SELECT conname FROM pg_constraint
      JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
      WHERE conrelid = relation::regclass AND contype = 'c' AND attname = sized_column LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', relation::regclass, length_check);
  END LOOP;
  EXECUTE format(
    'ALTER TABLE %1$s ALTER COLUMN %2$I TYPE varchar(%3$s), ADD CHECK (CASE WHEN octet_length(%2$I)'
    ' > %3$s THEN value_too_long(''character varying'', %3$s) END)',
    relation::regclass, sized_column, bytes);
END $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
_UNAMBIGUOUS = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.unambiguous(matches bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF matches > 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'XX000',
      MESSAGE = 'Found multiple matches to update the same tuple.';
  END IF;
  RETURN true;
END $$"""

DEFINITIONS = (_EXTEND_ZONE_MAPS, _ZONE_MAP, _APPEND, _RESIZE, _UNAMBIGUOUS)
