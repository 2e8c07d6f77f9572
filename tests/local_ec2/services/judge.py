# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets in: what a key policy says of one caller and one action.

Pure: a document, a key and a caller go in, and the effects of the statements that apply come out. moto's own judgement
takes a statement about somebody else as a denial, and knows one condition operator.

A statement that names an account leaves the rest to the IAM policies of that account, and a caller of another account
needs them in any case. They are not judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_ec2.services.conditions import Context
from local_ec2.services.conditions import like
from local_ec2.services.conditions import met

CREATE_GRANT = "kms:CreateGrant"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who asks. ``organization_path`` is as ``o-1/r-1/ou-1/ou-2/``, or empty outside any organization.

    ``via`` is the service that asks in the caller's name, as ``ec2.us-east-1.amazonaws.com``; empty for the caller
    itself. Without ``arn``, it is the root user of the account.
    """

    account: str
    arn: str = ""
    organization_path: str = ""
    via: str = ""

    @property
    def names(self) -> set[str]:
        """What a statement can call it."""
        root = f"arn:aws:iam::{self.account}:root"
        return {"*", self.account, root, self.arn or root}

    def context(self) -> Context:
        """The keys that a condition can ask of its requests; one that has no value is absent."""
        path = self.organization_path
        keys = {
            "kms:calleraccount": self.account,
            "aws:principalaccount": self.account,
            "aws:principalarn": self.arn or f"arn:aws:iam::{self.account}:root",
            "aws:principalorgid": path.partition("/")[0],
            "aws:principalorgpaths": path,
            "kms:viaservice": self.via,
        }
        return {name: [value] for name, value in keys.items() if value}


@dataclass(frozen=True)
class Grant:
    """What CreateGrant is asked for. A grant is for an AWS resource if a service asks for it in somebody's name."""

    grantee: str = ""
    for_aws_resource: bool | None = None

    def context(self, caller: Caller) -> Context:
        service = bool(caller.via) if self.for_aws_resource is None else self.for_aws_resource
        keys = {"kms:grantisforawsresource": str(service).lower(), "kms:granteeprincipal": self.grantee}
        return {name: [value] for name, value in keys.items() if value}


def allows(document: Json, key: str, caller: Caller, action: str, grant: Grant | None = None) -> bool:
    """Whether the policy of the key with this ARN lets the caller do it: a statement allows it, and none denies it."""
    return effects(document, key, caller, action, grant) == {"Allow"}


def effects(document: Json, key: str, caller: Caller, action: str, grant: Grant | None = None) -> set[str]:
    """The effects of the statements that apply: none, ``Allow``, ``Deny``, or both."""
    of_grant = (grant or Grant()).context(caller) if action == CREATE_GRANT else {}
    context = {**caller.context(), **of_grant}
    return {one["Effect"] for one in statements(document) if _applies(one, key, caller, action, context)}


def statements(document: Json) -> list[Json]:
    """A single statement needs no list."""
    found = document.get("Statement", [])
    return [found] if isinstance(found, Mapping) else list(found)


def _applies(statement: Json, key: str, caller: Caller, action: str, context: Context) -> bool:
    return (
        _names(statement, caller)
        and _covers(statement, "Action", action)
        and _covers(statement, "Resource", key)
        and met(statement.get("Condition", {}), context)
    )


def _names(statement: Json, caller: Caller) -> bool:
    """A caller is never a service: what asks in its name does so with its permissions."""
    if "NotPrincipal" in statement:
        return not _among(statement["NotPrincipal"], caller)
    return _among(statement.get("Principal", {}), caller)


def _among(principal: Any, caller: Caller) -> bool:
    named = principal.get("AWS", []) if isinstance(principal, Mapping) else principal
    return not caller.names.isdisjoint(as_list(named))


def _covers(statement: Json, element: str, value: str) -> bool:
    """A statement that lacks the element has no effect (KMS API reference, PutKeyPolicy)."""
    if f"Not{element}" in statement:
        return not _matches(value, statement[f"Not{element}"])
    return _matches(value, statement.get(element, []))


def _matches(value: str, patterns: Any) -> bool:
    return any(like(value.lower(), pattern.lower()) for pattern in as_list(patterns))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
