# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What the rest needs to know about a kind of resource, as frozen data: names, attributes, API, and rules.

Here lives what AMIs and snapshots have in common; images.py and snapshots.py fill in one table each. A rule is a
function in the table that yields what EC2 would refuse. Pure: calls are described here, and never made.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

from . import dates
from .attribute import Attribute
from .attribute import Call
from .attribute import Description
from .permissions import EVERYONE
from .permissions import Kind
from .permissions import Permissions
from .permissions import in_words
from .plan import Attributes
from .plan import Failure
from .plan import Plan
from .plan import counted

if t.TYPE_CHECKING:
    from datetime import datetime

# A code of our own, not that of a service: what a change was planned on is no longer there.
CHANGED_MEANWHILE = "ChangedMeanwhile"


class Refusal(t.NamedTuple):
    """What EC2 would answer, with its code. ``action`` is what it would refuse, if not the Modify request."""

    code: str
    message: str
    action: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What, besides the resource itself, decides whether it can be shared.

    ``public_access_blocked`` is the state in the account and Region, ``under_managed_key`` names the resource's
    snapshots that are encrypted under the key that AWS manages for EBS, ``now`` is the time. ``in_turns`` says that the
    additions to a document are written before its removals. ``revoked`` are entries that are to come off one by name,
    held or not.
    """

    public_access_blocked: bool = False
    under_managed_key: tuple[str, ...] = ()
    now: datetime = dates.EPOCH
    in_turns: bool = False
    revoked: Permissions = frozenset()


# What a user should know about a plan that EC2 accepts; an empty text if there is nothing.
Caution = t.Callable[[Plan, Description, Surroundings], str]
Rule = t.Callable[[Plan, Description, Surroundings], t.Iterator[Refusal]]


@dataclass(frozen=True)
class Quota:
    """A quota of EC2, by its code in Service Quotas; ``what`` it counts."""

    code: str
    default: int
    what: str


@dataclass(frozen=True)
class Ids:
    """How ids are written: an example in short, their form in words, and as a pattern.

    With ``arn``, a pattern whose first group is a Region, ARNs are ids as well, and bring their Region.
    """

    example: str
    form: str
    pattern: str
    arn: str = ""


def ec2_ids(prefix: str) -> Ids:
    """Return the form of EC2's ids: 8 hexadecimal digits, or 17 since 2016 (EC2 User Guide, "Resource IDs")."""
    form = f"{prefix}- and 8 or 17 hexadecimal digits"
    return Ids(f"{prefix}-…", form, f"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})")


@dataclass(frozen=True)
class Api:
    """How EC2 describes resources of a kind. Names ending in ``_operation`` are boto3's, all others are EC2's."""

    id_key: str
    describe_operation: str
    described_key: str
    id_filter: str
    owners_argument: str
    public_access_operation: str
    public_access_key: str
    describe_options: t.Mapping[str, t.Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OneByOne:
    """How a service describes resources that take calls of their own: what each is, once, and what it holds, each time.

    ``describe`` takes the id as the task has it. ``described`` makes the description from that id, the answer, and the
    suffix of the host names of AWS there; ``id_key`` is its member that is the id from then on. ``content`` is the call
    for what it holds, of which ``content_key`` is added to the description. ``presumed`` is what the id alone says,
    None for one that says nothing of an owner. ``foreign`` says why one of another owner fails, given what was asked.
    """

    id_key: str
    describe: t.Callable[[str], Call]
    described: t.Callable[[str, Description, str], Description]
    content: t.Callable[[str], Call]
    content_key: str
    presumed: t.Callable[[str, str], Description | None]
    foreign: t.Callable[[Description, Attributes], Failure]


@dataclass(frozen=True)
class Document:
    """How the attributes of a resource are written: as one document, in place of the one that their plan is based on.

    ``replaced`` returns a description with the document that says of the attributes what they are to be, and ``write``
    makes the call, from the id and such a description. ``is_same`` tells whether a description holds the document of
    another. ``explained`` returns the failure of a write, with what the description says of its cause. ``lines`` are
    those of a diff for the document that goes with such attributes.
    """

    replaced: t.Callable[[Description, Attributes], Description]
    write: t.Callable[[str, Description], Call]
    is_same: t.Callable[[Description, Description], bool]
    explained: t.Callable[[Failure, Description], Failure]
    lines: t.Callable[[Description, Attributes], list[str]]


def _nothing_more(_described: Description, _after: Attributes, _planned: datetime | None) -> dict[str, t.Any]:
    return {}


def _nothing_unlisted(_described: Description) -> Permissions:
    return frozenset()


@dataclass(frozen=True)
class Resource:
    """A kind of resource: what it is called in tasks, results and messages, and what is true of it.

    ``foreign_code`` is EC2's answer to a caller that reads the attributes of another account's resource.
    ``ready_states`` are those in which EC2 changes all attributes; ``advice`` says what to do in the others.
    ``name_of`` returns the name of a described one, ``encrypted_snapshots`` the encrypted snapshots behind it with
    their keys, None for a key that is not known yet, and ``unlisted`` the entries that EC2 accepts and never lists.
    ``rules`` and ``cautions`` are asked about every plan that changes something. ``more`` returns what else a result
    says, given what was described, what the attributes are afterwards, and when they were planned, if they were.
    ``service`` is what users call the service that it is of. With a ``document``, all attributes are written together.
    """

    noun: str
    described_as: str
    ids_option: str
    id_option: str
    ids: Ids
    result_key: str
    attributes: tuple[Attribute, ...]
    api: Api | OneByOne
    ready_states: tuple[str, ...]
    advice: t.Mapping[str, str]
    describe_action: str
    modify_action: str
    not_found_code: str
    state_code: str
    foreign_code: str
    name_of: t.Callable[[Description], str | None]
    encrypted_snapshots: t.Callable[[Description], dict[str, str | None]]
    rules: tuple[Rule, ...]
    quota: Quota | None = None
    public_quota: Quota | None = None
    unlisted: t.Callable[[Description], Permissions] = _nothing_unlisted
    more: t.Callable[[Description, Attributes, datetime | None], dict[str, t.Any]] = _nothing_more
    cautions: tuple[Caution, ...] = ()
    service: str = "EC2"
    document: Document | None = None

    @property
    def batched(self) -> Api:
        """How EC2 describes resources of this kind, if many in one request."""
        return t.cast("Api", self.api)

    @property
    def absent_codes(self) -> tuple[str, str]:
        """EC2's codes for one that it does not know, and for one whose state does not let it be read or modified."""
        return self.not_found_code, self.state_code

    @property
    def permissions(self) -> Attribute:
        """The attribute that is its list of permissions."""
        return next(attribute for attribute in self.attributes if attribute.kinds)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of principals that it can be shared with."""
        return self.permissions.kinds


def describing(resource: Resource, ids: t.Sequence[str], *, own: bool) -> Call:
    """Return the call that describes up to 200 resources, unknown ones left out.

    By filter, because one unknown id beside it would fail the whole request.
    """
    api = resource.batched
    owners = {api.owners_argument: ["self"]} if own else {}
    arguments = {"Filters": [{"Name": api.id_filter, "Values": list(ids)}], **api.describe_options, **owners}
    return Call(api.describe_operation, arguments)


def is_ready(resource: Resource, described: Description) -> bool:
    return described.get("State") in resource.ready_states


def is_pending(resource: Resource, described: Description) -> bool:
    """Tell whether EC2 does not yet accept changes to the resource's attributes, but will."""
    return described.get("State") == "pending" and not is_ready(resource, described)


def blocks_public_access(resource: Resource, answer: Description) -> bool:
    return bool(answer.get(resource.batched.public_access_key) != "unblocked")


def becomes_public(plan: Plan) -> bool:
    return EVERYONE in plan.granted


def entries_after(plan: Plan) -> int:
    """Return how many entries count towards the quota once the plan is done."""
    return sum(counted(value) for _attribute, value in plan.after.values if isinstance(value, frozenset))


# Why one fails


def unknown(resource: Resource, resource_id: str, region: str, request_id: str | None) -> Failure:
    message = f"The {resource.noun} id '[{resource_id}]' does not exist in {region}, or this account may not see it"
    return Failure(resource.describe_action, resource.not_found_code, message, request_id)


def foreign(resource: Resource, resource_id: str, described: Description, action: str) -> Failure:
    owner = described.get("OwnerId", "another account")
    message = (
        f"Not authorized for {resource.noun}:{resource_id}: it belongs to {owner}, and only the owner can read or"
        " modify its attributes; run the task with credentials of the owner"
    )
    return _refused(resource, Refusal("AuthFailure", message, action))


def still_pending(resource: Resource, resource_id: str, timeout: int, action: str) -> Failure:
    message = (
        f"The {resource.noun} {resource_id} is still pending after {timeout} s and may not be modified yet; raise"
        " wait_timeout, or run the task again later"
    )
    return _refused(resource, Refusal(resource.state_code, message, action))


def changed_meanwhile(resource: Resource) -> Failure:
    message = (
        f"Something else has changed the {resource.noun} since the task read it, so nothing was written to it; run the"
        " task again"
    )
    return Failure(resource.modify_action, CHANGED_MEANWHILE, message, service=resource.service)


def cuts_off(resource: Resource, action: str, others: Permissions) -> Failure:
    message = (
        f"Disabling the {resource.noun} would cut off {in_words(others)}: something else has shared it since the task"
        " read it. Run the task again"
    )
    return Failure(action, CHANGED_MEANWHILE, message, service=resource.service)


def not_ready(resource: Resource, described: Description, action: str) -> Failure:
    return _refused(resource, _not_ready(resource, described, action))


def refusal(
    resource: Resource, plan: Plan, described: Description, surroundings: Surroundings, others: t.Iterable[Refusal] = ()
) -> Failure | None:
    """Return what EC2 would refuse the plan with and its DryRun does not show, together with the ``others``."""
    # An age that cannot be counted leads to no change, and must not pass for one that is met.
    if not plan.changed and plan.age != "unknown":
        return None
    refusals = [*_state(resource, plan, described), *others]
    for rule in (*resource.rules, _crowded):
        refusals += rule(plan, described, surroundings)
    if not refusals:
        return None
    together = "; ".join(refusal.message for refusal in refusals)
    return _refused(resource, refusals[0]._replace(message=together))


def _state(resource: Resource, plan: Plan, described: Description) -> t.Iterator[Refusal]:
    request = next((request for request in plan.requests if not request.attribute.any_state), None)
    is_to_be_enabled = described.get("State") == "disabled" and plan.enables
    if request and not is_ready(resource, described) and not is_to_be_enabled:
        yield _not_ready(resource, described, request.action)


def _not_ready(resource: Resource, described: Description, action: str) -> Refusal:
    state = str(described.get("State"))
    otherwise = f"{resource.service} modifies it only while it is {' or '.join(resource.ready_states)}"
    message = f"The {resource.noun} is {state}; {resource.advice.get(state, otherwise)}"
    return Refusal(resource.state_code, message, action)


def _crowded(plan: Plan, _described: Description, _surroundings: Surroundings) -> t.Iterator[Refusal]:
    if plan.is_crowded:
        message = (
            "Organizations and OUs are added before accounts are removed, and removed after accounts are added, so that"
            f" nobody loses access in between. The list would temporarily hold {plan.least_peak} entries, and the"
            f" quota is {plan.quota}. Revoke entries in a separate task first, or have the quota raised"
        )
        yield Refusal("ResourceLimitExceeded", message)


def _refused(resource: Resource, refusal: Refusal) -> Failure:
    action = refusal.action or resource.modify_action
    return Failure(action, refusal.code, refusal.message, predicted=True, service=resource.service)
