# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading requests: which parameters an action knows, and their values.

Only syntax lives here. What a Modify request asks for is read by modify_forms.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.state.texts import TEXTS

Form = Mapping[str, str]

IMAGE = r"ImageId"
SNAPSHOT = r"SnapshotId"
KNOWN = {
    "ModifyImageAttribute": IMAGE
    + r"|Attribute|Value|OperationType|(UserId|UserGroup|OrganizationArn|OrganizationalUnitArn|ProductCode)\.\d+"
    rf"|({'|'.join(text.structure for text in TEXTS.values())})\.Value"
    r"|LaunchPermission\.(Add|Remove)\.\d+\.(UserId|Group|OrganizationArn|OrganizationalUnitArn)",
    "DescribeImageAttribute": IMAGE + r"|Attribute",
    "ResetImageAttribute": IMAGE + r"|Attribute",
    "DescribeImages": r"(ImageId|Owner|ExecutableBy)\.\d+|Filter\.\d+\.(Name|Value\.\d+)|IncludeDeprecated"
    r"|IncludeDisabled|MaxResults|NextToken",
    "DisableImage": IMAGE,
    "EnableImage": IMAGE,
    "EnableImageDeprecation": IMAGE + r"|DeprecateAt",
    "DisableImageDeprecation": IMAGE,
    "EnableImageDeregistrationProtection": IMAGE + r"|WithCooldown",
    "DisableImageDeregistrationProtection": IMAGE,
    "CancelImageLaunchPermission": IMAGE,
    "CreateTags": r"ResourceId\.\d+|Tag\.\d+\.(Key|Value)",
    "DeleteTags": r"ResourceId\.\d+|Tag\.\d+\.(Key|Value)",
    "DeregisterImage": IMAGE + r"|DeleteAssociatedSnapshots",
    "GetImageBlockPublicAccessState": "",
    "EnableImageBlockPublicAccess": r"ImageBlockPublicAccessState",
    "DisableImageBlockPublicAccess": "",
    "ModifySnapshotAttribute": SNAPSHOT + r"|Attribute|OperationType|(UserId|UserGroup)\.\d+"
    r"|CreateVolumePermission\.(Add|Remove)\.\d+\.(UserId|Group)",
    "DescribeSnapshotAttribute": SNAPSHOT + r"|Attribute",
    "ResetSnapshotAttribute": SNAPSHOT + r"|Attribute",
    "DescribeSnapshots": r"(SnapshotId|Owner|RestorableBy)\.\d+|Filter\.\d+\.(Name|Value\.\d+)|MaxResults|NextToken",
    "GetSnapshotBlockPublicAccessState": "",
    "EnableSnapshotBlockPublicAccess": r"State",
    "DisableSnapshotBlockPublicAccess": "",
}
COMMON = r"Action|Version|DryRun|AWSAccessKeyId|Signature\w*|Timestamp|Expires|SecurityToken|X-Amz-[\w-]+"
PARAMETERS = {action: re.compile(f"(?:{COMMON}|{names})$") for action, names in KNOWN.items()}


def check_parameters(action: str, form: Form) -> None:
    known = PARAMETERS[action].match
    for name in form:
        if not known(name):
            raise Ec2Error(errors.UNKNOWN_PARAMETER, name=name)


def required(form: Form, name: str) -> str:
    if not form.get(name):
        raise Ec2Error(errors.MISSING_PARAMETER, name=name)
    return form[name]


def given(form: Form, name: str) -> str:
    """For a parameter that may be empty, but not left out."""
    if name not in form:
        raise Ec2Error(errors.MISSING_PARAMETER, name=name)
    return form[name]


def values(form: Form, name: str) -> list[str]:
    """The values of ``Name.1``, ``Name.2``, ..."""
    head = name + "."
    return [value for key, value in form.items() if key.startswith(head)]


def flag(form: Form, name: str) -> bool:
    return form.get(name, "").lower() == "true"
