"""What breaks between a person and a load, as one table.

Each is found by cluster_status, which names it and what mends it, and told in one message by the
script that runs into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import boto3
import pytest
from conftest import Call, Project
from premises import (
    ACCOUNT,
    EC2_TRUST,
    allow,
    edit,
    groups,
    loaded,
    lose_secret,
    policy_name,
    set_policy,
    set_state,
)

import create_tables
import etl
import retries
from iac import checks, cluster_status, create_cluster, pause_cluster

CREATE = "python -m iac.create_cluster"


@dataclass(frozen=True)
class Sabotage:
    """A way to break a site on which a load would work; in `found` and so on {0} is its name.

    `check` is the first that fails, none where the configuration cannot be read at all.
    """

    do: Callable[[Project], Any]
    check: str
    found: str
    remedy: str
    script: ModuleType
    says: str
    code: int = 1


def edited(old: str, new: str) -> Callable[[Project], None]:
    return lambda site: edit(site, old.format(site.name), new.format(site.name))


class Environment(dict[str, str]):
    """Variables to set; those with an empty value are taken out."""


def keyed(**variables: str) -> Callable[[Project], Environment]:
    """Other AWS credentials."""
    return lambda site: Environment({f"AWS_{name}": variables[name] for name in variables})


def expired_session(site: Project) -> Environment:
    from moto.sts.models import sts_backends

    answer = site.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{site.name}", RoleSessionName="test"
    )["Credentials"]
    (role,) = [
        one
        for one in sts_backends[ACCOUNT]["aws"].assumed_roles
        if one.access_key_id == answer["AccessKeyId"]
    ]
    role.expiration = role.expiration.replace(year=2000)
    return Environment(
        AWS_ACCESS_KEY_ID=answer["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=answer["SecretAccessKey"],
        AWS_SESSION_TOKEN=answer["SessionToken"],
    )


def role_arn(site: Project) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{site.name}"


def detach(site: Project) -> None:
    site.client("redshift").modify_cluster_iam_roles(
        ClusterIdentifier=site.name, RemoveIamRoles=[role_arn(site)]
    )


def attach_slowly(site: Project) -> None:
    detach(site)
    site.standin.cloud.cluster_delay = 600
    try:
        site.client("redshift").modify_cluster_iam_roles(
            ClusterIdentifier=site.name, AddIamRoles=[role_arn(site)]
        )
    finally:
        site.standin.cloud.cluster_delay = 0


def delete_role(site: Project) -> None:
    iam = site.client("iam")
    iam.delete_role_policy(RoleName=site.name, PolicyName=policy_name(site))
    iam.delete_role(RoleName=site.name)


def list_and_get(site: Project, *get: str) -> list[dict[str, Any]]:
    bucket = f"arn:aws:s3:::{site.bucket}"
    return [allow("s3:ListBucket", bucket), allow("s3:GetObject", *(f"{bucket}/{g}" for g in get))]


def revoke(site: Project) -> None:
    (group,) = groups(site)
    site.client("ec2").revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
    )


def readmit_another(site: Project) -> None:
    (group,) = groups(site)
    revoke(site)
    permission = {**group["IpPermissions"][0], "IpRanges": [{"CidrIp": "203.0.113.7/32"}]}
    site.client("ec2").authorize_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=[permission]
    )


def other_group(site: Project) -> None:
    ec2 = site.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    made = ec2.create_security_group(
        GroupName=f"{site.name}-other", Description="empty", VpcId=vpc["VpcId"]
    )
    site.client("redshift").modify_cluster(
        ClusterIdentifier=site.name, VpcSecurityGroupIds=[made["GroupId"]]
    )


def delete_cluster(site: Project) -> None:
    site.client("redshift").delete_cluster(
        ClusterIdentifier=site.name, SkipFinalClusterSnapshot=True
    )


def want_dc2(site: Project) -> None:
    delete_cluster(site)
    edit(site, "[DWH]", "[DWH]\nNODE_TYPE = dc2.large")


def move_logs_to_ireland(site: Project) -> None:
    bucket = f"{site.bucket}-ireland"
    s3 = site.client("s3", "eu-west-1")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="log_data/a.json", Body=b"{}")
    edit(site, f"LOG_DATA = s3://{site.bucket}", f"LOG_DATA = s3://{bucket}")
    set_policy(site, allow("s3:*", "*"))


def drop_users(site: Project) -> None:
    site.values["CLUSTER"] |= {"HOST": "localhost", "DB_PORT": str(loaded(site).db_port)}
    connection = site.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE users CASCADE")
    connection.close()


DENIED = "S3ServiceException:Access Denied,Status 403,Error AccessDenied"
NOT_AUTHORIZED = "is not authorized to assume IAM Role arn:aws:iam::123456789012:role/{0}"
RENEWS = f"{CREATE} renews the policy from [S3]"

SABOTAGES = {
    "no configuration file": Sabotage(
        lambda site: site.config.unlink(),
        "", "there is no configuration file", "copy dwh.cfg.example to it",
        etl, "there is no configuration file", 2,
    ),
    "an S3 path without s3": Sabotage(
        edited("LOG_DATA = s3://", "LOG_DATA = "),
        "", "[S3] LOG_DATA must look like s3://bucket/prefix", "got '{0}/log_data'",
        etl, "[S3] LOG_DATA must look like s3://bucket/prefix, got '{0}/log_data'", 2,
    ),
    "an endpoint without http": Sabotage(
        edited("ENDPOINT_URL = http://", "ENDPOINT_URL = "),
        "", "[AWS] ENDPOINT_URL must look like http://host:port", "got '127",
        create_cluster, "[AWS] ENDPOINT_URL must look like http://host:port", 2,
    ),
    "weak password": Sabotage(
        edited("Test-Passw0rd", "weak"),
        "configuration", "expected one that has 8 to 64 characters", "correct dwh.cfg",
        create_cluster, "[CLUSTER] DB_PASSWORD is none that Redshift takes", 2,
    ),
    "a cluster name with an underscore": Sabotage(
        edited("CLUSTER_IDENTIFIER = site", "CLUSTER_IDENTIFIER = my_site"),
        "configuration", "[DWH] CLUSTER_IDENTIFIER must be 1 to 63", "correct dwh.cfg",
        create_cluster, "[DWH] CLUSTER_IDENTIFIER must be 1 to 63", 2,
    ),
    "nobody answers": Sabotage(
        edited("ENDPOINT_URL = http://127.0.0.1:", "ENDPOINT_URL = http://127.0.0.1:1#"),
        "credentials", "no answer from http://127.0.0.1:1", "started with python -m standin",
        create_cluster, "no answer from http://127.0.0.1:1",
    ),
    "no credentials": Sabotage(
        keyed(ACCESS_KEY_ID="", SECRET_ACCESS_KEY=""),
        "credentials", "there are no AWS credentials", "aws configure",
        create_cluster, "there are no AWS credentials",
    ),
    "expired credentials": Sabotage(
        expired_session,
        "credentials", "the AWS credentials have expired", "aws sso login",
        create_cluster, "the AWS credentials have expired",
    ),
    "unknown credentials": Sabotage(
        keyed(ACCESS_KEY_ID="AKIAAAAAAAAAAAAAAAAA"),
        "credentials", "AWS does not know these credentials", "check AWS_ACCESS_KEY_ID",
        create_cluster, "AWS does not know these credentials (InvalidClientTokenId)",
    ),
    "a region that is none": Sabotage(
        edited("[AWS]", "[AWS]\nREGION = us-moon-1"),
        "region", "us-moon-1 is no region of Redshift", "set [AWS] REGION",
        pause_cluster, "us-moon-1 is no region of Redshift",
    ),
    "another region": Sabotage(
        edited("[AWS]", "[AWS]\nREGION = eu-west-1"),
        "cluster", "there is no cluster {0} in eu-west-1, but one in us-west-2",
        "set [AWS] REGION = us-west-2",
        pause_cluster, "there is no cluster {0} in eu-west-1",
    ),
    "cluster gone": Sabotage(
        delete_cluster,
        "cluster", "there is no cluster {0} in us-west-2", CREATE,
        create_tables, 'database "{0_}" does not exist',
    ),
    "cluster gone, dc2.large wanted": Sabotage(
        want_dc2,
        "cluster", "dc2.large can no longer be created; ra3.large is the smallest", CREATE,
        create_cluster, "[DWH] NODE_TYPE: dc2.large can no longer be created", 2,
    ),
    "paused": Sabotage(
        lambda site: site.client("redshift").pause_cluster(ClusterIdentifier=site.name),
        "cluster", "{0} is paused", "python -m iac.resume_cluster",
        create_tables,
        'the cluster "{0}" is paused, not available\nnext: resume it: python -m iac.resume_cluster',
    ),
    "still creating": Sabotage(
        lambda site: set_state(site, "creating"),
        "cluster", "{0} is creating", f"{CREATE} waits for it",
        create_tables,
        'the cluster "{0}" is creating, not available\nnext: python -m iac.cluster_status',
    ),
    "broken network": Sabotage(
        lambda site: set_state(site, "incompatible-network"),
        "cluster", "{0} is incompatible-network", "check its VPC and subnets",
        create_cluster, "the cluster {0} is incompatible-network",
    ),
    "config without ARN": Sabotage(
        edited("ARN = arn:aws:iam::123456789012:role/{0}", "ARN ="),
        "role", "dwh.cfg names no [IAM_ROLE] ARN", CREATE,
        etl, "[IAM_ROLE] ARN is missing", 2,
    ),
    "role gone": Sabotage(
        delete_role,
        "role", "there is no role arn:aws:iam::123456789012:role/{0}", CREATE,
        etl, NOT_AUTHORIZED,
    ),
    "trust to ec2": Sabotage(
        lambda site: site.client("iam").update_assume_role_policy(
            RoleName=site.name, PolicyDocument=EC2_TRUST
        ),
        "role", "{0} does not trust redshift.amazonaws.com", CREATE,
        etl, NOT_AUTHORIZED,
    ),
    "role not attached": Sabotage(
        detach,
        "role attached", "{0} is not attached to the cluster", CREATE,
        etl, NOT_AUTHORIZED,
    ),
    "role still being attached": Sabotage(
        attach_slowly,
        "role attached", "{0} is adding", f"{CREATE} waits for it",
        etl, NOT_AUTHORIZED,
    ),
    "no policy at all": Sabotage(
        lambda site: site.client("iam").delete_role_policy(
            RoleName=site.name, PolicyName=policy_name(site)
        ),
        "role reads LOG_DATA", "nothing allows s3:ListBucket on arn:aws:s3:::{0}", RENEWS,
        etl, DENIED,
    ),
    "policy for another prefix": Sabotage(
        lambda site: set_policy(
            site,
            allow(
                "s3:ListBucket",
                f"arn:aws:s3:::{site.bucket}",
                Condition={"StringLike": {"s3:prefix": ["song_data*", "logs*"]}},
            ),
            allow("s3:GetObject", f"arn:aws:s3:::{site.bucket}/*"),
        ),
        "role reads LOG_DATA", "arn:aws:s3:::{0} with the prefix 'log_data'", RENEWS,
        etl, DENIED,
    ),
    "no GetObject on the jsonpaths key": Sabotage(
        lambda site: set_policy(site, *list_and_get(site, "log_data*", "song_data*")),
        "role reads LOG_JSONPATH",
        "nothing allows s3:GetObject on arn:aws:s3:::{0}/log_json_path.json", RENEWS,
        etl, DENIED,
    ),
    "no GetObject on the songs": Sabotage(
        lambda site: set_policy(site, *list_and_get(site, "log_*")),
        "role reads SONG_DATA", "nothing allows s3:GetObject on arn:aws:s3:::{0}/song_data/",
        RENEWS,
        etl, DENIED,
    ),
    "a denial besides": Sabotage(
        lambda site: set_policy(
            site, *list_and_get(site, "*"), {**allow("s3:Get*", "*"), "Effect": "Deny"}
        ),
        "role reads LOG_DATA", "the policy read-sparkify-s3-us-west-2-{0} denies s3:GetObject",
        RENEWS,
        etl, DENIED,
    ),
    "no bucket": Sabotage(
        edited("LOG_DATA = s3://{0}/", "LOG_DATA = s3://{0}-none/"),
        "LOG_DATA", "there is no bucket {0}-none", "correct [S3] LOG_DATA",
        etl, "The specified bucket does not exist,Status 404,Error NoSuchBucket",
    ),
    "no object under the prefix": Sabotage(
        edited("SONG_DATA = s3://{0}/song_data", "SONG_DATA = s3://{0}/song_data/none"),
        "SONG_DATA", "no object's key begins with s3://{0}/song_data/none",
        "correct [S3] SONG_DATA",
        etl, "The specified S3 prefix 'song_data/none' does not exist",
    ),
    "a mistyped prefix": Sabotage(
        edited("LOG_DATA = s3://{0}/log_data", "LOG_DATA = s3://{0}/log_dta"),
        "LOG_DATA", "no object's key begins with s3://{0}/log_dta", "correct [S3] LOG_DATA",
        etl, "next: correct [S3] LOG_DATA in",
    ),
    "a mistyped jsonpaths key": Sabotage(
        edited("LOG_JSONPATH = s3://{0}/log_json", "LOG_JSONPATH = s3://{0}/log_jsn"),
        "LOG_JSONPATH", "there is no object s3://{0}/log_jsn", "correct [S3] LOG_JSONPATH",
        etl, "next: correct [S3] LOG_JSONPATH in",
    ),
    "no jsonpaths file": Sabotage(
        lambda site: site.clear("log_json_path.json"),
        "LOG_JSONPATH", "there is no object s3://{0}/log_json_path.json",
        "correct [S3] LOG_JSONPATH",
        etl, "s3://{0}/log_json_path.json",
    ),
    "bucket in another region": Sabotage(
        move_logs_to_ireland,
        "LOG_DATA", "the bucket {0}-ireland is in eu-west-1, [S3] REGION says us-west-2",
        "set [S3] REGION = eu-west-1",
        etl, "must be addressed using the specified endpoint",
    ),
    "secret gone": Sabotage(
        lose_secret,
        "master password", "the secret with the master password is gone", CREATE,
        create_cluster, "its secret was gone: AWS made a new password", 0,
    ),
    "config without HOST": Sabotage(
        edited("HOST = localhost", "HOST ="),
        "endpoint", "dwh.cfg names no [CLUSTER] HOST", CREATE,
        create_tables, "[CLUSTER] HOST is missing", 2,
    ),
    "another host": Sabotage(
        edited("HOST = localhost", "HOST = cluster.invalid"),
        "endpoint", "the configuration says cluster.invalid:", CREATE,
        create_tables, "cannot log in to cluster.invalid:",
    ),
    "another port": Sabotage(
        edited("DB_PORT = ", "DB_PORT = 1\n#"),
        "endpoint", "the configuration says localhost:1", CREATE,
        create_tables, "cannot log in to localhost:1 as dwhuser: Connection refused",
    ),
    "group without the address": Sabotage(
        readmit_another,
        "security group", "({0}-access) lets 127.0.0.1 in on port", f"{CREATE} lets this address",
        create_tables, 'no security group of the cluster "{0}" lets 127.0.0.1 in',
    ),
    "group without any rule": Sabotage(
        revoke,
        "security group", "({0}-access) lets 127.0.0.1 in on port", f"{CREATE} lets this address",
        etl, 'no security group of the cluster "{0}" lets 127.0.0.1 in',
    ),
    "another group": Sabotage(
        other_group,
        "security group", "({0}-other) lets 127.0.0.1 in on port", f"{CREATE} lets this address",
        create_tables, 'no security group of the cluster "{0}" lets 127.0.0.1 in',
    ),
    "another certificate authority": Sabotage(
        edited("CA_FILE = ", "CA_FILE =\n#"),
        "TLS", "the server's certificate is not verified: ", "check [CLUSTER] HOST and [AWS] CA",
        create_tables, "certificate verify failed",
    ),
    "no such CA file": Sabotage(
        edited("CA_FILE = ", "CA_FILE = /nowhere"),
        "TLS", "there is no file /nowhere", "check [AWS] CA_FILE",
        create_tables, "/nowhere",
    ),
    "wrong password": Sabotage(
        edited("Test-Passw0rd", "Wrong-Passw0rd"),
        "login", 'password authentication failed for user "dwhuser"', "check [CLUSTER] DB_USER",
        create_tables, 'password authentication failed for user "dwhuser"',
    ),
    "wrong user": Sabotage(
        edited("DB_USER = dwhuser", "DB_USER = ann"),
        "login", 'password authentication failed for user "ann"', "check [CLUSTER] DB_USER",
        create_tables, 'password authentication failed for user "ann"',
    ),
    "wrong database": Sabotage(
        edited("DB_NAME = site", "DB_NAME = no_site"),
        "login", "does not exist", "check [CLUSTER] DB_NAME",
        create_tables, 'database "no_{0_}" does not exist',
    ),
    "a table dropped": Sabotage(
        drop_users,
        "tables", "missing: users", "python create_tables.py",
        etl, 'relation "users" does not exist',
    ),
}  # fmt: skip


@pytest.fixture
def ready(site: Project, call: Call, capsys: pytest.CaptureFixture[str]) -> Project:
    """A site on which a load would work."""
    assert call(create_cluster, "-q") == 0
    capsys.readouterr()
    return site


# One of nine is tried always, every one with --long.
TRIED = [
    pytest.param(sabotage, id=name, marks=[pytest.mark.long] if number % 9 else [])
    for number, (name, sabotage) in enumerate(SABOTAGES.items())
]


@pytest.mark.parametrize("sabotage", TRIED)
def test_sabotage_is_found_and_told(
    ready: Project,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sabotage: Sabotage,
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0)
    if sabotage.script is etl:
        assert call(create_tables, "-q") == 0
    environ = sabotage.do(ready)
    if isinstance(environ, Environment):
        # The session that boto3 shares has found its credentials long ago.
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in environ.items():
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)

    def text(template: str) -> str:
        return template.replace("{0_}", ready.name.replace("-", "_")).replace("{0}", ready.name)

    code = call(cluster_status, "--json", "-q")
    out, err = map(ready.without_config, capsys.readouterr())
    if sabotage.check:
        assert code == 1
        answer = json.loads(out)
        failed = [one for one in answer["checks"] if one["state"] == checks.FAILED]
        assert failed[0]["check"] == sabotage.check, failed
        assert text(sabotage.found) in failed[0]["found"]
        assert text(sabotage.remedy) in failed[0]["remedy"]
        assert answer["ready"] is False
    else:
        assert code == 2
        assert text(sabotage.found) in err and text(sabotage.remedy) in err

    if sabotage.script is etl:
        # libpq's cancelling holds Python's lock, which the stand-in in this process needs.
        done = ready.run("etl.py")
        code, said = done.returncode, done.stderr
    else:
        code, said = call(sabotage.script), capsys.readouterr().err
    assert text(sabotage.says) in ready.without_config(said)
    assert code == sabotage.code
    assert len(re.findall("^error: ", said, re.MULTILINE)) == (1 if sabotage.code else 0), said
    assert "unexpected" not in said


def test_a_site_that_nobody_broke_is_ready(
    ready: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(cluster_status, "--json", "-q") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ready"] is True
    assert {one["state"] for one in answer["checks"]} == {"ok"}
    assert [one["remedy"] for one in answer["checks"] if one["remedy"]] == []
