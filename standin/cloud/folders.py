"""A folder of the disk served as a bucket: read when asked for, never written to."""

from __future__ import annotations

import copy
import hashlib
import threading
import time
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from moto.s3.exceptions import MissingKey
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore

from standin.cloud.folder_scan import Signature, scan
from standin.cloud.objects import ACCOUNT, REGION, ObjectInfo

# A folder is looked at anew at most this often for HTTP requests (seconds), and so that looking
# takes no more than about a tenth of the time.
LONGEST_BLINK = 1.0
BLINK_PER_SCAN = 10.0


class FileKey(FakeKey):
    """One file as an object: its bytes stay on the disk until they are asked for."""

    def __init__(self, prototype: FakeKey, name: str, path: str, signature: Signature) -> None:
        # A bucket may have many files, and moto's constructor is slow: what all have alike is
        # taken over from an object that it made.
        self.__dict__.update(prototype.__dict__)
        self._metadata = copy.copy(prototype._metadata)
        self.lock = threading.Lock()
        self.name = name
        self.path = path
        self.contentsize, self._changed = signature

    # moto's FakeKey sets and shows both, and most objects are never asked.
    @cached_property
    def _etag(self) -> str:  # type: ignore[override]
        """An ETag need not be the MD5 of the content, and a listing must not read gigabytes."""
        text = f"{self.name} {self.contentsize} {self._changed}"
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    @cached_property
    def last_modified(self) -> datetime:  # type: ignore[override]
        """The time of the last change of the file, in UTC and without a zone, as moto has it."""
        return self.info.last_modified.replace(tzinfo=None)

    @cached_property
    def info(self) -> ObjectInfo:
        """What a listing shows of the file."""
        changed = datetime.fromtimestamp(self._changed / 1_000_000_000, timezone.utc)
        return ObjectInfo(str(self.bucket_name), self.name, self.contentsize, self._etag, changed)

    @property
    def value(self) -> bytes:
        """The bytes of the file; a file that is gone or shorter by now is no object any more."""
        try:
            with open(self.path, "rb") as file:
                data = file.read(self.contentsize)
        except OSError as gone:
            raise MissingKey(key=self.name) from gone
        if len(data) < self.contentsize:
            raise MissingKey(key=self.name)
        return data

    def __del__(self) -> None:
        """There is no file of moto's to be closed."""


class FolderBucket(FakeBucket):
    """A bucket whose objects are the files below a folder, as they are now.

    What clients write or delete over HTTP is kept in memory only: a file shows again (or instead)
    when it changes on the disk.
    """

    _keys: _VersionedKeyStore

    def __init__(self, name: str, folder: Path) -> None:
        self._folder = str(folder)
        self._lock = threading.Lock()
        self._seen: dict[str, Signature] = {}
        self._next_scan = float("inf")
        super().__init__(name, ACCOUNT, REGION)
        self._prototype = FakeKey("", b"", ACCOUNT, REGION, bucket_name=name)
        self._prototype.dispose()
        for shown_by_the_file in ("_etag", "last_modified"):
            del self._prototype.__dict__[shown_by_the_file]
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

    @property
    def known_keys(self) -> _VersionedKeyStore:
        """moto's store of the objects as they were when somebody last looked."""
        return self._keys

    def rescan(self, prefix: str = "") -> None:
        """Bring the objects with this prefix up to date with the disk."""
        with self._lock:
            started = time.monotonic()
            gone = {key for key in self._seen if key.startswith(prefix)}
            for key, path, signature in scan(self._folder, prefix):
                gone.discard(key)
                if self._seen.get(key) != signature:
                    self._keys.setlist(key, [FileKey(self._prototype, key, path, signature)])
                    self._seen[key] = signature
            self._drop(gone)
            if not prefix:
                finished = time.monotonic()
                blink = min(LONGEST_BLINK, BLINK_PER_SCAN * (finished - started))
                self._next_scan = finished + blink

    def _drop(self, gone: set[str]) -> None:
        """Forget files that are gone, unless a client stored an object of that key."""
        for key in gone:
            del self._seen[key]
            if isinstance(self._keys.get(key), FileKey):
                self._keys.pop(key)


def serve(bucket: str, folder: Path) -> None:
    """Make this folder a bucket of the local S3. NotADirectoryError when it is none."""
    if not folder.is_dir():
        raise NotADirectoryError(f"expected a folder to serve as bucket {bucket}, got {folder}")
    served = FolderBucket(bucket, folder)  # type: ignore[abstract]
    s3_backends[ACCOUNT]["aws"].buckets[bucket] = served
