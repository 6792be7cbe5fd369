"""The managed policies of AWS that projects attach to a role for COPY, in the local IAM.

moto has all 1 500 of them, and would read them at every start.
"""

from __future__ import annotations

import json
from typing import Any

_VERSION = "2012-10-17"


def _policy(actions: list[str] | str, resources: list[str] | str = "*") -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {"Version": _VERSION, "Statement": [statement]}


# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
# Of AmazonRedshiftAllCommandsFullAccess the part about S3.
DOCUMENTS = {
    "AdministratorAccess": _policy("*"),
    "AmazonS3FullAccess": _policy(["s3:*", "s3-object-lambda:*"]),
    "AmazonS3ReadOnlyAccess": _policy(
        ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"]
    ),
    "AmazonRedshiftAllCommandsFullAccess": _policy(
        ["s3:GetObject", "s3:GetBucketLocation", "s3:ListBucket", "s3:PutObject"],
        ["arn:aws:s3:::*redshift*", "arn:aws:s3:::*redshift*/*"],
    ),
}


def install(account_id: str) -> None:
    """Have these policies in the local IAM of an account."""
    from moto.iam.models import AWSManagedPolicy, iam_backends

    backend = iam_backends[account_id]["aws"]
    for name, document in DOCUMENTS.items():
        policy = AWSManagedPolicy(  # type: ignore[abstract]
            name, account_id, backend.region_name, path="/", document=json.dumps(document)
        )
        backend.managed_policies[policy.arn] = policy
