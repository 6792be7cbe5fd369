"""The text of a COPY: tokens to one CopyCommand, by Redshift's grammar.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html; the options are copy_options.py's.
"""

from __future__ import annotations

from dataclasses import dataclass

from standin.copy.option_reader import AccessKeys
from standin.copy.options import read_options, split_address
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, SqlError, not_supported


@dataclass(frozen=True)
class CopyCommand:
    """One COPY .. FROM 's3://..', every option that was not written at its default.

    `format` is 'json', 'csv' or 'txt' (delimited). `role` is the ARN as written (chained roles
    separated by commas) or 'default', None when there are `access_keys`. `json_argument` is
    'auto', 'auto ignorecase' or the address of a JSONPaths file.
    """

    table: str
    source: str
    schema: str | None = None
    database: str | None = None
    columns: tuple[str, ...] | None = None
    role: str | None = None
    access_keys: AccessKeys | None = None
    region: str | None = None
    manifest: bool = False
    format: str = "txt"
    json_argument: str = "auto"
    delimiter: str | None = None
    quote: str = '"'
    null_as: str = "\\N"
    escape: bool = False
    remove_quotes: bool = False
    fill_record: bool = False
    ignore_blank_lines: bool = False
    compression: str | None = None
    encoding: str = "utf8"
    time_format: str | None = None
    date_format: str | None = None
    max_error: int = 0
    ignore_all_errors: bool = False
    ignore_header: int = 0
    explicit_ids: bool = False
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


_OTHER_SOURCES = ("dynamodb://", "emr://")


def parse(tokens: list[Token]) -> CopyCommand:
    """The COPY that `tokens` (the word COPY included) spell.

    Raises SqlError: 42601 for what Redshift cannot read, 0A000 for what is refused by name.
    """
    cursor = TokenCursor(tokens, 1)
    fields = _target(cursor)
    cursor.expect("from")
    fields["source"] = _source(cursor.next())
    return CopyCommand(**fields, **read_options(cursor))  # type: ignore[arg-type]


def _target(cursor: TokenCursor) -> dict[str, object]:
    names = [token.value for token in cursor.qualified_name()]
    if len(names) > 3:
        raise SqlError(
            SYNTAX_ERROR, f"improper qualified name (too many dotted names): {'.'.join(names)}"
        )
    parts = ("table", "schema", "database")
    fields: dict[str, object] = dict(zip(parts, reversed(names), strict=False))
    if cursor.sees_op("("):
        fields["columns"] = tuple(token.value for token in cursor.names_in_parentheses())
    return fields


def _source(token: Token) -> str:
    if token.kind is not TokenKind.STRING and not token.is_word("stdin"):
        raise syntax_error(token)
    if token.value.startswith(_OTHER_SOURCES):
        raise not_supported(f"COPY from {token.value.partition('://')[0]}://")
    if not token.value.startswith("s3://") or not split_address(token.value)[0]:
        # Redshift's wording from memory; it names only what can be loaded from
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "LOAD source is not supported. "
            "(Hint: only S3 or DynamoDB or EMR based load is allowed)",
        )
    return token.value
