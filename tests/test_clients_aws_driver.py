"""redshift_connector, AWS's own driver, and pandas as people use it without SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from clients import CREATE_TYPES, VALUES, address, cluster
from conftest import Project
from wire import copy_statement

__all__ = ["cluster"]

redshift_connector = pytest.importorskip(
    "redshift_connector", reason="tests/requirements-clients.txt"
)

pytestmark = pytest.mark.filterwarnings(r"ignore:ssl\.:DeprecationWarning")


def connect(cluster: Project, **options: Any) -> Any:
    """It takes authorities from its own bundle and from the system, that is SSL_CERT_FILE."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(cluster.standin.ca_file))
        return redshift_connector.connect(**address(cluster), **options)


@pytest.fixture
def connection(cluster: Project) -> Iterator[Any]:
    with closing(connect(cluster)) as made:
        yield made


@pytest.fixture
def cursor(connection: Any) -> Any:
    return connection.cursor()


@pytest.mark.parametrize(
    "options",
    [
        {"sslmode": "verify-full"},
        {"sslmode": "verify-ca"},
        {"client_protocol_version": 0},
        {"client_protocol_version": 2, "application_name": "x" * 100},
    ],
    ids=str,
)
def test_connecting(cluster: Project, options: Any) -> None:
    with closing(connect(cluster, **options)) as made:
        cursor = made.cursor()
        cursor.execute("SELECT current_user, COUNT(*) FROM numbers")
        assert cursor.fetchall() == (["dwhuser", 1000],)


def test_every_type(cursor: Any) -> None:
    cursor.execute(CREATE_TYPES)
    marks = ", ".join(["%s"] * 13)
    cursor.execute(f"INSERT INTO of_all_types VALUES ({marks})", VALUES)
    cursor.executemany(f"INSERT INTO of_all_types VALUES ({marks})", [VALUES, VALUES])
    cursor.execute("SELECT * FROM of_all_types")
    assert [tuple(row) for row in cursor.fetchall()] == [VALUES] * 3


def test_metadata(cluster: Project, cursor: Any) -> None:
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS keyed (a INTEGER, b VARCHAR(9) ENCODE LZO, PRIMARY KEY (b, a))"
    )
    database = cluster.values["CLUSTER"]["DB_NAME"]
    assert cursor.get_catalogs() == ([database],)
    assert [row[0] for row in cursor.get_schemas()] == [
        "information_schema",
        "pg_catalog",
        "public",
    ]
    tables = cursor.get_tables(schema_pattern="public")
    names = [row[2] for row in tables if row[3] == "TABLE"]
    assert names == ["keyed", "numbers"]
    columns = cursor.get_columns(schema_pattern="public", tablename_pattern="keyed")
    assert [(row[3], row[5]) for row in columns] == [("a", "int4"), ("b", "varchar")]
    keys = cursor.get_primary_keys(schema="public", table="keyed")
    assert [row[3:] for row in keys] == [["b", 1, "keyed_pkey"], ["a", 2, "keyed_pkey"]]
    assert cursor.get_procedures() == ()


def test_data_frames(cursor: Any) -> None:
    pandas = pytest.importorskip("pandas", reason="tests/requirements-clients.txt")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    cursor.execute("CREATE TABLE frames (a INTEGER, b VARCHAR(9))")
    cursor.write_dataframe(frame, "frames")
    cursor.execute("SELECT * FROM frames ORDER BY a")
    pandas.testing.assert_frame_equal(cursor.fetch_dataframe(), frame, check_dtype=False)


def test_pandas_over_either_driver(cluster: Project, connection: Any) -> None:
    pandas = pytest.importorskip("pandas", reason="tests/requirements-clients.txt")
    with closing(cluster.connect()) as other:
        for each in (connection, other):
            with pytest.warns(UserWarning, match="only supports SQLAlchemy"):
                frame = pandas.read_sql(
                    "SELECT n FROM numbers WHERE n > %s ORDER BY n", each, params=(997,)
                )
            assert frame["n"].tolist() == [998, 999, 1000]


def test_copy_errors_and_transactions(cluster: Project, connection: Any, cursor: Any) -> None:
    cluster.put("rows/1.json", b'{"a": 1}{"a": 2}')
    cursor.execute("CREATE TABLE t (a INTEGER)")
    cursor.execute(copy_statement(cluster))
    cursor.execute("SELECT SUM(a), pg_last_copy_count() FROM t")
    assert cursor.fetchall() == ([3, 2],)
    with pytest.raises(redshift_connector.ProgrammingError, match="LOAD source is not"):
        cursor.execute("COPY t FROM STDIN")
    connection.rollback()
    with pytest.raises(redshift_connector.ProgrammingError, match='"t" does not exist'):
        cursor.execute("SELECT * FROM t")
    connection.rollback()
    connection.autocommit = True
    cursor.execute("VACUUM numbers")


def test_copy_with_bound_parameters_is_refused(cluster: Project, cursor: Any) -> None:
    """Its parameters are the server's: https://github.com/sqlalchemy-redshift/sqlalchemy-redshift/issues/240"""
    with pytest.raises(redshift_connector.ProgrammingError, match=r"syntax error at or near .\$1"):
        cursor.execute("COPY numbers FROM %s IAM_ROLE default JSON 'auto'", ("s3://b/p",))
