# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""One run over policies: select, merge, read, plan, guard, and send what was planned, or say what prevents that.

The only file of _sharing that makes requests, all of them through the steps of _attributes. This file has the order of
work and the handling of errors; the decisions are in the other files.
"""

from __future__ import annotations

import datetime
import typing as t

from .._attributes import predicting
from .._attributes import reading
from .._attributes import waiting
from .._attributes.ec2 import EC2
from .._attributes.ec2 import EC2Error
from .._attributes.ec2 import warn
from .._attributes.images import IMAGES
from .._attributes.images import lacks_snapshots
from .._attributes.images import snapshot_ids
from .._attributes.keeping import keeper
from .._attributes.plan import AskedPermissions
from .._attributes.plan import Failure
from .._attributes.resource import is_pending
from .._attributes.resource import is_ready
from .._attributes.resource import not_ready
from .._attributes.result import failure_text
from .._attributes.session import session
from .._attributes.snapshots import SNAPSHOTS
from .._attributes.subject import NAMED
from .._attributes.subject import Subject
from .._attributes.subject import Target
from .._attributes.subject import healthy
from .answer import failures_by_policy
from .answer import message
from .answer import present
from .applying import apply
from .applying import exceeded
from .encrypted import take_keys
from .legs import IMAGE_LEG
from .legs import KEY_LEG
from .legs import LEGS
from .legs import SNAPSHOT_LEG
from .legs import unshareable
from .merge import contradictions
from .merge import speakers
from .merge import speakers_behind
from .merge import wishes
from .options import Options
from .options import parse
from .policies import InvalidPoliciesError
from .policies import Policy
from .policies import Search
from .recipients import warnings
from .work import Work

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    from .._attributes.managed_keys import Judged
    from .._attributes.runtime import Runtime

_SearchKey = tuple[t.Any, str]
_Found = t.Union[list[reading.Described], Failure]


def run(module: AnsibleAWSModule) -> t.NoReturn:
    """Do what the module's options ask for, and exit with the result: here, and only here, the module is used."""
    params = module.params
    try:
        ec2 = EC2(module, params["concurrency"])
        keep, problems = keeper(None if params["audit"] else params["backup"])
        policies, options = parse(params, ec2.region, ec2.endpoint_region, check_mode=module.check_mode, found=problems)
        too_old = _too_old(ec2, policies)
    except InvalidPoliciesError as error:
        module.fail_json(msg=str(error))
    except EC2Error as error:
        module.fail_json(msg=failure_text(error.failure))
    pace = {"wait": params["wait"], "wait_timeout": params["wait_timeout"]}
    with session(ec2, params["concurrency"], keep=keep, **pace) as runtime:
        work = work_through(runtime, [policy.but_for(too_old) for policy in policies], options)
    work.left_undone = [f"{option}: {why}" for option, why in too_old.items()]
    for warning in work.warnings:
        warn(warning)
    now = datetime.datetime.fromtimestamp(runtime.clock.time(), tz=datetime.timezone.utc)
    result = present(work, options, diff=module._diff, made=now.strftime("%Y-%m-%d %H:%M UTC"))  # noqa: SLF001 AnsibleModule has no other name for it
    result.update(keep.result if keep else {})
    failed = message(work, options)
    if failed:
        module.fail_json(msg=failed, **result)
    module.exit_json(**result)


def _too_old(ec2: EC2, policies: t.Iterable[Policy]) -> dict[str, str]:
    """Return the options of policies that botocore is too old for, each with a message; raise EC2Error."""
    asked = {wish.attribute.option: wish.attribute for policy in policies for wish in policy.others}
    regions = [region for policy in policies for region in policy.regions]
    return ec2.too_old_for(regions[0], asked.values()) if regions else {}


def work_through(runtime: Runtime, policies: t.Sequence[Policy], options: Options) -> Work:
    """Do the work. EC2's errors end up in the subjects and in ``stopped``; none is raised."""
    work = Work(policies)
    _warn_of_unshareable(work, options)
    _select(runtime, work)
    _read(runtime, work, audit=options.audit)
    _stop_for_selection(work)
    _stop_for_contradictions(runtime, work, options)
    # A run that is to be stopped is not worth waiting for.
    if not options.audit and not work.stopped and not exceeded(work, options, but_for=_pending(work)):
        _wait_for_images(runtime, work)
    _plan_snapshots(runtime, work, wait=runtime.wait and not options.audit)
    _stop_for_contradictions(runtime, work, options)
    judged = take_keys(runtime, work)
    work.stop(failures_by_policy(work, work.keys.values()))
    _predict(runtime, work, judged)
    apply(runtime, work, options)
    work.warnings += warnings(work, options.named)
    return work


def _warn_of_unshareable(work: Work, options: Options) -> None:
    principals = ", ".join(options.named(each) for each in unshareable(work.policies))
    if principals:
        work.warnings.append(
            f"EC2 cannot share snapshots with organizations and OUs, so {principals} can launch the images and not copy"
            " them. Name the accounts that need a copy as principals of their own, or let the recipients make one:"
            " launch an instance and create an image of it."
        )


# Selecting


def _select(runtime: Runtime, work: Work) -> None:
    """Find the images of every policy, and ask of each what its policies ask together.

    One search for each filter and Region; ids that no search found are described by id.
    """
    found = _searched(runtime, work.policies)
    for policy in work.policies:
        selection = policy.selection
        work.selected.append(
            _picked(work, policy, selection, found) if isinstance(selection, Search) else list(selection)
        )
    described = dict(image for images in found.values() if not isinstance(images, Failure) for image in images)
    work.spoken_of_images = speakers(work.selected)
    for target, asked in wishes(IMAGE_LEG, work.policies, work.spoken_of_images).items():
        work.images[target] = Subject(IMAGES, target, asked, described.get(target, {}))
    reading.describe(runtime, [image for image in work.images.values() if not image.described])


def _searched(runtime: Runtime, policies: t.Iterable[Policy]) -> dict[_SearchKey, _Found]:
    searches = [policy.selection for policy in policies if isinstance(policy.selection, Search)]
    keys = {(search.filters, region): search for search in searches for region in search.regions}

    def look(key: _SearchKey) -> _Found:
        try:
            return reading.search(runtime, IMAGES, key[1], keys[key].as_filters(), ["self"])
        except EC2Error as error:
            return error.failure

    return dict(zip(keys, runtime.each(look, keys)))


def _picked(work: Work, policy: Policy, search: Search, found: t.Mapping[_SearchKey, _Found]) -> list[Target]:
    picked: list[Target] = []
    for region in search.regions:
        images = found[search.filters, region]
        if isinstance(images, Failure):
            work.stop([f"{policy}: {region}: {failure_text(images)}"])
        else:
            fit, left_out = search.pick(images)
            picked += fit
            work.left_out.update(left_out)
    return picked


# Reading and planning


def _read(runtime: Runtime, work: Work, *, audit: bool) -> None:
    """Read and plan the images. The snapshots that are known to be behind them are read at the same time.

    An image that a search found and that is now gone is looked up again, and then left out. With ``wait``, what was
    named and is not known is looked up again for as long as EC2 may take to show something new.
    """
    images = list(work.images.values())
    wait = runtime.wait and not audit
    new = _take_snapshots(work, [image for image in images if not is_pending(IMAGES, image.described)])
    reading.read_at_once(runtime, new, [*healthy(images), *new])
    lost = [
        image for image in images if image.described and image.failure and image.failure.code in IMAGES.absent_codes
    ]
    for image in lost:
        image.failure = None
    reading.describe(runtime, lost)
    _leave_out(work, _gone(lost), "were deregistered")
    reading.read_at_once(runtime, [], healthy(lost))
    if wait and not work.stopped:
        waiting.until_found(runtime, list(work.images.values()), reading.look_up)
        _leave_out(work, _gone(image for image in lost if image.target in work.images), "were deregistered")
    # The snapshots of images that were left out are dropped, and those of images that have appeared are added.
    later = _take_snapshots(work, [image for image in images if not is_pending(IMAGES, image.described)])
    reading.read_at_once(runtime, later, later)
    if wait and not work.stopped:
        waiting.until_found(runtime, list(work.snapshots.values()), reading.look_up)
    unread = set() if audit else _unread_while_pending(work)
    for image in healthy(work.images.values()):
        if image.target not in unread:
            image.make_plan(runtime.clock.time())


def _unread_while_pending(work: Work) -> set[Target]:
    """Return the pending images that EC2 refuses to read, and clear their failure: they are waited for first."""
    unread = [
        image
        for image in work.images.values()
        if image.failure and image.failure.code == IMAGES.state_code and is_pending(IMAGES, image.described)
    ]
    for image in unread:
        image.failure = None
    return {image.target for image in unread}


def _gone(images: t.Iterable[Subject]) -> list[Subject]:
    """Return those that EC2 no longer describes. If only the permissions are unknown, the image exists."""
    unknown = [image for image in images if waiting.is_unknown(image)]
    return [image for image in unknown if image.failure and image.failure.operation == IMAGES.describe_action]


def _take_snapshots(work: Work, images: t.Iterable[Subject]) -> list[Subject]:
    """Add the snapshots behind those of the images whose policies share them, and return the new ones.

    Other images may be built on the same snapshots: they ask for nothing, but hold back revocations that would affect
    them.
    """
    work.behind = {
        target: tuple(Target(target.region, snapshot) for snapshot in snapshot_ids(image.described))
        for target, image in work.images.items()
        if work.shares_snapshots(image)
    }
    asking = {image.target: work.behind[image.target] for image in healthy(images) if image.target in work.behind}
    work.spoken_of_snapshots = speakers_behind(work.policies, SNAPSHOT_LEG.asked, work.spoken_of_images, asking)
    known, work.snapshots = work.snapshots, {}
    for target, asked in wishes(SNAPSHOT_LEG, work.policies, work.spoken_of_snapshots).items():
        work.snapshots[target] = known.get(target) or Subject(SNAPSHOTS, target, asked)
        work.snapshots[target].asked = asked
    return [snapshot for target, snapshot in work.snapshots.items() if target not in known]


def _stop_for_selection(work: Work) -> None:
    """Stop if a policy selects nothing, or something cannot be read."""
    for policy, selected in zip(work.policies, work.selected):
        unsearched = any(reason.startswith(f"{policy}: ") for reason in work.stopped)
        if not selected and not policy.allow_empty and not unsearched:
            work.stop([f"{policy}: it selects no image (if that is expected, set allow_empty: true in the policy)"])
    work.stop(failures_by_policy(work, [each for each in work.subjects if each.target not in work.alone]))


def _leave_out(work: Work, lost: t.Iterable[Subject], what: str) -> None:
    """Leave out images that only a search has found; those named by id stay, with their failure."""
    named = {
        target for policy in work.policies if not isinstance(policy.selection, Search) for target in policy.selection
    }
    gone = [image.target for image in lost if image.target not in named]
    if gone:
        shown = ", ".join(str(target) for target in gone[:NAMED])
        left_out = f"{len(gone)} image(s) that a search found {what} in the meantime and are left out"
        work.warnings.append(f"{left_out}: {shown}")
        work.selected = [[target for target in selected if target not in gone] for selected in work.selected]
        work.spoken_of_images = speakers(work.selected)
        for target in gone:
            del work.images[target]


def _stop_for_contradictions(runtime: Runtime, work: Work, options: Options) -> None:
    """Stop if policies contradict each other. What they want is unclear, so nothing is planned for it."""
    for found in contradictions(work.policies, [work.spoken_of(leg) for leg in LEGS], work.behind):
        reason = found.text(options.named)
        work.stop([reason])
        disputed = [subject for subject in work.subjects if subject.target in found.targets]
        behind = [snapshot for image in disputed for snapshot in work.snapshots_behind(image)]
        for subject in healthy(disputed + behind):
            subject.asked = (AskedPermissions(subject.resource.permissions),)
            if subject.plan:
                subject.make_plan(runtime.clock.time())


def _wait_for_images(runtime: Runtime, work: Work) -> None:
    """Wait for pending images that are to be changed, or with whose snapshots or keys policies share more.

    One that is still pending then fails alone. One that is gone or has failed by then is left out: a search would not
    have selected it.
    """
    images = healthy(work.images.values())
    pending = [image for image in images if is_pending(IMAGES, image.described) and _matters(work, image)]
    if runtime.wait:
        waiting.until_ready(runtime, pending)
    for image in healthy(pending):
        if is_pending(IMAGES, image.described):
            image.failure = not_ready(IMAGES, image.described, image.action)
    _plan_again(runtime, [image for image in healthy(pending) if is_ready(IMAGES, image.described)])
    work.alone = {image.target for image in pending if image.failure and image.failure.predicted}
    _leave_out(work, _gone(pending), "were deregistered")
    broken = [image for image in healthy(pending) if not is_ready(IMAGES, image.described)]
    work.left_out.update(image.target for image in broken)
    _leave_out(work, broken, "became unavailable")
    if runtime.wait:
        needing = [image for image in healthy(work.images.values()) if work.needs_snapshots(image)]
        waiting.until(runtime, needing, lambda image: not lacks_snapshots(image.described), at_most=waiting.APPEARING)
    _stop_for_selection(work)


def _plan_again(runtime: Runtime, images: t.Sequence[Subject]) -> None:
    """Plan again the images that were waited for: others may have shared an image once it was available."""
    reading.read_at_once(runtime, (), images)
    if runtime.wait:
        waiting.until_found(runtime, images, reading.look_up)
    for image in healthy(images):
        image.make_plan(runtime.clock.time())


def _matters(work: Work, image: Subject) -> bool:
    return image.plan is None or image.plan.changed or work.needs_snapshots(image)


def _plan_snapshots(runtime: Runtime, work: Work, *, wait: bool) -> None:
    """Plan the snapshots of the images as they are now, and stop if something cannot be read."""
    images = healthy(work.images.values())
    _stop_for_hidden(work, [image for image in images if not is_pending(IMAGES, image.described)])
    new = _take_snapshots(work, images)
    reading.read_at_once(runtime, new, new)
    if wait and not work.stopped:
        waiting.until_found(runtime, new, reading.look_up)
    for snapshot in healthy(work.snapshots.values()):
        snapshot.make_plan(runtime.clock.time())
    work.stop(failures_by_policy(work, work.snapshots.values()))


def _stop_for_hidden(work: Work, images: t.Sequence[Subject]) -> None:
    hidden = [image for image in images if work.needs_snapshots(image) and lacks_snapshots(image.described)]
    for number, policy in enumerate(work.policies):
        needs = SNAPSHOT_LEG.asked(policy) or KEY_LEG.asked(policy)
        mine = [each for each in hidden if needs and number in work.spoken_of_images[each.target]]
        if mine:
            shown = ", ".join(str(image.target) for image in mine[:NAMED])
            work.stop([f"{policy}: EC2 does not show the snapshot behind {shown}; run the task again later"])


def _predict(runtime: Runtime, work: Work, judged: Judged) -> None:
    """Stop if EC2 is known to refuse something. A pending image is no reason: it is waited for, or fails alone."""
    pending = _pending(work)
    for image in healthy(work.images.values()):
        changing = any(each.plan and each.plan.changed for each in work.shared_behind(image))
        if changing and image.target not in pending and not is_ready(IMAGES, image.described):
            # What is behind it could be shared, and that would help nobody: the image cannot be launched.
            image.failure = not_ready(IMAGES, image.described, image.action)
    work.stop(failures_by_policy(work, [each for each in work.images.values() if each.target not in work.alone]))
    for leg in LEGS:
        subjects = [subject for subject in healthy(work.subjects_of(leg)) if subject.target not in pending]
        work.warnings += predicting.predict(runtime, subjects, work.judged_keys, judged)
        work.stop(failures_by_policy(work, subjects))


def _pending(work: Work) -> set[Target]:
    return {image.target for image in work.images.values() if is_pending(IMAGES, image.described)}
