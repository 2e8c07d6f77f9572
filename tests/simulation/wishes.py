# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run is asked for, and what that means for each image and snapshot, worked out without the engine.

A wish is the options of a task as a user writes them. What follows from them here is what laws hold the engine against,
so nothing of the engine is used.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from dataclasses import replace
from fnmatch import fnmatchcase

from local_ec2.state.grants import OPTIONS
from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import UNIT
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from local_ec2.state.texts import FIELDS
from simulation.principals import option_of
from simulation.state import Cloud
from simulation.state import Facts
from simulation.state import Grants
from simulation.state import Resource

Json = dict[str, t.Any]
Key = tuple[str, str]  # a Region and an id
NOBODY: Grants = frozenset()


@dataclass(frozen=True)
class Asked:
    """What is asked of one resource: whether of its list of ``permissions``, and which ``texts``, by EC2's names."""

    grant: Grants = NOBODY
    revoke: Grants = NOBODY
    purge: bool = False
    permissions: bool = True
    texts: tuple[tuple[str, str], ...] = ()

    def also(self, other: Asked) -> Asked:
        return Asked(
            self.grant | other.grant,
            self.revoke | other.revoke,
            self.purge or other.purge,
            self.permissions or other.permissions,
            self.texts + other.texts,
        )

    def takes_away(self, entry: Grant) -> bool:
        return entry in self.revoke or (self.purge and entry not in self.grant)

    def entries_after(self, before: Grants) -> Grants:
        return frozenset(entry for entry in before | self.grant if not self.takes_away(entry))

    def met_by(self, facts: Facts) -> bool:
        """Tell whether that is how things are."""
        texts = all(facts.texts.get(attribute, "") == value for attribute, value in self.texts)
        return texts and self.entries_after(facts.grants) == facts.grants

    def but_for(self, entries: Grants) -> Asked:
        return replace(self, grant=self.grant - entries, revoke=self.revoke - entries)


@dataclass(frozen=True)
class Wish:
    """The options of a task. ``sort`` is that of the module's resources, None for the sharing module's policies.

    ``quota`` is that of entries on an image as far as the engine knows it.
    """

    sort: Sort | None
    options: t.Mapping[str, t.Any]
    quota: int | None = None

    @property
    def policies(self) -> t.Sequence[Json]:
        found: t.Sequence[Json] = self.options.get("policies", ())
        return found

    def asked(self, cloud: Cloud, selected: t.Sequence[t.Collection[Key]] | None = None) -> dict[Key, Asked]:
        """Return what is asked of each resource, where the policies have ``selected`` these images; all that match."""
        if self.sort is not None:
            asked = _of_task(self.sort, self.options)
            keys = [_key(text) for text in self.options[f"{self.sort.name}_ids"]]
            found = dict.fromkeys(keys, asked)
        else:
            chosen = [self.matching(cloud, policy) for policy in self.policies] if selected is None else selected
            found = _merged(cloud, zip(self.policies, chosen, strict=False))
        return {
            key: asked.but_for(frozenset({(USER, one.owner)})) if one and one.sort is SNAPSHOT else asked
            for key, asked in found.items()
            for one in [cloud.resources.get(key)]
        }

    def matching(self, cloud: Cloud, policy: Json) -> list[Key]:
        """Return the images that a policy may select: those that it names, or those that its filters fit."""
        if "image_ids" in policy:
            return [_key(text) for text in policy["image_ids"]]
        patterns = policy["filters"].get("name", ["*"])
        return [
            (one.region, one.id)
            for region in policy["regions"]
            for one in cloud.of(IMAGE, region)
            if one.owner == cloud.account and any(fnmatchcase(one.name, pattern) for pattern in patterns)
        ]

    def selected(self, cloud: Cloud, policy: Json) -> list[Key]:
        """Return the images that a policy selects of what EC2 holds now."""
        if "image_ids" in policy:
            return self.matching(cloud, policy)
        fit = [key for key in self.matching(cloud, policy) if _is_shared(cloud.resources[key])]
        newest_first = sorted(fit, key=lambda key: (cloud.resources[key].created, key[1]), reverse=True)
        most = policy.get("newest") or len(fit)
        by_region = [[key for key in newest_first if key[0] == region][:most] for region in policy["regions"]]
        return [key for keys in by_region for key in keys]


def _is_shared(one: Resource) -> bool:
    return one.now.status in ("available", "pending")


def _key(text: str) -> Key:
    region, _colon, resource_id = text.partition(":")
    return region, resource_id


def _of_task(sort: Sort, options: t.Mapping[str, t.Any]) -> Asked:
    option = "launch_permissions" if sort is IMAGE else "create_volume_permissions"
    grant, revoke = options.get(option), options.get(f"revoke_{option}")
    texts = tuple((FIELDS[name], options[name]) for name in FIELDS if options.get(name) is not None)
    return Asked(
        entries_of_options(grant or {}),
        entries_of_options(revoke or {}),
        bool(options.get(f"purge_{option}")),
        grant is not None or revoke is not None,
        texts if sort is IMAGE else (),
    )


def entries_of_options(options: t.Mapping[str, t.Sequence[str]]) -> Grants:
    return frozenset((OPTIONS[name], value) for name, values in options.items() for value in values or ())


def options_of_entries(entries: t.Iterable[Grant]) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    for entry in sorted(entries):
        options.setdefault(option_of(entry), []).append(entry[1])
    return options


def _merged(cloud: Cloud, chosen: t.Iterable[tuple[Json, t.Iterable[Key]]]) -> dict[Key, Asked]:
    """Return what policies ask together, of images and of the snapshots behind them."""
    merged: dict[Key, Asked] = {}

    def add(key: Key, asked: Asked) -> None:
        merged[key] = merged[key].also(asked) if key in merged else asked

    for policy, keys in chosen:
        of_image, of_snapshot = of_policy(policy)
        for key in keys:
            add(key, of_image)
            image = cloud.resources.get(key)
            for snapshot in image.behind if image and of_snapshot else ():
                add((snapshot.region, snapshot.id), of_snapshot or Asked())
    return merged


def of_policy(policy: Json) -> tuple[Asked, Asked | None]:
    """Return what a policy asks of its images and, if anything, of the snapshots behind them."""
    pattern = policy["pattern"]
    entries = frozenset({PUBLIC}) if pattern == "public" else frozenset(map(principal, policy.get("principals", ())))
    granted, revoked = (NOBODY, entries) if pattern == "revoke" else (entries, NOBODY)
    exact = pattern in ("exclusive", "private")
    texts = tuple((FIELDS[name], policy[name]) for name in FIELDS if name in policy)
    of_image = Asked(granted, revoked, exact, permissions=True, texts=texts)
    shareable = frozenset(entry for entry in entries if entry[0] in SNAPSHOT.kinds)
    if not policy.get("snapshots") or not (shareable or exact):
        return of_image, None
    return of_image, Asked(granted & shareable, revoked & shareable, exact)


def principal(text: str) -> Grant:
    if not text.startswith("arn:"):
        return PUBLIC if text == PUBLIC[1] else (USER, text)
    return (ORGANIZATION if ":organization/" in text else UNIT), text


def of_backup(cloud: Cloud, text: str, now: float, *, exact: bool) -> dict[Key, Asked]:
    """Return what a restoration that begins now is asked for: to take back what a run changed, or was about to."""
    content = json.loads(text)
    found: dict[Key, Asked] = {}
    for key, option in (("images", "launch_permissions"), ("snapshots", "create_volume_permissions")):
        for entry in content.get(key, ()):
            one = cloud.resources[entry["region"], entry["id"]]
            one.let_happen(now)
            found[entry["region"], entry["id"]] = _taken_back(
                one.at(now), entry["before"], entry["after"], option, exact
            )
    return found


def _taken_back(facts: Facts, before: Json, after: Json, option: str, exact: bool) -> Asked:
    was, became = (entries_of_options(state.get(option) or {}) for state in (before, after))
    texts = tuple(
        (FIELDS[name], value)
        for name, value in before.items()
        if name != option and value and (exact or facts.texts.get(FIELDS[name], "") in (after[name], value))
    )
    grant, revoke = (was, NOBODY) if exact else (was - became, became - was)
    return Asked(grant, revoke, exact and option in before, option in before, texts)
