# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happens behind a client's back right after a read: the switches ``mid_run`` and ``deregister_after_read``,
and ``pending_reads`` and ``hidden_reads`` of what was seeded.

Only these effects live here; the answer has been rendered before they happen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from local_ec2.state.current import STATE
from local_ec2.state.grants import from_options
from local_ec2.state.sorts import IMAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_ec2.state.keys import LocalKey
    from local_ec2.state.resource import Resource


def after_attribute_read(backend: Any, resource: Resource, attribute: str) -> None:
    change = STATE.switches.change_due(resource.id) if attribute == resource.sort.permission else None
    if change is not None:
        now = resource.attributes
        grants = (now.grants | from_options(change.get("add", {}))) - from_options(change.get("remove", {}))
        resource.change(replace(now, grants=grants))
    _remove(backend, [resource])


def after_policy_read(key: LocalKey) -> None:
    change = STATE.switches.change_due(key.arn)
    if change is not None:
        key.change(change["policy"])


def after_read(backend: Any, resources: Iterable[Resource]) -> None:
    """What is pending becomes ready after its number of answers, and a hidden snapshot of an image shows."""
    resources = list(resources)
    for resource in resources:
        if resource.sort is IMAGE:
            for snapshot in resource.storage:
                snapshot.hidden_reads = max(0, snapshot.hidden_reads - 1)
        if resource.pending_reads:
            resource.pending_reads -= 1
            resource.state = resource.state if resource.pending_reads else resource.sort.ready
    _remove(backend, resources)


def _remove(backend: Any, resources: Iterable[Resource]) -> None:
    waiting = STATE.switches.deregister_after_read
    if not waiting:
        return
    for resource in resources:
        if resource.id in waiting:
            waiting.remove(resource.id)
            _forget(backend, resource)


def _forget(backend: Any, resource: Resource) -> None:
    """moto keeps the snapshots of an image from being deleted; here one may be missing."""
    if resource.sort is IMAGE:
        backend.deregister_image(resource.id)
    else:
        del backend.snapshots[resource.id]
