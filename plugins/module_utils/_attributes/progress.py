# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Progress: how far along a run is, for those who wait for it. Nothing is decided, sent or printed here."""

from __future__ import annotations

import threading
import typing as t
from collections import Counter

Doing = t.Literal["listed", "read", "asked", "written", "verified"]
# The size of a token bucket, and its refill per second (EC2 Developer Guide, "Request throttling").
_BUCKET = 100
_REFILL: dict[Doing, int] = {"read": 20, "asked": 5, "written": 5, "verified": 20}
Place = tuple[str, str]  # what EC2 meters by: a Region, and a kind of resource
_NAMED = 3  # Regions, those with the most left to do
_WORDS: dict[Doing, str] = {
    "listed": "{done} answers of Organizations read",
    "read": "{done} of {planned} read",
    "asked": "{done} of {planned} checked with DryRun",
    "written": "{done} of {planned} changes sent",
    "verified": "{done} verified",
}


class Progress:
    """How much a run has done of what it has to do, as far as it knows. The steps of a run call ``plan`` and ``done``.

    ``seconds`` returns a time that never goes back.
    """

    def __init__(self, seconds: t.Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._planned: dict[Doing, Counter[Place]] = {doing: Counter() for doing in _WORDS}
        self._done: dict[Doing, Counter[Place]] = {doing: Counter() for doing in _WORDS}
        self._begun: dict[Doing, float] = {}
        self._waiting = 0

    def plan(self, doing: Doing, places: t.Iterable[Place]) -> None:
        """Add what is to be done: one piece of work for each place in ``places``."""
        with self._lock:
            self._begun.setdefault(doing, self._seconds())
            self._planned[doing].update(places)

    def done(self, doing: Doing, place: Place) -> None:
        with self._lock:
            self._done[doing][place] += 1

    def waiting(self, count: int) -> None:
        """Set how many resources the run is waiting for."""
        self._waiting = count

    def text(self, throttled: t.Mapping[str, int]) -> str:
        """Return how far along the run is. ``throttled`` counts requests by Region."""
        with self._lock:
            parts = [self._words(doing) for doing, planned in self._planned.items() if planned]
            seconds = max(map(self._seconds_needed, _REFILL))
        if self._waiting:
            parts.append(f"waiting for EC2 to show {_count(self._waiting, 'image or snapshot', 'images or snapshots')}")
        if throttled:
            where = ", ".join(sorted(throttled)[:_NAMED]) + (", …" if len(throttled) > _NAMED else "")
            parts.append(f"{_count(sum(throttled.values()), 'request', 'requests')} throttled ({where})")
        if seconds >= 1:
            parts.append(f"at EC2's request rate, the rest takes about {seconds:.0f} s")
        return "; ".join(parts)

    def _words(self, doing: Doing) -> str:
        planned, done = self._planned[doing], self._done[doing]
        words = _WORDS[doing].format(done=sum(done.values()), planned=sum(planned.values()))
        # What has to be verified is known only once it has been sent, so what is left of it means nothing.
        left = _by_region(planned - done if "{planned}" in _WORDS[doing] else Counter())
        behind = [f"{region} {count} left" for region, count in left.most_common(_NAMED)]
        more = [f"{len(left) - _NAMED} more Regions"] if len(left) > _NAMED else []
        return f"{words} ({', '.join(behind + more)})" if left else words

    def _seconds_needed(self, doing: Doing) -> float:
        """Return how long the emptiest bucket takes to supply what is left to do. All are assumed to start full."""
        left = self._planned[doing] - self._done[doing]
        elapsed = self._seconds() - self._begun.get(doing, 0)
        rate = _REFILL[doing]
        needed = (
            count - max(0, min(_BUCKET, _BUCKET - self._done[doing][place] + rate * elapsed))
            for place, count in left.items()
        )
        return max(needed, default=0) / rate


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _by_region(places: Counter[Place]) -> Counter[str]:
    regions: Counter[str] = Counter()
    for (region, _kind), count in places.items():
        regions[region] += count
    return regions
