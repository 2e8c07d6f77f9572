# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is done on the controller for the modules of this collection: meta/runtime.yml routes the others here.

With a local connection, a relative path starts where ansible-playbook was started, and the console shows how far a
long task is. A module on another host, or one that is not waited for, is run as if this plugin were not there.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import typing as t
from pathlib import Path

from ansible import constants
from ansible.plugins.action.normal import ActionModule as Normal
from ansible.utils.display import Display

from ansible_collections.amikit.aws.plugins.module_utils._attributes.session import PROGRESS_FILE

_PATHS = ("backup", "ami_sharing_backup", "src")
_FIRST = 5.0  # seconds until the first line
_EVERY = 5.0  # seconds between lines
_LOOK = 0.5  # seconds


class ActionModule(Normal):  # type: ignore[misc]
    """Runs the module, and shows how far it is."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._connection.transport != "local":
            return self._run(tmp, task_vars)
        # With a local connection, a module starts beside the playbook, which may be in a collection.
        self._task.args = {option: _from_here(option, value) for option, value in self._task.args.items()}
        # Nobody waits for a task with async, and its module outlives this plugin.
        if self._task.async_val or self._task.no_log:
            return self._run(tmp, task_vars)
        with _followed((task_vars or {}).get("inventory_hostname", "")) as file:
            self._task.environment = [*(self._task.environment or []), {PROGRESS_FILE: file}]
            return self._run(tmp, task_vars)

    def _run(self, tmp: str | None, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result


def _from_here(option: str, value: t.Any) -> t.Any:
    # The module expands what begins with a user's home directory or a variable.
    if option not in _PATHS or not isinstance(value, str) or not value or value.startswith(("~", "$")):
        return value
    return str(Path.cwd() / value)


@contextlib.contextmanager
def _followed(host: str) -> t.Iterator[str]:
    """Yield the name of a file, and show what is written there while the module runs."""
    descriptor, name = tempfile.mkstemp(prefix="progress-", dir=constants.DEFAULT_LOCAL_TMP)
    os.close(descriptor)
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(Path(name), host, ended), daemon=True)
    thread.start()
    try:
        yield name
    finally:
        ended.set()
        thread.join()
        Path(name).unlink(missing_ok=True)


def _follow(file: Path, host: str, ended: threading.Event) -> None:
    """Show the last line of the file every few seconds, if it is another one; nothing at first."""
    begun = time.monotonic()
    due, shown = begun + _FIRST, ""
    with contextlib.suppress(OSError):
        while not ended.wait(_LOOK):
            lines = file.read_text(encoding="utf-8").splitlines()
            if lines and lines[-1] != shown and time.monotonic() >= due:
                due, shown = time.monotonic() + _EVERY, lines[-1]
                # On stderr: what is printed on stdout may be parsed, as with the callback ansible.posix.json.
                Display().display(f"[{host}] {time.monotonic() - begun:.0f} s: {shown}", stderr=True)
