"""The EC2 API as AWS answers it, laid over moto's: a security group in use is not deleted."""

from __future__ import annotations

from types import ModuleType

from moto.ec2 import urls
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend, ec2_backends

from standin.cloud.redshift_api import clusters


class StandInEC2Backend(EC2Backend):
    """moto's EC2, which knows the clusters."""

    @property
    def _url_module(self) -> ModuleType:
        """moto derives this from the class's module, which is not one of its own here."""
        return urls

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Refused while a cluster is in the group, as its network interface is."""
        for cluster in clusters():
            if group_id is not None and group_id in cluster.vpc_security_group_ids:
                raise DependencyViolationError(f"resource {group_id} has a dependent object")
        super().delete_security_group(name, group_id)

    def _load_amis(self) -> None:
        """None: moto would read over a thousand images of machines, and nothing here runs one."""


def install() -> None:
    """Make moto build this overlay's backend for every account and region from now on."""
    ec2_backends.backend = StandInEC2Backend
