"""Objects read together are what every value on its own becomes: the same rows and errors."""

from __future__ import annotations

import gzip
import io
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

import pytest
from copy_oracle import Literal
from hypothesis import strategies as st
from sent_rows import sent_rows
from test_copy_load import Bucket
from test_copy_properties import COLUMNS, NESTED, SCALARS, check, written

from standin.copy.columns import Column
from standin.copy.command import parse
from standin.copy.json_stream import JsonStream
from standin.copy.load import Load
from standin.copy.object_batches import Member, ObjectBatches
from standin.copy.row_reader import row_reader
from standin.copy.text_rows import TextRows
from standin.dialect.lexer import tokenize
from standin.sqlerror import SqlError

__all__ = ["check"]

FLAGS = (
    "TRUNCATECOLUMNS", "BLANKSASNULL", "EMPTYASNULL", "TRIMBLANKS", "ROUNDEC", "ACCEPTINVCHARS",
    "ACCEPTANYDATE", "IGNOREHEADER 1", "NOLOAD",
)  # fmt: skip
TIMES = ("", "TIMEFORMAT 'epochmillisecs'", "TIMEFORMAT 'epochsecs'", "TIMEFORMAT 'auto'")
LIMITS = ("", "MAXERROR 3", "IGNOREALLERRORS", "IGNOREALLERRORS")
OPTIONS = st.tuples(
    st.sets(st.sampled_from(FLAGS), max_size=3), st.sampled_from(TIMES), st.sampled_from(LIMITS)
).map(lambda chosen: " ".join([*sorted(chosen[0]), *chosen[1:]]))
PATHS = {
    "auto": None,
    "auto ignorecase": None,
    "s3://b/paths": [f"$['{column.name}']" for column in COLUMNS],
    "s3://b/paths-of-one": ["$.v"] * len(COLUMNS),
    "s3://b/paths-deep": [*(f"$.{column.name}" for column in COLUMNS[1:]), "$.a[0].b"],
}


class Trickle(Bucket):
    """A bucket whose streams give a few bytes at a time: blocks end everywhere."""

    def __init__(self, objects: Mapping[str, bytes], most: int) -> None:
        super().__init__(objects)
        self._most = most

    def open(self, info: Any) -> BinaryIO:
        read = super().open(info).read
        return Reading(lambda size=-1: read(min(size, self._most) if size > 0 else -1))


class Reading(io.BytesIO):
    """A stream that reads by a function."""

    def __init__(self, read: Callable[..., bytes]) -> None:
        super().__init__()
        self.read = read  # type: ignore[method-assign]


def double(field: str) -> tuple[float, float]:
    """A double, -0 told from 0."""
    return float(field), math.copysign(1, float(field))


# Where one value can be written in several ways, what is written.
MEANINGS: dict[str, Callable[[str], Any]] = {
    "smallint": int, "integer": int, "bigint": int, "double precision": double,
}  # fmt: skip


def values(data: bytes, columns: Sequence[Column]) -> list[list[Any]]:
    """The values of all rows that were sent."""
    meanings = [MEANINGS.get(column.type, str) for column in columns]
    return [
        [
            None if field is None else meaning(field)
            for field, meaning in zip(row, meanings, strict=True)
        ]
        for row in sent_rows(data, columns)
    ]


def outcome(
    bucket: Bucket,
    argument: str,
    options: str,
    *,
    one_by_one: bool,
    columns: Sequence[Column] = COLUMNS,
    careful: bool = True,
) -> tuple[Any, ...]:
    """Everything that a load tells: its rows, its errors, its files, and how it failed."""
    sql = f"COPY t FROM 's3://b/data' IAM_ROLE default JSON '{argument}' {options}"
    command = parse(tokenize(sql))
    try:
        load = Load(command, columns, bucket, "t", one_by_one=one_by_one, careful=careful)
    except SqlError as error:
        return (error.sqlstate, error.message)
    rows, failure = b"", None
    try:
        rows = b"".join(load.chunks())
    except SqlError as error:
        failure = (error.sqlstate, error.message, error.detail)
    count = 0 if failure else load.rows_loaded
    sent = values(rows, columns) if not failure else None
    return sent, load.errors, load.files, count, failure


FITTING = {
    column.name: st.sampled_from(
        [None, "", "a b", "é"] if column.type == "varchar" else [None, Literal("7"), "39"]
    )
    for column in COLUMNS
}
STYLES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])


def line(row: Mapping[str, Any], style: tuple[str, str]) -> bytes:
    comma, colon = style
    return ("{" + comma.join(f'"{k}"{colon}{written(v)}' for k, v in row.items()) + "}").encode()


@st.composite
def documents(draw: Any) -> bytes:
    """Mostly lines of one shape, with everything between them that a file can have."""
    style = draw(STYLES)
    row = draw(st.dictionaries(st.sampled_from([column.name for column in COLUMNS]), st.none()))
    values = {key: st.one_of(FITTING[key], FITTING[key], SCALARS, NESTED) for key in row}
    pool = [{key: draw(values[key]) for key in row} for _ in range(3)]
    strange = st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"", b" ", b"{", b"}", b"{}", b"[1]", b'{"s":1', b',"s":1}', b'{"s":1,"s":2}',
             b'{"v":"a,\\"b"}', b'{"v":"a,","w":"b"}', b'"v":1},"{"s":2}', b'\xef\xbb\xbf{"s":3}',
             b'{"S":4}', b'{"\\u0073":5}', b'{"s":1}{"s":2}', b'{"x":{"y":[1,"z"]}}', 
             b'{\n"s":6\n}', b'{"v":"\xff\xfe"}', b'{"s":NaN}', b'{"s":01}', b'{"s":1},']
        ),
    )  # fmt: skip
    alike = st.sampled_from(pool).map(lambda each: line(each, style))
    lines = draw(st.lists(st.one_of(alike, alike, alike, strange), max_size=30))
    ending = draw(st.sampled_from([b"\n", b"\r\n"]))
    return ending.join(lines) + draw(st.sampled_from([b"", ending]))


def test_both_ways_give_the_same_rows_and_the_same_errors(check: Callable[..., None]) -> None:
    paths = {
        name.removeprefix("s3://b/"): json.dumps({"jsonpaths": steps}).encode()
        for name, steps in PATHS.items()
        if steps
    }

    def holds(parts: list[bytes], argument: str, options: str, most: int, is_zipped: bool) -> None:
        if is_zipped:
            parts = [gzip.compress(part) for part in parts]
        objects = {f"data{number}": part for number, part in enumerate(parts)}
        text = options + " GZIP" * is_zipped
        bucket = Trickle({**objects, **paths}, most)
        fast = outcome(bucket, argument, text, one_by_one=False)
        assert fast == outcome(bucket, argument, text, one_by_one=True)

    check(
        50,
        holds,
        st.lists(documents(), min_size=1, max_size=3),
        st.sampled_from(sorted(PATHS)),
        OPTIONS,
        st.sampled_from([7, 100, 1 << 20]),
        st.booleans(),
    )


def events(count: int) -> list[dict[str, Any]]:
    """Rows of which none is a surprise, with values that return and values that do not."""
    chance = random.Random(7)
    return [
        {
            "s": chance.randrange(9), "i": number, "b": chance.randrange(10**17),
            "n": chance.randrange(1000), "m": None, "d": chance.random() * 1000,
            "r": chance.choice([None, 1.5]), "o": chance.choice([None, True, False]),
            "t": 1541106106796 + number, "v": chance.choice([None, "", "é", "a b", 'q"\\/']),
            "w": f"text {number} of {chance.random()}, here", "c": "abc",
            "unused": chance.choice([[], {"a": 1}, "x"]),
        }
        for number in range(count)
    ]  # fmt: skip


def taken_together(data: bytes, columns: Sequence[Column] = COLUMNS) -> int:
    """How many rows were not read one by one."""
    sql = "COPY t FROM 's3://b/data' IAM_ROLE default JSON 'auto' TIMEFORMAT 'epochmillisecs'"
    batches = row_reader(parse(tokenize(sql)), columns, [], None).batches(TextRows())
    assert batches is not None
    stream, together = JsonStream(io.BytesIO(data)), 0
    for _ in stream:
        while (block := batches.block(stream)) is not None:
            together += block[0]
    return together


def test_objects_without_surprises_are_taken_together_and_right() -> None:
    lines = [json.dumps(event).encode() for event in events(6000)]
    data = b"\n".join(lines)
    assert taken_together(data) > 0.99 * len(lines)
    bucket = Bucket({"data": data})
    options = "TIMEFORMAT 'epochmillisecs'"
    fast = outcome(bucket, "auto", options, one_by_one=False)
    assert fast == outcome(bucket, "auto", options, one_by_one=True)
    assert (fast[3], fast[1]) == (len(lines), [])


def test_one_bad_line_costs_few_lines_their_company() -> None:
    lines = [json.dumps(event).encode() for event in events(4000)]
    lines[2000] = b'{"s": 1, '
    assert taken_together(b"\n".join(lines)) > 3800


def test_objects_of_other_members_are_taken_together() -> None:
    lines = [json.dumps(event).encode() for event in events(4000)]
    lines[2000:] = [b'{"i":%d,"w":"other"}' % number for number in range(2000)]
    assert taken_together(b"\n".join(lines)) > 3800


BYTES = Column("v", "varchar", 8)
TOGETHER, ONE_BY_ONE, REJECTED = "together", "one by one", "rejected"
# One column, what fills thousands of objects of it, and how these are loaded.
COLUMNS_OF_THEIR_OWN: dict[str, tuple[Column, list[Any], str]] = {
    "short text": (BYTES, ["a", "é", "", None], TOGETHER),
    "long text of one-byte characters": (BYTES, ["abcdefgh", "a", None], TOGETHER),
    "long text of others": (BYTES, ["éééé", "abcdefg", None], TOGETHER),
    "numbers as text": (BYTES, ["a", Literal("1.50"), True], TOGETHER),
    "text that is too long": (BYTES, ["abcdefghi"], REJECTED),
    "text that fits in characters only": (BYTES, ["ééééé"], REJECTED),
    "an object as text": (Column("v", "varchar", 40), [[1, {"a": 2}]], ONE_BY_ONE),
    "text as numbers": (Column("v", "bigint"), ["39", "", 7, None], TOGETHER),
    "digits": (Column("v", "bigint"), ["39", "007", "", None, "9" * 18], TOGETHER),
    "signs and many digits": (Column("v", "bigint"), ["-39", "+1", str(2**63 - 1)], TOGETHER),
    "digits of others": (Column("v", "integer"), ["\u0663"], REJECTED),
    "too many digits": (Column("v", "smallint"), ["32768", "00000000000000000032768"], REJECTED),
    "digits that must be": (Column("v", "integer", not_null=True), ["39", 7], TOGETHER),
    "no digits where some must be": (Column("v", "integer", not_null=True), [""], REJECTED),
    "fractions of zero": (Column("v", "integer"), [Literal("39.0"), Literal("1e2")], TOGETHER),
    "too large": (Column("v", "smallint"), [32768], REJECTED),
    "at the ends": (Column("v", "bigint"), [-(2**63), 2**63 - 1], TOGETHER),
    "doubles": (
        Column("v", "double precision"),
        [Literal("1e-400"), Literal("-1e-400"), Literal("-0.0"), 2**70, 0.1, "1.5", None],
        TOGETHER,
    ),
    "a zero below zero": (Column("v", "double precision"), [Literal("-0"), 0.0, 1.5], TOGETHER),
    "a double out of range": (Column("v", "double precision"), [Literal("1e400")], REJECTED),
    "single precision": (Column("v", "real"), [0.1, 1, None], TOGETHER),
    "decimals": (
        Column("v", "numeric", precision=5, scale=2),
        [Literal("1.239"), 2, None],
        TOGETHER,
    ),
    "times": (Column("v", "timestamp"), [1541106106796, 0, None], TOGETHER),
    "times as text": (Column("v", "timestamp"), [1541106106796, "1541106106796"], TOGETHER),
    "times before 1970": (Column("v", "timestamptz"), [-1, 1541106106796], TOGETHER),
    "dates": (Column("v", "date"), ["2018-11-01", None], TOGETHER),
    "truths": (Column("v", "boolean"), [True, "no", 1, None], TOGETHER),
    "single bytes": (Column("v", "char", 3), ["abc", "", None], TOGETHER),
    "no NULL": (Column("v", "varchar", 40, not_null=True), ["a", ""], TOGETHER),
    "NULL that must not be": (Column("v", "varchar", 40, not_null=True), [None], REJECTED),
    "control characters": (Column("v", "varchar", 400), ["a\tb\n", "\x1f\r\\", '\\n"'], TOGETHER),
    "a NUL": (BYTES, ["a\0b"], REJECTED),
    "half a character": (BYTES, [Literal('"\\ud800"')], REJECTED),
    "characters that are none": (BYTES, ["\ufffe", "\ufdd0"], TOGETHER),
}


@pytest.mark.parametrize(
    ("column", "members", "how"), COLUMNS_OF_THEIR_OWN.values(), ids=COLUMNS_OF_THEIR_OWN
)
def test_columns(column: Column, members: list[Any], how: str) -> None:
    lines = [
        f'{{"v": {member.text if isinstance(member, Literal) else json.dumps(member)}}}'.encode()
        for member in members
    ]
    fitting = [b'{"v": null}', b'{"v": null}'] if not column.not_null else [b'{"v": "7"}'] * 2
    data = b"\n".join([*fitting, *lines * (3000 // len(lines)), b""])
    bucket = Bucket({"data": data})
    options = "TIMEFORMAT 'epochmillisecs' IGNOREALLERRORS"
    one_by_one = outcome(bucket, "auto", options, one_by_one=True, columns=[column])
    assert outcome(bucket, "auto", options, one_by_one=False, columns=[column]) == one_by_one
    rows, errors, *_ = one_by_one
    assert len(rows) == (3000 // len(lines) * len(lines) + 2 if how != REJECTED else 2)
    assert bool(errors) == (how == REJECTED)
    assert (taken_together(data, [column]) > 2900) == (how == TOGETHER)


def test_a_column_that_changes_its_mind_is_followed() -> None:
    """Numbers, then numbers as text, then numbers again."""
    column = Column("v", "integer")
    lines = [b'{"v":%d}\n' % number for number in range(2000)]
    quoted = [b'{"v":"%d"}\n' % number for number in range(2000)]
    data = b"".join([*lines, *quoted, *lines])
    assert taken_together(data, [column]) > 5900
    bucket = Bucket({"data": data})
    rows, errors, *_ = outcome(bucket, "auto", "", one_by_one=False, columns=[column])
    assert (rows, errors) == ([[number] for number in [*range(2000)] * 3], [])


@pytest.mark.parametrize(
    "keys", [["a", "a"], ['a"b'], ["a\\b"], ["a\tb"]], ids=["twice", "quote", "backslash", "tab"]
)
def test_keys_that_are_read_one_by_one(keys: list[str]) -> None:
    with pytest.raises(ValueError):
        ObjectBatches([Member(key, []) for key in keys], TextRows())


SHAPED = '{"v":"x","i":1,"unused":null}\n'
EDITS = st.lists(
    st.tuples(
        st.integers(0, 3 * len(SHAPED)),
        st.integers(0, 3),
        st.sampled_from(['"', ",", '",', ',"', "{", "}", "}\n", "\n", "\\", ":", "1", " ", "[", "]",
                         '"i":', "v", "null", '},{"v":', "}{", "\\u00", "é", "\ud800", "\0", ""]),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def test_damaged_objects_are_read_alike_in_both_ways(check: Callable[..., None]) -> None:
    columns = [Column("v", "varchar", 9), Column("i", "integer")]

    def holds(edits: list[tuple[int, int, str]]) -> None:
        text = 3 * SHAPED
        for position, removed, inserted in edits:
            text = text[:position] + inserted + text[position + removed :]
        bucket = Bucket({"data": SHAPED.encode() + text.encode("utf-8", "surrogatepass")})
        ways = [
            outcome(bucket, "auto", "IGNOREALLERRORS", one_by_one=way, columns=columns)
            for way in (False, True)
        ]
        assert ways[0] == ways[1]

    check(400, holds, EDITS)
