"""The star as a picture, read from the CREATE TABLE statements of sql_queries.py.

`python schema_diagram.py` prints it as a Mermaid entity-relationship diagram, which GitHub draws.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sql_queries
import terminal


@dataclass(frozen=True)
class Column:
    """One column; `references` is the table that its values are looked up in."""

    name: str
    type: str
    is_key: bool
    is_required: bool
    references: str | None


@dataclass(frozen=True)
class Table:
    """One table, and the columns that Redshift distributes and sorts it by (None: to all nodes)."""

    name: str
    columns: tuple[Column, ...]
    distributed_by: str | None
    sorted_by: str | None


_COLUMN = re.compile(
    r"^ {4}(?P<name>\w+) +(?P<type>DOUBLE PRECISION|\w+(?:\(\d+\))?)(?P<rest>.*?),?$", re.MULTILINE
)


def read_table(create: str) -> Table:
    """The table that a CREATE TABLE statement of sql_queries.py makes."""
    name = create.split()[2]
    columns = tuple(_column(match) for match in _COLUMN.finditer(create))
    return Table(name, columns, _option(create, "DISTKEY"), _option(create, "SORTKEY"))


def _column(match: re.Match[str]) -> Column:
    rest = match["rest"]
    references = re.search(r"REFERENCES (\w+)", rest)
    is_key = "PRIMARY KEY" in rest
    return Column(
        name=match["name"],
        type=match["type"],
        is_key=is_key,
        is_required=is_key or "NOT NULL" in rest,
        references=references[1] if references else None,
    )


def _option(create: str, word: str) -> str | None:
    found = re.search(rf"^{word} \((\w+)\)", create, re.MULTILINE)
    return found[1] if found else None


def star() -> dict[str, Table]:
    """The tables of the star by name, the fact last."""
    tables = [read_table(create) for create in sql_queries.create_table_queries]
    return {table.name: table for table in tables if table.name in sql_queries.STAR_TABLES}


def mermaid(tables: Sequence[Table]) -> str:
    """The tables and what refers to what: https://mermaid.js.org/syntax/entityRelationshipDiagram.html

    `||--o{` reads: exactly one row here, any number there; `|o`: one or, where the column is NULL,
    none.
    """
    lines = ["erDiagram"]
    for table in tables:
        for column in table.columns:
            if column.references:
                one = "||" if column.is_required else "|o"
                lines.append(f"    {column.references} {one}--o{{ {table.name} : {column.name}")
    for table in tables:
        lines.append(f"    {table.name} {{")
        lines += [f"        {_attribute(table, column)}" for column in table.columns]
        lines.append("    }")
    return "\n".join(lines) + "\n"


def _attribute(table: Table, column: Column) -> str:
    """Type, name, keys and remark; Mermaid takes no blank in a type."""
    keys = ["PK"] * column.is_key + ["FK"] * bool(column.references)
    remarks = ["distribution key"] * (column.name == table.distributed_by)
    remarks += ["sort key"] * (column.name == table.sorted_by)
    words = [
        column.type.lower().replace(" ", "_"),
        column.name,
        ", ".join(keys),
        f'"{", ".join(remarks)}"' if remarks else "",
    ]
    return " ".join(filter(None, words))


def main(argv: Sequence[str] | None = None) -> int:
    parser = terminal.parser(
        "python schema_diagram.py",
        "Print the star as a Mermaid entity-relationship diagram.",
        "python schema_diagram.py > star.mmd",
    )
    parser.parse_args(argv)
    print(mermaid(list(star().values())), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
