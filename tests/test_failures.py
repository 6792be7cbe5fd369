"""What goes wrong ends in one message with the next step, and with the star as it was."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import settings
import terminal
import warehouse
from tests.conftest import Project, event, song
from tests.test_star import star

ARN = "arn:aws:iam::123456789012:role/nobody"
ROLE_ADVICE = (
    "next: the role of [IAM_ROLE] ARN does not exist, is not attached to the cluster or does not"
    " trust Redshift: python -m iac.create_cluster makes, attaches and writes it"
)
LOAD_FAILED = (
    "error: copy staging_events failed: Load into table 'staging_events' failed.  Check"
    " 'stl_load_errors' system table for details.\nthe star is as before\n"
)


@dataclass(frozen=True)
class Failure:
    """A way to break a project that is loaded, and how `etl.py` ends then."""

    sabotage: Callable[[Project], None]
    message: str
    exit_code: int = 1
    environ: dict[str, str] = field(default_factory=dict)
    shown: tuple[str, ...] = ()


FAILURES = {
    "no dwh.cfg": Failure(
        lambda project: project.config.unlink(),
        "error: there is no configuration file {config};"
        " copy dwh.cfg.example to it, or name another with --config\n",
        exit_code=2,
    ),
    "empty HOST": Failure(
        lambda project: project.configure(CLUSTER_HOST=""),
        "error: [CLUSTER] HOST is missing: expected the cluster's address; set it in {config}"
        " (python -m iac.create_cluster writes it) or export DWH_CLUSTER_HOST\n",
        exit_code=2,
    ),
    "wrong password": Failure(
        lambda project: project.configure(CLUSTER_DB_PASSWORD="Wrong-Passw0rd"),
        "error: cannot log in to localhost:{port} as dwhuser: password authentication"
        ' failed for user "dwhuser"\n'
        "next: check [CLUSTER] DB_USER and DB_PASSWORD (or DWH_CLUSTER_DB_PASSWORD)\n",
    ),
    "no cluster": Failure(
        lambda project: project.configure(CLUSTER_DB_NAME="nowhere"),
        'error: cannot log in to localhost:{port} as dwhuser: database "nowhere" does'
        " not exist\nnext: check [CLUSTER] DB_NAME; python -m iac.create_cluster makes the cluster"
        " with it\n",
    ),
    "nothing listens": Failure(
        lambda project: project.configure(CLUSTER_DB_PORT="1"),
        "error: cannot log in to localhost:1 as dwhuser: Connection refused\n"
        "next: nothing listens there: is the cluster there and not paused"
        " (python -m iac.cluster_status)? The local AWS is started with python -m standin\n",
    ),
    "another certificate authority": Failure(
        lambda project: None,
        "error: cannot log in to localhost:{port} as dwhuser: certificate verify failed"
        "\nnext: the server did not prove who it is: check [CLUSTER] HOST and [AWS] CA_FILE; the"
        " local AWS prints its CA_FILE among the lines to paste, a new one at each start\n",
        environ={"DWH_AWS_CA_FILE": ""},
    ),
    "a role that does not exist": Failure(
        lambda project: project.configure(IAM_ROLE_ARN=ARN),
        "failed: User arn:aws:redshift:us-west-2:123456789012:dbuser:{name}/dwhuser is not"
        f" authorized to assume IAM Role {ARN}\nthe star is as before\n"
        f"found: there is no role {ARN}; python -m iac.create_cluster\n{ROLE_ADVICE}\n",
    ),
    "a bucket that does not exist": Failure(
        lambda project: project.configure(S3_LOG_DATA="s3://no-such-bucket/log_data"),
        "error: copy staging_events failed: S3ServiceException:The specified bucket does not exist,"
        "Status 404,Error NoSuchBucket,Rid 0000000000000000,ExtRid standin,CanRetry 1\n"
        "the star is as before\n"
        "found: there is no bucket no-such-bucket; correct [S3] LOG_DATA\n"
        "next: check the bucket names in [S3]\n",
    ),
    "a prefix that does not exist": Failure(
        lambda project: project.configure(S3_SONG_DATA=f"s3://{project.bucket}/nothing"),
        "error: copy incoming_songs failed: The specified S3 prefix 'nothing' does not exist\n"
        "the star is as before\n"
        "found: no object's key begins with s3://{name}/nothing; s3://{name}/ holds log_data/,"
        " log_json_path.json, song_data/; correct [S3] SONG_DATA, or bring the files there\n"
        "next: correct [S3] SONG_DATA in {config} (or --song-data);"
        " aws s3 ls s3://{name}/ --endpoint-url {endpoint} lists what there is\n",
    ),
    "a jsonpaths file that is not JSON": Failure(
        lambda project: project.put("log_json_path.json", "{nope"),
        "error: copy staging_events failed: Invalid jsonpath file s3://{name}/log_json_path.json:"
        " expected one JSON object in UTF-8: Expecting property name enclosed in double quotes:"
        " line 1 column 2 (char 1)\n"
        "the star is as before\nnext: check the file that [S3] LOG_JSONPATH names: it has a path"
        " for each column of staging_events\n",
    ),
    "a jsonpaths file that does not exist": Failure(
        lambda project: project.configure(S3_LOG_JSONPATH=f"s3://{project.bucket}/none.json"),
        "error: copy staging_events failed: The jsonpath file s3://{name}/none.json was not found\n"
        "the star is as before\n"
        "found: there is no object s3://{name}/none.json; s3://{name}/ holds log_data/,"
        " log_json_path.json, song_data/; correct [S3] LOG_JSONPATH, or bring the files there\n"
        "next: check the file that [S3] LOG_JSONPATH names: it has a path"
        " for each column of staging_events\n",
    ),
    "a log line that is not JSON": Failure(
        lambda project: project.put("log_data/b.json", '{"userId": "2"}\nhello\n'),
        LOAD_FAILED
        + "next: 1216 the line is not one JSON object of at most 4 MB: correct or remove it\n",
        shown=("s3://{name}/log_data/b.json   2      -        -      hello   1216 ",),
    ),
    "a user id that is no number": Failure(
        lambda project: project.put_events(event(), event(userId="abc", ts=1541106106797)),
        LOAD_FAILED + "next: 1207 a number was expected: correct the file\n",
        shown=("2      user_id", "abc     1207 Invalid digit, Value 'a', Pos 0, Type: Long"),
    ),
    "a level that is neither free nor paid": Failure(
        lambda project: project.put_events(event(level="trial", ts=1541106106797)),
        "error: check failed: expected that the level of a play is free, paid or unknown;"
        " 1 broke it\nthe star is as before\n",
    ),
}


# One of five is tried always, every one with --long.
TRIED = [
    pytest.param(failure, id=name, marks=[pytest.mark.long] if number % 5 else [])
    for number, (name, failure) in enumerate(FAILURES.items())
]


@pytest.mark.parametrize("failure", TRIED)
def test_failure_is_told_and_the_star_is_as_before(project: Project, failure: Failure) -> None:
    project.put_events(event())
    project.put_songs(song())
    project.prepare()
    before = star(project)
    config = project.config.read_text()
    cluster = dict(project.values["CLUSTER"])

    failure.sabotage(project)
    done = project.run("etl.py", **failure.environ)

    names = {
        "config": project.config,
        "name": project.name,
        "port": project.standin.port,
        "endpoint": project.standin.endpoint_url,
    }
    said = project.without_config(done.stderr)
    assert said.endswith(failure.message.format(**names))
    for text in failure.shown:
        assert text.format(**names) in said
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (failure.exit_code, "")
    project.config.write_text(config)
    project.values["CLUSTER"] = cluster
    assert star(project) == before


def test_tables_not_created_yet(project: Project) -> None:
    done = project.run("etl.py")
    assert done.stderr.endswith(
        'error: etl failed: relation "staging_songs" does not exist\nthe star is as before\n'
        f"next: make the tables with: python create_tables.py --config {project.config}\n"
    )
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("instead", "next_step"),
    [
        (
            "DROP TABLE songplays; CREATE TABLE songplays (a INTEGER)",
            "these are not the tables of sql_queries.py: python create_tables.py makes them anew,"
            " empty",
        ),
        (
            "DROP TABLE users CASCADE; CREATE VIEW users AS SELECT CAST(1 AS BIGINT) AS user_id",
            "a view stands in the place of a table: drop it, then python create_tables.py",
        ),
    ],
    ids=["another table", "a view"],
)
def test_something_else_in_the_place_of_a_table(
    project: Project, instead: str, next_step: str
) -> None:
    project.create_tables()
    project.put_events(event())
    with project.transaction() as cursor:
        cursor.execute(instead)
    done = project.run("etl.py", "--quiet", "--skip-songs")
    assert (done.returncode, done.stdout) == (1, "")
    said = project.without_config(done.stderr)
    assert said.endswith(f"\nthe star is as before\nnext: {next_step}\n")


@pytest.mark.parametrize("script", ["create_tables.py", "etl.py", "analytics.py"])
def test_wrong_usage_is_exit_code_2(project: Project, script: str) -> None:
    done = project.run(script, "--no-such-flag")
    assert done.returncode == 2
    assert "unrecognized arguments: --no-such-flag" in done.stderr


def test_a_server_that_stays_silent_is_given_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "CONNECT_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        project.configure(CLUSTER_HOST="127.0.0.1", CLUSTER_DB_PORT=str(port))
        with pytest.raises(terminal.Fault) as caught:
            warehouse.connect(settings.load(project.config))
    assert str(caught.value).startswith(
        f"cannot log in to 127.0.0.1:{port} as dwhuser: timeout expired after 0.5 s\nnext: the"
        " network lets nothing through"
    )


@pytest.mark.skipif(os.name == "nt", reason="a link that leads to itself is POSIX")
def test_a_home_folder_that_may_not_be_looked_into(project: Project, tmp_path: Path) -> None:
    """As in a container that runs as another user: libpq looks for a certificate there."""
    (tmp_path / "home").symlink_to(tmp_path / "home")
    done = project.run("create_tables.py", "--quiet", HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stderr) == (0, "")
