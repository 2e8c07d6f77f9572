# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Conditions of IAM policies: the judgement itself, and what requests tell of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2

KEY = "ec2:Add/userId"
ONE, TWO = "111111111111", "222222222222"


def policy(action: str, condition: dict[str, Any], effect: str = "Allow") -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statement = {"Effect": effect, "Action": action, "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement] if effect == "Allow" else [allow, statement]}


@pytest.mark.parametrize(
    ("condition", "accounts", "allowed"),
    [
        ({"StringEquals": {KEY: ONE}}, [ONE], True),
        ({"StringEquals": {KEY: ONE}}, [ONE, ONE], True),
        ({"StringEquals": {KEY: ONE}}, [TWO], False),
        ({"StringEquals": {KEY: [ONE, TWO]}}, [TWO], True),
        ({"StringEquals": {KEY: [ONE, TWO]}}, [ONE, TWO], False),  # Recorded: several values match nothing.
        ({"ForAllValues:StringEquals": {KEY: [ONE, TWO]}}, [ONE, TWO], True),
        ({"ForAllValues:StringEquals": {KEY: [ONE]}}, [ONE, TWO], False),
        ({"ForAnyValue:StringEquals": {KEY: [ONE]}}, [ONE, TWO], True),
        ({"StringNotEquals": {KEY: ONE}}, [TWO], True),
        ({"StringNotEquals": {KEY: ONE}}, [ONE], False),
        ({"StringLike": {KEY.upper(): "1111*"}}, [ONE], True),
        ({"StringEquals": {"ec2:Remove/userId": ONE}}, [ONE], False),
        ({"StringEqualsIfExists": {"ec2:Remove/userId": ONE}}, [ONE], True),
        ({"StringNotEquals": {"ec2:Remove/userId": ONE}}, [ONE], True),
        ({"Null": {"ec2:Remove/userId": "true", KEY: False}}, [ONE], True),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, [ONE], True),
        ({"StringEquals": {"ec2:Region": "eu-west-1"}}, [ONE], False),
        ({"StringEquals": {"aws:ResourceTag/Stage": "test"}}, [ONE], True),
        ({"StringEquals": {"aws:ResourceTag/Stage": "prod"}}, [ONE], False),
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_sharing_a_snapshot(
    ec2: LocalEC2,
    connect: Connect,
    refusal: Callable[..., Refusal],
    condition: dict[str, Any],
    accounts: list[str],
    allowed: bool,
    effect: str,
) -> None:
    """A condition that holds makes its statement apply, whichever effect it has."""
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "tags": {"Stage": "test"}})
    someone = ec2.principal("someone", policy("ec2:ModifySnapshotAttribute", condition, effect))
    entries = {"Add": [{"UserId": account} for account in accounts]}
    modify = connect(principal=someone).modify_snapshot_attribute
    code = refusal(modify, SnapshotId=SNAPSHOT, CreateVolumePermission=entries, DryRun=True)[1]
    assert code == ("DryRunOperation" if allowed is (effect == "Allow") else "UnauthorizedOperation")


def test_the_legacy_form_tells_the_same(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    only = policy("ec2:ModifySnapshotAttribute", {"StringEquals": {"ec2:Remove/group": "all"}})
    modify = connect(principal=ec2.principal("someone", only)).modify_snapshot_attribute
    entries = {"Attribute": "createVolumePermission", "GroupNames": ["all"]}
    modify(SnapshotId=SNAPSHOT, **entries, OperationType="remove")
    assert refusal(modify, SnapshotId=SNAPSHOT, **entries, OperationType="add")[0] == 403


def test_the_attribute_of_an_image(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    only = policy("ec2:ModifyImageAttribute", {"StringEquals": {"ec2:Attribute": "Description"}})
    modify = connect(principal=ec2.principal("someone", only)).modify_image_attribute
    modify(ImageId=IMAGE, Description={"Value": "new"})
    modify(ImageId=IMAGE, Attribute="description", Value="newer")
    assert refusal(modify, ImageId=IMAGE, ImdsSupport={"Value": "v2.0"})[0] == 403
    assert refusal(modify, ImageId=IMAGE, LaunchPermission={"Add": [{"Group": "all"}]})[0] == 403


def test_an_operator_that_cannot_be_judged_is_named(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    unknown = policy("ec2:*", {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
    api = connect(principal=ec2.principal("someone", unknown))
    assert refusal(api.describe_images) == (
        501,
        "NotImplemented",
        "The embedded EC2 cannot do DescribeImages: the IAM condition operator DateLessThan is not known here",
    )
