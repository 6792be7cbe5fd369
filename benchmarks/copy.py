"""What COPY of JSON costs beside PostgreSQL's own COPY of the same rows as ready-made CSV.

    python -m benchmarks.copy --events 1000000 --rounds 3

Both fill the same empty table of the same server, by turns; what counts is the ratio of the
medians. Memory is the largest that the stand-in's processes, without PostgreSQL's, ever have.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

import settings
import sql_queries
from benchmarks import data
from benchmarks.contenders.star import EVENT_COLUMNS, SONG_COLUMNS, Star, columns
from benchmarks.measure import PeakMemory, machine
from benchmarks.scene import PASSWORD, Scene
from benchmarks.serving import served
from terminal import Fault

LOG_FILES = 30
CHUNK = 1 << 18
MIB = 1 << 20
TABLES = {"events": "staging_events", "songs": "incoming_songs"}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.copy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=1_000_000, metavar="N")
    parser.add_argument(
        "--songs", type=int, default=14_896, metavar="N", help="files of one song each"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    size = data.Size(arguments.events, LOG_FILES, arguments.songs, None)
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        data.generate(size, arguments.seed, Path(folder))
        with served(Path(folder)) as server, PeakMemory(server.pid) as memory:
            wanted = {"events": size.events, "songs": size.songs}
            seconds = _rounds(server.scene, wanted, arguments.rounds)
    _show(seconds, memory.peak, size, facts, as_json=arguments.json)
    return 0


def _rounds(scene: Scene, wanted: dict[str, int], rounds: int) -> dict[str, list[float]]:
    """Seconds of every turn, by what was loaded and how."""
    star = Star(scene, "copy")
    star.create()
    turns = _turns(scene, star)
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, load in turns.items():
            _empty(star)
            started = time.perf_counter()
            load()
            seconds[name].append(time.perf_counter() - started)
            kind = name.partition(" ")[0]
            found = _count(star, TABLES[kind])
            if found != wanted[kind]:
                raise Fault(f"{name}: expected {wanted[kind]} rows, got {found}")
    return seconds


def _turns(scene: Scene, star: Star) -> dict[str, Callable[[], None]]:
    chosen = settings.load(scene.folder / "dwh.cfg")
    events, songs = sql_queries.copy_table_queries(chosen)
    files = scene.files

    def json_copy(query: str) -> None:
        with closing(_client(scene, chosen)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            connection.commit()

    def csv_copy(table: str, names: Sequence[str], paths: list[Path]) -> None:
        with closing(star.connect()) as connection, connection, connection.cursor() as cursor:
            for path in paths:
                with path.open("rb") as file:
                    cursor.copy_expert(
                        f"COPY {table} ({columns(names)}) FROM STDIN (FORMAT csv)", file, CHUNK
                    )

    return {
        "events csv": lambda: csv_copy("staging_events", EVENT_COLUMNS, files.csv_logs),
        "events json": lambda: json_copy(events),
        "songs csv": lambda: csv_copy("incoming_songs", SONG_COLUMNS, files.csv_songs),
        "songs json": lambda: json_copy(songs),
    }


def _client(scene: Scene, chosen: settings.Settings) -> Any:
    """A connection as every client has it: through the front end, over TLS."""
    return psycopg2.connect(
        host=scene.host,
        port=scene.port,
        dbname=chosen.db_name,
        user=chosen.db_user,
        password=PASSWORD,
        sslmode="verify-full",
        sslrootcert=scene.environ["PGSSLROOTCERT"],
    )


def _empty(star: Star) -> None:
    with closing(star.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(TABLES.values())}")
            cursor.execute("CHECKPOINT")


def _count(star: Star, table: str) -> int:
    with closing(star.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def _show(
    seconds: dict[str, list[float]],
    peak: int,
    size: data.Size,
    facts: dict[str, object],
    *,
    as_json: bool,
) -> None:
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "events": size.events,
        "song_files": size.songs,
        "seconds": {
            name: [round(value, 2) for value in values] for name, values in seconds.items()
        },
        "events_ratio": round(medians["events json"] / medians["events csv"], 2),
        "peak_mib": round(peak / MIB),
        **facts,
    }
    if as_json:
        print(json.dumps(result))
        return
    for name, median in medians.items():
        rows = size.events if name.startswith("events") else size.songs
        print(f"{name:<12} median {median:6.2f} s  {rows / median:>9,.0f} rows/s")
    print(f"events, JSON to CSV: ratio {result['events_ratio']}")
    print(f"peak memory of the stand-in: {result['peak_mib']} MiB")


if __name__ == "__main__":
    raise SystemExit(main())
