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

from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Value
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import USER_IDS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import present
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from bench.module_process import give


def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    give(work)
    module = AnsibleModule(argument_spec=argument_spec(IMAGES))
    subjects = subjects_of(work)
    clock = [time.process_time()]
    plan(subjects)
    clock.append(time.process_time())
    result = present(subjects, IMAGES, diff=True, failed=False)
    clock.append(time.process_time())
    leave(module, result)
    clock.append(time.process_time())
    spent = [after - before for before, after in itertools.pairwise(clock)]
    print(json.dumps(dict(zip(("plan", "present", "exit_json"), spent, strict=True))))


def subjects_of(work: dict[str, t.Any]) -> list[Subject]:
    """Return the images as they are once they are read, asked to be shared."""
    launch = IMAGES.permissions
    accounts = frozenset(Permission(USER_IDS.option, account) for account in work["user_ids"])
    asked = (AskedPermissions(launch, accounts),)
    nobody: dict[str, Value] = {launch.option: frozenset()}
    return [Subject(IMAGES, Target("us-east-1", image_id), asked, read=nobody) for image_id in work["image_ids"]]


def plan(subjects: list[Subject]) -> None:
    for subject in subjects:
        subject.make_plan(0)
        for number in range(len(subject.steps)):
            subject.ended(number, "applied")


def leave(module: AnsibleModule, result: dict[str, t.Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        module.exit_json(**result)


if __name__ == "__main__":
    main()
