"""docs/standin-unload.md: its lists are those of the code, and its tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT

from standin.unload import options
from standin.views import unload_views

TEXT = Path(ROOT, "docs", "standin-unload.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]*)`")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the rows of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def names_after(text: str) -> list[str]:
    """The names of the list that follows."""
    paragraph = next(part for part in text.split("\n\n") if part.strip().startswith("`"))
    return CODE.findall(paragraph.lower())


def test_options() -> None:
    read, _, refused = section("Options").partition("Refused by name")
    assert names_after(read) == list(options.IMITATED)
    assert names_after(refused) == sorted(options.NOT_IMITATED)


def test_options_that_a_format_excludes() -> None:
    found = {name.lower(): tuple(CODE.findall(words.lower())) for name, words in rows("Options")}
    assert found | {"txt": ()} == options.EXCLUDED


def test_views() -> None:
    assert names_after(section("System views")) == sorted(unload_views.VIEWS)


@pytest.mark.parametrize(
    "test", [CODE.findall(row[-1])[0] for row in rows("Where it differs from Redshift, or may")]
)
def test_divergences_have_tests(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}(" in Path(ROOT, "tests", file).read_text(encoding="utf-8")
