"""The text of a COPY: tokens to one CopyCommand, by Redshift's grammar.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html; options stand in any order. What
Redshift would take and this stand-in does not imitate is refused by name, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from standin.lexer import Token, TokenKind
from standin.sqlerror import (
    FEATURE_NOT_SUPPORTED,
    INTERNAL_ERROR,
    SYNTAX_ERROR,
    SqlError,
    not_supported,
)

# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html
MAX_ERROR_LIMIT = 100_000


@dataclass(frozen=True)
class CopyCommand:
    """One COPY .. FROM 's3://..' FORMAT JSON, every option that was not written at its default.

    `role` is the ARN as written (chained roles separated by commas) or 'default';
    `json_argument` is 'auto', 'auto ignorecase' or the address of a JSONPaths file.
    """

    table: str
    source: str
    schema: str | None = None
    database: str | None = None
    columns: tuple[str, ...] | None = None
    role: str | None = None
    region: str | None = None
    format: str = "json"
    json_argument: str = "auto"
    compression: str | None = None
    time_format: str | None = None
    date_format: str | None = None
    max_error: int = 0
    ignore_header: int = 0
    truncate_columns: bool = False
    blanks_as_null: bool = False
    empty_as_null: bool = False
    trim_blanks: bool = False
    round_decimals: bool = False
    accept_any_date: bool = False
    accept_inv_chars: str | None = None
    no_load: bool = False
    comp_update: str | None = None
    stat_update: str | None = None

    @property
    def bucket_and_prefix(self) -> tuple[str, str]:
        """The source as a bucket and a key prefix (which may be empty)."""
        return split_address(self.source)


def split_address(address: str) -> tuple[str, str]:
    """The bucket and the key (or key prefix) of 's3://bucket/key'."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


_FLAGS = {
    "truncatecolumns": "truncate_columns",
    "blanksasnull": "blanks_as_null",
    "emptyasnull": "empty_as_null",
    "trimblanks": "trim_blanks",
    "roundec": "round_decimals",
    "acceptanydate": "accept_any_date",
    "noload": "no_load",
}
_STRINGS = {"region": "region", "timeformat": "time_format", "dateformat": "date_format"}
_COMPRESSIONS = ("gzip", "bzip2")
_SWITCHES = {
    "compupdate": ("comp_update", {"on": "on", "true": "on", "off": "off", "false": "off",
                                   "preset": "preset"}),
    "statupdate": ("stat_update", {"on": "on", "true": "on", "off": "off", "false": "off"}),
}  # fmt: skip

# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html, "JSON"
_FORBIDDEN_WITH_JSON = {
    "csv", "delimiter", "escape", "fillrecord", "fixedwidth", "ignoreblanklines", "null",
    "readratio", "removequotes",
}  # fmt: skip
_NOT_IMITATED = {
    "access_key_id", "secret_access_key", "session_token", "master_symmetric_key", "encrypted",
    "manifest", "ssh", "explicit_ids", "ignoreallerrors", "lzop", "zstd", "avro", "parquet", "orc",
    "rcfile", "sequencefile", "shapefile", "quote", "job",
}  # fmt: skip
_OTHER_SOURCES = ("dynamodb://", "emr://")

# The wording of current clusters; the manual's page shows an older one without aws_iam_role.
_INVALID_CREDENTIALS = (
    "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
    "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
)


def parse(tokens: list[Token]) -> CopyCommand:
    """The COPY that `tokens` (the word COPY included) spell.

    Raises SqlError: 42601 for what Redshift cannot read, 0A000 for what is refused by name.
    """
    return _Parser(tokens).parse()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 1
        self._fields: dict[str, Any] = {}
        self._seen: set[str] = set()

    def parse(self) -> CopyCommand:
        self._target()
        self._expect_word("from")
        self._source()
        while self._peek() is not None:
            self._option()
        if "authorization" not in self._seen:
            raise SqlError(
                INTERNAL_ERROR,
                _INVALID_CREDENTIALS,
                hint="This COPY names no authorization; add IAM_ROLE default or IAM_ROLE '<arn>'.",
            )
        if "format" not in self._seen:
            raise not_supported("COPY without FORMAT JSON")
        return CopyCommand(**self._fields)

    # tokens

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> Token:
        token = self._peek()
        if token is None:
            raise SqlError(SYNTAX_ERROR, "syntax error at end of input")
        self._next += 1
        return token

    def _accept_word(self, *words: str) -> Token | None:
        token = self._peek()
        return self._take() if token is not None and token.is_word(*words) else None

    def _accept_operator(self, operator: str) -> bool:
        token = self._peek()
        return token is not None and token.is_op(operator) and self._take() is token

    def _expect_word(self, word: str) -> None:
        token = self._take()
        if not token.is_word(word):
            raise _unexpected(token)

    def _name(self) -> str:
        token = self._take()
        if not token.is_name:
            raise _unexpected(token)
        return token.value

    def _argument(self, kind: TokenKind) -> Token:
        self._accept_word("as")
        token = self._take()
        if token.kind is not kind:
            raise _unexpected(token)
        return token

    def _string(self) -> str:
        return self._argument(TokenKind.STRING).value

    def _integer(self) -> int:
        token = self._argument(TokenKind.NUMBER)
        if not token.value.isdigit():
            raise _unexpected(token)
        return int(token.value)

    # the parts of the statement

    def _target(self) -> None:
        names = [self._name()]
        while self._accept_operator("."):
            names.append(self._name())
        if len(names) > 3:
            raise SqlError(
                SYNTAX_ERROR,
                f"improper qualified name (too many dotted names): {'.'.join(names)}",
            )
        self._fields.update(zip(("table", "schema", "database"), reversed(names), strict=False))
        if self._accept_operator("("):
            self._fields["columns"] = self._column_list()

    def _column_list(self) -> tuple[str, ...]:
        names = [self._name()]
        while self._accept_operator(","):
            names.append(self._name())
        closing = self._take()
        if not closing.is_op(")"):
            raise _unexpected(closing)
        return tuple(names)

    def _source(self) -> None:
        token = self._take()
        if token.kind is not TokenKind.STRING and not token.is_word("stdin"):
            raise _unexpected(token)
        if token.value.startswith(_OTHER_SOURCES):
            raise not_supported(f"COPY from {token.value.partition('://')[0]}://")
        if not token.value.startswith("s3://") or not split_address(token.value)[0]:
            # Redshift's wording from memory; it names only what can be loaded from
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "LOAD source is not supported. "
                "(Hint: only S3 or DynamoDB or EMR based load is allowed)",
            )
        self._fields["source"] = token.value

    def _option(self) -> None:
        token = self._take()
        word = token.value if token.kind is TokenKind.WORD else ""
        if word in _FLAGS:
            self._once(word, _FLAGS[word], True)
        elif word in _STRINGS:
            self._once(word, _STRINGS[word], self._string())
        elif word in _SWITCHES:
            self._switch(word)
        elif word in _COMPRESSIONS:
            self._once("compression", "compression", word)
        elif handler := _HANDLERS.get(word):
            handler(self)
        else:
            raise self._refusal(token, word)

    def _refusal(self, token: Token, word: str) -> SqlError:
        if word in _FORBIDDEN_WITH_JSON and any(each.is_word("json") for each in self._tokens):
            return SqlError(FEATURE_NOT_SUPPORTED, f"{word.upper()} is not supported for JSON")
        if word in _FORBIDDEN_WITH_JSON or word in _NOT_IMITATED:
            return not_supported(f"COPY option {word.upper()}")
        return _unexpected(token)

    def _once(self, option: str, field: str, value: object) -> None:
        if option in self._seen:
            raise SqlError(SYNTAX_ERROR, "conflicting or redundant options")
        self._seen.add(option)
        self._fields[field] = value

    def _switch(self, word: str) -> None:
        field, values = _SWITCHES[word]
        token = self._accept_word(*values)
        # the bare word switches on
        self._once(word, field, values[token.value] if token else "on")

    def _format(self) -> None:
        self._accept_word("as")
        word = self._take()
        if not word.is_word("json"):
            raise self._refusal(word, word.value if word.kind is TokenKind.WORD else "")
        self._json()

    def _json(self) -> None:
        alias = self._accept_word("as")
        token = self._peek()
        if alias or (token is not None and token.kind is TokenKind.STRING):
            argument = self._string()
        else:
            argument = "auto"
        self._once("format", "json_argument", _checked_json_argument(argument))

    def _iam_role(self) -> None:
        if self._accept_word("default"):
            role = "default"
        else:
            token = self._take()
            if token.kind is not TokenKind.STRING:
                raise _unexpected(token)
            role = token.value
        self._once("authorization", "role", role)

    def _with(self) -> None:
        self._expect_word("credentials")
        self._credentials()

    def _credentials(self) -> None:
        name, _, role = self._string().partition("=")
        if name == "aws_access_key_id":
            raise not_supported("COPY with access keys")
        if name != "aws_iam_role" or not role or ";" in role:
            raise SqlError(INTERNAL_ERROR, _INVALID_CREDENTIALS)
        self._once("authorization", "role", role)

    def _max_error(self) -> None:
        count = self._integer()
        if count > MAX_ERROR_LIMIT:
            raise SqlError(
                SYNTAX_ERROR, f"MAXERROR must be between 0 and {MAX_ERROR_LIMIT}, got {count}"
            )
        self._once("maxerror", "max_error", count)

    def _ignore_header(self) -> None:
        self._once("ignoreheader", "ignore_header", self._integer())

    def _comp_rows(self) -> None:
        # a sample size for encodings that PostgreSQL does not have
        self._integer()

    def _accept_inv_chars(self) -> None:
        alias = self._accept_word("as")
        token = self._peek()
        given = alias or (token is not None and token.kind is TokenKind.STRING)
        replacement = self._string() if given else "?"
        if len(replacement) != 1 or not replacement.isascii() or replacement == "\0":
            raise SqlError(
                SYNTAX_ERROR, f"ACCEPTINVCHARS takes one ASCII character, got '{replacement}'"
            )
        self._once("acceptinvchars", "accept_inv_chars", replacement)

    def _encoding(self) -> None:
        self._accept_word("as")
        encoding = self._take().value
        if encoding.lower() != "utf8":
            raise not_supported(f"COPY option ENCODING {encoding.upper()}")


_HANDLERS: dict[str, Callable[[_Parser], None]] = {
    "format": _Parser._format,
    "as": _Parser._format,
    "json": _Parser._json,
    "iam_role": _Parser._iam_role,
    "with": _Parser._with,
    "credentials": _Parser._credentials,
    "maxerror": _Parser._max_error,
    "ignoreheader": _Parser._ignore_header,
    "comprows": _Parser._comp_rows,
    "acceptinvchars": _Parser._accept_inv_chars,
    "encoding": _Parser._encoding,
}


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


def _unexpected(token: Token) -> SqlError:
    return SqlError(SYNTAX_ERROR, f'syntax error at or near "{token.text}"')
