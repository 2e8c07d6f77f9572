# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ``Condition`` of IAM statements, of which moto knows one operator only.

Only judging lives here; what is known of a request is gathered by iam.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

#: {condition key in lower case: its values}. A key that is absent is unknown for the request.
Context = Mapping[str, Collection[str]]


def like(value: str, wanted: str) -> bool:
    return fnmatchcase(value, wanted.replace("[", "[[]"))


OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$")
MATCHES: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
}


class UnknownOperatorError(NotImplementedError):
    """An operator that cannot be evaluated here."""


def met(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether all of a statement's conditions hold (IAM User Guide, "Conditions with multiple context keys")."""
    return all(
        _holds(operator, _texts(wanted), context.get(key.lower()))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _texts(wanted: Any) -> list[str]:
    values = wanted if isinstance(wanted, list) else [wanted]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _holds(operator: str, wanted: list[str], values: Collection[str] | None) -> bool:
    """Without ForAllValues or ForAnyValue several values match nothing (recorded for ``ec2:Add/userId``)."""
    if operator == "Null":
        return (values is None) is (wanted == ["true"])
    found = OPERATOR.match(operator)
    name = found[2] if found else operator
    negative, name = "Not" in name, name.replace("Not", "", 1)
    if found is None or name not in MATCHES:
        raise UnknownOperatorError(f"the IAM condition operator {operator} is not known here")
    if values is None:
        return bool(found[3]) or (negative if found[1] is None else found[1] == "ForAllValues")
    verdicts = [any(MATCHES[name](value, one) for one in wanted) is not negative for value in set(values)]
    if found[1] is None:
        return len(verdicts) == 1 and verdicts[0]
    return all(verdicts) if found[1] == "ForAllValues" else any(verdicts)
