"""What a COPY of many tiny files costs, and the command that makes few of them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import sql_queries

# AWS's advice is 1 MB to 1 GB a file after compression:
# https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html
TINY_BYTES = 1_000_000
THOUSANDS = 1_000
# A prefix of 385 000 files has been seen to take four nodes more than an hour.
FILES_A_SECOND = 100
# 0.0004 USD a thousand GETs, in us-west-2: https://aws.amazon.com/s3/pricing/
USD_A_FILE = 0.0000004


@dataclass(frozen=True)
class Files:
    """What a COPY read: how many files, of how many bytes in all."""

    count: int
    size: int

    @property
    def are_tiny(self) -> bool:
        return self.count >= THOUSANDS and self.size < self.count * TINY_BYTES


def warning(table: str, address: str, key: str, files: Files) -> str:
    """What `files` cost the COPY of `table` from `address`, and what costs less.

    `key` is the configuration's, which takes the manifest of the compacted files instead.
    """
    step = (
        "compact what these parts were made of into fewer: a larger --part-size, no --parts"
        if address.endswith(sql_queries.MANIFEST_SUFFIX)
        else f"python compact.py {shlex.quote(address)} s3://YOUR-BUCKET/FOLDER makes a few of"
        f" them; name s3://YOUR-BUCKET/FOLDER/load.manifest as {key} and run python -m"
        " iac.create_cluster, which lets the role read it"
    )
    minutes = max(0.1, files.count / FILES_A_SECOND / 60)
    return (
        f"{table} was copied from {files.count:,} files of"
        f" {files.size / files.count / 1000:,.1f} kB on average: on a cluster a request each"
        f" ({files.count * USD_A_FILE:.3f} USD a load) and about {minutes:,.1f} minutes in all,"
        " whatever they hold; AWS advises files of 1 MB to 1 GB\n"
        f"next: {step}"
    )
