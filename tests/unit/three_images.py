# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Three images in two Regions, and what each module that writes is asked to make of them or of their snapshots."""

from __future__ import annotations

import typing as t

import pytest
from unit.images import policy
from unit.images import snapshot_of

from local_ec2.client import LocalEC2

KEPT, FORMER, NEW = "111122223333", "444455556666", "777788889999"
ORG = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
A, B, C = (f"ami-0{letter * 16}" for letter in "abc")
IDS = [f"us-east-1:{A}", f"eu-west-1:{B}", f"us-east-1:{C}"]

Json = dict[str, t.Any]
Run = t.Callable[..., Json]
MODULES: dict[str, Json] = {
    "ec2_ami_attribute": {
        "image_ids": IDS,
        "description": "new",
        "launch_permissions": {"user_ids": [KEPT, NEW], "org_arns": [ORG]},
        "purge_launch_permissions": True,
    },
    "ec2_snapshot_attribute": {
        "snapshot_ids": [snapshot_of(each) for each in IDS],
        "create_volume_permissions": {"user_ids": [KEPT, NEW]},
        "purge_create_volume_permissions": True,
    },
    "ec2_ami_sharing": {
        "policies": [
            policy("One", "exclusive", KEPT, NEW, ORG, image_ids=IDS[:2], snapshots=True, description="new"),
            policy("Two", "share", NEW, image_ids=IDS[2:], snapshots=True),
        ]
    },
}
every_module = pytest.mark.parametrize("module", MODULES)


def truth(ec2: LocalEC2) -> list[Json | None]:
    """Return everything that EC2 holds of the images and the snapshots."""
    return [*map(ec2.image, (A, B, C)), *(ec2.snapshot(snapshot_of(each)) for each in (A, B, C))]


def id_of(item: Json) -> str:
    return str(item.get("image_id") or item["snapshot_id"])
