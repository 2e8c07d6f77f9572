# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options and documentation of the filter; the work is done in plugin_utils/owners.py."""

from __future__ import annotations

import typing as t

from jinja2.exceptions import UndefinedError

from ansible_collections.amikit.aws.plugins.plugin_utils.lines import drifted

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
    description: Where the joined report is to be written.
    type: str
    default: ""
  hindrance:
    description: Why it cannot be written there.
    type: str
    default: ""
  failed:
    description: Those of the hosts that Ansible has given up, because nothing rescued them.
    type: list
    elements: str
    default: []
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
    page:
      description: Where the joined report is written. Empty if it is not.
      type: str
    failures:
      description: Which owners failed and why, and why no report is written. Empty if all is well.
      type: str
"""

_KEPT = ("summary", "preview", "report")  # of what the module returned
_NO_RESULT = "It was not reached, or failed before the role."
_GIVEN_UP = "It failed after its run, and nothing rescued it."


def join_owners(
    hostvars: t.Mapping[str, t.Any],
    hosts: t.Iterable[str],
    page: str = "",
    hindrance: str = "",
    failed: t.Container[str] = (),
) -> dict[str, t.Any]:
    """Return the report, the lines and the failures of all owners, and where the report is written."""
    # To find any filter of the collection, each process whose template uses one imports this file. Only this function
    # needs what makes reports, so it is imported here.
    from ansible_collections.amikit.aws.plugins.plugin_utils import owners  # noqa: PLC0415

    found = [owners.Owner(*_owner(host, hostvars[host], given_up=host in failed)) for host in hosts]
    hindered = (hindrance or owners.hindrance(found, page)) if page else ""
    written = "" if hindered else page
    problems = [f"ami_sharing_report: {hindered}"] if hindered else []
    return {
        "report": owners.joined(found),
        "lines": owners.as_lines(found, written),
        "page": written,
        "failures": "\n".join([*owners.failures(found), *problems]),
    }


def _owner(host: str, variables: t.Mapping[str, t.Any], *, given_up: bool) -> tuple[str, dict[str, t.Any], str, str]:
    """Return what an owners.Owner is made of."""
    ran = variables.get("_ami_sharing_run") or {}
    run = {key: _plain(ran[key]) for key in _KEPT if key in ran} if "summary" in ran else {}
    failure = variables.get("_ami_sharing_failure") or _unsaid(run, variables, given_up=given_up)
    return host, run, str(failure).strip(), _page(variables)


def _unsaid(run: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any], *, given_up: bool) -> str:
    """Return how an owner failed of which neither the role nor a rescue has said why."""
    if not run:
        return _NO_RESULT
    if variables.get("_ami_sharing_audited") and run["summary"]["changed"]:
        return drifted(run["summary"])
    return _GIVEN_UP if given_up else ""


def _page(variables: t.Mapping[str, t.Any]) -> str:
    """Return where the owner writes its own page: nowhere, if that depends on what is not there."""
    try:
        return str(variables.get("ami_sharing_report") or "")
    except UndefinedError:
        return ""


def _plain(value: t.Any) -> t.Any:
    """Return it with all that Ansible would look up only when it is asked for."""
    if isinstance(value, t.Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"join_owners": join_owners}
