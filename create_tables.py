"""Drop and create the staging tables and the star, in one transaction.

Whatever the tables held is gone afterwards; if anything fails they are as before.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

from collections.abc import Sequence

import settings as configuration
import sql_queries
import terminal
import warehouse


def main(argv: Sequence[str] | None = None) -> int:
    arguments = terminal.parser(
        "python create_tables.py",
        "Drop and create the staging tables and the star. All that they hold is lost.",
        "python create_tables.py --config dwh.cfg",
    ).parse_args(argv)
    path = arguments.config or configuration.DEFAULT_PATH
    settings = configuration.load(path, required=configuration.DATABASE_KEYS)
    with terminal.Steps(arguments.quiet) as steps:
        create_tables(settings, steps)
    return 0


def create_tables(settings: configuration.Settings, steps: terminal.Steps) -> None:
    """Drop and create every table; raises terminal.Fault with the tables as they were."""
    with (
        warehouse.connection(settings, "create_tables") as connection,
        warehouse.explained("create_tables", "the tables are as before"),
        connection,
        connection.cursor() as cursor,
    ):
        stages = (
            ("drop tables", sql_queries.drop_table_queries),
            ("create tables", sql_queries.create_table_queries),
        )
        for name, queries in stages:
            with steps.step(name) as step:
                for query in queries:
                    cursor.execute(query)
                step.note = f"{len(queries)} tables"


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
