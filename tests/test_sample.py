"""The generated sample: the layout, the keys and the quirks that a load has to cope with."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from standin import sample_files
from standin.sample import sample

MONTH_START, MONTH_END = 1541030400000, 1543622400000
DIGEST = "bba253dac29b843c2d0376b09afa5fd675c6835551de1dc781046e8a284d610d"
LOG_KEYS = [
    "artist",
    "auth",
    "firstName",
    "gender",
    "itemInSession",
    "lastName",
    "length",
    "level",
    "location",
    "method",
    "page",
    "registration",
    "sessionId",
    "song",
    "status",
    "ts",
    "userAgent",
    "userId",
]
SONG_KEYS = [
    "num_songs",
    "artist_id",
    "artist_latitude",
    "artist_longitude",
    "artist_location",
    "artist_name",
    "song_id",
    "title",
    "duration",
    "year",
]


@pytest.fixture(scope="module")
def files():
    return list(sample(500, 8000, 1))


@pytest.fixture(scope="module")
def events(files):
    return [
        json.loads(line)
        for key, data in files
        if key.startswith("log_data/")
        for line in data.split(b"\n")
    ]


@pytest.fixture(scope="module")
def songs(files):
    return [json.loads(data) for key, data in files if key.startswith("song_data/")]


@pytest.fixture(scope="module")
def plays(events):
    return [event for event in events if event["page"] == "NextSong"]


def digest(songs, events, seed):
    sha = hashlib.sha256()
    for key, data in sample(songs, events, seed):
        sha.update(f"{key} {len(data)} ".encode() + data)
    return sha.hexdigest()


def test_the_same_numbers_give_the_same_bytes_everywhere():
    """A changed digest is a changed sample: say so in the changelog."""
    assert digest(500, 8000, 1) == DIGEST
    program = "from test_sample import digest; print(digest(500, 8000, 1))"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (result.stdout, result.stderr) == (f"{DIGEST}\n", "")


def test_another_seed_gives_other_bytes():
    assert digest(5, 50, 1) != digest(5, 50, 2)


def test_more_events_leave_the_songs_as_they_are():
    first, second = (
        [file for file in sample(30, events, 1) if file[0].startswith("song_data/")]
        for events in (10, 200)
    )
    assert first == second


def test_keys_are_laid_out_as_in_the_public_bucket(files):
    keys = [key for key, _ in files]
    assert keys == sorted(keys)
    days = [f"log_data/2018/11/2018-11-{day:02}-events.json" for day in range(1, 31)]
    assert keys[:30] == days
    assert keys[30] == "log_json_path.json"
    tracks = [key.rpartition("/") for key in keys[31:]]
    assert len(tracks) == 500
    for folder, _, name in tracks:
        assert folder == f"song_data/{name[2]}/{name[3]}/{name[4]}"
        assert len(name) == len("TRABCEI128F424C983.json")
    assert sum(folder == "song_data/A/A/A" for folder, _, _ in tracks) == 23


@pytest.mark.parametrize(
    ("songs", "events", "log_files"),
    [(0, 0, 0), (0, 500, 30), (1, 1, 1), (40, 0, 0), (14896, 10, None)],
)
def test_any_size_can_be_asked_for(songs, events, log_files):
    files = list(sample(songs, events, 1))
    logs = [data for key, data in files if key.startswith("log_data/")]
    assert sum(len(data.split(b"\n")) for data in logs) == events
    assert log_files in (None, len(logs))
    assert len({key for key, _ in files}) == songs + len(logs) + 1
    assert all(key[:12] in ("song_data/A/", "log_data/201", "log_json_pat") for key, _ in files)


def test_the_json_paths_name_the_keys_of_an_event(files):
    paths = json.loads(dict(files)["log_json_path.json"])
    assert paths == {"jsonpaths": [f"$['{key}']" for key in LOG_KEYS]}


def test_log_lines_are_written_as_the_public_ones(files):
    data = dict(files)["log_data/2018/11/2018-11-15-events.json"]
    first = data.split(b"\n")[0]
    assert first.startswith(b'{"artist":')
    assert not data.endswith(b"\n")
    assert rb'"userAgent":"\"Mozilla\/5.0 (' in data
    assert b"://" not in data


def test_events_have_the_public_keys_and_types(events):
    assert len(events) == 8000
    for event in events:
        assert list(event) == LOG_KEYS
        assert isinstance(event["userId"], str)
        assert MONTH_START <= event["ts"] < MONTH_END
        assert event["registration"] is None or event["registration"] < event["ts"]
        assert (event["page"] == "NextSong") is (event["song"] is not None)
        assert (event["song"] is None) is (event["artist"] is None) is (event["length"] is None)


def test_registration_is_written_with_a_fraction(files):
    assert b'796.0,"sessionId":' in dict(files)["log_data/2018/11/2018-11-01-events.json"]


def test_days_hold_their_own_events_in_order(files):
    for key, data in files[:30]:
        times = [json.loads(line)["ts"] for line in data.split(b"\n")]
        start = MONTH_START + (int(key[-14:-12]) - 1) * 86_400_000
        assert times == sorted(times)
        assert start <= times[0] and times[-1] < start + 86_400_000


def test_most_events_are_plays(events):
    pages = Counter(event["page"] for event in events)
    assert 0.8 < pages["NextSong"] / 8000 < 0.9
    assert {"Home", "Login", "Logout", "Help", "Settings", "Error", "Upgrade"} <= pages.keys()


def test_logged_out_visitors_are_nobody(events):
    nobody = [event for event in events if event["auth"] == "Logged Out"]
    assert 80 < len(nobody) < 400
    for event in nobody:
        unknown = ("firstName", "lastName", "gender", "location", "registration", "userAgent")
        assert event["userId"] == ""
        assert [event[name] for name in unknown] == [None] * 6
        assert event["page"] != "NextSong"


def test_sessions_count_their_items_from_zero(events):
    sessions = defaultdict(list)
    for event in sorted(events, key=lambda event: (event["ts"], event["itemInSession"])):
        sessions[event["sessionId"]].append(event["itemInSession"])
    assert all(items == list(range(len(items))) for items in sessions.values())
    assert any(len(items) > 50 for items in sessions.values())


def test_plays_are_identified_by_listener_session_and_time(plays):
    identities = {(play["userId"], play["sessionId"], play["ts"]) for play in plays}
    assert len(identities) == len(plays)
    # Different listeners do start a song in the same instant.
    assert len({play["ts"] for play in plays}) < len(plays)


def test_listeners(events):
    levels, names, genders = defaultdict(list), defaultdict(set), defaultdict(set)
    for event in events:
        if event["userId"]:
            levels[event["userId"]].append(event["level"])
            names[event["userId"]].add((event["firstName"], event["lastName"]))
            genders[event["firstName"]].add(event["gender"])
    assert len(levels) == 96
    assert len(set.union(*names.values())) == 96
    assert all(len(one) == 1 for one in (*names.values(), *genders.values()))
    # Eight change their level, once and for good.
    changes = [
        sum(before != after for before, after in pairwise(all_levels))
        for all_levels in levels.values()
    ]
    assert Counter(changes) == {0: 88, 1: 8}


def test_the_life_of_the_month(plays):
    hours = Counter(play["ts"] // 3_600_000 % 24 for play in plays)
    assert sum(hours[hour] for hour in range(15, 20)) > 3 * sum(hours[hour] for hour in range(5))
    weekdays = Counter((play["ts"] - MONTH_START) // 86_400_000 % 7 for play in plays)
    assert max(weekdays[2], weekdays[3]) < min(weekdays[0], weekdays[6])  # Sat, Sun < Thu, Wed
    listeners = Counter(play["userId"] for play in plays)
    busiest = sum(count for _, count in listeners.most_common(10))
    assert busiest > len(plays) * 0.4


def test_one_song_stands_out_among_the_few_that_are_known(plays, songs):
    known = {(song["title"], song["artist_name"]) for song in songs}
    matched = Counter(
        (play["song"], play["artist"]) for play in plays if (play["song"], play["artist"]) in known
    )
    assert 0.04 < sum(matched.values()) / len(plays) < 0.06
    (_, top), (_, second) = Counter((play["song"], play["artist"]) for play in plays).most_common(2)
    assert matched.most_common(1)[0][1] == top > 2 * second


def test_plays_that_make_a_careless_match_go_wrong(plays, songs):
    by_title_and_name, names = defaultdict(set), defaultdict(set)
    for song in songs:
        by_title_and_name[song["title"], song["artist_name"]].add(song["duration"])
        names[song["artist_id"]].add(song["artist_name"])
    titles = {title for title, _ in by_title_and_name}
    credited = {(play["song"], play["artist"]) for play in plays}
    matched = credited & by_title_and_name.keys()

    # The title is known, the artist is another one.
    assert sum(title in titles for title, _ in credited - matched) > 50
    # Title and artist are recorded twice, with different durations.
    assert any(len(by_title_and_name[play]) == 2 for play in matched)
    # The length is not the duration of any recording.
    assert any(
        play["length"] not in by_title_and_name[play["song"], play["artist"]]
        for play in plays
        if (play["song"], play["artist"]) in matched
    )
    # The artist is credited under one of several names.
    several = set().union(*(one for one in names.values() if len(one) > 1))
    assert any(artist in several for _, artist in matched)


def test_songs_have_the_public_keys_and_gaps(songs):
    assert all(list(song) == SONG_KEYS and song["num_songs"] == 1 for song in songs)
    assert len({song["song_id"] for song in songs}) == 500
    assert len({song["artist_id"] for song in songs}) < 500
    assert 200 < sum(song["year"] == 0 for song in songs) < 350
    assert 200 < sum(song["artist_latitude"] is None for song in songs) < 450
    assert all(
        (song["artist_latitude"] is None) is (song["artist_longitude"] is None) for song in songs
    )
    assert 100 < sum(song["artist_location"] == "" for song in songs) < 350
    assert any(not song["title"].isascii() for song in songs)
    assert any('"' in song["title"] for song in songs)


def test_a_varchar_without_length_holds_every_text(songs, events):
    """256 bytes; and 60 hold every place, as those of the public song_data."""
    texts = [text for row in (*songs, *events) for text in row.values() if isinstance(text, str)]
    assert max(len(text.encode()) for text in texts) <= 256
    assert 40 < max(len(song["artist_location"].encode()) for song in songs) <= 60


def test_song_files_come_on_one_line_and_on_many(files):
    lines = Counter(data.count(b"\n") for key, data in files if key.startswith("song_data/"))
    assert lines == {0: 475, 12: 25}
    assert any(rb"\u00" in data for _, data in files[31:])
    assert any(not data.isascii() for _, data in files[31:])


def test_as_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made" / "sample"
    words = [str(folder), "--songs", "3", "--events", "40", "--seed", "2"]
    assert sample_files.main(words) == 0
    assert capsys.readouterr().out == f"next: python -m standin --s3 udacity-dend={folder}\n"
    written = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert written == dict(sample(3, 40, 2))
    assert sample_files.main(words) == 2
    assert capsys.readouterr().err == (
        f"error: expected an empty folder or a new one, got {folder}\n"
    )
    assert sample_files.main([str(folder / "log_json_path.json"), *words[1:]]) == 1
    assert capsys.readouterr().err == (
        f"error: cannot write to {folder / 'log_json_path.json'}: file exists\n"
    )
