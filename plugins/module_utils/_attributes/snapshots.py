# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Snapshots: the table of their attributes, and what is true of them and not of AMIs."""

from __future__ import annotations

import typing as t

from .attribute import Attribute
from .attribute import Description
from .attribute import modify_member
from .attribute import own_read
from .permissions import GROUP_NAMES
from .permissions import USER_IDS
from .permissions import Permission
from .permissions import Permissions
from .resource import Api
from .resource import Refusal
from .resource import Resource
from .resource import Surroundings
from .resource import becomes_public
from .resource import ec2_ids

if t.TYPE_CHECKING:
    from .plan import Plan

_NAME = "createVolumePermission"

# EC2 shares snapshots with accounts and with everyone, but with no organization or OU; a request takes 500 entries
# (ModifySnapshotAttribute, API reference).
ATTRIBUTES = (
    Attribute(
        "create_volume_permissions",
        _NAME,
        unset=frozenset(),
        read=own_read("describe_snapshot_attribute", "SnapshotId", _NAME, "CreateVolumePermissions"),
        write=modify_member("modify_snapshot_attribute", "SnapshotId", "CreateVolumePermission", Attribute=_NAME),
        kinds=(USER_IDS, GROUP_NAMES),
        entries_per_request=500,
    ),
)


def _name(described: Description) -> str | None:
    return next((tag["Value"] for tag in described.get("Tags", ()) if tag["Key"] == "Name"), None)


def _encrypted_snapshots(described: Description) -> dict[str, str | None]:
    is_under_one_key = described.get("Encrypted") and not is_associated(described)
    return {described["SnapshotId"]: described.get("KmsKeyId")} if is_under_one_key else {}


def is_associated(described: Description) -> bool:
    """Tell whether it is under other keys as well (AssociateKmsKeyId): nobody knows what EC2 refuses then."""
    return bool(described.get("AssociatedKmsKeys"))


def _owner(described: Description) -> Permissions:
    """Return the owner's own account, which EC2 accepts on a snapshot but never lists (observed)."""
    return frozenset({Permission(USER_IDS.option, described.get("OwnerId", ""))})


def _managed_key(plan: Plan, _described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    if plan.granted and surroundings.under_managed_key:
        message = (
            "A snapshot that is encrypted under the key that AWS manages for EBS cannot be shared with anyone; copy it"
            " under a customer managed key, and share the copy"
        )
        yield Refusal("OperationNotPermitted", message)


def _public(plan: Plan, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    if not becomes_public(plan):
        return
    if described.get("Encrypted"):
        yield Refusal("OperationNotPermitted", "An encrypted snapshot cannot be made public")
    if surroundings.public_access_blocked:
        blocked = "Block public access for snapshots is on in this account and Region, so none can be made public"
        yield Refusal(
            "OperationNotPermitted", f"{blocked}; DisableSnapshotBlockPublicAccess lifts it for the whole Region"
        )


SNAPSHOTS = Resource(
    noun="snapshot",
    described_as="a snapshot",
    ids_option="snapshot_ids",
    id_option="snapshot_id",
    ids=ec2_ids("snap"),
    result_key="snapshots",
    attributes=ATTRIBUTES,
    api=Api(
        id_key="SnapshotId",
        describe_operation="describe_snapshots",
        described_key="Snapshots",
        id_filter="snapshot-id",
        owners_argument="OwnerIds",
        public_access_operation="get_snapshot_block_public_access_state",
        public_access_key="State",
    ),
    # EC2 changes the permissions of pending snapshots too (observed).
    ready_states=("completed", "pending"),
    advice={"error": "a snapshot in error never completes, so create it again"},
    describe_action="DescribeSnapshots",
    modify_action="ModifySnapshotAttribute",
    not_found_code="InvalidSnapshot.NotFound",
    state_code="IncorrectState",
    foreign_code="InvalidSnapshot.NotFound",
    name_of=_name,
    encrypted_snapshots=_encrypted_snapshots,
    rules=(_managed_key, _public),
    unlisted=_owner,
)
