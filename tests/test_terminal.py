"""What the scripts print: tables in a pipe, numbers with their nouns, errors in plain words."""

from __future__ import annotations

import psycopg2
import pytest

import terminal
import warehouse

ROWS = [(1, "a", None), (1234, "longer than the others", "x")]


@pytest.mark.parametrize("stderr", [False, True])
def test_a_table_in_a_pipe_has_no_blanks_at_the_ends_of_its_lines(
    capsys: pytest.CaptureFixture[str], stderr: bool
) -> None:
    terminal.print_table("Two rows", ("number", "text", "last column"), ROWS, stderr=stderr)
    text = capsys.readouterr()[stderr]
    assert text.splitlines() == [
        "Two rows",
        "  number   text                     last column",
        " ───────────────────────────────────────────────",
        "       1   a                        -",
        "   1,234   longer than the others   x",
        "",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "-"),
        (True, "true"),
        (1234, "1,234"),
        (1234.56, "1,234.6"),
        ("[bold]", "[bold]"),
        ("x" * 1100, "x" * 1100),
        (":heart:", ":heart:"),
        ("back\\slash\\", "back\\slash\\"),
        ("two\nlines\u2028more", "two\\nlines\\u2028more"),
        ("\x1b[31mred\x9b", "\\x1b[31mred\\x9b"),
        ("Zoë 東京 👩\u200d🚀", "Zoë 東京 👩\u200d🚀"),
    ],
)
def test_a_cell(capsys: pytest.CaptureFixture[str], value: object, told: str) -> None:
    """Markup is text, nothing is cut or folded, and what commands a terminal is made visible."""
    terminal.print_table("[t] :heart:", ("a", "b"), [(value, "")])
    out = capsys.readouterr().out.splitlines()
    assert (out[0], out[3].strip(), len(out)) == ("[t] :heart:", told, 5)


def test_decimals_stand_on_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table("t", ("minutes",), [(1.5,)])
    assert capsys.readouterr().out.splitlines()[3] == "      1.5"


def test_steps_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="odd"), terminal.Steps() as steps:
        assert not steps.alive
        with steps.step("empty [b]:x:[/b]") as step:
            step.rows = 0
        with steps.step("bad"):
            raise ValueError("odd")
    empty, bad = capsys.readouterr().err.splitlines()
    assert empty.startswith("empty [b]:x:[/b] ") and " 0 rows " in empty
    assert bad.startswith("bad ") and " failed " in bad


def test_a_surprise(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise ValueError("odd")

    assert terminal.run(fail) == 1
    assert capsys.readouterr().err == (
        "error: unexpected ValueError: odd\n"
        "this is a defect; DWH_TRACEBACK=1 in the environment shows where\n"
    )
    monkeypatch.setenv("DWH_TRACEBACK", "1")
    with pytest.raises(ValueError, match="odd"):
        terminal.run(fail)


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 parts"), (1, "1 part"), (2, "2 parts"), (2000, "2,000 parts")]
)
def test_a_number_and_its_noun(number: int, told: str) -> None:
    assert terminal.counted(number, "part") == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('FATAL:  database "x" does not exist\n', 'database "x" does not exist'),
        (
            'connection to server at "h" (10.0.0.1), port 1 failed: FATAL:  no pg_hba.conf entry',
            "no pg_hba.conf entry",
        ),
        ("ERROR:  relation is gone\nLINE 1: SELECT", "relation is gone"),
        ("SSL error: certificate verify failed", "certificate verify failed"),
        ("SSL SYSCALL error: EOF detected", "the server closed the connection"),
        ("SSL SYSCALL error: Connection reset by peer", "Connection reset by peer"),
        ("", "OperationalError"),
    ],
)
def test_a_driver_s_message_in_plain_words(text: str, told: str) -> None:
    told_all = warehouse.explain(psycopg2.OperationalError(text), "copy")
    assert told_all.splitlines()[0] == f"copy failed: {told}"
