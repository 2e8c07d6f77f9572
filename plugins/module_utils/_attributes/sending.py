# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Sending: the one loop that sends the requests of plans, with DryRun or for real, and the order of its passes.

Requests are data, and check mode is one switch. What is sent is what was planned; nothing is planned here.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .ec2 import DENIED
from .ec2 import EC2Error
from .plan import DRY_RUN_IGNORED

if t.TYPE_CHECKING:
    from .attribute import Operation
    from .runtime import Runtime
    from .subject import Status
    from .subject import Step
    from .subject import Subject

Action = tuple[str, str]  # a Region, and boto3's name of an operation
_BECAME: dict[str, Status] = {DENIED: "denied", DRY_RUN_IGNORED: "applied"}
EVERYTHING: frozenset[Operation] = frozenset({"set", "add", "remove"})


def send(runtime: Runtime, subject: Subject, operations: t.Collection[Operation], *, dry_run: bool) -> None:
    """Send these operations of the plan, in order.

    A real run stops with an attribute once one of its requests has failed; the other attributes go on. A dry run sends
    all requests, unless the endpoint carries one out.
    """
    for number, step in enumerate(subject.steps):
        stopped = (
            (subject.ignored_dry_run or subject.is_uncertain) if dry_run else subject.has_broken(step.request.attribute)
        )
        if not stopped and _is_due(subject, step, operations):
            _send_one(runtime, subject, number, dry_run=dry_run)
            runtime.progress.done("asked" if dry_run else "written", subject.place)


def plan(
    runtime: Runtime, subjects: t.Iterable[Subject], operations: t.Collection[Operation], *, dry_run: bool
) -> None:
    """Say how much ``send`` will have to send."""
    due = [subject.place for subject in subjects for step in subject.steps if _is_due(subject, step, operations)]
    runtime.progress.plan("asked" if dry_run else "written", due)


def _is_due(subject: Subject, step: Step, operations: t.Collection[Operation]) -> bool:
    return step.status == "not_sent" and step.request.operation in operations and not _is_held_back(subject, step)


def actions_due(subject: Subject, operations: t.Collection[Operation]) -> set[Action]:
    """Return the actions that ``send`` would send."""
    return {_action(subject, step) for step in subject.steps if _is_due(subject, step, operations)}


def actions_authorized(subject: Subject) -> set[Action]:
    return {_action(subject, step) for step in subject.steps if step.status == "authorized"}


def _action(subject: Subject, step: Step) -> Action:
    # A call without entries: its name is all that is wanted, and a real one copies every entry.
    attribute, operation = step.request.attribute, step.request.operation
    return subject.target.region, attribute.write(subject.target.id, operation, ()).operation


def _is_held_back(subject: Subject, step: Step) -> bool:
    return bool(step.request.attribute.kinds) and step.request.operation in subject.held_back


def _send_one(runtime: Runtime, subject: Subject, number: int, *, dry_run: bool) -> None:
    region, resource_id = subject.target
    try:
        runtime.call(region, subject.steps[number].request.call(resource_id), **({"DryRun": True} if dry_run else {}))
        subject.ended(number, "authorized" if dry_run else "applied")
    except EC2Error as error:
        failure = error.failure
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
