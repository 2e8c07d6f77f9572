# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What a kind of resource is to the rest: its names, its attributes, its requests, and what EC2 would refuse.

Here lives what AMIs and snapshots have in common; what differs is in images.py and snapshots.py. Pure: requests are
described here, and never sent.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .permissions import EVERYONE
from .permissions import Permissions
from .permissions import from_ec2
from .permissions import to_ec2
from .plan import Attribute
from .plan import Failure
from .plan import Plan
from .plan import Request
from .plan import Value

Description = t.Mapping[str, t.Any]
Arguments = dict[str, t.Any]
Refusal = tuple[str, str]  # EC2's code, and a message


@dataclass(frozen=True)
class Surroundings:
    """What decides on a sharing beside the resource itself.

    ``public_access_blocked`` tells of the account and Region, ``under_managed_key`` names the resource's snapshots
    that are encrypted under the key that AWS manages for EBS.
    """

    public_access_blocked: bool = False
    under_managed_key: tuple[str, ...] = ()


class Resource:
    """A kind of resource. Names ending in ``_operation`` are boto3's, all others those of EC2 or of the options."""

    noun: str
    described_as: str
    ids_option: str
    id_option: str
    id_prefix: str
    result_key: str
    attributes: tuple[Attribute, ...]

    id_key: str
    ready_state: str
    describe_operation: str
    described_key: str
    id_filter: str
    owners_argument: str
    describe_options: t.ClassVar[Arguments] = {}
    read_operation: str
    permissions_key: str
    modify_operation: str
    modify_arguments_always: t.ClassVar[Arguments] = {}
    public_access_operation: str
    public_access_key: str

    describe_action: str
    modify_action: str
    not_found_code: str
    state_code: str

    # Requests, and how to read the answers

    def describe_arguments(self, ids: t.Sequence[str], own: bool) -> Arguments:
        """Return the arguments that describe up to 200 resources, unknown ones left out.

        By filter, because one unknown id beside it would fail the whole request.
        """
        owners = {self.owners_argument: ["self"]} if own else {}
        return {"Filters": [{"Name": self.id_filter, "Values": list(ids)}], **self.describe_options, **owners}

    def read_arguments(self, attribute: Attribute, resource_id: str) -> Arguments:
        return {self.id_key: resource_id, "Attribute": attribute.name}

    def modify_arguments(self, resource_id: str, request: Request) -> Arguments:
        """Return the arguments of one modification: the structure of one attribute."""
        if isinstance(request.value, str):
            structure: Arguments = {"Value": request.value}
        else:
            structure = {request.operation.capitalize(): to_ec2(request.value)}
        return {self.id_key: resource_id, request.attribute.member: structure, **self.modify_arguments_always}

    def permissions(self, response: Description) -> Permissions:
        return from_ec2(response.get(self.permissions_key, ()))

    def text(self, attribute: Attribute, described: Description) -> Value:
        value: str | None = described.get(attribute.member)
        return value or attribute.unset

    def is_pending(self, described: Description) -> bool:
        return bool(described.get("State") == "pending")

    def blocks_public_access(self, response: Description) -> bool:
        return bool(response.get(self.public_access_key) != "unblocked")

    def encrypted_snapshots(self, described: Description) -> dict[str, str | None]:
        """Return the encrypted snapshots behind the resource with their keys, None for one that is not known yet."""
        raise NotImplementedError

    # What the plan of one means

    def becomes_public(self, plan: Plan) -> bool:
        return EVERYONE in plan.granted

    def exceeds_quota(self, _plan: Plan) -> bool:
        return False

    def quota_warning(self, ids: t.Sequence[str]) -> str:
        raise NotImplementedError

    # Why one fails

    def unknown(self, resource_id: str, region: str, request_id: str | None) -> Failure:
        message = f"The {self.noun} id '[{resource_id}]' does not exist in {region}, or this account may not see it"
        return Failure(self.describe_action, self.not_found_code, message, request_id)

    def foreign(self, resource_id: str, described: Description) -> Failure:
        owner = described.get("OwnerId", "another account")
        message = (
            f"Not authorized for {self.noun}:{resource_id}: it belongs to {owner}, and only the owner can read or"
            " modify its attributes; run the task with credentials of the owner"
        )
        return self._refused("AuthFailure", message)

    def still_pending(self, resource_id: str, timeout: int) -> Failure:
        message = (
            f"The {self.noun} {resource_id} is still pending after {timeout} s and may not be modified yet; raise"
            " wait_timeout, or run the task again later"
        )
        return self._refused(self.state_code, message)

    def refusal(self, plan: Plan, described: Description, surroundings: Surroundings) -> Failure | None:
        """Return the refusal that EC2 would answer the plan with, and that its DryRun does not tell."""
        refusals = list(self._refusals(plan, described, surroundings)) if plan.changed else []
        if not refusals:
            return None
        return self._refused(refusals[0][0], "; ".join(message for _code, message in refusals))

    def _refusals(self, plan: Plan, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
        """Yield every reason for a refusal. Codes are EC2's own where one was observed."""
        state = described.get("State")
        if state != self.ready_state:
            yield self.state_code, f"The {self.noun} is {state}; it can be modified once it is {self.ready_state}"
        if plan.granted and surroundings.under_managed_key:
            yield self._managed_key_refusal(surroundings.under_managed_key)
        if self.becomes_public(plan):
            yield from self._public_refusals(described, surroundings)

    def _managed_key_refusal(self, snapshots: t.Sequence[str]) -> Refusal:
        raise NotImplementedError

    def _public_refusals(self, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
        raise NotImplementedError

    def _refused(self, code: str, message: str) -> Failure:
        return Failure(self.modify_action, code, message, predicted=True)
