# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DescribeImageAttribute and DescribeImages.

Only reading of images lives here; the faults that follow a read are in aftermath.py.
"""

from __future__ import annotations

from datetime import datetime
from datetime import timezone
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from local_ec2.api import errors
from local_ec2.api import listing
from local_ec2.api import parameters
from local_ec2.api.errors import Ec2Error
from local_ec2.state.images import Image
from local_ec2.state.resource import timestamp
from local_ec2.state.sorts import IMAGE
from local_ec2.state.texts import TEXTS
from local_ec2.steering.aftermath import after_attribute_read
from local_ec2.steering.aftermath import after_read

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from local_ec2.api.markup import Value
    from local_ec2.api.steps import Call

SCALARS: dict[str, Callable[[Image], str | None]] = {
    "bootMode": lambda image: image.boot_mode,
    "tpmSupport": lambda image: image.tpm_support,
    "uefiData": lambda _: None,
    "kernel": lambda _: None,
    "ramdisk": lambda _: None,
    "sriovNetSupport": lambda image: image.sriov_net_support,
    "lastLaunchedTime": lambda image: image.last_launched_time,
    "deregistrationProtection": lambda image: image.protection,
}


def describe_image_attribute(call: Call) -> Value:
    """One attribute of one image, for its owner; a scalar that is not set is an empty element."""
    image_id = parameters.required(call.form, IMAGE.parameter)
    attribute = parameters.given(call.form, "Attribute")
    if attribute not in {*TEXTS, *SCALARS, "launchPermission", "productCodes", "blockDeviceMapping"}:
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    image = cast("Image", call.target(IMAGE, image_id, attribute))
    if attribute == "blockDeviceMapping":  # Even for the owner (observed: aws/aws-cli#1083).
        raise Ec2Error(errors.RESTRICTED)
    answer: Value = {"imageId": image_id, **_attribute(image, attribute)}
    after_attribute_read(call.backend, image, attribute)
    return answer


def _attribute(image: Image, attribute: str) -> dict[str, Value]:
    if attribute == "launchPermission":
        return {attribute: listing.permissions(image.seen.grants)}
    if attribute == "productCodes":
        return {attribute: listing.product_codes(image)}
    value = image.seen.texts.get(attribute) if attribute in TEXTS else SCALARS[attribute](image)
    return {attribute: {} if value is None else {"value": value}}


def describe_images(call: Call) -> Value:
    """Images by id, or by owner, executable user and filters, in pages."""
    ids = listing.read_ids(IMAGE, call)
    filters = listing.filters(IMAGE, call.form)
    if "disabled" in filters.get("state", []) and not parameters.flag(call.form, "IncludeDisabled"):
        raise Ec2Error(errors.DISABLED_FILTER)
    listing.check_accounts(call, "ExecutableBy")
    call.permit()
    call.refuse_injected(ids)
    images = _by_ids(call, ids) if ids else listing.by_filters(IMAGE, call, filters)
    images = listing.owned(call, listing.usable(call, _visible(call, images, ids), "ExecutableBy"))
    page, token = listing.page(IMAGE, call.form, _seen(listing.matching(call, filters, images)))
    answer: Value = {"imagesSet": [describe(image, call.backend) for image in page], "nextToken": token}
    after_read(call.backend, page)
    return answer


def _by_ids(call: Call, ids: list[str]) -> list[Image]:
    """One unknown id fails the call; those of deregistered and of hidden images give nothing (recorded)."""
    gone = set(call.backend.deleted_amis)
    amis = {image_id: cast("Image", one) for image_id in dict.fromkeys(ids) if (one := call.known(IMAGE, image_id))}
    seen = {image.id for image in _seen(list(amis.values()))}
    unknown = [image_id for image_id in ids if image_id not in seen and image_id not in gone]
    if len(unknown) > 1:
        raise Ec2Error(errors.NOT_FOUND_SEVERAL, ids=", ".join(unknown))
    if unknown:
        raise Ec2Error(errors.NOT_FOUND, id=unknown[0])
    return [image for image in amis.values() if image.visible_to(call.account)]


def _seen(images: list[Image]) -> list[Image]:
    """Counts a read of those that EC2 does not show yet."""
    unseen = [image for image in images if image.unseen]
    for image in unseen:
        image.unseen_reads = max(0, image.unseen_reads - 1)
    return [image for image in images if image not in unseen] if unseen else images


def _visible(call: Call, images: Iterable[Image], ids: list[str]) -> list[Image]:
    """Without disabled images, and without those of others past their deprecation date, unless they are asked for."""
    disabled_too = parameters.flag(call.form, "IncludeDisabled")
    deprecated_too = bool(ids) or parameters.flag(call.form, "IncludeDeprecated")
    now = timestamp(datetime.now(timezone.utc))
    return [
        image
        for image in images
        if (disabled_too or image.state != "disabled")
        and (deprecated_too or image.owner_id == call.account or not (image.deprecation_time or "~") <= now)
    ]


def describe(image: Image, backend: Any) -> Value:
    """One image as DescribeImages shows it to the account of ``backend``; what is not set is left out."""
    owner = image.owner_id == backend.account_id
    return {
        "imageId": image.id,
        "imageLocation": image.image_location or f"{image.owner_id}/{image.name or image.id}",
        "imageState": image.state,
        "imageOwnerId": image.owner_id,
        "imageOwnerAlias": image.owner_alias,
        "creationDate": timestamp(image.creation_date),
        "isPublic": image.is_public,
        "productCodes": listing.product_codes(image) or None,
        "architecture": image.architecture or "x86_64",
        "imageType": image.image_type,
        "name": image.name,
        **image.seen.texts,
        "rootDeviceType": "ebs",
        "rootDeviceName": image.root_device_name,
        "blockDeviceMapping": _mappings(image),
        "virtualizationType": image.virtualization_type or "hvm",
        "hypervisor": image.hypervisor or "xen",
        "enaSupport": image.ena_support or None,
        "sriovNetSupport": image.sriov_net_support,
        "platformDetails": "Linux/UNIX",
        "usageOperation": "RunInstances",
        "freeTierEligible": True,
        "bootMode": image.boot_mode,
        "tpmSupport": image.tpm_support,
        "deprecationTime": image.deprecation_time,
        "lastLaunchedTime": image.last_launched_time if owner else None,
        "deregistrationProtection": image.protection if owner else None,
        "tagSet": listing.tags(image, backend),
    }


def _mappings(image: Image) -> list[Value]:
    """One per snapshot, the root first, and for an ephemeral volume one without ``ebs``.

    A hidden snapshot's has no id, like that of an empty volume (observed: cloud-custodian/cloud-custodian#204).
    """
    mappings: list[Value] = []
    for number, snapshot in enumerate(image.snapshots):
        ebs: Value = {
            "deleteOnTermination": True,
            "snapshotId": None if snapshot.hidden_reads else snapshot.id,
            "volumeSize": str(snapshot.volume_size),
            "volumeType": "gp3",
            "encrypted": snapshot.encrypted,
        }
        name = image.root_device_name if number == 0 else f"/dev/sd{chr(ord('a') + number)}"
        mappings.append({"deviceName": name, "ebs": ebs})
    if image.ephemeral:
        mappings.append({"deviceName": "/dev/sdz", "virtualName": "ephemeral0"})
    return mappings
