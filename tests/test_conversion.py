"""The conversion matrix: JSON value and column type to PostgreSQL's text, or Redshift's error."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest

from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.conversion import converter
from standin.copy.json_stream import JsonStream
from standin.copy.load_error import NULL, ConversionError, SourceNeeded
from standin.copy.text_rows import TextRows
from standin.copy.time_formats import epoch_text
from standin.sqlerror import SqlError

SMALLINT = Column("c", "smallint")
INTEGER = Column("c", "integer")
BIGINT = Column("c", "bigint")
DOUBLE = Column("c", "double precision")
REAL = Column("c", "real")
BOOLEAN = Column("c", "boolean")
DATE = Column("c", "date")
TIMESTAMP = Column("c", "timestamp")
TIMESTAMPTZ = Column("c", "timestamptz")


def numeric(precision: int, scale: int) -> Column:
    return Column("c", "numeric", precision=precision, scale=scale)


def varchar(length: int) -> Column:
    return Column("c", "varchar", length)


def char(length: int) -> Column:
    return Column("c", "char", length)


def convert(column: Column, text: str | bytes, **options: Any) -> str | None:
    """What the JSON value written as `text` becomes; None for NULL."""
    data = text if isinstance(text, bytes) else text.encode()
    [[value]] = JsonStream(io.BytesIO(b"[" + data + b"]"))
    result = converter(column, CopyCommand("t", "s3://b/k", **options))(value)
    return None if result == NULL else result


def failure(column: Column, text: str | bytes, **options: Any) -> tuple[int, str]:
    with pytest.raises(ConversionError) as caught:
        convert(column, text, **options)
    return caught.value.code, caught.value.message


CONVERTED = [
    # integers
    (INTEGER, "39", "39"),
    (INTEGER, "-39", "-39"),
    (INTEGER, "0", "0"),
    (INTEGER, '"39"', "39"),
    (INTEGER, '"-39"', "-39"),
    (INTEGER, '""', None),
    (INTEGER, '"   "', None),
    (INTEGER, "null", None),
    (INTEGER, "2147483647", "2147483647"),
    (INTEGER, "-2147483648", "-2147483648"),
    (INTEGER, "1e3", "1000"),
    (INTEGER, "-0.0", "0"),
    (SMALLINT, "32767", "32767"),
    (BIGINT, "1540919166796.0", "1540919166796"),
    (BIGINT, "1.5409191667960E12", "1540919166796"),
    (BIGINT, "9223372036854775807", "9223372036854775807"),
    (BIGINT, "-9223372036854775808", "-9223372036854775808"),
    # decimals: what does not fit the scale is cut off
    (numeric(4, 2), "20.259", "20.25"),
    (numeric(4, 2), "-20.259", "-20.25"),
    (numeric(18, 0), "246.90812", "246"),
    (numeric(18, 0), "-0.9", "-0"),
    (numeric(9, 5), "246.30812", "246.30812"),
    (numeric(9, 5), '"246.30812"', "246.30812"),
    (numeric(9, 5), '"+.5"', "0.50000"),
    (numeric(3, 0), "0.000999e6", "999"),
    (numeric(3, 1), "7", "7"),
    (numeric(3, 0), '"007"', "7"),
    (numeric(3, 2), "1e-999999999", "0.00"),
    (numeric(38, 37), "3." + "1" * 37, "3." + "1" * 37),
    (numeric(4, 2), '" "', None),
    # floats
    (DOUBLE, "246.30812", "246.30812"),
    (DOUBLE, "0.1234567890123456789", "0.1234567890123456789"),
    (DOUBLE, "-1.5e-3", "-1.5e-3"),
    (DOUBLE, '"246.30812"', "246.30812"),
    (DOUBLE, '"5."', "5."),
    (DOUBLE, '""', None),
    (DOUBLE, "1e-400", "0"),
    (DOUBLE, "0e5", "0"),
    (REAL, "1e-60", "0"),
    # booleans
    (BOOLEAN, "true", "t"),
    (BOOLEAN, "false", "f"),
    (BOOLEAN, '"Yes"', "t"),
    (BOOLEAN, '"n"', "f"),
    (BOOLEAN, "1", "t"),
    (BOOLEAN, '"0"', "f"),
    (BOOLEAN, '""', None),
    # dates and timestamps in their default formats
    (DATE, '"2018-11-01"', "2018-11-01"),
    (DATE, '"2018-11-01 21:01:46"', "2018-11-01"),
    (DATE, '""', None),
    (TIMESTAMP, '"2018-11-01 21:01:46"', "2018-11-01 21:01:46"),
    (TIMESTAMP, '"2018-11-01 21:01:46.796123"', "2018-11-01 21:01:46.796123"),
    (TIMESTAMP, '""', None),
    (TIMESTAMPTZ, '"2018-11-01 21:01:46+05:30"', "2018-11-01 21:01:46+05:30"),
    (TIMESTAMPTZ, '"2018-11-01 21:01:46-8"', "2018-11-01 21:01:46-8"),
    (TIMESTAMPTZ, '"2018-11-01 21:01:46"', "2018-11-01 21:01:46+00"),
    # text; lengths are bytes
    (varchar(5), '"abcde"', "abcde"),
    (varchar(5), '""', ""),
    (varchar(5), '"  "', "  "),
    (varchar(5), "null", None),
    (varchar(4), '"éé"', "éé"),
    (varchar(4), '"\\ud83d\\ude00"', "😀"),
    (varchar(20), "1540919166796.0", "1540919166796.0"),
    (varchar(20), "39", "39"),
    (varchar(5), "true", "true"),
    (varchar(5), "false", "false"),
    (varchar(3), '"\\ufffe"', "\ufffe"),
    (char(3), '"ab"', "ab"),
    (char(3), '""', ""),
    (char(3), "12", "12"),
]


@pytest.mark.parametrize(("column", "text", "expected"), CONVERTED)
def test_converted_values(column: Column, text: str, expected: str | None) -> None:
    assert convert(column, text) == expected


TIMESTAMP_TEXT = "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"
DATE_TEXT = "Invalid date format or value [YYYY-MM-DD]"
SHORT_DATE_TEXT = "Invalid Date Format - length must be 10 or more"
UTF8_TEXT = "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: "
CHAR_TEXT = "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: "

FAILURES = [
    (INTEGER, '"39.0"', 1207, "Invalid digit, Value '.', Pos 2, Type: Integer"),
    (BIGINT, '"20200407.0"', 1207, "Invalid digit, Value '.', Pos 8, Type: Long"),
    (SMALLINT, '"x"', 1207, "Invalid digit, Value 'x', Pos 0, Type: Short"),
    (INTEGER, '"-"', 1207, "Invalid digit, Value '-', Pos 0, Type: Integer"),
    (INTEGER, '" 39"', 1207, "Invalid digit, Value ' ', Pos 0, Type: Integer"),
    (INTEGER, '"\u0663"', 1207, "Invalid digit, Value '\u0663', Pos 0, Type: Integer"),
    (INTEGER, "true", 1207, "Invalid digit, Value 't', Pos 0, Type: Integer"),
    (INTEGER, "39.5", 1207, "Invalid digit, Value '.', Pos 2, Type: Integer"),
    (INTEGER, "1e-999999999", 1207, "Invalid digit, Value 'e', Pos 1, Type: Integer"),
    (INTEGER, "2147483648", 1204, "Overflow, Column type: Integer"),
    (INTEGER, '"-2147483649"', 1204, "Overflow, Column type: Integer"),
    (SMALLINT, "32768", 1204, "Overflow, Column type: Short"),
    (BIGINT, "9223372036854775808", 1204, "Overflow, Column type: Long"),
    (BIGINT, "9" * 5000, 1204, "Overflow, Column type: Long"),
    (BIGINT, "1e300", 1204, "Overflow, Column type: Long"),
    (numeric(4, 2), "100", 1204, "Overflow for NUMERIC(4,2)"),
    (numeric(4, 2), "1e99999999999999999999", 1204, "Overflow for NUMERIC(4,2)"),
    (numeric(4, 2), '"1,5"', 1207, "Invalid digit, Value ',', Pos 1, Type: Decimal"),
    (numeric(4, 2), '"."', 1207, "Invalid digit, Value '.', Pos 0, Type: Decimal"),
    (DOUBLE, '"NaN"', 1207, "Invalid digit, Value 'N', Pos 0, Type: Double"),
    (DOUBLE, "1e400", 1204, "Overflow, Column type: Double"),
    (REAL, "1e39", 1204, "Overflow, Column type: Float"),
    (BOOLEAN, '"maybe"', 1210, "Unknown boolean format"),
    (DATE, '"2018"', 1205, SHORT_DATE_TEXT),
    (DATE, '"2018-02-30"', 1205, DATE_TEXT),
    (DATE, "1541105830796", 1205, DATE_TEXT),
    (TIMESTAMP, "1541105830796", 1206, TIMESTAMP_TEXT),
    (TIMESTAMP, '"2018-11-01"', 1206, TIMESTAMP_TEXT),
    (TIMESTAMP, '"2018-11-01T21:01:46Z"', 1206, TIMESTAMP_TEXT),
    (TIMESTAMP, '"2018-11-01 24:00:00"', 1206, TIMESTAMP_TEXT),
    (
        TIMESTAMPTZ,
        '"yesterday"',
        1206,
        "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SSOF]",
    ),
    (varchar(4), '"abcde"', 1204, "String length exceeds DDL length"),
    (varchar(3), '"éé"', 1204, "String length exceeds DDL length"),
    (varchar(3), "1234", 1204, "String length exceeds DDL length"),
    (varchar(9), b'"a\xa4"', 1220, UTF8_TEXT + "a4 (error 3)"),
    (varchar(9), b'"\xfe"', 1220, UTF8_TEXT + "fe (error 3)"),
    (varchar(9), b'"\xf8\x88\x80\x80\x80"', 1220, UTF8_TEXT + "f8 (error 1)"),
    (varchar(9), b'"a\xc3"', 1220, UTF8_TEXT + "c3 (error 2)"),
    (varchar(9), b'"\xe2\x28\xa1"', 1220, UTF8_TEXT + "e2 28 a1 (error 4)"),
    (varchar(9), b'"\xed\xa0\x80"', 1220, UTF8_TEXT + "ed a0 80 (error 5)"),
    (varchar(9), '"\\ud83d"', 1220, UTF8_TEXT + "ed a0 bd (error 5)"),
    (varchar(9), b'"\xf5\x80\x80\x80"', 1220, UTF8_TEXT + "f5 80 80 80 (error 8)"),
    (varchar(9), b'"\xc0\x80"', 1220, UTF8_TEXT + "c0 80 (error 9)"),
    (varchar(9), '"a\\u0000b"', 1220, UTF8_TEXT + "00 (error 3)"),
    (char(2), '"abc"', 1204, "Char length exceeds DDL length"),
    (char(9), '"aé"', 1220, CHAR_TEXT + "c3 a9"),
    (char(9), '"\\u0000"', 1220, CHAR_TEXT + "00"),
]


@pytest.mark.parametrize(("column", "text", "code", "message"), FAILURES)
def test_values_that_fail(column: Column, text: str | bytes, code: int, message: str) -> None:
    assert failure(column, text) == (code, message)


OPTIONS = [
    (varchar(5), '""', {"empty_as_null": True}, None),
    (varchar(5), '"  "', {"empty_as_null": True}, "  "),
    (varchar(5), '"  "', {"blanks_as_null": True}, None),
    (varchar(5), '" \\t"', {"blanks_as_null": True}, None),
    (varchar(5), '""', {"blanks_as_null": True}, ""),
    (varchar(5), '"a "', {"blanks_as_null": True}, "a "),
    (varchar(3), '"a    "', {"trim_blanks": True}, "a"),
    (char(3), '" "', {"blanks_as_null": True}, None),
    (varchar(3), '"abcde"', {"truncate_columns": True}, "abc"),
    (varchar(3), '"éé"', {"truncate_columns": True}, "é"),
    (varchar(1), '"é"', {"truncate_columns": True}, ""),
    (varchar(3), "12345", {"truncate_columns": True}, "123"),
    (char(3), '"abcde"', {"truncate_columns": True}, "abc"),
    (varchar(9), b'"a\xa4\xc3b"', {"accept_inv_chars": "?"}, "a??b"),
    (varchar(9), '"\\ud83d"', {"accept_inv_chars": "^"}, "^^^"),
    (varchar(9), '"\\ufffe\\u0000"', {"accept_inv_chars": "^"}, "^^^^"),
    (varchar(9), '"é"', {"accept_inv_chars": "^"}, "é"),
    (numeric(4, 2), "20.259", {"round_decimals": True}, "20.26"),
    (numeric(4, 2), "-20.255", {"round_decimals": True}, "-20.26"),
    (numeric(4, 2), "20", {"round_decimals": True}, "20.00"),
    (TIMESTAMP, '"?"', {"accept_any_date": True}, None),
    (DATE, '"2018-02-30"', {"accept_any_date": True}, None),
    # epochs
    (TIMESTAMP, "1541105830796", {"time_format": "epochmillisecs"}, "2018-11-01 20:57:10.796"),
    (TIMESTAMP, '"1541105830796"', {"time_format": "epochmillisecs"}, "2018-11-01 20:57:10.796"),
    (TIMESTAMP, "1541105830000.0", {"time_format": "epochmillisecs"}, "2018-11-01 20:57:10"),
    (TIMESTAMP, "-1", {"time_format": "epochmillisecs"}, "1969-12-31 23:59:59.999"),
    (TIMESTAMP, "1541105830", {"time_format": "epochsecs"}, "2018-11-01 20:57:10"),
    (TIMESTAMP, "1541105830796", {"time_format": "epochsecs"}, "50805-09-13 00:59:56"),
    (TIMESTAMP, "-62167219201", {"time_format": "epochsecs"}, "0002-12-31 23:59:59 BC"),
    (TIMESTAMP, '""', {"time_format": "epochmillisecs"}, None),
    (TIMESTAMPTZ, "1541105830796", {"time_format": "epochmillisecs"}, "2018-11-01 20:57:10.796+00"),
    (TIMESTAMPTZ, "-62167219201", {"time_format": "epochsecs"}, "0002-12-31 23:59:59+00 BC"),
    # format strings
    (TIMESTAMP, '"01/11/2018 9:05 PM"', {"time_format": "DD/MM/YYYY HH12:MI AM"},
     "2018-11-01 21:05:00"),
    (TIMESTAMP, '"Nov-01-18T21.05.07.5"', {"time_format": "mon-dd-yyThh.mi.ss"},
     "2018-11-01 21:05:07.5"),
    (TIMESTAMPTZ, '"2018-11-01 21:05:07"', {"time_format": "YYYY-MM-DD HH24:MI:SS"},
     "2018-11-01 21:05:07+00"),
    (DATE, '"January-03-1999"', {"date_format": "MON-DD-YYYY"}, "1999-01-03"),
    (DATE, '"03.01.70"', {"date_format": "DD.MM.YY"}, "1970-01-03"),
    # automatic recognition
    (TIMESTAMP, '"2019-02-11T05:09:12.195Z"', {"time_format": "auto"}, "2019-02-11 05:09:12.195"),
    (TIMESTAMPTZ, '"1997-12-17 07:37:16-08"', {"time_format": "auto"}, "1997-12-17 07:37:16-08"),
    (TIMESTAMP, '"2018-11-01"', {"time_format": "auto"}, "2018-11-01 00:00:00"),
    (TIMESTAMP, '"19960108 040809"', {"time_format": "auto"}, "1996-01-08 04:08:09"),
    (TIMESTAMP, '"12/17/1997 07:37:16.00"', {"time_format": "auto"}, "1997-12-17 07:37:16.00"),
    (DATE, '"Jan 8, 1999"', {"date_format": "auto"}, "1999-01-08"),
    (TIMESTAMP, '"J2451187"', {"time_format": "auto"}, "1999-01-08 00:00:00"),
    (TIMESTAMP, '"J2345678 04:05:06.789"', {"time_format": "auto"}, "1710-02-23 04:05:06.789"),
    (TIMESTAMPTZ, '"J0"', {"time_format": "auto"}, "4714-11-24 00:00:00+00 BC"),
    (DATE, '"J2345678 04:05:06.789"', {"date_format": "auto"}, "1710-02-23"),
    (DATE, '"Jan-08-95 BC"', {"date_format": "auto"}, "0095-01-08 BC"),
    (TIMESTAMP, '"Feb-29-1 BC"', {"time_format": "auto"}, "0001-02-29 00:00:00 BC"),
    (TIMESTAMP, '"960108 040809"', {"time_format": "auto"}, "1996-01-08 04:08:09"),
    (DATE, '"1996.008"', {"date_format": "auto"}, "1996-01-08"),
    (DATE, '"1996.366"', {"date_format": "auto"}, "1996-12-31"),
    (TIMESTAMP, '"17 Dec 07:37:16 1997 PST"', {"time_format": "auto"}, "1997-12-17 07:37:16"),
    (TIMESTAMPTZ, '"17 Dec 07:37:16 1997 PST"', {"time_format": "auto"}, "1997-12-17 07:37:16-08"),
    (TIMESTAMPTZ, '"12/17/1997 07:37:16.00 pst"', {"time_format": "auto"},
     "1997-12-17 07:37:16.00-08"),
    (TIMESTAMP, '"12.17.1997 07:37:16.00 PST"', {"time_format": "auto"}, "1997-12-17 07:37:16.00"),
    (TIMESTAMPTZ, '"2018-11-01 21:05:07 UTC"', {"time_format": "auto"}, "2018-11-01 21:05:07+00"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "options", "expected"), OPTIONS)
def test_options(
    column: Column, text: str | bytes, options: dict[str, Any], expected: str | None
) -> None:
    assert convert(column, text, **options) == expected


TIME_FAILURES = [
    ("epochmillisecs", "1541105830796.5"),
    ("epochmillisecs", '"1541105830796.0"'),
    ("epochmillisecs", '"2018-11-01 20:57:10"'),
    ("epochmillisecs", "true"),
    ("epochsecs", "9224318016000"),
    ("epochsecs", "-210866803201"),
    ("epochmillisecs", "9" * 30),
    ("EPOCHMILLISECS", "1541105830796"),
    ("auto", "1541105830796"),
    ("auto", '"2018-13-01"'),
    ("auto", '"J999999999"'),
    ("auto", '"1997.366"'),
    ("auto", '"1997.000"'),
    ("auto", '"Feb-29-2 BC"'),
    ("auto", '"Jan-08-4714 BC"'),
    ("auto", '"17.12.1997 07:37:16"'),
    ("auto", '"2018-11-01 21:05:07 XYZ"'),
    ("YYYY-MM-DD HH:MI:SSOF", '"2018-11-01 20:57:10+00"'),
    ("YYYY-YYYY", '"2018-2018"'),
    ("HH:MI", '"20:57"'),
    ("HH12:MI AM YYYY-MM-DD", '"13:00 PM 2018-11-01"'),
]


@pytest.mark.parametrize(("time_format", "text"), TIME_FAILURES)
def test_timestamps_that_fail_name_the_format(time_format: str, text: str) -> None:
    assert failure(TIMESTAMP, text, time_format=time_format) == (
        1206,
        f"Invalid timestamp format or value [{time_format}]",
    )


def test_the_last_second_of_redshifts_calendar() -> None:
    text = convert(TIMESTAMP, "9224318015999", time_format="epochsecs")
    assert text == "294276-12-31 23:59:59"


@pytest.mark.parametrize("days", [*range(-719_162, 2_932_896, 9_973), -1, 0, 11_016, 2_932_896])
def test_calendar_agrees_with_pythons(days: int) -> None:
    expected = date(1970, 1, 1) + timedelta(days)
    assert epoch_text(days * 86_400, 1) == f"{expected.isoformat()} 00:00:00"


@pytest.mark.parametrize("text", ["null", '""', '" "'])
def test_not_null_column_without_data(text: str) -> None:
    column = Column("c", "integer", not_null=True)
    assert failure(column, text) == (1213, "Missing data for not-null field")
    assert convert(Column("c", "varchar", 5, not_null=True), '""') == ""


@pytest.mark.parametrize("column", [INTEGER, varchar(9), char(9), DOUBLE, TIMESTAMP, BOOLEAN])
def test_objects_and_arrays_are_converted_from_their_text(column: Column) -> None:
    for text in ('{"a": 1}', "[1]"):
        with pytest.raises(SourceNeeded):
            convert(column, text)


def test_types_that_cannot_be_loaded() -> None:
    with pytest.raises(SqlError) as caught:
        converter(Column("c", "jsonb"), CopyCommand("t", "s3://b/k"))
    assert caught.value.sqlstate == "0A000"
    assert "COPY into column c of type jsonb" in caught.value.message


ROWS = {
    "plain": (["a", "1", ""], '"a","1",""'),
    "null": ([None, "null", None], 'null,"null",null'),
    "control characters": (["a\tb\x1f", None], '"a\tb\x1f",null'),
    "line breaks": (["a\nb\r", "c"], '"a\nb\r","c"'),
    "backslash": (["a\\N", "\\.", "\\n\n"], '"a\\\\N","\\\\.","\\\\n\n"'),
    "quotes": (['"', '\\"', ',",'], '"\\"","\\\\\\"",",\\","'),
    "one column": ([""], '""'),
    "not ASCII": (["é\u2028"], '"é\u2028"'),
}


@pytest.mark.parametrize(("fields", "expected"), ROWS.values(), ids=ROWS)
def test_rows_are_escaped_for_copy(fields: list[str | None], expected: str) -> None:
    assert TextRows().encode([fields]) == f"{expected}\n".encode()


COLUMN_ROWS = [
    (("n", "int8", "-1", "t", "", "f"), Column("n", "bigint", not_null=True)),
    (("n", "int8", "-1", "t", "", "t"), Column("n", "bigint", not_null=True, has_default=True)),
    (("n", "int4", "-1", "t", "a", "f"), Column("n", "integer", not_null=True, is_identity=True)),
    (("n", "int4", "-1", "t", "d", "f"), Column("n", "integer", not_null=True, has_default=True)),
    (("n", "varchar", "260", "f", "", "f"), Column("n", "varchar", 256)),
    (("n", "text", "-1", "f", "", "f"), Column("n", "varchar", 65535)),
    (("n", "bpchar", "5", "f", "", "f"), Column("n", "char", 1)),
    (("n", "numeric", "1179652", "f", "", "f"), Column("n", "numeric", precision=18, scale=0)),
    (("n", "numeric", str((10 << 16 | 5) + 4), "f", "", "f"),
     Column("n", "numeric", precision=10, scale=5)),
    (("n", "timestamptz", "-1", "f", None, "f"), Column("n", "timestamptz")),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), COLUMN_ROWS)
def test_columns_from_the_catalog(row: tuple[str | None, ...], expected: Column) -> None:
    assert Column.from_row(row) == expected
