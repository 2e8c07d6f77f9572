# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A snapshot: moto's, with product codes, a state that can change, and permissions that change as those of images.

Only one snapshot's own state lives here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import moto.ec2.models.elastic_block_store as moto_storage

from local_ec2.state import keys
from local_ec2.state.grants import USER
from local_ec2.state.resource import Attributes
from local_ec2.state.resource import Resource
from local_ec2.state.resource import timestamp
from local_ec2.state.sorts import SNAPSHOT

_moto_snapshot = moto_storage.Snapshot


class Snapshot(Resource, _moto_snapshot):
    """moto's snapshot. ``kms_key_id`` is the ARN of a key, which need not be of the owner's account.

    ``associated_kms_keys`` are those of further keys. What EC2 permits because of them is not known: here, nothing.
    """

    sort = SNAPSHOT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.product_codes: set[str] = set()
        self.hidden_reads = 0
        self.associated_kms_keys: list[str] = []
        super().__init__(*args, **kwargs)
        if self.encrypted and not self.kms_key_id:
            region = self.ec2_backend.region_name
            self.kms_key_id = keys.arn_for(self.volume.kms_key_id or keys.AWS_MANAGED, self.owner_id, region)

    @property
    def state(self) -> str:
        """As an image's; moto calls it ``status``, as EC2 does."""
        return self.status

    @state.setter
    def state(self, state: str) -> None:
        self.status = state

    def change(self, attributes: Attributes, lag: float = 0) -> None:
        """The owner's own account is accepted but never listed (recorded). An image lists it."""
        super().change(replace(attributes, grants=attributes.grants - {(USER, self.owner_id)}), lag)

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name == "start-time":
            return timestamp(self.start_time)
        return super().get_filter_value(filter_name, method_name)

    @property
    def progress(self) -> str:
        return "0%" if self.status == "pending" else "100%"

    @property
    def storage(self) -> list[Snapshot]:
        return [self]

    @property
    def under_aws_managed_key(self) -> bool:
        return keys.is_aws_managed(self.kms_key_id or "")


def install() -> None:
    """Let everything that moto creates (CreateSnapshot, CopySnapshot, CreateImage) be a Snapshot."""
    moto_storage.Snapshot = Snapshot  # type: ignore[misc]
