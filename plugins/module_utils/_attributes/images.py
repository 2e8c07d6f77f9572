# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""AMIs: the table of their attributes, and what is true of them and not of snapshots."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from . import dates
from .attribute import Attribute
from .attribute import Call
from .attribute import Description
from .attribute import InDescription
from .attribute import Operation
from .attribute import Payload
from .attribute import Tags
from .attribute import Value
from .attribute import described_text
from .attribute import modify_member
from .attribute import own_read
from .permissions import EVERYONE
from .permissions import GROUP_NAMES
from .permissions import ORG_ARNS
from .permissions import ORG_UNIT_ARNS
from .permissions import USER_IDS
from .permissions import in_words
from .resource import Api
from .resource import Quota
from .resource import Refusal
from .resource import Resource
from .resource import Surroundings
from .resource import becomes_public
from .resource import ec2_ids

if t.TYPE_CHECKING:
    from datetime import datetime

    from .plan import Attributes
    from .plan import Plan

MAX_DESCRIPTION = 255  # characters; observed by publishers, scylladb/scylladb#5435
# Adjustable, for each Region (EC2 User Guide, "AMI quotas"): entries on an AMI, and AMIs that are public.
SHARING_QUOTA, PUBLIC_QUOTA = 1000, 5


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
    return Attribute(option, name, unset, described_text(member, unset), write, problem, clears=False)


def _date_problem(value: str) -> str:
    if dates.parse(value):
        return ""
    return (
        f"{value!r} is neither a date such as 2027-12-31 or 2027-12-31T18:00:00Z nor an age such as 90d, 26w or 2y; an"
        " empty string cancels"
    )


def _write_date(image_id: str, _operation: Operation, payload: Payload) -> Call:
    if not payload:
        return Call("disable_image_deprecation", {"ImageId": image_id})
    return Call("enable_image_deprecation", {"ImageId": image_id, "DeprecateAt": payload})


COOL_DOWN = timedelta(hours=24)  # EC2 User Guide, "Protect an AMI from deregistration"
PROTECTIONS = ("enabled", "enabled-with-cooldown", "disabled")


def _protection(described: Description) -> str:
    """Return the protection as tasks write it. In the 24 hours after a cool-down, EC2 says ``disabled after …``."""
    shown: str = described.get("DeregistrationProtection") or "disabled"
    return "enabled" if shown == "enabled-without-cooldown" else shown.partition(" ")[0]


def _protected_until(described: Description, after: Attributes, planned: datetime | None) -> dict[str, t.Any]:
    """Return when a protection that is disabled ends, as EC2 shows it or, until then, by its rule."""
    shown = described.get("DeregistrationProtection") or ""
    if dict(_options(after)).get("deregistration_protection", _protection(described)) != "disabled":
        return {}
    if shown.startswith("disabled after "):
        return {"protected_until": shown.split()[-1]}
    if planned is None or shown != "enabled-with-cooldown":
        return {}
    return {"protected_until": dates.timestamp(planned + COOL_DOWN)}


def _write_protection(image_id: str, _operation: Operation, payload: Payload) -> Call:
    if payload == "disabled":
        return Call("disable_image_deregistration_protection", {"ImageId": image_id})
    cool_down = payload == "enabled-with-cooldown"
    return Call("enable_image_deregistration_protection", {"ImageId": image_id, "WithCooldown": cool_down})


def _is_enabled(described: Description) -> bool | None:
    """Tell whether it can be launched, or will be. One that has failed is neither enabled nor disabled."""
    return {"available": True, "pending": True, "disabled": False}.get(described.get("State", ""))


def _write_state(image_id: str, operation: Operation, _payload: Payload) -> Call:
    return Call(f"{operation}_image", {"ImageId": image_id})


SHARED = "ec2:SharedTag/"
MAX_KEY = 128  # characters, the prefix included (EC2 User Guide, "Tag restrictions")
MAX_TAG = 256  # characters of a value
MAX_TAGS = 50  # on an image, not counting those of AWS


def shared_tags(described: Description) -> Tags:
    """Return the tags that every account with access to the image can read, without their prefix."""
    pairs = ((tag["Key"], tag.get("Value", "")) for tag in described.get("Tags", ()))
    return tuple(sorted((key.removeprefix(SHARED), value) for key, value in pairs if key.startswith(SHARED)))


def _tag_problem(key: str, value: str) -> str:
    most = MAX_KEY - len(SHARED)
    if key.startswith(SHARED):
        return f"{key!r}: leave {SHARED} out, it is put before every key"
    if not key:
        return "a key is empty"
    if len(key) > most:
        return f"the key {key[:40]!r}… has {len(key)} characters, and EC2 takes {most} besides {SHARED}"
    return f"the value of {key!r} has {len(value)} characters, and EC2 takes {MAX_TAG}" if len(value) > MAX_TAG else ""


def _most_tags(described: Description) -> int:
    """Return how many shared tags there can be beside the others."""
    keys = (tag["Key"] for tag in described.get("Tags", ()))
    return MAX_TAGS - sum(not key.startswith((SHARED, "aws:")) for key in keys)


def _write_tags(ids: t.Sequence[str], operation: Operation, payload: Payload) -> Call:
    tags = t.cast("Tags", payload)
    if operation == "remove":
        keys = [{"Key": f"{SHARED}{key}"} for key, _value in tags]
        return Call("delete_tags", {"Resources": list(ids), "Tags": keys})
    written = [{"Key": f"{SHARED}{key}", "Value": value} for key, value in tags]
    return Call("create_tags", {"Resources": list(ids), "Tags": written})


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
    Attribute(
        "shared_tags",
        "sharedTags",
        unset=(),
        read=InDescription(shared_tags),
        write=lambda image_id, operation, payload: _write_tags([image_id], operation, payload),
        write_all=_write_tags,
        tag_problem=_tag_problem,
        most_tags=_most_tags,
        any_state=True,
    ),
    Attribute(
        "deprecate_at",
        "deprecation",
        unset="",
        read=described_text("DeprecationTime", ""),
        write=_write_date,
        problem=_date_problem,
        dated=True,
        any_state=True,
        operations=("enable_image_deprecation", "disable_image_deprecation"),
    ),
    Attribute(
        "deregistration_protection",
        "deregistrationProtection",
        unset="disabled",
        read=InDescription(_protection),
        write=_write_protection,
        choices=PROTECTIONS,
        operations=("enable_image_deregistration_protection", "disable_image_deregistration_protection"),
        any_state=True,
    ),
    Attribute(
        "enabled",
        "imageState",
        unset=True,
        read=InDescription(_is_enabled),
        write=_write_state,
        operations=("enable_image", "disable_image"),
    ),
)


def volumes(described: Description) -> list[Description]:
    """Return the EBS volumes of an image. A new one may lack their SnapshotId for a moment (observed by publishers)."""
    return [mapping["Ebs"] for mapping in described.get("BlockDeviceMappings", ()) if "Ebs" in mapping]


def snapshot_ids(described: Description) -> list[str]:
    """Return the snapshots behind an image, each once: several volumes may be made from the same one."""
    return list(dict.fromkeys(volume["SnapshotId"] for volume in volumes(described) if "SnapshotId" in volume))


def lacks_snapshots(described: Description) -> bool:
    """Tell whether EC2 does not yet show what is behind an EBS-backed image.

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
        yield Refusal("MissingParameter", message)


def _too_many_tags(plan: Plan, described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    values = {attribute.option: value for attribute, value in plan.after.values}
    tags = values.get("shared_tags")
    if not isinstance(tags, tuple) or all(request.attribute.option != "shared_tags" for request in plan.requests):
        return
    count = MAX_TAGS - _most_tags(described) + len(tags)
    if count > MAX_TAGS:
        message = f"The image would have {count} tags, {len(tags)} of them shared, and EC2 allows {MAX_TAGS}"
        yield Refusal("TagLimitExceeded", message, "CreateTags")


def _no_age(plan: Plan, _described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    if plan.age == "unknown":
        message = "EC2 does not show when the image was created, so it has no age; ask for a date"
        yield Refusal("MissingParameter", message, "EnableImageDeprecation")


def _deprecation(plan: Plan, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    """EnableImageDeprecation and DisableImageDeprecation, API reference."""
    wanted = next((request.value for request in plan.requests if request.attribute.option == "deprecate_at"), None)
    if wanted is None:
        return
    action = "EnableImageDeprecation" if wanted else "DisableImageDeprecation"
    now, is_public = surroundings.now, _is_public(plan, described)
    held = dates.minute(dict(_options(plan.before)).get("deprecate_at"))
    moment, created = dates.minute(wanted), dates.shown_moment(described.get("CreationDate"))
    if moment and moment < now - dates.MINUTE:
        yield Refusal("InvalidParameterValue", f"The date of deprecation {wanted} has passed", action)
    if moment and moment > dates.years_later(now, dates.FARTHEST):
        yield Refusal(
            "InvalidParameterValue", f"The date of deprecation {wanted} is more than 10 years from now", action
        )
    latest = dates.rounded(dates.years_later(created, dates.FARTHEST_OF_PUBLIC)) if created and is_public else None
    if moment and latest and moment > latest:
        message = (
            f"The date of deprecation {wanted} is more than 2 years after the creation of the image, which is public"
        )
        yield Refusal("InvalidParameterValue", message, action)
    if is_public and held and (moment is None or moment > held):
        verb = "moved to a later time" if moment else "canceled"
        message = f"The deprecation of a public image cannot be {verb}; make it private first"
        yield Refusal("OperationNotPermitted", message, action)


def _publishes_tags(plan: Plan, described: Description, _surroundings: Surroundings) -> str:
    adds = any(request.attribute.has_tags and request.operation == "add" for request in plan.requests)
    return "Anyone can read the shared tags of an image that is public" if adds and _is_public(plan, described) else ""


def _is_old(plan: Plan, _described: Description, _surroundings: Surroundings) -> str:
    deprecates = plan.age == "passed" and any(request.attribute.dated for request in plan.requests)
    return "The image is older than deprecate_at, so it is deprecated within two minutes" if deprecates else ""


def _options(attributes: Attributes) -> t.Iterator[tuple[str, Value]]:
    yield from ((attribute.option, value) for attribute, value in attributes.values)


def _is_public(plan: Plan, described: Description) -> bool:
    """Tell whether anyone can launch the image once the plan is done."""
    launch = dict(_options(plan.after)).get("launch_permissions")
    return EVERYONE in launch if isinstance(launch, frozenset) else bool(described.get("Public"))


def _disabled(plan: Plan, _described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    """DisableImage drops every launch permission (EC2 User Guide, "Disable an AMI")."""
    if all(request.operation != "disable" for request in plan.requests):
        return
    launch = dict(_options(plan.after)).get("launch_permissions")
    if isinstance(launch, frozenset) and launch:
        message = (
            f"Disabling the image would cut off {in_words(launch)}; revoke their launch permissions in the same task"
        )
        yield Refusal("OperationNotPermitted", message, "DisableImage")


def _managed_key(plan: Plan, _described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    snapshots = surroundings.under_managed_key
    if plan.granted and snapshots:
        message = (
            f"An image cannot be shared with anyone while a snapshot behind it ({', '.join(snapshots)}) is encrypted"
            " under the key that AWS manages for EBS; copy the image under a customer managed key, and share that"
        )
        yield Refusal("InvalidParameter", message)


def _public(plan: Plan, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    if not becomes_public(plan):
        return
    if any(code.get("ProductCodeType") == "marketplace" for code in described.get("ProductCodes", ())):
        yield Refusal("OperationNotPermitted", "An image with an AWS Marketplace product code cannot be made public")
    if _encrypted_snapshots(described):
        yield Refusal("UnsupportedOperation", "An image with an encrypted snapshot cannot be made public")
    if described.get("ImageWatermarks"):
        yield Refusal("OperationNotPermitted", "An image with a watermark cannot be made public")
    if surroundings.public_access_blocked:
        blocked = "Block public access for AMIs is on in this account and Region, so no image can be made public"
        yield Refusal(
            "OperationNotPermitted", f"{blocked}; DisableImageBlockPublicAccess lifts it for the whole Region"
        )


IMAGES = Resource(
    noun="image",
    described_as="an AMI",
    ids_option="image_ids",
    id_option="image_id",
    ids=ec2_ids("ami"),
    result_key="images",
    attributes=ATTRIBUTES,
    api=Api(
        id_key="ImageId",
        describe_operation="describe_images",
        described_key="Images",
        id_filter="image-id",
        owners_argument="Owners",
        # Otherwise disabled images, and deprecated ones of others, would be taken for unknown ones.
        describe_options={"IncludeDisabled": True, "IncludeDeprecated": True},
        public_access_operation="get_image_block_public_access_state",
        public_access_key="ImageBlockPublicAccessState",
    ),
    ready_states=("available",),
    advice={
        "pending": "it can be modified once it is available",
        "failed": "a failed image never becomes available, so create it again",
        "disabled": "enable it first (ec2_ami_attribute with enabled: true)",
    },
    describe_action="DescribeImages",
    modify_action="ModifyImageAttribute",
    not_found_code="InvalidAMIID.NotFound",
    state_code="InvalidAMIID.Unavailable",
    foreign_code="AuthFailure",
    name_of=lambda described: described.get("Name"),
    encrypted_snapshots=_encrypted_snapshots,
    rules=(_empty_description, _too_many_tags, _no_age, _deprecation, _disabled, _managed_key, _public),
    cautions=(_publishes_tags, _is_old),
    more=_protected_until,
    quota=Quota("L-70015FFA", SHARING_QUOTA, "launch permissions"),
    public_quota=Quota("L-0E3CBAB9", PUBLIC_QUOTA, "public AMIs"),
)
