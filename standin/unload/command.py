"""The text of an UNLOAD: tokens to one UnloadCommand, by Redshift's grammar.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

from dataclasses import dataclass

from standin.copy.option_reader import AccessKeys
from standin.copy.options import split_address
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import INTERNAL_ERROR, SqlError
from standin.unload.options import MAX_FILE_SIZE, read_options


@dataclass(frozen=True)
class UnloadCommand:
    """One UNLOAD ('..') TO 's3://..', every option that was not written at its default.

    `query` is Redshift's SQL as it stood in the quotes, `select` what PostgreSQL is to run for it.
    `format` is 'json', 'csv' or 'txt' (delimited). `role` is the ARN as written (chained roles
    separated by commas) or 'default', None when there are `access_keys`. `max_file_size` is in
    bytes.
    """

    query: str
    destination: str
    select: str = ""
    role: str | None = None
    access_keys: AccessKeys | None = None
    region: str | None = None
    format: str = "txt"
    delimiter: str | None = None
    null_as: str = ""
    header: bool = False
    add_quotes: bool = False
    escape: bool = False
    compression: str | None = None
    extension: str | None = None
    parallel: bool = True
    max_file_size: int = MAX_FILE_SIZE
    manifest: bool = False
    verbose: bool = False
    allow_overwrite: bool = False
    clean_path: bool = False
    partition_by: tuple[str, ...] = ()
    include_partitions: bool = False

    @property
    def bucket_and_prefix(self) -> tuple[str, str]:
        """The destination as a bucket and what the keys of its objects begin with."""
        bucket, prefix = split_address(self.destination)
        if self.partition_by and prefix and not prefix.endswith("/"):
            prefix += "/"
        return bucket, prefix


def parse(tokens: list[Token]) -> UnloadCommand:
    """The UNLOAD that `tokens` (the word UNLOAD included) spell, without its `select`.

    Raises SqlError: 42601 for what Redshift cannot read, 0A000 for what is refused by name.
    """
    cursor = TokenCursor(tokens, 1)
    cursor.expect_op("(")
    query = _string(cursor)
    cursor.expect_op(")")
    cursor.expect("to")
    destination = _string(cursor)
    if not destination.startswith("s3://") or not split_address(destination)[0]:
        # Redshift's wording is not known
        raise SqlError(
            INTERNAL_ERROR, f"expected an s3:// address to unload to, got '{destination}'"
        )
    return UnloadCommand(query, destination, **read_options(cursor))  # type: ignore[arg-type]


def _string(cursor: TokenCursor) -> str:
    token = cursor.next()
    if token.kind is not TokenKind.STRING:
        raise syntax_error(token)
    return token.value
