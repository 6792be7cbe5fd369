"""Which objects a COPY reads: all keys with a prefix, or what a manifest lists.

https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html and
.../loading-data-files-using-manifest.html
"""

from __future__ import annotations

import json

from standin.cloud.objects import (
    LISTING,
    ObjectInfo,
    ObjectSource,
    internal_error,
    reading,
    s3_error,
)
from standin.copy.command import CopyCommand
from standin.copy.json_file import read_document
from standin.copy.options import split_address
from standin.sqlerror import SqlError

_EXPECTED = 'expected {"entries": [{"url": ..}, ..]}'
_LONGEST_SHOWN = 100
_NOT_A_KEY = "COPY with MANIFEST parameter requires full path of an S3 object."


def find_sources(command: CopyCommand, objects: ObjectSource) -> list[ObjectInfo]:
    """The objects to load, in order; SqlError when there is none."""
    if command.manifest:
        return _listed(command, objects)
    bucket, prefix = command.bucket_and_prefix
    infos = objects.list(bucket, prefix)
    if not infos:
        raise internal_error(f"The specified S3 prefix '{prefix}' does not exist", location=LISTING)
    return infos


def _listed(command: CopyCommand, objects: ObjectSource) -> list[ObjectInfo]:
    infos = []
    for url, is_mandatory in _entries(_manifest(command, objects)):
        bucket, key = split_address(url)
        info = objects.find(bucket, key)
        if info is not None:
            infos.append(info)
        elif is_mandatory:
            raise s3_error(
                "NoSuchKey", 404, "The specified key does not exist.", **reading(bucket, key)
            )
    if not infos:
        raise internal_error("No file that the manifest lists was found", location=LISTING)
    return infos


def _manifest(command: CopyCommand, objects: ObjectSource) -> bytes:
    try:
        info = objects.find(*command.bucket_and_prefix)
    except SqlError as error:
        message = f"Problem reading manifest file - {error.message}"
        raise internal_error(message, location=LISTING) from error
    if info is None:
        raise internal_error(_NOT_A_KEY, context=f"Manifest file location = {command.source}")
    with objects.open(info) as stream:
        return stream.read()


def _entries(content: bytes) -> list[tuple[str, bool]]:
    """The addresses of a manifest and whether each must exist."""
    try:
        document = read_document(content)
    except ValueError as problem:
        raise _unreadable(f"{_EXPECTED}: {problem}") from problem
    listed = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise _unreadable(f"{_EXPECTED}, got {_shown(document)}")
    entries = []
    for entry in listed:
        if not isinstance(entry, dict):
            raise _unreadable(f"{_EXPECTED}, got the entry {_shown(entry)}")
        url, is_mandatory = entry.get("url"), entry.get("mandatory", False)
        if not (isinstance(url, str) and url.startswith("s3://") and all(split_address(url))):
            raise _unreadable(f"expected the s3:// address of an object, got {_shown(url)}")
        if not isinstance(is_mandatory, bool):
            raise _unreadable(f"expected mandatory to be true or false, got {_shown(is_mandatory)}")
        entries.append((url, is_mandatory))
    return entries


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}.."


def _unreadable(reason: str) -> SqlError:
    return internal_error(f"Problem reading manifest file - {reason}", location=LISTING)
