"""The system catalogue as clients see it: Redshift's columns and keys, and nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from clients import cluster
from conftest import Project

from standin.dialect import catalog
from standin.views import catalog_tables, leader_views

__all__ = ["cluster"]


@pytest.fixture
def cursor(cluster: Project) -> Iterator[Any]:
    """A cursor in a transaction that is undone after the test."""
    with closing(cluster.connect()) as connection, connection.cursor() as made:
        yield made


def rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


KEYS = (
    "SELECT conname, contype, conkey, conrelid::regclass::text, confrelid::regclass::text, "
    "confkey, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass "
    "ORDER BY conname"
)


def test_keys_of_a_table(cursor: Any) -> None:
    cursor.execute(
        "CREATE TABLE parent (id INTEGER, code INTEGER, PRIMARY KEY (code, id));"
        'CREATE TABLE t (a INTEGER PRIMARY KEY, "B" INTEGER UNIQUE, '
        "c INTEGER REFERENCES parent (ID), "
        "CONSTRAINT both_of_them FOREIGN KEY (b, c) REFERENCES parent)"
    )
    assert rows(cursor, KEYS) == [
        ("both_of_them", "f", [2, 3], "t", "parent", [2, 1],
         "FOREIGN KEY (b, c) REFERENCES parent(code, id)"),
        ("t_b_key", "u", [2], "t", "-", [], "UNIQUE (b)"),
        ("t_c_fkey", "f", [3], "t", "parent", [1], "FOREIGN KEY (c) REFERENCES parent(id)"),
        ("t_pkey", "p", [1], "t", "-", [], "PRIMARY KEY (a)"),
    ]  # fmt: skip
    cursor.execute("ALTER TABLE t RENAME COLUMN a TO number")
    assert rows(cursor, KEYS)[3][-1] == "PRIMARY KEY (number)"
    cursor.execute("DROP TABLE t; CREATE TABLE t (a INTEGER)")
    assert rows(cursor, KEYS) == []


def test_table_that_exists_keeps_its_keys(cursor: Any) -> None:
    cursor.connection.autocommit = True
    cursor.execute("CREATE TABLE t (a INTEGER, b INTEGER)")
    cursor.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b INTEGER)")
    assert rows(cursor, KEYS) == []
    cursor.execute("ALTER TABLE t ADD CONSTRAINT k UNIQUE (b, a)")
    cursor.execute("ALTER TABLE t ADD PRIMARY KEY (b)")
    assert [row[:3] for row in rows(cursor, KEYS)] == [("k", "u", [2, 1]), ("t_pkey", "p", [2])]
    cursor.execute("DROP TABLE t")


def test_keys_in_the_information_schema(cursor: Any) -> None:
    cursor.execute("CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (b, a))")
    assert rows(
        cursor,
        "SELECT tc.constraint_name, tc.constraint_type, k.column_name, k.ordinal_position "
        "FROM information_schema.table_constraints AS tc "
        "JOIN information_schema.key_column_usage AS k USING (constraint_name, table_name) "
        "WHERE tc.table_name = 't' ORDER BY 4",
    ) == [("t_pkey", "PRIMARY KEY", "b", 1), ("t_pkey", "PRIMARY KEY", "a", 2)]
    assert rows(
        cursor,
        "SELECT tables.table_name FROM information_schema.tables WHERE table_schema = 'public' "
        "ORDER BY 1",
    ) == [("numbers",), ("t",)]


def test_distribution_and_sorting(cursor: Any) -> None:
    cursor.execute(
        "CREATE TABLE t (a INTEGER ENCODE ZSTD, b INTEGER, c INTEGER) DISTKEY (b) SORTKEY (c, a);"
        "CREATE TABLE e (a INTEGER) DISTSTYLE EVEN; CREATE TABLE l (a INTEGER) DISTSTYLE ALL"
    )
    assert rows(
        cursor,
        "SELECT relname, reldiststyle FROM pg_class WHERE relname IN ('t', 'e', 'l', 'numbers') "
        "ORDER BY 1",
    ) == [("e", 0), ("l", 8), ("numbers", 10), ("t", 1)]
    assert rows(
        cursor,
        "SELECT attname, attisdistkey, attsortkeyord, format_encoding(attencodingtype::integer) "
        "FROM pg_catalog.pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 "
        "ORDER BY attnum",
    ) == [("a", False, 2, "zstd"), ("b", True, 0, "az64"), ("c", False, 1, "none")]


def test_identity_is_a_default(cursor: Any) -> None:
    cursor.execute("CREATE TABLE t (a INTEGER DEFAULT 7, id BIGINT IDENTITY(5, 2))")
    cursor.execute("SELECT 't'::regclass::oid")
    (table,) = cursor.fetchone()
    assert rows(
        cursor,
        "SELECT d.adsrc, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d "
        "WHERE d.adrelid = 't'::regclass ORDER BY d.adnum",
    ) == [("7", "7"), (f"\"identity\"({table}, 1, '5,2'::text)",) * 2]


def test_nothing_of_the_stand_in_is_seen(cursor: Any) -> None:
    cursor.execute(
        "CREATE TABLE t (id BIGINT IDENTITY(0, 1), name VARCHAR(5)) SORTKEY (name);"
        "CREATE VIEW v AS SELECT name FROM t"
    )
    for sql in (
        "SELECT relname FROM pg_class WHERE relname LIKE 'standin%' OR relkind IN ('S', 'i') "
        "AND relname LIKE 't%'",
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pg_redshift%'",
        "SELECT proname FROM pg_proc WHERE proname LIKE 'standin%' OR proname = 'zone_map'",
        "SELECT table_name FROM information_schema.tables WHERE table_schema LIKE 'pg_redshift%'",
        "SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass",
        "SELECT table_name FROM svv_tables WHERE table_schema LIKE 'pg_redshift%'",
        "SELECT table_name FROM svv_all_columns WHERE schema_name LIKE 'pg_redshift%'",
        "SELECT datname FROM pg_database WHERE datname = 'postgres'",
    ):
        assert rows(cursor, sql) == [], sql


def test_every_form_of_a_name(cursor: Any) -> None:
    for sql in (
        "SELECT relhasoids FROM pg_class WHERE relname = 'numbers'",
        'SELECT c.relhasoids FROM "pg_catalog"."pg_class" AS c WHERE c.relname = \'numbers\'',
        "SELECT pg_catalog.pg_class.relhasoids FROM pg_catalog.pg_class "
        "WHERE pg_catalog.pg_class.relname = 'numbers'",
        "SELECT c.relhasoids FROM pg_namespace AS n, pg_class AS c "
        "WHERE c.relnamespace = n.oid AND c.relname = 'numbers'",
        "SELECT x.relhasoids FROM (SELECT * FROM PG_CLASS) AS x WHERE x.relname = 'numbers'",
    ):
        assert rows(cursor, sql) == [(False,)], sql


def test_what_the_leader_takes(cursor: Any) -> None:
    """A number for a truth, an alias in WHERE, no blank behind a number: drivers rely on it."""
    assert rows(
        cursor,
        "SELECT c.relname AS name, CASE WHEN c.relkind = 'r' THEN 4ELSE 5END AS kind "
        "FROM pg_class AS c WHERE 1 AND name = 'numbers' "
        "UNION SELECT tablename AS name, 6 FROM svv_external_tables WHERE 1 AND name = 'numbers'",
    ) == [("numbers", 4)]
    with pytest.raises(psycopg2.Error, match="must be type boolean"):
        cursor.execute("SELECT n FROM numbers WHERE 1")


def test_views_over_all_databases(cursor: Any, cluster: Project) -> None:
    cursor.execute("CREATE TABLE t (a VARCHAR(7) NOT NULL) DISTKEY (a)")
    database = cluster.values["CLUSTER"]["DB_NAME"]
    where = "WHERE schema_name = 'public' AND table_name = 't'"
    assert rows(
        cursor, f"SELECT database_name, table_name, table_type FROM svv_all_tables {where}"
    ) == [(database, "t", "TABLE")]
    assert rows(
        cursor,
        f"SELECT column_name, data_type, character_maximum_length FROM svv_all_columns {where}",
    ) == [("a", "character varying", 7)]
    assert rows(
        cursor, f"SELECT column_name, encoding, distkey, sortkey FROM svv_redshift_columns {where}"
    ) == [("a", "lzo", True, 0)]
    assert ("public",) in rows(cursor, "SELECT schema_name FROM svv_all_schemas")
    assert rows(cursor, "SELECT database_name FROM svv_redshift_databases") == [(database,)]


def test_lists_agree() -> None:
    overlaid = {name for _, names in catalog.OVERLAYS.values() for name in names}
    assert overlaid == set(catalog_tables.OVERLAYS)
    assert set(leader_views.VIEWS) - {"pg_proc_info"} == catalog.LEADER_VIEWS


def test_every_overlay_and_view_can_be_read(cursor: Any) -> None:
    for schema, (_, names) in catalog.OVERLAYS.items():
        for name in names:
            assert len(rows(cursor, f"SELECT * FROM {schema}.{name} LIMIT 1")) <= 1
    for name in leader_views.VIEWS:
        assert len(rows(cursor, f"SELECT * FROM {name} LIMIT 1")) <= 1


def test_rules_that_forbid_changes_of_views_are_not_shown(cursor: Any) -> None:
    cursor.execute("CREATE VIEW v AS SELECT 1 AS a")
    ours = "SELECT rulename FROM pg_rewrite WHERE ev_class = 'v'::regclass"
    assert rows(cursor, ours) == [("_RETURN",)]
    assert rows(cursor, "SELECT rulename FROM pg_rules WHERE tablename = 'v'") == []
