"""The commands that messages name, as they must be typed to act on the same configuration.

A script that was given --config says it again in each hint: a hint that is pasted would otherwise
make, empty or delete what dwh.cfg names.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_COMMAND = re.compile(r"\bpython (-m iac\.\w+|(create_tables|etl|analytics|compact)\.py)\b")

_option = ""


def use(config: Path | None) -> None:
    """Remember the path that --config gave, None for none."""
    global _option
    _option = "" if config is None else f" --config {shlex.quote(str(config))}"


def runnable(text: str) -> str:
    """`text` with this run's --config after each command of these scripts."""
    return _COMMAND.sub(lambda command: command[0] + _option, text)
