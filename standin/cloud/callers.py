"""Are the AWS credentials of a request good? Only keys of the local IAM and STS can be bad.

Any other key, `test` say, is good: the local AWS asks nobody to sign up.
"""

from __future__ import annotations

from datetime import datetime, timezone

# Prefixes of long-term and of temporary keys:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
LONG_TERM, TEMPORARY = "AKIA", "ASIA"
# moto's GetSessionToken hands out this one, which AWS's documentation uses for its examples.
EXAMPLE_KEY = "AKIAIOSFODNN7EXAMPLE"
UNKNOWN = ("InvalidClientTokenId", "The security token included in the request is invalid.")
EXPIRED = ("ExpiredToken", "The security token included in the request is expired")


def refusal(access_key: str) -> tuple[str, str] | None:
    """Code and message with which AWS refuses this key, None where it takes it."""
    if access_key == EXAMPLE_KEY:
        return None
    if access_key.startswith(TEMPORARY):
        return _temporary(access_key)
    if access_key.startswith(LONG_TERM) and not _is_active(access_key):
        return UNKNOWN
    return None


def _temporary(access_key: str) -> tuple[str, str] | None:
    from moto.sts.models import sts_backends

    now = datetime.now(timezone.utc).replace(tzinfo=None)
    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            for role in list(backend.assumed_roles):
                if role.access_key_id == access_key:
                    return EXPIRED if role.expiration <= now else None
    return UNKNOWN


def _is_active(access_key: str) -> bool:
    from moto.iam.models import iam_backends

    keys = (
        backend.access_keys.get(access_key)
        for account in list(iam_backends.values())
        for backend in list(account.values())
    )
    return any(key is not None and key.status == "Active" for key in keys)
