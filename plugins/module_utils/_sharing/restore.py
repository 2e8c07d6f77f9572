# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Restore: the order of work from a backup back to what was before the run that made it.

What the backup asks for is treated like what policies ask for. What is gone, or cannot be undone, fails alone.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from .._attributes import fleet
from .._attributes import predicting
from .._attributes import result
from .._attributes.backup import Backup
from .._attributes.backup import Entry
from .._attributes.backup import NotABackupError
from .._attributes.backup import parse
from .._attributes.ec2 import EC2
from .._attributes.ec2 import EC2Error
from .._attributes.ec2 import warn
from .._attributes.images import IMAGES
from .._attributes.keeping import keeper
from .._attributes.keys import KEY_USERS
from .._attributes.keys import KEYS
from .._attributes.options import InvalidOptionsError
from .._attributes.options import Params
from .._attributes.options import endpoint_problems
from .._attributes.plan import AskedPermissions
from .._attributes.plan import Attributes
from .._attributes.plan import Failure
from .._attributes.resource import becomes_public
from .._attributes.session import session
from .._attributes.subject import NAMED
from .._attributes.subject import Subject
from .._attributes.subject import Target
from .._attributes.subject import healthy
from .._attributes.waiting import is_unknown
from .answer import stopped
from .applying import apply
from .encrypted import tie_keys
from .encrypted import tie_snapshots
from .legs import LEGS
from .merge import listed
from .options import Options
from .options import parse_options
from .policies import Pattern
from .policies import Policy
from .recipients import on_keys
from .undoing import CANNOT_BE_UNDONE
from .undoing import TAKEN_OUT
from .undoing import age_of
from .undoing import ask_for_the_rest
from .undoing import asked_of_lists
from .undoing import is_narrowed_for_state
from .undoing import may_be_late
from .undoing import take_out
from .work import Work

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    from .._attributes.managed_keys import Judged
    from .._attributes.permissions import Permissions
    from .._attributes.runtime import Runtime

# DescribeImages may show a change of a description that much later (observed by publishers: Terraform waits for it).
_LATE = 120.0  # seconds
_PATTERN = Pattern("restore", grants=True, exact=False, takes_principals=False)
_RESOURCES = [leg.resource for leg in LEGS]


@dataclass(frozen=True)
class Wanted:
    """What a restoration is to do: undo what the run changed or, if ``exact``, restore the state before it."""

    backup: Backup
    exact: bool = False
    allow_public: bool = False


def run(module: AnsibleAWSModule) -> t.NoReturn:
    """Do what the module's options ask for, and exit with the result: here, and only here, the module is used."""
    params = module.params
    try:
        ec2 = EC2(module, params["concurrency"])
        keep, problems = keeper(_backup_of_its_own(params["src"], params["backup"]))
        wanted, options = _parsed(params, ec2.endpoint_region, problems, check_mode=module.check_mode)
        too_old = _too_old(ec2, wanted)
    except InvalidOptionsError as error:
        module.fail_json(msg=str(error))
    except EC2Error as error:
        module.fail_json(msg=result.failure_text(error.failure))
    pace = {"wait": params["wait"], "wait_timeout": params["wait_timeout"]}
    with session(ec2, params["concurrency"], keep=keep, **pace) as runtime:
        work = restore_through(runtime, _but_for(wanted, too_old), options)
    work.left_undone = [f"{option}: {why}" for option, why in too_old.items()]
    for warning in work.warnings:
        warn(warning)
    presented = present(work, diff=module._diff)  # noqa: SLF001 AnsibleModule has no other name for it
    presented.update(keep.result if keep else {})
    failed = message(work, wanted.backup, check_mode=module.check_mode)
    if failed:
        module.fail_json(msg=failed, **presented)
    module.exit_json(**presented)


def _backup_of_its_own(src: str, backup: str | None) -> str:
    """Return where this run keeps its backup: never in place of its source, or a rerun would undo this one."""
    return backup if backup and os.path.realpath(backup) != os.path.realpath(src) else f"{src}.restore"


def _parsed(
    params: Params, endpoint_region: str | None, problems: list[str], *, check_mode: bool
) -> tuple[Wanted, Options]:
    """Return what the options ask for; raise InvalidOptionsError with every problem, including the given ones."""
    backup = _read(params, problems)
    problems += endpoint_problems(endpoint_region, (entry.target.region for entry in backup.entries))
    options = parse_options(params, problems, check_mode=check_mode)
    if problems:
        raise InvalidOptionsError(problems)
    return Wanted(backup, params["exact"], params["allow_public"]), options


def _read(params: Params, problems: list[str]) -> Backup:
    try:
        return parse(Path(params["src"]).read_bytes(), _RESOURCES)
    except OSError as error:
        problems.append(f"src: {params['src']}: {error.strerror}")
    except NotABackupError as error:
        problems.append(f"src: {params['src']}: {error}")
    return Backup("", None, ())


def _too_old(ec2: EC2, wanted: Wanted) -> dict[str, str]:
    """Return the options to restore that botocore is too old for, each with a message; raise EC2Error."""
    entries = wanted.backup.entries
    pairs = [pair for entry in entries for pair in zip(entry.before.values, entry.after.values)]
    asked = {attribute.option: attribute for (attribute, was), (_same, now) in pairs if wanted.exact or was != now}
    return ec2.too_old_for(entries[0].target.region, asked.values()) if entries else {}


def _but_for(wanted: Wanted, options: t.Container[str]) -> Wanted:
    entries = [
        entry._replace(before=_without(entry.before, options), after=_without(entry.after, options))
        for entry in wanted.backup.entries
    ]
    return replace(wanted, backup=wanted.backup._replace(entries=tuple(entries)))


def _without(attributes: Attributes, options: t.Container[str]) -> Attributes:
    return Attributes(tuple(pair for pair in attributes.values if pair[0].option not in options))


def restore_through(runtime: Runtime, wanted: Wanted, options: Options) -> Work:
    """Do the work. EC2's errors end up in the subjects and in ``stopped``; none is raised."""
    work = _taken_up(wanted)
    for leg in LEGS:
        fleet.plan(runtime, work.subjects_of(leg))
    lost = _ask_for_what_can_be(runtime, work, wanted)
    _warn_of_late_texts(runtime, work, wanted)
    tie_snapshots(work)
    lost.update(_predict(runtime, work, tie_keys(runtime, work)))
    entries = wanted.backup.entries
    work.ungranted = {entry.target for entry in entries if _is_ungranted(entry, work, exact=wanted.exact)}
    work.unrevoked = {entry.target for entry in entries if _is_unrevoked(entry, work, exact=wanted.exact)}
    _warn_of_undescribed(work)
    _stop_for_public(work, wanted)
    apply(runtime, work, options)
    _warn_of_keys(work, options)
    for target, failure in lost.items():
        subject = work.subject(target)
        subject.failure = subject.failure or failure
    return work


# From a backup to wishes


def _taken_up(wanted: Wanted) -> Work:
    """Return the resources of the backup, under one policy that asks of each what the backup says."""
    backup = wanted.backup
    policy = Policy(f"Restore of {backup.made}", _PATTERN, (), (), (), snapshots=True, allow_empty=True)
    work = Work([policy])
    with_images = {entry.target.region for entry in backup.entries if entry.resource is IMAGES}
    for entry in backup.entries:
        asked = tuple(asked_of_lists(entry, exact=wanted.exact))
        in_turns = entry.resource is KEYS and entry.target.region in with_images
        work.take_up(Subject(entry.resource, entry.target, asked, in_turns=in_turns), (0,))
    work.selected = [list(work.images)]
    return work


def _ask_for_what_can_be(runtime: Runtime, work: Work, wanted: Wanted) -> dict[Target, Failure]:
    """Ask for the other attributes too, and for no entry that EC2 would refuse, now that the current state is known.

    Return what cannot be undone.
    """
    lost: dict[Target, Failure] = {}
    now = runtime.clock.time()
    for entry in wanted.backup.entries:
        subject = work.subject(entry.target)
        if not subject.failure:
            made = now - age_of(wanted.backup, now)
            why = "; ".join(ask_for_the_rest(entry, subject, made, now, exact=wanted.exact))
            if why:
                lost[entry.target] = Failure(entry.resource.modify_action, CANNOT_BE_UNDONE, why, predicted=True)
    return lost


def _warn_of_late_texts(runtime: Runtime, work: Work, wanted: Wanted) -> None:
    """Warn of texts that the run may have changed although EC2 still shows the old ones."""
    age = age_of(wanted.backup, runtime.clock.time())
    if abs(age) < _LATE:
        doubtful = [entry.target for entry in wanted.backup.entries if may_be_late(entry, work.subject(entry.target))]
        if doubtful:
            work.warnings.append(
                f"The backup was made {age:.0f} s ago, and EC2 may show a new description, date or tag late: those of"
                f" {listed(doubtful)} are still the old ones. Run the task again in {_LATE / 60:.0f} minutes"
            )


# What prevents it


def _predict(runtime: Runtime, work: Work, judged: Judged) -> dict[Target, Failure]:
    """Take what EC2 would refuse out of the plans, and return why; fail those where it would refuse anyway.

    The grant to everyone is taken out first, then all grants, and at last all that the state does not let be changed. A
    document fails as a whole, or users would be taken off in whose place nobody is added.
    """
    reasons: dict[Target, Failure] = {}
    for leg in LEGS:
        subjects = healthy(work.subjects_of(leg))
        work.warnings += predicting.predict(runtime, subjects, work.judged_keys, judged)
        for entries in TAKEN_OUT:
            left = [
                subject
                for subject in subjects
                if subject.failure and subject.plan and entries(subject.plan) and not subject.resource.document
            ]
            for subject in left:
                take_out(subject, entries, reasons)
                subject.make_plan(runtime.clock.time())
            work.warnings += predicting.predict(runtime, left, work.judged_keys, judged)
        left = [subject for subject in subjects if is_narrowed_for_state(subject, reasons)]
        for subject in left:
            subject.make_plan(runtime.clock.time())
        work.warnings += predicting.predict(runtime, left, work.judged_keys, judged)
    return {target: failure for target, failure in reasons.items() if not work.subject(target).failure}


def _is_ungranted(entry: Entry, work: Work, *, exact: bool) -> bool:
    """Tell whether it is a key that somebody is to use again, and will not, even if all that is planned succeeds."""
    if entry.resource is not KEYS:
        return False
    kinds = {kind.option for kind in KEYS.kinds}
    asked = [each for each in asked_of_lists(entry, exact=exact) if each.attribute == KEY_USERS]
    granted = {user for each in asked if isinstance(each, AskedPermissions) for user in each.grant}
    plan = work.keys[entry.target].plan if entry.target in work.keys else None
    held = dict(plan.after.values).get(KEY_USERS) if plan else None
    return any(user.kind in kinds and not (isinstance(held, frozenset) and user in held) for user in granted)


def _is_unrevoked(entry: Entry, work: Work, *, exact: bool) -> bool:
    """Tell whether it is an image that somebody is not to launch any more, and may, as nothing is planned for that.

    It could not be read, or its state lets nothing be revoked. On one that is gone, nobody has anything.
    """
    if entry.resource is not IMAGES or is_unknown(work.images[entry.target]):
        return False
    image, launch = work.images[entry.target], IMAGES.permissions
    asked = [each for each in asked_of_lists(entry, exact=exact) if isinstance(each, AskedPermissions)]
    held = image.read.get(launch.option)
    if held is None:
        return any(each.purge or each.revoke for each in asked)
    planned = {attribute for attribute, _value in image.plan.before.values} if image.plan else set()
    left = [each for each in asked if each.attribute not in planned]
    return any(each.takes_away(user) for each in left for user in t.cast("Permissions", held))


def _warn_of_undescribed(work: Work) -> None:
    images = sorted(target for target in work.unrevoked if not work.images[target].described)
    if images and (work.snapshots or work.keys):
        work.warnings.append(
            f"What is behind {listed(images)} could not be read, so nobody is taken off any snapshot or key in the same"
            " Region"
        )


def _warn_of_keys(work: Work, options: Options) -> None:
    """Say who is taken off a key: what else is encrypted under it is not known."""
    taken = {key.target: key.revoked for key in work.keys.values() if key.revoked}
    if taken:
        work.warnings.append(
            f"This takes users off keys that other images may need, and who can launch those is not looked at:"
            f" {on_keys(taken, options.named)}"
        )


def _stop_for_public(work: Work, wanted: Wanted) -> None:
    public = [each.target for each in healthy(work.subjects) if each.plan and becomes_public(each.plan)]
    if public and not wanted.allow_public:
        work.stop([f"anyone could launch or copy {listed(public)} again: set allow_public to consent"])


# What became of it


def present(work: Work, *, diff: bool) -> dict[str, t.Any]:
    failed = bool(work.stopped or work.left_undone) or any(subject.failure for subject in work.subjects)
    present_one = result.trimmed if failed else result.item
    kinds = {leg.resource.result_key: work.subjects_of(leg) for leg in LEGS}
    presented: dict[str, t.Any] = {
        "changed": not work.stopped and any(subject.changed for subject in work.subjects),
        "summary": {
            **result.with_kms_keys({key: len(subjects) for key, subjects in kinds.items()}),
            **result.summary(work.subjects),
        },
        **result.with_kms_keys(
            {key: [present_one(subject) for subject in subjects] for key, subjects in kinds.items()}
        ),
        "stopped": work.stopped,
    }
    if diff:
        presented["diff"] = result.differences(work.subjects)
    return presented


def message(work: Work, backup: Backup, *, check_mode: bool) -> str:
    """Return the message of a failed run, one reason per line, and what became of the rest; empty if none failed."""
    if work.stopped:
        return stopped(work)
    failed = [subject for subject in work.subjects if subject.failure]
    if not failed:
        return "\n".join(work.left_undone)
    names = {entry.target: f"{entry.name} " if entry.name else "" for entry in backup.entries}
    lines = [
        f"{names[subject.target]}{subject.target}: {result.failure_text(subject.failure, operation=False)}"
        for subject in failed[:NAMED]
        if subject.failure
    ]
    if len(failed) > NAMED:
        lines.append(f"and {len(failed) - NAMED} more, each with its error in the result")
    kinds = "images, snapshots and keys" if work.keys else "images and snapshots"
    head = f"{len(failed)} of {len(work.subjects)} {kinds} cannot be restored, or not entirely:"
    return "\n".join([*work.left_undone, head, *lines, result.became(work.subjects, "resource", check_mode)])
