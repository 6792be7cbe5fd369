"""Who lets COPY read and UNLOAD write: every form of authorization, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import Project, module_project

from standin import Standin

WRITE = ["s3:PutObject", "s3:ListBucket"]
READ = ["s3:GetObject", "s3:ListBucket"]


def trust(principal: object, action: str = "sts:AssumeRole", **condition: object) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(project: Project, name: str, document: str, *actions: str) -> str:
    """A role `authorization-name`, its trust policy, and what it may do."""
    iam = project.client("iam")
    full_name = f"{project.name}-{name}"
    role = iam.create_role(RoleName=full_name, AssumeRolePolicyDocument=document)
    if actions:
        allow(project, full_name, *actions)
    return str(role["Role"]["Arn"])


def allow(
    project: Project, role: str, *actions: str, resource: object = "*", name: str = "s3"
) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    project.client("iam").put_role_policy(
        RoleName=role,
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def chained_roles(project: Project, role: str) -> dict[str, str]:
    """The ARNs of roles that `role` may assume, or may not, and what each is good for."""
    mine = {"AWS": role}
    partition = make_role(project, "partition", trust(mine), "s3:ListBucket")
    objects = [f"arn:aws:s3:::{project.bucket}/parts/{part}" for part in ("manifest", "k=1/*")]
    allow(project, f"{project.name}-partition", "s3:PutObject", resource=objects, name="put")
    return {
        "trusting": make_role(project, "trusting", trust(mine), *READ, *WRITE),
        "reading": make_role(project, "reading", trust(mine), *READ),
        "writing": make_role(project, "writing", trust(mine), *WRITE),
        "partition": partition,
        "strange": make_role(
            project, "strange", trust({"AWS": "arn:aws:iam::123456789012:role/x"}), *READ
        ),
        "account": make_role(
            project, "account", trust({"AWS": "arn:aws:iam::123456789012:root"}), *READ, *WRITE
        ),
        "star": make_role(project, "star", trust({"AWS": "*"}), *READ, *WRITE),
        "anybody": make_role(project, "anybody", trust("*"), *READ, *WRITE),
        "tagging": make_role(project, "tagging", trust(mine, "sts:TagSession"), *READ, *WRITE),
        "hers": make_role(
            project,
            "hers",
            trust(
                mine,
                Condition={
                    "StringEquals": {
                        "sts:ExternalId": "arn:aws:redshift:us-west-2:123456789012:dbuser:"
                        f"{project.name}/ann"
                    }
                },
            ),
            *READ,
            *WRITE,
        ),
    }


@pytest.fixture(scope="module")
def project(standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return module_project(standin, tmp_path_factory, "authorization")


@pytest.fixture(scope="module")
def values(project: Project) -> dict[str, str]:
    """What the statements below name: roles and keys of all kinds."""
    iam, sts = project.client("iam"), project.client("sts")
    role = project.values["IAM_ROLE"]["ARN"]
    allow(project, project.name, "s3:PutObject")
    iam.create_user(UserName=project.name)
    lasting = iam.create_access_key(UserName=project.name)["AccessKey"]
    retired = iam.create_access_key(UserName=project.name)["AccessKey"]
    iam.update_access_key(
        UserName=project.name, AccessKeyId=retired["AccessKeyId"], Status="Inactive"
    )
    temporary = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    project.client("redshift").modify_cluster_iam_roles(
        ClusterIdentifier=project.name, DefaultIamRoleArn=role
    )
    return {
        "role": role,
        **chained_roles(project, role),
        "key": lasting["AccessKeyId"],
        "secret": lasting["SecretAccessKey"],
        "retired": retired["AccessKeyId"],
        "retired_secret": retired["SecretAccessKey"],
        "temporary": temporary["AccessKeyId"],
        "temporary_secret": temporary["SecretAccessKey"],
        "token": temporary["SessionToken"],
    }


@pytest.fixture(scope="module")
def connection(project: Project) -> Iterator[Any]:
    with closing(project.connect()) as made:
        made.autocommit = True
        yield made


ACCEPTED = {
    "role": "IAM_ROLE '{role}'",
    "default role": "IAM_ROLE default",
    "chained roles": "IAM_ROLE '{role},{trusting}'",
    "a role that trusts the account": "IAM_ROLE '{role},{account}'",
    "a role that trusts every account": "IAM_ROLE '{role},{star}'",
    "a role that trusts anybody": "IAM_ROLE '{role},{anybody}'",
    "role in credentials": "CREDENTIALS 'aws_iam_role={role}'",
    "chained roles in credentials": "WITH CREDENTIALS AS 'aws_iam_role={role},{trusting}'",
    "keys": "ACCESS_KEY_ID '{key}' SECRET_ACCESS_KEY '{secret}'",
    "keys in credentials": "CREDENTIALS 'aws_access_key_id={key};aws_secret_access_key={secret}'",
    "temporary keys": (
        "ACCESS_KEY_ID '{temporary}' SECRET_ACCESS_KEY '{temporary_secret}' SESSION_TOKEN '{token}'"
    ),
    "temporary keys in credentials": (
        "CREDENTIALS 'aws_access_key_id={temporary};aws_secret_access_key={temporary_secret};"
        "token={token}'"
    ),
}


@pytest.mark.parametrize("form", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(project: Project, connection: Any, values: dict[str, str], form: str) -> None:
    authorization = form.format(**values)
    target = f"'s3://{project.bucket}/out/'"
    with connection.cursor() as cursor:
        cursor.execute(f"UNLOAD ('SELECT 7 AS a') TO {target} {authorization} ALLOWOVERWRITE")
        cursor.execute("CREATE TEMP TABLE t (a INTEGER)")
        cursor.execute(f"COPY t FROM {target} {authorization}")
        cursor.execute("SELECT a FROM t")
        assert cursor.fetchall() == [(7,)]
        cursor.execute("DROP TABLE t")


NOT_AUTHORIZED = "is not authorized to assume IAM Role"
DENIED = "S3ServiceException:Access Denied,Status 403,Error AccessDenied,"
# What is refused for both, for COPY alone, for UNLOAD alone, and why.
REFUSED = {
    "a role that does not trust": ("IAM_ROLE '{role},{strange}'", "both", NOT_AUTHORIZED),
    "a role that lets tag sessions alone": ("IAM_ROLE '{role},{tagging}'", "both", NOT_AUTHORIZED),
    "a role for another user of the database": (
        "IAM_ROLE '{role},{hers}'",
        "both",
        NOT_AUTHORIZED,
    ),
    "another region": ("IAM_ROLE '{role}' REGION 'eu-west-1'", "both", "Error PermanentRedirect"),
    "a role that is not attached": ("IAM_ROLE '{trusting}'", "both", NOT_AUTHORIZED),
    "a role that may read only": ("IAM_ROLE '{role},{reading}'", "unload", DENIED),
    "a role that may write only": ("IAM_ROLE '{role},{writing}'", "copy", DENIED),
    "keys that are inactive": (
        "ACCESS_KEY_ID '{retired}' SECRET_ACCESS_KEY '{retired_secret}'",
        "both",
        "Error InvalidAccessKeyId",
    ),
    "another secret": (
        "CREDENTIALS 'aws_access_key_id={key};aws_secret_access_key={retired_secret}'",
        "both",
        "Error SignatureDoesNotMatch",
    ),
    "temporary keys without their token": (
        "ACCESS_KEY_ID '{temporary}' SECRET_ACCESS_KEY '{temporary_secret}'",
        "both",
        "Error InvalidAccessKeyId",
    ),
    "temporary keys with another token": (
        "ACCESS_KEY_ID '{temporary}' SECRET_ACCESS_KEY '{temporary_secret}' SESSION_TOKEN 'x'",
        "both",
        "Error InvalidAccessKeyId",
    ),
    "nobody": ("", "both", "Invalid credentials. Must be of the format"),
}


@pytest.mark.parametrize(("form", "statements", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(
    project: Project,
    connection: Any,
    values: dict[str, str],
    form: str,
    statements: str,
    message: str,
) -> None:
    authorization = form.format(**values)
    project.put("in/1", "7")
    refusals = {"copy": None, "unload": None}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS u (a INTEGER)")
        for name, sql in {
            "copy": f"COPY u FROM 's3://{project.bucket}/in/' {authorization}",
            "unload": f"UNLOAD ('SELECT 7') TO 's3://{project.bucket}/no/' {authorization}",
        }.items():
            try:
                cursor.execute(sql)
            except psycopg2.Error as error:
                refusals[name] = error.diag.message_primary
    for name, refusal in refusals.items():
        assert (refusal is not None) == (statements in (name, "both")), (name, refusal)
        assert refusal is None or message in refusal
    project.clear("no/")


def test_no_default_role(project: Project, connection: Any, values: dict[str, str]) -> None:
    redshift = project.client("redshift")
    redshift.modify_cluster_iam_roles(
        ClusterIdentifier=project.name, RemoveIamRoles=[values["role"]]
    )
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.InternalError) as caught:
            cursor.execute(f"UNLOAD ('SELECT 7') TO 's3://{project.bucket}/no/' IAM_ROLE default")
        assert f"{NOT_AUTHORIZED} default" in str(caught.value)
    finally:
        redshift.modify_cluster_iam_roles(
            ClusterIdentifier=project.name,
            AddIamRoles=[values["role"]],
            DefaultIamRoleArn=values["role"],
        )


def test_what_a_role_may_write_is_asked_for_every_object(
    project: Project, connection: Any, values: dict[str, str]
) -> None:
    """One partition of two may be written, and nothing may be deleted: then nothing happens."""
    authorization = f"IAM_ROLE '{values['role']},{values['partition']}'"
    target = f"TO 's3://{project.bucket}/parts/' {authorization}"
    project.put("parts/k=1/old", "old")
    with connection.cursor() as cursor:
        for sql in (
            "UNLOAD ('SELECT 7 AS a, 1 AS k UNION ALL SELECT 8, 2') "
            f"{target} PARTITION BY (k) ALLOWOVERWRITE",
            f"UNLOAD ('SELECT 7 AS a, 1 AS k') {target} PARTITION BY (k) CLEANPATH",
        ):
            with pytest.raises(psycopg2.InternalError, match=DENIED):
                cursor.execute(sql)
            assert keys(project, "parts/") == ["parts/k=1/old"]
        cursor.execute(f"UNLOAD ('SELECT 7 AS a, 1 AS k') {target} PARTITION BY (k) ALLOWOVERWRITE")
    assert keys(project, "parts/") == ["parts/k=1/0000_part_00", "parts/k=1/old"]


def keys(project: Project, prefix: str) -> list[str]:
    listing = project.client("s3").list_objects_v2(Bucket=project.bucket, Prefix=prefix)
    return [item["Key"] for item in listing["Contents"]]
