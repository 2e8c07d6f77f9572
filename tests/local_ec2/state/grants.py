# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Permissions as plain values: one grant, sets of them, and the words for them in requests and options.

Nothing that is shared lives here, only what it is shared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GROUP, USER, ORGANIZATION, UNIT = KINDS = ("Group", "UserId", "OrganizationArn", "OrganizationalUnitArn")
OPTIONS = {"group_names": GROUP, "user_ids": USER, "org_arns": ORGANIZATION, "org_unit_arns": UNIT}

#: One permission: its kind as EC2 names it, and the value.
Grant = tuple[str, str]
PUBLIC: Grant = (GROUP, "all")


def in_order(grants: Iterable[Grant]) -> list[Grant]:
    """EC2 promises no order; groups, users, organizations, units is the one seen."""
    return sorted(grants, key=lambda grant: (KINDS.index(grant[0]), grant[1]))


def from_options(options: dict[str, list[str]], kinds: Iterable[str] = KINDS) -> frozenset[Grant]:
    """Grants from {user_ids, group_names, org_arns, org_unit_arns}; raises KeyError with a name not of ``kinds``."""
    names = {name: kind for name, kind in OPTIONS.items() if kind in kinds}
    found = [(names[name], values or ()) for name, values in options.items()]
    return frozenset((kind, value) for kind, values in found for value in values)


def to_options(grants: Iterable[Grant], kinds: Iterable[str] = KINDS) -> dict[str, list[str]]:
    names = {name: kind for name, kind in OPTIONS.items() if kind in kinds}
    return {name: sorted(value for kind, value in grants if kind == wanted) for name, wanted in names.items()}
