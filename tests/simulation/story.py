# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened in a seed, in words: world and wish, what was sent and done in order of time, what runs returned."""

from __future__ import annotations

import typing as t

import yaml

from local_ec2.state.grants import in_order
from local_ec2.state.sorts import IMAGE
from simulation.edge import Sent
from simulation.laws import Violation
from simulation.laws.view import structure_of
from simulation.runs import Played
from simulation.runs import Run
from simulation.state import RUN
from simulation.state import Facts
from simulation.state import Resource


def tell(played: Played, violations: t.Sequence[Violation]) -> str:
    return "\n".join([*_world(played), *_wish(played), *_events(played), *_end(played, violations)])


def replay(seed: int) -> str:
    return f"make simulate SEED={seed}"


def _world(played: Played) -> t.Iterator[str]:
    scenario = played.scenario
    yield f"Seed {scenario.seed}. What goes wrong: {', '.join(scenario.kinds) or 'nothing'}."
    yield ""
    yield "At first EC2 holds:"
    for one in scenario.cloud.resources.values():
        yield f"  {one.id} in {one.region}{_traits(one)}: {_facts(one.history[0].facts)}"


def _traits(one: Resource) -> str:
    traits = [
        one.name,
        f"on {', '.join(each.id for each in one.behind)}" if one.behind else "",
        f"of {one.owner}" if one.owner != "123456789012" else "",
        f"encrypted under {one.key}" if one.key else "",
        "with a product code" if one.product_code else "",
    ]
    found = ", ".join(filter(None, traits))
    return f" ({found})" if found else ""


def _facts(facts: Facts) -> str:
    texts = "".join(f", {attribute} {value!r}" for attribute, value in sorted(facts.texts.items()))
    return f"{facts.status}, shared with {_values(facts.grants)}{texts}"


def _values(entries: t.Iterable[tuple[str, str]]) -> str:
    return ", ".join(_short(value) for _kind, value in in_order(entries)) or "nobody"


def _short(value: str) -> str:
    return value.rpartition("/")[2] if value.startswith("arn:") else value


def _wish(played: Played) -> t.Iterator[str]:
    wish = played.scenario.wish
    module = "ec2_ami_sharing" if wish.sort is None else f"ec2_{'ami' if wish.sort is IMAGE else 'snapshot'}_attribute"
    yield ""
    yield f"{module} is asked for:"
    options = {**wish.options, "wait": played.scenario.wait, "concurrency": played.scenario.concurrency}
    yield from (f"  {line}" for line in yaml.safe_dump(options, sort_keys=False).splitlines())


def _events(played: Played) -> t.Iterator[str]:
    """Yield all that happened in order of time."""
    lines: list[tuple[float, str]] = []
    for run in played.runs:
        lines.append((run.began, f"--- the {run.title} run begins ({run.mode}) ---"))
        lines += [(sent.began, _sent(sent)) for sent in run.log]
        lines.append((run.ended, f"--- the {run.title} run {'is killed' if run.killed else 'ends'} ---"))
    for change, one in played.scenario.cloud.changes():
        lines.append((change.time, f"    {'=>' if change.who == RUN else '**'} {change.who} {change.what}: {one.id}"))
    for arn, written in played.scenario.cloud.policies.items():
        lines += [(each.time, f"    ** {each.who}: {arn}") for each in written[1:] if each.who != RUN]
    yield ""
    yield from (f"{time:9.2f}  {line}" for time, line in sorted(lines, key=lambda pair: pair[0]))


def _sent(sent: Sent) -> str:
    request = sent.request
    about = request.resource_id or request.region
    what = f" {structure_of(sent)[1]}" if request.is_write else ""
    befell = f" [{', '.join(sent.befell)}]" if sent.befell else ""
    return f"{request.action}{' (DryRun)' if sent.dry_run else ''} {about}{what}{befell}: {_answer(sent)}"


def _answer(sent: Sent) -> str:
    if sent.failure:
        return f"{sent.failure.code}{', in doubt' if sent.failure.uncertain else ''}"
    if sent.response is None:
        return "never known"
    shown = sent.response.get("LaunchPermissions", sent.response.get("CreateVolumePermissions"))
    if shown is not None:
        return _values(entry for item in shown for entry in item.items())
    found = sent.response.get("Images", sent.response.get("Snapshots"))
    if found is None:
        return "done" if sent.request.is_write else str(sent.response)
    return ", ".join(f"{each.get('ImageId', each.get('SnapshotId'))} {each['State']}" for each in found) or "none"


def _end(played: Played, violations: t.Sequence[Violation]) -> t.Iterator[str]:
    for run in played.runs:
        yield ""
        yield from _returned(run)
    yield ""
    yield from (f"BROKEN  {violation.law}: {violation.by}" for violation in violations)
    if not violations:
        yield "All laws hold."
    yield f"To see it again: {replay(played.scenario.seed)}"


def _returned(run: Run) -> t.Iterator[str]:
    outcome = "was killed" if run.killed else "failed" if run.failed else "succeeded"
    summary = run.result["summary"] if run.result else {}
    yield f"The {run.title} run {outcome}, changed: {run.result['changed'] if run.result else 'unknown'}. {summary}"
    yield from (f"  {line}" for line in run.message.splitlines())
    yield from (f"  warning: {text}" for text in run.warnings)
    for subject in run.subjects:
        steps = ", ".join(
            f"{step.request.attribute.name} {step.request.operation} {step.status}" for step in subject.steps
        )
        failure = f"; {subject.failure.code}" if subject.failure else ""
        yield f"  {subject.target}: {steps or 'nothing to send'}{failure}"
