# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Snapshots: the table of their attributes, and what is true of them and not of AMIs."""

from __future__ import annotations

import typing as t

from .permissions import GROUP_NAMES
from .permissions import USER_IDS
from .plan import Attribute
from .resource import Description
from .resource import Refusal
from .resource import Resource
from .resource import Surroundings

# EC2 shares snapshots with accounts and with everyone, and with no organization or OU; a request takes 500 entries
# (ModifySnapshotAttribute, API reference).
ATTRIBUTES = (
    Attribute(
        "create_volume_permissions",
        "createVolumePermission",
        "CreateVolumePermission",
        unset=frozenset(),
        kinds=(USER_IDS, GROUP_NAMES),
        entries_per_request=500,
    ),
)


class Snapshots(Resource):
    """EBS snapshots."""

    noun = "snapshot"
    described_as = "a snapshot"
    ids_option = "snapshot_ids"
    id_option = "snapshot_id"
    id_prefix = "snap"
    result_key = "snapshots"
    attributes = ATTRIBUTES

    id_key = "SnapshotId"
    ready_state = "completed"
    describe_operation = "describe_snapshots"
    described_key = "Snapshots"
    id_filter = "snapshot-id"
    owners_argument = "OwnerIds"
    read_operation = "describe_snapshot_attribute"
    permissions_key = "CreateVolumePermissions"
    modify_operation = "modify_snapshot_attribute"
    modify_arguments_always: t.ClassVar = {"Attribute": "createVolumePermission"}
    public_access_operation = "get_snapshot_block_public_access_state"
    public_access_key = "State"

    describe_action = "DescribeSnapshots"
    modify_action = "ModifySnapshotAttribute"
    not_found_code = "InvalidSnapshot.NotFound"
    state_code = "IncorrectState"

    def encrypted_snapshots(self, described: Description) -> dict[str, str | None]:
        return {described["SnapshotId"]: described.get("KmsKeyId")} if described.get("Encrypted") else {}

    def _managed_key_refusal(self, _snapshots: t.Sequence[str]) -> Refusal:
        message = (
            "A snapshot that is encrypted under the key that AWS manages for EBS cannot be shared with anyone; copy it"
            " under a customer managed key, and share the copy"
        )
        return "OperationNotPermitted", message

    def _public_refusals(self, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
        if described.get("Encrypted"):
            yield "OperationNotPermitted", "An encrypted snapshot cannot be made public"
        if surroundings.public_access_blocked:
            blocked = "Block public access for snapshots is on in this account and Region, so none can be made public"
            yield "OperationNotPermitted", f"{blocked}; DisableSnapshotBlockPublicAccess lifts it for the whole Region"
