# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IAM: moto decides who may do what; here its verdict becomes EC2's answer.

Only principals, denials and their encoded messages live here.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.iam.access_control import IAMPolicy
from moto.iam.access_control import IAMRequest
from moto.iam.access_control import PermissionResult
from moto.iam.models import User
from moto.iam.models import get_account_id_from
from moto.iam.models import iam_backends
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.api.modify_forms import condition_keys
from local_ec2.services.conditions import Context
from local_ec2.services.conditions import met

PARTITION = "aws"


class Policy(IAMPolicy):
    """moto's, with only those statements whose conditions are met."""

    def __init__(self, policy: Any, context: Context) -> None:
        super().__init__(policy)
        statements = self._policy_json["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        self._policy_json["Statement"] = [
            {name: value for name, value in statement.items() if name != "Condition"}
            for statement in statements
            if met(statement.get("Condition", {}), context)
        ]


class Ec2Request(IAMRequest):
    """moto's check of one signed request, with a denial as EC2 words it."""

    _resource = "*"

    def check_action_permitted(self, resource: str) -> None:
        """Replaces moto's check, which takes an allowing statement whose condition fails as a denial."""
        self._resource = resource
        verdicts = self._verdicts()
        if PermissionResult.DENIED in verdicts or PermissionResult.PERMITTED not in verdicts:
            self._raise_access_denied()

    def _verdicts(self) -> set[PermissionResult]:
        context = self._context()
        policies = (Policy(policy, context) for policy in self._access_key.collect_policies())
        return {policy.is_action_permitted(self._action, self._resource) for policy in policies}

    def _context(self) -> Context:
        """What conditions can ask of this request."""
        form = {name: values[0] for name, values in self._data.items()}
        tags = ec2_backends[self.account_id][self._region].tags.get(self._resource.rpartition("/")[2], {})
        keys = {f"{service}:ResourceTag/{name}": [value] for name, value in tags.items() for service in ("aws", "ec2")}
        keys |= {"aws:RequestedRegion": [self._region], "ec2:Region": [self._region]}
        return {name.lower(): values for name, values in {**keys, **condition_keys(form)}.items()}

    def _raise_signature_does_not_match(self) -> None:
        raise Ec2Error(errors.BAD_CREDENTIALS)

    def _raise_invalid_access_key(self, _reason: str) -> None:
        raise Ec2Error(errors.BAD_CREDENTIALS)

    def _raise_access_denied(self) -> None:
        raise denial(self._access_key.arn, self._action, self._resource, self._explicit())

    def _explicit(self) -> bool:
        """Whether a policy denies it, rather than none allows it."""
        return PermissionResult.DENIED in self._verdicts()


def denial(arn: str, action: str, resource: str, explicit: bool) -> Ec2Error:
    """UnauthorizedOperation with its encoded message (observed: CloudSnorkel/cdk-github-runners#519)."""
    encoded = encode(arn, action, resource, explicit)
    kind = errors.UNAUTHORIZED_SETTING if "BlockPublicAccess" in action else errors.UNAUTHORIZED
    reason = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return Ec2Error(kind, arn=arn, action=action, resource=resource, reason=reason, encoded=encoded)


def encode(arn: str, action: str, resource: str, explicit: bool) -> str:
    """The message for DecodeAuthorizationMessage, shaped as the STS API reference shows."""
    message = {
        "allowed": False,
        "explicitDeny": explicit,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": principal_id(arn), "arn": arn},
            "action": action,
            "resource": resource,
            "conditions": {"items": []},
        },
    }
    return base64.urlsafe_b64encode(json.dumps(message).encode()).decode()


def decode(encoded: str) -> str:
    """The JSON text inside an encoded message; raises ValueError if it is not one of ours."""
    try:
        text = base64.urlsafe_b64decode(encoded.encode()).decode()
        message = json.loads(text)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64") from error
    if not isinstance(message, dict) or "explicitDeny" not in message:
        raise ValueError("not a message")
    return text


class LocalTokenResponse(TokenResponse):
    """sts with DecodeAuthorizationMessage, which moto lacks."""

    def decode_authorization_message(self) -> ActionResult:
        try:
            return ActionResult({"DecodedMessage": decode(self._get_param("EncodedMessage") or "")})
        except ValueError:
            raise InvalidMessageError from None


class InvalidMessageError(STSClientError):
    """STS API reference, DecodeAuthorizationMessage: status 400."""

    code = "InvalidAuthorizationMessageException"
    message = "The error message returned when the encoded message is invalid or has expired."


def user_of(access_key: str) -> tuple[str, str]:
    """(account, IAM user name or empty) of an access key; keys unknown to IAM belong to moto's default account."""
    account = get_account_id_from(access_key)
    key = iam_backends[account][PARTITION].access_keys.get(access_key)
    return account, (key.user_name or "") if key else ""


def principal_id(arn: str) -> str:
    user = iam_backends[arn.split(":")[4]][PARTITION].users.get(arn.rsplit("/", 1)[-1])
    return user.id if user else ""


def create_role(account: str, name: str) -> str:
    """An IAM role that nobody may assume; its ARN."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam_backends[account][PARTITION].create_role(name, trust, "/", None, "", [], None)
    return role.arn


def delete_role(arn: str) -> None:
    iam_backends[arn.split(":")[4]][PARTITION].delete_role(arn.rpartition("/")[2])


def create_principal(account: str, name: str, policy: dict[str, Any] | None) -> dict[str, str]:
    """An IAM user with an access key and, if given, an inline policy that replaces an earlier one."""
    backend = iam_backends[account][PARTITION]
    user: User = backend.users.get(name) or backend.create_user("us-east-1", name)
    user.policies.clear()
    if policy is not None:
        backend.put_user_policy(name, "inline", json.dumps(policy))
    key = user.access_keys[0] if user.access_keys else backend.create_access_key(name)
    return {
        "name": name,
        "arn": user.arn,
        "access_key": key.access_key_id,
        "secret_key": key.secret_access_key,
    }
