"""The cells of a notebook: a role, a cluster, an open port, a look at it, and all down again."""

import configparser
import json

import boto3
import psycopg2

config = configparser.ConfigParser()
config.read_file(open("dwh.cfg"))

KEY = config.get("AWS", "KEY")
SECRET = config.get("AWS", "SECRET")
DWH_CLUSTER_IDENTIFIER = config.get("DWH", "DWH_CLUSTER_IDENTIFIER")
DWH_IAM_ROLE_NAME = config.get("DWH", "DWH_IAM_ROLE_NAME")
DWH_PORT = config.get("DWH", "DWH_PORT")
S3_READ_ARN = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

options = dict(region_name="us-west-2", aws_access_key_id=KEY, aws_secret_access_key=SECRET)
ec2 = boto3.resource("ec2", **options)
iam = boto3.client("iam", **options)
redshift = boto3.client("redshift", **options)

try:
    iam.create_role(
        Path="/",
        RoleName=DWH_IAM_ROLE_NAME,
        Description="Allows Redshift clusters to call AWS services on your behalf.",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Effect": "Allow",
                        "Principal": {"Service": "redshift.amazonaws.com"},
                    }
                ],
                "Version": "2012-10-17",
            }
        ),
    )
except Exception as e:
    print(e)
iam.attach_role_policy(RoleName=DWH_IAM_ROLE_NAME, PolicyArn=S3_READ_ARN)
role_arn = iam.get_role(RoleName=DWH_IAM_ROLE_NAME)["Role"]["Arn"]

try:
    response = redshift.create_cluster(
        ClusterType=config.get("DWH", "DWH_CLUSTER_TYPE"),
        NodeType=config.get("DWH", "DWH_NODE_TYPE"),
        NumberOfNodes=int(config.get("DWH", "DWH_NUM_NODES")),
        DBName=config.get("DWH", "DWH_DB"),
        ClusterIdentifier=DWH_CLUSTER_IDENTIFIER,
        MasterUsername=config.get("DWH", "DWH_DB_USER"),
        MasterUserPassword=config.get("DWH", "DWH_DB_PASSWORD"),
        IamRoles=[role_arn],
    )
    print(response["Cluster"]["DBName"])
except Exception as e:
    print(e)

redshift.get_waiter("cluster_available").wait(ClusterIdentifier=DWH_CLUSTER_IDENTIFIER)
props = redshift.describe_clusters(ClusterIdentifier=DWH_CLUSTER_IDENTIFIER)["Clusters"][0]
endpoint = props["Endpoint"]
status = list(props.items())[2][1]
kind = "multi-node" if props["NumberOfNodes"] > 1 else "single-node"
print(
    "{} {} {} {} nodes at {}:{}".format(
        props["ClusterIdentifier"],
        status,
        kind,
        props["NumberOfNodes"],
        endpoint["Address"],
        endpoint["Port"],
    )
)

try:
    default_group = list(ec2.Vpc(id=props["VpcId"]).security_groups.all())[0]
    default_group.authorize_ingress(
        GroupName=default_group.group_name,
        CidrIp="0.0.0.0/0",
        IpProtocol="TCP",
        FromPort=int(DWH_PORT),
        ToPort=int(DWH_PORT),
    )
    print(default_group.group_name)
except Exception as e:
    print(e)

conn = psycopg2.connect(
    "postgresql://{}:{}@{}:{}/{}".format(
        props["MasterUsername"],
        config.get("DWH", "DWH_DB_PASSWORD"),
        endpoint["Address"],
        endpoint["Port"],
        props["DBName"],
    )
)
cur = conn.cursor()
cur.execute("SELECT current_database()")
print(*cur.fetchone())
conn.close()

default_group.revoke_ingress(
    GroupName=default_group.group_name,
    CidrIp="0.0.0.0/0",
    IpProtocol="TCP",
    FromPort=int(DWH_PORT),
    ToPort=int(DWH_PORT),
)
redshift.delete_cluster(ClusterIdentifier=DWH_CLUSTER_IDENTIFIER, SkipFinalClusterSnapshot=True)
redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier=DWH_CLUSTER_IDENTIFIER)
iam.detach_role_policy(RoleName=DWH_IAM_ROLE_NAME, PolicyArn=S3_READ_ARN)
iam.delete_role(RoleName=DWH_IAM_ROLE_NAME)
try:
    redshift.describe_clusters(ClusterIdentifier=DWH_CLUSTER_IDENTIFIER)
except redshift.exceptions.ClusterNotFoundFault as e:
    print(e.response["Error"]["Code"])
