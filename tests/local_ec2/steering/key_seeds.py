# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Making KMS keys from the objects that the control API takes, and telling the truth about one.

Only creation lives here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import cast

from moto.kms.models import KmsBackend
from moto.kms.models import kms_backends

from local_ec2.state.keys import LocalKey
from local_ec2.state.keys import find
from local_ec2.steering import seeds


@dataclass
class KeySpec:
    """One key to make. Every field may be left out.

    ``policy`` is taken as it is, so that it may hold what KMS no longer accepts. Without it the key has the default
    one, as has each replica of the multi-Region key that it is with ``replica_regions``. With the alias
    ``alias/aws/ebs`` it is AWS's own, and so is its policy. ``state`` is any of KMS's.
    """

    key_id: str | None = None
    region: str = "us-east-1"
    account: str = seeds.ACCOUNT
    aliases: list[str] = field(default_factory=list)
    policy: dict[str, Any] | None = None
    state: str = "Enabled"
    replica_regions: list[str] = field(default_factory=list)


def create(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make a key of each object; answers [{key_id, arn, region, replica_arns}]. ValueError names unknown fields."""
    seeds.check(items, KeySpec)
    return [_create(KeySpec(**item)) for item in items]


def _create(spec: KeySpec) -> dict[str, Any]:
    backend: KmsBackend = kms_backends[spec.account][spec.region]
    policy = None if spec.policy is None else json.dumps(spec.policy)
    several = bool(spec.replica_regions)
    key = cast("LocalKey", backend.create_key(policy, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None, several))
    if spec.key_id:
        del backend.keys[key.id]
        key.rename(spec.key_id)
        backend.keys[key.id] = key
    for alias in spec.aliases:
        backend.create_alias(key.id, alias)
    replicas = [key.replicate(region, None) for region in spec.replica_regions]
    _put_in_state(backend, key, spec.state)
    return {
        "key_id": key.id,
        "arn": key.arn,
        "region": spec.region,
        "replica_arns": [replica.arn for replica in replicas],
    }


def _put_in_state(backend: KmsBackend, key: LocalKey, state: str) -> None:
    if state == "PendingDeletion":
        backend.schedule_key_deletion(key.id, 30)
    key.key_state = state
    key.enabled = state == "Enabled"


def show(arn: str) -> dict[str, Any] | None:
    """The truth, without lag."""
    key = find(arn)
    if key is None:
        return None
    return {
        "key_id": key.id,
        "arn": key.arn,
        "state": key.key_state,
        "manager": "AWS" if key.is_aws_managed else "CUSTOMER",
        "aliases": sorted(key.aliases),
        "policy": key.document,
    }
