# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What is, what was asked, what will be, and the requests that lead from one to the other.

Everything here is a value or a pure function of values: no request, no clock, no Ansible, no boto3.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from functools import cached_property

if t.TYPE_CHECKING:
    from .attribute import Attribute
    from .attribute import Call
    from .attribute import Operation
    from .attribute import Payload
    from .attribute import Value
    from .permissions import Permission
    from .permissions import Permissions

Item = t.TypeVar("Item")


@dataclass(frozen=True)
class Attributes:
    """What is, and what will be: the values of the attributes that a task manages, in the order of the table."""

    values: tuple[tuple[Attribute, Value], ...]


@dataclass(frozen=True)
class AskedText:
    """An attribute asked to have this text."""

    attribute: Attribute
    value: str

    def applied_to(self, _current: Value) -> Value:
        return self.value


@dataclass(frozen=True)
class AskedPermissions:
    """A permission list asked to hold some entries, not to hold others, or, with ``purge``, to hold nothing else."""

    attribute: Attribute
    grant: Permissions = frozenset()
    revoke: Permissions = frozenset()
    purge: bool = False

    def applied_to(self, current: Value) -> Value:
        kept = frozenset() if self.purge else _entries(current)
        return (kept | self.grant) - self.revoke

    def takes_away(self, entry: Permission) -> bool:
        """Tell whether a list that holds the entry no longer does afterwards."""
        return entry in self.revoke or (self.purge and entry not in self.grant)


Asked = t.Union[AskedText, AskedPermissions]


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
        if isinstance(self.value, str):
            return self.value
        held = _entries(current)
        return held.union(self.value) if self.operation == "add" else held.difference(self.value)

    def call(self, resource_id: str) -> Call:
        """Return the call that carries the request out on the resource with that id."""
        return self.attribute.write(resource_id, self.operation, self.value)

    def is_visible_in(self, current: Value) -> bool:
        """Tell whether EC2 shows the request's effect; entries that others changed meanwhile do not matter."""
        return self.applied_to(current) == current


@dataclass(frozen=True)
class Plan:
    """The way from what is to what will be."""

    before: Attributes
    after: Attributes

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @cached_property
    def granted(self) -> Permissions:
        """The permissions that the plan adds, of whatever attribute."""
        return gained(self.before, self.after)

    @cached_property
    def revoked(self) -> Permissions:
        """The permissions that the plan takes away, of whatever attribute."""
        return gained(self.after, self.before)

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """Return the least requests, none of them empty: one attribute each, additions before removals.

        EC2 changes one attribute in a request (ModifyImageAttribute, API reference). Additions come first so that
        nobody who keeps access under another entry loses it in between.
        """
        return tuple(
            request
            for (attribute, before), (_dummy, after) in zip(self.before.values, self.after.values)
            for request in _attribute_requests(attribute, before, after)
        )


@dataclass(frozen=True)
class Failure:
    """Why a resource failed. ``predicted``: EC2 was not asked, because it would have refused.

    ``uncertain``: EC2 gave no answer, or one of its own failure, so that it may have done what it was asked.
    ``decoded`` is the authorization message of a denial, where the caller may decode it.
    """

    operation: str
    code: str
    message: str
    request_id: str | None = None
    predicted: bool = False
    uncertain: bool = False
    decoded: t.Mapping[str, t.Any] | None = field(default=None, compare=False)


def gained(before: Attributes, after: Attributes) -> Permissions:
    """Return the permissions that ``after`` holds and ``before`` does not, of whatever attribute."""
    nobody: Permissions = frozenset()
    return nobody.union(*(_entries(now) - _entries(was) for (_a, was), (_b, now) in zip(before.values, after.values)))


def _entries(value: Value) -> Permissions:
    return value if isinstance(value, frozenset) else frozenset()


def make_plan(current: Attributes, asked: t.Iterable[Asked]) -> Plan:
    """Return the plan for one resource. ``current`` holds exactly the attributes that ``asked`` speaks of."""
    wanted = {each.attribute.option: each for each in asked}
    after = tuple((attribute, wanted[attribute.option].applied_to(value)) for attribute, value in current.values)
    return Plan(current, Attributes(after))


def after_requests(before: Attributes, requests: t.Iterable[Request]) -> Attributes:
    """Return what ``before`` is after these requests, and no others, were carried out."""
    values = {attribute.option: value for attribute, value in before.values}
    for request in requests:
        option = request.attribute.option
        values[option] = request.applied_to(values[option])
    return Attributes(tuple((attribute, values[attribute.option]) for attribute, _dummy in before.values))


def _attribute_requests(attribute: Attribute, before: Value, after: Value) -> t.Iterator[Request]:
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        yield from _permission_requests(attribute, "add", after - before)
        yield from _permission_requests(attribute, "remove", before - after)
    elif before != after and isinstance(after, str):
        yield Request(attribute, "set", after)


def _permission_requests(attribute: Attribute, operation: Operation, entries: Permissions) -> t.Iterator[Request]:
    for some in in_parts(sorted(entries), attribute.entries_per_request):
        yield Request(attribute, operation, tuple(some))


def in_parts(items: t.Sequence[Item], size: int) -> t.Iterator[t.Sequence[Item]]:
    """Yield the items in parts of that size, the last of what is left."""
    for start in range(0, len(items), size):
        end = start + size
        yield items[start:end]
