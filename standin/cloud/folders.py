"""A folder of the disk served as a bucket: read when asked for, never written to."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from moto.s3.exceptions import MissingKey
from moto.s3.models import FakeBucket, FakeKey, s3_backends

from standin.cloud.objects import ACCOUNT, REGION

# A folder is looked at anew at most this often for HTTP requests (seconds), and so that looking
# takes no more than about a tenth of the time.
LONGEST_BLINK = 1.0
BLINK_PER_SCAN = 10.0

Signature = tuple[int, int]  # size in bytes, time of the last change in ns


class FileKey(FakeKey):
    """One file as an object: its bytes stay on the disk until they are asked for."""

    def __init__(self, name: str, path: Path, signature: Signature, bucket_name: str) -> None:
        size, changed = signature
        # An ETag need not be the MD5 of the content, and a listing must not read gigabytes.
        etag = hashlib.md5(f"{name} {size} {changed}".encode(), usedforsecurity=False).hexdigest()
        super().__init__(name, b"", ACCOUNT, REGION, etag=etag, bucket_name=bucket_name)
        self.path = path
        self.contentsize = size
        modified = datetime.fromtimestamp(changed / 1_000_000_000, timezone.utc)
        self.last_modified = modified.replace(tzinfo=None)

    @property
    def value(self) -> bytes:
        """The bytes of the file; a file that is gone or shorter by now is no object any more."""
        try:
            with self.path.open("rb") as file:
                data = file.read(self.contentsize)
        except OSError as gone:
            raise MissingKey(key=self.name) from gone
        if len(data) < self.contentsize:
            raise MissingKey(key=self.name)
        return data

    @value.setter
    def value(self, new_value: bytes) -> None:
        """moto's constructor stores a value; there is nothing to keep here."""


class FolderBucket(FakeBucket):
    """A bucket whose objects are the files below a folder, as they are now.

    What clients write or delete over HTTP is kept in memory only: a file shows again (or instead)
    when it changes on the disk.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: dict[str, Signature] = {}
        self._next_scan = float("inf")
        super().__init__(name, ACCOUNT, REGION)
        self.rescan()

    @property
    def keys(self) -> Any:
        """moto's store of the objects, looked after on the way."""
        if time.monotonic() >= self._next_scan:
            self.rescan()
        return self._keys

    @keys.setter
    def keys(self, store: Any) -> None:
        self._keys = store

    def rescan(self) -> None:
        """Bring the objects up to date with the disk."""
        with self._lock:
            started = time.monotonic()
            found = {key: (path, signature) for key, path, signature in _files(self._folder)}
            self._drop(self._seen.keys() - found.keys())
            for key, (path, signature) in found.items():
                if self._seen.get(key) != signature:
                    self._keys.setlist(key, [FileKey(key, path, signature, self.name)])
            self._seen = {key: signature for key, (_, signature) in found.items()}
            finished = time.monotonic()
            blink = min(LONGEST_BLINK, BLINK_PER_SCAN * (finished - started))
            self._next_scan = finished + blink

    def _drop(self, gone: set[str]) -> None:
        """Forget files that are gone, unless a client stored an object of that key."""
        for key in gone:
            if isinstance(self._keys.get(key), FileKey):
                self._keys.pop(key)


def serve(bucket: str, folder: Path) -> None:
    """Make this folder a bucket of the local S3. NotADirectoryError when it is none."""
    if not folder.is_dir():
        raise NotADirectoryError(f"expected a folder to serve as bucket {bucket}, got {folder}")
    served = FolderBucket(bucket, folder)  # type: ignore[abstract]
    s3_backends[ACCOUNT]["aws"].buckets[bucket] = served


def _files(folder: Path) -> Iterator[tuple[str, Path, Signature]]:
    """(key, path, signature) of every file below a folder; hidden ones are left out.

    Links are followed, each folder once, so that a link to a parent ends.
    """
    visited: set[tuple[int, int]] = set()
    pending = [(str(folder), "")]
    while pending:
        path, prefix = pending.pop()
        for entry in _entries(path, visited):
            if entry.is_dir():
                pending.append((entry.path, f"{prefix}{entry.name}/"))
            elif (signature := _signature(entry)) is not None:
                yield f"{prefix}{entry.name}", Path(entry.path), signature


def _entries(path: str, visited: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """What a folder holds, without what an object key cannot name; nothing the second time."""
    try:
        status = os.stat(path)
        if (status.st_dev, status.st_ino) in visited:
            return []
        visited.add((status.st_dev, status.st_ino))
        with os.scandir(path) as entries:
            return [entry for entry in entries if _nameable(entry.name)]
    except OSError:
        return []


def _nameable(name: str) -> bool:
    """May a file of this name be an object? Not when hidden or not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not name.startswith(".")


def _signature(entry: os.DirEntry[str]) -> Signature | None:
    """Size and time of change of a readable file; nothing for what vanished or is no file."""
    try:
        status = entry.stat()
        return (status.st_size, status.st_mtime_ns) if entry.is_file() else None
    except OSError:
        return None
