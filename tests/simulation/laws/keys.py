# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys behind the images: the laws of what a run may do to their policies, and of what waits for them.

What a policy says is read here without the engine: from the statements that let somebody use a key.
"""

from __future__ import annotations

import itertools
import json
import typing as t

from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from simulation.edge import Sent
from simulation.laws.view import Violations
from simulation.laws.view import changes
from simulation.laws.view import policies_written
from simulation.laws.view import resources
from simulation.laws.view import theirs
from simulation.laws.view import values
from simulation.laws.view import writes
from simulation.principals import OWNER
from simulation.runs import Played
from simulation.runs import Run
from simulation.state import RUN
from simulation.state import Grants
from simulation.state import Resource
from simulation.state import Written
from simulation.wishes import NOBODY
from simulation.wishes import Json
from simulation.wishes import Key
from simulation.wishes import entries_of_options
from simulation.wishes import key_users_of

_SID = "AmikitSharing"
_GROUPS = " (Auto Scaling)"  # after whoever may use a key for Auto Scaling groups
_ROLES = {"Use": "", "AutoScaling": _GROUPS}


def keys_first(played: Played) -> Violations:
    """Nobody is granted an image before the keys behind it, where a policy shares both, or a restoration does."""
    for run in played.runs:
        if run.mode != "real":
            continue
        back = _regranted(run, exact=played.scenario.exact)
        for image, wanted in _regranting(played, run, back) if run.restores else _sharing(played, run):
            for before, change in changes(image, run):
                for arn in _keys(played, image):
                    granted = (change.facts.grants - before.grants) & wanted
                    if run.restores:
                        granted = frozenset(each for each in granted if _meant(each) in back.get(arn, ()))
                    early = _missing(granted, played.scenario.cloud.policy(arn, change.time))
                    if early and not _written_by_others(played, run, arn):
                        yield f"{run.title}: {values(early)} got {image.id} before {arn}, which is behind it"


def keys_last(played: Played) -> Violations:
    """A restoration takes nobody off a key before the images on it that it takes them off as well."""
    for run in played.runs:
        if run.restores is None or run.work is None:
            continue
        for arn, before, written in _writings(played, run):
            lost = _users(json.loads(before)) - _users(json.loads(written.policy))
            for _key_of_image, image, asked in resources(played, run):
                if arn in _keys(played, image):
                    others = theirs(played, run, image, run.began, run.until).entries
                    left = image.at(written.time).grants & asked.revoke - others
                    early = frozenset(each for each in left if _meant(each) in lost)
                    if early:
                        yield f"{run.title}: {values(early)} lost {arn} before {image.id}, which is under it"


def keys_are_written_as_planned(played: Played) -> Violations:
    """What is written is based on the policy that was planned on, or on what the run itself has made of that."""
    for run in played.runs:
        known: dict[Key, list[Json]] = {}
        latest: dict[Key, Json] = {}
        for sent in run.log:
            if sent.request.operation == "get_key_policy" and sent.response:
                policy = json.loads(sent.response["Policy"])
                # A statement that stands alone is a list of it, to KMS too.
                held = policy["Statement"]
                latest[_key(sent)] = {**policy, "Statement": held if isinstance(held, list) else [held]}
                known.setdefault(_key(sent), [latest[_key(sent)]])
            elif sent.request.operation == "put_key_policy":
                if latest[_key(sent)] not in known[_key(sent)]:
                    yield f"{run.title}: {_key(sent)[1]} was written although somebody else had written it"
                known[_key(sent)].append(json.loads(sent.request.arguments["Policy"]))


def _writings(played: Played, run: Run) -> t.Iterator[tuple[str, str, Written]]:
    """Yield what the run wrote, and the policy before."""
    for arn, history in played.scenario.cloud.policies.items():
        for before, written in itertools.pairwise(history):
            if written.who == RUN and run.began <= written.time <= run.until:
                yield arn, before.policy, written


def _written_by_others(played: Played, run: Run, arn: str) -> bool:
    written = played.scenario.cloud.policies[arn]
    return any(each.who != RUN and run.began <= each.time <= run.until for each in written)


def _regranted(run: Run, *, exact: bool) -> dict[str, set[str]]:
    """Return whom a restoration is to make users of keys again, as conditions name them."""
    content = json.loads(run.restores.backups[-1][1]) if run.restores else {}
    back: dict[str, set[str]] = {}
    for entry in content.get("keys", ()):
        was, became = (entries_of_options(entry[state]["key_users"]) for state in ("before", "after"))
        arn = f"arn:aws:kms:{entry['region']}:{OWNER}:key/{entry['id']}"
        back[arn] = {_meant(each) for each in (was if exact else was - became)}
    return back


def _regranting(
    played: Played, run: Run, back: t.Mapping[str, t.Collection[str]]
) -> t.Iterator[tuple[Resource, Grants]]:
    for _key_of_image, image, asked in resources(played, run):
        if any(arn in back for arn in _keys(played, image)):
            yield image, asked.grant


def keys_are_only_shared(played: Played) -> Violations:
    """Policies take nobody off a key and add only whom they grant images behind it; the rest stays as it was read."""
    for run in played.runs:
        read: dict[Key, Json] = {}
        asked = _asked(played, run)
        for sent in run.log:
            if sent.request.operation == "get_key_policy" and sent.response:
                read[_key(sent)] = json.loads(sent.response["Policy"])
            elif sent.request.operation == "put_key_policy":
                yield from (f"{run.title}: {why}" for why in _wrong(run, sent, read[_key(sent)], asked))


def _wrong(run: Run, sent: Sent, before: Json, asked: t.Mapping[Key, set[str]]) -> Violations:
    key, after = _key(sent), json.loads(sent.request.arguments["Policy"])
    if run.mode != "real" or (run.result and run.result.get("stopped")):
        yield f"it was not to change anything, and wrote the policy of {key[1]}"
    if _others(before) != _others(after):
        yield f"statements of others on {key[1]} are not as they were"
    if run.restores is None:
        if _users(before) - _users(after):
            yield f"{_users(before) - _users(after)} lost the key {key[1]}"
        if _users(after) - _users(before) - asked.get(key, set()):
            yield f"nobody asked to give {key[1]} to {_users(after) - _users(before)}"


def keys_are_as_asked(played: Played) -> Violations:
    """After a run that did not fail, whoever is granted an image by a policy that shares keys can use them.

    A run that would be refused on a key changes nothing anywhere, and a restoration takes back what a run did.
    """
    for run in played.runs:
        refused = [key for key in run.keys if key.failure and key.failure.predicted and not run.restores]
        if refused and (writes(run) or policies_written(run)):
            yield f"{run.title}: {refused[0].target} would be refused, and something was changed"
        if run.killed or run.failed or run.mode != "real":
            continue
        for image, wanted in _sharing(played, run) if run.restores is None else ():
            for arn in _keys(played, image):
                missing = _missing(wanted, played.scenario.cloud.policy(arn, run.until))
                if missing and not _written_by_others(played, run, arn):
                    yield f"{run.title}: it succeeded, and {values(missing)} cannot use {arn}"
        if run.restores is not None and run.title == "restore":
            yield from _not_as_before(played, run, run.restores)


def _not_as_before(played: Played, run: Run, undone: Run) -> Violations:
    for arn in played.scenario.cloud.policies:
        was, now = (_users(json.loads(played.scenario.cloud.policy(arn, at))) for at in (undone.began, run.until))
        since = played.scenario.cloud.policies[arn]
        others = any(each.who != RUN and undone.began <= each.time <= run.until for each in since)
        if was != now and not others:
            yield f"{run.title}: {was ^ now} on {arn} is not as before"


def _sharing(played: Played, run: Run, *, groups: bool = False) -> t.Iterator[tuple[Resource, Grants]]:
    """Yield the images of which some policy shares the keys, and with whom, or with whose Auto Scaling groups."""
    for policy, selected in zip(played.scenario.wish.policies, run.work.selected if run.work else (), strict=False):
        wanted = key_users_of(policy) if policy.get("kms_autoscaling") or not groups else NOBODY
        for target in selected if wanted else ():
            image = played.scenario.cloud.resources.get((target.region, target.id))
            if image:
                yield image, wanted


def _asked(played: Played, run: Run) -> dict[Key, set[str]]:
    asked: dict[Key, set[str]] = {}
    for more, groups in (("", False), (_GROUPS, True)):
        for image, wanted in _sharing(played, run, groups=groups):
            for arn in _keys(played, image):
                users = asked.setdefault((image.region, arn.rpartition("/")[2]), set())
                users.update(f"{_meant(each)}{more}" for each in wanted)
    return asked


def _keys(played: Played, image: Resource) -> list[str]:
    return sorted({each.key for each in image.behind if each.key in played.scenario.cloud.policies})


def _key(sent: Sent) -> Key:
    return sent.request.region, str(sent.request.arguments["KeyId"])


def _missing(wanted: Grants, policy: str) -> Grants:
    users = _users(json.loads(policy))
    return frozenset(each for each in wanted if _meant(each) not in users)


def _meant(entry: Grant) -> str:
    """Return how a condition names an account, an organization or a unit."""
    kind, value = entry
    if kind == USER:
        return value
    if kind == ORGANIZATION:
        return value.rpartition("/")[2]
    _ou, organization, unit = value.rpartition(":")[2].split("/")
    return f"{organization}/*/{unit}/*"


def _statements(policy: Json) -> list[Json]:
    held = policy["Statement"]
    return held if isinstance(held, list) else [held]


def _others(policy: Json) -> list[str]:
    return [json.dumps(each) for each in _statements(policy) if not each.get("Sid", "").startswith(_SID)]


def _users(policy: Json) -> set[str]:
    """Return whom our statements of use name, and those of Auto Scaling."""
    named: set[str] = set()
    for each in _statements(policy):
        sid = each.get("Sid", "")
        role = next((role for role in _ROLES if sid.startswith(_SID) and sid.endswith(role)), "")
        for keys in each["Condition"].values() if role else ():
            for name in ("kms:CallerAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"):
                found = keys.get(name, [])
                named.update(f"{value}{_ROLES[role]}" for value in ([found] if isinstance(found, str) else found))
    return named
