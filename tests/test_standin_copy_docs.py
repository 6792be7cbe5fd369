"""docs/standin-copy.md: its lists are those of the code, its tables hold, its tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from sent_rows import sent_rows
from test_copy_load import Bucket

from standin.copy import options as copy_options
from standin.copy.columns import Column
from standin.copy.command import parse
from standin.copy.load import Load
from standin.dialect.lexer import tokenize
from standin.views import catalog_views, system_views

TEXT = Path(ROOT, "docs", "standin-copy.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]*)`")
CELLS = re.compile(r"(?<!\\)\|")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(title: str) -> list[list[str]]:
    """The cells of the rows, without the head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [
        [cell.strip().replace("\\|", "|") for cell in CELLS.split(line)[1:-1]] for line in lines
    ]


def listed(text: str) -> list[str]:
    """The names of the first paragraph of `text` that is a list of names."""
    paragraphs = [part.strip() for part in text.split("\n\n")]
    return CODE.findall(next(part for part in paragraphs if part.startswith("`")).partition(";")[0])


def test_options_that_are_read() -> None:
    assert listed(section("Options")) == [name.upper() for name in copy_options.IMITATED]


def test_options_that_are_refused() -> None:
    refused = section("Options").partition("Refused by name")[2]
    assert listed(refused) == sorted(name.upper() for name in copy_options.NOT_IMITATED)


def test_options_that_a_format_excludes() -> None:
    shown = {"JSON": "json", "CSV": "csv", "delimited text": "txt"}
    found = {shown[name]: tuple(CODE.findall(words.lower())) for name, words in table("Options")}
    assert found == copy_options.EXCLUDED


def test_views() -> None:
    assert listed(section("System views")) == sorted(system_views.VIEWS | catalog_views.VIEWS)


@pytest.mark.parametrize(
    "test", [CODE.findall(row[-1])[0] for row in table("Where it differs from Redshift, or may")]
)
def test_divergences_have_tests(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}(" in Path(ROOT, "tests", file).read_text(encoding="utf-8")


def column(name: str, text: str) -> Column:
    kind, *sizes = re.findall(r"[a-z ]+|\d+", text)
    if kind == "numeric":
        return Column(name, kind, precision=int(sizes[0]), scale=int(sizes[1]))
    return Column(name, kind, *map(int, sizes))


def copied(data: str, options: str, *columns: Column) -> str:
    """The fields of the one row, or its error, as the document writes them."""
    sql = f"COPY t FROM 's3://b/data' IAM_ROLE default {options} MAXERROR 2"
    load = Load(parse(tokenize(sql)), columns, Bucket({"data": data.encode()}), "t")
    rows = sent_rows(b"".join(load.chunks()), columns)
    if load.errors:
        return f"error {load.errors[0].error_code} `{load.errors[0].error_message}`"
    return ", ".join("NULL" if field is None else f"`{field}`" for field in rows[0])


@pytest.mark.parametrize("row", table("Conversions"), ids=lambda row: " ".join(row[:3]))
def test_conversions(row: list[str]) -> None:
    (value,), (kind,) = CODE.findall(row[0]), CODE.findall(row[1])
    options = row[2].strip("`").replace("ms", "TIMEFORMAT 'epochmillisecs'")
    data = f'{{"c": {value}}}'
    assert copied(data, f"JSON 'auto' {options}", column("c", kind)) == row[3].replace("``", "``")


@pytest.mark.parametrize(
    "row", table("Lines of CSV and delimited text"), ids=lambda row: " ".join(row[:2])
)
def test_lines(row: list[str]) -> None:
    (line,) = CODE.findall(row[0])
    columns = column("a", "integer"), column("b", "varchar(9)")
    assert copied(line, row[1].strip("`"), *columns) == row[2]
