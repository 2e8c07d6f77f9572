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
from .plan import Failure
from .snapshots import is_associated
from .subject import NAMED
from .subject import Target
from .subject import in_batches

if t.TYPE_CHECKING:
    from .attribute import Description
    from .runtime import Runtime


# (Region, key) to whether AWS manages it, or to why a run that has asked already does not know.
Judged = dict[tuple[str, str], t.Union[bool, Failure]]


def snapshots_of(runtime: Runtime, batch: t.Sequence[Target]) -> dict[Target, Description]:
    """Return the descriptions of snapshots of one Region; raise EC2Error."""
    region, ids = batch[0].region, [target.id for target in batch]
    filters = [{"Name": "snapshot-id", "Values": ids}]
    response = runtime.ec2.call(region, "describe_snapshots", Filters=filters)
    return {Target(region, found["SnapshotId"]): found for found in response["Snapshots"]}


@dataclass
class ManagedKeys:
    """``snapshots`` maps each encrypted snapshot to its key: None for one not known yet, "" for none to judge by.

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
        for key in keys:
            answer = self.judged[key]
            if isinstance(answer, Failure):
                self._note(f"whether AWS manages the key {key[1]}", answer)
                self.judged[key] = False
        return {target for target, key in self.snapshots.items() if key and self.judged[target.region, key]}

    def _find_keys(self) -> None:
        unknown = [target for target, key in self.snapshots.items() if key is None]
        batches = in_batches(unknown, lambda target: target)
        for found in self.runtime.each(self._describe, batches):
            self.snapshots.update(found)
        self._unread += [f"the key of {target}" for target, key in self.snapshots.items() if key is None]

    def _describe(self, batch: list[Target]) -> dict[Target, str | None]:
        try:
            found = snapshots_of(self.runtime, batch)
        except EC2Error as error:
            self._note(f"the keys of {len(batch)} encrypted snapshot(s) in {batch[0].region}", error.failure)
            return dict.fromkeys(batch, "")
        return {target: "" if is_associated(each) else each.get("KmsKeyId") for target, each in found.items()}

    def _is_managed(self, key: tuple[str, str]) -> bool | Failure:
        region, key_id = key
        try:
            response = self.runtime.ec2.call(region, "describe_key", service="kms", patient=False, KeyId=key_id)
        except EC2Error as error:
            return error.failure
        return bool(response["KeyMetadata"].get("KeyManager") == "AWS")

    def _note(self, unread: str, failure: Failure) -> None:
        self._unread.append(f"{unread} ({failure.operation}: {failure.code})")
