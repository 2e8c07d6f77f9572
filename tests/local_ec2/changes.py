# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a ModifyImageAttribute or ModifySnapshotAttribute request asks for, in any of its forms.

Only syntax lives here: nothing in this file looks at an image or a snapshot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_ec2 import errors
from local_ec2.errors import Ec2Error
from local_ec2.grants import GROUP
from local_ec2.grants import ORGANIZATION
from local_ec2.grants import UNIT
from local_ec2.grants import USER
from local_ec2.grants import Grant
from local_ec2.texts import TEXTS

if TYPE_CHECKING:
    from local_ec2.forms import Form
    from local_ec2.sorts import Sort
    from local_ec2.switches import Switches

ENTRY = re.compile(r"(?:LaunchPermission|CreateVolumePermission)\.(Add|Remove)\.\d+\.(\w+)$")
LEGACY = {"UserId": USER, "UserGroup": GROUP, "OrganizationArn": ORGANIZATION, "OrganizationalUnitArn": UNIT}
UNSUPPORTED = frozenset({"blockdevicemapping", "kernel", "ramdisk", "productcodes"})

# Patterns of the ARNs: Organizations API reference; EC2 Image Builder, which forwards to this call, has the same.
ACCOUNT = r"arn:aws[^:]*:organizations::[0-9]{12}:"
PATTERNS = {
    GROUP: (re.compile("all"), errors.BAD_GROUP),
    USER: (re.compile("[0-9]{12}"), errors.BAD_USER),
    ORGANIZATION: (re.compile(ACCOUNT + "organization/o-[a-z0-9]{10,32}"), errors.BAD_ORGANIZATION),
    UNIT: (re.compile(ACCOUNT + "ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"), errors.BAD_UNIT),
}


@dataclass(frozen=True)
class Change:
    """What one Modify request asks for: one attribute. ``value`` is for all but permissions."""

    attribute: str
    value: str = ""
    add: frozenset[Grant] = frozenset()
    remove: frozenset[Grant] = frozenset()


def change(sort: Sort, form: Form, switches: Switches, held: frozenset[Grant]) -> Change:
    """The change a form asks for, in any form EC2 takes (EC2 API reference, ModifyImageAttribute and
    ModifySnapshotAttribute).

    Whether EC2 judges entries that are to be removed is not known. Here an entry that is held, however odd, can
    be removed, because nobody could be rid of it otherwise.
    """
    attribute = _attribute(sort, form)
    if attribute == sort.permission:
        return _permissions(sort, form, switches, held)
    value = form.get(f"{TEXTS[attribute].structure}.Value", form.get("Value"))
    if value is None or (value == "" and attribute == "description" and switches.reject_empty_description):
        raise Ec2Error(errors.MISSING_PARAMETER, name=attribute)
    _check_value(attribute, value)
    return Change(attribute, value)


def _structures(sort: Sort, form: Form) -> list[str]:
    """The attributes whose structure is in the form; more than one is refused (observed: apache/libcloud#328)."""
    found = sorted({sort.structures[head] for name in form if (head := name.split(".")[0]) in sort.structures})
    if len(found) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(found))
    return found


def _named_attribute(sort: Sort, form: Form) -> str:
    """``Attribute`` without regard to case, which EC2 ignores; blank when it is not given."""
    given = form.get("Attribute", "")
    if given.lower() in UNSUPPORTED:
        raise Ec2Error(errors.UNSUPPORTED_ATTRIBUTE, name=given)
    if any(name.startswith("ProductCode.") for name in form):
        raise Ec2Error(errors.UNSUPPORTED_ATTRIBUTE, name="productCodes")
    modifiable = {name.lower(): name for name in sort.structures.values()}
    if given and given.lower() not in modifiable:
        raise Ec2Error(errors.NO_ATTRIBUTES)
    return modifiable.get(given.lower(), "")


def _attribute(sort: Sort, form: Form) -> str:
    """A snapshot has one attribute that can be modified, so that entries need not name it; an image has several."""
    both = sorted({*_structures(sort, form), _named_attribute(sort, form)} - {""})
    if len(both) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(both))
    if both:
        return both[0]
    if not any(name.split(".")[0] in LEGACY for name in form):
        raise Ec2Error(errors.NO_ATTRIBUTES)
    if len(sort.structures) == 1:
        return sort.permission
    if "OperationType" in form:  # Observed: aws/aws-cli#53 and #384, a server error for entries without Attribute.
        raise Ec2Error(errors.INTERNAL)
    raise Ec2Error(errors.MISSING_PARAMETER, name="LaunchPermission")


def _permissions(sort: Sort, form: Form, switches: Switches, held: frozenset[Grant]) -> Change:
    """Structure entries win; the ``UserId.N`` that packer sends beside them are only checked."""
    operation = form.get("OperationType", "")
    if operation not in ("", "add", "remove"):
        raise Ec2Error(errors.INVALID_VALUE, value=operation, name="operationType", reason="Expecting add or remove.")
    entries = _entries(sort, form, held)
    if not entries["Add"] and not entries["Remove"]:
        if not operation or not entries[""]:
            raise Ec2Error(errors.NO_OPERATION, name=sort.permission)
        entries[operation.capitalize()] = entries[""]
    add, remove = frozenset(entries["Add"]), frozenset(entries["Remove"])
    if add and remove and (sort.one_operation or switches.reject_add_and_remove):
        raise Ec2Error(errors.ONE_OPERATION)
    if sort.limit is not None and len(add) + len(remove) > sort.limit:
        raise Ec2Error(errors.TOO_MANY_ENTRIES, count=len(add) + len(remove), name=sort.permission, limit=sort.limit)
    return Change(sort.permission, add=add, remove=remove)


def _entries(sort: Sort, form: Form, held: frozenset[Grant]) -> dict[str, set[Grant]]:
    entries: dict[str, set[Grant]] = {"Add": set(), "Remove": set(), "": set()}
    for name, value in form.items():
        part, kind = _entry(name)
        if kind in sort.kinds:
            if part != "Remove" or (kind, value) not in held:
                _check_entry(kind, value)
            entries[part].add((kind, value))
    return entries


def _entry(name: str) -> tuple[str, str]:
    """(Add, Remove or blank for the legacy form; kind of entry, or blank for what is none)."""
    found = ENTRY.match(name)
    return (found[1], found[2]) if found else ("", LEGACY.get(name.split(".", 1)[0], ""))


def _check_entry(kind: str, value: str) -> None:
    pattern, error = PATTERNS[kind]
    if not pattern.fullmatch(value):
        raise Ec2Error(error, value=value)


def _check_value(attribute: str, value: str) -> None:
    reason = TEXTS[attribute].reason(value)
    if reason:
        raise Ec2Error(errors.INVALID_VALUE, value=value, name=attribute, reason=reason)
