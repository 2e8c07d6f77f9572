# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Permissions as values: who may launch an AMI, or create volumes from a snapshot.

Here live the kinds of principals that EC2 knows, how each is written, and the three spellings of a set of
permissions: the options of a task, EC2's requests and responses, and the result. Pure: only the standard library.
"""

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass


class Permission(t.NamedTuple):
    """One entry of a permission list: the option that its kind is written under, and its value."""

    kind: str
    value: str


Permissions = frozenset[Permission]
Options = t.Mapping[str, t.Optional[t.Sequence[str]]]

EVERYONE = Permission("group_names", "all")

# The forms are those of the AWS Organizations API, and of EC2 Image Builder's LaunchPermissionConfiguration, which
# passes its values on to ModifyImageAttribute. The account in them is the organization's management account.
_ACCOUNT = re.compile(r"[0-9]{12}")
_ORGANIZATION = r"arn:aws[a-z-]*:organizations::[0-9]{12}:organization/o-[a-z0-9]{10,32}"
_ORG_UNIT = r"arn:aws[a-z-]*:organizations::[0-9]{12}:ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"
_ARN = re.compile(r"arn:[^:]*:(?P<service>[^:]*):[^:]*:[^:]*:(?P<resource>[^/:]*)")
_ACCOUNT_ARN = "EC2 takes an account by its 12-digit id, in user_ids"
_GIVEN_INSTEAD = {
    ("organizations", "organization"): "the ARN of an organization, which belongs in org_arns",
    ("organizations", "ou"): "the ARN of an organizational unit, which belongs in org_unit_arns",
    ("organizations", "account"): f"the ARN of an account: {_ACCOUNT_ARN}",
    ("organizations", "root"): "the ARN of a root, which EC2 cannot share with: use the organization's own ARN",
    ("iam", "root"): f"the IAM ARN of an account: {_ACCOUNT_ARN}",
}


def _user_id_problem(value: str) -> str:
    if _ACCOUNT.fullmatch(value):
        return ""
    return (
        "is not an account id of exactly 12 digits"
        " (quote account ids: YAML reads an unquoted leading zero as part of a number)"
    )


def _group_problem(value: str) -> str:
    return "" if value == EVERYONE.value else "is not a group EC2 can share with: the only one is 'all'"


def _arn_problem(pattern: str, wanted: str) -> t.Callable[[str], str]:
    def problem(value: str) -> str:
        if re.fullmatch(pattern, value):
            return ""
        parts = _ARN.match(value)
        given = _GIVEN_INSTEAD.get((parts["service"], parts["resource"])) if parts else None
        if given and not given.startswith(f"the ARN of {wanted},"):
            return f"is {given}"
        return f"is not the ARN of {wanted}"

    return problem


@dataclass(frozen=True)
class Kind:
    """A kind of principal.

    ``option`` is its key in options and results, ``member`` its member in EC2's LaunchPermission structure, and
    ``problem`` tells what is wrong with a value asked for (an empty string: nothing). Values that EC2 already holds
    are never put to it.
    """

    option: str
    member: str
    problem: t.Callable[[str], str]
    aliases: tuple[str, ...] = ()


USER_IDS = Kind("user_ids", "UserId", _user_id_problem)
GROUP_NAMES = Kind("group_names", "Group", _group_problem)
ORG_ARNS = Kind(
    "org_arns", "OrganizationArn", _arn_problem(_ORGANIZATION, "an organization"), aliases=("organization_arns",)
)
ORG_UNIT_ARNS = Kind(
    "org_unit_arns",
    "OrganizationalUnitArn",
    _arn_problem(_ORG_UNIT, "an organizational unit"),
    aliases=("organizational_unit_arns",),
)
_MEMBERS = {kind.option: kind.member for kind in (USER_IDS, GROUP_NAMES, ORG_ARNS, ORG_UNIT_ARNS)}
_OPTIONS = {member: option for option, member in _MEMBERS.items()}


def from_principal(text: str) -> Permission | None:
    """Return the permission of a principal by its form alone, None for what is neither an account nor such an ARN."""
    judged = (kind for kind in (USER_IDS, ORG_ARNS, ORG_UNIT_ARNS) if not kind.problem(text))
    return next((Permission(kind.option, text) for kind in judged), None)


def from_options(options: Options) -> Permissions:
    """Return the permissions written in a task; a kind left out, or null, adds none.

    Ansible keeps an alias beside the option it stands for; only the option counts.
    """
    return frozenset(Permission(kind, value) for kind in _MEMBERS for value in options.get(kind) or ())


def to_options(permissions: Permissions, kinds: t.Iterable[Kind]) -> dict[str, list[str]]:
    """Return the permissions in the shape of the option: every kind a sorted list, empty ones too."""
    written: dict[str, list[str]] = {kind.option: [] for kind in kinds}
    for kind, value in sorted(permissions):
        written.setdefault(kind, []).append(value)
    return written


def from_ec2(entries: t.Iterable[t.Mapping[str, str]]) -> Permissions:
    """Return the permissions of an EC2 response: LaunchPermissions or CreateVolumePermissions."""
    return frozenset(
        _permission(_OPTIONS[member], value)
        for entry in entries
        for member, value in entry.items()
        if member in _OPTIONS
    )


@functools.lru_cache(maxsize=100_000)
def _permission(kind: str, value: str) -> Permission:
    """Return the permission, the same object each time: a fleet holds the same few entries on thousands of lists."""
    return Permission(kind, value)


def to_ec2(permissions: t.Iterable[Permission]) -> list[dict[str, str]]:
    """Return the permissions as the entries of a Modify request."""
    return [{_MEMBERS[kind]: value} for kind, value in permissions]
