"""What the session is to do for one statement of the client."""

from __future__ import annotations

from dataclasses import dataclass, field

from standin.copy.command import CopyCommand
from standin.dialect.known_columns import Columns
from standin.unload.command import UnloadCommand


@dataclass
class SessionFacts:
    """What the session remembers for pg_last_copy_id() and its like."""

    last_copy_id: int = -1
    last_copy_count: int = 0
    last_query_id: int = -1
    last_unload_id: int = -1
    last_unload_count: int = 0
    # Of queries in the statement that is being translated: see known_columns.py.
    known_columns: dict[str, Columns] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """One statement in PostgreSQL's terms.

    `sql` is sent in place of the client's statement ("" for COPY and UNLOAD); `then` are hidden
    statements after it in the same transaction, whose replies are swallowed; `commits` says that
    Redshift commits the surrounding transaction after it; `copy` and `unload` are executed by the
    session itself. `tag` is the command tag where PostgreSQL's is another; `reads_tables` says that
    the compute nodes work on it, too.
    """

    sql: str
    command: str
    then: tuple[str, ...] = ()
    commits: bool = False
    copy: CopyCommand | None = None
    unload: UnloadCommand | None = None
    tag: str = ""
    reads_tables: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to do but to send `sql`."""
        return bool(self.sql) and not (self.then or self.commits or self.copy or self.tag)
