"""Lines converted together are what every value on its own becomes: the same rows and errors."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import pytest
from copy_oracle import Literal
from hypothesis import strategies as st
from test_copy_load import Bucket
from test_copy_properties import COLUMNS, NESTED, SCALARS, check, written

from standin.copy.column_values import PlainTexts, list_converter, plain_numbers, plain_texts
from standin.copy.command import CopyCommand, parse
from standin.copy.conversion import converter
from standin.copy.copy_text import encode_field
from standin.copy.json_stream import JsonStream, Number, scan
from standin.copy.load import Column, Load
from standin.copy.load_error import ConversionError, SourceNeeded
from standin.copy.row_reader import row_reader
from standin.copy.uniform_lines import (
    REMEMBERED,
    Member,
    ShapedLines,
    Surprise,
    shape_of,
)
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


def outcome(bucket: Bucket, argument: str, options: str, *, one_by_one: bool) -> tuple[Any, ...]:
    """Everything that a load tells: its rows, its errors, its files, and how it failed."""
    sql = f"COPY t FROM 's3://b/data' IAM_ROLE default JSON '{argument}' {options}"
    command = parse(tokenize(sql))
    try:
        load = Load(command, COLUMNS, bucket, "t", one_by_one=one_by_one)
    except SqlError as error:
        return (error.sqlstate, error.message)
    rows, failure = b"", None
    try:
        rows = b"".join(load.chunks())
    except SqlError as error:
        failure = (error.sqlstate, error.message, error.detail)
    count = 0 if failure else load.rows_loaded
    return rows if not failure else None, load.errors, load.files, count, failure


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
        80,
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


def taken_together(data: bytes) -> int:
    """How many rows were not read one by one."""
    sql = "COPY t FROM 's3://b/data' IAM_ROLE default JSON 'auto' TIMEFORMAT 'epochmillisecs'"
    reader = row_reader(parse(tokenize(sql)), COLUMNS, [], None)
    assert reader.uniform is not None
    stream, together = JsonStream(io.BytesIO(data)), 0
    for _ in stream:
        while (block := reader.uniform.block(stream)) is not None:
            together += block[0]
    return together


def test_lines_of_one_shape_are_taken_together_and_right() -> None:
    lines = [json.dumps(event).encode() for event in events(2 * REMEMBERED)]
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


def test_two_shapes_in_one_file_are_both_learned() -> None:
    lines = [json.dumps(event).encode() for event in events(4000)]
    lines[2000:] = [b'{"i":%d,"w":"other"}' % number for number in range(2000)]
    assert taken_together(b"\n".join(lines)) > 3800


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1}', "{\n", "[1]\n", '{"a":1,"a":2}\n', '{"a":1, "b":2,"c":3}\n', '{"a":}\n',
        '{"a":1,}\n', '{"a":1}{"b":2}\n', '{"a\\n":1}\n', '{"a":NaN}\n', "{}\n", "\n",
    ],
)  # fmt: skip
def test_lines_without_a_shape_have_none(text: str) -> None:
    with pytest.raises((Surprise, ValueError)):
        shape_of(text)


def test_the_shape_of_a_line() -> None:
    shape = shape_of(' { "A" : [1, 2] , "b" : "x,\\"" }\t\r\n{"c":1}\n', str.lower)
    assert shape.keys == ("a", "b")
    assert shape.prefixes == (' { "A" : ', 'b" : ')
    assert (shape.separator, shape.ending) == (' , "', " }\t\r\n")


SHAPED = '{"a":1,"b":"x","c":null}\n'
MEMBERS = [Member(key, str, lambda values: [str(value) for value in values]) for key in ("c", "a")]
EDITS = st.lists(
    st.tuples(
        st.integers(0, 3 * len(SHAPED)),
        st.integers(0, 3),
        st.sampled_from(['"', ",", '",', ',"', "{", "}", "}\n", "\n", "\\", ":", "1", " ",
                         '"b":', "b", "null", '},"{"a":', ""]),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def test_what_is_accepted_is_what_json_reads(check: Callable[..., None]) -> None:
    """Lines damaged at random: each is refused, or an object with the keys of the shape."""

    def holds(edits: list[tuple[int, int, str]], remembered: int) -> None:
        text = 3 * SHAPED
        for position, removed, inserted in edits:
            text = text[:position] + inserted + text[position + removed :]
        lines = ShapedLines(shape_of(SHAPED), MEMBERS, remembered=remembered)
        try:
            count, rows = lines.block(text)
        except (Surprise, ValueError):
            return
        objects = [json.loads(line) for line in text.split("\n")[:-1]]
        assert [list(each) for each in objects] == [["a", "b", "c"]] * count
        assert rows.decode() == "".join(f"{each['c']}\t{each['a']}\n" for each in objects)

    check(1000, holds, EDITS, st.sampled_from([0, REMEMBERED]))


@pytest.mark.parametrize("remembered", [0, REMEMBERED])
@pytest.mark.parametrize(
    "text",
    [
        SHAPED + '{"a":1,"x":"x","c":null}\n',
        SHAPED + '{"a":1,"b":"x","c":null\n',
        '{"a":1,"b":"x","c":null\n' + SHAPED,
        '{"a":1,"b":"x","c":null},"{"a":1,"b":"x","c":null}\n',
        '{"a":1 ,"b":"x","c":null}\n',
        '{"a":1}\n{"b":"x","c":null}\n',
        '{"a":1,"b":"x,","c":null}\n',
        '{"a":1,"b":"x","c":null}}\n',
        '{"a":1,"b":"x","c":nul}\n',
        '{"a":1,"b":,"c":null}\n',
        '{"a":1,"b":"x"}\n{"a":1,"b":"x","c":null,"c":null}\n',
        '{"a":1,"b":"x","c":null,"c":null}\n',
        '{"a":1,"c":null,"b":"x"}\n',
        SHAPED.replace("{", "["),
        SHAPED.replace("}", "]"),
        SHAPED.upper(),
        "\n" + SHAPED,
    ],
)  # fmt: skip
def test_lines_of_another_shape_are_refused(text: str, remembered: int) -> None:
    lines = ShapedLines(shape_of(SHAPED), MEMBERS, remembered=remembered)
    assert lines.block(2 * SHAPED) == (2, b"None\t1\n" * 2)
    with pytest.raises((Surprise, ValueError)):
        lines.block(text)


VALUES = st.lists(
    st.one_of(
        SCALARS.map(lambda value: Number(value.text) if isinstance(value, Literal) else value),
        st.sampled_from([Number("7"), "a", "", None]),
        st.text(max_size=12),
    ),
    min_size=1,
    max_size=4,
)
COMMANDS = [
    parse(tokenize(f"COPY t FROM 's3://b/data' IAM_ROLE default JSON 'auto' {options}"))
    for options in (*FLAGS, *TIMES)
]
TYPES = [
    *COLUMNS,
    Column("z", "timestamptz"),
    *(Column(column.name, column.type, column.length, not_null=True) for column in COLUMNS),
]


def test_many_values_become_what_each_becomes(check: Callable[..., None]) -> None:
    def holds(values: list[Any], column: Column, command: CopyCommand) -> None:
        convert = converter(column, command)
        convert_all = list_converter(column, command, convert)
        try:
            wanted = [encode_field(convert(value)) for value in values]
        except (ConversionError, SourceNeeded) as error:
            with pytest.raises(type(error)):
                convert_all(values)
        else:
            assert convert_all(values) == wanted

    texts = [column for column in TYPES if column.type == "varchar"]
    check(500, holds, VALUES, st.sampled_from(texts + TYPES[:3]), st.sampled_from(COMMANDS))


NUMERALS = st.one_of(
    st.integers(-(10**19), 10**19).map(str),
    st.integers(0, 10**14).map(str),
    st.floats(-1e14, 1e14).map(repr),
    st.decimals(-(10**13), 10**13, places=14).map(str),
    st.sampled_from(["0", "-0", "-0.0", "00", "01", "1.", ".5", "+1", "1e5", "null", "-", "٣"]),
)


def test_plain_numbers_are_what_the_converter_makes_of_each(check: Callable[..., None]) -> None:
    def holds(numeral: str, column: Column, command: CopyCommand) -> None:
        plain = plain_numbers(column, command)
        if plain is None or not re.fullmatch(plain.pattern, numeral, re.ASCII):
            return
        value = None if numeral == "null" else Number(json.loads(numeral, parse_float=str,
                                                                 parse_int=str))  # fmt: skip
        wanted = encode_field(converter(column, command)(value))
        assert plain.fields([numeral]) == [wanted]
        if not column.not_null:
            assert plain.fields(["null", numeral, "null"]) == ["\\N", wanted, "\\N"]

    numbers = [column for column in TYPES if plain_numbers(column, COMMANDS[-2]) is not None]
    assert len(numbers) > 8
    check(1000, holds, NUMERALS, st.sampled_from(numbers), st.sampled_from(COMMANDS))


PREFIX = 'p":'
STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PIECES = st.one_of(
    st.sampled_from(["", "a b", "é", "null", None]).map(json.dumps),
    STRINGS.map(json.dumps),
    STRINGS.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(
        ['nullx', 'null"', '"a"b"', '"a', 'a"', '"', "", "1", "true", '"\0"', '"a\nb"', '"a"\n',
         '"a"\np":"b"', 'null\np":null', ' "a"', '"a" ', '"\udc80"', '"\\"', '"p":"'],
    ),
).map(PREFIX.__add__)  # fmt: skip


def read(pieces: list[str], column: Column, command: CopyCommand) -> list[str] | None:
    """What the pieces become one by one; None when one of them is not a whole value."""
    fields = []
    for piece in pieces:
        try:
            value, end = scan(piece, len(PREFIX))
            fields.append(encode_field(converter(column, command)(value)))
        except (ConversionError, SourceNeeded, StopIteration, ValueError):
            return None
        if end != len(piece) or not piece.startswith(PREFIX):
            return None
    return fields


def test_plain_texts_are_what_the_converter_makes_of_each(check: Callable[..., None]) -> None:
    def holds(pieces: list[str], column: Column, command: CopyCommand) -> None:
        plain = plain_texts(column, command)
        fields = plain.fields(PREFIX, pieces) if plain else None
        if fields is not None:
            assert fields == read(pieces, column, command)

    columns = [column for column in TYPES if plain_texts(column, COMMANDS[-1]) is not None]
    assert len(columns) == len([column for column in TYPES if column.type == "varchar"]) > 1
    pieces = st.lists(st.one_of(PIECES, st.just('q":"a"')), min_size=1, max_size=4)
    check(400, holds, pieces, st.sampled_from(columns), st.sampled_from(COMMANDS))


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (['"a"', '"é b"', '""'], ["a", "é b", ""]),
        (["null", '"null"', "null", "null"], ["\\N", "null", "\\N", "\\N"]),
        (['"12345"'], ["12345"]),
        (['"123456"'], None),
        (['"a"', '"a\\u00e9"'], None),
        (['"a\tb"'], None),
        (["x", '"a"\np":"b"'], None),
        (['"a"b', '"c"'], None),
    ],
)
def test_plain_texts(values: list[str], fields: list[str] | None) -> None:
    pieces = [value if value == "x" else PREFIX + value for value in values]
    assert PlainTexts(5, takes_null=True).fields(PREFIX, pieces) == fields
    required = None if "null" in values else fields
    assert PlainTexts(5, takes_null=False).fields(PREFIX, pieces) == required
