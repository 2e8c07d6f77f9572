# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two sorts of resources that can be shared, images and snapshots, and all that EC2 treats differently in them.

Only names, limits and the choice of errors live here: what is done with them is the same for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass

from local_ec2.api import errors
from local_ec2.api.errors import Kind
from local_ec2.state.grants import GROUP
from local_ec2.state.grants import KINDS
from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import UNIT
from local_ec2.state.grants import USER
from local_ec2.state.texts import TEXTS


@dataclass(frozen=True)
class Refusals:
    """The errors of one sort. That of a malformed id depends on the action and on the id."""

    malformed: Callable[[str, str], Kind]
    not_found: Kind
    entries: Mapping[str, Kind]
    legacy_entries: Mapping[str, Kind]
    wrong_state: Kind
    public_product_code: Kind
    public_encrypted: Kind
    aws_managed_key: Kind
    public_blocked: Kind


@dataclass(frozen=True)
class Blocking:
    """Block public access: the switch that holds its state per Region, and its words in requests and answers."""

    switch: str
    parameter: str
    element: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class Sort:
    """``collection`` is moto's name; ``structures`` are the attributes that can be modified, by request parameter.

    ``kinds`` are the permissions that exist, ``limit`` how many of them one request may name. ``changeable`` are the
    states in which it can be modified, of which the first is the one that a pending one ends in. Tags whose keys begin
    with ``shared_tags`` are seen by those it is shared with.
    """

    name: str
    parameter: str
    collection: str
    id_pattern: re.Pattern[str]
    changeable: tuple[str, ...]
    permission: str
    structures: Mapping[str, str]
    kinds: tuple[str, ...]
    limit: int | None
    one_operation: bool
    refusals: Refusals
    blocking: Blocking
    filters: re.Pattern[str]
    shared_tags: str = ""

    def shares_tag(self, key: str) -> bool:
        return bool(self.shared_tags) and key.startswith(self.shared_tags)

    @property
    def ready(self) -> str:
        return self.changeable[0]

    @property
    def prefix(self) -> str:
        return self.id_pattern.pattern.partition("-")[0] + "-"


def _ids(prefix: str) -> re.Pattern[str]:
    return re.compile(prefix + r"-(?:[0-9a-f]{8}|[0-9a-f]{17})")


# EC2 API reference, DescribeImages and DescribeSnapshots. Not all of them are known to moto.
IMAGE_FILTERS = re.compile(
    r"architecture|block-device-mapping\.(delete-on-termination|device-name|encrypted|snapshot-id|volume-size|volume-type)"
    r"|creation-date|ena-support|free-tier-eligible|hypervisor|image-allowed|image-id|image-type|is-public|kernel-id"
    r"|manifest-location|name|owner-alias|owner-id|platform|product-code(\.type)?|ramdisk-id|root-device-(name|type)"
    r"|source-image-(id|region)|source-instance-id|sriov-net-support|state|state-reason-(code|message)|tag-key|tag:.*"
    rf"|virtualization-type|{'|'.join(text.filter for text in TEXTS.values())}"
)
SNAPSHOT_FILTERS = re.compile(
    r"description|encrypted|owner-alias|owner-id|progress|snapshot-id|start-time|status|storage-tier|tag-key|tag:.*"
    r"|transfer-type|volume-id|volume-size"
)


def _malformed_image(_action: str, image_id: str) -> Kind:
    return errors.MALFORMED_ID_BODY if image_id.startswith("ami-") else errors.MALFORMED_ID


def _malformed_snapshot(action: str, snapshot_id: str) -> Kind:
    """Recorded, each of them."""
    if action == "ResetSnapshotAttribute":
        return errors.SNAPSHOT_ID_OF_RESET
    if not SNAPSHOT.id_pattern.fullmatch(snapshot_id):
        return errors.SNAPSHOT_ID_SHAPE
    return errors.SNAPSHOT_ID if action == "DescribeSnapshots" else errors.SNAPSHOT_ID_OF_ATTRIBUTE


IMAGE_ENTRIES = {
    GROUP: errors.BAD_GROUP,
    USER: errors.BAD_USER,
    ORGANIZATION: errors.BAD_ORGANIZATION,
    UNIT: errors.BAD_UNIT,
}
IMAGE = Sort(
    name="image",
    parameter="ImageId",
    collection="amis",
    id_pattern=_ids("ami"),
    changeable=("available",),
    permission="launchPermission",
    structures={**{text.structure: name for name, text in TEXTS.items()}, "LaunchPermission": "launchPermission"},
    kinds=KINDS,
    limit=None,
    one_operation=False,
    refusals=Refusals(
        malformed=_malformed_image,
        not_found=errors.NOT_FOUND,
        entries=IMAGE_ENTRIES,
        legacy_entries=IMAGE_ENTRIES,
        wrong_state=errors.WRONG_STATE,
        public_product_code=errors.PUBLIC_PRODUCT_CODE,
        public_encrypted=errors.PUBLIC_ENCRYPTED,
        aws_managed_key=errors.AWS_MANAGED_KEY,
        public_blocked=errors.PUBLIC_BLOCKED,
    ),
    blocking=Blocking(
        switch="block_public_access",
        parameter="ImageBlockPublicAccessState",
        element="imageBlockPublicAccessState",
        states=("block-new-sharing",),
    ),
    filters=IMAGE_FILTERS,
    shared_tags="ec2:SharedTag/",
)
# EC2 API reference, ModifySnapshotAttribute: accounts and the group only, 500 modifications, one operation a request.
SNAPSHOT = Sort(
    name="snapshot",
    parameter="SnapshotId",
    collection="snapshots",
    id_pattern=_ids("snap"),
    changeable=("completed", "pending"),
    permission="createVolumePermission",
    structures={"CreateVolumePermission": "createVolumePermission"},
    kinds=(GROUP, USER),
    limit=500,
    one_operation=True,
    refusals=Refusals(
        malformed=_malformed_snapshot,
        not_found=errors.SNAPSHOT_NOT_FOUND,
        entries={USER: errors.SNAPSHOT_BAD_USER, GROUP: errors.SNAPSHOT_BAD_GROUP},
        legacy_entries={USER: errors.SNAPSHOT_BAD_LEGACY_USER, GROUP: errors.SNAPSHOT_BAD_LEGACY_GROUP},
        wrong_state=errors.SNAPSHOT_WRONG_STATE,
        public_product_code=errors.SNAPSHOT_PUBLIC_PRODUCT_CODE,
        public_encrypted=errors.SNAPSHOT_PUBLIC_ENCRYPTED,
        aws_managed_key=errors.SNAPSHOT_AWS_MANAGED_KEY,
        public_blocked=errors.SNAPSHOT_PUBLIC_BLOCKED,
    ),
    blocking=Blocking(
        switch="block_public_access_snapshots",
        parameter="State",
        element="state",
        states=("block-all-sharing", "block-new-sharing"),
    ),
    filters=SNAPSHOT_FILTERS,
)
SORTS = (IMAGE, SNAPSHOT)
