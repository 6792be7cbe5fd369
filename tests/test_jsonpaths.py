"""JSONPaths: what a path leads to, and files that are refused."""

from __future__ import annotations

import json

import pytest

from standin.copy.jsonpaths import PathError, evaluate, parse_path, read_jsonpaths, source_of


def jsonpaths(*paths: object) -> bytes:
    return json.dumps({"jsonpaths": paths}).encode()


EVALUATED = {
    "bracket": ("$['who']['Name']", {"who": {"Name": "Ann"}}, "Ann"),
    "dot": ("$.who.Name", {"who": {"Name": "Ann"}}, "Ann"),
    "index in bracket style": ("$['a'][1]", {"a": ["x", "y"]}, "y"),
    "index in dot style": ("$.a[0].b", {"a": [{"b": "x"}]}, "x"),
    "index first": ("$[1]", ["x", "y"], "y"),
    "whole document": ("$", {"a": "x"}, {"a": "x"}),
    "names are exact": ("$.name", {"Name": "Ann"}, None),
    "missing member": ("$.a.b", {"a": {}}, None),
    "missing on the way": ("$.a.b[3].c", {}, None),
    "null on the way": ("$.a.b", {"a": None}, None),
    "quote in a name": (r"$['it\'s']", {"it's": "x"}, "x"),
    "dot in a name": ("$['a.b']", {"a.b": "x"}, "x"),
}


@pytest.mark.parametrize(("path", "value", "expected"), EVALUATED.values(), ids=EVALUATED)
def test_paths(path: str, value: object, expected: object) -> None:
    assert evaluate(parse_path(path)[0], value) == expected


NOT_AN_OBJECT = "Invalid JSONPath format: Member is not an object."
NOT_AN_ELEMENT = "Invalid JSONPath format: Not an array or index out of range."


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("$.a", [{"a": 1}], NOT_AN_OBJECT),
        ("$.a.b", {"a": "x"}, NOT_AN_OBJECT),
        ("$.a[2]", {"a": [1, 2]}, NOT_AN_ELEMENT),
        ("$[0]", {"a": 1}, NOT_AN_ELEMENT),
    ],
)
def test_paths_that_a_value_cannot_follow(path: str, value: object, message: str) -> None:
    with pytest.raises(PathError) as caught:
        evaluate(parse_path(path)[0], value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("$.b", '{"a":[], "b" : {"x": 1} , "c":2}', '{"x": 1}'),
        ("$.b", '{"b":[1],"b":[ 2 ]}', "[ 2 ]"),
        ("$[1].x", '[ 0 ,\n{"}":"]","x":[ {} ]}]', "[ {} ]"),
        ("$", '{"a": 1}', '{"a": 1}'),
        ("$.a", '{ "a" : [ ] }', "[ ]"),
    ],
)
def test_source_of_a_path_is_its_text_as_written(path: str, text: str, expected: str) -> None:
    assert source_of(parse_path(path)[0], text) == expected


def test_file_of_paths() -> None:
    content = b'\n{"jsonpaths": ["$.a", "$.b[0]"], "other": 1}\n'
    assert read_jsonpaths(content) == [("a",), ("b", 0)]


def test_file_without_the_key_means_auto() -> None:
    assert read_jsonpaths(b'{"paths": ["$.a"]}') is None


NOT_JSON = "expected one JSON object in UTF-8: "
NOT_STRINGS = "expected 'jsonpaths' to be an array of non-empty strings"
REFUSED = {
    "not JSON": (b"{", NOT_JSON),
    "not UTF-8": (b'{"jsonpaths":["\xff"]}', NOT_JSON),
    "two objects": (jsonpaths("$.a") * 2, NOT_JSON),
    "text after it": (jsonpaths("$.a") + b";", NOT_JSON),
    "nested too deep": (
        b'{"jsonpaths":' + b"[" * 100_000,
        "expected one JSON object in UTF-8: nested too deep",
    ),
    "an array": (b'["$.a"]', "expected one JSON object with the key 'jsonpaths'"),
    "no array": (b'{"jsonpaths": "$.a"}', NOT_STRINGS),
    "a number": (jsonpaths("$.a", 1), NOT_STRINGS),
    "an empty string": (jsonpaths("$.a", ""), NOT_STRINGS),
    "no dollar": (jsonpaths("a"), "expected a path that begins with $, got a"),
    "wildcard": (jsonpaths("$[*]"), "expected ['name'], .name or [index] at [*] of $[*]"),
    "descent": (jsonpaths("$..a"), "expected ['name'], .name or [index] at ..a of $..a"),
    "negative index": (jsonpaths("$[-1]"), "expected ['name'], .name or [index] at [-1] of $[-1]"),
    "two styles": (
        jsonpaths("$.a", "$['b']"),
        "bracket notation and dot notation cannot be mixed in one file",
    ),
    "two styles in one path": (
        jsonpaths("$.b['c']"),
        "bracket notation and dot notation cannot be mixed in $.b['c']",
    ),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_files_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_jsonpaths(content)
    assert str(caught.value).startswith(reason)
