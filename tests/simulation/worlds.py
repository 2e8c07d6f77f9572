# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a seed to a scenario: an EC2 with images and snapshots, a wish, and what will go wrong.

Few of everything, so that they meet: entries of the same few principals, snapshots behind several images, policies
about the same images. A third of the seeds have no faults, and most of the others a few of a few kinds, so that stories
can be read.
"""

from __future__ import annotations

import json
import math
import typing as t
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from random import Random

from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from simulation.faults import ON_THE_WAY
from simulation.faults import Faults
from simulation.principals import GROUPS
from simulation.principals import ODD
from simulation.principals import OWNER
from simulation.principals import USERS
from simulation.state import DEPRECATION
from simulation.state import EC2
from simulation.state import GONE
from simulation.state import PROTECTION
from simulation.state import SHARED
from simulation.state import Blocking
from simulation.state import Change
from simulation.state import Cloud
from simulation.state import Denial
from simulation.state import Event
from simulation.state import Facts
from simulation.state import Grants
from simulation.state import Resource
from simulation.state import Writing
from simulation.state import Written
from simulation.wishes import Json
from simulation.wishes import Wish
from simulation.wishes import options_of_entries

REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
RESTORATIONS = ("first restore", "rerun", "guarded restore", "restore of restore")
PARTNER = "888888888888"
SOMEBODY = "somebody else"
_NAMES = ("golden", "web")
_KEYS = {"CUSTOMER": "00000000-0000-0000-0000-00000000aaaa", "AWS": "ffffffff-0000-0000-0000-00000000aaaa"}
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"}, "Action": "kms:*", "Resource": "*"}


@dataclass
class Scenario:
    """What a seed means. Times of ``events``, and of all other faults, count from the beginning of the main run.

    ``kinds`` are the faults that it has; ``main`` is what the main run is: real, a check or an audit. With
    ``keeps`` runs write a backup, which is restored after a kill, and with ``restores`` after any other main run.
    ``restorations`` are those besides the one that must bring everything back: see runs.py.
    """

    seed: int
    cloud: Cloud
    wish: Wish
    main: str = "real"
    wait: bool = True
    concurrency: int = 4
    kinds: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=lambda: Faults(Random(0)))
    events: list[tuple[Resource, Event]] = field(default_factory=list)
    starts: list[t.Callable[[float], None]] = field(default_factory=list)
    longest_lag: float = 0.0
    kill_after: float = math.inf
    preflight: bool = False
    keeps: bool = False
    disk_is_full: bool = False
    restores: bool = False
    restorations: frozenset[str] = frozenset()
    restoration_killed_after: float = math.inf
    exact: bool = False

    def __post_init__(self) -> None:
        self._quota = self.cloud.sharing_quota

    @property
    def is_quiet(self) -> bool:
        return not self.kinds

    def begin(self, now: float) -> None:
        """Let the faults begin: a run starts now."""
        for resource, event in self.events:
            resource.events.append(event._replace(time=now + event.time))
            resource.events.sort(key=lambda each: each.time)
        for start in self.starts:
            start(now)

    def end(self) -> None:
        """Let nothing go wrong any more, but for what EC2's state itself forbids."""
        self.faults.rate = self.faults.flicker = 0.0
        self.faults.bucket = self.faults.down = None
        cloud = self.cloud
        cloud.denials.clear()
        cloud.lag.clear()
        cloud.expires = math.inf
        cloud.sharing_quota, cloud.public_quota = self._quota, math.inf
        cloud.ignores_dry_run, cloud.lists_quotas = False, True


def make(seed: int) -> Scenario:
    """Return what the seed means: always the same."""
    chance = Random(seed)
    cloud = Cloud(OWNER)
    regions = REGIONS[: chance.choice((1, 1, 2, 3))]
    _add_images(chance, cloud, regions)
    if chance.random() < 0.01:
        _crowd(chance, cloud)
    wish = _wish(chance, cloud, regions)
    if wish.quota is not None:
        cloud.sharing_quota = wish.quota
        _trim(cloud, wish.quota)
    scenario = Scenario(seed, cloud, wish, faults=Faults(Random(seed + 1)))
    scenario.concurrency = chance.choice((1, 2, 4, 16))
    scenario.wait = chance.random() < 0.85
    scenario.preflight = chance.random() < 0.15
    scenario.keeps = chance.random() < 0.6
    scenario.restores, scenario.exact = chance.random() < 0.3, chance.random() < 0.3
    _add_faults(chance, scenario)
    scenario.restorations = frozenset(name for name in RESTORATIONS if chance.random() < 0.3)
    return scenario


# What there is.


def _some(chance: Random, entries: t.Sequence[Grant], share: float) -> Grants:
    return frozenset(entry for entry in entries if chance.random() < share)


def _id(chance: Random, sort: Sort) -> str:
    return f"{sort.prefix}0{chance.getrandbits(64):016x}"


def _add_images(chance: Random, cloud: Cloud, regions: t.Sequence[str]) -> None:
    odd = chance.random() < 0.07
    encrypted = chance.random() < 0.25
    for number in range(chance.randint(1, 8)):
        region = chance.choice(regions)
        made = [_snapshot(chance, cloud, region, encrypted) for _each in range(chance.choice((0, 1, 1, 1, 2)))]
        behind = tuple({one.id: one for one in made}.values())
        status = chance.choice(("failed", "disabled")) if odd and number == 0 else "available"
        grants = _entries(chance, (*USERS, *GROUPS)) if status == "available" else frozenset()
        grants = frozenset() if _under_managed_key(cloud, behind) else grants
        cloud.add(
            Resource(
                IMAGE,
                _id(chance, IMAGE),
                region,
                PARTNER if odd and number == 1 and chance.random() < 0.2 else cloud.account,
                [Change(-math.inf, EC2, "", Facts(status, grants - _unfit(behind), _texts(chance)))],
                name=f"{chance.choice(_NAMES)}-{number}",
                created=f"2026-0{chance.randint(1, 9)}-01T00:00:00.000Z",
                behind=behind,
                product_code="8kq3tpyv1x2mfm0nsdl5wcx9z" if odd and number == 2 else "",
                other_tags=chance.choice((47, 48)) if chance.random() < 0.1 else 0,
            )
        )


def _crowd(chance: Random, cloud: Cloud) -> None:
    """Share with more accounts than one request about a snapshot takes."""
    crowd = frozenset((USER, f"8{number:011}") for number in range(chance.choice((501, 600, 990))))
    for one in cloud.resources.values():
        facts = one.now
        if facts.status in one.sort.changeable and facts.grants and chance.random() < 0.5:
            one.history[0] = one.history[0]._replace(facts=facts._replace(grants=facts.grants | crowd))


def _trim(cloud: Cloud, quota: int) -> None:
    """Leave no list longer than the quota allows: one that is proves that the quota was raised."""
    for one in cloud.resources.values():
        facts = one.now
        one.history[0] = one.history[0]._replace(facts=facts._replace(grants=frozenset(sorted(facts.grants)[:quota])))


def _under_managed_key(cloud: Cloud, snapshots: t.Iterable[Resource]) -> bool:
    return any(cloud.keys.get(one.key) == "AWS" for one in snapshots)


def _unfit(behind: t.Iterable[Resource]) -> Grants:
    """Return what an image with these snapshots cannot be shared with."""
    return frozenset({PUBLIC}) if any(one.key for one in behind) else frozenset()


def _snapshot(chance: Random, cloud: Cloud, region: str, encrypted: bool) -> Resource:
    """A new one, or now and then one that is behind another image too."""
    known = cloud.of(SNAPSHOT, region)
    if known and chance.random() < 0.25:
        return chance.choice(known)
    manager = "AWS" if chance.random() < 0.2 else "CUSTOMER"
    key = f"arn:aws:kms:{region}:{cloud.account}:key/{_KEYS[manager]}" if encrypted and chance.random() < 0.7 else ""
    if key and key not in cloud.keys:
        cloud.keys[key] = manager
        cloud.policies[key] = [Written(-math.inf, EC2, json.dumps(_key_policy(chance, region)))]
    held = frozenset() if manager == "AWS" and key else _entries(chance, USERS[:-1])
    status = "pending" if chance.random() < 0.05 else "completed"
    facts = Facts(status, held - {PUBLIC} if key else held)
    return cloud.add(
        Resource(
            SNAPSHOT,
            _id(chance, SNAPSHOT),
            region,
            cloud.account,
            [Change(-math.inf, EC2, "", facts)],
            key=key,
        )
    )


def _key_policy(chance: Random, region: str) -> Json:
    """What the owner of a key has written, perhaps about a recipient, and what an earlier run has."""
    theirs = {**ROOT, "Sid": "theirs", "Principal": {"AWS": chance.choice(USERS)[1]}, "Action": ["kms:Decrypt"]}
    statement = chance.choice((ROOT, [ROOT], [theirs, ROOT], [theirs, ROOT, *shared_key(region, USERS[5][1])]))
    return {"Version": "2012-10-17", "Statement": statement}


def shared_key(region: str, account: str) -> list[Json]:
    """Return the statements with which an account uses a key for images."""
    by_ec2 = {"kms:ViaService": f"ec2.{region}.amazonaws.com", "kms:CallerAccount": account}
    use = ["Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"]
    roles: list[tuple[str, t.Any, Json]] = [
        ("Use", [f"kms:{action}" for action in use], {"StringEquals": by_ec2}),
        ("Describe", "kms:DescribeKey", {"StringEquals": {"kms:CallerAccount": account}}),
        ("Grant", "kms:CreateGrant", {"StringEquals": by_ec2, "Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ]
    return [
        {
            "Sid": f"AmikitSharingAccounts{role}",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": actions,
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": OWNER}, **conditions},
        }
        for role, actions, conditions in roles
    ]


def _entries(chance: Random, entries: t.Sequence[Grant]) -> Grants:
    return _some(chance, entries, 0.3) | _some(chance, (PUBLIC, ODD), 0.05)


def _texts(chance: Random) -> dict[str, str]:
    texts = {"description": chance.choice(("old", "golden"))} if chance.random() < 0.5 else {}
    return texts | {name: value for name, value, share in _HELD if chance.random() < share}


# What an image has at first, and how often.
_HELD = (
    ("imdsSupport", "v2.0", 0.3),
    (f"{SHARED}status", "old", 0.15),
    (f"{SHARED}release", "1", 0.1),
    (DEPRECATION, "2027-06-01T00:00:00.000Z", 0.05),
    (DEPRECATION, "2027-05-31T23:59:40.000Z", 0.05),  # as EC2 sets it
    (DEPRECATION, "2026-12-01T00:00:20.000Z", 0.05),
    (PROTECTION, "enabled-with-cooldown", 0.1),
)


# What is asked.


def _wish(chance: Random, cloud: Cloud, regions: t.Sequence[str]) -> Wish:
    timeout = chance.choice((0, 10, 60, 120, 120))
    kind = chance.random()
    snapshots = any(cloud.of(SNAPSHOT, region) for region in regions)
    if kind < 0.3 or (kind < 0.45 and not snapshots):
        options = _task(chance, cloud, regions, IMAGE)
        quota = chance.randint(2, 6) if chance.random() < 0.1 else None
        return Wish(IMAGE, {**options, "wait_timeout": timeout}, quota)
    if kind < 0.45:
        return Wish(SNAPSHOT, {**_task(chance, cloud, regions, SNAPSHOT), "wait_timeout": timeout})
    return Wish(None, {**_policies(chance, cloud, regions), "wait_timeout": timeout})


def _named(chance: Random, cloud: Cloud, regions: t.Sequence[str], sort: Sort) -> list[str]:
    there = [f"{one.region}:{one.id}" for region in regions for one in cloud.of(sort, region)]
    named = chance.sample(there, chance.randint(1, len(there)))
    return [*named, f"{regions[0]}:{_id(chance, sort)}"] if chance.random() < 0.02 else named


def _task(chance: Random, cloud: Cloud, regions: t.Sequence[str], sort: Sort) -> Json:
    option = "launch_permissions" if sort is IMAGE else "create_volume_permissions"
    pool = (*USERS, *GROUPS) if sort is IMAGE else USERS
    options: Json = {f"{sort.name}_ids": _named(chance, cloud, regions, sort)}
    grant = _some(chance, pool, 0.3) | _some(chance, (PUBLIC,), 0.08)
    if chance.random() < 0.85 or sort is SNAPSHOT:
        options[option] = options_of_entries(grant)
        options[f"purge_{option}"] = chance.random() < 0.4
        if chance.random() < 0.4:
            options[f"revoke_{option}"] = options_of_entries(_some(chance, pool, 0.3) - grant)
    others = {**_asked_texts(chance), **_asked_state(chance)} if sort is IMAGE else {}
    if others.get("enabled") is False and chance.random() < 0.8:
        # Otherwise it is refused, unless nobody has the image.
        options = {name: value for name, value in options.items() if not name.startswith("revoke_")}
        options |= {option: {}, f"purge_{option}": True}
    return {**options, **(others if others or option in options else {"description": "new"})}


def _asked_texts(chance: Random) -> Json:
    asked = {name: chance.choice(values) for name, values, share in _ASKED if chance.random() < share}
    if "shared_tags" in asked:
        asked["purge_shared_tags"] = chance.random() < 0.4
    return asked


# Options with one value and tags, what may be asked for, and how often.
_ASKED: tuple[tuple[str, tuple[t.Any, ...], float], ...] = (
    ("description", ("new", "golden"), 0.3),
    ("imds_support", ("v2.0",), 0.15),
    ("shared_tags", ({"status": "approved"}, {"status": "approved", "release": "2"}, {"release": "1"}, {}), 0.2),
    ("deprecate_at", ("2027-06-01T00:00", "2028-01-15T12:00", "200d", "700d", ""), 0.2),
    ("deregistration_protection", ("enabled", "enabled-with-cooldown", "disabled"), 0.15),
)


def _asked_state(chance: Random) -> Json:
    return {"enabled": chance.random() < 0.5} if chance.random() < 0.12 else {}


def _policies(chance: Random, cloud: Cloud, regions: t.Sequence[str]) -> Json:
    count = chance.choice((1, 1, 1, 2, 2, 3, 4))
    options: Json = {
        "policies": [_policy(chance, cloud, regions, number, alone=count == 1) for number in range(count)],
        "allow_public": True,
    }
    if chance.random() < 0.2:
        options["max_revocations"] = chance.choice((0, 1, 2, 4, 8))
    if chance.random() < 0.2:
        options["protected_principals"] = [chance.choice((*USERS, *GROUPS, PUBLIC))[1]]
    return options


def _policy(chance: Random, cloud: Cloud, regions: t.Sequence[str], number: int, *, alone: bool) -> Json:
    """One of several policies seldom is about all that there is: they would contradict each other too often."""
    pattern = chance.choices(
        ("share", "exclusive", "revoke", "private", "public"), (40, 25 if alone else 4, 20, 6 if alone else 2, 5)
    )[0]
    policy: Json = {"name": f"policy {number}", "pattern": pattern, "snapshots": chance.random() < 0.6}
    if chance.random() < 0.5:
        policy["image_ids"] = _named(chance, cloud, regions, IMAGE)
    else:
        policy["filters"] = {"name": [chance.choice(("golden-*", "web-*", "*"))]}
        policy["regions"] = list(regions)
        policy["allow_empty"] = chance.random() < 0.95
        if chance.random() < 0.3:
            policy["newest"] = chance.randint(1, 2)
    if pattern in ("share", "exclusive", "revoke"):
        # Those who are granted and those who are revoked by policies next to it are seldom the same.
        half = slice(pattern == "revoke", None, 2)
        pool = (*USERS, *GROUPS) if alone or chance.random() < 0.1 else (*USERS[half], *GROUPS[half])
        policy["principals"] = sorted(value for _kind, value in _some(chance, pool, 0.3) | {chance.choice(pool)})
    policy["kms"] = chance.choice(("report", "share", "share", "ignore"))
    policy["kms_autoscaling"] = policy["kms"] == "share" and chance.random() < 0.3
    if number == 0:
        return {**policy, **_asked_texts(chance)}
    return {**policy, "shared_tags": {f"team-{number}": "yes"}} if chance.random() < 0.1 else policy


# What goes wrong.


def _add_faults(chance: Random, scenario: Scenario) -> None:
    if chance.random() < 0.3:
        if chance.random() < 0.1 and scenario.wish.sort is None:
            scenario.main = "audit"
        return
    scenario.main = chance.choices(("real", "check", "audit"), (88, 10, 2 if scenario.wish.sort is None else 0))[0]
    if chance.random() < 0.02:
        scenario.kinds = ["dry run ignored"]
        _ignored_dry_run(scenario)
        return
    weights = [weight for weight, _add in _FAULTS.values()]
    drawn = chance.choices(list(_FAULTS), weights, k=chance.choice((1, 1, 2, 2, 3, 4)))
    for name in dict.fromkeys(drawn):
        _FAULTS[name][1](chance, scenario)
        scenario.kinds.append(name)


def _on_the_way(chance: Random, scenario: Scenario) -> None:
    scenario.faults.kinds = tuple(chance.sample(ON_THE_WAY, chance.choice((1, 1, 2))))
    scenario.faults.rate = chance.choice((0.05, 0.15, 0.4))
    scenario.faults.stubborn = chance.choice((0.0, 0.3, 0.8))


def _writes_fail(chance: Random, scenario: Scenario) -> None:
    """A run that cannot read never comes to write: here some writes fail, in every attempt, and no reads."""
    scenario.faults.kinds = tuple(chance.sample(ON_THE_WAY, chance.choice((1, 1, 2, 3))))
    scenario.faults.rate = chance.choice((0.1, 0.3, 1.0))
    scenario.faults.stubborn = chance.choice((0.5, 1.0))
    scenario.faults.spares_reads = True


def _buckets(chance: Random, scenario: Scenario) -> None:
    scenario.faults.bucket = float(chance.randint(1, 4)), chance.choice((0.5, 1.0, 2.0))


def _lag(chance: Random, scenario: Scenario) -> None:
    """Descriptions lag for up to two minutes (observed), attribute reads hardly ever (recorded: not at all).

    Policies of keys usually do for less than a few seconds (KMS, eventual consistency).
    """
    lags = {f"describe_{sort}s": chance.choice((1.0, 4.0, 30.0)) for sort in ("image", "snapshot")}
    if chance.random() < 0.5:
        lags |= {f"describe_{sort}_attribute": chance.choice((0.5, 2.0, 20.0)) for sort in ("image", "snapshot")}
    if chance.random() < 0.5:
        lags["get_key_policy"] = chance.choice((0.5, 3.0))
    scenario.longest_lag = max(lags.values())
    scenario.starts.append(lambda _now: scenario.cloud.lag.update(lags))


def _flicker(chance: Random, scenario: Scenario) -> None:
    rate = chance.choice((0.02, 0.05, 0.15))

    def start(_now: float) -> None:
        scenario.faults.flicker = rate

    scenario.starts.append(start)


def _late(chance: Random, scenario: Scenario) -> None:
    """A new image that EC2 does not show at first, or not to a filter by owner, or without its snapshots."""
    image = _any(chance, scenario, IMAGE)
    everywhere, by_owner, behind = (chance.choice((0.0, 3.0, 12.0, 30.0)) for _each in range(3))

    def start(now: float) -> None:
        image.appears = now + everywhere
        image.appears_to_owner = now + max(everywhere, by_owner)
        image.behind_shown = now + behind

    scenario.starts.append(start)


def _pending(chance: Random, scenario: Scenario) -> None:
    image = _any(chance, scenario, IMAGE)
    facts = image.now
    if facts.status != "available":
        return
    image.history[0] = image.history[0]._replace(facts=facts._replace(status="pending"))
    becomes = chance.choice(("available", "available", "available", "failed"))
    event = Event(
        chance.choice((0.5, 5.0, 40.0, 500.0)), EC2, f"is {becomes}", lambda now: now._replace(status=becomes)
    )
    scenario.events.append((image, event))


def _any(chance: Random, scenario: Scenario, sort: Sort | None = None) -> Resource:
    return chance.choice([one for one in scenario.cloud.resources.values() if sort in (None, one.sort)])


def _soon(chance: Random) -> float:
    return min(chance.expovariate(0.5), 60.0)


def _others(chance: Random, scenario: Scenario) -> None:
    """Somebody else changes lists, or texts, of what the run is about."""
    for _each in range(chance.randint(1, 4)):
        one = _any(chance, scenario)
        entry = chance.choice((*USERS, *GROUPS) if one.sort is IMAGE else USERS[:-1])
        kinds = ("revoke", "reset") if _under_managed_key(scenario.cloud, one.behind or (one,)) else tuple(_THEIRS)
        what, becomes = _THEIRS[chance.choice(kinds)]
        event = Event(_soon(chance), SOMEBODY, what.format(entry[1]), _if_changeable(one.sort, becomes, entry))
        scenario.events.append((one, event))


def _writers(chance: Random, scenario: Scenario) -> None:
    """Somebody else writes policies of keys: while the run works on them, or between runs."""
    keys = sorted(scenario.cloud.policies)
    for _each in range(chance.randint(1, 3) if keys else 0):
        key, what = chance.choice(keys), chance.choice(list(WRITE))
        after = chance.choice((_soon(chance), 8 * chance.random()))
        scenario.starts.append(_writing(scenario.cloud, after, key, what))


def _writing(cloud: Cloud, after: float, key: str, what: str) -> t.Callable[[float], None]:
    return lambda now: cloud.writings.append(Writing(now + after, key, what, WRITE[what]))


def _with_statement(policy: str) -> str:
    return _with_statements(policy, lambda held: [*held, {**ROOT, "Sid": f"theirs {len(held)}"}])


def _without_ours(policy: str) -> str:
    """As a tool does that manages the policy as a whole."""
    return _with_statements(
        policy, lambda held: [each for each in held if not each.get("Sid", "").startswith("AmikitSharing")]
    )


def _with_statements(policy: str, becomes: t.Callable[[list[Json]], list[Json]]) -> str:
    document = json.loads(policy)
    held = document["Statement"]
    return json.dumps({**document, "Statement": becomes(held if isinstance(held, list) else [held])})


WRITE = {"somebody adds a statement": _with_statement, "somebody writes it without ours": _without_ours}


_Becomes = t.Callable[[Facts, Grant], Facts]
_THEIRS: dict[str, tuple[str, _Becomes]] = {
    "grant": ("grants {}", lambda facts, entry: facts._replace(grants=facts.grants | {entry})),
    "revoke": ("revokes {}", lambda facts, entry: facts._replace(grants=facts.grants - {entry})),
    "reset": ("resets the permissions", lambda facts, _entry: facts._replace(grants=frozenset())),
    "text": ("sets the description to theirs", lambda facts, _entry: facts.having("description", "theirs")),
    "tag": ("sets the tag status to theirs", lambda facts, _entry: facts.having(f"{SHARED}status", "theirs")),
}


def _if_changeable(sort: Sort, becomes: _Becomes, entry: Grant) -> t.Callable[[Facts], Facts]:
    return lambda facts: becomes(facts, entry) if facts.status in sort.changeable else facts


def _deregistered(chance: Random, scenario: Scenario) -> None:
    one = _any(chance, scenario, IMAGE)
    event = Event(_soon(chance), SOMEBODY, "deregisters it", lambda _facts: Facts(GONE))
    scenario.events.append((one, event))


def _disabled(chance: Random, scenario: Scenario) -> None:
    """EC2 drops every launch permission of an image that is disabled."""
    one = _any(chance, scenario, IMAGE)
    event = Event(
        _soon(chance),
        SOMEBODY,
        "disables it",
        lambda facts: Facts("disabled", frozenset(), facts.texts) if facts.status == "available" else facts,
    )
    scenario.events.append((one, event))


def _denied(chance: Random, scenario: Scenario) -> None:
    action = chance.choices([name for name, _weight in _DENIED], [weight for _name, weight in _DENIED])[0]
    one = _any(chance, scenario)
    is_of = (
        not action.startswith(("Describe", "Get"))
        and (one.sort is IMAGE) == ("Snapshot" not in action)
        and chance.random() < 0.7
    )
    after = chance.choice((-math.inf, -math.inf, 1.0, 3.0))
    denial = Denial(action, after, one.id if is_of else "")
    scenario.starts.append(lambda now: scenario.cloud.denials.append(denial._replace(since=now + after)))


_DENIED = (
    ("ModifyImageAttribute", 4),
    ("ModifySnapshotAttribute", 6),
    ("DescribeImageAttribute", 1),
    ("DescribeSnapshots", 1),
    ("CreateTags", 1),
    ("EnableImage", 1),
    ("EnableImageDeprecation", 1),
    ("GetServiceQuota", 1),
    ("DescribeKey", 1),
    ("GetKeyPolicy", 1),
    ("PutKeyPolicy", 2),
)


def _quota(chance: Random, scenario: Scenario) -> None:
    entries, public = chance.choice(((chance.randint(1, 6), math.inf), (1000, chance.randint(0, 1))))
    listed = chance.random() < 0.8

    def start(_now: float) -> None:
        scenario.cloud.sharing_quota, scenario.cloud.public_quota = entries, public
        scenario.cloud.lists_quotas = listed

    scenario.starts.append(start)


def _expiry(chance: Random, scenario: Scenario) -> None:
    after = _soon(chance)

    def start(now: float) -> None:
        scenario.cloud.expires = now + after

    scenario.starts.append(start)


def _blocked(chance: Random, scenario: Scenario) -> None:
    sort, after = chance.choice((IMAGE, SNAPSHOT)), chance.choice((-math.inf, 1.0))
    scenario.starts.append(
        lambda now: scenario.cloud.blocking.extend(Blocking(sort, region, now + after) for region in REGIONS)
    )


def _region_down(chance: Random, scenario: Scenario) -> None:
    region, after = _any(chance, scenario).region, _soon(chance)

    def start(now: float) -> None:
        scenario.faults.down = region, now + after

    scenario.starts.append(start)


def _killed(chance: Random, scenario: Scenario) -> None:
    if scenario.main == "real":
        scenario.kill_after = _soon(chance)
        scenario.restoration_killed_after = chance.choice((math.inf, _soon(chance)))
        scenario.keeps = True


def _full_disk(_chance: Random, scenario: Scenario) -> None:
    scenario.keeps = scenario.disk_is_full = True


def _ignored_dry_run(scenario: Scenario) -> None:
    """An endpoint that is not EC2, and carries out what was to be tried. What else it does is unknown."""
    scenario.main = "check"
    scenario.wish = replace(scenario.wish, quota=None)
    scenario.cloud.sharing_quota = 1000

    def start(_now: float) -> None:
        scenario.cloud.ignores_dry_run = True

    scenario.starts.append(start)


# How often each is drawn beside the others.
_FAULTS: dict[str, tuple[int, t.Callable[[Random, Scenario], None]]] = {
    "on the way": (3, _on_the_way),
    "writes fail": (3, _writes_fail),
    "buckets": (1, _buckets),
    "lag": (2, _lag),
    "flicker": (1, _flicker),
    "late": (1, _late),
    "pending": (2, _pending),
    "others": (4, _others),
    "writers": (2, _writers),
    "deregistered": (1, _deregistered),
    "disabled": (1, _disabled),
    "denied": (3, _denied),
    "quota": (2, _quota),
    "expiry": (1, _expiry),
    "blocked": (1, _blocked),
    "killed": (4, _killed),
    "full disk": (1, _full_disk),
    "Region down": (1, _region_down),
}
