"""Names in dwh.cfg and in the environment that nothing reads, though they look like ones that are.

Whatever looks like none belongs to somebody else: people share a dwh.cfg between programs, and
theirs may have keys of its own. Only names are looked at here, never values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from configparser import ConfigParser

    from settings import Key

PREFIX = "DWH_"
# Variables that are no key's.
OTHER_VARIABLES = ("DWH_TRACEBACK",)
# How alike two names must be, from 0 to 1. Variables are alike in their section already.
LIKE_A_NAME, LIKE_A_VARIABLE = 0.7, 0.8


def in_file(file: ConfigParser, keys: Iterable[Key]) -> str:
    """What to say of the sections and keys of a file that look like one of `keys`, '' for none."""
    known: dict[str, dict[str, Key]] = {}
    for key in keys:
        known.setdefault(key.section, {})[key.name] = key
    found = []
    for section in file.sections():
        if section not in known:
            found += _told(f"[{section}]", [f"[{one}]" for one in _nearest(section, known)])
            continue
        for option in file.options(section):
            name = option.upper()
            if name in known[section] or option in file.defaults():
                continue
            elsewhere = [names[name].label for names in known.values() if name in names]
            found += _told(f"[{section}] {name}", elsewhere or _nearest(name, known[section]))
    return _sentence(found)


def in_environment(environ: Mapping[str, str], keys: Iterable[Key]) -> str:
    """What to say of the variables that look like one of `keys`' or lack its section."""
    known = {key.variable.removeprefix(PREFIX): key for key in keys}
    found = []
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in known or variable in OTHER_VARIABLES:
            continue
        meant = [key.variable for key in known.values() if key.name == name]
        meant = meant or [PREFIX + one for one in _nearest(name, known, LIKE_A_VARIABLE)]
        found += _told(variable, meant)
    return _sentence(found)


def _nearest(name: str, known: Iterable[str], likeness: float = LIKE_A_NAME) -> list[str]:
    # Imported when needed: a configuration without unknown names has no use for it.
    from difflib import get_close_matches

    return get_close_matches(name.strip().upper(), list(known), n=1, cutoff=likeness)


def _told(name: str, meant: list[str]) -> list[str]:
    # A blank that has no width is a typo that nobody sees.
    visible = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
    return [f"{visible} (did you mean {' or '.join(meant)}?)"] if meant else []


def _sentence(found: list[str]) -> str:
    return f"nothing reads {', '.join(found)}" if found else ""
