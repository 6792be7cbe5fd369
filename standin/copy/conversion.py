"""JSON values to the text of PostgreSQL's COPY format, by Redshift's rules of conversion.

https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html. A converter
takes one value (Number for a JSON number) and gives its text, not yet escaped, or NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from standin.copy.character_data import OUT_OF_RANGE, char_converter, varchar_converter
from standin.copy.columns import Column
from standin.copy.command import CopyCommand
from standin.copy.json_stream import Number
from standin.copy.load_error import NULL, ConversionError, scalar_text
from standin.copy.time_formats import (
    DEFAULT_DATE,
    EPOCHS,
    SHOWN_DEFAULT,
    ZONES,
    date_reader,
    epoch_text,
    plain_digits,
    plain_epochs,
    timestamp_reader,
)
from standin.sqlerror import not_supported

Converter = Callable[[Any], str]

BAD_DATE = 1205
BAD_TIMESTAMP = 1206
BAD_DIGIT = 1207
BAD_BOOLEAN = 1210
NO_DATA = 1213


@dataclass(frozen=True)
class _IntegerType:
    """`shown` is the type's name in Redshift's messages; `digits` fit without a look."""

    shown: str
    bits: int
    digits: int


INTEGERS = {
    "smallint": _IntegerType("Short", 16, 4),
    "integer": _IntegerType("Integer", 32, 9),
    "bigint": _IntegerType("Long", 64, 18),
}


@dataclass(frozen=True)
class _FloatType:
    """The largest finite value, and what is too small to be anything but zero."""

    shown: str
    largest: float
    smallest: float


_FLOATS = {
    "double precision": _FloatType("Double", 1.7976931348623157e308, 5e-324),
    "real": _FloatType("Float", 3.4028235677973366e38, 7.006492321624086e-46),
}

# https://docs.aws.amazon.com/redshift/latest/dg/r_Boolean_type.html, in any case
_BOOLEANS = {
    "t": "t", "true": "t", "y": "t", "yes": "t", "1": "t",
    "f": "f", "false": "f", "n": "f", "no": "f", "0": "f",
}  # fmt: skip

_INTEGER_TEXT = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL_TEXT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_PLAIN_DECIMAL = re.compile(r"(-?)0*(\d*)(?:\.(\d*))?", re.ASCII)

# Every number that any column can hold is within these; keeps absurd exponents from being
# written out.
_MAX_EXPONENT = 400
_EXACT = Context(prec=2 * _MAX_EXPONENT)


def converter(column: Column, command: CopyCommand) -> Converter:
    """The converter of one column, which raises ConversionError or SourceNeeded.

    SqlError 0A000 for a type that cannot be loaded from JSON here.
    """
    make = _MAKERS.get(column.type)
    if make is None:
        raise not_supported(f"COPY into column {column.name} of type {column.type}")
    convert = make(column, command)
    return _required(convert) if column.not_null else convert


def _required(convert: Converter) -> Converter:
    def checked(value: Any) -> str:
        text = convert(value)
        if text == NULL:
            raise ConversionError(NO_DATA, "Missing data for not-null field", "")
        return text

    return checked


def _non_character(exact: Callable[[Any, str], str]) -> Converter:
    """A converter whose blank strings are NULL whatever the options say."""

    def convert(value: Any) -> str:
        if value is None:
            return NULL
        text = scalar_text(value)
        return exact(value, text) if text.strip() else NULL

    return convert


def _bad_digit(text: str, position: int, shown: str) -> ConversionError:
    return ConversionError(
        BAD_DIGIT,
        f"Invalid digit, Value '{text[position]}', Pos {position}, Type: {shown}",
        text,
    )


def _bad_number(text: str, allowed: str, shown: str) -> ConversionError:
    """The error of the first character that is no digit, sign or one of `allowed`."""
    for position, character in enumerate(text):
        is_sign = position == 0 and character in "+-" and len(text) > 1
        if not is_sign and character not in "0123456789" + allowed:
            return _bad_digit(text, position, shown)
    return _bad_digit(text, len(text) - 1, shown)


def _integer(column: Column, _: CopyCommand) -> Converter:
    kind = INTEGERS[column.type]
    digits = kind.digits

    def exact(value: Any, text: str) -> str:
        whole = _whole(text) if isinstance(value, Number) else text
        if not _INTEGER_TEXT.fullmatch(whole):
            raise _bad_number(whole, "", kind.shown)
        if len(whole) > 40 or not -(1 << kind.bits - 1) <= int(whole) < 1 << kind.bits - 1:
            raise ConversionError(OUT_OF_RANGE, f"Overflow, Column type: {kind.shown}", text)
        return whole

    slow = _non_character(exact)

    def convert(value: Any) -> str:
        if value.__class__ is Number and len(value) <= digits and value.isdigit():
            return value
        return slow(value)

    return convert


def _whole(number: str) -> str:
    """A JSON number without its fraction when that is zero, else as it is."""
    if number.lstrip("-").isdigit():
        return number
    decimal = _decimal(number)
    if decimal is None or abs(decimal.adjusted()) > _MAX_EXPONENT:
        return number
    return str(int(decimal)) if decimal == int(decimal) else number


def _numeric(column: Column, command: CopyCommand) -> Converter:
    precision, scale = column.precision or 0, column.scale or 0
    whole_digits = precision - scale
    rounds = command.round_decimals

    def exact(value: Any, text: str) -> str:
        if value.__class__ is not Number and not _DECIMAL_TEXT.fullmatch(text):
            raise _bad_number(text, ".", "Decimal")
        if rounds or not _PLAIN_DECIMAL.fullmatch(text):
            text = _scaled(text, scale, rounds)
        plain = _PLAIN_DECIMAL.fullmatch(text)
        if plain is None or len(plain[2]) > whole_digits:
            raise ConversionError(
                OUT_OF_RANGE, f"Overflow for NUMERIC({precision},{scale})", text[:1024]
            )
        fraction = (plain[3] or "")[:scale]
        return (
            f"{plain[1]}{plain[2] or '0'}.{fraction}" if fraction else plain[1] + (plain[2] or "0")
        )

    return _non_character(exact)


def _decimal(text: str) -> Decimal | None:
    """The exact value, None when its exponent is beyond what even Decimal takes."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _scaled(text: str, scale: int, rounds: bool) -> str:
    decimal = _decimal(text)
    if decimal is None or decimal.adjusted() > _MAX_EXPONENT:
        return text
    step = Decimal(1).scaleb(-scale)
    return format(decimal.quantize(step, ROUND_HALF_UP if rounds else ROUND_DOWN, _EXACT), "f")


def _float(column: Column, _: CopyCommand) -> Converter:
    kind = _FLOATS[column.type]

    def exact(_: Any, text: str) -> str:
        if not _DECIMAL_TEXT.fullmatch(text):
            raise _bad_number(text, ".", kind.shown)
        number = abs(float(text))
        if number > kind.largest:
            raise ConversionError(OUT_OF_RANGE, f"Overflow, Column type: {kind.shown}", text)
        # PostgreSQL refuses what is too small, Redshift's answer is unknown
        return text if number >= kind.smallest else "-0"[not text.startswith("-") :]

    slow = _non_character(exact)

    def convert(value: Any) -> str:
        # so few characters without an exponent are within every range
        if value.__class__ is Number and len(value) < 30 and "e" not in value and "E" not in value:
            return value
        return slow(value)

    return convert


def _boolean(_: Column, __: CopyCommand) -> Converter:
    def exact(_: Any, text: str) -> str:
        found = _BOOLEANS.get(text.lower())
        if found is None:
            raise ConversionError(BAD_BOOLEAN, "Unknown boolean format", text)
        return found

    return _non_character(exact)


def _date(_: Column, command: CopyCommand) -> Converter:
    read = date_reader(command.date_format)

    def exact(_: Any, text: str) -> str:
        found = read(text)
        if found is not None:
            return found
        if command.accept_any_date:
            return NULL
        shown = command.date_format or DEFAULT_DATE
        if len(text) < len(DEFAULT_DATE) and shown == DEFAULT_DATE:
            message = "Invalid Date Format - length must be 10 or more"
        else:
            message = f"Invalid date format or value [{shown}]"
        raise ConversionError(BAD_DATE, message, text)

    return _non_character(exact)


def _timestamp(column: Column, command: CopyCommand) -> Converter:
    shown = command.time_format or SHOWN_DEFAULT[column.type]
    with_zone = column.type == "timestamptz"
    per_second = EPOCHS.get(command.time_format or "")
    if per_second:
        return _epoch(per_second, ZONES[column.type], shown, command)
    read = timestamp_reader(command.time_format, with_zone=with_zone)

    def exact(_: Any, text: str) -> str:
        return read(text) or _bad_timestamp(text, shown, command)

    return _non_character(exact)


def _bad_timestamp(text: str, shown: str, command: CopyCommand) -> str:
    if command.accept_any_date:
        return NULL
    raise ConversionError(BAD_TIMESTAMP, f"Invalid timestamp format or value [{shown}]", text)


def _epoch(per_second: int, zone: str, shown: str, command: CopyCommand) -> Converter:
    def exact(value: Any, text: str) -> str:
        whole = _whole(text) if isinstance(value, Number) else text
        fits = _INTEGER_TEXT.fullmatch(whole) and len(whole) <= 20
        found = epoch_text(int(whole), per_second) if fits else None
        if found is None:
            return _bad_timestamp(text, shown, command)
        return (
            found.removesuffix(" BC") + zone + found[-3:] if found.endswith("BC") else found + zone
        )

    slow = _non_character(exact)
    texts_of, digits = plain_epochs(per_second, zone), plain_digits(per_second)

    def convert(value: Any) -> str:
        if value.__class__ is Number and len(value) <= digits and value.isdigit():
            return texts_of((int(value),))[0]
        return slow(value)

    return convert


_MAKERS: dict[str, Callable[[Column, CopyCommand], Converter]] = {
    **dict.fromkeys(INTEGERS, _integer),
    **dict.fromkeys(_FLOATS, _float),
    "numeric": _numeric,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
    "varchar": varchar_converter,
    "char": char_converter,
}
