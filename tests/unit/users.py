# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The shell of a user, who has this collection and the tools of this Python, and nothing else."""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible_collections.amikit.aws as collection

PRELOADED = Path(__file__).parent / "preloaded"
SHELL = {
    "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(collection.__path__))).parents[2]),
    # Ansible warns of a missing inventory, which these playbooks need not.
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}
# With this, Ansible sends modules to Python's stdin. Tests that need everything as users have it leave it out.
PIPELINING = {"ANSIBLE_PIPELINING": "true"}


def users_environment(home: Path, *, preloaded: bool = True) -> dict[str, str]:
    """Return what a user's commands find in a new shell: the tools of this Python, and this collection.

    With ``preloaded``, ansible-playbook and modules run in a Python that has already imported what they need.
    """
    environment = {**SHELL, "HOME": str(home)}
    if preloaded:
        environment.update(PYTHONPATH=str(PRELOADED), PRELOADED=_servers(), PRELOADED_PREFIX=sys.prefix, **PIPELINING)
    return environment


@functools.cache
def _servers() -> str:
    """Start the Pythons that run playbooks and modules, and return the directory of their sockets."""
    directory = tempfile.TemporaryDirectory()
    atexit.register(directory.cleanup)
    # Modules are imported from where the tests have them.
    homes = {"HOME": directory.name, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for kind in ("modules", "playbooks"):
        command = [sys.executable, str(PRELOADED / "server.py"), str(Path(directory.name, kind))]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, env={**SHELL, **PIPELINING, **homes}, stdin=pipe, stdout=pipe, encoding="utf-8"
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        atexit.register(process.communicate)
    return directory.name
