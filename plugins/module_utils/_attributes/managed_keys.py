# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Whose keys snapshots are encrypted under: EC2 refuses to share anything under the key that AWS manages for EBS.

Reading only. What cannot be read is not a failure: a warning names it, and EC2 decides.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

from .ec2 import EC2Error
from .subject import NAMED
from .subject import Target
from .subject import in_batches

if t.TYPE_CHECKING:
    from .runtime import Runtime


Judged = dict[tuple[str, str], bool]  # (Region, key) to whether AWS manages it


@dataclass
class ManagedKeys:
    """``snapshots`` maps each encrypted snapshot to its key, None where that is not known yet.

    ``judged`` says which keys AWS manages, as far as a run has asked.
    """

    runtime: Runtime
    snapshots: dict[Target, str | None]
    judged: Judged
    _unread: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What could not be read, in one warning: a fleet may be under many keys."""
        if not self._unread:
            return []
        shown = "; ".join(self._unread[:NAMED]) + ("; …" if len(self._unread) > NAMED else "")
        refused = "EC2 refuses to share what is encrypted under the key that AWS manages for EBS"
        return [f"Could not read {shown}. {refused}; it will decide"]

    def managed(self) -> set[Target]:
        """Return the snapshots whose key AWS manages: one DescribeKey for each key, whatever the snapshots."""
        self._find_keys()
        keys = list(dict.fromkeys((target.region, key) for target, key in self.snapshots.items() if key))
        new = [key for key in keys if key not in self.judged]
        self.judged.update(zip(new, self.runtime.each(self._is_managed, new)))
        return {target for target, key in self.snapshots.items() if key and self.judged[target.region, key]}

    def _find_keys(self) -> None:
        unknown = [target for target, key in self.snapshots.items() if key is None]
        batches = in_batches(unknown, lambda target: target)
        for found in self.runtime.each(self._describe, batches):
            self.snapshots.update(found)
        self._unread += [f"the key of {target}" for target, key in self.snapshots.items() if key is None]

    def _describe(self, batch: list[Target]) -> dict[Target, str | None]:
        region, ids = batch[0].region, [target.id for target in batch]
        filters = [{"Name": "snapshot-id", "Values": ids}]
        try:
            response = self.runtime.ec2.call(region, "describe_snapshots", Filters=filters)
        except EC2Error as error:
            self._note(f"the keys of {len(ids)} encrypted snapshot(s) in {region}", error)
            return {Target(region, snapshot): "" for snapshot in ids}
        return {Target(region, found["SnapshotId"]): found.get("KmsKeyId") for found in response["Snapshots"]}

    def _is_managed(self, key: tuple[str, str]) -> bool:
        region, key_id = key
        try:
            response = self.runtime.ec2.call(region, "describe_key", service="kms", patient=False, KeyId=key_id)
        except EC2Error as error:
            self._note(f"whether AWS manages the key {key_id}", error)
            return False
        return bool(response["KeyMetadata"].get("KeyManager") == "AWS")

    def _note(self, unread: str, error: EC2Error) -> None:
        self._unread.append(f"{unread} ({error.failure.operation}: {error.failure.code})")
