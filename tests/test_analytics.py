"""Each answer of analytics.py on the generated sample, beside one worked out from the files."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import analytics
from questions import PUBLIC_FIGURES, QUESTIONS, Figure
from standin import Standin
from standin.sample import sample
from terminal import Fault
from tests.analytics_oracle import ORACLES, Play, plays_of, top_songs
from tests.conftest import ROOT, Project, event, module_project, song
from tests.oracle import Star

SAMPLE = {"songs": 60, "events": 1500, "seed": 11}


@pytest.fixture(scope="module")
def star() -> Star:
    files = dict(sample(**SAMPLE))
    logs = [content for key, content in files.items() if key.startswith("log_data/")]
    songs = [content for key, content in files.items() if key.startswith("song_data/")]
    made = Star()
    made.load(
        [json.loads(line) for log in logs for line in log.decode().splitlines()],
        [json.loads(song) for song in songs],
    )
    return made


@pytest.fixture(scope="module")
def plays(star: Star) -> list[Play]:
    return plays_of(star)


@pytest.fixture(scope="module")
def loaded(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DWH_CLUSTER_HOST", "DWH_CLUSTER_DB_NAME", "DWH_CLUSTER_DB_PASSWORD"):
            patch.delenv(name, raising=False)
        project = module_project(standin, tmp_path_factory, "analytics")
        for key, content in sample(**SAMPLE):
            project.put(key, content)
        project.prepare()
        yield project


@pytest.fixture(scope="module")
def answers(loaded: Project) -> dict[str, Any]:
    done = loaded.run("analytics.py", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    content: dict[str, Any] = json.loads(done.stdout)
    return content


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_what_the_files_say(
    answers: dict[str, Any], plays: list[Play], star: Star, name: str
) -> None:
    rows = [list(row.values()) for row in answers[name]["rows"]]
    expected = ORACLES[name](plays, star)
    assert expected, "the sample must have something to answer with"
    assert rows == expected


FIRST = 1541106106796  # 2018-11-01 21:01:46.796


def test_sessions_and_upgrades_at_their_edges(project: Project) -> None:
    # (user, session, level, seconds after the first play): user 1 upgrades within a session, user 2
    # has the same session id, user 3 only goes back to free, user 4 goes back and upgrades again.
    plays = [
        (1, 10, "free", 0), (1, 10, "paid", 60), (2, 10, "free", 1), (3, 30, "paid", 2),
        (3, 30, "free", 62), (4, 40, "paid", 3), (4, 40, "free", 63), (4, 41, "paid", 123),
    ]  # fmt: skip
    project.put_events(
        *(
            event(userId=str(user), sessionId=session, level=level, ts=FIRST + 1000 * after)
            for user, session, level, after in plays
        )
    )
    project.put_songs(song())
    project.prepare()
    asked = ("totals", "sessions", "upgrades")
    flags = [flag for name in asked for flag in ("--question", name)]
    answers = json.loads(project.run("analytics.py", "--json", *flags).stdout)
    assert {name: [list(row.values()) for row in answers[name]["rows"]] for name in asked} == {
        "totals": [[8, 4, 5, 100.0, 50.0, "2018-11-01T21:01:46", "2018-11-01T21:03:49"]],
        "sessions": [["free", 1, 1.0, 1.0, 0.0, 0.0], ["paid", 4, 1.8, 2.0, 0.8, 1.0]],
        "upgrades": [
            ["4", "Ada Lane", "2018-11-01T21:03:49", 2, 1, 0, "paid"],
            ["1", "Ada Lane", "2018-11-01T21:02:46", 1, 1, 0, "paid"],
        ],
    }


def test_what_events_and_songs_may_lack(project: Project) -> None:
    # Of the two deliveries at second 3 the load takes the first.
    hit = {"userId": 1, "lastName": None, "song": "Hit", "artist": "Bob"}
    project.put_events(
        event(**hit, sessionId=None, ts=FIRST),
        event(**hit, sessionId=None, ts=FIRST + 1000),
        event(**hit, sessionId=5, ts=FIRST + 2000),
        event(**{**hit, "song": "First"}, sessionId=5, itemInSession=0, ts=FIRST + 3000),
        event(**{**hit, "song": "Second"}, sessionId=5, itemInSession=1, ts=FIRST + 3000),
        event(
            **{**hit, "song": "Blue", "artist": "Ann"}, sessionId=5, level="paid", ts=FIRST + 4000
        ),
        event(userId=2, firstName=None, lastName=None, sessionId=6, ts=FIRST + 5000),
    )
    project.put_songs(song(artist_id=None))
    project.prepare()
    asked = ("most-wanted", "before-upgrade", "top-songs", "known-songs", "active-users")
    flags = [flag for name in asked for flag in ("--question", name)]
    answers = json.loads(project.run("analytics.py", "--json", *flags).stdout)
    assert {name: [list(row.values()) for row in answers[name]["rows"]] for name in asked} == {
        "most-wanted": [["Hit", "Bob", 3, 1], ["First", "Bob", 1, 1]],
        "before-upgrade": [["Bob", 4, 1]],
        "top-songs": [["Blue", None, 2, 2]],
        "known-songs": [["known", 2, 2, 33.3], ["unknown", 4, 1, 66.7]],
        "active-users": [
            ["1", "Ada", "paid", 5, 2, "2018-11-01T21:01:50"],
            ["2", None, "free", 1, 1, "2018-11-01T21:01:51"],
        ],
    }


def test_a_song_counts_for_the_artist_it_has_now(project: Project) -> None:
    # songplays keeps the artist that the song had at the time of its load.
    plays = [event(song="T2", artist="Band", ts=FIRST + 1000 * second) for second in range(7)]
    moved = song(song_id="SO2", title="T2", artist_name="Band", artist_id="ARX")
    project.put_events(*plays[:3])
    project.put_songs(moved)
    project.prepare()
    newest = song(song_id="SO3", artist_id="ARY", artist_name="Band feat. Z", year=2010)
    project.put_events(*plays[3:])
    project.put_songs({**moved, "artist_id": "ARY"}, newest)
    project.load()
    asked = ("top-songs", "top-artists")
    flags = [flag for name in asked for flag in ("--question", name)]
    answers = json.loads(project.run("analytics.py", "--json", *flags).stdout)
    assert {name: [list(row.values()) for row in answers[name]["rows"]] for name in asked} == {
        "top-songs": [["T2", "Band feat. Z", 7, 1]],
        "top-artists": [["Band feat. Z", 7, 1, 1]],
    }


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
ON_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) AppleWebKit/605.1.15"


@pytest.mark.parametrize(
    ("user_agent", "browser", "device"),
    [
        pytest.param(
            "Mozilla/5.0 (X11; Linux x86_64; rv:31.0) Gecko/20100101 Firefox/31.0",
            "Firefox", "Linux",
            id="Firefox on Linux",
        ),
        pytest.param(
            f"{ON_IOS} (KHTML, like Gecko) FxiOS/14.0 Mobile/16B92 Safari/605.1.15",
            "Firefox", "iPhone",
            id="Firefox on an iPhone",
        ),
        pytest.param(
            f"Mozilla/5.0 (Windows NT 6.1; WOW64) {WEBKIT} Chrome/37.0.2062.94 Safari/537.36",
            "Chrome", "Windows",
            id="Chrome on Windows",
        ),
        pytest.param(
            f"{ON_IOS} (KHTML, like Gecko) CriOS/70.0.3538.75 Mobile/15E148 Safari/605.1",
            "Chrome", "iPhone",
            id="Chrome on an iPhone",
        ),
        pytest.param(
            "Mozilla/5.0 (iPad; CPU OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2"
            " (KHTML, like Gecko) Version/7.0 Mobile/11D257 Safari/9537.53",
            "Safari", "iPad",
            id="Safari on an iPad",
        ),
        pytest.param(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.77.4"
            " (KHTML, like Gecko) Version/7.0.5 Safari/537.77.4",
            "Safari", "Mac",
            id="Safari on a Mac",
        ),
        pytest.param(
            f"Mozilla/5.0 (Windows NT 6.1) {WEBKIT} Chrome/36.0.1985.125 Safari/537.36"
            " OPR/23.0.1522.60",
            "Opera", "Windows",
            id="Opera on Windows",
        ),
        pytest.param(
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/64.0.3282.140 Safari/537.36"
            " Edge/17.17134",
            "Edge", "Windows",
            id="Edge on Windows",
        ),
        pytest.param(
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/79.0.3945.74 Safari/537.36"
            " Edg/79.0.309.43",
            "Edge", "Windows",
            id="Edge made of Chromium",
        ),
        pytest.param(
            f"Mozilla/5.0 (Linux; Android 8.1.0; Pixel) {WEBKIT} Chrome/70.0.3538.110"
            " Mobile Safari/537.36 EdgA/42.0.0.2529",
            "Edge", "Android",
            id="Edge on Android",
        ),
        pytest.param(
            f"{ON_IOS} (KHTML, like Gecko) Version/12.0 EdgiOS/42.8.6.0 Mobile/16B92 Safari/605.1",
            "Edge", "iPhone",
            id="Edge on an iPhone",
        ),
        pytest.param(
            f"Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) {WEBKIT}"
            " Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
            "Edge", "Windows",
            id="Edge on Windows Phone 10",
        ),
        pytest.param(
            "Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; Trident/7.0; Touch; rv:11.0;"
            " IEMobile/11.0; NOKIA; Lumia 520) like iPhone OS 7_0_3 Mac OS X AppleWebKit/537"
            " (KHTML, like Gecko) Mobile Safari/537",
            "Internet Explorer", "Windows",
            id="Internet Explorer on Windows Phone 8.1",
        ),
        pytest.param(
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "Internet Explorer", "Windows",
            id="Internet Explorer 11",
        ),
        pytest.param(
            "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)",
            "Internet Explorer", "Windows",
            id="Internet Explorer 9",
        ),
        pytest.param("curl/7.61.0", "other", "other", id="neither browser nor system"),
        pytest.param(None, "other", "other", id="no user agent"),
    ],
)  # fmt: skip
def test_what_a_user_agent_says(
    loaded: Project, user_agent: str | None, browser: str, device: str
) -> None:
    with loaded.transaction() as cursor:
        # Found before the star's own table.
        cursor.execute("CREATE TEMP TABLE songplays (user_id BIGINT, user_agent VARCHAR(2048))")
        cursor.execute("INSERT INTO songplays VALUES (1, %s)", [user_agent])
        answers = []
        for name in ("browsers", "devices"):
            cursor.execute(QUESTIONS[name].query)
            answers += [row[0] for row in cursor.fetchall()]
    assert answers == [browser, device]


# --- The command line ----------------------------------------------------------------------------


def test_a_table_says_how_to_read_it(loaded: Project) -> None:
    done = loaded.run(
        "analytics.py", "--question", "known-songs", "--question", "plays-by-level",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == (
        "How many plays are of a song that is known? (known: the song files have a song of that"
        " title by that artist)"
    )
    assert lines[1] == "song plays listeners percent of plays"
    assert "level plays listeners percent of plays plays a listener" in lines


def test_csv_of_one_question_is_the_table(loaded: Project, answers: dict[str, Any]) -> None:
    done = loaded.run("analytics.py", "--question", "plays-by-week", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows == [
        {name: str(value) for name, value in row.items()}
        for row in answers["plays-by-week"]["rows"]
    ]


def test_csv_of_several_questions_names_them(loaded: Project) -> None:
    done = loaded.run(
        "analytics.py", "--csv", "--question", "known-songs", "--question", "plays-by-level"
    )
    first, second = done.stdout.split("\n\n")
    assert first.splitlines()[0] == "question,song,plays,listeners,percent of plays"
    assert first.splitlines()[1].startswith("known-songs,known,")
    assert second.splitlines()[1].startswith("plays-by-level,")


def test_list_needs_no_configuration(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "analytics.py", "--list", "--config", str(tmp_path / "none")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [name for name in QUESTIONS if name not in done.stdout] == []


# A script that prints and one whose tables rich prints, with Python's buffer as it is by default.
TALKERS = ("schema_diagram.py", "analytics.py --list")
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell's redirections")
@pytest.mark.parametrize("script", TALKERS)
@pytest.mark.parametrize(
    ("redirection", "status", "message"),
    [
        (">&-", 0, ""),
        (">&- 2>&-", 0, ""),
        (
            "> /dev/full",
            1,
            "error: cannot write the output: no space left on device\n"
            "next: make room or send it elsewhere; the steps told as done are done\n",
        ),
    ],
)
def test_a_stdout_that_takes_nothing(
    redirection: str, status: int, message: str, script: str
) -> None:
    if "/dev/full" in redirection and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    done = subprocess.run(
        ["sh", "-c", f'"$0" {script} {redirection}', sys.executable],
        cwd=ROOT, env=BUFFERED, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (status, "", message)


@pytest.mark.parametrize("script", TALKERS)
def test_a_reader_that_is_gone_is_no_failure_to_tell(script: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, *script.split()],
            cwd=ROOT, env=BUFFERED, stdout=stdout, stderr=subprocess.PIPE,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_pipe_gets_utf_8_in_any_locale() -> None:
    done = subprocess.run(
        [sys.executable, "analytics.py", "--list"],
        cwd=ROOT, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert "─" in done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--question", "nonsense"], "argument --question: invalid choice: 'nonsense'"),
        (["--csv", "--json"], "argument --json: not allowed with argument --csv"),
        (["--question", "totals", "--report", "r.html"], "--question goes with tables, --csv and"),
        (["--compare", "private"], "argument --compare: invalid choice: 'private'"),
        (["--report", "no/such/folder/r.html"], "there is no folder"),
        (["--report", "tests"], "is a folder: expected the name of a file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(tmp_path: Path, flags: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "analytics.py", *flags, "--config", str(tmp_path / "none")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert message in done.stderr


def test_an_empty_star_has_answers_too(project: Project) -> None:
    project.create_tables()
    done = project.run("analytics.py", "--json")
    assert done.returncode == 0, done.stderr
    rows = {name: answer["rows"] for name, answer in json.loads(done.stdout).items()}
    assert list(rows.pop("totals")[0].values()) == [0, 0, 0, None, None, None, None]
    assert set(map(len, rows.values())) == {0}
    page = project.folder / "report.html"
    done = project.run("analytics.py", "--report", str(page))
    assert done.returncode == 0, done.stderr
    assert "no plays yet" in page.read_text(encoding="utf-8")


# --- Comparing with known figures ----------------------------------------------------------------


def test_the_sample_is_not_the_public_data(loaded: Project) -> None:
    done = loaded.run("analytics.py", "--compare", "public")
    assert done.returncode == 1
    lines = [line.split() for line in done.stdout.splitlines()]
    songs = next(line for line in lines if line[:1] == ["songs"])
    assert songs == ["songs", "14,896", "60", "differs"]
    assert done.stderr.startswith("error: 9 of 9 figures differ\nnext: they hold after one load")


def test_the_figures_of_the_public_data() -> None:
    assert {figure.name: figure.expected for figure in PUBLIC_FIGURES} == {
        "events": 8056,
        "songs": 14896,
        "songplays": 6820,
        "songplays that know their song": 333,
        "users": 97,
        "artists": 9553,
        "time": 6813,
        "top song": "You're The One",
        "plays of the top song": 37,
    }


def sample_figures(plays: list[Play], star: Star) -> list[Figure]:
    """The same figures with what the sample must give."""
    files = [content for key, content in sample(**SAMPLE) if key.startswith("log_data/")]
    title, _, most, _ = top_songs(plays, star)[0]
    expected = (
        sum(len(content.splitlines()) for content in files),
        len(star.known_songs),
        len(plays),
        sum(play.song is not None for play in plays),
        len(star.newest),
        len(star.artists),
        len({play.at for play in plays}),
        title,
        most,
    )
    return [
        replace(figure, expected=value)
        for figure, value in zip(PUBLIC_FIGURES, expected, strict=True)
    ]


def test_figures_that_agree(
    loaded: Project, plays: list[Play], star: Star, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = loaded.connect()
    with connection.cursor() as cursor:
        analytics.compare(cursor, sample_figures(plays, star))
        agreeing = capsys.readouterr().out
        one_wrong = [*sample_figures(plays, star)[:-1], replace(PUBLIC_FIGURES[-1], expected=-1)]
        with pytest.raises(Fault, match=r"^1 of 9 figures differ"):
            analytics.compare(cursor, one_wrong)
    connection.close()
    assert [line.split()[-1] for line in agreeing.splitlines() if " ok" in line] == ["ok"] * 9


# --- Rules of Redshift that the stand-in does not check ------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_statement_sorts_by_one_aggregate_only(name: str) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_MEDIAN.html: all must sort alike."""
    query = QUESTIONS[name].query.upper()
    assert sum(query.count(f"{word}(") for word in ("MEDIAN", "LISTAGG", "PERCENTILE_CONT")) <= 1


def test_asking_for_help_loads_nothing_heavy() -> None:
    program = (
        "import analytics, sys\n"
        "heavy = {'psycopg2', 'boto3', 'pygal', 'jinja2', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
