# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module by itself, without a playbook around it. Run as `python module_process.py WORK.json`.

Only what Ansible does to start a module lives here.
"""

from __future__ import annotations

import json
import runpy
import sys
import typing as t
from pathlib import Path

from ansible.module_utils import basic

MODULES = "ansible_collections.amikit.aws.plugins.modules"


def give(work: dict[str, t.Any]) -> None:
    leave(
        {
            "image_ids": work["image_ids"],
            "launch_permissions": {"user_ids": work["user_ids"]},
            "_ansible_diff": True,
            **work.get("options", {}),
        }
    )


def leave(arguments: dict[str, t.Any]) -> None:
    """Leave a module's arguments where AnsibleModule looks for them."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()  # noqa: SLF001 there is no other way in
    basic._ANSIBLE_PROFILE = "legacy"  # noqa: SLF001 needed since ansible-core 2.19, not looked at before


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if "organization" in given:
        leave(given["organization"])
    else:
        give(given)
    module = "organization_info" if "organization" in given else "ec2_ami_attribute"
    runpy.run_module(f"{MODULES}.{module}", run_name="__main__")


if __name__ == "__main__":
    main()
