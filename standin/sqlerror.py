"""The one exception that the stand-in turns into an ErrorResponse for the client."""

from __future__ import annotations

import os

INTERNAL_ERROR = "XX000"
FEATURE_NOT_SUPPORTED = "0A000"
SYNTAX_ERROR = "42601"
_RULE = "-" * 47


class SqlError(Exception):
    """A statement that fails the way Redshift would make it fail.

    `sqlstate` is the five-character code, `message` the primary line, `detail` and `hint` the
    optional further lines of a PostgreSQL error.
    """

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint


def detail_block(
    message: str, *, code: int = 8001, context: str = "", location: str = "", query_id: int = 0
) -> str:
    """The DETAIL that Redshift prints under what fails below its SQL parser."""
    lines = [
        _RULE,
        f"error:  {message}",
        f"code:      {code}",
        f"context:   {context}".rstrip(),
        f"query:     {query_id}",
        f"location:  {location}",
        f"process:   padbmaster [pid={os.getpid()}]",
        _RULE,
    ]
    return "".join(f"\n  {line}" for line in lines)


def not_supported(what: str) -> SqlError:
    """The error for what Redshift knows and this stand-in does not imitate yet."""
    return SqlError(
        FEATURE_NOT_SUPPORTED,
        f"{what} is not supported by this stand-in for Amazon Redshift",
        hint="docs/standin.md lists what is; a real cluster may well accept it.",
    )
