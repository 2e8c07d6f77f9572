# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reads show: shapes, filters, owners, pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2

UNIT = "arn:aws:organizations::111122223333:ou/o-123example/ou-1234-5example"
FULL: dict[str, Any] = {
    "image_id": IMAGE,
    "name": "golden-1",
    "description": "<Golden> & more",
    "imds_support": "v2.0",
    "product_codes": ["code2", "code1"],
    "tags": {"Team": "platform"},
    "creation_date": "2024-01-02T03:04:05.000Z",
    "deprecation_time": "2030-01-01T00:00:00.000Z",
    "last_launched_time": "2024-05-06T07:08:09Z",
    "deregistration_protection": "enabled-with-cooldown",
    "boot_mode": "uefi",
    "tpm_support": "v2.0",
    "sriov_net_support": "simple",
    "ena_support": True,
    "snapshots": [{}, {"encrypted": True, "kms_key_id": "key"}],
    "ephemeral": True,
    "launch_permissions": {
        "org_unit_arns": [UNIT],
        "user_ids": ["222222222222", "111111111111"],
        "group_names": ["all"],
    },
}


def attribute(api: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.describe_image_attribute(ImageId=IMAGE, Attribute=name)
    assert answer.pop("ResponseMetadata")["RequestId"]
    assert answer.pop("ImageId") == IMAGE
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return sorted(image["ImageId"] for image in answer["Images"])


@pytest.mark.parametrize(
    ("name", "full", "bare"),
    [
        (
            "launchPermission",
            {
                "LaunchPermissions": [
                    {"Group": "all"},
                    {"UserId": "111111111111"},
                    {"UserId": "222222222222"},
                    {"OrganizationalUnitArn": UNIT},
                ]
            },
            {"LaunchPermissions": []},
        ),
        (
            "productCodes",
            {
                "ProductCodes": [
                    {"ProductCodeId": code, "ProductCodeType": "marketplace"} for code in ("code1", "code2")
                ]
            },
            {"ProductCodes": []},
        ),
        ("description", {"Description": {"Value": "<Golden> & more"}}, {"Description": {}}),
        ("imdsSupport", {"ImdsSupport": {"Value": "v2.0"}}, {"ImdsSupport": {}}),
        ("bootMode", {"BootMode": {"Value": "uefi"}}, {"BootMode": {}}),
        ("tpmSupport", {"TpmSupport": {"Value": "v2.0"}}, {"TpmSupport": {}}),
        ("uefiData", {"UefiData": {}}, {"UefiData": {}}),
        ("lastLaunchedTime", {"LastLaunchedTime": {"Value": "2024-05-06T07:08:09Z"}}, {"LastLaunchedTime": {}}),
        (
            "deregistrationProtection",
            {"DeregistrationProtection": {"Value": "enabled-with-cooldown"}},
            {"DeregistrationProtection": {"Value": "disabled"}},
        ),
        ("kernel", {"KernelId": {}}, {"KernelId": {}}),
        ("ramdisk", {"RamdiskId": {}}, {"RamdiskId": {}}),
        ("sriovNetSupport", {"SriovNetSupport": {"Value": "simple"}}, {"SriovNetSupport": {}}),
    ],
)
def test_describe_image_attribute(
    ec2: LocalEC2, api: Any, name: str, full: dict[str, Any], bare: dict[str, Any]
) -> None:
    ec2.seed(FULL)
    assert attribute(api, name) == full
    ec2.reset()
    ec2.seed({"image_id": IMAGE})
    assert attribute(api, name) == bare


def test_attributes_that_are_not_read(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed(FULL)
    read = api.describe_image_attribute
    assert refusal(read, ImageId=IMAGE, Attribute="blockDeviceMapping") == (
        400,
        "AuthFailure",
        "Unauthorized attempt to access restricted resource",
    )
    assert refusal(read, ImageId=IMAGE, Attribute="color")[:2] == (400, "InvalidRequest")
    ec2.reset()
    ec2.seed({"image_id": IMAGE, "owner_id": "999999999999"})
    assert refusal(read, ImageId=IMAGE, Attribute="launchPermission") == (
        400,
        "AuthFailure",
        f"Not authorized for image:{IMAGE}",
    )


def test_describe_images_shows_everything(ec2: LocalEC2, api: Any) -> None:
    [created] = ec2.seed(FULL)
    [image] = api.describe_images(ImageIds=[IMAGE])["Images"]
    first, second, third = image.pop("BlockDeviceMappings")
    assert [first["Ebs"]["SnapshotId"], second["Ebs"]["SnapshotId"]] == created["snapshot_ids"]
    assert (first["Ebs"]["Encrypted"], second["Ebs"]["Encrypted"]) == (False, True)
    assert "Ebs" not in third
    assert {name: image[name] for name in image if name not in ("ImageLocation", "Hypervisor")} == {
        "EnaSupport": True,
        "SriovNetSupport": "simple",
        "UsageOperation": "RunInstances",
        "FreeTierEligible": True,
        "ImageId": IMAGE,
        "Name": "golden-1",
        "Description": "<Golden> & more",
        "State": "available",
        "OwnerId": "123456789012",
        "Public": True,
        "CreationDate": "2024-01-02T03:04:05.000Z",
        "DeprecationTime": "2030-01-01T00:00:00.000Z",
        "LastLaunchedTime": "2024-05-06T07:08:09Z",
        "DeregistrationProtection": "enabled-with-cooldown",
        "BootMode": "uefi",
        "TpmSupport": "v2.0",
        "ImdsSupport": "v2.0",
        "ProductCodes": [{"ProductCodeId": code, "ProductCodeType": "marketplace"} for code in ("code1", "code2")],
        "Tags": [{"Key": "Team", "Value": "platform"}],
        "Architecture": "x86_64",
        "ImageType": "machine",
        "PlatformDetails": "Linux/UNIX",
        "RootDeviceName": "/dev/sda1",
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
    }


def test_what_is_not_set_is_left_out(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    [image] = api.describe_images()["Images"]
    absent = {"Description", "ImdsSupport", "ProductCodes", "DeprecationTime", "LastLaunchedTime", "BootMode", "Tags"}
    assert absent.isdisjoint(image)
    assert image["Public"] is False


def test_an_unknown_id_fails_the_whole_call(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    bad = ["ami-00000001", "ami-00000002"]
    assert refusal(api.describe_images, ImageIds=[bad[0], IMAGE, bad[1]]) == (
        400,
        "InvalidAMIID.NotFound",
        "The image ids '[ami-00000001, ami-00000002]' do not exist",
    )
    answer = api.describe_images(Filters=[{"Name": "image-id", "Values": [*bad, IMAGE]}])
    assert ids(answer) == [IMAGE]


FLEET: list[dict[str, Any]] = [
    {
        "image_id": "ami-00000001",
        "name": "web-1",
        "tags": {"Stage": "prod"},
        "description": "one",
        "creation_date": "2020-01-02T03:04:05.000Z",
    },
    {"image_id": "ami-00000002", "name": "web-2", "launch_permissions": {"group_names": ["all"]}},
    {"image_id": "ami-00000003", "name": "db-1", "state": "failed", "imds_support": "v2.0"},
    {"image_id": "ami-00000004", "name": "their", "owner_id": "999999999999", "owner_alias": "amazon"},
    {
        "image_id": "ami-00000005",
        "name": "old",
        "owner_id": "888888888888",
        "deprecation_time": "2020-01-01T00:00:00.000Z",
        "launch_permissions": {"user_ids": ["123456789012"]},
    },
    {"image_id": "ami-00000006", "name": "off", "state": "disabled"},
    {"image_id": "ami-00000007", "owner_id": "777777777777", "launch_permissions": {"org_unit_arns": [UNIT]}},
    {"image_id": "ami-00000008", "launch_permissions": {"user_ids": ["555555555555"], "org_unit_arns": [UNIT]}},
]
SELECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "all but disabled and deprecated of others": ({}, "123478"),
    "disabled": ({"IncludeDisabled": True}, "1234678"),
    "deprecated": ({"IncludeDeprecated": True}, "1234578"),
    "self": ({"Owners": ["self"]}, "1238"),
    "account": ({"Owners": ["999999999999", "777777777777"]}, "47"),
    "alias": ({"Owners": ["amazon"]}, "4"),
    "launchable by all": ({"ExecutableUsers": ["all"]}, "2"),
    "launchable by us": ({"ExecutableUsers": ["self"], "IncludeDeprecated": True}, "457"),
    "launchable by another": ({"ExecutableUsers": ["555555555555"]}, "8"),
    "wildcard": ({"Filters": [{"Name": "name", "Values": ["web-*", "d?-1"]}]}, "123"),
    "tag": ({"Filters": [{"Name": "tag:Stage", "Values": ["prod"]}]}, "1"),
    "state": ({"Filters": [{"Name": "state", "Values": ["failed", "pending"]}]}, "3"),
    "disabled state": ({"IncludeDisabled": True, "Filters": [{"Name": "state", "Values": ["disabled"]}]}, "6"),
    "public": ({"Filters": [{"Name": "is-public", "Values": ["true"]}]}, "2"),
    "owner": ({"Filters": [{"Name": "owner-id", "Values": ["999999999999"]}]}, "4"),
    "description": ({"Filters": [{"Name": "description", "Values": ["o*"]}]}, "1"),
    "imds": ({"Filters": [{"Name": "imds-support", "Values": ["v2.0"]}]}, "3"),
    "creation date": ({"Filters": [{"Name": "creation-date", "Values": ["2020-01-*"]}]}, "1"),
    "two filters": (
        {"Filters": [{"Name": "name", "Values": ["web-*"]}, {"Name": "is-public", "Values": ["false"]}]},
        "1",
    ),
    "ids in a filter": ({"Filters": [{"Name": "image-id", "Values": ["ami-00000003", "ami-00000006"]}]}, "3"),
    "deprecated by id": ({"ImageIds": ["ami-00000005"]}, "5"),
}


@pytest.mark.parametrize(("parameters", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_selection(ec2: LocalEC2, api: Any, parameters: dict[str, Any], expected: str) -> None:
    ec2.seed(*FLEET)
    assert ids(api.describe_images(**parameters)) == [f"ami-0000000{number}" for number in expected]


def test_pages(ec2: LocalEC2, api: Any) -> None:
    created = [image["image_id"] for image in ec2.seed(*[{}] * 12)]
    pages = list(api.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Images"]) for page in pages] == [5, 5, 2]
    assert [image["ImageId"] for page in pages for image in page["Images"]] == sorted(created)
    assert "NextToken" not in api.describe_images(MaxResults=12)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {"ImageIds": [IMAGE], "MaxResults": 5},
            (
                400,
                "InvalidParameterCombination",
                "The parameter imageIdsSet cannot be used with the parameter maxResults",
            ),
        ),
        (
            {"MaxResults": 4},
            (
                400,
                "InvalidParameterValue",
                "Invalid value '4' for maxResults. Expecting a value greater than 5.",
            ),
        ),
        (
            {"MaxResults": 1001},
            (
                400,
                "InvalidParameterValue",
                "Invalid value '1001' for maxResults. Expecting a value less than 1000.",
            ),
        ),
        (
            {"NextToken": "x"},
            (400, "InvalidPaginationToken", "The specified pagination token is not valid or is expired."),
        ),
        (
            {"Filters": [{"Name": "color", "Values": ["red"]}]},
            (400, "InvalidParameterValue", "The filter 'color' is invalid"),
        ),
        (
            {"Filters": [{"Name": "image-id", "Values": [IMAGE] * 201}]},
            (
                400,
                "InvalidParameterValue",
                "The filter 'image-id' has 201 values; the maximum number of filter values is 200",
            ),
        ),
        (
            {"Filters": [{"Name": "state", "Values": ["disabled"]}]},
            (
                400,
                "InvalidParameter",
                "When filtering by the 'disabled' state, 'IncludeDisabled' must be set to 'true' in the request.",
            ),
        ),
        ({"Owners": ["me"]}, (400, "InvalidUserID.Malformed", 'Invalid user id: "me"')),
        ({"ExecutableUsers": ["me"]}, (400, "InvalidUserID.Malformed", 'Invalid user id: "me"')),
        ({"ImageIds": [""]}, (400, "MissingParameter", "The request must contain the parameter ImageId")),
        (
            {"ImageIds": ["ami-11111111111111111"]},
            (400, "InvalidAMIID.Malformed", 'Invalid id: "ami-11111111111111111"'),
        ),
        (
            {"Filters": [{"Name": "image-allowed", "Values": ["x"]}]},
            (
                501,
                "NotImplemented",
                (
                    "The embedded EC2 cannot do DescribeImages: The filter 'image-allowed' for DescribeImages has not "
                    "been implemented in Moto yet. Feel free to open an issue at https://github.com/getmoto/moto/issues"
                ),
            ),
        ),
        ({"ImageIds": ["x"]}, (400, "InvalidAMIID.Malformed", 'Invalid id: "x" (expecting "ami-...")')),
    ],
)
def test_refused_selection(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal], parameters: dict[str, Any], expected: Refusal
) -> None:
    ec2.seed({"image_id": IMAGE})
    assert refusal(api.describe_images, **parameters) == expected
