"""What Redshift takes as a new cluster, as data: checked before anything is created.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html
"""

from __future__ import annotations

import re

import settings as keys
from settings import Key, Settings
from terminal import UsageFault

DEFAULT_PORT = 5439

# Smallest and largest number of nodes at creation; None: left to AWS to say.
NODE_TYPES: dict[str, tuple[int, int | None]] = {
    "ra3.large": (1, 16),
    "ra3.xlplus": (1, 32),
    "ra3.4xlarge": (2, None),
    "ra3.16xlarge": (2, None),
    "rg.large": (1, None),
    "rg.xlarge": (1, None),
    "rg.4xlarge": (1, None),
    "rg.12xlarge": (1, None),
}
RETIRED_FAMILIES = ("dc1", "dc2", "ds1", "ds2")

# Ranges that RA3 and RG clusters may listen on.
PORTS = (range(5431, 5456), range(8191, 8216))

_FORMS = (
    (
        keys.CLUSTER_IDENTIFIER,
        # EC2 keeps names that begin with sg- to itself, and the security group's begins with this.
        r"(?=.{1,63}\Z)(?!sg-)[a-z](-?[a-z0-9])*",
        "1 to 63 lower-case letters, digits and single hyphens, a letter first, no hyphen last,"
        " not beginning with sg-",
    ),
    (
        keys.IAM_ROLE_NAME,
        r"[A-Za-z0-9+=,.@_-]{1,64}",
        "1 to 64 letters, digits and +=,.@_-",
    ),
    (
        keys.DB_NAME,
        r"[a-z_][a-z0-9_$]{0,63}",
        "1 to 64 lower-case letters, digits and _$, a letter first",
    ),
    (
        keys.DB_USER,
        r"(?!public\Z)[a-z][a-z0-9_+.@-]{0,127}",
        "1 to 128 lower-case letters, digits and _+.@-, a letter first, not public",
    ),
)

_PASSWORD_RULES = (
    (r".{8,64}", "has 8 to 64 characters"),
    (r".*[A-Z].*", "has an upper-case letter"),
    (r".*[a-z].*", "has a lower-case letter"),
    (r".*[0-9].*", "has a digit"),
    (r"[!-~]*", "has only printable ASCII characters and no space"),
    (r"[^'\"\\/@]*", "has none of ' \" \\ / @"),
)


def check(settings: Settings) -> None:
    """Raise UsageFault that names every setting which Redshift would refuse."""
    problems = [
        *form_problems(settings),
        *node_problems(settings.node_type, settings.number_of_nodes),
        *password_problems(settings.db_password.reveal()),
    ]
    if problems:
        raise UsageFault("\n".join(problems))


def form_problems(settings: Settings) -> list[str]:
    """The names that are not written as AWS wants them."""
    values = {
        keys.CLUSTER_IDENTIFIER: settings.cluster_identifier,
        keys.IAM_ROLE_NAME: settings.iam_role_name,
        keys.DB_NAME: settings.db_name,
        keys.DB_USER: settings.db_user,
    }
    return [
        _expected(key, rule, values[key])
        for key, pattern, rule in _FORMS
        if not re.fullmatch(pattern, values[key])
    ]


def node_problems(node_type: str, number: int) -> list[str]:
    """What is wrong with a node type and a number of nodes; nothing when AWS would take them."""
    if node_type.split(".")[0] in RETIRED_FAMILIES:
        return [
            f"{keys.NODE_TYPE.label}: {node_type} can no longer be created;"
            " ra3.large is the smallest that can"
        ]
    if node_type not in NODE_TYPES:
        return [_expected(keys.NODE_TYPE, "one of " + ", ".join(NODE_TYPES), node_type)]
    least, most = NODE_TYPES[node_type]
    if number < least or (most is not None and number > most):
        span = f"{least} or more" if most is None else f"{least} to {most}"
        return [_expected(keys.NUMBER_OF_NODES, f"{span} for {node_type}", number)]
    return []


def password_problems(password: str) -> list[str]:
    """The rules that a given master password breaks, in words that do not show it."""
    broken = [rule for pattern, rule in _PASSWORD_RULES if not re.fullmatch(pattern, password)]
    if not broken or not password:
        return []
    return [
        f"{keys.DB_PASSWORD.label} is none that Redshift takes: expected one that "
        + " and ".join(broken)
    ]


def port_to_ask_for(configured: int) -> int:
    """The configured port where Redshift may listen on it, else its usual one.

    The configuration holds the port of the last cluster, which need not have been Redshift's own.
    """
    return configured if any(configured in ports for ports in PORTS) else DEFAULT_PORT


def _expected(key: Key, expected: str, got: object) -> str:
    return f"{key.label} must be {expected}; got {got!r}"
