"""What must be so for a load to work: one check after the other, each with the way to mend it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import settings as keys
from iac import callers, cluster, grants, network, policy, reach, role, rules, sources
from iac.ailment import CREATE, Ailment, Skip
from iac.clients import Aws, explain
from iac.sources import Source
from terminal import Fault

OK, FAILED, SKIPPED = "ok", "failed", "skipped"


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
        self.first_keys: dict[Source, str] = {}

    @cached_property
    def cluster(self) -> cluster.Description:
        found = cluster.find(self.aws)
        if found is None:
            raise reach.missing_cluster(self.aws)
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

    @cached_property
    def policies(self) -> dict[str, policy.Document]:
        return role.policies(self.aws, self.role.name)


@dataclass(frozen=True)
class Check:
    """A check: what it is called, how it is done, and which others must have passed before."""

    name: str
    examine: Callable[[Scene], str]
    after: tuple[str, ...] = ()


def access_checks(settings: keys.Settings) -> list[Check]:
    """The checks of everything that lets COPY read S3, in the order of what it meets first."""
    checks = [
        Check("credentials", credentials),
        Check("region", region, after=("credentials",)),
        Check("cluster", cluster_state, after=("region",)),
        Check("role", role_trust, after=("credentials",)),
        Check("role attached", role_attached, after=("role", "cluster")),
    ]
    for source in sources.sources(settings):
        name = source.key.name
        checks += [
            Check(name, partial(source_is_there, source=source), after=("credentials",)),
            Check(f"role reads {name}", partial(role_reads, source=source), after=("role",)),
        ]
    return checks


def checks(settings: keys.Settings, tables: Sequence[str]) -> list[Check]:
    """All checks, in the order in which a load would run into what they look for."""
    return [
        Check("configuration", configuration),
        *access_checks(settings),
        Check("master password", master_password, after=("cluster",)),
        Check("endpoint", endpoint, after=("cluster",)),
        Check("security group", security_group, after=("cluster",)),
        Check("host name", reach.host_name, after=("endpoint",)),
        Check("port", reach.port, after=("host name",)),
        Check("TLS", reach.tls, after=("port",)),
        Check("login", reach.login, after=("TLS",)),
        Check("tables", lambda scene: reach.tables(scene, tables), after=("login",)),
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


def explain_access(settings: keys.Settings) -> list[str]:
    """Why a COPY may not read S3: plain sentences with their remedies, the likeliest first.

    Empty when nothing is wrong with what can be seen from here. Never raises for what it finds.
    """
    scene = Scene(settings)
    findings = [perform(check, scene) for check in access_checks(settings)]
    return [
        f"{one.found}; {one.remedy}" if one.remedy else one.found
        for one in findings
        if one.state == FAILED
    ]


def configuration(scene: Scene) -> str:
    """What can be told from the configuration alone."""
    settings = scene.settings
    problems = [
        *rules.form_problems(settings),
        *rules.password_problems(settings.db_password.reveal()),
        *(f"{one.key.label} is missing" for one in sources.sources(settings) if not one.address),
    ]
    if problems:
        raise Ailment("\n".join(problems), f"correct {settings.path.name}")
    return str(settings.path)


def credentials(scene: Scene) -> str:
    """The credentials are valid; which account's they are."""
    account = scene.aws.account
    return f"account {account.number}, {account.user}"


def region(scene: Scene) -> str:
    """The region is one that has Redshift."""
    scene.aws.check_region()
    return scene.settings.region


def cluster_state(scene: Scene) -> str:
    """The cluster exists and takes connections."""
    state = scene.cluster["ClusterStatus"]
    name = scene.settings.cluster_identifier
    if state == "available":
        nodes = f"{scene.cluster.get('NumberOfNodes')} x {scene.cluster.get('NodeType')}"
        return f"{name} is available, {nodes}"
    raise Ailment(f"{name} is {state}", cluster.STUCK.get(state, f"{CREATE} waits for it"))


def role_trust(scene: Scene) -> str:
    """The configured role exists and Redshift may assume it."""
    if not policy.trusts_redshift(scene.role.trust):
        remedy = CREATE
        if not scene.role.made_here:
            remedy = f"let {policy.SERVICE} assume it in its trust policy"
        raise Ailment(f"{scene.role.name} does not trust {policy.SERVICE}", remedy)
    return f"{scene.role.name} trusts {policy.SERVICE}"


def role_attached(scene: Scene) -> str:
    """The configured role is attached to the cluster and in effect."""
    status = cluster.attachment(scene.cluster, scene.role.arn)
    if status is None:
        raise Ailment(f"{scene.role.name} is not attached to the cluster", CREATE)
    if status != "in-sync":
        raise Ailment(f"{scene.role.name} is {status}", f"{CREATE} waits for it")
    return "in-sync"


def source_is_there(scene: Scene, source: Source) -> str:
    """The bucket is where the configuration says, and holds what the path names."""
    configured, path = scene.settings.s3_region, f"s3://{source.bucket}/{source.path}"
    try:
        actual = sources.bucket_region(scene.aws, source.bucket)
        if actual != configured:
            raise Ailment(
                f"the bucket {source.bucket} is in {actual}, {keys.S3_REGION.label} says"
                f" {configured}",
                f"set {keys.S3_REGION.label} = {actual}",
            )
        first = sources.first_key(scene.aws, source)
        there = sources.beside(scene.aws, source) if first is None else ""
    except sources.NoBucket:
        raise Ailment(f"there is no bucket {source.bucket}", source.correction) from None
    except sources.Hidden:
        raise Skip(f"these credentials may not look at {path}; the role may all the same") from None
    if first is None:
        what = "no object's key begins with" if source.is_prefix else "there is no object"
        raise Ailment(
            f"{what} {path}{there and '; '}{there}",
            f"{source.correction}, or bring the files there",
        )
    scene.first_keys[source] = first
    return f"s3://{source.bucket}/{first}, {actual}"


def role_reads(scene: Scene, source: Source) -> str:
    """The role's policies let COPY list the path and get the first object of it."""
    bucket = f"arn:{scene.aws.account.partition}:s3:::{source.bucket}"
    sample = scene.first_keys.get(source, source.path)
    reasons = [grants.why_not(scene.policies, grants.GET, f"{bucket}/{sample}")]
    if source.is_prefix:
        reasons.insert(0, grants.why_not(scene.policies, grants.LIST, bucket, source.path))
    told = [reason for reason in reasons if reason is not None]
    if told:
        raise Ailment(
            f"{scene.role.name} may not read {source.address}: {'; '.join(told)}",
            f"{CREATE} renews the policy from [S3]",
        )
    return "may list and read it" if source.is_prefix else "may read it"


def master_password(scene: Scene) -> str:
    """Where the master password is kept, if AWS keeps it."""
    gone = cluster.secret_is_gone(scene.aws, scene.cluster)
    if gone is None:
        raise Skip("cannot tell: these credentials may not secretsmanager:DescribeSecret")
    if gone:
        raise Ailment("the secret with the master password is gone", f"{CREATE} makes a new one")
    if scene.cluster.get("MasterPasswordSecretArn"):
        return "kept by AWS in Secrets Manager"
    return "of the configuration" if scene.settings.db_password else "not kept by AWS"


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


def security_group(scene: Scene) -> str:
    """A security group of the cluster lets this machine in, as AWS sees it or as the VPC does."""
    groups = network.groups_of(scene.aws, scene.cluster)
    at = scene.cluster.get("Endpoint", {})
    number = int(at.get("Port", scene.settings.db_port))
    local = callers.local_address(at["Address"], number) if "Address" in at else None
    if local and network.lets_in(groups, local, number):
        return f"lets in {local} on port {number}"
    try:
        seen = callers.caller_address(scene.aws)
    except Fault as fault:
        raise Skip(f"cannot tell: {str(fault).splitlines()[0]}") from fault
    if network.lets_in(groups, seen, number):
        return f"lets in {seen} on port {number}"
    names = ", ".join(group["GroupName"] for group in groups) or "none"
    if network.admits_others(groups, number):
        raise Skip(
            f"cannot tell: a rule of {names} for port {number} names a security group or a prefix"
            " list"
        )
    inside = not scene.settings.endpoint_url and not scene.cluster.get("PubliclyAccessible")
    address = (local if inside else None) or seen
    raise Ailment(
        f"no security group of the cluster ({names}) lets {address} in on port {number}",
        f"{CREATE} --cidr {address}/32" if inside else f"{CREATE} lets this address in",
    )


def _examined(check: Check, scene: Scene) -> Finding:
    try:
        return Finding(check.name, OK, check.examine(scene))
    except Skip as skip:
        return Finding(check.name, SKIPPED, str(skip))
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
