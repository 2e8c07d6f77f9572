# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Guards: what stops a run before it changes anything, judged on the plan that would be sent.

A new guard is a function over the revocations of the plan that returns what it has against them. Pure.
"""

from __future__ import annotations

import typing as t

from .._attributes.subject import first_of
from .merge import Names
from .merge import listed
from .policies import quoted

if t.TYPE_CHECKING:
    from .._attributes.permissions import Permission
    from .._attributes.permissions import Permissions
    from .._attributes.subject import Target
    from .policies import Policy


class Revocation(t.NamedTuple):
    """What the plan takes away on one resource. ``by`` are the entries that each policy wants taken away."""

    target: Target
    entries: Permissions
    by: t.Mapping[int, Permissions]


def guard(
    revocations: t.Sequence[Revocation],
    policies: t.Sequence[Policy],
    *,
    protected: t.Iterable[Permission],
    max_revocations: int | None,
    named: Names,
) -> list[str]:
    """Return what the guards have against the plan: nothing, when it may be sent."""
    return [
        *_protected_lost(revocations, policies, protected, named),
        *_too_many(revocations, policies, max_revocations, named),
    ]


def _protected_lost(
    revocations: t.Sequence[Revocation], policies: t.Sequence[Policy], protected: t.Iterable[Permission], named: Names
) -> t.Iterator[str]:
    principals = list(dict.fromkeys(protected))
    for number, policy in enumerate(policies):
        for principal in principals:
            lost = [each.target for each in revocations if principal in each.by.get(number, ())]
            if lost:
                yield f"{policy}: it would revoke the protected principal {named(principal.value)} from {listed(lost)}"


def _too_many(
    revocations: t.Sequence[Revocation], policies: t.Sequence[Policy], limit: int | None, named: Names
) -> t.Iterator[str]:
    count = sum(len(each.entries) for each in revocations)
    if limit is not None and count > limit:
        counts = counted(revocations)
        shares = ", ".join(f"{quoted(policies[number].name)} {counts[number]}" for number in sorted(counts))
        values = sorted({entry.value for each in revocations for entry in each.entries})
        whom = f"{first_of(values, named)}, from {listed(sorted(each.target for each in revocations))}"
        yield f"this run would revoke {count} entries, and max_revocations is {limit} (by policy: {shares}): {whom}"


def counted(revocations: t.Iterable[Revocation]) -> dict[int, int]:
    """Return the number of entries by policy. One that several policies take away counts in the first of them."""
    counts: dict[int, int] = {}
    for each in revocations:
        left = each.entries
        for number in sorted(each.by):
            mine = left & each.by[number]
            left -= mine
            if mine:
                counts[number] = counts.get(number, 0) + len(mine)
    return counts
