"""JSON objects of one shape, one a line, to rows: a column at a time instead of a value at a time.

Log files repeat the same keys in the same order on every line. Such lines are cut at what separates
their members, and each column's pieces, a known key with a value behind it, are converted together.
Lines that are not exactly so are left to the reader of single values: no error is found here.

A cut is right wherever it is accepted: each piece must be its column's key and one whole scalar,
and a line may end behind the last piece only. So joined they are the object that JSON's grammar,
which can be read in one way only, sees in the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

from standin.copy.column_values import ListConverter, PlainNumbers, PlainTexts
from standin.copy.conversion import Converter
from standin.copy.copy_text import encode_field
from standin.copy.json_stream import JsonStream, scan
from standin.copy.jsonpaths import PathError
from standin.copy.load_error import ConversionError, SourceNeeded

# Characters converted together: enough for the cost of a batch not to count, few enough to be read
# again one by one when there is a surprise among them.
LARGEST_BATCH = 1 << 17
SMALLEST_BATCH = 1 << 11
# Values read one by one after a surprise, and at most when nothing but surprises comes.
FEW_VALUES = 8
MANY_VALUES = 4096

# Fields of one column remembered by their piece, and the longest piece that is worth it.
REMEMBERED = 8192
LONGEST_REMEMBERED = 256
# A column whose pieces return less often than this is converted without a look at the memory.
FEWEST_RETURNS = 3
# Shapes whose memories are kept.
SHAPES = 8

_OPENING = re.compile(r'[ \t]*\{[ \t]*"')
# No backslash: a key that is written with escapes is read one by one.
_KEY = re.compile(r'([^"\\\x00-\x1f]*)"[ \t]*:[ \t]*')
_SEPARATOR = re.compile(r'[ \t]*,[ \t]*"')
_CLOSING = re.compile(r"[ \t]*\}[ \t\r]*\n")


class Surprise(Exception):
    """Lines that must be read one by one."""


# What says that a value is not what its column takes, or that a piece is not what it should be:
# every one of them is found again, and named, when the value is read on its own.
_SURPRISES = (Surprise, ConversionError, PathError, SourceNeeded, ValueError, RecursionError)

# How many rows, and PostgreSQL's COPY text of them.
Block: TypeAlias = "tuple[int, bytes]"


@dataclass(frozen=True)
class Member:
    """A member that fills a column: what becomes of its value, and of a list of such values."""

    key: str
    convert: Converter
    convert_all: ListConverter
    numbers: PlainNumbers | None = None
    texts: PlainTexts | None = None


# What fills no column needs to be JSON and nothing else.
_UNUSED = Member("", lambda value: "", lambda values: [""] * len(values))


@dataclass(frozen=True)
class Shape:
    """How lines are written: what comes before each value, between the members and at the end."""

    keys: tuple[str, ...]
    prefixes: tuple[str, ...]
    separator: str
    ending: str


class Pieces(dict[str, str]):
    """The fields that the pieces of one member have become."""

    def __init__(self, prefix: str, ending: str, member: Member, most: int) -> None:
        """At most `most` fields are remembered; 0: none."""
        super().__init__()
        self._most = most
        self._prefix = prefix
        self._ending = ending
        self._convert = member.convert
        self._convert_all = member.convert_all
        self._numbers = member.numbers
        self._number = _alone(prefix, self._numbers) if self._numbers and not ending else None
        self._texts = None if ending else member.texts
        self._returns = most > 0
        self._asked = 0

    def fields(self, pieces: list[str]) -> list[str]:
        """The encoded fields of pieces; raises one of _SURPRISES."""
        if not self._returns:
            return self._all_fields(pieces)
        self._asked += len(pieces)
        return list(map(self.__getitem__, pieces))

    def __missing__(self, piece: str) -> str:
        value, end = _scanned(piece, len(self._prefix))
        is_whole = piece[end:] == self._ending and piece.startswith(self._prefix)
        if not is_whole:
            raise Surprise
        field = encode_field(self._convert(value))
        if len(piece) <= LONGEST_REMEMBERED:
            if len(self) >= self._most:
                self._forget()
            self[piece] = field
        return field

    def _forget(self) -> None:
        self._returns = self._asked > FEWEST_RETURNS * len(self)
        self._asked = 0
        self.clear()

    def _all_fields(self, pieces: list[str]) -> list[str]:
        if self._number is not None and self._numbers is not None:
            together = "\n".join(pieces)
            numbers = self._number.findall(together)
            if len(numbers) == len(pieces) == together.count("\n") + 1:
                return self._numbers.fields(numbers)
        prefix, ending = self._prefix, self._ending
        if self._texts is not None:
            texts = self._texts.fields(prefix, pieces)
            if texts is not None:
                return texts
        # all strings between two that begin alike begin so, too
        if not (min(pieces).startswith(prefix) and max(pieces).startswith(prefix)):
            raise Surprise
        if ending:
            if not all([piece.endswith(ending) for piece in pieces]):
                raise Surprise
            pieces = [piece[: -len(ending)] for piece in pieces]
        # a scan that finds nothing ends the map too early
        scanned = list(map(scan, pieces, repeat(len(prefix))))
        if [end for _, end in scanned] != list(map(len, pieces)):
            raise Surprise
        return self._convert_all([value for value, _ in scanned])


class ShapedLines:
    """Lines of one shape to rows."""

    def __init__(
        self, shape: Shape, members: Iterable[Member], *, remembered: int = REMEMBERED
    ) -> None:
        """`members` fill the columns, in their order; of each so many fields are remembered."""
        self._separator = shape.separator
        self._count = len(shape.keys)
        self._remembered = remembered
        # The pieces that a column is made of, or what it holds when the shape has no such key.
        self._columns: list[tuple[int, Pieces] | str] = []
        unused = set(range(self._count))
        for member in members:
            if member.key in shape.keys:
                index = shape.keys.index(member.key)
                unused.discard(index)
                self._columns.append((index, self._pieces(shape, index, member)))
            else:
                self._columns.append(encode_field(member.convert(None)))
        self._unused = [(index, self._pieces(shape, index, _UNUSED)) for index in unused]

    def _pieces(self, shape: Shape, index: int, member: Member) -> Pieces:
        is_last = index == self._count - 1
        ending = shape.ending if is_last else ""
        return Pieces(shape.prefixes[index], ending, member, self._remembered)

    def block(self, text: str) -> Block:
        """The rows of whole lines; raises one of _SURPRISES."""
        count = self._count
        # The line breaks stay: as ends of last pieces they show that the lines end there.
        pieces = text.replace("\n", "\n" + self._separator).split(self._separator)
        pieces.pop()
        rows, rest = divmod(len(pieces), count)
        if rest:
            raise Surprise
        for index, member in self._unused:
            member.fields(pieces[index::count])
        columns: list[Iterable[str]] = [
            repeat(column, rows)
            if isinstance(column, str)
            else column[1].fields(pieces[column[0] :: count])
            for column in self._columns
        ]
        lines = [*map("\t".join, zip(*columns, strict=True)), ""]
        return rows, "\n".join(lines).encode("utf-8")


class UniformLines:
    """The rows of those lines of a load that have the shape of the line before them."""

    def __init__(self, members: Sequence[Member], *, ignores_case: bool = False) -> None:
        """`members` fill the columns, in their order; in lower case when case is ignored."""
        self._members = members
        self._fold: Callable[[str], str] = str.lower if ignores_case else str
        self._shapes: dict[Shape, ShapedLines] = {}
        self._lines: ShapedLines | None = None
        self._size = LARGEST_BATCH
        self._patience = FEW_VALUES
        # How many values are to be read one by one before the next block.
        self.singly = 1

    def block(self, stream: JsonStream) -> Block | None:
        """The rows of the stream's next lines; None when values have to be read one by one."""
        self.singly = 1
        while text := stream.whole_lines(self._size):
            block = self.rows(text)
            if block is not None:
                stream.skip(len(text), block[0])
                self._size = min(LARGEST_BATCH, 2 * self._size)
                self._patience = FEW_VALUES
                return block
            if self._lines is None or self._size <= SMALLEST_BATCH:
                self.singly = self._patience
                self._patience = min(MANY_VALUES, 2 * self._patience)
                return None
            self._size = max(SMALLEST_BATCH, self._size // 8)
        return None

    def rows(self, text: str) -> Block | None:
        """The rows of whole lines, None when they are not of one shape and without surprises."""
        if self._lines is not None:
            try:
                return self._lines.block(text)
            except _SURPRISES:
                pass
        try:
            known, self._lines = self._lines, self._shaped(text)
            return None if self._lines is known else self._lines.block(text)
        except _SURPRISES:
            return None

    def _shaped(self, text: str) -> ShapedLines:
        """What reads lines like the first of `text`."""
        self._lines = None
        shape = shape_of(text, self._fold)
        if shape not in self._shapes:
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()
            self._shapes[shape] = ShapedLines(shape, self._members)
        return self._shapes[shape]


def shape_of(text: str, fold: Callable[[str], str] = str) -> Shape:
    """The shape of the first line of `text`; Surprise or ValueError when it has none."""
    keys: list[str] = []
    prefixes: list[str] = []
    separators: set[str] = set()
    before, position = _match(_OPENING, text, 0)
    while True:
        key, value = _match(_KEY, text, position)
        keys.append(fold(text[position : text.index('"', position)]))
        prefixes.append(before + key)
        before = ""
        end = _scanned(text, value)[1]
        closing = _CLOSING.match(text, end)
        if closing:
            break
        separator, position = _match(_SEPARATOR, text, end)
        separators.add(separator)
    if len(separators) > 1 or len(set(keys)) < len(keys):
        raise Surprise
    return Shape(tuple(keys), tuple(prefixes), separators.pop() if separators else ',"', closing[0])


def _scanned(text: str, position: int) -> tuple[Any, int]:
    """The JSON value at a position, and where it ends."""
    try:
        return scan(text, position)
    except StopIteration:
        raise Surprise from None


def _alone(prefix: str, numbers: PlainNumbers) -> re.Pattern[str]:
    """Finds the number of each piece that is a line of its own."""
    return re.compile(f"^{re.escape(prefix)}({numbers.pattern})$", re.MULTILINE | re.ASCII)


def _match(pattern: re.Pattern[str], text: str, position: int) -> tuple[str, int]:
    found = pattern.match(text, position)
    if found is None:
        raise Surprise
    return found[0], found.end()
