"""Redshift's system views: their DDL over the few tables in which the stand-in keeps the facts.

Columns and types as in https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html and
the pages of the other views.
"""

from __future__ import annotations

from typing import Any

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
}


def install(connection: Any) -> None:
    """Create the views in pg_catalog, where every search path finds them.

    `connection` is a superuser's to template1: databases made from it later have them too.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL allow_system_table_mods = on")
        cursor.execute(TABLES)
        for name, body in VIEWS.items():
            cursor.execute(f"CREATE VIEW pg_catalog.{name} AS SELECT {body}")
            cursor.execute(f"GRANT SELECT ON pg_catalog.{name} TO PUBLIC")
