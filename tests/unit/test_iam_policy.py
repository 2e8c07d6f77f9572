# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The README's IAM policy, read from there: with it everything passes, and without any one action something fails."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from unit.documentation import blocks

from local_ec2.client import LocalEC2

Json = dict[str, t.Any]
Run = t.Callable[..., Json]

POLICY, DECODING = (json.loads(text) for text in blocks("json"))
MODIFY = "ec2:ModifyImageAttribute"
ACTIONS = [
    "ec2:DescribeImageAttribute",
    "ec2:DescribeImages",
    "ec2:GetImageBlockPublicAccessState",
    MODIFY,
]

AMI = "ami-0123456789abcdef0"
SEED: Json = {"image_id": AMI, "description": "old", "launch_permissions": {"user_ids": ["111111111111"]}}
DESCRIBED: Json = {"description": "new"}
PUBLIC: Json = {"launch_permissions": {"group_names": ["all"]}}
SCENARIOS: dict[str, Json] = {
    "description": DESCRIBED,
    "imds": {"imds_support": "v2.0"},
    "grant": {"launch_permissions": {"user_ids": ["222222222222"]}},
    "revoke": {"revoke_launch_permissions": {"user_ids": ["111111111111"]}},
    "private": {"launch_permissions": {}, "purge_launch_permissions": True},
    "public": PUBLIC,
}
NEEDED_BY = dict(
    zip(ACTIONS, ({"grant", "revoke", "private", "public"}, set(SCENARIOS), {"public"}, set(SCENARIOS)), strict=True)
)


@pytest.fixture
def run(ec2: LocalEC2, run_module: Run) -> Run:
    """Run the module on a fresh image, with the keys of a user who has the policy."""

    def run(policy: Json, options: Json, region: str = "us-east-1", check: bool = False) -> Json:
        ec2.seed({**SEED, "region": region})
        user = ec2.principal("user", policy)
        keys = {name: user[name] for name in ("access_key", "secret_key")}
        return run_module("ec2_ami_attribute", check=check, image_id=AMI, region=region, **options, **keys)

    return run


def actions(statement: Json) -> list[str]:
    listed: str | list[str] = statement["Action"]
    return [listed] if isinstance(listed, str) else listed


def without(action: str) -> Json:
    """Return the policy without the action."""
    policy: Json = copy.deepcopy(POLICY)
    for statement in policy["Statement"]:
        statement["Action"] = [each for each in actions(statement) if each != action]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    return policy


def with_modify_on(resource: str) -> Json:
    policy = without(MODIFY)
    policy["Statement"].append({"Effect": "Allow", "Action": MODIFY, "Resource": resource})
    return policy


def test_the_policy_allows_these_actions_and_no_pattern_of_actions() -> None:
    assert sorted(action for statement in POLICY["Statement"] for action in actions(statement)) == ACTIONS


def test_changes_are_allowed_on_images_only() -> None:
    assert [each["Resource"] for each in POLICY["Statement"] if MODIFY in actions(each)] == ["arn:aws:ec2:*::image/*"]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_with_the_policy_everything_passes(run: Run, scenario: str, check: bool) -> None:
    result = run(POLICY, SCENARIOS[scenario], check=check)
    assert not result["failed"], result["msg"]
    assert result["changed"]
    assert {each["status"] for each in result["images"][0]["requests"]} == {"authorized" if check else "applied"}


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("action", ACTIONS)
def test_without_any_one_action_that_fails_which_needs_it(run: Run, action: str, check: bool) -> None:
    policy = without(action)
    results = {name: run(policy, options, check=check) for name, options in SCENARIOS.items()}
    messages = {name: result["msg"] for name, result in results.items() if result["failed"]}
    assert set(messages) == NEEDED_BY[action]
    assert [message for message in messages.values() if f"perform: {action} on resource" not in message] == []


def test_changes_can_be_narrowed_to_a_region(run: Run) -> None:
    policy = with_modify_on("arn:aws:ec2:eu-west-1::image/*")
    assert not run(policy, DESCRIBED, region="eu-west-1")["failed"]
    assert MODIFY in run(policy, DESCRIBED, region="us-east-1")["msg"]


def test_changes_can_be_narrowed_to_an_image(run: Run) -> None:
    assert not run(with_modify_on(f"arn:aws:ec2:*::image/{AMI}"), DESCRIBED)["failed"]
    assert MODIFY in run(with_modify_on("arn:aws:ec2:*::image/ami-0fedcba9876543210"), DESCRIBED)["msg"]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_the_optional_statement_decodes_denials(run: Run, check: bool) -> None:
    policy = without(MODIFY)
    assert "Decoded authorization message" not in run(policy, DESCRIBED, check=check)["msg"]
    policy["Statement"].append(DECODING)
    result = run(policy, DESCRIBED, check=check)
    assert "Decoded authorization message" in result["msg"]
    context = result["images"][0]["error"]["decoded_message"]["context"]
    assert (context["action"], context["resource"]) == (MODIFY, f"arn:aws:ec2:us-east-1::image/{AMI}")
    assert context["principal"]["arn"].endswith(":user/user")
