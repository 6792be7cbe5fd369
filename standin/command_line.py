"""The command line of python -m standin."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from standin.sample_files import add_flags

PG_PORT, AWS_PORT = 5439, 4566
# On AWS it takes minutes.
CLUSTER_SECONDS = 1.0
EXAMPLES = """\
examples:
  python -m standin                                     run until Ctrl-C
  python -m standin -- python -m iac.create_cluster     run a command inside, exit with its status
  python -m standin --pg-port 0 --aws-port 0 -- pytest  likewise on any free ports
  python -m standin --s3 udacity-dend=./data            serve your own files as that bucket
  python -m standin --songs 14896                       as many song files as the public set has
"""


def split_command(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The stand-in's own arguments, and the command after the first `--`."""
    if "--" not in arguments:
        return arguments, []
    middle = arguments.index("--")
    return arguments[:middle], arguments[middle + 1 :]


def parse(own: list[str]) -> argparse.Namespace:
    """The options; what cannot be meant ends with status 2."""
    parser = make_parser()
    options, rest = parser.parse_known_args(own)
    if rest:
        hint = "" if rest[0].startswith("-") else "; a command to run inside comes after --"
        parser.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
    if options.pg_port == options.aws_port != 0:
        parser.error(f"expected two ports, got {options.pg_port} for --pg-port and --aws-port")
    names = [bucket for bucket, _ in options.s3]
    if len(set(names)) < len(names):
        parser.error(f"expected each bucket of --s3 once, got {', '.join(names)}")
    return options


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m standin",
        usage="%(prog)s [options] [-- COMMAND ...]",
        description="A local AWS (S3, IAM, STS, EC2, Redshift API) and a local Amazon Redshift. "
        "With a COMMAND, runs it inside (environment set) and exits with its status.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listening = parser.add_argument_group("where it listens (127.0.0.1 only)")
    listening.add_argument(
        "--pg-port", type=_port, default=PG_PORT, metavar="N", help=f"Redshift; default {PG_PORT}"
    )
    listening.add_argument(
        "--aws-port", type=_port, default=AWS_PORT, metavar="N", help=f"AWS; default {AWS_PORT}"
    )
    listening.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="written when everything accepts connections: JSON with endpoint_url, host, port, "
        "ca_file; removed at the end",
    )
    parser.add_argument(
        "--cluster-seconds",
        type=_seconds,
        default=CLUSTER_SECONDS,
        metavar="S",
        help="how long a cluster takes to be created, paused, deleted; "
        f"default {CLUSTER_SECONDS:g}",
    )
    data = parser.add_argument_group("what its S3 holds")
    data.add_argument(
        "--s3",
        type=_bucket_folder,
        action="append",
        default=[],
        metavar="BUCKET=FOLDER",
        help="serve a folder as a bucket, read only; may be repeated",
    )
    add_flags(data)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d*)?", text):
        raise argparse.ArgumentTypeError(f"expected seconds from 0, got {text!r}")
    return float(text)


def _bucket_folder(text: str) -> tuple[str, Path]:
    """A bucket name by S3's rules and a folder that exists."""
    bucket, equals, folder = text.partition("=")
    if not equals or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise argparse.ArgumentTypeError(
            f"expected BUCKET=FOLDER with a bucket name of 3 to 63 small letters, digits, "
            f"dots and hyphens, got {text!r}"
        )
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder that exists, got {folder!r}")
    if not os.access(path, os.R_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"expected a folder that can be read, got {folder!r}")
    return bucket, path.resolve()
