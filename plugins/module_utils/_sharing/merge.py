# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Merging: from what each policy asks to one wish for each resource, and what policies contradict each other about.

What policies ask of a resource together follows from which of them speak of it, so that is worked out once for each
such set of policies, and not once for each resource. The order of the policies does not matter. Pure.
"""

from __future__ import annotations

import itertools
import typing as t

from .._attributes.plan import Asked
from .._attributes.plan import AskedDate
from .._attributes.plan import AskedOfEntries
from .._attributes.plan import AskedPermissions
from .._attributes.plan import AskedTags
from .._attributes.subject import NAMED
from .._attributes.subject import Target
from .._attributes.subject import first_of
from .legs import LEGS
from .legs import Leg

if t.TYPE_CHECKING:
    from .policies import Policy
from .policies import quoted

# The numbers of the policies that speak of a resource, in their order.
Speakers = tuple[int, ...]
Names = t.Callable[[str], str]


def speakers(selected: t.Iterable[t.Iterable[Target]]) -> dict[Target, Speakers]:
    """Return, for every target that any policy selects, the numbers of the policies that do."""
    spoken: dict[Target, Speakers] = {}
    for number, targets in enumerate(selected):
        for target in targets:
            spoken[target] = (*spoken.get(target, ()), number)
    return spoken


def speakers_behind(
    policies: t.Sequence[Policy],
    asks: t.Callable[[Policy], t.Any],
    images: t.Mapping[Target, Speakers],
    behind: t.Mapping[Target, t.Iterable[Target]],
) -> dict[Target, Speakers]:
    """Return the policies that ask something of each target behind the images, which may have one in common."""
    asking = {number for number, policy in enumerate(policies) if asks(policy)}
    spoken: dict[Target, set[int]] = {}
    for image, targets in behind.items():
        for target in targets:
            spoken.setdefault(target, set()).update(asking.intersection(images[image]))
    return {target: tuple(sorted(numbers)) for target, numbers in spoken.items()}


def wishes(
    leg: Leg, policies: t.Sequence[Policy], spoken: t.Mapping[Target, Speakers]
) -> dict[Target, tuple[Asked, ...]]:
    """Return what the policies together ask of each target of the leg; if nothing is asked, there is no wish."""
    asked = [leg.asked(policy) for policy in policies]
    order = [attribute.option for attribute in leg.resource.attributes]
    merged = {numbers: merge((asked[number] for number in numbers), order) for numbers in set(spoken.values())}
    return {target: merged[numbers] for target, numbers in spoken.items() if merged[numbers]}


def merge(asked: t.Iterable[t.Iterable[Asked]], order: t.Sequence[str]) -> tuple[Asked, ...]:
    """Return what is asked together, one wish for each attribute, in the order of their options.

    If texts differ, the first in sort order is taken: ``contradictions`` stops such a run.
    """
    merged: dict[str, Asked] = {}
    for wish in itertools.chain.from_iterable(asked):
        option = wish.attribute.option
        merged[option] = _both(merged[option], wish) if option in merged else wish
    return tuple(merged[option] for option in order if option in merged)


def _both(one: Asked, other: Asked) -> Asked:
    if isinstance(one, AskedPermissions) and isinstance(other, AskedPermissions):
        purge = one.purge or other.purge
        return AskedPermissions(one.attribute, one.grant | other.grant, one.revoke | other.revoke, purge)
    if isinstance(one, AskedTags) and isinstance(other, AskedTags):
        tags = {**dict(max(one.tags, other.tags)), **dict(min(one.tags, other.tags))}
        return AskedTags(one.attribute, tuple(sorted(tags.items())), one.purge or other.purge)
    if isinstance(one, AskedOfEntries) and isinstance(other, AskedOfEntries):
        entries = t.cast("AskedPermissions", _both(one.entries, other.entries))
        some = one.some and other.some and t.cast("AskedPermissions", _both(one.some, other.some))
        return AskedOfEntries(one.attribute, entries, some)
    return min((one, other), key=_written)


def _written(wish: Asked) -> str:
    """Return what wishes of one attribute are sorted by, so that their order does not matter."""
    return wish.text if isinstance(wish, AskedDate) else str(getattr(wish, "value", ""))


# Contradictions


class Contradiction(t.NamedTuple):
    """Two policies that cannot both be met on these targets. ``about`` are principals, or names of attributes."""

    one: Policy
    other: Policy
    about: tuple[str, ...]
    targets: tuple[Target, ...]

    def text(self, named: Names) -> str:
        about = ", ".join(named(each) for each in self.about[:NAMED])
        pair = f"the policies {quoted(self.one.name)} and {quoted(self.other.name)}"
        return f"{pair} contradict each other about {about}, on {listed(self.targets)}"


def contradictions(
    policies: t.Sequence[Policy],
    spoken: t.Sequence[t.Mapping[Target, Speakers]],
    behind: t.Mapping[Target, t.Sequence[Target]],
) -> list[Contradiction]:
    """Return every pair of policies that contradict each other. ``spoken`` matches LEGS, in the same order.

    A pair that disputes images disputes the snapshots ``behind`` them as well, which is not said twice.
    """
    found: dict[tuple[int, int], Contradiction] = {}
    for leg, targets in zip(LEGS, spoken):
        asked = [leg.asked(policy) for policy in policies]
        for pair, common in _in_common(targets).items():
            one, other = pair
            about = disputed(asked[one], asked[other])
            known = found[pair].targets if pair in found else ()
            implied = {snapshot for image in known for snapshot in behind.get(image, ())}
            more = tuple(target for target in sorted(common) if target not in implied)
            if about and more:
                first = found[pair].about if pair in found else about
                found[pair] = Contradiction(policies[one], policies[other], first, known + more)
    return [found[pair] for pair in sorted(found)]


def _in_common(spoken: t.Mapping[Target, Speakers]) -> dict[tuple[int, int], list[Target]]:
    common: dict[tuple[int, int], list[Target]] = {}
    for target, numbers in spoken.items():
        for pair in itertools.combinations(numbers, 2):
            common.setdefault(pair, []).append(target)
    return common


def disputed(one: t.Iterable[Asked], other: t.Iterable[Asked]) -> tuple[str, ...]:
    """Return what two policies contradict each other about on a resource of both: principals, then options.

    What entries have besides is only ever asked to be added, so there is nothing to contradict.
    """
    about: set[str] = set()
    texts: set[str] = set()
    for mine, theirs in itertools.product(one, other):
        if mine.attribute != theirs.attribute:
            continue
        if isinstance(mine, AskedPermissions) and isinstance(theirs, AskedPermissions):
            about |= {entry.value for entry in mine.grant if theirs.takes_away(entry)}
            about |= {entry.value for entry in theirs.grant if mine.takes_away(entry)}
        elif isinstance(mine, AskedTags) and isinstance(theirs, AskedTags):
            texts |= {f"{mine.attribute.option}.{key}" for key in mine.disputes(theirs) | theirs.disputes(mine)}
        elif mine != theirs and not isinstance(mine, AskedOfEntries):
            texts.add(mine.attribute.option)
    return (*sorted(about), *sorted(texts))


def listed(targets: t.Sequence[Target]) -> str:
    """Return the first of the targets as tasks write them, and how many more there are."""
    return first_of(targets, lambda target: f"{target.region}:{target.id}")
