# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DescribeSnapshotAttribute and DescribeSnapshots.

Only reading of snapshots lives here; the faults that follow a read are in aftermath.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from local_ec2.api import errors
from local_ec2.api import listing
from local_ec2.api import parameters
from local_ec2.api.errors import Ec2Error
from local_ec2.state.resource import timestamp
from local_ec2.state.snapshots import Snapshot
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.steering.aftermath import after_attribute_read
from local_ec2.steering.aftermath import after_read

if TYPE_CHECKING:
    from local_ec2.api.markup import Value
    from local_ec2.api.steps import Call


def describe_snapshot_attribute(call: Call) -> Value:
    """One attribute of one snapshot, for its owner."""
    snapshot_id = parameters.required(call.form, SNAPSHOT.parameter)
    attribute = parameters.given(call.form, "Attribute")
    if attribute not in ("createVolumePermission", "productCodes"):
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    snapshot = call.target(SNAPSHOT, snapshot_id, attribute)
    codes = attribute == "productCodes"
    shown = listing.product_codes(snapshot) if codes else listing.permissions(snapshot.seen.grants)
    answer: Value = {"snapshotId": snapshot_id, attribute: shown}
    after_attribute_read(call.backend, snapshot, attribute)
    return answer


def describe_snapshots(call: Call) -> Value:
    """Snapshots by id, or by owner, who may restore them, and filters, in pages."""
    ids = listing.read_ids(SNAPSHOT, call)
    filters = listing.filters(SNAPSHOT, call.form)
    listing.check_accounts(call, "RestorableBy")
    call.permit()
    call.refuse_injected(ids)
    snapshots = _by_ids(call, ids) if ids else listing.by_filters(SNAPSHOT, call, filters)
    snapshots = listing.owned(call, listing.usable(call, snapshots, "RestorableBy"))
    page, token = listing.page(SNAPSHOT, call.form, listing.matching(call, filters, snapshots))
    answer: Value = {"snapshotSet": [describe(snapshot, call.backend) for snapshot in page], "nextToken": token}
    after_read(call.backend, page)
    return answer


def _by_ids(call: Call, ids: list[str]) -> list[Snapshot]:
    """One unknown id fails the call, which names the first of them only."""
    return [cast("Snapshot", call.visible(SNAPSHOT, snapshot_id)) for snapshot_id in dict.fromkeys(ids)]


def describe(snapshot: Snapshot, backend: Any) -> Value:
    """One snapshot as DescribeSnapshots shows it; what is not set is left out."""
    completed = snapshot.state == SNAPSHOT.ready
    return {
        "snapshotId": snapshot.id,
        "volumeId": snapshot.volume_id,
        "status": snapshot.state,
        "startTime": timestamp(snapshot.start_time),
        "progress": snapshot.progress,
        "ownerId": snapshot.owner_id,
        "volumeSize": str(snapshot.volume_size),
        "description": snapshot.description,
        "encrypted": snapshot.encrypted,
        "kmsKeyId": snapshot.kms_key_id,
        "associatedKmsKeySet": [{"kmsKeyId": key} for key in snapshot.associated_kms_keys] or None,
        "storageTier": snapshot.storage_tier,
        "transferType": "standard",
        "completionTime": timestamp(snapshot.start_time) if completed else None,
        "fullSnapshotSizeInBytes": "0" if completed else None,
        "tagSet": listing.tags(snapshot, backend),
    }
