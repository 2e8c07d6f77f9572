# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CreateTags and DeleteTags of images and snapshots, the caller's own and those that it may see.

Only changing tags lives here; resource.py says who sees which. Tags of other resources are moto's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_ec2.api import errors
from local_ec2.api import parameters
from local_ec2.api.errors import Ec2Error
from local_ec2.state.sorts import SORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local_ec2.api.markup import Value
    from local_ec2.api.steps import Call
    from local_ec2.state.resource import Resource
    from local_ec2.state.sorts import Sort

DONE: Value = {"return": True}
ACTIONS = frozenset({"CreateTags", "DeleteTags"})
MAX_TAGS = 50  # those of AWS aside (EC2 User Guide, "Tag restrictions")


def sort_of(resource_id: str) -> Sort | None:
    return next((sort for sort in SORTS if resource_id.startswith(sort.prefix)), None)


def create_tags(call: Call) -> Value:
    """Also on another account's image, where only their maker sees them (recorded for snapshots)."""
    tags = {key: value or "" for key, value in _tags(call.form).items()}
    if not tags:
        raise Ec2Error(errors.MISSING_PARAMETER, name="tagSet")
    resources = _resources(call)
    for resource in resources:
        _check(call, resource, tags)
    for resource in resources:
        call.backend.tags[resource.id].update(tags)
    return DONE


def _check(call: Call, resource: Resource, tags: Mapping[str, str]) -> None:
    """That the shared tags of others cannot be written is documented, the code assumed."""
    for key in tags:
        if key.startswith("aws:"):
            raise Ec2Error(errors.RESERVED_TAG)
        if resource.sort.shares_tag(key) and resource.owner_id != call.account:
            raise Ec2Error(errors.NOT_OWNER, id=resource.id)
    held = {*call.backend.tags.get(resource.id, ()), *tags}
    if sum(not key.startswith("aws:") for key in held) > MAX_TAGS:
        raise Ec2Error(errors.TOO_MANY_TAGS)


def delete_tags(call: Call) -> Value:
    """Those named, if a value is given only with that value; all if none is named. A missing one is no error."""
    wanted = _tags(call.form)
    for resource in _resources(call):
        held = call.backend.tags.get(resource.id, {})
        for key in [key for key in held if not wanted or key in wanted]:
            if wanted.get(key) in (None, held[key]):
                del held[key]
    return DONE


def _tags(form: parameters.Form) -> dict[str, str | None]:
    keys = {name.split(".")[1]: key for name, key in form.items() if name.startswith("Tag.") and name.endswith(".Key")}
    return {key: form.get(f"Tag.{number}.Value") for number, key in keys.items()}


def _resources(call: Call) -> list[Resource]:
    call.permit()
    ids = parameters.values(call.form, "ResourceId")
    call.refuse_injected(ids)
    return [call.visible(sort, resource_id) for resource_id in ids if (sort := sort_of(resource_id))]
