# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How fast a run goes: EC2's buckets, botocore's adaptive mode and the threads of one process, on a virtual clock.

For measurements. Nothing fails here but what is throttled, and the order in which requests reach a bucket decides who
waits. So workers are threads of which one runs at a time, the one whose time has come; clock.py's run item by item.
"""

from __future__ import annotations

import heapq
import threading
import typing as t
from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass
from dataclasses import field
from random import Random

from botocore.retries.adaptive import ClientRateLimiter
from botocore.retries.adaptive import RateClocker
from botocore.retries.bucket import TokenBucket
from botocore.retries.quota import RetryQuota
from botocore.retries.throttling import CubicCalculator

from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2Error
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from local_ec2.api import errors
from local_ec2.steering.faults import bucket_of
from simulation.clock import VirtualClock
from simulation.ec2 import EC2
from simulation.ec2 import Json
from simulation.ec2 import Request
from simulation.edge import pages
from simulation.faults import ATTEMPTS

Result = t.TypeVar("Result")
_RETRY_COST = 5  # what botocore's standard.RetryQuotaChecker takes from the quota, and gives back on success
_LONGEST_BACK_OFF = 20.0  # seconds, botocore's


class SharedClock(VirtualClock):
    """A clock of workers that take turns. While none is at work it is a virtual clock like any other."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: list[tuple[float, int, threading.Lock]] = []
        self._count = 0
        self._own = threading.local()

    def current_time(self) -> float:
        """Return the time, for botocore."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let the others work until that much time has passed."""
        gate = getattr(self._own, "gate", None)
        if gate is None:
            self.now += seconds
            return
        self.enter(gate, self.now + seconds)
        self.leave()
        gate.acquire()

    def begin(self, gate: threading.Lock) -> None:
        """Take part as a worker, in the thread that calls this, from when its gate opens."""
        self._own.gate = gate
        gate.acquire()

    def enter(self, gate: threading.Lock, time: float) -> None:
        self._count += 1
        heapq.heappush(self._turns, (time, self._count, gate))

    def leave(self) -> None:
        """Let the one whose time comes first go on."""
        if self._turns:
            self.now, _count, gate = heapq.heappop(self._turns)
            gate.release()


class Workers(Executor):
    """``concurrency`` workers on a clock that they share, as the threads of a ThreadPoolExecutor are on the world's."""

    def __init__(self, clock: SharedClock, concurrency: int) -> None:
        self._clock = clock
        self._concurrency = concurrency

    def map(
        self,
        fn: t.Callable[..., Result],
        *iterables: t.Iterable[t.Any],
        timeout: float | None = None,  # noqa: ARG002 concurrent.futures' signature
        chunksize: int = 1,  # noqa: ARG002
    ) -> t.Iterator[Result]:
        items = list(zip(*iterables, strict=False))
        numbers = iter(range(len(items)))
        results: dict[int, Result] = {}
        raised: list[BaseException] = []

        def work(gate: threading.Lock) -> None:
            self._clock.begin(gate)
            try:
                for number in numbers:
                    results[number] = fn(*items[number])
            except BaseException as error:  # noqa: BLE001 map raises it
                raised.append(error)
            self._clock.leave()

        self._run(work, min(self._concurrency, len(items)))
        if raised:
            raise raised[0]
        return iter([results[number] for number in range(len(items))])

    def _run(self, work: t.Callable[[threading.Lock], None], count: int) -> None:
        gates = [threading.Lock() for _number in range(count)]
        for gate in gates:
            gate.acquire()
            self._clock.enter(gate, self._clock.now)
        threads = [threading.Thread(target=work, args=(gate,)) for gate in gates]
        for thread in threads:
            thread.start()
        self._clock.leave()
        for thread in threads:
            thread.join()


class Buckets:
    """EC2's, of one account: for each Region and action."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, request: Request, now: float) -> bool:
        """Take a token, and tell whether there was one."""
        size, refill = bucket_of(request.action)
        key = request.region, request.action
        tokens, then = self._tokens.get(key, (size, now))
        tokens = min(size, tokens + (now - then) * refill)
        self._tokens[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1


class _Tokens(TokenBucket):  # type: ignore[misc]
    """botocore's own pace. Whoever has to wait for a token lets the others work in the meantime."""

    def acquire(self, amount: float = 1, block: bool = True) -> bool:  # noqa: ARG002 botocore's signature
        self._refill()
        while amount > self._current_capacity:
            # Clocks are of limited precision: a pause of next to nothing may not fill the bucket.
            self._clock.sleep(max(self._sleep_amount(amount), 1e-6))
            self._refill()
        self._current_capacity -= amount
        return True


class _Detector:
    """Detects throttling by what this file says about a response, instead of by the response."""

    def is_throttling_error(self, *, throttled: bool) -> bool:
        return throttled


class _Client:
    """What botocore keeps for a client in adaptive mode (botocore/retries/adaptive.py): here one for each Region."""

    def __init__(self, clock: SharedClock) -> None:
        self.quota = RetryQuota()
        self.limiter = ClientRateLimiter(
            rate_adjustor=CubicCalculator(starting_max_rate=0, start_time=clock.now),
            rate_clocker=RateClocker(clock),
            token_bucket=_Tokens(max_rate=1, clock=clock),
            throttling_detector=_Detector(),
            clock=clock,
        )


@dataclass
class PacedEdge:
    """What a run is given as EC2. Times are in seconds.

    A request takes a ``latency`` between the process and EC2, and before that ``cpu`` of the process, whose threads run
    Python one at a time. ``requests`` counts what EC2 was asked by Region and action, and ``throttled`` how much of
    that it refused.
    """

    ec2: EC2
    clock: SharedClock
    chance: Random
    latency: tuple[float, float]
    cpu: float
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    throttled: Counter[tuple[str, str]] = field(default_factory=Counter)
    _buckets: Buckets = field(default_factory=Buckets)
    _clients: dict[str, _Client] = field(default_factory=dict)
    _busy_until: float = 0.0

    def call(
        self,
        region: str,
        operation: str,
        *,
        service: str = "ec2",
        patient: bool = True,
        once: bool = False,
        **arguments: t.Any,
    ) -> Json:
        request = Request(service, region, operation, arguments)
        client = self._clients.setdefault(region, _Client(self.clock))
        taken, most = 0, 1 if once else ATTEMPTS if patient else 2
        for number in range(most):
            response = self._attempt(client, request)
            if response is not None:
                client.quota.release(taken or 1)
                return response
            if number + 1 == most or not client.quota.acquire(_RETRY_COST):
                break
            taken = _RETRY_COST
            self.clock.advance(self.chance.random() * min(2.0**number, _LONGEST_BACK_OFF))
        raise EC2Error(Failure(request.action, errors.THROTTLED.code, errors.THROTTLED.text))

    def pages(self, region: str, operation: str, **arguments: t.Any) -> t.Iterator[Json]:
        return pages(self.call, region, operation, arguments)

    def dns_suffix(self, _region: str) -> str:
        return "amazonaws.com"

    def decoded(self, _region: str, _failure: Failure) -> None:
        return None

    def _attempt(self, client: _Client, request: Request) -> Json | None:
        """Send it, and return EC2's answer, or None if it was throttled."""
        self._compute()
        client.limiter.on_sending_request(request)
        latency = self.chance.uniform(*self.latency)
        self.clock.advance(latency / 2)
        key = request.region, request.action
        self.requests[key] += 1
        throttled = not self._buckets.take(request, self.clock.now)
        self.throttled[key] += throttled
        response = None if throttled else self.ec2.answer(request, self.clock.now)
        self.clock.advance(latency / 2)
        client.limiter.on_receiving_response(throttled=throttled)
        return response

    def _compute(self) -> None:
        self._busy_until = max(self._busy_until, self.clock.now) + self.cpu
        self.clock.advance(self._busy_until - self.clock.now)
