"""JSON objects to rows, many at once: msgspec reads them, and a RowFormat writes the rows.

It accepts JSON and nothing else, and each member only as the type that its column takes as it is.
Whatever it does not accept is left to the reader of single values: no error is found here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw
from msgspec.structs import astuple

from standin.copy.json_stream import JsonStream
from standin.copy.jsonpaths import PathError
from standin.copy.load_error import ConversionError, SourceNeeded
from standin.copy.member_types import MemberType
from standin.copy.row_format import RowFormat

# Bytes read together: enough for the cost of a batch not to count, few enough to be read
# again one by one when there is a surprise among them.
LARGEST_BATCH = 1 << 17
SMALLEST_BATCH = 1 << 11
# Values read one by one after a surprise, and at most when nothing but surprises comes.
FEW_VALUES = 8
MANY_VALUES = 4096

# How many rows, and these as PostgreSQL's COPY takes them.
Block: TypeAlias = "tuple[int, bytes | bytearray]"


@dataclass(frozen=True)
class Member:
    """A member that fills a column, and the types that it can be read as, the fastest first."""

    key: str
    types: Sequence[MemberType]


class _Misfit(Exception):
    """A member has to be read as its next type."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


# What says that objects must be read one by one: not JSON, or not what a column takes.
_SURPRISES = (ConversionError, PathError, SourceNeeded, ValueError, RecursionError)


class ObjectBatches:
    """The rows of those objects of a load that hold no surprise."""

    def __init__(self, members: Sequence[Member], format_: RowFormat) -> None:
        """`members` fill the columns, in their order; ValueError for keys that cannot be read so.

        These are keys with quotes or backslashes, and one key for two columns.
        """
        self._encode = format_.encode
        self._keys = [member.key for member in members]
        if len(set(self._keys)) < len(self._keys):
            raise ValueError(f"expected a member of its own for each column, got {self._keys}")
        self._names = [f"member{number}" for number in range(len(members))]
        self._types = [list(member.types) for member in members]
        self._written = self._decoder([(Raw, Raw(b"null"))] * len(members))
        self._use_first_types()
        self._size = LARGEST_BATCH
        self._patience = FEW_VALUES
        # How many values are to be read one by one before the next block.
        self.singly = 1

    def block(self, stream: JsonStream) -> Block | None:
        """The rows of the stream's next lines; None when values have to be read one by one."""
        self.singly = 1
        while lines := stream.whole_lines(self._size):
            block = self.rows(lines)
            if block is not None:
                stream.skip(lines)
                self._size = min(LARGEST_BATCH, 2 * self._size)
                self._patience = FEW_VALUES
                return block
            if self._size <= SMALLEST_BATCH:
                self.singly = self._patience
                self._patience = min(MANY_VALUES, 2 * self._patience)
                return None
            self._size = max(SMALLEST_BATCH, self._size // 8)
        return None

    def rows(self, data: bytes) -> Block | None:
        """The rows of whole lines; None when there is a surprise among them."""
        try:
            while True:
                try:
                    return self._rows(data)
                except _Misfit as misfit:
                    del self._types[misfit.index][0]
                    self._use_first_types()
        except _SURPRISES:
            return None

    def _rows(self, data: bytes) -> Block:
        try:
            objects = self._decode(data)
        except msgspec.ValidationError as problem:
            raise self._misfit(data) from problem
        rows = list(map(list, map(astuple, objects)))
        for index, convert in self._conversions:
            values = [row[index] for row in rows]
            fields = convert(values)
            if fields is None:
                raise _Misfit(index)
            if fields is values:
                continue
            for row, field in zip(rows, fields, strict=True):
                row[index] = field
        return len(rows), self._encode(rows)

    def _misfit(self, data: bytes) -> Exception:
        """The first member of an object that is not of its type; ValueError for no object."""
        objects = self._written(data)
        for index, (name, types) in enumerate(zip(self._names, self._types, strict=True)):
            kind = types[0]
            if kind.type is Raw:
                continue
            values = b",".join(map(attrgetter(name), objects))
            try:
                msgspec.json.decode(b"[" + values + b"]", type=list[kind.type])  # type: ignore[name-defined]
            except msgspec.ValidationError:
                return _Misfit(index)
        return ValueError("expected objects whose members are of no other type")

    def _use_first_types(self) -> None:
        firsts = [types[0] for types in self._types]
        self._decode = self._decoder([(first.type, first.default) for first in firsts])
        self._conversions = [
            (index, first.fields) for index, first in enumerate(firsts) if first.fields is not None
        ]

    def _decoder(self, types: Sequence[tuple[Any, Any]]) -> Any:
        """The function from lines to objects with an attribute for each member."""
        fields = [(name, *kind) for name, kind in zip(self._names, types, strict=True)]
        made = msgspec.defstruct(
            "Members",
            fields,
            rename=dict(zip(self._names, self._keys, strict=True)),
            kw_only=True,
            gc=False,
        )
        return msgspec.json.Decoder(made).decode_lines
