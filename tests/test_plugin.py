"""The fixtures for other projects, used as docs/clients.md says: by a pytest somewhere else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from standin import Standin
from standin import pytest_plugin as plugin
from standin.pytest_plugin import redshift, redshift_cluster, s3_bucket  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
ISOLATED = """
import os, subprocess, sys
import boto3, psycopg2, pytest

seen = set()

@pytest.mark.parametrize("turn", range(4))
def test_state_is_fresh(turn, redshift, redshift_cluster, s3_bucket):
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INTEGER)")
    redshift.commit()
    listing = s3_bucket.client.list_objects_v2(Bucket=s3_bucket.name)
    assert listing["KeyCount"] == 0
    s3_bucket.put("a", b"1")
    seen.add(redshift_cluster.database)

def test_child_process_finds_everything(redshift_cluster):
    program = (
        "import boto3, psycopg2; print(len(boto3.client('redshift').describe_clusters()"
        "['Clusters'])); c = psycopg2.connect(''); c.cancel(); print(c.info.user)"
    )
    environ = {**os.environ, **redshift_cluster.environ}
    words = subprocess.run([sys.executable, "-c", program], env=environ,
                           capture_output=True, text=True, check=True).stdout.split()
    assert words == ["1", "tester"]

def test_cancel_beside_the_server(redshift):
    redshift.cancel()
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def redshift_server(standin: Standin) -> plugin.Server:
    """The server that the fixtures ask for: this run's own, with a role made once or found."""
    clients = {
        name: boto3.client(
            name,
            endpoint_url=standin.endpoint_url,
            region_name=plugin.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        for name in ("iam", "redshift", "s3")
    }
    iam = clients["iam"]
    try:
        role = iam.get_role(RoleName=plugin.ROLE)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        trust = json.dumps(plugin._TRUST)
        made = iam.create_role(RoleName=plugin.ROLE, AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(
            RoleName=plugin.ROLE, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        )
        role = made["Role"]["Arn"]
    return plugin.Server(standin, clients["redshift"], clients["s3"], role)


seen: set[str] = set()


@pytest.mark.parametrize("turn", range(2))
def test_fixtures_hand_out_a_loadable_cluster_and_an_empty_bucket(
    turn: int,
    redshift: Any,  # noqa: F811
    redshift_cluster: plugin.RedshiftCluster,  # noqa: F811
    s3_bucket: plugin.Bucket,  # noqa: F811
) -> None:
    assert s3_bucket.client.list_objects_v2(Bucket=s3_bucket.name)["KeyCount"] == 0
    address = s3_bucket.put("songs/1.json", {"title": "Blue"})
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE songs (title VARCHAR)")
    cursor.execute(f"COPY songs FROM '{address}' IAM_ROLE DEFAULT FORMAT JSON 'auto'")
    cursor.execute("SELECT title FROM songs")
    assert cursor.fetchall() == [("Blue",)]
    redshift.commit()
    with closing(redshift_cluster.connect()) as other, other.cursor() as again:
        again.execute("SELECT COUNT(*) FROM songs")
        assert again.fetchone() == (1,)
    assert redshift_cluster.database not in seen
    seen.add(redshift_cluster.database)


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start pytest on a test file of another project."""

    def run(text: str, *flags: str) -> subprocess.Popen[str]:
        (tmp_path / "test_it.py").write_text(
            text if "pytest_plugins" in text else f'pytest_plugins = ["{PLUGIN}"]\n{text}'
        )
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", *flags, str(tmp_path)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


PLUGIN = "standin.pytest_plugin"


def left_behind(folder: Path) -> list[str]:
    """Files of a stand-in in its temporary folder, and processes that still use them."""
    files = [path.name for path in folder.glob("standin-*")]
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(folder) in words and process.pid != os.getpid():
            files.append(words)
    return files


@pytest.mark.long
def test_example_of_the_documentation(start: Start, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(pytest_plugins.*?)```", PAGE, re.DOTALL)
    process = start(example)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, "1 passed" in output) == (0, True), output
    assert left_behind(tmp_path) == []


@pytest.mark.long
def test_every_test_has_its_own_state_on_every_worker(start: Start, tmp_path: Path) -> None:
    process = start(ISOLATED, "-n", "2")
    output, _ = process.communicate(timeout=90)
    assert (process.returncode, "6 passed" in output) == (0, True), output
    assert left_behind(tmp_path) == []


@pytest.mark.long
def test_killed_run_leaves_nothing(start: Start, tmp_path: Path) -> None:
    process = start("import signal, os\n\ndef test(redshift):\n    os.kill(os.getpid(), 9)\n")
    process.communicate(timeout=60)
    assert process.returncode == -9
    deadline = time.monotonic() + 20
    while left_behind(tmp_path) and time.monotonic() < deadline:
        pass
    assert left_behind(tmp_path) == []
