# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An image: moto's, with the attributes that moto does not keep, and the delay with which reads show a change.

Only one image's own state lives here. What may be done to it is decided by writes.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import moto.ec2.models.amis as moto_amis
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import random_snapshot_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

GROUP, USER, ORGANIZATION, UNIT = KINDS = ("Group", "UserId", "OrganizationArn", "OrganizationalUnitArn")
OPTIONS = {"group_names": GROUP, "user_ids": USER, "org_arns": ORGANIZATION, "org_unit_arns": UNIT}

#: One launch permission: its kind as EC2 names it, and the value.
Grant = tuple[str, str]
PUBLIC: Grant = (GROUP, "all")

_moto_ami = moto_amis.Ami


@dataclass(frozen=True)
class Attributes:
    """What ModifyImageAttribute can change. A description that was emptied is no description."""

    description: str | None = None
    imds_support: str | None = None
    grants: frozenset[Grant] = frozenset()


class Image(_moto_ami):
    """moto's AMI with all attributes. Timestamps are EC2's text form, as ``2024-01-31T00:00:00.000Z``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._attributes = Attributes()
        self._past: list[tuple[float, Attributes]] = []
        self.pending_reads = 0
        self.deprecation_time: str | None = None
        self.last_launched_time: str | None = None
        self.deregistration_protection = "disabled"
        self.tpm_support: str | None = None
        self.ephemeral = False
        super().__init__(*args, **kwargs)
        self.snapshots: list[Any] = [self.ebs_snapshot]

    @property
    def attributes(self) -> Attributes:
        """The truth, without lag."""
        return self._attributes

    @property
    def seen(self) -> Attributes:
        """What reads show now: EC2 is eventually consistent (EC2 Developer Guide, "Eventual consistency")."""
        now = time.monotonic()
        self._past = [(until, old) for until, old in self._past if until > now]
        return self._past[0][1] if self._past else self._attributes

    def change(self, attributes: Attributes, lag: float = 0) -> None:
        """Make ``attributes`` the truth; reads go on showing the old ones for ``lag`` seconds."""
        if lag:
            self._past.append((time.monotonic() + lag, self._attributes))
        self._attributes = attributes

    @property
    def launch_permissions(self) -> list[dict[str, str]]:
        return [{kind: value} for kind, value in in_order(self.seen.grants)]

    @launch_permissions.setter
    def launch_permissions(self, permissions: list[dict[str, str]]) -> None:
        grants = frozenset(grant for permission in permissions for grant in permission.items())
        self._attributes = replace(self._attributes, grants=grants)

    @property
    def description(self) -> str | None:
        return self.seen.description

    @description.setter
    def description(self, description: str | None) -> None:
        self._attributes = replace(self._attributes, description=description or None)

    @property
    def is_public(self) -> bool:
        return PUBLIC in self.seen.grants

    @property
    def encrypted(self) -> bool:
        return any(snapshot.encrypted for snapshot in self.snapshots)

    @property
    def under_aws_managed_key(self) -> bool:
        return any((snapshot.kms_key_id or "").endswith("aws/ebs") for snapshot in self.snapshots)

    def get_tags(self) -> list[dict[str, str]]:
        """moto's own walks the tags of every resource, which is quadratic over a fleet."""
        tags: dict[str, str] = self.ec2_backend.tags.get(self.id, {})
        return [{"key": key, "value": value} for key, value in tags.items()]

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name == "description":
            return self.description or ""
        if filter_name == "imds-support":
            return self.seen.imds_support or ""
        if filter_name == "block-device-mapping.snapshot-id":
            return [snapshot.id for snapshot in self.snapshots]
        return super().get_filter_value(filter_name, method_name)

    def replace_snapshots(self, wanted: Iterable[tuple[bool, str | None]]) -> None:
        """Give the image one snapshot for each (encrypted, KMS key id) in place of moto's single plain one."""
        backend, volume = self.ec2_backend, self.ebs_snapshot.volume
        del backend.snapshots[self.ebs_snapshot.id]
        self.snapshots = [
            Snapshot(backend, random_snapshot_id(), volume, f"Of {self.id}", encrypted, key, self.owner_id, self.id)
            for encrypted, key in wanted
        ]
        backend.snapshots.update((snapshot.id, snapshot) for snapshot in self.snapshots)


def in_order(grants: Iterable[Grant]) -> list[Grant]:
    """EC2 promises no order; groups, users, organizations, units is the one seen."""
    return sorted(grants, key=lambda grant: (KINDS.index(grant[0]), grant[1]))


def from_options(options: dict[str, list[str]]) -> frozenset[Grant]:
    """Grants from {user_ids, group_names, org_arns, org_unit_arns}; raises KeyError with an unknown name."""
    kinds = [(OPTIONS[name], values or ()) for name, values in options.items()]
    return frozenset((kind, value) for kind, values in kinds for value in values)


def to_options(grants: Iterable[Grant]) -> dict[str, list[str]]:
    return {name: sorted(value for kind, value in grants if kind == wanted) for name, wanted in OPTIONS.items()}


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def install() -> None:
    """Let everything that moto creates (RegisterImage, CreateImage, CopyImage) be an Image."""
    moto_amis.Ami = Image  # type: ignore[misc]
