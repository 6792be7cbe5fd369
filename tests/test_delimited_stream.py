"""CSV and delimited text: how a line is cut into fields, and what is wrong with one that cannot."""

from __future__ import annotations

import io

import pytest

from standin.copy.command import parse
from standin.copy.delimited_stream import DelimitedStream
from standin.copy.json_stream import BLOCK_SIZE, Broken
from standin.dialect.lexer import tokenize

TOO_LONG = "Invalid input line: a row is larger than 4 MB"
INVALID_QUOTE = "Invalid quote formatting for CSV"


def read(data: bytes, options: str = "") -> list[object]:
    """The records; those that are broken as (line, code, reason)."""
    command = parse(tokenize(f"COPY t FROM 's3://b/k' IAM_ROLE default {options}"))
    return [
        (record.line_number, record.code, record.message) if isinstance(record, Broken) else record
        for record in DelimitedStream(io.BytesIO(data), command)
    ]


@pytest.mark.parametrize(
    ("options", "data", "expected"),
    [
        ("", b"1|a\n2|\n", [["1", "a"], ["2", ""]]),
        ("", b"1|a\r\n2|b", [["1", "a"], ["2", "b"]]),
        ("", b"\n", [[""]]),
        ("", b"", []),
        ("", b"\\N|a\\N\n", [[None, "a\\N"]]),
        ("", b'"a"|b\\|c\n', [['"a"', "b\\", "c"]]),
        ("", b"a|\xff\n", [["a", "\udcff"]]),
        ("", b"1\r2|a\n3|b", [(1, 1216, "Missing newline: Unexpected character 0x32 found at "
                               "location 1"), ["3", "b"]]),
        ("DELIMITER ','", b"1,a|b\n", [["1", "a|b"]]),
        ("DELIMITER '\\t'", b"1\ta b\n", [["1", "a b"]]),
        ("DELIMITER '|~|'", b"1|~|a|b|~|c\n", [["1", "a|b", "c"]]),
        ("NULL AS ''", b"1||a\n", [["1", None, "a"]]),
        ("NULL AS 'NULL'", b"NULL|\\N\n", [[None, "\\N"]]),
        ("IGNOREBLANKLINES", b"1|a\n\n\r\n2|b\n", [["1", "a"], ["2", "b"]]),
        ("IGNOREHEADER 1", b"id|name\n1|a\n", [["1", "a"]]),
        ("IGNOREHEADER 3", b"id|name\n1|a\n", []),
    ],
)  # fmt: skip
def test_delimited_text(options: str, data: bytes, expected: list[object]) -> None:
    assert read(data, options) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\\|b|c\n", [["a|b", "c"]]),
        (b"a\\\\|b\n", [["a\\", "b"]]),
        (b"a\\\nb|c\n1|2\n", [["a\nb", "c"], ["1", "2"]]),
        (b"a\\\\\n1\n", [["a\\"], ["1"]]),
        (b"\\N|\\\\N\n", [[None, "\\N"]]),
        (b'\\t\\"|x\n', [['t"', "x"]]),
        (b"a\\\n", [(1, 1214, "Delimiter not found")]),
        (b"a\\", [(1, 1214, "Delimiter not found")]),
    ],
)
def test_escape(data: bytes, expected: list[object]) -> None:
    assert read(data, "ESCAPE") == expected


# The table of https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"'The delimiter is a pipe (|) character'", [["The delimiter is a pipe (|) character"]]),
        (b"'Black'|1", [["Black", "1"]]),
        (b'1|"White"', [["1", "White"]]),
        (b"Blue'|1", [["Blue'", "1"]]),
        (b"'Blue|1", [(1, 1214, "Delimited value missing end quote")]),
        (b'"Blue|1', [(1, 1214, "Delimited value missing end quote")]),
        (b"' ' 'Black' ' '|1", [[" ' 'Black' ' ", "1"]]),
        (b"' '|1", [[" ", "1"]]),
        (b"''|\"\"", [["", ""]]),
        (b'a"b"|1', [['a"b"', "1"]]),
    ],
)
def test_remove_quotes(data: bytes, expected: list[object]) -> None:
    assert read(data + b"\n", "REMOVEQUOTES") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'"a\\"b"|1', [['a"b', "1"]]),
        (b"'a\\|b|c'|1", [["a|b|c", "1"]]),
        (b"'a\\\nb'|1", [["a\nb", "1"]]),
    ],
)
def test_remove_quotes_and_escape(data: bytes, expected: list[object]) -> None:
    assert read(data + b"\n", "REMOVEQUOTES ESCAPE") == expected


@pytest.mark.parametrize(
    ("options", "data", "expected"),
    [
        ("", b"1,a,\n", [["1", "a", ""]]),
        ("", b'1,"a,b"\n', [["1", "a,b"]]),
        ("", b'1,"say ""hi"""\n', [["1", 'say "hi"']]),
        ("", b'1,"two\nlines",x\n2,b,c\n', [["1", "two\nlines", "x"], ["2", "b", "c"]]),
        ("", b'1,"two\r\nlines",x\r\n2,b,c\r\n', [["1", "two\r\nlines", "x"], ["2", "b", "c"]]),
        ("", b'1, "a" ,b\n', [["1", "a", "b"]]),
        ("", b"1, a ,b\n", [["1", " a ", "b"]]),
        ("", b'"",\\N\n', [["", None]]),
        ("", b'1,aaaa"zzzz\n2,b\n', [(1, 1214, INVALID_QUOTE), ["2", "b"]]),
        ("", b'1,"a"b\n2,b\n', [(1, 1214, INVALID_QUOTE), ["2", "b"]]),
        ("", b'1,"a\n2,b\n', [(2, 1214, INVALID_QUOTE)]),
        ("QUOTE '%'", b'%a,b%,"c"\n', [["a,b", '"c"']]),
        ("DELIMITER ';'", b'1;"a;b";"c"\n', [["1", "a;b", "c"]]),
        ("DELIMITER '\\t'", b'1\t"a"\t\n', [["1", "a", ""]]),
        ("NULL AS 'NULL' IGNOREHEADER 1", b'a,b\nNULL,"x"\n', [[None, "x"]]),
    ],
)
def test_csv(options: str, data: bytes, expected: list[object]) -> None:
    assert read(data, f"CSV {options}") == expected


def test_a_row_of_more_than_4_mb_is_an_error() -> None:
    data = b"1," + b"x" * (4 << 20) + b"\n2,b\n"
    assert read(data, "CSV") == [(1, 1216, TOO_LONG), ["2", "b"]]


class Endless(io.RawIOBase):
    """A file of one character without end, which counts the bytes that are read of it."""

    def __init__(self, character: bytes) -> None:
        self.character = character
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return self.character * size


@pytest.mark.parametrize("options", ["", "ESCAPE", "CSV"])
@pytest.mark.parametrize("character", [b"x", b"\0", b'"', b"\\"])
def test_a_row_without_end_is_read_to_4_mb(character: bytes, options: str) -> None:
    command = parse(tokenize(f"COPY t FROM 's3://b/k' IAM_ROLE default {options}"))
    file = Endless(character)
    record = next(iter(DelimitedStream(file, command)))  # type: ignore[arg-type]
    assert isinstance(record, Broken)
    assert (record.code, record.message) == (1216, TOO_LONG)
    assert file.given <= (4 << 20) + BLOCK_SIZE


@pytest.mark.parametrize("options", ["", "ESCAPE", "CSV"])
def test_reading_goes_on_behind_a_row_of_several_times_4_mb(options: str) -> None:
    data = b"1\n" + b"x" * (12 << 20) + b"\n2\n" + b"x" * (9 << 20)
    assert read(data, options) == [["1"], (2, 1216, TOO_LONG), ["2"], (4, 1216, TOO_LONG)]


# Each line looks as if it might end the row.
LINES_OF_ONE_ROW = {
    "doubled quotes": ("CSV", b'1,"' + b'""\n' * 400_000 + b'"\n2,b\n', 800_000),
    "backslashes": ("ESCAPE DELIMITER ','", b"1," + b"a\\\n" * 400_000 + b"\n2,b\n", 800_000),
}


@pytest.mark.parametrize(
    ("options", "data", "length"), LINES_OF_ONE_ROW.values(), ids=LINES_OF_ONE_ROW
)
def test_a_row_of_many_lines_is_split_once(options: str, data: bytes, length: int) -> None:
    first, second = read(data, options)
    assert isinstance(first, list)
    assert (first[0], len(first[1]), second) == ("1", length, ["2", "b"])


def test_a_field_may_span_blocks() -> None:
    data = b'1,"' + b"x\n" * 900_000 + b'"\n2,b\n'
    first, second = read(data, "CSV")
    assert isinstance(first, list)
    assert (first[0], len(first[1]), second) == ("1", 1_800_000, ["2", "b"])
