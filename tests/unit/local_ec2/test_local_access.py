# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dry runs, IAM, and the message that says what was denied."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2

DRY_RUN = (412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
CHANGE = {"ImageId": IMAGE, "Description": {"Value": "new"}}
SHARE = {"SnapshotId": SNAPSHOT, "CreateVolumePermission": {"Add": [{"Group": "all"}]}}
RESET = {"SnapshotId": SNAPSHOT, "Attribute": "createVolumePermission"}
BAD_CREDENTIALS = (401, "AuthFailure", "AWS was not able to validate the provided access credentials")


def policy(*statements: tuple[str, list[str], str]) -> dict[str, Any]:
    """Of (effect, actions, resource)."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": names, "Resource": arn} for effect, names, arn in statements],
    }


def test_a_dry_run_changes_nothing_and_proves_only_permission(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]
) -> None:
    ec2.seed({"image_id": IMAGE, "owner_id": "999999999999", "state": "failed", "description": "old"})
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "owner_id": "999999999999", "state": "pending"})
    assert refusal(api.modify_image_attribute, **CHANGE, DryRun=True) == DRY_RUN
    assert refusal(api.describe_image_attribute, ImageId=IMAGE, Attribute="description", DryRun=True) == DRY_RUN
    assert refusal(api.describe_images, DryRun=True) == DRY_RUN
    assert refusal(api.describe_snapshots, DryRun=True) == DRY_RUN
    assert refusal(api.modify_snapshot_attribute, **SHARE, DryRun=True) == DRY_RUN
    assert refusal(api.reset_snapshot_attribute, **RESET, DryRun=True) == DRY_RUN
    assert refusal(api.describe_snapshot_attribute, **RESET, DryRun=True) == DRY_RUN
    assert refusal(api.enable_snapshot_block_public_access, State="block-all-sharing", DryRun=True) == DRY_RUN
    assert ec2.switches()["block_public_access_snapshots"] == {}
    assert refusal(api.disable_image, ImageId=IMAGE, DryRun=True) == DRY_RUN
    image = ec2.image(IMAGE)
    assert image is not None
    assert (image["description"], image["state"]) == ("old", "failed")


def test_a_dry_run_comes_before_lookup_unless_switched(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]
) -> None:
    for operation, parameters, code in (
        (api.modify_snapshot_attribute, SHARE, "InvalidSnapshot.NotFound"),
        (api.describe_snapshot_attribute, RESET, "InvalidSnapshot.NotFound"),
        (api.modify_image_attribute, CHANGE, "InvalidAMIID.NotFound"),
        (api.disable_image, {"ImageId": IMAGE}, "InvalidAMIID.NotFound"),
    ):
        ec2.switch(dry_run_after_lookup=False)
        assert refusal(operation, **parameters, DryRun=True) == DRY_RUN
        ec2.switch(dry_run_after_lookup=True)
        assert refusal(operation, **parameters, DryRun=True)[1] == code


def test_a_malformed_id_is_told_before_a_dry_run_by_modify_alone(api: Any, refusal: Callable[..., Refusal]) -> None:
    for resource in ({"ImageId": "x"}, {"SnapshotId": "x"}):
        sort = "image" if "ImageId" in resource else "snapshot"
        attribute = "launchPermission" if "ImageId" in resource else "createVolumePermission"
        structure = {attribute[0].upper() + attribute[1:]: {"Add": [{"Group": "all"}]}}
        assert refusal(getattr(api, f"modify_{sort}_attribute"), **resource, **structure, DryRun=True)[0] == 400
        for action in ("describe", "reset"):
            operation = getattr(api, f"{action}_{sort}_attribute")
            assert refusal(operation, **resource, Attribute=attribute, DryRun=True) == DRY_RUN
            assert refusal(operation, **resource, Attribute="x", DryRun=True)[1] == "InvalidRequest"


def test_a_denial_says_who_what_and_on_what(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    reader = ec2.principal("reader", policy(("Allow", ["ec2:Describe*", "sts:DecodeAuthorizationMessage"], "*")))
    api = connect(principal=reader)
    assert len(api.describe_images()["Images"]) == 1
    status, code, message = refusal(api.modify_image_attribute, **CHANGE, DryRun=True)
    arn = f"arn:aws:ec2:us-east-1::image/{IMAGE}"
    text, encoded = message.split(" Encoded authorization failure message: ")
    assert (status, code) == (403, "UnauthorizedOperation")
    assert text == (
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/reader is not "
        f"authorized to perform: ec2:ModifyImageAttribute on resource: {arn} because no identity-based policy allows "
        "the ec2:ModifyImageAttribute action."
    )
    answer = connect("sts", principal=reader).decode_authorization_message(EncodedMessage=encoded)
    decoded = json.loads(answer["DecodedMessage"])
    principal = decoded["context"].pop("principal")
    assert principal["arn"] == reader["arn"]
    assert principal["id"]
    assert decoded == {
        "allowed": False,
        "explicitDeny": False,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {"action": "ec2:ModifyImageAttribute", "resource": arn, "conditions": {"items": []}},
    }


def test_permission_on_one_image_only(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    other = "ami-0123456789abcdef1"
    ec2.seed({"image_id": IMAGE}, {"image_id": other})
    arn = f"arn:aws:ec2:*::image/{IMAGE}"
    writer = ec2.principal("writer", policy(("Allow", ["ec2:*"], "*"), ("Deny", ["ec2:ModifyImageAttribute"], arn)))
    api = connect(principal=writer)
    api.modify_image_attribute(ImageId=other, Description={"Value": "new"})
    status, code, message = refusal(api.modify_image_attribute, **CHANGE)
    assert (status, code) == (403, "UnauthorizedOperation")
    assert "with an explicit deny in an identity-based policy" in message
    narrow = ec2.principal("narrow", policy(("Allow", ["ec2:ModifyImageAttribute"], arn)))
    connect(principal=narrow).modify_image_attribute(**CHANGE)
    assert (
        refusal(connect(principal=narrow).modify_image_attribute, ImageId=other, Description={"Value": "x"})[0] == 403
    )
    assert refusal(connect(principal=narrow).describe_images)[1] == "UnauthorizedOperation"


def test_errors_of_the_request_come_before_denial(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    """Only Modify looks for the resource first, and not in a dry run."""
    api = connect(principal=ec2.principal("nobody"))
    assert refusal(api.modify_image_attribute, ImageId=IMAGE)[1] == "InvalidParameterCombination"
    assert refusal(api.modify_image_attribute, **CHANGE)[1] == "InvalidAMIID.NotFound"
    assert refusal(api.modify_image_attribute, **CHANGE, DryRun=True)[1] == "UnauthorizedOperation"
    assert refusal(api.describe_image_attribute, ImageId=IMAGE, Attribute="x")[1] == "InvalidRequest"
    assert refusal(api.describe_image_attribute, ImageId=IMAGE, Attribute="kernel")[1] == "UnauthorizedOperation"
    assert refusal(api.reset_snapshot_attribute, **RESET)[1] == "UnauthorizedOperation"
    ec2.seed({"image_id": IMAGE, "state": "failed"})
    for value in ("x", "x" * 256):
        parameters = {"ImageId": IMAGE, "Description": {"Value": value}}
        assert refusal(api.modify_image_attribute, **parameters)[1] == "UnauthorizedOperation"


def test_actions_of_moto_are_denied_alike(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    api = connect(principal=ec2.principal("nobody"))
    assert refusal(api.describe_volumes)[:2] == (403, "UnauthorizedOperation")


def test_credentials(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    known = ec2.principal("someone", policy(("Allow", ["ec2:*"], "*")))
    assert refusal(connect().describe_images) == BAD_CREDENTIALS
    assert refusal(connect(principal={**known, "secret_key": "x" * 40}).describe_images) == BAD_CREDENTIALS
    assert connect(principal=known).describe_images()["Images"] == []
    ec2.switch(iam=False)
    assert connect().describe_images()["Images"] == []


def test_a_principal_can_be_given_another_policy(ec2: LocalEC2, connect: Connect) -> None:
    first = ec2.principal("someone")
    second = ec2.principal("someone", policy(("Allow", ["ec2:*"], "*")))
    assert first == second
    assert connect(principal=first).describe_images()["Images"] == []


def test_another_account_sees_its_own_images(ec2: LocalEC2, connect: Connect) -> None:
    ec2.seed({"image_id": IMAGE, "account": "210987654321"}, {})
    partner = ec2.principal("partner", policy(("Allow", ["ec2:*"], "*")), account="210987654321")
    assert [image["ImageId"] for image in connect(principal=partner).describe_images()["Images"]] == [IMAGE]


def test_decoding_needs_permission_and_a_message(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    decode = connect("sts").decode_authorization_message
    assert refusal(decode, EncodedMessage="nonsense")[:2] == (400, "InvalidAuthorizationMessageException")
    nobody = connect("sts", principal=ec2.principal("nobody"))
    assert refusal(nobody.decode_authorization_message, EncodedMessage="x")[:2] == (403, "AccessDenied")
    assert nobody.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/nobody"
