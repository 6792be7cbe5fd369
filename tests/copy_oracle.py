"""What COPY makes of a JSON value, written from Redshift's rules alone: the tests' second opinion.

Knows nothing of the stand-in's code. A number stands as the text that the file has for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Literal:
    """A JSON number as it is written."""

    text: str


@dataclass(frozen=True)
class Nested:
    """A JSON object or array as it is written."""

    text: str


class Rejected(Exception):
    """The value cannot be loaded: the code of the load error."""


@dataclass(frozen=True)
class Options:
    truncates: bool = False
    empty_is_null: bool = False
    blank_is_null: bool = False
    trims: bool = False
    rounds: bool = False


BITS = {"smallint": 16, "integer": 32, "bigint": 64}
LARGEST = {"double precision": Fraction(2) ** 1024, "real": Fraction(2) ** 128}
TRUE = ("t", "true", "y", "yes", "1")
FALSE = ("f", "false", "n", "no", "0")
EPOCH = datetime(1970, 1, 1)


def expected(value: Any, kind: str, size: tuple[int, ...], options: Options) -> Any:
    """The loaded value (None: NULL), numbers as Fraction; Rejected when there is none.

    `value` is a str, a bool, None, a Literal or Nested; `size` the bytes of a character type or
    the precision and scale of a numeric one.
    """
    if value is None:
        return None
    text = value.text if isinstance(value, Literal | Nested) else value
    if isinstance(value, bool):
        text = "true" if value else "false"
    if kind in ("varchar", "char"):
        return character(text, kind, size[0], options)
    if not text.strip():
        return None
    is_number = isinstance(value, Literal)
    if kind in BITS:
        return integer(text, kind, is_number)
    if kind == "numeric":
        return numeric(text, size, options)
    if kind == "timestamp":
        return moment(text, is_number)
    return truth(text) if kind == "boolean" else floating(text, kind)


def character(text: str, kind: str, size: int, options: Options) -> str | None:
    if not text:
        return None if options.empty_is_null else text
    if options.blank_is_null and not text.strip():
        return None
    if options.trims and kind == "varchar":
        text = text.rstrip()
    if kind == "char" and (not text.isascii() or "\0" in text):
        raise Rejected(1220)
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise Rejected(1220)
    while len(text.encode()) > size:
        if not options.truncates:
            raise Rejected(1204)
        text = text[:-1]
    return text


def exact(text: str) -> Fraction:
    """The number of a text that is one: digits, a point, an exponent."""
    digits = text.lower().replace("e+", "e").replace("e-", "e").lstrip("+-")
    mantissa, _, exponent = digits.partition("e")
    whole, _, fraction = mantissa.partition(".")
    parts = [whole + fraction, *([exponent] if "e" in digits else [])]
    if not all(part and set(part) <= set("0123456789") for part in parts):
        raise Rejected(1207)
    return Fraction(Decimal(text))


def integer(text: str, kind: str, is_number: bool) -> Fraction:
    if not is_number and not set(text.lstrip("+-")) <= set("0123456789"):
        raise Rejected(1207)
    number = exact(text)
    if number.denominator != 1:
        raise Rejected(1207)
    if not -(2 ** (BITS[kind] - 1)) <= number < 2 ** (BITS[kind] - 1):
        raise Rejected(1204)
    return number


def numeric(text: str, size: tuple[int, ...], options: Options) -> Fraction:
    precision, scale = size
    shifted = abs(exact(text)) * 10**scale
    whole = int(shifted + Fraction(1, 2)) if options.rounds else int(shifted)
    if whole >= 10**precision:
        raise Rejected(1204)
    return Fraction(whole if exact(text) >= 0 else -whole, 10**scale)


def floating(text: str, kind: str) -> Fraction:
    number = exact(text)
    if abs(number) >= LARGEST[kind]:
        raise Rejected(1204)
    return number


def truth(text: str) -> bool:
    if text.lower() not in TRUE + FALSE:
        raise Rejected(1210)
    return text.lower() in TRUE


def moment(text: str, is_number: bool) -> datetime:
    """TIMEFORMAT 'epochmillisecs', within the calendar of Python."""
    try:
        count = integer(text, "bigint", is_number)
        return EPOCH + timedelta(milliseconds=int(count))
    except (Rejected, OverflowError):
        raise Rejected(1206) from None


def follow(path: tuple[str | int, ...], value: Any) -> Any:
    """Where a JSONPath leads to: a missing member is NULL, a missing element an error."""
    for step in path:
        if value is None:
            return None
        if isinstance(step, int) != isinstance(value, list) or not isinstance(value, list | dict):
            raise Rejected(1216)
        if isinstance(step, int) and step >= len(value):
            raise Rejected(1216)
        value = value[step] if isinstance(step, int) else value.get(step)
    return value
