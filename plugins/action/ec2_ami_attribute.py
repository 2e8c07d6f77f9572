# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is done on the controller for every module that modifies: meta/runtime.yml routes the others here."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action.normal import ActionModule as Normal

_PATHS = ("backup", "ami_sharing_backup", "src")


class ActionModule(Normal):  # type: ignore[misc]
    """Let relative paths start where ansible-playbook did: a module that runs there starts beside the playbook."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._connection.transport == "local":
            self._task.args = {option: _from_here(option, value) for option, value in self._task.args.items()}
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result


def _from_here(option: str, value: t.Any) -> t.Any:
    # The module expands what begins with a user's home directory or a variable.
    if option not in _PATHS or not isinstance(value, str) or value.startswith(("~", "$")):
        return value
    return os.path.join(os.getcwd(), value) if value else value  # noqa: PTH109, PTH118 the value stays text
