"""What is worth trying again, how often, and how that is told: a line for each retry.

Wrong passwords, missing tables and denied access are not: they stay wrong.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import psycopg2
import tenacity

from terminal import Fault

ATTEMPTS = 4
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 8.0

# A name that is not known yet (a new cluster's takes a while), a server on its way up.
_CONNECT = re.compile(
    r"could not translate host name|Name or service not known|nodename nor servname"
    r"|Temporary failure in name resolution|the database system is (starting up|in recovery)"
    r"|server closed the connection unexpectedly"
)
# SQLSTATEs: lost connections (class 08), shutdown (57P01..3), conflicts (40001, 40P01).
_STATES = re.compile(r"08...|57P0[1-3]|40001|40P01")
# Redshift gives its conflicts no SQLSTATE of their own: 1023 serializable isolation violation,
# 1018 relation created after the transaction's snapshot.
# https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
_STATEMENT = re.compile(
    r"^(ERROR:\s+)?(1023|1018)\b|Serializable isolation violation|dropped by concurrent transaction"
    r"|conflict with concurrent transaction|concurrent transaction conflict"
    r"|server closed the connection|connection already closed|SSL connection has been closed"
    r"|SSL SYSCALL error|could not (receive|send) data|EOF detected|terminating connection"
)


class TransientFault(Fault):
    """A failure that the same work, done again, may well not meet."""


def is_worth_another_login(error: BaseException) -> bool:
    return isinstance(error, psycopg2.OperationalError) and bool(_CONNECT.search(str(error)))


def is_transient(error: psycopg2.Error) -> bool:
    """Whether the work that `error` ended was lost to the connection or to another transaction."""
    return bool(_STATES.fullmatch(error.pgcode or "") or _STATEMENT.search(str(error)))


def retrying(worth_it: Callable[[BaseException], bool]) -> tenacity.Retrying:
    """Attempts of a block, with exponential back-off, while it fails in a way that is `worth_it`.

    The last failure is raised as it is.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(worth_it),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
        before_sleep=_tell,
        reraise=True,
    )


def _tell(state: tenacity.RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    cause = (str(failure).strip().splitlines() or [type(failure).__name__])[0]
    pause = state.next_action.sleep if state.next_action else 0.0
    print(
        f"retry {state.attempt_number} of {ATTEMPTS - 1} in {pause:g} s: {cause}",
        file=sys.stderr,
        flush=True,
    )
