# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Quotas: how many entries one image may have, and how many images of a Region may be public.

Reading only, once per Region, and only if a plan comes near one. What cannot be read is not a failure: a warning names
the default, and EC2 decides.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

from .ec2 import EC2Error
from .resource import Quota
from .resource import Refusal
from .resource import Resource
from .resource import becomes_public
from .resource import entries_after
from .subject import healthy

if t.TYPE_CHECKING:
    from .plan import Failure
    from .runtime import Runtime
    from .subject import Subject

Room = tuple[int, int, int]  # images that are public, images that become public, and how many may be


@dataclass
class Limits:
    """What is known of the quotas, by Region. ``unread`` names those that could not be read, and why."""

    entries: dict[str, int] = field(default_factory=dict)
    public: dict[str, Room] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        return [f"Could not read {', '.join(self.unread)}; EC2 will decide"] if self.unread else []


def read(runtime: Runtime, resource: Resource, subjects: t.Sequence[Subject]) -> Limits:
    """Return the quotas that the plans come near to."""
    limits = Limits()
    sound = healthy(subjects)
    if resource.quota:
        near = [each.target.region for each in sound if each.plan and each.plan.nears(resource.quota.default)]
        limits.entries = _applied(runtime, resource.quota, near, limits)
    if resource.public_quota:
        public = [each.target.region for each in sound if each.plan and becomes_public(each.plan)]
        applied = _applied(runtime, resource.public_quota, public, limits)
        counts = runtime.each(lambda region: _in_use(runtime, resource, region), applied)
        for region, count in zip(applied, counts):
            if isinstance(count, int):
                limits.public[region] = (count, public.count(region), applied[region])
            else:
                limits.unread.append(f"how many images of {region} are public ({count.operation}: {count.code})")
    return limits


def _applied(runtime: Runtime, quota: Quota, regions: t.Sequence[str], limits: Limits) -> dict[str, int]:
    asked = list(dict.fromkeys(regions))
    values = dict(zip(asked, runtime.each(lambda region: _value(runtime, quota, region), asked)))
    unread = [(region, value) for region, value in values.items() if not isinstance(value, int)]
    if unread:
        region, failure = unread[0]
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        why = f"({failure.operation}: {failure.code}), by default {quota.default:,}"
        limits.unread.append(f"the quota of {quota.what} in {region}{more} {why}")
    return {region: value for region, value in values.items() if isinstance(value, int)}


def _value(runtime: Runtime, quota: Quota, region: str) -> int | Failure:
    """Return the value that is applied to the account or, if none is, AWS's default."""
    applied = _asked(runtime, "get_service_quota", quota, region)
    if isinstance(applied, int) or applied.code != "NoSuchResourceException":
        return applied
    return _asked(runtime, "get_aws_default_service_quota", quota, region)


def _asked(runtime: Runtime, operation: str, quota: Quota, region: str) -> int | Failure:
    quoted: dict[str, t.Any] = {"ServiceCode": "ec2", "QuotaCode": quota.code}
    try:
        answer = runtime.ec2.call(region, operation, service="service-quotas", patient=False, **quoted)
        return int(answer["Quota"]["Value"])
    except EC2Error as error:
        return error.failure


def _in_use(runtime: Runtime, resource: Resource, region: str) -> int | Failure:
    api = resource.batched
    arguments = {
        "Filters": [{"Name": "is-public", "Values": ["true"]}],
        api.owners_argument: ["self"],
        "MaxResults": 1000,
    }
    try:
        pages = runtime.ec2.pages(region, api.describe_operation, **arguments)
        return sum(len(page.get(api.described_key, ())) for page in pages)
    except EC2Error as error:
        return error.failure


def exceeded(resource: Resource, subject: Subject, limits: Limits) -> t.Iterator[Refusal]:
    """Yield the refusals that the plan would meet because of a quota."""
    region, plan = subject.target.region, subject.plan
    if plan is None:
        return
    most, count = limits.entries.get(region), entries_after(plan)
    if resource.quota and most is not None and plan.granted and count > most:
        had = f"The {resource.noun} would have {count:,} {resource.quota.what}, and the quota in {region} is {most:,}"
        yield Refusal(
            "ResourceLimitExceeded",
            f"{had}. {_raise(resource.quota, count, region)}, or share with an organization or OU",
        )
    if resource.public_quota and region in limits.public and becomes_public(plan):
        in_use, new, quota = limits.public[region]
        if in_use + new > quota:
            had = f"{in_use} images are public in {region}, {new} more would be, and the quota is {quota}"
            yield Refusal("ResourceLimitExceeded", f"{had}. {_raise(resource.public_quota, in_use + new, region)}")


def _raise(quota: Quota, count: int, region: str) -> str:
    command = "aws service-quotas request-service-quota-increase --service-code ec2"
    return f"Have it raised ({command} --quota-code {quota.code} --desired-value {count} --region {region})"
