"""What a load did: counted while it runs, told as tables or as JSON when it is done."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

import sql_queries
import terminal
from load_errors import LoadError


@dataclass
class Load:
    """The counts of one load, in rows; `rejected` are those of the skipped rows that are known."""

    staged: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    rejected: list[LoadError] = field(default_factory=list)
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    plays: int = 0
    known: int = 0
    duplicates: int = 0
    unusable: int = 0
    matched: int = 0
    before: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def new(self) -> int:
        return self.effects["INSERT", "songplays"]

    def inserted(self, table: str) -> int:
        """Rows that are new in `table`; a row that is replaced is deleted and inserted."""
        return self.effects["INSERT", table] - self.effects["DELETE", table]

    def updated(self, table: str) -> int:
        return self.effects["DELETE", table] + self.effects["UPDATE", table]

    def as_dict(self) -> dict[str, object]:
        """The same as the tables: what `etl.py --json` prints."""
        return {
            "staged": self.staged,
            "rejected": self.skipped,
            "warnings": self.warnings,
            "plays": {
                "staged": self.plays,
                "new": self.new,
                "already_known": self.known,
                "duplicate": self.duplicates,
                "unusable": self.unusable,
                "song_known": self.matched,
            },
            "tables": {
                table: {
                    "before": rows,
                    "after": rows + self.inserted(table),
                    "inserted": self.inserted(table),
                    "updated": self.updated(table),
                }
                for table, rows in self.before.items()
            },
        }


def show(load: Load) -> None:
    """Print where the events went, and what each table of the star held and holds."""
    terminal.print_table(
        "staged",
        ("events", "songs", "rejected rows"),
        [(*(load.staged.get(table) for table in sql_queries.COPY_TABLES), load.skipped)],
    )
    terminal.print_table(
        "plays",
        ("staged", "new", "already known", "duplicate", "unusable", "song known"),
        [(load.plays, load.new, load.known, load.duplicates, load.unusable, load.matched)],
    )
    terminal.print_table(
        "rows",
        ("table", "before", "after", "inserted", "updated"),
        [
            (table, rows, rows + load.inserted(table), load.inserted(table), load.updated(table))
            for table, rows in load.before.items()
        ],
    )


def show_json(load: Load) -> None:
    print(json.dumps(load.as_dict(), indent=2))


def show_validation(rejected: dict[str, int], allowed: int, passes: bool) -> None:
    """Print how many rows each COPY would reject, and whether a load would pass with them."""
    terminal.print_table("rejected rows of each COPY", tuple(rejected), [tuple(rejected.values())])
    verdict = "a load would pass" if passes else "a load would fail"
    print(
        f"{verdict}: [ETL] MAX_ERRORS allows {allowed:,} rejected rows a COPY; nothing was loaded"
    )
