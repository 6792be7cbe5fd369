"""The manifest that UNLOAD writes beside its files.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD_command_examples.html#unload-examples-manifest-verbose
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from standin.unload.columns import Column
from standin.unload.command import UnloadCommand
from standin.unload.files import UnloadedFile


def manifest(
    command: UnloadCommand, columns: Sequence[Column], files: Sequence[UnloadedFile]
) -> bytes:
    """The manifest of an UNLOAD's files; the counts of VERBOSE include the header lines."""
    bucket, _ = command.bucket_and_prefix
    urls = [f"s3://{bucket}/{file.key}" for file in files]
    if not command.verbose:
        return _document({"entries": [{"url": url} for url in urls]})
    counts = [file.rows + command.header for file in files]
    return _document(
        {
            "entries": [
                {"url": url, "meta": {"content_length": file.size, "record_count": count}}
                for url, file, count in zip(urls, files, counts, strict=True)
            ],
            "schema": {
                "elements": [
                    {"name": column.name, "type": {"base": column.type, **column.dimensions}}
                    for column in columns
                ]
            },
            "meta": {
                "content_length": sum(file.size for file in files),
                "record_count": sum(counts),
            },
            "author": {"name": "Amazon Redshift", "version": "1.0.0"},
        }
    )


def _document(content: dict[str, object]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
