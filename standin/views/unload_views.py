"""The system views of UNLOAD over the tables in which the stand-in keeps its facts.

Columns and types as in https://docs.aws.amazon.com/redshift/latest/dg/SYS_UNLOAD_HISTORY.html,
.../SYS_UNLOAD_DETAIL.html and .../r_STL_UNLOAD_LOG.html
"""

from __future__ import annotations

TABLES = """
CREATE TABLE pg_catalog.standin_unloads (
    query_id bigint PRIMARY KEY,
    user_id integer, transaction_id bigint, session_id integer, database_name text, status text,
    start_time timestamp, end_time timestamp, file_format text, compression_type text,
    location text, rows bigint, error_message text
);
CREATE TABLE pg_catalog.standin_unload_files (
    query_id bigint, file_name text, line_count bigint, transfer_size bigint
);
"""

VIEWS = {
    "sys_unload_history": """
        u.user_id, u.query_id, u.transaction_id, u.session_id, u.database_name, u.status,
        u.start_time, u.end_time,
        (extract(epoch FROM coalesce(u.end_time, (clock_timestamp() AT TIME ZONE 'UTC'))
                            - u.start_time) * 1000000)::bigint AS duration,
        u.file_format, u.compression_type, u.location AS unloaded_location,
        u.rows AS unloaded_rows, count(f.file_name) AS unloaded_files_count,
        coalesce(sum(f.transfer_size), 0)::bigint AS unloaded_files_size, u.error_message
        FROM pg_catalog.standin_unloads AS u
        LEFT JOIN pg_catalog.standin_unload_files AS f USING (query_id)
        GROUP BY u.query_id
    """,
    "sys_unload_detail": """
        u.user_id, u.query_id::integer AS query_id, u.session_id, u.transaction_id,
        f.file_name::char(1280) AS file_name, u.start_time, u.end_time, f.line_count,
        f.transfer_size, u.file_format::char(10) AS file_format
        FROM pg_catalog.standin_unload_files AS f
        JOIN pg_catalog.standin_unloads AS u USING (query_id)
    """,
    "stl_unload_log": """
        u.user_id AS userid, u.query_id::integer AS query, 0 AS slice, u.session_id AS pid,
        f.file_name::char(1280) AS path, u.start_time, u.end_time, f.line_count, f.transfer_size,
        u.file_format::char(10) AS file_format
        FROM pg_catalog.standin_unload_files AS f
        JOIN pg_catalog.standin_unloads AS u USING (query_id)
    """,
}
