"""PostgreSQL's COPY text format, which every row is sent in.

https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

from standin.copy.load_error import NULL

_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def encode_row(fields: list[str]) -> str:
    """One line of PostgreSQL's COPY text format, without its line break."""
    line = "\t".join(fields)
    # control characters and backslashes are rare: one look at the whole line instead of many
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(fields) - 1:
        line = "\t".join([field.translate(_COPY_ESCAPES) for field in fields])
    return line.replace(NULL, "\\N")


def encode_field(text: str) -> str:
    """One field of PostgreSQL's COPY text format."""
    if text == NULL:
        return "\\N"
    if text.isprintable() and "\\" not in text:
        return text
    return text.translate(_COPY_ESCAPES)
