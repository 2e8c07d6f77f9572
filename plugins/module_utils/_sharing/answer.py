# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Answer: what a run over policies returns, and what a failed one says. Only presentation; pure."""

from __future__ import annotations

import typing as t

from .._attributes import result
from .._attributes.subject import NAMED
from .._attributes.subject import Subject
from .._attributes.subject import is_doubtful
from .outcome import by_policy
from .outcome import summary
from .passes import HELD_BACK
from .report import report

if t.TYPE_CHECKING:
    from .options import Options
    from .work import Work


def present(work: Work, options: Options, *, diff: bool, made: str) -> dict[str, t.Any]:
    """Return the result, trimmed where the run failed. ``made`` is when it ended, for the report."""
    failed = bool(work.stopped or work.left_undone) or any(subject.failure for subject in work.subjects)
    policies = by_policy(work, result.trimmed if failed else result.item)
    preview = (options.audit or options.check_mode or bool(work.stopped)) and not is_doubtful(work.subjects)
    presented: dict[str, t.Any] = {
        "changed": not work.stopped and any(subject.changed for subject in work.subjects),
        "summary": summary(work),
        "policies": policies,
        "preview": preview,
        "stopped": work.stopped,
    }
    if diff:
        presented["diff"] = result.differences(work.subjects)
    if options.report:
        presented["report"] = report(
            work, policies, options, preview=preview, made=made, warnings=[*work.stopped, *work.warnings]
        )
    return presented


def message(work: Work, options: Options) -> str:
    """Return the message of a failed run, one reason per line, or nothing if the run did not fail."""
    if work.stopped:
        return stopped(work)
    failed = [subject for subject in work.subjects if subject.failure]
    if not failed:
        return "\n".join(work.left_undone)
    counts = summary(work)
    head = f"{counts['failed']} of {counts['images']} images failed; {_became(work, options)}:"
    return "\n".join([*work.left_undone, head, *failures_by_policy(work, failed)])


def stopped(work: Work) -> str:
    return "\n".join(["Stopped before anything was changed:", *work.stopped, *work.left_undone])


def _became(work: Work, options: Options) -> str:
    """Return how many images were changed, including those changed in part."""
    if options.check_mode and not is_doubtful(work.subjects):
        return "nothing was changed, as this is check mode"
    images = work.images.values()
    changed = sum(any(each.changed for each in (image, *work.shared_behind(image))) for image in images)
    verb = "was" if changed == 1 else "were"
    unknown = sum(any(each.is_uncertain for each in (image, *work.shared_behind(image))) for image in images)
    services = dict.fromkeys(subject.resource.service for subject in work.subjects if subject.is_uncertain)
    became = f"{changed} {verb} changed, in whole or in part" if changed else "" if unknown else "nothing was changed"
    doubt = f"{unknown} may have changed, because {' and '.join(services)} gave no clear answer" if unknown else ""
    both = " and ".join(filter(None, [became, doubt]))
    return f"{both}, although this is check mode" if options.check_mode else both


def failures_by_policy(work: Work, subjects: t.Iterable[Subject]) -> list[str]:
    """Return a line for each policy that speaks of any of these failed subjects: which ones, and why."""
    failing = {subject.target for subject in subjects if subject.failure}
    lines = []
    for number, policy in enumerate(work.policies):
        failed = [each for part in work.parts for each in part.of(number) if each.target in failing]
        if failed:
            lines.append(f"{policy}: {_named(failed)}")
    return lines


def _named(failed: t.Sequence[Subject]) -> str:
    # What was held back follows from another failure, which says more.
    causes_first = sorted(failed, key=lambda subject: subject.failure is not None and subject.failure.code == HELD_BACK)
    named = [_failed(subject) for subject in causes_first[:NAMED]]
    if len(failed) > NAMED:
        named.append(f"and {len(failed) - NAMED} more, each with its error in the result")
    return "; ".join(named)


def _failed(subject: Subject) -> str:
    failure = subject.failure
    if failure is None:
        return str(subject.target)
    said = f"{failure.service} would refuse {failure.operation}: " if failure.predicted else ""
    message = result.failure_text(failure, operation=False)
    return f"{subject.target}: {said}{message}"
