# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this plugin util is PRIVATE to the collection. It can have breaking changes at any time.

"""Following: what is done on the controller besides running a module, without Ansible.

A relative path starts where ansible-playbook was started, and what a running module writes to a file is shown.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import typing as t
from pathlib import Path

_PATHS = ("backup", "ami_sharing_backup", "src")
_FIRST = 5.0  # seconds until the first line
_EVERY = 5.0  # seconds between lines
_LOOK = 0.5  # seconds


def from_here(option: str, value: t.Any) -> t.Any:
    """Return the value of a module's option, with a relative path made absolute."""
    # The module expands what begins with a user's home directory or a variable.
    if option not in _PATHS or not isinstance(value, str) or not value or value.startswith(("~", "$")):
        return value
    return str(Path.cwd() / value)


@contextlib.contextmanager
def followed(directory: str, show: t.Callable[[str], None]) -> t.Iterator[str]:
    """Yield the name of a new file in the directory, and show what is written to it while it exists."""
    descriptor, name = tempfile.mkstemp(prefix="progress-", dir=directory)
    os.close(descriptor)
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(Path(name), show, ended), daemon=True)
    thread.start()
    try:
        yield name
    finally:
        ended.set()
        thread.join()
        Path(name).unlink(missing_ok=True)


def _follow(file: Path, show: t.Callable[[str], None], ended: threading.Event) -> None:
    """Show the last line of the file every few seconds, if it has changed; nothing at first."""
    begun = time.monotonic()
    due, shown = begun + _FIRST, ""
    with contextlib.suppress(OSError):
        while not ended.wait(_LOOK):
            lines = file.read_text(encoding="utf-8").splitlines()
            if lines and lines[-1] != shown and time.monotonic() >= due:
                due, shown = time.monotonic() + _EVERY, lines[-1]
                show(f"{time.monotonic() - begun:.0f} s: {shown}")
