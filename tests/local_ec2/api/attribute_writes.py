# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modifying and resetting attributes of images and snapshots.

Only what changes state lives here; the rules of sharing are in sharing_rules.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local_ec2.api import errors
from local_ec2.api import modify_forms
from local_ec2.api import parameters
from local_ec2.api import sharing_rules
from local_ec2.api.errors import Ec2Error
from local_ec2.api.steps import Call
from local_ec2.api.steps import in_state
from local_ec2.state.resource import Attributes
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from local_ec2.state.texts import TEXTS

if TYPE_CHECKING:
    from local_ec2.api.markup import Value

DONE: Value = {"return": True}


def modify_image_attribute(call: Call) -> Value:
    return _modify(call, IMAGE)


def modify_snapshot_attribute(call: Call) -> Value:
    return _modify(call, SNAPSHOT)


def _modify(call: Call, sort: Sort) -> Value:
    """One attribute of one resource. Nothing is changed unless all passes."""
    resource_id = call.well_formed(sort, parameters.required(call.form, sort.parameter))
    change = modify_forms.change(sort, call.form, call.switches)
    resource = call.modified(sort, resource_id, change.attribute)
    modify_forms.check_values(sort, change, resource.attributes.grants)
    in_state(resource, *sort.changeable)
    after = _after(resource.attributes, change)
    if change.attribute == sort.permission:
        sharing_rules.check(call, resource, after)
    resource.change(after, call.switches.read_lag)
    return DONE


def _after(before: Attributes, change: modify_forms.Change) -> Attributes:
    """Adding what is present and removing what is absent both succeed; additions come first."""
    if change.attribute in TEXTS:
        return before.with_text(change.attribute, change.value)
    return replace(before, grants=before.grants.union(change.add).difference(change.remove))


def reset_image_attribute(call: Call) -> Value:
    return _reset(call, IMAGE)


def reset_snapshot_attribute(call: Call) -> Value:
    return _reset(call, SNAPSHOT)


def _reset(call: Call, sort: Sort) -> Value:
    """Removes every entry, public and explicit; permissions are the only attribute that can be reset."""
    resource_id = parameters.required(call.form, sort.parameter)
    attribute = parameters.given(call.form, "Attribute")
    if attribute != sort.permission:
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    resource = in_state(call.target(sort, resource_id, attribute), *sort.changeable)
    resource.change(replace(resource.attributes, grants=frozenset()), call.switches.read_lag)
    return DONE
