"""What COPY sends to PostgreSQL, read back as PostgreSQL reads it, by a reader of its own."""

from __future__ import annotations

import re

# CSV with quotes and backslashes escaped by a backslash; null without quotes is NULL.
_FIELD = re.compile(r'"((?:[^"\\]|\\["\\])*)"|([^",\n]+)')


def sent_rows(data: bytes) -> list[list[str | None]]:
    """The fields of all rows, None for NULL; fails for what is no such text."""
    text, position, rows = data.decode("utf-8"), 0, []
    row: list[str | None] = []
    while position < len(text):
        found = _FIELD.match(text, position)
        assert found, f"no field at {text[position : position + 40]!r}"
        quoted, plain = found.groups()
        row.append(
            re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            if plain is None
            else None
            if plain == "null"
            else plain
        )
        position = found.end() + 1
        assert text[position - 1] in ",\n", "every row ends with a line feed"
        if text[position - 1] == "\n":
            rows.append(row)
            row = []
    assert not row
    return rows


def shown(data: bytes) -> list[str]:
    """The rows in one text each: fields behind tabs, \\N for NULL."""
    return [
        "\t".join("\\N" if field is None else field for field in row) for row in sent_rows(data)
    ]
