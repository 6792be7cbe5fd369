"""Redshift's views over all databases and over external schemas, of which there are none here.

Columns as in https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ALL_TABLES.html and the pages of
the other views.
"""

from __future__ import annotations

_USER_SCHEMA = "x.{0} !~ '^pg_(toast|temp|redshift)'"
_NOT_OURS = f"{_USER_SCHEMA.format('table_schema')} AND x.table_name NOT LIKE 'standin\\_%'"
_TABLE_TYPE = "CASE x.table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE x.table_type END"
_COLUMNS = """
    x.table_catalog::text AS database_name, x.table_schema::text AS schema_name,
    x.table_name::text AS table_name, x.column_name::text AS column_name,
    x.ordinal_position::integer AS ordinal_position"""
_COLUMN_FACTS = "x.column_default::text AS column_default, x.is_nullable::text AS is_nullable"
_TYPE = "x.data_type::text AS data_type"
_SCHEMAS = """
    current_database()::text AS database_name, x.nspname::text AS schema_name,
    x.nspowner::integer AS schema_owner, 'local'::text AS schema_type,
    array_to_string(x.nspacl, '~')::text AS schema_acl"""

# Name -> the body of its SELECT.
VIEWS = {
    "svv_all_schemas": f"""
        {_SCHEMAS}, NULL::text AS source_database, NULL::text AS schema_option
        FROM pg_catalog.pg_namespace AS x WHERE {_USER_SCHEMA.format("nspname")}
    """,
    "svv_redshift_schemas": f"""
        {_SCHEMAS}, NULL::text AS schema_option
        FROM pg_catalog.pg_namespace AS x WHERE {_USER_SCHEMA.format("nspname")}
    """,
    "svv_all_tables": f"""
        x.table_catalog::text AS database_name, x.table_schema::text AS schema_name,
        x.table_name::text AS table_name, NULL::text AS table_acl,
        {_TABLE_TYPE}::text AS table_type, NULL::text AS remarks
        FROM information_schema.tables AS x WHERE {_NOT_OURS}
    """,
    "svv_redshift_tables": f"""
        x.table_catalog::text AS database_name, x.table_schema::text AS schema_name,
        x.table_name::text AS table_name, {_TABLE_TYPE}::text AS table_type,
        NULL::text AS table_acl, NULL::text AS remarks
        FROM information_schema.tables AS x WHERE {_NOT_OURS}
    """,
    "svv_all_columns": f"""
        {_COLUMNS}, {_COLUMN_FACTS}, {_TYPE},
        x.character_maximum_length::integer AS character_maximum_length,
        x.numeric_precision::integer AS numeric_precision,
        x.numeric_scale::integer AS numeric_scale, NULL::text AS remarks
        FROM information_schema.columns AS x WHERE {_NOT_OURS}
    """,
    "svv_redshift_columns": f"""
        {_COLUMNS}, {_TYPE}, {_COLUMN_FACTS},
        pg_catalog.standin_column_encoding(c.oid, x.column_name::name) AS encoding,
        coalesce(t.dist_key = x.column_name::text, false) AS distkey,
        coalesce(array_position(t.sort_keys, x.column_name::text), 0) AS sortkey,
        NULL::text AS column_acl, NULL::text AS remarks
        FROM information_schema.columns AS x
        JOIN pg_catalog.pg_namespace AS n ON n.nspname = x.table_schema
        JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = x.table_name
        LEFT JOIN pg_catalog.standin_table_attributes AS t ON t.table_id = c.oid
        WHERE {_NOT_OURS}
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_DATABASES.html
    "svv_redshift_databases": """
        x.datname::text AS database_name, x.datdba::integer AS database_owner,
        'local'::text AS database_type, array_to_string(x.datacl, '~')::text AS database_acl,
        NULL::text AS database_options, 'Snapshot Isolation'::text AS database_isolation_level
        FROM pg_catalog.pg_database AS x WHERE x.datname = current_database()
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_SCHEMAS.html
    "svv_external_schemas": """
        NULL::oid AS esoid, NULL::smallint AS eskind, NULL::name AS schemaname,
        NULL::integer AS esowner, NULL::text AS databasename, NULL::text AS esoptions WHERE false
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_TABLES.html
    "svv_external_tables": """
        NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename,
        NULL::text AS tabletype, NULL::text AS location, NULL::text AS input_format,
        NULL::text AS output_format, NULL::text AS serialization_lib,
        NULL::text AS serde_parameters, NULL::integer AS compressed,
        NULL::text AS parameters WHERE false
    """,
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_COLUMNS.html
    "svv_external_columns": """
        NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename,
        NULL::text AS columnname, NULL::text AS external_type, NULL::integer AS columnnum,
        NULL::integer AS part_key, NULL::text AS is_nullable WHERE false
    """,
    # Of a procedure: https://docs.aws.amazon.com/redshift/latest/dg/r_PG_PROC_INFO.html
    "pg_proc_info": """
        x.oid AS prooid, x.proname, x.pronamespace, x.proowner, x.prolang,
        x.prokind = 'a' AS proisagg, x.prosecdef, x.proisstrict, x.proretset, x.provolatile,
        x.pronargs, x.prorettype, x.proargtypes, x.proargnames, x.prosrc, x.probin, x.proacl,
        x.prokind, x.proargmodes, x.proallargtypes
        FROM pg_catalog.pg_proc AS x WHERE x.oid >= 16384
          AND x.pronamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace
                                      WHERE nspname ~ '^pg_')
    """,
}
