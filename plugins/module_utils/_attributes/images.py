# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""AMIs: the table of their attributes, how EC2 is asked about them, and what it would refuse.

What is true of AMIs and not of snapshots lives here; nothing here decides when a request is sent.
"""

from __future__ import annotations

import typing as t

from .permissions import EVERYONE
from .permissions import GROUP_NAMES
from .permissions import ORG_ARNS
from .permissions import ORG_UNIT_ARNS
from .permissions import USER_IDS
from .permissions import Permissions
from .permissions import from_ec2
from .permissions import to_ec2
from .plan import Attribute
from .plan import Failure
from .plan import Plan
from .plan import Request
from .plan import Value

Description = t.Mapping[str, t.Any]

MAX_DESCRIPTION = 255  # characters; observed by publishers, scylladb/scylladb#5435
SHARING_QUOTA = 1000  # entries on an AMI in a Region, adjustable (EC2 User Guide, "AMI quotas")


def _description_problem(value: str) -> str:
    if len(value) > MAX_DESCRIPTION:
        return f"{len(value)} characters are more than EC2's {MAX_DESCRIPTION}"
    odd = next((character for character in value if not " " <= character <= "~"), None)
    if odd == "\n":
        return "it has a line break, and EC2 takes printable ASCII only (in YAML, write >- in place of > or |)"
    return f"it has {odd!r}, and EC2 takes printable ASCII only" if odd else ""


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


class Images:
    """AMIs, as the fleet asks about them."""

    noun = "image"
    ids_option = "image_ids"
    result_key = "images"
    id_option = "image_id"
    id_prefix = "ami"
    id_key = "ImageId"
    attributes = ATTRIBUTES
    describe_operation = "describe_images"
    described_key = "Images"
    read_operation = "describe_image_attribute"
    modify_operation = "modify_image_attribute"
    modify_action = "ModifyImageAttribute"
    not_found = "InvalidAMIID.NotFound"
    public_access_operation = "get_image_block_public_access_state"

    def describe_arguments(self, ids: t.Sequence[str], own: bool) -> dict[str, t.Any]:
        """Return the arguments that describe up to 200 images, unknown ones left out.

        By filter, because one unknown id among ImageIds fails the whole request. Disabled and deprecated images are
        asked for, so that they are not taken for unknown ones.
        """
        owners = {"Owners": ["self"]} if own else {}
        filters = [{"Name": "image-id", "Values": list(ids)}]
        return {"Filters": filters, "IncludeDisabled": True, "IncludeDeprecated": True, **owners}

    def read_arguments(self, attribute: Attribute, image_id: str) -> dict[str, t.Any]:
        return {"ImageId": image_id, "Attribute": attribute.name}

    def permissions(self, response: Description) -> Permissions:
        return from_ec2(response.get("LaunchPermissions", ()))

    def text(self, attribute: Attribute, described: Description) -> Value:
        value: str | None = described.get(attribute.member)
        return value or attribute.unset

    def modify_arguments(self, image_id: str, request: Request) -> dict[str, t.Any]:
        """Return the arguments of ModifyImageAttribute: one structure, which names the attribute by itself."""
        if isinstance(request.value, str):
            structure: dict[str, t.Any] = {"Value": request.value}
        else:
            structure = {request.operation.capitalize(): to_ec2(request.value)}
        return {"ImageId": image_id, request.attribute.member: structure}

    def is_pending(self, described: Description) -> bool:
        return bool(described.get("State") == "pending")

    def unknown(self, image_id: str, region: str, request_id: str | None) -> Failure:
        message = f"The image id '[{image_id}]' does not exist in {region}, or this account may not see it"
        return Failure("DescribeImages", self.not_found, message, request_id)

    def foreign(self, image_id: str, described: Description) -> Failure:
        owner = described.get("OwnerId", "another account")
        message = (
            f"Not authorized for image:{image_id}: it belongs to {owner}, and only the owner can read or modify its"
            " attributes; run the task with credentials of the owner"
        )
        return self._refusal("AuthFailure", message)

    def still_pending(self, image_id: str, timeout: int) -> Failure:
        message = (
            f"The AMI ID '{image_id}' is still pending after {timeout} s and may not be modified yet; raise"
            " wait_timeout, or run the task again later"
        )
        return self._refusal("InvalidAMIID.Unavailable", message)

    def refusal(self, plan: Plan, described: Description, public_access_blocked: bool) -> Failure | None:
        """Return the refusal that EC2 would answer the plan with, and that its DryRun does not tell."""
        if not plan.changed:
            return None
        refusals = list(_refusals(plan, described, public_access_blocked))
        if not refusals:
            return None
        code = refusals[0][0]
        return self._refusal(code, "; ".join(message for _dummy, message in refusals))

    def blocks_public_access(self, response: Description) -> bool:
        return bool(response.get("ImageBlockPublicAccessState") != "unblocked")

    def becomes_public(self, plan: Plan) -> bool:
        return EVERYONE in plan.granted

    def exceeds_quota(self, plan: Plan) -> bool:
        """Tell whether the plan adds entries to an AMI that then has more than the default quota allows."""
        entries = sum(len(value) for _dummy, value in plan.after.values if isinstance(value, frozenset))
        return bool(plan.granted) and entries > SHARING_QUOTA

    def quota_warning(self, ids: t.Sequence[str]) -> str:
        shown = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
        return (
            f"{len(ids)} image(s) would have more than {SHARING_QUOTA} launch permissions ({shown}). EC2's default"
            " quota is 1,000 a Region for each AMI: raise it in Service Quotas, or share with an organization or OU"
        )

    def _refusal(self, code: str, message: str) -> Failure:
        return Failure(self.modify_action, code, message, predicted=True)


def _refusals(plan: Plan, described: Description, public_access_blocked: bool) -> t.Iterator[tuple[str, str]]:
    """Yield the code and the message of every refusal. Codes are EC2's own where one was observed."""
    state = described.get("State")
    if state != "available":
        yield "InvalidAMIID.Unavailable", f"The image is {state}, and only an available one can be modified"
    if EVERYONE in plan.granted:
        yield from _public_refusals(described, public_access_blocked)


def _public_refusals(described: Description, public_access_blocked: bool) -> t.Iterator[tuple[str, str]]:
    if any(code.get("ProductCodeType") == "marketplace" for code in described.get("ProductCodes", ())):
        yield "OperationNotPermitted", "An image with an AWS Marketplace product code cannot be made public"
    if any(mapping.get("Ebs", {}).get("Encrypted") for mapping in described.get("BlockDeviceMappings", ())):
        yield "UnsupportedOperation", "An image with an encrypted snapshot cannot be made public"
    if public_access_blocked:
        blocked = "Block public access for AMIs is on in this account and Region, so no image can be made public"
        yield "OperationNotPermitted", f"{blocked}; DisableImageBlockPublicAccess lifts it for the whole Region"
