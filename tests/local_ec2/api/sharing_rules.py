# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of sharing that a change of permissions must pass.

Only these rules live here; the errors they end in belong to each sort of resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.api.public_access import state_of
from local_ec2.state.grants import GROUP
from local_ec2.state.grants import PUBLIC
from local_ec2.state.sorts import IMAGE

if TYPE_CHECKING:
    from local_ec2.api.steps import Call
    from local_ec2.state.resource import Attributes
    from local_ec2.state.resource import Resource


def check(call: Call, resource: Resource, after: Attributes) -> None:
    """Policies bind new entries only: what is public stays so when block public access is turned on."""
    new = after.grants - resource.attributes.grants
    refusals = resource.sort.refusals
    if PUBLIC in new and resource.product_codes:
        raise Ec2Error(refusals.public_product_code)
    if PUBLIC in new and any(snapshot.encrypted for snapshot in resource.storage):
        raise Ec2Error(refusals.public_encrypted)
    if new and any(snapshot.under_aws_managed_key for snapshot in resource.storage):
        raise Ec2Error(refusals.aws_managed_key)
    if PUBLIC in new and state_of(call, resource.sort) != "unblocked":
        raise Ec2Error(refusals.public_blocked)
    if resource.sort is IMAGE:
        _check_quotas(call, resource, after)


def _check_quotas(call: Call, image: Resource, after: Attributes) -> None:
    """Amazon EC2 User Guide, "AMI quotas": public images of a Region; accounts, organizations and units of an image."""
    new = after.grants - image.attributes.grants
    quota = call.switches.sharing_quota
    if new and quota is not None and sum(kind != GROUP for kind, _value in after.grants) > quota:
        raise Ec2Error(errors.SHARING_QUOTA, quota=quota)
    quota = call.switches.public_quota
    if quota is not None and PUBLIC in new and _public_images(call) >= quota:
        raise Ec2Error(errors.PUBLIC_QUOTA, quota=quota)


def _public_images(call: Call) -> int:
    return sum(
        PUBLIC in image.attributes.grants for image in call.backend.amis.values() if image.owner_id == call.account
    )
