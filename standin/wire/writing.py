"""Puts messages of the wire protocol together.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from standin.sqlerror import SqlError
from standin.wire.protocol import (
    AUTHENTICATION,
    CANCEL_REQUEST,
    COMMAND_COMPLETE,
    COPY_FAIL,
    ERROR_RESPONSE,
    NEGOTIATE_VERSION,
    NOTICE_RESPONSE,
    PARAMETER_STATUS,
    PARSE,
    PASSWORD,
    PROTOCOL_3_0,
    QUERY,
    READY_FOR_QUERY,
    encode,
)

_LENGTH = struct.Struct("!I")


def message(code: bytes, body: bytes = b"") -> bytes:
    """Any message from its code and body."""
    return code + _LENGTH.pack(len(body) + 4) + body


def strings(*texts: str) -> bytes:
    """Zero-terminated strings; a NUL inside one cannot be sent and is dropped."""
    return b"".join(encode(text).replace(b"\0", b"") + b"\0" for text in texts)


def startup(parameters: Mapping[str, str]) -> bytes:
    """A client's StartupMessage of protocol 3.0."""
    pairs = strings(*(text for pair in parameters.items() for text in pair))
    return _LENGTH.pack(len(pairs) + 9) + _LENGTH.pack(PROTOCOL_3_0) + pairs + b"\0"


def cancel_request(key: bytes) -> bytes:
    """A client's CancelRequest."""
    return _LENGTH.pack(len(key) + 8) + _LENGTH.pack(CANCEL_REQUEST) + key


def password(text: str) -> bytes:
    """The answer to a request for a cleartext password."""
    return message(PASSWORD, strings(text))


def query(sql: str) -> bytes:
    """A Query message."""
    return message(QUERY, strings(sql))


def parse(name: str, sql: str, oids: bytes) -> bytes:
    """A Parse message."""
    return message(PARSE, strings(name, sql) + oids)


def authentication(kind: int) -> bytes:
    """A message of the AuthenticationXXX family."""
    return message(AUTHENTICATION, _LENGTH.pack(kind))


def parameter_status(name: str, value: str) -> bytes:
    """A ParameterStatus message."""
    return message(PARAMETER_STATUS, strings(name, value))


def copy_fail(reason: str) -> bytes:
    """A CopyFail message."""
    return message(COPY_FAIL, strings(reason))


def ready_for_query(status: bytes) -> bytes:
    """A ReadyForQuery message with the transaction's status."""
    return message(READY_FOR_QUERY, status)


def command_complete(tag: str) -> bytes:
    """A CommandComplete message."""
    return message(COMMAND_COMPLETE, strings(tag))


def negotiate_version(options: Iterable[str]) -> bytes:
    """The answer to a client that wants a newer minor version or unknown protocol options."""
    names = list(options)
    return message(
        NEGOTIATE_VERSION, _LENGTH.pack(PROTOCOL_3_0) + _LENGTH.pack(len(names)) + strings(*names)
    )


def error_response(error: SqlError, severity: str = "ERROR") -> bytes:
    """An ErrorResponse; `severity` is ERROR, or FATAL when the connection ends with it."""
    return message(ERROR_RESPONSE, _fields(severity, error))


def info_notice(text: str) -> bytes:
    """A NoticeResponse of level INFO, as COPY reports its result."""
    return message(NOTICE_RESPONSE, _fields("INFO", SqlError("00000", text)))


def _fields(severity: str, error: SqlError) -> bytes:
    fields = {
        "S": severity,
        "V": severity,
        "C": error.sqlstate,
        "M": error.message,
        "D": error.detail,
        "H": error.hint,
    }
    return strings(*(code + text for code, text in fields.items() if text is not None)) + b"\0"
