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
_ACCOUNT = r"[0-9]{12}"
_ORG_ID = r"o-[a-z0-9]{10,32}"
_OU_ID = r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"
_ORGANIZATION = rf"arn:aws[a-z-]*:organizations::{_ACCOUNT}:organization/{_ORG_ID}"
_ORG_UNIT = rf"arn:aws[a-z-]*:organizations::{_ACCOUNT}:ou/{_ORG_ID}/{_OU_ID}"


class _Form(t.NamedTuple):
    """What a text is by its form: the name of the form, the option where it belongs, and what to write instead.

    The last is a template for the match, and is empty if the text itself is right.
    """

    pattern: str
    called: str
    option: str
    instead: str = ""


# What people mistake for a principal, or for one of another kind.
_FORMS = (
    _Form(_ACCOUNT, "an account id", "user_ids"),
    _Form("all", "the group of everyone", "group_names"),
    _Form(r"arn:[^:]*:organizations:[^/]*:organization/.*", "the ARN of an organization", "org_arns"),
    _Form(r"arn:[^:]*:organizations:[^/]*:ou/.*", "the ARN of an organizational unit", "org_unit_arns"),
    _Form(rf"arn:[^:]*:organizations:.*:account/.*/({_ACCOUNT})", "the ARN of an account", "user_ids", r"its id, \1"),
    _Form(rf"arn:[^:]*:iam::({_ACCOUNT}):root", "the IAM ARN of an account", "user_ids", r"its id, \1"),
    _Form(
        rf"arn:[^:]*:(?:iam|sts)::({_ACCOUNT}):.+",
        "the ARN of a user or role, and EC2 shares with whole accounts",
        "user_ids",
        r"the account's id, \1",
    ),
    _Form(
        rf"(arn:[^:]*:organizations::{_ACCOUNT}:)root/({_ORG_ID})/.*",
        "the ARN of a root, which EC2 cannot share with",
        "org_arns",
        r"the organization's own ARN, \1organization/\2",
    ),
    _Form(
        _ORG_ID,
        "the id of an organization",
        "org_arns",
        r"its ARN, arn:aws:organizations::MANAGEMENT_ACCOUNT:organization/\g<0>",
    ),
    _Form(
        _OU_ID,
        "the id of an organizational unit",
        "org_unit_arns",
        r"its ARN, arn:aws:organizations::MANAGEMENT_ACCOUNT:ou/ORGANIZATION/\g<0>",
    ),
    _Form(r"([0-9]{4})-([0-9]{4})-([0-9]{4})", "an account id with hyphens", "user_ids", r"\1\2\3"),
    _Form(
        rf"{_ACCOUNT}([,\s]+{_ACCOUNT})+", "a text of several account ids", "user_ids", "each as an item of the list"
    ),
)


def _form_of(value: str) -> tuple[_Form, str] | None:
    """Return the form of a text, and what to write in its place."""
    matches = ((form, re.fullmatch(form.pattern, value, re.DOTALL)) for form in _FORMS)
    return next(((form, match.expand(form.instead)) for form, match in matches if match), None)


def mistaken(value: str) -> str:
    """Return what a text that is not a principal is, and what to write instead; nothing if that is not known."""
    form, instead = _form_of(value) or (None, "")
    return f"{form.called}: write {instead}" if form and instead else ""


def _problem(option: str, pattern: str, wanted: str) -> t.Callable[[str], str]:
    """Return the check of a kind of principal: what is wrong with a value, and what to write in its place."""

    def problem(value: str) -> str:
        if re.fullmatch(pattern, value):
            return ""
        form, instead = _form_of(value) or (None, "")
        if form and instead:
            return f"is {form.called}: write {instead}" + ("" if form.option == option else f", in {form.option}")
        if form and form.option != option:
            return f"is {form.called}, which belongs in {form.option}"
        # A number that YAML has read has lost its leading zeros, or was taken for an octal one.
        quote = "; if it begins with a zero, quote it, because YAML takes an unquoted leading zero for part of a number"
        return f"is not {wanted}" + (quote if option == "user_ids" and re.fullmatch("[0-9]{1,11}", value) else "")

    return problem


@dataclass(frozen=True)
class Kind:
    """A kind of principal.

    ``option`` is its key in options and results, ``member`` its member in EC2's LaunchPermission structure, and
    ``problem`` tells what is wrong with a value asked for (an empty string: nothing). Values that EC2 already holds are
    never checked with it.
    """

    option: str
    member: str
    problem: t.Callable[[str], str]
    aliases: tuple[str, ...] = ()


USER_IDS = Kind("user_ids", "UserId", _problem("user_ids", _ACCOUNT, "an account id of exactly 12 digits"))
GROUP_NAMES = Kind(
    "group_names",
    "Group",
    _problem("group_names", EVERYONE.value, "a group EC2 can share with: the only one is 'all'"),
)
ORG_ARNS = Kind(
    "org_arns",
    "OrganizationArn",
    _problem("org_arns", _ORGANIZATION, "the ARN of an organization, arn:aws:organizations::…:organization/o-…"),
    aliases=("organization_arns",),
)
ORG_UNIT_ARNS = Kind(
    "org_unit_arns",
    "OrganizationalUnitArn",
    _problem("org_unit_arns", _ORG_UNIT, "the ARN of an organizational unit, arn:aws:organizations::…:ou/o-…/ou-…"),
    aliases=("organizational_unit_arns",),
)
# What a key policy may have besides users: statements under a Sid of ours that are not of our form. A task cannot name
# them, and purging takes them away.
ODD_STATEMENTS = Kind("odd_statements", "", lambda _sid: "is a statement that this collection does not write")
_MEMBERS = {kind.option: kind.member for kind in (USER_IDS, GROUP_NAMES, ORG_ARNS, ORG_UNIT_ARNS)}
_OPTIONS = {member: option for option, member in _MEMBERS.items()}


def from_principal(text: str) -> Permission | None:
    """Return the permission of a principal by its form alone, or None if it is neither an account nor such an ARN."""
    judged = (kind for kind in (USER_IDS, ORG_ARNS, ORG_UNIT_ARNS) if not kind.problem(text))
    return next((Permission(kind.option, text) for kind in judged), None)


def from_options(options: Options) -> Permissions:
    """Return the permissions written in a task; a kind left out, or null, adds none.

    Ansible keeps an alias beside the option it stands for; only the option counts.
    """
    return frozenset(Permission(kind, value) for kind in _MEMBERS for value in options.get(kind) or ())


def values_of(permissions: t.Iterable[Permission]) -> list[str]:
    """Return the principals, sorted, without their kinds."""
    return sorted(permission.value for permission in permissions)


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


def in_words(permissions: Permissions, at_most: int = 5) -> str:
    """Return who they are, the first of them."""
    values = sorted("everyone" if entry == EVERYONE else entry.value for entry in permissions)
    return ", ".join(values[:at_most]) + (f" and {len(values) - at_most} more" if len(values) > at_most else "")


def to_ec2(permissions: t.Iterable[Permission]) -> list[dict[str, str]]:
    """Return the permissions as the entries of a Modify request."""
    return [{_MEMBERS[kind]: value} for kind, value in permissions]
