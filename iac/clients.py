"""boto3 clients for one configuration, and what their errors mean to the person at the terminal.

boto3 is imported when the first client is made: `--help` and a wrong flag need not wait for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from settings import AWS_REGION, ENDPOINT_URL, S3_REGION, Settings
from terminal import Fault, UsageFault


@dataclass(frozen=True)
class Account:
    """Who the credentials belong to."""

    number: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, or `aws-cn`, `aws-us-gov`: the second part of every ARN."""
        return self.arn.split(":")[1]

    @property
    def user(self) -> str:
        """The caller without the account: user/jane, assumed-role/admin/jane."""
        return self.arn.split(":", 5)[5]


class Aws:
    """The AWS APIs at the endpoint and in the region of `settings`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        address = settings.endpoint_url
        if address is not None and not _is_address(address):
            raise UsageFault(
                f"{ENDPOINT_URL.label} must look like http://host:port, got {address!r}"
            )

    @cached_property
    def redshift(self) -> Any:
        self.check_region()
        return self._client("redshift")

    def check_region(self) -> None:
        """Fault when the configured region is none; its name alone would be asked for an answer."""
        name = self.settings.region
        if not _is_region(name):
            raise Fault(
                f"{name} is no region of Redshift\n"
                f"next: set {AWS_REGION.label}, us-west-2 say; a region newer than boto3 needs its"
                " update"
            )

    @cached_property
    def iam(self) -> Any:
        return self._client("iam")

    @cached_property
    def ec2(self) -> Any:
        return self._client("ec2")

    @cached_property
    def secretsmanager(self) -> Any:
        return self._client("secretsmanager")

    @cached_property
    def s3(self) -> Any:
        return self._client("s3", self.settings.s3_region)

    @cached_property
    def account(self) -> Account:
        """The account of the credentials, asked of STS: the first call that can be refused."""
        identity = self._client("sts").get_caller_identity()
        return Account(identity["Account"], identity["Arn"])

    def in_region(self, region: str) -> Any:
        """The Redshift API of another region."""
        return self._client("redshift", region)

    def _client(self, service: str, region: str | None = None) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            region_name=region or self.settings.region,
            endpoint_url=self.settings.endpoint_url,
            config=Config(retries={"mode": "standard"}, connect_timeout=10, read_timeout=60),
        )


@cache
def _is_region(name: str) -> bool:
    import boto3

    session = boto3.session.Session()
    return any(
        name in session.get_available_regions("redshift", partition)
        for partition in session.get_available_partitions()
    )


def _is_address(text: str) -> bool:
    """Whether it is a whole http or https address; a comment behind it is part of a value."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return is_whole and not re.search(r"\s", text)


# Classes of botocore's exceptions that stand for an answer that did not come.
_NO_ANSWER = ("ConnectionError", "HTTPClientError")
_TOO_OFTEN = r"Throttl|RequestLimitExceeded"

_CONFIGURE = "aws configure, or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_NETWORK = "check [AWS] REGION ({region}), the network and HTTPS_PROXY"

# An exception of botocore, by the name of its class or of one it derives from -> cause, next step,
# the same where [AWS] ENDPOINT_URL is set and the local AWS may be meant.
_FAILURES = (
    (
        ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        "there are no AWS credentials",
        _CONFIGURE,
        f"{_CONFIGURE}; for the local AWS paste the lines that it prints",
    ),
    (
        ("SSOError", "TokenRetrievalError"),
        "the sign-in is over: {error}",
        "aws sso login",
        "aws sso login",
    ),
    (
        ("ProfileNotFound",),
        "{error}",
        "check AWS_PROFILE and ~/.aws/config",
        "check AWS_PROFILE and ~/.aws/config",
    ),
    (
        ("InvalidRegionError",),
        "{no_region!r} is no region",
        "set {region_key} to one, us-west-2 say",
        "set {region_key} to one, us-west-2 say",
    ),
    (
        _NO_ANSWER,
        "no answer from {address}: {error}",
        _NETWORK,
        "the local AWS is started with python -m standin; for AWS take [AWS] ENDPOINT_URL out"
        f" of {{path}} and DWH_AWS_ENDPOINT_URL out of the environment, {_NETWORK}",
    ),
    (
        ("ResponseParserError",),
        "what listens at {address} does not answer as AWS does",
        _NETWORK,
        "check [AWS] ENDPOINT_URL and REGION ({region}) in {path}",
    ),
)

_RENEW = "renew them: aws sso login, aws configure or a new AWS_SESSION_TOKEN"

# A code that AWS refuses a request with -> cause, next step.
_REFUSALS = (
    (r"Expired", "the AWS credentials have expired", _RENEW),
    (
        r"InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure"
        r"|InvalidAccessKeyId|IncompleteSignature",
        "AWS does not know these credentials ({code})",
        "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; then the clock",
    ),
    (
        r"AccessDenied|UnauthorizedOperation|AuthorizationError",
        "these credentials may not {action}: {message}",
        "have an administrator allow {action}, or use other credentials",
    ),
    (
        r"ClusterNotFound",
        "there is no such cluster in {region}: {message}",
        "python -m iac.create_cluster makes it; or check [DWH] CLUSTER_IDENTIFIER and [AWS] REGION",
    ),
    (
        r"NoSuchBucket",
        "there is no such bucket: {message}",
        "check the address; the local AWS makes a bucket of a folder, even an empty one, with"
        " --s3 BUCKET=FOLDER",
    ),
    (
        r"NoSuchUpload",
        "another run has taken over what this one was writing: {message}",
        "run the same command again when that has ended",
    ),
    (r"OptInRequired|RegionDisabled", "{message}", "enable the region or change [AWS] REGION"),
    (r"QuotaExceeded", "{message}", "delete what is not needed or ask AWS for a higher quota"),
    (
        r"InsufficientClusterCapacity",
        "AWS has no such nodes free now: {message}",
        "try again later, or take another [DWH] NODE_TYPE or [AWS] REGION",
    ),
    (
        r"InvalidClusterState",
        "the cluster is busy with something else: {message}",
        "python -m iac.cluster_status shows its state; then run the same command again",
    ),
    (_TOO_OFTEN, "AWS is asked too often: {message}", "try again later"),
)


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turn what boto3 raises in the block into a Fault with cause and next step."""
    try:
        yield
    except Fault:
        raise
    except Exception as error:
        message = explain(error, settings)
        if message is None:
            raise
        raise Fault(message) from error


@contextmanager
def accepting(*codes: str) -> Iterator[None]:
    """End the block where AWS refuses a request of it with one of these codes."""
    try:
        yield
    except Exception as error:
        if "ClientError" not in _classes(error) or code(error) not in codes:
            raise


def explain(error: Exception, settings: Settings) -> str | None:
    """Cause and next step of an error of botocore, None for any other exception."""
    classes = _classes(error)
    if "ClientError" in classes:
        return _refusal(error, settings.region)
    said = getattr(error, "kwargs", {})
    no_region = said.get("region_name", settings.region)
    for names, cause, on_aws, on_local in _FAILURES:
        if not classes.isdisjoint(names):
            step = on_local if settings.endpoint_url else on_aws
            return f"{cause}\nnext: {step}".format(
                error=error,
                address=settings.endpoint_url or said.get("endpoint_url"),
                region=settings.region,
                no_region=no_region,
                region_key=(AWS_REGION if no_region == settings.region else S3_REGION).label,
                path=settings.path,
            )
    return str(error) if classes else None


def is_passing(error: Exception) -> bool:
    """Whether the same request, sent later, may well be answered."""
    classes = _classes(error)
    if "ClientError" in classes:
        return re.search(_TOO_OFTEN, code(error)) is not None
    return not classes.isdisjoint(_NO_ANSWER)


def code(error: Any) -> str:
    """What AWS calls the reason of its refusal."""
    return str(error.response["Error"].get("Code", ""))


def _classes(error: Exception) -> set[str]:
    """The classes of an exception that are botocore's, by name."""
    return {kind.__name__ for kind in type(error).__mro__ if "botocore" in kind.__module__}


def _refusal(error: Any, region: str) -> str:
    refused_with = code(error)
    message = str(error.response["Error"].get("Message", "")).strip().rstrip(".")
    named = re.search(r"perform:? ([\w-]+:\w+)", message)
    action = named.group(1) if named else error.operation_name
    for pattern, cause, step in _REFUSALS:
        if re.search(pattern, refused_with):
            return f"{cause}\nnext: {step}".format(
                code=refused_with, message=message, action=action, region=region
            )
    return f"AWS refused {error.operation_name}: {refused_with}: {message}"
