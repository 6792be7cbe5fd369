"""What the session is to do for one statement of the client."""

from __future__ import annotations

from dataclasses import dataclass

from standin.copy.command import CopyCommand


@dataclass
class SessionFacts:
    """What the session remembers for pg_last_copy_id() and its like."""

    last_copy_id: int = -1
    last_copy_count: int = 0
    last_query_id: int = -1


@dataclass(frozen=True)
class Plan:
    """One statement in PostgreSQL's terms.

    `sql` is sent in place of the client's statement ("" for a COPY); `then` are hidden statements
    after it in the same transaction, whose replies are swallowed; `commits` says that Redshift
    commits the surrounding transaction after it; `copy` is executed by the session itself.
    """

    sql: str
    command: str
    then: tuple[str, ...] = ()
    commits: bool = False
    copy: CopyCommand | None = None

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to do but to send `sql`."""
        return bool(self.sql) and not self.then and not self.commits and self.copy is None
