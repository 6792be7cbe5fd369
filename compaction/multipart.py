"""One gzip object in S3, written as a stream: it appears whole when it is finished, or never.

Up to 8 MiB it is one PUT, beyond that a multipart upload.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

# S3 takes no smaller piece but the last, and no more than 10 000: 80 GB an object.
PIECE_BYTES = 8 << 20
# gzip's container, with no time of day in it: the same data gives the same bytes.
GZIP = 31


class GzipUpload:
    """Compress what is written and send it on; `finish` makes the object, `abort` leaves none."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._where = {"Bucket": bucket, "Key": key}
        self._compressor = zlib.compressobj(wbits=GZIP)
        self._buffer = bytearray()
        self._upload: dict[str, str] = {}
        self._pieces: list[dict[str, Any]] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Add to the object; data that fills a piece is sent."""
        self._buffer += self._compressor.compress(data)
        if len(self._buffer) >= PIECE_BYTES:
            self._send()

    def finish(self) -> int:
        """Make the object; its size in bytes."""
        self._buffer += self._compressor.flush()
        if not self._upload:
            self._client.put_object(**self._where, Body=bytes(self._buffer))
            return len(self._buffer)
        self._send()
        self._client.complete_multipart_upload(
            **self._where, **self._upload, MultipartUpload={"Parts": self._pieces}
        )
        return self._size

    def abort(self) -> None:
        """Give up what was sent; never raises, for another error is on its way."""
        if self._upload:
            # What stays behind is found and given up by the next run.
            with suppress(Exception):
                self._client.abort_multipart_upload(**self._where, **self._upload)

    def _send(self) -> None:
        if not self._upload:
            begun = self._client.create_multipart_upload(**self._where)
            self._upload = {"UploadId": begun["UploadId"]}
        number = len(self._pieces) + 1
        sent = self._client.upload_part(
            **self._where, **self._upload, PartNumber=number, Body=bytes(self._buffer)
        )
        self._pieces.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._size += len(self._buffer)
        self._buffer.clear()


def abort_leftovers(client: Any, bucket: str, prefix: str) -> int:
    """Give up the uploads below `prefix` that a killed run left unfinished; how many there were."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    left = [upload for page in pages for upload in page.get("Uploads", [])]
    for upload in left:
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return len(left)
