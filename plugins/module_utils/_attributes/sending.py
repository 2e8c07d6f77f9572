# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Sending: the one loop that sends the requests of plans, with DryRun or for real, and the order of its passes.

Requests are data, and check mode is one switch. What is sent is what was planned; nothing is planned here.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from . import reading
from .attribute import RESOURCES_PER_REQUEST
from .ec2 import DENIALS
from .ec2 import EC2Error
from .ec2 import is_throttled
from .plan import DRY_RUN_IGNORED
from .plan import Attributes
from .plan import after_requests
from .plan import in_parts
from .resource import changed_meanwhile
from .resource import is_ready

if t.TYPE_CHECKING:
    from .attribute import Description
    from .attribute import Operation
    from .attribute import Write
    from .plan import Failure
    from .plan import Request
    from .resource import Document
    from .runtime import Runtime
    from .subject import Status
    from .subject import Step
    from .subject import Subject

Action = tuple[str, str]  # a Region, and boto3's name of an operation
_BECAME: dict[str, Status] = {**dict.fromkeys(DENIALS, "denied"), DRY_RUN_IGNORED: "applied"}
# Seconds before the next attempt to write a document.
_PAUSES = (1.0, 2.0, 4.0, 8.0)
FIRST: frozenset[Operation] = frozenset({"enable"})
LAST: frozenset[Operation] = frozenset({"disable"})
EVERYTHING: frozenset[Operation] = frozenset({"enable", "set", "add", "remove", "disable"})
_MAKES_ROOM, _ADDS, _TAKES_OFF = range(3)  # turns of requests for many


def send(
    runtime: Runtime, subject: Subject, operations: t.Collection[Operation], *, dry_run: bool, alone: bool = False
) -> None:
    """Send these operations of the plan, in order; ``alone``: except those that ``send_together`` sends.

    A real run stops with an attribute once one of its requests has failed; the other attributes go on. A dry run sends
    all requests, unless the endpoint carries one out.
    """
    if subject.resource.document:
        _send_document(runtime, subject, subject.resource.document, operations)
        return
    for number, step in enumerate(subject.steps):
        left = alone and step.request.attribute.write_all
        if not left and _is_due(subject, step, operations) and not _is_stopped(subject, step, dry_run=dry_run):
            _send_one(runtime, subject, number, dry_run=dry_run)


def leave_unproven(subject: Subject, operations: t.Collection[Operation]) -> None:
    """Record that nobody can be asked about what is due: documents are written without DryRun."""
    for number, step in enumerate(subject.steps):
        if subject.resource.document and _is_due(subject, step, operations):
            subject.ended(number, "unproven")


def _send_document(runtime: Runtime, subject: Subject, document: Document, operations: t.Collection[Operation]) -> None:
    """Write all that is due at once. What becomes of it becomes of each request.

    After a write that failed there is no other: it would take users off in whose place nobody was added, or be based on
    what nobody knows.
    """
    due = [number for number, step in enumerate(subject.steps) if _is_due(subject, step, operations)]
    if not due or subject.is_broken:
        return
    failure = _written(runtime, subject, document, due)
    for number in due:
        if failure:
            _fail(subject, number, failure)
        else:
            subject.ended(number, "applied")
        runtime.progress.done("written", subject.place)


def _written(runtime: Runtime, subject: Subject, document: Document, due: t.Collection[int]) -> Failure | None:
    """Write the document with these requests carried out, and return why it was not.

    There is no condition that a write could have, so it is read again right before each attempt. An attempt that is
    throttled, or has no answer, is followed by others.
    """
    steps = enumerate(subject.steps)
    requests = [step.request for number, step in steps if number in due or step.status == "applied"]
    wanted = after_requests(subject.plan.before if subject.plan else Attributes(()), requests)
    failure: Failure | None = None
    for pause in (0.0, *_PAUSES):
        runtime.clock.sleep(pause)
        failure = _write(runtime, subject, document, wanted, failure)
        if not (failure and (failure.uncertain or is_throttled(failure.code))):
            break
    return failure


def _write(
    runtime: Runtime, subject: Subject, document: Document, wanted: Attributes, failed: Failure | None
) -> Failure | None:
    """Write the document if nobody else has written it, and return why it was not. ``failed`` is the attempt before."""
    try:
        reading.read_content(runtime, subject)
    except EC2Error as error:
        return failed or replace(error.failure, uncertain=False)
    if not any(document.is_same(subject.described, each) for each in _bases(subject, document)):
        unsure = failed is not None and failed.uncertain
        is_done = unsure and all(subject.current(attribute) == value for attribute, value in wanted.values)
        return None if is_done else failed if unsure else changed_meanwhile(subject.resource)
    try:
        written = document.replaced(subject.described, wanted)
        runtime.call(subject.target.region, document.write(subject.target.id, written))
    except EC2Error as error:
        return document.explained(error.failure, subject.described)
    return None


def _bases(subject: Subject, document: Document) -> list[Description]:
    """Return the documents that a write may be based on: that of the plan and, after a first write, what that made.

    That may be shown late. The statements of others are the same in both.
    """
    applied = [step.request for step in subject.steps if step.status == "applied"]
    if not applied or not subject.plan:
        return [subject.planned_on]
    made = document.replaced(subject.planned_on, after_requests(subject.plan.before, applied))
    return [subject.planned_on, made]


def _is_stopped(subject: Subject, step: Step, *, dry_run: bool) -> bool:
    if dry_run:
        return subject.ignored_dry_run or subject.is_uncertain
    operation = step.request.operation
    if operation != "enable" and _is_still_disabled(subject):
        return True
    # Disabling an image cuts off everyone who still has it.
    waits_for_lists = operation == "disable" and subject.has_broken(subject.resource.permissions)
    return waits_for_lists or subject.has_broken(step.request.attribute)


def _is_still_disabled(subject: Subject) -> bool:
    """Tell whether EC2 does not yet show that it is enabled, and so would refuse everything else."""
    return subject.plan is not None and subject.plan.enables and not is_ready(subject.resource, subject.described)


class Part(t.NamedTuple):
    """One of the requests of a subject: the step with that number."""

    subject: Subject
    number: int


def send_together(
    runtime: Runtime, subjects: t.Iterable[Subject], operations: t.Collection[Operation], *, dry_run: bool
) -> None:
    """Send in one request what is the same for many. What EC2 refuses as a whole is sent again, one by one.

    All additions are over before the first removal is judged: one that failed holds back those of its image.
    """
    subjects = list(subjects)
    for turn in (_MAKES_ROOM, _ADDS, _TAKES_OFF):
        alike: dict[tuple[str, Request], list[Part]] = {}
        for subject in subjects:
            for number, step in enumerate(subject.steps):
                due = step.request.attribute.write_all and _is_due(subject, step, operations)
                if due and _turn(subject, number) == turn and not _is_stopped(subject, step, dry_run=dry_run):
                    alike.setdefault((subject.target.region, step.request), []).append(Part(subject, number))
        _send_alike(runtime, alike.values(), dry_run=dry_run)


def _turn(subject: Subject, number: int) -> int:
    """Return when a request for many is sent: what it waits for may be refused, and is then sent again one by one."""
    request = subject.steps[number].request
    if request.operation == "add":
        return _ADDS
    later = (step.request for step in subject.steps[number:])
    adds = any(each.operation == "add" and each.attribute == request.attribute for each in later)
    return _MAKES_ROOM if adds else _TAKES_OFF


def _send_alike(runtime: Runtime, alike: t.Iterable[list[Part]], *, dry_run: bool) -> None:
    batches = [part for parts in alike for part in in_parts(parts, RESOURCES_PER_REQUEST)]
    alone = runtime.each(lambda batch: _send_batch(runtime, batch, dry_run=dry_run), batches)
    runtime.each(
        lambda part: _send_one(runtime, part.subject, part.number, dry_run=dry_run),
        [part for parts in alone for part in parts],
    )


def _send_batch(runtime: Runtime, parts: t.Sequence[Part], *, dry_run: bool) -> t.Sequence[Part]:
    """Send one request for all, and return those that have to be sent one by one."""
    first = parts[0]
    if len(parts) == 1:
        return parts
    call = first.subject.steps[first.number].request.call_for([part.subject.target.id for part in parts])
    try:
        runtime.call(first.subject.target.region, call, **({"DryRun": True} if dry_run else {}))
    except EC2Error as error:
        if not error.failure.uncertain and error.failure.code != DRY_RUN_IGNORED:
            return parts
        for subject, number in parts:
            _fail(subject, number, error.failure)
    else:
        for subject, number in parts:
            subject.ended(number, "authorized" if dry_run else "applied")
    for subject, _number in parts:
        runtime.progress.done("asked" if dry_run else "written", subject.place)
    return ()


def plan(
    runtime: Runtime, subjects: t.Iterable[Subject], operations: t.Collection[Operation], *, dry_run: bool
) -> None:
    """Say how much ``send`` will have to send."""
    due = [subject.place for subject in subjects for step in subject.steps if _is_due(subject, step, operations)]
    runtime.progress.plan("asked" if dry_run else "written", due)


def _is_due(subject: Subject, step: Step, operations: t.Collection[Operation]) -> bool:
    is_wanted = step.request.operation in operations or _is_whole(subject)
    return step.status == "not_sent" and is_wanted and not _is_held_back(subject, step)


def _is_whole(subject: Subject) -> bool:
    """Tell whether all its requests are one write, which is sent when any of them is."""
    return subject.resource.document is not None and not subject.in_turns


def actions_due(subject: Subject, operations: t.Collection[Operation]) -> set[Action]:
    """Return the actions that ``send`` would send."""
    return {_action(subject, step) for step in subject.steps if _is_due(subject, step, operations)}


def actions_authorized(subject: Subject) -> set[Action]:
    return {_action(subject, step) for step in subject.steps if step.status == "authorized"}


def _action(subject: Subject, step: Step) -> Action:
    attribute, operation = step.request.attribute, step.request.operation
    # Without entries: only the name of the call is wanted, and a real one copies every entry.
    payload = () if attribute.kinds else step.request.value
    write = t.cast("Write", attribute.write)
    return subject.target.region, write(subject.target.id, operation, payload).operation


def _is_held_back(subject: Subject, step: Step) -> bool:
    return step.request.operation in subject.held_back and not step.request.attribute.has_tags


def _send_one(runtime: Runtime, subject: Subject, number: int, *, dry_run: bool) -> None:
    region, resource_id = subject.target
    if subject.steps[number].request.attribute.dated:
        subject.set_ages(runtime.clock.time())
    try:
        runtime.call(region, subject.steps[number].request.call(resource_id), **({"DryRun": True} if dry_run else {}))
        subject.ended(number, "authorized" if dry_run else "applied")
    except EC2Error as error:
        _fail(subject, number, error.failure)
    runtime.progress.done("asked" if dry_run else "written", subject.place)


def _fail(subject: Subject, number: int, failure: Failure) -> None:
    is_first = not subject.is_broken
    subject.ended(number, _BECAME.get(failure.code, "failed"), failure)
    # What another resource holds back says less than what EC2 answered.
    replaces = (subject.held_back and is_first) or failure.code == DRY_RUN_IGNORED
    subject.failure = failure if replaces else subject.failure or failure


def decode_denials(runtime: Runtime, subjects: t.Iterable[Subject], at_most: int) -> None:
    """Decode the authorization messages of the first failures, which are those that a task's message names."""
    failed = [(subject, subject.failure) for subject in subjects if subject.failure]
    for subject, failure in failed[:at_most]:
        subject.failure = replace(failure, decoded=runtime.ec2.decoded(subject.target.region, failure))
