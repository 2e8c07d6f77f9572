# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Applying: what becomes of a run that has been planned. Guards judge the plan, which is then sent, or only shown.

With preflight, EC2 is asked about all of it first; with a backup, what it changes is saved first.
"""

from __future__ import annotations

import typing as t

from .._attributes import fleet
from .._attributes.backup import NotKeptError
from .._attributes.sending import decode_denials
from .._attributes.subject import NAMED
from .._attributes.subject import Target
from .._attributes.subject import healthy
from .._attributes.subject import is_doubtful
from .answer import failures_by_policy
from .guards import guard
from .legs import KEY_LEG
from .legs import LEGS
from .outcome import revocations
from .passes import PASSES
from .passes import sendable

if t.TYPE_CHECKING:
    from .._attributes.resource import Resource
    from .._attributes.runtime import Runtime
    from .options import Options
    from .work import Work


def apply(runtime: Runtime, work: Work, options: Options) -> None:
    """Send what is planned unless something prevents it, or only show it: see ``Options``."""
    _guard(work, options)
    if not (options.audit or options.check_mode or work.stopped):
        _prepare(runtime, work, options)
    if options.audit or work.stopped:
        _foresee(work, options)
    elif not is_doubtful(work.subjects):
        _send(runtime, work, options)


def _guard(work: Work, options: Options) -> None:
    exceeded_guards = exceeded(work, options)
    if options.audit:
        work.warnings += exceeded_guards
    else:
        work.stop(exceeded_guards)


def exceeded(work: Work, options: Options, but_for: t.Container[Target] = ()) -> list[str]:
    """Return what the guards have against the plan, leaving out some resources."""
    return guard(
        [each for each in revocations(work) if each.target not in but_for],
        work.policies,
        protected=options.protected,
        max_revocations=options.max_revocations,
        named=options.named,
    )


def _prepare(runtime: Runtime, work: Work, options: Options) -> None:
    """Do what precedes the first write, and stop the run if EC2 denies something or the backup cannot be written."""
    sound = healthy(work.subjects)
    if options.preflight and not fleet.is_authorized(runtime, _passes(work)):
        decode_denials(runtime, sound, at_most=NAMED)
        # If a DryRun was carried out, the run cannot say that nothing was changed.
        work.stop([] if is_doubtful(work.subjects) else failures_by_policy(work, sound))
        return
    work.warnings += fleet.uncovered(healthy(work.keys.values())) if options.preflight else []
    try:
        fleet.keep(runtime, _kept(work), work.subjects)
    except NotKeptError as error:
        work.stop([f"backup: {error}"])


def _kept(work: Work) -> list[Resource]:
    """Return the kinds that the backup lists: keys only if any change, as an earlier version cannot restore those."""
    has_keys = any(key.plan and key.plan.changed for key in work.keys.values())
    return [leg.resource for leg in LEGS if leg is not KEY_LEG or has_keys]


def _passes(work: Work) -> list[fleet.Pass]:
    """Return all passes, in their order, with nothing held back."""
    return [fleet.Pass(sendable(work.subjects_of(each.leg)), each.operations) for each in PASSES]


def _foresee(work: Work, options: Options) -> None:
    """Show the plan as what would be. An audit asks EC2 for nothing, so nothing is proven."""
    for subject in work.subjects:
        subject.foreseen = True
        if options.audit and not work.stopped:
            for number in range(len(subject.steps)):
                subject.ended(number, "unproven")


def _send(runtime: Runtime, work: Work, options: Options) -> None:
    dry_run = options.check_mode
    for each in PASSES:
        each.hold_back(work)
        subjects = sendable(work.subjects_of(each.leg))
        fleet.carry_out(runtime, fleet.Pass(subjects, each.operations), dry_run=dry_run)
        if dry_run and is_doubtful(subjects):
            break
    if not dry_run:
        work.warnings += fleet.see(runtime, work.subjects, options.named)
    decode_denials(runtime, work.subjects, at_most=NAMED)
