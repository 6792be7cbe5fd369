"""What is worth trying again, and the pauses in between."""

from __future__ import annotations

import psycopg2
import pytest
import tenacity

import retries


class Failed(psycopg2.OperationalError):
    """An error of a statement with the SQLSTATE that a server would have given it."""

    def __init__(self, text: str, state: str | None) -> None:
        super().__init__(text)
        self._state = state

    @property
    def pgcode(self) -> str | None:  # type: ignore[override]
        return self._state


@pytest.mark.parametrize(
    ("text", "state", "transient"),
    [
        ("x", "08006", True),
        ("x", "08P01", True),
        ("x", "57P01", True),
        ("x", "57P04", False),
        ("x", "57014", False),
        ("x", "40001", True),
        ("x", "40P01", True),
        ("x", "400010", False),
        ("ERROR:  1023\nDETAIL:  Serializable isolation violation on table", "XX000", True),
        ("ERROR:  1018\n", "XX000", True),
        ("could not complete because of conflict with concurrent transaction", "XX000", True),
        (
            'duplicate key violates unique constraint "pg_type_typname_nsp_index"'
            " (possibly caused by concurrent transaction conflict)",
            "23505",
            True,
        ),
        ('column "1023" does not exist', "42703", False),
        ("connection already closed", None, True),
        ('relation "x" does not exist', "42P01", False),
    ],
)
def test_what_is_worth_another_load(text: str, state: str | None, transient: bool) -> None:
    assert retries.is_transient(Failed(text, state)) is transient


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (psycopg2.OperationalError('could not translate host name "h" to address: x'), True),
        (psycopg2.OperationalError("FATAL:  the database system is starting up"), True),
        (psycopg2.OperationalError("FATAL:  the database system is in recovery mode"), True),
        (psycopg2.OperationalError("FATAL:  the database system is shutting down"), False),
        (psycopg2.OperationalError("FATAL:  password authentication failed"), False),
        (OSError("Name or service not known"), False),
    ],
)
def test_what_is_worth_another_login(error: Exception, again: bool) -> None:
    assert retries.is_worth_another_login(error) is again


def test_pauses_double_and_each_retry_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(tenacity.nap.time, "sleep", pauses.append)
    with pytest.raises(OSError):
        for attempt in retries.retrying(lambda error: True):
            with attempt:
                raise OSError
    assert pauses == [1, 2, 4]
    assert capsys.readouterr().err.splitlines() == [
        "retry 1 of 3 in 1 s: OSError",
        "retry 2 of 3 in 2 s: OSError",
        "retry 3 of 3 in 4 s: OSError",
    ]
