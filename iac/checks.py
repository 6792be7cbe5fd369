"""What must be so for a load to work: one check after the other, each with the way to mend it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

import settings as keys
from iac import cluster, policy, role
from iac.clients import Aws, explain
from terminal import Fault

OK, FAILED, SKIPPED = "ok", "failed", "skipped"

CREATE = "python -m iac.create_cluster"


class Ailment(Exception):
    """What a check found wrong, and what mends it."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found)
        self.found = found
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    check: str
    state: str
    found: str
    remedy: str = ""


class Scene:
    """What the checks look at, each thing asked for once."""

    def __init__(self, settings: keys.Settings) -> None:
        self.settings = settings
        self.aws = Aws(settings)
        self.passed: set[str] = set()

    @cached_property
    def cluster(self) -> cluster.Description:
        found = cluster.find(self.aws)
        if found is None:
            name, region = self.settings.cluster_identifier, self.settings.region
            raise Ailment(f"there is no cluster {name} in {region}", CREATE)
        return found

    @cached_property
    def role(self) -> role.Role:
        arn = self.settings.role_arn
        if not arn:
            raise Ailment(f"{self.settings.path.name} names no {keys.ROLE_ARN.label}", CREATE)
        found = role.find(self.aws, arn.rpartition("/")[2])
        if found is None or found.arn != arn:
            raise Ailment(f"there is no role {arn}", CREATE)
        return found


@dataclass(frozen=True)
class Check:
    """A check: what it is called, how it is done, and which others must have passed before."""

    name: str
    examine: Callable[[Scene], str]
    after: tuple[str, ...] = ()


def checks(tables: Sequence[str]) -> list[Check]:
    """All checks, in the order in which a load would run into what they look for."""
    return [
        Check("credentials", credentials),
        Check("role", role_trust, after=("credentials",)),
        Check("role's policy", role_policy, after=("role",)),
        Check("cluster", cluster_state, after=("credentials",)),
        Check("role attached", role_attached, after=("role", "cluster")),
        Check("endpoint", endpoint, after=("cluster",)),
        Check("login", login, after=("endpoint",)),
        Check("tables", lambda scene: count_rows(scene, tables), after=("login",)),
    ]


def perform(check: Check, scene: Scene) -> Finding:
    """Perform one of `checks`, after those before it; skipped when what it needs has not passed."""
    missing = [name for name in check.after if name not in scene.passed]
    if missing:
        return Finding(check.name, SKIPPED, f"needs: {missing[0]}")
    finding = _examined(check, scene)
    if finding.state == OK:
        scene.passed.add(check.name)
    return finding


def credentials(scene: Scene) -> str:
    """The credentials are valid; which account's they are."""
    account = scene.aws.account
    return f"account {account.number}, {account.user}, region {scene.settings.region}"


def role_trust(scene: Scene) -> str:
    """The configured role exists and Redshift may assume it."""
    if not policy.trusts_redshift(scene.role.trust):
        raise Ailment(f"{scene.role.name} does not trust {policy.SERVICE}", CREATE)
    return f"{scene.role.name} trusts {policy.SERVICE}"


def role_policy(scene: Scene) -> str:
    """The role may read exactly the configured S3 paths; a role of others is taken as it is."""
    wanted = policy.read_access(scene.settings, scene.aws.account.partition)
    actual = role.read_policy(scene.aws, scene.role.name)
    if actual is None and not scene.role.made_here:
        return "not made by iac.create_cluster: what it may read is not looked at"
    if actual != wanted:
        raise Ailment(f"{role.POLICY_NAME} is not what the paths in [S3] need", CREATE)
    return "may list and read the configured S3 paths"


def cluster_state(scene: Scene) -> str:
    """The cluster exists and takes connections."""
    state = scene.cluster["ClusterStatus"]
    if state == "available":
        nodes = f"{scene.cluster.get('NumberOfNodes')} x {scene.cluster.get('NodeType')}"
        return f"{scene.settings.cluster_identifier} is available, {nodes}"
    raise Ailment(
        f"{scene.settings.cluster_identifier} is {state}",
        cluster.remedy(state, scene.settings) or f"{CREATE} waits for it",
    )


def role_attached(scene: Scene) -> str:
    """The configured role is attached to the cluster and in effect."""
    status = cluster.attachment(scene.cluster, scene.role.arn)
    if status is None:
        raise Ailment(f"{scene.role.name} is not attached to the cluster", CREATE)
    if status != "in-sync":
        raise Ailment(f"{scene.role.name} is {status}", f"{CREATE} waits for it")
    return "in-sync"


def endpoint(scene: Scene) -> str:
    """The configuration names the address at which the cluster is."""
    actual = scene.cluster.get("Endpoint", {})
    address = f"{actual.get('Address')}:{actual.get('Port')}"
    configured = f"{scene.settings.host}:{scene.settings.db_port}"
    if not scene.settings.host:
        raise Ailment(f"{scene.settings.path.name} names no {keys.HOST.label}", CREATE)
    if address != configured:
        raise Ailment(f"the cluster is at {address}, the configuration says {configured}", CREATE)
    return address


def login(scene: Scene) -> str:
    """The master user can log in, over TLS that is verified."""
    import warehouse

    if not scene.settings.db_password:
        raise Ailment(
            f"there is no {keys.DB_PASSWORD.label}",
            f"set it in {scene.settings.path.name} or export {keys.DB_PASSWORD.variable}",
        )
    with closing(warehouse.connect(scene.settings, "cluster_status")):
        return f"{scene.settings.db_user} into {scene.settings.db_name}, TLS verified"


def count_rows(scene: Scene, tables: Sequence[str]) -> str:
    """All tables are there, or none yet: a cluster is new before create_tables.py."""
    import psycopg2

    import warehouse
    from sql_queries import row_count

    counts: dict[str, int] = {}
    with (
        warehouse.connection(scene.settings, "cluster_status") as connection,
        warehouse.explained("counting rows"),
    ):
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in tables:
                try:
                    cursor.execute(row_count(table))
                except psycopg2.errors.UndefinedTable:
                    continue
                counts[table] = cursor.fetchone()[0]
    missing = [table for table in tables if table not in counts]
    if missing and counts:
        raise Ailment(f"missing: {', '.join(missing)}", "python create_tables.py")
    if missing:
        return "none yet; next: python create_tables.py"
    return "\n".join(f"{table} {rows:,}" for table, rows in counts.items())


def _examined(check: Check, scene: Scene) -> Finding:
    try:
        return Finding(check.name, OK, check.examine(scene))
    except Ailment as ailment:
        return Finding(check.name, FAILED, ailment.found, ailment.remedy)
    except Fault as fault:
        message = str(fault)
    except Exception as error:
        explanation = explain(error, scene.settings)
        if explanation is None:
            raise
        message = explanation
    found, _, remedy = message.partition("\nnext: ")
    return Finding(check.name, FAILED, found, remedy)
