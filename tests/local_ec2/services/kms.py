# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KMS: moto's, completed where it differs from KMS for describing keys and for reading and writing their policies.

Only requests live here. Their order: IAM, the key that is named, its own policy, an injected error, what was asked.
"""

from __future__ import annotations

import json
import re
from typing import Any
from typing import NoReturn

from moto.kms.responses import KmsResponse

from local_ec2.api import errors
from local_ec2.services import judge
from local_ec2.services.conditions import Context
from local_ec2.services.iam import PARTITION
from local_ec2.services.iam import Ec2Request
from local_ec2.services.iam import user_of
from local_ec2.services.key_policies import check
from local_ec2.services.kms_errors import KmsError
from local_ec2.state.current import STATE
from local_ec2.state.keys import LocalKey
from local_ec2.state.keys import as_text
from local_ec2.state.keys import collapsed
from local_ec2.state.keys import find
from local_ec2.state.organization import parent_path
from local_ec2.steering.aftermath import after_policy_read

KEY_ID = re.compile(r"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# KMS API reference, "Cross-account use".
CROSS_ACCOUNT = ("kms:DescribeKey", "kms:CreateGrant")
FOREIGN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
    "policy explicitly denies access"
)


class KmsRequest(Ec2Request):
    """moto's check of one signed request, with a denial as KMS words it."""

    def _raise_signature_does_not_match(self) -> NoReturn:
        raise KmsError(errors.BAD_KMS_SIGNATURE)

    def _raise_invalid_access_key(self, _: str) -> NoReturn:
        raise KmsError(errors.IN_KMS[errors.BAD_CREDENTIALS.code])

    def _context(self) -> Context:
        return {"aws:requestedregion": [self._region]}

    def _raise_access_denied(self) -> NoReturn:
        reason = (
            "with an explicit deny in an identity-based policy"
            if self._explicit()
            else f"because no identity-based policy allows the {self._action} action"
        )
        raise denied(self._access_key.arn, self._action, self._resource, reason)


def denied(arn: str, action: str, key: str, reason: str) -> KmsError:
    return KmsError(errors.KEY_DENIED, arn=arn, action=action, key=key, reason=reason)


class LocalKmsResponse(KmsResponse):
    """One KMS request."""

    def _determine_resource(self) -> str:
        """moto checks the permission of every action on ``*``, which a policy on one key does not allow.

        That of an alias is that of its key.
        """
        key_id = json.loads(self.body or "{}").get("KeyId")
        if not key_id:
            return "*"
        key = find(self._display_arn(key_id))
        return key.arn if key else self._display_arn(key_id)

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        self._authenticate_and_authorize_action(KmsRequest, resource)

    def create_key(self) -> str:
        if self._get_param("Policy"):
            self._check_policy(self._display_arn("*"))
        return super().create_key()

    def replicate_key(self) -> str:
        """moto's replica shares aliases and grants with its primary key."""
        key = self._key()
        if not key.multi_region:
            raise KmsError(errors.KEY_NOT_MULTI_REGION, arn=key.arn)
        if self._get_param("Policy"):
            self._check_policy(key.arn)
        replica = key.replicate(self._get_param("ReplicaRegion"), self._get_param("Policy"))
        return json.dumps({"ReplicaKeyMetadata": replica.to_dict()["KeyMetadata"], "ReplicaPolicy": replica.policy})

    def describe_key(self) -> str:
        return json.dumps(self._key(aliases=True).to_dict())

    def get_key_policy(self) -> str:
        key = self._key()
        if self._policy_name() != "default":
            raise KmsError(errors.POLICY_NOT_FOUND)
        document = key.read()
        shown = collapsed(document) if STATE.switches.collapse_policy_lists else document
        answer = json.dumps({"Policy": as_text(shown), "PolicyName": "default"})
        after_policy_read(key)
        return answer

    def put_key_policy(self) -> str:
        """In whatever state the key is (KMS Developer Guide, "Key states")."""
        key = self._key()
        if self._policy_name() != "default":
            raise KmsError(errors.POLICY_OF_RAM)
        switches = STATE.switches
        key.change(self._check_policy(key.arn), switches.read_lag, switches.policy_lag_reads)
        return json.dumps(None)

    def create_grant(self) -> str:
        """moto looks for a key of another account in the caller's."""
        key = self._key(judge.Grant(self._get_param("GranteePrincipal")))
        names = ("Name", "GranteePrincipal", "Operations", "Constraints", "RetiringPrincipal")
        grant = key.add_grant(*(self._get_param(name) for name in names))
        return json.dumps({"GrantId": grant.id, "GrantToken": grant.token})

    def _policy_name(self) -> str:
        return str(self._get_param("PolicyName") or "default")

    def _check_policy(self, key: str) -> dict[str, Any]:
        bypass = bool(self._get_param("BypassPolicyLockoutSafetyCheck"))
        return check(self._get_param("Policy"), key, self._caller(), bypass=bypass)

    def _caller(self) -> judge.Caller:
        account, user = user_of(self.access_key)
        arn = f"arn:{PARTITION}:iam::{account}:user/{user}" if user else f"arn:{PARTITION}:iam::{account}:root"
        path = STATE.switches.organization_paths.get(account, parent_path(account))
        return judge.Caller(account, arn, path)

    def _key(self, grant: judge.Grant | None = None, *, aliases: bool = False) -> LocalKey:
        """The key that is named, if its own policy lets the caller do this.

        Of a key of another account KMS does not say whether it exists.
        """
        arn, caller, action = self._named(aliases), self._caller(), f"kms:{self._get_action()}"
        key, own = find(arn), arn.split(":")[4] == caller.account
        if key is None and own:
            raise KmsError(errors.KEY_ALIAS_NOT_FOUND if ":alias/" in arn else errors.KEY_NOT_FOUND, arn=arn)
        if key is None or (not own and action not in CROSS_ACCOUNT):
            raise denied(caller.arn, action, arn, FOREIGN)
        effects = judge.effects(key.document, key.arn, caller, action, grant)
        if effects != {"Allow"}:
            raise denied(caller.arn, action, key.arn, _reason(action, effects) if own else FOREIGN)
        self._refuse_injected(key)
        return key

    def _named(self, aliases: bool) -> str:
        """The ARN of the key or alias that is named."""
        key_id = self._get_param("KeyId")
        arn = self._display_arn(key_id)
        if not re.match(rf"arn:[a-z-]+:kms:{self.region}:\d+:(key|alias)/", arn):
            raise KmsError(errors.KEY_ARN, region=":".join(arn.split(":")[3:4]) or arn)
        if ":alias/" in arn and not aliases:
            raise KmsError(errors.KEY_ALIAS if key_id == arn else errors.KEY_ID, id=key_id)
        if key_id != arn and ":alias/" not in arn and not KEY_ID.fullmatch(key_id):
            raise KmsError(errors.KEY_ID, id=key_id)
        return arn

    def _refuse_injected(self, key: LocalKey) -> None:
        injected = STATE.switches.injected(self._get_action(), key.arn, "")
        if injected is not None:
            STATE.switches.use_up(key.arn)
            raise KmsError(errors.Kind(injected.code, injected.message, injected.status))


def _reason(action: str, effects: set[str]) -> str:
    if "Deny" in effects:
        return "with an explicit deny in a resource-based policy"
    return f"because no resource-based policy allows the {action} action"
