# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys of encrypted snapshots: moto's KMS, completed where it differs from KMS for DescribeKey.

Only keys and who may describe them live here.
"""

from __future__ import annotations

import contextlib
import json
from typing import NoReturn

from moto.core.exceptions import JsonRESTError
from moto.iam.access_control import PermissionResult
from moto.kms.models import Key
from moto.kms.models import KmsBackend
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import RESERVED_ALIASES

from local_ec2.services.conditions import Context
from local_ec2.services.iam import PARTITION
from local_ec2.services.iam import Ec2Request
from local_ec2.services.iam import Policy
from local_ec2.services.iam import user_of

AWS_MANAGED = "alias/aws/ebs"
CUSTOMER_MANAGED = "alias/snapshots"
FOREIGN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
    "policy explicitly denies access"
)


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


def _find(arn: str) -> Key | None:
    """Also None for a Region that moto does not know."""
    with contextlib.suppress(KeyError, ValueError):
        region, account, name = arn.split(":")[3:]
        return kms_backends[account][region].keys.get(name.removeprefix("key/"))
    return None


def is_aws_managed(arn: str) -> bool:
    """False for a key that does not exist."""
    key = _find(arn)
    return key is not None and not key.aliases.keys().isdisjoint(RESERVED_ALIASES)


class KmsRequest(Ec2Request):
    """moto's check of one signed request, with a denial as KMS words it."""

    def _raise_signature_does_not_match(self) -> NoReturn:
        raise JsonRESTError("InvalidSignatureException", "The request signature we calculated does not match.")

    def _raise_invalid_access_key(self, _: str) -> NoReturn:
        raise JsonRESTError("UnrecognizedClientException", "The security token included in the request is invalid.")

    def _context(self) -> Context:
        return {"aws:requestedregion": [self._region]}

    def _raise_access_denied(self) -> NoReturn:
        reason = (
            "with an explicit deny in an identity-based policy"
            if self._explicit()
            else f"because no identity-based policy allows the {self._action} action"
        )
        raise denied(self._access_key.arn, self._action, self._resource, reason)


def denied(arn: str, action: str, resource: str, reason: str) -> JsonRESTError:
    return JsonRESTError(
        "AccessDeniedException", f"User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}"
    )


class LocalKmsResponse(KmsResponse):
    """One KMS request."""

    def _determine_resource(self) -> str:
        """moto checks the permission of every action on ``*``, which a policy on one key does not allow."""
        key_id = json.loads(self.body or "{}").get("KeyId")
        return self._key_arn(key_id) if key_id else "*"

    def _key_arn(self, key_id: str) -> str:
        """Of what DescribeKey takes: an id, an ARN, or an alias, whose permission is that of its key."""
        if "alias/" in key_id:
            key_id = self.kms_backend.get_key_id_from_alias(self.kms_backend.get_alias_name(key_id)) or key_id
        return self._display_arn(key_id)

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        self._authenticate_and_authorize_action(KmsRequest, resource)

    def describe_key(self) -> str:
        """moto looks for a key of another account in the caller's, and treats every key as a customer's."""
        arn = self._key_arn(self._get_param("KeyId"))
        if f":{self.current_account}:" not in arn:
            return self._describe_foreign(arn)
        described: dict[str, dict[str, object]] = json.loads(super().describe_key())
        if is_aws_managed(arn):
            described["KeyMetadata"]["KeyManager"] = "AWS"
        return json.dumps(described)

    def _describe_foreign(self, arn: str) -> str:
        """The key's own policy must allow it as well; KMS does not say whether the key exists."""
        action, (account, user) = "kms:DescribeKey", user_of(self.access_key)
        key, root = _find(arn), f"arn:{PARTITION}:iam::{account}:root"
        context = {"kms:calleraccount": [account], "aws:principalaccount": [account]}
        policy = Policy(key.policy, context) if key is not None else None
        if key and policy and policy.is_action_permitted(action, arn, root) is PermissionResult.PERMITTED:
            return json.dumps(key.to_dict())
        caller = f"arn:{PARTITION}:iam::{account}:user/{user}" if user else root
        raise denied(caller, action, arn, FOREIGN)
