"""The benchmarks: their files, their oracle, their tables. What they measure is not asserted."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import data, measure, oracle, results, skew
from benchmarks.data import Files, Size
from tests.conftest import LOG_KEYS, ROOT, SONG_KEYS
from tests.oracle import Star
from tests.test_standin_command import until

# Contenders named as their library, which .ci/run installs; the others need what the tests need.
LIBRARIES = ("duckdb", "dlt")
SMALL = Size(events=3000, log_files=3, songs=200, song_files=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return data.generate(SMALL, 5, tmp_path_factory.mktemp("data"))


def documents(paths: list[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def test_files_have_the_size_and_the_keys_that_were_asked_for(files: Files) -> None:
    events, songs = documents(files.logs), documents(files.songs)
    assert (len(files.logs), len(events)) == (3, 3000)
    assert (len(files.songs), len(songs)) == (2, 200)
    assert {tuple(event) for event in events} == {LOG_KEYS}
    assert {tuple(song) for song in songs} == {SONG_KEYS}
    plays = [event for event in events if event["page"] == "NextSong"]
    identities = {(event["userId"], event["sessionId"], event["ts"]) for event in plays}
    assert len(identities) < len(plays) < len(events)
    assert any(event["userId"] == "" for event in events)


def test_csv_has_the_same_rows(files: Files) -> None:
    def text(event: dict[str, Any]) -> list[str]:
        row = ["" if value is None else str(value) for value in event.values()]
        moment = datetime(1970, 1, 1) + timedelta(milliseconds=event["ts"])
        return [*row[:15], str(moment), *row[16:]]

    rows = []
    for path in files.csv_logs:
        with path.open(encoding="utf-8", newline="") as file:
            rows += list(csv.reader(file))
    assert rows == [text(event) for event in documents(files.logs)]


def test_the_same_seed_gives_the_same_bytes_and_another_others(
    files: Files, tmp_path: Path
) -> None:
    again = data.generate(SMALL, 5, tmp_path / "again")
    other = data.generate(SMALL, 6, tmp_path / "other")
    for get in (lambda f: f.logs, lambda f: f.songs, lambda f: f.csv_logs, lambda f: f.csv_songs):
        written = [path.read_bytes() for path in get(files)]
        assert [path.read_bytes() for path in get(again)] == written
        assert [path.read_bytes() for path in get(other)] != written


def test_its_oracle_agrees_with_the_rules_of_the_tests(files: Files) -> None:
    star = Star()
    star.load(documents(files.logs), documents(files.songs))
    tables = star.tables()
    assert oracle.expected_counts(files) == {
        "songplays": len(tables["songplays"]),
        "with_song": sum(row[3] is not None for row in tables["songplays"]),
        "users": len(tables["users"]),
        "songs": len(tables["songs"]),
        "artists": len(tables["artists"]),
        "time": len(tables["time"]),
    }


def test_skew() -> None:
    assert skew.skew([5, 5, 5, 5]) == 1.0
    assert skew.skew([0, 0, 0, 8]) == 4.0
    skews, plays = skew.simulate(SMALL, 5)
    assert plays > 2000
    assert skews["EVEN"][0] < 1.01
    # 95 of 100 plays on the slice of NULL, whatever the number of slices.
    for slices, found in zip(skew.SLICES, skews["song_id"], strict=True):
        assert 0.93 * slices < found < 0.98 * slices
    assert skews["start_time"][1] < 1.2 < skews["level"][1]


def test_tables_name_who_did_not_run_and_what_was_measured_where(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outcomes = [
        results.Outcome("floor", "ready rows", [4.0, 2.0, 3.0], 10_000_000, 300_000_000),
        results.Outcome("etl", "the product", [4.5], 70_000_000, 272_000_000),
        results.Outcome("dlt", "another", not_run="no module named dlt"),
    ]
    machine = {
        "date": "2026-01-02T03:04:05+00:00", "processor": "P", "cores": 2, "memory_gib": 24,
        "system": "S", "versions": {"python": "3"},
    }  # fmt: skip
    result = results.Result("M", SMALL, 7, machine, 1.5, {}, outcomes).as_dict()
    ratios = [one.get("ratio_to_floor") for one in result["contenders"]]
    assert ratios == [1.0, 1.5, None]
    assert result["contenders"][1]["rows_per_second"] == round(3200 / 4.5)
    results.show(result)
    assert "dlt did not run: no module named dlt" in capsys.readouterr().out
    path = tmp_path / "m.json"
    path.write_text(json.dumps(result))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--markdown", str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "| etl: the product | 4.50 | 711 | 1.50 | 70 | 272 |" in done.stdout
    assert "`python -m benchmarks --size M --seed 7 --rounds 3` on 2026-01-02: P" in done.stdout


HOLDER = """
import subprocess, sys
held = bytearray(b"x") * int(sys.argv[1])
if len(sys.argv) > 2:
    subprocess.run([sys.executable, "-c", *sys.argv[2:4]])
else:
    sys.stdin.read()
"""


def test_the_memory_of_a_process_and_of_its_children_is_measured() -> None:
    # the child is there only after its parent was first looked at
    parent, child = 40 << 20, 90 << 20
    words = [sys.executable, "-c", HOLDER, str(parent), HOLDER, str(child)]
    with (
        subprocess.Popen(words, stdin=subprocess.PIPE) as process,
        measure.PeakMemory(process.pid) as memory,
    ):
        until(lambda: memory.peak > parent + child)
        # both hold their memory until their stdin ends
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    assert memory.peak < 2 * (parent + child)


@pytest.mark.long
def test_a_whole_run(tmp_path: Path) -> None:
    told = tmp_path / "s.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks", "--size", "S", "--seed", "3", "--only", "floor",
            "etl", "execute-values", "json-to-record", "duckdb", "dlt", "--json", str(told),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    contenders = {one["name"]: one for one in json.loads(told.read_text())["contenders"]}
    assert len(contenders) == 6
    for name, contender in contenders.items():
        if name in LIBRARIES and find_spec(name) is None:
            assert "pip install -r benchmarks/requirements.txt" in contender["not_run"]
        else:
            assert contender.get("not_run") is None
            assert contender["median_seconds"] > 0
