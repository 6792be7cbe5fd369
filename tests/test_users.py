"""Users and groups that SQL made: they log in, and hold what was granted to them and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import Project, module_project
from wire import dsn

from standin import Standin

ADA, BEN = "Analyst-1", "Auditor-2"
SETUP = f"""
CREATE TABLE plays (id INT); INSERT INTO plays VALUES (1), (2);
CREATE SCHEMA hidden; CREATE TABLE hidden.plays (id INT);
CREATE USER users_ada PASSWORD '{ADA}';
CREATE USER users_ben PASSWORD '{BEN}' CONNECTION LIMIT 3;
CREATE GROUP users_readers WITH USER users_ada;
CREATE USER users_out PASSWORD DISABLE;
"""


@pytest.fixture(scope="module")
def project(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = module_project(standin, tmp_path_factory, "users")
    with closing(made.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(SETUP)
    yield made
    # Its users' names are free again for a second setup.
    made.client("redshift").delete_cluster(
        ClusterIdentifier=made.name, SkipFinalClusterSnapshot=True
    )


@pytest.fixture
def master(project: Project) -> Iterator[Any]:
    with closing(project.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def log_in(project: Project, user: str, password: str, **more: str) -> Any:
    connection = psycopg2.connect(dsn(project, user=user, password=password, **more))
    connection.autocommit = True
    return connection


def value(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()[0]


def refusal(cursor: Any, sql: str) -> tuple[str, str]:
    with pytest.raises(psycopg2.Error) as error:
        cursor.execute(sql)
    return error.value.pgcode, error.value.diag.message_primary


def test_a_user_logs_in_and_is_itself(project: Project) -> None:
    with closing(log_in(project, "users_ada", ADA)) as connection, connection.cursor() as cursor:
        assert value(cursor, "SELECT CURRENT_USER") == "users_ada"
        cursor.execute("CREATE TEMP TABLE own (a INT); CREATE TABLE kept (a INT); DROP TABLE kept")


@pytest.mark.parametrize(
    ("user", "password"),
    [("users_ada", BEN), ("users_ada", ""), ("users_nobody", ADA), ("users_out", ADA),
     ("users_readers", ADA), ("rdsdb", ADA), ("IAM:users_ada", ADA), ("dwhuser", ADA)],
)  # fmt: skip
def test_who_is_refused(project: Project, user: str, password: str) -> None:
    with pytest.raises(psycopg2.OperationalError) as error:
        log_in(project, user, password or "x")
    assert f'FATAL:  password authentication failed for user "{user}"' in str(error.value)


def test_grants_of_tables_hold(project: Project, master: Any) -> None:
    denied = ("42501", "permission denied for relation plays")
    with closing(log_in(project, "users_ben", BEN)) as connection, connection.cursor() as ben:
        assert refusal(ben, "SELECT COUNT(*) FROM plays") == denied
        master.execute("GRANT SELECT ON plays TO users_ben")
        assert value(ben, "SELECT COUNT(*) FROM plays") == 2
        assert refusal(ben, "INSERT INTO plays VALUES (3)") == denied
        assert refusal(ben, "DROP TABLE plays") == ("42501", "must be owner of relation plays")
        master.execute("REVOKE ALL ON plays FROM users_ben")
        assert refusal(ben, "SELECT COUNT(*) FROM plays") == denied


def test_grants_of_groups_and_schemas_hold(project: Project, master: Any) -> None:
    with closing(log_in(project, "users_ada", ADA)) as connection, connection.cursor() as ada:
        assert refusal(ada, "SELECT * FROM hidden.plays") == (
            "42501", "permission denied for schema hidden",
        )  # fmt: skip
        master.execute("GRANT USAGE ON SCHEMA hidden TO GROUP users_readers")
        master.execute("GRANT SELECT ON ALL TABLES IN SCHEMA hidden TO GROUP users_readers")
        master.execute(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA hidden "
            "GRANT SELECT ON TABLES TO GROUP users_readers"
        )
        master.execute("CREATE TABLE hidden.later (id INT)")
        assert value(ada, "SELECT COUNT(*) FROM hidden.plays, hidden.later") == 0
        master.execute("ALTER GROUP users_readers DROP USER users_ada")
        assert refusal(ada, "SELECT * FROM hidden.plays")[0] == "42501"


def test_a_password_and_settings_are_altered(project: Project, master: Any) -> None:
    master.execute(f"CREATE USER users_cid PASSWORD '{ADA}'")
    master.execute(f"ALTER USER users_cid PASSWORD '{BEN}'")
    master.execute("ALTER USER users_cid SET search_path TO hidden, public")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        log_in(project, "users_cid", ADA)
    with closing(log_in(project, "users_cid", BEN)) as connection, connection.cursor() as cursor:
        assert value(cursor, "SHOW search_path") == "hidden, public"
        cursor.execute(f"ALTER USER users_cid PASSWORD '{ADA}'")
    master.execute("DROP USER users_cid")
    assert refusal(master, "DROP USER users_cid") == ("42704", 'user "users_cid" does not exist')
    master.execute("DROP USER IF EXISTS users_cid")


def test_a_master_user_may_do_what_its_users_may(project: Project, master: Any) -> None:
    with closing(log_in(project, "users_ben", BEN)) as connection, connection.cursor() as ben:
        ben.execute("CREATE TABLE of_ben (a INT); INSERT INTO of_ben VALUES (5)")
    assert value(master, "SELECT a FROM of_ben") == 5
    assert refusal(master, "DROP USER users_ben")[0] == "2BP01"
    master.execute("DROP TABLE of_ben")


def test_a_user_belongs_to_the_cluster_that_made_it(
    project: Project, standin: Standin, tmp_path: Any
) -> None:
    other = Project(standin, tmp_path, "standin-users-2")
    other.create()
    other.connect().close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        log_in(other, "users_ada", ADA)
    with closing(other.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER users_dot PASSWORD 'Passw0rd'; CREATE GROUP users_dots")
    other.client("redshift").delete_cluster(
        ClusterIdentifier=other.name, SkipFinalClusterSnapshot=True
    )
    # The names are free again.
    with closing(project.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER users_dot PASSWORD 'Passw0rd'; CREATE GROUP users_dots")


def test_a_user_that_exists_is_not_made_again(master: Any) -> None:
    sql = "CREATE USER users_ada PASSWORD 'Passw0rd'"
    assert refusal(master, sql) == ("42710", 'user "users_ada" already exists')
