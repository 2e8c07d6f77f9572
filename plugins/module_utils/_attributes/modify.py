# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The body of a module that sets attributes: its argument specification, and its run from options to result.

Here, and only here, the module object is used: nothing below knows it, and every error is presented here.
"""

from __future__ import annotations

import typing as t

from . import fleet
from . import keeping
from .ec2 import EC2
from .ec2 import EC2Error
from .ec2 import warn
from .options import CARE
from .options import PACE
from .options import InvalidOptionsError
from .options import misread_problems
from .options import parse_task
from .result import failure_message
from .result import failure_text
from .result import present
from .sending import decode_denials
from .session import session
from .subject import NAMED
from .subject import Subject

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    from .attribute import Attribute
    from .resource import Resource


def argument_spec(resource: Resource) -> dict[str, t.Any]:
    """Return the options of the resource's module, except those of the connection."""
    spec: dict[str, t.Any] = {
        resource.ids_option: {
            "type": "list",
            "elements": "raw",
            "required": True,
            "aliases": [resource.id_option],
            "no_log": False,  # Ansible takes what is about keys for a secret
        },
        **CARE,
        **PACE,
    }
    for attribute in resource.attributes:
        spec.update(_permission_options(attribute) if attribute.kinds else _options(attribute))
    return spec


def _options(attribute: Attribute) -> dict[str, t.Any]:
    if attribute.has_tags:
        return {attribute.option: {"type": "dict"}, f"purge_{attribute.option}": {"type": "bool", "default": False}}
    if isinstance(attribute.unset, bool) or attribute.of:
        return {attribute.option: {"type": "bool", **({"default": False} if attribute.of else {})}}
    choices = {"choices": list(attribute.choices)} if attribute.choices else {}
    return {attribute.option: {"type": "str", **choices}}


def _permission_options(attribute: Attribute) -> dict[str, t.Any]:
    entries = {
        "type": "dict",
        "no_log": False,
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
        keep, problems = keeping.keeper(module.params["backup"])
        problems += misread_problems(module.misread)
        task = parse_task(module.params, resource, ec2.region, ec2.endpoint_region, problems)
        regions = [target.region for target in task.targets[:1]]
        too_old = ec2.too_old_for(regions[0], [wish.attribute for wish in task.asked]) if regions else {}
    except InvalidOptionsError as error:
        module.fail_json(msg=str(error))
    except EC2Error as error:
        module.fail_json(msg=failure_text(error.failure))
    asked = tuple(wish for wish in task.asked if wish.attribute.option not in too_old)
    subjects = [Subject(resource, target, asked) for target in task.targets]
    with session(ec2, task.concurrency, wait=task.wait, wait_timeout=task.wait_timeout, keep=keep) as runtime:
        ended = fleet.work(runtime, subjects, dry_run=module.check_mode, preflight=module.params["preflight"])
        decode_denials(runtime, ended.subjects, at_most=NAMED)
    for warning in ended.warnings:
        warn(warning)
    failed = bool(ended.stopped or too_old) or any(subject.failure for subject in ended.subjects)
    result = present(ended.subjects, resource, diff=module._diff, failed=failed)  # noqa: SLF001 AnsibleModule has no other name for it
    result.update(keep.result if keep else {})
    if ended.stopped:
        module.fail_json(msg=f"backup: {ended.stopped}. Nothing was changed", **result)
    messages = [f"{option}: {why}" for option, why in too_old.items()]
    if any(subject.failure for subject in ended.subjects):
        messages.append(failure_message(ended.subjects, resource.noun, module.check_mode))
    if messages:
        module.fail_json(msg="\n".join(messages), **result)
    module.exit_json(**result)
