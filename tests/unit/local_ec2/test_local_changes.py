# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes change: the forms EC2 takes, permissions as a set, and the life of an image."""

from __future__ import annotations

from typing import Any

import pytest
from unit.local_ec2.support import IMAGE

from local_ec2.client import LocalEC2

USER = "111111111111"
ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-123example"
UNIT = "arn:aws:organizations::111122223333:ou/o-123example/ou-1234-5example"
ENTRY = {"Add": [{"UserId": USER}]}
LEGACY = {"Attribute": "launchPermission", "OperationType": "add"}

FORMS: dict[str, dict[str, Any]] = {
    "structure": {"LaunchPermission": ENTRY},
    "structure and attribute": {"LaunchPermission": ENTRY, "Attribute": "launchPermission"},
    "capital attribute": {"LaunchPermission": ENTRY, "Attribute": "LaunchPermission"},
    "structure and operation": {"LaunchPermission": ENTRY, "OperationType": "add"},
    "structure and users": {"LaunchPermission": ENTRY, "UserIds": [USER]},
    "legacy": {**LEGACY, "UserIds": [USER]},
}


def shared(ec2: LocalEC2) -> dict[str, list[str]]:
    image = ec2.image(IMAGE)
    assert image is not None
    return {name: values for name, values in image["launch_permissions"].items() if values}


@pytest.mark.parametrize("parameters", FORMS.values(), ids=FORMS)
def test_every_form_of_adding(ec2: LocalEC2, api: Any, parameters: dict[str, Any]) -> None:
    ec2.seed({"image_id": IMAGE})
    api.modify_image_attribute(ImageId=IMAGE, **parameters)
    assert shared(ec2) == {"user_ids": [USER]}


def test_the_legacy_form_takes_all_kinds_of_entries_at_once(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    kinds = {"UserIds": [USER], "UserGroups": ["all"], "OrganizationArns": [ORGANIZATION]}
    api.modify_image_attribute(ImageId=IMAGE, **LEGACY, **kinds, OrganizationalUnitArns=[UNIT])
    everyone = {"user_ids": [USER], "group_names": ["all"], "org_arns": [ORGANIZATION], "org_unit_arns": [UNIT]}
    assert shared(ec2) == everyone
    api.modify_image_attribute(ImageId=IMAGE, **{**LEGACY, "OperationType": "remove"}, **kinds)
    assert shared(ec2) == {"org_unit_arns": [UNIT]}


@pytest.mark.parametrize(
    "parameters", [{"Description": {"Value": "new"}}, {"Attribute": "description", "Value": "new"}]
)
def test_description(ec2: LocalEC2, api: Any, parameters: dict[str, Any]) -> None:
    ec2.seed({"image_id": IMAGE, "description": "old"})
    api.modify_image_attribute(ImageId=IMAGE, **parameters)
    assert api.describe_images(ImageIds=[IMAGE])["Images"][0]["Description"] == "new"


@pytest.mark.parametrize(
    "parameters", [{"ImdsSupport": {"Value": "v2.0"}}, {"Attribute": "imdsSupport", "Value": "v2.0"}]
)
def test_imds_support(ec2: LocalEC2, api: Any, parameters: dict[str, Any]) -> None:
    ec2.seed({"image_id": IMAGE})
    assert "ImdsSupport" not in api.describe_images(ImageIds=[IMAGE])["Images"][0]
    api.modify_image_attribute(ImageId=IMAGE, **parameters)
    assert api.describe_images(ImageIds=[IMAGE])["Images"][0]["ImdsSupport"] == "v2.0"


def test_adding_what_is_present_and_removing_what_is_absent_succeed(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"user_ids": [USER]}})
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission=ENTRY)
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={"Remove": [{"Group": "all"}]})
    assert shared(ec2) == {"user_ids": [USER]}


def test_both_operations_in_one_call(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"group_names": ["all"]}})
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={**ENTRY, "Remove": [{"Group": "all"}]})
    assert shared(ec2) == {"user_ids": [USER]}


def test_the_owner_is_stored_like_any_other_account(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={"Add": [{"UserId": "123456789012"}]})
    assert shared(ec2) == {"user_ids": ["123456789012"]}


def test_ten_thousand_accounts_in_one_call(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    users = [f"{number:012}" for number in range(10_000)]
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={"Add": [{"UserId": user} for user in users]})
    assert shared(ec2) == {"user_ids": users}


def test_reset_removes_every_entry(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"group_names": ["all"], "org_unit_arns": [UNIT]}})
    api.reset_image_attribute(ImageId=IMAGE, Attribute="launchPermission")
    assert shared(ec2) == {}


def test_disabling_removes_every_entry_for_good(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"user_ids": [USER]}})
    api.disable_image(ImageId=IMAGE)
    assert api.describe_images(ImageIds=[IMAGE])["Images"] == []
    assert [image["State"] for image in api.describe_images(IncludeDisabled=True)["Images"]] == ["disabled"]
    api.enable_image(ImageId=IMAGE)
    assert [image["State"] for image in api.describe_images()["Images"]] == ["available"]
    assert shared(ec2) == {}


def test_images_of_moto_are_complete_too(ec2: LocalEC2, api: Any) -> None:
    image_id = api.register_image(Name="plain", Description="y")["ImageId"]
    api.modify_image_attribute(ImageId=image_id, ImdsSupport={"Value": "v2.0"})
    found = api.describe_images(ImageIds=[image_id])["Images"][0]
    assert (found["Name"], found["Description"], found["ImdsSupport"]) == ("plain", "y", "v2.0")
    given = {"EnaSupport": True, "SriovNetSupport": "simple", "TpmSupport": "v2.0", "BootMode": "uefi"}
    full = api.register_image(Name="full", ImdsSupport="v2.0", **given)["ImageId"]
    assert api.describe_images(ImageIds=[full])["Images"][0].items() >= {**given, "ImdsSupport": "v2.0"}.items()
    copy = api.copy_image(SourceImageId=image_id, SourceRegion="us-east-1", Name="copy")["ImageId"]
    assert api.describe_image_attribute(ImageId=copy, Attribute="launchPermission")["LaunchPermissions"] == []
