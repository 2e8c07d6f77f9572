# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A filter for names that do not exist: what each was probably meant to be."""

from __future__ import annotations

import difflib
import typing as t

DOCUMENTATION = r"""
name: did_you_mean
version_added: 1.0.0
short_description: Suggest the nearest existing name for each name that does not exist
description:
  - A part of the role P(amikit.aws.ami_sharing#role), which checks its variables with it. It changes with the role.
  - Returns each name together with the most similar of the names that exist.
author: The amikit contributors (@amikit)
positional: known
options:
  _input:
    description: The names that do not exist.
    type: list
    elements: str
    required: true
  known:
    description: The names that exist. At least one is needed.
    type: list
    elements: str
    required: true
  prefix:
    description: A prefix of the names that is ignored when they are compared.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Say what was probably meant
  ansible.builtin.debug:
    msg: "{{ ['ami_sharing_reprot'] | amikit.aws.did_you_mean(['ami_sharing_report', 'ami_sharing_regions']) }}"
"""

RETURN = r"""
_value:
  description: A text for each name.
  type: list
  elements: str
  sample: ["ami_sharing_reprot (did you mean ami_sharing_report?)"]
"""


def did_you_mean(names: t.Iterable[str], known: t.Iterable[str], prefix: str = "") -> list[str]:
    """Return each name with the nearest known one, ignoring the prefix."""
    bare = {_without(prefix, name): name for name in known}
    return [f"{name} (did you mean {bare[_nearest(_without(prefix, name), bare)]}?)" for name in names]


def _nearest(name: str, known: t.Iterable[str]) -> str:
    return max(sorted(known), key=lambda each: difflib.SequenceMatcher(None, name, each).ratio())


def _without(prefix: str, name: str) -> str:
    return name.removeprefix(prefix)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"did_you_mean": did_you_mean}
