"""docs/standin.md says what the code's tables say, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import module_project

from standin import Standin
from standin.dialect import functions, redshift, refusals, translate
from standin.dialect.facts import FACT_FUNCTIONS

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "standin.md").read_text(encoding="utf-8")


def upper(words: Iterable[str]) -> set[str]:
    return {word.upper() for word in words}


# The line before the list -> what the list must hold.
LISTS = {
    "### Statements\n": upper(translate._HANDLERS),
    "Called as in PostgreSQL:": set(functions.SAME),
    "Rewritten or renamed:": {*functions.REWRITTEN, *functions.RENAMED},
    "Of the session:": {*FACT_FUNCTIONS, "version"},
    "With their effect:": set(redshift.SETTINGS_SHARED),
    "Kept without an effect:": set(redshift.SETTINGS_KEPT),
    "They run alone or on system catalogues and are refused as soon as a user table is involved:": (
        set(functions.LEADER_ONLY)
    ),
    "Statements:": upper(redshift.STATEMENTS_NOT_YET),
    "Constructs:": {r.title for r in refusals._REFUSALS if r.message == refusals.NOT_YET},
    "Functions:": set(functions.NOT_YET),
    "Types:": set(redshift.TYPES_NOT_YET),
    "Settings:": set(redshift.SETTINGS_NOT_YET),
}


@pytest.mark.parametrize(("line", "words"), LISTS.items(), ids=[line.strip() for line in LISTS])
def test_lists(line: str, words: set[str]) -> None:
    _, _, rest = TEXT.partition(f"\n{line}\n")
    assert set(re.findall(r"`([^`]+)`", rest.split("\n\n")[0])) == words


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    table = TEXT.split(f"\n{heading}\n")[1].split("|---|---|\n")[1].split("\n\n")[0]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]


def test_date_parts() -> None:
    documented = {
        spelling: part.strip()
        for part, spellings in rows("### Date parts")
        for spelling in re.findall(r"`([^`]+)`", spellings)
    }
    assert documented == redshift.DATE_PARTS


def test_refused_statements() -> None:
    documented = dict(rows("### Statements that Redshift refuses"))
    assert documented == {
        f" `{words.upper()}` ": f" {'syntax error' if text is None else text.format('..')} "
        for words, text in redshift.STATEMENTS_REFUSED.items()
    }


def test_refused_constructs() -> None:
    documented = dict(rows("### Constructs that Redshift refuses"))
    assert documented == {
        f" `{refusal.pattern.upper()}` ": f" {refusal.message or 'syntax error'} "
        for refusal in refusals._REFUSALS
        if refusal.message != refusals.NOT_YET
    }


# Divergence -> a statement and what it gives here. Whoever removes one strikes its row, too.
DIVERGENCES = {
    "Trailing blanks do not count": "SELECT LOWER('a ') = LOWER('a')",
    "`IDENTITY` values have gaps": (
        "CREATE TABLE t (id INT IDENTITY(0,1), a INT); INSERT INTO t (a) VALUES (1); "
        "INSERT INTO t (a) VALUES (2); SELECT MAX(id) > 1 FROM t"
    ),
    "Casts of `NUMERIC`s to whole numbers": (
        "SELECT a::INT = 1 AND a::DECIMAL(10,0) = 1 FROM (SELECT 1.5::DECIMAL(10,2) AS a)"
    ),
    "Whether `AVG` of `NUMERIC`s rounds": (
        "SELECT AVG(a) = 0.16 FROM (SELECT 0.11 AS a UNION ALL SELECT 0.22)"
    ),
    "Quotients of `NUMERIC`s": (
        "SELECT (1::DECIMAL(10,2) / 3::DECIMAL(10,2))::VARCHAR = '0.33333333333'"
    ),
    "Results of more than 38 digits": (
        "SELECT LEN((99999999999999999999999999999999999999::DECIMAL(38,0) * 10)::VARCHAR) < 39"
    ),
    "An alias of an aggregate or a window function gives way": (
        "SELECT MAX(m) = 3 FROM (SELECT n AS k, COUNT(*) AS n, n + 1 AS m "
        "FROM (SELECT 2 AS n) GROUP BY k)"
    ),
    "`CREATE TABLE AS` and `SELECT INTO` make of text expressions": (
        "CREATE TABLE t AS SELECT 'a'::VARCHAR(5) || 'b' AS s, 1.50::DECIMAL(5,2) * 2 AS d; "
        "SELECT MIN(type) LIKE '%(%' OR MAX(type) LIKE '%(%' FROM pg_table_def "
        "WHERE tablename = 't'"
    ),
    "Text read as a whole number is digits": "SELECT '0x1F'::INT <> 31 OR '1_000'::INT <> 1000",
    "`PG_GET_VIEWDEF` and `pg_views` show the query": (
        "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM public.t WITH NO SCHEMA BINDING; "
        "SELECT pg_get_viewdef('v'::regclass) NOT LIKE '%late_binding%'"
    ),
    "`pg_stat_activity` and `pg_locks` have": (
        "SELECT COUNT(*) = 0 FROM pg_attribute WHERE attname IN ('fastpath', 'wait_event') "
        "AND attrelid IN ('pg_locks'::regclass, 'pg_stat_activity'::regclass)"
    ),
}


@pytest.fixture(scope="module")
def connection(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = module_project(standin, tmp_path_factory, "standin-docs")
    connection = made.connect()
    yield connection
    connection.close()


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    """A cursor in a transaction that is undone after the test."""
    with connection.cursor() as cursor:
        yield cursor
    connection.rollback()


@pytest.mark.parametrize(("row", "sql"), DIVERGENCES.items(), ids=DIVERGENCES)
def test_divergences_are_still_there(cursor: Any, row: str, sql: str) -> None:
    assert row in TEXT
    cursor.execute(sql)
    assert cursor.fetchall() == [(False,)]


def test_plans_are_postgresql_s(cursor: Any) -> None:
    assert "| PostgreSQL's plan |" in TEXT
    cursor.execute("CREATE TABLE t (a INT); EXPLAIN SELECT a FROM t")
    assert cursor.fetchall()[0][0].startswith("Seq Scan on t ")


FAILURES = {
    "An alias used in a nested query": (
        "SELECT 1 AS k, (SELECT n FROM (SELECT 2 AS n) ORDER BY k)",
        'column "k" does not exist',
    ),
    "not beside a table that an earlier statement of the same string makes": (
        "CREATE TABLE t (a INT); SELECT 1 AS k, (SELECT MAX(a) FROM t WHERE a > k)",
        'column "k" does not exist',
    ),
    "work on tables that an earlier statement of the same string makes": (
        "CREATE TABLE t (a INT); SELECT * EXCLUDE a FROM t",
        'relation "t" does not exist',
    ),
    "A group that does not exist": (
        "CREATE USER u PASSWORD 'Abcd1234' IN GROUP nope",
        'user "nope" does not exist',
    ),
    "its query must run when it is made": (
        "CREATE VIEW v AS SELECT a FROM public.nowhere WITH NO SCHEMA BINDING",
        'relation "public.nowhere" does not exist',
    ),
    "PostgreSQL 8.0's words, such as `invalid input syntax": (
        "SELECT a::DATE FROM (SELECT 'a'::VARCHAR AS a)",
        'invalid input syntax for type date: "a"',
    ),
}


@pytest.mark.parametrize(("row", "case"), FAILURES.items(), ids=FAILURES)
def test_errors_that_diverge(cursor: Any, row: str, case: tuple[str, str]) -> None:
    assert row in TEXT
    with pytest.raises(psycopg2.Error) as error:
        cursor.execute(case[0])
    assert error.value.diag.message_primary == case[1]
