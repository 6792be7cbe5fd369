"""The keys that tables promise and nobody checks: where they are kept, and how they are shown.

PostgreSQL would enforce a key of its own; these are rows of standin_keys, written by
`standin_note_key` and shown by the views of the catalogue (catalog_tables.py).
https://docs.aws.amazon.com/redshift/latest/dg/t_Defining_constraints.html
"""

from __future__ import annotations

from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# Above the oids that PostgreSQL gives to objects of its own for years to come.
FIRST_OID = 2_000_000_000

# `columns` and `foreign_columns` are attribute numbers, which outlive renaming; `index_id` is the
# oid of the index that clients expect behind a primary or unique key.
TABLES = f"""
CREATE SEQUENCE pg_catalog.standin_key_oids MINVALUE {FIRST_OID};
CREATE TABLE pg_catalog.standin_keys (
    key_id oid PRIMARY KEY DEFAULT nextval('pg_catalog.standin_key_oids')::oid,
    index_id oid NOT NULL DEFAULT nextval('pg_catalog.standin_key_oids')::oid,
    key_name name NOT NULL, kind "char" NOT NULL, table_id oid NOT NULL, columns int2[] NOT NULL,
    foreign_id oid, foreign_columns int2[]
);
CREATE INDEX ON pg_catalog.standin_keys (table_id);
"""

# Rows of dropped tables stay and are never seen. The name that is made up is PostgreSQL's.
FUNCTIONS = f"""
CREATE FUNCTION pg_catalog.standin_numbers(relation oid, column_names text[]) RETURNS int2[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(a.attnum ORDER BY n.place), '{{}}')
      FROM unnest(column_names) WITH ORDINALITY AS n(name, place)
      JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = relation AND a.attname = (parse_ident(n.name))[1] AND a.attnum > 0
$$;

CREATE PROCEDURE pg_catalog.standin_note_key(
    relation text, given_name text, key_kind text, column_names text[], referenced text,
    referenced_names text[], is_new_table boolean
) LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    id oid := relation::regclass;
    foreign_table oid := nullif(referenced, '')::regclass;
    numbers int2[] := pg_catalog.standin_numbers(
        id, ARRAY(SELECT quote_ident(each) FROM unnest(column_names) AS each));
    foreign_numbers int2[] := pg_catalog.standin_numbers(foreign_table, referenced_names);
    table_name name; is_old boolean;
BEGIN
    SELECT c.relname, c.xmin <> pg_current_xact_id()::xid INTO table_name, is_old
      FROM pg_catalog.pg_class AS c WHERE c.oid = id;
    IF is_new_table AND is_old THEN
        RETURN;
    END IF;
    IF key_kind = 'f' AND cardinality(foreign_numbers) = 0 THEN
        SELECT k.columns INTO foreign_numbers FROM pg_catalog.standin_keys AS k
         WHERE k.table_id = foreign_table AND k.kind = 'p';
    END IF;
    INSERT INTO pg_catalog.standin_keys
        (key_name, kind, table_id, columns, foreign_id, foreign_columns)
    SELECT coalesce(given_name, concat_ws('_', table_name,
               CASE WHEN key_kind <> 'p' THEN array_to_string(column_names, '_') END,
               CASE key_kind WHEN 'p' THEN 'pkey' WHEN 'u' THEN 'key' ELSE 'fkey' END)),
           key_kind::"char", id, numbers, foreign_table, foreign_numbers
     WHERE NOT EXISTS (SELECT FROM pg_catalog.standin_keys AS k WHERE k.table_id = id
                       AND k.kind = key_kind::"char" AND k.columns = numbers
                       AND k.foreign_id IS NOT DISTINCT FROM foreign_table);
END $$;

CREATE FUNCTION {SCHEMA}.column_names(relation oid, numbers int2[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY n.place)
      FROM unnest(numbers) WITH ORDINALITY AS n(number, place)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = relation AND a.attnum = n.number
$$;

-- As ruleutils writes them: the table is qualified unless the search path finds it.
CREATE FUNCTION {SCHEMA}.pg_get_constraintdef(constraint_id oid, pretty boolean DEFAULT false)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT CASE k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE'
                     ELSE 'FOREIGN KEY' END
                || ' (' || {SCHEMA}.column_names(k.table_id, k.columns) || ')'
                || coalesce(' REFERENCES ' || k.foreign_id::regclass::text
                    || '(' || {SCHEMA}.column_names(k.foreign_id, k.foreign_columns) || ')', '')
           FROM pg_catalog.standin_keys AS k WHERE k.key_id = constraint_id),
        pg_catalog.pg_get_constraintdef(constraint_id, pretty))
$$;

CREATE FUNCTION {SCHEMA}.pg_get_indexdef(
    index_id oid, column_number integer DEFAULT 0, pretty boolean DEFAULT false
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT CASE WHEN $2 > 0 THEN {SCHEMA}.column_names(k.table_id, k.columns[$2:$2])
                ELSE 'CREATE UNIQUE INDEX ' || quote_ident(k.key_name) || ' ON '
                     || k.table_id::regclass::text || ' USING btree ('
                     || {SCHEMA}.column_names(k.table_id, k.columns) || ')' END
           FROM pg_catalog.standin_keys AS k WHERE k.index_id = $1),
        pg_catalog.pg_get_indexdef($1, $2, $3))
$$;
"""
