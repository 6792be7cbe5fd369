"""Which parts to make of which objects: the same listing and numbers give the same parts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import terminal
from settings import S3_ADDRESS

# With this end of its key, etl.py takes what [S3] SONG_DATA or LOG_DATA names for a manifest.
MANIFEST = "load.manifest"
PART = re.compile(r"part-\d{4,}-of-\d{4,}-[0-9a-f]{16}\.json\.gz")


@dataclass(frozen=True)
class Source:
    """An object to be read, as the listing has it; `size` in bytes."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True)
class Part:
    """An object to be written, and the ones that it is made of."""

    key: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Place:
    """A bucket and the beginning of keys in it."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, address: str) -> Place:
        """Of s3://bucket/prefix; UsageFault for anything else."""
        found = S3_ADDRESS.match(address)
        if found is None or not (found["key"] or "").strip("/"):
            raise terminal.UsageFault(f"expected s3://bucket/prefix, got {address!r}")
        return cls(found["bucket"], found["key"])

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


def folder(address: str) -> Place:
    """The place of the parts: everything whose key begins with it and a slash."""
    place = Place.of(address)
    return Place(place.bucket, place.prefix.rstrip("/") + "/")


def refuse_overlap(source: Place, target: Place) -> None:
    """COPY takes a prefix for the beginning of keys: the parts must not begin as their sources."""
    if source.bucket != target.bucket:
        return
    if target.prefix.startswith(source.prefix):
        raise terminal.UsageFault(
            f"expected a target beside the source, got {target}, whose keys begin with {source}:"
            " a COPY of the source would load everything twice; name another folder"
        )
    if source.prefix.startswith(target.prefix):
        raise terminal.UsageFault(
            f"expected a folder of its own for the parts, got {target}, in which {source} lies;"
            " name another folder"
        )


def parts(target: Place, sources: Sequence[Source], part_bytes: int, slices: int) -> list[Part]:
    """Cut the sources into parts of about the same size, as many as a multiple of `slices`.

    As many as there are sources when these are fewer: an object is not cut.
    """
    total = sum(source.size for source in sources)
    wanted = -(-total // part_bytes)
    count = min(-(-wanted // slices) * slices, len(sources))
    groups: list[list[Source]] = [[] for _ in range(count)]
    current = before = 0
    for position, source in enumerate(sources):
        # Where its middle lies decides, but no part stays empty, here or at the end.
        share = (2 * before + source.size) * count // (2 * total)
        latest = count - (len(sources) - position)
        next_one = current + 1 if groups[current] else current
        current = min(max(share, latest, current), next_one, count - 1)
        groups[current].append(source)
        before += source.size
    return [
        Part(f"{target.prefix}{_name(number, count, group)}", tuple(group))
        for number, group in enumerate(groups, 1)
    ]


def manifest(bucket: str, made: Sequence[Part], sizes: dict[str, int]) -> bytes:
    """The manifest of the parts, whose sizes in bytes are known.

    https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    entries = [
        {
            "url": f"s3://{bucket}/{part.key}",
            "mandatory": True,
            "meta": {"content_length": sizes[part.key]},
        }
        for part in made
    ]
    return json.dumps({"entries": entries}, indent=2).encode()


def _name(number: int, count: int, sources: Sequence[Source]) -> str:
    """The digest changes with any object that the part is made of."""
    text = json.dumps([(source.key, source.size, source.etag) for source in sources])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"part-{number:04}-of-{count:04}-{digest}.json.gz"
