# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The shell of a user, who has this collection and the tools of this Python, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import ansible_collections.amikit.aws as collection


def users_environment(home: Path) -> dict[str, str]:
    """Return what a user's commands find in a new shell: the tools of this Python, and this collection."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(collection.__path__))).parents[2]),
        # Ansible warns of a missing inventory, which these playbooks need not.
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
