"""How evenly each distribution key would spread songplays over the slices of a cluster.

    python -m benchmarks.skew

Simulated: the plays of the generated events, hashed by each candidate. The skew is the largest
slice's share of what it would be if all were even; a step of a query takes as long as its largest
slice. Redshift's own hash is another one, but any hash puts equal values, and all NULLs, together.
https://docs.aws.amazon.com/redshift/latest/dg/c_choosing_dist_sort.html
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import terminal
from benchmarks import data
from benchmarks.data import SIZES, Row, Size

SLICES = (2, 8, 64)
TIMES = (1, 1000)
PAGE, LEVEL, SESSION, TS, USER, ARTIST, SONG = 10, 7, 12, 15, 17, 0, 13

Key = Callable[[Row, int], Any]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    tables = []
    for times in arguments.times:
        size = _times(times)
        skews, plays = simulate(size, arguments.seed)
        title = f"skew of {plays:,} plays, {times:,} times the public set's"
        tables.append({"title": title, "times": times, "plays": plays, "skew": skews})
    if arguments.json:
        print(json.dumps(tables, indent=2))
    elif arguments.markdown:
        print("\n\n".join(_markdown(table) for table in tables))
    else:
        for table in tables:
            terminal.print_table(table["title"], _headings(), _rows(table))
    return 0


def simulate(size: Size, seed: int) -> tuple[dict[str, list[float]], int]:
    """For each key the skew over each number of slices, and the number of plays."""
    songs = data.songs_of(size, seed)
    ids = {(song.title, song.artist_name): song.song_id for song in songs}
    keys: dict[str, Key] = {
        "EVEN": lambda play, number: number,
        "start_time": lambda play, number: play[TS],
        "session_id": lambda play, number: play[SESSION],
        "user_id": lambda play, number: play[USER],
        "song_id": lambda play, number: ids.get((play[SONG], play[ARTIST])),
        "level": lambda play, number: play[LEVEL],
    }
    loads = {name: [[0] * slices for slices in SLICES] for name in keys}
    plays = 0
    for events in data.logs(size, songs, seed):
        for event in events:
            if event[PAGE] != "NextSong":
                continue
            for name, key in keys.items():
                _place(loads[name], name, key(event, plays))
            plays += 1
    return {name: [skew(load) for load in loads[name]] for name in keys}, plays


def skew(load: Sequence[int]) -> float:
    """The largest of the slices against their mean; 1 is even."""
    return round(max(load) * len(load) / max(1, sum(load)), 2)


def _place(loads: Iterable[list[int]], name: str, value: Any) -> None:
    # EVEN deals the rows out in turn; everything else is hashed.
    number = value if name == "EVEN" else zlib.crc32(repr(value).encode())
    for load in loads:
        load[number % len(load)] += 1


def _times(times: int) -> Size:
    public = SIZES["S"]
    return Size(
        events=public.events * times,
        log_files=public.log_files,
        # The catalogue of a service grows slower than its plays.
        songs=public.songs * min(times, 10),
        song_files=None,
    )


def _headings() -> tuple[str, ...]:
    return ("DISTKEY", *(f"{slices} slices" for slices in SLICES))


def _rows(table: dict[str, Any]) -> list[tuple[str, ...]]:
    return [(name, *(f"{one:.2f}" for one in skews)) for name, skews in table["skew"].items()]


def _markdown(table: dict[str, Any]) -> str:
    lines = [
        f"{table['title'].capitalize()}:",
        "",
        f"| {' | '.join(_headings())} |",
        "|---|" + "---:|" * len(SLICES),
        *(f"| {' | '.join(row)} |" for row in _rows(table)),
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.skew",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--times", type=int, nargs="+", default=list(TIMES), metavar="N",
        help=f"multiples of the public set's size (default: {TIMES})",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON")
    forms.add_argument("--markdown", action="store_true", help="print docs/performance.md's tables")
    return parser


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
