# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modifying and resetting attributes of images and snapshots.

Only what changes state lives here; the rules of sharing are in sharing.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local_ec2 import changes
from local_ec2 import errors
from local_ec2 import forms
from local_ec2 import sharing
from local_ec2.calls import Call
from local_ec2.calls import in_state
from local_ec2.errors import Ec2Error
from local_ec2.shared import Attributes
from local_ec2.sorts import IMAGE
from local_ec2.sorts import SNAPSHOT
from local_ec2.sorts import Sort
from local_ec2.texts import TEXTS

if TYPE_CHECKING:
    from local_ec2.markup import Value

DONE: Value = {"return": True}


def modify_image_attribute(call: Call) -> Value:
    return _modify(call, IMAGE)


def modify_snapshot_attribute(call: Call) -> Value:
    return _modify(call, SNAPSHOT)


def _modify(call: Call, sort: Sort) -> Value:
    """One attribute of one resource. Nothing is changed unless all passes."""
    resource_id = call.well_formed(sort, forms.required(call.form, sort.parameter))
    change = changes.change(sort, call.form, call.switches)
    resource = call.modified(sort, resource_id, change.attribute)
    changes.check_values(sort, change, resource.attributes.grants)
    in_state(resource, *sort.changeable)
    after = _after(resource.attributes, change)
    if change.attribute == sort.permission:
        sharing.check(call, resource, after)
    resource.change(after, call.switches.read_lag)
    return DONE


def _after(before: Attributes, change: changes.Change) -> Attributes:
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
    resource_id = forms.required(call.form, sort.parameter)
    attribute = forms.given(call.form, "Attribute")
    if attribute != sort.permission:
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    resource = in_state(call.target(sort, resource_id, attribute), *sort.changeable)
    resource.change(replace(resource.attributes, grants=frozenset()), call.switches.read_lag)
    return DONE
