# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""KMS keys: the table of their attributes, which are read from statements of our own in the key policy."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import replace

from . import key_policy
from .attribute import Attribute
from .attribute import Call
from .attribute import Description
from .attribute import InDescription
from .key_policy import Key
from .permissions import ODD_STATEMENTS
from .permissions import ORG_ARNS
from .permissions import ORG_UNIT_ARNS
from .permissions import USER_IDS
from .permissions import Permission
from .permissions import Permissions
from .plan import Attributes
from .plan import Failure
from .plan import after_requests
from .resource import Document
from .resource import Ids
from .resource import OneByOne
from .resource import Refusal
from .resource import Resource
from .resource import Surroundings

if t.TYPE_CHECKING:
    from datetime import datetime

    from .attribute import Value
    from .plan import Plan

_SERVICE = "KMS"
_PUT = "PutKeyPolicy"
_DEFAULT = "default"  # the only name of a key policy that its owner can write (PutKeyPolicy, API reference)
# A code of our own, not that of KMS: a statement has a Sid of ours, and nobody knows what it is meant to say.
ODD_STATEMENT = "OddStatement"
# Another one: the policy has what cannot be read and written again without becoming something else.
INEXACT_POLICY = "InexactPolicy"


def _key(described: Description) -> Key:
    partition, _kms, region, account = described["Arn"].split(":")[1:5]
    return Key(partition, region, account, described["Suffix"])


def _sharing(described: Description) -> key_policy.Sharing:
    return key_policy.read(described["Policy"], _key(described)) if "Policy" in described else key_policy.Sharing()


def _users(described: Description) -> Permissions:
    sharing = _sharing(described)
    return sharing.users | {Permission(ODD_STATEMENTS.option, sid) for sid in sharing.odd}


def _autoscaling(described: Description) -> Permissions:
    return _sharing(described).autoscaling


KEY_USERS = Attribute(
    "key_users",
    "keyUsers",
    unset=frozenset(),
    read=InDescription(_users),
    write=None,
    kinds=(USER_IDS, ORG_ARNS, ORG_UNIT_ARNS),
    found=(ODD_STATEMENTS,),
    entries_per_request=key_policy.LARGEST,
)
AUTOSCALING = Attribute(
    "autoscaling",
    "autoscaling",
    unset=frozenset(),
    read=InDescription(_autoscaling),
    write=None,
    of=KEY_USERS,
    entries_per_request=key_policy.LARGEST,
)


# The document: what our statements say after a plan, and how the policy with them is written.


def _wanted(described: Description, after: Attributes) -> tuple[Permissions, Permissions]:
    """Return the users, and those among them for whom Auto Scaling groups are allowed as well."""
    values: dict[str, Value] = {attribute.option: value for attribute, value in after.values}
    held = values.get("key_users")
    users = held - _odd_entries(held) if isinstance(held, frozenset) else _sharing(described).users
    autoscaling = values.get("autoscaling")
    return users, users & (autoscaling if isinstance(autoscaling, frozenset) else _sharing(described).autoscaling)


def _odd_entries(entries: Permissions) -> Permissions:
    return frozenset(each for each in entries if each.kind == ODD_STATEMENTS.option)


def _statements(described: Description, after: Attributes) -> list[key_policy.Json]:
    return key_policy.statements(_key(described), *_wanted(described, after)) if "Arn" in described else []


def _replaced(described: Description, after: Attributes) -> Description:
    policy = key_policy.replaced(described["Policy"], _key(described), *_wanted(described, after))
    return {**described, "Policy": policy}


def _put(key_id: str, described: Description) -> Call:
    arguments = {"KeyId": key_id, "PolicyName": _DEFAULT, "Policy": described["Policy"]}
    return Call("put_key_policy", arguments, "kms", once=True)


def _explained(failure: Failure, described: Description) -> Failure:
    """Return a failure that says which statements of others KMS may have refused: it judges the whole document."""
    suspects = key_policy.suspects(described["Policy"])
    if failure.code != "MalformedPolicyDocumentException" or not suspects:
        return failure
    was_there = f"This was in the policy before, and KMS may not accept it any more: {'; '.join(suspects)}"
    return replace(failure, message=f"{failure.message.rstrip('.')}. {was_there}")


def _lines(described: Description, after: Attributes) -> list[str]:
    return [line for statement in _statements(described, after) for line in _leaves(statement["Sid"], statement)]


def _leaves(path: str, value: t.Any) -> t.Iterator[str]:
    """Yield a line for each value in a JSON value, after where it is; values of a list are in the same place."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from () if name == "Sid" else _leaves(f"{path}.{name}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(path, each)
    else:
        yield f"{path}: {value}"


# How a key is described

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = f"(?:{_UUID}|mrk-[0-9a-f]{{32}})"
_ALIAS = "alias/[A-Za-z0-9/_-]{1,250}"


def _described(asked: str, answer: Description, suffix: str) -> Description:
    """Return the description of a key, with the names of its state and owner that EC2 has."""
    metadata: Description = answer["KeyMetadata"]
    alias = re.search(rf"{_ALIAS}\Z", asked)
    more = {"Alias": alias[0] if alias else None, "Suffix": suffix}
    return {**metadata, "State": metadata.get("KeyState"), "OwnerId": metadata["Arn"].split(":")[4], **more}


def _presumed(asked: str, suffix: str) -> Description | None:
    """Return what an ARN says. Only a key id or an alias is always of the caller's account."""
    if not asked.startswith("arn:"):
        return None
    return {"Arn": asked, "OwnerId": asked.split(":")[4], "Suffix": suffix}


def _foreign(described: Description, wanted: Attributes) -> Failure:
    statements = _statements(described, wanted)
    ask = f". Its owner may add these statements to it: {json.dumps(statements)}" if statements else ""
    message = (
        f"The key belongs to {described['OwnerId']}, and only the owner can read or change its policy; run the task"
        f" with credentials of the owner{ask}"
    )
    return Failure(_PUT, "AccessDeniedException", message, predicted=True, service=_SERVICE)


def _owner(described: Description) -> Permissions:
    """Return the key's own account, which is governed by statements of its own."""
    return frozenset({Permission(USER_IDS.option, described.get("OwnerId", ""))})


def _more(described: Description, after: Attributes, _planned: datetime | None) -> dict[str, t.Any]:
    return {"arn": described.get("Arn"), "statements": _statements(described, after)}


# The rules


def _managed(_plan: Plan, described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    if described.get("KeyManager") == "AWS":
        message = "AWS manages the key, and nobody else can change its policy; use a customer managed key"
        yield Refusal("AccessDeniedException", message)


def _to_be_deleted(_plan: Plan, described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    date: datetime | None = described.get("DeletionDate")
    if date:
        yield Refusal("KMSInvalidStateException", f"AWS deletes it at {date:%Y-%m-%dT%H:%M:%SZ}")


def _odd(plan: Plan, described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    """Whatever is asked, each write replaces all statements with Sids of ours."""
    purged = {entry.value for entry in _odd_entries(plan.revoked)}
    odd = sorted(sid for sid in _sharing(described).odd if sid not in purged)
    if odd:
        message = (
            f"The policy has {', '.join(odd)}: a Sid of this module, but not what it writes under it. Rename or remove"
            " the statement, or replace all of them with purge_key_users"
        )
        yield Refusal(ODD_STATEMENT, message)


def _inexact(_plan: Plan, described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    found = key_policy.inexact(described["Policy"])
    if found:
        message = (
            f"The policy has {' and '.join(found)}, which this module cannot write as it is, and statements of others"
            " must stay as they are. Write that in another way first"
        )
        yield Refusal(INEXACT_POLICY, message)


def _too_large(plan: Plan, described: Description, surroundings: Surroundings) -> t.Iterator[Refusal]:
    when, written = "", [plan.after]
    if surroundings.in_turns:
        added = [request for request in plan.requests if request.operation == "add"]
        written.append(after_requests(plan.before, added))
        when = " before the first user is taken off"
    size = max(len(_replaced(described, each)["Policy"].encode()) for each in written)
    if size > key_policy.LARGEST:
        message = f"The policy would have {size} bytes{when}, and KMS takes {key_policy.LARGEST}"
        yield Refusal("LimitExceededException", message)


def _other_partition(plan: Plan, described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    partition = _key(described).partition
    arns = sorted(entry.value for entry in plan.granted if entry.value.startswith("arn:"))
    others = [arn for arn in arns if arn.split(":")[1] != partition]
    if others:
        message = f"The key is in the partition {partition}, and not {', '.join(others)}"
        yield Refusal("InvalidArnException", message)


def _stays_by_another_arn(plan: Plan, _described: Description, surroundings: Surroundings) -> str:
    """KMS knows organizations and OUs by their ids, our statements also by the management account in their ARNs."""
    held = dict(plan.after.values).get(KEY_USERS)
    ids = {_id_of(entry) for entry in surroundings.revoked if entry.kind != USER_IDS.option}
    others = [entry for entry in held if _id_of(entry) in ids] if isinstance(held, frozenset) else []
    if not others:
        return ""
    stay = ", ".join(f"{_id_of(entry)} stays a user under the ARN {entry.value}" for entry in sorted(others))
    return f"{stay}. To end that, revoke that ARN"


def _id_of(entry: Permission) -> str:
    return entry.value.partition("/")[2]


KEYS = Resource(
    noun="key",
    described_as="a key",
    ids_option="key_ids",
    id_option="key_id",
    ids=Ids(
        example="…",
        form="the id, ARN or alias of a key, as in 1234abcd-12ab-34cd-56ef-1234567890ab or alias/NAME",
        pattern=f"{_ID}|{_ALIAS}",
        arn=rf"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{{12}}:(?:key/{_ID}|{_ALIAS})",
    ),
    result_key="keys",
    attributes=(KEY_USERS, AUTOSCALING),
    api=OneByOne(
        id_key="KeyId",
        describe=lambda key_id: Call("describe_key", {"KeyId": key_id}, "kms"),
        described=_described,
        content=lambda key_id: Call("get_key_policy", {"KeyId": key_id, "PolicyName": _DEFAULT}, "kms"),
        content_key="Policy",
        presumed=_presumed,
        foreign=_foreign,
    ),
    ready_states=("Enabled",),
    advice={
        "Disabled": "nobody can use it; enable it first (EnableKey)",
        "PendingDeletion": "cancel its deletion (CancelKeyDeletion) and enable it first",
    },
    describe_action="DescribeKey",
    modify_action=_PUT,
    not_found_code="NotFoundException",
    state_code="KMSInvalidStateException",
    foreign_code="AccessDeniedException",
    name_of=lambda described: described.get("Alias"),
    encrypted_snapshots=lambda _described: {},
    rules=(_managed, _to_be_deleted, _odd, _inexact, _too_large, _other_partition),
    cautions=(_stays_by_another_arn,),
    unlisted=_owner,
    more=_more,
    service=_SERVICE,
    document=Document(
        replaced=_replaced,
        write=_put,
        is_same=lambda described, other: key_policy.is_same(described["Policy"], other["Policy"]),
        explained=_explained,
        lines=_lines,
    ),
)
