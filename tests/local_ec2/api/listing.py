# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What DescribeImages and DescribeSnapshots have in common: ids, filters, owners, pages.

Only the choice of what is shown lives here, not how it is shown.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from moto.ec2.utils import generic_filter

from local_ec2.api import errors
from local_ec2.api import parameters
from local_ec2.api.errors import Ec2Error
from local_ec2.state.grants import USER
from local_ec2.state.grants import in_order
from local_ec2.state.resource import Resource
from local_ec2.state.sorts import SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_ec2.api.markup import Value
    from local_ec2.api.steps import Call
    from local_ec2.state.sorts import Sort

Kept = TypeVar("Kept", bound=Resource)
Filters = dict[str, list[str]]
OWNER_ALIASES = frozenset({"amazon", "aws-marketplace", "aws-backup-vault"})


def read_ids(sort: Sort, call: Call) -> list[str]:
    ids = parameters.values(call.form, sort.parameter)
    for resource_id in ids:
        if not resource_id:
            raise Ec2Error(errors.MISSING_PARAMETER, name=sort.parameter)
        call.well_formed(sort, resource_id)
    if ids and "MaxResults" in call.form:  # Observed: aws/aws-sdk-ruby#3028.
        raise Ec2Error(errors.MAX_RESULTS_WITH_IDS, name=sort.name)
    return ids


def check_accounts(call: Call, users: str) -> None:
    """``users`` is the parameter that names who may use what is listed."""
    for owner in parameters.values(call.form, "Owner"):
        if owner != "self" and owner not in OWNER_ALIASES and not re.fullmatch("[0-9]{12}", owner):
            raise Ec2Error(errors.BAD_OWNER, value=owner)
    for user in parameters.values(call.form, users):
        if user not in ("self", "all") and not re.fullmatch("[0-9]{12}", user):
            raise Ec2Error(errors.BAD_OWNER, value=user)


def by_filters(sort: Sort, call: Call, wanted: Filters) -> list[Any]:
    """What filters can find: all, or those that an ``image-id`` or ``snapshot-id`` filter without wildcards names.

    The latter spares a walk over a whole fleet. What ``filter_lag`` hides is left out; ids show it at once (recorded).
    """
    lag = call.switches.filter_lag
    return [one for one in _candidates(sort, call, wanted) if one.found_by(call.account, lag)]


def _candidates(sort: Sort, call: Call, wanted: Filters) -> list[Resource]:
    name = f"{sort.name}-id"
    ids = wanted.get(name)
    if ids is None or any(mark in value for value in ids for mark in "*?["):
        return call.all_visible(sort)
    del wanted[name]
    found = [one for resource_id in dict.fromkeys(ids) if (one := call.known(sort, resource_id))]
    return [one for one in found if one.visible_to(call.account)]


@dataclass(frozen=True)
class Seen:
    """A resource as filters compare it: with the tags that the caller sees."""

    resource: Resource
    tags: dict[str, str]

    def get_filter_value(self, name: str) -> Any:
        if name.startswith("tag:"):
            return self.tags.get(name.removeprefix("tag:"))
        if name == "tag-key":
            return list(self.tags)
        return self.resource.get_filter_value(name)


def matching(call: Call, wanted: Filters, resources: list[Kept]) -> list[Kept]:
    """A filter that exists in EC2, and that moto does not know, is NotImplementedError."""
    if not wanted:
        return resources
    tagged = any(name.startswith("tag") for name in wanted)
    seen = [Seen(one, one.tags_for(call.backend) if tagged else {}) for one in resources]
    matched = {one.resource.id for one in generic_filter(wanted, seen)}
    return [one for one in resources if one.id in matched]


def owned(call: Call, resources: list[Kept]) -> list[Kept]:
    owners = {call.account if owner == "self" else owner for owner in parameters.values(call.form, "Owner")}
    if not owners:
        return resources
    return [one for one in resources if not owners.isdisjoint({one.owner_id, getattr(one, "owner_alias", None)})]


def usable(call: Call, resources: list[Kept], users: str) -> list[Kept]:
    """Those that one of the users named by the parameter ``users`` may launch or create volumes from."""
    named = parameters.values(call.form, users)
    if not named:
        return resources
    return [one for one in resources if any(_may_use(one, user, call.account) for user in named)]


def filters(sort: Sort, form: parameters.Form) -> dict[str, list[str]]:
    """{name: values} from ``Filter.N.Name`` and ``Filter.N.Value.M``; 200 values each is EC2's limit."""
    names = {
        key.split(".")[1]: value for key, value in form.items() if key.startswith("Filter.") and key.endswith("Name")
    }
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for key, value in form.items():
        if key.startswith("Filter.") and ".Value." in key:
            number = key.split(".")[1]
            if number not in names:
                raise Ec2Error(errors.BAD_FILTER, name="null")
            found[names[number]].append(value)
    for name, wanted in found.items():
        if not sort.filters.fullmatch(name):
            raise Ec2Error(errors.BAD_FILTER, name=name)
        if len(wanted) > 200:
            raise Ec2Error(errors.FILTER_VALUES, name=name, count=len(wanted))
    return found


def _may_use(resource: Resource, user: str, account: str) -> bool:
    """``self`` counts shares with an organization or unit, another account's id only its own entry.

    Of snapshots it counts the caller's own as well (EC2 API reference, DescribeSnapshots).
    """
    if user == "all":
        return resource.is_public
    if user not in ("self", account):
        return (USER, user) in resource.seen.grants
    if (USER, account) in resource.seen.grants:
        return True
    if resource.owner_id == account:
        return resource.sort is SNAPSHOT
    return any(kind.startswith("Organization") for kind, _value in resource.seen.grants)


def page(sort: Sort, form: parameters.Form, resources: list[Kept]) -> tuple[list[Kept], str | None]:
    """A page in order of id, so that what comes and goes between pages neither repeats nor hides others."""
    if "MaxResults" not in form and "NextToken" not in form:
        return resources, None
    size = _page_size(form.get("MaxResults", "1000"))
    last = _last_id(sort, form.get("NextToken", ""))
    rest = sorted((one for one in resources if one.id > last), key=lambda one: str(one.id))
    token = base64.urlsafe_b64encode(rest[size - 1].id.encode()).decode() if len(rest) > size else None
    return rest[:size], token


def _page_size(text: str) -> int:
    size = int(text) if text.isdecimal() else 0
    if size < 5:
        raise Ec2Error(errors.MAX_RESULTS_RANGE, value=text, expected="greater than 5")
    if size > 1000:
        raise Ec2Error(errors.MAX_RESULTS_RANGE, value=text, expected="less than 1000")
    return size


def _last_id(sort: Sort, token: str) -> str:
    try:
        last = base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        raise Ec2Error(errors.BAD_TOKEN) from None
    if last and not sort.id_pattern.fullmatch(last):
        raise Ec2Error(errors.BAD_TOKEN)
    return last


def permissions(grants: Iterable[tuple[str, str]]) -> list[Value]:
    return [{kind[0].lower() + kind[1:]: value} for kind, value in in_order(grants)]


def product_codes(resource: Resource) -> list[Value]:
    return [{"productCode": code, "type": "marketplace"} for code in sorted(resource.product_codes)]


def tags(resource: Resource, backend: Any) -> list[Value] | None:
    """As the account of ``backend`` sees them."""
    return [{"key": key, "value": value} for key, value in resource.tags_for(backend).items()] or None
