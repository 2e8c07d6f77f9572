# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the tests of _sharing share: policies as values, a world that they are about, and a run over it without EC2."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Description
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import EVERYONE
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Asked
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedText
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes.resource import Resource
from ansible_collections.amikit.aws.plugins.module_utils._attributes.snapshots import SNAPSHOTS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Status
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import IMAGE_LEG
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import SNAPSHOT_LEG
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import Contradiction
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import contradictions
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import speakers
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import speakers_behind
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import wishes
from ansible_collections.amikit.aws.plugins.module_utils._sharing.passes import PASSES
from ansible_collections.amikit.aws.plugins.module_utils._sharing.passes import sendable
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import OTHERS
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import PATTERNS
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work

EAST, WEST = "us-east-1", "eu-west-1"
OWNER = "123456789012"
A, B, C, D = (Permission("user_ids", digit * 12) for digit in "1234")
ORG = Permission("org_arns", f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij")
OU = Permission("org_unit_arns", f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-cdefghij")
ALL = EVERYONE
# What EC2 may hold, and no policy can name.
ODD = Permission("user_ids", "not an account at all")
LAUNCH = IMAGES.permissions
TEXTS = tuple(each for each in OTHERS if each.option in ("description", "imds_support"))
COPY = SNAPSHOTS.permissions


def image(number: int, region: str = EAST) -> Target:
    return Target(region, f"ami-{number:08x}")


def snapshot(number: int, region: str = EAST) -> Target:
    return Target(region, f"snap-{number:08x}")


def policy(
    pattern: str,
    *principals: Permission,
    on: t.Iterable[Target] = (image(1),),
    name: str = "",
    snapshots: bool = False,
    **texts: str,
) -> Policy:
    """Return a policy as parsing would, for those images. Without a name it is called as its pattern."""
    meaning = PATTERNS[pattern]
    asked = tuple(AskedText(text, texts[text.option]) for text in OTHERS if text.option in texts)
    everyone = (EVERYONE,) if meaning.everyone else ()
    return Policy(name or pattern, meaning, (*principals, *everyone), tuple(on), asked, snapshots, allow_empty=True)


class World(t.NamedTuple):
    """What EC2 holds: who has which image or snapshot, what is behind the images, and other members of descriptions."""

    held: t.Mapping[Target, t.Iterable[Permission]] = {}
    behind: t.Mapping[Target, t.Sequence[Target]] = {}
    described: t.Mapping[Target, Description] = {}

    def description(self, target: Target) -> Description:
        volumes = [{"Ebs": {"SnapshotId": behind.id}} for behind in self.behind.get(target, ())]
        usual = {"Name": f"name of {target.id}", "OwnerId": OWNER, "BlockDeviceMappings": volumes}
        return {**usual, **self.described.get(target, {})}


def images_of(one: Policy) -> list[Target]:
    return list(t.cast("tuple[Target, ...]", one.selection))


def planned(policies: t.Sequence[Policy], world: World) -> Work:
    """Return what a run knows once it has read and planned everything. The policies name their images."""
    work = Work(policies, selected=[images_of(one) for one in policies])
    work.spoken_of_images = speakers(work.selected)
    work.images = _subjects(IMAGES, wishes(IMAGE_LEG, policies, work.spoken_of_images), world)
    sharing = [target for target, subject in work.images.items() if work.shares_snapshots(subject)]
    work.behind = {target: tuple(world.behind.get(target, ())) for target in sharing}
    work.spoken_of_snapshots = speakers_behind(work.policies, SNAPSHOT_LEG.asked, work.spoken_of_images, work.behind)
    asked = wishes(SNAPSHOT_LEG, policies, work.spoken_of_snapshots)
    work.snapshots = _subjects(SNAPSHOTS, asked, world)
    return work


def _subjects(resource: Resource, asked: t.Mapping[Target, tuple[Asked, ...]], world: World) -> dict[Target, Subject]:
    subjects = {target: Subject(resource, target, wish, world.description(target)) for target, wish in asked.items()}
    for target, subject in subjects.items():
        subject.read = {resource.permissions.option: frozenset(world.held.get(target, ()))}
        subject.make_plan(0)
    return subjects


def found_in(work: Work) -> list[Contradiction]:
    return contradictions(work.policies, [work.spoken_of_images, work.spoken_of_snapshots], work.behind)


def plans(work: Work) -> dict[Target, Plan | None]:
    """Return what a run would send, or show: the plans that are not about nothing."""
    return {subject.target: subject.plan for subject in work.subjects if subject.asked}


def before_and_after(subject: Subject) -> tuple[Permissions, Permissions]:
    """Return who has access before and after the plan."""
    attribute = subject.resource.permissions
    assert subject.plan
    before, after = dict(subject.plan.before.values)[attribute], dict(subject.plan.after.values)[attribute]
    assert isinstance(before, frozenset)
    assert isinstance(after, frozenset)
    return before, after


FAILURE = Failure("ModifyImageAttribute", "InternalError", "It failed", "a-request")
Answers = t.Callable[[Subject], Status]


def carry_out(work: Work, answers: Answers) -> None:
    """Send what was planned in the order of a run, each request with the status that ``answers`` says."""
    for each in PASSES:
        each.hold_back(work)
        for subject in sendable(work.subjects_of(each.leg)):
            for number, step in enumerate(subject.steps):
                waits = bool(step.request.attribute.kinds) and step.request.operation in subject.held_back
                if step.status == "not_sent" and step.request.operation in each.operations and not waits:
                    _send(subject, number, answers)


def _send(subject: Subject, number: int, answers: Answers) -> None:
    if not subject.has_broken(subject.steps[number].request.attribute):
        status = answers(subject)
        subject.ended(number, status)
        if status in ("failed", "denied"):
            subject.failure = subject.failure or FAILURE


def applied(_subject: Subject) -> Status:
    return "applied"


def leave_unread(subject: Subject) -> None:
    """Fail it as one that EC2 did not show."""
    subject.plan, subject.steps, subject.read, subject.failure = None, (), {}, FAILURE


def foresee(work: Work) -> None:
    """Send nothing, and show what would be."""
    for subject in work.subjects:
        subject.foreseen = True


# Random worlds and policies: few of everything, so that they meet.

SOME_IMAGES = (image(1), image(2), image(3, WEST))
SOME_SNAPSHOTS = (snapshot(1), snapshot(2), snapshot(3, WEST))
SOME_PRINCIPALS = (A, B, C, ORG)
_HELD = {
    **dict.fromkeys(SOME_IMAGES, (*SOME_PRINCIPALS, OU, ALL, ODD)),
    **dict.fromkeys(SOME_SNAPSHOTS, (A, B, C, ALL, ODD)),
}
_TEXTS = st.fixed_dictionaries(
    {}, optional={"description": st.sampled_from(["", "golden"]), "imds_support": st.just("v2.0")}
)


def _some(values: t.Sequence[t.Any], least: int = 0) -> st.SearchStrategy[list[t.Any]]:
    """Return some of the values. One number says which, as drawing each of them takes most of the time of a test."""
    return st.integers(least, 2 ** len(values) - 1).map(
        lambda which: [value for place, value in enumerate(values) if which >> place & 1]
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    held = {target: frozenset(draw(_some(entries))) for target, entries in _HELD.items()}
    behind = {
        target: tuple(draw(_some([each for each in SOME_SNAPSHOTS if each.region == target.region])))
        for target in SOME_IMAGES
    }
    described = {target: {"Description": draw(st.sampled_from(["", "old"]))} for target in SOME_IMAGES}
    return World(held, behind, described)


@st.composite
def some_policy(draw: st.DrawFn, name: str = "", patterns: t.Sequence[str] = tuple(PATTERNS)) -> Policy:
    pattern = draw(st.sampled_from(patterns))
    principals = draw(_some(SOME_PRINCIPALS, 1)) if PATTERNS[pattern].takes_principals else []
    return policy(
        pattern, *principals, on=draw(_some(SOME_IMAGES, 1)), name=name, snapshots=draw(st.booleans()), **draw(_TEXTS)
    )


@st.composite
def some_policies(draw: st.DrawFn, most: int = 4) -> list[Policy]:
    return [draw(some_policy(str(number))) for number in range(draw(st.integers(0, most)))]


@st.composite
def agreeing(draw: st.DrawFn) -> tuple[list[Policy], World]:
    """Return policies of which none contradicts another, and their world."""
    world, agreed = draw(worlds()), t.cast("list[Policy]", [])
    for one in draw(some_policies(5)):
        if not found_in(planned([*agreed, one], world)):
            agreed.append(one)
    return agreed, world


@st.composite
def ended(draw: st.DrawFn) -> Work:
    """Return a run that is over, however it went: for real or previewed, with failures in reading and in writing."""
    work = planned(*draw(agreeing()))
    for subject in work.subjects:
        if draw(st.integers(0, 9)) == 0:
            leave_unread(subject)
    good, bad = draw(st.sampled_from([("applied", "failed"), ("authorized", "denied")]))
    if draw(st.integers(0, 4)) == 0:
        foresee(work)
    else:
        carry_out(work, lambda subject: t.cast("Status", bad if draw(st.integers(0, 4)) == 0 else good))
    return work
