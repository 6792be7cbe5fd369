"""What breaks between a person and a load: each found by cluster_status, with what mends it, and
told in one message by the script that runs into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import boto3
import pytest
from conftest import PASSWORD, Call, Project
from site import EC2_TRUST, allow, described, edit, groups, set_policy, set_state

import create_tables
import etl
import retries
from iac import cluster_status, create_cluster, pause_cluster
