"""Mistyped names in dwh.cfg and in the environment are told, with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import settings
from iac import config_file
from settings import ALL_KEYS, EXAMPLE_PATH
from tests.conftest import Project

SECRET = "s3cret-Value"

# What stands in the file -> what is said of it, '' for nothing.
IN_FILES = {
    "a letter left out": ("[S3]\nLOG_JSONPTH = x", "[S3] LOG_JSONPTH (did you mean LOG_JSONPATH?)"),
    "letters swapped, lower case": (
        "[CLUSTER]\nhots = x", "[CLUSTER] HOTS (did you mean HOST?)",
    ),
    "a password's": (
        f"[CLUSTER]\nDB_PASWORD = {SECRET}", "[CLUSTER] DB_PASWORD (did you mean DB_PASSWORD?)",
    ),
    "a section": (f"[CLUSTR]\nDB_PASSWORD = {SECRET}", "[CLUSTR] (did you mean [CLUSTER]?)"),
    "a section in lower case": ("[iam_role]\nARN = x", "[iam_role] (did you mean [IAM_ROLE]?)"),
    "a section with blanks": ("[ S3 ]\nREGION = x", "[ S3 ] (did you mean [S3]?)"),
    "a blank without width": ("[S3\u200b]\n", "[S3\\u200b] (did you mean [S3]?)"),
    "the right key in another section": (
        "[CLUSTER]\nARN = x", "[CLUSTER] ARN (did you mean [IAM_ROLE] ARN?)",
    ),
    "which of two sections": (
        "[DWH]\nREGION = x", "[DWH] REGION (did you mean [S3] REGION or [AWS] REGION?)",
    ),
    "the section in front of the key": (
        "[DWH]\nDWH_NODE_TYPE = x", "[DWH] DWH_NODE_TYPE (did you mean NODE_TYPE?)",
    ),
    "several": (
        "[CLUSTR]\n[ETL]\nMAXERRORS = 1",
        "[CLUSTR] (did you mean [CLUSTER]?), [ETL] MAXERRORS (did you mean MAX_ERRORS?)",
    ),
    "another program's keys": (
        f"[AWS]\nKEY = {SECRET}\nSECRET = {SECRET}\n[DWH]\nDWH_DB_USER = x\nDWH_PORT = 5439\n"
        "[MONITORING]\nHOST = x\n[CLUSTER]\nHOST = h\nOWNER = me", "",
    ),
    "not alike enough": (
        "[CLUSTER]\nDB_SCHEMA = x\nDB_OWNER = me\n[DWH]\nCLUSTER_TYPE = multi-node", "",
    ),
    "keys for every section": ("[DEFAULT]\nHOSTS = x\n[CLUSTER]\nHOST = h", ""),
    "any case of a key": ("[CLUSTER]\nhost = h\nDb_Name = d", ""),
    "an empty file": ("", ""),
}  # fmt: skip
IN_ENVIRONMENTS = {
    "letters swapped": ("DWH_CLUSTER_HSOT", "DWH_CLUSTER_HSOT (did you mean DWH_CLUSTER_HOST?)"),
    "a section's": ("DWH_CLUSTR_HOST", "DWH_CLUSTR_HOST (did you mean DWH_CLUSTER_HOST?)"),
    "no section": ("DWH_LOG_DATA", "DWH_LOG_DATA (did you mean DWH_S3_LOG_DATA?)"),
    "the password without a section": (
        "DWH_DB_PASSWORD", "DWH_DB_PASSWORD (did you mean DWH_CLUSTER_DB_PASSWORD?)",
    ),
    "no section, of two": (
        "DWH_REGION", "DWH_REGION (did you mean DWH_S3_REGION or DWH_AWS_REGION?)",
    ),
    "DWH once": (
        "DWH_CLUSTER_IDENTIFIER",
        "DWH_CLUSTER_IDENTIFIER (did you mean DWH_DWH_CLUSTER_IDENTIFIER?)",
    ),
    "a part left out": ("DWH_CLUSTER_PORT", "DWH_CLUSTER_PORT (did you mean DWH_CLUSTER_DB_PORT?)"),
    "lower case": ("DWH_cluster_host", "DWH_cluster_host (did you mean DWH_CLUSTER_HOST?)"),
    "another program's": ("DWH_S3_BUCKET", ""),
    "another program's, not alike enough": ("DWH_CLUSTER_TYPE", ""),
    "without the prefix": ("CLUSTER_HSOT", ""),
    "for finding defects": ("DWH_TRACEBACK", ""),
}  # fmt: skip


def said(path: Path, text: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    path.write_text(text, encoding="utf-8")
    settings.load(path, environ=environ)
    out, err = capsys.readouterr()
    assert out == ""
    assert SECRET not in err
    return err


@pytest.mark.parametrize(("text", "told"), IN_FILES.values(), ids=IN_FILES)
def test_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = tmp_path / "dwh.cfg"
    expected = f"warning: in {path} nothing reads {told}\n" if told else ""
    assert said(path, text, {}, capsys) == expected


@pytest.mark.parametrize(("variable", "told"), IN_ENVIRONMENTS.values(), ids=IN_ENVIRONMENTS)
def test_in_the_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], variable: str, told: str
) -> None:
    expected = f"warning: in the environment nothing reads {told}\n" if told else ""
    assert said(tmp_path / "dwh.cfg", "", {variable: SECRET}, capsys) == expected


def test_variables_are_told_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"DWH_REGION": "x", "DWH_CLUSTER_HSOT": "x"}
    told = said(tmp_path / "dwh.cfg", "", environ, capsys)
    assert told.index("DWH_CLUSTER_HSOT") < told.index("DWH_REGION")


def test_what_we_write_ourselves_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = dict.fromkeys(ALL_KEYS, "1")
    values |= {
        key: "s3://bucket/prefix" for key in ALL_KEYS if key.name.startswith(("LOG_", "SONG_"))
    }
    text = config_file.with_values(EXAMPLE_PATH.read_text(encoding="utf-8"), values)
    environ = {key.variable: value for key, value in values.items()}
    assert said(tmp_path / "dwh.cfg", text, environ, capsys) == ""


def test_a_letter_less_or_more_in_any_key_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ALL_KEYS:
        for name in (key.name[1:], key.name[:-1], key.name[0] + key.name):
            label = f"[{key.section}] {name}"
            text = f"[{key.section}]\n{name} = x"
            told = said(tmp_path / "dwh.cfg", text, {}, capsys)
            assert f"nothing reads {label} (did you mean " in told, label


def test_a_script_says_it_once_and_goes_on(project: Project) -> None:
    project.config.write_text(project.config.read_text() + "[CLUSTRE]\nHOST = x\n")
    done = project.run("create_tables.py", "--quiet", DWH_CLUSTER_HSOT="x")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        f"warning: in {project.config} nothing reads [CLUSTRE] (did you mean [CLUSTER]?)\n"
        "warning: in the environment nothing reads DWH_CLUSTER_HSOT"
        " (did you mean DWH_CLUSTER_HOST?)\n"
    )
