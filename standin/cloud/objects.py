"""Where COPY's objects come from and UNLOAD's go to: the local S3's own store, in process."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from standin.sqlerror import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR, SqlError, detail_block

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket, FakeKey
    from moto.s3.utils import _VersionedKeyStore

ACCOUNT = "123456789012"
REGION = "us-west-2"
# Where Redshift's own sources fail when they list and when they read, as its errors print it.
LISTING = "s3_utility.cpp:568"
READING = "table_s3_scanner.cpp"
WRITING = "s3_unloader.cpp"


class ObjectInfo(NamedTuple):
    """One object of a bucket as a listing shows it; `size` in bytes, `etag` without quotes."""

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: datetime


class ObjectSource(Protocol):
    """What COPY needs of S3. Every method may be called from any thread."""

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        """The objects whose key starts with `prefix` (a plain string), in key order."""

    def open(self, info: ObjectInfo) -> BinaryIO:
        """A stream of the object's bytes; the caller closes it."""

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """The object of exactly this key."""


class ObjectStore(ObjectSource, Protocol):
    """What UNLOAD needs of S3. Every method may be called from any thread."""

    def check_writable(self, bucket: str, key: str) -> None:
        """SqlError when an object of this key could not be stored."""

    def check_deletable(self, bucket: str, key: str) -> None:
        """SqlError when the object of this key could not be deleted."""

    def store(self, bucket: str, key: str, content: SpooledTemporaryFile[bytes], etag: str) -> None:
        """Make a file an object, encrypted as by SSE-S3; the file is the store's from now on."""

    def delete(self, info: ObjectInfo) -> None:
        """Delete an object; harmless when it is gone."""


def internal_error(message: str, *, context: str = "", location: str = "") -> SqlError:
    """An error with the DETAIL block that Redshift prints under its low-level failures.

    The query id in it is 0: what fails here does not know which query it serves.
    """
    detail = detail_block(message, context=context, location=location)
    return SqlError(INTERNAL_ERROR, message, detail=detail)


def s3_error(code: str, status: int, message: str, *, context: str, location: str) -> SqlError:
    """An S3 failure in Redshift's words: `S3ServiceException:<message>,Status ..,Error ..`.

    https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html
    """
    return internal_error(
        f"S3ServiceException:{message},Status {status},Error {code},"
        "Rid 0000000000000000,ExtRid standin,CanRetry 1",
        context=context,
        location=location,
    )


def no_such_key(info: ObjectInfo) -> SqlError:
    """The error for an object that was listed and is gone when COPY comes to read it."""
    return s3_error(
        "NoSuchKey", 404, "The specified key does not exist.", **reading(info.bucket, info.key)
    )


class LocalObjects:
    """The buckets of the local S3, read from moto's store without going through HTTP."""

    def __init__(self) -> None:
        from moto.s3.models import FakeKey, s3_backends

        from standin.cloud.aliases import AliasKey
        from standin.cloud.folders import FileKey, FolderBucket
        from standin.cloud.stored_files import opened, store

        self._backends, self._alias_class = s3_backends, AliasKey
        self._opened, self._store_file = opened, store
        self._key_class, self._file_class, self._folder_class = FakeKey, FileKey, FolderBucket

    def create_bucket(self, bucket: str, region: str = REGION) -> None:
        """Make an empty bucket of the stand-in's own account."""
        self._backends[ACCOUNT]["aws"].create_bucket(bucket, region)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Store an object."""
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self._backends[ACCOUNT]["aws"].put_object(
            bucket, key, data, etag=etag, disable_notification=True
        )

    def alias(self, bucket: str, key: str, name: str) -> None:
        """Show an object under a second name, too."""
        keys = self._bucket(bucket, f"Listing bucket={bucket} prefix={key}").keys
        keys.setlist(name, [self._alias_class(name, keys[key])])

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        """See ObjectSource. A bucket that is a folder is looked at anew each time."""
        keys = self._fresh_keys(bucket, prefix)
        names = sorted(name for name in list(keys) if name.startswith(prefix))
        objects = [keys.get(name) for name in names]
        return [self._info(bucket, key) for key in objects if isinstance(key, self._key_class)]

    def open(self, info: ObjectInfo) -> BinaryIO:
        """See ObjectSource. A file of a folder is opened, not read into memory."""
        bucket = self._bucket(info.bucket, reading(info.bucket, info.key)["context"])
        key = self._known_keys(bucket).get(info.key)
        if not isinstance(key, self._key_class):
            raise no_such_key(info)
        try:
            if isinstance(key, self._file_class):
                return open(key.path, "rb", buffering=0)
            return self._opened(key)
        except (OSError, ValueError) as gone:
            raise no_such_key(info) from gone

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """See ObjectSource."""
        found = self._fresh_keys(bucket, key).get(key)
        return self._info(bucket, found) if isinstance(found, self._key_class) else None

    def check_writable(self, bucket: str, key: str) -> None:
        """See ObjectStore. A folder that is served as a bucket is never written to."""
        store = self._bucket(bucket, writing(bucket, key)["context"])
        if isinstance(store, self._folder_class):
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f"bucket {bucket} is a folder served read-only, so nothing can be unloaded to it",
                hint="Unload to another bucket of the local S3.",
            )

    def check_deletable(self, bucket: str, key: str) -> None:
        """See ObjectStore."""
        self.check_writable(bucket, key)

    def store(self, bucket: str, key: str, content: SpooledTemporaryFile[bytes], etag: str) -> None:
        """See ObjectStore."""
        self.check_writable(bucket, key)
        self._store_file(self._bucket(bucket, ""), key, content, etag)

    def delete(self, info: ObjectInfo) -> None:
        """See ObjectStore."""
        partition, account = self._backends.bucket_accounts.get(info.bucket, ("aws", ACCOUNT))
        self._backends[account][partition].delete_object(info.bucket, info.key)

    def _fresh_keys(self, bucket: str, prefix: str) -> _VersionedKeyStore:
        """moto's store of a bucket's objects, after a look at the disk if it is a folder."""
        store = self._bucket(bucket, f"Listing bucket={bucket} prefix={prefix}")
        if isinstance(store, self._folder_class):
            store.rescan(prefix)
        return self._known_keys(store)

    def _known_keys(self, store: FakeBucket) -> _VersionedKeyStore:
        """moto's store of a bucket's objects, without a look at the disk."""
        return store.known_keys if isinstance(store, self._folder_class) else store.keys

    def _info(self, bucket: str, key: FakeKey) -> ObjectInfo:
        """What moto knows of an object."""
        if isinstance(key, self._file_class):
            return key.info
        modified = key.last_modified.replace(tzinfo=timezone.utc)
        return ObjectInfo(bucket, key.name, key.size, key.etag.strip('"'), modified)

    def _bucket(self, name: str, context: str) -> FakeBucket:
        """moto's bucket of this name, whichever account it belongs to."""
        partition, account = self._backends.bucket_accounts.get(name, ("aws", ACCOUNT))
        bucket = self._backends[account][partition].buckets.get(name)
        if bucket is None:
            raise s3_error(
                "NoSuchBucket",
                404,
                "The specified bucket does not exist",
                context=context,
                location=LISTING,
            )
        return bucket


def reading(bucket: str, key: str) -> dict[str, str]:
    """Context and location of an error that concerns one object."""
    return {
        "context": f"S3 key being read : s3://{bucket}/{key}",
        "location": READING,
    }


def writing(bucket: str, key: str) -> dict[str, str]:
    """Context and location of an error that concerns an object to be written."""
    return {
        "context": f"S3 key being written : s3://{bucket}/{key}",
        "location": WRITING,
    }
