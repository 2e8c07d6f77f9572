# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Rows of the tables of attributes: what an attribute is called, how it is read, and how it is written.

A row is data. What is true of one attribute alone, and how EC2 spells it, is a value or a function in its row, so a new
attribute is a new row. Pure: calls are described here, and never made.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

from . import dates
from .permissions import Kind
from .permissions import Permission
from .permissions import Permissions
from .permissions import from_ec2
from .permissions import to_ec2

Tags = tuple[tuple[str, str], ...]  # keys and values, sorted
# A description is text (None: never set), whether an image is enabled is a flag, a permission list is a set, and so are
# those of its entries that have something besides.
Value = t.Union[str, bool, None, Permissions, Tags]
# Enabling and disabling also set a value, but are sent before and after all other requests.
Operation = t.Literal["enable", "set", "add", "remove", "disable"]
# What one request carries: the text or flag to set, or the entries or tags to add or remove.
Payload = t.Union[str, bool, tuple[Permission, ...], Tags]
Description = t.Mapping[str, t.Any]
Arguments = dict[str, t.Any]


class Call(t.NamedTuple):
    """One call of EC2, or of another service, as data. ``service`` and ``operation`` are boto3's names.

    One that is sent ``once`` would overwrite what somebody else wrote between two attempts.
    """

    operation: str
    arguments: Arguments
    service: str = "ec2"
    once: bool = False

    @property
    def action(self) -> str:
        """EC2's own name of the operation."""
        return "".join(word.capitalize() for word in self.operation.split("_"))


RESOURCES_PER_REQUEST = 1000  # ids in one CreateTags or DeleteTags (API reference)


@dataclass(frozen=True)
class InDescription:
    """Read without a call of its own: it is in what describes the resource."""

    value: t.Callable[[Description], Value]


@dataclass(frozen=True)
class ByCall:
    """Read by one call for each resource. ``call`` takes its id, ``value`` the answer."""

    call: t.Callable[[str], Call]
    value: t.Callable[[Description], Value]


Write = t.Callable[[str, Operation, Payload], Call]
WriteAll = t.Callable[[t.Sequence[str], Operation, Payload], Call]


def _no_problem(_value: str) -> str:
    return ""


def _no_tag_problem(_key: str, _value: str) -> str:
    return ""


@dataclass(frozen=True)
class Attribute:
    """A row of the table of attributes that a kind of resource has.

    ``option`` is its name in tasks and results, ``name`` EC2's name for it, ``unset`` the value of a resource that has
    none. ``write`` makes the call that carries out one request, from the resource's id, the operation, and the text or
    entries. With ``kinds`` the attribute is a set of permissions of those kinds, at most ``entries_per_request`` of
    them in one request. Otherwise it has the type of ``unset``: tags, a flag, or text, which is one of ``choices``, a
    date, or anything in which ``problem`` finds nothing wrong; ``tag_problem`` checks a tag, and ``most_tags`` says how
    many there may be on what is described like that. A text without ``clears`` cannot be unset. With ``write_all``, the
    same change of up to RESOURCES_PER_REQUEST resources is one request. ``operations`` are the boto3 operations that
    ``write`` uses, if older versions of botocore lack them. Without
    ``write``, the attribute is a part of the document of its resource, which is written as a whole.

    EC2 changes it while the resource is ready, or, with ``any_state``, whatever state that is in, as far as is known.
    ``found`` are kinds that no task can name: their entries are only ever taken away. One that is ``of`` a
    list of permissions is the set of its entries that have something besides. Tasks ask for it with a flag.
    """

    option: str
    name: str
    unset: Value
    read: InDescription | ByCall = field(compare=False)
    write: Write | None = field(compare=False)
    problem: t.Callable[[str], str] = field(default=_no_problem, compare=False)
    kinds: tuple[Kind, ...] = ()
    entries_per_request: int = 0
    tag_problem: t.Callable[[str, str], str] = field(default=_no_tag_problem, compare=False)
    most_tags: t.Callable[[Description], int] | None = field(default=None, compare=False)
    choices: tuple[str, ...] = ()
    dated: bool = False
    clears: bool = True
    write_all: WriteAll | None = field(default=None, compare=False)
    operations: tuple[str, ...] = ()
    found: tuple[Kind, ...] = ()
    of: Attribute | None = None
    any_state: bool = False

    @property
    def has_tags(self) -> bool:
        return isinstance(self.unset, tuple)

    def is_same(self, one: Value, other: Value) -> bool:
        """Tell whether two values are one to EC2, to which the seconds of a date do not matter."""
        return one == other or (self.dated and bool(one and other) and dates.minute(one) == dates.minute(other))


def described_text(member: str, unset: Value) -> InDescription:
    """Return how to read a text that EC2 leaves out of the description of a resource that has none."""

    def value(description: Description) -> Value:
        text: str | None = description.get(member)
        return text or unset

    return InDescription(value)


def own_read(operation: str, id_key: str, name: str, member: str) -> ByCall:
    """Return how a list of permissions is read: by a call that names the attribute and answers with that member."""
    return ByCall(
        lambda resource_id: Call(operation, {id_key: resource_id, "Attribute": name}),
        lambda answer: from_ec2(answer.get(member, ())),
    )


def modify_member(operation: str, id_key: str, member: str, **always: str) -> Write:
    """Return how to write an attribute that is a member of the Modify request, which takes one at a time."""

    def write(resource_id: str, verb: Operation, payload: Payload) -> Call:
        entries = t.cast("tuple[Permission, ...]", payload)
        structure: Arguments = {"Value": payload} if isinstance(payload, str) else {verb.capitalize(): to_ec2(entries)}
        return Call(operation, {id_key: resource_id, member: structure, **always})

    return write
