"""The local AWS, asked with boto3 over HTTP: what it answers and what it refuses as AWS would."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from standin.cloud.authorization import check_role
from standin.cloud.aws import Cloud
from standin.sqlerror import SqlError

CREATE = {
    "ClusterIdentifier": "cloud-test",
    "NodeType": "ra3.large",
    "MasterUsername": "awsuser",
    "MasterUserPassword": "Passw0rd",
}
OWN_PATH = "/cloud-test/"
ROLE_ARN = f"arn:aws:iam::123456789012:role{OWN_PATH}copy"
CHAINED_ARN = f"arn:aws:iam::123456789012:role{OWN_PATH}data"
ROOT = Path(__file__).resolve().parent.parent


# What a process does that has no other stand-in: its AWS is started, filled, stopped, twice.
LIVES = """
import os, socket, sys
from standin.cloud.aws import Cloud
from standin.cloud.objects import LocalObjects

for life in range(2):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        cloud = Cloud(port=port)
        try:
            cloud.start()
        except OSError as error:
            print("busy:", type(error).__name__)
    cloud.start()
    objects = LocalObjects()
    objects.create_bucket("kept")
    objects.put("kept", str(life), b"value")
    print([info.key for info in objects.list("kept", "")], cloud.port == port)
    cloud.stop()
    cloud.stop()
print(os.environ["AWS_PROFILE"])
"""


@pytest.mark.long
def test_a_process_may_start_it_again_and_finds_nothing_of_the_first():
    """Nor does a profile of the user's matter, though moto's import fails on one like this."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIVES],
        env=os.environ | {"AWS_PROFILE": "no-such-profile", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "busy: OSError",
        "['0'] True",
        "busy: OSError",
        "['1'] True",
        "no-such-profile",
    ]


def test_a_second_one_in_the_process_is_refused(standin):
    with pytest.raises(RuntimeError, match="already runs in this process"):
        Cloud(port=0).start()


@pytest.fixture(scope="module")
def client(standin):
    made = {}

    def client_of(service):
        if service not in made:
            made[service] = boto3.client(
                service,
                endpoint_url=standin.endpoint_url,
                region_name="us-west-2",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return made[service]

    yield client_of
    for boto3_client in made.values():
        boto3_client.close()


@pytest.fixture
def cloud(standin, client):
    """The local AWS, and afterwards without the clusters and roles of this file's tests."""
    yield standin.cloud
    for cluster in own_clusters(standin.cloud):
        client("redshift").delete_cluster(
            ClusterIdentifier=cluster.identifier, SkipFinalClusterSnapshot=True
        )
    for role in client("iam").list_roles(PathPrefix=OWN_PATH)["Roles"]:
        client("iam").delete_role(RoleName=role["RoleName"])


def own_clusters(cloud):
    return [each for each in cloud.clusters() if each.identifier.startswith("cloud-test")]


def trust(**principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(client, name="copy", **principal):
    principal = principal or {"Service": "redshift.amazonaws.com"}
    client("iam").create_role(
        RoleName=name, Path=OWN_PATH, AssumeRolePolicyDocument=trust(**principal)
    )


def test_a_created_cluster_is_at_the_front_door(standin, cloud, client):
    make_role(client)
    created = client("redshift").create_cluster(
        **CREATE, DBName="sparkify", IamRoles=[ROLE_ARN], DefaultIamRoleArn=ROLE_ARN
    )["Cluster"]
    assert created["ClusterStatus"] == "creating"
    client("redshift").get_waiter("cluster_available").wait(ClusterIdentifier="cloud-test")
    described = client("redshift").describe_clusters(ClusterIdentifier="cloud-test")["Clusters"][0]
    assert described["Endpoint"] == {"Address": "localhost", "Port": standin.port}
    assert described["Encrypted"] is True
    assert described["PubliclyAccessible"] is False
    assert described["ClusterParameterGroups"][0]["ParameterGroupName"] == "default.redshift-2.0"
    assert described["IamRoles"] == [{"IamRoleArn": ROLE_ARN, "ApplyStatus": "in-sync"}]
    assert described["DefaultIamRoleArn"] == ROLE_ARN

    (cluster,) = own_clusters(cloud)
    assert (cluster.identifier, cluster.region, cluster.status) == (
        "cloud-test",
        "us-west-2",
        "available",
    )
    assert (cluster.database, cluster.user, cluster.password) == ("sparkify", "awsuser", "Passw0rd")
    assert (cluster.iam_roles, cluster.default_iam_role) == ((ROLE_ARN,), ROLE_ARN)


CHARACTERS = (
    "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters "
    "except for '/', '@', '\"', ' ', '\\', ''' may be used."
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"NodeType": "dc2.large"}, "Invalid node type: dc2.large", id="dc2"),
        pytest.param({"NodeType": "ds2.xlarge"}, "Invalid node type: ds2.xlarge", id="ds2"),
        pytest.param(
            {"ClusterType": "single-node", "NumberOfNodes": 1},
            "Number of nodes must be not be supplied for cluster type single-node.",
            id="nodes of a single node",
        ),
        pytest.param(
            {"Encrypted": False},
            "Unencrypted clusters are not supported. Remove Encrypted or set it to true.",
            id="unencrypted",
        ),
        pytest.param(
            {"NodeType": "ra3.huge"}, "Invalid node type: ra3.huge", id="no node type at all"
        ),
        pytest.param(
            {"NodeType": "ra3.4xlarge", "ClusterType": "single-node"},
            "The node type ra3.4xlarge needs at least 2 nodes.",
            id="too few nodes for the type",
        ),
        pytest.param(
            {"ClusterType": "multi-node"},
            "Number of nodes for cluster type multi-node must be greater than or equal to 2",
            id="multi-node without a number",
        ),
        pytest.param(
            {"Port": 5500},
            "The parameter Port is not valid: 5500. Valid ports are 5431-5455 and 8191-8215.",
            id="port",
        ),
        pytest.param(
            {"VpcSecurityGroupIds": ["sg-none"]},
            "The security group 'sg-none' does not exist",
            id="security group that does not exist",
        ),
        pytest.param(
            {"ClusterIdentifier": "cloud_test"},
            "The parameter ClusterIdentifier is not a valid identifier: cloud_test",
            id="name with an underscore",
        ),
        pytest.param(
            {"MasterUserPassword": "Passw0r"},
            "The parameter MasterUserPassword is not a valid password because it is shorter than "
            "8 characters.",
            id="7 characters",
        ),
        pytest.param(
            {"MasterUserPassword": "Passw0rd" * 8 + "x"},
            "The parameter MasterUserPassword is not a valid password because it is longer than "
            "64 characters.",
            id="65 characters",
        ),
        *(
            pytest.param(
                {"MasterUserPassword": f"Passw0rd{character}"}, CHARACTERS, id=f"a {character!r}"
            )
            for character in "/@\"'\\ é"
        ),
        pytest.param(
            {"MasterUserPassword": "passw0rd"},
            "The parameter MasterUserPassword must contain at least 1 upper case letter.",
            id="no upper case",
        ),
        pytest.param(
            {"MasterUserPassword": "PASSW0RD"},
            "The parameter MasterUserPassword must contain at least 1 lower case letter.",
            id="no lower case",
        ),
        pytest.param(
            {"MasterUserPassword": "Password"},
            "The parameter MasterUserPassword must contain at least 1 digit.",
            id="no digit",
        ),
        pytest.param(
            {"IamRoles": [ROLE_ARN]},
            f"The IAM role {ROLE_ARN} is not valid. "
            "The IAM role must delegate access to an Amazon Redshift account.",
            id="role that does not exist",
        ),
    ],
)
def test_create_cluster_refuses(cloud, client, changes, message):
    with pytest.raises(ClientError) as refused:
        client("redshift").create_cluster(**CREATE | changes)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert refused.value.response["Error"]["Message"] == message


def test_every_other_printable_character_may_be_in_a_password(cloud, client):
    characters = "".join(chr(code) for code in range(33, 127) if chr(code) not in "/@\"'\\")
    redshift = client("redshift")
    for index, part in enumerate((characters[:45], characters[45:])):
        password = f"{part}aA1"
        redshift.create_cluster(
            **CREATE | {"ClusterIdentifier": f"cloud-test-{index}", "MasterUserPassword": password}
        )


def test_the_name_of_a_cluster_is_kept_in_lower_case(cloud, client):
    redshift = client("redshift")
    made = redshift.create_cluster(**CREATE | {"ClusterIdentifier": "cloudTest"})["Cluster"]
    (found,) = redshift.describe_clusters(ClusterIdentifier="cloudTest")["Clusters"]
    assert made["ClusterIdentifier"] == found["ClusterIdentifier"] == "cloudtest"
    with pytest.raises(ClientError, match="ClusterAlreadyExists"):
        redshift.create_cluster(**CREATE | {"ClusterIdentifier": "CLOUDTEST"})
    redshift.delete_cluster(ClusterIdentifier="cloudTEST", SkipFinalClusterSnapshot=True)
    left = redshift.describe_clusters()["Clusters"]
    assert "cloudtest" not in [cluster["ClusterIdentifier"] for cluster in left]


def test_a_role_for_another_service_is_refused(cloud, client):
    make_role(client, Service="ec2.amazonaws.com")
    with pytest.raises(ClientError, match="must delegate access to an Amazon Redshift account"):
        client("redshift").create_cluster(**CREATE, IamRoles=[ROLE_ARN])


def test_a_name_in_use_is_refused(cloud, client):
    client("redshift").create_cluster(**CREATE)
    with pytest.raises(ClientError) as refused:
        client("redshift").create_cluster(**CREATE)
    assert refused.value.response["Error"]["Code"] == "ClusterAlreadyExists"


def test_a_new_password_obeys_the_rules_too(cloud, client):
    client("redshift").create_cluster(**CREATE)
    with pytest.raises(ClientError, match="at least 1 upper case letter"):
        client("redshift").modify_cluster(
            ClusterIdentifier="cloud-test", MasterUserPassword="all-l0wer-case"
        )
    client("redshift").modify_cluster(
        ClusterIdentifier="cloud-test", MasterUserPassword="An0therOne"
    )
    assert [cluster.password for cluster in own_clusters(cloud)] == ["An0therOne"]


def test_deletions_are_told_and_renames_are_not(cloud, client, monkeypatch):
    deleted = []
    monkeypatch.setattr(cloud, "on_cluster_deleted", [*cloud.on_cluster_deleted, deleted.append])
    redshift = client("redshift")
    redshift.create_cluster(**CREATE)
    (before,) = own_clusters(cloud)
    with pytest.raises(ClientError, match="FinalClusterSnapshotIdentifier is required"):
        redshift.delete_cluster(ClusterIdentifier="cloud-test")
    redshift.modify_cluster(ClusterIdentifier="cloud-test", NewClusterIdentifier="cloud-test-2")
    (renamed,) = own_clusters(cloud)
    assert (renamed.identifier, renamed.created) == ("cloud-test-2", before.created)
    assert deleted == []

    redshift.delete_cluster(ClusterIdentifier="cloud-test-2", SkipFinalClusterSnapshot=True)
    assert [cluster.created for cluster in deleted] == [before.created]
    assert own_clusters(cloud) == []
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="cloud-test-2")


@pytest.mark.parametrize("kind", ["subnet", "parameter"])
def test_a_group_that_a_cluster_uses_is_not_deleted(client, kind):
    redshift, ec2 = client("redshift"), client("ec2")
    if kind == "subnet":
        (subnet, *_) = ec2.describe_subnets()["Subnets"]
        redshift.create_cluster_subnet_group(
            ClusterSubnetGroupName="used", Description="-", SubnetIds=[subnet["SubnetId"]]
        )
        group, delete = {"ClusterSubnetGroupName": "used"}, redshift.delete_cluster_subnet_group
        name, code = group, "InvalidClusterSubnetGroupStateFault"
    else:
        name = {"ParameterGroupName": "used"}
        redshift.create_cluster_parameter_group(
            **name, ParameterGroupFamily="redshift-2.0", Description="-"
        )
        group, delete = (
            {"ClusterParameterGroupName": "used"},
            redshift.delete_cluster_parameter_group,
        )
        code = "InvalidClusterParameterGroupState"
    redshift.create_cluster(**CREATE, **group)
    with pytest.raises(ClientError) as refused:
        delete(**name)
    assert refused.value.response["Error"]["Code"] == code
    redshift.delete_cluster(ClusterIdentifier="cloud-test", SkipFinalClusterSnapshot=True)
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="cloud-test")
    delete(**name)


def test_a_recreated_cluster_is_another_one(cloud, client):
    created = set()
    for _ in range(2):
        client("redshift").create_cluster(**CREATE)
        created |= {cluster.created for cluster in own_clusters(cloud)}
        client("redshift").delete_cluster(
            ClusterIdentifier="cloud-test", SkipFinalClusterSnapshot=True
        )
    assert len(created) == 2


def test_sts_knows_the_account(cloud, client):
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


def test_checkip_tells_the_address_of_the_caller(cloud):
    with urllib.request.urlopen(f"{cloud.endpoint_url}/checkip") as response:
        assert response.read() == b"127.0.0.1\n"


@pytest.mark.parametrize(
    ("service", "call", "what"),
    [
        pytest.param(
            "redshift",
            lambda redshift: redshift.resize_cluster(ClusterIdentifier="cloud-test"),
            "The resize_cluster action has not been implemented",
            id="an action that moto lacks",
        ),
        pytest.param(
            "redshift-data",
            lambda data: data.execute_statement(Sql="SELECT 1", Database="dev"),
            "the service redshift-data",
            id="a service with canned answers",
        ),
        pytest.param(
            "redshift-serverless",
            lambda serverless: serverless.list_workgroups(),
            "the service redshift-serverless",
            id="a service that moto lacks",
        ),
        pytest.param(
            "lambda",
            lambda functions: functions.list_functions(),
            "the service lambda",
            id="a service of requests without a body",
        ),
        pytest.param(
            "redshift",
            lambda redshift: redshift.restore_from_cluster_snapshot(
                ClusterIdentifier="cloud-test", SnapshotIdentifier="any"
            ),
            "restoring a snapshot, which keeps no data here",
            id="a snapshot's data",
        ),
    ],
)
def test_what_is_not_imitated_is_refused_at_once(client, capfd, service, call, what):
    with pytest.raises(ClientError) as refused:
        call(client(service))
    error, http = refused.value.response["Error"], refused.value.response["ResponseMetadata"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"] == (
        f"not supported by this stand-in for AWS: {what}; docs/standin-cloud.md lists what is"
    )
    assert (http["HTTPStatusCode"], http["RetryAttempts"]) == (501, 0)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def cluster(cloud, client):
    make_role(client)
    make_role(client, "data", AWS=ROLE_ARN)
    make_role(client, "unattached")
    client("redshift").create_cluster(**CREATE, IamRoles=[ROLE_ARN], DefaultIamRoleArn=ROLE_ARN)
    return own_clusters(cloud)[0]


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(None, id="access keys"),
        pytest.param(ROLE_ARN, id="attached"),
        pytest.param("default", id="default"),
        pytest.param("DEFAULT", id="default in capitals"),
        pytest.param(f"{ROLE_ARN},{CHAINED_ARN}", id="chain"),
    ],
)
def test_a_role_that_may_be_assumed(cluster, role):
    check_role(cluster, "awsuser", role)


@pytest.mark.parametrize(
    "role",
    [
        pytest.param("arn:aws:iam::123456789012:role/cloud-test/unattached", id="not attached"),
        pytest.param("arn:aws:iam::123456789012:role/cloud-test/nowhere", id="does not exist"),
        pytest.param("copy", id="a name in place of an ARN"),
        pytest.param("", id="empty"),
        pytest.param(f"'{ROLE_ARN}'", id="quoted twice"),
        pytest.param(CHAINED_ARN, id="the end of a chain alone"),
        pytest.param(
            f"{ROLE_ARN},arn:aws:iam::123456789012:role/cloud-test/unattached", id="no trust"
        ),
    ],
)
def test_a_role_that_may_not_be_assumed(cluster, role):
    with pytest.raises(SqlError) as refused:
        check_role(cluster, "awsuser", role)
    error = refused.value
    message = (
        "User arn:aws:redshift:us-west-2:123456789012:dbuser:cloud-test/awsuser "
        f"is not authorized to assume IAM Role {role}"
    )
    assert (error.sqlstate, error.message) == ("XX000", message)
    assert f"\n  error:  {message}\n  code:      8001\n  context:   IAM Role={role}" in error.detail


def test_a_role_that_is_deleted_after_it_was_attached(cluster, client):
    client("iam").delete_role(RoleName="copy")
    with pytest.raises(SqlError, match="is not authorized to assume IAM Role"):
        check_role(cluster, "awsuser", ROLE_ARN)
