# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a ModifyImageAttribute or ModifySnapshotAttribute request asks for, in any of its forms.

Only syntax lives here: nothing in this file looks at an image or a snapshot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.state.grants import GROUP
from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import UNIT
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.texts import TEXTS

if TYPE_CHECKING:
    from local_ec2.api.parameters import Form
    from local_ec2.state.sorts import Sort
    from local_ec2.steering.switches import Switches

ENTRY = re.compile(r"(?:LaunchPermission|CreateVolumePermission)\.(Add|Remove)\.\d+\.(\w+)$")
LEGACY = {"UserId": USER, "UserGroup": GROUP, "OrganizationArn": ORGANIZATION, "OrganizationalUnitArn": UNIT}
UNSUPPORTED = frozenset({"blockdevicemapping", "kernel", "ramdisk", "productcodes"})

# Patterns of the ARNs: Organizations API reference; EC2 Image Builder, which forwards to this call, has the same.
ACCOUNT = r"arn:aws[^:]*:organizations::[0-9]{12}:"
PATTERNS = {
    GROUP: re.compile("all"),
    USER: re.compile("[0-9]{12}"),
    ORGANIZATION: re.compile(ACCOUNT + "organization/o-[a-z0-9]{10,32}"),
    UNIT: re.compile(ACCOUNT + "ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"),
}


@dataclass(frozen=True)
class Change:
    """What one Modify request asks for: one attribute. ``value`` is for all but permissions.

    Entries are in the order of the request, with their repetitions, which count. ``legacy`` are those of the form with
    ``OperationType``.
    """

    attribute: str
    value: str = ""
    add: tuple[Grant, ...] = ()
    remove: tuple[Grant, ...] = ()
    legacy: bool = False


def change(sort: Sort, form: Form, switches: Switches) -> Change:
    """The change a form asks for, in any form EC2 takes (EC2 API reference, ModifyImageAttribute and
    ModifySnapshotAttribute). Its values are not checked here, because a dry run is answered before they are.
    """
    attribute = _snapshot_attribute(sort, form) if sort is SNAPSHOT else _image_attribute(sort, form)
    if attribute == sort.permission:
        return _permissions(sort, form, switches)
    text = TEXTS[attribute]
    structured = form.get(f"{text.structure}.Value")
    value = form.get("Value") if structured is None else structured
    lenient = switches.accept_empty_description and attribute == "description" and structured is not None
    if value is None or (value == "" and not lenient):
        raise Ec2Error(errors.MISSING_PARAMETER, name=text.missing)
    return Change(attribute, value)


def check_values(sort: Sort, wanted: Change, held: frozenset[Grant]) -> None:
    """It is not known whether EC2 checks an entry to be removed that is on the list.

    Here such an entry can be removed, however odd it is, because nobody could get rid of it otherwise.
    """
    if wanted.attribute in TEXTS:
        _check_text(wanted.attribute, wanted.value)
    errors_of = sort.refusals.legacy_entries if wanted.legacy else sort.refusals.entries
    for kind, value in (*wanted.add, *(entry for entry in wanted.remove if entry not in held)):
        if not PATTERNS[kind].fullmatch(value):
            raise Ec2Error(errors_of[kind], value=value)


def _check_text(attribute: str, value: str) -> None:
    reason = TEXTS[attribute].reason(value)
    if reason:
        raise Ec2Error(errors.INVALID_VALUE, value=value, name=attribute, reason=reason)


def _structures(sort: Sort, form: Form) -> list[str]:
    """The attributes whose structure is in the form; more than one is refused (recorded)."""
    found = sorted({sort.structures[head] for name in form if (head := name.split(".")[0]) in sort.structures})
    if len(found) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(found))
    return found


def _snapshot_attribute(sort: Sort, form: Form) -> str:
    """Beside a structure EC2 looks neither at ``Attribute`` nor at the legacy fields (recorded)."""
    if _structures(sort, form):
        return sort.permission
    given = form.get("Attribute", "")
    if not given and not any(name.split(".")[0] in {*LEGACY, "OperationType"} for name in form):
        raise Ec2Error(errors.NO_ATTRIBUTES)
    if not given:
        raise Ec2Error(errors.NULL_ATTRIBUTE)
    if given.lower() != sort.permission.lower():
        raise Ec2Error(errors.UNRECOGNIZED_ATTRIBUTE)
    return sort.permission


def _image_attribute(sort: Sort, form: Form) -> str:
    both = sorted({*_structures(sort, form), _named_attribute(sort, form)} - {""})
    if len(both) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(both))
    if both:
        return both[0]
    if not any(name.split(".")[0] in LEGACY for name in form):
        raise Ec2Error(errors.NO_ATTRIBUTES)
    if "OperationType" in form:  # Observed: aws/aws-cli#53 and #384, a server error for entries without Attribute.
        raise Ec2Error(errors.INTERNAL)
    raise Ec2Error(errors.MISSING_PARAMETER, name="LaunchPermission")


def _named_attribute(sort: Sort, form: Form) -> str:
    """``Attribute`` without regard to case, which EC2 ignores; empty when it is not given."""
    given = form.get("Attribute", "")
    if given.lower() in UNSUPPORTED:
        raise Ec2Error(errors.UNSUPPORTED_ATTRIBUTE, name=given)
    if any(name.startswith("ProductCode.") for name in form):
        raise Ec2Error(errors.UNSUPPORTED_ATTRIBUTE, name="productCodes")
    modifiable = {name.lower(): name for name in sort.structures.values()}
    if given and given.lower() not in modifiable:
        raise Ec2Error(errors.NO_ATTRIBUTES)
    return modifiable.get(given.lower(), "")


def _permissions(sort: Sort, form: Form, switches: Switches) -> Change:
    """Structure entries win over the ``UserId.N`` that packer sends beside them."""
    entries = _entries(sort, form)
    add, remove = tuple(entries["Add"]), tuple(entries["Remove"])
    legacy = not add and not remove
    if legacy:
        add, remove = _by_operation(sort, form.get("OperationType", ""), tuple(entries[""]))
    if add and remove and (sort.one_operation or switches.reject_add_and_remove):
        raise Ec2Error(errors.ONE_OPERATION, name=sort.permission)
    if sort.limit is not None and len(add) + len(remove) > sort.limit:
        raise Ec2Error(errors.TOO_MANY_ENTRIES, limit=sort.limit)
    return Change(sort.permission, add=add, remove=remove, legacy=legacy)


def _by_operation(
    sort: Sort, operation: str, entries: tuple[Grant, ...]
) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """For snapshots, an empty list of entries is a change of nothing (recorded)."""
    if operation not in ("add", "remove") or not (entries or sort is SNAPSHOT):
        raise Ec2Error(errors.NO_OPERATION, name=sort.permission)
    return (entries, ()) if operation == "add" else ((), entries)


def _entries(sort: Sort, form: Form) -> dict[str, list[Grant]]:
    entries: dict[str, list[Grant]] = {"Add": [], "Remove": [], "": []}
    for name, value in form.items():
        part, kind = _entry(name)
        if kind in sort.kinds:
            entries[part].append((kind, value))
    return entries


def _entry(name: str) -> tuple[str, str]:
    """(Add, Remove or empty for the legacy form; kind of entry, or empty for what is not one)."""
    found = ENTRY.match(name)
    return (found[1], found[2]) if found else ("", LEGACY.get(name.split(".", 1)[0], ""))


def condition_keys(form: Form) -> dict[str, list[str]]:
    """The condition keys of IAM for what a Modify request changes.

    Accounts and groups are given for snapshots only, the attribute for images unless it is their permissions (EC2 User
    Guide, "IAM policies"; Service Authorization Reference).
    """
    if form.get("Action") == "ModifySnapshotAttribute":
        return _snapshot_keys(form)
    if form.get("Action") != "ModifyImageAttribute":
        return {}
    named = form.get("Attribute", "").lower()
    texts = [text for name, text in TEXTS.items() if f"{text.structure}.Value" in form or name.lower() == named]
    return {"ec2:Attribute": [text.structure for text in texts]} if texts else {}


def _snapshot_keys(form: Form) -> dict[str, list[str]]:
    """Several accounts are several values of one key (recorded)."""
    entries = _entries(SNAPSHOT, form)
    legacy = form.get("OperationType", "").capitalize()
    if not entries["Add"] and not entries["Remove"] and legacy in ("Add", "Remove"):
        entries[legacy] = entries[""]
    keys: dict[str, list[str]] = {}
    for operation in ("Add", "Remove"):
        for kind, value in entries[operation]:
            keys.setdefault(f"ec2:{operation}/{'userId' if kind == USER else 'group'}", []).append(value)
    return keys
