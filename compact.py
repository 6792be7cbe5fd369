"""Rewrite many small JSON objects into a few gzip parts and a manifest, which COPY loads at once.

Every object costs COPY a request and a slice's time, however small it is. AWS advises files of 1 MB
to 1 GB after compression, as many as a multiple of the slices:
https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html

The sources are only read. The name of a part tells of which objects it is made: one that is there
is whole and is not made again, and the manifest is written when all are there. So a run that was
interrupted is completed by the same command, and one that is repeated writes nothing.
"""

from __future__ import annotations

if __name__ == "__main__":
    import interrupts

    interrupts.end_at_once()

import argparse
from collections.abc import Sequence

import settings as configuration
import terminal
from compaction import plan

PART_MB, SLICES, THREADS = 256, 2, 8


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    source, target = plan.Place.of(arguments.source), plan.folder(arguments.target)
    plan.refuse_overlap(source, target)
    settings = configuration.load(arguments.config or configuration.DEFAULT_PATH)
    from compaction.job import Job
    from iac.clients import Aws, explained

    with terminal.Steps(arguments.quiet) as steps, explained(settings):
        job = Job(Aws(settings).s3, source, target, steps)
        part_bytes = arguments.part_size * 1_000_000
        parts = plan.parts(target, job.sources(), part_bytes, arguments.parts)
        if not arguments.dry_run:
            job.run(parts, arguments.threads)
    if arguments.dry_run:
        show(parts, target)
    else:
        print(f"{target}{plan.MANIFEST}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser(
        "python compact.py",
        "Rewrite the JSON objects below SOURCE into a few gzip parts below TARGET, and a manifest\n"
        "for COPY, whose address is printed. SOURCE is only read. Parts of an earlier run below\n"
        "TARGET that the new manifest does not list are removed.",
        """
        python compact.py s3://udacity-dend/song_data s3://my-bucket/songs
        python etl.py --song-data s3://my-bucket/songs/load.manifest
        """,
    )
    parser.add_argument("source", metavar="SOURCE", help="the beginning of the keys to read")
    parser.add_argument("target", metavar="TARGET", help="the folder to write, s3://bucket/folder")
    parser.add_argument(
        "--parts", type=_positive, default=SLICES, metavar="N",
        help="make N parts or a multiple of N, the number of the cluster's slices"
        f" (default: {SLICES}, those of one ra3.large)",
    )  # fmt: skip
    parser.add_argument(
        "--part-size", type=_positive, default=PART_MB, metavar="MB",
        help="the most JSON in a part, before gzip makes a small fraction of it"
        f" (default: {PART_MB})",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=_positive, default=THREADS, metavar="N",
        help=f"objects to read at once (default: {THREADS})",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="print the parts, write nothing")
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 5000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 5000, got {text!r}")
    return int(text)


def show(parts: Sequence[plan.Part], target: plan.Place) -> None:
    """Print the parts that would be made."""
    rows = [
        (
            part.key.removeprefix(target.prefix),
            len(part.sources),
            sum(source.size for source in part.sources) / 1e6,
        )
        for part in parts
    ]
    title = f"{terminal.counted(len(parts), 'part')} and {target}{plan.MANIFEST}"
    terminal.print_table(title, ("part", "objects", "MB of JSON"), rows)


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
