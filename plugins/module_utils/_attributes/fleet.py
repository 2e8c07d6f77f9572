# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The order of work, and nothing else: read all, plan all, predict, then DryRun, or keep a backup, send and wait.

Each of these steps is in the file of its name. A run over one kind of resource is ``work``; one with several legs
goes through the same steps in its own order.
"""

from __future__ import annotations

import datetime
import typing as t

from . import backup
from . import predicting
from . import reading
from . import sending
from . import waiting
from .attribute import ByCall
from .resource import is_pending
from .subject import NAMED
from .subject import Subject
from .subject import by_turns
from .subject import distinct
from .subject import first_of
from .subject import healthy
from .subject import is_doubtful

if t.TYPE_CHECKING:
    from .attribute import Operation
    from .permissions import Permissions
    from .resource import Resource
    from .runtime import Runtime
    from .subject import Target


class Pass(t.NamedTuple):
    """Requests that are sent together: those of these subjects with these operations."""

    subjects: t.Sequence[Subject]
    operations: frozenset[Operation] = sending.EVERYTHING


class Ended(t.NamedTuple):
    """What became of a run: its subjects, each resource once. ``stopped`` is why it ended, if no subject failed."""

    subjects: t.Sequence[Subject]
    warnings: list[str]
    stopped: str = ""


def work(runtime: Runtime, subjects: t.Sequence[Subject], *, dry_run: bool, preflight: bool = False) -> Ended:
    """Bring resources of one kind to the state asked for. EC2's errors end up in the subjects; none is raised."""
    plan(runtime, subjects)
    subjects = distinct(subjects)
    warnings = predicting.predict(runtime, subjects)
    if len(healthy(subjects)) < len(subjects):
        return Ended(subjects, warnings)
    everything = Pass(subjects)
    if dry_run:
        _ask(runtime, everything)
    elif not preflight or is_authorized(runtime, [everything]):
        warnings += uncovered(subjects) if preflight else []
        try:
            keep(runtime, [subject.resource for subject in subjects[:1]], subjects)
        except backup.NotKeptError as error:
            return Ended(subjects, warnings, str(error))
        _send_in_turn(runtime, subjects)
        warnings += see(runtime, subjects)
    return Ended(subjects, warnings)


def uncovered(subjects: t.Iterable[Subject]) -> list[str]:
    """Return a warning about what preflight has not proven."""
    written = [subject.resource for subject in subjects if subject.resource.document and subject.steps]
    if not written:
        return []
    action, service = written[0].modify_action, written[0].service
    return [f"preflight does not cover {action}: {service} has no DryRun for it"]


def _send_in_turn(runtime: Runtime, subjects: t.Sequence[Subject]) -> None:
    """Send everything: whatever has to be enabled first, and whatever has to be disabled last."""
    first, last = sending.FIRST, sending.LAST
    for operations in (first, sending.EVERYTHING - first - last, last):
        _send(runtime, Pass(subjects, operations))


def plan(runtime: Runtime, subjects: t.Sequence[Subject]) -> None:
    """Read the current state of those that exist, and plan their changes."""
    reading.describe(runtime, subjects)
    done: set[Target] = set()
    if runtime.wait:
        waiting.until_found(runtime, subjects, reading.describe)
        done = _wait_for_changing(runtime, subjects)
    present = healthy(subjects)
    reading.read_at_once(runtime, (), [subject for subject in present if subject.target not in done])
    if runtime.wait and len(present) == len(subjects):
        waiting.until_found(runtime, subjects, reading.look_up)
    for subject in healthy(subjects):
        subject.make_plan(runtime.clock.time())


def _wait_for_changing(runtime: Runtime, subjects: t.Sequence[Subject]) -> set[Target]:
    """Wait for pending ones that are to be changed, and return those that need no change, which have been read.

    All others are read afterwards, so that no plan is older than the wait.
    """
    pending = [subject for subject in subjects if is_pending(subject.resource, subject.described)]
    # A task that has failed already is not worth waiting for.
    if not pending or len(healthy(subjects)) < len(subjects):
        return set()
    reading.read_at_once(runtime, (), pending)
    for subject in pending:
        if subject.failure and subject.failure.code in subject.resource.absent_codes:
            subject.failure = None  # EC2 may refuse to read it while it is pending.
        elif not subject.failure:
            subject.make_plan(runtime.clock.time())
    ready = [subject for subject in healthy(pending) if subject.plan and not subject.plan.changed]
    done = {subject.target for subject in ready}
    waiting.until_ready(runtime, [subject for subject in healthy(pending) if subject.target not in done])
    return done


def carry_out(runtime: Runtime, each: Pass, *, dry_run: bool) -> None:
    """Send the requests of a pass and, in a real run, find out about those that were not answered."""
    if dry_run:
        _ask(runtime, each)
    else:
        _send(runtime, each)


def is_authorized(runtime: Runtime, passes: t.Iterable[Pass]) -> bool:
    """Send every planned request with DryRun, and tell whether the run may begin; denials end up in the subjects."""
    asked: list[Subject] = []
    for each in passes:
        asked += each.subjects
        _ask(runtime, each)
        if is_doubtful(asked):
            break
    for subject in asked:
        subject.forget_authorizations()
    return not any(subject.is_broken or subject.ignored_dry_run for subject in asked)


def keep(runtime: Runtime, resources: t.Sequence[Resource], subjects: t.Iterable[Subject]) -> None:
    """Hand over the backup of what is about to be changed, if anything is; raise NotKeptError."""
    changing = [subject for subject in healthy(subjects) if subject.plan and subject.plan.changed]
    if runtime.keep and changing:
        made = datetime.datetime.fromtimestamp(runtime.clock.time(), tz=datetime.timezone.utc).strftime(backup.TIME)
        caller: str | None = reading.caller(runtime, changing[0].target.region).get("Arn")
        runtime.keep(backup.to_text(resources, changing, made, caller))


def _ask(runtime: Runtime, each: Pass) -> None:
    """Send the DryRuns: one alone, then twice as many each time until one of each action is authorized, then the rest.

    By then, an endpoint that ignores DryRun has changed one resource, or a few if the caller is denied others. Nothing
    more is sent once that is seen, or if an answer leaves it in doubt.
    """
    for subject in each.subjects:
        sending.leave_unproven(subject, each.operations)
    in_turn = by_turns(each.subjects, lambda subject: subject.place)
    left = [subject for subject in in_turn if sending.actions_due(subject, each.operations)]
    sending.plan(runtime, left, each.operations, dry_run=True)
    at_once = 1
    while left:
        proven = {action for subject in each.subjects for action in sending.actions_authorized(subject)}
        unproven = [one for one in left if not sending.actions_due(one, each.operations) <= proven]
        batch = unproven[:at_once] or left
        if not unproven:
            sending.send_together(runtime, batch, each.operations, dry_run=True)
        runtime.each(lambda subject: sending.send(runtime, subject, each.operations, dry_run=True), batch)
        if unproven and is_doubtful(batch):
            return
        asked = {subject.target for subject in batch}
        left = [subject for subject in left if subject.target not in asked]
        at_once = 1 if any(map(sending.actions_authorized, batch)) else 2 * at_once


def _send(runtime: Runtime, each: Pass) -> None:
    def one(subject: Subject) -> None:
        if "disable" in each.operations:
            waiting.look_before_disabling(runtime, subject)
        sending.send(runtime, subject, each.operations, dry_run=False, alone=True)
        if runtime.wait and _is_done(subject):
            # The verifying read of one need not wait for the writes of the others.
            reading.verify(runtime, subject)
            if waiting.is_unknown(subject):
                subject.failure = None  # It was there a moment ago: ``see`` looks again.

    unsettled = [subject for subject in each.subjects if not subject.is_uncertain]
    sending.plan(runtime, each.subjects, each.operations, dry_run=False)
    runtime.each(one, by_turns(each.subjects, lambda subject: subject.place))
    sending.send_together(runtime, each.subjects, each.operations, dry_run=False)
    waiting.settle(runtime, unsettled)
    if "enable" in each.operations:
        waiting.until_enabled(runtime, each.subjects)


def _is_done(subject: Subject) -> bool:
    """Tell whether all of its own requests were applied, including one that takes a call to see, and not verified."""
    own = [step for step in subject.steps if not step.request.attribute.write_all]
    shared = any(isinstance(step.request.attribute.read, ByCall) for step in own)
    all_applied = all(step.status == "applied" for step in own)
    return shared and all_applied and not subject.failure and not subject.verified


def see(runtime: Runtime, subjects: t.Sequence[Subject], named: t.Callable[[str], str] = str) -> list[str]:
    """Wait until EC2 shows what was written, and return a warning about what others wrote in the meantime.

    ``named`` returns a principal as the warning is to show it.
    """
    if not runtime.wait:
        return []
    interfered = waiting.until_visible(runtime, subjects)
    if not interfered:
        return []
    shown = ", ".join(str(subject.target) for subject in interfered[:NAMED])
    changed = f"changed the permissions of {len(interfered)} of the changed resources ({shown})"
    who = _named([waiting.meanwhile(subject) for subject in interfered], named)
    return [f"While the task ran, something else {changed}{who}. Run the task again to see what is there now"]


def _named(changes: t.Sequence[tuple[Permissions, Permissions]], named: t.Callable[[str], str]) -> str:
    """Return the first principals that were granted and revoked in the meantime."""
    text = ""
    for verb, entries in zip(("granted", "revoked"), zip(*changes)):
        values = sorted({entry.value for each in entries for entry in each})
        text += f"; it {verb} {first_of(values, named)}" if values else ""
    return text
