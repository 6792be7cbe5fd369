"""Bytes to the JSON objects and arrays that stand in them one after the other.

Values may be separated by nothing or by white space
(https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html); whatever else
stands between them is one Broken per instance, and so is a value that is not JSON.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, cast

BLOCK_SIZE = 1 << 18
# Bytes that become text at once, up to the end of their line, for values read one by one.
PIECE_SIZE = 1 << 14
# "The maximum size of a single JSON object, including braces, is 4 MB."
MAX_VALUE_BYTES = 4 << 20
RAW_LENGTH = 1024  # what the error views show of a line

# The code of lines that are no JSON, and of values that a JSONPath cannot follow.
INVALID_LINE = 1216
_NOT_JSON = "Invalid input line: not valid JSON"
_TOO_LONG = "Invalid input line: a JSON object is larger than 4 MB"

# Longer than any literal, number or escape that a block can end in the middle of.
_LONGEST_ATOM = 12
# Kept before the value being read, so that its indentation can still be seen.
_MARGIN = 64

_SPACE = re.compile(r"[ \t\n\r]*")
_INDENT = re.compile(r"[ \t]*")
_NEWLINE = re.compile("\n")
_SEPARATORS = ",\ufeff"  # text that costs an error but not the object that follows it


class Number(str):
    """The text of a JSON number, as written: COPY must not lose digits."""

    __slots__ = ()


@dataclass(frozen=True)
class Broken:
    """Text that is no row: why, its last line, how it begins, and the code of the load error."""

    message: str
    line_number: int
    raw: str
    code: int = INVALID_LINE


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


scan = cast(
    "Callable[[str, int], tuple[Any, int]]",
    json.JSONDecoder(
        parse_float=Number, parse_int=Number, parse_constant=_refuse_constant
    ).scan_once,  # type: ignore[attr-defined]
)


class JsonStream:
    """The values of one object in S3, read block by block.

    Iterating gives dicts and lists (numbers as Number, bytes that are not UTF-8 as surrogate
    escapes) and Broken. After a Broken value reading goes on at the next line that begins, no
    deeper indented, with the same bracket: in a file of one object a line, a broken line costs
    that line only.
    """

    def __init__(self, stream: BinaryIO, *, skip_lines: int = 0) -> None:
        self._stream = stream
        # What was read, and how much of it has become text or was skipped.
        self._ahead, self._taken = b"", 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._skip_lines = skip_lines
        self._text = ""
        self._start = self._end = 0
        self._finished = False
        self._counted_to = self._newlines = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self._skip_lines):
            self._end = self._resume(_NEWLINE, self._end)
        while True:
            text = self._text
            self._start = start = _SPACE.match(text, self._end).end()  # type: ignore[union-attr]
            if start == len(text):
                if not self._refill(start):
                    return
                continue
            if text[start] not in "{[":
                yield self._garbage()
                continue
            try:
                value, self._end = scan(text, start)
            except (ValueError, StopIteration, RecursionError) as problem:
                if self._wants_more(problem) and self._refill(start):
                    continue
                value = self._broken(problem)
            else:
                if self._end - start > MAX_VALUE_BYTES // 4 and self._is_too_long():
                    value = Broken(_TOO_LONG, self.line_number, self.raw[:RAW_LENGTH])
            yield value

    @property
    def raw(self) -> str:
        """The text of the value given last."""
        return self._text[self._start : self._end]

    @property
    def line_number(self) -> int:
        """The last line of the value given last, counted from 1."""
        return self._line_at(self._end)

    @property
    def lines_read(self) -> int:
        """The number of lines read so far."""
        ended = self._text.endswith("\n") or not self._text
        return self._line_at(len(self._text)) - ended

    def whole_lines(self, size: int) -> bytes:
        """The lines that come next, as they stand in the file; b"" for less than one.

        As many as `size` bytes hold, and no more than have been read, or are to be read next.
        """
        self._end = _SPACE.match(self._text, self._end).end()  # type: ignore[union-attr]
        if self._end < len(self._text) or self._decoder.getstate()[0]:
            end = self._text.rfind("\n", self._end, self._end + size) + 1
            return self._text[self._end : end].encode("utf-8", "surrogateescape")
        if self._ahead.find(b"\n", self._taken) < 0:
            self._read()
        end = self._ahead.rfind(b"\n", self._taken, self._taken + size) + 1
        return self._ahead[self._taken : end]

    def skip(self, lines: bytes) -> None:
        """Go on behind lines that `whole_lines` has given."""
        # bytes.count goes byte by byte, replace from one line feed to the next: several times as
        # fast for lines of some hundred bytes
        count = len(lines) - len(lines.replace(b"\n", b""))
        if self._end < len(self._text):
            self._newlines = self._line_at(self._end) - 1 + count
            self._end += len(lines.decode("utf-8", "surrogateescape"))
            self._counted_to = self._end
            return
        self._newlines = self._line_at(self._end) - 1 + count
        self._text, self._start, self._end, self._counted_to = "", 0, 0, 0
        self._taken += len(lines)

    def _read(self) -> bool:
        """Read one more block; False at the end."""
        block = b"" if self._finished else self._stream.read(BLOCK_SIZE)
        self.bytes_read += len(block)
        self._finished = not block
        self._ahead = self._ahead[self._taken :] + block
        self._taken = 0
        return not self._finished

    def _refill(self, keep_from: int) -> bool:
        """Make more of what is read to text, and forget what stands before `keep_from`.

        False at the end.
        """
        if self._taken == len(self._ahead) and not self._read() and not self._wants_rest():
            return False
        # several times what is kept: a long value must not be read from its beginning too often,
        # nor for longer than it takes to see that it is too long
        kept = len(self._text) - keep_from
        size = max(PIECE_SIZE, min(3 * kept, MAX_VALUE_BYTES + 1 - kept))
        while len(self._ahead) - self._taken < size and self._read():
            pass
        line_end = self._ahead.find(b"\n", self._taken + size) + 1
        piece = self._ahead[self._taken : line_end or None]
        self._taken += len(piece)
        dropped = max(0, keep_from - _MARGIN)
        self._line_at(dropped)
        self._counted_to -= dropped
        self._text = self._text[dropped:] + self._decoder.decode(piece, self._finished)
        self._start = self._end = keep_from - dropped
        return True

    def _wants_rest(self) -> bool:
        """Whether the decoder still holds the beginning of a character that never ends."""
        return bool(self._decoder.getstate()[0])

    def _line_at(self, position: int) -> int:
        if position < self._counted_to:
            return self._newlines + 1 - self._text.count("\n", position, self._counted_to)
        self._newlines += self._text.count("\n", self._counted_to, position)
        self._counted_to = position
        return self._newlines + 1

    def _wants_more(self, problem: Exception) -> bool:
        """Whether the failure is one of the text's end, and more text may still be added."""
        return self._is_cut_off(problem) and len(self._text) - self._start <= MAX_VALUE_BYTES

    def _is_cut_off(self, problem: Exception) -> bool:
        if isinstance(problem, json.JSONDecodeError) and problem.msg.startswith("Unterminated"):
            return True
        return self._position(problem) >= len(self._text) - _LONGEST_ATOM

    def _position(self, problem: Exception) -> int:
        if isinstance(problem, json.JSONDecodeError):
            return problem.pos
        return problem.value if isinstance(problem, StopIteration) else self._start

    def _is_too_long(self) -> bool:
        return len(self.raw.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES

    def _broken(self, problem: Exception) -> Broken:
        """The error of the value at `_start`; moves on to where reading goes on."""
        first_line = self._line_at(self._start)
        last_line = self._line_at(self._position(problem))
        too_long = self._is_cut_off(problem) and len(self._text) - self._start > MAX_VALUE_BYTES
        raw = self._shown()
        start = self._start
        self._end = self._resume(_next_like(self._text, start), start)
        if self._end < len(self._text):
            last_line = max(first_line, min(last_line, self._line_at(self._end) - 1))
        raw = "\n".join(raw.split("\n")[: last_line - first_line + 1])
        return Broken(_TOO_LONG if too_long else _NOT_JSON, last_line, raw)

    def _shown(self) -> str:
        """As much as is shown of the text at `_start`, wherever a block ends."""
        while len(self._text) - self._start < RAW_LENGTH and self._refill(self._start):
            pass
        return self._text[self._start : self._start + RAW_LENGTH]

    def _garbage(self) -> Broken:
        """The error of text between values: one comma, or anything else up to the line's end."""
        raw = self._shown().partition("\n")[0]
        start = self._start
        line = self._line_at(start)
        separator = self._text[start] in _SEPARATORS
        self._end = start + 1 if separator else self._resume(_NEWLINE, start)
        return Broken(_NOT_JSON, line, raw)

    def _resume(self, line_break: re.Pattern[str], position: int) -> int:
        """Where the line begins whose line break (and beginning) `line_break` finds next."""
        while True:
            found = line_break.search(self._text, position)
            if found:
                return found.start() + 1
            tail = self._text.rfind("\n", position)
            is_short = tail >= 0 and len(self._text) - tail <= _MARGIN
            if not self._refill(tail if is_short else len(self._text)):
                return len(self._text)
            position = self._end


def _next_like(text: str, start: int) -> re.Pattern[str]:
    """A later line that begins like the one at `start`: same bracket, not deeper indented."""
    line = text.rfind("\n", 0, start) + 1
    indent = _INDENT.match(text, line)
    depth = min(indent.end() - line, _MARGIN // 2) if indent else 0
    return re.compile(rf"\n[ \t]{{0,{depth}}}{re.escape(text[start])}")
