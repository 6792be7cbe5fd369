"""Redshift's views of loads and load errors, and the recording of what they show.

Columns and types as in https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html and
the pages of the other views. Redshift's logs are not transactional: rows are written over a
connection of their own and survive the rollback of the COPY that they tell about.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from psycopg2.extras import execute_values

from standin.copy_load import Load, LoadError
from standin.json_stream import RAW_LENGTH

# The facts are kept once, in tables of our own names; every one of Redshift's is a view of them.
TABLES = """
CREATE TABLE pg_catalog.standin_loads (
    query_id bigint PRIMARY KEY,
    user_id integer, transaction_id bigint, session_id integer, database_name text, status text,
    table_id integer, table_name text, start_time timestamp, end_time timestamp,
    data_source text, loaded_rows bigint, file_count integer, file_bytes bigint,
    scanned_count integer, scanned_bytes bigint, error_count bigint
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
        l.end_time AS curtime, 1 AS status, 'JSON'::char(16) AS file_format, 0 AS is_partial,
        0::bigint AS start_offset, (-1)::bigint AS copy_job_id
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
        (extract(epoch FROM l.end_time - l.start_time) * 1000000)::bigint AS duration,
        l.data_source, 'json'::text AS file_format, l.loaded_rows,
        l.scanned_bytes AS loaded_bytes, l.file_count AS source_file_count,
        l.file_bytes AS source_file_bytes, l.scanned_count AS file_count_scanned,
        l.scanned_bytes AS file_bytes_scanned, l.error_count, (-1)::bigint AS copy_job_id
        FROM pg_catalog.standin_loads AS l
    """,
}

_NOT_SHOWN = re.compile(r"[^\x01-\x7f]")


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


@dataclass(frozen=True)
class LoadLog:
    """Records loads; `connect` opens a superuser's connection to a database by name."""

    connect: Callable[[str], Any]

    def record(
        self,
        *,
        database: str,
        query_id: int,
        session_id: int,
        transaction_id: int,
        user_id: int,
        table_id: int,
        table_name: str,
        load: Load,
        started: datetime,
        ended: datetime,
        status: str,
    ) -> None:
        """Write down one COPY that came to an end.

        `status` is 'completed' or 'aborted'; `session_id` the pid of the client's backend.
        """
        loaded_rows = load.rows_loaded if status == "completed" else 0
        row = (
            query_id, user_id, transaction_id, session_id, database, status, table_id, table_name,
            _utc(started), _utc(ended), load.command.source, loaded_rows, load.files_total,
            load.files_bytes, load.files_done, load.bytes_scanned, len(load.errors),
        )  # fmt: skip
        errors = [_error_row(query_id, error) for error in load.errors]
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            _insert(cursor, "standin_loads", [row])
            _insert(cursor, "standin_load_files", _file_rows(query_id, load))
            _insert(cursor, "standin_load_errors", errors)
            connection.commit()


def _insert(cursor: Any, table: str, rows: list[tuple[object, ...]]) -> None:
    execute_values(cursor, f"INSERT INTO pg_catalog.{table} VALUES %s", rows, page_size=1000)


def _file_rows(query_id: int, load: Load) -> list[tuple[object, ...]]:
    return [
        (query_id, f"s3://{file.info.bucket}/{file.info.key}", file.bytes_scanned,
         file.lines_scanned, file.errors, file.info.etag, _utc(file.info.last_modified))
        for file in load.files
    ]  # fmt: skip


def _error_row(query_id: int, error: LoadError) -> tuple[object, ...]:
    return (
        query_id, error.file_name, error.line_number, error.column_name, error.column_type,
        error.column_length, error.position, shown(error.raw_line), shown(error.raw_field_value),
        error.error_code, error.error_message.replace("\0", "."),
    )  # fmt: skip


def shown(text: str) -> str:
    """Text of a file as the error views show it: multibyte characters as dots, cut to 1024."""
    return _NOT_SHOWN.sub(".", text[:RAW_LENGTH])


def _utc(moment: datetime) -> datetime:
    """A moment as Redshift's logs have it, in UTC and without a zone."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)
