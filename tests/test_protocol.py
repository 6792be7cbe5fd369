"""Bytes and messages of the wire protocol, written out by hand."""

from __future__ import annotations

import pytest

from standin.sqlerror import SqlError
from standin.wire import protocol, reading, writing
from standin.wire.protocol import CancelRequest, EncryptionRequest, ProtocolError, Startup


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b"\0\0\0\x08\x04\xd2\x16\x2f", EncryptionRequest.SSL),
        (b"\0\0\0\x08\x04\xd2\x16\x30", EncryptionRequest.GSSENC),
        (b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07secr", CancelRequest(b"\0\0\0\x07secr")),
        (
            b"\0\0\0\x16\0\x03\0\0user\0ann\0a\0\0\0",
            Startup(196608, {"user": "ann", "a": ""}),
        ),
        (b"\0\0\0\x09\0\x03\0\0\0", Startup(196608, {})),
    ],
    ids=["ssl", "gssapi", "cancel", "startup", "startup-empty"],
)
def test_startup_packet_is_decoded(packet: bytes, expected: object) -> None:
    assert reading.parse_startup(packet) == expected


@pytest.mark.parametrize(
    "body",
    [b"user\0ann", b"user\0ann\0", b"user\0\0ann\0", b""],
    ids=["no-terminator", "no-last-zero", "odd-count", "nothing"],
)
def test_startup_packet_with_broken_parameters_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="invalid startup packet layout"):
        reading.parse_startup(b"\0\0\0\0\0\x03\0\0" + body)


@pytest.mark.parametrize("header", [b"\0\0\0\x07", b"\0\0\x27\x11", b"\x16\x03\x01\x02", b"GET "])
def test_startup_length_is_limited(header: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"^invalid length of startup packet$"):
        protocol.startup_length(header)


def test_startup_length_may_reach_the_limit() -> None:
    assert protocol.startup_length(b"\0\0\x27\x10") == 10_000


def test_message_length_counts_the_code() -> None:
    assert protocol.message_length(b"Q\0\0\0\x0d", 100) == 14


@pytest.mark.parametrize("header", [b"Q\0\0\0\x03", b"Q\0\0\0\x65", b"Q\xff\xff\xff\xff"])
def test_message_length_is_limited(header: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"^invalid message length "):
        protocol.message_length(header, 100)


def test_query_is_decoded() -> None:
    assert reading.parse_query(b"select 'caf\xc3\xa9'\0") == "select 'café'"


def test_query_that_is_not_utf8_keeps_its_bytes() -> None:
    assert writing.query(reading.parse_query(b"'\xe9'\0")) == b"Q\0\0\0\x08'\xe9'\0"


@pytest.mark.parametrize("body", [b"", b"select 1", b"select\0 1\0"], ids=["empty", "open", "nul"])
def test_broken_query_is_refused(body: bytes) -> None:
    with pytest.raises(SqlError) as refusal:
        reading.parse_query(body)
    assert refusal.value.sqlstate == "08P01"


def test_parse_keeps_name_and_parameter_types() -> None:
    body = b"name\0select $1\0\0\x02\0\0\0\x17\0\0\0\x19"
    parse = reading.parse_parse(body)
    assert (parse.name, parse.sql, parse.oids) == (
        "name",
        "select $1",
        b"\0\x02\0\0\0\x17\0\0\0\x19",
    )
    assert writing.parse(parse.name, parse.sql, parse.oids) == b"P\0\0\0\x1d" + body


@pytest.mark.parametrize(
    "body",
    [b"", b"name\0", b"name\0select 1", b"\0\0", b"\0\0\0", b"\0\0\0\x01", b"\0\0\0\0\0"],
    ids=["empty", "no-sql", "open", "no-count", "half-count", "type-missing", "rest"],
)
def test_broken_parse_is_refused(body: bytes) -> None:
    with pytest.raises(SqlError) as refusal:
        reading.parse_parse(body)
    assert refusal.value.sqlstate == "08P01"


def test_error_response_has_every_field() -> None:
    error = SqlError("XX000", "it failed", detail="why", hint="what now")
    assert writing.error_response(error, "FATAL") == (
        b"E\0\0\0\x34SFATAL\0VFATAL\0CXX000\0Mit failed\0Dwhy\0Hwhat now\0\0"
    )


def test_info_notice_is_read_back() -> None:
    notice = writing.info_notice("1 record(s)")
    assert notice[:1] == b"N"
    assert reading.error_fields(notice[5:]) == {
        "S": "INFO",
        "V": "INFO",
        "C": "00000",
        "M": "1 record(s)",
    }


def test_text_with_a_nul_cannot_break_a_message() -> None:
    assert writing.command_complete("CO\0PY") == b"C\0\0\0\x09COPY\0"


def test_row_values_tell_null_from_empty() -> None:
    body = b"\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0"
    assert reading.row_values(body) == ["ab", None, ""]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (writing.ready_for_query(b"T"), b"Z\0\0\0\x05T"),
        (writing.authentication(3), b"R\0\0\0\x08\0\0\0\x03"),
        (writing.parameter_status("a", "b"), b"S\0\0\0\x08a\0b\0"),
        (writing.password("pw"), b"p\0\0\0\x07pw\0"),
        (writing.copy_fail("no"), b"f\0\0\0\x07no\0"),
        (writing.message(protocol.SYNC), b"S\0\0\0\x04"),
        (writing.startup({"user": "a"}), b"\0\0\0\x10\0\x03\0\0user\0a\0\0"),
        (writing.cancel_request(b"\0\0\0\x07secr"), b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07secr"),
        (
            writing.negotiate_version(["_pq_.x"]),
            b"v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0",
        ),
    ],
    ids=[
        "ready", "authentication", "parameter", "password", "copy-fail", "sync", "startup",
        "cancel", "negotiate",
    ],
)  # fmt: skip
def test_message_is_encoded(message: bytes, expected: bytes) -> None:
    assert message == expected
