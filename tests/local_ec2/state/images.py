# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An image: moto's, with the attributes that moto does not keep.

Only one image's own state lives here. What may be done to it is decided by attribute_writes.py.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from typing import TYPE_CHECKING
from typing import Any

import moto.ec2.models.amis as moto_amis

from local_ec2.state.grants import in_order
from local_ec2.state.resource import Resource
from local_ec2.state.resource import timestamp
from local_ec2.state.sorts import IMAGE
from local_ec2.state.texts import FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from local_ec2.state.snapshots import Snapshot

_moto_ami = moto_amis.Ami


class Image(Resource, _moto_ami):
    """moto's AMI with all attributes. Timestamps are EC2's text form."""

    sort = IMAGE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.deprecation_time: str | None = None
        self.last_launched_time: str | None = None
        self.deregistration_protection = "disabled"
        self.tpm_support: str | None = None
        self.sriov_net_support: str | None = None
        self.ena_support = False
        self.ephemeral = False
        self.unseen_reads = 0
        self.unseen_until = 0.0
        super().__init__(*args, **kwargs)
        self.snapshots: list[Snapshot] = [self.ebs_snapshot]

    @property
    def launch_permissions(self) -> list[dict[str, str]]:
        return [{kind: value} for kind, value in in_order(self.seen.grants)]

    @launch_permissions.setter
    def launch_permissions(self, permissions: list[dict[str, str]]) -> None:
        grants = frozenset(grant for permission in permissions for grant in permission.items())
        self._attributes = replace(self._attributes, grants=grants)

    @property
    def description(self) -> str | None:
        return self.seen.texts.get("description")

    @description.setter
    def description(self, description: str | None) -> None:
        self._attributes = self._attributes.with_text("description", description)

    @property
    def unseen(self) -> bool:
        return self.unseen_reads > 0 or time.monotonic() < self.unseen_until

    @property
    def protection(self) -> str:
        """``disabled after TIME`` is a protection with a cool-down that was disabled; it holds until then."""
        after = self.deregistration_protection.removeprefix("disabled after ")
        over = after != self.deregistration_protection and after <= timestamp(datetime.now(timezone.utc))
        return "disabled" if over else self.deregistration_protection

    @property
    def storage(self) -> list[Snapshot]:
        return self.snapshots

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name in FILTERS:
            return self.seen.texts.get(FILTERS[filter_name], "")
        if filter_name == "block-device-mapping.snapshot-id":
            return [snapshot.id for snapshot in self.snapshots]
        if filter_name == "creation-date":
            return timestamp(self.creation_date)
        return super().get_filter_value(filter_name, method_name)

    def registered(self, parameter: Callable[[str], Any]) -> None:
        """What RegisterImage is given and moto drops; ``parameter`` tells the value of one."""
        self.ena_support = bool(parameter("EnaSupport"))
        self.sriov_net_support = parameter("SriovNetSupport")
        self.tpm_support = parameter("TpmSupport")
        self.boot_mode = parameter("BootMode")
        self._attributes = self._attributes.with_text("imdsSupport", parameter("ImdsSupport"))

    def replace_snapshots(self, snapshots: Iterable[Snapshot]) -> None:
        """Give the image these in place of moto's single plain one."""
        del self.ec2_backend.snapshots[self.ebs_snapshot.id]
        self.snapshots = list(snapshots)


def install() -> None:
    """Let everything that moto creates (RegisterImage, CreateImage, CopyImage) be an Image."""
    moto_amis.Ami = Image  # type: ignore[misc]
