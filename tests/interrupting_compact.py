"""Run compact.py and press Ctrl-C at a chosen request to S3.

    python -m tests.interrupting_compact OPERATION NUMBER [FLAGS OF compact.py]

boto3 is the real one; its own events count the requests. Ctrl-C comes just before request NUMBER of
an operation is sent, counted from 0.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import Any

import boto3

import compact
import terminal


def main() -> int:
    operation, number, *flags = sys.argv[1:]
    numbers = itertools.count()

    def strike(**_: Any) -> None:
        if next(numbers) == int(number):
            os.kill(os.getpid(), signal.SIGINT)

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register(f"before-call.s3.{operation}", strike)
    return terminal.run(compact.main, flags)


if __name__ == "__main__":
    raise SystemExit(main())
