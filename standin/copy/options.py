"""The options of COPY, in any order: what is read, what excludes what, what is refused by name.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html#r_COPY-syntax. What Redshift would take
and this stand-in does not imitate is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from standin.copy.option_reader import KEY_PARTS, OptionReader, one_character, unescaped
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import (
    FEATURE_NOT_SUPPORTED,
    INTERNAL_ERROR,
    SYNTAX_ERROR,
    SqlError,
    not_supported,
)

# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html
MAX_ERROR_LIMIT = 100_000

# Option -> the field of CopyCommand that it sets.
FLAGS = {
    "truncatecolumns": "truncate_columns",
    "blanksasnull": "blanks_as_null",
    "emptyasnull": "empty_as_null",
    "trimblanks": "trim_blanks",
    "roundec": "round_decimals",
    "acceptanydate": "accept_any_date",
    "noload": "no_load",
    "manifest": "manifest",
    "escape": "escape",
    "removequotes": "remove_quotes",
    "fillrecord": "fill_record",
    "ignoreblanklines": "ignore_blank_lines",
    "explicit_ids": "explicit_ids",
    "ignoreallerrors": "ignore_all_errors",
}
STRINGS = {"region": "region", "timeformat": "time_format", "dateformat": "date_format"}
COMPRESSIONS = ("gzip", "bzip2", "zstd")
SWITCHES = {
    "compupdate": ("comp_update", {"on": "on", "true": "on", "off": "off", "false": "off",
                                   "preset": "preset"}),
    "statupdate": ("stat_update", {"on": "on", "true": "on", "off": "off", "false": "off"}),
}  # fmt: skip
# Name of the encoding -> Python's codec.
ENCODINGS = {
    "utf8": "utf8", "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be",
    "iso88591": "latin-1",
}  # fmt: skip

# Format -> options that it excludes, by
# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html
EXCLUDED = {
    "json": (
        "csv", "delimiter", "escape", "fillrecord", "fixedwidth", "ignoreblanklines", "null",
        "quote", "readratio", "removequotes",
    ),
    "csv": ("fixedwidth", "removequotes", "escape"),
    "txt": ("quote",),
}  # fmt: skip
# Pairs of options of which only one may be given, whatever the format.
EXCLUSIVE = (("ignoreallerrors", "maxerror"), ("iam_role", "credentials"))
NOT_IMITATED = {
    "master_symmetric_key", "encrypted", "ssh", "lzop", "avro", "parquet", "orc", "rcfile",
    "sequencefile", "shapefile", "fixedwidth", "readratio", "job",
}  # fmt: skip


def split_address(address: str) -> tuple[str, str]:
    """The bucket and the key (or key prefix) of 's3://bucket/key'."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def read_options(cursor: TokenCursor) -> dict[str, object]:
    """The fields of a CopyCommand that the rest of the tokens set."""
    reader = _Options(cursor)
    while cursor.peek() is not None:
        reader.read()
    return reader.checked()


class _Options(OptionReader):
    def read(self) -> None:
        token = self._cursor.next()
        word = token.value if token.kind is TokenKind.WORD else ""
        if word in FLAGS:
            self._set(word, FLAGS[word], True)
        elif word in STRINGS:
            self._set(word, STRINGS[word], self._string())
        elif word in SWITCHES:
            self._switch(word)
        elif word in COMPRESSIONS:
            self._set("compression", "compression", word)
        elif word in KEY_PARTS:
            self._once(word)
            self._keys[word] = self._string()
        elif handler := _HANDLERS.get(word):
            handler(self)
        else:
            self._refuse(token, word)

    def checked(self) -> dict[str, object]:
        """The fields, if the options go together and say who may read."""
        format_name = "json" if "json" in self._seen else "csv" if "csv" in self._seen else "txt"
        for word in EXCLUDED[format_name]:
            if word in self._seen:
                raise _excluded(word, format_name)
        for first, second in EXCLUSIVE:
            if {first, second} <= self._seen:
                raise SqlError(SYNTAX_ERROR, "conflicting or redundant options")
        for word in sorted(self._seen & NOT_IMITATED):
            raise not_supported(f"COPY option {word.upper()}")
        self._fields["format"] = format_name
        return self._fields | self._authorization()

    def _refuse(self, token: Token, word: str) -> None:
        if word not in NOT_IMITATED:
            raise syntax_error(token)
        # Whether the format excludes it anyway is known at the end only.
        self._seen.add(word)
        while (following := self._cursor.peek()) is not None and (
            following.kind is TokenKind.STRING or following.is_word("as")
        ):
            self._cursor.next()

    def _switch(self, word: str) -> None:
        field, values = SWITCHES[word]
        value = self._cursor.accept_any(*values)
        # the bare word switches on
        self._set(word, field, values[value] if value else "on")

    def _format(self) -> None:
        """[FORMAT] [AS] before the name of a format; the name itself is an option of its own."""
        self._cursor.accept("as")
        token = self._cursor.peek()
        if token is None or not token.is_word(*_FORMATS):
            raise syntax_error(token)

    def _csv(self) -> None:
        self._once("csv")

    def _json(self) -> None:
        alias = self._cursor.peek()
        needs_argument = alias is not None and alias.is_word("as")
        argument = self._string() if needs_argument or self._sees_string() else "auto"
        self._set("json", "json_argument", _checked_json_argument(argument))

    def _delimiter(self) -> None:
        text = unescaped(self._string())
        if not text or not text.isascii() or set(text) & set("\r\n"):
            raise SqlError(
                SYNTAX_ERROR, f"DELIMITER takes ASCII characters but no line breaks, got '{text}'"
            )
        self._set("delimiter", "delimiter", text)

    def _quote(self) -> None:
        self._set("quote", "quote", one_character("QUOTE", self._string()))

    def _max_error(self) -> None:
        count = self._integer()
        if count > MAX_ERROR_LIMIT:
            raise SqlError(
                SYNTAX_ERROR, f"MAXERROR must be between 0 and {MAX_ERROR_LIMIT}, got {count}"
            )
        self._set("maxerror", "max_error", count)

    def _ignore_header(self) -> None:
        self._set("ignoreheader", "ignore_header", self._integer())

    def _comp_rows(self) -> None:
        # a sample size for encodings that PostgreSQL does not have
        self._integer()

    def _accept_inv_chars(self) -> None:
        replacement = self._string() if self._sees_string() else "?"
        self._set(
            "acceptinvchars", "accept_inv_chars", one_character("ACCEPTINVCHARS", replacement)
        )

    def _encoding(self) -> None:
        self._cursor.accept("as")
        token = self._cursor.next()
        encoding = token.value.lower()
        if encoding not in ENCODINGS:
            raise syntax_error(token)
        self._set("encoding", "encoding", encoding)


_HANDLERS: dict[str, Callable[[_Options], Any]] = {
    "format": _Options._format,
    "as": _Options._format,
    "csv": _Options._csv,
    "json": _Options._json,
    "delimiter": _Options._delimiter,
    "quote": _Options._quote,
    "null": _Options._null,
    "iam_role": _Options._iam_role,
    "with": _Options._with,
    "credentials": _Options._credentials,
    "maxerror": _Options._max_error,
    "ignoreheader": _Options._ignore_header,
    "comprows": _Options._comp_rows,
    "acceptinvchars": _Options._accept_inv_chars,
    "encoding": _Options._encoding,
}
_FORMATS = (
    "json", "csv", "delimiter", "fixedwidth", "avro", "parquet", "orc", "rcfile", "sequencefile",
    "shapefile",
)  # fmt: skip
# Every option that is read, for the documentation.
IMITATED = tuple(
    sorted({*FLAGS, *STRINGS, *SWITCHES, *COMPRESSIONS, *KEY_PARTS, *_HANDLERS} - {"as", "with"})
)


def _checked_json_argument(argument: str) -> str:
    if argument == "noshred":
        raise not_supported("COPY option JSON 'noshred'")
    if argument in ("auto", "auto ignorecase"):
        return argument
    if argument.startswith("s3://") and all(split_address(argument)):
        return argument
    raise SqlError(
        INTERNAL_ERROR,
        f"invalid JSON argument '{argument}'; expected 'auto', 'auto ignorecase' or the "
        "s3:// address of a JSONPaths file",
    )


def _excluded(word: str, format_name: str) -> SqlError:
    shown = {"txt": "delimited text"}.get(format_name, format_name.upper())
    return SqlError(FEATURE_NOT_SUPPORTED, f"{word.upper()} is not supported for {shown}")
