"""PostgreSQL's errors on their way to the client: found wherever they stand, reworded, complete."""

from __future__ import annotations

import pytest

from standin.dialect.errors import in_redshifts_words
from standin.dialect.plan import Plan
from standin.wire import protocol, reading, writing
from standin.wire.backend_errors import BackendErrors

TABLE = Plan("SELECT a FROM t", "SELECT", reads_tables=True)
LEADER = Plan("SELECT 1", "SELECT")


def error(*fields: str) -> bytes:
    texts = writing.strings("SERROR", "VERROR", *fields) + b"\0"
    return writing.message(protocol.ERROR_RESPONSE, texts)


SKIPPED = writing.message(
    protocol.NOTICE_RESPONSE,
    writing.strings("SNOTICE", "VNOTICE", "C00000", 'Mtable "t" does not exist, skipping') + b"\0",
)
DIVIDED = error("C22012", "Mdivision by zero", "Fint.c", "L1", "Rint4div")
ROW = writing.message(protocol.DATA_ROW, b"\0\1\0\0\0\5ERROR")
READY = writing.ready_for_query(protocol.FAILED)


def told(raw: bytes) -> dict[str, str]:
    return reading.error_fields(raw[5:])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_error_is_found_however_the_bytes_arrive(count: int) -> None:
    answer = SKIPPED * count + ROW * count + DIVIDED + READY
    expected = BackendErrors()
    expected.concern([TABLE])
    notices = expected.translated(SKIPPED) * count
    wanted = notices + ROW * count + expected.translated(DIVIDED) + READY
    assert b"Divide by zero" in wanted
    assert (b'SINFO\0VINFO\0C00000\0MTable "t" does not exist and will be' in wanted) == (count > 0)
    for cut in range(len(answer) + 1):
        for second in {cut, (cut + len(answer)) // 2}:
            errors = BackendErrors()
            errors.concern([TABLE])
            parts = (answer[:cut], answer[cut:second], answer[second:])
            last = max(index for index, part in enumerate(parts) if part)
            passed = [errors.relayed(part, index == last) for index, part in enumerate(parts)]
            assert b"".join(passed) == wanted, cut


def test_rows_are_passed_on_at_once() -> None:
    errors = BackendErrors()
    row = writing.message(protocol.DATA_ROW, b"\0\1\0\0\0\5ERROR and more")
    assert errors.relayed(row, False) == row
    # What may begin an error waits for the next bytes.
    assert errors.relayed(row + b"E\0\0\0\5S", False) == row
    assert errors.relayed(b"INSERT" + READY, True) == b"E\0\0\0\5SINSERT" + READY


def test_what_is_reworded_has_the_detail_of_a_low_level_failure() -> None:
    errors = BackendErrors()
    errors.concern([TABLE])
    errors.query_id = 77
    fields = told(
        errors.translated(error("C22P02", 'Minvalid input syntax for type integer: "1x"'))
    )
    assert (fields["C"], fields["M"]) == ("XX000", "Invalid digit, Value 'x', Pos 1, Type: Integer")
    for line in ("code:      1207", "context:   1x", "query:     77"):
        assert f"\n  {line}\n" in fields["D"]


def test_positions_are_told_only_in_the_clients_own_text() -> None:
    missing = error("C42703", 'Mcolumn "b" does not exist', "P8", 'HPerhaps you meant "t.a".')
    errors = BackendErrors()
    errors.concern([LEADER], "SELECT 1 -- and more")
    assert told(errors.translated(missing)).get("P") == "8"
    assert "H" not in told(errors.translated(missing))
    errors.concern([LEADER], " SELECT 1")
    assert "P" not in told(errors.translated(missing))


def test_a_fatal_error_stays_as_it_is() -> None:
    texts = writing.strings("SFATAL", "VFATAL", "C22012", "Mdivision by zero") + b"\0"
    raw = writing.message(protocol.ERROR_RESPONSE, texts)
    assert BackendErrors().translated(raw) == raw


def test_a_parameter_concerns_the_leader_node() -> None:
    fields = {
        "C": "22P02",
        "M": 'invalid input syntax for type bigint: "x"',
        "W": "unnamed portal parameter $1 = '...'",
    }
    found = in_redshifts_words(fields, on_leader=False)
    assert (found["C"], found["M"]) == ("22P02", 'invalid input syntax for integer: "x"')


REWORDED = {
    "23505": (
        'duplicate key value violates unique constraint "pg_type_typname_nsp_index"',
        'duplicate key violates unique constraint "pg_type_typname_nsp_index" '
        "(possibly caused by concurrent transaction conflict)",
    ),
    "XX000": (
        "tuple concurrently updated",
        "could not complete because of conflict with concurrent transaction",
    ),
    "42501": ("must be owner of table t", "must be owner of relation t"),
    "25006": ("cannot execute INSERT in a read-only transaction", "transaction is read-only"),
    "25P01": (
        "DECLARE CURSOR can only be used in transaction blocks",
        "DECLARE CURSOR may only be used in transaction blocks",
    ),
}


@pytest.mark.parametrize("sqlstate", REWORDED)
def test_newer_words(sqlstate: str) -> None:
    newer, older = REWORDED[sqlstate]
    found = in_redshifts_words({"C": sqlstate, "M": newer}, on_leader=True)
    assert found == {"C": sqlstate, "M": older}


def test_a_deadlock_is_told_without_newer_hints() -> None:
    fields = {"C": "40P01", "M": "deadlock detected", "D": "Process 7 waits for ShareLock"}
    hint = {"H": "See server log for query details."}
    assert in_redshifts_words(fields | hint, on_leader=False) == fields


def test_a_canceled_query_is_named() -> None:
    fields = {"C": "57014", "M": "canceling statement due to statement timeout"}
    found = in_redshifts_words(fields, on_leader=False, query_id=150)
    assert (found["C"], found["M"]) == ("57014", "Query (150) canceled on user's request")
