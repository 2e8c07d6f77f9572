# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DescribeImageAttribute, DescribeImages and GetImageBlockPublicAccessState.

Only reading lives here; the faults that follow a read are in aftermath.py.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from moto.ec2.exceptions import FilterNotImplementedError
from moto.ec2.utils import generic_filter

from local_ec2 import errors
from local_ec2 import forms
from local_ec2.aftermath import after_attribute_read
from local_ec2.aftermath import after_images_read
from local_ec2.errors import Ec2Error
from local_ec2.images import USER
from local_ec2.images import Image
from local_ec2.images import in_order
from local_ec2.images import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from local_ec2.calls import Call
    from local_ec2.markup import Value

SCALARS: dict[str, Callable[[Image], str | None]] = {
    "description": lambda image: image.seen.description,
    "imdsSupport": lambda image: image.seen.imds_support,
    "bootMode": lambda image: image.boot_mode,
    "tpmSupport": lambda image: image.tpm_support,
    "uefiData": lambda _: None,
    "sriovNetSupport": lambda image: image.sriov,
    "lastLaunchedTime": lambda image: image.last_launched_time,
    "deregistrationProtection": lambda image: image.deregistration_protection,
}
ABSENT = frozenset({"kernel", "ramdisk"})
OWNER_ALIASES = frozenset({"amazon", "aws-marketplace", "aws-backup-vault"})


def describe_image_attribute(call: Call) -> Value:
    """One attribute of one image, for its owner; a scalar that is not set is an empty element."""
    image_id = forms.check_image_id(forms.required(call.form, "ImageId"))
    attribute = forms.required(call.form, "Attribute")
    if attribute not in {*SCALARS, *ABSENT, "launchPermission", "productCodes", "blockDeviceMapping"}:
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    image = call.target(image_id, attribute)
    if attribute == "blockDeviceMapping":  # Even for the owner (observed: aws/aws-cli#1083).
        raise Ec2Error(errors.RESTRICTED)
    answer: Value = {"imageId": image_id, **_attribute(image, attribute)}
    after_attribute_read(call.backend, image, attribute)
    return answer


def _attribute(image: Image, attribute: str) -> dict[str, Value]:
    if attribute in ABSENT:
        return {}
    if attribute == "launchPermission":
        return {attribute: _permissions(image)}
    if attribute == "productCodes":
        return {attribute: _product_codes(image)}
    value = SCALARS[attribute](image)
    return {attribute: {} if value is None else {"value": value}}


def _permissions(image: Image) -> list[Value]:
    return [{kind[0].lower() + kind[1:]: value} for kind, value in in_order(image.seen.grants)]


def _product_codes(image: Image) -> list[Value]:
    return [{"productCode": code, "type": "marketplace"} for code in sorted(image.product_codes)]


def describe_images(call: Call) -> Value:
    """Images by id, or by owner, executable user and filters, in pages."""
    ids = forms.values(call.form, "ImageId")
    filters = _filters(call.form)
    _check_read(call, ids, filters)
    call.permit()
    call.refuse_injected(ids)
    images = _by_ids(call, ids) if ids else _by_image_id_filter(call, filters)
    images = _visible(call, images, ids)
    images = _owned(call, _executable(call, images))
    try:
        images = generic_filter(filters, images)
    except FilterNotImplementedError as error:
        raise Ec2Error(errors.BAD_FILTER, name=_name_in(str(error))) from None
    page, token = _page(call.form, images)
    answer: Value = {"imagesSet": [describe(image, call.account) for image in page], "nextToken": token}
    after_images_read(call.backend, page)
    return answer


def _name_in(text: str) -> str:
    found = re.search(r"filter '([^']*)'", text)
    return found[1] if found else text


def _filters(form: forms.Form) -> dict[str, list[str]]:
    """{name: values} from ``Filter.N.Name`` and ``Filter.N.Value.M``; 200 values each is EC2's limit."""
    names = {
        key.split(".")[1]: value for key, value in form.items() if key.startswith("Filter.") and key.endswith("Name")
    }
    filters: dict[str, list[str]] = {name: [] for name in names.values()}
    for key, value in form.items():
        if key.startswith("Filter.") and ".Value." in key:
            number = key.split(".")[1]
            if number not in names:
                raise Ec2Error(errors.BAD_FILTER, name="null")
            filters[names[number]].append(value)
    for name, found in filters.items():
        if len(found) > 200:
            raise Ec2Error(errors.FILTER_VALUES, name=name, count=len(found))
    return filters


def _check_read(call: Call, ids: list[str], filters: dict[str, list[str]]) -> None:
    for image_id in ids:
        forms.check_image_id(image_id)
    if ids and "MaxResults" in call.form:  # Observed: aws/aws-sdk-ruby#3028.
        raise Ec2Error(errors.MAX_RESULTS_WITH_IDS)
    if "disabled" in filters.get("state", []) and not forms.flag(call.form, "IncludeDisabled"):
        raise Ec2Error(errors.DISABLED_FILTER)
    for owner in forms.values(call.form, "Owner"):
        if owner != "self" and owner not in OWNER_ALIASES and not re.fullmatch("[0-9]{12}", owner):
            raise Ec2Error(errors.BAD_OWNER, value=owner)
    for user in forms.values(call.form, "ExecutableBy"):
        if user not in ("self", "all") and not re.fullmatch("[0-9]{12}", user):
            raise Ec2Error(errors.BAD_OWNER, value=user)


def _by_ids(call: Call, ids: list[str]) -> list[Image]:
    """One unknown id fails the call; a recently deregistered one gives nothing (observed: boto/botocore#2194)."""
    amis, gone = call.backend.amis, set(call.backend.deleted_amis)
    unknown = [image_id for image_id in ids if image_id not in amis and image_id not in gone]
    if unknown:
        raise Ec2Error(errors.NOT_FOUND, ids=", ".join(unknown))
    return [amis[image_id] for image_id in dict.fromkeys(ids) if image_id in amis]


def _by_image_id_filter(call: Call, filters: dict[str, list[str]]) -> list[Image]:
    """All images, or those an ``image-id`` filter without wildcards names: no walk over the whole fleet."""
    amis = call.backend.amis
    wanted = filters.get("image-id")
    if wanted is None or any(mark in value for value in wanted for mark in "*?["):
        return list(amis.values())
    del filters["image-id"]
    return [amis[image_id] for image_id in dict.fromkeys(wanted) if image_id in amis]


def _visible(call: Call, images: Iterable[Image], ids: list[str]) -> list[Image]:
    """Without disabled images, and without those of others past their deprecation date, unless they are asked for."""
    disabled_too = forms.flag(call.form, "IncludeDisabled")
    deprecated_too = bool(ids) or forms.flag(call.form, "IncludeDeprecated")
    now = timestamp(datetime.now(UTC))
    return [
        image
        for image in images
        if (disabled_too or image.state != "disabled")
        and (deprecated_too or image.owner_id == call.account or not (image.deprecation_time or "~") <= now)
    ]


def _owned(call: Call, images: list[Image]) -> list[Image]:
    owners = {call.account if owner == "self" else owner for owner in forms.values(call.form, "Owner")}
    return [image for image in images if image.owner_id in owners or image.owner_alias in owners] if owners else images


def _executable(call: Call, images: list[Image]) -> list[Image]:
    users = forms.values(call.form, "ExecutableBy")
    return (
        [image for image in images if any(_may_launch(image, user, call.account) for user in users)]
        if users
        else images
    )


def _may_launch(image: Image, user: str, account: str) -> bool:
    """``self`` counts shares with an organization or unit, another account's id only its own entry."""
    if user == "all":
        return image.is_public
    if user not in ("self", account):
        return (USER, user) in image.seen.grants
    if (USER, account) in image.seen.grants:
        return True
    return image.owner_id != account and any(kind.startswith("Organization") for kind, _ in image.seen.grants)


def _page(form: forms.Form, images: list[Image]) -> tuple[list[Image], str | None]:
    """A page in order of id, so that images that come and go between pages neither repeat nor hide others."""
    if "MaxResults" not in form and "NextToken" not in form:
        return images, None
    size = _page_size(form.get("MaxResults", "1000"))
    last = _last_id(form.get("NextToken", ""))
    rest = sorted((image for image in images if image.id > last), key=lambda image: str(image.id))
    token = base64.urlsafe_b64encode(rest[size - 1].id.encode()).decode() if len(rest) > size else None
    return rest[:size], token


def _page_size(text: str) -> int:
    size = int(text) if text.isdecimal() else 0
    if size < 5:
        raise Ec2Error(errors.MAX_RESULTS_RANGE, value=text, expected="greater than 5")
    if size > 1000:
        raise Ec2Error(errors.MAX_RESULTS_RANGE, value=text, expected="less than 1000")
    return size


def _last_id(token: str) -> str:
    try:
        last = base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        raise Ec2Error(errors.BAD_TOKEN) from None
    if last and not forms.IMAGE_ID.fullmatch(last):
        raise Ec2Error(errors.BAD_TOKEN)
    return last


def describe(image: Image, account: str) -> Value:
    """One image as DescribeImages shows it to ``account``; what is not set is left out."""
    owner = image.owner_id == account
    return {
        "imageId": image.id,
        "imageLocation": image.image_location or f"{image.owner_id}/{image.name or image.id}",
        "imageState": image.state,
        "imageOwnerId": image.owner_id,
        "imageOwnerAlias": image.owner_alias,
        "creationDate": timestamp(image.creation_date),
        "isPublic": image.is_public,
        "productCodes": _product_codes(image) or None,
        "architecture": image.architecture or "x86_64",
        "imageType": image.image_type,
        "name": image.name,
        "description": image.seen.description,
        "rootDeviceType": "ebs",
        "rootDeviceName": image.root_device_name,
        "blockDeviceMapping": _mappings(image),
        "virtualizationType": image.virtualization_type or "hvm",
        "hypervisor": image.hypervisor or "xen",
        "enaSupport": True,
        "platformDetails": "Linux/UNIX",
        "bootMode": image.boot_mode,
        "tpmSupport": image.tpm_support,
        "imdsSupport": image.seen.imds_support,
        "deprecationTime": image.deprecation_time,
        "lastLaunchedTime": image.last_launched_time if owner else None,
        "deregistrationProtection": image.deregistration_protection if owner else None,
        "tagSet": [{"key": tag["key"], "value": tag["value"]} for tag in image.get_tags()] or None,
    }


def _mappings(image: Image) -> list[Value]:
    """One per snapshot, the root first, and for an ephemeral volume one without ``ebs``."""
    mappings: list[Value] = []
    for number, snapshot in enumerate(image.snapshots):
        ebs: Value = {
            "deleteOnTermination": True,
            "snapshotId": snapshot.id,
            "volumeSize": str(snapshot.volume_size),
            "volumeType": "gp3",
            "encrypted": snapshot.encrypted,
        }
        name = image.root_device_name if number == 0 else f"/dev/sd{chr(ord('a') + number)}"
        mappings.append({"deviceName": name, "ebs": ebs})
    if image.ephemeral:
        mappings.append({"deviceName": "/dev/sdz", "virtualName": "ephemeral0"})
    return mappings


def get_block_public_access(call: Call) -> Value:
    """Per Region (EC2 API reference, GetImageBlockPublicAccessState)."""
    call.permit()
    state = call.switches.block_public_access.get(call.region, "unblocked")
    return {"imageBlockPublicAccessState": state, "managedBy": "account"}
