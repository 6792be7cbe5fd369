"""The options of UNLOAD, in any order: what is read, what excludes what, what is refused by name.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html#unload-parameters. What Redshift would
take and this stand-in does not imitate is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from standin.copy.option_reader import KEY_PARTS, OptionReader, one_character, unescaped
from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, SqlError, not_supported

_MEGABYTE = 1 << 20
_UNITS = {"mb": _MEGABYTE, "gb": 1 << 30}
MIN_FILE_SIZE = 5 * _MEGABYTE
MAX_FILE_SIZE = int(Decimal("6.2") * _UNITS["gb"])

# Option -> the field of UnloadCommand that it sets.
FLAGS = {
    "header": "header",
    "addquotes": "add_quotes",
    "escape": "escape",
    "allowoverwrite": "allow_overwrite",
    "cleanpath": "clean_path",
}
STRINGS = {"region": "region", "extension": "extension"}
COMPRESSIONS = ("gzip", "bzip2", "zstd")
FORMATS = ("csv", "json")

# Format -> options that it excludes, by the page above.
EXCLUDED = {
    "json": ("delimiter", "header", "fixedwidth", "addquotes", "escape", "null"),
    "csv": ("fixedwidth", "addquotes", "escape"),
    "txt": (),
}  # fmt: skip
# Pairs of options of which only one may be given.
EXCLUSIVE = (("allowoverwrite", "cleanpath"), ("iam_role", "credentials"))
NOT_IMITATED = {
    "parquet", "fixedwidth", "kms_key_id", "master_symmetric_key", "rowgroupsize",
}  # fmt: skip


def read_options(cursor: TokenCursor) -> dict[str, object]:
    """The fields of an UnloadCommand that the rest of the tokens set."""
    reader = _Options(cursor)
    while cursor.peek() is not None:
        reader.read()
    return reader.checked()


class _Options(OptionReader):
    statement = "UNLOAD"

    def read(self) -> None:
        token = self._cursor.next()
        word = token.value if token.kind is TokenKind.WORD else ""
        if word in NOT_IMITATED:
            self._skip(word)
        elif word in FLAGS:
            self._set(word, FLAGS[word], True)
        elif word in STRINGS:
            self._set(word, STRINGS[word], self._string())
        elif word in COMPRESSIONS:
            self._set("compression", "compression", word)
        elif word in FORMATS:
            self._once(word)
            self._set("format", "format", word)
        elif word in KEY_PARTS:
            self._once(word)
            self._keys[word] = self._string()
        elif handler := _HANDLERS.get(word):
            handler(self)
        else:
            raise syntax_error(token)

    def checked(self) -> dict[str, object]:
        """The fields, if the options go together and say who may write."""
        format_name = str(self._fields.get("format", "txt"))
        for word in EXCLUDED[format_name]:
            if word in self._seen:
                raise SqlError(
                    FEATURE_NOT_SUPPORTED,
                    f"{word.upper()} is not supported for UNLOAD to {format_name.upper()}",
                )
        for word in sorted(self._seen & NOT_IMITATED):
            raise not_supported(f"UNLOAD option {word.upper()}")
        for first, second in EXCLUSIVE:
            if {first, second} <= self._seen:
                raise SqlError(SYNTAX_ERROR, "conflicting or redundant options")
        return self._fields | self._authorization()

    def _skip(self, word: str) -> None:
        """Take an option to be refused: whether the format excludes it anyway shows at the end."""
        self._seen.add(word)
        while (following := self._cursor.peek()) is not None and (
            following.kind in (TokenKind.STRING, TokenKind.NUMBER)
            or following.is_word("as", "auto", *_UNITS)
        ):
            self._cursor.next()

    def _encrypted(self) -> None:
        """Alone: by S3 itself, as every object is. AUTO is the bucket's own key, of KMS."""
        self._once("encrypted")
        if self._cursor.accept("auto"):
            raise not_supported("UNLOAD option ENCRYPTED AUTO")

    def _format(self) -> None:
        """[FORMAT] [AS] before the name of a format; the name itself is an option of its own."""
        self._cursor.accept("as")
        token = self._cursor.peek()
        if token is None or not token.is_word("parquet", "fixedwidth", *FORMATS):
            raise syntax_error(token)

    def _delimiter(self) -> None:
        text = one_character("DELIMITER", unescaped(self._string()))
        if text in "\r\n":
            raise SqlError(SYNTAX_ERROR, "DELIMITER cannot be a line break")
        self._set("delimiter", "delimiter", text)

    def _manifest(self) -> None:
        self._set("manifest", "manifest", True)
        if self._cursor.accept("verbose"):
            self._fields["verbose"] = True

    def _parallel(self) -> None:
        value = self._cursor.accept_any("on", "true", "off", "false")
        self._set("parallel", "parallel", value not in ("off", "false"))

    def _max_file_size(self) -> None:
        number = self._argument(TokenKind.NUMBER).value
        unit = self._cursor.accept_any(*_UNITS) or "mb"
        size = int(Decimal(number) * _UNITS[unit])
        if not MIN_FILE_SIZE <= size <= MAX_FILE_SIZE:
            # Redshift's wording is not known
            raise SqlError(
                SYNTAX_ERROR,
                f"MAXFILESIZE must be between 5 MB and 6.2 GB, got {number} {unit.upper()}",
            )
        self._set("maxfilesize", "max_file_size", size)

    def _partition(self) -> None:
        self._cursor.expect("by")
        names = tuple(token.value for token in self._cursor.names_in_parentheses())
        self._set("partition", "partition_by", names)
        if self._cursor.accept("include"):
            self._fields["include_partitions"] = True


_HANDLERS: dict[str, Callable[[_Options], Any]] = {
    "format": _Options._format,
    "as": _Options._format,
    "delimiter": _Options._delimiter,
    "encrypted": _Options._encrypted,
    "null": _Options._null,
    "manifest": _Options._manifest,
    "parallel": _Options._parallel,
    "maxfilesize": _Options._max_file_size,
    "partition": _Options._partition,
    "iam_role": _Options._iam_role,
    "with": _Options._with,
    "credentials": _Options._credentials,
}
# Every option that is read, for the documentation.
IMITATED = tuple(
    sorted({*FLAGS, *STRINGS, *COMPRESSIONS, *FORMATS, *KEY_PARTS, *_HANDLERS} - {"as", "with"})
)
