# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who exists: accounts, in and outside an organization, and what an entry on a list means for each of them.

A set of accounts is a number with a bit for each, so that access can be checked after every change.
"""

from __future__ import annotations

import functools

from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import UNIT
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant

OWNER = "123456789012"
STRANGER = "999999999999"  # in no organization and on no list
_ORG = f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij"
_UNIT = f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-"
OTHER_ORG: Grant = (ORGANIZATION, "arn:aws:organizations::777777777777:organization/o-klmnopqrst")
ORG: Grant = (ORGANIZATION, _ORG)
TEAM: Grant = (UNIT, f"{_UNIT}teamteam")
# Nested in the unit above: its accounts are covered by both.
INNER: Grant = (UNIT, f"{_UNIT}innerinner")
ACCOUNTS = (*(digit * 12 for digit in "1234567"), OWNER, STRANGER)
_MEMBERS: dict[Grant, tuple[str, ...]] = {
    ORG: ("1" * 12, "2" * 12, "3" * 12, "4" * 12, OWNER),
    TEAM: ("1" * 12, "2" * 12, "3" * 12),
    INNER: ("1" * 12, "2" * 12),
    OTHER_ORG: ("7" * 12,),
    PUBLIC: ACCOUNTS,
}
USERS: tuple[Grant, ...] = tuple((USER, account) for account in ACCOUNTS if account != STRANGER)
GROUPS: tuple[Grant, ...] = (ORG, TEAM, INNER, OTHER_ORG)
# What EC2 may hold from long ago, and no task can name.
ODD: Grant = (USER, "86385474502")


@functools.cache
def covered(entry: Grant) -> int:
    """Return the accounts that the entry gives access to."""
    members = _MEMBERS.get(entry, (entry[1],) if entry[0] == USER else ())
    return sum(1 << ACCOUNTS.index(account) for account in members if account in ACCOUNTS)


def all_covered(entries: frozenset[Grant]) -> int:
    accounts = 0
    for entry in entries:
        accounts |= covered(entry)
    return accounts


def names(accounts: int) -> str:
    return ", ".join(account for place, account in enumerate(ACCOUNTS) if accounts >> place & 1)


def option_of(entry: Grant) -> str:
    """Return the option of a task that the entry is written under."""
    if entry == PUBLIC:
        return "group_names"
    return {USER: "user_ids", ORGANIZATION: "org_arns", UNIT: "org_unit_arns"}[entry[0]]
