# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options and documentation of the filter; the words are in plugin_utils/lines.py."""

from __future__ import annotations

import typing as t

from ansible_collections.amikit.aws.plugins.plugin_utils import lines

DOCUMENTATION = r"""
name: sum_up
version_added: 1.0.0
short_description: Sum up a run over policies in a few lines
description:
  - Returns the lines that the role P(amikit.aws.ami_sharing#role) prints. A line for each policy, one of who is
    affected if accounts have names, and the counts of the whole run.
author: The amikit contributors (@amikit)
positional: account_names
options:
  _input:
    description: What M(amikit.aws.ec2_ami_sharing) or M(amikit.aws.ami_sharing_restore) returned.
    type: dict
    required: true
  account_names:
    description: The names of accounts, by their ids.
    type: dict
    default: {}
  page:
    description: Where the report of the run is.
    type: str
    default: ""
  drift:
    description: Whether to say how images differ from the policies, as the playbook C(amikit.aws.audit) does.
    type: bool
    default: false
  check_mode:
    description: Whether a restoration ran in check mode, which its result does not say.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Compare the images with the policies
  amikit.aws.ec2_ami_sharing:
    region: us-east-1
    audit: true
    policies:
      - name: Golden images
        filters: {name: golden-*}
        pattern: share
        principals: ["111122223333"]
  register: compared

- name: Say how they differ
  ansible.builtin.debug:
    msg: "{{ compared | amikit.aws.sum_up({'111122223333': 'payments'}, drift=true) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "Golden images: 1 selected, 1 changed (1 grant, 0 revocations), 0 unchanged, 0 failed"
    - "Golden images: granted to 111122223333 (payments)"
    - "1 image: 1 changed (1 grant, 0 revocations), 0 unchanged, 0 failed"
"""


def sum_up(
    run: lines.Facts,
    account_names: lines.Names | None = None,
    page: str = "",
    *,
    drift: bool = False,
    check_mode: bool = False,
) -> list[str]:
    """Return the lines for a run over policies, or for a restoration."""
    if "policies" not in run:
        return lines.of_backup(run, check_mode=check_mode)
    return lines.drift(run, account_names or {}) if drift else lines.of_policies(run, account_names or {}, page)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"sum_up": sum_up}
