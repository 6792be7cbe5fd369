"""dwh.cfg and the environment: what is read, what beats what, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import settings
from terminal import UsageFault

FILE = """
[CLUSTER]
HOST = 'quoted.example'
DB_NAME = "dwh"
DB_PASSWORD = p%ss#word
[S3]
LOG_DATA = 's3://bucket/log_data'
[AWS]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "dwh.cfg"
    if text == "a folder":
        path.mkdir()
    else:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_values_may_be_bare_or_quoted(tmp_path: Path) -> None:
    loaded = settings.load(written(tmp_path, FILE), environ={})
    assert (loaded.host, loaded.db_name) == ("quoted.example", "dwh")
    assert loaded.log_data == "s3://bucket/log_data"
    assert loaded.db_password.reveal() == "p%ss#word"


def test_defaults_stand_in_for_what_is_left_out(tmp_path: Path) -> None:
    loaded = settings.load(written(tmp_path, ""), environ={})
    assert (loaded.db_port, loaded.node_type, loaded.number_of_nodes) == (5439, "ra3.large", 1)
    assert loaded.endpoint_url is None
    assert loaded.publicly_accessible is False


def test_environment_beats_the_file(tmp_path: Path) -> None:
    environ = {"DWH_CLUSTER_HOST": "from.environment", "DWH_AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    loaded = settings.load(written(tmp_path, FILE), environ=environ)
    assert (loaded.host, loaded.endpoint_url) == ("from.environment", "http://127.0.0.1:1")


def test_an_empty_variable_takes_a_value_away(tmp_path: Path) -> None:
    loaded = settings.load(written(tmp_path, FILE), environ={"DWH_CLUSTER_HOST": ""})
    assert loaded.host == ""


def test_the_password_never_shows(tmp_path: Path) -> None:
    loaded = settings.load(written(tmp_path, FILE), environ={})
    assert "p%ss" not in f"{loaded} {loaded!r} {loaded.db_password} {loaded.db_password!s}"


def test_the_example_is_complete_but_for_what_create_cluster_writes() -> None:
    loaded = settings.load(settings.EXAMPLE_PATH, environ={})
    assert (loaded.host, loaded.role_arn) == ("", "")
    assert loaded.endpoint_url == "http://127.0.0.1:4566"
    assert loaded.log_data == "s3://udacity-dend/log_data"
    assert not loaded.db_password


WRONG = {
    "missing file": (None, {}, "there is no configuration file {path}; copy dwh.cfg.example to it,"
                               " or name another with --config"),
    "folder": (
        "a folder", {},
        "cannot read the configuration file {path}: is a directory;"
        " expected a text file in the form of dwh.cfg.example",
    ),
    "not UTF-8": (
        "[CLUSTER]\nHOST=\udcfc\n", {},
        "cannot read the configuration file {path}: expected UTF-8, got a byte 0xfc at position 15;"
        " save it as UTF-8",
    ),
    "missing value": (
        "[CLUSTER]\nHOST =\n", {},
        "[CLUSTER] HOST is missing: expected the cluster's address; set it in {path}"
        " (python -m iac.create_cluster writes it) or export DWH_CLUSTER_HOST",
    ),
    "port": (
        "[CLUSTER]\nHOST=h\nDB_PORT=54x\n", {},
        "[CLUSTER] DB_PORT must be a whole number from 1 to 65535, got '54x'",
    ),
    "prefix": (
        "[CLUSTER]\nHOST=h\n[S3]\nLOG_DATA=bucket/logs\n", {},
        "[S3] LOG_DATA must look like s3://bucket/prefix, got 'bucket/logs'",
    ),
    "number of thousands of digits": (
        "[CLUSTER]\nHOST=h\n", {"DWH_ETL_MAX_ERRORS": "1" * 5000},
        "[ETL] MAX_ERRORS must be a whole number from 0 to 99999, got '" + "1" * 5000 + "'",
    ),
    "bucket": (
        "[CLUSTER]\nHOST=h\n[S3]\nLOG_DATA=s3://b uck/logs\n", {},
        "[S3] LOG_DATA must look like s3://bucket/prefix, got 's3://b uck/logs'",
    ),
    "lines that continue the one above": (
        "[CLUSTER]\nHOST =\n  DB_NAME = dwh\n  DB_PORT = 5439\n", {},
        "[CLUSTER] HOST must be one line, got 2: a line that begins with a blank continues the one"
        " above it; begin each key without",
    ),
    "a NUL": (
        "[CLUSTER]\nHOST = a\0b\n", {},
        "[CLUSTER] HOST must be text in UTF-8 without control characters; write it anew",
    ),
    "bytes that are no text": (
        "[CLUSTER]\nHOST=h\n", {"DWH_CLUSTER_DB_NAME": "a\udcff"},
        "[CLUSTER] DB_NAME must be text in UTF-8 without control characters; write it anew",
    ),
    "flag": (
        "[CLUSTER]\nHOST=h\n", {"DWH_DWH_PUBLICLY_ACCESSIBLE": "perhaps"},
        "[DWH] PUBLICLY_ACCESSIBLE must be yes or no, got 'perhaps'",
    ),
    "no section": (
        "HOST=h\n", {},
        "{path} line 1: expected a heading like [CLUSTER], in both brackets, got a line that"
        " belongs to none; dwh.cfg.example shows the form",
    ),
    "a password on a broken line stays hidden": (
        "[CLUSTER]\nHOST=h\nmy-secret-password\n", {},
        "{path} line 3: expected KEY = value, got a line that is neither that nor a [SECTION]"
        " heading; correct it or take it out; dwh.cfg.example shows the form",
    ),
    "a section twice": (
        "[CLUSTER]\nHOST=h\n[S3]\n[CLUSTER]\n", {},
        "{path} line 4: expected one [CLUSTER], got a second; move its lines to the first;"
        " dwh.cfg.example shows the form",
    ),
    "a key twice": (
        "[CLUSTER]\nDB_PASSWORD=secret\ndb_password=another\n", {},
        "{path} line 3: expected [CLUSTER] DB_PASSWORD once, got it again; take one of them out;"
        " dwh.cfg.example shows the form",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "environ", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(
    tmp_path: Path, text: str | None, environ: dict[str, str], message: str
) -> None:
    path = tmp_path / "dwh.cfg" if text is None else written(tmp_path, text)
    with pytest.raises(UsageFault) as caught:
        settings.load(path, required=(settings.HOST,), environ=environ)
    assert str(caught.value) == message.format(path=path)
