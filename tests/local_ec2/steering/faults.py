# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that hit a request whatever it asks: throttling, transient errors, dropped connections.

Only counting lives here; application.py acts on the outcome. Faults of single images are in switches.py.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.steering.switches import COUNTS
from local_ec2.steering.switches import Switches

# EC2 Developer Guide, "Request throttling for the Amazon EC2 API": (bucket size, refill a second) per account, Region
# and action.
NON_MUTATING = (100.0, 20.0)
MUTATING = (50.0, 5.0)
OWN_BUCKET = {
    "ModifyImageAttribute": (100.0, 5.0),
    "ModifySnapshotAttribute": (100.0, 5.0),
    "DeregisterImage": (100.0, 5.0),
    "CopyImage": (100.0, 1.0),
    "CreateTags": (100.0, 10.0),
    "DeleteTags": (100.0, 10.0),
    "GetServiceQuota": (5.0, 5.0),  # Service Quotas, not EC2
    # KMS Developer Guide, "Request quotas".
    "GetKeyPolicy": (1000.0, 1000.0),
    "PutKeyPolicy": (15.0, 15.0),
    "EnableImageBlockPublicAccess": (1.0, 0.1),
    "DisableImageBlockPublicAccess": (1.0, 0.1),
    "EnableSnapshotBlockPublicAccess": (1.0, 0.1),
    "DisableSnapshotBlockPublicAccess": (1.0, 0.1),
}
# Unfiltered or unpaginated calls of DescribeSnapshots have a smaller bucket; DescribeImages is not in that group.
UNFILTERED = (50.0, 10.0)


def bucket_of(action: str) -> tuple[float, float]:
    if action in OWN_BUCKET:
        return OWN_BUCKET[action]
    if action == "DescribeSnapshots":
        return UNFILTERED
    return NON_MUTATING if action.startswith(("Describe", "Get", "List")) else MUTATING


class Faults:
    """Counters of requests and token buckets. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def restart(self, names: set[str]) -> None:
        """A switch that is set starts counting anew; setting ``buckets`` fills them."""
        with self._lock:
            for name in names & COUNTS:
                del self._counts[name]
            if "buckets" in names:
                self._buckets.clear()

    def due(self, switches: Switches) -> set[str]:
        """Count one request; the ``*_every`` switches whose turn it is."""
        every = {name: int(getattr(switches, name)) for name in COUNTS}
        with self._lock:
            self._counts.update(name for name, n in every.items() if n)
            return {name for name, n in every.items() if n and self._counts[name] % n == 0}

    def refusal(self, due: set[str], switches: Switches, key: tuple[str, str, str]) -> Ec2Error | None:
        """The error that stops a request before it is looked at, or None. ``key`` is (account, Region, action)."""
        if "throttle_every" in due:
            return Ec2Error(errors.THROTTLED)
        if "fail_every" in due:
            return Ec2Error(errors.INTERNAL)
        if switches.buckets and not self._take(key):
            return Ec2Error(errors.THROTTLED)
        return None

    def _take(self, key: tuple[str, str, str]) -> bool:
        size, refill = bucket_of(key[2])
        now = time.monotonic()
        with self._lock:
            tokens, then = self._buckets.get(key, (size, now))
            tokens = min(size, tokens + (now - then) * refill)
            taken = tokens >= 1
            self._buckets[key] = (tokens - 1 if taken else tokens, now)
        return taken
