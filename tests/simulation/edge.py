# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way to EC2, in place of the engine's own edge: it takes time, it repeats attempts, and it says what it knows.

It raises what _attributes/ec2.py raises, and calls a failure uncertain by the same rule; test_same_ec2.py compares the
two. Retries are those of botocore's adaptive mode, without its quota of retries, which takes a hundred of them in one
run to exhaust.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from random import Random

from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import DENIED
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2Error
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import DRY_RUN_IGNORED
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from simulation.clock import VirtualClock
from simulation.ec2 import EC2
from simulation.ec2 import Json
from simulation.ec2 import Request
from simulation.faults import ATTEMPTS
from simulation.faults import CARRIED_OUT
from simulation.faults import DROPPED_AFTER
from simulation.faults import DROPPED_BEFORE
from simulation.faults import FAILED_AFTER
from simulation.faults import FAILED_BEFORE
from simulation.faults import THROTTLED
from simulation.faults import Faults

_CLOSED = 'Connection was closed before we received a valid response from endpoint URL: "{url}".'
_UNREACHED = 'Could not connect to the endpoint URL: "{url}"'
_ENCODED = "Encoded authorization failure message: "
_LONGEST_BACK_OFF = 20.0  # seconds, botocore's


class NoAnswerError(Exception):
    """An attempt ended without an answer. ``was_sent``: EC2 may have received it."""

    def __init__(self, code: str, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.code = code
        self.was_sent = was_sent


@dataclass
class Sent:
    """A call of the engine, and what became of it. Times are virtual.

    ``patient``: the engine finds it worth waiting for, ``once``: it must not be sent again. ``befell`` are the faults
    that hit its attempts; ``applied`` is when EC2 carried it out, each time that it did. ``failure`` or ``response`` is
    what the engine received; neither, if it was killed before that.
    """

    request: Request
    began: float
    patient: bool = True
    once: bool = False
    befell: list[str] = field(default_factory=list)
    applied: list[float] = field(default_factory=list)
    failure: Failure | None = None
    response: Json | None = None

    @property
    def dry_run(self) -> bool:
        return bool(self.request.arguments.get("DryRun"))


def pages(call: t.Callable[..., Json], region: str, operation: str, arguments: Json) -> t.Iterator[Json]:
    """Yield the pages of a response until none is named as the next one, as the engine's own edge does."""
    token: Json = {}
    while True:
        page = call(region, operation, **arguments, **token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


@dataclass
class Edge:
    """What a run is given as EC2. ``chance`` draws how long requests take and how long pauses between attempts are."""

    ec2: EC2
    clock: VirtualClock
    chance: Random
    faults: Faults
    attempts: int = ATTEMPTS
    decodes: bool = True
    log: list[Sent] = field(default_factory=list)

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
        sent = Sent(Request(service, region, operation, arguments), self.clock.now, patient, once)
        self.log.append(sent)
        try:
            sent.response = self._send(sent)
        except EC2Error as error:
            sent.failure = error.failure
            raise
        return sent.response

    def pages(self, region: str, operation: str, **arguments: t.Any) -> t.Iterator[Json]:
        return pages(self.call, region, operation, arguments)

    def dns_suffix(self, _region: str) -> str:
        return "amazonaws.com"

    def decoded(self, _region: str, failure: Failure) -> dict[str, t.Any] | None:
        if failure.code != DENIED or _ENCODED not in failure.message or not self.decodes:
            return None
        self.clock.advance(self._latency())
        return {"allowed": False, "explicitDeny": False}

    def _send(self, sent: Sent) -> Json:
        """Attempt it until it is answered, at most that many times; raise EC2Error."""
        befalls = self.faults.befalls(sent.request, sent.began)
        most = 1 if sent.once else self.attempts if sent.patient else min(2, self.attempts)
        unsettled = 0
        number = 0
        while True:
            unsettled += 1
            try:
                return self._confirmed(sent, self._attempt(sent, befalls[number] if number < len(befalls) else ""))
            except Ec2Error as error:
                unsettled -= _refuses(error)
                if error.code == errors.DRY_RUN.code:
                    return {}
                failure = self._failure(sent, error.code, error.message, uncertain=unsettled > 0)
                if number + 1 == most or not _is_retried(error):
                    raise EC2Error(failure) from None
            except NoAnswerError as error:
                unsettled -= not error.was_sent
                failure = self._failure(sent, error.code, str(error), uncertain=unsettled > 0)
                if number + 1 == most:
                    raise EC2Error(failure) from None
            number += 1
            self.clock.advance(min(self.chance.random() * 2.0 ** (number - 1), _LONGEST_BACK_OFF))

    def _failure(self, sent: Sent, code: str, message: str, *, uncertain: bool) -> Failure:
        request_id = None if code in ("ConnectionClosedError", "EndpointConnectionError") else f"req-{len(self.log)}"
        return Failure(sent.request.action, code, message, request_id, uncertain=uncertain)

    def _confirmed(self, sent: Sent, response: Json) -> Json:
        if sent.dry_run:
            message = (
                "This endpoint ignored DryRun and carried out the request; nothing more was sent. Do not use check mode"
                " or preflight with it"
            )
            raise EC2Error(Failure(sent.request.action, DRY_RUN_IGNORED, message))
        return {**response, "ResponseMetadata": {"RequestId": f"req-{len(self.log)}"}}

    def _attempt(self, sent: Sent, befalls: str) -> Json:
        """Send it once. EC2 carries it out half-way between sending and answer; raise Ec2Error or NoAnswerError."""
        latency = self._latency()
        arrives = self.clock.now + latency / 2
        befalls = THROTTLED if not befalls and self.faults.empties(sent.request, arrives) else befalls
        if befalls:
            sent.befell.append(befalls)
            self.ec2.cloud.met[befalls] += 1
        try:
            response = self._answer(sent, arrives) if not befalls or befalls in CARRIED_OUT else {}
        except Ec2Error:
            if befalls not in CARRIED_OUT:
                self.clock.advance(latency)
                raise
            response = {}
        self.clock.advance(latency)
        _fail(sent, befalls)
        return response

    def _answer(self, sent: Sent, now: float) -> Json:
        response = self.ec2.answer(sent.request, now)
        if sent.request.is_write:
            sent.applied.append(now)
        return response

    def _latency(self) -> float:
        return 0.05 + 0.4 * self.chance.random()


def _fail(sent: Sent, befalls: str) -> None:
    """Raise what the fault leaves of the answer."""
    if not befalls:
        return
    url = f"https://{sent.request.service}.{sent.request.region}.amazonaws.com/"
    if befalls == THROTTLED:
        raise Ec2Error(errors.THROTTLED)
    if befalls in (FAILED_BEFORE, FAILED_AFTER):
        raise Ec2Error(errors.INTERNAL)
    if befalls in (DROPPED_BEFORE, DROPPED_AFTER):
        raise NoAnswerError("ConnectionClosedError", _CLOSED.format(url=url), was_sent=True)
    raise NoAnswerError("EndpointConnectionError", _UNREACHED.format(url=url), was_sent=False)


def _refuses(error: Ec2Error) -> bool:
    """Tell whether the answer means that nothing was done."""
    return error.code == DENIED or "LimitExceeded" in error.code or "Throttl" in error.code or error.status < 500


def _is_retried(error: Ec2Error) -> bool:
    return error.status in (500, 502, 503, 504)
