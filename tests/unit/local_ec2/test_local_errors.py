# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every error: the request that meets it, its code, its text and its HTTP status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2

ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-123example"
ACCOUNT_ARN = "arn:aws:organizations::111122223333:account/o-123example/444455556666"
UNIT = "arn:aws:organizations::111122223333:ou/o-123example/ou-1234-5example"
NO_ATTRIBUTES = (400, "InvalidParameterCombination", "No attributes specified.")
UNKNOWN = "ami-0fffffffffffffff0"


def add(**entry: str) -> dict[str, Any]:
    return {"LaunchPermission": {"Add": [entry]}}


def item(value: str, kind: str) -> Refusal:
    return 400, "InvalidAMIAttributeItemValue", f'Invalid attribute item value "{value}" for {kind} item type.'


FORMS: dict[str, tuple[dict[str, Any], Refusal]] = {
    "nothing": ({}, NO_ATTRIBUTES),
    "empty structure": ({"LaunchPermission": {}}, NO_ATTRIBUTES),
    "empty list": ({"LaunchPermission": {"Add": []}}, NO_ATTRIBUTES),
    "nonsense attribute": ({"Attribute": "color"}, NO_ATTRIBUTES),
    "value without attribute": ({"Value": "x"}, NO_ATTRIBUTES),
    "users alone": (
        {"UserIds": ["111111111111"]},
        (400, "MissingParameter", "The request must contain the parameter LaunchPermission"),
    ),
    "users with an operation": (
        {"UserIds": ["111111111111"], "OperationType": "add"},
        (500, "InternalError", "An internal error has occurred"),
    ),
    "two structures": (
        {"Description": {"Value": "x"}, **add(Group="all")},
        (
            400,
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified: description, launchPermission",
        ),
    ),
    "attribute of another structure": (
        {"Attribute": "imdsSupport", **add(Group="all")},
        (
            400,
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified: imdsSupport, launchPermission",
        ),
    ),
    "kernel": (
        {"Attribute": "kernel", "Value": "aki-1"},
        (400, "InvalidParameter", "Parameter kernel is invalid. The attribute is not supported"),
    ),
    "product codes": (
        {"ProductCodes": ["abc"]},
        (400, "InvalidParameter", "Parameter productCodes is invalid. The attribute is not supported"),
    ),
    "description without value": (
        {"Attribute": "description"},
        (400, "MissingParameter", "The request must contain the parameter description"),
    ),
    "imdsSupport without value": (
        {"Attribute": "imdsSupport"},
        (400, "MissingParameter", "The request must contain the parameter imdsSupport with value v2.0"),
    ),
    "empty description": (
        {"Description": {"Value": ""}},
        (400, "MissingParameter", "The request must contain the parameter description"),
    ),
    "empty imdsSupport": (
        {"ImdsSupport": {"Value": ""}},
        (400, "MissingParameter", "The request must contain the parameter imdsSupport with value v2.0"),
    ),
    "launchPermission without operation": (
        {"Attribute": "launchPermission"},
        (400, "InvalidParameterCombination", "No operation specified for launchPermission attribute."),
    ),
    "launchPermission without entries": (
        {"Attribute": "launchPermission", "OperationType": "add"},
        (400, "InvalidParameterCombination", "No operation specified for launchPermission attribute."),
    ),
    "operation": (
        {"Attribute": "launchPermission", "OperationType": "set", "UserIds": ["111111111111"]},
        (400, "InvalidParameterCombination", "No operation specified for launchPermission attribute."),
    ),
}
VALUES: dict[str, tuple[dict[str, Any], Refusal]] = {
    "account with trailing whitespace": (add(UserId="86385474502 "), item("86385474502  ", "userId")),
    "account of eleven digits": (add(UserId="11111111111"), item("11111111111 ", "userId")),
    "account in other digits": (add(UserId="\u0661" * 12), item("\u0661" * 12 + " ", "userId")),
    "account in the legacy form": (
        {"Attribute": "launchPermission", "OperationType": "add", "UserIds": ["x<y"]},
        item("x<y ", "userId"),
    ),
    "group": (add(Group="x"), item("x ", "UserGroup")),
    "organization": (add(OrganizationArn=ACCOUNT_ARN), item(ACCOUNT_ARN, "OrganizationArn")),
    "organization id": (add(OrganizationArn="o-123example"), item("o-123example", "OrganizationArn")),
    "unit": (add(OrganizationalUnitArn=ORGANIZATION), item(ORGANIZATION, "OrganizationalUnitArn")),
    "entry to remove": ({"LaunchPermission": {"Remove": [{"Group": "none"}]}}, item("none ", "UserGroup")),
    "long description": (
        {"Description": {"Value": "x" * 256}},
        (
            400,
            "InvalidParameterValue",
            f"Value ({'x' * 256}) for parameter description is invalid. It exceeds 255 characters.",
        ),
    ),
    "description beyond ASCII": (
        {"Description": {"Value": "a — b"}},
        (
            400,
            "InvalidParameterValue",
            "Value (a — b) for parameter description is invalid. Character sets beyond ASCII are not supported.",
        ),
    ),
    "description with trailing whitespace": (
        {"Description": {"Value": "x "}},
        (
            400,
            "InvalidParameterValue",
            "Value (x ) for parameter description is invalid. It must not have leading or trailing whitespace.",
        ),
    ),
    "imdsSupport": (
        {"ImdsSupport": {"Value": "v1.0"}},
        (400, "InvalidParameterValue", "Value (v1.0) for parameter imdsSupport is invalid. Expecting v2.0."),
    ),
}


@pytest.mark.parametrize(("parameters", "expected"), FORMS.values(), ids=FORMS)
def test_a_wrong_request_is_refused_before_the_image_is_looked_up(
    api: Any, refusal: Callable[..., Refusal], parameters: dict[str, Any], expected: Refusal
) -> None:
    assert refusal(api.modify_image_attribute, ImageId=UNKNOWN, **parameters) == expected
    assert refusal(api.modify_image_attribute, ImageId=UNKNOWN, **parameters, DryRun=True) == expected


@pytest.mark.parametrize(("parameters", "expected"), VALUES.values(), ids=VALUES)
def test_a_wrong_value_is_refused_after_a_dry_run_and_the_look_up(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal], parameters: dict[str, Any], expected: Refusal
) -> None:
    assert refusal(api.modify_image_attribute, ImageId=IMAGE, **parameters)[1] == "InvalidAMIID.NotFound"
    ec2.seed({"image_id": IMAGE})
    before = ec2.image(IMAGE)
    assert refusal(api.modify_image_attribute, ImageId=IMAGE, **parameters, DryRun=True)[1] == "DryRunOperation"
    assert refusal(api.modify_image_attribute, ImageId=IMAGE, **parameters) == expected
    assert ec2.image(IMAGE) == before


def test_an_entry_beside_a_structure_is_not_looked_at(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    api.modify_image_attribute(ImageId=IMAGE, UserIds=["x"], OperationType="set", **add(Group="all"))
    image = ec2.image(IMAGE)
    assert image is not None
    assert image["launch_permissions"]["group_names"] == ["all"]


@pytest.mark.parametrize(
    ("image_id", "code", "message"),
    [
        ("foo", "InvalidAMIID.Malformed", 'Invalid id: "foo" (expecting "ami-...")'),
        ("ami-xyz", "InvalidAMIID.Malformed", 'Invalid id: "ami-xyz"'),
        (UNKNOWN, "InvalidAMIID.NotFound", f"The image id '[{UNKNOWN}]' does not exist"),
    ],
)
def test_an_image_that_is_not_there(
    api: Any, refusal: Callable[..., Refusal], image_id: str, code: str, message: str
) -> None:
    described = refusal(api.describe_image_attribute, ImageId=image_id, Attribute="description")
    modified = refusal(api.modify_image_attribute, ImageId=image_id, Description={"Value": "x"})
    reset = refusal(api.reset_image_attribute, ImageId=image_id, Attribute="launchPermission")
    assert described == modified == reset == (400, code, message)


WRONG_STATE = "The AMI ID '{}' is currently {} and may not be used for this operation"
IMAGES: dict[str, tuple[dict[str, Any], dict[str, str], Refusal]] = {
    "foreign": (
        {"owner_id": "999999999999"},
        {"Group": "all"},
        (400, "AuthFailure", f"Not authorized for image:{IMAGE}"),
    ),
    **{
        state: ({"state": state}, {"Group": "all"}, (400, "InvalidAMIID.Unavailable", WRONG_STATE.format(IMAGE, state)))
        for state in ("pending", "failed", "disabled")
    },
    "product code": (
        {"product_codes": ["abc"]},
        {"Group": "all"},
        (
            400,
            "OperationNotPermitted",
            "Images with an Amazon Web Services Marketplace product code cannot be made public.",
        ),
    ),
    "encrypted": (
        {"encrypted": True},
        {"Group": "all"},
        (400, "UnsupportedOperation", "Encrypted snapshots can\u2019t be shared publicly. Specify another snapshot."),
    ),
    "one snapshot of two encrypted": (
        {"snapshots": [{}, {"encrypted": True}]},
        {"Group": "all"},
        (400, "UnsupportedOperation", "Encrypted snapshots can\u2019t be shared publicly. Specify another snapshot."),
    ),
    "managed key": (
        {"encrypted": True, "kms_key_id": "alias/aws/ebs"},
        {"UserId": "111111111111"},
        (
            400,
            "InvalidParameter",
            "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot.",
        ),
    ),
}


@pytest.mark.parametrize(("image", "entry", "expected"), IMAGES.values(), ids=IMAGES)
def test_an_image_that_may_not_be_shared_stays_as_it_was(
    ec2: LocalEC2,
    api: Any,
    refusal: Callable[..., Refusal],
    image: dict[str, Any],
    entry: dict[str, str],
    expected: Refusal,
) -> None:
    ec2.seed({"image_id": IMAGE, **image})
    before = ec2.image(IMAGE)
    assert refusal(api.modify_image_attribute, ImageId=IMAGE, **add(**entry)) == expected
    assert ec2.image(IMAGE) == before


def test_a_deregistered_image_is_no_longer_available(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    api.deregister_image(ImageId=IMAGE)
    gone = (400, "InvalidAMIID.Unavailable", f"The image ID '{IMAGE}' is no longer available")
    assert refusal(api.modify_image_attribute, ImageId=IMAGE, Description={"Value": "x"}) == gone
    assert refusal(api.describe_image_attribute, ImageId=IMAGE, Attribute="description") == gone
    assert refusal(api.deregister_image, ImageId=IMAGE) == gone
    assert api.describe_images(ImageIds=[IMAGE])["Images"] == []
    assert ec2.image(IMAGE) is None


def test_a_protected_image_is_not_deregistered(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE, "deregistration_protection": "enabled-without-cooldown"})
    assert refusal(api.deregister_image, ImageId=IMAGE)[:2] == (400, "OperationNotPermitted")
    assert ec2.image(IMAGE) is not None


def test_block_public_access_is_per_region_and_spares_what_is_public(
    ec2: LocalEC2, api: Any, connect: Callable[..., Any], refusal: Callable[..., Refusal]
) -> None:
    public = {"group_names": ["all"]}
    other, there = "ami-0123456789abcdef1", "ami-0123456789abcdef2"
    ec2.seed(
        {"image_id": IMAGE},
        {"image_id": other, "launch_permissions": public},
        {"image_id": there, "region": "eu-west-1"},
    )
    assert api.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"
    answer = api.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    assert answer["ImageBlockPublicAccessState"] == "block-new-sharing"
    state = api.get_image_block_public_access_state()
    assert (state["ImageBlockPublicAccessState"], state["ManagedBy"]) == ("block-new-sharing", "account")
    assert refusal(api.modify_image_attribute, ImageId=IMAGE, **add(Group="all")) == (
        400,
        "OperationNotPermitted",
        (
            "You can\u2019t publicly share this image because block public access for AMIs is enabled for this "
            "account. To publicly share the image, you must call the DisableImageBlockPublicAccess API."
        ),
    )
    api.modify_image_attribute(ImageId=IMAGE, **add(UserId="111111111111"))
    api.modify_image_attribute(ImageId=other, **add(Group="all"))
    connect(region="eu-west-1").modify_image_attribute(ImageId=there, **add(Group="all"))
    api.disable_image_block_public_access()
    api.modify_image_attribute(ImageId=IMAGE, **add(Group="all"))
    assert [image["Public"] for image in api.describe_images()["Images"]] == [True, True]


def test_forms_that_no_client_library_sends(post_refused: Callable[..., Refusal]) -> None:
    send = post_refused
    assert send(Action="Modify", ImageId=IMAGE) == (
        400,
        "InvalidAction",
        "The action Modify is not valid for this web service.",
    )
    assert send(Action="ModifyImageAttribute", ImageId=IMAGE, Color="red") == (
        400,
        "UnknownParameter",
        "The parameter Color is not recognized",
    )
    assert send(Action="ModifyImageAttribute") == (
        400,
        "MissingParameter",
        "The request must contain the parameter ImageId",
    )


def test_a_request_without_credentials(post: Callable[..., tuple[int, str]]) -> None:
    status, body = post("", Action="DescribeImages")
    assert status == 401
    assert "<Code>AuthFailure</Code>" in body


def test_the_shape_of_an_error_and_of_a_success(ec2: LocalEC2, post: Callable[..., tuple[int, str]]) -> None:
    ec2.seed({"image_id": IMAGE})
    form = {"Action": "ModifyImageAttribute", "Version": "2016-11-15", "ImageId": IMAGE}
    refused = post(**form)[1]
    assert refused.startswith("<Response><Errors><Error><Code>InvalidParameterCombination</Code><Message>No attributes")
    assert refused.endswith("</RequestID></Response>")
    assert refused != post(**form)[1]
    status, done = post(**form, **{"Description.Value": "x"})
    assert status == 200
    assert done.startswith('<ModifyImageAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>')
    assert done.endswith("</requestId><return>true</return></ModifyImageAttributeResponse>")
