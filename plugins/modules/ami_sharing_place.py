#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_sharing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ami_sharing_place
version_added: 1.0.0
short_description: Check where the role ami_sharing writes its report
description:
  - A part of the role P(amikit.aws.ami_sharing#role), which runs it before anything is sent to EC2. It changes with
    the role.
  - Fails if the page or the facts beside it cannot be written, are symbolic links, or would replace a file that is not
    an earlier report. Creates missing directories, in check mode too.
author:
  - The amikit contributors (@amikit)
options:
  page:
    description:
      - The absolute path of the page.
      - The facts are beside it, in a file of the same name that ends in C(.json).
    type: path
    required: true
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    details:
      - Check mode writes a report too, so it also creates the directory.
    support: full
  diff_mode:
    description: Returns the difference between the current state and the state asked for, when in diff mode.
    details:
      - This module changes no file, so there is no difference.
    support: N/A
  idempotent:
    description: When run twice in a row, without anything else changing in between, the second run changes nothing.
    support: full
seealso:
  - module: amikit.aws.ec2_ami_sharing
"""

EXAMPLES = r"""
- name: Check that a report can be written there
  amikit.aws.ami_sharing_place:
    page: "{{ playbook_dir }}/images.html"
"""

RETURN = r"""
page:
  description: Where the page is written.
  type: str
  returned: always, unless the module fails
  sample: /srv/reports/images.html
facts:
  description: Where the facts of the page are written.
  type: str
  returned: always, unless the module fails
  sample: /srv/reports/images.json
hindrance:
  description: Why it cannot be written there.
  type: str
  returned: if the module fails
  sample: /srv/reports is not a directory
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.amikit.aws.plugins.module_utils._sharing.place import facts_of
from ansible_collections.amikit.aws.plugins.module_utils._sharing.place import hindrance


def main() -> None:
    module = AnsibleModule(argument_spec={"page": {"type": "path", "required": True}}, supports_check_mode=True)
    page = Path(module.params["page"])
    problem = hindrance(page)
    if problem:
        module.fail_json(msg=f"ami_sharing_report: {problem}. Nothing was sent to EC2.", hindrance=problem)
    module.exit_json(changed=False, page=str(page), facts=str(facts_of(page)))


if __name__ == "__main__":
    main()
