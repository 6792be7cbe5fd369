"""Does a load cost more when the star holds more? One day into a small star and into a large one.

    python -m benchmarks.history --small 10000 --large 1000000 --days 5

Both stars are in one local AWS; the days are loaded into them by turns, and the medians compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3

from standin import Standin
from standin.sample import sample

ROOT = Path(__file__).resolve().parent.parent
BUCKET = "history"
EVENTS_A_PLAY = 1.17
MONTH_MS = 30 * 86_400_000
DAY_MS = 86_400_000
PASSWORD = "Bench-Passw0rd"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.history",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--small", type=int, default=10_000, metavar="PLAYS")
    parser.add_argument("--large", type=int, default=1_000_000, metavar="PLAYS")
    parser.add_argument("--days", type=int, default=5, metavar="N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    sizes = {"small": arguments.small, "large": arguments.large}
    with tempfile.TemporaryDirectory() as folder, Standin(sample=False) as standin:
        configs = {name: _star(standin, Path(folder), name, size) for name, size in sizes.items()}
        seconds: dict[str, list[float]] = {name: [] for name in sizes}
        for day in range(arguments.days):
            _put_day(standin, day)
            for name, config in configs.items():
                seconds[name].append(_timed(standin, config, f"log_data/next-{day}"))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "plays": sizes,
        "seconds": {
            name: [round(value, 2) for value in values] for name, values in seconds.items()
        },
        "ratio": round(medians["large"] / medians["small"], 2),
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, size in sizes.items():
            print(f"one day into {size:>12,} plays: median {medians[name]:.2f} s")
        print(f"ratio {result['ratio']}")
    return 0


def _star(standin: Standin, folder: Path, name: str, plays: int) -> Path:
    """A cluster of its own, its star filled with about `plays` plays of one month."""
    _put_history(standin, name, round(plays * EVENTS_A_PLAY))
    config = folder / f"{name}.cfg"
    example = (ROOT / "dwh.cfg.example").read_text(encoding="utf-8")
    for old, new in (
        ("CLUSTER_IDENTIFIER = sparkify-dwh", f"CLUSTER_IDENTIFIER = history-{name}"),
        ("IAM_ROLE_NAME = sparkify-redshift-s3", f"IAM_ROLE_NAME = history-{name}"),
        ("DB_NAME = dwh", f"DB_NAME = {name}"),
        ("udacity-dend/log_data", f"{BUCKET}/{name}/log_data"),
        ("udacity-dend/song_data", f"{BUCKET}/{name}/song_data"),
        ("udacity-dend/log_json_path.json", f"{BUCKET}/{name}/log_json_path.json"),
    ):
        example = example.replace(old, new)
    config.write_text(example, encoding="utf-8")
    for command in (("-m", "iac.create_cluster"), ("create_tables.py",), ("etl.py",)):
        _run(standin, config, *command)
    return config


def _put_history(standin: Standin, name: str, events: int) -> None:
    client = _s3(standin)
    if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
    for key, content in sample(songs=500, events=events, seed=1):
        client.put_object(Bucket=BUCKET, Key=f"{name}/{key}", Body=content)


def _put_day(standin: Standin, day: int) -> None:
    """A day after the month of the histories, the same for both stars."""
    events = b"\n".join(_shifted(day))
    for name in ("small", "large"):
        _s3(standin).put_object(
            Bucket=BUCKET, Key=f"{name}/log_data/next-{day}/events.json", Body=events
        )


def _shifted(day: int) -> Iterator[bytes]:
    for key, content in sample(songs=500, events=8_000, seed=2):
        if key.endswith("2018-11-15-events.json"):
            for line in content.splitlines():
                event = json.loads(line)
                event["ts"] += MONTH_MS + day * DAY_MS
                yield json.dumps(event).encode()


def _timed(standin: Standin, config: Path, prefix: str) -> float:
    started = time.monotonic()
    _run(
        standin, config, "etl.py", "--skip-songs",
        "--log-data", f"s3://{BUCKET}/{config.stem}/{prefix}",
    )  # fmt: skip
    return time.monotonic() - started


def _run(standin: Standin, config: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, *words, "--quiet", "--config", str(config)],
        cwd=ROOT,
        env={**standin.child_environ(), "DWH_CLUSTER_DB_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _s3(standin: Standin) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=standin.endpoint_url,
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


if __name__ == "__main__":
    raise SystemExit(main())
