# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What KMS refuses in a key policy. The whole document is checked whenever it is written, whoever wrote a part of it.

Only checking lives here.
"""

from __future__ import annotations

import json
import re
from typing import Any
from typing import cast

from local_ec2.api import errors
from local_ec2.services import judge
from local_ec2.services import principals
from local_ec2.services.kms_errors import KmsError

LIMIT = 32768
PUT = "kms:PutKeyPolicy"
CHARACTERS = re.compile("[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+")  # KMS API reference, PutKeyPolicy


def check(text: str, key: str, caller: judge.Caller, *, bypass: bool) -> dict[str, Any]:
    """The document, or the error that KMS answers. ``bypass`` is BypassPolicyLockoutSafetyCheck."""
    if not CHARACTERS.fullmatch(text):
        raise KmsError(errors.POLICY_CHARACTERS, value=text)
    if len(text.encode()) > LIMIT:
        raise KmsError(errors.POLICY_TOO_LONG)
    document = _read(text)
    for statement in judge.statements(document):
        _check_form(statement)
    for statement in judge.statements(document):
        _check_principals(principals.named(statement))
    if not bypass and not judge.allows(document, key, caller, PUT):
        raise KmsError(errors.POLICY_LOCKS_OUT)
    return document


def _read(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        raise KmsError(errors.POLICY_UNREADABLE) from None
    found = judge.as_list(document.get("Statement")) if isinstance(document, dict) else [None]
    if not all(isinstance(statement, dict) for statement in found):
        raise KmsError(errors.POLICY_UNREADABLE)
    return cast("dict[str, Any]", document)


def _check_form(statement: judge.Json) -> None:
    """Refused since 18 August 2025 (AWS's notice in ministryofjustice/analytical-platform#7691)."""
    acts = "Action" in statement or "NotAction" in statement
    if statement.get("Effect") not in ("Allow", "Deny") or not acts or not statement.get("Resource"):
        raise KmsError(errors.POLICY_INEFFECTIVE)
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise KmsError(errors.POLICY_WITHOUT_PRINCIPAL)


def _check_principals(names: list[str]) -> None:
    if any(principals.is_malformed(name) for name in names):
        raise KmsError(errors.POLICY_BAD_ARN)
    if not all(principals.exists(name) for name in names):
        raise KmsError(errors.POLICY_BAD_PRINCIPAL)
