# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules of amazon.aws against the local EC2: what they change, and that they find it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT

from local_ec2.client import LocalEC2

Module = Callable[..., dict[str, Any]]

FOREIGN = "ami-33333333"
NOBODY: dict[str, list[str]] = {"group_names": [], "user_ids": [], "org_arns": [], "org_unit_arns": []}
EVERYONE = {
    "group_names": ["all"],
    "user_ids": ["111111111111", "222222222222"],
    "org_arns": ["arn:aws:organizations::111122223333:organization/o-123example"],
    "org_unit_arns": ["arn:aws:organizations::111122223333:ou/o-123example/ou-1234-5example"],
}


@pytest.fixture
def module(run_module: Module) -> Module:
    def run(name: str, /, **options: Any) -> dict[str, Any]:
        return run_module(name, collection="amazon.aws", **options)

    return run


@pytest.fixture
def changes(ec2: LocalEC2, module: Module) -> Module:
    """Run a module that must change something in EC2, and nothing in check mode or a second time; its result."""

    def run(name: str, /, **options: Any) -> dict[str, Any]:
        before = held(ec2)
        preview = module(name, check=True, **options)
        assert (preview["failed"], preview["changed"], held(ec2)) == (False, True, before), preview
        result = module(name, **options)
        assert (result["failed"], result["changed"]) == (False, True), result
        again = module(name, **options)
        assert (again["failed"], again["changed"]) == (False, False), again
        return result

    return run


def held(ec2: LocalEC2) -> Any:
    return ec2.image(IMAGE), ec2.snapshot(SNAPSHOT)


def seed(ec2: LocalEC2) -> None:
    shared = {"user_ids": ["333333333333"]}
    snapshot = {"snapshot_id": SNAPSHOT, "create_volume_permissions": shared}
    texts = {"name": "golden-1", "description": "old", "tags": {"stale": "yes"}}
    ec2.seed(
        {"image_id": IMAGE, "launch_permissions": shared, "snapshots": [snapshot], **texts},
        {"image_id": FOREIGN, "owner_id": "999999999999", "name": "golden-2"},
    )


@pytest.mark.parametrize(
    "wanted",
    [EVERYONE, {**NOBODY, "user_ids": ["222222222222"]}, NOBODY],
    ids=["everyone", "another account", "nobody"],
)
def test_ec2_ami_shares(ec2: LocalEC2, module: Module, changes: Module, wanted: dict[str, list[str]]) -> None:
    seed(ec2)
    changes("ec2_ami", image_id=IMAGE, launch_permissions=wanted)
    image = ec2.image(IMAGE)
    assert image is not None
    assert image["launch_permissions"] == wanted
    (read,) = module("ec2_ami_info", image_ids=[IMAGE], describe_image_attributes=True)["images"]
    assert len(read["launch_permissions"]) == sum(map(len, wanted.values()))


def test_ec2_ami_describes_and_tags(ec2: LocalEC2, module: Module, changes: Module) -> None:
    seed(ec2)
    changes("ec2_ami", image_id=IMAGE, description="new", tags={"team": "web"})
    (image,) = module("ec2_ami_info", owners=["self"], filters={"name": "golden-*"})["images"]
    assert (image["image_id"], image["description"], image["tags"]) == (IMAGE, "new", {"team": "web"})


def test_ec2_ami_registers(ec2: LocalEC2, module: Module) -> None:
    seed(ec2)
    made = module(
        "ec2_ami",
        name="mine",
        root_device_name="/dev/xvda",
        device_mapping=[{"device_name": "/dev/xvda", "snapshot_id": SNAPSHOT}],
        tags={"team": "web"},
        launch_permissions={"user_ids": ["111111111111"]},
    )
    assert (made["changed"], made["name"], made["tags"], made["state"]) == (True, "mine", {"team": "web"}, "available")
    assert made["launch_permissions"] == [{"user_id": "111111111111"}]


def test_ec2_ami_deregisters(ec2: LocalEC2, changes: Module) -> None:
    seed(ec2)
    gone = changes("ec2_ami", image_id=IMAGE, state="absent", delete_snapshot=True)
    assert gone["snapshots_deleted"] == [SNAPSHOT]
    assert held(ec2) == (None, None)


@pytest.mark.parametrize(
    ("image_id", "message"),
    [
        ("ami-44444444", "Error retrieving image by image_id: Failed to describe images"),
        (FOREIGN, f"Error retrieving image attributes for image {FOREIGN}: Failed to describe image attribute"),
    ],
    ids=["unknown", "foreign"],
)
def test_ec2_ami_fails(ec2: LocalEC2, module: Module, image_id: str, message: str) -> None:
    seed(ec2)
    result = module("ec2_ami", image_id=image_id, launch_permissions=EVERYONE)
    assert (result["failed"], result["msg"]) == (True, message)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"user_ids": ["111111111111"]}, {"group_names": [], "user_ids": ["111111111111"]}),
        ({"group_names": ["all"]}, {"group_names": ["all"], "user_ids": []}),
        ({}, {"group_names": [], "user_ids": []}),
    ],
    ids=["an account", "everyone", "nobody"],
)
def test_ec2_snapshot_shares(ec2: LocalEC2, module: Module, changes: Module, asked: Any, wanted: Any) -> None:
    seed(ec2)
    permissions = {"modify_create_vol_permission": True, "purge_create_vol_permission": True}
    changes("ec2_snapshot", snapshot_id=SNAPSHOT, **permissions, **asked)
    snapshot = ec2.snapshot(SNAPSHOT)
    assert snapshot is not None
    assert snapshot["create_volume_permissions"] == wanted
