# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The work of the section "sharing": policies over images with a snapshot each.

What takes part and what must be reached is not decided here.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from bench.stage import Work
from local_ec2.client import LocalEC2

NAMES = "golden-*"


@dataclass(frozen=True)
class Catalogue(Work):
    """Every policy selects all images. Each names its part of the accounts, or with ``overlapping`` all of them.

    Without ``snapshots`` the images alone are to be shared, although they have snapshots all the same. The snapshots
    are encrypted under so many ``keys``, which are to be shared too.
    """

    policies: int = 3
    overlapping: bool = False
    snapshots: bool = True
    keys: int = 0

    @property
    def described(self) -> dict[str, t.Any]:
        return {"ami_sharing_policies": [self._policy(number) for number in range(self.policies)]}

    def _policy(self, number: int) -> dict[str, t.Any]:
        return {
            "name": f"Team {number + 1}",
            "filters": {"name": NAMES},
            "pattern": "share",
            "principals": self.principals(number),
            "snapshots": self.snapshots,
            **({"kms": "share"} if self.keys else {}),
        }

    def principals(self, number: int) -> list[str]:
        return self.user_ids if self.overlapping else self.user_ids[number :: self.policies]

    @property
    def seeds(self) -> list[dict[str, t.Any]]:
        return [
            {**image, "name": NAMES.replace("*", str(number)), "snapshots": [self._snapshot(number)]}
            for number, image in enumerate(super().seeds)
        ]

    def _snapshot(self, number: int) -> dict[str, t.Any]:
        held = {"create_volume_permissions": {"user_ids": self.user_ids}} if self.done else {}
        encrypted = {"encrypted": True, "kms_key_id": _key_id(number % self.keys)} if self.keys else {}
        return {"snapshot_id": _snapshot_id(number), **held, **encrypted}

    @property
    def key_seeds(self) -> list[dict[str, t.Any]]:
        return [{"key_id": _key_id(number)} for number in range(self.keys)]

    def unshared(self, ec2: LocalEC2) -> list[str]:
        ids = [_snapshot_id(number) for number in range(self.images)] if self.snapshots else []
        found = {snapshot_id: ec2.snapshot(snapshot_id) for snapshot_id in ids}
        return super().unshared(ec2) + [
            snapshot_id
            for snapshot_id, snapshot in found.items()
            if snapshot is None or snapshot["create_volume_permissions"]["user_ids"] != self.user_ids
        ]

    @property
    def what(self) -> str:
        under = f" under {counted(self.keys, 'key')}" if self.keys else ""
        return f"{self.policies} policies, {counted(self.images, 'image')}{under}"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _key_id(number: int) -> str:
    return f"{number:08x}-0000-0000-0000-000000000000"


def _snapshot_id(number: int) -> str:
    return f"snap-{number:017x}"
