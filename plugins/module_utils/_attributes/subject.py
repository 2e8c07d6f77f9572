# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""One resource of a run, and how far the work on it has come: what every step of a run reads and writes.

Only state and what follows from it lives here: no request is made, and nothing is decided or presented.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from . import dates
from .attribute import Attribute
from .attribute import ByCall
from .attribute import Description
from .attribute import Operation
from .attribute import Value
from .permissions import USER_IDS
from .permissions import Permission
from .plan import DRY_RUN_IGNORED
from .plan import Asked
from .plan import AskedDate
from .plan import AskedOfEntries
from .plan import AskedPermissions
from .plan import AskedText
from .plan import Attributes
from .plan import Failure
from .plan import Item
from .plan import Plan
from .plan import Request
from .plan import Situation
from .plan import after_requests
from .plan import gained
from .plan import in_parts
from .plan import make_plan
from .plan import sketched

if t.TYPE_CHECKING:
    from datetime import datetime

    from .permissions import Permissions
    from .resource import Resource

# unproven: not asked of EC2, because nothing but reads is sent or because no DryRun exists.
Status = t.Literal["not_sent", "applied", "authorized", "unproven", "denied", "failed"]
DONE: tuple[Status, ...] = ("applied", "authorized", "unproven")
BROKEN: tuple[Status, ...] = ("denied", "failed")
NAMED = 5  # of many resources, those that a message names
DESCRIBED_PER_REQUEST = 200  # values of one filter (EC2 User Guide, Find your resources)


def first_of(items: t.Sequence[Item], write: t.Callable[[Item], str] = str, joint: str = ", ") -> str:
    """Return the first of the items, as a message names them, and how many more there are."""
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return joint.join(map(write, items[:NAMED])) + more


class Target(t.NamedTuple):
    """Which resource, and where."""

    region: str
    id: str

    def __str__(self) -> str:
        return f"{self.id} ({self.region})"


def created(image: tuple[Target, Description]) -> tuple[str, str]:
    """Return what images are sorted by: the date of creation and, for equal dates, the id."""
    target, described = image
    return described.get("CreationDate", ""), target.id


def in_batches(items: t.Iterable[Item], target_of: t.Callable[[Item], Target]) -> list[list[Item]]:
    """Return the items in batches of one Region and one describing request each."""
    regions: dict[str, list[Item]] = {}
    for item in items:
        regions.setdefault(target_of(item).region, []).append(item)
    return [list(batch) for group in regions.values() for batch in in_parts(group, DESCRIBED_PER_REQUEST)]


def by_turns(items: t.Iterable[Item], place_of: t.Callable[[Item], tuple[str, str]]) -> list[Item]:
    """Return the items of all places, one of each in turn.

    EC2 meters each place by itself. With one place after the other, all workers would wait at an empty bucket while
    those of the other places are full.
    """
    places: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        places.setdefault(place_of(item), []).append(item)
    longest = max(map(len, places.values()), default=0)
    return [group[turn] for turn in range(longest) for group in places.values() if turn < len(group)]


@dataclass(frozen=True)
class Step:
    """A request of the plan, and what became of it. ``failure`` is why it was not carried out, or not as asked."""

    request: Request
    status: Status = "not_sent"
    failure: Failure | None = None

    @property
    def is_broken(self) -> bool:
        return self.status in BROKEN

    @property
    def is_uncertain(self) -> bool:
        """Whether it is unknown if EC2 applied it."""
        return self.is_broken and self.failure is not None and self.failure.uncertain


@dataclass
class Subject:
    """One resource, what is asked of it, and how far the work on it has come.

    ``read`` holds the attributes that are read by calls of their own, as EC2 showed them last; ``verified`` says that
    this was after the last write. ``steps`` are the plan's requests in order. ``held_back`` names the operations on
    permissions that must not be sent because of another resource, or disabling because of somebody else. ``in_turns``
    says that the additions to a document are a write of their own, as other resources are changed before its removals.
    ``foreseen`` says that the run sends nothing, so that the plan is all there is to show. ``planned_on`` is what was
    described when it was planned, and ``planned`` is when.
    """

    resource: Resource
    target: Target
    asked: tuple[Asked, ...]
    described: Description = field(default_factory=dict)
    planned_on: Description = field(default_factory=dict)
    planned: datetime | None = None
    read: dict[str, Value] = field(default_factory=dict)
    verified: bool = False
    plan: Plan | None = None
    steps: tuple[Step, ...] = ()
    held_back: frozenset[Operation] = frozenset()
    in_turns: bool = False
    foreseen: bool = False
    failure: Failure | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What EC2 meters requests by, besides the action: the Region, and the kind of resource."""
        return self.target.region, self.resource.result_key

    def current(self, attribute: Attribute) -> Value:
        """Return the attribute's value as EC2 showed it last."""
        how = attribute.read
        return self.read[attribute.option] if isinstance(how, ByCall) else how.value(self.described)

    def make_plan(self, now: float) -> None:
        """Plan what is asked. ``now`` is in seconds since the epoch."""
        asked = self._asked_of_ec2()
        current = tuple((wish.attribute, self.current(wish.attribute)) for wish in asked)
        quota = self.resource.quota.default if self.resource.quota else None
        self.planned_on, self.planned = self.described, dates.at(now)
        self.plan = make_plan(Attributes(current), asked, Situation(self.described, self.planned), quota)
        self.steps = tuple(Step(request) for request in self.plan.requests)

    def _asked_of_ec2(self) -> list[Asked]:
        """Return what is asked, except entries that EC2 never lists; disabling removes the owner's own as well."""
        unlisted = self.resource.unlisted(self.described)
        disables = any(isinstance(wish, AskedText) and wish.value is False for wish in self.asked)
        owner = frozenset({Permission(USER_IDS.option, self.described.get("OwnerId", ""))} if disables else ())
        return [
            replace(wish.but_for(unlisted | owner), revoke=(wish.revoke - unlisted) | owner)
            if isinstance(wish, AskedPermissions)
            else wish.but_for(unlisted)
            if isinstance(wish, AskedOfEntries)
            else wish
            for wish in self.asked
        ]

    @property
    def action(self) -> str:
        """What is asked of EC2 first, as far as that is known; an empty text if nothing is that has a name."""
        requests = self.plan.requests if self.plan else ()
        return next(filter(None, (each.action for each in (*requests, *map(sketched, self.asked)))), "")

    @property
    def named_to_revoke(self) -> Permissions:
        """Who is to be revoked, held or not, by name and not because nothing else is to remain."""
        nobody: Permissions = frozenset()
        return nobody.union(*(wish.revoke for wish in self._asked_of_ec2() if isinstance(wish, AskedPermissions)))

    def keep_within(self, quota: int) -> None:
        """Plan the same change for a quota that is not the default."""
        if self.plan and self.plan.quota != quota:
            self.plan = replace(self.plan, quota=quota)
            self.steps = tuple(Step(request) for request in self.plan.requests)

    def set_ages(self, now: float) -> None:
        """Work dates that are ages out again: what was the next minute when it was planned may have passed."""
        ages = {wish.attribute: wish for wish in self.asked if isinstance(wish, AskedDate) and wish.date.age}
        self.steps = tuple(
            replace(step, request=replace(step.request, value=self._due(ages[step.request.attribute], now)))
            if step.status == "not_sent" and step.request.attribute in ages
            else step
            for step in self.steps
        )

    def _due(self, wish: AskedDate, now: float) -> str:
        return t.cast("str", wish.applied_to("", Situation(self.planned_on, dates.at(now))))

    def ended(self, number: int, status: Status, failure: Failure | None = None) -> None:
        """Record what became of the step with that number."""
        steps = list(self.steps)
        steps[number] = Step(steps[number].request, status, failure)
        self.steps = tuple(steps)

    def forget_authorizations(self) -> None:
        """Take back what DryRun has shown, or would have, so that what is written down is what was changed."""
        asked: tuple[Status, ...] = ("authorized", "unproven")
        self.steps = tuple(Step(step.request) if step.status in asked else step for step in self.steps)

    @property
    def name(self) -> str | None:
        return self.resource.name_of(self.described)

    @property
    def after(self) -> Attributes | None:
        """What the resource is, or in check mode would be, once the run has ended, however it ended."""
        if self.plan is None:
            return None
        if self.foreseen and not self.failure:
            return self.plan.after
        broken: set[str] = set()
        done = []
        for step in self.steps:
            option = step.request.attribute.option
            if step.is_broken:
                broken.add(option)
            # What is denied in check mode would stop this attribute in a real run.
            elif step.status == "applied" or (step.status in DONE and option not in broken):
                done.append(step.request)
        return after_requests(self.plan.before, done)

    @property
    def hoped(self) -> Attributes:
        """What the resource would be if it had nothing yet: all there is to show of one that cannot be read."""
        asked = self._asked_of_ec2()
        nothing = Attributes(tuple((wish.attribute, wish.attribute.unset) for wish in asked))
        return make_plan(nothing, asked, Situation(self.described, dates.EPOCH)).after

    @property
    def granted(self) -> Permissions:
        return gained(self.plan.before, self.after) if self.plan and self.after else frozenset()

    @property
    def revoked(self) -> Permissions:
        return gained(self.after, self.plan.before) if self.plan and self.after else frozenset()

    @property
    def changed(self) -> bool:
        return self.plan is not None and self.after != self.plan.before

    @property
    def is_broken(self) -> bool:
        """Whether a request failed or was denied."""
        return any(step.is_broken for step in self.steps)

    @property
    def was_sent(self) -> bool:
        """Whether any request was sent."""
        return any(step.status != "not_sent" for step in self.steps)

    @property
    def is_uncertain(self) -> bool:
        """Whether it is unknown if a write that failed was applied."""
        return any(step.is_uncertain for step in self.steps)

    @property
    def ignored_dry_run(self) -> bool:
        """Whether the endpoint carried a request out although DryRun was set."""
        return self.failure is not None and self.failure.code == DRY_RUN_IGNORED

    def has_broken(self, attribute: Attribute) -> bool:
        """Tell whether a request of that attribute failed or was denied."""
        return any(step.is_broken and step.request.attribute == attribute for step in self.steps)

    def lacks(self, operation: Operation) -> bool:
        """Tell whether the plan has a request of that operation on permissions that was not carried out."""
        left = [step.request for step in self.steps if step.status not in DONE]
        lists = [request for request in left if request.attribute.kinds or request.attribute.of]
        return any(request.operation == operation for request in lists)


def distinct(subjects: t.Iterable[Subject]) -> list[Subject]:
    """Return the subjects, each resource once: it may have been asked for by several names."""
    first: dict[Target, Subject] = {}
    for subject in subjects:
        first.setdefault(subject.target, subject)
    return list(first.values())


def healthy(subjects: t.Iterable[Subject]) -> list[Subject]:
    return [subject for subject in subjects if not subject.failure]


def is_doubtful(subjects: t.Iterable[Subject]) -> bool:
    """Tell whether the endpoint carried out a DryRun for any of them, or may have."""
    return any(subject.ignored_dry_run or subject.is_uncertain for subject in subjects)
