"""What a load is told to have done: every figure in its place."""

from __future__ import annotations

import pytest

import report


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_tables_of_a_load(capsys: pytest.CaptureFixture[str]) -> None:
    load = report.Load(
        staged={"staging_events": 7}, before={"users": 10}, plays=6, known=2, duplicates=3,
        unusable=4, matched=5,
    )  # fmt: skip
    load.effects.update(
        {
            ("INSERT", "users"): 5,
            ("DELETE", "users"): 2,
            ("UPDATE", "users"): 1,
            ("INSERT", "songplays"): 9,
        }
    )
    report.show(load)
    rows = cells(capsys.readouterr().out)
    assert ["7", "-", "0"] in rows
    assert ["6", "9", "2", "3", "4", "5"] in rows
    assert ["users", "10", "13", "3", "3"] in rows


@pytest.mark.parametrize(
    ("passes", "verdict"), [(True, "a load would pass"), (False, "a load would fail")]
)
def test_a_validation(capsys: pytest.CaptureFixture[str], passes: bool, verdict: str) -> None:
    report.show_validation({"staging_events": 3, "incoming_songs": 0}, 2, passes)
    out = capsys.readouterr().out
    assert ["3", "0"] in cells(out)
    assert out.splitlines()[-1] == (
        f"{verdict}: [ETL] MAX_ERRORS allows 2 rejected rows a COPY; nothing was loaded"
    )
