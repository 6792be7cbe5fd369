"""Where COPY's objects come from: the local S3's own store, in process, or a real S3 bucket."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from standin.sqlerror import INTERNAL_ERROR, SqlError

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket, FakeKey
    from moto.s3.utils import _VersionedKeyStore

ACCOUNT = "123456789012"
REGION = "us-west-2"
RULE = "-" * 47
# Where Redshift's own sources fail when they list and when they read, as its errors print it.
LISTING = "s3_utility.cpp:568"
READING = "table_s3_scanner.cpp"


@dataclass(frozen=True)
class ObjectInfo:
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


def internal_error(message: str, *, context: str = "", location: str = "") -> SqlError:
    """An error with the DETAIL block that Redshift prints under its low-level failures.

    The query id in it is 0: what fails here does not know which query it serves.
    """
    lines = [
        RULE,
        f"error:  {message}",
        "code:      8001",
        f"context:   {context}".rstrip(),
        "query:     0",
        f"location:  {location}",
        f"process:   padbmaster [pid={os.getpid()}]",
        RULE,
    ]
    detail = "".join(f"\n  {line}" for line in lines)
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

        from standin.cloud.folders import FileKey, FolderBucket

        self._backends = s3_backends
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

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        """See ObjectSource. A bucket that is a folder is looked at anew each time."""
        keys = self._fresh_keys(bucket, prefix)
        objects = sorted((name, key) for name, key in keys.items() if name.startswith(prefix))
        return [_info(bucket, key) for _, key in objects if isinstance(key, self._key_class)]

    def open(self, info: ObjectInfo) -> BinaryIO:
        """See ObjectSource. A file of a folder is opened, not read into memory."""
        key = self._bucket(info.bucket, reading(info.bucket, info.key)["context"]).keys.get(
            info.key
        )
        if not isinstance(key, self._key_class):
            raise no_such_key(info)
        try:
            if isinstance(key, self._file_class):
                return key.path.open("rb")
            return io.BytesIO(key.value)
        except (OSError, ValueError) as gone:
            raise no_such_key(info) from gone

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """See ObjectSource."""
        found = self._fresh_keys(bucket, key).get(key)
        return _info(bucket, found) if isinstance(found, self._key_class) else None

    def _fresh_keys(self, bucket: str, prefix: str) -> _VersionedKeyStore:
        """moto's store of a bucket's objects, after a look at the disk if it is a folder."""
        store = self._bucket(bucket, f"Listing bucket={bucket} prefix={prefix}")
        if isinstance(store, self._folder_class):
            store.rescan()
        return store.keys

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


class S3Objects:
    """The buckets of a real S3 (or of any endpoint that boto3 can talk to)."""

    def __init__(self, client: Any) -> None:
        """`client` is a boto3 client for S3: its credentials and region are the ones used."""
        self._client = client

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        """See ObjectSource."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        with _translated(f"Listing bucket={bucket} prefix={prefix}", LISTING):
            return [_listed(bucket, entry) for page in pages for entry in page.get("Contents", [])]

    def open(self, info: ObjectInfo) -> BinaryIO:
        """See ObjectSource. The body is streamed."""
        with _translated(**reading(info.bucket, info.key)):
            body = self._client.get_object(Bucket=info.bucket, Key=info.key)["Body"]
        return io.BufferedReader(body, 1 << 16)

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """See ObjectSource. Listed rather than headed: a HEAD does not say why it fails."""
        with _translated(f"Listing bucket={bucket} prefix={key}", LISTING):
            page = self._client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        # The key itself sorts before every longer key that starts with it.
        first = [_listed(bucket, entry) for entry in page.get("Contents", [])]
        return first[0] if first and first[0].key == key else None


def reading(bucket: str, key: str) -> dict[str, str]:
    """Context and location of an error that concerns one object."""
    return {
        "context": f"S3 key being read : s3://{bucket}/{key}",
        "location": READING,
    }


def _info(bucket: str, key: FakeKey) -> ObjectInfo:
    """What moto knows of an object."""
    modified = key.last_modified.replace(tzinfo=timezone.utc)
    return ObjectInfo(bucket, key.name, key.size, key.etag.strip('"'), modified)


def _listed(bucket: str, entry: dict[str, Any]) -> ObjectInfo:
    """An entry of a ListObjectsV2 response."""
    etag = entry["ETag"].strip('"')
    return ObjectInfo(bucket, entry["Key"], entry["Size"], etag, entry["LastModified"])


@contextmanager
def _translated(context: str, location: str) -> Iterator[None]:
    """Turn botocore's errors into Redshift's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        told, http = error.response["Error"], error.response["ResponseMetadata"]
        raise s3_error(
            told["Code"],
            http["HTTPStatusCode"],
            told["Message"],
            context=context,
            location=location,
        ) from error
    except BotoCoreError as error:
        raise internal_error(str(error), context=context, location=location) from error
