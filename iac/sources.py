"""The three S3 paths of the configuration, looked at with the caller's credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import settings as keys
from iac.clients import Aws
from settings import Key, Settings

# What S3 answers where the caller may not look.
FORBIDDEN = ("403", "AccessDenied", "Forbidden", "AllAccessDisabled")

# So many names are told of what stands beside a path that leads nowhere.
SHOWN = 5


@dataclass(frozen=True)
class Source:
    """One S3 path: a prefix, or for the JSONPaths file one key."""

    key: Key
    address: str

    @property
    def is_prefix(self) -> bool:
        """Whether COPY takes the path for the beginning of keys."""
        return self.key is not keys.LOG_JSONPATH

    @property
    def bucket(self) -> str:
        return self.address.removeprefix("s3://").partition("/")[0]

    @property
    def path(self) -> str:
        """What follows the bucket."""
        return self.address.removeprefix("s3://").partition("/")[2]

    @property
    def correction(self) -> str:
        """What to do where the path leads nowhere."""
        return f"correct {self.key.label}"

    def listing(self, endpoint_url: str | None) -> str:
        """The command that lists the bucket."""
        option = f" --endpoint-url {endpoint_url}" if endpoint_url else ""
        return f"aws s3 ls s3://{self.bucket}/{option}"


def sources(settings: Settings) -> list[Source]:
    """The configured paths, in the order in which a load reads them."""
    return [
        Source(keys.LOG_DATA, settings.log_data),
        Source(keys.LOG_JSONPATH, settings.log_jsonpath),
        Source(keys.SONG_DATA, settings.song_data),
    ]


class Hidden(Exception):
    """The caller may not look there, which says nothing about the role."""


class NoBucket(Exception):
    """There is no such bucket."""


def bucket_region(aws: Aws, bucket: str) -> str:
    """The region of a bucket, which S3 tells even those who may not use it."""
    from botocore.exceptions import ClientError

    try:
        answer = aws.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        answer = error.response
        if str(answer["Error"]["Code"]) in ("404", "NoSuchBucket"):
            raise NoBucket(bucket) from error
        if _header(answer) is None:
            raise _hidden_or(error) from error
    return _header(answer) or aws.settings.s3_region


def first_key(aws: Aws, source: Source) -> str | None:
    """The first key that the path stands for, None where there is none."""
    from botocore.exceptions import ClientError

    try:
        page = aws.s3.list_objects_v2(Bucket=source.bucket, Prefix=source.path, MaxKeys=1)
    except ClientError as error:
        raise _hidden_or(error) from error
    found = [str(one["Key"]) for one in page.get("Contents", [])]
    if not source.is_prefix and found != [source.path]:
        return None
    return found[0] if found else None


def beside(aws: Aws, source: Source) -> str:
    """What the deepest folder holds that the path leads into, for one that stands for nothing.

    Empty when the caller may not look there.
    """
    from botocore.exceptions import ClientError

    names: list[str] = []
    prefix = source.path
    try:
        while prefix and not names:
            prefix = prefix[: prefix.rstrip("/").rfind("/") + 1]
            names = _names(aws, source.bucket, prefix)
    except ClientError:
        return ""
    shown = ", ".join(names[:SHOWN]) or "nothing"
    more = ", ..." if len(names) > SHOWN else ""
    return f"s3://{source.bucket}/{prefix} holds {shown}{more}"


def _names(aws: Aws, bucket: str, prefix: str) -> list[str]:
    """The first names directly below a prefix, one more than are shown; a folder's ends in /."""
    page = aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=SHOWN + 1)
    found = [str(one["Key"]) for one in page.get("Contents", [])]
    found += [str(one["Prefix"]) for one in page.get("CommonPrefixes", [])]
    return sorted(name.removeprefix(prefix) for name in found)


def _header(answer: dict[str, Any]) -> str | None:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region")
    return str(region) if region else None


def _hidden_or(error: Any) -> Exception:
    code = str(error.response["Error"]["Code"])
    if code in FORBIDDEN:
        return Hidden(code)
    renamed: Exception = error
    return renamed
