"""Objects of the local S3 that are files: stored and read without being whole in memory."""

from __future__ import annotations

import io
import uuid
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from moto.s3.models import FakeKey

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket

# Bytes up to which an object is simply read at once.
_SMALL = 1 << 20
_BLOCK = 1 << 18


def store(bucket: FakeBucket, key: str, content: SpooledTemporaryFile[bytes], etag: str) -> None:
    """Make a file an object of a bucket; the file is the object's from now on."""
    found = FakeKey(
        key,
        b"",
        bucket.account_id,
        bucket.region_name,
        etag=etag,
        is_versioned=bucket.is_versioned,
        version_id=str(uuid.uuid4()) if bucket.is_versioned else "null",
        bucket_name=bucket.name,
        encryption="AES256",
    )
    found.dispose()
    found.disposed = False
    found._value_buffer = content
    # not what seek() gives: before Python 3.11 that is nothing
    content.seek(0, io.SEEK_END)
    found.contentsize = content.tell()
    earlier = bucket.keys.getlist(key, []) if bucket.is_versioned else []
    bucket.keys.setlist(key, [*earlier, found])


def opened(key: FakeKey) -> BinaryIO:
    """A stream of an object's bytes; ValueError, or OSError later, when the object is gone."""
    # moto's own classes keep their bytes in a file, the stand-in's elsewhere
    if key.size <= _SMALL or type(key) is not FakeKey:
        return io.BytesIO(key.value)
    return cast(BinaryIO, io.BufferedReader(_Content(key), _BLOCK))


class _Content(io.RawIOBase):
    """The bytes of an object, read from where moto keeps them: others read there as well."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key
        self._position = 0

    def readable(self) -> bool:
        """See io.IOBase."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """See io.RawIOBase."""
        with self._key.lock:
            if self._key.disposed:
                raise OSError("the object was deleted while it was read")
            self._key._value_buffer.seek(self._position)
            data = self._key._value_buffer.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
