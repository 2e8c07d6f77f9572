# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The principals of key policies: how KMS keeps them, and how it shows them.

Only names live here. KMS keeps the unique id of a role or user, and shows its ARN as long as it exists (KMS Developer
Guide; observed: Nike-Inc/cerberus#25, terraform-aws-modules/terraform-aws-kms#18).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from moto.iam.models import iam_backends

from local_ec2.services.iam import PARTITION
from local_ec2.services.judge import as_list
from local_ec2.state.current import STATE

Change = Callable[[str], str]
ACCOUNT = re.compile(r"\d{12}")
ARN = re.compile(r"arn:[a-z-]+:(?:iam|sts)::(\d{12}):(root|[a-z-]+/.+)")


def kept(name: str) -> str:
    """As KMS keeps it; what does not exist stays as it is."""
    if ACCOUNT.fullmatch(name):
        return f"arn:{PARTITION}:iam::{name}:root"
    return next((unique_id for unique_id, arn in _known() if arn == name), name)


def shown(name: str) -> str:
    return next((arn for unique_id, arn in _known() if unique_id == name), name)


def is_malformed(name: str) -> bool:
    return name.startswith("arn:") and not ARN.fullmatch(name)


def exists(name: str) -> bool:
    """Every account does, except for those of the switch ``unknown_accounts``."""
    found = ARN.fullmatch(kept(name))
    if found and found[2] == "root":
        return found[1] not in STATE.switches.unknown_accounts
    return name == "*" or any(name in pair for pair in _known())


def _known() -> Iterator[tuple[str, str]]:
    """(unique id, ARN) of every role and user."""
    for backends in list(iam_backends.values()):
        iam = backends[PARTITION]
        yield from ((role.id, role.arn) for role in iam.roles.values())
        yield from ((user.id, user.arn) for user in iam.users.values())


def named(statement: Mapping[str, Any]) -> list[str]:
    """The principals that are accounts, roles, users or everyone."""
    principal = statement.get("Principal", statement.get("NotPrincipal", []))
    return as_list(principal.get("AWS", []) if isinstance(principal, Mapping) else principal)


def renamed(document: dict[str, Any], change: Change, *, turned: bool = False) -> dict[str, Any]:
    """The document with its principals changed. With ``turned``, each list begins with what was its second."""
    found = document.get("Statement", [])
    changed = [_statement(one, change, turned) for one in as_list(found)]
    return {**document, "Statement": changed if isinstance(found, list) else changed[0]}


def _statement(statement: dict[str, Any], change: Change, turned: bool) -> dict[str, Any]:
    principals = ("Principal", "NotPrincipal")
    return {
        name: _principal(value, change, turned) if name in principals else value for name, value in statement.items()
    }


def _principal(principal: Any, change: Change, turned: bool) -> Any:
    """A list of one becomes its entry."""
    if not isinstance(principal, Mapping):
        return principal
    return {kind: _names(value, change if kind == "AWS" else str, turned) for kind, value in principal.items()}


def _names(value: Any, change: Change, turned: bool) -> Any:
    names = [change(name) for name in as_list(value)]
    names = names[1:] + names[:1] if turned else names
    return names[0] if len(names) == 1 else names
