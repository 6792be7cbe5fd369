"""The files below a folder as S3 would name them: scanned anew each time, no further than asked."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Size in bytes, time of the last change in ns.
Signature = tuple[int, int]
# What tells a folder from any other: its device and its number there.
_Identity = tuple[int, int]


def scan(folder: str, wanted: str = "") -> Iterator[tuple[str, str, Signature]]:
    """(key, path, signature) of every file whose key begins with `wanted`; hidden ones left out.

    Links are followed, but not to a folder that they are in.
    """
    pending: list[tuple[str, str, tuple[_Identity, ...]]] = [(folder, "", ())]
    while pending:
        path, prefix, above = pending.pop()
        identity = _identity(path)
        if identity is None or identity in above:
            continue
        for entry in _entries(path):
            key = prefix + entry.name
            if entry.is_dir():
                key += "/"
                if key.startswith(wanted) or wanted.startswith(key):
                    pending.append((entry.path, key, (*above, identity)))
            elif key.startswith(wanted) and (signature := _signature(entry)) is not None:
                yield key, entry.path, signature


def _identity(path: str) -> _Identity | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _entries(path: str) -> list[os.DirEntry[str]]:
    """What a folder holds, without what an object key cannot name; nothing when it is gone."""
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if _nameable(entry.name)]
    except OSError:
        return []


def _nameable(name: str) -> bool:
    """May a file of this name be an object? Not when hidden or not UTF-8."""
    if name[0] == ".":
        return False
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            return False
    return True


def _signature(entry: os.DirEntry[str]) -> Signature | None:
    """Size and time of change of a file; nothing for what vanished or is no file."""
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
