"""The answers as one HTML page that opens from disk: headline figures, charts, tables, the schema.

The page loads nothing and runs nothing; analytics_report.html is its template.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import charts
import schema_diagram
from questions import QUESTIONS
from terminal import Fault, UsageFault

TEMPLATE = Path(__file__).resolve().with_name("analytics_report.html")
Row = Sequence[object]

# The page's order: every question stands in it once; totals is its headline.
HEADLINE = "totals"
SECTIONS = {
    "When": ("plays-by-day", "plays-by-hour", "plays-by-weekday", "plays-by-week"),
    "Music": ("top-songs", "top-artists", "known-songs", "most-wanted"),
    "Listeners": (
        "plays-by-level", "retention", "before-upgrade", "active-users", "upgrades",
    ),
    "Visits": ("sessions", "session-sizes", "browsers", "devices", "locations"),
}  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """Bars to draw of an answer: which column labels them (shortened), which give their heights."""

    label: str
    values: tuple[str, ...]
    stacked: bool = False
    shorten: Callable[[str], str] = str


CHARTS = {
    "plays-by-day": (
        Chart("day", ("paid plays", "free plays"), stacked=True),
        Chart("day", ("listeners", "new listeners")),
    ),
    "plays-by-hour": (Chart("hour", ("plays",)),),
    "plays-by-weekday": (Chart("weekday", ("plays a day",), shorten=lambda name: name[:3]),),
    "session-sizes": (
        Chart(
            "songs played",
            ("percent of sessions", "percent of plays"),
            shorten=lambda size: size.replace(" to ", "-").replace("over ", ">"),
        ),
    ),
}
# Over the whole width of the page on a large screen.
WIDE = frozenset({"plays-by-day", "plays-by-hour", "active-users", "upgrades"})
WIDE_SIZE, SIZE = (880, 240), (360, 220)
# Letters of the longest text that a table keeps on one line.
LONGEST_SHORT = 18

# The column whose cells show their value as a bar, too.
BAR_COLUMNS = {
    "top-songs": "plays",
    "top-artists": "plays",
    "known-songs": "percent of plays",
    "most-wanted": "plays",
    "plays-by-week": "plays",
    "plays-by-level": "percent of plays",
    "before-upgrade": "plays",
    "active-users": "plays",
    "locations": "plays",
    "browsers": "percent of plays",
    "devices": "percent of plays",
}


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, how it is set, and how long its bar is (0 to 1), if any.

    `kind` is number, short (kept on one line) or long (broken where need be).
    """

    text: str
    kind: str
    share: float | None = None


@dataclass(frozen=True)
class Drawing:
    """A chart as SVG for large and for small screens, and what a reader who sees none is told."""

    wide: str
    narrow: str
    alternative: str
    legend: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """A question as the page shows it."""

    name: str
    title: str
    reading: str
    is_wide: bool
    headings: tuple[str, ...]
    rows: list[list[Cell]]
    drawings: list[Drawing]


def check_writable(path: Path) -> None:
    """Raise UsageFault if the page cannot be written to `path`: asked before the long part."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise UsageFault(f"--report {path} is a folder: expected the name of a file in it")
    if os.path.lexists(target) and not target.is_file():
        raise UsageFault(f"--report {path} is no file: expected the name of one, or of a new one")
    if not target.parent.is_dir():
        raise UsageFault(f"--report {path}: there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK):
        raise UsageFault(
            f"--report {path}: nothing may be written to {target.parent};"
            " expected a folder of one's own"
        )


def write(path: Path, answers: Mapping[str, Sequence[Row]]) -> int:
    """Write the page in one go: whoever opens `path` finds the old page or the new one, whole.

    A link stays, and what it leads to is written.
    Returns its size in bytes; raises Fault if the file system refuses it.
    """
    content = page(answers, datetime.now(timezone.utc)).encode()
    target = Path(os.path.realpath(path))
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(target)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise Fault(f"cannot write {path}: {reason}\nnext: name another with --report") from error
    return len(content)


def page(answers: Mapping[str, Sequence[Row]], made_at: datetime) -> str:
    """The page's HTML. `answers` has the rows of every question."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["svg"] = Markup
    tables = schema_diagram.star()
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        made_at=made_at,
        headline=_headline(answers[HEADLINE]),
        span=_span(answers[HEADLINE]),
        sections={
            heading: [_panel(name, answers[name]) for name in names]
            for heading, names in SECTIONS.items()
        },
        tables=tables,
        mermaid=schema_diagram.mermaid(list(tables.values())),
    )


def _headline(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(what, how much) of the numbers in the totals; none of an empty star's shares."""
    pairs = zip(QUESTIONS[HEADLINE].columns, rows[0], strict=True)
    return [
        (name.removeprefix("percent "), f"{text(value)} %")
        if name.startswith("percent ")
        else (name, text(value))
        for name, value in pairs
        if isinstance(value, int | float)
    ]


def _span(rows: Sequence[Row]) -> str:
    """The days from the first to the last play."""
    days = [value.date() for value in rows[0] if isinstance(value, datetime)]
    if not days:
        return "no plays yet"
    first, last = (f"{day.day} {day:%B %Y}" for day in days)
    return first if first == last else f"{first} to {last}"


def _panel(name: str, rows: Sequence[Row]) -> Panel:
    question = QUESTIONS[name]
    headings, cells = question.columns, _cells(name, rows)
    if name == "retention":
        headings, cells = _retention(rows)
    return Panel(
        name=name,
        title=question.title,
        reading=question.reading,
        is_wide=name in WIDE,
        headings=headings,
        rows=cells,
        drawings=[_draw(name, chart, rows) for chart in CHARTS.get(name, ()) if rows],
    )


def _cells(name: str, rows: Sequence[Row]) -> list[list[Cell]]:
    """The rows as cells; a bar is a share of the column's longest or, of percents, of 100."""
    columns = QUESTIONS[name].columns
    bar = BAR_COLUMNS.get(name)
    kinds = [_kind([row[position] for row in rows], position) for position in range(len(columns))]
    whole = 100.0
    if bar and not bar.startswith("percent"):
        whole = max((_number(row[columns.index(bar)]) for row in rows), default=0) or 1
    return [
        [
            Cell(text(value), kind, _number(value) / whole if column == bar else None)
            for column, kind, value in zip(columns, kinds, row, strict=True)
        ]
        for row in rows
    ]


def _kind(values: Sequence[object], position: int) -> str:
    # What a row begins with is its name, even if it is an hour.
    if position and any(isinstance(value, int | float) for value in values):
        return "number"
    return "short" if max(map(len, map(text, values)), default=0) <= LONGEST_SHORT else "long"


def _retention(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[list[Cell]]]:
    """The weeks after each first week side by side, empty where the data ends before them."""
    shares = {(_monday(row, later=0), row[1]): _number(row[3]) for row in rows}
    weeks = range(1, max((int(_number(row[1])) for row in rows), default=0) + 1)
    last = max((_monday(row, later=int(_number(row[1]))) for row in rows), default=date.min)
    table = []
    for row in (row for row in rows if row[1] == 0):
        cells = [Cell(text(row[0]), "short"), Cell(text(row[2]), "number")]
        for week in weeks:
            percent = shares.get((_monday(row, later=0), week), 0.0)
            is_known = _monday(row, later=week) <= last
            cells.append(
                Cell(f"{text(percent)} %", "number", percent / 100)
                if is_known
                else Cell("", "number")
            )
        table.append(cells)
    return (
        "first week",
        "listeners",
        *(f"+{week} week{'s' * (week > 1)}" for week in weeks),
    ), table


def _monday(row: Row, later: int) -> date:
    """The Monday so many weeks after the first week of a row of retention."""
    assert isinstance(row[0], date)
    return row[0] + timedelta(weeks=later)


def _draw(name: str, chart: Chart, rows: Sequence[Row]) -> Drawing:
    columns = QUESTIONS[name].columns
    by_label = {row[columns.index(chart.label)]: row for row in rows}
    labels = _without_gaps(list(by_label))
    series = {
        name: [_number(by_label[label][columns.index(name)]) if label in by_label else 0
               for label in labels]
        for name in chart.values
    }  # fmt: skip
    names = [chart.shorten(charts.label_text(label)) for label in labels]
    narrow = charts.bars(names, series, stacked=chart.stacked, size=SIZE)
    return Drawing(
        wide=charts.bars(names, series, stacked=chart.stacked, size=WIDE_SIZE)
        if name in WIDE
        else narrow,
        narrow=narrow,
        alternative=_alternative(chart, names, series),
        legend=chart.values,
    )


def _without_gaps(labels: list[object]) -> list[object]:
    """Days and hours with those between them that have no row."""
    if all(isinstance(label, int) for label in labels):
        numbers = [label for label in labels if isinstance(label, int)]
        return list(range(min(numbers), max(numbers) + 1))
    if all(isinstance(label, date) for label in labels):
        days = [label.toordinal() for label in labels if isinstance(label, date)]
        return [date.fromordinal(day) for day in range(min(days), max(days) + 1)]
    return labels


def _alternative(chart: Chart, labels: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """What the chart shows, in words: between which values each series moves, and where."""
    ranges = []
    for name, values in series.items():
        most, least = values.index(max(values)), values.index(min(values))
        ranges.append(
            f"{name} from {text(values[least])} ({labels[least]}) to {text(values[most])}"
            f" ({labels[most]})"
        )
    return f"Bar chart by {chart.label}: {'; '.join(ranges)}. The table has every value."


def text(value: object) -> str:
    """A value as people read it: thousands separated, one decimal where there is a fraction."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0
