"""Which rows of the load error views are those of one COPY."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from conftest import Project, event

import load_errors


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Lima"])
def test_rows_of_an_older_session_with_the_same_process_id(project: Project, zone: str) -> None:
    """Redshift uses a process id again, keeps the rows for days, and counts time by the zone."""
    project.put_events(event(userId="abc"))
    project.create_tables()
    copy = (
        f"COPY staging_events FROM 's3://{project.bucket}/log_data'"
        f" IAM_ROLE '{project.values['IAM_ROLE']['ARN']}' REGION 'us-west-2'"
        f" JSON 's3://{project.bucket}/log_json_path.json' TIMEFORMAT 'epochmillisecs'"
    )
    with closing(project.connect()) as connection:
        with pytest.raises(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute(copy)
        connection.rollback()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SET timezone TO '{zone}'")
        (error,) = load_errors.read(connection, 60)
        assert (error.column, error.code) == ("user_id", 1207)
        made_older(project, "1 hour")
        assert load_errors.read(connection, 60) == []
        assert len(load_errors.read(connection, 3700)) == 1


def made_older(project: Project, by: str) -> None:
    database = project.values["CLUSTER"]["DB_NAME"]
    with (
        closing(project.standin.postgres.connect(database)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE pg_catalog.standin_loads SET start_time = start_time - %s::interval", (by,)
        )
