"""Executing a COPY: objects found, columns filled, rows refused, memory and speed kept."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, BinaryIO

import pytest
from sent_rows import shown

from standin.cloud.objects import ObjectInfo, no_such_key
from standin.copy.columns import Column, columns_query, read_columns
from standin.copy.command import parse
from standin.copy.load import CHUNK_SIZE, Load
from standin.dialect.lexer import tokenize
from standin.sqlerror import SqlError

MODIFIED = datetime(2018, 11, 30, 12, tzinfo=timezone.utc)
FAILED = "Load into table 't' failed.  Check 'stl_load_errors' system table for details."

ID = Column("id", "integer")
NAME = Column("name", "varchar", 9)


class Bucket:
    """A small S3: one bucket of keys and bytes."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = dict(objects)
        self.opened: list[str] = []

    def list(self, bucket: str, prefix: str) -> list[ObjectInfo]:
        return [
            ObjectInfo(bucket, key, len(data), hashlib.md5(data).hexdigest(), MODIFIED)
            for key, data in sorted(self.objects.items())
            if key.startswith(prefix)
        ]

    def open(self, info: ObjectInfo) -> BinaryIO:
        self.opened.append(info.key)
        if info.key not in self.objects:
            raise no_such_key(info)
        return io.BytesIO(self.objects[info.key])

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        return next((info for info in self.list(bucket, key) if info.key == key), None)


def make_load(
    objects: Mapping[str, bytes] | Bucket,
    *columns: Column,
    options: str = "",
    source: str = "s3://b/data",
    json_argument: str = "auto",
    listed: str = "",
) -> Load:
    bucket = objects if isinstance(objects, Bucket) else Bucket(objects)
    sql = f"COPY t {listed} FROM '{source}' IAM_ROLE default JSON '{json_argument}' {options}"
    return Load(parse(tokenize(sql)), columns or (ID, NAME), bucket, "t")


def rows(load: Load) -> list[str]:
    return shown(b"".join(load.chunks()), load.columns)


def load_rows(objects: Mapping[str, bytes], *columns: Column, **arguments: Any) -> list[str]:
    return rows(make_load(objects, *columns, **arguments))


def failure(load: Load) -> SqlError:
    with pytest.raises(SqlError) as caught:
        rows(load)
    return caught.value


def refusal(*arguments: Any, **options: Any) -> SqlError:
    with pytest.raises(SqlError) as caught:
        make_load(*arguments, **options)
    return caught.value


def jsonpaths(*paths: str) -> bytes:
    return json.dumps({"jsonpaths": paths}).encode()


# which objects


def test_prefix_is_a_plain_string_and_objects_come_in_key_order() -> None:
    objects = {
        "data_old/b": b'{"id":4}',
        "data/b": b'{"id":2}{"id":3}',
        "data/a": b'{"id":1}',
        "other": b'{"id":9}',
        "data/": b"",
        "data/empty": b"",
    }
    load = make_load(objects)
    assert rows(load) == ["1\t\\N", "2\t\\N", "3\t\\N", "4\t\\N"]
    assert (load.files_total, load.files_done, load.rows_loaded) == (5, 5, 4)
    assert (load.files_bytes, load.bytes_scanned) == (32, 32)
    assert [(f.info.key, f.bytes_scanned, f.lines_scanned) for f in load.files] == [
        ("data/", 0, 0),
        ("data/a", 8, 1),
        ("data/b", 16, 1),
        ("data/empty", 0, 0),
        ("data_old/b", 8, 1),
    ]


def test_no_object_under_the_prefix() -> None:
    error = refusal({"other": b""}, source="s3://b/2017/02")
    assert (error.sqlstate, error.message) == (
        "XX000",
        "The specified S3 prefix '2017/02' does not exist",
    )
    detail = (error.detail or "").split("\n")
    assert detail[:3] == [
        "",
        "  -----------------------------------------------",
        "  error:  The specified S3 prefix '2017/02' does not exist",
    ]
    assert detail[3] == "  code:      8001"
    assert "  location:  s3_utility.cpp:568" in detail


def test_an_object_that_vanishes_while_loading() -> None:
    bucket = Bucket({"data1": b'{"id":1}', "data2": b'{"id":2}'})
    load = make_load(bucket)
    del bucket.objects["data2"]
    error = failure(load)
    assert error.sqlstate == "XX000"
    assert error.message.startswith(
        "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,"
    )


def test_only_folder_markers_load_nothing() -> None:
    load = make_load({"data/": b""})
    assert (rows(load), load.rows_loaded, load.files_done) == ([], 0, 1)


@pytest.mark.parametrize(("option", "compress"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed_objects(option: str, compress: Any) -> None:
    data = {"data1": compress(b'{"id":1}\n'), "data2": compress(b'{"id":2}') + compress(b"\n")}
    assert load_rows(data, options=option) == ["1\t\\N", "2\t\\N"]


@pytest.mark.parametrize("data", [b'{"id":1}', gzip.compress(b'{"id":1}' * 9, mtime=0)[:-9]])
def test_objects_that_are_not_gzip(data: bytes) -> None:
    error = failure(make_load({"data": data}, options="GZIP"))
    assert error.sqlstate == "XX000"
    assert error.message.startswith("GZIP stream cannot be read: ")
    assert "S3 key being read : s3://b/data" in (error.detail or "")


def test_compression_is_not_guessed() -> None:
    load = make_load({"data.gz": gzip.compress(b'{"id":1}')})
    assert failure(load).message == FAILED
    assert load.errors[0].error_code == 1216


# which columns


def test_auto_matches_keys_to_names_case_sensitively() -> None:
    data = {"data": b'{"ID":7,"name":"Ann","extra":[1]}'}
    assert load_rows(data) == ["\\N\tAnn"]


def test_auto_ignorecase() -> None:
    data = {"data": b'{"ID":7,"Na_me":"x","NAME":"Ann"}'}
    assert load_rows(data, json_argument="auto ignorecase") == ["7\tAnn"]


def test_identity_columns_are_left_out() -> None:
    key = Column("key", "bigint", not_null=True, is_identity=True)
    load = make_load({"data": b'{"id":7}', "p": jsonpaths("$.id", "$.n")}, key, ID, NAME,
                     json_argument="s3://b/p")  # fmt: skip
    assert load.target_columns == ("id", "name")
    assert rows(load) == ["7\t\\N"]


def test_column_list_sets_the_order() -> None:
    load = make_load({"data": b'{"id":7,"name":"Ann"}'}, listed="(name, ID)")
    assert (load.target_columns, rows(load)) == (("name", "id"), ["Ann\t7"])


@pytest.mark.parametrize(
    ("listed", "sqlstate", "message"),
    [
        ("(id, nope)", "42703", 'column "nope" of relation "t" does not exist'),
        ("(id, id)", "42701", 'column "id" specified more than once'),
        ("(key)", "XX000", "cannot set an identity column to a value"),
    ],
)
def test_column_lists_that_are_refused(listed: str, sqlstate: str, message: str) -> None:
    key = Column("key", "bigint", is_identity=True)
    error = refusal({"data": b""}, key, ID, NAME, listed=listed)
    assert (error.sqlstate, error.message) == (sqlstate, message)


def test_missing_table() -> None:
    with pytest.raises(SqlError) as caught:
        read_columns([], "staging_events")
    assert caught.value.message == "Cannot COPY into nonexistent table staging_events"


def test_table_names_are_quoted() -> None:
    assert 'to_regclass(\'"my schema"."o\'\'""x"\')' in columns_query("o'\"x", "my schema")
    assert "to_regclass('\"t\"')" in columns_query("t")


# JSONPaths


def test_jsonpaths_fill_the_columns_in_order() -> None:
    objects = {"data": b'{"who":{"Name":"Ann"},"ID":7}', "p": jsonpaths("$.ID", "$.who.Name")}
    assert load_rows(objects, json_argument="s3://b/p") == ["7\tAnn"]


def test_jsonpaths_of_array_rows() -> None:
    objects = {"data": b'["Ann",7]\n["Bob",8]', "p": jsonpaths("$[1]", "$[0]")}
    assert load_rows(objects, json_argument="s3://b/p") == ["7\tAnn", "8\tBob"]


def test_whole_document_path() -> None:
    objects = {"data": b'{"a": [1, {}]}', "p": jsonpaths("$")}
    text = Column("doc", "varchar", 99)
    assert load_rows(objects, text, json_argument="s3://b/p") == ['{"a": [1, {}]}']


NESTED = {
    "object": b'{"id":1, "name": {"a": 1,"b":"x" }}',
    "last of the same name": b'{"name":[], "name" : {"a": 1,"b":"x" } , "id":1}',
    "pretty": b'{\n "x": [{"name":1}, "]"],\n "name":\n{"a": 1,"b":"x" }\n,"id":1}',
}


@pytest.mark.parametrize("data", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("argument", ["auto", "auto ignorecase", "s3://b/p"])
def test_nested_values_into_varchar_keep_their_spelling(data: bytes, argument: str) -> None:
    objects = {"data": data, "p": jsonpaths("$['id']", "$['name']")}
    name = Column("name", "varchar", 20)
    assert load_rows(objects, ID, name, json_argument=argument) == ['1\t{"a": 1,"b":"x" }']


def test_nested_arrays_by_path() -> None:
    objects = {"data": b'{"a":[0,{"b":[ 1, 2 ]}]}', "p": jsonpaths("$['a'][0]", "$['a'][1]['b']")}
    assert load_rows(objects, json_argument="s3://b/p") == ["0\t[ 1, 2 ]"]


def test_another_key_than_jsonpaths_means_auto() -> None:
    objects = {"data": b'{"id":7,"name":"Ann"}', "p": b'{"paths": ["$.x"]}'}
    assert load_rows(objects, json_argument="s3://b/p") == ["7\tAnn"]


def test_number_of_paths_must_match() -> None:
    error = refusal({"data": b"", "p": jsonpaths("$.a")}, json_argument="s3://b/p")
    assert (error.sqlstate, error.message) == (
        "XX000",
        "Number of jsonpaths and the number of columns should match. "
        "JSONPath size: 1, Number of columns in table or column list: 2",
    )


def test_a_bad_jsonpaths_file_fails_before_data_is_read() -> None:
    bucket = Bucket({"data": b"x", "p": jsonpaths("$.a", "")})
    error = refusal(bucket, json_argument="s3://b/p")
    assert (error.sqlstate, error.message) == (
        "XX000",
        "Invalid jsonpath file s3://b/p: expected 'jsonpaths' to be an array of non-empty strings",
    )
    assert bucket.opened == ["p"]


def test_missing_jsonpaths_file_is_no_prefix() -> None:
    error = refusal({"data": b"", "paths.json": jsonpaths("$.a")}, json_argument="s3://b/paths")
    assert error.message == "The jsonpath file s3://b/paths was not found"


# rows that fail


def test_a_failed_load_names_the_table_and_keeps_the_error() -> None:
    load = make_load({"data/1": b'{"id":1}\n{\n"id": "x1",\n"name":"Ann"\n}\n'})
    error = failure(load)
    assert (error.sqlstate, error.message) == ("XX000", FAILED)
    [row] = load.errors
    assert (row.file_name, row.line_number) == ("s3://b/data/1", 5)
    assert (row.column_name, row.column_type, row.column_length) == ("id", "int4", "0")
    assert row.raw_line == '{\n"id": "x1",\n"name":"Ann"\n}'
    assert (row.raw_field_value, row.position) == ("x1", 0)
    assert (row.error_code, row.error_message) == (
        1207,
        "Invalid digit, Value 'x', Pos 0, Type: Integer",
    )


def test_the_first_bad_column_of_a_row_is_told() -> None:
    load = make_load({"data": b'{"name":"0123456789","id":"x"}'}, NAME, ID)
    failure(load)
    assert [(e.column_name, e.column_length, e.error_code) for e in load.errors] == [
        ("name", "9", 1204)
    ]


def test_numbers_of_lines_and_files() -> None:
    data = {"data1": b'{"id":"x"}\n\n{"id":"x"}', "data2": b'\n{"id":"x"}\n'}
    load = make_load(data, options="MAXERROR 9")
    assert rows(load) == []
    assert [(error.file_name[-1], error.line_number) for error in load.errors] == [
        ("1", 1),
        ("1", 3),
        ("2", 2),
    ]
    assert [file.errors for file in load.files] == [2, 1]


MAX_ERRORS = {"0": (0, 1), "1": (1, 1), "2": (2, 2), "3": (3, 3), "4": (4, None)}


@pytest.mark.parametrize(("limit", "fails_at"), MAX_ERRORS.values(), ids=MAX_ERRORS)
def test_maxerror(limit: int, fails_at: int | None) -> None:
    data = b'{"id":1}\n{"id":"x"}\n{"id":2\n{"id":3}\n{"id":1.5}\n{"id":4}\n'
    load = make_load({"data": data}, options=f"MAXERROR {limit}")
    if fails_at is None:
        assert rows(load) == ["1\t\\N", "3\t\\N", "4\t\\N"]
        assert [error.line_number for error in load.errors] == [2, 3, 5]
        assert load.notices == [
            "Load into table 't' completed, 3 record(s) loaded successfully.",
            "Load into table 't' completed, 3 record(s) could not be loaded.  "
            "Check 'stl_load_errors' system table for details.",
        ]
    else:
        assert failure(load).message == FAILED
        assert len(load.errors) == fails_at


def test_notice_of_a_load_without_errors() -> None:
    load = make_load({"data": b'{"id":1}'})
    rows(load)
    assert load.notices == ["Load into table 't' completed, 1 record(s) loaded successfully."]


NOT_AN_OBJECT = "Invalid JSONPath format: Member is not an object."
NOT_AN_ELEMENT = "Invalid JSONPath format: Not an array or index out of range."
PATH_ERRORS = {
    "auto on an array": ("auto", b'[{"id":1},{"id":2}]', NOT_AN_OBJECT),
    "ignorecase on an array": ("auto ignorecase", b'[{"id":1}]', NOT_AN_OBJECT),
    "member of an array": (("$['id']", "$['name']"), b'[{"id":1}]', NOT_AN_OBJECT),
    "member of a scalar": (("$['id']", "$['id']['x']"), b'{"id":1}', NOT_AN_OBJECT),
    "element too far": (("$['id']", "$['a'][2]"), b'{"id":1,"a":[1,2]}', NOT_AN_ELEMENT),
    "element of an object": (("$['id']", "$[0]"), b'{"id":1}', NOT_AN_ELEMENT),
}


@pytest.mark.parametrize(("argument", "data", "message"), PATH_ERRORS.values(), ids=PATH_ERRORS)
def test_paths_that_a_row_cannot_follow(
    argument: str | tuple[str, ...], data: bytes, message: str
) -> None:
    objects = {"data": data}
    if isinstance(argument, tuple):
        objects["p"] = jsonpaths(*argument)
        argument = "s3://b/p"
    load = make_load(objects, json_argument=argument)
    assert failure(load).message == FAILED
    assert [(error.error_code, error.error_message) for error in load.errors] == [(1216, message)]


def test_nested_value_that_does_not_fit() -> None:
    load = make_load({"data": b'{"id":{"a":1}}'})
    failure(load)
    assert (load.errors[0].error_code, load.errors[0].raw_field_value) == (1207, '{"a":1}')


def test_jsonpaths_file_under_the_prefix_is_loaded_as_data() -> None:
    objects = {"data.json": b'{"id":1}', "data.jsonpaths": jsonpaths("$.id", "$.name")}
    load = make_load(objects, json_argument="s3://b/data.jsonpaths")
    assert rows(load) == ["1\t\\N", "\\N\t\\N"]


# the rest


def test_noload_reads_everything_and_gives_nothing() -> None:
    load = make_load({"data": b'{"id":1}\n{"id":2}'}, options="NOLOAD")
    assert (list(load.chunks()), load.rows_loaded, load.files_done) == ([b""], 2, 1)
    assert failure(make_load({"data": b'{"id":"x"}'}, options="NOLOAD")).message == FAILED


def test_ignoreheader_drops_lines_of_every_object() -> None:
    data = {"data1": b'head\n{"id":1}', "data2": b'head\n{"id":2}'}
    assert load_rows(data, options="IGNOREHEADER 1") == ["1\t\\N", "2\t\\N"]


SPECIAL = "tab\t nl\n cr\r bs\\ q\" \\N \\n null é \x1f\x7f\u2028\b\f 'a,b'"


@pytest.mark.parametrize("count", [1, 500])
def test_special_characters_reach_postgresql(count: int) -> None:
    text = Column("name", "varchar", 99)
    line = json.dumps({"name": SPECIAL}).encode() + b"\n"
    assert load_rows({"data": line * count}, text) == [SPECIAL] * count


def test_chunks_are_of_a_moderate_size() -> None:
    data = b"".join(b'{"id":%d,"name":"abcdefgh"}\n' % n for n in range(200_000))
    load = make_load({"data": data})
    chunks = list(load.chunks())
    assert load.rows_loaded == 200_000
    assert [len(chunk) // CHUNK_SIZE for chunk in chunks] == [1, 1, 1, 0]
    assert len(shown(b"".join(chunks), load.columns)) == 200_000


def test_counters_move_while_the_load_runs() -> None:
    data = b"".join(b'{"id":%d}\n' % n for n in range(200_000))
    load = make_load({"data1": data, "data2": data})
    chunks = load.chunks()
    next(chunks)
    assert (load.files_done, load.files_total) == (0, 2)
    assert 0 < load.rows_loaded < 200_000
    assert 0 < load.bytes_scanned <= len(data)
    chunks.close()


def test_many_small_objects_take_little_time() -> None:
    load = make_load({f"data/{n:05}": b'{"id":1,"name":"x"}' for n in range(15_000)})
    started = time.process_time()
    rows(load)
    assert load.rows_loaded == 15_000
    assert time.process_time() - started < 3
