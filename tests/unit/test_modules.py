# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Every module runs in a Python of its own, with nothing of the collection but what Ansible has packed for it."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

from unit.documentation import MODULES

from local_ec2.client import LocalEC2

IMAGE = "ami-0123456789abcdef0"
SNAPSHOT = "snap-0123456789abcdef0"


def tasks(home: Path, key: str) -> dict[str, dict[str, t.Any]]:
    """Return the options with which each module reads, or changes nothing."""
    backup = home / "backup.json"
    backup.write_text(json.dumps({"amikit_backup": 1, "made": "2026-11-24T12:00:00Z", "caller": None, "images": []}))
    policy = {"name": "Golden", "pattern": "private", "image_ids": [IMAGE]}
    return {
        "ami_sharing_place": {"page": str(home / "page.html")},
        "ami_sharing_restore": {"src": str(backup)},
        "ec2_ami_attribute": {"image_id": IMAGE, "launch_permissions": {"user_ids": []}},
        "ec2_ami_attribute_info": {"image_ids": [IMAGE]},
        "ec2_ami_sharing": {"policies": [policy]},
        "ec2_snapshot_attribute": {"snapshot_id": SNAPSHOT, "create_volume_permissions": {"user_ids": []}},
        "kms_key_sharing": {"key_id": key, "key_users": {"user_ids": []}},
        "organization_info": {},
    }


def test_what_ansible_packs_is_all_that_a_module_needs(
    ec2: LocalEC2, tmp_path: Path, playbook: t.Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    ec2.seed_organization()
    (key,) = ec2.seed_keys({})
    options = tasks(tmp_path, key["arn"])
    assert sorted(options) == sorted(MODULES)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{f"amikit.aws.{module}": each} for module, each in options.items()],
    }
    done = playbook([play], preloaded=False)
    assert f"ok={len(MODULES)} " in done.stdout, done.stdout
    assert "changed=0 " in done.stdout
