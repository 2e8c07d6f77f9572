# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What EC2 holds, at every time: each image and snapshot with its history, and what others are going to do to it.

The truth lives here, and never changes without a line in a history. What a read shows of it is in ec2.py.
"""

from __future__ import annotations

import bisect
import math
import typing as t
from collections import Counter
from dataclasses import dataclass
from dataclasses import field

from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import Sort

Grants = frozenset[Grant]
RUN = "the run"
EC2 = "EC2"
GONE = "deregistered"
# What an image has besides permissions and texts, by what it is called among its texts; a shared tag by its whole key.
DEPRECATION, PROTECTION, STATE = "deprecation", "deregistrationProtection", "imageState"
SHARED = IMAGE.shared_tags
MAX_TAGS = 50


class Facts(t.NamedTuple):
    """What is true of a resource at one time. ``texts`` are by EC2's name of the attribute; none of them is empty."""

    status: str
    grants: Grants = frozenset()
    texts: t.Mapping[str, str] = {}

    def having(self, name: str, value: str) -> Facts:
        """Return the same facts with that text, or without it if it is empty."""
        texts = {other: text for other, text in self.texts.items() if other != name}
        return self._replace(texts={**texts, name: value} if value else texts)

    def text(self, name: str) -> str:
        """Return the text, empty if there is none. Whether an image is disabled is one as well."""
        if name == STATE:
            return {"disabled": "disabled", "failed": ""}.get(self.status, "available")
        return self.texts.get(name, "")


class Change(t.NamedTuple):
    """``who`` brought these facts about, and when. ``what`` is for the story."""

    time: float
    who: str
    what: str
    facts: Facts


class Event(t.NamedTuple):
    """What somebody is going to do, or EC2 by itself: ``becomes`` leads from the facts at that time to the next."""

    time: float
    who: str
    what: str
    becomes: t.Callable[[Facts], Facts]


@dataclass
class Resource:
    """An image or a snapshot. Times are on the virtual clock.

    ``key`` is the ARN of the key that a snapshot is encrypted under. ``behind`` are the snapshots of an image, and
    their ids are shown from ``behind_shown`` on. Reads find it from ``appears`` on, those by its owner from
    ``appears_to_owner`` on. ``events`` are in order of time. ``other_tags`` is how many tags it has besides.
    """

    sort: Sort
    id: str
    region: str
    owner: str
    history: list[Change]
    events: list[Event] = field(default_factory=list)
    name: str = ""
    created: str = ""
    key: str = ""
    behind: tuple[Resource, ...] = ()
    behind_shown: float = -math.inf
    product_code: str = ""
    other_tags: int = 0
    appears: float = -math.inf
    appears_to_owner: float = -math.inf

    def let_happen(self, now: float) -> None:
        """Carry out the events that are due."""
        while self.events and self.events[0].time <= now:
            event = self.events.pop(0)
            facts = self.history[-1].facts
            if facts.status != GONE:
                self._insert(Change(event.time, event.who, event.what, event.becomes(facts)))

    def change(self, now: float, what: str, facts: Facts) -> None:
        """Let the run bring these facts about."""
        self._insert(Change(now, RUN, what, facts))

    def alter(self, now: float, what: str, becomes: t.Callable[[Facts], Facts]) -> None:
        """The same for what may change at the same time: two requests about tags may be under way at once."""
        later = [change._replace(facts=becomes(change.facts)) for change in self.history if change.time > now]
        del self.history[len(self.history) - len(later) :]
        self.change(now, what, becomes(self.at(now)))
        self.history += later

    def _insert(self, change: Change) -> None:
        place = bisect.bisect_right([each.time for each in self.history], change.time)
        self.history.insert(place, change)

    def at(self, time: float) -> Facts:
        """Return what was true then."""
        for change in reversed(self.history):
            if change.time <= time:
                return change.facts
        return self.history[0].facts

    @property
    def now(self) -> Facts:
        return self.history[-1].facts

    def has_room_for(self, facts: Facts, tags: t.Collection[str]) -> bool:
        """Tell whether these shared tags fit beside those that it has."""
        held = {name for name in facts.texts if name.startswith(SHARED)}
        return self.other_tags + len(held.union(tags)) <= MAX_TAGS

    def visible_to(self, account: str, facts: Facts) -> bool:
        return self.owner == account or PUBLIC in facts.grants or (USER, account) in facts.grants


class Denial(t.NamedTuple):
    """IAM denies the action from then on, on one resource or on all (empty)."""

    action: str
    since: float = -math.inf
    resource_id: str = ""

    def holds(self, action: str, resource_ids: t.Collection[str], now: float) -> bool:
        return self.action == action and self.since <= now and self.resource_id in ("", *resource_ids)


class Blocking(t.NamedTuple):
    """Block public access, for images or for snapshots of a Region, is on from then on."""

    sort: Sort
    region: str
    since: float = -math.inf


class Written(t.NamedTuple):
    """``who`` wrote a key policy, and when."""

    time: float
    who: str
    policy: str


class Writing(t.NamedTuple):
    """What somebody is going to write: ``becomes`` leads from the policy of the key at that time to the next."""

    time: float
    key: str
    what: str
    becomes: t.Callable[[str], str]


@dataclass
class Cloud:
    """One account's EC2 in all Regions, and what decides how it answers.

    ``keys`` maps the ARN of a key to whether AWS or the customer manages it, ``policies`` to what was written of its
    policy, in order of time, and ``writings`` are what others are going to write. ``lag`` is how many seconds, at most,
    a read by that operation is behind, ``expires`` when the credentials do. ``met`` counts the faults that struck.
    Service Quotas ``lists_quotas`` that are applied to the account, or knows the defaults alone.
    """

    account: str
    resources: dict[tuple[str, str], Resource] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    policies: dict[str, list[Written]] = field(default_factory=dict)
    writings: list[Writing] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)
    blocking: list[Blocking] = field(default_factory=list)
    lag: dict[str, float] = field(default_factory=dict)
    sharing_quota: float = 1000
    public_quota: float = math.inf
    lists_quotas: bool = True
    expires: float = math.inf
    ignores_dry_run: bool = False
    met: Counter[str] = field(default_factory=Counter)
    _in_order: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)

    def add(self, resource: Resource) -> Resource:
        self.resources[resource.region, resource.id] = resource
        self._in_order.clear()
        return resource

    def of(self, sort: Sort, region: str) -> list[Resource]:
        """Return what there is, or was, in a Region, in order of id."""
        if (sort.name, region) not in self._in_order:
            found = [one for one in self.resources.values() if one.sort is sort and one.region == region]
            self._in_order[sort.name, region] = sorted(found, key=lambda one: one.id)
        return self._in_order[sort.name, region]

    def let_others_write(self, now: float) -> None:
        """Carry out what others write into policies of keys by then."""
        for each in [each for each in self.writings if each.time <= now]:
            self.writings.remove(each)
            self.write(each.key, Written(each.time, each.what, each.becomes(self.policy(each.key, each.time))))
            self.met[f"key policy: {each.what}"] += 1

    def write(self, arn: str, written: Written) -> None:
        self.policies[arn].append(written)
        self.policies[arn].sort(key=lambda each: each.time)

    def policy(self, arn: str, time: float) -> str:
        """Return the policy that a key had then."""
        written = self.policies[arn]
        return next((each.policy for each in reversed(written) if each.time <= time), written[0].policy)

    def public_images(self, region: str) -> int:
        images = self.of(IMAGE, region)
        return sum(PUBLIC in one.now.grants for one in images if one.owner == self.account and one.now.status != GONE)

    def is_blocked(self, sort: Sort, region: str, now: float) -> bool:
        return any(each.sort is sort and each.region == region and each.since <= now for each in self.blocking)

    def changes(self) -> list[tuple[Change, Resource]]:
        """Return what was changed, in order of time, apart from what was there at the beginning."""
        made = [(change, one) for one in self.resources.values() for change in one.history[1:]]
        return sorted(made, key=lambda pair: (pair[0].time, pair[1].id))
