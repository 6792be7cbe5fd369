"""dwh.cfg after a write-back: the values are in, every other byte is as it was."""

from __future__ import annotations

import configparser
import os
import stat
import sys
from pathlib import Path

import pytest

from iac import config_file
from settings import DB_PORT, EXAMPLE_PATH, HOST, ROLE_ARN
from terminal import Fault

VALUES = {ROLE_ARN: "arn:aws:iam::1:role/r", HOST: "new.example", DB_PORT: "5440"}
GONE = {HOST: "", ROLE_ARN: ""}

CASES = {
    "bare": (
        "# mine\n[CLUSTER]\nHOST = old\nDB_PORT = 5439\n\n[IAM_ROLE]\nARN =\n# end\n",
        "# mine\n[CLUSTER]\nHOST = new.example\nDB_PORT = 5440\n\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n# end\n",
    ),
    "no blanks, no last newline": (
        "[IAM_ROLE]\nARN=\n[CLUSTER]\nHOST=x\nDB_PORT=1",
        "[IAM_ROLE]\nARN=arn:aws:iam::1:role/r\n[CLUSTER]\nHOST=new.example\nDB_PORT=5440",
    ),
    "quotes stay": (
        "[CLUSTER]\nHOST='x'\nDB_PORT=\"1\"\n[IAM_ROLE]\nARN = ''\n",
        "[CLUSTER]\nHOST='new.example'\nDB_PORT=\"5440\"\n"
        "[IAM_ROLE]\nARN = 'arn:aws:iam::1:role/r'\n",
    ),
    "CRLF and byte order mark": (
        "\ufeff[CLUSTER]\r\nHOST = x\r\nDB_PORT = 1\r\n\r\n[IAM_ROLE]\r\nARN = y\r\n",
        "\ufeff[CLUSTER]\r\nHOST = new.example\r\nDB_PORT = 5440\r\n\r\n"
        "[IAM_ROLE]\r\nARN = arn:aws:iam::1:role/r\r\n",
    ),
    "colons, odd case, trailing blanks": (
        "[CLUSTER]\nhost :  x  \nDb_Port: 1\n[IAM_ROLE]\narn:\n",
        "[CLUSTER]\nhost :  new.example  \nDb_Port: 5440\n[IAM_ROLE]\narn:arn:aws:iam::1:role/r\n",
    ),
    "the same keys in other sections": (
        "[OTHER]\nHOST = a\nARN = b\n[CLUSTER]\nHOST = x\nDB_PORT = 1\n[IAM_ROLE]\nARN = y\n",
        "[OTHER]\nHOST = a\nARN = b\n[CLUSTER]\nHOST = new.example\nDB_PORT = 5440\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n",
    ),
    "commented-out keys": (
        "[CLUSTER]\n# HOST = a\n;HOST = b\nHOST = x\nDB_PORT = 1\n[IAM_ROLE]\nARN = y\n",
        "[CLUSTER]\n# HOST = a\n;HOST = b\nHOST = new.example\nDB_PORT = 5440\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n",
    ),
    "missing keys go after the section's last": (
        "[CLUSTER]\n  DB_NAME = dwh\n\n# the role\n[IAM_ROLE]\n",
        "[CLUSTER]\n  DB_NAME = dwh\n  HOST = new.example\n  DB_PORT = 5440\n\n# the role\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n",
    ),
    "missing sections go to the end": (
        "[S3]\r\nLOG_DATA = s3://b/log",
        "[S3]\r\nLOG_DATA = s3://b/log\r\n\r\n[IAM_ROLE]\r\nARN = arn:aws:iam::1:role/r\r\n"
        "\r\n[CLUSTER]\r\nHOST = new.example\r\nDB_PORT = 5440\r\n",
    ),
    "empty file": (
        "",
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n\n"
        "[CLUSTER]\nHOST = new.example\nDB_PORT = 5440\n",
    ),
    "a value over several lines": (
        "[CLUSTER]\nHOST =\n  x\n  # inside\n  y\nDB_PORT = 1\n[IAM_ROLE]\nARN = y\n",
        "[CLUSTER]\nHOST = new.example\n  # inside\nDB_PORT = 5440\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n",
    ),
    "a password with every sign": (
        "[CLUSTER]\nDB_PASSWORD = a=b:c#d;e%f\nHOST = x\nDB_PORT = 1\n[IAM_ROLE]\nARN = y\n",
        "[CLUSTER]\nDB_PASSWORD = a=b:c#d;e%f\nHOST = new.example\nDB_PORT = 5440\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n",
    ),
    "line separators that are none here": (
        "[CLUSTER]\n# a\u2028HOST = b\x0cc\x85d\nHOST = x\nDB_PORT = 1\n[IAM_ROLE]\nARN = y\n",
        "[CLUSTER]\n# a\u2028HOST = b\x0cc\x85d\nHOST = new.example\nDB_PORT = 5440\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::1:role/r\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES.keys())
def test_values_are_written(before: str, after: str) -> None:
    assert config_file.with_values(before, VALUES) == after
    assert config_file.with_values(after, VALUES) == after


@pytest.mark.parametrize("text", [after for _, after in CASES.values()], ids=CASES.keys())
def test_configparser_reads_what_was_written(text: str) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    for key, value in VALUES.items():
        assert parser[key.section][key.name].strip("'\"") == value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "[CLUSTER]\nHOST = x\nDB_PORT = 1\n[IAM_ROLE]\nARN = y\n",
            "[CLUSTER]\nHOST =\nDB_PORT = 1\n[IAM_ROLE]\nARN =\n",
            id="bare",
        ),
        pytest.param(
            "[CLUSTER]\r\nHOST='x'\r\n[IAM_ROLE]\r\nARN = \"y\"\r\n",
            "[CLUSTER]\r\nHOST=''\r\n[IAM_ROLE]\r\nARN = \"\"\r\n",
            id="quoted",
        ),
        pytest.param("[S3]\nLOG_DATA = x", "[S3]\nLOG_DATA = x", id="not there"),
        pytest.param("[CLUSTER]\nHOST =  \n", "[CLUSTER]\nHOST =  \n", id="empty already"),
    ],
)
def test_values_are_taken_out(before: str, after: str) -> None:
    assert config_file.with_values(before, GONE) == after


def test_the_example_comes_back_as_it_was() -> None:
    example = EXAMPLE_PATH.read_text(encoding="utf-8")
    assert config_file.with_values(config_file.with_values(example, VALUES), GONE) == (
        example.replace("DB_PORT = 5439", "DB_PORT = 5440")
    )


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o600, 0o600), (0o400, 0o400)])
def test_the_file_is_its_owners_alone(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "dwh.cfg"
    path.write_bytes(b"[CLUSTER]\nHOST = old\n")
    path.chmod(before)
    assert config_file.write(path, {HOST: "new"}) is True
    assert path.read_bytes() == b"[CLUSTER]\nHOST = new\n"
    assert stat.S_IMODE(path.stat().st_mode) == after
    assert os.listdir(tmp_path) == ["dwh.cfg"]


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "dwh.cfg"
    path.write_bytes(b"[CLUSTER]\nHOST = same\n")
    written = path.stat()
    assert config_file.write(path, {HOST: "same"}) is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.cfg").write_bytes(b"[CLUSTER]\nHOST = old\n")
    link = tmp_path / "dwh.cfg"
    try:
        link.symlink_to("real.cfg")
    except OSError:
        pytest.skip("this user may not make links here")
    config_file.write(link, {HOST: "new"})
    assert link.is_symlink()
    assert (tmp_path / "real.cfg").read_bytes() == b"[CLUSTER]\nHOST = new\n"


def test_what_could_not_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"next: write there: \[CLUSTER\] HOST = new"):
        config_file.write(tmp_path / "missing" / "dwh.cfg", {HOST: "new"})
