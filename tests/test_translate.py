"""Statements other than CREATE TABLE: the text sent to PostgreSQL, the refusals, the results."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from standin.copy.command import CopyCommand
from standin.dialect import function_library, functions, translate
from standin.dialect.known_columns import ColumnsWanted
from standin.dialect.translate import Plan, SessionFacts, plan
from standin.postgres import Postgres
from standin.sqlerror import SqlError
from standin.views import system_views

FACTS = SessionFacts(last_copy_id=7, last_copy_count=8056, last_query_id=9)


def translated(sql: str) -> str:
    (only,) = plan(sql, FACTS)
    return only.sql


UNCHANGED = {
    "insert with a query": (
        "INSERT INTO songs (song_id, title)\n  SELECT DISTINCT song_id, title FROM s WHERE "
        "song_id IS NOT NULL"
    ),
    "left join": (
        "SELECT e.ts FROM staging_events AS e LEFT JOIN songs s ON s.title = e.song AND "
        "ABS(s.duration - e.length) < 1"
    ),
    "common table expressions": (
        "WITH a AS (SELECT 1 AS x), b (y) AS (SELECT x FROM a) SELECT * FROM b"
    ),
    "row_number": (
        "SELECT ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC, item DESC) AS n FROM e"
    ),
    "framed aggregate": "SELECT SUM(x) OVER (ORDER BY y ROWS UNBOUNDED PRECEDING) FROM t",
    "aggregate over a partition": "SELECT COUNT(*) OVER (PARTITION BY y), MAX(x) OVER () FROM t",
    "except": "SELECT a FROM t EXCEPT SELECT a FROM s",
    "case": "SELECT CASE WHEN year = 0 THEN NULL ELSE year END, NULLIF(location, '') FROM t",
    "update from": (
        "UPDATE users AS u SET level = n.level FROM newest n WHERE n.user_id = u.user_id"
    ),
    "delete using": "DELETE FROM songs USING s WHERE s.song_id = songs.song_id",
    "delete in": "DELETE FROM t WHERE (a, b) NOT IN (SELECT a, b FROM s)",
    "epoch arithmetic": (
        "SELECT TIMESTAMP 'epoch' + ts/1000 * INTERVAL '1 second' AS start_time FROM e"
    ),
    "derived table without an alias": "SELECT a FROM (SELECT a, 1 AS rn FROM t) WHERE rn = 1",
    "joined tree": "SELECT * FROM ((SELECT 1 AS x) AS a JOIN (SELECT 1 AS y) AS b ON a.x = b.y)",
    "columns named like parts": "SELECT t.year, month, EXTRACT AS e FROM time t",
    "grouping sets": "SELECT a, COUNT(*) FROM t GROUP BY GROUPING SETS ((a), ())",
    "casts": "SELECT a::int, CAST(b AS VARCHAR(10)), c::timestamp AT TIME ZONE 'UTC' FROM t",
    "regular expression": "SELECT a ~ '^x', a !~* 'y', a SIMILAR TO '%z' FROM t",
    "leader function alone": "SELECT now(), current_schema(), generate_series(1, 3)",
    "leader function over a series": "SELECT n FROM generate_series(1, 3) AS s(n)",
    "multi-row insert": "INSERT INTO t VALUES (1, 'a'), (2, DEFAULT)",
    "insert of a query in parentheses": "INSERT INTO t( SELECT * FROM s)",
    "trim": "SELECT TRIM(BOTH ' ' FROM a), SUBSTRING(a FROM 2), POSITION('x' IN a) FROM t",
    "catalogue query of psql": (
        'SELECT c.relname AS "Name", ARRAY(SELECT 1)::text, pg_catalog.format_type(1, 2) '
        "FROM pg_catalog.pg_type c WHERE c.relname OPERATOR(pg_catalog.~) '^(t)$' COLLATE "
        "pg_catalog.default"
    ),
    "catalogue query of a driver": (
        "SELECT typarray, oid::regtype FROM pg_type WHERE typname = ANY (ARRAY['a'])"
    ),
    "driver asks for the load errors": (
        "SELECT * FROM stl_load_errors WHERE session = pg_backend_pid() ORDER BY starttime DESC"
    ),
    "type of the catalogue without a table": "SELECT 'pg_class'::regclass",
    "qualified type without a table": "SELECT pg_catalog.pg_get_viewdef('1'::pg_catalog.oid, true)",
    "a label like a keyword": (
        'SELECT relname AS "Table" FROM pg_catalog.pg_type c '
        "WHERE pg_catalog.pg_table_is_visible(c.oid)"
    ),
}


@pytest.mark.parametrize("sql", UNCHANGED.values(), ids=UNCHANGED)
def test_what_both_understand_stays_as_it_is(sql: str) -> None:
    assert translated(sql) == sql


REWRITTEN = {
    "nvl": ("SELECT NVL(a, 0) FROM t", "SELECT coalesce(a, 0) FROM t"),
    "nested": ("SELECT NVL(LEN(NVL(a, b)), 0)", "SELECT coalesce(length(coalesce(a, b)), 0)"),
    "avg": ("SELECT AVG(a) FROM t", "SELECT pg_redshift.avg(a) FROM t"),
    "nvl2": ("SELECT NVL2(a, b, c)", "SELECT CASE WHEN (a) IS NOT NULL THEN b ELSE c END"),
    "decode": (
        "SELECT DECODE(a, 1, 'x', 'y')",
        "SELECT CASE WHEN (a) IS NOT DISTINCT FROM (1) THEN 'x' ELSE 'y' END",
    ),
    "extract": (
        "SELECT EXTRACT(hour FROM ts), EXTRACT('dw' FROM ts) FROM t",
        "SELECT CAST(date_part('hour', ts) AS integer), "
        "CAST(date_part('dow', ts) AS integer) FROM t",
    ),
    "date_part": (
        "SELECT DATE_PART(w, ts), DATEPART('m', ts)",
        "SELECT date_part('week', ts), date_part('minute', ts)",
    ),
    "date_trunc": ("SELECT DATE_TRUNC('mon', ts)", "SELECT date_trunc('month', ts)"),
    "dateadd": (
        "SELECT DATEADD(ms, ts, '1970-01-01')",
        "SELECT date_add('millisecond', ts, CAST('1970-01-01' AS timestamp))",
    ),
    "datediff": ("SELECT DATEDIFF('qtr', a, b)", "SELECT date_diff('quarter', a, b)"),
    "sysdate": ("SELECT SYSDATE, t.sysdate FROM t", "SELECT sysdate(), t.sysdate FROM t"),
    "decimal cast": (
        "SELECT a::DECIMAL, CAST(a AS NUMERIC)",
        "SELECT a::numeric(18,0), CAST(a AS numeric(18,0))",
    ),
    "max cast": ("SELECT a::VARCHAR(MAX)", "SELECT a::varchar(65535)"),
    "char cast": ("SELECT a::CHAR", "SELECT a::bpchar"),
    "convert": ("SELECT CONVERT(INT, a)", "SELECT CAST(a AS integer)"),
    "concat": ("SELECT CONCAT(a, 'b')", "SELECT (CAST(a AS varchar) || CAST('b' AS varchar))"),
    "backslash": (r"SELECT 'a\'b', E'\n'", r"SELECT E'a\'b', E'\n'"),
    "quoted identifiers": ('SELECT "firstName" FROM "T"', 'SELECT "firstname" FROM "t"'),
    "alias beside a column": (
        "SELECT a AS b, b + 1 FROM t",
        'SELECT a AS b, "alias 0.1"."value 0.1" + 1 FROM t, LATERAL (SELECT (SELECT "b" FROM '
        '(SELECT "t".*) AS "columns") AS "value 0.1" FROM (SELECT a AS "b") AS "alias") '
        'AS "alias 0.1"',
    ),
    "alias of an aggregate": (
        "SELECT SUM(a) AS s, s / 2 FROM t",
        "SELECT SUM(a) AS s, (SUM(a)) / 2 FROM t",
    ),
    "alias that its own item reads": (
        "SELECT UPPER(a) AS a, a || 'x' FROM t",
        "SELECT UPPER(a) AS a, a || 'x' FROM t",
    ),
    "label that needs AS": ("SELECT 1 hour, 2 AS day", 'SELECT 1 AS "hour", 2 AS day'),
    "qualify": (
        "SELECT a, b + 1 AS c FROM t x QUALIFY RANK() OVER (ORDER BY a) = 1 ORDER BY c, d DESC",
        'SELECT "qualified"."column 1" AS "a", "qualified"."column 2" AS "c" FROM (SELECT (a) AS '
        '"column 1", (b + 1) AS "column 2", (d) AS "column 3", (RANK() OVER (ORDER BY a) = 1) AS '
        '"column 4" FROM t x) AS "qualified" WHERE "qualified"."column 4" ORDER BY c, '
        '"qualified"."column 3" DESC',
    ),
    "merge": (
        "MERGE INTO t USING s x ON t.a = x.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT "
        "VALUES (x.a)",
        "MERGE INTO t USING (SELECT x.* FROM s AS x WHERE pg_redshift.unambiguous((SELECT max(n) "
        "FROM (SELECT count(*) AS n FROM t, s AS x WHERE (t.a = x.a) GROUP BY t.ctid) AS matches)))"
        " AS x ON (t.a = x.a) WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (x.a)",
    ),
    "temporary table by sign": ("SELECT a FROM #T", 'SELECT a FROM "#t"'),
    "json": (
        "SELECT JSON_EXTRACT_PATH_TEXT(a, 'b', TRUE)",
        "SELECT pg_redshift.json_extract_path_text(a, true, 'b')",
    ),
    "top": ("SELECT TOP 3 a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a LIMIT 3"),
    "top in a subquery": (
        "SELECT (SELECT TOP 1 NVL(a, 0)) FROM t",
        "SELECT (SELECT coalesce(a, 0) LIMIT 1) FROM t",
    ),
    "minus": ("SELECT a FROM t MINUS SELECT a FROM s", "SELECT a FROM t EXCEPT SELECT a FROM s"),
    "median": (
        "SELECT MEDIAN(a) FROM t",
        "SELECT pg_redshift.median(a) FROM t",
    ),
    "listagg": (
        "SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY NVL(b, 0)) FROM t",
        "SELECT pg_redshift.listagg(a, ',' ORDER BY coalesce(b, 0)) FROM t",
    ),
    "approximate count": (
        "SELECT APPROXIMATE COUNT(DISTINCT a) FROM t",
        "SELECT count(DISTINCT a) FROM t",
    ),
    "respect nulls": (
        "SELECT LAG(a) RESPECT NULLS OVER (ORDER BY b) FROM t",
        "SELECT LAG(a)  OVER (ORDER BY b) FROM t",
    ),
    "last copy": (
        "SELECT pg_last_copy_id(), pg_last_copy_count()",
        "SELECT (SELECT 7 AS pg_last_copy_id), (SELECT 8056 AS pg_last_copy_count)",
    ),
    "delete without from": ("DELETE t WHERE a = 1", "DELETE FROM t WHERE a = 1"),
    "explain": ("EXPLAIN SELECT NVL(a, 1) FROM t", "EXPLAIN SELECT coalesce(a, 1) FROM t"),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_EXPLAIN.html
    "explain create table as": (
        "EXPLAIN CREATE TABLE t DISTKEY (a) SORTKEY (a) AS SELECT NVL(b, 1) AS a FROM s",
        "EXPLAIN CREATE TABLE t AS SELECT coalesce(b, 1) AS a FROM s",
    ),
    "explain create temporary table as": (
        "EXPLAIN VERBOSE CREATE TABLE #t (a) AS (SELECT 1)",
        'EXPLAIN VERBOSE CREATE TEMP TABLE "#t" (a) AS (SELECT 1)',
    ),
    "view": (
        'CREATE VIEW "V" (a) AS SELECT LEN(b) FROM t',
        'CREATE VIEW "v" (a) AS SELECT length(b) FROM t',
    ),
    "replaced view": (
        r"""CREATE OR REPLACE VIEW v AS SELECT 'a\nb' || "C" FROM t""",
        "CALL pg_redshift.replace_view('v', "
        r"""'CREATE OR REPLACE VIEW v AS SELECT E''a\\nb'' || "c" FROM t')""",
    ),
    "named cursor of psycopg2": (
        'DECLARE "C" CURSOR WITHOUT HOLD FOR SELECT 1',
        'DECLARE "c" CURSOR FOR SELECT * FROM (SELECT 1) AS "query" '
        "WHERE pg_redshift.no_cursor_is_open()",
    ),
    "fetch": ('FETCH FORWARD 2000 FROM "C"', 'FETCH FORWARD 2000 FROM "c"'),
    "fetch all": ("fetch all from c", "FETCH ALL FROM c"),
    "close": ("close c", "CLOSE c"),
    "lock": ("LOCK a, s.b", "LOCK TABLE a, s.b IN ACCESS EXCLUSIVE MODE"),
    "begin": ("BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY", "BEGIN READ ONLY"),
    "start transaction": ("start transaction read write", "BEGIN READ WRITE"),
    "end": ("END TRANSACTION", "COMMIT"),
    "abort": ("ABORT", "ROLLBACK"),
    "drop": (
        'drop table if exists "A", b cascade',
        "CALL pg_redshift.drop_tables(ARRAY['\"a\"', 'b'], 'IF EXISTS', 'CASCADE')",
    ),
    "create schema": (
        "CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION u QUOTA 5 GB",
        "CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION u",
    ),
    "rename": ('ALTER TABLE a RENAME TO "B"', 'ALTER TABLE a RENAME TO "b"'),
    "add column": (
        "ALTER TABLE a ADD COLUMN b DECIMAL DEFAULT 1",
        "ALTER TABLE a ADD COLUMN b numeric(18,0) DEFAULT 1",
    ),
    "analyze": ("ANALYZE VERBOSE t (a) PREDICATE COLUMNS", "ANALYZE t (a)"),
    "vacuum": ("VACUUM DELETE ONLY t TO 75 PERCENT BOOST", "VACUUM t"),
    "grant": ('GRANT SELECT ON TABLE t TO "Bob"', 'GRANT SELECT ON TABLE t TO "bob"'),
    "set statement_timeout": ("SET statement_timeout TO 1000", "SET statement_timeout TO 1000"),
    "set query_group": ("set query_group = 'etl'", "SET standin.query_group TO 'etl'"),
    "set search_path": ('SET search_path TO a, "B"', 'SET search_path TO a, "b"'),
    "reset": ("RESET query_group", "SET standin.query_group TO DEFAULT"),
    "reset all": ("RESET ALL", "RESET ALL"),
    "clean-up of psycopg2": (
        "SET SESSION AUTHORIZATION DEFAULT",
        "SET SESSION AUTHORIZATION DEFAULT",
    ),
}


@pytest.mark.parametrize(("redshift", "postgres"), REWRITTEN.values(), ids=REWRITTEN)
def test_rewritten(redshift: str, postgres: str) -> None:
    assert translated(redshift) == postgres


def test_truncate_commits() -> None:
    assert plan("TRUNCATE t", FACTS) == [
        Plan("TRUNCATE TABLE t", "TRUNCATE TABLE", commits=True, tag="TRUNCATE")
    ]


def test_copy_is_left_to_the_session() -> None:
    (only,) = plan("COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto'", FACTS)
    assert (only.sql, only.is_plain) == ("", False)
    assert isinstance(only.copy, CopyCommand)


def test_statements_of_one_string_are_planned_in_order() -> None:
    plans = plan("CREATE TEMP TABLE s (LIKE t); INSERT INTO s SELECT 1;; -- end", FACTS)
    assert [only.command for only in plans] == ["CREATE TABLE", "INSERT"]


def test_nothing_is_no_plan() -> None:
    assert plan(" ; -- nothing", FACTS) == []


def test_the_session_s_facts_are_not_cached() -> None:
    sql = "SELECT pg_last_copy_id()"
    first, second = (plan(sql, SessionFacts(last_copy_id=id_))[0].sql for id_ in (1, 2))
    assert (first, second) == (
        "SELECT (SELECT 1 AS pg_last_copy_id)",
        "SELECT (SELECT 2 AS pg_last_copy_id)",
    )


def test_a_kept_translation_is_what_a_new_one_would_be() -> None:
    """Whichever session's it was, and however much of it there is to keep."""
    sql = "SELECT NVL(a, 0) FROM t"
    texts = {plan(sql, facts)[0].sql for facts in (FACTS, FACTS, SessionFacts())}
    assert texts == {"SELECT coalesce(a, 0) FROM t"}
    for number in range(2 * translate._CACHED_PLANS):
        plan(f"SELECT {number}", FACTS)
    kept = translate._plan_cached.cache_info()
    assert kept.currsize == kept.maxsize == translate._CACHED_PLANS
    plan("SELECT '" + "x" * translate._CACHED_LENGTH + "'", FACTS)
    assert translate._plan_cached.cache_info().misses == kept.misses


def test_a_column_of_a_nested_query_changes_nothing() -> None:
    """What PostgreSQL answers decides; where it cannot tell, the name stays, too."""
    sql = "SELECT n AS k FROM t WHERE EXISTS (SELECT 1 FROM u WHERE k = 1)"
    question = "SELECT * FROM u"
    with pytest.raises(ColumnsWanted) as wanted:
        plan(sql, SessionFacts())
    assert (wanted.value.query, wanted.value.is_optional) == (question, True)
    for columns in (("j", "k"), None):
        assert plan(sql, SessionFacts(known_columns={question: columns}))[0].sql == sql
    assert "LATERAL" in plan(sql, SessionFacts(known_columns={question: ("j",)}))[0].sql


FRAME = "Aggregate window functions with an ORDER BY clause require a frame clause"
LEADER = "Specified types or functions (one per INFO message) not supported on Redshift tables."
NOT_YET = " is not supported by this stand-in for Amazon Redshift"

REFUSED = {
    "on conflict": (
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "42601",
        'syntax error at or near "ON"',
    ),
    "on conflict with a target": (
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1",
        "42601",
        'syntax error at or near "ON"',
    ),
    "returning": (
        "INSERT INTO t VALUES (1) RETURNING a",
        "42601",
        'syntax error at or near "RETURNING"',
    ),
    "distinct on": (
        "SELECT DISTINCT ON (a) a FROM t",
        "0A000",
        "SELECT DISTINCT ON is not supported",
    ),
    "is distinct from": (
        "SELECT a IS DISTINCT FROM b FROM t",
        "0A000",
        "IS DISTINCT FROM is not supported",
    ),
    "for update": ("SELECT a FROM t FOR UPDATE", "0A000", "SELECT FOR UPDATE is not supported"),
    "filter": (
        "SELECT COUNT(*) FILTER (WHERE a > 1) FROM t",
        "42601",
        'syntax error at or near "("',
    ),
    "lateral": (
        "SELECT * FROM t, LATERAL (SELECT 1) x",
        "42601",
        'syntax error at or near "LATERAL"',
    ),
    "values in from": (
        "SELECT * FROM (VALUES (1)) AS v (a)",
        "42601",
        'syntax error at or near "VALUES"',
    ),
    "values alone": ("VALUES (1)", "42601", 'syntax error at or near "VALUES"'),
    "array": ("SELECT ARRAY[1, 2]", "0A000", "array constructors are not supported"),
    "any of an array": ("SELECT a = ANY ('{1}') FROM t", "0A000", "ANY (array) is not supported"),
    "row": ("SELECT ROW(1, 2)", "0A000", "row constructors are not supported"),
    "json operator": ("SELECT a -> 'b' FROM t", "42601", 'syntax error at or near "->"'),
    "containment": ("SELECT a @> b FROM t", "42883", "operator does not exist: @>"),
    "json literal": ("SELECT json '{}'", "42704", 'type "json" does not exist'),
    "uuid cast": ("SELECT a::uuid FROM t", "42704", 'type "uuid" does not exist'),
    "bytea cast": (
        "SELECT CAST(a AS bytea) FROM t",
        "0A000",
        'Expression has unsupported type "bytea".',
    ),
    "regclass on a table": (
        "SELECT 't'::regclass FROM t",
        "0A000",
        'Expression has unsupported type "regclass".',
    ),
    "string_agg": (
        "SELECT string_agg(a, ',') FROM t",
        "42883",
        "function string_agg() does not exist",
    ),
    "array_agg": ("SELECT array_agg(a) FROM t", "42883", "function array_agg() does not exist"),
    "concat of three": (
        "SELECT concat(a, b, c) FROM t",
        "42883",
        "function concat() does not exist",
    ),
    "server function by its schema": (
        "SELECT pg_catalog.pg_read_file('x')",
        "42883",
        "function pg_read_file() does not exist",
    ),
    "system column": ("SELECT t.ctid FROM t", "42703", 'column "ctid" does not exist'),
    "values in a union": ("SELECT 1 UNION VALUES (2)", "42601", 'syntax error at or near "VALUES"'),
    "only": ("DELETE FROM ONLY t", "42601", 'syntax error at or near "ONLY"'),
    "quoted function": (
        "SELECT \"string_agg\"(a, ',') FROM t",
        "42883",
        "function string_agg() does not exist",
    ),
    "calls nested too deep": (
        "SELECT " + "DATEDIFF(day, " * 500 + "a" + ", b)" * 500,
        "54001",
        "statement too complex: calls are nested too deep",
    ),
    "own function": ("SELECT s.f(a) FROM t", "42883", "function s.f() does not exist"),
    "cumulative without a frame": ("SELECT SUM(a) OVER (ORDER BY b) FROM t", "0A000", FRAME),
    "last_value without a frame": (
        "SELECT LAST_VALUE(a) OVER (PARTITION BY c ORDER BY b) FROM t",
        "0A000",
        FRAME,
    ),
    "range frame": (
        "SELECT SUM(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING) FROM t",
        "0A000",
        "RANGE in a window frame is not supported",
    ),
    "named window": (
        "SELECT SUM(a) OVER w FROM t WINDOW w AS (ORDER BY b)",
        "42601",
        'syntax error at or near "w"',
    ),
    "now on a table": ("SELECT now() FROM t", "0A000", LEADER),
    "now on a joined table": ("SELECT a FROM pg_class, t WHERE now() > ts", "0A000", LEADER),
    "now on a load view": ("SELECT now() FROM stl_load_errors", "0A000", LEADER),
    "current_timestamp into a table": ("INSERT INTO t SELECT current_timestamp", "0A000", LEADER),
    "series into a table": ("INSERT INTO t SELECT generate_series(1, 3)", "0A000", LEADER),
    "data-modifying query": (
        "WITH d AS (DELETE FROM t) SELECT 1",
        "42601",
        'syntax error at or near "DELETE"',
    ),
    "update of several columns at once": (
        "UPDATE t SET (a, b) = (1, 2)",
        "42601",
        'syntax error at or near "("',
    ),
    "fetch first": (
        "SELECT a FROM t FETCH FIRST 1 ROWS ONLY",
        "42601",
        'syntax error at or near "FETCH"',
    ),
    "unknown date part": (
        "SELECT EXTRACT(fortnight FROM ts) FROM t",
        "22023",
        'timestamp units "fortnight" not recognized',
    ),
    "create index": (
        "CREATE INDEX i ON t (a)",
        "0A000",
        'SQL command "CREATE INDEX i ON t (a)" not supported on Redshift tables.',
    ),
    "create trigger": (
        "CREATE TRIGGER x BEFORE INSERT",
        "0A000",
        'SQL command "CREATE TRIGGER x BEFORE INSERT" not supported on Redshift tables.',
    ),
    "create sequence": (
        "CREATE SEQUENCE s",
        "0A000",
        'SQL command "CREATE SEQUENCE s" not supported.',
    ),
    "create extension": (
        "CREATE EXTENSION hstore",
        "0A000",
        'SQL command "CREATE EXTENSION hstore" not supported.',
    ),
    "savepoint": ("SAVEPOINT a", "0A000", 'SQL command "SAVEPOINT a" not supported.'),
    "rollback to": (
        "ROLLBACK TO SAVEPOINT a",
        "0A000",
        'SQL command "ROLLBACK TO SAVEPOINT a" not supported.',
    ),
    "lock mode": ("LOCK TABLE t IN SHARE MODE", "42601", 'syntax error at or near "IN"'),
    "truncate of two": ("TRUNCATE a, b", "42601", 'syntax error at or near ","'),
    "explain create table": (
        "EXPLAIN CREATE TABLE t (a INT)",
        "42601",
        'syntax error at or near "INT"',
    ),
    "explain create view": (
        "EXPLAIN CREATE VIEW v AS SELECT 1",
        "42601",
        'syntax error at or near "VIEW"',
    ),
    "explain analyze": ("EXPLAIN ANALYZE SELECT 1", "42601", 'syntax error at or near "ANALYZE"'),
    "scrolling cursor": (
        "DECLARE c SCROLL CURSOR FOR SELECT 1",
        "42601",
        'syntax error at or near "SCROLL"',
    ),
    "cursor with hold": (
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "42601",
        'syntax error at or near "WITH"',
    ),
    "backward fetch": ("FETCH BACKWARD 1 FROM c", "42601", 'syntax error at or near "BACKWARD"'),
    "two added columns": (
        "ALTER TABLE t ADD COLUMN a INT, ADD COLUMN b INT",
        "42601",
        'syntax error at or near ","',
    ),
    "unknown setting": (
        "SET work_mem TO '1GB'",
        "42704",
        'unrecognized configuration parameter "work_mem"',
    ),
    "unknown statement": ("FROBNICATE t", "42601", 'syntax error at or near "FROBNICATE"'),
    "unknown object": (
        "CREATE STATISTICS s ON a, b FROM t",
        "0A000",
        f"CREATE STATISTICS{NOT_YET}",
    ),
    "create function": (
        "CREATE OR REPLACE FUNCTION f() RETURNS INT",
        "0A000",
        f"CREATE OR REPLACE FUNCTION{NOT_YET}",
    ),
    "subscript": ("SELECT a[0] FROM t", "0A000", f"a subscript{NOT_YET}"),
    "top with union": (
        "SELECT TOP 1 a FROM t UNION SELECT 1",
        "0A000",
        f"TOP together with UNION{NOT_YET}",
    ),
    "case-sensitive identifiers": (
        "SET enable_case_sensitive_identifier TO true",
        "0A000",
        f"the setting enable_case_sensitive_identifier{NOT_YET}",
    ),
}


@pytest.mark.parametrize(("sql", "sqlstate", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(sql: str, sqlstate: str, message: str) -> None:
    with pytest.raises(SqlError) as error:
        plan(sql, FACTS)
    assert (error.value.sqlstate, error.value.message) == (sqlstate, message)


# ---------------------------------------------------------------- on a real PostgreSQL


class Database:
    """Runs Redshift's SQL on PostgreSQL the way a session would."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        rows: list[tuple[Any, ...]] = []
        with self._connection.cursor() as cursor:
            for step in plan(sql, FACTS):
                cursor.execute(step.sql)
                rows = cursor.fetchall() if cursor.description else []
                for hidden in step.then:
                    cursor.execute(hidden)
        return rows

    def value(self, expression: str) -> Any:
        """The value of one expression."""
        return self.run(f"SELECT {expression}")[0][0]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    server.start()
    connection = server.connect("template1")
    system_views.install(connection)
    function_library.install(connection)
    connection.close()
    connection = server.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE dev")
    connection.close()
    yield server
    server.stop()


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """A database whose changes are undone after the test."""
    connection = postgres.connect("dev")
    yield Database(connection)
    connection.rollback()
    connection.close()


SUNDAY = "TIMESTAMP '2018-11-04 21:08:59.987654'"
MONDAY = "TIMESTAMP '2018-12-31 00:00:00'"

VALUES = {
    "hour": (f"EXTRACT(hour FROM {SUNDAY})", 21),
    "second is whole": (f"EXTRACT(s FROM {SUNDAY})", 59),
    "millisecond of the second": (f"EXTRACT(ms FROM {SUNDAY})", 987),
    "microsecond of the millisecond": (f"EXTRACT(us FROM {SUNDAY})", 654),
    "sunday is 0": (f"EXTRACT(weekday FROM {SUNDAY})", 0),
    "monday is 1": (f"EXTRACT(dayofweek FROM {MONDAY})", 1),
    "iso week": (f"EXTRACT(w FROM {MONDAY})", 1),
    "day of year": (f"EXTRACT(doy FROM {MONDAY})", 365),
    "quarter": (f"EXTRACT(qtr FROM {MONDAY})", 4),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
    "decade before 2000": ("EXTRACT(decade FROM TIMESTAMP '1999-02-16 20:38:40')", 200),
    "decade from 2000": ("EXTRACT(decade FROM TIMESTAMP '2000-02-16 20:38:40')", 201),
    "decade from 2010": ("EXTRACT(decs FROM TIMESTAMP '2010-02-16 20:38:40')", 202),
    "decade 1": ("EXTRACT(dec FROM DATE '0009-12-31')", 1),
    "decade 2": ("DATE_PART(decades, '0010-01-01')", 2.0),
    "decade of a day of its own": ("DATE_PART('decade', DATE '2008-02-29')", 201.0),
    "decade with a zone": ("PGDATE_PART(decade, TIMESTAMPTZ '2009-12-31 12:00:00+00')", 201.0),
    "m is minute": (f"EXTRACT(m FROM {SUNDAY})", 8),
    "epoch": (f"EXTRACT(epoch FROM {SUNDAY})", 1541365739),
    "extract of a date": ("EXTRACT(year FROM DATE '2018-11-04')", 2018),
    "date_part keeps fractions": (f"DATE_PART(s, {SUNDAY})", 59.987654),
    "date_part of a literal": ("DATE_PART('year', '2018-11-04')", 2018.0),
    "null": ("EXTRACT(hour FROM NULL::timestamp)", None),
    "truncated to monday": (f"DATE_TRUNC('week', {SUNDAY})", datetime.datetime(2018, 10, 29)),
    "truncated date is a timestamp": (
        "DATE_TRUNC('month', DATE '2018-11-04')",
        datetime.datetime(2018, 11, 1),
    ),
    "years counted by boundary": ("DATEDIFF(year, '2018-12-31', '2019-01-01')", 1),
    "quarters": ("DATEDIFF(qtr, '2018-12-31', '2019-01-01')", 1),
    "months backwards": ("DATEDIFF(mon, '2019-03-01', '2018-12-31')", -3),
    "weeks begin on sunday": ("DATEDIFF(week, DATE '2018-11-03', DATE '2018-11-04')", 1),
    "no week from sunday to saturday": ("DATEDIFF(week, '2018-11-04', '2018-11-10')", 0),
    "days by midnight": ("DATEDIFF(day, '2018-11-03 23:59:59', '2018-11-04 00:00:00')", 1),
    "hours": ("DATEDIFF(h, '2018-11-03 10:59', '2018-11-03 12:00')", 2),
    "seconds": ("DATEDIFF(s, '2018-11-03 10:00:00.9', '2018-11-03 10:00:01.1')", 1),
    "milliseconds": (
        "DATEDIFF(ms, '1970-01-01', TIMESTAMP '2018-11-01 21:01:46.796')",
        1541106106796,
    ),
    "hours of times": ("DATEDIFF(hr, TIME '10:59', TIME '12:00')", 2),
    "difference with null": ("DATEDIFF(day, NULL::timestamp, '2018-11-03')", None),
    "milliseconds added": (
        "DATEADD(ms, 1541106106796, '1970-01-01')",
        datetime.datetime(2018, 11, 1, 21, 1, 46, 796000),
    ),
    "date plus days is a timestamp": (
        "DATEADD(day, 1, DATE '2018-02-28')",
        datetime.datetime(2018, 3, 1),
    ),
    "month added at a month's end": (
        "DATEADD(month, 1, '2018-01-31')",
        datetime.datetime(2018, 2, 28),
    ),
    "add_months keeps the month's end": (
        "ADD_MONTHS('2018-02-28', 1)",
        datetime.datetime(2018, 3, 31),
    ),
    "last_day": ("LAST_DAY('2018-02-03')", datetime.date(2018, 2, 28)),
    "trunc of a timestamp": (f"TRUNC({SUNDAY})", datetime.date(2018, 11, 4)),
    "epoch plus seconds": (
        "TIMESTAMP 'epoch' + 1541106106796/1000 * INTERVAL '1 second'",
        datetime.datetime(2018, 11, 1, 21, 1, 46),
    ),
    "epoch plus decimal seconds": (
        "TIMESTAMP 'epoch' + 1541106106796/1000.0 * INTERVAL '1 second'",
        datetime.datetime(2018, 11, 1, 21, 1, 46, 796000),
    ),
    "time zone": (
        "CONVERT_TIMEZONE('US/Pacific', '2018-11-01 21:00')",
        datetime.datetime(2018, 11, 1, 14, 0),
    ),
    "to_char": (f"TO_CHAR({SUNDAY}, 'YYYY-MM-DD HH24:MI:SS')", "2018-11-04 21:08:59"),
    "decimal cast rounds to whole": ("(1.6)::DECIMAL", Decimal("2")),
    "concat with null": ("CONCAT('a', NULL)", None),
    "decode null": ("DECODE(NULL, NULL, 'x', 'y')", "x"),
    "nvl2": ("NVL2(NULL, 1, 2)", 2),
    "len": ("LEN('Größe')", 5),
    "charindex": ("CHARINDEX('b', 'abc')", 2),
    "split_part": ("SPLIT_PART('a.b', '.', 2)", "b"),
    "backslashes escape": (r"'a\\b'", r"a\b"),
    "every match is replaced": ("REGEXP_REPLACE('a1b2', '[0-9]', '#')", "a#b#"),
    "round of a double": ("ROUND(2.345::FLOAT8, 1)", 2.3),
    "version": ("SPLIT_PART(version(), ',', 1)", "PostgreSQL 8.0.2 on i686-pc-linux-gnu"),
    "last copy": ("pg_last_copy_count()", 8056),
}


@pytest.mark.parametrize(("expression", "value"), VALUES.values(), ids=VALUES)
def test_values(database: Database, expression: str, value: Any) -> None:
    result = database.value(expression)
    assert (result, type(result)) == (value, type(value))


# Functions that PostgreSQL's grammar knows and its catalogue does not.
GRAMMAR = frozenset({"coalesce", "exists", "greatest", "grouping", "least", "nullif", "trim"})


def test_every_function_called_by_its_own_name_exists(database: Database) -> None:
    rows = database.run("SELECT proname FROM pg_catalog.pg_proc")
    assert functions.SAME - GRAMMAR - {name for (name,) in rows} == set()


def test_a_function_is_handled_in_one_way() -> None:
    tables = (functions.SAME, functions.RENAMED, functions.REWRITTEN, functions.LEADER_ONLY)
    names = [name for table in (*tables, functions.NOT_YET) for name in table]
    assert len(names) == len(set(names))


# https://docs.aws.amazon.com/redshift/latest/dg/r_GETDATE.html
def test_getdate_and_sysdate_are_in_the_session_s_zone(database: Database) -> None:
    database.run("SET timezone TO 'Asia/Tokyo'")
    (now, started) = database.run("SELECT GETDATE(), SYSDATE")[0]
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    expected = datetime.datetime.now(tokyo).replace(tzinfo=None)
    assert now.microsecond == 0
    assert abs(expected - now) < datetime.timedelta(minutes=1)
    assert abs(expected - started) < datetime.timedelta(minutes=1)


def test_columns_are_named_after_the_functions(database: Database) -> None:
    columns = "GETDATE(), SYSDATE, EXTRACT(hour FROM SYSDATE), version(), AVG(1), LISTAGG(1, ',')"
    database.run(f"CREATE TEMP TABLE named AS SELECT {columns}, SYSDATE AS t")
    rows = database.run(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'named'::regclass AND attnum > 0"
    )
    names = ["getdate", "sysdate", "date_part", "version", "avg", "listagg", "t"]
    assert [name for (name,) in rows] == names


def test_average_of_integers_is_whole(database: Database) -> None:
    database.run("CREATE TABLE t (a INT, b BIGINT, c FLOAT, d DECIMAL(5,2), e SMALLINT)")
    database.run(
        "INSERT INTO t VALUES (1, 1, 1, 1, -1), (2, 2, 2, 2, -2), (NULL, NULL, 2, 2, NULL)"
    )
    rows = database.run("SELECT AVG(a), AVG(b), ROUND(AVG(c), 2), AVG(e), AVG(a - NULL) FROM t")
    assert rows == [(1, 1, 1.67, -1, None)]
    assert database.run(
        "SELECT DISTINCT AVG(a) OVER (PARTITION BY e IS NULL) FROM t ORDER BY 1"
    ) == [(1,), (None,)]


def test_identity_starts_where_it_is_told(database: Database) -> None:
    database.run("CREATE TABLE t (id INT IDENTITY(0,1), a INT)")
    database.run("INSERT INTO t (a) SELECT generate_series FROM (SELECT 5 AS generate_series)")
    database.run("INSERT INTO t (a) VALUES (6)")
    assert database.run("SELECT id, a FROM t ORDER BY id") == [(0, 5), (1, 6)]


def test_identity_of_another_session_goes_on_behind_a_gap(postgres: Postgres) -> None:
    """As on Redshift, nobody can take the last value plus one for the next."""
    with closing(postgres.connect("dev")) as one, closing(postgres.connect("dev")) as other:
        one.autocommit = other.autocommit = True
        first, second = Database(one), Database(other)
        first.run("CREATE TABLE gaps (id INT IDENTITY(10,2), a INT)")
        try:
            for session, value in ((first, 1), (second, 2), (first, 3)):
                session.run(f"INSERT INTO gaps (a) VALUES ({value})")
            assert first.run("SELECT id, a FROM gaps ORDER BY id") == [(10, 1), (12, 3), (210, 2)]
        finally:
            first.run("DROP TABLE gaps")


def test_an_identity_takes_no_value(database: Database) -> None:
    database.run("CREATE TABLE t (id INT IDENTITY(0,1), a INT)")
    with pytest.raises(psycopg2.errors.GeneratedAlways):
        database.run("INSERT INTO t (id, a) VALUES (1, 1)")


def test_keys_are_promises_that_nobody_enforces(database: Database) -> None:
    database.run("CREATE TABLE s (id INT PRIMARY KEY)")
    database.run("CREATE TABLE t (id INT PRIMARY KEY, s INT REFERENCES s (id), UNIQUE (s))")
    database.run("INSERT INTO t VALUES (1, 9), (1, 9)")
    assert database.run("SELECT COUNT(*) FROM t") == [(2,)]


def test_not_null_is_enforced_on_primary_keys(database: Database) -> None:
    database.run("CREATE TABLE t (id INT, PRIMARY KEY (id))")
    with pytest.raises(psycopg2.errors.NotNullViolation):
        database.run("INSERT INTO t VALUES (NULL)")


def test_a_reference_to_a_missing_table_fails(database: Database) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable, match='relation "s" does not exist'):
        database.run("CREATE TABLE t (id INT REFERENCES s (id))")


TOO_LONG = {
    "varchar by bytes": ("VARCHAR(4)", "ééé", "character varying(4)"),
    "varchar by characters": ("VARCHAR(4)", "abcde", "character varying(4)"),
    "varchar without a length": ("VARCHAR", "é" * 129, "character varying(256)"),
    "char takes single bytes only": ("CHAR(4)", "é", "character(4)"),
}


@pytest.mark.parametrize(("column_type", "text", "limit"), TOO_LONG.values(), ids=TOO_LONG)
def test_lengths_are_bytes(database: Database, column_type: str, text: str, limit: str) -> None:
    database.run(f"CREATE TEMP TABLE s (a {column_type})")
    database.run("CREATE TEMP TABLE t (LIKE s)")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation) as error:
        database.run(f"INSERT INTO t VALUES ('{text}')")
    assert error.value.diag.message_primary == f"value too long for type {limit}"


def test_what_fits_in_bytes_is_taken(database: Database) -> None:
    database.run("CREATE TEMP TABLE t (a VARCHAR(4), b CHAR(4))")
    database.run("INSERT INTO t VALUES ('éé', 'ab'), (NULL, NULL), ('abcd    ', 'abcd  ')")
    assert database.run("SELECT LEN(a), LEN(b) FROM t ORDER BY a") == [(4, 4), (2, 2), (None, None)]


STATEMENTS = {
    "schema": "CREATE SCHEMA s; CREATE TABLE s.t (a INT); DROP SCHEMA s CASCADE",
    "settings": (
        "SET query_group TO 'x'; RESET query_group; SET search_path TO public; SHOW search_path"
    ),
    "reset of a setting never set": "RESET wlm_query_slot_count; SHOW wlm_query_slot_count",
    "isolation as old drivers set it": "SET default_transaction_isolation TO 'serializable'",
    "lock": "CREATE TABLE a (x INT); CREATE TABLE b (x INT); LOCK a, b",
    "cursor": (
        "DECLARE c CURSOR FOR SELECT 1; FETCH FORWARD 10 FROM c; FETCH NEXT FROM c; FETCH c; "
        "CLOSE c"
    ),
    "sort keys": (
        "CREATE TABLE t (a TIMESTAMP SORTKEY, b VARCHAR(10)); CREATE TABLE u (a INT, b "
        "VARCHAR) COMPOUND SORTKEY (b, a)"
    ),
    "view": (
        "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT TOP 1 a FROM t; SELECT * FROM v; "
        "DROP VIEW v"
    ),
    "alter": (
        "CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN b VARCHAR; ALTER TABLE t RENAME "
        'COLUMN b TO "C"; ALTER TABLE t DROP COLUMN c'
    ),
    "made from a query": (
        "CREATE TABLE t DISTKEY (a) SORTKEY (b) BACKUP NO AS SELECT 1 AS a, TRUE AS b; "
        "ANALYZE t; TRUNCATE t"
    ),
    "listagg": "SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY a) FROM (SELECT 1 AS a) t",
    "default": (
        "CREATE TABLE t (a INT, b TIMESTAMP DEFAULT SYSDATE, c TIMESTAMP DEFAULT GETDATE()); "
        "INSERT INTO t (a) VALUES (1)"
    ),
    "grant": (
        "CREATE TABLE t (a INT); GRANT SELECT ON t TO PUBLIC; REVOKE ALL ON TABLE t FROM "
        "PUBLIC; COMMENT ON TABLE t IS 'x'"
    ),
    "current user": "SELECT CURRENT_USER, CURRENT_USER_ID, current_database()",
    "explain": (
        "EXPLAIN VERBOSE SELECT MEDIAN(a), APPROXIMATE COUNT(DISTINCT a) FROM (SELECT 1 AS a) t"
    ),
    "explain create table as": (
        "EXPLAIN CREATE TABLE t SORTKEY (a) AS SELECT LISTAGG(a) AS a FROM (SELECT 1 AS a) s; "
        "EXPLAIN CREATE TABLE #t AS SELECT 1 AS a; CREATE TABLE t (a INT)"
    ),
}


@pytest.mark.parametrize("sql", STATEMENTS.values(), ids=STATEMENTS)
def test_postgresql_understands(database: Database, sql: str) -> None:
    database.run(sql)


def test_shown_settings_are_those_that_were_set(database: Database) -> None:
    assert database.run("SHOW query_group") == [("default",)]
    assert database.run("SET query_group TO 'etl'; SHOW query_group") == [("etl",)]
    assert database.run("RESET ALL; SHOW query_group") == [("default",)]
    assert database.run("SHOW server_version") == [("8.0.2",)]
