"""Objects that a bucket shows under a second key; their bytes are kept once."""

from __future__ import annotations

from moto.s3.models import FakeKey

from standin.cloud.objects import ACCOUNT, REGION


class AliasKey(FakeKey):
    """moto's object, of the bytes and the date of another object of the same bucket."""

    def __init__(self, name: str, original: FakeKey) -> None:
        etag = original.etag.strip('"')
        super().__init__(name, b"", ACCOUNT, REGION, etag=etag, bucket_name=original.bucket_name)
        self._original = original
        self.contentsize = original.contentsize
        self.last_modified = original.last_modified

    @property
    def value(self) -> bytes:
        """The bytes of the other object."""
        data: bytes = self._original.value
        return data

    @value.setter
    def value(self, new_value: bytes) -> None:
        """moto's constructor stores a value; there is nothing to keep here."""
