"""The catalogue of bad input: what each kind of broken file does to a load, with the whole message.

Every case starts from a star that holds one play; a load that fails must leave it so.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.conftest import LOG_KEYS, Project, event, song
from tests.test_star import star

LATER = 1541106107000
FILE = "log_data/b.json"
LONG_TEXT = "x" * 5_000_000
INVALID_JSON = "1216 Invalid input line: not valid JSON"
NOT_ONE_OBJECT = "1216 the line is not one JSON object of at most 4 MB: correct or remove it"
TOMORROW = (
    "warning: the newest event of 1 user lies after tomorrow: name and level stay as they are there"
    " until then\n"
)
NOT_UTF8 = "1220 the text is not valid UTF-8, or holds a NUL: correct the file"


@dataclass(frozen=True)
class Rejected:
    """A load that fails on a row of `file`: what the table shows of it, and the fix."""

    shown: tuple[str, ...]
    fix: str
    file: str = FILE
    table: str = "staging_events"


@dataclass(frozen=True)
class Refused:
    """A load that fails before any row is read: its message."""

    message: str


@dataclass(frozen=True)
class Loaded:
    """A load that succeeds: new plays as (user_id, level, session_id), and what is warned of."""

    new: tuple[tuple[object, ...], ...] = ()
    warning: str = ""


Outcome = Rejected | Refused | Loaded
EVENT = json.dumps(event(ts=LATER))


def put(content: object, key: str = FILE) -> Callable[[Project], None]:
    return lambda project: project.put(key, content)


def jsonpaths(paths: list[str], key: str = "jsonpaths") -> Callable[[Project], None]:
    return put({key: paths}, "log_json_path.json")


PATHS = [f"$['{key}']" for key in LOG_KEYS]

CATALOGUE: dict[str, tuple[Callable[[Project], None], Outcome]] = {
    "empty prefix": (
        lambda project: project.configure(S3_LOG_DATA=f"s3://{project.bucket}/log_data/2019"),
        Refused(
            "error: copy staging_events failed: The specified S3 prefix 'log_data/2019' does not"
            " exist\nthe star is as before\nfound: no object's key begins with"
            " s3://{bucket}/log_data/2019; s3://{bucket}/log_data/ holds 2018/;"
            " correct [S3] LOG_DATA, or bring the files there\n"
            "next: correct [S3] LOG_DATA in {config} (or --log-data);"
            " aws s3 ls s3://{bucket}/ --endpoint-url {endpoint} lists what there is\n"
        ),
    ),
    "events where songs are expected": (
        lambda project: project.configure(S3_SONG_DATA=f"s3://{project.bucket}/log_data"),
        Loaded(
            warning="warning: none of 1 staged song has a song_id: does [S3] SONG_DATA name song"
            " files?\n"
        ),
    ),
    "songs where events are expected": (
        lambda project: project.configure(S3_LOG_DATA=f"s3://{project.bucket}/song_data"),
        Loaded(
            warning="warning: none of 1 staged event is a play (page NextSong): does [S3] LOG_DATA"
            " name event files?\n"
        ),
    ),
    "empty file": (put(b""), Loaded()),
    "file of blanks": (put(b" \n\t\r\n  "), Loaded()),
    "folder marker": (put(b"", "log_data/2018/"), Loaded()),
    "truncated JSON": (put(EVENT[:100]), Rejected(("1      -", INVALID_JSON), NOT_ONE_OBJECT)),
    "array instead of objects": (
        put([event(ts=LATER), event(ts=LATER + 1)]),
        Rejected(
            ("1      artist", "1216 Invalid JSONPath format: Member is not an object."),
            "1216 an array encloses the objects: let them follow one another, one a line",
        ),
    ),
    "line of 5 MB": (
        put(json.dumps(event(song=LONG_TEXT))),
        Rejected(("1216 Invalid input line: a JSON object is larger than 4 MB",), NOT_ONE_OBJECT),
    ),
    "NUL as an escape": (
        put(EVENT.replace("Blue", "Bl\\u0000ue")),
        Rejected(
            (
                "1      song     varchar(1024)   Bl.ue   1220 String contains invalid or"
                " unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: 00 (error 3)",
            ),
            NOT_UTF8,
        ),
    ),
    "NUL byte": (
        put(EVENT.replace("Blue", "Bl\0ue")),
        Rejected(("1      -", INVALID_JSON), NOT_ONE_OBJECT),
    ),
    "invalid UTF-8": (
        put(EVENT.encode().replace(b"Blue", b"Bl\xffue")),
        Rejected(
            (
                "1      song     varchar(1024)   Bl.ue   1220 String contains invalid or"
                " unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ff (error 3)",
            ),
            NOT_UTF8,
        ),
    ),
    "a string in ts": (
        put(json.dumps(event(ts="yesterday"))),
        Rejected(
            (
                "1      ts       timestamp   yesterday   1206 Invalid timestamp format or value"
                " [epochmillisecs]",
            ),
            "1206 the timestamp is not epoch milliseconds: correct the file",
        ),
    ),
    "ts negative": (
        put(event(ts=-1000)),
        Loaded(
            ((1, "free", 10),),
            "warning: 1 play before 1971 or after tomorrow, the first at 1969-12-31 23:59:59,"
            " the last at 2018-11-01 21:01:46.796: is ts in milliseconds?\n",
        ),
    ),
    "ts in seconds": (
        put(event(ts=1541106106)),
        Loaded(
            ((1, "free", 10),),
            "warning: 1 play before 1971 or after tomorrow, the first at 1970-01-18"
            " 20:05:06.106, the last at 2018-11-01 21:01:46.796: is ts in milliseconds?\n",
        ),
    ),
    "ts the first of the year 1": (
        put(event(ts=-62135596800000)),
        Loaded(
            ((1, "free", 10),),
            "warning: 1 play before 1971 or after tomorrow, the first at 0001-01-01 00:00:00,"
            " the last at 2018-11-01 21:01:46.796: is ts in milliseconds?\n",
        ),
    ),
    "ts the last before the year 1": (
        put(event(ts=-62135596800001)),
        Refused(
            "error: check failed: expected that the year of a play is from 1 to 9999, ts being"
            " milliseconds; 1 broke it\nthe star is as before\n"
        ),
    ),
    "ts of no play in the year 50 000": (
        put(event(page="Home", ts=1541106106796000)),
        Refused(
            "error: check failed: expected that the year of a user's newest event is from 1 to"
            " 9999, ts being milliseconds; 1 broke it\nthe star is as before\n"
        ),
    ),
    "ts of no play in the future": (
        put(event(page="Home", ts=4102444800000)),
        Loaded(warning=TOMORROW),
    ),
    "ts in the year 50 000": (
        put(event(ts=1541106106796000)),
        Refused(
            "error: check failed: expected that the year of a play is from 1 to 9999, ts being"
            " milliseconds; 1 broke it\nthe star is as before\n"
        ),
    ),
    "ts the last of the year 9999": (
        put(event(ts=253402300799999)),
        Loaded(
            ((1, "free", 10),),
            "warning: 1 play before 1971 or after tomorrow, the first at 2018-11-01"
            " 21:01:46.796, the last at 9999-12-31 23:59:59.999: is ts in milliseconds?\n"
            + TOMORROW,
        ),
    ),
    "ts the first of the year 10000": (
        put(event(ts=253402300800000)),
        Refused(
            "error: check failed: expected that the year of a play is from 1 to 9999, ts being"
            " milliseconds; 1 broke it\nthe star is as before\n"
        ),
    ),
    "ts in the future": (
        put(event(ts=4102444800000)),
        Loaded(
            ((1, "free", 10),),
            "warning: 1 play before 1971 or after tomorrow, the first at 2018-11-01"
            " 21:01:46.796, the last at 2100-01-01 00:00:00: is ts in milliseconds?\n" + TOMORROW,
        ),
    ),
    "userId abc": (
        put(event(userId="abc")),
        Rejected(
            ("1      user_id   int8   abc     1207 Invalid digit, Value 'a', Pos 0, Type: Long",),
            "1207 a number was expected: correct the file",
        ),
    ),
    "missing keys": (
        put({"page": "NextSong", "userId": "5", "ts": LATER}),
        Loaded(((5, None, None),)),
    ),
    "unknown keys": (put(event(ts=LATER, colour="red")), Loaded(((1, "free", 10),))),
    "duplicate keys": (put(EVENT[:-1] + ', "level": "paid"}'), Loaded(((1, "paid", 10),))),
    "a location of 300 bytes": (
        lambda project: project.put_songs(song(), song(song_id="SO2", artist_location="x" * 300)),
        Loaded(),
    ),
    "a location longer than its column": (
        put(song(song_id="SO2", artist_location="é" * 513), "song_data/A/2.json"),
        Rejected(
            ("artist_location   varchar(1024)", "1204 String length exceeds DDL length"),
            "1204 the value is longer than the column's VARCHAR (bytes) or beyond its type's range:"
            " widen the column in sql_queries.py, or correct the file",
            file="song_data/A/2.json",
            table="incoming_songs",
        ),
    ),
    "level trial of no play": (
        put(event(page="Home", ts=LATER, level="trial")),
        Refused(
            "error: check failed: expected that the level of a user is free, paid or unknown;"
            " 1 broke it\nthe star is as before\n"
        ),
    ),
    "level trial": (
        put(event(ts=LATER, level="trial")),
        Refused(
            "error: check failed: expected that the level of a play is free, paid or unknown;"
            " 1 broke it\nthe star is as before\n"
        ),
    ),
    "jsonpaths with a wrong count": (
        jsonpaths(PATHS[:-1]),
        Refused(
            "error: copy staging_events failed: Number of jsonpaths and the number of columns"
            " should match. JSONPath size: 17, Number of columns in table or column list: 18\n"
            "the star is as before\nnext: check the file that [S3] LOG_JSONPATH names: it has a"
            " path for each column of staging_events\n"
        ),
    ),
    "jsonpaths with a misspelt path": (
        jsonpaths([*PATHS[:-1], "$['userid']"]),
        Loaded(
            warning="warning: none of the 1 staged plays has a user and a time: does the file of"
            " [S3] LOG_JSONPATH name the keys, in the order of the columns of staging_events?\n"
        ),
    ),
    "jsonpaths under a misspelt key": (
        jsonpaths(PATHS, key="jsonpath"),
        Loaded(
            warning="warning: none of the 1 staged plays has a user and a time: does the file of"
            " [S3] LOG_JSONPATH name the keys, in the order of the columns of staging_events?\n"
        ),
    ),
    "gzip without GZIP": (
        put(gzip.compress(EVENT.encode(), mtime=0), "log_data/b.json.gz"),
        Rejected(
            (INVALID_JSON,),
            "1216 the file is compressed and COPY was not told so: store it uncompressed, or add"
            " GZIP to the COPY in sql_queries.py and compress them all",
            file="log_data/b.json.gz",
        ),
    ),
}


# One of five is tried always, every one with --long.
TRIED = [
    pytest.param(*case, id=name, marks=[pytest.mark.long] if number % 5 else [])
    for number, (name, case) in enumerate(CATALOGUE.items())
]


@pytest.mark.parametrize(("spoil", "outcome"), TRIED)
def test_bad_input(project: Project, spoil: Callable[[Project], None], outcome: Outcome) -> None:
    project.put_events(event())
    project.put_songs(song())
    project.prepare()
    before = star(project)

    spoil(project)
    done = project.run("etl.py")

    talk = done.stderr.partition("commit ")[2].partition("\n")[2]
    if isinstance(outcome, Loaded):
        assert (done.returncode, talk) == (0, outcome.warning)
        known = {row[:2] for row in before["songplays"]}
        new = [row for row in star(project)["songplays"] if row[:2] not in known]
        assert tuple((row[1], row[2], row[5]) for row in new) == outcome.new
        return
    assert (done.returncode, done.stdout) == (1, "")
    assert star(project) == before
    if isinstance(outcome, Refused):
        names = {
            "bucket": project.bucket,
            "config": project.config,
            "endpoint": project.standin.endpoint_url,
        }
        assert done.stderr.endswith(outcome.message.format(**names))
        return
    assert done.stderr.endswith(
        f"error: copy {outcome.table} failed: Load into table '{outcome.table}' failed.  Check"
        " 'stl_load_errors' system table for details.\nthe star is as before\n"
        f"next: {outcome.fix}\n"
    )
    for text in (f"s3://{project.bucket}/{outcome.file}", *outcome.shown):
        assert text in done.stderr
