"""The one JSON value of a small file that tells COPY what to do: a manifest, a JSONPaths file."""

from __future__ import annotations

import json


def read_document(content: bytes) -> object:
    """The value; ValueError with a reason for what is no JSON in UTF-8."""
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deep") from None
