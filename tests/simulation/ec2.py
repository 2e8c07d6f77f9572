# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What EC2 answers: the operations that the engine uses, over the state of state.py, at a given time.

The texts of its errors are the embedded EC2's table, and test_same_ec2.py checks that it answers what the embedded one
does. Nothing fails here without a reason: what goes wrong on the way of a request is in edge.py.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import typing as t
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from fnmatch import fnmatchcase
from random import Random

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.api.errors import Kind
from local_ec2.api.lifecycle import to_the_minute
from local_ec2.api.lifecycle import years_later
from local_ec2.state.grants import GROUP
from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import UNIT
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from local_ec2.state.grants import in_order
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from local_ec2.state.texts import TEXTS
from simulation.clock import EPOCH
from simulation.principals import OWNER
from simulation.state import DEPRECATION
from simulation.state import GONE
from simulation.state import PROTECTION
from simulation.state import RUN
from simulation.state import SHARED
from simulation.state import Cloud
from simulation.state import Facts
from simulation.state import Resource
from simulation.state import Written

Json = dict[str, t.Any]
EXPIRED = Kind("RequestExpired", "Request has expired.")
ELSEWHERE_DENIED = Kind(
    "AccessDeniedException",
    "User: {arn} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows"
    " the {action} action",
)
NO_QUOTA = Kind("NoSuchResourceException", "The specified resource does not exist.")
QUOTAS = {"L-70015FFA": 1000, "L-0E3CBAB9": 5}
_ACCOUNT = r"arn:aws[^:]*:organizations::[0-9]{12}:"
_FORMS = {
    GROUP: re.compile("all"),
    USER: re.compile("[0-9]{12}"),
    ORGANIZATION: re.compile(_ACCOUNT + "organization/o-[a-z0-9]{10,32}"),
    UNIT: re.compile(_ACCOUNT + "ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"),
}


class Request(t.NamedTuple):
    """One request as it reaches AWS. ``operation`` is boto3's name for it."""

    service: str
    region: str
    operation: str
    arguments: t.Mapping[str, t.Any]

    @property
    def action(self) -> str:
        return action_of(self.operation)

    @property
    def resource_id(self) -> str:
        """The one image or snapshot that it is about; empty if it is about many."""
        return self.resource_ids[0] if len(self.resource_ids) == 1 else ""

    @property
    def resource_ids(self) -> t.Sequence[str]:
        """The images or snapshots that it names, filters aside."""
        named: str = self.arguments.get("ImageId") or self.arguments.get("SnapshotId") or ""
        several: t.Sequence[str] = self.arguments.get("Resources", ())
        return [named] if named else several

    @property
    def is_write(self) -> bool:
        return self.operation in WRITES


@functools.cache
def action_of(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))


@dataclass
class EC2:
    """``chance`` decides how far behind a read is, and ``hides`` whether it does not show a resource that is there."""

    cloud: Cloud
    chance: Random
    hides: t.Callable[[Resource], bool] = lambda _resource: False

    def answer(self, request: Request, now: float) -> Json:
        """Carry the request out and return the response; raise Ec2Error."""
        if now >= self.cloud.expires:
            self.cloud.met["expired credentials"] += 1
            raise Ec2Error(EXPIRED)
        return _OPERATIONS[request.operation](self, request, now)

    # Steps that the operations share.

    def _permit(self, request: Request, now: float) -> None:
        """IAM's answer, and then that of a dry run, which proves nothing else."""
        for denial in self.cloud.denials:
            if denial.holds(request.action, request.resource_ids, now):
                self.cloud.met["denial"] += 1
                raise _denied(self.cloud.account, request)
        if request.arguments.get("DryRun") and not self.cloud.ignores_dry_run:
            raise Ec2Error(errors.DRY_RUN)

    def _well_formed(self, sort: Sort, request: Request) -> str:
        resource_id = request.resource_id
        if not sort.id_pattern.fullmatch(resource_id):
            raise Ec2Error(sort.refusals.malformed(request.action, resource_id), id=resource_id)
        return resource_id

    def _find(self, sort: Sort, request: Request, now: float) -> Resource:
        """Others' snapshots do not exist, shared or not (recorded); nor do images that are hidden (assumed)."""
        one = self.cloud.resources.get((request.region, request.resource_id))
        if one is None or now < one.appears or self.hides(one):
            raise Ec2Error(sort.refusals.not_found, id=request.resource_id)
        one.let_happen(now)
        facts = one.at(now)
        own = one.owner == self.cloud.account
        if facts.status == GONE and sort is IMAGE and own:
            raise Ec2Error(errors.DEREGISTERED, id=one.id)
        if facts.status != GONE and (own or (sort is IMAGE and one.visible_to(self.cloud.account, facts))):
            return one
        raise Ec2Error(sort.refusals.not_found, id=request.resource_id)

    def _owned(self, one: Resource) -> Resource:
        if one.owner != self.cloud.account:
            raise Ec2Error(errors.NOT_OWNER, id=one.id)
        return one

    def _shown(self, one: Resource, operation: str, now: float) -> Facts:
        """Return what a read shows: EC2 is eventually consistent (EC2 Developer Guide, "Eventual consistency")."""
        one.let_happen(now)
        truth = one.at(now)
        lag = self.cloud.lag.get(operation, 0.0)
        if not lag:
            return truth
        shown = one.at(now - lag * self.chance.random())
        self.cloud.met["lag"] += shown != truth
        return shown

    # Writes.

    def modify(self, sort: Sort, request: Request, now: float) -> Json:
        self._well_formed(sort, request)
        attribute, structure = _structure(sort, request.arguments)
        if request.arguments.get("DryRun") and not self.cloud.ignores_dry_run:
            self._permit(request, now)
        one = self._find(sort, request, now)
        self._permit(request, now)
        self._owned(one)
        facts = one.at(now)
        after = _modified(one, facts, attribute, structure)
        if facts.status not in sort.changeable:
            raise Ec2Error(sort.refusals.wrong_state, id=one.id, state=facts.status)
        self._check_sharing(one, facts, after, now)
        one.change(now, _in_words(attribute, structure), _listed(one, after))
        return {}

    def set_status(self, status: str, request: Request, now: float) -> Json:
        """Disabling an image takes it away from everybody (EC2 User Guide, "Disable an AMI")."""
        one = self._target(request, now)
        facts = one.at(now)
        if facts.status not in ("available", "disabled"):
            raise Ec2Error(one.sort.refusals.wrong_state, id=one.id, state=facts.status)
        grants = facts.grants if status == "available" else frozenset()
        one.change(now, f"makes it {status}", facts._replace(status=status, grants=grants))
        return {"Return": True}

    def _target(self, request: Request, now: float) -> Resource:
        """Return the image that an operation of its own is about. IAM is asked before it is looked at (inferred)."""
        self._permit(request, now)
        self._well_formed(IMAGE, request)
        return self._owned(self._find(IMAGE, request, now))

    def deprecate(self, request: Request, now: float) -> Json:
        one = self._target(request, now)
        facts, text = one.at(now), request.arguments["DeprecateAt"]
        moment = _rounded(text)
        reason = _too_early_or_late(one, facts, moment, now)
        if reason:
            raise Ec2Error(errors.INVALID_VALUE, value=text, name="DeprecateAt", reason=reason)
        shown = moment.strftime("%Y-%m-%dT%H:%M:00.000Z")
        one.change(now, f"deprecates it at {shown}", facts.having(DEPRECATION, shown))
        return {"Return": True}

    def cancel_deprecation(self, request: Request, now: float) -> Json:
        one = self._target(request, now)
        facts = one.at(now)
        if PUBLIC in facts.grants:
            raise Ec2Error(errors.PUBLIC_DEPRECATED, id=one.id)
        one.change(now, "cancels its deprecation", facts.having(DEPRECATION, ""))
        return {"Return": True}

    def protect(self, request: Request, now: float) -> Json:
        """The 24 hours that a protection with a cool-down lasts longer are assumed to be over at once."""
        one = self._target(request, now)
        cool_down = "enabled-with-cooldown" if request.arguments.get("WithCooldown") else "enabled"
        protection = cool_down if request.operation.startswith("enable") else ""
        one.change(now, f"makes its protection {protection or 'end'}", one.at(now).having(PROTECTION, protection))
        return {"Return": protection}

    def tag(self, request: Request, now: float) -> Json:
        """All of the resources, or none of them."""
        self._permit(request, now)
        tagged = [self._visible(request, resource_id, now) for resource_id in request.arguments["Resources"]]
        tags = request.arguments["Tags"]
        adds = request.operation == "create_tags"
        for one in tagged if adds else ():
            if any(one.sort.shares_tag(each["Key"]) for each in tags):
                self._owned(one)
            if not one.has_room_for(one.at(now), [each["Key"] for each in tags]):
                raise Ec2Error(errors.TOO_MANY_TAGS)
        words = ", ".join(each["Key"].removeprefix(SHARED) for each in tags)
        for one in tagged:
            one.alter(now, f"{'sets' if adds else 'removes'} the tags {words}", lambda facts: _tagged(facts, tags))
        return {}

    def _visible(self, request: Request, resource_id: str, now: float) -> Resource:
        """Return one's own image, or one that is shared."""
        if not IMAGE.id_pattern.fullmatch(resource_id):
            raise Ec2Error(IMAGE.refusals.malformed(request.action, resource_id), id=resource_id)
        one = self.cloud.resources.get((request.region, resource_id))
        if one is not None and now >= one.appears and not self.hides(one):
            one.let_happen(now)
            facts = one.at(now)
            if facts.status != GONE and one.visible_to(self.cloud.account, facts):
                return one
        raise Ec2Error(IMAGE.refusals.not_found, id=resource_id)

    def _check_sharing(self, one: Resource, before: Facts, after: Facts, now: float) -> None:
        """Policies bind new entries only: what is public stays so when block public access is turned on."""
        new, refusals = after.grants - before.grants, one.sort.refusals
        keys = [each.key for each in (one.behind if one.sort is IMAGE else (one,)) if each.key]
        if PUBLIC in new and one.product_code:
            raise Ec2Error(refusals.public_product_code)
        if PUBLIC in new and keys:
            raise Ec2Error(refusals.public_encrypted)
        if new and any(self.cloud.keys.get(key) == "AWS" for key in keys):
            raise Ec2Error(refusals.aws_managed_key)
        if PUBLIC in new and self.cloud.is_blocked(one.sort, one.region, now):
            self.cloud.met["block public access"] += 1
            raise Ec2Error(refusals.public_blocked)
        if one.sort is IMAGE and new:
            self._check_quotas(one, after, PUBLIC in new)

    def _check_quotas(self, image: Resource, after: Facts, becomes_public: bool) -> None:
        quota = self.cloud.sharing_quota
        if sum(kind != GROUP for kind, _value in after.grants) > quota:
            self.cloud.met["quota"] += 1
            raise Ec2Error(errors.SHARING_QUOTA, quota=quota)
        quota = self.cloud.public_quota
        if becomes_public and self.cloud.public_images(image.region) >= quota:
            self.cloud.met["quota"] += 1
            raise Ec2Error(errors.PUBLIC_QUOTA, quota=quota)

    # Reads.

    def read_permissions(self, sort: Sort, member: str, request: Request, now: float) -> Json:
        self._permit(request, now)
        self._well_formed(sort, request)
        one = self._owned(self._find(sort, request, now))
        grants = self._shown(one, request.operation, now).grants
        return {sort.parameter: one.id, member: [{kind: value} for kind, value in in_order(grants)]}

    def describe(self, sort: Sort, member: str, request: Request, now: float) -> Json:
        self._permit(request, now)
        arguments = request.arguments
        filters = {each["Name"]: each["Values"] for each in arguments.get("Filters", ())}
        own = bool(arguments.get("Owners") or arguments.get("OwnerIds"))
        candidates = _after(self._candidates(sort, request, filters), arguments.get("NextToken", ""))
        found = (
            (one, facts)
            for one in candidates
            if (facts := self._found(one, request, own, now)) and _matches(one, facts, filters)
        )
        page, token = _page(found, arguments.get("MaxResults"))
        described = [_DESCRIBED[sort.name](one, facts, now) for one, facts in page]
        return {member: described, **({"NextToken": token} if token else {})}

    def _candidates(self, sort: Sort, request: Request, filters: Json) -> list[Resource]:
        ids = filters.get(f"{sort.name}-id")
        if ids is None:
            return self.cloud.of(sort, request.region)
        known = (self.cloud.resources.get((request.region, each)) for each in dict.fromkeys(ids))
        return [one for one in known if one]

    def _found(self, one: Resource, request: Request, own: bool, now: float) -> Facts | None:
        """Return what the read shows of it, if it shows it at all."""
        if now < (one.appears_to_owner if own else one.appears) or self.hides(one):
            self.cloud.met["late appearance"] += now < max(one.appears, one.appears_to_owner)
            return None
        facts = self._shown(one, request.operation, now)
        if facts.status == GONE or (own and one.owner != self.cloud.account):
            return None
        hidden = facts.status == "disabled" and not request.arguments.get("IncludeDisabled")
        return facts if one.visible_to(self.cloud.account, facts) and not hidden else None

    def block_public_access(self, sort: Sort, request: Request, now: float) -> Json:
        self._permit(request, now)
        blocked = self.cloud.is_blocked(sort, request.region, now)
        self.cloud.met["block public access"] += blocked
        state = sort.blocking.states[0] if blocked else "unblocked"
        element = sort.blocking.element
        return {element[0].upper() + element[1:]: state, "ManagedBy": "account"}

    def quota(self, request: Request, now: float) -> Json:
        """Service Quotas lists what is applied, and not in every account (stated by its API reference)."""
        self._permit(request, now)
        default = QUOTAS[request.arguments["QuotaCode"]]
        if request.operation == "get_aws_default_service_quota":
            return {"Quota": {"Value": float(default)}}
        if not self.cloud.lists_quotas:
            raise Ec2Error(NO_QUOTA)
        value = self.cloud.sharing_quota if default == QUOTAS["L-70015FFA"] else self.cloud.public_quota
        return {"Quota": {"Value": float(min(value, 1_000_000))}}

    def describe_key(self, request: Request, now: float) -> Json:
        self._permit(request, now)
        arn = self._arn(request)
        key_id = arn.rpartition("/")[2]
        return {"KeyMetadata": {"Arn": arn, "KeyId": key_id, "KeyState": "Enabled", "KeyManager": self.cloud.keys[arn]}}

    def _arn(self, request: Request) -> str:
        key: str = request.arguments["KeyId"]
        return key if key.startswith("arn:") else f"arn:aws:kms:{request.region}:{self.cloud.account}:key/{key}"

    def get_key_policy(self, request: Request, now: float) -> Json:
        self._permit(request, now)
        self.cloud.let_others_write(now)
        arn, lag = self._arn(request), self.cloud.lag.get(request.operation, 0.0)
        shown = self.cloud.policy(arn, now - lag * self.chance.random()) if lag else self.cloud.policy(arn, now)
        self.cloud.met["lag"] += shown != self.cloud.policy(arn, now)
        return {"Policy": shown, "PolicyName": "default"}

    def put_key_policy(self, request: Request, now: float) -> Json:
        self._permit(request, now)
        self.cloud.let_others_write(now)
        self.cloud.write(self._arn(request), Written(now, RUN, request.arguments["Policy"]))
        return {}

    def caller_identity(self) -> Json:
        return {"UserId": "AIDAEXAMPLE", "Account": self.cloud.account, "Arn": _caller(self.cloud.account)}


_Operation = t.Callable[[EC2, Request, float], Json]
_OPERATIONS: dict[str, _Operation] = {
    "modify_image_attribute": lambda ec2, request, now: ec2.modify(IMAGE, request, now),
    "modify_snapshot_attribute": lambda ec2, request, now: ec2.modify(SNAPSHOT, request, now),
    "describe_image_attribute": lambda ec2, request, now: ec2.read_permissions(
        IMAGE, "LaunchPermissions", request, now
    ),
    "describe_snapshot_attribute": lambda ec2, request, now: ec2.read_permissions(
        SNAPSHOT, "CreateVolumePermissions", request, now
    ),
    "describe_images": lambda ec2, request, now: ec2.describe(IMAGE, "Images", request, now),
    "describe_snapshots": lambda ec2, request, now: ec2.describe(SNAPSHOT, "Snapshots", request, now),
    "get_image_block_public_access_state": lambda ec2, request, now: ec2.block_public_access(IMAGE, request, now),
    "get_snapshot_block_public_access_state": lambda ec2, request, now: ec2.block_public_access(SNAPSHOT, request, now),
    "describe_key": lambda ec2, request, now: ec2.describe_key(request, now),
    "get_key_policy": lambda ec2, request, now: ec2.get_key_policy(request, now),
    "put_key_policy": lambda ec2, request, now: ec2.put_key_policy(request, now),
    "enable_image": lambda ec2, request, now: ec2.set_status("available", request, now),
    "disable_image": lambda ec2, request, now: ec2.set_status("disabled", request, now),
    "enable_image_deprecation": lambda ec2, request, now: ec2.deprecate(request, now),
    "disable_image_deprecation": lambda ec2, request, now: ec2.cancel_deprecation(request, now),
    "enable_image_deregistration_protection": lambda ec2, request, now: ec2.protect(request, now),
    "disable_image_deregistration_protection": lambda ec2, request, now: ec2.protect(request, now),
    "create_tags": lambda ec2, request, now: ec2.tag(request, now),
    "delete_tags": lambda ec2, request, now: ec2.tag(request, now),
    "get_service_quota": lambda ec2, request, now: ec2.quota(request, now),
    "get_aws_default_service_quota": lambda ec2, request, now: ec2.quota(request, now),
    "get_caller_identity": lambda ec2, _request, _now: ec2.caller_identity(),
}


WRITES = tuple(operation for operation in _OPERATIONS if not operation.startswith(("describe_", "get_")))


def _caller(account: str) -> str:
    return f"arn:aws:iam::{account}:user/somebody"


def _denied(account: str, request: Request) -> Ec2Error:
    if request.service != "ec2":
        action = f"{request.service.replace('-', '')}:{request.action}"
        resource = request.arguments.get("KeyId", "*")
        return Ec2Error(ELSEWHERE_DENIED, arn=_caller(account), action=action, resource=resource)
    action = f"ec2:{request.action}"
    kind = errors.UNAUTHORIZED_SETTING if "BlockPublicAccess" in action else errors.UNAUTHORIZED
    sort = IMAGE.name if request.resource_id.startswith(IMAGE.prefix) else SNAPSHOT.name
    resource = f"arn:aws:ec2:{request.region}::{sort}/{request.resource_id}" if request.resource_id else "*"
    reason = f"because no identity-based policy allows the {action} action"
    return Ec2Error(kind, arn=_caller(account), action=action, resource=resource, reason=reason, encoded="ENCODED")


def _structure(sort: Sort, arguments: t.Mapping[str, t.Any]) -> tuple[str, Json]:
    """Return the one attribute that a Modify request changes, and its structure; raise Ec2Error for a wrong form."""
    found = sorted((attribute, member) for member, attribute in sort.structures.items() if arguments.get(member))
    if not found:
        raise Ec2Error(errors.NO_ATTRIBUTES)
    if len(found) > 1:
        raise Ec2Error(errors.SEVERAL_ATTRIBUTES, names=", ".join(attribute for attribute, _member in found))
    attribute, member = found[0]
    structure = arguments[member]
    if attribute in TEXTS:
        if structure.get("Value", "") == "":
            raise Ec2Error(errors.MISSING_PARAMETER, name=TEXTS[attribute].missing)
        return attribute, structure
    entries = [*structure.get("Add", ()), *structure.get("Remove", ())]
    if not entries:
        raise Ec2Error(errors.NO_OPERATION if sort is SNAPSHOT else errors.NO_ATTRIBUTES, name=attribute)
    if sort.one_operation and structure.get("Add") and structure.get("Remove"):
        raise Ec2Error(errors.ONE_OPERATION, name=attribute)
    if sort.limit is not None and len(entries) > sort.limit:
        raise Ec2Error(errors.TOO_MANY_ENTRIES, limit=sort.limit)
    return attribute, structure


def _modified(one: Resource, facts: Facts, attribute: str, structure: Json) -> Facts:
    """Return the facts that a Modify request asks for; raise Ec2Error for wrong values.

    Adding what is present and removing what is absent both succeed.
    """
    if attribute in TEXTS:
        value = structure["Value"]
        reason = TEXTS[attribute].reason(value)
        if reason:
            raise Ec2Error(errors.INVALID_VALUE, value=value, name=attribute, reason=reason)
        return facts._replace(texts={**facts.texts, attribute: value})
    add, remove = entries_of(structure, "Add"), entries_of(structure, "Remove")
    for kind, value in (*add, *(entry for entry in remove if entry not in facts.grants)):
        if not _FORMS[kind].fullmatch(value):
            raise Ec2Error(one.sort.refusals.entries[kind], value=value)
    return facts._replace(grants=facts.grants.union(add).difference(remove))


def _listed(one: Resource, facts: Facts) -> Facts:
    """The owner's own account is accepted on a snapshot and never listed (recorded)."""
    return facts._replace(grants=facts.grants - {(USER, one.owner)}) if one.sort is SNAPSHOT else facts


def entries_of(structure: Json, operation: str) -> list[Grant]:
    """Return the entries that a Modify request adds or removes."""
    return [entry for item in structure.get(operation, ()) for entry in item.items()]


def _tagged(facts: Facts, tags: t.Sequence[Json]) -> Facts:
    """Return the facts with these tags or, where they have no value, without them."""
    for each in tags:
        facts = facts.having(each["Key"], each.get("Value", ""))
    return facts


def _rounded(text: str) -> datetime:
    """EC2 rounds to the nearest minute (EnableImageDeprecation, API reference)."""
    return to_the_minute(datetime.fromisoformat(text.replace("Z", "+00:00")))


def _too_early_or_late(one: Resource, facts: Facts, moment: datetime, seconds: float) -> str:
    now = datetime.fromtimestamp(EPOCH + seconds, timezone.utc)
    if moment < now - timedelta(minutes=1):
        return "It is in the past."
    if moment > years_later(now, 10):
        return "It is more than 10 years from now."
    created = datetime.fromisoformat(one.created.replace("Z", "+00:00"))
    if PUBLIC in facts.grants and moment > to_the_minute(years_later(created, 2)):
        return "It is more than 2 years from the creation of a public image."
    return ""


def _in_words(attribute: str, structure: Json) -> str:
    if attribute in TEXTS:
        return f"sets {attribute} to {structure['Value']!r}"
    verbs = (("Add", "adds"), ("Remove", "removes"))
    return " and ".join(
        f"{verb} {', '.join(value for _kind, value in entries_of(structure, name))}"
        for name, verb in verbs
        if structure.get(name)
    )


def _matches(one: Resource, facts: Facts, filters: Json) -> bool:
    if "state" in filters and facts.status not in filters["state"]:
        return False
    if "is-public" in filters and PUBLIC not in facts.grants:
        return False
    return "name" not in filters or any(fnmatchcase(one.name, pattern) for pattern in filters["name"])


def _after(candidates: list[Resource], token: str) -> t.Iterable[Resource]:
    """Return those of the next page: they are in order of id, and a token is the last id shown."""
    return candidates[bisect.bisect_right(candidates, token, key=lambda one: one.id) :] if token else candidates


def _page(found: t.Iterator[tuple[Resource, Facts]], size: int | None) -> tuple[list[tuple[Resource, Facts]], str]:
    page = list(itertools.islice(found, size))
    more = size is not None and next(found, None) is not None
    return page, page[-1][0].id if more else ""


def _image(one: Resource, facts: Facts, now: float) -> Json:
    """One image as DescribeImages shows it; what is not set is left out."""
    described: Json = {
        "ImageId": one.id,
        "State": facts.status,
        "OwnerId": one.owner,
        "Name": one.name,
        "CreationDate": one.created,
        "Public": PUBLIC in facts.grants,
        "RootDeviceType": "ebs" if one.behind else "instance-store",
        "RootDeviceName": "/dev/sda1",
        "BlockDeviceMappings": [_mapping(one, number, now) for number in range(len(one.behind))],
        **{TEXTS[attribute].structure: value for attribute, value in facts.texts.items() if attribute in TEXTS},
        **_lifecycle(one, facts),
    }
    if one.product_code:
        described["ProductCodes"] = [{"ProductCodeId": one.product_code, "ProductCodeType": "marketplace"}]
    return described


def _lifecycle(one: Resource, facts: Facts) -> Json:
    shown = {"enabled": "enabled-without-cooldown", "": "disabled"}
    protection = facts.texts.get(PROTECTION, "")
    tags = [{"Key": key, "Value": value} for key, value in facts.texts.items() if one.sort.shares_tag(key)]
    tags += [{"Key": f"other-{number}", "Value": ""} for number in range(one.other_tags)]
    date = facts.texts.get(DEPRECATION)
    return {
        **({"DeregistrationProtection": shown.get(protection, protection)} if one.owner == OWNER else {}),
        **({"Tags": tags} if tags else {}),
        **({"DeprecationTime": date} if date else {}),
    }


def _mapping(one: Resource, number: int, now: float) -> Json:
    """The root volume first. A volume whose snapshot EC2 does not show yet has no id of one."""
    snapshot = one.behind[number]
    ebs: Json = {"Encrypted": bool(snapshot.key)}
    if now >= one.behind_shown:
        ebs["SnapshotId"] = snapshot.id
    return {"DeviceName": f"/dev/sd{chr(ord('b') + number - 1)}" + "1" * (not number), "Ebs": ebs}


def _snapshot(one: Resource, facts: Facts, _now: float) -> Json:
    described: Json = {
        "SnapshotId": one.id,
        "State": facts.status,
        "OwnerId": one.owner,
        "Description": "",
        "Encrypted": bool(one.key),
    }
    return {**described, "KmsKeyId": one.key} if one.key else described


_DESCRIBED: dict[str, t.Callable[[Resource, Facts, float], Json]] = {IMAGE.name: _image, SNAPSHOT.name: _snapshot}
