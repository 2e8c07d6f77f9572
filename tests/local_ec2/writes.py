# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ModifyImageAttribute, ResetImageAttribute, the life of an image, and block public access.

Only what changes state lives here, and the rules of sharing that a change must pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local_ec2 import errors
from local_ec2 import forms
from local_ec2.calls import Call
from local_ec2.calls import in_state
from local_ec2.errors import Ec2Error
from local_ec2.images import GROUP
from local_ec2.images import PUBLIC
from local_ec2.images import Attributes
from local_ec2.images import Image

if TYPE_CHECKING:
    from local_ec2.markup import Value

DONE: Value = {"return": True}


def modify_image_attribute(call: Call) -> Value:
    """One attribute of one image (EC2 API reference, ModifyImageAttribute). Nothing is changed unless all passes."""
    image_id = forms.check_image_id(forms.required(call.form, "ImageId"))
    known: Image | None = call.backend.amis.get(image_id)
    change = forms.change(call.form, call.switches, known.attributes.grants if known else frozenset())
    image = in_state(call.target(image_id, change.attribute), "available")
    after = _after(image.attributes, change)
    if change.attribute == "launchPermission":
        _check_sharing(call, image, after)
        _check_quotas(call, image, after)
    image.change(after, call.switches.read_lag)
    return DONE


def _after(before: Attributes, change: forms.Change) -> Attributes:
    """Adding what is present and removing what is absent both succeed; additions come first."""
    if change.attribute == "description":
        return replace(before, description=change.value or None)
    if change.attribute == "imdsSupport":
        return replace(before, imds_support=change.value)
    return replace(before, grants=(before.grants | change.add) - change.remove)


def _check_sharing(call: Call, image: Image, after: Attributes) -> None:
    """Policies bind new entries only: an image that is public stays so when block public access is turned on."""
    new = after.grants - image.attributes.grants
    if PUBLIC in new and image.product_codes:
        raise Ec2Error(errors.PUBLIC_PRODUCT_CODE)
    if PUBLIC in new and image.encrypted:
        raise Ec2Error(errors.PUBLIC_ENCRYPTED)
    if new and image.under_aws_managed_key:
        raise Ec2Error(errors.AWS_MANAGED_KEY)
    if PUBLIC in new and call.switches.block_public_access.get(call.region, "unblocked") != "unblocked":
        raise Ec2Error(errors.PUBLIC_BLOCKED)


def _check_quotas(call: Call, image: Image, after: Attributes) -> None:
    """Amazon EC2 User Guide, "AMI quotas": public images of a Region; accounts, organizations and units of an image."""
    new = after.grants - image.attributes.grants
    quota = call.switches.sharing_quota
    if new and quota is not None and sum(kind != GROUP for kind, _ in after.grants) > quota:
        raise Ec2Error(errors.SHARING_QUOTA, quota=quota)
    quota = call.switches.public_quota
    if quota is not None and PUBLIC in new and _public_images(call) >= quota:
        raise Ec2Error(errors.PUBLIC_QUOTA, quota=quota)


def _public_images(call: Call) -> int:
    return sum(
        PUBLIC in image.attributes.grants for image in call.backend.amis.values() if image.owner_id == call.account
    )


def reset_image_attribute(call: Call) -> Value:
    """Removes every entry, public and explicit; launchPermission is the only attribute that can be reset."""
    image_id = forms.check_image_id(forms.required(call.form, "ImageId"))
    attribute = forms.required(call.form, "Attribute")
    if attribute != "launchPermission":
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    image = in_state(call.target(image_id, attribute), "available")
    image.change(replace(image.attributes, grants=frozenset()), call.switches.read_lag)
    return DONE


def disable_image(call: Call) -> Value:
    """Removes every launch permission, and enabling does not bring them back (EC2 User Guide, "Disable an AMI")."""
    image = in_state(_target(call), "available", "disabled")
    image.state = "disabled"
    image.change(replace(image.attributes, grants=frozenset()), call.switches.read_lag)
    return DONE


def enable_image(call: Call) -> Value:
    in_state(_target(call), "available", "disabled").state = "available"
    return DONE


def deregister_image(call: Call) -> Value:
    image = _target(call)
    if image.deregistration_protection.startswith("enabled"):
        raise Ec2Error(errors.PROTECTED, image_id=image.id)
    call.backend.deregister_image(image.id)
    return DONE


def _target(call: Call) -> Image:
    return call.target(forms.check_image_id(forms.required(call.form, "ImageId")))


def enable_block_public_access(call: Call) -> Value:
    state = forms.required(call.form, "ImageBlockPublicAccessState")
    if state != "block-new-sharing":
        raise Ec2Error(
            errors.INVALID_VALUE, value=state, name="imageBlockPublicAccessState", reason="Expecting block-new-sharing."
        )
    call.permit()
    call.switches.block_public_access[call.region] = state
    return {"imageBlockPublicAccessState": state}


def disable_block_public_access(call: Call) -> Value:
    call.permit()
    call.switches.block_public_access.pop(call.region, None)
    return {"imageBlockPublicAccessState": "unblocked"}
