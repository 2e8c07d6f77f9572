# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The shell of a user, who has this collection and the tools of this Python, and nothing else."""

from __future__ import annotations

import atexit
import functools
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible_collections.amikit.aws as collection

PRELOADED = Path(__file__).parent / "preloaded"


def users_environment(home: Path, *, preloaded: bool = True) -> dict[str, str]:
    """Return what a user's commands find in a new shell: the tools of this Python, and this collection.

    With ``preloaded``, modules run in a Python that has already imported what they need.
    """
    return {
        **({"PYTHONPATH": str(PRELOADED), "PRELOADED_PYTHON": _server()} if preloaded else {}),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(collection.__path__))).parents[2]),
        # Ansible warns of a missing inventory, which these playbooks need not.
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }


@functools.cache
def _server() -> str:
    """Start a Python that runs modules until the tests end, and return the path of its socket."""
    directory = tempfile.TemporaryDirectory()
    name = str(Path(directory.name) / "socket")
    command = [sys.executable, str(PRELOADED / "server.py"), name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    def end() -> None:
        process.communicate()
        directory.cleanup()

    atexit.register(end)
    return name
