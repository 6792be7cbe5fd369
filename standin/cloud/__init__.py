"""The local AWS over moto: S3, IAM, STS, EC2 and the Redshift API."""
