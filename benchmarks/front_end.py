"""What the front end costs beside PostgreSQL itself: TLS, the protocol, the rewriting of SQL.

    python -m benchmarks.front_end --rows 1000000 --statements 2000 --rounds 5

The same server is asked through the front end and directly, over plain TCP, by turns. A large
result is read once whole and once in parts by a server-side cursor, each part a round trip; a small
statement is timed by itself, once always the same and once each time another, which cannot be found
in the cache of translations.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import psycopg2

from benchmarks.measure import machine
from benchmarks.scene import PASSWORD, REGION, Scene
from benchmarks.serving import served

DATABASE, USER = "front_end", "bench"
LARGE = "SELECT id, title, seconds, at FROM plays"
PART = 10_000
FEW = 200
WAYS = ("direct", "front end")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.front_end",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--statements", type=int, default=2000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        (Path(folder) / "bucket").mkdir()
        with served(Path(folder)) as server, _connections(server.scene) as connections:
            _fill(connections["front end"], arguments.rows)
            measured = _measure(connections, arguments.statements, arguments.rounds)
    if arguments.json:
        print(json.dumps({"machine": facts, "rows": arguments.rows, "measured": measured}))
    else:
        _show(measured, arguments.rows)
    return 0


@contextmanager
def _connections(scene: Scene) -> Iterator[dict[str, Any]]:
    """One connection each way, to the same database."""
    redshift = boto3.client(
        "redshift",
        endpoint_url=scene.environ["DWH_AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    redshift.create_cluster(
        ClusterIdentifier="front-end",
        ClusterType="single-node",
        NodeType="ra3.large",
        DBName=DATABASE,
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
    )
    through = psycopg2.connect(
        host=scene.host,
        port=scene.port,
        dbname=DATABASE,
        user=USER,
        password=PASSWORD,
        sslmode="verify-full",
        sslrootcert=scene.environ["DWH_AWS_CA_FILE"],
    )
    with closing(through), closing(scene.database.connect(DATABASE)) as direct:
        yield {"direct": direct, "front end": through}


def _fill(connection: Any, rows: int) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE plays (id INTEGER, title VARCHAR(60), seconds DOUBLE PRECISION, "
            "at TIMESTAMP)"
        )
        cursor.execute(
            "INSERT INTO plays WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < 999) SELECT a.i * 1000 + b.i, 'a title of a song ' || b.i, "
            "b.i / 7.0, '2018-11-01'::TIMESTAMP FROM n AS a, n AS b "
            f"WHERE a.i * 1000 + b.i < {rows:d}"
        )


def _measure(
    connections: dict[str, Any], statements: int, rounds: int
) -> dict[str, dict[str, float]]:
    """Medians over the rounds, in seconds, by what was done and by the way."""
    tasks: dict[str, Callable[[Any, int], float]] = {
        "large result, whole": lambda connection, _: _read_whole(connection),
        "large result, in parts": lambda connection, _: _read_parts(connection),
        "small statement": lambda connection, _: _ask(connection, statements, None),
        "small statement, always another": lambda connection, turn: _ask(
            connection, FEW, turn * FEW
        ),
    }
    return {name: _by_turns(task, connections, rounds) for name, task in tasks.items()}


def _by_turns(
    task: Callable[[Any, int], float], connections: dict[str, Any], rounds: int
) -> dict[str, float]:
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for turn in range(rounds + 1):
        for way in WAYS:
            seconds[way].append(task(connections[way], turn))
    # The first round fills caches.
    return {way: statistics.median(values[1:]) for way, values in seconds.items()}


def _read_whole(connection: Any) -> float:
    started = time.perf_counter()
    with connection, connection.cursor() as cursor:
        cursor.execute(LARGE)
        cursor.fetchall()
    return time.perf_counter() - started


def _read_parts(connection: Any) -> float:
    started = time.perf_counter()
    with connection, connection.cursor("part") as cursor:
        cursor.itersize = PART
        cursor.execute(LARGE)
        while cursor.fetchmany(PART):
            pass
    return time.perf_counter() - started


def _ask(connection: Any, count: int, first: int | None) -> float:
    """The median of `count` statements; from number `first` on, or always the same."""
    seconds = []
    with connection, connection.cursor() as cursor:
        for number in range(count):
            alias = "same" if first is None else f"no_{first + number}"
            started = time.perf_counter()
            cursor.execute(f"SELECT 1 AS {alias}")
            cursor.fetchone()
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _show(measured: dict[str, dict[str, float]], rows: int) -> None:
    print(f"{'median, ms':<40}{'direct':>12}{'front end':>12}{'ratio':>8}{'more':>10}")
    for name, seconds in measured.items():
        title = f"{name} ({rows:,} rows)" if name.startswith("large") else name
        direct, through = (seconds[way] * 1000 for way in WAYS)
        print(
            f"{title:<40}{direct:>12.3f}{through:>12.3f}{through / direct:>8.2f}"
            f"{through - direct:>10.3f}"
        )


if __name__ == "__main__":
    sys.exit(main())
