"""The flags of etl.py: parts of the data, bad rows allowed, looking without touching."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, event, song
from tests.test_star import star

FIRST, SECOND = 1541106106796, 1541192506796


@pytest.fixture
def two_days(project: Project) -> Project:
    project.put_events(event(ts=FIRST), file="2018/11/day-1.json")
    project.put_events(event(ts=SECOND), event(ts=SECOND, page="Home"), file="2018/11/day-2.json")
    project.put_songs(song())
    project.create_tables()
    return project


def plays(project: Project) -> list[tuple[object, ...]]:
    query = "SELECT EXTRACT(day FROM start_time), song_id FROM songplays ORDER BY start_time"
    return project.query(query)


def test_a_prefix_at_a_time(two_days: Project) -> None:
    logs = f"s3://{two_days.bucket}/log_data/2018/11"
    two_days.load("--skip-songs", "--log-data", f"{logs}/day-2")
    assert plays(two_days) == [(2, None)]
    two_days.load("--song-data", f"s3://{two_days.bucket}/song_data/A", "--skip-events")
    assert plays(two_days) == [(2, None)]
    assert two_days.query("SELECT COUNT(*) FROM staging_events") == [(0,)]
    two_days.load("--skip-songs", "--log-data", f"{logs}/day-1")
    assert plays(two_days) == [(1, "SO1"), (2, None)]
    assert two_days.query("SELECT COUNT(*) FROM staging_songs") == [(1,)]
    two_days.load("--skip-songs")
    assert plays(two_days) == [(1, "SO1"), (2, "SO1")]


def test_what_is_skipped_need_not_be_configured(two_days: Project) -> None:
    two_days.configure(S3_SONG_DATA="")
    two_days.load("--skip-songs")
    two_days.configure(S3_SONG_DATA=f"s3://{two_days.bucket}/song_data", S3_LOG_DATA="")
    two_days.load("--skip-events")
    done = two_days.run("etl.py")
    assert done.returncode == 2
    assert done.stderr.startswith("error: [S3] LOG_DATA is missing")


def test_json_summary(two_days: Project) -> None:
    two_days.put_events(
        event(ts=FIRST), event(ts=FIRST), event(ts=FIRST + 1, userId=""), file="2018/11/day-1.json"
    )
    two_days.load("--skip-songs", "--log-data", f"s3://{two_days.bucket}/log_data/2018/11/day-2")
    done = two_days.load("--json")
    assert json.loads(done.stdout) == {
        "staged": {"staging_events": 5, "incoming_songs": 1},
        "rejected": 0,
        "warnings": [],
        "plays": {
            "staged": 4,
            "new": 1,
            "already_known": 1,
            "duplicate": 1,
            "unusable": 1,
            "song_known": 2,
        },
        "tables": {
            "users": {"before": 1, "after": 1, "inserted": 0, "updated": 0},
            "artists": {"before": 0, "after": 1, "inserted": 1, "updated": 0},
            "songs": {"before": 0, "after": 1, "inserted": 1, "updated": 0},
            "time": {"before": 1, "after": 2, "inserted": 1, "updated": 0},
            "songplays": {"before": 1, "after": 2, "inserted": 1, "updated": 1},
        },
    }


def test_dry_run_prints_the_statements_and_needs_no_cluster(project: Project) -> None:
    project.configure(CLUSTER_HOST="no-such-host.invalid", ETL_MAX_ERRORS="4")
    done = project.run("etl.py", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    statements = [" ".join(part.split()) for part in done.stdout.split(";\n") if part.strip()]
    assert [" ".join(statement.split()[:3]) for statement in statements[:6]] == [
        "BEGIN",
        "LOCK staging_songs",
        "TRUNCATE staging_events",
        "TRUNCATE incoming_songs",
        "COPY staging_events FROM",
        "COPY incoming_songs FROM",
    ]
    assert statements[4] == (
        f"COPY staging_events FROM 's3://{project.bucket}/log_data' IAM_ROLE"
        f" 'arn:aws:iam::123456789012:role/{project.name}' REGION 'us-west-2' FORMAT AS JSON"
        f" 's3://{project.bucket}/log_json_path.json' TIMEFORMAT AS 'epochmillisecs'"
        " COMPUPDATE OFF MAXERROR 5"
    )
    assert statements[-1] == "COMMIT"


def bad_rows(project: Project, count: int) -> None:
    lines = [json.dumps(event(ts=FIRST + 1)), *(f"bad {n}" for n in range(count))]
    project.put("log_data/2018/11/day-3.json", "\n".join(lines))


def test_validate_reports_and_touches_nothing(two_days: Project) -> None:
    two_days.load()
    before, staged = star(two_days), two_days.query("SELECT COUNT(*) FROM staging_events")
    clean = two_days.run("etl.py", "--validate")
    assert (clean.returncode, clean.stderr.count("rejected rows")) == (0, 0)
    bad_rows(two_days, 2)
    found = two_days.run("etl.py", "--validate")
    assert found.returncode == 1
    assert "bad 1   1216 Invalid input line: not valid JSON" in found.stderr
    assert found.stdout.endswith(
        "a load would fail: [ETL] MAX_ERRORS allows 0 rejected rows a COPY; nothing was loaded\n"
    )
    assert star(two_days) == before
    assert two_days.query("SELECT COUNT(*) FROM staging_events") == staged
    two_days.configure(ETL_MAX_ERRORS="2")
    assert two_days.run("etl.py", "--validate").returncode == 0


def test_bad_rows_that_are_allowed_are_listed_counted_and_kept(
    two_days: Project, tmp_path: Path
) -> None:
    bad_rows(two_days, 2)
    two_days.configure(ETL_MAX_ERRORS="2")
    done = two_days.load("--json", "--rejects", str(tmp_path / "rejects.jsonl"))
    assert json.loads(done.stdout)["rejected"] == 2
    assert "rejected rows" in done.stderr
    assert len(plays(two_days)) == 3
    kept = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert kept == [
        {
            "file": f"s3://{two_days.bucket}/log_data/2018/11/day-3.json",
            "line": line,
            "column": "",
            "type": "",
            "code": 1216,
            "reason": "Invalid input line: not valid JSON",
            "value": "",
            "raw_line": text,
        }
        for line, text in ((2, "bad 0"), (3, "bad 1"))
    ]


def test_one_bad_row_more_than_allowed_fails_and_is_kept_too(
    two_days: Project, tmp_path: Path
) -> None:
    bad_rows(two_days, 3)
    two_days.configure(ETL_MAX_ERRORS="2")
    done = two_days.run("etl.py", "--rejects", str(tmp_path / "rejects.jsonl"))
    assert (done.returncode, done.stdout) == (1, "")
    assert star(two_days)["songplays"] == []
    assert len((tmp_path / "rejects.jsonl").read_text().splitlines()) == 3


def test_rejects_that_cannot_be_written_are_told(two_days: Project, tmp_path: Path) -> None:
    done = two_days.run("etl.py", "--rejects", str(tmp_path / "none" / "rejects.jsonl"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write the rejected rows to ")
    assert "expected the name of a file in a folder that is there" in done.stderr


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="has no device that is full")
def test_rejects_for_which_there_is_no_room_hide_nothing_else(two_days: Project) -> None:
    bad_rows(two_days, 2)
    failed = two_days.run("etl.py", "--rejects", str(FULL))
    assert (failed.returncode, failed.stdout) == (1, "")
    no_room = f"cannot write the rejected rows to {FULL}: no space left on device; "
    assert f"warning: {no_room}" in failed.stderr
    assert "the star is as before" in failed.stderr
    two_days.configure(ETL_MAX_ERRORS="2")
    done = two_days.run("etl.py", "--json", "--rejects", str(FULL))
    assert done.returncode == 1
    assert json.loads(done.stdout)["rejected"] == 2
    assert f"error: {no_room}" in done.stderr
    assert done.stderr.endswith("\nthe load is committed\n")
    assert len(plays(two_days)) == 3


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--skip-songs", "--skip-events"], "not allowed with argument"),
        (["--json", "--validate"], "not allowed with argument"),
        (["--log-data", "bucket/logs"], "[S3] LOG_DATA must look like s3://bucket/prefix"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_flags_are_exit_code_2(project: Project, flags: list[str], message: str) -> None:
    done = project.run("etl.py", *flags)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX")
def test_on_a_terminal_a_step_is_alive(two_days: Project) -> None:
    import pty

    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "etl.py", "--config", str(two_days.config)],
        cwd=ROOT,
        env={**os.environ, **two_days.standin.environ, "TERM": "xterm", "COLUMNS": "120"},
        stderr=follower,
        stdout=subprocess.DEVNULL,
    ) as process:
        os.close(follower)
        shown = b""
        while chunk := _read(leader):
            shown += chunk
    os.close(leader)
    assert process.returncode == 0
    assert b"\x1b[" in shown
    assert b"copy staging_events" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other side is closed
        return b""
