"""CHAR and VARCHAR of COPY: lengths in bytes, bytes that are not UTF-8, blanks.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-multi-byte.html and
.../multi-byte-character-load-errors.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.load_error import NULL, ConversionError, scalar_text

OUT_OF_RANGE = 1204
INVALID_TEXT = 1220

# What PostgreSQL or UTF-8 cannot hold: NUL, halves of surrogate pairs, undecodable bytes (which
# the reader of the JSON turned into surrogate escapes).
_UNSTORABLE = re.compile("[\0\ud800-\udfff]+")
# U+FFFE, U+FFFF and U+FDD0.. load unless ACCEPTINVCHARS is given.
_REPLACED = re.compile("[\0\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]+")


def keeps_blanks(command: CopyCommand) -> bool:
    """Whether no option does anything to blanks at the end or to a string without anything else."""
    return not (command.blanks_as_null or command.empty_as_null or command.trim_blanks)


def varchar_converter(column: Column, command: CopyCommand) -> Callable[[Any], str]:
    """The converter of a VARCHAR column."""
    limit = column.length or 0
    takes_blanks = keeps_blanks(command)

    def exact(value: Any) -> str:
        text = _blanks(scalar_text(value), command)
        return NULL if text is None else _fitted(_storable(text, command), limit, command)

    def convert(value: Any) -> str:
        # most strings are short, ASCII and no blanks: nothing to look at twice
        if (
            value.__class__ is str
            and len(value) <= limit
            and value.isascii()
            and "\0" not in value
            and (takes_blanks or value[-1:].strip())
        ):
            return value
        return NULL if value is None else exact(value)

    return convert


def char_converter(column: Column, command: CopyCommand) -> Callable[[Any], str]:
    """The converter of a CHAR column, which holds single-byte characters only."""
    limit = column.length or 0

    def convert(value: Any) -> str:
        if value is None:
            return NULL
        text = _blanks(scalar_text(value), command, trims=False)
        if text is None:
            return NULL
        for character in text:
            if not character.isascii() or character == "\0":
                raise ConversionError(
                    INVALID_TEXT,
                    "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). "
                    f"Invalid char: {_bytes_of(character).hex(' ')}",
                    text,
                )
        if len(text) > limit and not command.truncate_columns:
            raise ConversionError(OUT_OF_RANGE, "Char length exceeds DDL length", text)
        return text[:limit]

    return convert


def _blanks(text: str, command: CopyCommand, *, trims: bool = True) -> str | None:
    if not text:
        return None if command.empty_as_null else text
    if command.blanks_as_null and not text.strip():
        return None
    return text.rstrip() if trims and command.trim_blanks else text


def _storable(text: str, command: CopyCommand) -> str:
    replacement = command.accept_inv_chars
    if replacement is not None:
        return _REPLACED.sub(lambda bad: replacement * len(_bytes_of(bad[0])), text)
    bad = _UNSTORABLE.search(text)
    if bad:
        sequence, code = _first_invalid(_bytes_of(text[bad.start() :]))
        raise ConversionError(
            INVALID_TEXT,
            "String contains invalid or unsupported UTF-8 codepoints. "
            f"Bad UTF-8 hex sequence: {sequence.hex(' ')} (error {code})",
            text,
        )
    return text


def _fitted(text: str, limit: int, command: CopyCommand) -> str:
    encoded = text.encode("utf-8")
    if len(encoded) <= limit:
        return text
    if command.truncate_columns:
        return encoded[:limit].decode("utf-8", "ignore")
    raise ConversionError(OUT_OF_RANGE, "String length exceeds DDL length", text)


def _bytes_of(text: str) -> bytes:
    """The bytes as they stood in the file, surrogates of \\uXXXX as the three bytes they take."""
    return b"".join(
        bytes([ord(each) - 0xDC00])
        if "\udc80" <= each <= "\udcff"
        else each.encode("utf-8", "surrogatepass")
        for each in text
    )


def _first_invalid(data: bytes) -> tuple[bytes, int]:
    """The invalid sequence that `data` begins with, and AWS's number of what is wrong with it."""
    lead = data[0]
    if lead >= 0xFE or lead < 0xC0:
        return data[:1], 3
    if lead >= 0xF8:
        return data[:1], 1
    length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    sequence = data[:length]
    if len(sequence) < length:
        return sequence, 2
    if any(not 0x80 <= byte <= 0xBF for byte in sequence[1:]):
        return sequence, 4
    return sequence, 5 if lead == 0xED else 8 if lead >= 0xF4 else 9
