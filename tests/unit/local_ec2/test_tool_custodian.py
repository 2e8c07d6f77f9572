# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cloud Custodian against the local EC2: what its filters find, and what its actions leave."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.local_ec2.support import CLIENTS
from unit.local_ec2.support import SNAPSHOT

from local_ec2.client import LocalEC2

Policies = dict[str, dict[str, Any]]
#: What each policy has found, by id.
Found = dict[str, list[str]]

PARTNER = "111111111111"
STRANGER = "222222222222"
NEW = "333333333333"
ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-1234example"
UNIT = "arn:aws:organizations::111122223333:ou/o-1234example/ou-1234-5example"
NOBODY: dict[str, list[str]] = {"group_names": [], "user_ids": [], "org_arns": [], "org_unit_arns": []}


@pytest.fixture
def custodian(ec2: LocalEC2, tmp_path: Path) -> Callable[..., Found]:
    """``custodian run`` with these policies, which must succeed, without the answers that an earlier one has cached."""

    def run(policies: Policies, *options: str) -> Found:
        file = tmp_path / "policies.json"
        listed = [{"name": name, "resource": "aws.ami", **policy} for name, policy in policies.items()]
        file.write_text(json.dumps({"policies": listed}), encoding="utf-8")
        command = [str(CLIENTS / "custodian"), "run", "--cache-period", "0", "-s", str(tmp_path), *options, str(file)]
        environment = {**os.environ, **ec2.environment(), "HOME": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return {name: _found(tmp_path / name / "resources.json") for name in policies}

    return run


def _found(file: Path) -> list[str]:
    return sorted(each.get("ImageId") or each["SnapshotId"] for each in json.loads(file.read_text(encoding="utf-8")))


# Each policy, and what it finds. Its actions are not carried out in a dry run.
FILTERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "all": ({}, ["ami-11111111", "ami-22222222", "ami-33333333"]),
    "name": ({"filters": [{"type": "value", "key": "Name", "op": "glob", "value": "g*-1"}]}, ["ami-11111111"]),
    "tag": ({"filters": [{"tag:team": "web"}]}, ["ami-11111111"]),
    "public": ({"filters": [{"Public": True}], "actions": ["set-permissions"]}, ["ami-33333333"]),
    "image-age": ({"filters": [{"type": "image-age", "days": 30}], "actions": ["deregister"]}, ["ami-22222222"]),
    "cross-account": (
        {
            "filters": [{"type": "cross-account", "whitelist": [PARTNER]}],
            "actions": [{"type": "set-permissions", "remove": "matched"}],
        },
        ["ami-11111111", "ami-33333333"],
    ),
    "imds-support": (
        {"filters": [{"type": "image-attribute", "attribute": "imdsSupport", "key": "Value", "value": "v2.0"}]},
        ["ami-11111111"],
    ),
    "no-tpm-support": (
        {"filters": [{"type": "image-attribute", "attribute": "tpmSupport", "key": "Value", "value": "absent"}]},
        ["ami-11111111", "ami-33333333"],
    ),
    "shared-with-us": ({"query": [{"ExecutableUsers": ["self"]}, {"Owners": []}]}, ["ami-44444444"]),
    "snapshot-cross-account": (
        {"resource": "aws.ebs-snapshot", "filters": [{"type": "cross-account"}], "actions": ["delete"]},
        [SNAPSHOT],
    ),
}


def test_filters_find_in_a_dry_run(ec2: LocalEC2, custodian: Callable[..., Found]) -> None:
    users = {"user_ids": [PARTNER, STRANGER]}
    snapshot = {"snapshot_id": SNAPSHOT, "create_volume_permissions": users}
    golden = {"name": "golden-1", "tags": {"team": "web"}, "imds_support": "v2.0", "snapshots": [snapshot]}
    old = {"name": "old-2", "creation_date": "2020-01-01T00:00:00.000Z", "tpm_support": "v2.0"}
    ec2.seed(
        {"image_id": "ami-11111111", "launch_permissions": users, **golden},
        {"image_id": "ami-22222222", "launch_permissions": {"user_ids": [PARTNER]}, **old},
        {"image_id": "ami-33333333", "launch_permissions": {"group_names": ["all"]}},
        {"image_id": "ami-44444444", "owner_id": "999999999999", "launch_permissions": {"user_ids": ["123456789012"]}},
    )
    found = custodian({name: row[0] for name, row in FILTERS.items()}, "--dryrun")
    assert found == {name: row[1] for name, row in FILTERS.items()}
    changing = [name for name in ec2.summary() if not name.startswith(("Describe", "Get"))]
    assert changing == []


# Each action, and what it makes of the permissions of the image that has its name, which is shared with two accounts.
SHARING: dict[str, tuple[dict[str, Any], dict[str, list[str]]]] = {
    "add": (
        {"type": "set-permissions", "add": [NEW, ORGANIZATION, UNIT]},
        {"user_ids": [PARTNER, STRANGER, NEW], "org_arns": [ORGANIZATION], "org_unit_arns": [UNIT]},
    ),
    "publish": ({"type": "set-permissions", "add": ["all"]}, {"group_names": ["all"], "user_ids": [PARTNER, STRANGER]}),
    "remove": ({"type": "set-permissions", "remove": [STRANGER]}, {"user_ids": [PARTNER]}),
    "reset": ({"type": "set-permissions"}, {}),
    "remove-matched": (
        {"type": "set-permissions", "remove": "matched", "add": [NEW]},
        {"user_ids": [PARTNER, NEW]},
    ),
    "former-remove": ({"type": "remove-launch-permissions", "accounts": "matched"}, {"user_ids": [PARTNER]}),
    "former-reset": ({"type": "remove-launch-permissions"}, {}),
}


def test_actions_share_images(ec2: LocalEC2, custodian: Callable[..., Found]) -> None:
    users = {"user_ids": [PARTNER, STRANGER]}
    ids = {name: f"ami-{number:08}" for number, name in enumerate(SHARING)}
    ec2.seed(*({"image_id": ids[name], "name": name, "launch_permissions": users} for name in SHARING))
    filters = {"type": "cross-account", "whitelist": [PARTNER]}
    custodian({name: {"filters": [{"Name": name}, filters], "actions": [row[0]]} for name, row in SHARING.items()})
    for name, row in SHARING.items():
        image = ec2.image(ids[name])
        assert image is not None
        assert image["launch_permissions"] == {**NOBODY, **row[1]}, name


def test_other_actions(ec2: LocalEC2, api: Any, custodian: Callable[..., Found]) -> None:
    users = {"user_ids": [PARTNER, STRANGER]}
    ec2.seed(
        {"image_id": "ami-11111111", "name": "kept", "description": "golden", "tags": {"stale": "yes"}},
        {"image_id": "ami-22222222", "name": "gone"},
    )
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": users})
    kept, gone, snapshots = [{"Name": "kept"}], [{"Name": "gone"}], {"type": "cross-account", "whitelist": [PARTNER]}
    custodian(
        {
            "tag": {"filters": kept, "actions": [{"type": "tag", "tags": {"team": "web"}}]},
            "remove-tag": {"filters": kept, "actions": [{"type": "remove-tag", "tags": ["stale"]}]},
            "copy": {"filters": kept, "actions": [{"type": "copy", "region": "eu-west-1"}]},
            "deregister": {"filters": gone, "actions": [{"type": "deregister", "delete-snapshots": True}]},
            "snapshot": {
                "resource": "aws.ebs-snapshot",
                "filters": [snapshots],
                "actions": [{"type": "set-permissions", "remove": "matched", "add": [NEW]}],
            },
        }
    )
    (image,) = api.describe_images(Owners=["self"])["Images"]
    assert (image["ImageId"], image["Tags"]) == ("ami-11111111", [{"Key": "team", "Value": "web"}])
    snapshot = ec2.snapshot(SNAPSHOT)
    assert snapshot is not None
    assert snapshot["create_volume_permissions"] == {"group_names": [], "user_ids": [PARTNER, NEW]}
