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

if t.TYPE_CHECKING:
    from .attribute import Operation
    from .runtime import Runtime
    from .subject import Step
    from .subject import Subject

EVERYTHING: frozenset[Operation] = frozenset({"set", "add", "remove"})


def send(runtime: Runtime, subject: Subject, operations: t.Collection[Operation], *, dry_run: bool) -> None:
    """Send these operations of the plan, in order. A real run stops at the first that fails; DryRun asks about all."""
    for number, step in enumerate(subject.steps):
        if subject.broken is not None and not dry_run:
            return
        if step.status == "not_sent" and step.request.operation in operations and not _is_held_back(subject, step):
            _send_one(runtime, subject, number, dry_run=dry_run)


def _is_held_back(subject: Subject, step: Step) -> bool:
    return bool(step.request.attribute.kinds) and step.request.operation in subject.held_back


def _send_one(runtime: Runtime, subject: Subject, number: int, *, dry_run: bool) -> None:
    region, resource_id = subject.target
    try:
        runtime.call(region, subject.steps[number].request.call(resource_id), **({"DryRun": True} if dry_run else {}))
        subject.ended(number, "authorized" if dry_run else "applied")
    except EC2Error as error:
        denied = error.failure.code == DENIED
        subject.ended(number, "denied" if denied else "failed", uncertain=error.failure.uncertain)
        # What another resource holds back says less than what EC2 answered.
        subject.failure = error.failure if subject.held_back else subject.failure or error.failure


def decode_denials(runtime: Runtime, subjects: t.Iterable[Subject], at_most: int) -> None:
    """Decode the authorization messages of the first failures, which are those that a task's message names."""
    failed = [(subject, subject.failure) for subject in subjects if subject.failure]
    for subject, failure in failed[:at_most]:
        subject.failure = replace(failure, decoded=runtime.ec2.decoded(subject.target.region, failure))
