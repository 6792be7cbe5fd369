"""What tests of the cluster's life share: looks at a site, and changes behind its back."""

from __future__ import annotations

import json
from typing import Any

from conftest import PASSWORD, Project

import settings
from iac import policy

ACCOUNT = "123456789012"
EC2_TRUST = json.dumps(policy.trust()).replace("redshift", "ec2")


def loaded(site: Project) -> settings.Settings:
    return settings.load(site.config, environ={})


def described(site: Project) -> dict[str, Any]:
    answer = site.client("redshift").describe_clusters(ClusterIdentifier=site.name)
    return answer["Clusters"][0]


def groups(site: Project) -> list[dict[str, Any]]:
    answer = site.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [f"{site.name}-access"]}]
    )
    return answer["SecurityGroups"]


def exists(site: Project) -> tuple[bool, bool, bool]:
    """Whether the cluster is there, whether the role is, and whether the security group is."""
    redshift, iam = site.client("redshift"), site.client("iam")
    # Page by page: the tests share an account, which comes to hold more than one page's roles.
    names = [
        found["ClusterIdentifier"]
        for page in redshift.get_paginator("describe_clusters").paginate()
        for found in page["Clusters"]
    ]
    roles = [
        found["RoleName"]
        for page in iam.get_paginator("list_roles").paginate()
        for found in page["Roles"]
    ]
    return site.name in names, site.name in roles, bool(groups(site))


NOTHING = (False, False, False)
EVERYTHING = (True, True, True)


def make_cluster(site: Project, **more: Any) -> None:
    """The site's cluster without all else that iac.create_cluster makes; its tags as there."""
    names = {"project": "sparkify", "cluster": site.name, "created-by": "iac.create_cluster"}
    site.client("redshift").create_cluster(
        **{
            "ClusterIdentifier": site.name,
            "NodeType": "ra3.large",
            "DBName": site.values["CLUSTER"]["DB_NAME"],
            "MasterUsername": "dwhuser",
            "MasterUserPassword": PASSWORD,
            "Tags": [{"Key": key, "Value": value} for key, value in names.items()],
            **more,
        }
    )


def set_state(site: Project, state: str) -> None:
    """Put the stand-in's cluster into a state that it would reach in minutes, or by accident."""
    from moto.backends import get_backend

    get_backend("redshift")[ACCOUNT]["us-west-2"].clusters[site.name].status = state


def edit(site: Project, old: str, new: str) -> None:
    """Change dwh.cfg as a person does, after create_cluster has written into it."""
    text = site.config.read_text()
    assert old in text, text
    site.config.write_text(text.replace(old, new))


def policy_name(site: Project) -> str:
    """The inline policy that iac.create_cluster gives to the role for the site's cluster."""
    return f"read-sparkify-s3-us-west-2-{site.name}"


def set_policy(site: Project, *statements: dict[str, Any]) -> None:
    """Give the role this inline policy in place of the one of iac.create_cluster."""
    site.client("iam").put_role_policy(
        RoleName=site.name,
        PolicyName=policy_name(site),
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    )


def allow(action: str, *resources: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), **more}


def lose_secret(site: Project) -> None:
    """Let AWS keep the master password, and delete the secret that it keeps it in."""
    site.client("redshift").modify_cluster(ClusterIdentifier=site.name, ManageMasterPassword=True)
    site.client("secretsmanager").delete_secret(
        SecretId=described(site)["MasterPasswordSecretArn"], ForceDeleteWithoutRecovery=True
    )
    edit(site, "DB_PASSWORD = Test-Passw0rd\n", "")
