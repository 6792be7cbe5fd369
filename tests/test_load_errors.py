"""The rows that a COPY rejected: which are its own, and how they are told and kept."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import Project, event, song

import load_errors
from load_errors import LoadError


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
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


# etl.py where the views of load errors answer as they do in `views`.
SEEN_OTHERWISE = """
import sys
import etl, sql_queries, terminal
sql_queries.sys_load_errors = sql_queries.stl_load_errors = "{views}"
raise SystemExit(terminal.run(etl.main, sys.argv[1:]))
"""
REFUSED = SEEN_OTHERWISE.format(views="SELECT 1 FROM a_view_that_may_not_be_read")
LATE = SEEN_OTHERWISE.format(views="SELECT 1 WHERE 1 = 0")


@pytest.fixture
def one_bad_row(project: Project) -> Project:
    project.put_events(event(), event(userId="abc"))
    project.put_songs(song())
    project.create_tables()
    project.configure(ETL_MAX_ERRORS="1")
    return project


UNSEEN = (
    "copy staging_events skipped 1 row, of which the views of load errors show 0: may [CLUSTER]"
    " DB_USER read sys_load_error_detail or stl_load_errors?"
)


@pytest.mark.parametrize("program", [REFUSED, LATE], ids=["refused", "late"])
def test_rows_that_are_skipped_and_not_shown_are_counted_and_told(
    one_bad_row: Project, program: str
) -> None:
    done = one_bad_row.run("-c", program, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["rejected"], found["warnings"]) == (1, [UNSEEN])


@pytest.mark.parametrize(("allowed", "code"), [("1", 0), ("0", 1)])
def test_a_validation_counts_rows_that_are_not_shown(
    one_bad_row: Project, allowed: str, code: int
) -> None:
    one_bad_row.configure(ETL_MAX_ERRORS=allowed)
    done = one_bad_row.run("-c", LATE, "--validate", "--quiet")
    assert (done.returncode, done.stderr) == (code, f"warning: {UNSEEN}\n")
    assert f"a load would {'fail' if code else 'pass'}: " in done.stdout


def test_a_validation_that_may_not_look_does_not_pass(one_bad_row: Project) -> None:
    done = one_bad_row.run("-c", REFUSED, "--validate", "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: cannot tell what copy staging_events would reject: [CLUSTER] DB_USER may read"
        " neither sys_load_error_detail nor stl_load_errors\nnothing was loaded\n"
        "next: run it as the cluster's master user\n"
    )


def rejected(**changes: Any) -> LoadError:
    fields = {"file": "s3://b/a.json", "line": 1, "column": "ts", "type": "int8", "code": 1207}
    return LoadError(**{**fields, "reason": "Invalid digit", **changes})


def test_the_most_frequent_causes_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Here that of two rows; of these the longer value is cut at 60 characters."""
    errors = [
        rejected(code=1204, reason="long"),
        *(rejected(line=number, value="x" * number) for number in (60, 61)),
        rejected(line=2, code=1206, reason="time"),
    ]
    load_errors.show(errors)
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert lines[0] == "rejected rows"
    assert [line.split()[1] for line in lines[3:]] == ["60", "61", "1", "2"]
    assert f" {'x' * 60} " in lines[3]
    assert f" {'x' * 59}… " in lines[4]
    assert [fix.split()[0] for fix in load_errors.fixes(errors)] == ["1207", "1204", "1206"]


@pytest.mark.parametrize(
    ("count", "title"), [(10, "rejected rows"), (11, "rejected rows (10 of 11)")]
)
def test_ten_rows_are_shown(capsys: pytest.CaptureFixture[str], count: int, title: str) -> None:
    load_errors.show([rejected(line=number) for number in range(count)])
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert (lines[0], len(lines[3:])) == (title, 10)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zst"])
def test_a_compressed_file(suffix: str) -> None:
    error = rejected(file=f"s3://b/a.json{suffix}", code=1216, reason="Invalid input line")
    (fix,) = load_errors.fixes([error])
    assert fix.startswith("1216 the file is compressed and COPY was not told so")


def test_kept_as_it_was_written(tmp_path: Path) -> None:
    load_errors.write(tmp_path / "rejects", [rejected(value="Zoë")])
    assert (tmp_path / "rejects").read_text("utf-8") == (
        '{"file": "s3://b/a.json", "line": 1, "column": "ts", "type": "int8", "code": 1207,'
        ' "reason": "Invalid digit", "value": "Zoë", "raw_line": ""}\n'
    )
