"""Finds PostgreSQL's errors and notices in what it answers and puts them into Redshift's words.

Everything else passes as it came: rows are not taken apart to find the error behind them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from standin.dialect.errors import in_redshifts_words, notice_in_redshifts_words
from standin.dialect.plan import Plan
from standin.wire import protocol, reading, writing

# How an ErrorResponse and a NoticeResponse go on behind code and length. Neither text nor a number
# in binary form can hold it: text has no zero bytes, and the lengths between two values are no
# letters.
_SIGNATURES = {
    protocol.ERROR_RESPONSE: b"SERROR\0VERROR\0C",
    protocol.NOTICE_RESPONSE: b"SNOTICE\0VNOTICE\0C",
}
_CODES = re.compile(b"[" + b"".join(_SIGNATURES) + b"]")
_LONGEST = max(map(len, _SIGNATURES.values()))
_HEADER = 5
# A statement may end in a comment that reaches to the end of its line.
PLAN_SEPARATOR = "\n;"


class BackendErrors:
    """The errors of one session's backend.

    The session tells what is known of the statement that PostgreSQL is at work on: `query_id`,
    and by `concern` whether it reads a table and whether PostgreSQL's text is the client's, so
    that positions in it mean something.
    """

    def __init__(self) -> None:
        self.on_leader = False
        self.has_position = False
        self.query_id = 0
        self._kept = b""

    def concern(self, plans: Sequence[Plan], received: str = "") -> None:
        """Note what PostgreSQL is about to run; `received` is the client's own text of it."""
        self.on_leader = not any(plan.reads_tables for plan in plans)
        self.has_position = received.startswith(PLAN_SEPARATOR.join(plan.sql for plan in plans))

    def translated(self, raw: bytes) -> bytes:
        """A whole ErrorResponse or NoticeResponse, reworded."""
        fields = reading.error_fields(raw[_HEADER:])
        if fields.get("S") == "ERROR":
            found = in_redshifts_words(fields, on_leader=self.on_leader, query_id=self.query_id)
        elif fields.get("S") == "NOTICE":
            found = notice_in_redshifts_words(fields)
        else:
            return raw
        if not self.has_position:
            found.pop("P", None)
        texts = writing.strings(*(code + text for code, text in found.items()))
        return writing.message(raw[:1], texts + b"\0")

    def relayed(self, data: bytes, is_last: bool) -> bytes:
        """What of PostgreSQL's bytes may go to the client now; the beginning of an error waits.

        `is_last` says that the answer ends with these bytes.
        """
        data = self._kept + data
        self._kept = b""
        passed = []
        while (found := _first(data)) >= _HEADER:
            start = found - _HEADER
            end = start + 1 + int.from_bytes(data[start + 1 : found], "big")
            if len(data) < end:
                break
            passed += [data[:start], self.translated(data[start:end])]
            data = data[end:]
        if not is_last:
            waits = found - _HEADER if found >= _HEADER else _begun(data)
            self._kept, data = data[waits:], data[:waits]
        return b"".join([*passed, data])


def _first(data: bytes) -> int:
    """Where the first signature is; -1 when there is none."""
    places = [data.find(signature) for signature in _SIGNATURES.values()]
    return min((place for place in places if place >= 0), default=-1)


def _begun(data: bytes) -> int:
    """Where a message might begin whose signature is not there yet; the end if nowhere."""
    # Asked of every few kilobytes of a result, whose ends seldom hold a capital of these.
    if not _CODES.search(data, max(0, len(data) - _HEADER - _LONGEST + 1)):
        return len(data)
    for start in range(max(0, len(data) - _HEADER - _LONGEST + 1), len(data)):
        signature = _SIGNATURES.get(data[start : start + 1], b"")
        if signature.startswith(data[start + _HEADER :]) and signature:
            return start
    return len(data)
