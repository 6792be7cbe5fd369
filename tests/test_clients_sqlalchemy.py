"""SQLAlchemy with the dialect for Redshift, over both of its drivers, and pandas on top."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from clients import address, cluster
from conftest import Project

__all__ = ["cluster"]

sqlalchemy = pytest.importorskip("sqlalchemy", reason="tests/requirements-clients.txt")
pytest.importorskip("sqlalchemy_redshift", reason="tests/requirements-clients.txt")

# redshift_connector makes its context so.
pytestmark = pytest.mark.filterwarnings(r"ignore:ssl\.:DeprecationWarning")

SCHEMA = """
CREATE SCHEMA sales;
CREATE TABLE sales.hidden (a INTEGER);
CREATE TABLE singers (
    id BIGINT IDENTITY(0, 1), name VARCHAR(20) NOT NULL, born DATE ENCODE ZSTD, fee DECIMAL(9, 2),
    seen TIMESTAMP DEFAULT SYSDATE, PRIMARY KEY (id), CONSTRAINT one_name UNIQUE (name, born)
) DISTKEY (name) COMPOUND SORTKEY (born, name);
CREATE TABLE songs (song_id INTEGER PRIMARY KEY, singer BIGINT REFERENCES singers (id));
CREATE VIEW names AS SELECT name FROM singers;
CREATE VIEW late AS SELECT id, name FROM public.singers WITH NO SCHEMA BINDING
"""


@pytest.fixture(scope="module", params=["psycopg2", "redshift_connector"])
def engine(cluster: Project, request: pytest.FixtureRequest) -> Iterator[Any]:
    pytest.importorskip(request.param, reason="tests/requirements-clients.txt")
    values = address(cluster)
    url = sqlalchemy.URL.create(
        f"redshift+{request.param}", values["user"], values["password"], values["host"],
        values["port"], values["database"],
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        arguments = {"sslmode": "verify-full"}
        if request.param == "psycopg2":
            arguments["sslrootcert"] = str(cluster.standin.ca_file)
        else:
            arguments["ssl"] = True
            patch.setenv("SSL_CERT_FILE", str(cluster.standin.ca_file))
        made = sqlalchemy.create_engine(url, connect_args=arguments)
        with made.begin() as connection:
            if not sqlalchemy.inspect(connection).has_table("singers"):
                for statement in SCHEMA.split(";"):
                    connection.execute(sqlalchemy.text(statement))
        yield made
        made.dispose()


@pytest.fixture
def inspector(engine: Any) -> Any:
    return sqlalchemy.inspect(engine)


def test_names(inspector: Any) -> None:
    assert inspector.get_schema_names() == ["information_schema", "public", "sales"]
    assert sorted(inspector.get_table_names()) == ["numbers", "singers", "songs"]
    assert inspector.get_table_names("sales") == ["hidden"]
    assert sorted(inspector.get_view_names()) == ["late", "names"]
    assert "FROM singers" in inspector.get_view_definition("names")
    assert (inspector.has_table("songs"), inspector.has_table("gone")) == (True, False)


def test_columns(inspector: Any) -> None:
    columns = inspector.get_columns("singers")
    assert [(c["name"], str(c["type"]), c["nullable"]) for c in columns] == [
        ("id", "BIGINT", False),
        ("name", "VARCHAR(20)", False),
        ("born", "DATE", True),
        ("fee", "NUMERIC(9, 2)", True),
        ("seen", "TIMESTAMP", True),
    ]
    assert columns[0]["default"].endswith(", 0, '0,1'::text)")
    assert columns[2]["info"] == {"encode": "zstd"}


def test_columns_of_views(inspector: Any) -> None:
    for view, expected in (("names", ["name"]), ("late", ["id", "name"])):
        assert [column["name"] for column in inspector.get_columns(view)] == expected


def test_keys(inspector: Any) -> None:
    assert inspector.get_pk_constraint("singers") == {
        "constrained_columns": ["id"],
        "name": "singers_pkey",
    }
    assert inspector.get_unique_constraints("singers") == [
        {"name": "one_name", "column_names": ["name", "born"]}
    ]
    assert inspector.get_foreign_keys("songs") == [
        {
            "name": "songs_singer_fkey",
            "constrained_columns": ["singer"],
            "referred_schema": None,
            "referred_table": "singers",
            "referred_columns": ["id"],
        }
    ]
    assert inspector.get_check_constraints("singers") == []


def test_distribution_and_sorting(inspector: Any) -> None:
    assert inspector.get_table_options("singers") == {
        "redshift_diststyle": "KEY",
        "redshift_distkey": "name",
        "redshift_sortkey": ("born", "name"),
        "redshift_interleaved_sortkey": None,
    }


def test_table_made_used_and_reflected(engine: Any) -> None:
    metadata = sqlalchemy.MetaData()
    table = sqlalchemy.Table(
        "plays",
        metadata,
        sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True, autoincrement=False),
        sqlalchemy.Column("at", sqlalchemy.DateTime),
        sqlalchemy.Column("title", sqlalchemy.String(30)),
        sqlalchemy.Column("price", sqlalchemy.Numeric(9, 2)),
        redshift_diststyle="KEY",
        redshift_distkey="id",
        redshift_sortkey="at",
    )
    metadata.create_all(engine)
    rows = [(1, datetime(2018, 11, 1, 2), "it's \\ é %", Decimal("1.50")), (2, None, None, None)]
    with engine.begin() as connection:
        connection.execute(
            table.insert(), [dict(zip(table.columns.keys(), row, strict=True)) for row in rows]
        )
        query = sqlalchemy.select(table).order_by(table.c.id)
        assert connection.execute(query).fetchall() == rows
    with engine.connect() as connection:
        connection.execute(table.update().where(table.c.id == 2).values(title="two"))
        connection.rollback()
        found = connection.execute(sqlalchemy.select(table.c.title).where(table.c.id == 2))
        assert found.scalar() is None
        streamed = connection.execution_options(stream_results=True, max_row_buffer=100)
        numbers = streamed.execute(sqlalchemy.text("SELECT n FROM numbers ORDER BY n"))
        assert [n for (n,) in numbers] == list(range(1, 1001))
    reflected = sqlalchemy.Table("plays", sqlalchemy.MetaData(), autoload_with=engine)
    assert [column.name for column in reflected.primary_key] == ["id"]
    assert [str(c.type) for c in reflected.columns] == [
        "INTEGER", "TIMESTAMP", "VARCHAR(30)", "NUMERIC(9, 2)",
    ]  # fmt: skip
    metadata.drop_all(engine)


def test_copy_by_its_own_command(engine: Any, cluster: Project) -> None:
    from sqlalchemy_redshift.commands import CopyCommand, Format

    cluster.put("singers/1.json", b'{"song_id": 7, "singer": 1}')
    songs = sqlalchemy.table("songs")
    command = CopyCommand(
        songs,
        f"s3://{cluster.bucket}/singers",
        iam_role_arns=cluster.values["IAM_ROLE"]["ARN"],
        format=Format.json,
    )
    with engine.connect() as connection:
        if engine.driver == "redshift_connector":  # its parameters are bound, so Redshift refuses
            with pytest.raises(sqlalchemy.exc.ProgrammingError, match="syntax error"):
                connection.execute(command)
            return
        connection.execute(command)
        found = connection.execute(sqlalchemy.text("SELECT * FROM songs"))
        assert found.fetchall() == [(7, 1)]


def test_pandas(engine: Any, cluster: Project) -> None:
    pandas = pytest.importorskip("pandas", reason="tests/requirements-clients.txt")
    frame = pandas.DataFrame(
        {
            "a": [1, 2],
            "b": ["x", None],
            "c": [1.5, 2.0],
            "t": pandas.to_datetime(["2018-11-01"] * 2),
        }
    )
    for method in (None, "multi"):
        assert frame.to_sql("frames", engine, index=False, if_exists="replace", method=method) == 2
        pandas.testing.assert_frame_equal(
            pandas.read_sql("SELECT * FROM frames ORDER BY a", engine), frame, check_dtype=False
        )
    pandas.testing.assert_frame_equal(
        pandas.read_sql_table("frames", engine).sort_values("a", ignore_index=True),
        frame,
        check_dtype=False,
    )
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE frames"))


def test_dialect_of_postgresql_is_refused_as_by_redshift(cluster: Project) -> None:
    """It asks for a setting that PostgreSQL 8.0 did not have."""
    values = address(cluster)
    url = sqlalchemy.URL.create(
        "postgresql+psycopg2", values["user"], values["password"], values["host"],
        values["port"], values["database"], {"sslmode": "require"},
    )  # fmt: skip
    engine = sqlalchemy.create_engine(url)
    with pytest.raises(sqlalchemy.exc.ProgrammingError, match="standard_conforming_strings"):
        engine.connect()
    engine.dispose()
