"""Redshift's views of tables, columns, slices and transactions, over PostgreSQL's catalogue.

Distribution, sort keys and encodings are no part of that catalogue: what CREATE TABLE said is kept
in standin_table_attributes, which `standin_note_attributes` writes.
"""

from __future__ import annotations

# `encodings` names the columns that have one, as 'column=encoding'.
TABLES = """
CREATE TABLE pg_catalog.standin_table_attributes (
    table_id oid PRIMARY KEY, dist_style text, dist_key text, sort_style text, sort_keys text[],
    encodings text[], created timestamp DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);
"""

# The defaults of https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
_DEFAULT_ENCODING = """
    CASE WHEN format_type(a.atttypid, NULL) IN ('character varying', 'character', 'text') THEN 'lzo'
         WHEN a.atttypid IN ('bool'::regtype, 'float4'::regtype, 'float8'::regtype) THEN 'none'
         ELSE 'az64' END"""

# Written by whoever owns the table, in the transaction that makes it; the rows of dropped tables
# stay and are never seen.
FUNCTIONS = f"""
CREATE PROCEDURE pg_catalog.standin_note_attributes(
    relation text, dist_style text, dist_key text, sort_style text, sort_keys text[],
    encodings text[]
) LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO pg_catalog.standin_table_attributes
    VALUES (relation::regclass, dist_style, dist_key, sort_style, sort_keys, encodings)
    ON CONFLICT (table_id) DO UPDATE SET dist_style = excluded.dist_style,
        dist_key = excluded.dist_key, sort_style = excluded.sort_style,
        sort_keys = excluded.sort_keys, encodings = excluded.encodings
$$;

CREATE FUNCTION pg_catalog.standin_column_encoding(relation oid, column_name name) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT replace(split_part(each, '=', 2), 'raw', 'none')
           FROM pg_catalog.standin_table_attributes, unnest(encodings) AS each
          WHERE table_id = relation AND split_part(each, '=', 1) = column_name),
        (SELECT 'none' FROM pg_catalog.standin_table_attributes
          WHERE table_id = relation AND column_name = ANY (sort_keys)),
        (SELECT {_DEFAULT_ENCODING} FROM pg_catalog.pg_attribute AS a
          WHERE a.attrelid = relation AND a.attname = column_name))
$$;

-- A table that a load has locked is not waited for: then the collected statistics must do.
CREATE FUNCTION pg_catalog.standin_row_count(relation oid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
    PERFORM set_config('lock_timeout', '50ms', true);
    EXECUTE format('SELECT count(*) FROM %s', relation::regclass) INTO found;
    RETURN found;
EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
    RETURN pg_stat_get_live_tuples(relation);
END $$;
"""

_SHOWN_TYPE = "replace(format_type({0}.atttypid, {0}.atttypmod), 'timestamp(6)', 'timestamp')"

VIEWS = {
    # https://docs.aws.amazon.com/redshift/latest/dg/r_PG_TABLE_DEF.html
    "pg_table_def": f"""
        n.nspname AS schemaname, c.relname AS tablename, a.attname AS "column",
        {_SHOWN_TYPE.format("a")} AS type,
        pg_catalog.standin_column_encoding(c.oid, a.attname) AS encoding,
        coalesce(s.dist_key = a.attname, false) AS distkey,
        coalesce(array_position(s.sort_keys, a.attname::text), 0)
            * CASE WHEN s.sort_style = 'interleaved'
                        AND array_position(s.sort_keys, a.attname::text) % 2 = 0
                   THEN -1 ELSE 1 END AS sortkey,
        a.attnotnull AS "notnull"
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.standin_table_attributes AS s ON s.table_id = c.oid
        WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
          AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname NOT LIKE 'standin\\_%'
        ORDER BY n.nspname, c.relname, a.attnum
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html: no empty tables
    "svv_table_info": """
        current_database()::text AS database, t.schema, t.table_id, t."table",
        CASE WHEN t.encoded THEN 'Y' ELSE 'N' END || CASE WHEN t.own_encodings THEN '' ELSE
            ', AUTO(ENCODE)' END AS encoded,
        CASE WHEN t.dist_key IS NOT NULL THEN 'KEY(' || t.dist_key || ')'
             WHEN t.dist_style IN ('all', 'even') THEN upper(t.dist_style)
             ELSE 'AUTO(ALL)' END AS diststyle,
        CASE WHEN t.sort_style = 'interleaved' THEN 'INTERLEAVED'
             WHEN t.sort_keys[1] IS NOT NULL THEN t.sort_keys[1]
             ELSE 'AUTO(SORTKEY)' END AS sortkey1,
        t.max_varchar,
        CASE WHEN t.sort_keys[1] IS NOT NULL THEN
            pg_catalog.standin_column_encoding(t.table_id, t.sort_keys[1]::name)
            END::char(32) AS sortkey1_enc,
        coalesce(cardinality(t.sort_keys), 0) AS sortkey_num,
        ceil(pg_catalog.pg_table_size(t.table_id) / 1048576.0)::bigint AS size,
        0::numeric(10, 4) AS pct_used, 0::bigint AS empty,
        CASE WHEN t.sort_keys[1] IS NOT NULL THEN 0 END::numeric(5, 2) AS unsorted,
        0::numeric(5, 2) AS stats_off, t.tbl_rows::numeric(38, 0) AS tbl_rows,
        NULL::numeric(19, 2) AS skew_sortkey1, NULL::numeric(19, 2) AS skew_rows,
        t.tbl_rows::numeric(38, 0) AS estimated_visible_rows, NULL::text AS risk_event,
        NULL::numeric(12, 2) AS vacuum_sort_benefit, t.created AS create_time
        FROM (
            SELECT n.nspname::text AS schema, c.oid AS table_id, c.relname::text AS "table",
                   s.dist_style, s.dist_key, s.sort_style, s.sort_keys, s.created,
                   cardinality(s.encodings) > 0 AS own_encodings,
                   pg_catalog.standin_row_count(c.oid) AS tbl_rows,
                   (SELECT coalesce(max(a.atttypmod - 4), 0)::integer FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attnum > 0
                       AND a.atttypid = 'varchar'::regtype) AS max_varchar,
                   EXISTS (SELECT FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                       AND pg_catalog.standin_column_encoding(c.oid, a.attname) <> 'none')
                     AS encoded
              FROM pg_catalog.pg_class AS c
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              LEFT JOIN pg_catalog.standin_table_attributes AS s ON s.table_id = c.oid
             WHERE c.relkind = 'r' AND c.relpersistence <> 't'
               AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        ) AS t
        WHERE t.tbl_rows > 0
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLES.html
    "svv_tables": """
        table_catalog::text, table_schema::text, table_name::text, table_type::text,
        NULL::text AS remarks
        FROM information_schema.tables
        WHERE table_name NOT LIKE 'standin\\_%' AND table_schema NOT LIKE 'pg\\_redshift%'
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html
    "svv_columns": """
        table_catalog::text, table_schema::text, table_name::text, column_name::text,
        ordinal_position::integer, column_default::text, is_nullable::text, data_type::text,
        character_maximum_length::integer, numeric_precision::integer,
        numeric_precision_radix::integer, numeric_scale::integer, datetime_precision::integer,
        interval_type::text, interval_precision::text, character_set_catalog::text,
        character_set_schema::text, character_set_name::text, collation_catalog::text,
        collation_schema::text, collation_name::text, domain_name::text, NULL::text AS remarks
        FROM information_schema.columns
        WHERE table_name NOT LIKE 'standin\\_%' AND table_schema NOT LIKE 'pg\\_redshift%'
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SLICES.html: there is one
    "stv_slices": "0 AS node, 0 AS slice, 0 AS localslice, 'D'::char(1) AS type",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TRANSACTIONS.html
    "svv_transactions": """
        a.usename::text AS txn_owner, a.datname::text AS txn_db,
        coalesce(a.backend_xid, a.backend_xmin)::text::bigint AS xid, a.pid,
        a.xact_start AT TIME ZONE 'UTC' AS txn_start, l.mode AS lock_mode,
        CASE l.locktype WHEN 'relation' THEN 'relation' ELSE 'transactionid' END
            AS lockable_object_type,
        l.relation::bigint::integer AS relation, l.granted
        FROM pg_catalog.pg_stat_activity AS a JOIN pg_catalog.pg_locks AS l USING (pid)
        WHERE a.xact_start IS NOT NULL AND a.datname = current_database()
          AND l.locktype IN ('relation', 'transactionid')
    """,
}
