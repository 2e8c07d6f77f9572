# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The life of an image: disabled, deprecated, protected, left by those it is shared with, and deregistered.

Only what changes that lives here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import TYPE_CHECKING
from typing import cast

from local_ec2.api import errors
from local_ec2.api import parameters
from local_ec2.api.errors import Ec2Error
from local_ec2.api.steps import in_state
from local_ec2.state.grants import USER
from local_ec2.state.resource import timestamp
from local_ec2.state.sorts import IMAGE

if TYPE_CHECKING:
    from local_ec2.api.markup import Value
    from local_ec2.api.steps import Call
    from local_ec2.state.images import Image

DONE: Value = {"return": True}
COOL_DOWN = timedelta(hours=24)


def disable_image(call: Call) -> Value:
    """Removes every launch permission, and enabling does not bring them back (EC2 User Guide, "Disable an AMI")."""
    image = cast("Image", in_state(_target(call), "available", "disabled"))
    image.state = "disabled"
    image.change(replace(image.attributes, grants=frozenset()), call.switches.read_lag)
    return DONE


def enable_image(call: Call) -> Value:
    in_state(_target(call), "available", "disabled").state = "available"
    return DONE


def enable_image_deprecation(call: Call) -> Value:
    """EC2 API reference, EnableImageDeprecation. The codes of refusals are assumed."""
    moment = _moment(parameters.required(call.form, "DeprecateAt"))
    image = _target(call)
    reason = _deprecation_problem(image, moment)
    if reason:
        text = call.form["DeprecateAt"]
        raise Ec2Error(errors.INVALID_VALUE, value=text, name="DeprecateAt", reason=reason)
    image.deprecation_time = timestamp(moment)
    return DONE


def _moment(text: str) -> datetime:
    """To the nearest minute, as EC2 rounds."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Ec2Error(errors.INVALID_VALUE, value=text, name="DeprecateAt", reason="Expecting a time.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return to_the_minute(moment.astimezone(timezone.utc))


def to_the_minute(moment: datetime) -> datetime:
    return (moment + timedelta(seconds=30)).replace(second=0, microsecond=0)


def years_later(moment: datetime, years: int) -> datetime:
    """In the calendar; that it is the 28th where there is no 29th of February is assumed."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)


def _deprecation_problem(image: Image, moment: datetime) -> str:
    now = datetime.now(timezone.utc)
    if moment < now - timedelta(minutes=1):
        return "It is in the past."
    if moment > years_later(now, 10):
        return "It is more than 10 years from now."
    created = image.creation_date.replace(tzinfo=timezone.utc)
    if image.is_public and moment > to_the_minute(years_later(created, 2)):
        return "It is more than 2 years from the creation of a public image."
    return ""


def disable_image_deprecation(call: Call) -> Value:
    """A public image stays deprecated (EC2 User Guide, "Deprecate an AMI"); code and text are assumed."""
    image = _target(call)
    if image.is_public:
        raise Ec2Error(errors.PUBLIC_DEPRECATED, id=image.id)
    image.deprecation_time = None
    return DONE


def enable_image_deregistration_protection(call: Call) -> Value:
    """The answer is the state, a text (observed: ekristen/aws-nuke#190)."""
    image = _target(call)
    cool_down = parameters.flag(call.form, "WithCooldown")
    image.deregistration_protection = "enabled-with-cooldown" if cool_down else "enabled-without-cooldown"
    return {"return": image.deregistration_protection}


def disable_image_deregistration_protection(call: Call) -> Value:
    """One with a cool-down holds for 24 hours more."""
    image = _target(call)
    if image.protection == "enabled-with-cooldown":
        image.deregistration_protection = f"disabled after {timestamp(datetime.now(timezone.utc) + COOL_DOWN)}"
    elif image.protection == "enabled-without-cooldown":
        image.deregistration_protection = "disabled"
    return {"return": image.protection}


def cancel_image_launch_permission(call: Call) -> Value:
    """The caller's own entry only. Looked up before a dry run (observed: cloud-custodian/cloud-custodian#8728)."""
    image_id = call.well_formed(IMAGE, parameters.required(call.form, IMAGE.parameter))
    image, entry = call.known(IMAGE, image_id), (USER, call.account)
    if image is None or image.unseen or image.owner_id == call.account or entry not in image.attributes.grants:
        raise Ec2Error(errors.NOT_FOUND, id=image_id)
    call.permit()
    image.change(replace(image.attributes, grants=image.attributes.grants - {entry}), call.switches.read_lag)
    return DONE


def deregister_image(call: Call) -> Value:
    image = _target(call)
    if image.protection != "disabled":
        raise Ec2Error(errors.PROTECTED, id=image.id)
    call.backend.deregister_image(image.id)
    deleted = (
        [snapshot.id for snapshot in image.snapshots] if parameters.flag(call.form, "DeleteAssociatedSnapshots") else []
    )
    for snapshot_id in deleted:
        call.backend.snapshots.pop(snapshot_id, None)
    results: Value = [{"snapshotId": snapshot_id, "returnCode": "success"} for snapshot_id in deleted]
    return {"return": True, "deleteSnapshotResultSet": results}


def _target(call: Call) -> Image:
    return cast("Image", call.target(IMAGE, parameters.required(call.form, IMAGE.parameter)))
