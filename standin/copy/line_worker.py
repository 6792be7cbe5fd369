"""A worker of line_workers: from whole lines on stdin to rows on stdout, until stdin ends.

    python -m standin.copy.line_worker

It ends with the process that started it, however that ends, because the pipe does.
"""

from __future__ import annotations

import gc
import pickle
import sys
from contextlib import suppress
from typing import IO

from standin.copy.line_workers import ROWS_HEADER, TEXT_HEADER, Recipe
from standin.copy.row_reader import row_reader
from standin.copy.uniform_lines import LARGEST_BATCH, Block, UniformLines

# What is said of lines that cannot be converted here.
NOTHING: Block = (0, b"")


def main() -> None:
    """Convert text after text."""
    # nothing here refers to itself: a search for such garbage would find none
    gc.disable()
    texts, rows = sys.stdin.buffer, sys.stdout.buffer
    recipe: Recipe = pickle.loads(_read(texts))
    uniform = row_reader(recipe.command, recipe.columns, [], recipe.paths).uniform
    while data := _read(texts):
        text = data.decode("utf-8", "surrogateescape")
        count, encoded = NOTHING if uniform is None else converted(uniform, text)
        rows.write(ROWS_HEADER.pack(count, len(encoded)))
        rows.write(encoded)
        rows.flush()


def converted(uniform: UniformLines, text: str) -> Block:
    """The rows of all lines of `text`, or NOTHING."""
    count, start, parts = 0, 0, []
    while start < len(text):
        end = text.rfind("\n", start, start + LARGEST_BATCH) + 1
        block = uniform.rows(text[start:end]) if end else None
        if block is None:
            return NOTHING
        count += block[0]
        parts.append(block[1])
        start = end
    return count, b"".join(parts)


def _read(stream: IO[bytes]) -> bytes:
    """The next message; empty when there is none any more."""
    header = stream.read(TEXT_HEADER.size)
    if len(header) < TEXT_HEADER.size:
        return b""
    (size,) = TEXT_HEADER.unpack(header)
    data = stream.read(size)
    return data if len(data) == size else b""


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, BrokenPipeError):
        main()
