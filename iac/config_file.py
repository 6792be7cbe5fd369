"""Values written into dwh.cfg, whose every other byte stays: comments, order, quotes, line ends.

configparser writes files too, but drops their comments and spells their keys anew. Lines are told
apart here as it tells them apart when reading.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from settings import DEFAULT_PATH, EXAMPLE_PATH, Key
from terminal import Fault

_BOM = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_HEADING = re.compile(r"\[(?P<name>.+)\]")
_OPTION = re.compile(
    r"(?P<before>\s*(?P<name>.*?)\s*[=:])(?P<gap>\s*)(?P<value>.*?)(?P<after>\s*)", re.DOTALL
)


def copy_example() -> None:
    """Make dwh.cfg from its example, readable by its owner alone."""
    try:
        _replace(DEFAULT_PATH, EXAMPLE_PATH.read_bytes(), 0o600)
    except OSError as error:
        raise Fault(
            f"cannot make {DEFAULT_PATH} from {EXAMPLE_PATH.name}: {_reason(error)}\n"
            "next: work in a folder that you may write to, or name a file elsewhere with --config"
        ) from error


def write(path: Path, values: Mapping[Key, str]) -> bool:
    """Put `values` into the file at `path`, an empty one in place of what is taken out.

    The file is replaced as a whole or not at all, and is its owner's alone afterwards; True when
    its text changed.
    """
    path = path.resolve()
    try:
        # Universal newlines would lose the file's own.
        text = path.read_bytes().decode("utf-8")
        changed = with_values(text, values)
        mode = stat.S_IMODE(path.stat().st_mode) & 0o600
        if changed == text:
            path.chmod(mode)
            return False
        _replace(path, changed.encode("utf-8"), mode)
    except OSError as error:
        by_hand = ", ".join(f"{key.label} = {value}" for key, value in values.items())
        raise Fault(
            f"cannot write {path}: {_reason(error)}\nnext: write there: {by_hand}"
        ) from error
    return True


def with_values(text: str, values: Mapping[Key, str]) -> str:
    """The configuration `text` with `values` in it; missing keys and sections are added."""
    bom = _BOM if text.startswith(_BOM) else ""
    lines = _LINE.findall(text.removeprefix(bom))
    for key, value in values.items():
        _set(lines, key, value)
    return bom + "".join(lines)


@dataclass
class _Entry:
    """A heading (no name) or an option, with the lines that continue its value."""

    section: str
    name: str | None
    line: int
    continuation: list[int] = field(default_factory=list)

    @property
    def last_line(self) -> int:
        return self.continuation[-1] if self.continuation else self.line


def _entries(lines: list[str]) -> list[_Entry]:
    entries: list[_Entry] = []
    section = ""
    indent = 0
    for number, line in enumerate(lines):
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        depth = len(line) - len(line.lstrip())
        if entries and entries[-1].name is not None and depth > indent:
            entries[-1].continuation.append(number)
            continue
        indent = depth
        if heading := _HEADING.match(content):
            section = heading["name"]
            entries.append(_Entry(section, None, number))
        elif option := _OPTION.fullmatch(content):
            entries.append(_Entry(section, option["name"].lower(), number))
    return entries


def _set(lines: list[str], key: Key, value: str) -> None:
    entries = [entry for entry in _entries(lines) if entry.section == key.section]
    for entry in entries:
        if entry.name == key.name.lower():
            lines[entry.line] = _with_value(lines[entry.line], value)
            for number in reversed(entry.continuation):
                del lines[number]
            return
    if not value:
        return
    newline = _newline(lines)
    if entries:
        last = entries[-1]
        _end_line(lines, last.last_line, newline)
        # An option that stood further left would take the next ones for its continuation.
        indent = re.match(r"\s*", lines[last.line])
        margin = indent.group() if indent and last.name else ""
        lines.insert(last.last_line + 1, f"{margin}{key.name} = {value}{newline}")
        return
    if lines:
        _end_line(lines, len(lines) - 1, newline)
        lines.append(newline)
    lines += [f"[{key.section}]{newline}", f"{key.name} = {value}{newline}"]


def _with_value(line: str, value: str) -> str:
    body = line.rstrip("\r\n")
    ending = line[len(body) :]
    option = _OPTION.fullmatch(body)
    if option is None or option["value"] == value:
        return line
    old = option["value"]
    quote = old[0] if len(old) >= 2 and old[0] == old[-1] and old[0] in "'\"" else ""
    if not value and not quote:
        return option["before"] + ending
    # `KEY =` has no blank after its sign, yet is written in the style that has one.
    blank = " " if option["before"][-2:-1].isspace() else ""
    gap = option["gap"] if old else option["gap"] or blank
    return f"{option['before']}{gap}{quote}{value}{quote}{option['after']}{ending}"


def _newline(lines: list[str]) -> str:
    first = lines[0] if lines else ""
    return first[len(first.rstrip("\r\n")) :] or "\n"


def _end_line(lines: list[str], number: int, newline: str) -> None:
    if not lines[number].endswith(("\r", "\n")):
        lines[number] += newline


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file beside `path` and rename it over: a reader sees the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        if path.exists():
            # Under sudo the file stays its owner's; elsewhere it is ours already.
            with suppress(AttributeError, PermissionError):
                os.chown(name, path.stat().st_uid, path.stat().st_gid)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
