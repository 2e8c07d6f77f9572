# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Making images and snapshots: from the objects that the control API takes, and the ready-made ones of ``--seed``.

Only creation lives here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from dataclasses import replace
from datetime import datetime
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_ami_id
from moto.ec2.utils import random_snapshot_id

from local_ec2.state import keys
from local_ec2.state.grants import from_options
from local_ec2.state.images import Image
from local_ec2.state.resource import Attributes
from local_ec2.state.snapshots import Snapshot
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.texts import FIELDS

ACCOUNT = "123456789012"
PARTNER = "444455556666"


@dataclass
class Spec:
    """One image to make, apart from its texts. Every field may be left out; ``account`` says in whose EC2 it is.

    Without permissions, one of another owner is shared with that account. ``tags`` are its owner's.

    The first ``unseen_reads`` answers of DescribeImages that would show it do not, nor do those of the first
    ``unseen_seconds``; until then it is not found by any operation.
    """

    image_id: str | None = None
    region: str = "us-east-1"
    account: str = ACCOUNT
    owner_id: str | None = None
    owner_alias: str | None = None
    name: str | None = None
    launch_permissions: dict[str, list[str]] | None = None
    state: str = "available"
    pending_reads: int = 0
    unseen_reads: int = 0
    unseen_seconds: float = 0
    product_codes: list[str] | None = None
    encrypted: bool = False
    kms_key_id: str | None = None
    snapshots: list[dict[str, Any]] | None = None
    ephemeral: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    creation_date: str | None = None
    deprecation_time: str | None = None
    last_launched_time: str | None = None
    deregistration_protection: str | None = None
    boot_mode: str | None = None
    tpm_support: str | None = None
    sriov_net_support: str | None = None
    ena_support: bool = False


@dataclass
class SnapshotSpec:
    """One snapshot to make, by itself or of an image. Every field may be left out.

    ``account`` says in whose EC2 it is. Without permissions, one of another owner is shared with that account: nobody
    sees a snapshot that is not. The snapshots of an image are then shared with nobody, like real ones.
    ``associated_kms_keys`` are ARNs, which DescribeSnapshots shows.

    ``hidden_reads`` is for a snapshot of an image: that many answers of DescribeImages show its mapping without
    ``snapshotId``, whether the image is pending or available. If the image has as many ``pending_reads``, the id shows
    once it is available.
    """

    snapshot_id: str | None = None
    region: str = "us-east-1"
    account: str = ACCOUNT
    owner_id: str | None = None
    state: str = "completed"
    pending_reads: int = 0
    hidden_reads: int = 0
    encrypted: bool = False
    kms_key_id: str | None = None
    associated_kms_keys: list[str] | None = None
    create_volume_permissions: dict[str, list[str]] | None = None
    product_codes: list[str] | None = None
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def create(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make an image of each object; answers [{image_id, region, snapshot_ids}]. ValueError names unknown fields."""
    check(items, Spec, FIELDS)
    check([snapshot for item in items for snapshot in item.get("snapshots") or ()], SnapshotSpec)
    return [_create(item) for item in items]


def create_snapshots(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make a snapshot of each object; answers [{snapshot_id, region}]. ValueError names unknown fields."""
    check(items, SnapshotSpec)
    return [_create_snapshot(SnapshotSpec(**item)) for item in items]


def check(items: list[dict[str, Any]], spec: type[Any], texts: Iterable[str] = ()) -> None:
    known = [*(item.name for item in fields(spec)), *texts]
    unknown = sorted({name for item in items for name in item} - set(known))
    if unknown:
        raise ValueError(f"unknown field: {', '.join(unknown)}; known: {', '.join(known)}")


def _create(item: dict[str, Any]) -> dict[str, Any]:
    spec = Spec(**{name: value for name, value in item.items() if name not in FIELDS})
    foreign = spec.owner_id not in (None, spec.account)
    if foreign and spec.launch_permissions is None:
        spec = replace(spec, launch_permissions={"user_ids": [spec.account]})
    backend = ec2_backends[spec.account][spec.region]
    image_id = spec.image_id or random_ami_id()
    # One that is made again begins without the tags of the one before it.
    backend.tags.pop(image_id, None)
    image = Image(
        backend,
        image_id,
        name=spec.name or f"image-{image_id[4:]}",
        owner_id=spec.owner_id or spec.account,
        owner_alias=spec.owner_alias,
        state="pending" if spec.pending_reads else spec.state,
        creation_date=_moment(spec.creation_date),
        product_codes=set(spec.product_codes or ()),
        tags={} if foreign else spec.tags,
        root_device_type="ebs",
        region_name=f"{spec.region}a",
    )
    texts = {FIELDS[name]: value for name, value in item.items() if name in FIELDS and value is not None}
    image.change(Attributes(texts, from_options(spec.launch_permissions or {})))
    image.owner_tags = spec.tags
    _complete(image, spec)
    backend.amis[image_id] = image
    return {"image_id": image_id, "region": spec.region, "snapshot_ids": [snapshot.id for snapshot in image.snapshots]}


def _complete(image: Image, spec: Spec) -> None:
    image.pending_reads = spec.pending_reads
    image.unseen_reads = spec.unseen_reads
    image.unseen_until = time.monotonic() + spec.unseen_seconds if spec.unseen_seconds else 0.0
    image.ephemeral = spec.ephemeral
    image.boot_mode = spec.boot_mode  # type: ignore[assignment]
    image.tpm_support = spec.tpm_support
    image.sriov_net_support = spec.sriov_net_support
    image.ena_support = spec.ena_support
    image.deprecation_time = spec.deprecation_time
    image.last_launched_time = spec.last_launched_time
    image.deregistration_protection = spec.deregistration_protection or "disabled"
    default = {"encrypted": spec.encrypted, "kms_key_id": spec.kms_key_id, "description": f"Of {image.id}"}
    place = {"region": spec.region, "account": spec.account, "owner_id": spec.owner_id}
    wanted = [SnapshotSpec(**{**default, **place, **item}) for item in spec.snapshots or [{}]]
    image.replace_snapshots([_snapshot(one, image.ebs_snapshot.volume, image.id) for one in wanted])


def _create_snapshot(spec: SnapshotSpec) -> dict[str, Any]:
    volume = ec2_backends[spec.account][spec.region].create_volume(size=8, zone_name=f"{spec.region}a")
    foreign = spec.owner_id not in (None, spec.account)
    if foreign and spec.create_volume_permissions is None:
        spec = replace(spec, create_volume_permissions={"user_ids": [spec.account]})
    return {"snapshot_id": _snapshot(spec, volume).id, "region": spec.region}


def _snapshot(spec: SnapshotSpec, volume: Any, image_id: str | None = None) -> Snapshot:
    backend = ec2_backends[spec.account][spec.region]
    owner = spec.owner_id or spec.account
    encrypted = bool(spec.encrypted or spec.kms_key_id)
    key = keys.arn_for(spec.kms_key_id, owner, spec.region) if encrypted else None
    snapshot_id = spec.snapshot_id or random_snapshot_id()
    snapshot = Snapshot(backend, snapshot_id, volume, spec.description, encrypted, key, owner, image_id)
    snapshot.state = "pending" if spec.pending_reads else spec.state
    snapshot.pending_reads = spec.pending_reads
    snapshot.hidden_reads = spec.hidden_reads
    snapshot.associated_kms_keys = list(spec.associated_kms_keys or ())
    snapshot.product_codes = set(spec.product_codes or ())
    snapshot.change(Attributes(grants=from_options(spec.create_volume_permissions or {}, SNAPSHOT.kinds)))
    if owner == spec.account:
        snapshot.add_tags(spec.tags)
    backend.snapshots[snapshot_id] = snapshot
    return snapshot


def _moment(text: str | None) -> datetime | None:
    # Python 3.10 does not know Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


# The first three are those of the quick start; README, the other guides and the modules' examples name the first two.
READY_MADE: list[dict[str, Any]] = [
    {
        "image_id": "ami-0123456789abcdef0",
        "name": "golden-al2023-2026.01",
        "description": "Golden image, Amazon Linux 2023, hardened",
        "imds_support": "v2.0",
        "launch_permissions": {"user_ids": [PARTNER]},
        "tags": {"Team": "platform", "Stage": "production"},
        "creation_date": "2026-01-12T08:30:00.000Z",
        "boot_mode": "uefi-preferred",
    },
    {
        "image_id": "ami-0fedcba9876543210",
        "region": "eu-west-1",
        "name": "golden-al2023-2026.01",
        "description": "Golden image, Amazon Linux 2023, hardened",
        "imds_support": "v2.0",
        "launch_permissions": {"user_ids": [PARTNER]},
        "tags": {"Team": "platform", "Stage": "production"},
        "creation_date": "2026-01-12T08:45:00.000Z",
        "boot_mode": "uefi-preferred",
    },
    {
        "image_id": "ami-0a1b2c3d4e5f60001",
        "region": "eu-west-1",
        "name": "golden-ubuntu-24.04-2026.01",
        "tags": {"Team": "platform", "Stage": "candidate"},
        "creation_date": "2026-01-19T09:00:00.000Z",
    },
    {
        "image_id": "ami-0a1b2c3d4e5f60002",
        "region": "eu-west-1",
        "name": "community-toolbox-3.2",
        "description": "Toolbox for everyone",
        "launch_permissions": {"group_names": ["all"]},
        "creation_date": "2025-11-03T12:00:00.000Z",
    },
    {
        "image_id": "ami-0a1b2c3d4e5f60003",
        "name": "vendor-firewall-11.1",
        "description": "Marketplace firewall, own copy",
        "product_codes": ["8kq3tpyv1x2mfm0nsdl5wcx9z"],
        "creation_date": "2025-12-01T10:15:00.000Z",
    },
    {
        "image_id": "ami-0a1b2c3d4e5f60004",
        "name": "partner-appliance-7",
        "description": "Owned by a partner, shared with us",
        "owner_id": PARTNER,
        "launch_permissions": {"user_ids": [ACCOUNT]},
        "creation_date": "2025-10-20T16:40:00.000Z",
    },
    {
        "image_id": "ami-0a1b2c3d4e5f60005",
        "name": "payments-base-2026.01",
        "description": "Encrypted under alias/snapshots, a customer managed key",
        "encrypted": True,
        "creation_date": "2026-01-15T07:20:00.000Z",
    },
]
