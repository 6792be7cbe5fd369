"""JSONPaths: which member of a JSON value fills which column.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html: bracket or
dot notation, members and array elements only; no wildcards, no filters.
"""

from __future__ import annotations

import re
from typing import Any

from standin.copy.json_file import read_document
from standin.copy.json_stream import scan

Path = tuple[str | int, ...]

NOT_AN_OBJECT = "Invalid JSONPath format: Member is not an object."
NOT_AN_ELEMENT = "Invalid JSONPath format: Not an array or index out of range."

_STEP = re.compile(
    r"""\['(?P<bracket>(?:[^'\\]|\\.)+)'\] | \.(?P<dot>[^.'\[\]]+) | \[(?P<index>\d+)\]""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\n\r]*")


class PathError(Exception):
    """A path that a value cannot follow; the text is Redshift's reason."""


def read_jsonpaths(content: bytes) -> list[Path] | None:
    """The paths of a JSONPaths file; None when it has no "jsonpaths" key, which means 'auto'.

    Raises ValueError with a reason for a file that Redshift would refuse.
    """
    try:
        document = read_document(content)
    except ValueError as problem:
        raise ValueError(f"expected one JSON object in UTF-8: {problem}") from problem
    if not isinstance(document, dict):
        raise ValueError("expected one JSON object with the key 'jsonpaths'")
    if "jsonpaths" not in document:
        return None
    texts = document["jsonpaths"]
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ValueError("expected 'jsonpaths' to be an array of non-empty strings")
    return _parse_all(texts)


def _parse_all(texts: list[str]) -> list[Path]:
    parsed = [parse_path(text) for text in texts]
    if len({style for _, style in parsed if style}) > 1:
        raise ValueError("bracket notation and dot notation cannot be mixed in one file")
    return [path for path, _ in parsed]


def parse_path(text: str) -> tuple[Path, str]:
    """The steps of one path and its style, 'bracket' or 'dot' ('' when it has no members)."""
    if not text.startswith("$"):
        raise ValueError(f"expected a path that begins with $, got {text}")
    steps: list[str | int] = []
    styles: set[str] = set()
    position = 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(f"expected ['name'], .name or [index] at {text[position:]} of {text}")
        if step["index"]:
            steps.append(int(step["index"]))
        else:
            styles.add(step.lastgroup or "")
            steps.append(
                re.sub(r"\\(.)", r"\1", step["bracket"]) if step["bracket"] else step["dot"]
            )
        position = step.end()
    if len(styles) > 1:
        raise ValueError(f"bracket notation and dot notation cannot be mixed in {text}")
    return tuple(steps), "".join(styles)


def evaluate(path: Path, value: Any) -> Any:
    """What `path` leads to; None for a missing member, as for a JSON null on the way.

    Raises PathError for a missing array element and for a member of what is no object.
    """
    for step in path:
        if value is None:
            return None
        if isinstance(step, str):
            if not isinstance(value, dict):
                raise PathError(NOT_AN_OBJECT)
            value = value.get(step)
        elif isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            raise PathError(NOT_AN_ELEMENT)
    return value


def source_of(path: Path, text: str, *, ignore_case: bool = False) -> str:
    """The text, as written, of what `path` leads to in the JSON value `text`.

    The path must exist, in lower case when case is ignored; of members of the same name the
    last one counts.
    """
    start, end = 0, len(text)
    for step in path:
        parts = _parts(text, start)
        if ignore_case:
            parts = {str(name).lower(): part for name, part in parts.items()}
        start, end = parts[step]
    return text[start:end]


def _parts(text: str, start: int) -> dict[str | int, tuple[int, int]]:
    """Where each member or element of the object or array at `start` begins and ends."""
    parts: dict[str | int, tuple[int, int]] = {}
    is_object, position = text[start] == "{", _skip_space(text, start + 1)
    while text[position] not in "]}":
        key: str | int = len(parts)
        if is_object:
            key, position = scan(text, position)
            position = _skip_space(text, _skip_space(text, position) + 1)
        end = scan(text, position)[1]
        parts[key] = position, end
        position = _skip_space(text, end)
        if text[position] == ",":
            position = _skip_space(text, position + 1)
    return parts


def _skip_space(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]
