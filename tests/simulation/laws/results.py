# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run returns and says: the laws of results, messages, warnings and previews, judged by what EC2 did."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Step
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from local_ec2.state.grants import OPTIONS
from simulation.ec2 import Json
from simulation.edge import Sent
from simulation.laws.view import Violations
from simulation.laws.view import added
from simulation.laws.view import all_resources
from simulation.laws.view import but_for_dry_run
from simulation.laws.view import changes
from simulation.laws.view import grants_shown
from simulation.laws.view import held
from simulation.laws.view import is_permissions
from simulation.laws.view import key_of
from simulation.laws.view import policies_written
from simulation.laws.view import removed
from simulation.laws.view import requests
from simulation.laws.view import resources
from simulation.laws.view import seen
from simulation.laws.view import structure_of
from simulation.laws.view import target_of
from simulation.laws.view import theirs
from simulation.laws.view import writes
from simulation.runs import Played
from simulation.runs import Run
from simulation.state import SHARED
from simulation.state import Facts
from simulation.state import Resource
from simulation.wishes import PASSED
from simulation.wishes import Key
from simulation.wishes import entries_of_options
from simulation.wishes import text_of

_REQUEST_ID = re.compile(r" \(request id \S+\)")


def ends_with_a_result(played: Played) -> Violations:
    """Whatever goes wrong, a run ends with a result."""
    for run in played.runs:
        if run.crash or (run.result is None and not run.killed):
            yield f"{run.title}: {run.crash or 'it has no result'}"


def statuses_are_true(played: Played) -> Violations:
    """The status of each request says what EC2 did, or that this is not known."""
    for run in played.runs:
        if run.killed or run.crash:
            continue
        sent: dict[Key, list[Sent]] = {}
        for each in requests(run):
            # What preflight finds authorized was asked about, not done.
            if each.request.is_write and not (run.mode == "real" and each.dry_run and each.response is not None):
                sent.setdefault(key_of(each), []).append(each)
        for subject in run.subjects:
            steps = [step for step in subject.steps if step.status not in ("not_sent", "unproven")]
            mine = sent.pop(target_of(subject), [])
            yield from (f"{run.title}: {subject.target}: {why}" for why in _untrue(played, subject, steps, mine))
        for key in sent:
            yield f"{run.title}: requests for {key} are not in the result"


def _untrue(played: Played, subject: Subject, steps: list[Step], sent: list[Sent]) -> Violations:
    if len(steps) != len(sent):
        yield f"the result has {len(steps)} requests, and EC2 was sent {len(sent)}"
        return
    one = played.scenario.cloud.resources.get(target_of(subject))
    # What is the same for many is sent when all else of a pass is.
    steps.sort(key=lambda step: step.request.attribute.has_tags)
    sent.sort(key=lambda each: "Tags" in each.request.arguments)
    for step, each in zip(steps, sent, strict=True):
        problem = _status_problem(one, step, each)
        if problem:
            yield f"{each.request.action} ({structure_of(each)}) is called {step.status}, but {problem}"


def _status_problem(one: Resource | None, step: Step, sent: Sent) -> str:
    ends_in_doubt = sent.failure is not None and sent.failure.uncertain
    if step.request.call(sent.request.resource_id).arguments != but_for_dry_run(sent):
        return "another request was sent"
    if step.status == "applied":
        shown = one is not None and ends_in_doubt and any(_effect(sent, change.facts) for change in one.history)
        return "" if sent.applied or shown else "EC2 never carried it out"
    if step.status == "authorized":
        return "" if sent.response is not None and not sent.applied else "EC2 did not say so"
    if sent.response is not None:
        return "EC2 confirmed it"
    if sent.applied and not (step.failure and step.failure.uncertain):
        return "EC2 carried it out, and nothing says that it may have"
    denied = sent.failure is not None and sent.failure.code == "UnauthorizedOperation"
    return "" if denied == (step.status == "denied") else f"EC2 answered {sent.failure}"


def _effect(sent: Sent, facts: Facts) -> bool:
    attribute, structure = structure_of(sent)
    if attribute != "permissions":
        return all(facts.text(name) == text for name, text in structure.items())
    return added(sent) <= facts.grants and not removed(sent) & facts.grants


def doubt_is_reported(played: Played) -> Violations:
    """A run that lacks an answer of EC2's says that something may have changed; others say no such thing."""
    for run in played.runs:
        if not run.killed:
            subjects = [*run.subjects, *run.keys]
            doubtful = any(step.is_uncertain for subject in subjects for step in subject.steps)
            if doubtful and "may have changed" not in run.message:
                yield f"{run.title}: EC2 gave no clear answer, and the message does not say so: {run.message!r}"
            if not doubtful and "may have changed" in run.message:
                yield f"{run.title}: the message is in doubt, and no request is: {run.message!r}"


def results_are_true(played: Played) -> Violations:
    """``changed``, ``before``, ``after``, ``granted`` and ``revoked`` say what EC2 held and holds."""
    for run in played.runs:
        if run.killed or run.result is None:
            continue
        changed = any(before != change.facts for one in all_resources(played) for before, change in changes(one, run))
        doubtful = "may have changed" in run.message
        if changed and not run.result["changed"] and not doubtful:
            yield f"{run.title}: something was changed, and the result says that nothing was"
        # If something was left in doubt and somebody else does the same, the two cannot be told apart.
        written = [*writes(run), *policies_written(run)]
        done = any(sent.applied or (sent.failure and sent.failure.uncertain) for sent in written)
        if run.result["changed"] and run.mode == "real" and not done:
            yield f"{run.title}: nothing was changed, and the result says that something was"
        presented = items(run.result)
        for subject in run.subjects:
            problems = [*_misreported(played, run, subject), *_misprinted(subject, presented.get(target_of(subject)))]
            yield from (f"{run.title}: {subject.target}: {why}" for why in problems)


def items(result: Json) -> dict[Key, Json]:
    """Return the resources of a result, by Region and id."""
    parts = [result, *result.get("policies", ())]
    found = [item for part in parts for name in ("images", "snapshots") for item in part.get(name, ())]
    return {(item["region"], item.get("image_id") or item["snapshot_id"]): item for item in found}


def _misprinted(subject: Subject, item: Json | None) -> Violations:
    """Yield how the resource in the result differs from the one that the law has judged."""
    if item is None:
        yield "it is not in the result"
    elif item["changed"] != subject.changed or bool(subject.failure) != ("error" in item):
        yield f"it changed: {subject.changed}, it failed: {bool(subject.failure)}, and the result has {item}"
    elif "granted" in item:
        for name, entries in (("granted", subject.granted), ("revoked", subject.revoked)):
            if entries_of_options(item[name]) != _shown(entries):
                yield f"{name} are {_words(entries)}, and the result has {item[name]}"
    elif subject.changed:
        yield "it changed, and the result does not say how"


def _misreported(played: Played, run: Run, subject: Subject) -> Violations:
    one = played.scenario.cloud.resources.get(target_of(subject))
    if one is None or subject.plan is None or subject.after is None or subject.is_uncertain:
        return
    touched = theirs(played, run, one, run.began, run.until)
    begin, end = one.at(run.began), one.at(run.until)
    sends = (run.mode == "real" and not subject.foreseen) or subject.ignored_dry_run
    expected_end = end if sends else None
    for (attribute, before), (_same, after) in zip(subject.plan.before.values, subject.after.values, strict=True):
        name = "permissions" if attribute.kinds else attribute.name
        if touched.status or (touched.texts and not attribute.kinds):
            continue
        if _shown(before) ^ held(begin, name) - touched.entries and not touched.entries:
            yield f"before has {name} {_words(before)}, and EC2 held {held(begin, name)}"
        elif expected_end and (_shown(after) ^ held(expected_end, name)) - touched.entries:
            yield f"after has {name} {_words(after)}, and EC2 holds {held(expected_end, name)}"


def _shown(value: t.Any) -> frozenset[t.Any]:
    """Return a value of a result as the truth has it: a text is a set of one."""
    if isinstance(value, frozenset):
        return frozenset((OPTIONS[kind], entry) for kind, entry in value)
    if isinstance(value, tuple):
        return frozenset((f"{SHARED}{key}", tag) for key, tag in value)
    return frozenset({text_of(value)})


def _words(value: t.Any) -> str:
    return str(sorted(_shown(value)))


def sums_agree(played: Played) -> Violations:
    """Counts agree with what they count."""
    for run in played.runs:
        if run.result is None:
            continue
        summary = run.result["summary"]
        # Policies count images, and entries on these and on snapshots.
        counted = [*run.subjects, *run.keys] if run.restores else run.subjects
        total = len(counted) if run.work is None or run.restores else summary["images"]
        if summary["changed"] + summary["unchanged"] + summary["failed"] != total:
            yield f"{run.title}: changed, unchanged and failed are not all: {summary}"
        if bool(summary["failed"] or run.result.get("stopped")) != run.failed:
            yield f"{run.title}: {summary['failed']} failed, and the message is {run.message!r}"
        for count in ("granted", "revoked"):
            entries = sum(len(getattr(subject, count)) for subject in counted)
            if summary[count] != entries:
                yield f"{run.title}: the summary has {summary[count]} {count}, and its resources have {entries}"
            of_policies = sum(policy[count] for policy in run.result.get("policies", ()))
            if "policies" in run.result and of_policies != summary[count]:
                yield f"{run.title}: the summary has {summary[count]} {count}, and its policies {of_policies}"


def is_shown(played: Played) -> Violations:
    """With ``wait``, a run that succeeds has seen EC2 show what it changed."""
    for run in played.runs:
        if run.killed or run.failed or run.mode != "real" or not run.wait:
            continue
        waiting: dict[Key, list[Sent]] = {}
        for sent in run.log:
            if sent.request.service == "kms":
                continue
            if sent.request.is_write and is_permissions(sent):
                waiting.setdefault(key_of(sent), []).append(sent)
            elif sent.response and ("LaunchPermissions" in sent.response or "CreateVolumePermissions" in sent.response):
                shown = grants_shown(sent)
                if all(added(each) <= shown and not removed(each) & shown for each in waiting.get(key_of(sent), ())):
                    waiting.pop(key_of(sent), None)
        for key in waiting:
            yield f"{run.title}: it ended before EC2 showed what was changed on {key[1]}"


def interference_is_reported(played: Played) -> Violations:
    """What others change on a list before the read that verifies it is reported, if the run waits to see it.

    Not that they granted somebody again whom the run has removed: EC2 may only be late, for all that the run can know.
    Disabling the image then cuts them off, as was asked.
    """
    for run in played.runs:
        if run.killed or run.mode != "real" or not run.wait or run.failed or played.scenario.longest_lag:
            continue
        saw = seen(run)
        for key, one, _asked in resources(played, run):
            mine = [sent for sent in writes(run) if key_of(sent) == key and is_permissions(sent) and sent.applied]
            if not mine or key not in saw:
                continue
            gone = frozenset().union(*map(removed, mine))
            planned = saw[key].last.union(*map(added, mine)) - gone
            later = run.log[run.log.index(mine[-1]) :]
            shown = [sent for sent in later if key_of(sent) == key and sent.response and not sent.request.is_write]
            is_said = any("something else" in text for text in run.warnings)
            # Only the first: a later read may only ask whether the resource is still there.
            if shown and grants_shown(shown[0]) - gone != planned and not is_said:
                yield f"{run.title}: others changed {one.id} in the meantime, and no warning says so: {run.warnings}"


def check_mode_changes_nothing(played: Played) -> Violations:
    """Check mode sends no more than DryRuns, and an audit not even these."""
    for run in played.runs:
        if run.mode == "check" and writes(run):
            yield f"{run.title}: check mode sent {writes(run)[0].request}"
        if run.mode == "audit" and any(sent.request.is_write for sent in run.log):
            yield f"{run.title}: an audit sent a request to change something"
        if run.mode != "real" and "dry run ignored" not in played.scenario.kinds:
            for one in all_resources(played):
                for _before, change in changes(one, run):
                    yield f"{run.title}: {run.mode} {change.what} on {one.id}"
        carried_out = sum(bool(sent.applied) for sent in run.log) if run.mode != "real" else 0
        if carried_out > 8 * len(played.scenario.cloud.resources):
            yield f"{run.title}: {carried_out} DryRuns were carried out"


def check_mode_predicts(played: Played) -> Violations:
    """When nobody interferes, check mode says what the run does."""
    preview, main = played.run("preview"), played.run("main")
    if preview is None or main is None or _is_about_now(main):
        return
    for name in ("changed", "summary", "stopped"):
        predicted, became = (_comparable(run, name) for run in (preview, main))
        if predicted != became:
            yield f"check mode predicted {name} {predicted}, and it was {became}"
    pairs = zip([*preview.subjects, *preview.keys], [*main.subjects, *main.keys], strict=True)
    for before, after in pairs:
        facts = [(each.target, each.plan, each.after, _code(each)) for each in (before, after)]
        if facts[0] != facts[1]:
            yield f"check mode predicted {facts[0]}, and it was {facts[1]}"


def _comparable(run: Run, name: str) -> t.Any:
    value = run.result.get(name) if run.result else None
    return [_REQUEST_ID.sub("", text) for text in value] if isinstance(value, list) else value


def _code(subject: Subject) -> str:
    return subject.failure.code if subject.failure else ""


def _is_about_now(run: Run) -> bool:
    """Tell whether a date in the past is asked for, so that what is set depends on the minute."""
    return any(text == PASSED for asked in run.asked.values() for _name, text in asked.texts)
