"""python -m standin.sample_files FOLDER: the sample as files, to look at, to break and to serve."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from standin.sample import sample

EXAMPLES = """\
example:
  python -m standin.sample_files sample
  python -m standin --s3 udacity-dend=sample
"""


def add_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The flags that say how large the sample is, and which."""
    flags.add_argument("--songs", type=_count, default=500, metavar="N", help="default 500")
    flags.add_argument("--events", type=_count, default=8000, metavar="N", help="default 8000")
    flags.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sample into a folder of its own; the exit status."""
    options = _parser().parse_args(arguments)
    folder: Path = options.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            print(f"error: expected an empty folder or a new one, got {folder}", file=sys.stderr)
            return 2
        for key, content in sample(options.songs, options.events, options.seed):
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        print(f"error: cannot write to {folder}: {reason}", file=sys.stderr)
        return 1
    print(f"next: python -m standin --s3 udacity-dend={folder}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m standin.sample_files",
        description="Write the sample that the local S3 serves into a folder: song files, log files"
        " and the JSONPaths file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="an empty one, or a new one")
    add_flags(parser)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number from 0, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
