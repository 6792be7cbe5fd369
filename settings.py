"""Configuration: dwh.cfg and the environment become one frozen Settings object.

`dwh.cfg` keeps the sections and keys that Sparkify projects have always used. A variable
`DWH_<SECTION>_<KEY>` in the environment beats the file. Nothing is read at import.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typos
from terminal import UsageFault, warn

DEFAULT_PATH = Path(__file__).resolve().parent / "dwh.cfg"
EXAMPLE_PATH = Path(__file__).resolve().parent / "dwh.cfg.example"


class Secret:
    """A value that shows itself as *** wherever it is printed, formatted or logged.

    `reveal()` gives the value to the one call that needs it.
    """

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "***" if self._value else ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value


@dataclass(frozen=True)
class Key:
    """One configuration value: where it stands, what it means and what it is when left out."""

    section: str
    name: str
    meaning: str
    default: str | None = None
    origin: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that beats the file."""
        return f"DWH_{self.section}_{self.name}"

    @property
    def label(self) -> str:
        return f"[{self.section}] {self.name}"


# What S3 and boto3 take for the name of a bucket, and whatever key behind it.
S3_ADDRESS = re.compile(r"s3://(?P<bucket>[A-Za-z0-9._-]+)(?:/(?P<key>.*))?\Z", re.DOTALL)
# Control characters, and halves of characters: bytes of the environment that are no UTF-8.
_NO_TEXT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")

_WRITTEN = "python -m iac.create_cluster writes it"

HOST = Key("CLUSTER", "HOST", "the cluster's address", origin=_WRITTEN)
DB_NAME = Key("CLUSTER", "DB_NAME", "the database", default="dwh")
DB_USER = Key("CLUSTER", "DB_USER", "the master user", default="dwhuser")
DB_PASSWORD = Key(
    "CLUSTER", "DB_PASSWORD", "the master user's password; left out, AWS makes and keeps one"
)
DB_PORT = Key("CLUSTER", "DB_PORT", "the cluster's port", default="5439")
ROLE_ARN = Key("IAM_ROLE", "ARN", "the role that Redshift assumes to read S3", origin=_WRITTEN)
LOG_DATA = Key("S3", "LOG_DATA", "the prefix of the event logs, s3://bucket/prefix")
LOG_JSONPATH = Key("S3", "LOG_JSONPATH", "the JSONPaths file of the event logs, s3://bucket/key")
SONG_DATA = Key("S3", "SONG_DATA", "the prefix of the song metadata, s3://bucket/prefix")
S3_REGION = Key("S3", "REGION", "the region of the buckets", default="us-west-2")
AWS_REGION = Key("AWS", "REGION", "the region of the cluster", default="us-west-2")
ENDPOINT_URL = Key("AWS", "ENDPOINT_URL", "the AWS APIs' address; left out, AWS itself", default="")
CA_FILE = Key(
    "AWS", "CA_FILE", "CA bundle that the cluster's certificate is verified with", default=""
)
CLUSTER_IDENTIFIER = Key("DWH", "CLUSTER_IDENTIFIER", "the cluster's name", default="sparkify-dwh")
NODE_TYPE = Key("DWH", "NODE_TYPE", "the node type", default="ra3.large")
NUMBER_OF_NODES = Key("DWH", "NUMBER_OF_NODES", "the number of nodes", default="1")
IAM_ROLE_NAME = Key("DWH", "IAM_ROLE_NAME", "the role to create", default="sparkify-redshift-s3")
MAX_ERRORS = Key("ETL", "MAX_ERRORS", "how many bad rows a COPY may skip, 0 to 99999", default="0")
PUBLICLY_ACCESSIBLE = Key(
    "DWH", "PUBLICLY_ACCESSIBLE", "yes: reachable from outside its VPC", default="no"
)

# Without a password everybody logs in with temporary credentials.
DATABASE_KEYS = (HOST, DB_NAME, DB_USER, DB_PORT)
COPY_KEYS = (ROLE_ARN, LOG_DATA, LOG_JSONPATH, SONG_DATA)
ALL_KEYS = (
    *DATABASE_KEYS, DB_PASSWORD, *COPY_KEYS, S3_REGION, AWS_REGION, ENDPOINT_URL, CA_FILE,
    CLUSTER_IDENTIFIER, NODE_TYPE, NUMBER_OF_NODES, IAM_ROLE_NAME, PUBLICLY_ACCESSIBLE,
    MAX_ERRORS,
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What the scripts need to know; an empty string (None for the endpoint) where nothing is set.

    `load` guarantees that the keys a script asked for are not empty.
    """

    path: Path
    host: str
    db_name: str
    db_user: str
    db_password: Secret
    db_port: int
    role_arn: str
    log_data: str
    log_jsonpath: str
    song_data: str
    s3_region: str
    region: str
    endpoint_url: str | None
    ca_file: str
    cluster_identifier: str
    node_type: str
    number_of_nodes: int
    iam_role_name: str
    publicly_accessible: bool
    max_errors: int


def load(
    path: Path,
    required: tuple[Key, ...] = (),
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read `path` and the environment into Settings; every key of `required` must have a value.

    Warns of names that look like those of keys and are none. Raises UsageFault (exit code 2) that
    names section, key, file and environment variable.
    """
    file = _read(path)
    if mistyped := typos.in_file(file, ALL_KEYS):
        warn(f"in {path} {mistyped}")
    if mistyped := typos.in_environment(environ, ALL_KEYS):
        warn(f"in the environment {mistyped}")
    values = {key: _value(key, file, environ) for key in ALL_KEYS}
    missing = [key for key in required if not values[key]]
    if missing:
        raise UsageFault("\n".join(_missing(key, path) for key in missing))
    return Settings(
        path=path,
        host=values[HOST],
        db_name=values[DB_NAME],
        db_user=values[DB_USER],
        db_password=Secret(values[DB_PASSWORD]),
        db_port=_whole_number(DB_PORT, values[DB_PORT]),
        role_arn=values[ROLE_ARN],
        log_data=_s3_address(LOG_DATA, values[LOG_DATA]),
        log_jsonpath=_s3_address(LOG_JSONPATH, values[LOG_JSONPATH]),
        song_data=_s3_address(SONG_DATA, values[SONG_DATA]),
        s3_region=values[S3_REGION],
        region=values[AWS_REGION],
        endpoint_url=values[ENDPOINT_URL] or None,
        ca_file=values[CA_FILE],
        cluster_identifier=values[CLUSTER_IDENTIFIER],
        node_type=values[NODE_TYPE],
        number_of_nodes=_whole_number(NUMBER_OF_NODES, values[NUMBER_OF_NODES]),
        iam_role_name=values[IAM_ROLE_NAME],
        publicly_accessible=_yes_or_no(PUBLICLY_ACCESSIBLE, values[PUBLICLY_ACCESSIBLE]),
        max_errors=_whole_number(MAX_ERRORS, values[MAX_ERRORS], least=0, most=99_999),
    )


def _read(path: Path) -> configparser.ConfigParser:
    # No interpolation: a % in a password means itself.
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageFault(
            f"there is no configuration file {path};"
            f" copy {EXAMPLE_PATH.name} to it, or name another with --config"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageFault(
            f"cannot read the configuration file {path}: {reason.lower()};"
            f" expected a text file in the form of {EXAMPLE_PATH.name}"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageFault(
            f"cannot read the configuration file {path}: expected UTF-8,"
            f" got a byte {error.object[error.start]:#04x} at position {error.start};"
            " save it as UTF-8"
        ) from None
    try:
        parser.read_string(text, source=str(path))
    except configparser.Error as error:
        raise UsageFault(
            f"{path} {_malformed(error)}; {EXAMPLE_PATH.name} shows the form"
        ) from None
    return parser


def _malformed(error: configparser.Error) -> str:
    """Where a file breaks off being a configuration, and how to mend it.

    What stands there is left out: it may be the password.
    """
    if isinstance(error, configparser.MissingSectionHeaderError):
        what = f"a heading like [{HOST.section}], in both brackets, got a line that belongs to none"
        return f"line {error.lineno}: expected {what}"
    if isinstance(error, configparser.DuplicateSectionError):
        what = f"one [{error.section}], got a second; move its lines to the first"
        return f"line {error.lineno}: expected {what}"
    if isinstance(error, configparser.DuplicateOptionError):
        name = f"[{error.section}] {error.option.upper()}"
        return f"line {error.lineno}: expected {name} once, got it again; take one of them out"
    lines = [number for number, _ in getattr(error, "errors", [])]
    where = f"line {lines[0]}: " if lines else "is no configuration: "
    return (
        f"{where}expected KEY = value, got a line that is neither that nor a [SECTION] heading;"
        " correct it or take it out"
    )


def _value(key: Key, file: configparser.ConfigParser, environ: Mapping[str, str]) -> str:
    written = environ.get(key.variable)
    if written is None:
        written = file.get(key.section, key.name, fallback=None)
    value = _unquoted((written or "").strip())
    if (lines := len(value.split("\n"))) > 1:
        raise UsageFault(
            f"{key.label} must be one line, got {lines}: a line that begins with a blank continues"
            " the one above it; begin each key without"
        )
    if _NO_TEXT.search(value):
        raise UsageFault(
            f"{key.label} must be text in UTF-8 without control characters; write it anew"
        )
    return value or key.default or ""


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _missing(key: Key, path: Path) -> str:
    origin = f" ({key.origin})" if key.origin else ""
    return (
        f"{key.label} is missing: expected {key.meaning};"
        f" set it in {path}{origin} or export {key.variable}"
    )


def _whole_number(key: Key, value: str, least: int = 1, most: int = 65_535) -> int:
    # Python refuses to read thousands of digits.
    short = len(value) <= len(str(most))
    if not (short and value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise UsageFault(
            f"{key.label} must be a whole number from {least} to {most}, got {value!r}"
        )
    return int(value)


def _yes_or_no(key: Key, value: str) -> bool:
    states = configparser.ConfigParser.BOOLEAN_STATES
    if value.lower() not in states:
        raise UsageFault(f"{key.label} must be yes or no, got {value!r}")
    return states[value.lower()]


def _s3_address(key: Key, value: str) -> str:
    if value and not S3_ADDRESS.match(value):
        raise UsageFault(f"{key.label} must look like s3://bucket/prefix, got {value!r}")
    return value
