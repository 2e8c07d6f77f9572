# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The current state, what was asked, the new state, and the requests that lead from one to the other.

Everything here is a value or a pure function of values: no request, no clock, no Ansible, no boto3.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType

from . import dates
from .permissions import EVERYONE
from .permissions import USER_IDS
from .permissions import to_options

if t.TYPE_CHECKING:
    from datetime import datetime

    from .attribute import Attribute
    from .attribute import Call
    from .attribute import Description
    from .attribute import InDescription
    from .attribute import Operation
    from .attribute import Payload
    from .attribute import Tags
    from .attribute import Value
    from .attribute import Write
    from .attribute import WriteAll
    from .permissions import Permission
    from .permissions import Permissions

Item = t.TypeVar("Item")
# An image must be enabled before anything else can be changed, and is disabled after everything else.
_TURN = {"enable": -1, "disable": 1}
# A code of our own, not EC2's: the endpoint carried out a request although DryRun was set.
DRY_RUN_IGNORED = "DryRunIgnored"


@dataclass(frozen=True)
class Attributes:
    """A state, current or new: the values of the attributes that a task manages, in the order of the table."""

    values: tuple[tuple[Attribute, Value], ...]

    def as_options(self) -> dict[str, t.Any]:
        """Return the values in the shape of a task's options."""
        values = dict(self.values)
        return {
            attribute.option: _of_all(value, values.get(attribute.of, value))
            if attribute.of
            else as_option(attribute, value)
            for attribute, value in self.values
        }


@dataclass(frozen=True)
class Situation:
    """What, besides the current value, decides what a wish leads to."""

    described: Description
    now: datetime


# What is the matter with an age that was asked for: it has passed already, or what it counts from is unknown.
Age = t.Literal["", "passed", "unknown"]
# For wishes that depend only on the current value.
NOWHERE = Situation(MappingProxyType({}), dates.EPOCH)


@dataclass(frozen=True)
class AskedText:
    """An attribute asked to have this text, or flag."""

    attribute: Attribute
    value: str | bool

    def applied_to(self, _current: Value, _situation: Situation) -> Value:
        return self.value


@dataclass(frozen=True)
class AskedDate:
    """A date of deprecation, which is ``text`` in the task. The same date may be written in several ways."""

    attribute: Attribute
    text: str = field(compare=False)
    date: dates.Date

    def applied_to(self, current: Value, situation: Situation) -> Value:
        """Return the date as EC2 shows it: what it shows already, if that is of the same minute."""
        wanted = self._wanted(current, situation)
        return current if self.attribute.is_same(current, wanted) else wanted

    def _wanted(self, current: Value, situation: Situation) -> Value:
        """Return the date to the minute. An age that has passed is satisfied by any date that has passed."""
        if self.date.moment:
            return dates.timestamp(self.date.moment)
        if self.date.age is None:
            return ""
        due, now = self._due(situation), situation.now
        if due is None:
            return current
        if due > now:
            return dates.timestamp(due)
        held, soon = dates.minute(current), dates.next_minute(now)
        # A date that a run has just set is not past yet, and a rerun must agree with it.
        return current if held and held <= soon else dates.timestamp(soon)

    def age(self, situation: Situation) -> Age:
        """Tell what is the matter with it, if it is an age."""
        if self.date.age is None:
            return ""
        due = self._due(situation)
        if due is None:
            return "unknown"
        return "passed" if due <= situation.now else ""

    def _due(self, situation: Situation) -> datetime | None:
        """Return when the image is of that age, None if EC2 does not show when it was created."""
        created = dates.shown_moment(situation.described.get("CreationDate"))
        return dates.later(created, self.date.age) if created and self.date.age else None


@dataclass(frozen=True)
class AskedTags:
    """Tags asked to be there and, with ``purge``, no others."""

    attribute: Attribute
    tags: Tags
    purge: bool = False

    def disputes(self, other: AskedTags) -> set[str]:
        """Return the keys of the other's tags that this wish would change or remove."""
        mine = dict(self.tags)
        return {key for key, value in other.tags if (mine[key] != value if key in mine else self.purge)}

    def applied_to(self, current: Value, _situation: Situation) -> Value:
        kept = {} if self.purge else dict(_tags(current))
        return tuple(sorted({**kept, **dict(self.tags)}.items()))


@dataclass(frozen=True)
class AskedPermissions:
    """A permission list asked to hold some entries, not to hold others, or, with ``purge``, to hold nothing else."""

    attribute: Attribute
    grant: Permissions = frozenset()
    revoke: Permissions = frozenset()
    purge: bool = False

    def applied_to(self, current: Value, _situation: Situation) -> Value:
        kept = frozenset() if self.purge else _entries(current)
        return (kept | self.grant) - self.revoke

    def but_for(self, entries: Permissions) -> AskedPermissions:
        """Return the same wish without these entries."""
        return replace(self, grant=self.grant - entries, revoke=self.revoke - entries)

    def takes_away(self, entry: Permission) -> bool:
        """Tell whether a list that holds the entry no longer does afterwards."""
        return entry in self.revoke or (self.purge and entry not in self.grant)


@dataclass(frozen=True)
class AskedOfEntries:
    """Which entries of a list are asked to have something besides: all of them or, if given, ``some``.

    ``entries`` is what is asked of the list itself: whoever is not in it has nothing besides.
    """

    attribute: Attribute
    entries: AskedPermissions
    some: AskedPermissions | None = None

    def applied_to(self, current: Value, situation: Situation) -> Value:
        read = t.cast("InDescription", self.entries.attribute.read)
        kinds = {kind.option for kind in self.entries.attribute.kinds}
        listed = _entries(self.entries.applied_to(read.value(situation.described), situation))
        left = frozenset(entry for entry in listed if entry.kind in kinds)
        return left if self.some is None else left & _entries(self.some.applied_to(current, situation))

    def but_for(self, entries: Permissions) -> AskedOfEntries:
        """Return the same wish without these entries."""
        some = self.some and self.some.but_for(entries)
        return replace(self, entries=self.entries.but_for(entries), some=some)


Asked = t.Union[AskedText, AskedDate, AskedTags, AskedPermissions, AskedOfEntries]


@dataclass(frozen=True)
class Request:
    """One modification of one attribute, as data. ``value`` is the text to set, or the entries to add or remove."""

    attribute: Attribute
    operation: Operation
    value: Payload

    @property
    def entries(self) -> int:
        return len(self.value) if isinstance(self.value, tuple) else 1

    def applied_to(self, current: Value) -> Value:
        """Return what ``current`` is once EC2 has carried the request out."""
        if isinstance(self.value, (str, bool)):
            return self.value
        if self.attribute.has_tags:
            return _with_tags(current, self.operation, self.value)
        held, entries = _entries(current), t.cast("tuple[Permission, ...]", self.value)
        return held.union(entries) if self.operation == "add" else held.difference(entries)

    def call(self, resource_id: str) -> Call:
        """Return the call that carries the request out on the resource with that id."""
        write = t.cast("Write", self.attribute.write)
        return write(resource_id, self.operation, self.value)

    @property
    def action(self) -> str:
        """What it asks of EC2, an empty text if it is a part of a document."""
        return self.call("").action if self.attribute.write else ""

    def call_for(self, resource_ids: t.Sequence[str]) -> Call:
        """Return the call that carries the same request out on all of them."""
        write_all = t.cast("WriteAll", self.attribute.write_all)
        return write_all(resource_ids, self.operation, self.value)

    def is_visible_in(self, current: Value) -> bool:
        """Tell whether EC2 shows the request's effect; entries that others changed in the meantime do not matter."""
        return self.attribute.is_same(self.applied_to(current), current)


@dataclass(frozen=True)
class Plan:
    """The way from the current to the new state.

    ``quota`` is how many entries a list may hold, and ``most_tags`` how many tags there may be, None for no limit.
    ``age`` is what is the matter with an age that was asked for, if one was.
    """

    before: Attributes
    after: Attributes
    quota: int | None = None
    age: Age = ""
    most_tags: int | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @cached_property
    def granted(self) -> Permissions:
        """The permissions that the plan adds, for any attribute."""
        return gained(self.before, self.after)

    @cached_property
    def revoked(self) -> Permissions:
        """The permissions that the plan takes away, for any attribute."""
        return gained(self.after, self.before)

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """Return the fewest requests, none of them empty: one attribute each, permissions before other attributes.

        EC2 changes one attribute in a request (ModifyImageAttribute, API reference).
        """
        pairs = zip(self.before.values, self.after.values)
        changes = [(attribute, before, after) for (attribute, before), (_dummy, after) in pairs]
        changes.sort(key=lambda change: not change[0].kinds)
        requests = [
            request for change in changes for request in _attribute_requests(*change, self.quota, self.most_tags)
        ]
        return tuple(sorted(requests, key=lambda request: _TURN.get(request.operation, 0)))

    @property
    def enables(self) -> bool:
        return any(request.operation == "enable" for request in self.requests)

    def nears(self, quota: int) -> bool:
        """Tell whether a list would have more entries than that, at some point of the change or after it."""
        pairs = zip(self.before.values, self.after.values)
        most = max((counted(_entries(was) | _entries(now)) for (_a, was), (_b, now) in pairs), default=0)
        return bool(self.granted) and most > quota

    @property
    def least_peak(self) -> int:
        """How many entries the longest list must hold at some point during the change: see ``_turns``."""
        pairs = zip(self.before.values, self.after.values)
        return max((_least_peak(_entries(was), _entries(now)) for (_a, was), (_b, now) in pairs), default=0)

    @property
    def is_crowded(self) -> bool:
        """Whether a list must exceed the quota during the change, although it does not before or after."""
        ends = (_entries(value) for attributes in (self.before, self.after) for _attribute, value in attributes.values)
        return self.quota is not None and self.least_peak > self.quota >= max(map(counted, ends), default=0)


@dataclass(frozen=True)
class Failure:
    """Why a resource failed. ``predicted``: EC2 was not asked, because it would have refused.

    ``uncertain``: EC2 gave no answer, or reported a failure of its own, so it may have done what was asked.
    ``decoded`` is the authorization message of a denial, if the caller may decode it. ``service`` is what users call
    the service.
    """

    operation: str
    code: str
    message: str
    request_id: str | None = None
    predicted: bool = False
    uncertain: bool = False
    decoded: t.Mapping[str, t.Any] | None = field(default=None, compare=False)
    service: str = field(default="EC2", compare=False)


def gained(before: Attributes, after: Attributes) -> Permissions:
    """Return the permissions that ``after`` holds and ``before`` does not, for any list of them."""
    nobody: Permissions = frozenset()
    pairs = [pair for pair in zip(before.values, after.values) if pair[0][0].kinds]
    return nobody.union(*(_entries(now) - _entries(was) for (_a, was), (_b, now) in pairs))


def _entries(value: Value) -> Permissions:
    return value if isinstance(value, frozenset) else frozenset()


def _tags(value: Value) -> Tags:
    return value if isinstance(value, tuple) else ()


def _with_tags(current: Value, operation: Operation, tags: Tags) -> Tags:
    changed, held = dict(tags), dict(_tags(current))
    if operation == "add":
        return tuple(sorted({**held, **changed}.items()))
    return tuple(pair for pair in held.items() if pair[0] not in changed)


def as_option(attribute: Attribute, value: Value) -> t.Any:
    """Return a value in the shape of its option: every kind of permissions a sorted list, empty ones too."""
    if isinstance(value, frozenset):
        return to_options(value, (attribute.of or attribute).kinds)
    return dict(value) if isinstance(value, tuple) else value


def _of_all(some: Value, entries: Value) -> bool | None:
    """Tell whether all entries of a list have something; None, if only some have."""
    having = _entries(some)
    return bool(having) if not having or having == _entries(entries) else None


def sketched(wish: Asked) -> Request:
    """Return what the wish may lead to, whatever there is: for the name of its action alone."""
    value: Payload = ()
    if isinstance(wish, (AskedTags, AskedDate)):
        value = wish.tags if isinstance(wish, AskedTags) else wish.text
    elif isinstance(wish, AskedText):
        value = wish.value
    if isinstance(value, bool):
        return Request(wish.attribute, "enable" if value else "disable", value)
    return Request(wish.attribute, "add" if value or wish.attribute.kinds else "remove", value)


def make_plan(
    current: Attributes, asked: t.Iterable[Asked], situation: Situation = NOWHERE, quota: int | None = None
) -> Plan:
    """Return the plan for one resource. ``current`` holds exactly the attributes that ``asked`` speaks of."""
    wanted = {each.attribute.option: each for each in asked}
    after = tuple(
        (attribute, wanted[attribute.option].applied_to(value, situation)) for attribute, value in current.values
    )
    ages = [each.age(situation) for each in wanted.values() if isinstance(each, AskedDate)]
    limits = (attribute.most_tags(situation.described) for attribute, _value in current.values if attribute.most_tags)
    return Plan(current, Attributes(after), quota, ages[0] if ages else "", next(limits, None))


def after_requests(before: Attributes, requests: t.Iterable[Request]) -> Attributes:
    """Return what ``before`` becomes if these requests, and no others, are carried out."""
    values = {attribute.option: value for attribute, value in before.values}
    for request in requests:
        option = request.attribute.option
        values[option] = request.applied_to(values[option])
    return Attributes(tuple((attribute, values[attribute.option]) for attribute, _dummy in before.values))


def _attribute_requests(
    attribute: Attribute, before: Value, after: Value, quota: int | None, most_tags: int | None
) -> t.Iterator[Request]:
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        for operation, entries in _turns(before, after, quota):
            for some in in_parts(sorted(entries), attribute.entries_per_request):
                yield Request(attribute, operation, tuple(some))
    elif attribute.has_tags:
        yield from _tag_requests(attribute, _tags(before), _tags(after), most_tags)
    elif before != after and isinstance(after, bool):
        yield Request(attribute, "enable" if after else "disable", after)
    elif before != after and isinstance(after, str):
        yield Request(attribute, "set", after)


def _tag_requests(attribute: Attribute, before: Tags, after: Tags, most: int | None) -> t.Iterator[Request]:
    """Yield the additions and the removals. A tag's value does not matter to its removal, so many are alike.

    Additions come first, but for the removal of as many tags as have to make room for them.
    """
    held, keys = dict(before), dict(after)
    leaving = tuple((key, "") for key in held if key not in keys)
    first = 0 if most is None or held.keys() >= keys.keys() else max(0, len(held.keys() | keys.keys()) - most)
    changes: list[tuple[Operation, Tags]] = [
        ("remove", leaving[:first]),
        ("add", tuple(tag for tag in after if tag not in before)),
        ("remove", leaving[first:]),
    ]
    yield from (Request(attribute, operation, tags) for operation, tags in changes if tags)


def _turns(before: Permissions, after: Permissions, quota: int | None) -> list[tuple[Operation, Permissions]]:
    """Return what is added and removed, in order: additions first, so that nobody who keeps access loses it.

    If all additions at once would exceed the quota, although the list does not before or after, as many accounts as fit
    are added first, and the others once those that leave are removed. An organization or OU may cover any account, so
    it is added before all accounts and removed after them.
    """
    added, removed = after - before, before - after
    # A list that is longer than EC2's default proves that the quota was raised, so the default says nothing.
    if quota is None or counted(before | after) <= quota or max(counted(before), counted(after)) > quota:
        return [("add", added), ("remove", removed)]
    accounts = sorted(_accounts(added))
    groups = added.difference(accounts)
    first = groups.union(accounts[: max(0, quota - counted(before | groups))])
    leaving = _accounts(removed)
    return [("add", first), ("remove", leaving), ("add", added - first), ("remove", removed - leaving)]


def _least_peak(before: Permissions, after: Permissions) -> int:
    arriving, leaving = after - before, before - after
    return max(counted(before | (arriving - _accounts(arriving))), counted(after | (leaving - _accounts(leaving))))


def _accounts(entries: Permissions) -> Permissions:
    return frozenset(entry for entry in entries if entry.kind == USER_IDS.option)


def counted(entries: Permissions) -> int:
    """Return how many of the entries count towards the quota: accounts, organizations and OUs (EC2 User Guide)."""
    return sum(entry != EVERYONE for entry in entries)


def in_parts(items: t.Sequence[Item], size: int) -> t.Iterator[t.Sequence[Item]]:
    """Yield the items in parts of that size; the last part has what is left."""
    for start in range(0, len(items), size):
        end = start + size
        yield items[start:end]
