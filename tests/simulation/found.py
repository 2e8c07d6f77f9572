# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What seeds have found in the engine, or meet too seldom to find, each as the smallest scenario that shows it.

What a seed means changes with worlds.py, so a seed alone would soon be about something else. What it found is written
down here without chance: a world, a wish and what goes wrong. put_back.py has the fault itself, under the same name,
and a test checks that it is found again.
"""

from __future__ import annotations

import json
import math
import typing as t
from random import Random

from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from simulation.faults import Faults
from simulation.principals import ODD
from simulation.principals import OWNER
from simulation.state import EC2
from simulation.state import MAX_TAGS
from simulation.state import SHARED
from simulation.state import Change
from simulation.state import Cloud
from simulation.state import Denial
from simulation.state import Event
from simulation.state import Facts
from simulation.state import Resource
from simulation.state import Writing
from simulation.state import Written
from simulation.wishes import Json
from simulation.wishes import Wish
from simulation.worlds import ROOT
from simulation.worlds import SOMEBODY
from simulation.worlds import WRITE
from simulation.worlds import Scenario
from simulation.worlds import shared_key

REGION = "us-east-1"
KEY = f"arn:aws:kms:{REGION}:{OWNER}:key/00000000-0000-0000-0000-00000000aaaa"
AMI, SNAP = "ami-0aaaaaaaaaaaaaaaa", "snap-0aaaaaaaaaaaaaaaa"
TWO = ("ami-0aaaaaaaaaaaaaaaa", "ami-0bbbbbbbbbbbbbbbb")
MEMBER, OTHER = "111111111111", "555555555555"  # in the unit TEAM, and outside


def _world(on_image: t.Iterable[Grant], on_snapshot: t.Iterable[Grant] = ()) -> Cloud:
    """An image with a snapshot, each with that list."""
    cloud = Cloud(OWNER)
    held = Change(-math.inf, "", "", Facts("completed", frozenset(on_snapshot)))
    snapshot = cloud.add(Resource(SNAPSHOT, SNAP, REGION, OWNER, [held]))
    held = Change(-math.inf, "", "", Facts("available", frozenset(on_image)))
    created = "2026-12-01T00:00:00.000Z"
    cloud.add(Resource(IMAGE, AMI, REGION, OWNER, [held], name="golden", created=created, behind=(snapshot,)))
    return cloud


def _exclusive(*principals: str) -> Wish:
    policy = {"name": "exact", "pattern": "exclusive", "principals": list(principals), "snapshots": True}
    policy["image_ids"] = [f"{REGION}:{AMI}"]
    return Wish(None, {"policies": [policy], "wait_timeout": 120})


def _refused_entry() -> Scenario:
    """A list held what EC2 no longer accepts: the way back must not lose the other entries with it."""
    scenario = Scenario(0, _world([ODD, (USER, MEMBER)]), _exclusive(OTHER))
    scenario.keeps = scenario.restores = True
    scenario.faults = Faults(Random(0))
    return scenario


def _date_of_a_public_image() -> Scenario:
    """EC2 does not cancel the date of a public image: the rest of what the run did must be undone all the same."""
    wish = _exclusive(OTHER)
    policy = {**wish.policies[0], "pattern": "share", "deprecate_at": "2028-01-15T12:00"}
    scenario = Scenario(0, _world([PUBLIC]), Wish(None, {**wish.options, "policies": [policy]}))
    scenario.keeps = scenario.restores = True
    scenario.faults = Faults(Random(0))
    return scenario


def _tagged(wish: Json) -> Scenario:
    """Two images with the same shared tag, whose value is different on each, and what is asked of both."""
    cloud = Cloud(OWNER)
    for image_id in TWO:
        held = Change(-math.inf, "", "", Facts("available", frozenset(), {f"{SHARED}name": image_id}))
        cloud.add(Resource(IMAGE, image_id, REGION, OWNER, [held], name="golden"))
    named = [f"{REGION}:{image_id}" for image_id in TWO]
    scenario = Scenario(0, cloud, Wish(IMAGE, {"image_ids": named, "wait_timeout": 120, **wish}))
    scenario.faults = Faults(Random(0))
    return scenario


def _tag_with_many_values() -> Scenario:
    """A tag is removed from images on which its value differs: that is one change, and one request."""
    return _tagged({"shared_tags": {}, "purge_shared_tags": True})


def _refused_together() -> Scenario:
    """EC2 refuses one request for many because of one of them: the others get it all the same."""
    scenario = _tagged({"shared_tags": {"status": "approved"}})
    scenario.cloud.denials.append(Denial("CreateTags", -math.inf, TWO[1]))
    return scenario


def _tags_swapped() -> Scenario:
    """EC2 refuses to add a tag: those that were to leave for it stay."""
    scenario = _tagged({"shared_tags": {"status": "approved"}, "purge_shared_tags": True})
    scenario.cloud.denials.append(Denial("CreateTags", -math.inf, TWO[1]))
    return scenario


def _tags_swapped_when_full() -> Scenario:
    """An image has all the tags that it can have: one has to leave before another is added."""
    scenario = _tagged({"shared_tags": {"status": "approved"}, "purge_shared_tags": True})
    scenario.cloud.resources[REGION, TWO[1]].other_tags = MAX_TAGS - 1
    return scenario


def _granted_before_disabling() -> Scenario:
    """Somebody else shares an image that is about to be disabled, while others are revoked."""
    disabling = {"enabled": False, "launch_permissions": {}, "purge_launch_permissions": True}
    wish = Wish(IMAGE, {"image_ids": [f"{REGION}:{AMI}"], "wait_timeout": 120, **disabling})
    scenario = Scenario(0, _world([(USER, MEMBER)]), wish)
    entry = (USER, OTHER)
    event = Event(0.5, SOMEBODY, f"grants {OTHER}", lambda facts: facts._replace(grants=facts.grants | {entry}))
    scenario.events = [(scenario.cloud.resources[REGION, AMI], event)]
    scenario.kinds = ["others"]
    scenario.faults = Faults(Random(0))
    return scenario


def _exclusive_and_encrypted() -> Scenario:
    """A key has a user whom the policy takes off the images: other images may need the key."""
    wish = _exclusive(OTHER)
    wish.policies[0]["kms"] = "share"
    return Scenario(0, _encrypted_world(), wish, faults=Faults(Random(0)))


def _encrypted_world() -> Cloud:
    """An image of a member, who also uses the key that it is encrypted under."""
    cloud = _world([(USER, MEMBER)])
    cloud.resources[REGION, SNAP].key = KEY
    cloud.keys[KEY] = "CUSTOMER"
    policy = {"Version": "2012-10-17", "Statement": [ROOT, *shared_key(REGION, MEMBER)]}
    cloud.policies[KEY] = [Written(-math.inf, EC2, json.dumps(policy))]
    return cloud


def _key_of_two_writers() -> Scenario:
    """Somebody else writes the policy of a key after it was read, and before it is written."""
    wish = _exclusive(OTHER)
    wish.policies[0]["kms"] = "share"
    scenario = Scenario(0, _encrypted_world(), wish, faults=Faults(Random(0)))
    what = "somebody adds a statement"
    scenario.starts = [lambda now: scenario.cloud.writings.append(Writing(now + 0.95, KEY, what, WRITE[what]))]
    scenario.kinds = ["writers"]
    return scenario


def _key_taken_back() -> Scenario:
    """A run gives an account an image and its key, and a restoration takes both back."""
    wish = _exclusive(OTHER)
    wish.policies[0]["kms"] = "share"
    scenario = Scenario(0, _encrypted_world(), wish, faults=Faults(Random(0)))
    scenario.keeps = scenario.restores = True
    return scenario


def _key_that_may_not_be_written() -> Scenario:
    scenario = _exclusive_and_encrypted()
    scenario.cloud.denials = [Denial("PutKeyPolicy")]
    scenario.kinds = ["denied"]
    return scenario


FOUND: dict[str, t.Callable[[], Scenario]] = {
    "refused entry": _refused_entry,
    "date of a public image": _date_of_a_public_image,
    "tag with many values": _tag_with_many_values,
    "refused together": _refused_together,
    "taken off keys": _exclusive_and_encrypted,
    "keys first either way": _key_taken_back,
    "images of failed keys": _key_that_may_not_be_written,
    "written over others": _key_of_two_writers,
    "tags side by side": _tags_swapped,
    "looked at too late": _granted_before_disabling,
    "no room for tags": _tags_swapped_when_full,
}
