"""Redshift's system views: their DDL over the few tables in which the stand-in keeps the facts.

Columns and types as in https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html and
the pages of the other views.
"""

from __future__ import annotations

from typing import Any

from standin.dialect.redshift import LIBRARY_SCHEMA, VERSION
from standin.views import catalog_tables, catalog_views, key_promises, leader_views, unload_views

# The facts are kept once, in tables of our own names; every one of Redshift's is a view of them.
TABLES = """
CREATE TABLE pg_catalog.standin_loads (
    query_id bigint PRIMARY KEY,
    user_id integer, transaction_id bigint, session_id integer, database_name text, status text,
    table_id integer, table_name text, start_time timestamp, end_time timestamp,
    data_source text, file_format text, is_compressed boolean, loaded_rows bigint,
    file_count integer, file_bytes bigint, scanned_count integer, scanned_bytes bigint,
    compressed_bytes bigint, scanned_lines bigint, error_count bigint, current_file text
);
CREATE TABLE pg_catalog.standin_load_files (
    query_id bigint, file_name text, bytes_scanned bigint, lines_scanned bigint, errors bigint,
    etag text, last_modified timestamp
);
CREATE TABLE pg_catalog.standin_load_errors (
    query_id bigint, file_name text, line_number bigint, column_name text, column_type text,
    column_length text, position integer, raw_line text, raw_field_value text,
    error_code integer, error_message text
);
CREATE TABLE pg_catalog.standin_statements (
    query_id bigint PRIMARY KEY, session_id integer, user_name text, database_name text,
    query_type text, query_text text, start_time timestamp, end_time timestamp, status text,
    error_message text, returned_rows bigint
);
"""

# For every view the body of its SELECT; l, f and e are a load, a file of it, an error of it.
VIEWS = {
    "stl_load_errors": """
        l.user_id AS userid, 0 AS slice, l.table_id AS tbl, l.start_time AS starttime,
        l.session_id AS session, l.query_id::integer AS query,
        e.file_name::char(256) AS filename, e.line_number, e.column_name::char(127) AS colname,
        e.column_type::char(10) AS type, e.column_length::char(10) AS col_length, e.position,
        e.raw_line::char(1024) AS raw_line, e.raw_field_value::char(1024) AS raw_field_value,
        e.error_code AS err_code, e.error_message::char(100) AS err_reason,
        0 AS is_partial, 0::bigint AS start_offset, (-1)::bigint AS copy_job_id
        FROM pg_catalog.standin_load_errors AS e JOIN pg_catalog.standin_loads AS l USING (query_id)
    """,
    "sys_load_error_detail": """
        l.user_id, l.query_id, l.transaction_id, l.session_id,
        l.database_name::char(64) AS database_name, l.table_id, l.start_time,
        e.file_name::char(256) AS file_name, e.line_number,
        e.column_name::char(127) AS column_name, e.column_type::char(10) AS column_type,
        e.column_length::char(10) AS column_length, e.position, e.error_code,
        e.error_message::char(512) AS error_message
        FROM pg_catalog.standin_load_errors AS e JOIN pg_catalog.standin_loads AS l USING (query_id)
    """,
    "stl_load_commits": """
        l.user_id AS userid, l.query_id::integer AS query, 0 AS slice,
        f.file_name::char(256) AS name, f.file_name::char(256) AS filename, 0 AS byte_offset,
        f.lines_scanned::integer AS lines_scanned, f.errors::integer AS errors,
        l.end_time AS curtime, 1 AS status, upper(l.file_format)::char(16) AS file_format,
        0 AS is_partial, 0::bigint AS start_offset, (-1)::bigint AS copy_job_id
        FROM pg_catalog.standin_load_files AS f JOIN pg_catalog.standin_loads AS l USING (query_id)
    """,
    "sys_load_detail": """
        l.user_id, l.query_id, f.file_name::char(256) AS file_name, f.bytes_scanned,
        f.lines_scanned, l.end_time AS record_time, 1 AS splits_scanned, l.start_time, l.end_time,
        f.etag::char(256) AS file_etag, f.last_modified AS file_last_modified
        FROM pg_catalog.standin_load_files AS f JOIN pg_catalog.standin_loads AS l USING (query_id)
    """,
    "sys_load_history": """
        l.user_id, l.query_id, l.transaction_id, l.session_id, l.database_name, l.status,
        l.table_name, l.start_time, l.end_time,
        (extract(epoch FROM coalesce(l.end_time, (clock_timestamp() AT TIME ZONE 'UTC'))
                            - l.start_time) * 1000000)::bigint AS duration,
        l.data_source, l.file_format, l.loaded_rows,
        l.scanned_bytes AS loaded_bytes, l.file_count AS source_file_count,
        l.file_bytes AS source_file_bytes, l.scanned_count AS file_count_scanned,
        l.scanned_bytes AS file_bytes_scanned, l.error_count, (-1)::bigint AS copy_job_id
        FROM pg_catalog.standin_loads AS l
    """,
    # the columns before the one at fault are not told apart
    "stl_loaderror_detail": """
        l.user_id AS userid, 0 AS slice, l.session_id AS session, l.query_id::integer AS query,
        e.file_name::char(256) AS filename, e.line_number,
        (SELECT count(*) FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_attribute AS bad
             USING (attrelid)
          WHERE attrelid = l.table_id AND bad.attname = e.column_name
            AND a.attnum > 0 AND a.attnum < bad.attnum AND NOT a.attisdropped)::integer AS field,
        e.column_name::char(1024) AS colname, e.raw_field_value::char(1024) AS value,
        (e.error_code = 1213)::integer AS is_null, e.column_type::char(10) AS type,
        e.column_length::char(10) AS col_length
        FROM pg_catalog.standin_load_errors AS e JOIN pg_catalog.standin_loads AS l USING (query_id)
    """,
    # one row for each running COPY: the stand-in loads with one slice
    "stv_load_state": """
        l.user_id AS userid, l.session_id AS session, l.query_id::integer AS query, 0 AS slice,
        l.session_id AS pid, (clock_timestamp() AT TIME ZONE 'UTC') AS recordtime,
        CASE WHEN l.is_compressed THEN 0 ELSE l.file_bytes END AS bytes_to_load,
        l.scanned_bytes AS bytes_loaded,
        CASE WHEN l.is_compressed THEN l.file_bytes ELSE 0 END AS bytes_to_load_compressed,
        CASE WHEN l.is_compressed THEN l.compressed_bytes ELSE 0 END AS bytes_loaded_compressed,
        l.scanned_lines::integer AS lines, l.file_count AS num_files,
        l.scanned_count AS num_files_complete, l.current_file::char(256) AS current_file,
        CASE WHEN l.file_bytes = 0 THEN 0 ELSE least(100, 100
            * CASE WHEN l.is_compressed THEN l.compressed_bytes ELSE l.scanned_bytes END
            / l.file_bytes) END::integer AS pct_complete
        FROM pg_catalog.standin_loads AS l WHERE l.status = 'running'
    """,
    # queries only: DDL and utility statements are in svl_statementtext
    "stl_query": """
        s.user_id AS userid, s.query_id::integer AS query, 'default'::char(320) AS label,
        s.query_id AS xid, s.session_id AS pid, s.database_name::char(32) AS database,
        s.query_text::char(4000) AS querytxt, s.start_time AS starttime, s.end_time AS endtime,
        (s.status IN ('failed', 'canceled'))::integer AS aborted, 0 AS insert_pristine,
        0 AS concurrency_scaling_status
        FROM _statements AS s WHERE s.query_type NOT IN ('DDL', 'UTILITY', 'OTHER')
          AND s.end_time IS NOT NULL
    """,
    "svl_qlog": """
        s.user_id AS userid, s.query_id::integer AS query, s.query_id AS xid, s.session_id AS pid,
        s.start_time AS starttime, s.end_time AS endtime,
        (extract(epoch FROM s.end_time - s.start_time) * 1000000)::bigint AS elapsed,
        (s.status IN ('failed', 'canceled'))::integer AS aborted, 'default'::char(320) AS label,
        s.query_text::char(60) AS substring, NULL::integer AS source_query,
        NULL::text AS concurrency_scaling_status_txt, NULL::integer AS from_sp_call
        FROM _statements AS s WHERE s.query_type NOT IN ('DDL', 'UTILITY', 'OTHER')
          AND s.end_time IS NOT NULL
    """,
    "svl_statementtext": """
        s.user_id AS userid, s.query_id AS xid, s.session_id AS pid,
        'default'::char(320) AS label, s.start_time AS starttime, s.end_time AS endtime,
        part AS sequence, (CASE s.query_type WHEN 'DDL' THEN 'DDL' WHEN 'UTILITY' THEN 'UTILITY'
            ELSE 'QUERY' END)::varchar(10) AS type,
        substr(s.query_text, part * 200 + 1, 200)::char(200) AS text
        FROM _statements AS s,
             LATERAL generate_series(0, (length(s.query_text) - 1) / 200) AS part
    """,
    "sys_query_history": f"""
        s.user_id, s.query_id, 'default'::char(320) AS query_label, s.query_id AS transaction_id,
        s.session_id, s.database_name::char(128) AS database_name,
        s.query_type::char(32) AS query_type, s.status::char(10) AS status,
        false AS result_cache_hit, s.start_time, s.end_time, s.elapsed AS elapsed_time,
        0::bigint AS queue_time, s.elapsed AS execution_time,
        s.error_message::char(512) AS error_message, s.returned_rows, 0::bigint AS returned_bytes,
        s.query_text::char(4000) AS query_text, {VERSION!r}::char(256) AS redshift_version,
        NULL::char(150) AS usage_limit, 'primary'::varchar(50) AS compute_type,
        0::bigint AS compile_time, 0::bigint AS planning_time, 0::bigint AS lock_wait_time,
        100 AS service_class_id, 'Default queue'::char(64) AS service_class_name,
        'Normal'::char(20) AS query_priority, 'false'::char(10) AS short_query_accelerated,
        md5(s.query_text)::char(40) AS user_query_hash,
        md5(s.query_text)::char(40) AS generic_query_hash, 1 AS query_hash_version,
        NULL::bigint AS result_cache_query_id, s.user_name::char(128) AS username
        FROM _statements AS s
    """,
}

# What several views begin with: their bodies name it by the key.
_SHARED = {
    "_statements": """(
        SELECT q.*, coalesce(u.oid, 0)::integer AS user_id,
               (extract(epoch FROM coalesce(q.end_time, clock_timestamp() AT TIME ZONE 'UTC')
                    - q.start_time) * 1000000)::bigint AS elapsed
          FROM pg_catalog.standin_statements AS q
          LEFT JOIN pg_catalog.pg_roles AS u ON u.rolname = q.user_name)"""
}


def install(connection: Any) -> None:
    """Create the views in pg_catalog, where every search path finds them.

    `connection` is a superuser's to template1: databases made from it later have them too.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL allow_system_table_mods = on")
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {LIBRARY_SCHEMA}")
        cursor.execute(f"GRANT USAGE ON SCHEMA {LIBRARY_SCHEMA} TO PUBLIC")
        cursor.execute(TABLES + catalog_views.TABLES + key_promises.TABLES + unload_views.TABLES)
        cursor.execute(catalog_views.FUNCTIONS + key_promises.FUNCTIONS)
        for table in ("standin_table_attributes", "standin_keys"):
            cursor.execute(f"GRANT SELECT ON pg_catalog.{table} TO PUBLIC")
        catalog_tables.install(cursor)
        for name, body in (
            VIEWS | catalog_views.VIEWS | leader_views.VIEWS | unload_views.VIEWS
        ).items():
            for shared, query in _SHARED.items():
                body = body.replace(f"FROM {shared} ", f"FROM {query} ")
            cursor.execute(f"CREATE VIEW pg_catalog.{name} AS SELECT {body}")
            cursor.execute(f"GRANT SELECT ON pg_catalog.{name} TO PUBLIC")
