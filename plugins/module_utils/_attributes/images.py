# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""AMIs: the table of their attributes, and what is true of them and not of snapshots."""

from __future__ import annotations

import typing as t

from .permissions import GROUP_NAMES
from .permissions import ORG_ARNS
from .permissions import ORG_UNIT_ARNS
from .permissions import USER_IDS
from .plan import Attribute
from .plan import Plan
from .resource import Description
from .resource import Refusal
from .resource import Resource
from .resource import Surroundings

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
    return "it begins or ends with a blank, which EC2 refuses" if value != value.strip() else ""


def _imds_problem(value: str) -> str:
    return "" if value == "v2.0" else f"{value!r} is not possible: v2.0 is EC2's only value, and cannot be undone"


# The table of attributes. A text attribute is read from DescribeImages under `member`, where EC2 leaves it out of an
# AMI that has none, and is modified under the same name (ModifyImageAttribute, API reference).
ATTRIBUTES = (
    Attribute("description", "description", "Description", unset="", problem=_description_problem),
    Attribute("imds_support", "imdsSupport", "ImdsSupport", unset=None, problem=_imds_problem),
    Attribute(
        "launch_permissions",
        "launchPermission",
        "LaunchPermission",
        unset=frozenset(),
        kinds=(USER_IDS, GROUP_NAMES, ORG_ARNS, ORG_UNIT_ARNS),
        entries_per_request=10_000,
    ),
)


class Images(Resource):
    """AMIs."""

    noun = "image"
    described_as = "an AMI"
    ids_option = "image_ids"
    id_option = "image_id"
    id_prefix = "ami"
    result_key = "images"
    attributes = ATTRIBUTES

    id_key = "ImageId"
    ready_state = "available"
    describe_operation = "describe_images"
    described_key = "Images"
    id_filter = "image-id"
    owners_argument = "Owners"
    # Disabled images, and deprecated ones of others, would be taken for unknown ones otherwise.
    describe_options: t.ClassVar = {"IncludeDisabled": True, "IncludeDeprecated": True}
    read_operation = "describe_image_attribute"
    permissions_key = "LaunchPermissions"
    modify_operation = "modify_image_attribute"
    public_access_operation = "get_image_block_public_access_state"
    public_access_key = "ImageBlockPublicAccessState"

    describe_action = "DescribeImages"
    modify_action = "ModifyImageAttribute"
    not_found_code = "InvalidAMIID.NotFound"
    state_code = "InvalidAMIID.Unavailable"

    def encrypted_snapshots(self, described: Description) -> dict[str, str | None]:
        volumes = [mapping["Ebs"] for mapping in described.get("BlockDeviceMappings", ()) if "Ebs" in mapping]
        return {
            volume["SnapshotId"]: volume.get("KmsKeyId")
            for volume in volumes
            if volume.get("Encrypted") and "SnapshotId" in volume
        }

    def exceeds_quota(self, plan: Plan) -> bool:
        """Tell whether the plan adds entries to an AMI that then has more than the default quota allows."""
        entries = sum(len(value) for _attribute, value in plan.after.values if isinstance(value, frozenset))
        return bool(plan.granted) and entries > SHARING_QUOTA

    def quota_warning(self, ids: t.Sequence[str]) -> str:
        shown = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
        return (
            f"{len(ids)} image(s) would have more than {SHARING_QUOTA} launch permissions ({shown}). EC2's default"
            " quota is 1,000 a Region for each AMI: raise it in Service Quotas, or share with an organization or OU"
        )

    def _managed_key_refusal(self, snapshots: t.Sequence[str]) -> Refusal:
        message = (
            f"An image cannot be shared with anyone while a snapshot behind it ({', '.join(snapshots)}) is encrypted"
            " under the key that AWS manages for EBS; copy the image under a customer managed key, and share that"
        )
        return "InvalidParameter", message

    def _public_refusals(self, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
        if any(code.get("ProductCodeType") == "marketplace" for code in described.get("ProductCodes", ())):
            yield "OperationNotPermitted", "An image with an AWS Marketplace product code cannot be made public"
        if self.encrypted_snapshots(described):
            yield "UnsupportedOperation", "An image with an encrypted snapshot cannot be made public"
        if surroundings.public_access_blocked:
            blocked = "Block public access for AMIs is on in this account and Region, so no image can be made public"
            yield "OperationNotPermitted", f"{blocked}; DisableImageBlockPublicAccess lifts it for the whole Region"
