# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of requests: what was asked, by whom, and how it ended.

Only recording lives here. Headers never enter it, so it cannot hold signatures or keys.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from local_ec2.state.sorts import SORTS

CREDENTIALS = ("AWSAccessKeyId", "Signature", "SecurityToken", "X-Amz-")


@dataclass
class Entry:
    """One request. ``status`` is the HTTP status, 0 while under way or when the connection was dropped."""

    number: int
    service: str
    action: str
    region: str
    image_id: str
    snapshot_id: str
    attribute: str
    dry_run: bool
    principal: str
    parameters: dict[str, str]
    status: int = 0
    code: str = ""
    started: float = field(default_factory=time.monotonic)


class Record:
    """The requests in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def open(self, service: str, region: str, principal: str, form: dict[str, str]) -> Entry:
        """Note a request as it arrives; its status and code are filled in when it is answered."""
        parameters = {name: value for name, value in form.items() if not name.startswith(CREDENTIALS)}
        with self._lock:
            entry = Entry(
                number=len(self._entries) + 1,
                service=service,
                action=form.get("Action", ""),
                region=region,
                image_id=form.get("ImageId", ""),
                snapshot_id=form.get("SnapshotId", ""),
                attribute=attribute_of(form),
                dry_run=form.get("DryRun", "").lower() == "true",
                principal=principal,
                parameters=parameters,
            )
            self._entries.append(entry)
        return entry

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def summary(self) -> list[dict[str, Any]]:
        """Requests by action, in order of first use."""
        with self._lock:
            counts = Counter(entry.action for entry in self._entries)
        return [{"action": action, "count": count} for action, count in counts.items()]


def attribute_of(form: dict[str, str]) -> str:
    """The attribute a request is about, inferred from its structure when it is not named."""
    if form.get("Attribute"):
        return form["Attribute"][:1].lower() + form["Attribute"][1:]
    for sort in SORTS:
        if form.get("Action") == f"Modify{sort.name.capitalize()}Attribute":
            heads = (name.split(".")[0] for name in form)
            return next((sort.structures[head] for head in heads if head in sort.structures), "")
    return ""
