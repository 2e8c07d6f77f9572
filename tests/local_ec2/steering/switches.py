# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The switches: every way in which this EC2 can be told to differ from its default behaviour.

Only values, their types and their merging live here; faults.py and the operations act on them.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from typing import Any

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin

from local_ec2.api.errors import Ec2Error
from local_ec2.api.errors import Kind

NUMBERS = frozenset({"latency", "read_lag", "filter_lag"})
COUNTS = frozenset({"throttle_every", "fail_every", "drop_every", "drop_after_every"})
READS = frozenset({"policy_lag_reads"})
QUOTAS = frozenset({"public_quota", "sharing_quota"})


@dataclass
class Switches:
    """All off by default. ``latency`` and ``*_lag`` are seconds; ``*_every`` is n for every n-th AWS request.

    With ``filter_lag``, what is new or newly shared with the caller is shown by id at once, and by filter after that
    time. With ``ignore_dry_run``, requests are carried out as if they had no ``DryRun``.

    ``errors_of``, ``mid_run`` and ``deregister_after_read`` take ids of images and snapshots. An error of ``errors_of``
    is answered ``times`` times, or always when that is left out. A change of ``mid_run`` happens after ``reads``
    answers with the permissions of its resource, after one when that is left out.

    Keys of KMS are named there by their ARNs: an error is answered by the actions on that key, and a change of
    ``mid_run``, which has the whole new ``policy``, happens after ``reads`` answers of GetKeyPolicy. The first
    ``policy_lag_reads`` of these after a write show the policy before it, as do all within ``read_lag``. With
    ``collapse_policy_lists``, they show every list of one as its entry, and not only those of principals.

    ``unknown_accounts`` do not exist as principals of key policies. ``organization_paths`` says where KMS sees
    accounts, {account: ``o-1/r-1/ou-1/``}, in place of where the seeded organization has them.

    Organizations answers an error of ``errors_of`` for the id of the organization, or of the account or OU that the
    request is about. With ``without_paths``, it shows neither paths nor states, as before 2026, and with
    ``accounts_without_paths``, it does so for these. With ``empty_pages``, each of its pages comes after one that is
    empty.
    """

    iam: bool = False
    block_public_access: dict[str, str] = field(default_factory=dict)
    block_public_access_snapshots: dict[str, str] = field(default_factory=dict)
    latency: float = 0
    buckets: bool = False
    throttle_every: int = 0
    fail_every: int = 0
    drop_every: int = 0
    drop_after_every: int = 0
    read_lag: float = 0
    filter_lag: float = 0
    errors_of: dict[str, dict[str, Any]] = field(default_factory=dict)
    mid_run: dict[str, dict[str, Any]] = field(default_factory=dict)
    deregister_after_read: list[str] = field(default_factory=list)
    accept_empty_description: bool = False
    reject_add_and_remove: bool = False
    dry_run_after_lookup: bool = False
    ignore_dry_run: bool = False
    public_quota: int | None = None
    sharing_quota: int | None = None
    policy_lag_reads: int = 0
    collapse_policy_lists: bool = False
    unknown_accounts: list[str] = field(default_factory=list)
    organization_paths: dict[str, str] = field(default_factory=dict)
    without_paths: bool = False
    accounts_without_paths: list[str] = field(default_factory=list)
    empty_pages: bool = False

    def merge(self, values: dict[str, Any]) -> None:
        """Set the switches named in ``values``; with one unknown or of a wrong type raise ValueError and set none."""
        known = [item.name for item in fields(self)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"unknown switch: {', '.join(unknown)}; known: {', '.join(known)}")
        wrong = sorted(name for name, value in values.items() if not self._fits(name, value))
        if wrong:
            raise ValueError(f"wrong type of value for: {', '.join(wrong)}")
        for name, value in values.items():
            setattr(self, name, value)
        enforce_iam(self.iam)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _fits(self, name: str, value: object) -> bool:
        if name in NUMBERS or name in COUNTS:
            return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
        if name in READS:
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if name in QUOTAS:
            return value is None or (isinstance(value, int) and not isinstance(value, bool))
        return isinstance(value, type(getattr(self, name)))

    def injected(self, action: str, resource_id: str, attribute: str) -> Ec2Error | None:
        """The error that ``errors_of`` holds for this request, or None. Without ``action`` it fits every action."""
        fault = self.errors_of.get(resource_id)
        if fault is None or fault.get("action", action) != action or fault.get("attribute", attribute) != attribute:
            return None
        return Ec2Error(Kind(str(fault["code"]), str(fault.get("message", "")), int(fault.get("status", 400))))

    def use_up(self, resource_id: str) -> None:
        """Count one answer with the error that ``errors_of`` holds for this resource."""
        fault = self.errors_of[resource_id]
        if "times" in fault:
            fault["times"] -= 1
            if not fault["times"]:
                del self.errors_of[resource_id]

    def change_due(self, resource_id: str) -> dict[str, Any] | None:
        """Count one read of the resource's permissions; the change that ``mid_run`` holds for after it, or None."""
        change = self.mid_run.get(resource_id)
        if change is None:
            return None
        change["reads"] = change.get("reads", 1) - 1
        return None if change["reads"] else self.mid_run.pop(resource_id)


def enforce_iam(on: bool) -> None:
    """moto enforces IAM once its count of requests has reached this number."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if on else math.inf
    ActionAuthenticatorMixin.request_count = 0
