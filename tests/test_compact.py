"""compact.py: few parts of many objects, whole or not at all, and loaded by their manifest."""

from __future__ import annotations

import gzip
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

import compact
import settings as configuration
import terminal
from compaction import plan
from compaction.multipart import PIECE_BYTES, GzipUpload, abort_leftovers
from compaction.plan import Place, Source
from compaction.reading import Reader, plain
from iac import policy
from standin.cloud.objects import LocalObjects
from tests.conftest import Project, event, song
from tests.test_star import star

Compact = Callable[..., int]


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch) -> Compact:
    """Run compact.py on two folders of the project's bucket; its exit code."""
    for name, value in project.standin.environ.items():
        if not name.startswith("DWH_"):
            monkeypatch.setenv(name, value)

    def call(source: str = "song_data", target: str = "songs", *flags: str) -> int:
        places = [f"s3://{project.bucket}/{place}" for place in (source, target)]
        words = [*places, "--config", str(project.config), *flags]
        return terminal.run(compact.main, words)

    return call


def keys(project: Project, prefix: str) -> dict[str, str]:
    """The keys below a prefix with their ETags."""
    found = project.client("s3").list_objects_v2(Bucket=project.bucket, Prefix=prefix)
    return {item["Key"]: item["ETag"] for item in found.get("Contents", [])}


def content(project: Project, key: str) -> bytes:
    return project.client("s3").get_object(Bucket=project.bucket, Key=key)["Body"].read()


def listed(project: Project, target: str = "songs") -> list[str]:
    """The keys of the parts that a manifest lists."""
    document = json.loads(content(project, f"{target}/load.manifest"))
    return [
        entry["url"].removeprefix(f"s3://{project.bucket}/")
        for entry in document["entries"]
        if entry["mandatory"]
    ]


def documents(project: Project, target: str = "songs") -> list[dict[str, Any]]:
    """Every JSON document of the parts, in their order."""
    text = b"".join(gzip.decompress(content(project, key)) for key in listed(project, target))
    return list(_decoded(text.decode()))


def _decoded(text: str) -> Iterator[dict[str, Any]]:
    decoder, position = json.JSONDecoder(), 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        document, position = decoder.raw_decode(text, position)
        yield document


def songs(count: int) -> list[dict[str, object]]:
    return [
        song(song_id=f"SO{number}", title=f"Tïtle {number}", artist_id=f"AR{number % 3}")
        for number in range(count)
    ]


def put_in_every_form(project: Project, rows: list[dict[str, object]]) -> None:
    """Objects as they come: on one line, over several, packed, marked, several in one, none."""
    lines = [json.dumps(row, ensure_ascii=False).encode() for row in rows]
    for number, data in enumerate(
        [
            lines[0],
            json.dumps(rows[1], indent=2).encode() + b"\r\n",
            b"\xef\xbb\xbf" + lines[2],
            gzip.compress(lines[3]) + gzip.compress(b"\n" + lines[4]),
            b"",
            b"\n".join(lines[5:]),
        ]
    ):
        project.put(f"song_data/A/{number}.json", data)


def test_parts_hold_what_the_objects_held_and_load_as_they_did(
    project: Project, run: Compact, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = songs(12)
    put_in_every_form(project, rows)
    project.put_events(event(song="Tïtle 4"), file="a.json")
    project.put_events(event(ts=1541106106797), file="b.json")
    before = keys(project, "song_data") | keys(project, "log_data")
    assert (run(), run("log_data", "logs")) == (0, 0)
    addresses = [f"s3://{project.bucket}/{name}/load.manifest" for name in ("songs", "logs")]
    assert capsys.readouterr().out.split() == addresses
    assert keys(project, "song_data") | keys(project, "log_data") == before
    assert documents(project) == rows
    entries = json.loads(content(project, "songs/load.manifest"))["entries"]
    assert [entry["meta"]["content_length"] for entry in entries] == [
        len(content(project, key)) for key in listed(project)
    ]
    parts = [gzip.decompress(content(project, key)) for key in listed(project)]
    assert len(parts) == 2
    # Who reads by lines finds no two objects on one.
    assert not any(b"}{" in part for part in parts)
    project.create_tables()
    # A COPY without GZIP would not read the packed ones.
    project.put("plain/1.json", "\n".join(json.dumps(row) for row in rows))
    project.load("--song-data", f"s3://{project.bucket}/plain")
    plain = star(project)
    project.create_tables()
    done = project.load("--song-data", addresses[0], "--log-data", addresses[1])
    assert "copy incoming_songs" in done.stderr
    assert star(project) == plain
    assert len(plain["songs"]) == 12


def test_a_repeated_run_writes_nothing_and_a_change_only_its_part(
    project: Project, run: Compact, capsys: pytest.CaptureFixture[str]
) -> None:
    project.put_songs(*songs(8))
    assert run() == 0
    first = keys(project, "songs/")
    capsys.readouterr()
    assert run() == 0
    said = capsys.readouterr().err
    assert "parts  " not in said.partition("list the source")[2].partition("manifest")[0]
    assert "already there" in said
    assert keys(project, "songs/") == first
    # Of the same size: only the ETag tells.
    project.put("song_data/A/7.json", song(song_id="SO7", title="Tïtle 8", artist_id="AR1"))
    project.put("songs/of-somebody-else.json", b"{}")
    assert run() == 0
    said = capsys.readouterr().err
    assert "write 1 of 2 parts" in said
    assert "removed 1 part of an earlier run" in said
    assert set(keys(project, "songs/")) == {
        *listed(project), "songs/load.manifest", "songs/of-somebody-else.json",
    }  # fmt: skip
    assert documents(project)[-1]["title"] == "Tïtle 8"


def test_a_failure_leaves_no_manifest_and_the_next_run_completes(
    project: Project, run: Compact, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = songs(6)
    project.put_songs(*rows)
    project.put("song_data/A/5.json", gzip.compress(json.dumps(rows[5]).encode())[:-9])
    assert run() == 1
    told = capsys.readouterr().err
    assert f"s3://{project.bucket}/song_data/A/5.json is broken gzip: it ends early" in told
    assert "songs/load.manifest" not in keys(project, "songs/")
    project.put("song_data/A/5.json", rows[5])
    s3 = project.client("s3")
    s3.create_multipart_upload(Bucket=project.bucket, Key="songs/part-0001-killed")
    s3.create_multipart_upload(Bucket=project.bucket, Key="songs/of-somebody-else")
    assert run() == 0
    left = s3.list_multipart_uploads(Bucket=project.bucket)["Uploads"]
    assert [upload["Key"] for upload in left] == ["songs/of-somebody-else"]
    assert abort_leftovers(s3, project.bucket, "songs/") == 1
    assert documents(project) == rows


def test_one_thread_is_enough(project: Project, run: Compact) -> None:
    project.put_songs(*songs(8))
    assert run("song_data", "songs", "--threads", "1") == 0
    assert documents(project) == songs(8)


def test_what_no_part_can_be_made_of(
    project: Project, run: Compact, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.zst", "a.bz2", "a.zip", "a.lzo", "a.orc", "a.avro", "a.manifest"):
        project.put(f"song_data/{name}", b"x")
        assert run() == 1
        assert f"/song_data/{name}; nothing was written" in capsys.readouterr().err
        project.clear("song_data/")


def test_gzip_that_is_broken_in_the_middle() -> None:
    data = bytearray(gzip.compress(b"x" * 1000))
    data[12] ^= 0xFF
    with pytest.raises(terminal.Fault, match="s3://b/k is broken gzip: "):
        list(plain(iter([bytes(data)]), "s3://b/k"))


@pytest.mark.parametrize("change", ["another version", "removed"])
def test_an_object_that_changed_since_it_was_listed(project: Project, change: str) -> None:
    if change == "another version":
        project.put("a.json", b"{}")
    listed_then = Source("a.json", 2, '"' + "0" * 32 + '"')
    with ThreadPoolExecutor(1) as pool, pytest.raises(terminal.Fault, match="but it was changed"):
        reader = Reader(project.client("s3"), project.bucket, pool, threading.Event())
        for piece in reader.objects([listed_then], 1):
            list(piece)


def test_the_same_folder_of_another_bucket_is_no_overlap() -> None:
    plan.refuse_overlap(Place("a", "songs/"), Place("b", "songs/x/"))


def test_dry_run_prints_the_parts_and_writes_nothing(
    project: Project, run: Compact, capsys: pytest.CaptureFixture[str]
) -> None:
    project.put_songs(*songs(7))
    assert run("song_data", "songs/", "--dry-run", "--parts", "3") == 0
    out = capsys.readouterr().out
    assert f"3 parts and s3://{project.bucket}/songs/load.manifest" in out
    assert [line.split()[1] for line in out.splitlines() if "part-000" in line] == ["2", "3", "2"]
    assert keys(project, "songs") == {}


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("song_data", "song_data/compacted", "expected a target beside the source"),
        ("song_data", "song_data", "expected a target beside the source"),
        ("song", "song_data_compacted", "expected a target beside the source"),
        ("all/song_data", "all", "expected a folder of its own for the parts"),
        ("song_data", "", "expected s3://bucket/prefix"),
        ("nothing", "songs", "no object that holds anything has a key that begins with"),
        ("mixed", "songs", "/mixed/b.parquet; nothing was written"),
    ],
)
def test_refused(
    project: Project,
    run: Compact,
    capsys: pytest.CaptureFixture[str],
    source: str,
    target: str,
    message: str,
) -> None:
    project.put("mixed/a.json", b"{}")
    project.put("mixed/b.parquet", b"PAR1")
    before = keys(project, "")
    assert run(source, target) in (1, 2)
    assert message in capsys.readouterr().err
    assert keys(project, "") == before


def test_the_parts_are_in_order_whole_even_and_a_multiple_of_the_slices() -> None:
    chance = random.Random(7)
    target = Place("bucket", "target/")
    for _ in range(300):
        sources = [
            Source(f"{number:05}", chance.choice((1, 40, 1000)), "e")
            for number in range(chance.randint(1, 60))
        ]
        slices = chance.randint(1, 9)
        parts = plan.parts(target, sources, chance.choice((100, 5000)), slices)
        assert [one for part in parts for one in part.sources] == sources
        assert all(part.sources for part in parts)
        assert len(parts) % slices == 0 or len(parts) == len(sources)
    even = plan.parts(target, [Source(f"{n:03}", 10, "e") for n in range(100)], 100, 4)
    assert sorted({len(part.sources) for part in even}) == [8, 9]


def test_a_large_part_is_sent_in_pieces_and_appears_when_it_is_finished(project: Project) -> None:
    s3 = project.client("s3")
    data = random.Random(1).randbytes(PIECE_BYTES + 12345)
    upload = GzipUpload(s3, project.bucket, "large/part-1")
    upload.write(data[:-100])
    upload.write(data[-100:])
    assert keys(project, "large") == {}
    size = upload.finish()
    written = content(project, "large/part-1")
    assert (len(written), gzip.decompress(written)) == (size, data)
    given_up = GzipUpload(s3, project.bucket, "large/part-2")
    given_up.write(data)
    given_up.abort()
    assert list(keys(project, "large")) == ["large/part-1"]
    assert abort_leftovers(s3, project.bucket, "large/") == 0


@pytest.mark.parametrize(
    ("entries", "next_step"),
    [
        pytest.param([], "check what the manifest lists, or have python compact.py", id="none"),
        pytest.param(
            ["gone.gz"],
            "a file that [S3] LOG_JSONPATH names or a manifest lists is not there: correct that",
            id="gone",
        ),
        pytest.param(None, "check what the manifest lists, or have python compact.py", id="broken"),
    ],
)
def test_a_manifest_that_cannot_be_loaded(
    project: Project, entries: list[str] | None, next_step: str
) -> None:
    listed = [{"url": f"s3://{project.bucket}/{name}", "mandatory": True} for name in entries or ()]
    text = "{" if entries is None else json.dumps({"entries": listed})
    project.client("s3").put_object(
        Bucket=project.bucket, Key="songs/load.manifest", Body=text.encode()
    )
    project.create_tables()
    address = f"s3://{project.bucket}/songs/load.manifest"
    done = project.run("etl.py", "--skip-events", "--song-data", address)
    assert (done.returncode, done.stdout) == (1, "")
    assert "\nthe star is as before\n" in done.stderr
    assert f"\nnext: {next_step}" in done.stderr


def test_the_role_may_read_the_parts_beside_a_manifest(project: Project) -> None:
    project.configure(S3_SONG_DATA=f"s3://{project.bucket}/songs/load.manifest")
    document = policy.read_access(configuration.load(project.config))
    assert f"arn:aws:s3:::{project.bucket}/songs/*" in document["Statement"][-1]["Resource"]


def test_thousands_of_tiny_files_are_told_with_the_command_that_mends_it(project: Project) -> None:
    objects = LocalObjects()
    for number in range(1000):
        row = json.dumps(song(song_id=f"SO{number}")).encode()
        objects.put(project.bucket, f"song_data/{number}.json", row)
    project.put_events(event())
    project.create_tables()
    said = project.without_config(project.load().stderr)
    assert "warning: incoming_songs was copied from 1,000 files of 0.2 kB on average" in said
    assert f"next: python compact.py s3://{project.bucket}/song_data s3://YOUR-BUCKET" in said
    assert "as [S3] SONG_DATA and run python -m iac.create_cluster, which lets the role" in said
    assert "staging_events was copied" not in said
    objects.put(project.bucket, "other/1.json", row)
    other = f"s3://{project.bucket}/other"
    done = project.load("--json", "--skip-events", "--song-data", other)
    assert json.loads(done.stdout)["warnings"] == []


@dataclass(frozen=True)
class Interruption:
    """Where Ctrl-C comes (see interrupting_compact.py), and what is in the target then.

    `published`: the manifest is the new one already.
    """

    operation: str
    number: int
    published: bool = False


INTERRUPTIONS = [
    Interruption("GetObject", 5),
    *(
        pytest.param(point, marks=pytest.mark.long)
        for point in [
            Interruption("ListObjectsV2", 0),
            Interruption("ListObjectsV2", 1),
            Interruption("PutObject", 0),
            Interruption("PutObject", 1),
            Interruption("UploadPart", 0),
            # The manifest, after two small parts; one more is sent in pieces.
            Interruption("PutObject", 2),
            Interruption("DeleteObject", 0, published=True),
        ]
    ),
]

WHILE_WRITING = [
    Interruption("GetObject", 5),
    Interruption("PutObject", 0),
    Interruption("PutObject", 1),
    Interruption("UploadPart", 0),
]


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there at once")
@pytest.mark.parametrize("point", INTERRUPTIONS, ids=lambda point: str(point))
def test_ctrl_c_leaves_nothing_half_done(
    project: Project, run: Compact, point: Interruption
) -> None:
    project.put_songs(*songs(6))
    assert run() == 0
    earlier = keys(project, "songs/")
    rows = songs(40)
    project.put_songs(*rows)
    if point.operation != "GetObject":
        # A part that does not fit into one piece after gzip.
        noise = random.Random(3).randbytes(PIECE_BYTES * 9 // 8).hex()
        rows.append(song(title=noise))
        project.put("song_data/Z.json", rows[-1])
    done = project.run(
        "-m", "tests.interrupting_compact", point.operation, str(point.number),
        f"s3://{project.bucket}/song_data", f"s3://{project.bucket}/songs", "--parts", "3",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.endswith("interrupted; run the same command again to complete it\n")
    assert "Traceback" not in done.stderr
    found = keys(project, "songs/")
    parts = {key for key in found.keys() - earlier.keys() if "part-" in key}
    told = f"\n{len(parts)} of 3 parts written and kept, no manifest\n" in done.stderr
    assert told == (point in WHILE_WRITING)
    # Every part that a manifest lists is there, and nothing of the earlier run is lost before the
    # new manifest is there.
    assert set(listed(project)) <= set(found)
    assert (found["songs/load.manifest"] != earlier["songs/load.manifest"]) == point.published
    assert earlier.keys() <= found.keys()
    for key in found.keys() - {"songs/load.manifest"}:
        gzip.decompress(content(project, key))
    assert abort_leftovers(project.client("s3"), project.bucket, "songs/") == 0
    assert run("song_data", "songs", "--parts", "3") == 0
    completed = keys(project, "songs/")
    assert completed.keys() == {*listed(project), "songs/load.manifest"}
    kept = [key for key in found if key in completed and "part-" in key]
    assert {key: found[key] for key in kept} == {key: completed[key] for key in kept}
    assert {one["song_id"]: one for one in documents(project)} == {
        row["song_id"]: row for row in rows
    }
