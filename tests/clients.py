"""What the tests of database clients share: a cluster of their own and a value of every type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from conftest import PASSWORD, Project, module_project

from standin import Standin

VALUES = (
    1, 2, 2**40, Decimal("1.50"), 2.5, 3.5, True, "é'\\x", "c  ", date(2018, 1, 2),
    datetime(2018, 1, 2, 3, 4, 5, 678000), datetime(2018, 1, 2, 3, 4, 5, tzinfo=timezone.utc), None,
)  # fmt: skip
CREATE_TYPES = (
    "CREATE TEMP TABLE of_all_types (a SMALLINT, b INTEGER, c BIGINT, d DECIMAL(9, 2), e REAL, "
    "f FLOAT, g BOOLEAN, h VARCHAR(20), i CHAR(3), j DATE, k TIMESTAMP, l TIMESTAMPTZ, "
    "m VARCHAR(5))"
)
# A million and more rows, in the server and for as long as nobody stops it.
ENDLESS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
    "SELECT COUNT(*) FROM n AS a, n AS b, n AS c, n AS d"
)


@pytest.fixture(scope="module")
def cluster(
    standin: Standin, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Project]:
    """A cluster for all tests of a module, with a table of numbers from 1 to 1000."""
    name = request.module.__name__.replace("_", "-")
    made = module_project(standin, tmp_path_factory, name)
    connection = made.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE numbers (n INTEGER)")
        cursor.execute(
            "INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL "
            "SELECT n + 1 FROM c WHERE n < 1000) SELECT n FROM c"
        )
    connection.close()
    yield made


def address(cluster: Project) -> dict[str, Any]:
    """Host, port, user, password and database, by the names that most clients give them."""
    values = cluster.values["CLUSTER"]
    return {
        "host": values["HOST"],
        "port": int(values["DB_PORT"]),
        "user": values["DB_USER"],
        "password": PASSWORD,
        "database": values["DB_NAME"],
    }
