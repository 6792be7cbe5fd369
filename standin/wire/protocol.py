"""The PostgreSQL wire protocol, version 3: its codes, limits and messages. No sockets, no state.

reading.py takes the bytes of messages apart, writing.py puts them together.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

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
READY_PREFIX = READY_FOR_QUERY + struct.pack("!I", 5)

# PostgreSQL's own limit (MAX_STARTUP_PACKET_LENGTH); nothing before the login needs more.
MAX_STARTUP_LENGTH = 10_000
# Redshift takes statements up to 16 MB: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html
MAX_CLIENT_LENGTH = 64 << 20
MAX_SERVER_LENGTH = 1 << 30

_LENGTH = struct.Struct("!I")


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


def decode(text: bytes) -> str:
    """Text of a client; bytes that are not UTF-8 survive, so that PostgreSQL judges them."""
    return text.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The inverse of `decode`."""
    return text.encode("utf-8", "surrogateescape")
