"""What Redshift would refuse is refused before anything is created, in words that help."""

from __future__ import annotations

import pytest

import settings
from iac import rules, tags
from terminal import UsageFault


def configured(**environ: str) -> settings.Settings:
    defaults = {"DWH_CLUSTER_DB_PASSWORD": "Secret123"}
    return settings.load(settings.EXAMPLE_PATH, environ={**defaults, **environ})


@pytest.mark.parametrize(
    ("node_type", "number", "problems"),
    [
        ("ra3.large", 1, []),
        ("ra3.large", 16, []),
        ("ra3.large", 17, ["[DWH] NUMBER_OF_NODES must be 1 to 16 for ra3.large; got 17"]),
        ("ra3.4xlarge", 1, ["[DWH] NUMBER_OF_NODES must be 2 or more for ra3.4xlarge; got 1"]),
        ("ra3.4xlarge", 2, []),
        (
            "dc2.large",
            1,
            [
                "[DWH] NODE_TYPE: dc2.large can no longer be created;"
                " ra3.large is the smallest that can"
            ],
        ),
        (
            "large",
            1,
            [
                "[DWH] NODE_TYPE must be one of ra3.large, ra3.xlplus, ra3.4xlarge, ra3.16xlarge,"
                " rg.large, rg.xlarge, rg.4xlarge, rg.12xlarge; got 'large'"
            ],
        ),
    ],
)
def test_node_problems(node_type: str, number: int, problems: list[str]) -> None:
    assert rules.node_problems(node_type, number) == problems


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("Secret123", None),
        ("S3" + "c" * 62, None),
        ("Short1a", "has 8 to 64 characters"),
        ("S3" + "c" * 63, "has 8 to 64 characters"),
        ("secret123", "has an upper-case letter"),
        ("SECRET123", "has a lower-case letter"),
        ("SecretSecret", "has a digit"),
        ("Secret 123", "has only printable ASCII characters and no space"),
        ("Secret123é", "has only printable ASCII characters and no space"),
        ("Secret@123", "has none of ' \" \\ / @"),
        ("Secret/123", "has none of ' \" \\ / @"),
        ("Secret\\123", "has none of ' \" \\ / @"),
        ("secret", "has 8 to 64 characters and has an upper-case letter and has a digit"),
    ],
)
def test_password_problems(password: str, rule: str | None) -> None:
    begin = "[CLUSTER] DB_PASSWORD is none that Redshift takes: expected one that "
    assert rules.password_problems(password) == ([begin + rule] if rule else [])


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("DWH_CLUSTER_IDENTIFIER", "sparkify-dwh", True),
        ("DWH_CLUSTER_IDENTIFIER", "a", True),
        ("DWH_CLUSTER_IDENTIFIER", "a" * 63, True),
        ("DWH_CLUSTER_IDENTIFIER", "a" * 64, False),
        ("DWH_CLUSTER_IDENTIFIER", "Sparkify", False),
        ("DWH_CLUSTER_IDENTIFIER", "1st", False),
        ("DWH_CLUSTER_IDENTIFIER", "a--b", False),
        ("DWH_CLUSTER_IDENTIFIER", "ends-", False),
        ("DWH_CLUSTER_IDENTIFIER", "sg-dwh", False),
        ("DWH_CLUSTER_IDENTIFIER", "dwh-sg-1", True),
        ("DWH_IAM_ROLE_NAME", "dwhRole", True),
        ("DWH_IAM_ROLE_NAME", "a role", False),
        ("CLUSTER_DB_NAME", "Sparkify", False),
        ("CLUSTER_DB_USER", "public", False),
        ("CLUSTER_DB_USER", "publican", True),
    ],
)
def test_names(name: str, value: str, accepted: bool) -> None:
    assert (rules.form_problems(configured(**{f"DWH_{name}": value})) == []) is accepted


def test_every_problem_is_told_at_once() -> None:
    wrong = configured(DWH_DWH_NODE_TYPE="dc2.large", DWH_DWH_CLUSTER_IDENTIFIER="A_B")
    with pytest.raises(UsageFault) as refusal:
        rules.check(wrong)
    assert str(refusal.value).splitlines() == [
        "[DWH] CLUSTER_IDENTIFIER must be 1 to 63 lower-case letters, digits and single hyphens,"
        " a letter first, no hyphen last, not beginning with sg-; got 'A_B'",
        "[DWH] NODE_TYPE: dc2.large can no longer be created; ra3.large is the smallest that can",
    ]


@pytest.mark.parametrize(("configured_port", "port"), [(5439, 5439), (8191, 8191), (40123, 5439)])
def test_port_to_ask_for(configured_port: int, port: int) -> None:
    assert rules.port_to_ask_for(configured_port) == port


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("user/jane", "user/jane", id="as it is"),
        pytest.param("user/doe,jane", "user/doe_jane", id="a comma"),
        pytest.param("user/Zoë=a+b@c.de:-_ x", "user/Zoë=a+b@c.de:-_ x", id="what IAM takes"),
        pytest.param("user/a*b\tc", "user/a_b_c", id="what it does not"),
        pytest.param("u" * 300, "u" * 256, id="too long"),
    ],
)
def test_values_of_tags(text: str, value: str) -> None:
    assert tags.value(text) == value
