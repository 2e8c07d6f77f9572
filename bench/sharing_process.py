# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module of policies by itself, and the CPU of its requests. Run as `python sharing_process.py WORK.json`.

The last line of output is the CPU seconds that the calls of botocore took, in all threads together: serializing,
signing, sending, and parsing the answer. A garbage collection that happens to start within a call is not counted to
it, since it goes through all that the module holds.
"""

from __future__ import annotations

import functools
import gc
import json
import runpy
import sys
import threading
import time
import typing as t
from pathlib import Path

from botocore.client import BaseClient

from bench.module_process import leave

MODULE = "ansible_collections.amikit.aws.plugins.modules.ec2_ami_sharing"

Call = t.Callable[..., t.Any]


class Spent(threading.local):
    """CPU seconds of this thread: when a garbage collection began, and how long they took."""

    begun = 0.0
    collecting = 0.0


class Meter:
    """Adds up the CPU seconds of calls that threads make at the same time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._spent = Spent()
        gc.callbacks.append(self._collected)

    def _collected(self, phase: str, _facts: t.Mapping[str, int]) -> None:
        if phase == "start":
            self._spent.begun = time.thread_time()
        else:
            self._spent.collecting += time.thread_time() - self._spent.begun

    def _now(self) -> float:
        return time.thread_time() - self._spent.collecting

    def measured(self, call: Call) -> Call:
        @functools.wraps(call)
        def measuring(*arguments: t.Any, **options: t.Any) -> t.Any:
            begun = self._now()
            try:
                return call(*arguments, **options)
            finally:
                spent = self._now() - begun
                with self._lock:
                    self.seconds += spent

        return measuring


def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    leave({"policies": work["ami_sharing_policies"], "report": True})
    meter = Meter()
    BaseClient._make_api_call = meter.measured(BaseClient._make_api_call)  # noqa: SLF001 every call goes through it
    try:
        runpy.run_module(MODULE, run_name="__main__")
    finally:
        print(f"\n{meter.seconds}", flush=True)


if __name__ == "__main__":
    main()
