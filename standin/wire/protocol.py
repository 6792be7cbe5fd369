"""The PostgreSQL wire protocol, version 3: bytes <-> messages. No sockets, no state.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from standin.sqlerror import SqlError

# What a client sends.
QUERY = b"Q"
PARSE = b"P"
BIND = b"B"
DESCRIBE = b"D"
EXECUTE = b"E"
CLOSE = b"C"
FLUSH = b"H"
SYNC = b"S"
TERMINATE = b"X"
PASSWORD = b"p"
FUNCTION_CALL = b"F"
COPY_DATA = b"d"
COPY_DONE = b"c"
COPY_FAIL = b"f"

# What a server sends.
AUTHENTICATION = b"R"
PARAMETER_STATUS = b"S"
BACKEND_KEY_DATA = b"K"
READY_FOR_QUERY = b"Z"
ERROR_RESPONSE = b"E"
NOTICE_RESPONSE = b"N"
COMMAND_COMPLETE = b"C"
ROW_DESCRIPTION = b"T"
DATA_ROW = b"D"
COPY_IN_RESPONSE = b"G"
NEGOTIATE_VERSION = b"v"

# Codes in place of a version in a startup packet.
PROTOCOL_3_0 = 3 << 16
CANCEL_REQUEST = 1234 << 16 | 5678
SSL_REQUEST = 1234 << 16 | 5679
GSSENC_REQUEST = 1234 << 16 | 5680

# The kind of AuthenticationXXX that asks for a password in clear.
AUTHENTICATION_CLEARTEXT = 3

# Transaction status in ReadyForQuery.
IDLE = b"I"
IN_TRANSACTION = b"T"
FAILED = b"E"

READY_LENGTH = 6
# Bytes of a column in a RowDescription behind its name.
COLUMN_DESCRIPTION_LENGTH = 18
READY_PREFIX = READY_FOR_QUERY + struct.pack("!I", 5)

# PostgreSQL's own limit (MAX_STARTUP_PACKET_LENGTH); nothing before the login needs more.
MAX_STARTUP_LENGTH = 10_000
# Redshift takes statements up to 16 MB: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html
MAX_CLIENT_LENGTH = 64 << 20
MAX_SERVER_LENGTH = 1 << 30

_LENGTH = struct.Struct("!I")
_SIGNED = struct.Struct("!i")
_SHORT = struct.Struct("!H")
# of a RowDescription: table and column, type, its size and modifier, format
_COLUMN = struct.Struct("!IhIhih")


class ProtocolError(Exception):
    """Bytes that are not a message of the protocol: the connection cannot go on."""


class EncryptionRequest(Enum):
    """A client's question, before its startup message, whether the server can encrypt."""

    SSL = SSL_REQUEST
    GSSENC = GSSENC_REQUEST


@dataclass(frozen=True)
class CancelRequest:
    """A wish to cancel what the session with this backend key (process id + secret) does."""

    key: bytes


@dataclass(frozen=True)
class Startup:
    """The message that opens a session."""

    version: int
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """One whole message: `raw` as on the wire, one byte of code and four of length in front."""

    raw: bytes

    @property
    def code(self) -> bytes:
        return self.raw[:1]

    @property
    def body(self) -> bytes:
        return self.raw[5:]


@dataclass(frozen=True)
class Parse:
    """The content of a Parse message; `oids` are the parameter types as sent."""

    name: str
    sql: str
    oids: bytes


def message_length(header: bytes | bytearray, limit: int) -> int:
    """Bytes of the whole message that the five bytes of `header` begin."""
    (length,) = _LENGTH.unpack_from(header, 1)
    if not 4 <= length <= limit:
        raise ProtocolError(f"invalid message length {length}")
    return int(length) + 1


def startup_length(header: bytes | bytearray) -> int:
    """Bytes of the startup packet that the four bytes of `header` begin."""
    (length,) = _LENGTH.unpack_from(header)
    if not 8 <= length <= MAX_STARTUP_LENGTH:
        raise ProtocolError("invalid length of startup packet")
    return int(length)


def parse_startup(packet: bytes) -> Startup | CancelRequest | EncryptionRequest:
    """Decode one whole startup packet."""
    (code,) = _LENGTH.unpack_from(packet, 4)
    if code in (SSL_REQUEST, GSSENC_REQUEST):
        return EncryptionRequest(code)
    if code == CANCEL_REQUEST:
        return CancelRequest(packet[8:])
    return Startup(code, _parse_parameters(packet[8:]))


def _parse_parameters(body: bytes) -> dict[str, str]:
    if body[-1:] != b"\0":
        raise ProtocolError("invalid startup packet layout: expected terminator as last byte")
    fields = [decode(field) for field in body[:-1].split(b"\0")]
    if fields[-1] != "" or len(fields) % 2 != 1:
        raise ProtocolError("invalid startup packet layout: expected pairs of strings")
    return dict(zip(fields[:-1:2], fields[1::2], strict=True))


def decode(text: bytes) -> str:
    """Text of a client; bytes that are not UTF-8 survive, so that PostgreSQL judges them."""
    return text.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The inverse of `decode`."""
    return text.encode("utf-8", "surrogateescape")


def split_strings(body: bytes, count: int) -> tuple[list[str], bytes]:
    """The first `count` zero-terminated strings of a message's body, and what follows them."""
    *strings, rest = body.split(b"\0", count)
    if len(strings) != count:
        raise SqlError("08P01", "invalid string in message")
    return [decode(string) for string in strings], rest


def parse_query(body: bytes) -> str:
    """The SQL text of a Query message."""
    (sql,), rest = split_strings(body, 1)
    if rest:
        raise SqlError("08P01", "invalid message format")
    return sql


def parse_parse(body: bytes) -> Parse:
    """The content of a Parse message."""
    (name, sql), oids = split_strings(body, 2)
    if len(oids) < 2 or len(oids) != 2 + 4 * _SHORT.unpack_from(oids)[0]:
        raise SqlError("08P01", "invalid message format")
    return Parse(name, sql, oids)


def error_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse by their one-letter codes."""
    return {decode(field[:1]): decode(field[1:]) for field in body.split(b"\0") if field}


def column_names(body: bytes) -> tuple[str, ...]:
    """The names in a RowDescription."""
    names, rest = [], body[2:]
    for _ in range(_SHORT.unpack_from(body)[0]):
        (name,), rest = split_strings(rest, 1)
        names.append(name)
        rest = rest[COLUMN_DESCRIPTION_LENGTH:]
    return tuple(names)


def row_values(body: bytes) -> list[str | None]:
    """The values of a DataRow in text format; None for NULL."""
    values: list[str | None] = []
    position = 2
    for _ in range(_SHORT.unpack_from(body)[0]):
        (length,) = _SIGNED.unpack_from(body, position)
        position += 4
        values.append(None if length < 0 else decode(body[position : position + length]))
        position += max(length, 0)
    return values


def row_columns(body: bytes) -> list[tuple[str, int, int]]:
    """Name, type id and type modifier of each column of a RowDescription."""
    columns: list[tuple[str, int, int]] = []
    rest = body[2:]
    for _ in range(_SHORT.unpack_from(body)[0]):
        (name,), rest = split_strings(rest, 1)
        _, _, type_id, _, modifier, _ = _COLUMN.unpack_from(rest)
        columns.append((name, type_id, modifier))
        rest = rest[_COLUMN.size :]
    return columns


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
