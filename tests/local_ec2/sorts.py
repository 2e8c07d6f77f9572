# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two sorts of resources that can be shared, images and snapshots, and all in which EC2 treats them differently.

Only names, limits and the choice of errors live here: what is done with them is the same for both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local_ec2 import errors
from local_ec2.errors import Kind
from local_ec2.grants import GROUP
from local_ec2.grants import KINDS
from local_ec2.grants import ORGANIZATION
from local_ec2.grants import UNIT
from local_ec2.grants import USER
from local_ec2.texts import TEXTS


@dataclass(frozen=True)
class Refusals:
    """The errors of one sort."""

    malformed: Kind
    malformed_body: Kind
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
    states in which it can be modified, of which the first is the one that a pending one ends in.
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

    @property
    def ready(self) -> str:
        return self.changeable[0]

    @property
    def prefix(self) -> str:
        return self.id_pattern.pattern.partition("-")[0] + "-"


def _ids(prefix: str) -> re.Pattern[str]:
    return re.compile(prefix + r"-(?:[0-9a-f]{8}|[0-9a-f]{17})")


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
        malformed=errors.MALFORMED_ID,
        malformed_body=errors.MALFORMED_ID_BODY,
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
        malformed=errors.SNAPSHOT_MALFORMED_ID,
        malformed_body=errors.SNAPSHOT_MALFORMED_ID_BODY,
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
)
SORTS = (IMAGE, SNAPSHOT)
