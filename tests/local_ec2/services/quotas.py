# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Service Quotas, for the quotas of AMIs that EC2 enforces.

Only what is reported of them lives here; sharing_rules.py enforces those that are switched on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.servicequotas.responses import ServiceQuotasResponse

from local_ec2.services.kms import KmsRequest
from local_ec2.state.current import STATE


@dataclass(frozen=True)
class Quota:
    """``default`` is AWS's (EC2 User Guide, "AMI quotas"), reported unless the switch has a value."""

    code: str
    name: str
    default: int
    switch: str


QUOTAS = (
    Quota("L-0E3CBAB9", "Public AMIs", 5, "public_quota"),
    Quota("L-70015FFA", "AMI sharing", 1000, "sharing_quota"),
)


class LocalQuotasResponse(ServiceQuotasResponse):
    """One request to Service Quotas. The quotas of other services are moto's."""

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        self._authenticate_and_authorize_action(KmsRequest, resource)

    def get_service_quota(self) -> str:
        quota = self._quota()
        if quota is None:
            return super().get_service_quota()
        value = getattr(STATE.switches, quota.switch)
        return self._answer(quota, quota.default if value is None else value)

    def get_aws_default_service_quota(self) -> str:
        quota = self._quota()
        if quota is None:
            raise JsonRESTError("NoSuchResourceException", "The specified resource does not exist.")
        return self._answer(quota, quota.default)

    def _quota(self) -> Quota | None:
        asked = json.loads(self.body)
        found = (quota for quota in QUOTAS if quota.code == asked.get("QuotaCode"))
        return next(found, None) if asked.get("ServiceCode") == "ec2" else None

    def _answer(self, quota: Quota, value: int) -> str:
        described: dict[str, Any] = {
            "ServiceCode": "ec2",
            "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
            "QuotaArn": f"arn:{self.partition}:servicequotas:{self.region}:{self.current_account}:ec2/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        return json.dumps({"Quota": described})
