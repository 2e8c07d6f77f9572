# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""AMIs: the table of their attributes, and what is true of them and not of snapshots."""

from __future__ import annotations

import typing as t

from .attribute import Attribute
from .attribute import Description
from .attribute import described_text
from .attribute import modify_member
from .attribute import own_read
from .permissions import GROUP_NAMES
from .permissions import ORG_ARNS
from .permissions import ORG_UNIT_ARNS
from .permissions import USER_IDS
from .resource import Api
from .resource import Quota
from .resource import Refusal
from .resource import Resource
from .resource import Surroundings
from .resource import becomes_public

if t.TYPE_CHECKING:
    from .plan import Plan

MAX_DESCRIPTION = 255  # characters; observed by publishers, scylladb/scylladb#5435
SHARING_QUOTA = 1000  # entries on an AMI in a Region, adjustable (EC2 User Guide, "AMI quotas")


def _description_problem(value: str) -> str:
    if len(value) > MAX_DESCRIPTION:
        return f"{len(value)} characters are more than EC2's {MAX_DESCRIPTION}"
    odd = next((character for character in value if not " " <= character <= "~"), None)
    if odd == "\n":
        return "it has a line break, and EC2 takes printable ASCII only (in YAML, write >- in place of > or |)"
    if odd:
        return f"it has {odd!r}, and EC2 takes printable ASCII only"
    return "it has leading or trailing whitespace, which EC2 refuses" if value != value.strip() else ""


def _imds_problem(value: str) -> str:
    return "" if value == "v2.0" else f"{value!r} is not possible: v2.0 is EC2's only value, and cannot be undone"


def _text(option: str, name: str, member: str, unset: str | None, problem: t.Callable[[str], str]) -> Attribute:
    """Return the row of a text: DescribeImages shows it under the member that ModifyImageAttribute takes it under."""
    write = modify_member("modify_image_attribute", "ImageId", member)
    return Attribute(option, name, unset, described_text(member, unset), write, problem)


ATTRIBUTES = (
    _text("description", "description", "Description", "", _description_problem),
    _text("imds_support", "imdsSupport", "ImdsSupport", None, _imds_problem),
    Attribute(
        "launch_permissions",
        "launchPermission",
        unset=frozenset(),
        read=own_read("describe_image_attribute", "ImageId", "launchPermission", "LaunchPermissions"),
        write=modify_member("modify_image_attribute", "ImageId", "LaunchPermission"),
        kinds=(USER_IDS, GROUP_NAMES, ORG_ARNS, ORG_UNIT_ARNS),
        entries_per_request=10_000,
    ),
)


def volumes(described: Description) -> list[Description]:
    """Return the EBS volumes of an image. A new one may lack their SnapshotId for a moment (observed by publishers)."""
    return [mapping["Ebs"] for mapping in described.get("BlockDeviceMappings", ()) if "Ebs" in mapping]


def snapshot_ids(described: Description) -> list[str]:
    """Return the snapshots behind an image, each once: volumes may be made from the same one."""
    return list(dict.fromkeys(volume["SnapshotId"] for volume in volumes(described) if "SnapshotId" in volume))


def lacks_snapshots(described: Description) -> bool:
    """Tell whether EC2 does not show yet what is behind an EBS-backed image.

    A volume that is empty at launch never has a snapshot (observed: cloud-custodian/cloud-custodian#204), but the root
    volume has one.
    """
    if described.get("RootDeviceType") != "ebs":
        return False
    devices = {
        mapping.get("DeviceName"): mapping.get("Ebs", {}) for mapping in described.get("BlockDeviceMappings", ())
    }
    root = devices.get(described.get("RootDeviceName"))
    return not snapshot_ids(described) or (root is not None and "SnapshotId" not in root)


def _encrypted_snapshots(described: Description) -> dict[str, str | None]:
    return {
        volume["SnapshotId"]: volume.get("KmsKeyId")
        for volume in volumes(described)
        if volume.get("Encrypted") and "SnapshotId" in volume
    }


# The rules. Codes are EC2's own where one was observed.


def _empty_description(plan: Plan, _described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    if ("description", "") in [(request.attribute.option, request.value) for request in plan.requests]:
        message = "EC2 cannot clear the description of an image; set another one, or leave description out of the task"
        yield "MissingParameter", message


def _managed_key(plan: Plan, _described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    snapshots = surroundings.under_managed_key
    if plan.granted and snapshots:
        message = (
            f"An image cannot be shared with anyone while a snapshot behind it ({', '.join(snapshots)}) is encrypted"
            " under the key that AWS manages for EBS; copy the image under a customer managed key, and share that"
        )
        yield "InvalidParameter", message


def _public(plan: Plan, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    if not becomes_public(plan):
        return
    if any(code.get("ProductCodeType") == "marketplace" for code in described.get("ProductCodes", ())):
        yield "OperationNotPermitted", "An image with an AWS Marketplace product code cannot be made public"
    if _encrypted_snapshots(described):
        yield "UnsupportedOperation", "An image with an encrypted snapshot cannot be made public"
    if described.get("ImageWatermarks"):
        yield "OperationNotPermitted", "An image with a watermark cannot be made public"
    if surroundings.public_access_blocked:
        blocked = "Block public access for AMIs is on in this account and Region, so no image can be made public"
        yield "OperationNotPermitted", f"{blocked}; DisableImageBlockPublicAccess lifts it for the whole Region"


IMAGES = Resource(
    noun="image",
    described_as="an AMI",
    ids_option="image_ids",
    id_option="image_id",
    id_prefix="ami",
    result_key="images",
    attributes=ATTRIBUTES,
    api=Api(
        id_key="ImageId",
        describe_operation="describe_images",
        described_key="Images",
        id_filter="image-id",
        owners_argument="Owners",
        # Disabled images, and deprecated ones of others, would be taken for unknown ones otherwise.
        describe_options={"IncludeDisabled": True, "IncludeDeprecated": True},
        public_access_operation="get_image_block_public_access_state",
        public_access_key="ImageBlockPublicAccessState",
    ),
    ready_states=("available",),
    advice={
        "pending": "it can be modified once it is available",
        "failed": "a failed image never becomes available, so create it again",
        "disabled": "enable it first (EnableImage)",
    },
    describe_action="DescribeImages",
    modify_action="ModifyImageAttribute",
    not_found_code="InvalidAMIID.NotFound",
    state_code="InvalidAMIID.Unavailable",
    foreign_code="AuthFailure",
    name_of=lambda described: described.get("Name"),
    encrypted_snapshots=_encrypted_snapshots,
    rules=(_empty_description, _managed_key, _public),
    quota=Quota(
        SHARING_QUOTA,
        "EC2's default quota is 1,000 a Region for each AMI: raise it in Service Quotas, or share with an organization"
        " or OU",
    ),
)
