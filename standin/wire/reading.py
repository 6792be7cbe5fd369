"""Takes messages of the wire protocol apart.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct

from standin.sqlerror import SqlError
from standin.wire.protocol import (
    CANCEL_REQUEST,
    GSSENC_REQUEST,
    SSL_REQUEST,
    CancelRequest,
    EncryptionRequest,
    Parse,
    ProtocolError,
    Startup,
    decode,
)

# Bytes of a column in a RowDescription behind its name.
COLUMN_DESCRIPTION_LENGTH = 18

_LENGTH = struct.Struct("!I")
_SIGNED = struct.Struct("!i")
_SHORT = struct.Struct("!H")
# of a RowDescription: table and column, type, its size and modifier, format
_COLUMN = struct.Struct("!IhIhih")


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
