# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes wrong with requests on their way to EC2 and back, and reads that do not show what is there; from a seed.

What others do, and what EC2 refuses because of its state, are not here but in the state itself: see worlds.py.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from random import Random

if t.TYPE_CHECKING:
    from simulation.ec2 import Request
    from simulation.state import Resource

ATTEMPTS = 10  # as the engine tells botocore
THROTTLED = "throttling"
FAILED_BEFORE = "server error before applying"
FAILED_AFTER = "server error after applying"
DROPPED_BEFORE = "drop before applying"
DROPPED_AFTER = "drop after applying"
UNREACHABLE = "no connection"
ON_THE_WAY = (THROTTLED, FAILED_BEFORE, FAILED_AFTER, DROPPED_BEFORE, DROPPED_AFTER, UNREACHABLE)
CARRIED_OUT = (FAILED_AFTER, DROPPED_AFTER)


@dataclass
class Faults:
    """``rate`` is the share of requests that one of ``kinds`` hits; of these, the share ``stubborn`` fails for good.

    From some time on, a Region may be ``down``. ``flicker`` is the share of reads that hide a resource. ``bucket`` is
    the size of each action's bucket in each Region, and its refill a second (EC2 Developer Guide, "Request
    throttling").
    """

    chance: Random
    kinds: tuple[str, ...] = ()
    rate: float = 0.0
    stubborn: float = 0.0
    spares_reads: bool = False
    down: tuple[str, float] | None = None
    flicker: float = 0.0
    bucket: tuple[float, float] | None = None
    _tokens: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def befalls(self, request: Request, now: float) -> list[str]:
        """Return what hits the attempts of one request, one after the other; further attempts are answered."""
        if self.down and request.region == self.down[0] and now >= self.down[1]:
            return [UNREACHABLE] * ATTEMPTS
        if not self.rate or (self.spares_reads and not request.is_write) or self.chance.random() >= self.rate:
            return []
        times = ATTEMPTS if self.chance.random() < self.stubborn else self.chance.choice((1, 1, 1, 2, 3))
        return self.chance.choices(self.kinds, k=times)

    def empties(self, request: Request, now: float) -> bool:
        """Take a token from the bucket of the request, and tell whether there was none."""
        if self.bucket is None:
            return False
        size, refill = self.bucket
        key = request.region, request.action
        tokens, then = self._tokens.get(key, (size, now))
        tokens = min(size, tokens + max(0.0, now - then) * refill)
        self._tokens[key] = (tokens - 1 if tokens >= 1 else tokens, max(now, then))
        return tokens < 1

    def hides(self, _resource: Resource) -> bool:
        return bool(self.flicker) and self.chance.random() < self.flicker
