# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is done on the controller for the modules of this collection: meta/runtime.yml routes the others here.

With a local connection, a relative path starts where ansible-playbook was started, and the console shows how far along
a long task is. A module on another host, or one that is not waited for, is run as if this plugin were not there.
"""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action.normal import ActionModule as Normal
from ansible.utils.display import Display

from ansible_collections.amikit.aws.plugins.module_utils._attributes.session import PROGRESS_FILE
from ansible_collections.amikit.aws.plugins.plugin_utils.following import followed
from ansible_collections.amikit.aws.plugins.plugin_utils.following import from_here


class ActionModule(Normal):  # type: ignore[misc]
    """Runs the module, and shows its progress."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._connection.transport != "local":
            return self._run(tmp, task_vars)
        # With a local connection, a module starts beside the playbook, which may be in a collection.
        self._task.args = {option: from_here(option, value) for option, value in self._task.args.items()}
        # Nobody waits for a task with async, and its module outlives this plugin.
        if self._task.async_val or self._task.no_log:
            return self._run(tmp, task_vars)
        host = (task_vars or {}).get("inventory_hostname", "")

        def show(text: str) -> None:
            # On stderr: what is printed on stdout may be parsed, as with the callback ansible.posix.json.
            Display().display(f"[{host}] {text}", stderr=True)

        with followed(constants.DEFAULT_LOCAL_TMP, show) as file:
            self._task.environment = [*(self._task.environment or []), {PROGRESS_FILE: file}]
            return self._run(tmp, task_vars)

    def _run(self, tmp: str | None, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result
