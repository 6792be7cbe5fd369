"""Where COPY's objects come from: the local store and a folder served as a bucket."""

import hashlib
import os
import tempfile
import threading
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from standin.cloud import folders
from standin.cloud.folder_scan import scan
from standin.cloud.objects import LocalObjects, internal_error
from standin.sqlerror import SqlError


@pytest.fixture(scope="module")
def s3(standin):
    client = boto3.client(
        "s3",
        endpoint_url=standin.endpoint_url,
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    yield client
    client.close()


@pytest.fixture(scope="module")
def local(standin, s3):
    objects = LocalObjects()
    objects.create_bucket("mixed")
    for key in (
        "log_data/b.json",
        "log_data/a.json",
        "log_json_path.json",
        "old/log.json",
        "songs/é.json",
    ):
        objects.put("mixed", key, f"content of {key}".encode())
    yield objects
    for item in s3.list_objects_v2(Bucket="mixed")["Contents"]:
        s3.delete_object(Bucket="mixed", Key=item["Key"])
    s3.delete_bucket(Bucket="mixed")


@pytest.fixture
def folder(standin, tmp_path):
    """A folder served as bucket `folder`, with two files that are objects."""
    root = tmp_path / "data"
    (root / "log_data" / "2018").mkdir(parents=True)
    (root / "log_data" / "2018" / "one.json").write_bytes(b"1")
    (root / "log_json_path.json").write_bytes(b"{}")
    folders.serve("folder", root)
    return root


def keys(source, bucket, prefix):
    return [info.key for info in source.list(bucket, prefix)]


def told(infos):
    return [(info.key, info.size, info.etag) for info in infos]


def told_over_http(s3, bucket):
    """What S3's clients are told of a bucket, which COPY must not see otherwise."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    entries = [entry for page in pages for entry in page["Contents"]]
    return [(entry["Key"], entry["Size"], entry["ETag"].strip('"')) for entry in entries]


def content(source, info):
    with source.open(info) as stream:
        return stream.read()


def test_an_object_under_two_names(local, s3, standin):
    local.create_bucket("twice")
    local.put("twice", "log_data/a.json", b"content")
    local.alias("twice", "log_data/a.json", "log-data/a.json")
    both = local.list("twice", "")
    assert [info.key for info in both] == ["log-data/a.json", "log_data/a.json"]
    assert {content(local, info) for info in both} == {b"content"}
    assert len({(info.size, info.etag) for info in both}) == 1
    assert told(both) == told_over_http(s3, "twice")


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        pytest.param("log_data/", ["log_data/a.json", "log_data/b.json"], id="folder"),
        pytest.param(
            "log", ["log_data/a.json", "log_data/b.json", "log_json_path.json"], id="any prefix"
        ),
        pytest.param("log_data/a.json", ["log_data/a.json"], id="whole key"),
        pytest.param("songs/é", ["songs/é.json"], id="unicode"),
        pytest.param("nothing", [], id="no match"),
    ],
)
def test_list_takes_every_key_with_the_prefix_in_key_order(local, prefix, expected):
    assert keys(local, "mixed", prefix) == expected


def test_list_tells_size_etag_and_time(local):
    (info,) = local.list("mixed", "log_json_path.json")
    assert (info.bucket, info.size) == ("mixed", 29)
    assert info.etag == hashlib.md5(b"content of log_json_path.json").hexdigest()
    assert info.last_modified.tzinfo is not None


def test_open_reads_the_object_in_pieces_too(local):
    (info,) = local.list("mixed", "log_data/a")
    assert content(local, info) == b"content of log_data/a.json"
    with local.open(info) as stream:
        assert [stream.read(8), stream.read(3), stream.read()] == [
            b"content ",
            b"of ",
            b"log_data/a.json",
        ]


def test_find_takes_one_exact_key(local):
    assert local.find("mixed", "log_data/a.json").key == "log_data/a.json"
    assert local.find("mixed", "log_data/a") is None
    assert local.find("mixed", "nothing") is None


def test_more_objects_than_one_page(local, s3):
    local.create_bucket("many")
    for index in range(1001):
        local.put("many", f"{index:04}", b"")
    assert len(local.list("many", "")) == 1001
    assert told(local.list("many", "")) == told_over_http(s3, "many")


def test_a_bucket_that_does_not_exist(local):
    with pytest.raises(SqlError) as missing:
        local.list("no-such-bucket", "log_data")
    error = missing.value
    expected = (
        "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket,Rid"
    )
    assert (error.sqlstate, error.message.startswith(expected)) == ("XX000", True)
    assert "\n  context:   Listing bucket=no-such-bucket prefix=log_data\n" in error.detail


def test_an_object_that_is_gone_when_it_is_read(local, s3):
    local.put("mixed", "fleeting", b"x")
    (info,) = local.list("mixed", "fleeting")
    s3.delete_object(Bucket="mixed", Key="fleeting")
    with pytest.raises(SqlError) as gone:
        local.open(info)
    assert gone.value.message.startswith(
        "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,Rid"
    )
    assert "\n  context:   S3 key being read : s3://mixed/fleeting\n" in gone.value.detail


def test_the_detail_block_of_a_low_level_error():
    error = internal_error("boom", context="Listing bucket=b prefix=p", location="s3_utility.cpp")
    assert (error.sqlstate, error.message) == ("XX000", "boom")
    rule = "-----------------------------------------------"
    assert error.detail == (
        f"\n  {rule}\n"
        "  error:  boom\n"
        "  code:      8001\n"
        "  context:   Listing bucket=b prefix=p\n"
        "  query:     0\n"
        "  location:  s3_utility.cpp\n"
        f"  process:   padbmaster [pid={os.getpid()}]\n"
        f"  {rule}"
    )


def listed_over_http(s3, bucket):
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def eventually(look, expected):
    """Look until it is so: HTTP requests see a change of the disk within a second."""
    deadline = time.monotonic() + 5
    while (seen := look()) != expected and time.monotonic() < deadline:
        pass
    assert seen == expected


def test_a_folder_is_a_bucket_over_http(s3, folder):
    assert listed_over_http(s3, "folder") == ["log_data/2018/one.json", "log_json_path.json"]
    assert s3.get_object(Bucket="folder", Key="log_data/2018/one.json")["Body"].read() == b"1"
    assert s3.head_object(Bucket="folder", Key="log_json_path.json")["ContentLength"] == 2
    location = s3.get_bucket_location(Bucket="folder")["LocationConstraint"]
    assert location == "us-west-2"


def test_a_folder_is_a_bucket_for_copy(local, folder):
    assert keys(local, "folder", "log_data/") == ["log_data/2018/one.json"]
    (info,) = local.list("folder", "log_json")
    assert (info.size, content(local, info)) == (2, b"{}")
    changed = (folder / "log_json_path.json").stat().st_mtime
    assert abs(info.last_modified.timestamp() - changed) < 0.001


def test_copy_sees_at_once_what_changes_on_the_disk(local, folder):
    (folder / "new.json").write_bytes(b"new")
    (folder / "log_json_path.json").write_bytes(b"longer")
    (folder / "log_data" / "2018" / "one.json").unlink()
    assert [(info.key, info.size) for info in local.list("folder", "")] == [
        ("log_json_path.json", 6),
        ("new.json", 3),
    ]
    assert content(local, local.find("folder", "log_json_path.json")) == b"longer"


def test_http_sees_soon_what_changes_on_the_disk(s3, folder):
    (folder / "new.json").write_bytes(b"new")
    (folder / "log_data" / "2018" / "one.json").unlink()
    eventually(lambda: listed_over_http(s3, "folder"), ["log_json_path.json", "new.json"])


def test_a_changed_file_has_another_etag(local, folder):
    before = local.find("folder", "log_json_path.json").etag
    (folder / "log_json_path.json").write_bytes(b"[]x")
    assert local.find("folder", "log_json_path.json").etag != before


def test_writes_to_the_bucket_never_reach_the_disk(s3, local, folder):
    s3.put_object(Bucket="folder", Key="log_json_path.json", Body=b"from a client")
    s3.put_object(Bucket="folder", Key="results/part-0", Body=b"unloaded")
    s3.delete_object(Bucket="folder", Key="log_data/2018/one.json")
    assert keys(local, "folder", "") == ["log_json_path.json", "results/part-0"]
    assert content(local, local.find("folder", "log_json_path.json")) == b"from a client"
    on_disk = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert on_disk == ["log_json_path.json", "one.json"]
    assert (folder / "log_json_path.json").read_bytes() == b"{}"


def test_a_file_that_changes_replaces_what_a_client_wrote(s3, local, folder):
    s3.put_object(Bucket="folder", Key="log_json_path.json", Body=b"from a client")
    (folder / "log_json_path.json").write_bytes(b"from the disk")
    assert content(local, local.find("folder", "log_json_path.json")) == b"from the disk"


def test_what_a_client_wrote_outlives_the_file(s3, local, folder):
    s3.put_object(Bucket="folder", Key="log_json_path.json", Body=b"from a client")
    (folder / "log_json_path.json").unlink()
    assert content(local, local.find("folder", "log_json_path.json")) == b"from a client"


def test_hidden_files_and_folders_are_no_objects(local, folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "log_data" / ".hidden").mkdir()
    (folder / "log_data" / ".hidden" / "file").write_bytes(b"x")
    assert keys(local, "folder", "") == ["log_data/2018/one.json", "log_json_path.json"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such files there")
def test_pipes_and_names_that_are_not_utf_8_are_no_objects(local, folder):
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"\xff.json")).write_bytes(b"x")
    assert keys(local, "folder", "") == ["log_data/2018/one.json", "log_json_path.json"]


def test_a_listing_of_one_prefix_leaves_the_others(local, folder):
    (info,) = local.list("folder", "log_data/")
    assert keys(local, "folder", "log_json") == ["log_json_path.json"]
    assert content(local, info) == b"1"


def test_a_large_object_under_two_names(local):
    data = b"x" * (2 << 20)
    local.create_bucket("large")
    local.put("large", "a", data)
    local.alias("large", "a", "b")
    assert [content(local, info) == data for info in local.list("large", "")] == [True, True]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_are_followed_and_a_circle_ends(local, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "far.json").write_bytes(b"far")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "circle").symlink_to(folder)
    (folder / "broken").symlink_to(folder / "nothing")
    assert keys(local, "folder", "") == [
        "linked/far.json",
        "log_data/2018/one.json",
        "log_json_path.json",
    ]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_folder_with_two_names_shows_under_both(local, folder):
    (folder / "linked").symlink_to(folder / "log_data")
    both = ["linked/2018/one.json", "log_data/2018/one.json"]
    assert keys(local, "folder", "l")[:2] == both
    assert keys(local, "folder", "linked/") == both[:1]
    assert keys(local, "folder", "log_data/") == both[1:]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("log_data/2018/", ["log_data/2018/one.json"]),
        ("log_data/2018/o", ["log_data/2018/one.json"]),
        ("log_da", ["log_data/2018/one.json"]),
        ("log_data/2018/one.json", ["log_data/2018/one.json"]),
        ("log_data/2018/one.json/", []),
        ("log_data/2019/", []),
        ("log", ["log_data/2018/one.json", "log_json_path.json"]),
    ],
)
def test_prefixes_of_a_folder(local, folder, prefix, expected):
    assert keys(local, "folder", prefix) == expected
    assert sorted(key for key, _, _ in scan(str(folder), prefix)) == expected


def test_what_changes_outside_a_prefix_shows_in_the_next_listing(s3, local, folder):
    (folder / "log_json_path.json").unlink()
    (folder / "other.json").write_bytes(b"other")
    assert keys(local, "folder", "log_data/") == ["log_data/2018/one.json"]
    (folder / "log_data" / "2018" / "one.json").unlink()
    assert keys(local, "folder", "log_data/") == []
    assert keys(local, "folder", "") == ["other.json"]
    eventually(lambda: listed_over_http(s3, "folder"), ["other.json"])


def test_a_file_that_is_gone_when_it_is_read(s3, local, folder):
    (info,) = local.list("folder", "log_json_path.json")
    (folder / "log_json_path.json").unlink()
    with pytest.raises(SqlError, match="The specified key does not exist"):
        local.open(info)
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="folder", Key="log_json_path.json")


def test_a_folder_that_disappears_leaves_an_empty_bucket(local, folder):
    folder.rename(folder.with_name("moved"))
    assert keys(local, "folder", "") == []


def test_a_folder_that_does_not_exist_is_refused(standin, tmp_path):
    with pytest.raises(NotADirectoryError, match="expected a folder to serve as bucket nowhere"):
        folders.serve("nowhere", tmp_path / "nowhere")


def test_many_threads_list_and_read_while_files_change(local, s3, folder):
    """No thread may fail on a store that another one brings up to date."""
    failures = []

    def read():
        try:
            for _ in range(8):
                for info in local.list("folder", "log_data/"):
                    assert content(local, info) == b"1"
                s3.list_objects_v2(Bucket="folder")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for index in range(40):
        (folder / f"{index}.json").write_bytes(b"x" * index)
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(local.list("folder", "")) == 42


def stored(data):
    content = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    content.write(data)
    return content


def test_a_file_becomes_an_object(local, s3):
    local.create_bucket("stored")
    data = b"0123456789" * 500_000
    etag = hashlib.md5(data).hexdigest()
    local.store("stored", "k", stored(data), etag)
    (info,) = local.list("stored", "")
    assert (info.size, info.etag) == (len(data), etag)
    with local.open(info) as one, local.open(info) as other:
        assert [one.read(15), other.read(5), one.read(5)] == [data[:15], data[:5], data[15:20]]
    assert content(local, info) == data
    answer = s3.get_object(Bucket="stored", Key="k")
    assert (answer["Body"].read(), answer["ServerSideEncryption"]) == (data, "AES256")
    with local.open(info) as reader:
        reader.read(1)
        local.delete(info)
        local.delete(info)
        with pytest.raises(OSError, match="deleted while it was read"):
            reader.read()
    assert local.list("stored", "") == []
    with pytest.raises(SqlError, match="The specified key does not exist"):
        local.open(info)


def test_a_version_is_kept(local, s3):
    local.create_bucket("versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for data in (b"old", b"new"):
        local.store("versions", "k", stored(data), data.decode())
    versions = s3.list_object_versions(Bucket="versions")["Versions"]
    assert {
        s3.get_object(Bucket="versions", Key="k", VersionId=each["VersionId"])["Body"].read()
        for each in versions
    } == {b"old", b"new"}
    assert content(local, local.find("versions", "k")) == b"new"
