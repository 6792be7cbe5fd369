"""May the keys that a COPY brings itself read S3? The local IAM and STS know which there are.

https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html
"""

from __future__ import annotations

import hmac

from standin.cloud.objects import LISTING, s3_error
from standin.copy.option_reader import AccessKeys
from standin.sqlerror import SqlError

# The stand-in's own: what it gives its child processes, good for every bucket.
TEST_KEYS = AccessKeys("test", "test")


def check_access_keys(keys: AccessKeys, context: str) -> None:
    """Raise S3's own error for keys that nobody made, or whose secret is another one."""
    secret = _secret(keys)
    if secret is None:
        raise _refused(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            context,
        )
    if not hmac.compare_digest(secret.encode(), keys.secret.encode()):
        raise _refused(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            context,
        )


def _secret(keys: AccessKeys) -> str | None:
    """The secret of this key id; None when there is no such key, or its token is another one."""
    if keys.key_id == TEST_KEYS.key_id:
        return TEST_KEYS.secret
    return _temporary_secret(keys) if keys.token else _lasting_secret(keys.key_id)


def _lasting_secret(key_id: str) -> str | None:
    from moto.iam.models import iam_backends

    for account in iam_backends.values():
        for user in account["aws"].users.values():
            for key in user.access_keys:
                if key.access_key_id == key_id and key.status == "Active":
                    return str(key.secret_access_key)
    return None


def _temporary_secret(keys: AccessKeys) -> str | None:
    from moto.sts.models import sts_backends

    for account in sts_backends.values():
        for role in account["aws"].assumed_roles:
            if role.access_key_id == keys.key_id and role.session_token == keys.token:
                return str(role.secret_access_key)
    return None


def _refused(code: str, message: str, context: str) -> SqlError:
    return s3_error(code, 403, message, context=context, location=LISTING)
