"""What of a session's state a translation needs."""

from __future__ import annotations

from typing import NamedTuple

from standin.dialect.known_columns import KnownColumns


class Facts(NamedTuple):
    """The session's state that functions of these names report."""

    pg_last_copy_id: int = -1
    pg_last_copy_count: int = 0
    pg_last_query_id: int = -1
    pg_last_unload_id: int = -1
    pg_last_unload_count: int = 0
    known_columns: KnownColumns = ()


# The functions that report what a session knows.
FACT_FUNCTIONS = frozenset(Facts._fields) - {"known_columns"}
