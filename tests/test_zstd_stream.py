"""Zstandard read as a stream: frames one after another, and what is damaged or cut off."""

import io

import pytest
import zstandard

from standin.copy.zstd_stream import ZstdStream

TEXT = "".join(f'{{"id": {number}}}\n' for number in range(50_000)).encode()


def compressed(*texts: bytes) -> bytes:
    return b"".join(zstandard.ZstdCompressor().compress(text) for text in texts)


def read(data: bytes, size: int = 65_536) -> bytes:
    stream = ZstdStream(io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(size), b""))


@pytest.mark.parametrize("size", [1000, 65_536, -1])
def test_frames_are_read_one_after_another(size: int) -> None:
    assert read(compressed(TEXT, b"", TEXT[:10]), size) == TEXT + TEXT[:10]
    assert read(b"", size) == b""


@pytest.mark.parametrize("end", [1, 3, 100, -1])
def test_a_stream_that_is_cut_off(end: int) -> None:
    with pytest.raises(EOFError, match="ends in the middle of a frame"):
        read(compressed(TEXT)[:end])


def test_a_second_frame_that_is_cut_off() -> None:
    with pytest.raises(EOFError):
        read(compressed(TEXT, TEXT)[:-1])


@pytest.mark.parametrize("data", [b"no such thing", compressed(TEXT) + b"garbage"])
def test_what_is_no_zstandard(data: bytes) -> None:
    with pytest.raises(OSError, match="Unknown frame descriptor"):
        read(data)
