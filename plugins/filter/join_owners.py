# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options and documentation of the filter; the work is done in plugin_utils/owners.py."""

from __future__ import annotations

import typing as t

from ansible_collections.amikit.aws.plugins.plugin_utils import owners

DOCUMENTATION = r"""
name: join_owners
version_added: 1.0.0
short_description: Join the reports of several owner accounts
description:
  - A part of the role P(amikit.aws.ami_sharing#role), which joins with it the runs of several hosts, one for each owner
    account. See C(tasks_from=owners).
author: The amikit contributors (@amikit)
positional: hosts
options:
  _input:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
  hosts:
    description: The hosts whose runs are joined.
    type: list
    elements: str
    required: true
  page:
    description: Where the joined report is written.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Say what became of each owner
  ansible.builtin.debug:
    msg: "{{ (hostvars | amikit.aws.join_owners(ansible_play_hosts_all)).lines }}"
"""

RETURN = r"""
_value:
  description: The joined report.
  type: dict
  contains:
    report:
      description:
        - The facts of the page of all owners, as RV(amikit.aws.ec2_ami_sharing#module:report) of one run.
        - In addition, C(owners) has the counts of each owner, and why it failed.
      type: dict
    lines:
      description: What became of each owner, and of all of them.
      type: list
      elements: str
    failures:
      description: Which owners failed and why. Empty if none did.
      type: str
"""

_NO_RESULT = "Its run has no result."


def join_owners(hostvars: t.Mapping[str, t.Any], hosts: t.Iterable[str], page: str = "") -> dict[str, t.Any]:
    """Return the report, the lines and the failures of all owners."""
    found = [_owner(host, hostvars[host]) for host in hosts]
    return {
        "report": owners.joined(found),
        "lines": owners.as_lines(found, page),
        "failures": owners.failures(found),
    }


def _owner(host: str, variables: t.Mapping[str, t.Any]) -> owners.Owner:
    """The role leaves ``_ami_sharing_run``. If it did not come to that, a rescue leaves what failed before."""
    run = _plain(variables.get("_ami_sharing_run") or {})
    if "summary" in run:
        return owners.Owner(host, run, variables.get("_ami_sharing_failure") or "")
    rescued = variables.get("ansible_failed_result") or {}
    return owners.Owner(host, {}, str(rescued.get("msg") or _NO_RESULT).strip())


def _plain(value: t.Any) -> t.Any:
    """Return it with all that Ansible would look up only when it is asked for."""
    if isinstance(value, t.Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"join_owners": join_owners}
