# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The body of a module that makes attributes so: its argument specification, and its run from options to result.

Here, and only here, the module object is used: nothing below knows it, and every error is presented here.
"""

from __future__ import annotations

import typing as t

from .ec2 import EC2
from .ec2 import EC2Error
from .fleet import Fleet
from .options import InvalidOptionsError
from .options import parse_task
from .result import failure_message
from .result import present
from .result import told

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    from .plan import Attribute
    from .resource import Resource


def argument_spec(resource: Resource) -> dict[str, t.Any]:
    """Return the options of the resource's module, those of the connection aside."""
    spec: dict[str, t.Any] = {
        resource.ids_option: {
            "type": "list",
            "elements": "raw",
            "required": True,
            "aliases": [resource.id_option],
        },
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 120},
        "concurrency": {"type": "int", "default": 16},
    }
    for attribute in resource.attributes:
        spec.update(_permission_options(attribute) if attribute.kinds else {attribute.option: {"type": "str"}})
    return spec


def _permission_options(attribute: Attribute) -> dict[str, t.Any]:
    entries = {
        "type": "dict",
        "options": {
            kind.option: {"type": "list", "elements": "str", "aliases": list(kind.aliases)} for kind in attribute.kinds
        },
    }
    return {
        attribute.option: entries,
        f"revoke_{attribute.option}": entries,
        f"purge_{attribute.option}": {"type": "bool", "default": False},
    }


def run(module: AnsibleAWSModule, resource: Resource) -> t.NoReturn:
    """Do what the module's options ask for, and exit with the result."""
    try:
        ec2 = EC2(module, module.params["concurrency"])
        task = parse_task(module.params, resource, ec2.region)
    except InvalidOptionsError as error:
        module.fail_json(msg=str(error))
    except EC2Error as error:
        module.fail_json(msg=told(error.failure))
    fleet = Fleet(ec2, resource, task)
    fleet.run(dry_run=module.check_mode)
    for warning in fleet.warnings:
        module.warn(warning)
    result = present(fleet.subjects, resource.id_option, resource.result_key, module._diff)  # noqa: SLF001 AnsibleModule has no other name for it
    if any(subject.failure for subject in fleet.subjects):
        module.fail_json(msg=failure_message(fleet.subjects, resource.noun, module.check_mode), **result)
    module.exit_json(**result)
