"""The stream of JSON values: layouts, line numbers, and what broken text costs."""

from __future__ import annotations

import io
from typing import Any

import pytest

from standin.copy import json_stream
from standin.copy.json_stream import Broken, JsonStream, Number

NOT_JSON = "Invalid input line: not valid JSON"
TOO_LONG = "Invalid input line: a JSON object is larger than 4 MB"


def read(data: bytes, **options: int) -> list[tuple[Any, int]]:
    """The values (None where broken) and their line numbers."""
    stream = JsonStream(io.BytesIO(data), **options)
    return [
        (None, value.line_number) if isinstance(value, Broken) else (value, stream.line_number)
        for value in stream
    ]


LAYOUTS = {
    "one a line": (b'{"a":1}\n{"a":2}\n', [({"a": "1"}, 1), ({"a": "2"}, 2)]),
    "no last newline": (b'{"a":1}\n{"a":2}', [({"a": "1"}, 1), ({"a": "2"}, 2)]),
    "windows lines": (b'{"a":1}\r\n{"a":2}\r\n', [({"a": "1"}, 1), ({"a": "2"}, 2)]),
    "back to back": (
        b'{"a":1}{"a":2} {"a":3}',
        [({"a": "1"}, 1), ({"a": "2"}, 1), ({"a": "3"}, 1)],
    ),
    "pretty": (b'{\n  "a": 1\n}\n\n{\n  "a": 2\n}', [({"a": "1"}, 3), ({"a": "2"}, 7)]),
    "arrays": (b'[1,"x"]\n[2,"y"]', [(["1", "x"], 1), (["2", "y"], 2)]),
    "one array around all": (b'[{"a":1},{"a":2}]', [([{"a": "1"}, {"a": "2"}], 1)]),
    "nothing": (b"", []),
    "white space": (b"\n \t\r\n", []),
    "same key twice": (b'{"a":1,"a":2}', [({"a": "2"}, 1)]),
    "escapes": (b'{"a":"\\n\\/\\u00e9\\ud83d\\ude00"}', [({"a": "\n/é😀"}, 1)]),
}


@pytest.mark.parametrize(("data", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(data: bytes, expected: list[tuple[Any, int]]) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(("data", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_in_blocks_of_three_bytes(
    monkeypatch: pytest.MonkeyPatch, data: bytes, expected: list[tuple[Any, int]]
) -> None:
    monkeypatch.setattr(json_stream, "BLOCK_SIZE", 3)
    assert read(data) == expected


def test_numbers_keep_their_text_and_differ_from_strings() -> None:
    [(value, _)] = read(b'{"a":1540919166796.0,"b":-9223372036854775808,"c":1E5,"d":"1"}')
    assert value == {"a": "1540919166796.0", "b": "-9223372036854775808", "c": "1E5", "d": "1"}
    assert [type(value[key]) for key in "abcd"] == [Number, Number, Number, str]


BROKEN = {
    "cut-off object": (
        b'{"a":1}\n{"a": 2, "b": \n{"a":3}\n{"a":4}\n',
        [({"a": "1"}, 1), (None, 2), ({"a": "3"}, 3), ({"a": "4"}, 4)],
    ),
    "cut-off string": (b'{"a":"x\n{"a":3}', [(None, 1), ({"a": "3"}, 2)]),
    "cut off at the end": (b'{"a":1}\n{"a"', [({"a": "1"}, 1), (None, 2)]),
    "front missing": (b'1, "b": {"c": 2}}\n{"a":3}', [(None, 1), ({"a": "3"}, 2)]),
    "plain text": (b'hello [x] {y}\n{"a":3}', [(None, 1), ({"a": "3"}, 2)]),
    "bracket too many": (b'{"a":1}}\n{"a":3}', [({"a": "1"}, 1), (None, 1), ({"a": "3"}, 2)]),
    "bare scalar": (b'7\n"x"\n{"a":3}', [(None, 1), (None, 2), ({"a": "3"}, 3)]),
    "commas between": (
        b'{"a":1},\n{"a":2},{"a":3}',
        [({"a": "1"}, 1), (None, 1), ({"a": "2"}, 2), (None, 2), ({"a": "3"}, 2)],
    ),
    "byte order mark": (b'\xef\xbb\xbf{"a":1}', [(None, 1), ({"a": "1"}, 1)]),
    "not a JSON number": (b'{"a":NaN}\n{"a":01}\n{"a":3}', [(None, 1), (None, 2), ({"a": "3"}, 3)]),
    "single quotes": (b"{'a':1}\n{\"a\":3}", [(None, 1), ({"a": "3"}, 2)]),
    "NUL byte": (b'{"a":"\0"}\n{"a":3}', [(None, 1), ({"a": "3"}, 2)]),
    "broken pretty object": (
        b'{\n  "a": {\n    x\n  }\n}\n{\n  "a": 3\n}',
        [(None, 3), ({"a": "3"}, 8)],
    ),
    "indented lines": (
        b'  {"a":\n  {"a":3}\n  {"a":4}',
        [(None, 1), ({"a": "3"}, 2), ({"a": "4"}, 3)],
    ),
    "too deep": (b"[" * 100_000 + b'\n{"a":3}\n[1]', [(None, 1), (["1"], 3)]),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), BROKEN.values(), ids=BROKEN)
def test_broken_text_costs_one_error_an_instance(
    data: bytes, expected: list[tuple[Any, int]]
) -> None:
    assert read(data) == expected


@pytest.mark.parametrize("size", [1, 2, 7])
def test_broken_lines_in_small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(json_stream, "BLOCK_SIZE", size)
    data = b'{"a":1}\n  {"a": 2, "b": \n  {"a":3}\nfoo {bar}\n{"a":4},{"a":5}'
    assert read(data) == [
        ({"a": "1"}, 1),
        (None, 2),
        ({"a": "3"}, 3),
        (None, 4),
        ({"a": "4"}, 5),
        (None, 5),
        ({"a": "5"}, 5),
    ]


def test_a_broken_value_shows_its_own_lines() -> None:
    stream = JsonStream(io.BytesIO(b'{"a": 1\n{"a": 2}\n'))
    assert list(stream) == [Broken(NOT_JSON, 1, '{"a": 1'), {"a": "2"}]


def object_of(size: int) -> bytes:
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


def test_an_object_of_exactly_four_megabytes_is_read() -> None:
    [(value, line)] = read(object_of(4 << 20))
    assert (len(value["a"]), line) == ((4 << 20) - 8, 1)


@pytest.mark.parametrize("size", [(4 << 20) + 1, 12 << 20], ids=["just", "far"])
def test_an_object_over_four_megabytes_is_one_error(size: int) -> None:
    stream = JsonStream(io.BytesIO(b'{"a":1}\n' + object_of(size) + b'\n{"a":3}\n'))
    values = list(stream)
    assert [values[0], values[2]] == [{"a": "1"}, {"a": "3"}]
    assert (values[1].message, values[1].line_number) == (TOO_LONG, 2)
    assert values[1].raw.startswith('{"a":"xxx')
    assert len(values) == 3


LONG_VALUES = {
    "array": b'{"a":[' + b"1," * 100_000 + b"1]}",
    "string": object_of(600_000),
    "too long": object_of((4 << 20) + 1),
    "without end": b'{"a":"' + b"x" * (5 << 20),
}


@pytest.mark.parametrize("data", LONG_VALUES.values(), ids=LONG_VALUES)
def test_a_long_value_is_scanned_a_few_times(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    scanned = []

    def scan(text: str, start: int) -> tuple[Any, int]:
        scanned.append(len(text) - start)
        return original(text, start)

    original = json_stream.scan
    monkeypatch.setattr(json_stream, "scan", scan)
    monkeypatch.setattr(json_stream, "BLOCK_SIZE", 1 << 14)
    [_] = read(data)
    assert sum(scanned) <= 4 * len(data)


def test_multibyte_characters_count_as_bytes() -> None:
    data = b'{"a":"' + "é".encode() * (2 << 20) + b'"}'
    assert read(data) == [(None, 1)]


def test_invalid_utf8_becomes_surrogate_escapes() -> None:
    assert read(b'{"a":"x\xff\xc3"}') == [({"a": "x\udcff\udcc3"}, 1)]


def test_characters_split_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK_SIZE", 1)
    assert read('{"a":"é😀"}'.encode()) == [({"a": "é😀"}, 1)]


def test_header_lines_are_skipped() -> None:
    assert read(b'first {\nsecond\n{"a":1}', skip_lines=2) == [({"a": "1"}, 3)]
    assert read(b"first\n", skip_lines=5) == []


@pytest.mark.parametrize(
    ("data", "lines"), [(b"", 0), (b"{}", 1), (b"{}\n", 1), (b"{}\n\n{}\n", 3), (b"{}\n{}", 2)]
)
def test_lines_and_bytes_read(data: bytes, lines: int) -> None:
    stream = JsonStream(io.BytesIO(data))
    for _ in stream:
        pass
    assert (stream.lines_read, stream.bytes_read) == (lines, len(data))


def test_a_large_stream_is_never_held_in_memory() -> None:
    line = b'{"a":"' + b"x" * 1000 + b'"}\n'

    class Endless(io.RawIOBase):
        blocks = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.blocks += 1
            return line * (size // len(line)) if self.blocks <= 64 else b""

    source = Endless()
    stream = JsonStream(source)  # type: ignore[arg-type]
    held = 0
    for _ in stream:
        held = max(held, len(stream._text))
    assert source.blocks == 65
    assert held < 2 * json_stream.BLOCK_SIZE
