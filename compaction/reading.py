"""Objects of S3 as plain JSON, in order: small ones fetched ahead of turn, large in pieces."""

from __future__ import annotations

import itertools
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import terminal
from compaction.multipart import GZIP
from compaction.plan import Source

# A larger object is read in pieces of this size when its turn comes, a smaller one ahead of it.
PIECE_BYTES = 4 << 20
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GONE = ("PreconditionFailed", "412", "NoSuchKey", "404")


class Reader:
    """Reads objects of one bucket with a pool of threads; `stop` ends it before the next object."""

    def __init__(
        self, client: Any, bucket: str, pool: ThreadPoolExecutor, stop: threading.Event
    ) -> None:
        self._client, self._bucket, self._pool, self._stop = client, bucket, pool, stop

    def objects(self, sources: Sequence[Source], ahead: int) -> Iterator[Iterator[bytes]]:
        """The content of each, `ahead` of them fetched or under way at any time."""
        waiting: deque[Source | Future[list[bytes]]] = deque()
        for source in sources:
            small = source.size <= PIECE_BYTES
            waiting.append(self._pool.submit(self._whole, source) if small else source)
            if len(waiting) > ahead:
                yield self._content(waiting.popleft())
        while waiting:
            yield self._content(waiting.popleft())

    def _content(self, waiting: Source | Future[list[bytes]]) -> Iterator[bytes]:
        return self._pieces(waiting) if isinstance(waiting, Source) else iter(waiting.result())

    def _whole(self, source: Source) -> list[bytes]:
        return [] if self._stop.is_set() else list(self._pieces(source))

    def _pieces(self, source: Source) -> Iterator[bytes]:
        """The JSON of an object as it was listed; Fault when it is another one by now."""
        from botocore.exceptions import ClientError

        address = f"s3://{self._bucket}/{source.key}"
        try:
            body = self._client.get_object(
                Bucket=self._bucket, Key=source.key, IfMatch=source.etag
            )["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise terminal.Fault(
                    f"expected {address} as it was listed, but it was changed or removed since; no"
                    " manifest was written\nnext: run the same command again"
                ) from error
            raise
        with body:
            yield from plain(iter(lambda: body.read(PIECE_BYTES), b""), address)


def plain(pieces: Iterator[bytes], address: str) -> Iterator[bytes]:
    """JSON that may be packed by gzip and may begin with a byte order mark, without either."""
    first = next(pieces, b"")
    everything: Iterator[bytes] = itertools.chain([first], pieces)
    if first.startswith(GZIP_MAGIC):
        everything = _unpacked(everything, address)
    yield next(everything, b"").removeprefix(BYTE_ORDER_MARK)
    yield from everything


def _unpacked(pieces: Iterator[bytes], address: str) -> Iterator[bytes]:
    """What gzip has packed, which may be several members one after the other."""
    unpacker = zlib.decompressobj(wbits=GZIP)
    try:
        for piece in pieces:
            while piece:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=GZIP)
                yield unpacker.decompress(piece)
                piece = unpacker.unused_data
    except zlib.error as error:
        raise _broken(address, str(error)) from error
    if not unpacker.eof:
        raise _broken(address, "it ends early")


def _broken(address: str, reason: str) -> terminal.Fault:
    return terminal.Fault(
        f"expected gzip or JSON, but {address} is broken gzip: {reason}; no manifest was written"
    )
