"""What Redshift accepts and refuses, over the wire: statements with their rows or their errors."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from conftest import PASSWORD, module_project

import retries
from standin import Standin
from standin.dialect.known_columns import ColumnsWanted
from standin.dialect.lexer import tokenize
from standin.dialect.translate import SessionFacts, plan
from standin.sqlerror import SqlError

D, T = datetime.date, datetime.datetime
SETUP = """
CREATE TABLE events (ts BIGINT, user_id INT, level VARCHAR, song VARCHAR, length DECIMAL(10,2),
                     text_ts VARCHAR, page VARCHAR);
INSERT INTO events VALUES
  (1541106106796, 1, 'free', 'Blue', 200.50, '1541106106796', 'NextSong'),
  (1541106306796, 1, 'free', 'Red', 180.25, '1541106306796', 'NextSong'),
  (1541192506796, 1, 'paid', 'Blue', 240.00, '1541192506796', 'NextSong'),
  (1541106400000, 2, 'free', 'Blue', 199.00, '1541106400000', 'NextSong'),
  (1541106500000, NULL, 'free', NULL, NULL, '1541106500000', 'Home');
CREATE TABLE users (user_id INT PRIMARY KEY, name VARCHAR, level VARCHAR);
INSERT INTO users VALUES (1, 'Ada', 'paid'), (2, 'Ben', 'free'), (3, 'Cid', 'free');
CREATE TABLE songs (song_id VARCHAR, title VARCHAR, year INT);
INSERT INTO songs VALUES ('SO1', 'Blue', 2001), ('SO2', 'Red', 0);
CREATE TABLE moments (at TIMESTAMP, day DATE);
INSERT INTO moments VALUES ('2018-11-04 21:08:59.987654', '2018-11-04');
CREATE TABLE numbers (n INT, s VARCHAR(10));
INSERT INTO numbers VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'd');
"""

EPOCH = "TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second'"
PLAYED = T(2018, 11, 1, 21, 1, 46)
ALL = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"

ALIASES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "in a later item": ("SELECT n AS k, k + 1 FROM numbers WHERE n = 1", [(1, 2)]),
    "in a function": (
        f"SELECT {EPOCH} AS start_time, EXTRACT(hour FROM start_time) FROM events LIMIT 1",
        [(PLAYED, 21)],
    ),
    "through an alias": ("SELECT n AS a, a + 1 AS b, b * 2 FROM numbers WHERE n = 1", [(1, 2, 4)]),
    "without FROM": ("SELECT 1 AS a, a + 1 AS b, a + b", [(1, 2, 3)]),
    "without AS": ("SELECT n k, k * 2 d, d + k FROM numbers WHERE n = 2", [(2, 4, 6)]),
    "a column of FROM wins": ("SELECT 10 AS n, n + 1 FROM numbers WHERE n = 1", [(10, 2)]),
    "a column of another relation wins": (
        "SELECT u.user_id AS year, year + 1 FROM users u, songs WHERE user_id = 3 AND year > 0",
        [(3, 2002)],
    ),
    "a column of a derived table wins": (
        "SELECT 7 AS x, x FROM (SELECT 5 AS x) AS d",
        [(7, 5)],
    ),
    "a column wins in WHERE": (
        "SELECT user_id + 1 AS user_id FROM users WHERE user_id = 1",
        [(2,)],
    ),
    "a column that the item reads wins": (
        "SELECT UPPER(level) AS level, level = 'paid' FROM users WHERE user_id = 1",
        [("PAID", True)],
    ),
    "a column wins inside an aggregate": (
        "SELECT 2 AS n, SUM(n) FROM numbers",
        [(2, 10)],
    ),
    "in WHERE": ("SELECT n * 2 AS twice FROM numbers WHERE twice > 6", [(8,)]),
    "in WHERE with row values": (
        "SELECT user_id AS u, level AS l FROM users WHERE (u, l) NOT IN "
        "(SELECT user_id, level FROM events WHERE user_id IS NOT NULL) ORDER BY u",
        [(3, "free")],
    ),
    "in WHERE with BETWEEN": ("SELECT n AS k FROM numbers WHERE k BETWEEN 2 AND 3 ORDER BY k",
                              [(2,), (3,)]),
    "in WHERE of a comma join": (
        "SELECT u.name AS who, song AS what FROM users u, events e "
        "WHERE u.user_id = e.user_id AND who = 'Ben' AND what = 'Blue'",
        [("Ben", "Blue")],
    ),
    "not in a subquery of WHERE": (
        "SELECT n AS title FROM numbers WHERE s IN (SELECT 'a' FROM songs WHERE title = 'Blue')",
        [(1,)],
    ),
    "in GROUP BY": (
        "SELECT level AS l, COUNT(*) FROM users GROUP BY l ORDER BY l",
        [("free", 2), ("paid", 1)],
    ),
    "in HAVING": (
        "SELECT level AS l, COUNT(*) AS c FROM users GROUP BY l HAVING c > 1",
        [("free", 2)],
    ),
    "of an aggregate": ("SELECT COUNT(*) AS c, c * 2 FROM users", [(3, 6)]),
    "of a grouping expression": (
        "SELECT n % 2 AS odd, odd + 1, COUNT(*) FROM numbers GROUP BY 1 ORDER BY 1",
        [(0, 1, 2), (1, 2, 2)],
    ),
    "inside an aggregate": ("SELECT n * 2 AS d, SUM(d) FROM numbers GROUP BY d ORDER BY 1 LIMIT 1",
                            [(2, 2)]),
    "in a window": (
        "SELECT level AS l, COUNT(*) AS c, RANK() OVER (ORDER BY c DESC) FROM users GROUP BY l "
        "ORDER BY 1",
        [("free", 2, 1), ("paid", 1, 2)],
    ),
    "of a window": (
        "SELECT ROW_NUMBER() OVER (ORDER BY n) AS rn, rn * 10 FROM numbers ORDER BY 1 LIMIT 1",
        [(1, 10)],
    ),
    "of a CASE": (
        "SELECT CASE WHEN n > 2 THEN 'big' ELSE 'small' END AS size, size || '!' FROM numbers "
        "WHERE n = 3",
        [("big", "big!")],
    ),
    "of a subquery": ("SELECT (SELECT MAX(n) FROM numbers) AS m, m + 1", [(4, 5)]),
    "next to a star": ("SELECT *, n + 1 AS m, m + 1 FROM numbers WHERE n = 1", [(1, "a", 2, 3)]),
    "next to a star over USING": (
        "SELECT *, title || '!' AS t, t FROM songs JOIN (SELECT 'SO1' AS song_id) d "
        "USING (song_id)",
        [("SO1", "Blue", 2001, "Blue!", "Blue!")],
    ),
    "in a common table expression": (
        "WITH c AS (SELECT n AS k, k * k AS q FROM numbers) SELECT SUM(q) FROM c",
        [(30,)],
    ),
    "in a derived table": ("SELECT MAX(q) FROM (SELECT n AS k, k * k AS q FROM numbers)", [(16,)]),
    "in both halves of a union": (
        "SELECT n AS k, k + 1 FROM numbers WHERE k = 1 UNION SELECT n AS j, j + 2 FROM numbers "
        "WHERE j = 2 ORDER BY 1",
        [(1, 2), (2, 4)],
    ),
    "named like a date part": (
        "SELECT DATE_PART(day, at) AS day, EXTRACT(month FROM at) AS month, "
        "DATEDIFF(month, at, at) "
        "FROM moments",
        [(4.0, 11, 0)],
    ),
    "named like a type": ("SELECT at::date AS date, EXTRACT(dow FROM date) FROM moments",
                          [(D(2018, 11, 4), 0)]),
    "named timestamp": (
        "SELECT TIMESTAMP 'epoch' + 90000 * INTERVAL '1 second' AS timestamp, "
        "EXTRACT(hour FROM \"timestamp\"), \"timestamp\"::timestamp without time zone = "
        "\"timestamp\", CAST('1970-01-02' AS timestamp) < CONVERT(timestamp, '1970-01-03'), "
        "TIMESTAMP WITH TIME ZONE 'epoch' < \"timestamp\" "
        "FROM moments WHERE \"timestamp\" > '1970-01-02'",
        [(T(1970, 1, 2, 1), 1, True, True, True)],
    ),
    "keeps its name": ("SELECT k FROM (SELECT n AS k, k FROM numbers) AS d (j, k) WHERE j = 1",
                       [(1,)]),
    "quoted": ('SELECT n AS "Key", "KEY" + key FROM numbers WHERE n = 1', [(1, 2)]),
    "named without AS like a date part": (
        "SELECT EXTRACT(hour FROM at) hour, hour + 1 day, 'x' second, INTERVAL '1' year IS NULL "
        "month FROM moments",
        [(21, 22, "x", False)],
    ),
    "named without AS in a derived table": (
        "SELECT year, n year FROM (SELECT 2018 year), numbers WHERE n = 1",
        [(2018, 1)],
    ),
    "of a NULL": ("SELECT NULL AS nothing, COALESCE(nothing, n) FROM numbers WHERE n = 1",
                  [(None, 1)]),
    "over an outer join": (
        "SELECT u.name AS who, NVL(e.song, 'none') AS what, who || what FROM users u "
        "LEFT JOIN events e ON u.user_id = e.user_id WHERE what = 'none'",
        [("Cid", "none", "Cidnone")],
    ),
    "over a join tree": (
        "SELECT a.n AS x, x + y FROM ((SELECT n FROM numbers) AS a JOIN (SELECT 1 AS y) AS b "
        "ON a.n = b.y)",
        [(1, 2)],
    ),
    "in a view that is replaced": (
        "CREATE VIEW v AS SELECT n AS k, s AS m FROM numbers; CREATE OR REPLACE VIEW v AS "
        r"SELECT n + 1 AS k, ('a\nb' || s)::VARCHAR(10) AS m FROM numbers; SELECT * FROM v "
        "WHERE k = 2",
        [(2, "a\nba")],
    ),
    "in a view": (
        "CREATE VIEW v AS SELECT n AS k, k + 1 AS m FROM numbers; SELECT MAX(m) FROM v",
        [(5,)],
    ),
    "in an insert": (
        "CREATE TABLE t (a INT, b INT); INSERT INTO t SELECT n AS k, k * 10 FROM numbers "
        "WHERE k = 2"
        "; SELECT * FROM t",
        [(2, 20)],
    ),
    "in a nested query": (
        "SELECT user_id AS uid, ts FROM events WHERE ts = (SELECT MAX(ts) FROM events "
        "WHERE user_id = uid) ORDER BY uid",
        [(1, 1541192506796), (2, 1541106400000)],
    ),
    "in a nested query beside its own columns": (
        "SELECT n AS user_id FROM numbers WHERE NOT EXISTS (SELECT 1 FROM users "
        "WHERE user_id = n) ORDER BY 1",
        [(4,)],
    ),
    "in a nested query of the list": (
        "SELECT user_id AS uid, (SELECT name FROM users WHERE user_id = uid) AS who, who || '!' "
        "FROM events WHERE song = 'Red'",
        [(1, "Ada", "Ada!")],
    ),
    "in a nested query without FROM": (
        "SELECT name AS a, level AS b, (SELECT a || b) FROM users WHERE user_id = 1",
        [("Ada", "paid", "Adapaid")],
    ),
    "in a nested query, of a number": (
        "SELECT 1 AS a, (SELECT COUNT(*) FROM numbers WHERE n > a)", [(1, 3)],
    ),
    "in a nested query beside groups": (
        "SELECT user_id AS uid, COUNT(*), (SELECT MAX(name) FROM users WHERE user_id = uid) "
        "FROM events WHERE uid > 0 GROUP BY user_id ORDER BY 1",
        [(1, 3, "Ada"), (2, 1, "Ben")],
    ),
    "in a nested query beside a grouped alias": (
        "SELECT user_id AS uid, (SELECT MAX(name) FROM users WHERE user_id = uid), COUNT(*) "
        "FROM events GROUP BY uid ORDER BY 1",
        [(1, "Ada", 3), (2, "Ben", 1), (None, None, 1)],
    ),
    "in a nested query over WITH": (
        "WITH c (k, l) AS (SELECT n, s FROM numbers), d AS (SELECT k AS m FROM c) "
        "SELECT user_id AS k, user_id AS z FROM users WHERE EXISTS "
        "(SELECT 1 FROM d JOIN c ON k = m WHERE k = z AND z > 1) AND k < 3",
        [(2, 2)],
    ),
    "in a nested query inside of WITH": (
        "WITH a AS (SELECT n AS k FROM numbers WHERE EXISTS (SELECT 1 FROM users "
        "WHERE user_id = k)), b AS (SELECT k + 1 AS j FROM a) SELECT MAX(j) FROM b",
        [(4,)],
    ),
    "in a nested query that groups by its own": (
        "SELECT n AS z, n IN (SELECT LEN(name) AS z FROM users GROUP BY z) FROM numbers "
        "WHERE n > 2 ORDER BY 1",
        [(3, True), (4, False)],
    ),
    "in a nested query over a derived table": (
        "SELECT *, n AS z FROM numbers WHERE 2 = (SELECT 1 + one FROM (SELECT 1 AS one) "
        "WHERE one = z)",
        [(1, "a", 1)],
    ),
    "in a nested query with aliases of its own": (
        "SELECT n AS z, (SELECT z + 1 AS y FROM users WHERE y = 2 AND user_id = z) FROM numbers "
        "WHERE n = 1",
        [(1, 2)],
    ),
    "in a nested query over a table of the same string": (
        "CREATE TEMP TABLE x (user_id INT); INSERT INTO x VALUES (2); "
        "SELECT n AS user_id FROM numbers WHERE n NOT IN (SELECT user_id FROM x) ORDER BY n",
        [(1,), (3,), (4,)],
    ),
    "in a nested query of a view": (
        "CREATE VIEW v AS SELECT user_id AS uid FROM events WHERE ts = (SELECT MAX(ts) "
        "FROM events WHERE user_id = uid); SELECT COUNT(*) FROM v",
        [(2,)],
    ),
}  # fmt: skip

PADDED = (
    "CREATE TABLE p (v VARCHAR(9) SORTKEY, c CHAR(5)); "
    "INSERT INTO p VALUES ('a', 'a'), ('a  ', 'a'), ('b ', 'b'), (' b', 'c'); "
)
QUERIES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "trailing blanks in comparisons": (
        PADDED + "SELECT LEN(v), v = 'a', v <> 'a', v < 'a', v IN ('a', 'z'), v LIKE 'a', "
        "v = c, c = v, v = LOWER('A '), DECODE(v, 'a', 1), NULLIF(v, 'a') FROM p WHERE v = 'a' "
        "ORDER BY 1",
        [(1, True, False, False, True, True, True, True, True, 1, None),
         (3, True, False, False, True, False, True, True, True, 1, None)],
    ),
    "trailing blanks in joins and sets": (
        PADDED + "SELECT COUNT(*), COUNT(DISTINCT v), (SELECT COUNT(*) FROM p x JOIN p y "
        "ON x.v = y.v), (SELECT COUNT(*) FROM p x JOIN p y ON x.v = y.c), (SELECT COUNT(*) FROM p "
        "x JOIN p y ON x.v = LOWER(y.v)), (SELECT COUNT(*) FROM (SELECT v FROM p UNION SELECT v "
        "|| ' ' FROM p WHERE v = 'b')), (SELECT COUNT(*) FROM p WHERE v NOT IN (SELECT c FROM p)) "
        "FROM p",
        [(4, 3, 6, 5, 6, 3, 1)],
    ),
    "trailing blanks in groups and windows": (
        PADDED + "SELECT TRIM(v), COUNT(*), MAX(c) FROM p GROUP BY v ORDER BY v",
        [("b", 1, "c    "), ("a", 2, "a    "), ("b", 1, "b    ")],
    ),
    "names of the catalogue and text": (
        "SELECT tablename = 'users'::VARCHAR, 'users'::VARCHAR(9) <= tablename FROM pg_tables "
        "WHERE tablename = 'users' AND schemaname = 'public'",
        [(True, True)],
    ),
    "derived table without an alias": (
        "SELECT n FROM (SELECT n, ROW_NUMBER() OVER (ORDER BY n DESC) AS rn FROM numbers) "
        "WHERE rn = 1",
        [(4,)],
    ),
    "join tree": (
        "SELECT a.n FROM ((SELECT n FROM numbers) AS a JOIN (SELECT 2 AS m) AS b ON a.n = b.m)",
        [(2,)],
    ),
    "natural join": ("SELECT COUNT(*) FROM events NATURAL JOIN users", [(2,)]),
    "using": ("SELECT user_id, COUNT(*) FROM events JOIN users USING (user_id) GROUP BY 1 "
              "ORDER BY 1", [(1, 3), (2, 1)]),
    "full join": (
        "SELECT COUNT(*) FROM users u FULL JOIN events e ON u.user_id = e.user_id",
        [(6,)],
    ),
    "cross join": ("SELECT COUNT(*) FROM users CROSS JOIN songs", [(6,)]),
    "row value in": (
        "SELECT name FROM users WHERE (user_id, level) IN (SELECT user_id, level FROM events)"
        " ORDER BY 1",
        [("Ada",), ("Ben",)],
    ),
    "row value equals": ("SELECT name FROM users WHERE (user_id, level) = (1, 'paid')", [("Ada",)]),
    "exists": (
        "SELECT name FROM users u WHERE NOT EXISTS "
        "(SELECT 1 FROM events e WHERE e.user_id = u.user_id)",
        [("Cid",)],
    ),
    "minus": ("SELECT user_id FROM users MINUS SELECT user_id FROM events", [(3,)]),
    "intersect": ("SELECT level FROM users INTERSECT SELECT level FROM events ORDER BY 1",
                  [("free",), ("paid",)]),
    "top": ("SELECT TOP 2 n FROM numbers ORDER BY n DESC", [(4,), (3,)]),
    "top distinct": ("SELECT DISTINCT TOP 1 level FROM users ORDER BY level", [("free",)]),
    "limit and offset": ("SELECT n FROM numbers ORDER BY n LIMIT 1 OFFSET 2", [(3,)]),
    "distinct with parentheses": ("SELECT DISTINCT(level), COUNT(*) FROM users GROUP BY 1 "
                                  "ORDER BY 1", [("free", 2), ("paid", 1)]),
    "group by positions": ("SELECT level, COUNT(*) FROM users GROUP BY 1 ORDER BY 2 DESC",
                           [("free", 2), ("paid", 1)]),
    "group by all": (
        "SELECT level, n % 2 AS odd, COUNT(*) + 1, SUM(n) FROM numbers, users GROUP BY ALL "
        "HAVING SUM(n) > 4 ORDER BY 1, 2",
        [("free", 0, 5, 12), ("free", 1, 5, 8), ("paid", 0, 3, 6)],
    ),
    "group by all without keys": (
        "SELECT MAX(c) FROM (SELECT COUNT(*) AS c FROM users GROUP BY ALL)",
        [(3,)],
    ),
    "exclude": ("SELECT * EXCLUDE (s) FROM numbers ORDER BY s DESC NULLS LAST LIMIT 2",
                [(4,), (2,)]),
    "exclude of a join": (
        "SELECT u.*, n EXCLUDE (name, n) FROM users u JOIN numbers ON n = user_id ORDER BY 1",
        [(1, "paid"), (2, "free"), (3, "free")],
    ),
    "exclude of doubles": (
        "SELECT DISTINCT * EXCLUDE user_id FROM (SELECT * EXCLUDE name FROM users) ORDER BY 1",
        [("free",), ("paid",)],
    ),
    "exclude in a union": (
        "SELECT * EXCLUDE (s) FROM numbers WHERE n < 3 UNION ALL SELECT user_id FROM users "
        "WHERE user_id = 3",
        [(1,), (2,), (3,)],
    ),
    "exclude as a name": ("SELECT n exclude, exclude.s FROM numbers exclude WHERE n = 1",
                          [(1, "a")]),
    "pivot": (
        "SELECT * FROM (SELECT level, song, ts FROM events) "
        "PIVOT (COUNT(ts) FOR song IN ('Blue', 'Red', NULL AS none)) ORDER BY level",
        [("free", 2, 1, 1), ("paid", 1, 0, 0)],
    ),
    "pivot of a table": (
        'SELECT a.level, a."ada" FROM users PIVOT (COUNT(user_id) FOR name IN (\'Ada\')) AS a '
        "JOIN numbers ON n = 1 ORDER BY 1",
        [("free", 0), ("paid", 1)],
    ),
    "pivot of several aggregates": (
        "SELECT f_longest, paid_longest, f_n, paid_n FROM (SELECT level, length FROM events) "
        "PIVOT (MAX(length) AS longest, COUNT(*) AS n FOR level IN ('free' AS f, 'paid'))",
        [(Decimal("200.50"), Decimal("240.00"), 4, 1)],
    ),
    "pivot with an alias beside": (
        "SELECT p.free + p.paid AS total, total * 2 FROM (SELECT level FROM users) "
        "PIVOT (COUNT(*) FOR level IN ('free', 'paid')) AS p",
        [(3, 6)],
    ),
    "unpivot": (
        "SELECT * FROM (SELECT 1 AS red, 2 AS green, NULL::INT AS blue, 'k' AS k) "
        "UNPIVOT (cnt FOR color IN (red, green AS 'verde', blue)) ORDER BY cnt",
        [("k", "red", 1), ("k", "verde", 2)],
    ),
    "unpivot with nulls": (
        "SELECT u.color, cnt FROM (SELECT 1 AS red, NULL::INT AS blue) "
        "UNPIVOT INCLUDE NULLS (cnt FOR color IN (red, blue)) u ORDER BY color",
        [("blue", None), ("red", 1)],
    ),
    "oid of a catalogue beside other views": (
        "SELECT c.oid = t.table_id, pg_namespace.oid = c.relnamespace "
        "FROM pg_catalog.pg_class AS c "
        'JOIN svv_table_info t ON t."table" = c.relname, pg_namespace '
        "WHERE c.relname = 'users' AND nspname = 'public'",
        [(True, True)],
    ),
    "rollup": ("SELECT level, COUNT(*) FROM users GROUP BY ROLLUP (level) ORDER BY 1 NULLS LAST",
               [("free", 2), ("paid", 1), (None, 3)]),
    "nulls come last": ("SELECT s FROM numbers ORDER BY s DESC LIMIT 1", [(None,)]),
    "recursive": (
        "WITH RECURSIVE r (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM r WHERE k < 4) "
        "SELECT SUM(k) FROM r",
        [(10,)],
    ),
    "case": ("SELECT CASE n WHEN 1 THEN 'one' ELSE 'more' END FROM numbers ORDER BY n LIMIT 1",
             [("one",)]),
    "is true in a condition": ("SELECT COUNT(*) FROM numbers WHERE (n > 2) IS TRUE", [(2,)]),
    "isnull as an operator": ("SELECT n FROM numbers WHERE s ISNULL", [(3,)]),
    "similar to": ("SELECT title FROM songs WHERE title SIMILAR TO '(Bl|Gr)%'", [("Blue",)]),
    "regular expression": ("SELECT title FROM songs WHERE title ~* '^b' AND title !~ 'x'",
                           [("Blue",)]),
    "ilike": ("SELECT title FROM songs WHERE title ILIKE 'RE_'", [("Red",)]),
    "folded names": ('SELECT "Title", TITLE FROM "Songs" WHERE "YEAR" = 0', [("Red", "Red")]),
    "names with schema and database": (
        "SELECT COUNT(*) FROM {database}.public.users, public.songs",
        [(6,)],
    ),
    "common table expression used twice": (
        "WITH c AS (SELECT n FROM numbers) SELECT COUNT(*) FROM c a, c b",
        [(16,)],
    ),
    "scalar subquery": ("SELECT name, (SELECT COUNT(*) FROM events e WHERE e.user_id = u.user_id)"
                        " FROM users u ORDER BY 1 LIMIT 1", [("Ada", 3)]),
    "cast of a decimal": ("SELECT 2.5::DECIMAL, 2.345::DECIMAL(5,2)",
                          [(Decimal("3"), Decimal("2.35"))]),
    "whole division": ("SELECT 7 / 2, 7 / 2.0 > 3, -7 / 2, 7 % 4", [(3, True, -3, 3)]),
    "operators": ("SELECT 2 ^ 3, |/ 16, @ -5, 6 & 3, 6 | 1, 5 # 3, 1 << 3",
                  [(8.0, 4.0, 5, 2, 7, 6, 8)]),
}  # fmt: skip

WINDOWS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "framed sum": (
        "SELECT n, SUM(n) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) FROM numbers ORDER BY 1",
        [(1, 1), (2, 3), (3, 6), (4, 10)],
    ),
    "running averages": (
        "SELECT n, AVG(n) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING), "
        "AVG(n * 1.00) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING), "
        "AVG(n * 1.0) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) "
        "FROM numbers ORDER BY 1",
        [(1, 1, 1, 1), (2, 1, Decimal("1.5"), Decimal("1.5")), (3, 2, 2, Decimal("2.5")),
         (4, 2, Decimal("2.5"), Decimal("3.5"))],
    ),
    "sum without order": ("SELECT n, SUM(n) OVER () FROM numbers ORDER BY 1 LIMIT 1", [(1, 10)]),
    "count over a partition": (
        "SELECT DISTINCT level, COUNT(*) OVER (PARTITION BY level) FROM users ORDER BY 1",
        [("free", 2), ("paid", 1)],
    ),
    "lag": ("SELECT n, LAG(n, 1) OVER (ORDER BY n) FROM numbers ORDER BY 1 LIMIT 2",
            [(1, None), (2, 1)]),
    "first_value": (
        f"SELECT DISTINCT FIRST_VALUE(level) OVER (PARTITION BY user_id ORDER BY ts DESC {ALL}) "
        "FROM events WHERE user_id = 1",
        [("paid",)],
    ),
    "last_value": (
        f"SELECT DISTINCT LAST_VALUE(song) OVER (ORDER BY ts NULLS LAST {ALL}) FROM events "
        "WHERE user_id = 1",
        [("Blue",)],
    ),
    "nulls ignored inside": (
        f"SELECT DISTINCT LAST_VALUE(s IGNORE NULLS) OVER (ORDER BY n {ALL}) FROM numbers "
        "WHERE n < 4",
        [("b",)],
    ),
    "nulls ignored behind": (
        f"SELECT DISTINCT FIRST_VALUE(s) IGNORE NULLS OVER (ORDER BY n DESC {ALL}) FROM numbers "
        "WHERE n < 4",
        [("b",)],
    ),
    "nulls respected": (
        f"SELECT DISTINCT FIRST_VALUE(s) RESPECT NULLS OVER (ORDER BY n DESC {ALL}) FROM numbers "
        "WHERE n < 4",
        [(None,)],
    ),
    "ratio_to_report": (
        "SELECT n, RATIO_TO_REPORT(n) OVER (PARTITION BY n % 2) FROM numbers ORDER BY 1 LIMIT 2",
        [(1, 0.25), (2, 0.333333333333333)],
    ),
    "ratio of a count": (
        "SELECT level, RATIO_TO_REPORT(COUNT(*)) OVER () FROM events GROUP BY level ORDER BY 1",
        [("free", 0.8), ("paid", 0.2)],
    ),
    "ntile": ("SELECT n, NTILE(2) OVER (ORDER BY n) FROM numbers ORDER BY 1",
              [(1, 1), (2, 1), (3, 2), (4, 2)]),
    "percent_rank": ("SELECT PERCENT_RANK() OVER (ORDER BY n) FROM numbers ORDER BY 1 DESC LIMIT 1",
                     [(1.0,)]),
    "qualify": (
        "SELECT user_id, song FROM events e WHERE user_id > 0 "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC) = 1 ORDER BY user_id",
        [(1, "Blue"), (2, "Blue")],
    ),
    "qualify by an alias": (
        "SELECT n, ROW_NUMBER() OVER (ORDER BY n DESC) AS rn FROM numbers x QUALIFY rn = 2",
        [(3, 2)],
    ),
    "qualify with a star": (
        "SELECT * FROM numbers AS x QUALIFY RANK() OVER (ORDER BY n) = 1",
        [(1, "a")],
    ),
    "qualify with the star of a relation": (
        "SELECT s.*, u.name FROM songs s, users u WHERE year > 0 "
        "QUALIFY RANK() OVER (ORDER BY name) = 1",
        [("SO1", "Blue", 2001, "Ada")],
    ),
    "qualify behind groups": (
        "SELECT level, COUNT(*) AS c FROM users x GROUP BY level "
        "QUALIFY RANK() OVER (ORDER BY COUNT(*) DESC) = 1",
        [("free", 2)],
    ),
    "qualify distinct in another order": (
        "SELECT TOP 2 n FROM numbers x QUALIFY COUNT(*) OVER () = 4 ORDER BY s DESC NULLS LAST, 1",
        [(4,), (2,)],
    ),
    "qualify in a derived table": (
        "SELECT COUNT(*) FROM (SELECT n FROM numbers x QUALIFY NTILE(2) OVER (ORDER BY n) = 1)",
        [(2,)],
    ),
}  # fmt: skip

AT = "TIMESTAMP '2018-11-04 21:08:59.987654'"
FUNCTIONS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "timeofday": (
        "SELECT REGEXP_COUNT(TIMEOFDAY(), '^[A-Z][a-z]{2} [A-Z][a-z]{2} [0-9]{2} [0-9:]{8}"
        "[.][0-9]{6} [0-9]{4} UTC$')",
        [(1,)],
    ),
    "nvl and nvl2": ("SELECT NVL(s, '-'), NVL2(s, 1, 0) FROM numbers WHERE n = 3", [("-", 0)]),
    "isnull": ("SELECT ISNULL(s, 'none') FROM numbers WHERE n = 3", [("none",)]),
    "coalesce and nullif": ("SELECT COALESCE(NULLIF(year, 0), -1) FROM songs ORDER BY 1",
                            [(-1,), (2001,)]),
    "decode": ("SELECT DECODE(s, 'a', 1, NULL, 2, 3) FROM numbers ORDER BY n",
               [(1,), (3,), (2,), (3,)]),
    "greatest ignores null": ("SELECT GREATEST(1, NULL, 3), LEAST(2, 1)", [(3, 1)]),
    "weekdays": (
        "SELECT EXTRACT(weekday FROM at), EXTRACT(dow FROM at), EXTRACT(dayofweek FROM at), "
        "EXTRACT(dw FROM at) FROM moments",
        [(0, 0, 0, 0)],
    ),
    "hours": ("SELECT EXTRACT(h FROM at), EXTRACT(hr FROM at), EXTRACT(hrs FROM at), "
              "EXTRACT(hour FROM at) FROM moments", [(21, 21, 21, 21)]),
    "days": ("SELECT EXTRACT(d FROM at), EXTRACT(day FROM at), EXTRACT(dayofyear FROM at) "
             "FROM moments", [(4, 4, 308)]),
    "weeks": ("SELECT EXTRACT(w FROM at), EXTRACT(week FROM at), EXTRACT(weeks FROM at) "
              "FROM moments", [(44, 44, 44)]),
    "months": ("SELECT EXTRACT(mon FROM at), EXTRACT(mons FROM at), EXTRACT(month FROM at) "
               "FROM moments", [(11, 11, 11)]),
    "years": ("SELECT EXTRACT(y FROM at), EXTRACT(yr FROM at), EXTRACT(yrs FROM at) FROM moments",
              [(2018, 2018, 2018)]),
    "quoted part": ("SELECT EXTRACT('year' FROM at), DATE_PART('hour', at) FROM moments",
                    [(2018, 21.0)]),
    "datepart": ("SELECT DATEPART(h, at), DATE_PART(mon, day) FROM moments", [(21.0, 11.0)]),
    "epoch with whole seconds": (f"SELECT {EPOCH} FROM events LIMIT 1", [(PLAYED,)]),
    "epoch with decimals": (
        "SELECT TIMESTAMP 'epoch' + ts::numeric / 1000 * INTERVAL '1 second' FROM events LIMIT 1",
        [(T(2018, 11, 1, 21, 1, 46, 796000),)],
    ),
    "epoch with a smaller interval": (
        "SELECT TIMESTAMP 'epoch' + ts * INTERVAL '0.001 seconds' FROM events LIMIT 1",
        [(T(2018, 11, 1, 21, 1, 46, 796000),)],
    ),
    "epoch with a divided interval": (
        "SELECT TIMESTAMP 'epoch' + ts * (interval '1 second' / 1000) FROM events LIMIT 1",
        [(T(2018, 11, 1, 21, 1, 46, 796000),)],
    ),
    "interval with capitals and blanks": (
        "SELECT TIMESTAMP 'epoch' + 5 * INTERVAL '1 Second '",
        [(T(1970, 1, 1, 0, 0, 5),)],
    ),
    "epoch of a text": (
        "SELECT TIMESTAMP 'epoch' + text_ts / 1000 * INTERVAL '1 second' FROM events LIMIT 1",
        [(PLAYED,)],
    ),
    "dateadd": ("SELECT DATEADD(ms, ts, '1970-01-01'), DATE_ADD('ms', ts, '19700101') FROM events "
                "LIMIT 1", [(T(2018, 11, 1, 21, 1, 46, 796000),) * 2]),
    "dateadd of months": ("SELECT DATEADD(month, 1, '2018-01-31')", [(T(2018, 2, 28),)]),
    "datediff": ("SELECT DATEDIFF(year, '2018-12-31', '2019-01-01'), "
                 "DATEDIFF(hour, '2018-01-01 10:59', '2018-01-01 11:00')", [(1, 1)]),
    "date_trunc": ("SELECT DATE_TRUNC('week', at), TRUNC(at) FROM moments",
                   [(T(2018, 10, 29), D(2018, 11, 4))]),
    "last_day and next_day": ("SELECT LAST_DAY(at), NEXT_DAY(day, 'Sunday'), NEXT_DAY(day, 'Mo') "
                              "FROM moments",
                              [(D(2018, 11, 30), D(2018, 11, 11), D(2018, 11, 5))]),
    "months_between": ("SELECT MONTHS_BETWEEN('1969-03-18', '1969-01-18'), "
                       "MONTHS_BETWEEN('2018-11-30', '2018-10-31')", [(2.0, 1.0)]),
    "add_months": ("SELECT ADD_MONTHS('2018-02-28', 1)", [(T(2018, 3, 31),)]),
    "convert_timezone of computed zones": (
        "SELECT CONVERT_TIMEZONE('UTC', 'US/' || 'Pacific', at), "
        "CONVERT_TIMEZONE('US/' || 'Pacific', 'EST5EDT' || '', '2013-05-17 12:00'), "
        "CONVERT_TIMEZONE('US/' || INITCAP('pacific'), at) FROM moments",
        [(T(2018, 11, 4, 13, 8, 59, 987654), T(2013, 5, 17, 15),
          T(2018, 11, 4, 13, 8, 59, 987654))],
    ),
    "convert_timezone": (
        f"SELECT CONVERT_TIMEZONE('UTC', 'US/Pacific', {AT})",
        [(T(2018, 11, 4, 13, 8, 59, 987654),)],
    ),
    "date_cmp": ("SELECT DATE_CMP('2018-01-01', '2018-01-02'), "
                 "TIMESTAMP_CMP('2018-01-02', '2018-01-01')", [(-1, 1)]),
    "to_char": ("SELECT TO_CHAR(at, 'Day'), TO_CHAR(at, 'Dy'), TO_CHAR(at, 'D') FROM moments",
                [("Sunday   ", "Sun", "1")]),
    "to_date": ("SELECT TO_DATE('04 Nov 2018', 'DD Mon YYYY')", [(D(2018, 11, 4),)]),
    "to_timestamp": ("SELECT TO_TIMESTAMP('2018-11-04 21', 'YYYY-MM-DD HH24')::timestamp",
                     [(T(2018, 11, 4, 21),)]),
    "to_timestamp carries over": (
        "SELECT TO_TIMESTAMP('2011-12-18 24:38:15', 'YYYY-MM-DD HH24:MI:SS')::timestamp, "
        "TO_DATE('20010631', 'YYYYMMDD', FALSE), "
        "TO_TIMESTAMP(TO_CHAR(154110610679.0, '9999-99-99 99:99'), 'YYYY-MM-DD HH24:MI')"
        "::timestamp, "
        "TO_TIMESTAMP(TIMESTAMP '2018-11-04 21:08:59', 'YYYY-MM-DD HH:MI:SS')::timestamp",
        # The year 1541, its tenth month, its 61st day, 6 o'clock and 79 minutes.
        [(T(2011, 12, 19, 0, 38, 15), D(2001, 7, 1), T(1541, 11, 30, 7, 19),
          T(2018, 11, 4, 21, 8, 59))],
    ),
    "numbers and moments as text": (
        "SELECT LEFT(20181104, 4), SUBSTRING(at, 1, 10), LEN(12.50), UPPER(7), TRIM(5), "
        "REPLACE(1001, '0', 'o'), LPAD(7, 3, '0'), SPLIT_PART(at::date, '-', 2), "
        "STRPOS(1234, '3'), MD5(42) = MD5('42'), REVERSE(123), POSITION('11' IN at), "
        "TO_DATE(20181104, 'YYYYMMDD') FROM moments",
        [("2018", "2018-11-04", 5, "7", "5", "1oo1", "007", "11", 3, True, "321", 6,
          D(2018, 11, 4))],
    ),
    "numbers and moments LIKE": (
        "SELECT 20181104 LIKE '2018%', 7 NOT LIKE '', at ILIKE '2018-11%', at::date ~ '-04$', "
        "12.50 NOT ILIKE '12%', 15 SIMILAR TO '1[0-9]', 7 || day || 1.5, 1 || 2, "
        "'a' || 7 || NULLIF(1, 1) IS NULL FROM moments",
        [(True, True, True, True, False, True, "72018-11-041.5", "12", True)],
    ),
    "getdate has no zone": ("SELECT GETDATE()::VARCHAR LIKE '____-__-__ __:__:__', SYSDATE <= "
                            "GETDATE() + INTERVAL '1 second'", [(True, True)]),
    "times subtracted": ("SELECT (at - TIMESTAMP '2018-11-04') > INTERVAL '21 hours' FROM moments",
                         [(True,)]),
    "len": ("SELECT LEN('Größe'), LENGTH('Größe'), OCTET_LENGTH('Größe')", [(5, 5, 7)]),
    "parts of a string": ("SELECT LEFT('abcd', 2), RIGHT('abcd', 1), SUBSTRING('abcd', 2, 2), "
                          "SPLIT_PART('a,b', ',', 2)", [("ab", "d", "bc", "b")]),
    "search in a string": ("SELECT CHARINDEX('c', 'abc'), STRPOS('abc', 'b'), "
                           "POSITION('a' IN 'abc')", [(3, 2, 1)]),
    "case of a string": ("SELECT UPPER('a'), LOWER('B'), INITCAP('ada lane')",
                         [("A", "b", "Ada Lane")]),
    "trim and pad": ("SELECT TRIM('  a '), BTRIM('xax', 'x'), LPAD('7', 3, '0'), RPAD('a', 2, '-')",
                     [("a", "a", "007", "a-")]),
    "concat": ("SELECT CONCAT('a', 1), 'a' || 1 || 'b', REVERSE('abc'), REPLACE('aa', 'a', 'b')",
               [("a1", "a1b", "cba", "bb")]),
    "regexp functions": (
        "SELECT REGEXP_SUBSTR('a12b', '[0-9]+'), REGEXP_COUNT('a1b2', '[0-9]'), "
        "REGEXP_INSTR('ab1', '[0-9]'), REGEXP_REPLACE('a1b2', '[0-9]', '#')",
        [("12", 2, 3, "a#b#")],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_SUBSTR.html
    "regexp_substr": (
        "SELECT REGEXP_SUBSTR('abc', 'x'), REGEXP_SUBSTR('a1b2', '[0-9]', 1, 3), "
        "REGEXP_SUBSTR('a1b2', '[a-z]', 2), REGEXP_SUBSTR('abc', 'c', 4), "
        "REGEXP_SUBSTR('abc', 'a', -5), REGEXP_SUBSTR('abc', '[a-c]', 1, 2), "
        "REGEXP_SUBSTR('abc', 'a', 1, 0), REGEXP_SUBSTR('abc', 'a', 1, 4), REGEXP_SUBSTR('', 'a'), "
        "REGEXP_SUBSTR(s, 'a'), REGEXP_SUBSTR('a', s) FROM numbers WHERE n = 3",
        [("", "", "b", "", "a", "b", None, None, "", None, None)],
    ),
    "regexp_substr with parameters": (
        "SELECT REGEXP_SUBSTR('ABC', 'b', 1, 1, 'i'), REGEXP_SUBSTR('ABC', 'b', 1, 1, 'c'), "
        "REGEXP_SUBSTR('This is a test', 'is a ([a-z]+)', 1, 1, 'e'), "
        "REGEXP_SUBSTR('a(b)c', '\\\\(b', 1, 1, 'e'), REGEXP_SUBSTR('abc', '(?:a)b', 1, 1, 'e'), "
        "REGEXP_SUBSTR('aXbX', '([a-z])x', 1, 2, 'ie'), "
        "REGEXP_SUBSTR('a12', '[a-z](?=1)', 1, 1, 'p')",
        [("B", "", "test", "(b", "ab", "b", "a")],
    ),
    "regexp_instr": (
        "SELECT REGEXP_INSTR('abc', 'x'), REGEXP_INSTR('abc', 'c', 4), "
        "REGEXP_INSTR('abc', 'a', -5), "
        "REGEXP_INSTR('a1b2', '[0-9]', 1, 2), REGEXP_INSTR('a1b2', '[0-9]', 1, 2, 1), "
        "REGEXP_INSTR('abc', 'a', 1, 0), REGEXP_INSTR('ABC', 'b', 1, 1, 0, 'i'), "
        "REGEXP_INSTR('abc', 'a(b)', 1, 1, 0, 'e'), REGEXP_INSTR(s, 'a') "
        "FROM numbers WHERE n = 3",
        [(0, 0, 1, 4, 5, 0, 2, 2, None)],
    ),
    "hashes": ("SELECT MD5('a'), LEFT(SHA2('a', 256), 8), CRC32('a')",
               [("0cc175b9c0f1b6a831c399e269772661", "ca978112", "e8b7be43")]),
    "sha1": ("SELECT SHA('a'), SHA1(''), LEFT(FUNC_SHA1(RPAD('', 200, 'x')), 8)",
             [("86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
               "da39a3ee5e6b4b0d3255bfef95601890afd80709",
               hashlib.sha1(b"x" * 200).hexdigest()[:8])]),
    # The values are those of AWS's own pages.
    "fnv_hash": (
        "SELECT FNV_HASH('Amazon Redshift'), FNV_HASH('Amazon Redshift', FNV_HASH(n)), "
        "FNV_HASH('cd', FNV_HASH('ab')), FNV_HASH(n::SMALLINT), FNV_HASH(n), FNV_HASH(n::BIGINT) "
        "FROM numbers WHERE n = 1",
        [(7783490368944507294, -2202602717770968555, -281581062704388899, 589727492704079044,
          -5968735742475085980, -8517097267634966620)],
    ),
    "murmur3_32_hash": (
        "SELECT MURMUR3_32_HASH(1), MURMUR3_32_HASH('Amazon Redshift'), MURMUR3_32_HASH('abcd'), "
        "MURMUR3_32_HASH('cd', MURMUR3_32_HASH('ab'))",
        [(1392991556, -1563580564, 1139631978, 1711522338)],
    ),
    "soundex and difference": (
        "SELECT SOUNDEX('Robert'), SOUNDEX('Tymczak'), SOUNDEX('Pfister'), SOUNDEX('Lee'), "
        "SOUNDEX('1'), DIFFERENCE('Robert', 'Rupert'), DIFFERENCE('Robert', 'Lee')",
        [("R163", "T522", "P236", "L000", None, 4, 0)],
    ),
    "comparisons": (
        "SELECT BPCHARCMP('a', 'b'), BTTEXT_PATTERN_CMP('b', 'a'), "
        "DATE_CMP_TIMESTAMPTZ('2018-01-01', '2018-01-01 00:00:00+00'), "
        "TIMESTAMPTZ_CMP_DATE('2018-01-02 00:00:00+00', '2018-01-01'), "
        "TIMESTAMP_CMP_TIMESTAMPTZ('2018-01-01', '2018-01-02 00:00:00+00')",
        [(-1, 1, 0, 1, -1)],
    ),
    "try_cast": (
        "SELECT TRY_CAST('1x' AS INT), TRY_CAST('15' AS INT), TRY_CAST(s AS DATE), "
        "TRY_CAST('2018-11-04' AS DATE), TRY_CAST('99999999999' AS INT), CAN_JSON_PARSE('{') "
        "FROM numbers WHERE n = 1",
        [(None, 15, None, D(2018, 11, 4), None, False)],
    ),
    "strtol": ("SELECT STRTOL('ff', 16), STRTOL('-101', 2), STRTOL('0x1F', 16)", [(255, -5, 31)]),
    "json path": (
        """SELECT JSON_EXTRACT_PATH_TEXT('{"a": {"b": 3}}', 'a', 'b'), """
        """JSON_EXTRACT_PATH_TEXT('{"a": 1}', 'x'), JSON_EXTRACT_PATH_TEXT('{', 'a', TRUE)""",
        [("3", "", None)],
    ),
    "json arrays": (
        """SELECT JSON_ARRAY_LENGTH('[1, 2]'), JSON_EXTRACT_ARRAY_ELEMENT_TEXT('["x", "y"]', 1), """
        """JSON_EXTRACT_ARRAY_ELEMENT_TEXT('[1]', 5), IS_VALID_JSON('{"a"'), """
        """IS_VALID_JSON_ARRAY('[1]')""",
        [(2, "y", "", False, True)],
    ),
    "average of whole numbers": ("SELECT AVG(n), AVG(n::BIGINT * 3) FROM numbers", [(2, 7)]),
    "average of decimals": (
        "SELECT AVG(length)::VARCHAR, AVG(length * 1.0)::VARCHAR, AVG(DISTINCT user_id::DECIMAL), "
        "AVG(CASE WHEN ts < 0 THEN length END) FROM events",
        # 819.75 / 4 = 204.9375; (1 + 2) / 2 without a decimal
        [("204.94", "204.938", Decimal(2), None)],
    ),
    "averages of nothing and of nulls": (
        "SELECT AVG(n), AVG(n::DECIMAL(5,2)), AVG(n::FLOAT) FROM numbers WHERE n > 9",
        [(None, None, None)],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_MEDIAN.html
    "median": (
        "SELECT MEDIAN(n)::VARCHAR, MEDIAN(n::SMALLINT)::VARCHAR, MEDIAN(n::BIGINT)::VARCHAR, "
        "MEDIAN(n::DECIMAL(9,2))::VARCHAR, MEDIAN(n::REAL), MEDIAN(n::FLOAT), "
        "MEDIAN(DISTINCT n % 2) FROM numbers",
        [("2.5", "2.5", "2.5", "2.500", 2.5, 2.5, Decimal("0.5"))],
    ),
    "median of moments": (
        "SELECT MEDIAN(DATEADD(day, n, day)::DATE), MEDIAN(DATEADD(hour, n, at)), "
        "MEDIAN(DATEADD(hour, n, at)::TIMESTAMPTZ)::TIMESTAMP FROM numbers, moments WHERE n < 4",
        [(D(2018, 11, 6), T(2018, 11, 4, 23, 8, 59, 987654), T(2018, 11, 4, 23, 8, 59, 987654))],
    ),
    "median between moments": (
        "SELECT MEDIAN(DATEADD(day, n * 2, day)::DATE), MEDIAN(DATEADD(hour, n, at)) "
        "FROM numbers, moments WHERE n < 3",
        [(D(2018, 11, 7), T(2018, 11, 4, 22, 38, 59, 987654))],
    ),
    "median of nothing": ("SELECT MEDIAN(n), MEDIAN(NULLIF(1, 1)) FROM numbers WHERE n > 4",
                          [(None, None)]),
    "median beside NULLs": ("SELECT MEDIAN(user_id), MEDIAN(length) FROM events",
                            [(Decimal("1.0"), Decimal("200.0000") - Decimal("0.25"))]),
    "percentile": (
        "SELECT (PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n))::VARCHAR, "
        "(PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY n DESC))::VARCHAR, "
        "PERCENTILE_CONT(0.3) WITHIN GROUP (ORDER BY n::FLOAT), "
        "(PERCENTILE_CONT(1) WITHIN GROUP (ORDER BY n))::VARCHAR FROM numbers",
        [("2.5", "3.25", 1.9, "4.0")],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_EXP.html, r_SQRT, r_POWER and r_LOG
    "doubles of decimals": (
        "SELECT SQRT(d), POWER(d, 2), POW(d, 0.5), LOG(d * 10), DLOG10(10.0), LOG(2, 64), "
        "EXP(d - d), DEXP(0), SQRT('16') FROM (SELECT 2.25::DECIMAL(9,2) AS d)",
        [(1.5, 5.0625, 1.5, 1.35218251811136, 1.0, 6.0, 1.0, 1.0, 4.0)],
    ),
    "decimals of logarithms": ("SELECT LN(d), DLOG1(d) FROM (SELECT 1.00::DECIMAL(9,2) AS d)",
                               [(Decimal(0), Decimal(0))]),
    # https://docs.aws.amazon.com/redshift/latest/dg/SPLIT_PART.html
    "split_part": (
        "SELECT SPLIT_PART('abc$def$ghi', '$', 2), SPLIT_PART('abc$def$ghi', '$', 4), "
        "SPLIT_PART(s || '-x', '-', n), SPLIT_PART(s, '-', NULL), SPLIT_PART(101.5, '.', n) "
        "FROM numbers WHERE n = 1",
        [("def", "", "a", None, "101")],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_STDDEV_functions.html
    "deviations": (
        "SELECT STDDEV(n * 2), STDDEV_POP(n::DECIMAL(9,2)), STDDEV_SAMP(DISTINCT n % 2) ^ 2, "
        "VAR_POP(n), VAR_SAMP(ALL n % 2), VARIANCE(n - n) FROM numbers WHERE n IN (1, 3)",
        [(2.82842712474619, 1.0, None, 1.0, 0.0, 0.0)],
    ),
    "median of a window": (
        "SELECT n, MEDIAN(n) OVER (PARTITION BY n % 2), MEDIAN(n) OVER () FROM numbers ORDER BY n",
        [(1, 2, Decimal("2.5")), (2, 3, Decimal("2.5")), (3, 2, Decimal("2.5")),
         (4, 3, Decimal("2.5"))],
    ),
    "listagg of a window": (
        "SELECT n, LISTAGG(s, ',') WITHIN GROUP (ORDER BY s DESC) OVER (PARTITION BY n % 2), "
        "LISTAGG(n) WITHIN GROUP (ORDER BY n) OVER (), LISTAGG(s, '') OVER (PARTITION BY n) "
        "FROM numbers ORDER BY n",
        [(1, "a", "1234", "a"), (2, "d,b", "1234", "b"), (3, "a", "1234", None),
         (4, "d,b", "1234", "d")],
    ),
    "listagg": ("SELECT LISTAGG(name, ', ') WITHIN GROUP (ORDER BY name DESC) FROM users",
                [("Cid, Ben, Ada",)]),
    "listagg of distinct values": (
        "SELECT LISTAGG(DISTINCT level, '|') WITHIN GROUP (ORDER BY level DESC) FROM users",
        [("paid|free",)],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
    "listagg of distinct numbers": (
        "SELECT LISTAGG(DISTINCT sellerid, ', ') WITHIN GROUP (ORDER BY sellerid), "
        "LISTAGG(DISTINCT sellerid) WITHIN GROUP (ORDER BY sellerid DESC), "
        "LISTAGG(DISTINCT sellerid, '|') WITHIN GROUP (ORDER BY SellerId ASC NULLS FIRST) FROM "
        "(SELECT 12905 AS sellerid UNION ALL SELECT 8117 UNION ALL SELECT 380 UNION ALL SELECT NULL"
        " UNION ALL SELECT 1178 UNION ALL SELECT 2731 UNION ALL SELECT 380) AS winsales",
        [("380, 1178, 2731, 8117, 12905", "12905811727311178380", "380|1178|2731|8117|12905")],
    ),
    "listagg of distinct days": (
        "SELECT LISTAGG(DISTINCT day + n % 2, ',') WITHIN GROUP (ORDER BY day + n % 2 DESC) "
        "FROM numbers, moments",
        [("2018-11-05,2018-11-04",)],
    ),
    "listagg of empty strings": (
        "SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY n), LISTAGG(DISTINCT a, ','), "
        "LISTAGG(NULLIF(a, a), ','), LISTAGG('', ','), LISTAGG('x', NULL) FROM (SELECT 1 AS n, 'a' "
        "AS a UNION ALL SELECT 2, '' UNION ALL SELECT 3, 'b' UNION ALL SELECT 4, NULL)",
        [("a,b", "a,b", None, None, "xxxx")],
    ),
    "any_value": ("SELECT level, ANY_VALUE(level) FROM users GROUP BY level ORDER BY 1",
                  [("free", "free"), ("paid", "paid")]),
    "approximate count": ("SELECT APPROXIMATE COUNT(DISTINCT level) FROM users", [(2,)]),
    "approximate percentile": (
        "SELECT APPROXIMATE PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY n) FROM numbers", [(2,)]),
    "hll": ("SELECT level AS l, HLL(song), HLL(NULL::INT) FROM events GROUP BY ALL ORDER BY 1",
            [("free", 2, 0), ("paid", 1, 0)]),
    "alias of hll": ("SELECT HLL(n) AS distinct_numbers, distinct_numbers * 2 FROM numbers",
                     [(4, 8)]),
    "octetindex": (
        "SELECT OCTETINDEX('q', 'Amazon Redshift'), OCTETINDEX('', 'Amazon Redshift'), "
        "OCTETINDEX('Redshift', 'Amazon Redshift'), "
        "OCTETINDEX('Redshift', 'Άμαζον Amazon Redshift'), OCTETINDEX(s, 'a') "
        "FROM numbers WHERE s IS NULL",
        [(0, 1, 8, 21, None)],
    ),
    "date_part_year": (
        "SELECT DATE_PART_YEAR(date '20220502 04:05:06.789'), DATE_PART_YEAR(day), "
        "DATE_PART_YEAR(at), DATE_PART_YEAR('2008-01-01') FROM moments",
        [(2022, 2018, 2018, 2008)],
    ),
    "boolean aggregates": ("SELECT BOOL_AND(n > 0), BOOL_OR(n > 3) FROM numbers", [(True, True)]),
    "round and trunc": ("SELECT ROUND(2.345, 2), TRUNC(2.99), CEIL(2.1), FLOOR(-2.1)",
                        [(Decimal("2.35"), Decimal("2"), Decimal("3"), Decimal("-3"))]),
    "convert": ("SELECT CONVERT(INT, '5') + 1, CAST('2018-11-04' AS DATE)", [(6, D(2018, 11, 4))]),
    "current user": ("SELECT CURRENT_USER, USER, CURRENT_DATABASE() = '{database}'",
                     [("dwhuser", "dwhuser", True)]),
    "leader node alone": ("SELECT CURRENT_SCHEMA(), SUBSTR('abc', 2)", [("public", "bc")]),
}  # fmt: skip

CONVERSIONS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "text divided": ("SELECT text_ts / 1000 FROM events LIMIT 1", [(1541106106,)]),
    "text in arithmetic": ("SELECT text_ts::BIGINT - text_ts, 2 * '3'::VARCHAR, '7'::VARCHAR % 4 "
                           "FROM events LIMIT 1", [(0, 6, 3)]),
    "text and decimals": ("SELECT '1.5'::VARCHAR + 1.5", [(Decimal("3.0"),)]),
    "text compared to a number": ("SELECT COUNT(*) FROM events WHERE text_ts = ts "
                                  "AND text_ts > 1541106106796", [(4,)]),
    "text in a list of numbers": ("SELECT COUNT(*) FROM events WHERE text_ts IN (1541106106796, 5)",
                                  [(1,)]),
    "text compared to a literal": ("SELECT COUNT(*) FROM events WHERE text_ts = '1541106106796'",
                                   [(1,)]),
    "text compared to a moment": (
        "SELECT COUNT(*) FROM moments WHERE day = '2018-11-04'::VARCHAR",
        [(1,)],
    ),
    "join of text and numbers": (
        "SELECT COUNT(*) FROM events a JOIN events b ON a.text_ts = b.ts",
        [(5,)],
    ),
    "number into text": (
        "CREATE TABLE t (a VARCHAR, b VARCHAR); INSERT INTO t SELECT ts, TIMESTAMP '2018-11-04' "
        "FROM events WHERE user_id = 2; SELECT * FROM t",
        [("1541106400000", "2018-11-04 00:00:00")],
    ),
    "decimal into a whole number rounds": (
        "CREATE TABLE t (a INT, b DECIMAL); INSERT INTO t VALUES (1.1, 2.5); SELECT * FROM t",
        [(1, Decimal("3"))],
    ),
    "number into a boolean": ("SELECT 1::BOOLEAN, 'yes'::BOOLEAN, 'f'::BOOL",
                              [(True, True, False)]),
    "backslash": (r"SELECT 'it\'s', 'a\\b'", [("it's", r"a\b")]),
}  # fmt: skip

CHANGES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "duplicate keys": (
        "INSERT INTO users VALUES (1, 'Ada', 'free'); SELECT COUNT(*) FROM users WHERE user_id = 1",
        [(2,)],
    ),
    "insert of fewer values": (
        "INSERT INTO users VALUES (9); SELECT * FROM users WHERE user_id = 9",
        [(9, None, None)],
    ),
    "insert of a query in parentheses": (
        "CREATE TABLE t (a INT); INSERT INTO t( SELECT n FROM numbers); SELECT SUM(a) FROM t",
        [(10,)],
    ),
    "insert with a common table expression": (
        "CREATE TABLE t (a INT); INSERT INTO t WITH c AS (SELECT n FROM numbers WHERE n > 2) "
        "SELECT n FROM c; SELECT SUM(a) FROM t",
        [(7,)],
    ),
    "insert distinct in another order": (
        "CREATE TABLE t (a VARCHAR); INSERT INTO t SELECT DISTINCT level FROM users "
        "ORDER BY user_id"
        "; SELECT COUNT(*) FROM t",
        [(2,)],
    ),
    "insert into a qualified name": (
        "CREATE SCHEMA s; CREATE TABLE s.t (a INT, b INT); INSERT INTO s.t (b) VALUES (2), (3); "
        "SELECT SUM(b) FROM {database}.s.t",
        [(5,)],
    ),
    "update from": (
        "UPDATE users SET level = e.level FROM events e WHERE users.user_id = e.user_id "
        "AND e.user_id = 2; SELECT level FROM users WHERE user_id = 2",
        [("free",)],
    ),
    "update with an alias": (
        "UPDATE users AS u SET name = UPPER(u.name) WHERE u.user_id = 1; SELECT name FROM users "
        "WHERE user_id = 1",
        [("ADA",)],
    ),
    "delete in": (
        "DELETE FROM users WHERE user_id IN (SELECT user_id FROM events); SELECT user_id "
        "FROM users",
        [(3,)],
    ),
    "delete without from": ("DELETE users; SELECT COUNT(*) FROM users", [(0,)]),
    "delete using": (
        "DELETE FROM songs USING events WHERE title = song; SELECT COUNT(*) FROM songs",
        [(0,)],
    ),
    "created as": (
        "CREATE TABLE t DISTKEY (k) SORTKEY (k) AS SELECT n AS k, k * 2 AS d FROM numbers; "
        "SELECT SUM(d) FROM t",
        [(20,)],
    ),
    "temporary": (
        "CREATE TEMP TABLE t (LIKE users); INSERT INTO t SELECT * FROM users; SELECT "
        "COUNT(*) FROM t",
        [(3,)],
    ),
    "temporary by sign": (
        "CREATE TABLE #t (a INT); INSERT INTO #t VALUES (1); SELECT #t.a, x.a # 3 FROM #t, #t AS x",
        [(1, 2)],
    ),
    "select into": ("SELECT n INTO t FROM numbers; SELECT COUNT(*) FROM t", [(4,)]),
    "attributes in any order": (
        "CREATE TABLE IF NOT EXISTS t (PRIMARY KEY (id), id INT IDENTITY (0, 1) NOT NULL SORTKEY, "
        "u INT REFERENCES users (user_id) DISTKEY); INSERT INTO t (u) VALUES (5); SELECT * FROM t",
        [(0, 5)],
    ),
    "keys of other types": (
        "CREATE TABLE t (a VARCHAR REFERENCES users (user_id), b INT REFERENCES songs, "
        "c TIMESTAMP NOT NULL SORTKEY DISTKEY ENCODE RAW) BACKUP NO DISTSTYLE KEY; "
        "INSERT INTO t VALUES ('x', 5, '2018-01-01'); SELECT b FROM t",
        [(5,)],
    ),
    "identity": (
        "CREATE TABLE t (id INT IDENTITY(100, 10), a INT); INSERT INTO t (a) VALUES (1), (2); "
        "SELECT id, a FROM t ORDER BY id",
        [(100, 1), (110, 2)],
    ),
    "identity by default": (
        "CREATE TABLE t (id BIGINT GENERATED BY DEFAULT AS IDENTITY(0,1), a INT); "
        "INSERT INTO t VALUES (7, 1); INSERT INTO t (a) VALUES (2); SELECT id, a FROM t ORDER BY a",
        [(7, 1), (0, 2)],
    ),
    "bare identity": (
        "CREATE TABLE t (id INT IDENTITY, a INT); INSERT INTO t (a) VALUES (5); SELECT * FROM t",
        [(1, 5)],
    ),
    "search path": (
        "CREATE SCHEMA s; SET search_path TO s; CREATE TABLE t (a INT); SELECT COUNT(*) FROM s.t",
        [(0,)],
    ),
    "renamed": (
        "ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME COLUMN name TO called; "
        "SELECT called FROM people WHERE user_id = 1",
        [("Ada",)],
    ),
    "column added and dropped": (
        "ALTER TABLE users ADD COLUMN c VARCHAR(5) DEFAULT 'x' NOT NULL; ALTER TABLE users DROP "
        "COLUMN level; SELECT * FROM users WHERE user_id = 1",
        [(1, "Ada", "x")],
    ),
    "keys and attributes altered": (
        "ALTER TABLE users ADD CONSTRAINT k PRIMARY KEY (user_id); ALTER TABLE users ADD "
        "FOREIGN KEY "
        "(level) REFERENCES songs; ALTER TABLE users ALTER DISTSTYLE ALL; ALTER TABLE users ALTER "
        "SORTKEY (name); ALTER TABLE users ALTER COLUMN name ENCODE zstd; SELECT "
        "COUNT(*) FROM users",
        [(3,)],
    ),
    "merge": (
        "MERGE INTO users USING events AS e ON users.user_id = e.user_id AND e.ts = 1541106400000 "
        "WHEN MATCHED THEN UPDATE SET level = CASE WHEN e.level = 'free' THEN 'new' END WHEN NOT "
        "MATCHED THEN INSERT (user_id, name) VALUES (NVL(e.user_id, 0) + 100, "
        "e.song); SELECT user_id, level, COUNT(*) FROM users GROUP BY 1, 2 ORDER BY 1",
        [(1, "paid", 1), (2, "new", 1), (3, "free", 1), (100, None, 1), (101, None, 3)],
    ),
    "merge that deletes": (
        "MERGE INTO users USING (SELECT 3 AS id UNION SELECT 4) s ON user_id = s.id WHEN MATCHED "
        "THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'Dot', 'free'); "
        "SELECT user_id FROM users ORDER BY 1",
        [(1,), (2,), (4,)],
    ),
    "merge that removes duplicates": (
        "CREATE TABLE s (LIKE users); INSERT INTO s VALUES (2, 'Bea', 'paid'), (4, 'Dot', 'free'); "
        "MERGE INTO users USING s ON users.user_id = s.user_id REMOVE DUPLICATES; "
        "SELECT user_id, name FROM users ORDER BY 1",
        [(1, "Ada"), (2, "Bea"), (3, "Cid"), (4, "Dot")],
    ),
    "prepared": (
        "PREPARE p (int, varchar) AS INSERT INTO users VALUES ($1, NVL($2, 'x')); "
        "EXECUTE p (8, NULL); DEALLOCATE p; SELECT name FROM users WHERE user_id = 8",
        [("x",)],
    ),
    "view": (
        "CREATE OR REPLACE VIEW v (k) AS SELECT NVL(s, '-') FROM numbers; SELECT k FROM v "
        "ORDER BY k LIMIT 1; DROP VIEW v; SELECT 1",
        [(1,)],
    ),
    "attributes in pg_table_def": (
        "CREATE TABLE t (a INT DISTKEY SORTKEY ENCODE raw, b VARCHAR(10) ENCODE zstd, c DATE); "
        'SELECT "column", type, encoding, distkey, sortkey FROM pg_table_def '
        "WHERE tablename = 't'",
        [
            ("a", "integer", "none", True, 1),
            ("b", "character varying(10)", "zstd", False, 0),
            ("c", "date", "az64", False, 0),
        ],
    ),
    "attributes in svv_table_info": (
        "CREATE TABLE t (a INT, b INT) DISTSTYLE ALL COMPOUND SORTKEY (b, a); "
        "INSERT INTO t VALUES (1); SELECT diststyle, sortkey1, sortkey_num FROM svv_table_info "
        """WHERE "table" = 't'""",
        [("ALL", "b", 2)],
    ),
    "attributes of a table made like another": (
        "CREATE TABLE p DISTKEY (a) SORTKEY (b) AS SELECT 1 AS a, 2 AS b; CREATE TABLE t (LIKE p); "
        "INSERT INTO t VALUES (1, 2); SELECT diststyle, sortkey1 FROM svv_table_info "
        """WHERE "table" = 't'""",
        [("KEY(a)", "b")],
    ),
    "attributes of a table that was there": (
        "CREATE TABLE t (a INT) DISTKEY (a); CREATE TABLE IF NOT EXISTS t (b INT) DISTSTYLE ALL; "
        "INSERT INTO t VALUES (1); SELECT diststyle FROM svv_table_info "
        """WHERE "table" = 't'""",
        [("KEY(a)",)],
    ),
    "attributes altered": (
        "CREATE TABLE t (a INT ENCODE raw, b INT) DISTKEY (a); ALTER TABLE t RENAME COLUMN a TO z; "
        "ALTER TABLE t ALTER SORTKEY (b), ALTER COLUMN b ENCODE lzo; ALTER TABLE t ADD COLUMN c "
        "VARCHAR(5) ENCODE bytedict; "
        'SELECT "column", encoding, distkey, sortkey FROM pg_table_def '
        "WHERE tablename = 't'",
        [("z", "none", True, 0), ("b", "lzo", False, 1), ("c", "bytedict", False, 0)],
    ),
    "attributes taken back": (
        "CREATE TABLE t (a INT ENCODE lzo, b INT) DISTKEY (a) SORTKEY (b); ALTER TABLE t ALTER "
        "DISTSTYLE EVEN; ALTER TABLE t ALTER SORTKEY NONE; ALTER TABLE t ALTER ENCODE AUTO; "
        'SELECT "column", encoding, distkey, sortkey FROM pg_table_def '
        "WHERE tablename = 't'",
        [("a", "az64", False, 0), ("b", "az64", False, 0)],
    ),
    "key dropped": (
        "CREATE TABLE t (a INT, CONSTRAINT k PRIMARY KEY (a)); ALTER TABLE t DROP CONSTRAINT k; "
        "SELECT COUNT(*) FROM information_schema.table_constraints WHERE constraint_name = 'k'",
        [(0,)],
    ),
    "names in quotes before parentheses": (
        'INSERT INTO "public"."Users" ("User_Id", "name") VALUES (7, \'G\'); '
        'INSERT INTO "{database}"."public"."users" ("user_id") SELECT "abs"("user_id") + 7 '
        'FROM "users" WHERE "user_id" = 7; WITH "x" ("a") AS (SELECT 7), "y" ("b") AS (SELECT 14) '
        'SELECT "nvl"("name", \'-\') FROM "users", "x", "y" WHERE "user_id" IN ("a", "b") '
        "ORDER BY 1",
        [("-",), ("G",)],
    ),
    "late-binding view outlives its table": (
        "CREATE VIEW v (k, t) AS SELECT NVL(n, 0), s || '\\'' FROM public.numbers "
        "WITH NO SCHEMA BINDING; DROP TABLE numbers; CREATE TABLE numbers (n INT, s VARCHAR(10)); "
        "INSERT INTO numbers VALUES (7, 'a'); SELECT * FROM v",
        [(7, "a'")],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
    # https://docs.aws.amazon.com/redshift/latest/dg/r_UPDATE.html and .../r_DELETE.html
    "with before update and delete": (
        "WITH q AS (SELECT 1 AS n) UPDATE numbers SET s = 'z' FROM q WHERE q.n = numbers.n; "
        "WITH q AS (SELECT 2 AS n) DELETE FROM numbers WHERE n IN (SELECT n FROM q); "
        "INSERT INTO numbers (n) WITH q AS (SELECT 6 AS n) SELECT n FROM q; "
        "SELECT n, s FROM numbers ORDER BY n",
        [(1, "z"), (3, None), (4, "d"), (6, None)],
    ),
    "temporary views": (
        "CREATE OR REPLACE VIEW #w AS SELECT 1 AS a; CREATE VIEW #v (k) AS SELECT n FROM numbers; "
        "CREATE OR REPLACE VIEW #w AS SELECT k AS a FROM #v WHERE k = 2; "
        'CREATE VIEW "#l" AS SELECT n FROM public.numbers WITH NO SCHEMA BINDING; '
        "SELECT relname, nspname LIKE 'pg_temp%' FROM pg_class c JOIN pg_namespace s "
        "ON s.oid = c.relnamespace WHERE relname LIKE '#%' ORDER BY 1",
        [("#l", True), ("#v", True), ("#w", True)],
    ),
    "rows of temporary views": (
        "CREATE OR REPLACE VIEW #l AS SELECT n FROM public.numbers WITH NO SCHEMA BINDING; "
        "CREATE VIEW #v (k) AS SELECT n FROM numbers; SELECT k FROM #v, #l WHERE k = n ORDER BY 1; "
        "DROP VIEW #l; SELECT k FROM #v WHERE k = 1",
        [(1,)],
    ),
    "columns of late-binding views": (
        "CREATE VIEW v AS SELECT n FROM public.numbers WITH NO SCHEMA BINDING; "
        "CREATE OR REPLACE VIEW v AS WITH c AS (SELECT s FROM public.numbers) SELECT s AS z FROM c "
        "WITH NO SCHEMA BINDING; SELECT * FROM pg_get_late_binding_view_cols() "
        "cols (view_schema name, view_name name, col_name name, col_type varchar, col_num int)",
        [("public", "v", "z", "character varying(10)", 1)],
    ),
    "groups": (
        "CREATE USER reader_of_dialect PASSWORD 'Abcd1234'; CREATE GROUP "
        "group_of_dialect WITH USER "
        "reader_of_dialect; GRANT SELECT ON users TO GROUP group_of_dialect; ALTER GROUP "
        "group_of_dialect DROP USER reader_of_dialect; REVOKE ALL ON users FROM GROUP "
        "group_of_dialect; DROP GROUP group_of_dialect; DROP USER reader_of_dialect; SELECT 1",
        [(1,)],
    ),
    "settings": (
        "SET query_group TO 'etl'; SET statement_timeout = 60000; SHOW query_group",
        [("etl",)],
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_Examples_with_numeric_types201.html
    "decimals inserted": (
        "CREATE TABLE t (a INT, b DECIMAL(4,2)); INSERT INTO t VALUES (1.5, 35.517); "
        "INSERT INTO t SELECT b, b / 2 FROM t; SELECT * FROM t ORDER BY a",
        [(2, Decimal("35.52")), (36, Decimal("17.76"))],
    ),
    "digits of doubles": (
        "SELECT a + b, (a + b)::VARCHAR FROM (SELECT 0.1::FLOAT AS a, 0.2::FLOAT AS b)",
        [(0.3, "0.3")],
    ),
    "more digits of doubles": (
        "SET extra_float_digits TO 2; SELECT a + b FROM (SELECT 0.1::FLOAT AS a, 0.2::FLOAT AS b)",
        [(0.30000000000000004,)],
    ),
    "booleans that have no type yet": (
        "SELECT 'true'::BOOLEAN, 't'::BOOL, CAST('no' AS BOOLEAN), NULL::BOOLEAN",
        [(True, True, False, None)],
    ),
    "booleans and whole numbers": (
        "SELECT b::INT, b::SMALLINT, b::BIGINT, 2::BOOLEAN, 0::SMALLINT::BOOLEAN, "
        "7::BIGINT::BOOLEAN FROM (SELECT 1 = 1 AS b)",
        [(1, 1, 1, True, False, True)],
    ),
    "cursor": (
        "DECLARE c CURSOR FOR SELECT n FROM numbers ORDER BY n; FETCH FORWARD 2 FROM c; "
        "FETCH NEXT FROM c",
        [(3,)],
    ),
    "explained": ("EXPLAIN SELECT 1", [("Result  (cost=0.00..0.01 rows=1 width=4)",)]),
}

TABLES = {
    "alias": ALIASES,
    "query": QUERIES,
    "window": WINDOWS,
    "function": FUNCTIONS,
    "conversion": CONVERSIONS,
    "change": CHANGES,
}
ACCEPTED = {
    f"{kind}: {name}": case for kind, table in TABLES.items() for name, case in table.items()
}


@pytest.fixture(scope="module")
def connection(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = module_project(standin, tmp_path_factory, "dialect")
    connection = made.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(SETUP)
    yield connection
    connection.close()


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    """A cursor in a transaction that is undone after the test."""
    with connection.cursor() as cursor:
        yield cursor
    connection.rollback()


@pytest.mark.parametrize(("sql", "rows"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(cursor: Any, sql: str, rows: list[tuple[Any, ...]]) -> None:
    cursor.execute(sql.replace("{database}", cursor.connection.info.dbname))
    assert cursor.fetchall() == rows


DOUBLES = ("EXP({})", "DEXP({})", "SQRT({})", "POWER({}, 2)", "POW(2, {})", "LOG({})",
           "DLOG10({})", "LOG({}, 2)")  # fmt: skip


@pytest.mark.parametrize("call", DOUBLES)
def test_doubles(cursor: Any, call: str) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html"""
    for argument in ("4", "4.00", "4.00::DECIMAL(9,2)", "4::REAL", "4::SMALLINT", "4::FLOAT"):
        cursor.execute(f"SELECT {call.format(argument)}")
        assert isinstance(cursor.fetchall()[0][0], float), argument


def test_the_table_is_long_enough() -> None:
    assert len(ACCEPTED) >= 150
    assert len(REFUSED) >= 80


MUTATIONS = 3000


def test_whatever_is_written_is_planned_or_refused() -> None:
    """Statements with tokens lost, repeated and exchanged never end in another exception."""
    chosen = random.Random(5)
    statements = [sql for sql, *_ in (*ACCEPTED.values(), *REFUSED.values())]
    texts = [[token.text for token in tokenize(sql)] for sql in statements]
    for _ in range(MUTATIONS):
        words = list(chosen.choice(texts))
        for _ in range(chosen.randint(1, 3)):
            first, last = sorted(chosen.choices(range(len(words) + 1), k=2))
            words[first:last] = chosen.choice(
                [[], words[first : first + 1], chosen.choice(texts)[:2]]
            )
        with contextlib.suppress(SqlError, ColumnsWanted):
            plan(" ".join(words), SessionFacts())


def test_tables_append(connection: Any) -> None:
    """Outside of transactions only, and for good."""
    connection.rollback()
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE t (a INT, b INT); CREATE TABLE s (b INT, a INT)")
            cursor.execute("INSERT INTO s VALUES (2, 1)")
            cursor.execute("ALTER TABLE t APPEND FROM s")
            cursor.execute("SELECT a, b, (SELECT COUNT(*) FROM s) FROM t")
            assert cursor.fetchall() == [(1, 2, 0)]
            cursor.execute("DROP TABLE t, s")
    finally:
        connection.autocommit = False


SYNTAX = "42601"
MISSING = "42883"
REFUSAL = "0A000"
FRAME = "Aggregate window functions with an ORDER BY clause require a frame clause"
LEADER = "Specified types or functions (one per INFO message) not supported on Redshift tables."
OURS = " is not supported by this stand-in for Amazon Redshift"


def near(word: str) -> str:
    return f'syntax error at or near "{word}"'


REFUSED: dict[str, tuple[str, str, str]] = {
    "on conflict": ("INSERT INTO users VALUES (1) ON CONFLICT DO NOTHING", SYNTAX, near("ON")),
    "on conflict update": (
        "INSERT INTO users VALUES (1) ON CONFLICT (user_id) DO UPDATE SET level = EXCLUDED.level",
        SYNTAX, near("ON"),
    ),
    "returning": ("DELETE FROM users RETURNING user_id", SYNTAX, near("RETURNING")),
    "distinct on": ("SELECT DISTINCT ON (level) level FROM users", REFUSAL,
                    "SELECT DISTINCT ON is not supported"),
    "is distinct from": ("SELECT n FROM numbers WHERE s IS DISTINCT FROM 'a'", REFUSAL,
                         "IS DISTINCT FROM is not supported"),
    "for update": ("SELECT n FROM numbers FOR UPDATE", REFUSAL,
                   "SELECT FOR UPDATE is not supported"),
    "filter": ("SELECT COUNT(*) FILTER (WHERE n > 1) FROM numbers", SYNTAX, near("(")),
    "lateral": ("SELECT 1 FROM numbers, LATERAL (SELECT n) x", SYNTAX, near("LATERAL")),
    "values as a table": ("SELECT * FROM (VALUES (1)) v (a)", SYNTAX, near("VALUES")),
    "values alone": ("VALUES (1)", SYNTAX, near("VALUES")),
    "show constraints": ("SHOW CONSTRAINTS PRIMARY KEYS FROM TABLE dev.public.users", REFUSAL,
                         f"SHOW CONSTRAINTS{OURS}"),
    "array": ("SELECT ARRAY[1]", REFUSAL, "array constructors are not supported"),
    "row": ("SELECT ROW(1, 2)", REFUSAL, "row constructors are not supported"),
    "any of an array": ("SELECT n = ANY ('{1}') FROM numbers", REFUSAL,
                        "ANY (array) is not supported"),
    "only": ("SELECT * FROM ONLY users", SYNTAX, near("ONLY")),
    "tablesample": ("SELECT * FROM users TABLESAMPLE SYSTEM (10)", SYNTAX, near("TABLESAMPLE")),
    "fetch first": ("SELECT n FROM numbers FETCH FIRST 1 ROWS ONLY", SYNTAX, near("FETCH")),
    "named window": ("SELECT SUM(n) OVER w FROM numbers WINDOW w AS ()", SYNTAX, near("w")),
    "cumulative sum without a frame": ("SELECT SUM(n) OVER (ORDER BY n) FROM numbers", REFUSAL,
                                       FRAME),
    "last_value without a frame": ("SELECT LAST_VALUE(n) OVER (ORDER BY n) FROM numbers", REFUSAL,
                                   FRAME),
    "range": ("SELECT SUM(n) OVER (ORDER BY n RANGE UNBOUNDED PRECEDING) FROM numbers", REFUSAL,
              "RANGE in a window frame is not supported"),
    "groups": ("SELECT SUM(n) OVER (ORDER BY n GROUPS UNBOUNDED PRECEDING) FROM numbers", REFUSAL,
               "GROUPS in a window frame is not supported"),
    "now on a table": ("SELECT now() FROM users", REFUSAL, LEADER),
    "current_timestamp on a table": ("SELECT CURRENT_TIMESTAMP FROM users", REFUSAL, LEADER),
    "age on a table": ("SELECT age(at) FROM moments", REFUSAL, LEADER),
    "substr on a table": ("SELECT SUBSTR(name, 1, 2) FROM users", REFUSAL, LEADER),
    "series on a table": ("SELECT generate_series(1, n) FROM numbers", REFUSAL, LEADER),
    "series joined": ("SELECT * FROM numbers, generate_series(1, 2) g", REFUSAL, LEADER),
    "string_agg": ("SELECT string_agg(name, ',') FROM users", MISSING,
                   "function string_agg() does not exist"),
    "array_agg": ("SELECT array_agg(n) FROM numbers", MISSING,
                  "function array_agg() does not exist"),
    "format": ("SELECT format('%s', 1)", MISSING, "function format() does not exist"),
    "pg_sleep": ("SELECT pg_sleep(1)", MISSING, "function pg_sleep() does not exist"),
    "clock_timestamp": ("SELECT clock_timestamp()", MISSING,
                        "function clock_timestamp() does not exist"),
    "regexp_matches": ("SELECT regexp_matches('a', 'a')", MISSING,
                       "function regexp_matches() does not exist"),
    "concat of three": (
        "SELECT concat('a', 'b', 'c')", MISSING, "function concat() does not exist",
    ),
    "to_timestamp, strict": (
        "SELECT TO_TIMESTAMP('2011-12-18 24:38:15', 'YYYY-MM-DD HH24:MI:SS', TRUE)", "22008",
        'date/time field value out of range: "2011-12-18 24:38:15"'),
    "to_date of words out of range": ("SELECT TO_DATE('31 Jun 2018', 'DD Mon YYYY')", "22008",
                                      'date/time field value out of range: "31 Jun 2018"'),
    "to_timestamp of a number": ("SELECT to_timestamp(ts / 1000) FROM events", MISSING,
                                 "function to_timestamp() does not exist"),
    "gen_random_uuid": ("SELECT gen_random_uuid()", MISSING,
                        "function gen_random_uuid() does not exist"),
    "json operator": ("SELECT '{}' -> 'a'", SYNTAX, near("->")),
    "json cast": ("SELECT '{}'::jsonb", "42704", 'type "jsonb" does not exist'),
    "bytea cast": ("SELECT 'a'::bytea", REFUSAL, 'Expression has unsupported type "bytea".'),
    "unknown date part": ("SELECT EXTRACT(fortnight FROM at) FROM moments", "22023",
                          'timestamp units "fortnight" not recognized'),
    "is true in the select list": ("SELECT (n > 1) IS TRUE FROM numbers", REFUSAL,
                                   "Not implemented"),
    "recursion without columns": ("WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r", REFUSAL,
                                  "WITH RECURSIVE requires a column list"),
    "data-modifying query": ("WITH d AS (DELETE FROM users) SELECT 1", SYNTAX, near("DELETE")),
    "materialized query": ("WITH c AS MATERIALIZED (SELECT 1) SELECT * FROM c", SYNTAX,
                           near("MATERIALIZED")),
    "system column": ("SELECT ctid FROM users", "42703", 'column "ctid" does not exist'),
    "qualify without an alias": ("SELECT n FROM numbers QUALIFY RANK() OVER (ORDER BY n) = 1",
                                 SYNTAX, near("QUALIFY")),
    "alias before its item": ("SELECT k + 1, n AS k FROM numbers", "42703",
                              'column "k" does not exist'),
    "alias of an aggregate in a nested query": (
        "SELECT level AS l, COUNT(*) AS c, (SELECT MAX(n) FROM numbers WHERE n = c) FROM users "
        "GROUP BY l", REFUSAL,
        f"an alias of an aggregate or a window function in a nested query{OURS}"),
    "alias two queries up": (
        "SELECT user_id AS uid FROM users WHERE EXISTS (SELECT 1 FROM events WHERE EXISTS "
        "(SELECT 1 FROM numbers WHERE n = uid))", "42703", 'column "uid" does not exist'),
    "alias in a nested query of a missing table": (
        "SELECT n AS k FROM numbers WHERE EXISTS (SELECT 1 FROM nowhere WHERE k = 1)", "42P01",
        'relation "nowhere" does not exist'),
    "alias in ON": ("SELECT u.user_id AS k FROM users u JOIN numbers ON k = n", "42703",
                    'column "k" does not exist'),
    "ambiguous column": ("SELECT level FROM users, events", "42702",
                         'column reference "level" is ambiguous'),
    "text into a whole number": (
        "INSERT INTO numbers (n) SELECT text_ts FROM events", "42804",
        'column "n" is of type integer but expression is of type character varying',
    ),
    "too long": ("INSERT INTO numbers (s) VALUES ('ééééé1')", "22001",
                 "value too long for type character varying(10)"),
    "too long a result": ("INSERT INTO numbers (s) SELECT s || 'ééééé' FROM numbers", "XX000",
                          "Value too long for character type"),
    "null in a key": ("INSERT INTO users VALUES (NULL)", "XX000",
                      "Cannot insert a NULL value into column user_id"),
    "value for an identity column": (
        "CREATE TABLE t (id INT IDENTITY(0,1)); INSERT INTO t VALUES (1)", REFUSAL,
        "cannot set an identity column to a value"),
    "identity column updated": ("CREATE TABLE t (id INT IDENTITY(0,1)); UPDATE t SET id = 1",
                                REFUSAL, "cannot set an identity column to a value"),
    "literal that is no number": ("SELECT n FROM numbers WHERE n = 'abc'", "22P02",
                                  'invalid input syntax for integer: "abc"'),
    "literal that is no whole number": ("SELECT '1.5'::BIGINT", "22P02",
                                        'invalid input syntax for integer: "1.5"'),
    "text that is no number": ("SELECT s::INT FROM numbers", "XX000",
                               "Invalid digit, Value 'a', Pos 0, Type: Integer"),
    "text that is no whole number": ("SELECT (text_ts || '.5')::BIGINT FROM events", "XX000",
                                     "Invalid digit, Value '.', Pos 13, Type: Long"),
    "text that is no short": ("SELECT ('-' || s)::SMALLINT FROM numbers", "XX000",
                              "Invalid digit, Value 'a', Pos 1, Type: Short"),
    "text that is no decimal": ("SELECT ('1.5' || s)::DECIMAL(5,2) FROM numbers", "XX000",
                                "Invalid digit, Value 'a', Pos 3, Type: Decimal"),
    "text that is no double": ("SELECT ('1.5' || s)::FLOAT FROM numbers", "XX000",
                               "Invalid digit, Value 'a', Pos 3, Type: Double"),
    "too large a whole number": ("SELECT ts::INT FROM events", "XX000",
                                 "Value out of range for 4 bytes."),
    "too large a product": ("SELECT ts * ts FROM events", "XX000",
                            "Value out of range for 8 bytes."),
    "too large a text": ("SELECT text_ts::SMALLINT FROM events", "XX000",
                         "Value out of range for 2 bytes."),
    "several rows for a value": ("SELECT (SELECT n FROM numbers)", "XX000",
                                 "single-row subquery returns more than one row"),
    "several rows for a value on the leader node": (
        "SELECT (SELECT 1 UNION SELECT 2)", "21000",
        "more than one row returned by a subquery used as an expression"),
    "function of other types": (
        "SELECT JSON_EXTRACT_PATH_TEXT(n, 'a') FROM numbers", MISSING,
        'function json_extract_path_text(integer, "unknown") does not exist'),
    "a function that is not carried": (
        "SELECT SLICE_NUM()", REFUSAL, f"function slice_num(){OURS}"),
    "approximate of another function": (
        "SELECT APPROXIMATE SUM(n) FROM numbers", REFUSAL,
        f"APPROXIMATE with anything but COUNT and PERCENTILE_DISC{OURS}"),
    "hll of nothing": ("SELECT HLL() FROM numbers", MISSING, "function hll() does not exist"),
    "average of text": ("SELECT AVG(s) FROM numbers", MISSING,
                        "function avg(character varying) does not exist"),
    "aggregate in WHERE": ("SELECT n FROM numbers WHERE COUNT(*) > 1", "42803",
                           "aggregates not allowed in WHERE clause"),
    "aggregate in GROUP BY": ("SELECT n FROM numbers GROUP BY COUNT(*)", "42803",
                              "aggregates not allowed in GROUP BY clause"),
    "aggregate in ON": ("SELECT 1 FROM numbers a JOIN numbers b ON COUNT(*) = 1", "42803",
                        "aggregates not allowed in JOIN conditions"),
    "aggregate in UPDATE": ("UPDATE numbers SET n = COUNT(*)", "42803",
                            "cannot use aggregate function in UPDATE"),
    "aggregate in VALUES": ("INSERT INTO numbers (n) VALUES (COUNT(*))", "42803",
                            "cannot use aggregate function in VALUES"),
    "aggregate of an aggregate": ("SELECT SUM(COUNT(*)) FROM numbers", "42803",
                                  "aggregate function calls may not be nested"),
    "missing from GROUP BY": (
        "SELECT n, COUNT(*) FROM numbers", "42803",
        'column "numbers.n" must appear in the GROUP BY clause or be used in an aggregate function',
    ),
    "too many values": ("INSERT INTO numbers VALUES (1, 'a', 3)", SYNTAX,
                        "INSERT has more expressions than target columns"),
    "too few values": ("INSERT INTO numbers (n, s) VALUES (1)", SYNTAX,
                       "INSERT has more target columns than expressions"),
    "union of types": ("SELECT n FROM numbers UNION SELECT s FROM numbers", "42804",
                       "UNION types integer and character varying cannot be matched"),
    "union of lengths": ("SELECT n, s FROM numbers UNION SELECT n FROM numbers", SYNTAX,
                         "each UNION query must have the same number of columns"),
    "union ordered by an expression": (
        "SELECT n FROM numbers UNION SELECT n FROM numbers ORDER BY n + 1", REFUSAL,
        "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of the result columns"),
    "too large a decimal": ("SELECT length::DECIMAL(3,2) FROM events", "XX000",
                            "Numeric data overflow (result precision)"),
    "distribution by a missing column": ("ALTER TABLE users ALTER DISTKEY nope", "42703",
                                         'column "nope" does not exist'),
    "unknown encoding altered": ("ALTER TABLE users ALTER COLUMN name ENCODE best", SYNTAX,
                                 'unknown encoding "best" for column "name"'),
    "missing key dropped": ("ALTER TABLE users DROP CONSTRAINT k", "42704",
                            'constraint "k" does not exist'),
    "key that is referred to": (
        "ALTER TABLE users ADD CONSTRAINT k PRIMARY KEY (user_id); CREATE TABLE t (a INT "
        "REFERENCES users (user_id)); ALTER TABLE users DROP CONSTRAINT users_pkey", "2BP01",
        "cannot drop constraint users_pkey on table users because other objects depend on it"),
    "division by zero": ("SELECT n / (n - 1) FROM numbers", "XX000", "Divide by zero"),
    "division by zero on the leader node": ("SELECT 1 / 0", "22012", "division by zero"),
    "table that exists": ("CREATE TABLE users (n INT)", "42P07", 'Relation "users" already exists'),
    "table of another user": ("GRANT SELECT ON standin_statements TO PUBLIC", "42501",
                              "permission denied for relation standin_statements"),
    "several assignments at once": (
        "UPDATE users SET (name, level) = ('a', 'b')", SYNTAX, near("("),
    ),
    "missing table": ("SELECT * FROM nowhere", "42P01", 'relation "nowhere" does not exist'),
    "serial": (
        "CREATE TABLE t (id SERIAL)", REFUSAL, 'Column "t.id" has unsupported type "serial".',
    ),
    "array column": ("CREATE TABLE t (a INT[])", REFUSAL,
                     'Column "t.a" has unsupported type "integer[]".'),
    "uuid column": ("CREATE TABLE t (a UUID)", "42704", 'type "uuid" does not exist'),
    "jsonb column": ("CREATE TABLE t (a JSONB)", "42704", 'type "jsonb" does not exist'),
    "check": ("CREATE TABLE t (a INT CHECK (a > 0))", REFUSAL,
              "CREATE TABLE CHECK constraint is not supported"),
    "identity without a type": ("CREATE TABLE t (id IDENTITY(0,1))", SYNTAX, near("IDENTITY")),
    "generated always": ("CREATE TABLE t (id INT GENERATED ALWAYS AS IDENTITY)", SYNTAX,
                         near("ALWAYS")),
    "identity of text": ("CREATE TABLE t (id VARCHAR IDENTITY(0,1))", "42P16",
                         'identity column "id" must be of type INT or BIGINT'),
    "reserved word": ("CREATE TABLE user (id INT)", SYNTAX, near("user")),
    "reserved column timestamp": ("CREATE TABLE t (timestamp TIMESTAMP)", SYNTAX,
                                  near("timestamp")),
    "reserved name referred to": ("SELECT timestamp, n FROM numbers", SYNTAX, near(",")),
    "reserved name in WHERE": ("SELECT at AS timestamp FROM moments WHERE timestamp > '2018-01-01'",
                               SYNTAX, near(">")),
    "reserved name at the end": ("SELECT at AS timestamp FROM moments ORDER BY timestamp", SYNTAX,
                                 "syntax error at end of input"),
    "reserved name in INSERT": ("INSERT INTO moments (timestamp) VALUES (NULL)", SYNTAX,
                                near("timestamp")),
    "reserved name in UPDATE": ("UPDATE moments SET timestamp = NULL", SYNTAX, near("timestamp")),
    "reserved name in a call": ("SELECT EXTRACT(hour FROM timestamp) FROM moments", SYNTAX,
                                near(")")),
    "reserved column": ("CREATE TABLE t (tag INT)", SYNTAX, near("tag")),
    "on delete": ("CREATE TABLE t (a INT REFERENCES users (user_id) ON DELETE CASCADE)", SYNTAX,
                  near("ON")),
    "partitions": ("CREATE TABLE t (a INT) PARTITION BY RANGE (a)", SYNTAX, near("PARTITION")),
    "inherits": ("CREATE TABLE t (a INT) INHERITS (users)", SYNTAX, near("INHERITS")),
    "two distribution keys": ("CREATE TABLE t (a INT DISTKEY, b INT DISTKEY)", "42P16",
                              "a table can have only one DISTKEY"),
    "unknown sort column": ("CREATE TABLE t (a INT) SORTKEY (b)", "42703",
                            'column "b" named in SORTKEY does not exist'),
    "too large a varchar": ("CREATE TABLE t (a VARCHAR(65536))", "22023",
                            "length for type varchar cannot exceed 65535"),
    "temporary in a schema": ("CREATE TEMP TABLE public.t (a INT)", "42P16",
                              "cannot create temporary relation in non-temporary schema"),
    "temporary view in a schema": ('CREATE VIEW public."#v" AS SELECT 1 AS a', "42P16",
                                   "cannot create temporary relation in non-temporary schema"),
    "insert into a temporary view": (
        "CREATE VIEW #v AS SELECT n FROM numbers; INSERT INTO #v VALUES (5)", REFUSAL,
        "cannot insert into a view",
    ),
    "reference to nowhere": ("CREATE TABLE t (a INT REFERENCES nowhere)", "42P01",
                             'relation "nowhere" does not exist'),
    "index": ("CREATE INDEX i ON users (level)", REFUSAL,
              'SQL command "CREATE INDEX i ON users (level)" not supported on Redshift tables.'),
    "sequence": ("CREATE SEQUENCE s", REFUSAL, 'SQL command "CREATE SEQUENCE s" not supported.'),
    "extension": ("CREATE EXTENSION hstore", REFUSAL,
                  'SQL command "CREATE EXTENSION hstore" not supported.'),
    "type": ("CREATE TYPE t AS ENUM ('a')", REFUSAL,
             """SQL command "CREATE TYPE t AS ENUM ('a')" not supported."""),
    "anonymous block": ("DO $$ BEGIN END $$", SYNTAX, near("DO")),
    "late-binding view of a bare name": (
        "CREATE VIEW v AS SELECT n FROM numbers WITH NO SCHEMA BINDING", "42P16",
        "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA "
        "BINDING."),
    "late-binding view without its table": (
        "CREATE VIEW v AS SELECT n FROM public.numbers WITH NO SCHEMA BINDING; DROP TABLE numbers; "
        "SELECT * FROM v", "42P01", 'relation "public.numbers" does not exist'),
    "savepoint": ("SAVEPOINT a", REFUSAL, 'SQL command "SAVEPOINT a" not supported.'),
    "two columns added": (
        "ALTER TABLE users ADD COLUMN a INT, ADD COLUMN b INT", SYNTAX, near(","),
    ),
    "column of another type": ("ALTER TABLE users ALTER COLUMN level TYPE INT", REFUSAL,
                               'target data type "integer" is not supported'),
    "column widened in a transaction": (
        "ALTER TABLE numbers ALTER COLUMN s TYPE VARCHAR(20)", "25001",
        "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"),
    "append in a transaction": ("ALTER TABLE users APPEND FROM songs", "25001",
                                "ALTER TABLE APPEND cannot run inside a transaction block"),
    "merge with a condition": (
        "MERGE INTO users USING songs ON user_id = year WHEN MATCHED AND year > 0 THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (1)", SYNTAX, near("AND"),
    ),
    "merge that does nothing": (
        "MERGE INTO users USING songs ON user_id = year WHEN MATCHED THEN DO NOTHING "
        "WHEN NOT MATCHED THEN INSERT VALUES (1)", SYNTAX, near("DO"),
    ),
    "merge with one clause": (
        "MERGE INTO users USING songs ON user_id = year WHEN MATCHED THEN DELETE",
        SYNTAX, "syntax error at end of input",
    ),
    "merge with an alias of the target": (
        "MERGE INTO users u USING songs ON u.user_id = year REMOVE DUPLICATES", SYNTAX, near("u"),
    ),
    "merge that reads the target": (
        "MERGE INTO users USING (SELECT * FROM users) s ON users.user_id = s.user_id "
        "REMOVE DUPLICATES", REFUSAL,
        "Source view/subquery in Merge statement cannot reference target table.",
    ),
    "merge with several matches": (
        "MERGE INTO users USING events e ON users.user_id = e.user_id WHEN MATCHED THEN UPDATE SET "
        "level = e.level WHEN NOT MATCHED THEN INSERT VALUES (e.user_id)", "XX000",
        "Found multiple matches to update the same tuple.",
    ),
    "user without a password": ("CREATE USER u", SYNTAX, "syntax error at end of input"),
    "user with a short password": ("CREATE USER u PASSWORD 'Abc1'", "22023",
                                   "password must have 8 to 64 characters"),
    "user with a simple password": ("CREATE USER u PASSWORD 'abcdefg1'", "22023",
                                    "password must contain an upper case letter"),
    "user with a password without digits": ("ALTER USER dwhuser PASSWORD 'Abcdefgh'", "22023",
                                            "password must contain a digit"),
    "user with a password in capitals": ("CREATE USER u PASSWORD 'ABCDEFG1'", "22023",
                                         "password must contain a lower case letter"),
    "user with a quotation mark": (
        "CREATE USER u PASSWORD 'Abcd1234''; SELECT 1'", "22023",
        "password must be of printable ASCII characters other than blank, quotation marks, "
        "backslash, slash and @"),
    "user with another hash": (f"CREATE USER u PASSWORD 'sha256|{'0' * 64}'", REFUSAL,
                               f"a password as SHA-256 hash{OURS}"),
    "user with a bare password": ("CREATE USER u PASSWORD Abcd1234", SYNTAX, near("Abcd1234")),
    "superuser": ("CREATE USER u PASSWORD 'Abcd1234' CREATEUSER", REFUSAL,
                  f"CREATEUSER (a superuser){OURS}"),
    "superuser as PostgreSQL has it": ("CREATE USER u PASSWORD 'Abcd1234' SUPERUSER", SYNTAX,
                                       near("SUPERUSER")),
    "user with any access": ("CREATE USER u PASSWORD 'Abcd1234' SYSLOG ACCESS ALL", SYNTAX,
                             near("ALL")),
    "user with endless sessions": ("CREATE USER u PASSWORD 'Abcd1234' SESSION TIMEOUT", SYNTAX,
                                   "syntax error at end of input"),
    "user valid until a name": ("CREATE USER u PASSWORD 'Abcd1234' VALID UNTIL now", SYNTAX,
                                near("now")),
    "user if there is none": ("CREATE USER IF NOT EXISTS u PASSWORD 'Abcd1234'", SYNTAX,
                              near("NOT")),
    "user with a reserved name": ("CREATE USER user PASSWORD 'Abcd1234'", SYNTAX, near("user")),
    "user everyone": ("CREATE USER public PASSWORD 'Abcd1234'", "42939",
                      'user name "public" is reserved'),
    "user with a setting that is not there": (
        "ALTER USER dwhuser SET work_mem TO 5", REFUSAL, f"ALTER USER SET work_mem{OURS}"),
    "user renamed to nothing": ("ALTER USER dwhuser RENAME x", SYNTAX, near("RENAME")),
    "oneself dropped": ("DROP USER dwhuser", "55006", "current user cannot be dropped"),
    "prepared commands": ("PREPARE p AS DROP TABLE users", SYNTAX, near("DROP")),
    "explain analyze": ("EXPLAIN ANALYZE SELECT 1", SYNTAX, near("ANALYZE")),
    "scrolling cursor": ("DECLARE c SCROLL CURSOR FOR SELECT 1", SYNTAX, near("SCROLL")),
    "lock mode": ("LOCK TABLE users IN SHARE MODE", SYNTAX, near("IN")),
    "unknown setting": ("SET work_mem TO '1GB'", "42704",
                        'unrecognized configuration parameter "work_mem"'),
    "table appended to itself": ("ALTER TABLE numbers APPEND FROM public.numbers", "42P16",
                                 "cannot append a table to itself"),
    "boolean as text": ("SELECT (n > 1)::VARCHAR FROM numbers", "42846",
                        "cannot cast type boolean to character varying"),
    "boolean literal as text": ("SELECT CAST(TRUE AS TEXT)", "42846",
                                "cannot cast type boolean to character varying"),
    "boolean as a character": ("SELECT (n > 1)::CHAR(1) FROM numbers", "42846",
                               "cannot cast type boolean to character"),
    "text as a boolean": ("SELECT s::BOOLEAN FROM numbers", "42846",
                          "cannot cast type character varying to boolean"),
    "computed text as a boolean": ("SELECT UPPER(s)::BOOLEAN FROM numbers", "42846",
                                   "cannot cast type character varying to boolean"),
    "character as a boolean": ("SELECT 't'::CHAR(1)::BOOLEAN", "42846",
                               "cannot cast type character to boolean"),
    "boolean into text": ("INSERT INTO numbers SELECT n, n > 1 FROM numbers", "42804",
                          'column "s" is of type character varying but expression is of type '
                          "boolean"),
    "unknown statement": ("FROBNICATE users", SYNTAX, near("FROBNICATE")),
    "not JSON": ("SELECT JSON_EXTRACT_PATH_TEXT('{', 'a')", "XX000", "JSON parsing error"),
    "not a digit": ("SELECT STRTOL('9', 8)", "XX000",
                    "The input 9 is not valid to be converted to base 8"),
    "group by all of a star": ("SELECT * FROM numbers GROUP BY ALL", REFUSAL,
                               f"GROUP BY ALL over *{OURS}"),
    "exclude of a missing column": ("SELECT * EXCLUDE nope FROM users", "42703",
                                    'column "nope" does not exist'),
    "exclude of everything": ("SELECT * EXCLUDE (n, s) FROM numbers", "42703",
                              "EXCLUDE leaves no column"),
    "exclude with top": ("SELECT TOP 2 * EXCLUDE (s) FROM numbers", REFUSAL,
                         f"EXCLUDE together with TOP{OURS}"),
    "pivot of a missing table": ("SELECT * FROM nowhere PIVOT (COUNT(a) FOR b IN (1))", "42P01",
                                 'relation "nowhere" does not exist'),
    "pivot of a missing column": ("SELECT * FROM numbers PIVOT (COUNT(s) FOR b IN (1))", "42703",
                                  'column "b" does not exist'),
    "pivot of columns": ("SELECT * FROM numbers PIVOT (COUNT(s) FOR n IN (s))", REFUSAL,
                         f"PIVOT of anything but constants{OURS}"),
    "unpivot of a missing column": ("SELECT * FROM numbers UNPIVOT (v FOR c IN (b))", "42703",
                                    'column "b" does not exist'),
    "pivot without parentheses": ("SELECT * FROM numbers PIVOT", SYNTAX,
                                  "syntax error at end of input"),
    "system view": ("SELECT * FROM stv_sessions", REFUSAL, f"stv_sessions{OURS}"),
    "system view with a schema": ("SELECT COUNT(*) FROM pg_catalog.stl_wlm_query", REFUSAL,
                                  f"stl_wlm_query{OURS}"),
    "system view beside a table": ("SELECT * FROM numbers, svl_query_summary", REFUSAL,
                                   f"svl_query_summary{OURS}"),
    "svv view": ("SELECT * FROM svv_diskusage", REFUSAL, f"svv_diskusage{OURS}"),
    "sys view": ("SELECT * FROM sys_session_history", REFUSAL, f"sys_session_history{OURS}"),
    "catalogue view": ("SELECT * FROM pg_user_info", REFUSAL, f"pg_user_info{OURS}"),
    "relation of another schema": ("SELECT * FROM public.stv_sessions", "42P01",
                                   'relation "public.stv_sessions" does not exist'),
    "drop of a referenced table": (
        "CREATE TABLE par (a INT PRIMARY KEY); CREATE TABLE kid (b INT REFERENCES par); "
        "DROP TABLE par",
        "2BP01", "cannot drop table par because other objects depend on it",
    ),
    "drop of a referenced table, restricted": (
        'CREATE SCHEMA s; CREATE TABLE s."Par" (a INT PRIMARY KEY, b INT REFERENCES s.par); '
        "CREATE TABLE kid (b INT, FOREIGN KEY (b) REFERENCES s.par (a)); "
        "DROP TABLE IF EXISTS nowhere, s.par RESTRICT",
        "2BP01", "cannot drop table s.par because other objects depend on it",
    ),
    "ignore nulls of lag": ("SELECT LAG(s, 1) IGNORE NULLS OVER (ORDER BY n) FROM numbers", REFUSAL,
                            f"IGNORE NULLS of anything but FIRST_VALUE and LAST_VALUE{OURS}"),
    "ignore nulls of nth_value": (
        f"SELECT NTH_VALUE(s, 1) IGNORE NULLS OVER (ORDER BY n {ALL}) FROM numbers", REFUSAL,
        f"IGNORE NULLS of anything but FIRST_VALUE and LAST_VALUE{OURS}",
    ),
    "percentile of a window": (
        "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n) OVER (PARTITION BY s) FROM numbers",
        REFUSAL, f"PERCENTILE_CONT with OVER{OURS}",
    ),
    "approximate percentile of a window": (
        "SELECT APPROXIMATE PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY n) OVER () FROM numbers",
        REFUSAL, f"PERCENTILE_DISC with OVER{OURS}",
    ),
    "listagg of distinct values of a window": (
        "SELECT LISTAGG(DISTINCT s, ',') WITHIN GROUP (ORDER BY s) OVER () FROM numbers",
        REFUSAL, f"LISTAGG(DISTINCT ..) with OVER{OURS}",
    ),
    "listagg of an ordered window": (
        "SELECT LISTAGG(s, ',') WITHIN GROUP (ORDER BY s) OVER (ORDER BY n) FROM numbers",
        SYNTAX, near("ORDER"),
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/SPLIT_PART.html
    "part from the end": ("SELECT SPLIT_PART('a,b', ',', -1)", "22023",
                          "field position must be greater than zero"),
    "part zero of rows": ("SELECT SPLIT_PART(s, ',', n - 1) FROM numbers", "22023",
                          "field position must be greater than zero"),
    "part from the end of a number": ("SELECT SPLIT_PART(1.5, '.', -n) FROM numbers", "22023",
                                      "field position must be greater than zero"),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
    "listagg of too much": (
        "SELECT LISTAGG(REPEAT('a', 20000), ',') FROM numbers", "XX000",
        "Result size exceeds LISTAGG limit",
    ),
    "listagg of distinct values in another order": (
        "SELECT LISTAGG(DISTINCT s, ',') WITHIN GROUP (ORDER BY n) FROM numbers",
        REFUSAL, f"LISTAGG(DISTINCT ..) WITHIN GROUP of another order{OURS}",
    ),
    "median of an ordered window": (
        "SELECT MEDIAN(n) OVER (PARTITION BY s ORDER BY n) FROM numbers", SYNTAX, near("ORDER"),
    ),
    "new column without a default": (
        "CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN b INT NOT NULL", REFUSAL,
        "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
    ),
    "new column of NULLs": (
        "ALTER TABLE numbers ADD b INT DEFAULT NULL NOT NULL", REFUSAL,
        "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_INSERT_30.html
    "with before insert": (
        "WITH q AS (SELECT 5 AS n), r (n) AS (SELECT n FROM q) INSERT INTO numbers (n) "
        "SELECT n FROM r", SYNTAX, near("INSERT"),
    ),
    "with before insert explained": (
        "EXPLAIN WITH q AS (SELECT 5 AS n) insert into numbers (n) SELECT n FROM q", SYNTAX,
        near("insert"),
    ),
    "with before merge": (
        "WITH q AS (SELECT 5 AS n) MERGE INTO numbers USING q ON numbers.n = q.n "
        "WHEN MATCHED THEN DELETE", SYNTAX, near("MERGE"),
    ),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
    "insert into a view": (
        "CREATE VIEW v AS SELECT n FROM numbers; INSERT INTO v VALUES (5)", REFUSAL,
        "cannot insert into a view",
    ),
    "insert of nothing into a view": (
        "CREATE VIEW v AS SELECT n FROM numbers; INSERT INTO v SELECT n FROM numbers WHERE n > 9",
        REFUSAL, "cannot insert into a view",
    ),
    "update of a view": (
        "CREATE VIEW v AS SELECT n FROM numbers; UPDATE v SET n = 0 WHERE n > 9", REFUSAL,
        "cannot update a view",
    ),
    "delete from a view": (
        "CREATE VIEW v AS SELECT n FROM numbers; DELETE FROM v USING users u WHERE v.n = u.user_id",
        REFUSAL, "cannot delete from a view",
    ),
    "delete from a replaced view": (
        "CREATE OR REPLACE VIEW v AS SELECT n FROM numbers; DELETE FROM v", REFUSAL,
        "cannot delete from a view",
    ),
    "delete from a view replaced again": (
        "CREATE VIEW v AS SELECT n FROM numbers; CREATE OR REPLACE VIEW v AS SELECT n FROM numbers "
        "WHERE n > 1; DELETE FROM v", REFUSAL, "cannot delete from a view",
    ),
    "update of a view of two tables": (
        "CREATE VIEW v AS SELECT n, name FROM numbers, users; UPDATE v SET n = 0", REFUSAL,
        "cannot update a view",
    ),
    "insert into a late-binding view": (
        "CREATE VIEW v AS SELECT n FROM public.numbers WITH NO SCHEMA BINDING; "
        "INSERT INTO v VALUES (5)", REFUSAL, "cannot insert into a view",
    ),
    "merge into a view": (
        "CREATE VIEW v AS SELECT n FROM numbers; MERGE INTO v USING users u ON v.n = u.user_id "
        "WHEN MATCHED THEN UPDATE SET n = 0 WHEN NOT MATCHED THEN INSERT VALUES (u.user_id)",
        REFUSAL, "cannot update a view",
    ),
    "merge without duplicates into a view": (
        "CREATE VIEW v AS SELECT n FROM numbers; MERGE INTO v USING (SELECT 1 AS n) u ON v.n = u.n "
        "REMOVE DUPLICATES", REFUSAL, "cannot delete from a view",
    ),
    "view with a column more": (
        "CREATE VIEW v AS SELECT n FROM numbers; CREATE OR REPLACE VIEW v AS SELECT * FROM numbers",
        "42P16", "cannot change number of columns in view",
    ),
    "view with a column less": (
        "CREATE VIEW v AS SELECT * FROM numbers; CREATE OR REPLACE VIEW v AS SELECT n FROM numbers",
        "42P16", "cannot change number of columns in view",
    ),
    "view with a column of another name": (
        "CREATE VIEW v AS SELECT n FROM numbers; CREATE OR REPLACE VIEW v AS SELECT n AS m "
        "FROM numbers", "42P16", 'cannot change name of view column "n"',
    ),
    "view with a column of another type": (
        "CREATE VIEW v AS SELECT n FROM numbers; CREATE OR REPLACE VIEW v AS SELECT s AS n "
        "FROM numbers", "42P16", 'cannot change data type of view column "n"',
    ),
    "view of a missing column": ("CREATE OR REPLACE VIEW v AS SELECT m FROM numbers", "42703",
                                 'column "m" does not exist'),
    "super": ("CREATE TABLE t (a SUPER)", REFUSAL, f"type SUPER{OURS}"),
    "user-defined function": (
        "CREATE FUNCTION f() RETURNS INT STABLE AS $$ SELECT 1 $$ LANGUAGE sql",
                              REFUSAL, f"CREATE FUNCTION{OURS}"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "sqlstate", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(cursor: Any, sql: str, sqlstate: str, message: str) -> None:
    with pytest.raises(psycopg2.Error) as error:
        cursor.execute(sql)
    assert (error.value.pgcode, error.value.diag.message_primary) == (sqlstate, message)


FAMILY = (
    "CREATE SCHEMA s; CREATE TABLE s.par (a INT PRIMARY KEY, up INT REFERENCES s.par); "
    "CREATE TABLE kid (b INT REFERENCES s.par, c INT, UNIQUE (c)); "
)
FOREIGN_KEYS = (
    "SELECT conname FROM pg_constraint WHERE conrelid = 'kid'::regclass AND contype = 'f'"
)


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("DROP TABLE s.par CASCADE", []),
        ("DROP SCHEMA s CASCADE", []),
        ("ALTER TABLE kid DROP CONSTRAINT kid_b_fkey; DROP TABLE s.par", []),
        ("CREATE TABLE tot (c INT REFERENCES kid (c)); DROP TABLE tot", [("kid_b_fkey",)]),
        ("DROP TABLE kid, s.par; CREATE TABLE kid (a INT)", []),
        ("DROP TABLE kid; DROP TABLE s.par; CREATE TABLE kid (a INT)", []),
    ],
    ids=["cascade", "schema", "key first", "referring table", "at once", "in order"],
)
def test_references_go_with_their_tables(
    cursor: Any, sql: str, keys: list[tuple[str, ...]]
) -> None:
    cursor.execute(FAMILY + sql)
    cursor.execute(FOREIGN_KEYS)
    assert cursor.fetchall() == keys


def test_a_conflict_of_transactions(connection: Any, cursor: Any) -> None:
    """As a cluster tells it, and so that the scripts try again."""
    cursor.execute("SELECT COUNT(*) FROM numbers")
    with contextlib.closing(psycopg2.connect(connection.dsn, password=PASSWORD)) as other:
        with other, other.cursor() as first:
            first.execute("UPDATE numbers SET s = s WHERE n = 1")
        with pytest.raises(psycopg2.Error) as error:
            cursor.execute("UPDATE numbers SET s = s WHERE n = 1")
    assert (error.value.pgcode, error.value.diag.message_primary) == ("XX000", "1023")
    assert error.value.diag.message_detail == "Serializable isolation violation on table"
    assert retries.is_transient(error.value)


def test_what_is_skipped_is_told(connection: Any, cursor: Any) -> None:
    connection.notices.clear()
    cursor.execute("DROP TABLE IF EXISTS nowhere")
    cursor.execute("CREATE TABLE IF NOT EXISTS users (a INT)")
    assert [notice.strip() for notice in connection.notices] == [
        'INFO:  Table "nowhere" does not exist and will be skipped',
        'INFO:  Relation "users" already exists and will be skipped',
    ]


TAGS = {
    "create a user": ("CREATE USER tagged PASSWORD 'Abcd1234'", "CREATE USER"),
    "create a user with everything": (
        "CREATE USER tagged_too WITH PASSWORD 'md5153c434b4b77c89e6b94f12c5393af5b' NOCREATEDB "
        "NOCREATEUSER SYSLOG ACCESS UNRESTRICTED VALID UNTIL '2030-01-01' CONNECTION LIMIT "
        "UNLIMITED SESSION TIMEOUT 60 EXTERNALID 'a'", "CREATE USER"),
    "reset a timeout": ("ALTER USER tagged_too RESET SESSION TIMEOUT", "ALTER USER"),
    "drop the user with everything": ("DROP USER tagged_too", "DROP USER"),
    "alter a user": ("ALTER USER tagged CONNECTION LIMIT 5", "ALTER USER"),
    "create a group": ("CREATE GROUP tagged_group WITH USER tagged", "CREATE GROUP"),
    "alter a group": ("ALTER GROUP tagged_group DROP USER tagged", "ALTER GROUP"),
    "drop a group": ("DROP GROUP tagged_group", "DROP GROUP"),
    "drop a user": ("DROP USER tagged", "DROP USER"),
    "create a table": ("CREATE TABLE tagged_table (a INT, s VARCHAR(5)) DISTSTYLE ALL",
                       "CREATE TABLE"),
    "alter a column's type": ("ALTER TABLE tagged_table ALTER COLUMN s TYPE VARCHAR(9)",
                              "ALTER TABLE"),
    "insert": ("INSERT INTO tagged_table VALUES (1, '123456789'), (2, 'b')", "INSERT 0 2"),
    "create a second table": ("CREATE TABLE tagged_source (LIKE tagged_table)", "CREATE TABLE"),
    "merge": ("MERGE INTO tagged_table USING (SELECT n AS a, s FROM numbers) x "
              "ON tagged_table.a = x.a REMOVE DUPLICATES", "MERGE 4"),
    "append": ("ALTER TABLE tagged_table APPEND FROM tagged_source", "ALTER TABLE APPEND"),
    "truncate": ("TRUNCATE tagged_table", "TRUNCATE"),
    "drop": ("DROP TABLE tagged_table, tagged_source", "DROP TABLE"),
}  # fmt: skip


def test_command_tags(connection: Any) -> None:
    """Outside of transactions, in their order."""
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for name, (sql, tag) in TAGS.items():
                cursor.execute(sql)
                assert cursor.statusmessage == tag, name
    finally:
        connection.autocommit = False
