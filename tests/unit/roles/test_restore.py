# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""amikit.aws.restore, through ansible-playbook: what the role and the playbook add to the module."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import boto3
from unit.images import copiers
from unit.images import image
from unit.images import launchers
from unit.images import policy

from local_ec2.client import LocalEC2

Playbook = t.Callable[..., subprocess.CompletedProcess[str]]
IMAGE, GONE = "ami-0123456789abcdef0", "ami-0fedcba9876543210"
KEPT, LEAVING, JOINING = "111111111111", "222222222222", "333333333333"


def test_a_run_is_taken_back_through_the_role(playbook: Playbook, ec2: LocalEC2, tmp_path: Path) -> None:
    ec2.seed(image(IMAGE, KEPT, LEAVING), image(GONE, KEPT))
    policies = [policy("Golden", "exclusive", KEPT, JOINING, image_ids=[IMAGE, GONE], snapshots=True)]
    # A relative path starts where ansible-playbook did, and not where the playbook is: in the collection.
    shared = playbook(
        "amikit.aws.share",
        ami_sharing_backup="kept/golden.json",
        ami_sharing_preflight=True,
        ami_sharing_policies=policies,
    )
    assert shared.returncode == 0, shared.stdout
    backup = tmp_path / "kept/golden.json"
    assert [entry["id"] for entry in json.loads(backup.read_text())["images"]] == [IMAGE, GONE]
    boto3.client("ec2").deregister_image(ImageId=GONE)

    # Nothing waits for the image that is gone to appear.
    words = {"ami_sharing_policies": policies, "ami_sharing_wait_timeout": 0}
    braked = playbook("amikit.aws.restore", "-e", "backup=kept/golden.json", **words, ami_sharing_max_revocations=0)
    assert "and ami_sharing_max_revocations is 0" in braked.stdout
    assert launchers(ec2, IMAGE) == [KEPT, JOINING]

    # The policies' file may be given as it is, with the name of their backup: that one stays what it is.
    before = backup.read_text()
    restored = playbook(
        "amikit.aws.restore", "-e", "backup=kept/golden.json", **words, ami_sharing_backup="kept/golden.json"
    )
    assert backup.read_text() == before
    assert launchers(ec2, IMAGE) == copiers(ec2, IMAGE) == [KEPT, LEAVING]
    assert restored.returncode == 2
    assert f"image-{GONE} {GONE} (us-east-1): InvalidAMIID.NotFound" in restored.stdout
    assert f"To undo this: {backup}.restore" in restored.stdout
    # The snapshot behind the image that is gone is still there.
    done = "2 images and 2 snapshots in the backup: 3 restored (2 grants, 3 revocations), 0 unchanged, 1 failed"
    assert done in restored.stdout


def test_a_backup_has_to_be_named_and_to_be_one(playbook: Playbook, tmp_path: Path) -> None:
    (tmp_path / "policies.json").write_text("[]")
    assert "Name it: -e backup=FILE" in playbook("amikit.aws.restore").stdout
    assert "Name it: -e backup=FILE" in playbook("amikit.aws.restore", "-e", "backup=").stdout
    refused = playbook("amikit.aws.restore", "-e", "backup=policies.json").stdout
    assert f"backup: {tmp_path}/policies.json: it is not a backup of this collection" in refused
