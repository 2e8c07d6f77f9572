# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Session: what surrounds the run of a module: threads, the means of the run, and its progress.

The progress of a run goes to a file that the action plugin has made on the controller, and follows. Without such a
file, no progress is reported.
"""

from __future__ import annotations

import contextlib
import os
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from .runtime import Runtime

if t.TYPE_CHECKING:
    from .ec2 import EC2

PROGRESS_FILE = "AMIKIT_AWS_PROGRESS_FILE"  # the environment variable that names it
_EVERY = 1.0  # seconds


@contextlib.contextmanager
def session(ec2: EC2, concurrency: int, **means: t.Any) -> t.Iterator[Runtime]:
    """Yield what a run works with: ``means`` are other fields of Runtime."""
    with ThreadPoolExecutor(max_workers=concurrency) as executor:
        runtime = Runtime(ec2, executor, **means)
        # A copy, made in one step: a Region that is throttled for the first time is added by another thread.
        with _reporting(lambda: runtime.progress.text(dict(ec2.throttled)), os.environ.get(PROGRESS_FILE)):
            yield runtime


@contextlib.contextmanager
def _reporting(text: t.Callable[[], str], file: str | None) -> t.Iterator[None]:
    if not file:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_report, args=(text, file, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _report(text: t.Callable[[], str], file: str, ended: threading.Event) -> None:
    """Append a line every second, until the run has ended or the file is gone; this never makes a run fail."""
    with contextlib.suppress(OSError):
        while not ended.wait(_EVERY):
            # Only a file that is there: whoever made it has a use for it.
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "w", encoding="utf-8") as lines:
                lines.write(f"{text()}\n")
