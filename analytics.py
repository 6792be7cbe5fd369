"""The analytics team's questions, asked of the star: answered as tables, CSV, JSON or one page.

`python analytics.py` answers all of them; `--question NAME` one; `--report FILE` writes the page.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import analytics_report
import settings as configuration
import terminal
from questions import PUBLIC_FIGURES, QUESTIONS, Figure

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

Row = tuple[object, ...]
Answers = Mapping[str, Sequence[Row]]
EXAMPLES = """
python analytics.py --question top-songs --question plays-by-hour
python analytics.py --question retention --csv > retention.csv
python analytics.py --report report.html
"""


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.question and (arguments.report or arguments.compare or arguments.list):
        parser.error("--question goes with tables, --csv and --json only")
    if arguments.list:
        terminal.print_table(
            "questions", ("name", "question"), [(n, q.title) for n, q in QUESTIONS.items()]
        )
        return 0
    if arguments.report:
        analytics_report.check_writable(arguments.report)
    settings = configuration.load(
        arguments.config or configuration.DEFAULT_PATH, required=configuration.DATABASE_KEYS
    )
    with _cursor(settings) as cursor:
        if arguments.compare:
            compare(cursor, PUBLIC_FIGURES)
        elif arguments.report:
            _report(cursor, arguments.report, arguments.quiet)
        else:
            names = list(dict.fromkeys(arguments.question or QUESTIONS))
            _show(cursor, names, arguments)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser(
        "python analytics.py", "Ask the star the analytics team's questions.", EXAMPLES
    )
    parser.add_argument(
        "--question",
        metavar="NAME",
        action="append",
        choices=QUESTIONS,
        help="answer only this one; may be given several times (names: --list)",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--list", action="store_true", help="name the questions and end")
    forms.add_argument(
        "--csv",
        action="store_true",
        help="print CSV; with several questions each row begins with its question's name",
    )
    forms.add_argument("--json", action="store_true", help="print one JSON object")
    forms.add_argument(
        "--report", metavar="FILE", type=Path, help="write all answers as one HTML page, charts too"
    )
    forms.add_argument(
        "--compare",
        choices=["public"],
        help="check the figures that the whole public data set must give; exit 1 if any differs",
    )
    return parser


@contextmanager
def _cursor(settings: configuration.Settings) -> Iterator[Cursor]:
    """A cursor of one transaction: all answers are of the same state of the star."""
    import warehouse

    with (
        warehouse.connection(settings, "analytics") as connection,
        warehouse.explained("analytics"),
        connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def answer(cursor: Cursor, name: str) -> list[Row]:
    """The rows that answer a question: text, int, float, date, datetime and None."""
    cursor.execute(QUESTIONS[name].query)
    return [
        tuple(float(value) if isinstance(value, Decimal) else value for value in row)
        for row in cursor.fetchall()
    ]


def _show(cursor: Cursor, names: Sequence[str], arguments: argparse.Namespace) -> None:
    if arguments.json:
        _print_json({name: answer(cursor, name) for name in names})
    elif arguments.csv:
        _print_csv({name: answer(cursor, name) for name in names})
    else:
        for name in names:
            question = QUESTIONS[name]
            terminal.print_table(
                f"{question.title} ({question.reading})", question.columns, answer(cursor, name)
            )


def _print_json(answers: Answers) -> None:
    content = {
        name: {
            "title": QUESTIONS[name].title,
            "reading": QUESTIONS[name].reading,
            "rows": [dict(zip(QUESTIONS[name].columns, row, strict=True)) for row in rows],
        }
        for name, rows in answers.items()
    }
    print(json.dumps(content, indent=2, ensure_ascii=False, default=_iso))


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"expected a JSON value or a date, got {type(value).__name__}")


def _print_csv(answers: Answers) -> None:
    """One table per question. Several are told apart by a first column and a blank line."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    several = len(answers) > 1
    for position, (name, rows) in enumerate(answers.items()):
        if position:
            print()
        writer.writerow((*(["question"] if several else []), *QUESTIONS[name].columns))
        writer.writerows((*([name] if several else []), *row) for row in rows)


def _report(cursor: Cursor, path: Path, quiet: bool) -> None:
    answers = {}
    with terminal.Steps(quiet) as steps:
        for name in QUESTIONS:
            with steps.step(name) as step:
                answers[name] = answer(cursor, name)
                step.rows = len(answers[name])
        with steps.step(f"write {path}") as step:
            size = analytics_report.write(path, answers)
            step.note = f"{size // 1024:,} KB, {len(answers)} questions"


def compare(cursor: Cursor, figures: Sequence[Figure]) -> None:
    """Print each figure beside what it must be; raises Fault if any differs."""
    found = []
    for figure in figures:
        cursor.execute(figure.query)
        row = cursor.fetchone()
        found.append(row[0] if row else None)
    lines = [
        (figure.name, figure.expected, value, "ok" if value == figure.expected else "differs")
        for figure, value in zip(figures, found, strict=True)
    ]
    terminal.print_table("the public data set", ("figure", "expected", "found", ""), lines)
    differing = sum(line[-1] == "differs" for line in lines)
    if differing:
        raise terminal.Fault(
            f"{differing} of {len(lines)} figures differ\n"
            "next: they hold after one load of all files of s3://udacity-dend (log_data and"
            " song_data), into tables that python create_tables.py made"
        )


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
