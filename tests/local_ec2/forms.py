# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading requests: which parameters an action knows, and what a ModifyImageAttribute request asks for.

Only syntax lives here: nothing in this file looks at an image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_ec2 import errors
from local_ec2.errors import Ec2Error
from local_ec2.images import GROUP
from local_ec2.images import KINDS
from local_ec2.images import ORGANIZATION
from local_ec2.images import UNIT
from local_ec2.images import USER
from local_ec2.images import Grant

if TYPE_CHECKING:
    from local_ec2.switches import Switches

Form = Mapping[str, str]

IMAGE = r"ImageId"
KNOWN = {
    "ModifyImageAttribute": IMAGE
    + r"|Attribute|Value|OperationType|(UserId|UserGroup|OrganizationArn|OrganizationalUnitArn|ProductCode)\.\d+"
    r"|(Description|ImdsSupport)\.Value"
    r"|LaunchPermission\.(Add|Remove)\.\d+\.(UserId|Group|OrganizationArn|OrganizationalUnitArn)",
    "DescribeImageAttribute": IMAGE + r"|Attribute",
    "ResetImageAttribute": IMAGE + r"|Attribute",
    "DescribeImages": r"(ImageId|Owner|ExecutableBy)\.\d+|Filter\.\d+\.(Name|Value\.\d+)|IncludeDeprecated"
    r"|IncludeDisabled|MaxResults|NextToken",
    "DisableImage": IMAGE,
    "EnableImage": IMAGE,
    "DeregisterImage": IMAGE + r"|DeleteAssociatedSnapshots",
    "GetImageBlockPublicAccessState": "",
    "EnableImageBlockPublicAccess": r"ImageBlockPublicAccessState",
    "DisableImageBlockPublicAccess": "",
}
COMMON = r"Action|Version|DryRun|AWSAccessKeyId|Signature\w*|Timestamp|Expires|SecurityToken|X-Amz-[\w-]+"
PARAMETERS = {action: re.compile(f"(?:{COMMON}|{names})$") for action, names in KNOWN.items()}

ENTRY = re.compile(r"LaunchPermission\.(Add|Remove)\.\d+\.(\w+)$")
LEGACY = {"UserId": USER, "UserGroup": GROUP, "OrganizationArn": ORGANIZATION, "OrganizationalUnitArn": UNIT}
STRUCTURES = {"Description": "description", "ImdsSupport": "imdsSupport", "LaunchPermission": "launchPermission"}
MODIFIABLE = {name.lower(): name for name in STRUCTURES.values()}
UNSUPPORTED = frozenset({"blockdevicemapping", "kernel", "ramdisk", "productcodes"})

# Patterns of the ARNs: Organizations API reference; EC2 Image Builder, which forwards to this call, has the same.
ACCOUNT = r"arn:aws[^:]*:organizations::[0-9]{12}:"
PATTERNS = {
    GROUP: (re.compile("all"), errors.BAD_GROUP),
    USER: (re.compile("[0-9]{12}"), errors.BAD_USER),
    ORGANIZATION: (re.compile(ACCOUNT + "organization/o-[a-z0-9]{10,32}"), errors.BAD_ORGANIZATION),
    UNIT: (re.compile(ACCOUNT + "ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"), errors.BAD_UNIT),
}
DESCRIPTION = re.compile(r"[\x20-\x7e]*")
IMAGE_ID = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")


@dataclass(frozen=True)
class Change:
    """What one ModifyImageAttribute request asks for: one attribute. ``value`` is for all but launchPermission."""

    attribute: str
    value: str = ""
    add: frozenset[Grant] = frozenset()
    remove: frozenset[Grant] = frozenset()


def check_parameters(action: str, form: Form) -> None:
    known = PARAMETERS[action].match
    for name in form:
        if not known(name):
            raise Ec2Error(errors.UNKNOWN_PARAMETER, name=name)


def required(form: Form, name: str) -> str:
    if not form.get(name):
        raise Ec2Error(errors.MISSING_PARAMETER, name=name)
    return form[name]


def values(form: Form, name: str) -> list[str]:
    """The values of ``Name.1``, ``Name.2``, ..."""
    head = name + "."
    return [value for key, value in form.items() if key.startswith(head)]


def flag(form: Form, name: str) -> bool:
    return form.get(name, "").lower() == "true"


def check_image_id(image_id: str) -> str:
    if not image_id.startswith("ami-"):
        raise Ec2Error(errors.MALFORMED_ID, image_id=image_id)
    if not IMAGE_ID.fullmatch(image_id):
        raise Ec2Error(errors.MALFORMED_ID_BODY, image_id=image_id)
    return image_id


def change(form: Form, switches: Switches, held: frozenset[Grant]) -> Change:
    """The change a form asks for, in any form EC2 takes (EC2 API reference, ModifyImageAttribute).

    Whether EC2 judges entries that are to be removed is not known. Here an entry that the image holds, however odd,
    can be removed, because nobody could be rid of it otherwise.
    """
    structures = _structures(form)
    named = _named_attribute(form)
    attribute = _attribute(form, structures, named)
    if attribute == "launchPermission":
        return _permissions(form, switches, held)
    head = attribute[0].upper() + attribute[1:]
    value = form.get(f"{head}.Value", form.get("Value"))
    if value is None or (value == "" and attribute == "description" and switches.reject_empty_description):
        raise Ec2Error(errors.MISSING_PARAMETER, name=attribute)
    _check_value(attribute, value)
    return Change(attribute, value)


def _structures(form: Form) -> list[str]:
    """The attributes whose structure is in the form; more than one is refused (observed: apache/libcloud#328)."""
    found = sorted({STRUCTURES[head] for name in form if (head := name.split(".")[0]) in STRUCTURES})
    if len(found) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(found))
    return found


def _named_attribute(form: Form) -> str:
    """``Attribute`` without regard to case, which EC2 ignores; blank when it is not given."""
    given = form.get("Attribute", "")
    if given.lower() in UNSUPPORTED:
        raise Ec2Error(errors.UNSUPPORTED_ATTRIBUTE, name=given)
    if any(name.startswith("ProductCode.") for name in form):
        raise Ec2Error(errors.UNSUPPORTED_ATTRIBUTE, name="productCodes")
    if given and given.lower() not in MODIFIABLE:
        raise Ec2Error(errors.NO_ATTRIBUTES)
    return MODIFIABLE.get(given.lower(), "")


def _attribute(form: Form, structures: list[str], named: str) -> str:
    both = sorted({*structures, named} - {""})
    if len(both) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(both))
    if both:
        return both[0]
    if not any(name.split(".")[0] in LEGACY for name in form):
        raise Ec2Error(errors.NO_ATTRIBUTES)
    if "OperationType" in form:  # Observed: aws/aws-cli#53 and #384, a server error for entries without Attribute.
        raise Ec2Error(errors.INTERNAL)
    raise Ec2Error(errors.MISSING_PARAMETER, name="LaunchPermission")


def _permissions(form: Form, switches: Switches, held: frozenset[Grant]) -> Change:
    """Structure entries win; the ``UserId.N`` that packer sends beside them are only checked."""
    operation = form.get("OperationType", "")
    if operation not in ("", "add", "remove"):
        raise Ec2Error(errors.INVALID_VALUE, value=operation, name="operationType", reason="Expecting add or remove.")
    entries: dict[str, set[Grant]] = {"Add": set(), "Remove": set(), "": set()}
    for name, value in form.items():
        part, kind = _entry(name)
        if kind in KINDS:
            if part != "Remove" or (kind, value) not in held:
                _check_entry(kind, value)
            entries[part].add((kind, value))
    if not entries["Add"] and not entries["Remove"]:
        if not operation or not entries[""]:
            raise Ec2Error(errors.NO_OPERATION)
        entries[operation.capitalize()] = entries[""]
    if entries["Add"] and entries["Remove"] and switches.reject_add_and_remove:
        raise Ec2Error(errors.ONE_OPERATION)
    return Change("launchPermission", add=frozenset(entries["Add"]), remove=frozenset(entries["Remove"]))


def _entry(name: str) -> tuple[str, str]:
    """(Add, Remove or blank for the legacy form; kind of entry, or blank for what is none)."""
    found = ENTRY.match(name)
    return (found[1], found[2]) if found else ("", LEGACY.get(name.split(".", 1)[0], ""))


def _check_entry(kind: str, value: str) -> None:
    pattern, error = PATTERNS[kind]
    if not pattern.fullmatch(value):
        raise Ec2Error(error, value=value)


def _check_value(attribute: str, value: str) -> None:
    if attribute == "imdsSupport" and value != "v2.0":
        raise Ec2Error(errors.INVALID_VALUE, value=value, name="imdsSupport", reason="Expecting v2.0.")
    if attribute == "description":
        _check_description(value)


def _check_description(value: str) -> None:
    """Observed: scylladb/scylladb#5435 (255 characters), wendylabsinc/WendyOS-Builder#56 (ASCII)."""
    if len(value) > 255:
        reason = "It exceeds 255 characters."
    elif not DESCRIPTION.fullmatch(value):
        reason = "Character sets beyond ASCII are not supported."
    elif value != value.strip():
        reason = "It must not begin or end with a blank."
    else:
        return
    raise Ec2Error(errors.INVALID_VALUE, value=value, name="description", reason=reason)
