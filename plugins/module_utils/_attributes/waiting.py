# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Waiting: until a pending resource is ready, until EC2 says whether a write was applied, until it shows a change.

Only reads are sent. Pauses double from one second, as the EC2 Developer Guide's "Eventual consistency" advises.
"""

from __future__ import annotations

import typing as t

from . import reading
from .attribute import ByCall
from .plan import Attributes
from .plan import Failure
from .plan import Request
from .plan import gained
from .resource import cuts_off
from .resource import is_pending
from .resource import is_ready
from .resource import still_pending
from .subject import Subject
from .subject import healthy

if t.TYPE_CHECKING:
    from .permissions import Permissions
    from .runtime import Runtime
    from .subject import Target

_FIRST_PAUSE = 1.0  # seconds
_LONGEST_PAUSE = 15.0
APPEARING = 15.0  # seconds for EC2 to show a new image, and the snapshots behind it
_SETTLING = 15.0  # seconds for a write without an answer to show; most that do not show by then were not done


def until_found(
    runtime: Runtime,
    subjects: t.Sequence[Subject],
    read: t.Callable[[Runtime, t.Sequence[Subject]], None],
) -> None:
    """Read again what EC2 did not know, because it may show new ones late; but not in a run that fails anyway."""

    def look(unknown: t.Sequence[Subject]) -> None:
        for subject in unknown:
            subject.failure = None
        read(runtime, unknown)

    def left() -> list[Subject]:
        failed = [subject for subject in subjects if subject.failure]
        return failed if all(map(is_unknown, failed)) else []

    _poll(runtime, left, look, at_most=APPEARING)


def is_unknown(subject: Subject) -> bool:
    """Tell whether EC2 says that the subject does not exist."""
    failure = subject.failure
    return failure is not None and failure.code == subject.resource.not_found_code and not failure.predicted


def until_ready(runtime: Runtime, subjects: t.Sequence[Subject]) -> None:
    """Wait for those that are pending, and fail those that still are at the end."""
    for subject in until(runtime, subjects, lambda subject: not is_pending(subject.resource, subject.described)):
        subject.failure = still_pending(subject.resource, subject.target.id, runtime.wait_timeout, subject.action)


def until_enabled(runtime: Runtime, subjects: t.Sequence[Subject]) -> None:
    """Look until EC2 shows what was enabled as ready (without ``wait``, once), and fail what it does not show.

    EC2 would refuse the rest of its plan.
    """

    def ready(subject: Subject) -> bool:
        return is_ready(subject.resource, subject.described)

    enabled = [subject for subject in healthy(subjects) if subject.plan and subject.plan.enables and not ready(subject)]
    seconds = runtime.wait_timeout if runtime.wait else 0
    for subject in until(runtime, enabled, ready, at_most=seconds, at_once=True):
        enabling = [step.request for step in subject.steps if step.request.operation == "enable"]
        subject.failure = _not_yet_visible(subject, enabling, seconds)


def until(
    runtime: Runtime,
    subjects: t.Sequence[Subject],
    is_ready: t.Callable[[Subject], bool],
    at_most: float = float("inf"),
    *,
    at_once: bool = False,
) -> list[Subject]:
    """Describe those that are not ready until they are, and return those that are not by the end.

    ``at_once``: what was read before is out of date, so the first look comes before the first pause.
    """
    missing = _Missing(runtime)

    def left() -> list[Subject]:
        return [subject for subject in healthy(subjects) if not is_ready(subject)]

    def look(unready: t.Sequence[Subject]) -> None:
        reading.describe(runtime, unready)
        missing.bear_with(unready)

    if at_once:
        look(left())
    _poll(runtime, left, look, at_most)
    return left()


class _Missing:
    """How long EC2 has not shown what it showed before: one answer without it does not mean that it is gone."""

    def __init__(self, runtime: Runtime) -> None:
        self._clock = runtime.clock
        self._since: dict[Target, float] = {}

    def bear_with(self, subjects: t.Iterable[Subject]) -> None:
        """Clear the failure of those that have been missing for less time than EC2 may take to show them."""
        now = self._clock.monotonic()
        for subject in subjects:
            if not is_unknown(subject):
                self._since.pop(subject.target, None)
            elif now - self._since.setdefault(subject.target, now) < APPEARING:
                subject.failure = None


def settle(runtime: Runtime, subjects: t.Iterable[Subject]) -> None:
    """Find out whether a write that EC2 gave no clear answer to was applied: dropped connections hide that."""
    uncertain = [subject for subject in subjects if subject.is_uncertain]
    failures = {subject.target: subject.failure for subject in uncertain}

    def look(left: t.Sequence[Subject]) -> None:
        _look(runtime, left, _unanswered)
        for subject in left:
            subject.failure = failures[subject.target]
            for number, step in enumerate(subject.steps):
                if step.is_uncertain and _is_visible(subject, step.request):
                    subject.ended(number, "applied")

    look(uncertain)
    if runtime.wait:
        _poll(runtime, lambda: [subject for subject in uncertain if subject.is_uncertain], look, at_most=_SETTLING)


def until_visible(runtime: Runtime, subjects: t.Iterable[Subject]) -> list[Subject]:
    """Wait until EC2 shows every change, and fail what it does not show in time.

    What was changed in part is checked as well: a result must not deny what EC2 holds. Return the subjects that show
    permissions beyond those planned: something else changed them in the meantime.
    """
    changed = [subject for subject in subjects if _applied(subject) and _was_sent(subject)]
    missing = _Missing(runtime)

    def unseen() -> list[Subject]:
        return [subject for subject in changed if not subject.failure and _unseen(subject)]

    def look(left: t.Sequence[Subject], wanted: t.Callable[[Subject], t.Sequence[Request]]) -> None:
        sound = healthy(left)
        _look(runtime, left, wanted)
        missing.bear_with(sound)

    look(changed, _unverified)
    _poll(runtime, unseen, lambda left: look(left, _unseen))
    for subject in unseen():
        subject.failure = _not_yet_visible(subject, _unseen(subject), runtime.wait_timeout)
    for subject in changed:
        # What failed is looked at once and not waited for: a reading from before the change does not count.
        subject.verified = subject.verified and not _unseen(subject)
    return [subject for subject in changed if (subject.verified or not subject.failure) and _shows_more(subject)]


def _was_sent(subject: Subject) -> bool:
    """Tell whether all of it that should be sent was sent, or EC2 or another resource prevented the rest."""
    return subject.failure is None or subject.is_broken or bool(subject.held_back)


def _look(runtime: Runtime, subjects: t.Sequence[Subject], wanted: t.Callable[[Subject], t.Sequence[Request]]) -> None:
    """Read again what shows the effect of the wanted requests, and nothing else."""
    looked_for = [(subject, [_by_call(request) for request in wanted(subject)]) for subject in subjects]
    reading.describe(runtime, [subject for subject, by_call in looked_for if not all(by_call)])
    runtime.each(
        lambda subject: reading.verify(runtime, subject), [each for each, by_call in looked_for if any(by_call)]
    )


def _by_call(request: Request) -> bool:
    return isinstance(request.attribute.read, ByCall)


def _applied(subject: Subject) -> list[Request]:
    return [step.request for step in subject.steps if step.status == "applied"]


def _unverified(subject: Subject) -> list[Request]:
    return [request for request in _applied(subject) if not (subject.verified and _by_call(request))]


def _unseen(subject: Subject) -> list[Request]:
    """Return the requests that EC2 has carried out and whose effect the latest reading does not show."""
    return [request for request in _applied(subject) if not _is_visible(subject, request)]


def _unanswered(subject: Subject) -> list[Request]:
    """Return the requests that EC2 may have carried out without saying so."""
    return [step.request for step in subject.steps if step.is_uncertain]


def _is_visible(subject: Subject, request: Request) -> bool:
    return request.is_visible_in(subject.current(request.attribute))


def _shows_more(subject: Subject) -> bool:
    """Tell whether EC2 shows permissions beyond those planned: another writer was there between read and now."""
    return any(meanwhile(subject))


def meanwhile(subject: Subject) -> tuple[Permissions, Permissions]:
    """Return who was granted and who was revoked by somebody else, as far as the latest reading shows."""
    expected = subject.after or Attributes(())
    now = tuple((attribute, subject.current(attribute)) for attribute, _value in expected.values)
    return gained(expected, Attributes(now)), gained(Attributes(now), expected)


def look_before_disabling(runtime: Runtime, subject: Subject) -> None:
    """Hold back disabling an image that something else has shared since it was planned: EC2 would cut them off.

    The read that verifies revocations shows that, so it comes first. Where nothing is verified, what was planned on
    counts.
    """
    due = [number for number, step in enumerate(subject.steps) if step.request.operation == "disable"]
    if not runtime.wait or not due or subject.has_broken(subject.resource.permissions):
        return
    unseen = any(map(_by_call, _applied(subject))) and not subject.verified
    if unseen:
        reading.verify(runtime, subject)
    failure = subject.failure if unseen and not subject.verified else None
    others = _granted_meanwhile(subject)
    if others:
        failure = cuts_off(subject.resource, subject.steps[due[0]].request.action, others)
    if failure:
        subject.held_back |= {"disable"}
        subject.ended(due[0], "not_sent", failure)
        subject.failure = subject.failure or failure


def _granted_meanwhile(subject: Subject) -> Permissions:
    """Return who was granted by something else. Whom the plan revokes may only show late."""
    if subject.plan is None:
        return frozenset()
    granted, _revoked = meanwhile(subject)
    return granted - subject.plan.revoked - subject.named_to_revoke


def _not_yet_visible(subject: Subject, requests: t.Sequence[Request], timeout: int) -> Failure:
    names = ", ".join(dict.fromkeys(request.attribute.name for request in requests))
    message = (
        f"{subject.resource.service} accepted the change of {names} but does not show it after {timeout} s: it is late,"
        " or something else has changed it back. Run the task again to see, raise wait_timeout, or set wait to false"
    )
    return Failure("wait", "Timeout", message)


def _poll(
    runtime: Runtime,
    waiting: t.Callable[[], list[Subject]],
    look: t.Callable[[t.Sequence[Subject]], None],
    at_most: float = float("inf"),
) -> None:
    """Look at what is waiting until nothing is, for ``wait_timeout`` or ``at_most`` seconds, whichever is less."""
    clock = runtime.clock
    deadline = clock.monotonic() + min(runtime.wait_timeout, at_most)
    pause = _FIRST_PAUSE
    left = waiting()
    while left and clock.monotonic() < deadline:
        runtime.progress.waiting(len(left))
        clock.sleep(min(pause, max(0.0, deadline - clock.monotonic())))
        pause = min(2 * pause, _LONGEST_PAUSE)
        look(left)
        left = waiting()
    runtime.progress.waiting(0)
