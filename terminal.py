"""How the scripts speak: common flags, steps with live progress, tables, errors and exit codes.

Results go to stdout, talk goes to stderr. On a terminal a running step is alive; in a pipe each
step is one line when it is done.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hints
import interrupts
import streams

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.text import Text

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = interrupts.EXIT_INTERRUPTED

# What the system says when a file or a device takes no more.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
# What would break a table's line, or tell the terminal something.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Fault(Exception):
    """Something that a person can put right: told in one message, without a traceback.

    `details` prints what belongs before the message, a table of rejected rows say.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, details: Callable[[], None] | None = None) -> None:
        super().__init__(message)
        self.details = details


class UsageFault(Fault):
    """Wrong usage or configuration."""

    exit_code = EXIT_USAGE


def parser(prog: str, summary: str, example: str) -> argparse.ArgumentParser:
    """An argument parser with the flags that every script has, and an example in its help."""
    arguments = argparse.ArgumentParser(
        prog=prog,
        description=summary,
        epilog="example:\n" + textwrap.indent(textwrap.dedent(example).strip(), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments.add_argument(
        "--config",
        metavar="PATH",
        type=_configuration,
        default=None,
        help="configuration file (default: dwh.cfg beside the scripts)",
    )
    arguments.add_argument(
        "-q", "--quiet", action="store_true", help="say nothing but results and errors"
    )
    return arguments


def _configuration(text: str) -> Path:
    """The path of --config, which the hints of this run repeat."""
    path = Path(text)
    hints.use(path)
    return path


def run(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Call `main` and turn whatever it raises into one message on stderr and an exit code."""
    streams.prepare()
    hints.use(None)
    try:
        interrupts.raise_again()
        status = main(argv)
        sys.stdout.flush()
        return status
    except Fault as fault:
        streams.flush_results()
        if fault.details is not None:
            fault.details()
        print(f"error: {hints.runnable(str(fault))}", file=sys.stderr)
        return fault.exit_code
    except KeyboardInterrupt:
        print(interrupts.MESSAGE, file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our stdout is gone (`| head`): nothing is left to say.
        streams.abandon(sys.stdout)
        return EXIT_FAILED
    except SystemExit:
        # argparse has given its help or told wrong usage.
        if not streams.flush_results():
            raise SystemExit(EXIT_FAILED) from None
        raise
    except Exception as error:
        if os.environ.get("DWH_TRACEBACK"):
            raise
        print(f"error: {_surprise(error)}", file=sys.stderr)
        return EXIT_FAILED


def warn(text: str) -> None:
    """Say on stderr what stops nothing and a person would still want to know, --quiet or not."""
    print(f"warning: {hints.runnable(text)}", file=sys.stderr)


def counted(number: int, noun: str) -> str:
    """`1 part`, `2,000 parts`: a number and a noun that takes an s beyond one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _surprise(error: Exception) -> str:
    """What to say of an exception that nobody has turned into a Fault."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        streams.abandon(sys.stdout)
        return (
            f"cannot write the output: {os.strerror(error.errno).lower()}\n"
            "next: make room or send it elsewhere; the steps told as done are done"
        )
    return (
        f"unexpected {type(error).__name__}: {error}\n"
        "this is a defect; DWH_TRACEBACK=1 in the environment shows where"
    )


@dataclass
class Step:
    """One step under way; what is set here is shown while it runs and when it is done."""

    name: str
    rows: int | None = None
    note: str = ""


class Steps:
    """Shows the steps of a script on stderr: alive on a terminal, a line each in a pipe.

    Steps may run side by side in threads.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None

    def __enter__(self) -> Steps:
        if not self._quiet:
            self._progress = _live_progress()
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    @property
    def alive(self) -> bool:
        """Whether somebody watches: steps are shown on a terminal while they run."""
        return self._progress is not None and not self._progress.disable

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run the body as the step `name`; a body that raises leaves a `failed` line."""
        interrupts.check()
        step = Step(name)
        started = time.monotonic()
        task = self._begin(step)
        try:
            yield step
        except BaseException:
            self._end(task, f"{name:<44} failed {_seconds(started):>16}")
            raise
        rows = "" if step.rows is None else counted(step.rows, "row")
        line = f"{name:<44} {rows:>14} {_seconds(started):>8}  {step.note}"
        self._end(task, line.rstrip())

    def say(self, text: str) -> None:
        """Print a line of talk between the steps."""
        if self._progress is not None:
            self._progress.console.print(
                hints.runnable(text), markup=False, emoji=False, highlight=False, soft_wrap=True
            )

    def warn(self, text: str) -> None:
        """Warn between the steps, --quiet or not."""
        if self._progress is None:
            warn(text)
        else:
            self.say(f"warning: {text}")

    def _begin(self, step: Step) -> TaskID | None:
        if self._progress is None:
            return None
        return self._progress.add_task(step.name, total=None, step=step)

    def _end(self, task: TaskID | None, line: str) -> None:
        if self._progress is not None and task is not None:
            self._progress.remove_task(task)
            self.say(line)


def _live_progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class NoteColumn(ProgressColumn):
        """What the step says of itself while it runs."""

        max_refresh = 0.2

        def render(self, task: object) -> Text:
            return Text(getattr(task, "fields", {})["step"].note)

    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        NoteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _seconds(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"


def print_table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], *, stderr: bool = False
) -> None:
    """Print a table: numbers to the right with thousands separators, None as a dash."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    # Said to be ASCII so that a terminal without its line gets this box and not another shape.
    ascii_box = box.Box(str(box.SIMPLE_HEAD).replace("─", "-"), ascii=True)
    console = _console(stderr)
    table = Table(box=box.SIMPLE_HEAD if console.encoding.startswith("utf") else ascii_box)
    for position, heading in enumerate(headings):
        numeric = any(isinstance(row[position], int | float) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    with _without_blanks_at_ends(console):
        # A title of the table's own would fold at the table's width.
        console.print(Text(title, style="bold"), soft_wrap=True, end="")
        console.print(table)


@contextmanager
def _without_blanks_at_ends(console: Console) -> Iterator[None]:
    """Take from what is printed into a pipe the blanks that fill a table's last column."""
    if console.is_terminal:
        yield
        return
    with console.capture() as captured:
        yield
    lines = captured.get().split("\n")
    console.file.write("\n".join(line.rstrip(" ") for line in lines))


def _cell(value: object) -> Text:
    from rich.text import Text

    return Text(_CONTROL.sub(lambda found: ascii(found[0])[1:-1], _shown(value)))


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return str(value)


def _console(stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # In a pipe there is no edge to fold at; a line there is a row.
    return Console(stderr=stderr, width=None if stream.isatty() else 100_000)
