"""How much memory there is for the server: the machine's, or as much as the container may have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# Bytes, or a word or an absurd number for no limit; of the second and the first version of cgroups:
# https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
LIMIT_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_bytes(limit_files: Sequence[Path] = LIMIT_FILES) -> int:
    """The smallest of what is told; 0 when the system tells nothing, as Windows."""
    told = []
    with suppress(AttributeError, ValueError, OSError):
        told.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in limit_files:
        with suppress(OSError, ValueError):
            told.append(int(file.read_text(encoding="ascii")))
    return min(told, default=0)
