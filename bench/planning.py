# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CPU seconds of planning and presenting, without EC2. Run as `python planning.py WORK.json`; prints them as JSON.

Only the module's pure functions are called here, and AnsibleModule's exit_json, on images not shared with anyone yet.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import sys
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.amikit.aws.plugins.module_utils._attributes.fleet import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import Images
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import Target
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import USER_IDS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Attributes
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import make_plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import present
from bench.module_process import give

IMAGES = Images()


def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    give(work)
    module = AnsibleModule(argument_spec=argument_spec(IMAGES))
    subjects = [Subject(Target("us-east-1", image_id)) for image_id in work["image_ids"]]
    clock = [time.process_time()]
    plan(subjects, work["user_ids"])
    clock.append(time.process_time())
    result = present(subjects, IMAGES.id_option, IMAGES.result_key, diff=True)
    clock.append(time.process_time())
    leave(module, result)
    clock.append(time.process_time())
    spent = [after - before for before, after in itertools.pairwise(clock)]
    print(json.dumps(dict(zip(("plan", "present", "exit_json"), spent, strict=True))))


def plan(subjects: list[Subject], accounts: list[str]) -> None:
    attribute = next(each for each in IMAGES.attributes if each.option == "launch_permissions")
    asked = AskedPermissions(attribute, frozenset(Permission(USER_IDS.option, account) for account in accounts))
    for subject in subjects:
        subject.plan = make_plan(Attributes(((attribute, frozenset()),)), [asked])
        subject.statuses = ["applied"] * len(subject.plan.requests)


def leave(module: AnsibleModule, result: dict[str, t.Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        module.exit_json(**result)


if __name__ == "__main__":
    main()
