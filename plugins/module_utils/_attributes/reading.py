# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Reading: what EC2 says about resources. Errors end up in the subjects they concern; nothing is written to EC2."""

from __future__ import annotations

import typing as t
from functools import partial

from .attribute import Attribute
from .attribute import ByCall
from .attribute import Description
from .attribute import Value
from .ec2 import DENIALS
from .ec2 import DENIED
from .ec2 import EC2Error
from .resource import OneByOne
from .resource import Resource
from .resource import describing
from .resource import foreign
from .resource import unknown
from .subject import Subject
from .subject import Target
from .subject import by_turns
from .subject import healthy
from .subject import in_batches

if t.TYPE_CHECKING:
    from .runtime import Runtime

Described = tuple[Target, Description]
IMAGES_PER_PAGE = 1000  # what MaxResults takes in most actions of EC2; for DescribeImages no limit is documented


def describe(runtime: Runtime, subjects: t.Iterable[Subject]) -> None:
    """Describe the subjects of one kind, up to 200 in a request where there is one for many.

    One that is not there, or not the caller's, fails.
    """
    read_at_once(runtime, subjects, ())


def look_up(runtime: Runtime, subjects: t.Sequence[Subject]) -> None:
    """Describe the subjects, and then read the attributes of those that are there."""
    describe(runtime, subjects)
    read_at_once(runtime, (), healthy(subjects))


def _describe_batch(runtime: Runtime, batch: t.Sequence[Subject]) -> None:
    try:
        own, _dummy = _described(runtime, batch, own=True)
        missing = [subject for subject in batch if subject.target.id not in own]
        # Finding who owns the others takes more requests, which a task without mistakes does not need.
        others, request_id = _described(runtime, missing, own=False) if missing else ({}, None)
        own.update(_missed(runtime, missing, own, others))
    except EC2Error as error:
        for subject in batch:
            subject.failure = error.failure
        return
    for subject in batch:
        region, resource_id = subject.target
        if resource_id in own:
            subject.described = own[resource_id]
        elif resource_id in others:
            subject.failure = foreign(subject.resource, resource_id, others[resource_id], subject.action)
        else:
            subject.failure = unknown(subject.resource, resource_id, region, request_id)


def _describe_one(runtime: Runtime, subject: Subject) -> None:
    """Describe a resource that takes calls of its own: what it is only once, what it holds each time."""
    api, (region, resource_id) = t.cast("OneByOne", subject.resource.api), subject.target
    try:
        if not subject.described:
            answer = runtime.call(region, api.describe(resource_id))
            subject.described = api.described(resource_id, answer, runtime.ec2.dns_suffix(region))
            subject.target = Target(region, subject.described[api.id_key])
        read_content(runtime, subject)
    except EC2Error as error:
        subject.failure = error.failure


def read_content(runtime: Runtime, subject: Subject) -> None:
    """Read again what a resource holds that is described one by one; raise EC2Error."""
    api = t.cast("OneByOne", subject.resource.api)
    answer = runtime.call(subject.target.region, api.content(subject.target.id))
    subject.described = {**subject.described, api.content_key: answer[api.content_key]}


def _name_owners(runtime: Runtime, failed: t.Sequence[Subject]) -> None:
    """Where a resource could not be read because another account owns it, let the failure name that account.

    Neither a denial nor "not found" shows whose it is. That takes a comparison with the caller's account.
    """
    codes = {*DENIALS, *(subject.resource.not_found_code for subject in failed)}
    asking = [(each, known(runtime, each)) for each in failed if each.failure and each.failure.code in codes]
    suspects = [(subject, found) for subject, found in asking if found]
    account = caller(runtime, suspects[0][0].target.region).get("Account") if suspects else None
    for subject, found in suspects:
        if account and found["OwnerId"] != account:
            subject.described = found
            subject.failure = t.cast("OneByOne", subject.resource.api).foreign(found, subject.hoped)


def known(runtime: Runtime, subject: Subject) -> Description | None:
    """Return what was described of a subject that takes calls of its own, or else what its id alone says."""
    region, resource_id = subject.target
    api = t.cast("OneByOne", subject.resource.api)
    return subject.described or api.presumed(resource_id, runtime.ec2.dns_suffix(region))


def caller(runtime: Runtime, region: str) -> Description:
    """Return who is asking, nothing if STS does not answer."""
    try:
        return runtime.ec2.call(region, "get_caller_identity", service="sts", patient=False)
    except EC2Error:
        return {}


def _missed(
    runtime: Runtime, missing: t.Sequence[Subject], own: dict[str, Description], others: dict[str, Description]
) -> dict[str, Description]:
    """Return those of ``others`` that are the caller's: a new one may be missing from ``own`` at first."""
    seen = {others[subject.target.id].get("OwnerId"): subject for subject in missing if subject.target.id in others}
    accounts = {described.get("OwnerId") for described in own.values()}
    accounts |= {owner for owner, subject in seen.items() if owner not in accounts and _is_callers(runtime, subject)}
    return {key: described for key, described in others.items() if key and described.get("OwnerId") in accounts}


def _is_callers(runtime: Runtime, subject: Subject) -> bool:
    """Tell whether the caller owns the resource: EC2 shows its permissions to nobody else. Raise EC2Error."""
    try:
        read(runtime, subject.target, subject.resource.permissions)
    except EC2Error as error:
        if error.failure.code in (subject.resource.foreign_code, DENIED):
            # EC2 answers the same for another account's snapshot and for one that it does not know yet.
            return bool(_described(runtime, [subject], own=True)[0])
        if error.failure.code not in subject.resource.absent_codes:
            raise
    return True


def _described(runtime: Runtime, batch: t.Sequence[Subject], *, own: bool) -> tuple[dict[str, Description], str | None]:
    """Return the descriptions by id, those of other owners included unless ``own``, and the request's id."""
    resource = batch[0].resource
    call = describing(resource, [subject.target.id for subject in batch], own=own)
    answer = runtime.call(batch[0].target.region, call)
    found = {
        described.get(resource.batched.id_key, ""): described
        for described in answer.get(resource.batched.described_key, ())
    }
    return found, answer.get("ResponseMetadata", {}).get("RequestId")


def read_at_once(runtime: Runtime, described: t.Iterable[Subject], read: t.Iterable[Subject]) -> None:
    """Describe some and read the attributes of others, without finishing one before starting the other."""
    to_read = by_turns(read, lambda subject: subject.place)
    runtime.progress.plan("read", [subject.place for subject in to_read])
    jobs: list[t.Callable[[], t.Any]] = []
    alone: list[Subject] = []
    batched: list[Subject] = []
    for subject in described:
        (alone if isinstance(subject.resource.api, OneByOne) else batched).append(subject)
    jobs += [partial(_describe_batch, runtime, batch) for batch in in_batches(batched, lambda each: each.target)]
    jobs += [partial(_describe_one, runtime, subject) for subject in by_turns(alone, lambda each: each.place)]
    jobs += [partial(_read_planned, runtime, subject) for subject in to_read]
    runtime.each(lambda job: job(), jobs)
    _name_owners(runtime, [subject for subject in alone if subject.failure])


def _read_planned(runtime: Runtime, subject: Subject) -> None:
    read_attributes(runtime, subject)
    runtime.progress.done("read", subject.place)


def read_attributes(runtime: Runtime, subject: Subject) -> bool:
    """Read the attributes asked for that take a call of their own, and tell whether they could be read."""
    for attribute in (asked.attribute for asked in subject.asked):
        if isinstance(attribute.read, ByCall):
            try:
                subject.read[attribute.option] = read(runtime, subject.target, attribute)
            except EC2Error as error:
                # The finding that it is missing or another's says more.
                subject.failure = subject.failure or error.failure
                return False
    return True


def verify(runtime: Runtime, subject: Subject) -> None:
    """Read the attributes after a write, so that what EC2 shows from now on is known to be the newer state."""
    runtime.progress.plan("verified", [subject.place])
    subject.verified = read_attributes(runtime, subject)
    runtime.progress.done("verified", subject.place)


def read(runtime: Runtime, target: Target, attribute: Attribute) -> Value:
    """Return an attribute that takes a call of its own; raise EC2Error."""
    how = t.cast("ByCall", attribute.read)
    return how.value(runtime.call(target.region, how.call(target.id)))


def search(
    runtime: Runtime, resource: Resource, region: str, filters: t.Sequence[t.Any], owners: t.Sequence[str]
) -> list[Described]:
    """Return what matches EC2's own filters in a Region, page by page; raise EC2Error."""
    api = resource.batched
    arguments = {"Filters": list(filters), api.owners_argument: list(owners), "MaxResults": IMAGES_PER_PAGE}
    pages = runtime.ec2.pages(region, api.describe_operation, **arguments, **api.describe_options)
    return [
        (Target(region, described[api.id_key]), described)
        for page in pages
        for described in page.get(api.described_key, ())
    ]
