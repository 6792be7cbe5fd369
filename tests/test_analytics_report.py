"""The report: one page that carries all it needs, says what the answers say, and looks right."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import analytics_report
from questions import QUESTIONS
from terminal import Fault, UsageFault
from tests.browser import Page, browser, chromium
from tests.conftest import PASSWORD, Project, event, song

HOSTILE = "<script>alert('1')</script> & \"Co\""
LONG = "Horn Concerto No. 4 in E flat K495: II. Romance (Andante cantabile) " + "x" * 60
DAYS = [date(2018, 11, day) for day in range(1, 31)]
TOTALS = (6820, 96, 776, 4.9, 79.1, datetime(2018, 11, 1, 21, 1, 46), datetime(2018, 11, 30, 23))
# As wide and as hostile as answers come.
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "totals": [TOTALS],
    "top-songs": [(LONG, HOSTILE, 37, 12), ("Blue", "Ann", 1, 1)],
    "top-artists": [(HOSTILE, 37, 12, 1), (LONG, 1, 1, 1)],
    "known-songs": [("known", 333, 50, 4.9), ("unknown", 6487, 96, 95.1)],
    "most-wanted": [],
    "plays-by-day": [(day, 1234, 234, 1000, 30, 4) for day in DAYS if day.day not in (7, 8)],
    "plays-by-hour": [(hour, 10 * hour, hour) for hour in range(24) if hour != 3],
    "plays-by-weekday": [("Monday", 100, 10, 5, 20.0), ("Wednesday", 90, 9, 4, 22.5)],
    "plays-by-week": [(DAYS[4], 45, 1000, 90, 7)],
    "plays-by-level": [("paid", 5591, 22, 82.0, 254.1), (None, 1229, 82, 18.0, 15.0)],
    "upgrades": [("88", HOSTILE, datetime(2018, 11, 9, 17, 56, 36), 70, 12, 8, "paid")],
    "before-upgrade": [(LONG, 3, 1)],
    "active-users": [("49", LONG, "paid", 689, 42, datetime(2018, 11, 30, 17))],
    "sessions": [("free", 600, 2.1, 1.0, 5.5, 47.1), ("paid", 170, 30.1, 20.0, 120.2, 463.7)],
    "session-sizes": [("1", 300, 38.7, 4.4), ("2 to 5", 400, 51.5, 20.0)],
    "locations": [("San Francisco-Oakland-Hayward, CA", 691, 3, 10.1)],
    "browsers": [("Chrome", 4000, 60, 58.7)],
    "devices": [("Mac", 3000, 40, 44.0)],
    "retention": [
        (DAYS[4], 0, 10, 100.0), (DAYS[4], 2, 5, 50.0), (DAYS[11], 0, 4, 100.0),
    ],
}  # fmt: skip


class Reader(HTMLParser):
    """What the tests look at: elements with their attributes, and the text outside of <style>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._tag = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._tag = tag

    def handle_data(self, data: str) -> None:
        if self._tag != "style":
            self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, name: str) -> list[str]:
        found = (attributes.get(name) for _, attributes in self.elements)
        return [value for value in found if value is not None]


@pytest.fixture(scope="module")
def html() -> str:
    return analytics_report.page(ANSWERS, datetime(2018, 12, 1, 8, 30))


@pytest.fixture(scope="module")
def page(html: str) -> Reader:
    return Reader(html)


def test_every_question_is_on_the_page_once(page: Reader) -> None:
    placed = [name for names in analytics_report.SECTIONS.values() for name in names]
    assert sorted([*placed, analytics_report.HEADLINE]) == sorted(QUESTIONS)
    assert [name for name in placed if page.values("id").count(name) != 1] == []
    assert [name for name in placed if QUESTIONS[name].title not in page.text] == []


def test_nothing_is_run_and_nothing_is_fetched(page: Reader, html: str) -> None:
    tags = {tag for tag, _ in page.elements}
    assert tags & {"script", "iframe", "img", "object", "base"} == set()
    assert page.values("src") == []
    assert [href for href in page.values("href") if not href.startswith(("#", "data:"))] == []
    assert "url(" not in html
    assert "@import" not in html
    assert "http://" not in html.replace("http-equiv", "")
    assert "https://" not in html


def test_what_the_logs_hold_is_text(page: Reader, html: str) -> None:
    assert "<script" not in html
    assert page.text.count(HOSTILE) == 3


def test_links_lead_somewhere_and_names_are_unique(page: Reader) -> None:
    names = page.values("id")
    assert len(names) == len(set(names))
    targets = [href[1:] for href in page.values("href") if href.startswith("#")]
    named_by = page.values("aria-labelledby")
    assert [name for name in [*targets, *named_by] if name not in names] == []


def test_who_cannot_see_a_chart_is_told_it(page: Reader) -> None:
    pictures = [element for element in page.all("div") if element.get("role") == "img"]
    assert len(pictures) == 5
    hours = next(
        label for label in (str(element["aria-label"]) for element in pictures) if "hour" in label
    )
    assert hours == ("Bar chart by hour: plays from 0 (0) to 230 (23). The table has every value.")
    drawings = page.all("svg")
    assert [drawing for drawing in drawings if drawing.get("aria-hidden") != "true"] == []


def test_the_page_has_its_landmarks(page: Reader) -> None:
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("h1", "main", "nav", "header", "footer")] == [1] * 5
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert len(page.all("caption")) == len(page.all("table"))
    scopes = [element.get("scope") for element in page.all("th")]
    assert set(scopes) == {"col", "row"}


def test_a_day_without_plays_is_a_gap(html: str) -> None:
    assert "<title>6 Nov: 1,000 paid plays</title>" in html
    assert "<title>7 Nov: 0 paid plays</title>" in html


def test_figures_are_set_as_people_read_them(page: Reader) -> None:
    text = " ".join(page.text.split())
    assert "plays 6,820 listeners 96 sessions 776 of plays with a known song 4.9 %" in text
    assert "1 November 2018 to 30 November 2018. All times are UTC." in text
    assert "2018-11-09 17:56" in text
    assert "Which unknown songs are played most?" in text
    assert text.count("Nothing in the data.") == 1
    assert "Made 2018-12-01 08:30 UTC" in text


def test_retention_is_a_triangle() -> None:
    headings, rows = analytics_report._retention(ANSWERS["retention"])
    assert headings == ("first week", "listeners", "+1 week", "+2 weeks")
    assert [[cell.text for cell in row] for row in rows] == [
        ["2018-11-05", "10", "0.0 %", "50.0 %"],
        ["2018-11-12", "4", "0.0 %", ""],
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "page", 7.0), ("ink", "card", 7.0), ("muted", "page", 4.5), ("muted", "card", 4.5),
        ("first", "page", 4.5), ("first", "card", 4.5), ("second", "card", 3.0),
    ],
)  # fmt: skip
def test_contrast(scheme: str, front: str, back: str, least: float) -> None:
    """https://www.w3.org/TR/WCAG22/#contrast-minimum"""
    style = analytics_report.TEMPLATE.read_text(encoding="utf-8")
    colours = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in style.split("@media")[:2]]
    chosen = colours[scheme == "dark"]
    light, dark = sorted((luminance(chosen[front]), luminance(chosen[back])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- Writing it ----------------------------------------------------------------------------------


def test_the_command_writes_it_without_a_secret(project: Project) -> None:
    project.put_events(event(), event(level="paid", ts=1541192506796))
    project.put_songs(song(artist_name="Ann", title="Blue"))
    project.prepare()
    path = project.folder / "report.html"
    path.write_text("the one before")
    done = project.run("analytics.py", "--report", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert re.search(r"write .*report.html .* KB, 19 questions", done.stderr)
    html = path.read_text(encoding="utf-8")
    assert "Which songs are played most?" in html
    secrets = [PASSWORD, project.values["IAM_ROLE"]["ARN"], project.values["CLUSTER"]["DB_NAME"]]
    assert [secret for secret in secrets if secret in html] == []
    assert sorted(entry.name for entry in project.folder.iterdir()) == ["dwh.cfg", "report.html"]


def test_a_page_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    # With a process id behind it the name is too long for the file system.
    path = tmp_path / ("x" * 250 + ".html")
    path.write_text("the one before")
    with pytest.raises(Fault, match=r"^cannot write .*: file name too long\nnext: name another"):
        analytics_report.write(path, ANSWERS)
    left = [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()]
    assert left == [(path.name, "the one before")]


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "published.html").write_text("the one before")
    link = tmp_path / "link.html"
    link.symlink_to("published.html")
    analytics_report.check_writable(link)
    analytics_report.write(link, ANSWERS)
    assert link.readlink() == Path("published.html")
    assert (tmp_path / "published.html").read_text("utf-8").lstrip().startswith("<!doctype html>")


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders there")
def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageFault, match="is no file: expected the name of one, or of a new one"):
        analytics_report.check_writable(tmp_path / "pipe")


# --- In a browser --------------------------------------------------------------------------------

OVERFLOWING = """
[...document.querySelectorAll('body *')].filter(element => {
  const box = element.getBoundingClientRect();
  const scrolls = element.closest('.scroll, pre');
  return box.width && box.right > document.documentElement.clientWidth + 0.5
    && (!scrolls || scrolls === element)
    && !element.closest('.hidden, .skip');
}).map(element => element.outerHTML.slice(0, 120))
"""
SMALLEST_TEXT = """
Math.min(...[...document.querySelectorAll('svg text')]
  .map(element => element.getBoundingClientRect().height).filter(height => height))
"""


@pytest.fixture(scope="module")
def opened(html: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    if chromium() is None:
        pytest.skip("no Chromium on PATH to look at the page with")
    folder = tmp_path_factory.mktemp("report")
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    with browser(folder / "profile") as page:
        yield page, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_in_a_browser(opened: tuple[Page, Path], width: int, scheme: str) -> None:
    page, path = opened
    page.requests.clear()
    page.complaints.clear()
    page.open(path, width, scheme)
    page.ask("document.querySelectorAll('details').forEach(element => element.open = true)")
    assert page.ask(OVERFLOWING) == []
    assert page.ask("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.ask(SMALLEST_TEXT) >= 9
    background = page.ask("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(244, 245, 247)", "dark": "rgb(14, 17, 20)"}[scheme]
    assert page.complaints == []
    assert set(page.requests) == {path.as_uri()}
