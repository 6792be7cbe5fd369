"""Which files are so small and so many that they cost a cluster minutes, and what is said of it."""

from __future__ import annotations

import pytest

import small_files
from small_files import Files


@pytest.mark.parametrize(
    ("count", "size", "tiny"),
    [
        (999, 999, False),
        (1000, 1000, True),
        (1000, 999_999_999, True),
        (1000, 1_000_000_000, False),
    ],
)
def test_which_files_are_tiny(count: int, size: int, tiny: bool) -> None:
    assert Files(count, size).are_tiny is tiny


def test_what_tiny_files_cost() -> None:
    """385,000 files: 0.0004 USD a thousand requests, a hundred files a second."""
    told = small_files.warning("t", "s3://b/p", "[S3] SONG_DATA", Files(385_000, 38_500_000_000))
    assert told.startswith(
        "t was copied from 385,000 files of 100.0 kB on average: on a cluster a request each"
        " (0.154 USD a load) and about 64.2 minutes in all,"
    )


@pytest.mark.parametrize(
    ("address", "step"),
    [
        (
            "s3://b/p",
            "python compact.py s3://b/p s3://YOUR-BUCKET/FOLDER makes a few of them; name",
        ),
        ("s3://b/a p", "python compact.py 's3://b/a p' s3://YOUR-BUCKET/FOLDER makes a few"),
        ("s3://b/load.manifest", "compact what these parts were made of into fewer: a larger"),
    ],
    ids=["a prefix", "a blank in it", "a manifest"],
)
def test_what_to_do_about_tiny_files(address: str, step: str) -> None:
    told = small_files.warning("t", address, "[S3] SONG_DATA", Files(1000, 1000))
    assert told.split("\nnext: ")[1].startswith(step)
