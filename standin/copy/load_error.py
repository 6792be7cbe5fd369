"""What one value or one row of a COPY can fail with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from standin.copy.json_stream import INVALID_LINE as INVALID_LINE
from standin.copy.json_stream import Number

# Stands for NULL until the row is encoded: PostgreSQL cannot store a NUL, so no text contains it.
NULL = "\0"


class ConversionError(Exception):
    """A JSON value that its column cannot take.

    `code` is one of https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html,
    `message` Redshift's reason, `value` the text of the value.
    """

    def __init__(self, code: int, message: str, value: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.value = value


class SourceNeeded(Exception):
    """The value is an object or an array: its text in the file must be given instead."""


class Source(str):
    """The text, as written, of a JSON object or array."""

    __slots__ = ()


@dataclass(frozen=True)
class LoadError:
    """One row that was not loaded, as stl_load_errors shows it."""

    file_name: str
    line_number: int
    column_name: str
    column_type: str
    column_length: str
    position: int
    raw_line: str
    raw_field_value: str
    error_code: int
    error_message: str


def scalar_text(value: Any) -> str:
    """The text that a JSON value other than null is converted from."""
    if value.__class__ is str:
        return value
    if isinstance(value, (Number, Source)):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    raise SourceNeeded
