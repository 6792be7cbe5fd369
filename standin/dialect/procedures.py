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
  IF target::regclass = source::regclass THEN
    RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = 'cannot append a table to itself';
  END IF;
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
  IF statement_timestamp() <> transaction_timestamp() THEN
    RAISE EXCEPTION USING ERRCODE = '25001',
      MESSAGE = 'ALTER TABLE ALTER COLUMN cannot run inside a transaction block';
  END IF;
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

# What a table is declared with; NULL leaves what was there, or what the table has that LIKE names.
# A new table that has a note already was there before: CREATE TABLE IF NOT EXISTS made none.
_NOTE_ATTRIBUTES = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.note_attributes(
  relation text, parent text, is_new boolean, new_style text, new_key text, new_sort text,
  new_sort_keys text[], new_encodings text[])
LANGUAGE plpgsql AS $$
DECLARE old record; kept text[];
BEGIN
  PERFORM FROM pg_catalog.standin_table_attributes WHERE table_id = relation::regclass;
  IF FOUND AND is_new THEN RETURN; END IF;
  SELECT max(dist_style) AS dist_style, max(dist_key) AS dist_key, max(sort_style) AS sort_style,
         max(sort_keys) AS sort_keys, max(encodings) AS encodings
    INTO old FROM pg_catalog.standin_table_attributes
    WHERE table_id = coalesce(parent, relation)::regclass;
  SELECT array_agg(each) INTO kept FROM unnest(old.encodings) AS each
    WHERE split_part(each, '=', 1) <> ALL (
      SELECT split_part(changed, '=', 1) FROM unnest(new_encodings) AS changed);
  CALL pg_catalog.standin_note_attributes(
    relation,
    coalesce(new_style, old.dist_style),
    CASE WHEN new_style IS NULL THEN old.dist_key ELSE new_key END,
    CASE WHEN new_sort_keys IS NULL THEN old.sort_style ELSE new_sort END,
    coalesce(new_sort_keys, old.sort_keys),
    CASE WHEN new_encodings <> '{{}}' OR new_encodings IS NULL
      THEN nullif(coalesce(kept, '{{}}') || coalesce(new_encodings, '{{}}'), '{{}}') END);
END $$"""

_RENAME_NOTED_COLUMN = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.rename_noted_column(
  relation text, old_name text, new_name text)
LANGUAGE plpgsql AS $$
DECLARE old record; renamed text[];
BEGIN
  SELECT * INTO old FROM pg_catalog.standin_table_attributes WHERE table_id = relation::regclass;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT array_agg(CASE WHEN split_part(each, '=', 1) = old_name
                        THEN new_name || '=' || split_part(each, '=', 2) ELSE each END)
    INTO renamed FROM unnest(old.encodings) AS each;
  CALL pg_catalog.standin_note_attributes(
    relation, old.dist_style,
    CASE WHEN old.dist_key = old_name THEN new_name ELSE old.dist_key END,
    old.sort_style, array_replace(old.sort_keys, old_name, new_name), renamed);
END $$"""

# A key that others refer to goes only with them, as in PostgreSQL.
_DROP_KEY = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.drop_key(relation text, constraint_name text, cascades boolean)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE dropped record;
BEGIN
  SELECT * INTO dropped FROM pg_catalog.standin_keys
    WHERE table_id = relation::regclass AND key_name = constraint_name;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '42704',
      MESSAGE = format('constraint "%s" does not exist', constraint_name);
  END IF;
  IF dropped.kind <> 'f' AND NOT cascades AND EXISTS (
      SELECT FROM pg_catalog.standin_keys AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.table_id
      WHERE k.foreign_id = dropped.table_id AND k.foreign_columns = dropped.columns) THEN
    RAISE EXCEPTION USING ERRCODE = '2BP01',
      MESSAGE = format('cannot drop constraint %s on table %s because other objects depend on it',
                       constraint_name, relation),
      HINT = 'Use DROP ... CASCADE to drop the dependent objects too.';
  END IF;
  DELETE FROM pg_catalog.standin_keys WHERE key_id = dropped.key_id
    OR (dropped.kind <> 'f' AND foreign_id = dropped.table_id
        AND foreign_columns = dropped.columns);
END $$"""

# Keys that refer to what is no longer there: of tables that CASCADE dropped.
_FORGET_REFERENCES = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.forget_references()
LANGUAGE sql SECURITY DEFINER AS $$
  DELETE FROM pg_catalog.standin_keys WHERE foreign_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = foreign_id) $$"""

# Foreign keys of tables that are not dropped along with them keep tables from being dropped.
# https://docs.aws.amazon.com/redshift/latest/dg/r_DROP_TABLE.html
_DROP_TABLES = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.drop_tables(names text[], condition text, behaviour text)
LANGUAGE plpgsql AS $$
DECLARE
  dropped oid[] := ARRAY(SELECT to_regclass(each) FROM unnest(names) AS each
                         WHERE to_regclass(each) IS NOT NULL);
  key record;
BEGIN
  SELECT k.key_name, k.table_id::regclass AS holder, k.foreign_id::regclass AS held INTO key
    FROM pg_catalog.standin_keys AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.table_id
    WHERE k.foreign_id = ANY (dropped) AND k.table_id <> ALL (dropped) ORDER BY k.key_id LIMIT 1;
  IF FOUND AND behaviour <> 'CASCADE' THEN
    RAISE EXCEPTION USING ERRCODE = '2BP01',
      MESSAGE = format('cannot drop table %s because other objects depend on it', key.held),
      DETAIL = format('constraint %s on table %s depends on table %s',
                      key.key_name, key.holder, key.held),
      HINT = 'Use DROP ... CASCADE to drop the dependent objects too.';
  END IF;
  EXECUTE format('DROP TABLE %s %s %s', condition, array_to_string(names, ', '), behaviour);
  CALL {SCHEMA}.forget_references();
END $$"""

# PostgreSQL lets a view grow by columns.
# https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
_REPLACE_VIEW = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.replace_view(view_name text, statement text)
LANGUAGE plpgsql AS $$
DECLARE
  old oid := to_regclass(view_name);
  count_before bigint := (SELECT count(*) FROM pg_attribute WHERE attrelid = old AND attnum > 0);
BEGIN
  EXECUTE statement;
  IF count_before <> (SELECT count(*) FROM pg_attribute WHERE attrelid = old AND attnum > 0) THEN
    RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = 'cannot change number of columns in view';
  END IF;
END $$"""

# Rules that never apply take from a view what PostgreSQL would write through it.
# https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
_FORBID_CHANGES = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.forbid_changes(view_name text)
LANGUAGE plpgsql AS $$
DECLARE change text;
BEGIN
  FOREACH change IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    EXECUTE format('CREATE OR REPLACE RULE standin_%s AS ON %1$s TO %s WHERE false'
                   ' DO INSTEAD NOTHING', change, view_name);
  END LOOP;
END $$"""

# Who is created here may log in to this database and to none else.
_ADMIT = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.admit(user_name text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), user_name);
END $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/r_DROP_USER.html
_DROP_PRINCIPALS = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.drop_principals(names text[], kind text, if_exists boolean)
LANGUAGE plpgsql AS $$
DECLARE dropped text;
BEGIN
  FOREACH dropped IN ARRAY names LOOP
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = dropped) THEN
      EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM %I', current_database(), dropped);
      EXECUTE format('DROP ROLE %I', dropped);
    ELSIF NOT if_exists THEN
      RAISE EXCEPTION USING ERRCODE = '42704',
        MESSAGE = format('%s "%s" does not exist', kind, dropped);
    END IF;
  END LOOP;
END $$"""

DEFINITIONS = (
    _EXTEND_ZONE_MAPS,
    _ZONE_MAP,
    _APPEND,
    _RESIZE,
    _UNAMBIGUOUS,
    _NOTE_ATTRIBUTES,
    _RENAME_NOTED_COLUMN,
    _DROP_KEY,
    _FORGET_REFERENCES,
    _DROP_TABLES,
    _REPLACE_VIEW,
    _FORBID_CHANGES,
    _ADMIT,
    _DROP_PRINCIPALS,
)
