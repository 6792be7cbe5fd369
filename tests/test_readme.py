"""The README and docs/: each command runs, each link leads somewhere, each list is complete."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

import settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
PYTHON = ("python", "python3")
NOT_COPIED = (".git", ".venv", ".hypothesis", "__pycache__", ".*_cache", "dwh.cfg", ".quickstart*")
# Commands that the walk by hand does not type as they stand.
TYPED_OTHERWISE = {
    # Asks for the cluster's name, and ends what the others need.
    "python -m iac.delete_cluster": "python -m iac.delete_cluster --yes",
}
# A bucket of the reader's own.
MY_BUCKET = """python -c '
import boto3, os
s3 = boto3.client("s3", endpoint_url=os.environ["DWH_AWS_ENDPOINT_URL"], region_name="us-west-2")
s3.create_bucket(
    Bucket="my-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
)'"""
# What the walk runs in, or what runs the walk.
AROUND_THE_WALK = (
    "python -m standin",
    "python -m standin --s3 udacity-dend=sample",
    "python3 quickstart.py",
    "python3 quickstart.py test",
)


def fences(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def console_commands(text: str) -> list[str]:
    """What stands behind `$` in the console blocks, without its comment."""
    return [
        re.sub(r"\s{2,}#.*", "", line.removeprefix("$ "))
        for block in fences(text, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def inline_commands(text: str) -> list[str]:
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [
        code
        for code in re.findall(r"`([^`\n]+)`", outside)
        if code.startswith(tuple(f"{name} " for name in PYTHON))
    ]


COMMANDS = [
    pytest.param(command, id=f"{page.name}: {command}")
    for page in PAGES
    for text in [page.read_text(encoding="utf-8")]
    for command in dict.fromkeys([*console_commands(text), *inline_commands(text)])
]


@cache
def help_of(words: tuple[str, ...]) -> str:
    done = subprocess.run(
        [sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def script_and_rest(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """`python -m iac.status --x y` -> (-m, iac.status), [--x, y]."""
    split = 2 if words[0] == "-m" else 1
    return tuple(words[:split]), words[split:]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_a_script_and_flags_that_exist(command: str) -> None:
    for part in re.split(r"&&|\|| -- ", command):
        words = shlex.split(part.split(" > ")[0])
        if words[0] not in PYTHON:
            continue
        script, rest = script_and_rest(words[1:])
        if script == ("-m", "pytest"):
            continue
        told = help_of(script)
        for flag in (word for word in rest if word.startswith("--")):
            if (script, flag) == (("quickstart.py",), "--long"):
                continue  # pytest's, and this suite's own
            assert re.search(rf"{flag}\b", told), f"{flag} is unknown to {' '.join(script)}"


def anchors(text: str) -> set[str]:
    """The anchors that headings get on GitHub."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


LINKS = [
    pytest.param(page, target, id=f"{page.name}: {target}")
    for page in PAGES
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    if target.startswith("https://"):
        return
    path, _, anchor = target.partition("#")
    there = page.parent / path if path else page
    assert there.exists()
    if anchor:
        assert anchor in anchors(there.read_text(encoding="utf-8"))


def test_the_layout_names_what_is_there() -> None:
    block = README.split("\n## Layout\n")[1].split("\n\nThe scripts")[0]
    told = {line.split()[0] for line in block.splitlines() if re.match(r"    \S", line)}
    rooms = {line.split()[0] for line in block.splitlines() if re.match(r"      \S", line)}
    folders = {path.parent.name + "/" for path in ROOT.glob("*/__init__.py")}
    scripts = {path.name for path in ROOT.glob("*.py")}
    assert told == scripts | folders | {"dwh.cfg.example", "tests/"}
    assert rooms == {path.parent.name + "/" for path in ROOT.glob("standin/*/__init__.py")}


def test_the_configuration_table_names_every_key_and_default() -> None:
    table = README.split("\n## Configuration\n")[1].split("|---|---|---|---|\n")[1].split("\n\n")[0]
    told = {}
    for line in table.splitlines():
        section, names, _, defaults = (cell.strip() for cell in line.strip("|").split("|"))
        split = names.split(", ")
        values = defaults.split(", ") if len(split) > 1 else [defaults]
        for position, name in enumerate(split):
            told[section, name] = values[min(position, len(values) - 1)]
    assert set(told) == {(key.section, key.name) for key in settings.ALL_KEYS}
    for key in settings.ALL_KEYS:
        if key.default:
            assert told[key.section, key.name] == key.default, key


def test_the_messages_of_the_trouble_table_exist() -> None:
    table = README.split("\n## When something goes wrong\n")[1].split("|---|---|\n")[1]
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("", "iac", "standin/wire", "standin/cloud")
        for path in sorted((ROOT / folder).glob("*.py"))
    )
    # Said by the operating system or by PostgreSQL, not by a file here.
    foreign = {"Connection refused", "certificate verify failed", "relation", "does not exist"}
    for line in table.split("\n\n")[0].splitlines():
        for message in re.findall(r"`([^`]+)`", line.split("|")[1]):
            for piece in re.split(r" \.\. |\[CLUSTER\] HOST |\d", message):
                known = piece.strip() in foreign or piece.strip() in sources
                assert known, f"nothing says {piece.strip()!r}"


@pytest.fixture
def fresh_copy(tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    # The packages are here already; installing them is what `quickstart.py setup` just did.
    if (Path(sys.prefix) / "installed.sha256").exists():
        (copy / ".venv").symlink_to(sys.prefix)
    return copy


def shell_environ() -> dict[str, str]:
    """A shell in which .venv is active."""
    folder = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="the README's commands are for a POSIX shell")
def test_the_walk_by_hand(fresh_copy: Path) -> None:
    """All other commands of the README, in its order and as they stand, the tear-down last."""
    commands = [c for c in console_commands(README) if c not in AROUND_THE_WALK]
    assert len(commands) > 10
    shutil.copyfile(fresh_copy / "dwh.cfg.example", fresh_copy / "dwh.cfg")
    last = [command for command in commands if command in TYPED_OTHERWISE]
    walk = [command for command in commands if command not in last]
    script = fresh_copy / "walk.sh"
    lines = ["set -e", MY_BUCKET, *walk, *(TYPED_OTHERWISE[command] for command in last)]
    script.write_text("\n".join(lines))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "standin",
            "--pg-port",
            "0",
            "--aws-port",
            "0",
            "--",
            "bash",
            script,
        ],
        cwd=fresh_copy,
        env=shell_environ(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (fresh_copy / "report.html").stat().st_size > 50_000
    assert "nothing is left" in done.stdout


def normal(line: str) -> str:
    """A line of output without what differs from run to run: seconds, and blanks at its end."""
    return re.sub(r" +\d+\.\d s", " N s", line.rstrip())


def copies_sorted(lines: list[str]) -> list[str]:
    """The lines, those of the COPYs sorted: they run side by side, and either may end first."""
    return [
        line
        for is_copy, some in groupby(lines, lambda line: line.startswith("copy "))
        for line in (sorted(some) if is_copy else some)
    ]


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="a symbolic link to .venv needs a privilege")
def test_the_tour_prints_what_the_readme_shows(fresh_copy: Path) -> None:
    done = subprocess.run(
        [sys.executable, "quickstart.py"],
        cwd=fresh_copy,
        env={**shell_environ(), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    printed = iter(normal(line) for line in copies_sorted(done.stdout.splitlines()))
    shown = next(block for block in fences(README, "text") if "quickstart.cfg" in block)
    for line in copies_sorted(shown.splitlines()):
        if line != "...":
            wanted = normal(line.removesuffix(" ..."))
            assert any(one.startswith(wanted) for one in printed), f"not printed in order: {line}"
    assert (fresh_copy / "report.html").exists()


def test_the_answers_shown_are_those_of_the_sample() -> None:
    """The block below the questions shows lines that the tour shows as well, or could."""
    answers = fences(README.split("\n## The answers\n")[1], "text")[0]
    tour = next(block for block in fences(README, "text") if "quickstart.cfg" in block)
    plays = re.search(r"^ +([\d,]+) +[\d,]+ +0 ", tour, flags=re.MULTILINE)
    assert plays
    levels = [int(n.replace(",", "")) for n in re.findall(r"(?:paid|free) +([\d,]+)", answers)]
    assert sum(levels) == int(plays[1].replace(",", ""))
