# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Legs: which kinds of resources a policy is about, and what it asks of each.

A new leg is a row of LEGS, and fields of its resources in work.py. The order of the passes over them is in passes.py.
Pure.
"""

from __future__ import annotations

import typing as t

from .._attributes.images import IMAGES
from .._attributes.keys import AUTOSCALING
from .._attributes.keys import KEY_USERS
from .._attributes.keys import KEYS
from .._attributes.plan import Asked
from .._attributes.plan import AskedOfEntries
from .._attributes.plan import AskedPermissions
from .._attributes.snapshots import SNAPSHOTS
from .policies import IGNORE
from .policies import SHARE

if t.TYPE_CHECKING:
    from .._attributes.permissions import Permissions
    from .._attributes.resource import Resource
    from .policies import Policy


class Leg(t.NamedTuple):
    """A kind of resource, and what a policy asks of each such resource; nothing, where the policy leaves it alone."""

    resource: Resource
    asked: t.Callable[[Policy], tuple[Asked, ...]]


def _of_images(policy: Policy) -> tuple[Asked, ...]:
    return (*policy.others, AskedPermissions(IMAGES.permissions, policy.grants, policy.revokes, policy.pattern.exact))


def _of_snapshots(policy: Policy) -> tuple[Asked, ...]:
    """EC2 shares snapshots with accounts and with everyone only: the other principals of the policy are left out."""
    kinds = {kind.option for kind in SNAPSHOTS.kinds}
    grants = frozenset(each for each in policy.grants if each.kind in kinds)
    revokes = frozenset(each for each in policy.revokes if each.kind in kinds)
    if not policy.snapshots or not (grants or revokes or policy.pattern.exact):
        return ()
    return (AskedPermissions(SNAPSHOTS.permissions, grants, revokes, policy.pattern.exact),)


def _of_keys(policy: Policy) -> tuple[Asked, ...]:
    """Nobody is taken off a key: other images may need it."""
    return needed_of_keys(policy) if policy.kms == SHARE else ()


def key_users(policy: Policy) -> Permissions:
    """Return who is granted images, and so needs the keys behind them. What everyone can launch is not encrypted."""
    kinds = {kind.option for kind in KEYS.kinds}
    return frozenset(each for each in policy.grants if each.kind in kinds)


def needed_of_keys(policy: Policy) -> tuple[Asked, ...]:
    """Return what those whom the policy grants images need of the keys, whether it is asked for or only reported."""
    users = AskedPermissions(KEY_USERS, key_users(policy))
    if policy.kms == IGNORE or not users.grant:
        return ()
    some = AskedPermissions(AUTOSCALING, users.grant)
    return (users, AskedOfEntries(AUTOSCALING, users, some)) if policy.kms_autoscaling else (users,)


def looks_at_keys(policy: Policy) -> bool:
    """Tell whether the keys are read. A policy that shares keys and takes images away says who keeps which key."""
    return policy.kms == SHARE or bool(needed_of_keys(policy))


IMAGE_LEG = Leg(IMAGES, _of_images)
SNAPSHOT_LEG = Leg(SNAPSHOTS, _of_snapshots)
KEY_LEG = Leg(KEYS, _of_keys)
LEGS = (IMAGE_LEG, SNAPSHOT_LEG, KEY_LEG)


def unshareable(policies: t.Iterable[Policy]) -> list[str]:
    """Return the principals that are granted images and cannot be granted the snapshots behind them, each once."""
    kinds = {kind.option for kind in SNAPSHOTS.kinds}
    granting = (policy for policy in policies if policy.snapshots and policy.pattern.grants)
    return list(
        dict.fromkeys(each.value for policy in granting for each in policy.principals if each.kind not in kinds)
    )
