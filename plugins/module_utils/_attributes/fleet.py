# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""One task over many resources in many Regions: read all, plan all, refuse or send, wait.

The order of work lives here, and the one loop that sends requests. It works on any kind of resource that describes
itself as Resource; it knows neither option names, nor result keys, nor boto3.
"""

from __future__ import annotations

import itertools
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from .ec2 import DENIED
from .ec2 import EC2Error
from .keys import Keys
from .options import Target
from .options import in_batches
from .plan import Attribute
from .plan import Attributes
from .plan import Failure
from .plan import Plan
from .plan import Request
from .plan import Value
from .plan import after_requests
from .plan import make_plan
from .resource import Resource
from .resource import Surroundings
from .result import NAMED

if t.TYPE_CHECKING:
    from .ec2 import EC2
    from .ec2 import Response
    from .options import Task
    from .permissions import Permissions

_FIRST_PAUSE = 1.0  # seconds; doubled after every poll, as the EC2 Developer Guide's "Eventual consistency" advises
_LONGEST_PAUSE = 15.0
_SETTLING = 15.0  # seconds for a write without an answer to show; most of those that do not show were not done

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


@dataclass
class Subject:
    """One resource of the task, and how far the work on it has come.

    ``statuses`` belong to the plan's requests, in order: not_sent, then applied, authorized, denied or failed.
    """

    target: Target
    described: t.Mapping[str, t.Any] = field(default_factory=dict)
    permissions: dict[str, Permissions] = field(default_factory=dict)
    plan: Plan | None = None
    statuses: list[str] = field(default_factory=list)
    failure: Failure | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        return self.plan.requests if self.plan else ()

    @property
    def after(self) -> Attributes | None:
        """What the resource is, or in check mode would be, once the task has ended, however it ended."""
        if self.plan is None:
            return None
        done = itertools.takewhile(lambda pair: pair[1] in ("applied", "authorized"), zip(self.requests, self.statuses))
        return after_requests(self.plan.before, [request for request, _dummy in done])

    @property
    def broken(self) -> int | None:
        """The number of the request that failed or was denied, None when none was."""
        return next((number for number, status in enumerate(self.statuses) if status in ("failed", "denied")), None)

    @property
    def is_uncertain(self) -> bool:
        """Whether nobody knows if the write that failed was applied."""
        return self.failure is not None and self.failure.uncertain and self.broken is not None

    @property
    def changed(self) -> bool:
        return self.plan is not None and self.after != self.plan.before


class Fleet:
    """The resources of one task. ``run`` does the work; ``subjects`` and ``warnings`` tell what came of it."""

    def __init__(self, ec2: EC2, resource: Resource, task: Task) -> None:
        self._ec2 = ec2
        self._resource = resource
        self._task = task
        self._pool = ThreadPoolExecutor(max_workers=task.concurrency)
        self.subjects = [Subject(target) for target in task.targets]
        self.warnings: list[str] = []

    def run(self, dry_run: bool) -> None:
        """Read, plan, refuse, send and wait. EC2's errors end up in the subjects; none is raised."""
        with self._pool:
            self._read()
            self._plan()
            self._predict_refusals()
            if not any(subject.failure for subject in self.subjects):
                work = self._preview if dry_run else self._apply
                work()
            self._decode_denials()

    # Reading

    def _read(self) -> None:
        self._describe(self.subjects)
        # A task that has failed already is not worth waiting for.
        if self._task.wait and len(self._healthy()) == len(self.subjects):
            self._wait_while_pending()
        self._each(self._read_permissions, self._healthy())

    def _describe(self, subjects: t.Sequence[Subject]) -> None:
        self._each(self._describe_batch, in_batches(subjects, lambda subject: subject.target))

    def _describe_batch(self, batch: t.Sequence[Subject]) -> None:
        try:
            own, _dummy = self._described(batch, own=True)
            missing = [subject for subject in batch if subject.target.id not in own]
            # Whose the others are costs a request of its own, which a task without mistakes does not make.
            foreign, request_id = self._described(missing, own=False) if missing else ({}, None)
        except EC2Error as error:
            for subject in batch:
                subject.failure = error.failure
            return
        for subject in batch:
            region, resource_id = subject.target
            if resource_id in own:
                subject.described = own[resource_id]
            elif resource_id in foreign:
                subject.failure = self._resource.foreign(resource_id, foreign[resource_id])
            else:
                subject.failure = self._resource.unknown(resource_id, region, request_id)

    def _described(self, batch: t.Sequence[Subject], own: bool) -> tuple[dict[str, Response], str | None]:
        """Return the descriptions by id, those of other owners only unless ``own``, and the request's id."""
        resource = self._resource
        arguments = resource.describe_arguments([subject.target.id for subject in batch], own)
        response = self._ec2.call(batch[0].target.region, resource.describe_operation, **arguments)
        found = {
            described.get(resource.id_key, ""): described for described in response.get(resource.described_key, ())
        }
        return found, response.get("ResponseMetadata", {}).get("RequestId")

    def _wait_while_pending(self) -> None:
        def pending() -> list[Subject]:
            return [subject for subject in self._healthy() if self._resource.is_pending(subject.described)]

        self._poll(pending, self._describe)
        for subject in pending():
            subject.failure = self._resource.still_pending(subject.target.id, self._task.wait_timeout)

    def _read_permissions(self, subject: Subject) -> None:
        region, resource_id = subject.target
        for attribute in (asked.attribute for asked in self._task.asked if asked.attribute.kinds):
            arguments = self._resource.read_arguments(attribute, resource_id)
            try:
                response = self._ec2.call(region, self._resource.read_operation, **arguments)
            except EC2Error as error:
                subject.failure = error.failure
                return
            subject.permissions[attribute.option] = self._resource.permissions(response)

    def _current(self, subject: Subject, attribute: Attribute) -> Value:
        if attribute.kinds:
            return subject.permissions[attribute.option]
        return self._resource.text(attribute, subject.described)

    # Planning

    def _plan(self) -> None:
        for subject in self._healthy():
            current = tuple((asked.attribute, self._current(subject, asked.attribute)) for asked in self._task.asked)
            subject.plan = make_plan(Attributes(current), self._task.asked)
            subject.statuses = ["not_sent"] * len(subject.plan.requests)
        over = [
            subject.target.id
            for subject in self.subjects
            if subject.plan and self._resource.exceeds_quota(subject.plan)
        ]
        if over:
            self.warnings.append(self._resource.quota_warning(over))

    def _predict_refusals(self) -> None:
        blocked = self._public_access_blocked()
        managed = self._under_managed_keys()
        for subject in self._healthy():
            if subject.plan is None:
                continue
            region = subject.target.region
            answer = blocked.get(region, False)
            if isinstance(answer, Failure) and self._resource.becomes_public(subject.plan):
                subject.failure = answer
                continue
            encrypted = self._resource.encrypted_snapshots(subject.described)
            surroundings = Surroundings(
                public_access_blocked=answer is True,
                under_managed_key=tuple(snapshot for snapshot in encrypted if Target(region, snapshot) in managed),
            )
            subject.failure = self._resource.refusal(subject.plan, subject.described, surroundings)

    def _under_managed_keys(self) -> set[Target]:
        """Return the snapshots under a key that AWS manages, among those behind what is about to be shared."""
        keys = Keys(
            self._ec2,
            self._pool,
            {
                Target(subject.target.region, snapshot): key
                for subject in self._healthy()
                if subject.plan and subject.plan.granted
                for snapshot, key in self._resource.encrypted_snapshots(subject.described).items()
            },
        )
        managed = keys.managed()
        self.warnings += keys.warnings
        return managed

    def _public_access_blocked(self) -> dict[str, bool | Failure]:
        """Return, for every Region where something becomes public, whether that is blocked, or why nobody knows."""
        regions = list(
            dict.fromkeys(
                subject.target.region
                for subject in self._healthy()
                if subject.plan and self._resource.becomes_public(subject.plan)
            )
        )
        return dict(zip(regions, self._each(self._is_public_access_blocked, regions)))

    def _is_public_access_blocked(self, region: str) -> bool | Failure:
        try:
            return self._resource.blocks_public_access(self._ec2.call(region, self._resource.public_access_operation))
        except EC2Error as error:
            return error.failure

    # Sending

    def _preview(self) -> None:
        self._each(lambda subject: self._send(subject, dry_run=True), self.subjects)

    def _apply(self) -> None:
        self._each(self._apply_one, self.subjects)
        self._settle()
        if self._task.wait:
            self._wait_until_visible()

    def _apply_one(self, subject: Subject) -> None:
        self._send(subject, dry_run=False)
        shared = any(request.attribute.kinds for request in subject.requests)
        if self._task.wait and shared and not subject.failure:
            # The verifying read of one need not wait for the writes of the others.
            self._read_permissions(subject)

    def _send(self, subject: Subject, dry_run: bool) -> None:
        """Send the plan's requests in order: the one loop that does. A real run stops at the first that fails."""
        region, resource_id = subject.target
        for number, request in enumerate(subject.requests):
            arguments = self._resource.modify_arguments(resource_id, request)
            if dry_run:
                arguments["DryRun"] = True
            try:
                self._ec2.call(region, self._resource.modify_operation, **arguments)
                subject.statuses[number] = "authorized" if dry_run else "applied"
            except EC2Error as error:
                subject.statuses[number] = "denied" if error.failure.code == DENIED else "failed"
                subject.failure = subject.failure or error.failure
                if not dry_run:
                    return

    def _settle(self) -> None:
        """Find out whether a write that EC2 gave no clear answer to was applied: dropped connections hide that."""
        uncertain = [subject for subject in self.subjects if subject.is_uncertain]
        failures = {subject.target: subject.failure for subject in uncertain}

        def look(subjects: t.Sequence[Subject]) -> None:
            self._look_again(subjects)
            for subject in subjects:
                subject.failure = failures[subject.target]
                number = subject.broken
                request = subject.requests[number or 0]
                if number is not None and request.is_visible_in(self._current(subject, request.attribute)):
                    subject.statuses[number] = "applied"

        look(uncertain)
        if self._task.wait:
            self._poll(lambda: [subject for subject in uncertain if subject.is_uncertain], look, at_most=_SETTLING)

    # Waiting

    def _wait_until_visible(self) -> None:
        changed = [subject for subject in self._healthy() if subject.changed]

        def unseen() -> list[Subject]:
            return [subject for subject in changed if not subject.failure and self._unseen(subject)]

        self._describe([subject for subject in changed if any(not each.attribute.kinds for each in subject.requests)])
        self._poll(unseen, self._look_again)
        for subject in unseen():
            subject.failure = self._not_yet_visible(self._unseen(subject))
        interfered = [subject for subject in changed if not subject.failure and self._shows_more(subject)]
        if interfered:
            shown = ", ".join(str(subject.target) for subject in interfered[:NAMED])
            self.warnings.append(
                f"While the task ran, something else changed the permissions of {len(interfered)} of the changed"
                f" resources ({shown}). Run the task again to see what is there now"
            )

    def _unseen(self, subject: Subject) -> list[Request]:
        """Return the requests whose effect the latest reading does not show."""
        return [
            request
            for request in subject.requests
            if not request.is_visible_in(self._current(subject, request.attribute))
        ]

    def _shows_more(self, subject: Subject) -> bool:
        """Tell whether EC2 shows permissions beyond those planned: another writer was there between read and now."""
        planned = subject.plan.after.values if subject.plan else ()
        return any(
            isinstance(value, frozenset) and self._current(subject, attribute) != value for attribute, value in planned
        )

    def _look_again(self, subjects: t.Sequence[Subject]) -> None:
        unseen = [(subject, self._unseen(subject)) for subject in subjects]
        self._describe([subject for subject, requests in unseen if any(not each.attribute.kinds for each in requests)])
        self._each(
            self._read_permissions,
            [subject for subject, requests in unseen if any(each.attribute.kinds for each in requests)],
        )

    def _not_yet_visible(self, requests: t.Sequence[Request]) -> Failure:
        names = ", ".join(dict.fromkeys(request.attribute.name for request in requests))
        message = (
            f"EC2 accepted the change of {names} but does not show it after {self._task.wait_timeout} s: it is late, or"
            " something else has changed it back. Run the task again to see, raise wait_timeout, or set wait to false"
        )
        return Failure("wait", "Timeout", message)

    def _poll(
        self,
        waiting: t.Callable[[], list[Subject]],
        look: t.Callable[[t.Sequence[Subject]], None],
        at_most: float = float("inf"),
    ) -> None:
        """Look at what is waiting until nothing is, for ``wait_timeout`` or ``at_most`` seconds, whichever is less."""
        deadline = time.monotonic() + min(self._task.wait_timeout, at_most)
        pause = _FIRST_PAUSE
        left = waiting()
        while left and time.monotonic() < deadline:
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(2 * pause, _LONGEST_PAUSE)
            look(left)
            left = waiting()

    def _decode_denials(self) -> None:
        """Decode the authorization messages of the failures that the task's message will name."""
        failed = [(subject, subject.failure) for subject in self.subjects if subject.failure]
        for subject, failure in failed[:NAMED]:
            subject.failure = replace(failure, decoded=self._ec2.decoded(subject.target.region, failure))

    def _healthy(self) -> list[Subject]:
        return [subject for subject in self.subjects if not subject.failure]

    def _each(self, work: t.Callable[[Item], Result], items: t.Iterable[Item]) -> list[Result]:
        return list(self._pool.map(work, items))
