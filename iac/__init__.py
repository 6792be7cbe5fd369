"""The cluster's life: create_cluster, cluster_status, delete_cluster, over the AWS APIs."""
