# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run is asked for, and what that means for each image and snapshot, worked out without the engine.

A wish is the options of a task as a user writes them. The laws compare the engine with what follows from them here, so
nothing of the engine is used.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import timezone
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
from simulation.clock import EPOCH
from simulation.principals import OWNER
from simulation.principals import option_of
from simulation.state import DEPRECATION
from simulation.state import PROTECTION
from simulation.state import SHARED
from simulation.state import STATE
from simulation.state import Cloud
from simulation.state import Facts
from simulation.state import Grants
from simulation.state import Resource

Json = dict[str, t.Any]
Key = tuple[str, str]  # a Region and an id
NOBODY: Grants = frozenset()
# Options with one value, and what their attributes are called among the facts.
ONE_VALUE = {**FIELDS, "deprecate_at": DEPRECATION, "deregistration_protection": PROTECTION, "enabled": STATE}
# Any date that has passed, or is about to. Others that are asked for are months away.
PASSED = "passed"
_SOON = "2027-02"


@dataclass(frozen=True)
class Asked:
    """What is asked of one resource: of its list, if ``permissions``, and which ``texts``, by their names.

    An empty text is none. With ``purge_tags`` no shared tags remain but those among the texts.
    """

    grant: Grants = NOBODY
    revoke: Grants = NOBODY
    purge: bool = False
    permissions: bool = True
    texts: tuple[tuple[str, str], ...] = ()
    purge_tags: bool = False

    def also(self, other: Asked) -> Asked:
        return Asked(
            self.grant | other.grant,
            self.revoke | other.revoke,
            self.purge or other.purge,
            self.permissions or other.permissions,
            self.texts + other.texts,
            self.purge_tags or other.purge_tags,
        )

    @property
    def disables(self) -> bool:
        return (STATE, "disabled") in self.texts

    def takes_away(self, entry: Grant) -> bool:
        """EC2 takes a disabled image away from everybody, and only its owner needs no entry."""
        if self.disables and entry == (USER, OWNER):
            return True
        return entry in self.revoke or (self.purge and entry not in self.grant)

    def allows(self, name: str, text: str) -> bool:
        """Tell whether that may be done: setting the text or, if it is empty, removing it."""
        named = {asked for asked, _text in self.texts}
        if self.purge_tags and name.startswith(SHARED) and not text and name not in named:
            return True
        return any(asked == name and fits(text, value) for asked, value in self.texts)

    def texts_met(self, facts: Facts) -> bool:
        named = {name for name, _text in self.texts}
        others = {name for name in facts.texts if name.startswith(SHARED)} - named
        fit = all(fits(facts.text(name), value) for name, value in self.texts)
        return fit and not (self.purge_tags and others)

    def tags_missing(self, facts: Facts) -> set[str]:
        """Return the shared tags that are asked for and are not there."""
        return {name for name, text in self.texts if name.startswith(SHARED) and text and facts.text(name) != text}

    def entries_after(self, before: Grants) -> Grants:
        return frozenset(entry for entry in before | self.grant if not self.takes_away(entry))

    def but_for(self, entries: Grants) -> Asked:
        return replace(self, grant=self.grant - entries, revoke=self.revoke - entries)


def fits(text: str, asked: str) -> bool:
    return text == asked or (asked == PASSED and "" < text < _SOON) or "" != minute(text) == minute(asked)


def minute(text: str) -> str:
    """Return the minute that EC2 rounds a date to, in its form; an empty text for what is no date."""
    if not re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", text):
        return ""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc) + timedelta(seconds=30)
    return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")


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
        """Return what is asked of each resource, if the policies ``selected`` these images (None: all that match)."""
        if self.sort is not None:
            asked = _of_task(self.sort, self.options)
            keys = [_key(text) for text in self.options[f"{self.sort.name}_ids"]]
            found = dict.fromkeys(keys, asked)
        else:
            chosen = [self.matching(cloud, policy) for policy in self.policies] if selected is None else selected
            found = _merged(cloud, zip(self.policies, chosen, strict=False))
        return {key: _on(cloud.resources.get(key), asked) for key, asked in found.items()}

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


def _on(one: Resource | None, asked: Asked) -> Asked:
    """Return what is asked of that resource: owners are not listed on snapshots, and ages count from the creation."""
    if one is None:
        return asked
    if one.sort is SNAPSHOT:
        return asked.but_for(frozenset({(USER, one.owner)}))
    texts = tuple((name, _due(text, one.created) if name == DEPRECATION else text) for name, text in asked.texts)
    return replace(asked, texts=texts)


def _due(text: str, created: str) -> str:
    """Return a date as EC2 shows it. ``text`` is a date to the minute, or an age in days."""
    age = re.fullmatch("([0-9]+)d", text)
    if not age:
        return f"{text}:00.000Z" if text else ""
    due = datetime.fromisoformat(created.replace("Z", "+00:00")) + timedelta(days=int(age[1]))
    return due.strftime("%Y-%m-%dT%H:%M:00.000Z") if due.timestamp() > EPOCH else PASSED


def texts_of(options: t.Mapping[str, t.Any]) -> tuple[tuple[str, str], ...]:
    """Return the texts that a task or a policy asks for."""
    asked = [option for option in ONE_VALUE if options.get(option) is not None]
    given = tuple((ONE_VALUE[option], text_of(options[option])) for option in asked)
    tags = tuple((f"{SHARED}{key}", value) for key, value in (options.get("shared_tags") or {}).items())
    return given + tags


def text_of(value: t.Any) -> str:
    """Return the value of an option as facts have it."""
    if isinstance(value, bool):
        return "available" if value else "disabled"
    return "" if value in (None, "disabled") else str(value)


def _is_shared(one: Resource) -> bool:
    return one.now.status in ("available", "pending")


def _key(text: str) -> Key:
    region, _colon, resource_id = text.partition(":")
    return region, resource_id


def _of_task(sort: Sort, options: t.Mapping[str, t.Any]) -> Asked:
    option = "launch_permissions" if sort is IMAGE else "create_volume_permissions"
    grant, revoke = options.get(option), options.get(f"revoke_{option}")
    return Asked(
        entries_of_options(grant or {}),
        entries_of_options(revoke or {}),
        bool(options.get(f"purge_{option}")),
        grant is not None or revoke is not None,
        texts_of(options),
        bool(options.get("purge_shared_tags")),
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
    of_image = Asked(granted, revoked, exact, True, texts_of(policy), bool(policy.get("purge_shared_tags")))
    shareable = frozenset(entry for entry in entries if entry[0] in SNAPSHOT.kinds)
    if not policy.get("snapshots") or not (shareable or exact):
        return of_image, None
    return of_image, Asked(granted & shareable, revoked & shareable, exact)


def key_users_of(policy: Json) -> Grants:
    """Return who is to use the keys behind the policy's images: whom it grants these, if it shares keys."""
    granted = of_policy(policy)[0].grant - {PUBLIC, (USER, OWNER)}
    return granted if policy.get("kms") == "share" else NOBODY


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
            states, facts = (entry["before"], entry["after"]), one.at(now)
            was, became = (entries_of_options(state.get(option) or {}) for state in states)
            grant, revoke = (was, NOBODY) if exact else (was - became, became - was)
            named = option in entry["before"]
            asked = Asked(grant, revoke, exact and named, named)
            left = asked.entries_after(facts.grants)
            texts = (
                *_texts_taken_back(facts, states, content["made"], now, left, exact=exact),
                *_tags_taken_back(facts, *states, exact),
            )
            tagged = exact and "shared_tags" in entry["before"]
            found[one.region, one.id] = replace(asked, texts=texts, purge_tags=tagged)
    return found


def _texts_taken_back(
    facts: Facts, states: tuple[Json, Json], made: str, now: float, left: Grants, *, exact: bool
) -> t.Iterator[tuple[str, str]]:
    """Yield the texts to set back: nobody else has set them since, and EC2 accepts them with these entries left."""
    before, after = states
    for option, value in before.items():
        name, text = ONE_VALUE.get(option), text_of(value)
        if name is None or _is_lost(facts, name, text, now, left):
            continue
        # The date for an age that has passed is worked out when it is sent, which is after the backup.
        of_an_age = (
            name == DEPRECATION and "" < text_of(after[option]) < _SOON and made[:10] <= facts.text(name) < _SOON
        )
        if exact or of_an_age or any(fits(facts.text(name), each) for each in (text_of(after[option]), text)):
            yield name, text


def _is_lost(facts: Facts, name: str, text: str, now: float, left: Grants) -> bool:
    """Tell whether EC2 does not let it be set back.

    A date must be in the future and, on a public image, no later than the current one; on an image that only becomes
    public again, it is set back before that. Nobody may lose an image because it is disabled.
    """
    if name == DEPRECATION:
        moment = datetime.fromtimestamp(EPOCH + now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        text, held = minute(text), minute(facts.text(DEPRECATION))
        return "" < text <= moment or (PUBLIC in left & facts.grants and held != "" and (not text or text > held))
    if name == STATE:
        return text == "disabled" and bool(left - {(USER, OWNER)})
    return not text and name in FIELDS.values()


def _tags_taken_back(facts: Facts, before: Json, after: Json, exact: bool) -> t.Iterator[tuple[str, str]]:
    was, became = (state.get("shared_tags") or {} for state in (before, after))
    for key in sorted({*was, *became}):
        changed = was.get(key) != became.get(key) and facts.text(f"{SHARED}{key}") == became.get(key, "")
        if changed or (exact and key in was):
            yield f"{SHARED}{key}", was.get(key, "")
