# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What laws look at: what a run sent and saw, what it changed, and what others touched in the meantime."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import replace

from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from local_ec2.state.grants import Grant
from local_ec2.state.texts import TEXTS
from simulation.ec2 import Json
from simulation.ec2 import entries_of
from simulation.edge import Sent
from simulation.runs import Played
from simulation.runs import Run
from simulation.state import DEPRECATION
from simulation.state import PROTECTION
from simulation.state import RUN
from simulation.state import SHARED
from simulation.state import STATE
from simulation.state import Change
from simulation.state import Facts
from simulation.state import Grants
from simulation.state import Resource
from simulation.wishes import Asked
from simulation.wishes import Key

Violations = t.Iterator[str]
READS = frozenset({"describe_image_attribute", "describe_snapshot_attribute"})
_STRUCTURES = {text.structure: name for name, text in TEXTS.items()}


def key_of(sent: Sent) -> Key:
    return sent.request.region, sent.request.resource_id


def target_of(subject: Subject) -> Key:
    return subject.target.region, subject.target.id


def requests(run: Run) -> list[Sent]:
    """Return what EC2 was sent, as if each request were about one resource.

    What EC2 refused of many together was sent again for each of them, so it is left out.
    """
    log = [sent for sent in run.log if sent.request.service != "kms"]
    return [one for sent in log if not _is_refused_together(sent) for one in _each(sent)]


def _is_refused_together(sent: Sent) -> bool:
    failure, several = sent.failure, len(sent.request.resource_ids) > 1
    return several and failure is not None and not failure.uncertain and not sent.applied


def _each(sent: Sent) -> list[Sent]:
    request = sent.request
    if len(request.resource_ids) < 2:
        return [sent]
    ids = [{**request.arguments, "Resources": [one]} for one in request.resource_ids]
    return [replace(sent, request=request._replace(arguments=arguments)) for arguments in ids]


def writes(run: Run) -> list[Sent]:
    """Return the requests that were to change something."""
    return [sent for sent in requests(run) if sent.request.is_write and not sent.dry_run]


def policies_written(run: Run) -> list[Sent]:
    """Return the requests that were to change the policy of a key."""
    return [sent for sent in run.log if sent.request.operation == "put_key_policy"]


def structure_of(sent: Sent) -> tuple[str, Json]:
    """Return what a request is about: permissions, with the structure of a Modify request, or texts, with these."""
    for member, structure in sent.request.arguments.items():
        if isinstance(structure, dict):
            name = _STRUCTURES.get(member, "permissions")
            return ("texts", {name: structure["Value"]}) if name != "permissions" else (name, structure)
    return "texts", _TEXTS[sent.request.operation](sent.request.arguments)


def _tags(arguments: t.Mapping[str, t.Any]) -> Json:
    return {each["Key"]: each.get("Value", "") for each in arguments["Tags"]}


_TEXTS: dict[str, t.Callable[[t.Mapping[str, t.Any]], Json]] = {
    "create_tags": _tags,
    "delete_tags": _tags,
    "put_key_policy": lambda arguments: {"policy": arguments["Policy"]},
    "enable_image": lambda _arguments: {STATE: "available"},
    "disable_image": lambda _arguments: {STATE: "disabled"},
    "enable_image_deprecation": lambda arguments: {DEPRECATION: arguments["DeprecateAt"]},
    "disable_image_deprecation": lambda _arguments: {DEPRECATION: ""},
    "enable_image_deregistration_protection": lambda arguments: {
        PROTECTION: "enabled-with-cooldown" if arguments["WithCooldown"] else "enabled"
    },
    "disable_image_deregistration_protection": lambda _arguments: {PROTECTION: ""},
}


def held(facts: Facts, name: str) -> frozenset[t.Any]:
    """Return what an attribute holds, by EC2's name or as permissions: entries, tags, or a text, as a set of one."""
    if name == "permissions":
        return facts.grants
    if name == "sharedTags":
        return frozenset(pair for pair in facts.texts.items() if pair[0].startswith(SHARED))
    return frozenset({facts.text(name)})


def is_permissions(sent: Sent) -> bool:
    return structure_of(sent)[0] == "permissions"


def added(sent: Sent) -> Grants:
    return frozenset(entries_of(structure_of(sent)[1], "Add")) if is_permissions(sent) else frozenset()


def removed(sent: Sent) -> Grants:
    return frozenset(entries_of(structure_of(sent)[1], "Remove")) if is_permissions(sent) else frozenset()


def but_for_dry_run(sent: Sent) -> Json:
    return {name: value for name, value in sent.request.arguments.items() if name != "DryRun"}


def grants_shown(sent: Sent) -> Grants:
    response = sent.response or {}
    shown = response.get("LaunchPermissions") or response.get("CreateVolumePermissions") or ()
    return frozenset(entry for item in shown for entry in item.items())


class Seen(t.NamedTuple):
    """What a run saw of a list before it first changed it: each answer, and when it first asked.

    The plan was based on one of them, not always the last, because some only tell who the owner is.
    """

    answers: tuple[Grants, ...]
    time: float

    @property
    def last(self) -> Grants:
        return self.answers[-1]

    @property
    def ever(self) -> Grants:
        return frozenset().union(*self.answers)


def seen(run: Run) -> dict[Key, Seen]:
    found: dict[Key, Seen] = {}
    written: set[Key] = set()
    for sent in requests(run):
        key = key_of(sent)
        if sent.request.is_write:
            written.add(key)
        elif sent.request.operation in READS and sent.response and key not in written:
            before = found.get(key, Seen((), sent.began))
            found[key] = Seen((*before.answers, grants_shown(sent)), before.time)
    return found


def changes(one: Resource, run: Run) -> t.Iterator[tuple[Facts, Change]]:
    """Yield what the run changed on a resource, and what was true before each change."""
    for before, change in itertools.pairwise(one.history):
        if change.who == RUN and run.began <= change.time <= run.until:
            yield before.facts, change


class Theirs(t.NamedTuple):
    """What others touched: entries, and whether anything else."""

    entries: Grants
    texts: bool
    status: bool

    @property
    def anything(self) -> bool:
        return bool(self.entries) or self.texts or self.status

    def also(self, other: Theirs) -> Theirs:
        return Theirs(self.entries | other.entries, self.texts or other.texts, self.status or other.status)


def theirs(played: Played, run: Run, one: Resource, since: float, until: float) -> Theirs:
    """Return what others touched in that time, and before it for as long as a read may be behind.

    Others are EC2 itself and earlier runs, too.
    """
    entries: Grants = frozenset()
    texts = status = False
    earliest = since - played.scenario.longest_lag
    for before, change in itertools.pairwise(one.history):
        if earliest < change.time <= until and (change.who != RUN or change.time < run.began):
            entries |= before.facts.grants ^ change.facts.grants
            texts |= before.facts.texts != change.facts.texts
            status |= before.facts.status != change.facts.status
    return Theirs(entries, texts, status)


def resources(played: Played, run: Run) -> t.Iterator[tuple[Key, Resource, Asked]]:
    """Yield the resources that the run is about and that exist or existed."""
    for key, asked in run.asked.items():
        one = played.scenario.cloud.resources.get(key)
        if one is not None:
            yield key, one, asked


def all_resources(played: Played) -> t.Iterable[Resource]:
    return played.scenario.cloud.resources.values()


def values(entries: t.Iterable[Grant]) -> str:
    return ", ".join(sorted(value for _kind, value in entries))


def is_unexplained(played: Played, subject: Subject) -> bool:
    failure = subject.failure
    assert failure is not None
    one = played.scenario.cloud.resources.get(target_of(subject))
    absent = one is None or one.now.status not in one.sort.changeable or one.owner != played.scenario.cloud.account
    explained = failure.predicted or failure.code in ("ResourceLimitExceeded", "HeldBack") or absent
    return not explained
