# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A KMS key: moto's, with a policy that is kept and shown as KMS does, and that reads may show late.

Only keys themselves live here. Who may do what with them is decided by services/kms.py.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
from dataclasses import dataclass
from typing import Any
from typing import cast

import moto.kms.models as moto_kms
from moto.kms.models import KmsBackend
from moto.kms.models import kms_backends
from moto.kms.utils import RESERVED_ALIASES

from local_ec2.services import principals
from local_ec2.services.iam import PARTITION

AWS_MANAGED = "alias/aws/ebs"
CUSTOMER_MANAGED = "alias/snapshots"

_moto_key = moto_kms.Key
Json = dict[str, Any]


@dataclass
class _Past:
    """A policy that was replaced. Reads show it until that time, and at least that often."""

    document: Json
    until: float
    reads: int


class LocalKey(_moto_key):
    """moto's key. ``key_state`` is its state."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._document: Json = {}
        self._past: list[_Past] = []
        super().__init__(*args, **kwargs)
        if self.multi_region:
            self.rename(self.id.replace("mrk-", "").replace("-", ""))

    def rename(self, key_id: str) -> None:
        """The id of a multi-Region key begins with mrk-, as nothing else does."""
        self.id = f"mrk-{key_id.removeprefix('mrk-')}" if self.multi_region else key_id
        self.arn = f"arn:{PARTITION}:kms:{self.region}:{self.account_id}:key/{self.id}"
        if self.multi_region:
            self.multi_region_configuration["PrimaryKey"]["Arn"] = self.arn

    @property
    def is_aws_managed(self) -> bool:
        return not self.aliases.keys().isdisjoint(RESERVED_ALIASES)

    @property
    def document(self) -> Json:
        """The policy in truth."""
        return principals.renamed(self._kept(), principals.shown)

    @property
    def policy(self) -> str:
        return as_text(self.document)

    @policy.setter
    def policy(self, text: str) -> None:
        self._document = principals.renamed(json.loads(text), principals.kept)

    def change(self, document: Json, lag: float = 0, reads: int = 0) -> None:
        """Make this the policy, which reads show after ``lag`` seconds and ``reads`` answers.

        The order of principals is not kept (observed: hashicorp/terraform-provider-aws#11801 and #39788).
        """
        self._past.append(_Past(self._kept(), time.monotonic() + lag, reads))
        self._document = principals.renamed(document, principals.kept, turned=True)

    def read(self) -> Json:
        """The policy as one answer shows it."""
        now = time.monotonic()
        self._past = [past for past in self._past if past.reads > 0 or past.until > now]
        if not self._past:
            return self.document
        self._past[0].reads -= 1
        return principals.renamed(self._past[0].document, principals.shown)

    def _kept(self) -> Json:
        return managed_policy(self.account_id, self.region) if self.is_aws_managed else self._document

    def to_dict(self) -> Json:
        described: Json = super().to_dict()
        metadata = described["KeyMetadata"]
        metadata["KeyManager"] = "AWS" if self.is_aws_managed else "CUSTOMER"
        if self.multi_region:
            primary = self.multi_region_configuration["PrimaryKey"]["Arn"] == self.arn
            kind = "PRIMARY" if primary else "REPLICA"
            metadata["MultiRegionConfiguration"] = {**self.multi_region_configuration, "MultiRegionKeyType": kind}
        return described

    def replicate(self, region: str, policy: str | None) -> LocalKey:
        """One more of the same id, with a policy, aliases and grants of its own."""
        backend: KmsBackend = kms_backends[self.account_id][region]
        replica = cast(
            "LocalKey", backend.create_key(policy, self.key_usage, self.key_spec, self.description, None, True)
        )
        del backend.keys[replica.id]
        replica.rename(self.id)
        backend.keys[self.id] = replica
        replica.multi_region_configuration = self.multi_region_configuration
        self.multi_region_configuration["ReplicaKeys"].append({"Arn": replica.arn, "Region": region})
        return replica


def managed_policy(account: str, region: str) -> Json:
    """Of the key that AWS manages for EBS (observed: aws/karpenter-provider-aws#1407)."""
    use = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey"]
    metadata = ["Describe*", "Get*", "List*", "RevokeGrant"]
    through = {"kms:ViaService": f"ec2.{region}.amazonaws.com", "kms:CallerAccount": account}
    return {
        "Version": "2012-10-17",
        "Id": "auto-ebs-2",
        "Statement": [
            {
                "Sid": "Allow access through EBS for all principals in the account that are authorized to use EBS",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"kms:{action}" for action in use],
                "Resource": "*",
                "Condition": {"StringEquals": through},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{PARTITION}:iam::{account}:root"},
                "Action": [f"kms:{action}" for action in metadata],
                "Resource": "*",
            },
        ],
    }


def as_text(document: Json) -> str:
    """As KMS lays it out (KMS API reference, GetKeyPolicy)."""
    return json.dumps(document, indent=2, separators=(",", " : "))


def collapsed(value: Any) -> Any:
    """Each list of one text as that text, at any depth."""
    if isinstance(value, dict):
        return {name: collapsed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return value[0] if len(value) == 1 and isinstance(value[0], str) else [collapsed(inner) for inner in value]
    return value


def arn_for(key_id: str | None, account: str, region: str) -> str:
    """The ARN of the key that a seed names.

    None stands for the customer managed key of ``account``, so that the snapshot may be shared; a name ending in
    ``aws/ebs`` for its AWS managed one. Both are made when first asked for. Another alias must exist.
    """
    backend: KmsBackend = kms_backends[account][region]
    alias = AWS_MANAGED if key_id and key_id.endswith("aws/ebs") else key_id or CUSTOMER_MANAGED
    if alias.startswith("alias/"):
        return _behind(backend, alias)
    return alias if alias.startswith("arn:") else f"arn:{PARTITION}:kms:{region}:{account}:key/{alias}"


def _behind(backend: KmsBackend, alias: str) -> str:
    if alias == CUSTOMER_MANAGED and not backend.alias_exists(alias):
        key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "For snapshots", None)
        backend.create_alias(key.id, alias)
    key_id = backend.get_key_id_from_alias(alias)
    if key_id is None:
        raise ValueError(f"no key has the alias {alias}")
    return backend.keys[key_id].arn


def find(arn: str) -> LocalKey | None:
    """The key of an ARN, or behind that of an alias. Also None for a Region that moto does not know."""
    with contextlib.suppress(KeyError, ValueError):
        region, account, name = arn.split(":")[3:]
        backend: KmsBackend = kms_backends[account][region]
        key_id = backend.get_key_id_from_alias(name) if name.startswith("alias/") else name.removeprefix("key/")
        return cast("LocalKey | None", backend.keys.get(key_id or ""))
    return None


def is_aws_managed(arn: str) -> bool:
    """False for a key that does not exist."""
    key = find(arn)
    return key is not None and key.is_aws_managed


def install() -> None:
    """Let every key that moto creates be a LocalKey."""
    moto_kms.Key = LocalKey  # type: ignore[misc]
    # moto makes a pair of RSA keys for each key, for a fifth of a second. Nobody signs here.
    moto_kms.generate_private_key = functools.cache(moto_kms.generate_private_key)  # type: ignore[attr-defined]
