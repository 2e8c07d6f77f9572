# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happens behind a client's back right after a read: the switches ``pending_reads``, ``mid_run`` and
``deregister_after_read``.

Only these effects live here; the answer has been rendered before they happen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from local_ec2.images import Image
from local_ec2.images import from_options
from local_ec2.state import STATE

if TYPE_CHECKING:
    from collections.abc import Iterable


def after_attribute_read(backend: Any, image: Image, attribute: str) -> None:
    change = STATE.switches.mid_run.pop(image.id, None) if attribute == "launchPermission" else None
    if change is not None:
        now = image.attributes
        grants = (now.grants | from_options(change.get("add", {}))) - from_options(change.get("remove", {}))
        image.change(replace(now, grants=grants))
    _deregister(backend, [image])


def after_images_read(backend: Any, images: Iterable[Image]) -> None:
    """A pending image becomes available after its number of answers."""
    images = list(images)
    for image in images:
        if image.pending_reads:
            image.pending_reads -= 1
            image.state = "available" if not image.pending_reads else image.state
    _deregister(backend, images)


def _deregister(backend: Any, images: Iterable[Image]) -> None:
    waiting = STATE.switches.deregister_after_read
    if not waiting:
        return
    for image in images:
        if image.id in waiting:
            waiting.remove(image.id)
            backend.deregister_image(image.id)
