# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Key policies: who else may use a key, as statements of our own, and what the statements of others say of somebody.

Our statements have Sids of our own, and are put together and read back as one form. They allow everybody and name the
users in conditions, as AWS's own policy of the key aws/ebs does: KMS checks that principals exist, and would refuse the
whole document for one closed account, while it checks no condition. All other statements are left as they are. Pure.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter
from decimal import Decimal
from decimal import InvalidOperation

from .permissions import ORG_ARNS
from .permissions import ORG_UNIT_ARNS
from .permissions import USER_IDS
from .permissions import Permission
from .permissions import Permissions

Json = dict[str, t.Any]
SID = "AmikitSharing"
LARGEST = 32_768  # bytes of a key policy document (KMS Developer Guide, Resource quotas)
_DIGITS = 4000  # of an integer that Python reads and writes as it is
_SHOWN = 40  # characters of a number in a message
_USE = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
_ACCOUNT, _ORGANIZATION, _PATHS = "kms:CallerAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"


class Key(t.NamedTuple):
    """What determines how the statements of a key are written. ``suffix`` is that of the services' host names."""

    partition: str
    region: str
    account: str
    suffix: str


class Sharing(t.NamedTuple):
    """What our statements say: who may use the key, and for whom that includes Auto Scaling groups.

    ``odd`` names statements with a Sid of ours that are not of our form.
    """

    users: Permissions = frozenset()
    autoscaling: Permissions = frozenset()
    odd: tuple[str, ...] = ()


class _Who(t.NamedTuple):
    """Users that one statement names: the middle of its Sid, the condition operator and key, and their values.

    Conditions hold no management account, which the ARNs of organizations and OUs have, so the Sid holds it.
    """

    name: str
    operator: str
    condition: str
    values: tuple[str, ...]


def statements(key: Key, users: Permissions, autoscaling: Permissions) -> list[Json]:
    """Return our statements, in order. The same users always make the same ones."""
    made = [_statement(key, who, role) for who in _grouped(users) for role in ("Use", "Describe", "Grant")]
    return made + [_statement(key, who, "AutoScaling") for who in _grouped(autoscaling)]


def read(document: str, key: Key) -> Sharing:
    """Return what our statements in a policy say."""
    found: dict[str, Permissions] = {role: frozenset() for role in _CONDITIONS}
    mine = [each for each in _parsed(document)[1] if _is_ours(each)]
    odd = []
    for statement in mine:
        role, users = _read(key, statement)
        found[role] = found.get(role, frozenset()) | users
        odd += [] if role else [statement["Sid"]]
    users = found["Use"] & found["Describe"] & found["Grant"]
    expected = {each["Sid"]: each for each in statements(key, users, found["AutoScaling"] & users)}
    sids = [each["Sid"] for each in mine]
    odd += [sid for sid, each in zip(sids, mine) if sids.count(sid) > 1 or not _is_same(each, expected.get(sid))]
    return Sharing(users, found["AutoScaling"] & users, tuple(dict.fromkeys(odd)))


def replaced(document: str, key: Key, users: Permissions, autoscaling: Permissions) -> str:
    """Return the policy with our statements for these users in place of those that it has, and no other change.

    KMS accepts no character beyond U+00FF (PutKeyPolicy, API reference), so others are escaped.
    """
    policy, held = _parsed(document)
    others = [each for each in held if not _is_ours(each)]
    changed = {**policy, "Statement": [*others, *statements(key, users, autoscaling)]}
    text = json.dumps(changed, separators=(",", ":"), ensure_ascii=False)
    return re.sub("[^\u0000-\u00ff]", lambda found: json.dumps(found[0])[1:-1], text)


def is_same(document: str, other: str) -> bool:
    """Tell whether two policies are the same to KMS, which writes lists of one as their element, and the reverse.

    Of one that is not exact, nobody can tell.
    """
    return bool(_normal(_loaded(document)) == _normal(_loaded(other))) and not inexact(document)


def may_allow(document: str, principal: Permission, *, autoscaling: bool = False) -> bool:
    """Tell whether some statement of a policy may allow the principal to use its key, or its Auto Scaling groups.

    No condition on anything but who the caller is counts, and every Deny leaves it open, so True means: perhaps. Our
    own statements of use say nothing of Auto Scaling.
    """
    held = [each for each in _parsed(document)[1] if not (autoscaling and _is_of_use(each))]
    return any(each.get("Effect") != "Allow" or _may_mean(each, principal) for each in held)


def inexact(document: str) -> list[str]:
    """Return what of a policy would not be the same JSON value once it is read and written again."""
    found: dict[str, None] = {}

    def members(pairs: list[tuple[str, t.Any]]) -> Json:
        names = Counter(name for name, _value in pairs)
        found.update({f"the member {name!r} twice in one object": None for name in names if names[name] > 1})
        return dict(pairs)

    def number(text: str) -> float:
        if not _is_exact(text):
            found[f"the number {text[:_SHOWN]}"] = None
        return 0.0

    json.loads(document, object_pairs_hook=members, parse_float=number, parse_int=number, parse_constant=number)
    return list(found)


def _is_exact(number: str) -> bool:
    try:
        written = Decimal(json.dumps(_number(number)))
        return written.is_finite() and written == Decimal(number)
    except InvalidOperation:
        return False


def _number(text: str) -> int | float:
    """Python writes no integer of more than 4,300 digits."""
    return int(text) if text.lstrip("-").isdecimal() and len(text) <= _DIGITS else float(text)


def _loaded(document: str) -> t.Any:
    return json.loads(document, parse_int=_number)


def _parsed(document: str) -> tuple[Json, list[Json]]:
    """Return the policy, and its statements: a single one may stand alone."""
    policy: Json = _loaded(document)
    held = policy.get("Statement", [])
    return policy, held if isinstance(held, list) else [held]


def _is_of_use(statement: Json) -> bool:
    sid = _SIDS.fullmatch(str(statement.get("Sid", "")))
    return sid is not None and sid[3] != "AutoScaling"


def _is_ours(statement: Json) -> bool:
    return str(statement.get("Sid", "")).startswith(SID)


def _conditions(statement: Json) -> Json:
    found = statement.get("Condition")
    return found if isinstance(found, dict) else {}


def _listed(value: t.Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


# How our statements are put together


def _grouped(users: Permissions) -> list[_Who]:
    """Return the users, grouped by what one condition can name."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for kind, value in sorted(users):
        if kind == USER_IDS.option:
            groups.setdefault(("Accounts", "StringEquals", _ACCOUNT), []).append(value)
        elif kind == ORG_ARNS.option:
            manager, organization = value.split(":")[4], value.rsplit("/", 1)[1]
            groups.setdefault((f"Organizations{manager}", "StringEquals", _ORGANIZATION), []).append(organization)
        else:
            manager, (organization, unit) = value.split(":")[4], value.split("/")[1:]
            group = groups.setdefault((f"Units{manager}", "ForAnyValue:StringLike", _PATHS), [])
            group.append(f"{organization}/*/{unit}/*")
    return [_Who(*names, tuple(values)) for names, values in groups.items()]


def _via_ec2(key: Key) -> Json:
    return {"StringEquals": {"kms:ViaService": f"ec2.{key.region}.{key.suffix}"}}


def _to_autoscaling(key: Key) -> Json:
    role = f"arn:{key.partition}:iam::*:role/aws-service-role/autoscaling.amazonaws.com/*"
    return {"StringLike": {"kms:GranteePrincipal": role}}


# By role, the actions and the conditions besides those that say who. What EC2 does in the name of its caller comes by
# EC2. To describe a key does not (the console does it), and an Auto Scaling group needs a grant that is made by hand.
_CONDITIONS: dict[str, tuple[list[str] | str, t.Callable[[Key], Json]]] = {
    "Use": (_USE, _via_ec2),
    "Describe": ("kms:DescribeKey", lambda _key: {}),
    "Grant": ("kms:CreateGrant", lambda key: {**_via_ec2(key), "Bool": {"kms:GrantIsForAWSResource": "true"}}),
    "AutoScaling": ("kms:CreateGrant", _to_autoscaling),
}


def _statement(key: Key, who: _Who, role: str) -> Json:
    actions, conditions = _CONDITIONS[role]
    # The key's own account is governed by its own statements.
    condition: Json = {"StringNotEquals": {"aws:PrincipalAccount": key.account}, **conditions(key)}
    values = who.values[0] if len(who.values) == 1 else list(who.values)
    condition[who.operator] = {**condition.get(who.operator, {}), who.condition: values}
    return {
        "Sid": f"{SID}{who.name}{role}",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": "*",
        "Condition": condition,
    }


# How they are read back

_SIDS = re.compile(rf"{SID}(Accounts|Organizations|Units)(\d{{12}})?({'|'.join(_CONDITIONS)})")
_READ = {
    "Accounts": ("StringEquals", _ACCOUNT, r"(?P<id>\d{12})", USER_IDS.option, "{id}"),
    "Organizations": (
        "StringEquals",
        _ORGANIZATION,
        r"(?P<id>o-[a-z0-9]+)",
        ORG_ARNS.option,
        "arn:{partition}:organizations::{manager}:organization/{id}",
    ),
    "Units": (
        "ForAnyValue:StringLike",
        _PATHS,
        r"(?P<id>o-[a-z0-9]+)/\*/(?P<unit>ou-[a-z0-9-]+)/\*",
        ORG_UNIT_ARNS.option,
        "arn:{partition}:organizations::{manager}:ou/{id}/{unit}",
    ),
}


def _read(key: Key, statement: Json) -> tuple[str, Permissions]:
    """Return the role of one of our statements and whom it names; no role, if that cannot be read."""
    sid = _SIDS.fullmatch(str(statement["Sid"]))
    if not sid or (sid[1] == "Accounts") == bool(sid[2]):
        return "", frozenset()
    operator, condition, pattern, option, template = _READ[sid[1]]
    values = _listed(_conditions(statement).get(operator, {}).get(condition, []))
    matches = [re.fullmatch(pattern, value) for value in values]
    if not values or not all(matches):
        return "", frozenset()
    parts = {"partition": key.partition, "manager": sid[2]}
    return sid[3], frozenset(
        Permission(option, template.format(**parts, **match.groupdict())) for match in matches if match
    )


def _is_same(statement: Json, other: Json | None) -> bool:
    return other is not None and _normal(statement) == _normal(other)


def _normal(value: t.Any) -> t.Any:
    """Return a JSON value as it compares: KMS may write a list of one as its element, and lists of values reordered."""
    if isinstance(value, dict):
        return {name: _normal(each) for name, each in value.items()}
    if isinstance(value, list):
        parts = [_normal(each) for each in value]
        if all(isinstance(part, str) for part in parts):
            return parts[0] if len(parts) == 1 else sorted(parts)
        return parts[0] if len(parts) == 1 else parts
    return value


# What the statements of others say


def _may_mean(statement: Json, principal: Permission) -> bool:
    """Tell whether a statement may allow the principal: it names it, or everybody without naming only others."""
    values = ["*"] if "NotPrincipal" in statement else _principals(statement)
    if "*" in values:
        return all(_may_be(key, _listed(held), principal) for key, held in _equalities(statement))
    return principal.kind == USER_IDS.option and any(principal.value in value.split(":") for value in values)


def _equalities(statement: Json) -> t.Iterator[tuple[str, t.Any]]:
    """Yield the conditions that a caller meets only with one of their values. All others leave it open."""
    for operator, keys in _conditions(statement).items():
        if operator.rsplit(":", 1)[-1] in ("StringEquals", "StringLike", "ArnEquals", "ArnLike"):
            yield from ((key.lower(), held) for key, held in keys.items())


def _is_like(value: str, pattern: str) -> bool:
    """Tell whether a value matches a pattern of IAM, in which * and ? stand for others."""
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(each) or re.escape(each) for each in pattern), value, re.DOTALL) is not None


def _may_be(key: str, held: list[str], principal: Permission) -> bool:
    """Tell whether somebody of the principal may have one of the values for that condition key.

    An organization or OU is not meant by a statement about accounts, as these are some of its accounts at best.
    """
    kind, value = principal
    # A variable may stand for anything.
    if any(each == "*" or "${" in each for each in held):
        return True
    if key in (_ACCOUNT.lower(), "aws:principalaccount"):
        return kind == USER_IDS.option and any(_is_like(value, each) for each in held)
    if key == "aws:principalarn" and kind == USER_IDS.option:
        return any(_is_like(value, account) for account in map(_account_of, held))
    organization = value.split("/")[1] if kind != USER_IDS.option else ""
    if key == _ORGANIZATION.lower() and organization:
        return any(_is_like(organization, each) for each in held)
    if key == _PATHS.lower() and organization:
        paths = [each for each in held if _is_like(organization, each.split("/")[0])]
        return any(kind == ORG_UNIT_ARNS.option or _may_be_whole(each) for each in paths)
    return True


def _may_be_whole(path: str) -> bool:
    """Tell whether a pattern of paths may mean a whole organization: it names no OU, and * stands for slashes too."""
    return path.endswith("*") and "/ou-" not in path


def _account_of(arn: str) -> str:
    """Return the account in a pattern of ARNs, any where the pattern does not say so."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else "*"


# What KMS may refuse of them

_DELETED = re.compile(r"A(ROA|IDA)[A-Z0-9]{12,}")


def suspects(document: str) -> list[str]:
    """Return what KMS may refuse in the statements of others, although it is in the policy.

    It judges the whole document each time it is written. It shows a role or user that was deleted by a unique id, and
    takes no statement without actions or resources since August 2025 (both observed by publishers).
    """
    named = [(_named(number, each), each) for number, each in enumerate(_parsed(document)[1], 1) if not _is_ours(each)]
    deleted = [
        f"{name} names {value}, which is how KMS shows a role or user that was deleted"
        for name, each in named
        for value in _principals(each)
        if _DELETED.fullmatch(value)
    ]
    incomplete = [
        f"{name} has no {member}"
        for name, each in named
        for member in ("Action", "Resource")
        if not each.get(member) and not each.get(f"Not{member}")
    ]
    return deleted + incomplete


def _named(number: int, statement: Json) -> str:
    return f"statement {number}" + (f" ({statement['Sid']})" if statement.get("Sid") else "")


def _principals(statement: Json) -> list[str]:
    named = statement.get("Principal", statement.get("NotPrincipal", {}))
    return _listed(named.get("AWS", []) if isinstance(named, dict) else named)
