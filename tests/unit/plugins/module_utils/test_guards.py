# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Guards: what they say of a plan, and that they count what the plan takes away, no more and no less."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz
from unit.sharing import ALL
from unit.sharing import FAILURE
from unit.sharing import ODD
from unit.sharing import ORG
from unit.sharing import OU
from unit.sharing import SOME_PRINCIPALS
from unit.sharing import WEST
from unit.sharing import A
from unit.sharing import B
from unit.sharing import C
from unit.sharing import D
from unit.sharing import World
from unit.sharing import agreeing
from unit.sharing import before_and_after
from unit.sharing import image
from unit.sharing import leave_unread
from unit.sharing import planned
from unit.sharing import policy
from unit.sharing import snapshot

from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from ansible_collections.amikit.aws.plugins.module_utils._sharing.guards import Revocation
from ansible_collections.amikit.aws.plugins.module_utils._sharing.guards import counted
from ansible_collections.amikit.aws.plugins.module_utils._sharing.guards import guard
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import revocations
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work

ONE, TWO, FAR = image(1), image(2), image(3, WEST)
COPY_ONE, COPY_TWO = snapshot(1), snapshot(2)
IMAGES = [image(number) for number in range(1, 8)]
BEHIND = {ONE: [COPY_ONE], TWO: [COPY_ONE, COPY_TWO]}


def held_by(*entries: Permission, on: t.Iterable[Target] = (ONE, TWO, FAR, COPY_ONE, COPY_TWO)) -> World:
    return World(dict.fromkeys(on, entries), BEHIND)


def said(
    work: Work,
    protected: t.Iterable[Permission] = (),
    limit: int | None = None,
    names: t.Mapping[str, str] | None = None,
) -> list[str]:
    def named(principal: str) -> str:
        return f"{principal} ({names[principal]})" if names and principal in names else principal

    return guard(revocations(work), work.policies, protected=protected, max_revocations=limit, named=named)


def lost(pattern: str, principal: str, targets: str) -> str:
    return f"policy '{pattern}': it would revoke the protected principal {principal} from {targets}"


# Protected principals

AT_ONE = "us-east-1:ami-00000001"
PROTECTED: dict[str, tuple[list[Policy], World, list[Permission], list[str]]] = {
    # case: (policies, world, protected, messages)
    "nothing is protected": ([policy("private")], held_by(A), [], []),
    "share revokes nothing": ([policy("share", B)], held_by(A), [A, B], []),
    "public revokes nothing": ([policy("public")], held_by(A), [A], []),
    "revoke": ([policy("revoke", A, B)], held_by(A, B), [A], [lost("revoke", A.value, AT_ONE)]),
    "revoke of another": ([policy("revoke", B)], held_by(A, B), [A], []),
    "revoke of one who has no access": ([policy("revoke", A)], held_by(B), [A], []),
    "exclusive for others": ([policy("exclusive", B)], held_by(A), [A], [lost("exclusive", A.value, AT_ONE)]),
    "exclusive for the protected": ([policy("exclusive", A)], held_by(A, B), [A], []),
    "private": ([policy("private")], held_by(A), [A], [lost("private", A.value, AT_ONE)]),
    "private, where nobody has access": ([policy("private")], held_by(), [A], []),
    "everyone": ([policy("exclusive", A)], held_by(ALL), [ALL], [lost("exclusive", "all", AT_ONE)]),
    "an organization": ([policy("private")], held_by(ORG), [ORG], [lost("private", ORG.value, AT_ONE)]),
    "an organizational unit": ([policy("revoke", OU)], held_by(OU), [OU], [lost("revoke", OU.value, AT_ONE)]),
    "an image and the snapshot behind it": (
        [policy("private", snapshots=True)],
        held_by(A),
        [A],
        [lost("private", A.value, f"{AT_ONE}, us-east-1:snap-00000001")],
    ),
    "the snapshot alone": (
        [policy("private", snapshots=True)],
        held_by(A, on=[COPY_ONE]),
        [A],
        [lost("private", A.value, "us-east-1:snap-00000001")],
    ),
    "images in several Regions": (
        [policy("private", on=[ONE, FAR])],
        held_by(A),
        [A],
        [lost("private", A.value, f"{AT_ONE}, eu-west-1:ami-00000003")],
    ),
    "of many images, five": (
        [policy("private", on=IMAGES)],
        held_by(A, on=IMAGES),
        [A],
        [lost("private", A.value, f"{', '.join(f'us-east-1:{each.id}' for each in IMAGES[:5])} and 2 more")],
    ),
    "each principal, in the order given, once": (
        [policy("private")],
        held_by(A, B),
        [B, A, B],
        [lost("private", B.value, AT_ONE), lost("private", A.value, AT_ONE)],
    ),
    "every policy that asks for it": (
        [policy("private", name="one"), policy("share", B, on=[TWO]), policy("revoke", A, on=[ONE, TWO], name="two")],
        held_by(A),
        [A],
        [lost("one", A.value, AT_ONE), lost("two", A.value, f"{AT_ONE}, us-east-1:ami-00000002")],
    ),
}


@pytest.mark.parametrize(("policies", "world", "protected", "messages"), PROTECTED.values(), ids=list(PROTECTED))
def test_protected_principals(
    policies: list[Policy], world: World, protected: list[Permission], messages: list[str]
) -> None:
    assert said(planned(policies, world), protected) == messages


def test_a_protected_account_is_named() -> None:
    work = planned([policy("private")], held_by(A, B))
    assert said(work, [A, B], names={A.value: "Partner"}) == [
        lost("private", f"{A.value} (Partner)", AT_ONE),
        lost("private", B.value, AT_ONE),
    ]


# The brake


def too_many(count: int, limit: int, shares: str) -> list[str]:
    return [f"this run would revoke {count} entries, and max_revocations is {limit} (by policy: {shares})"]


def heads(messages: list[str]) -> list[str]:
    """Return the messages without whom and what the brake would take from whom, which one test looks at."""
    return [message.partition("): ")[0] + ")" if "max_revocations" in message else message for message in messages]


# Three entries of two images, by two policies, and one of them on the snapshot behind both.
TAKING = [policy("private", name="one"), policy("revoke", A, B, on=[TWO], snapshots=True, name="two")]
BRAKES: dict[str, tuple[list[Policy], World, int | None, list[str]]] = {
    # case: (policies, world, limit, messages)
    "no limit": ([policy("private")], held_by(A, B, C), None, []),
    "nothing is revoked where nothing may be": ([policy("share", B)], held_by(A), 0, []),
    "one where nothing may be": ([policy("private")], held_by(A), 0, too_many(1, 0, "'private' 1")),
    "as many as may be": ([policy("private")], held_by(A, ORG, ODD), 3, []),
    "one more": ([policy("private")], held_by(A, ORG, ODD), 2, too_many(3, 2, "'private' 3")),
    "images and snapshots, by policy": (TAKING, held_by(A, C), 3, too_many(5, 3, "'one' 2, 'two' 3")),
    "images and snapshots, up to the limit": (TAKING, held_by(A, C), 5, []),
    "a policy that takes nothing is not listed": (
        [policy("revoke", D, name="none"), policy("private", name="all")],
        held_by(A),
        0,
        too_many(1, 0, "'all' 1"),
    ),
    "an entry that two policies take counts in the first": (
        [policy("revoke", A, name="first"), policy("private", name="second")],
        held_by(A, B),
        1,
        too_many(2, 1, "'first' 1, 'second' 1"),
    ),
    "whatever pattern the first has": (
        [policy("private", name="first"), policy("revoke", A, name="second")],
        held_by(A, B),
        1,
        too_many(2, 1, "'first' 2"),
    ),
    "grants do not count": ([policy("exclusive", B, C)], held_by(A), 1, []),
}


@pytest.mark.parametrize(("policies", "world", "limit", "messages"), BRAKES.values(), ids=list(BRAKES))
def test_brake(policies: list[Policy], world: World, limit: int | None, messages: list[str]) -> None:
    assert heads(said(planned(policies, world), limit=limit)) == messages


def test_the_brake_names_who_would_lose_what() -> None:
    work = planned([policy("private", on=IMAGES)], held_by(A, B, on=IMAGES))
    (message,) = said(work, limit=0, names={A.value: "Partner"})
    images = ", ".join(f"us-east-1:{each.id}" for each in IMAGES[:5])
    assert message.endswith(f"(by policy: 'private' 14): {A.value} (Partner), {B.value}, from {images} and 2 more")


def test_the_brake_names_the_first_of_many_principals() -> None:
    many = [Permission("user_ids", f"{number:012}") for number in range(7)]
    (message,) = said(planned([policy("private")], held_by(*many)), limit=0)
    assert f"): {', '.join(each.value for each in many[:5])} and 2 more, from {AT_ONE}" in message


def test_a_guard_speaks_in_one_line_whatever_the_policies_are_called() -> None:
    work = planned([policy("private", name="a\nb")], held_by(A))
    assert heads(said(work, [A], 0)) == [lost("a\\nb", A.value, AT_ONE), *too_many(1, 0, "'a\\nb' 1")]


def test_both_guards_speak() -> None:
    work = planned([policy("private")], held_by(A))
    assert heads(said(work, [A], 0)) == [lost("private", A.value, AT_ONE), *too_many(1, 0, "'private' 1")]


def test_what_was_not_read_has_nothing_to_lose() -> None:
    work = planned([policy("private")], held_by(A))
    leave_unread(work.images[ONE])
    assert revocations(work) == []
    assert said(work, [A], 0) == []


def test_what_failed_before_anything_was_sent_loses_nothing() -> None:
    """An image that is still pending fails alone: what the others lose is what is revoked."""
    work = planned([policy("private", on=[ONE, TWO])], held_by(A, B))
    work.images[ONE].failure = FAILURE
    assert said(work, limit=2) == []
    assert heads(said(work, [A], 1)) == [
        lost("private", A.value, "us-east-1:ami-00000002"),
        *too_many(2, 1, "'private' 2"),
    ]


COUNTED: dict[str, tuple[list[Revocation], dict[int, int]]] = {
    "nothing": ([], {}),
    "one policy": ([Revocation(ONE, frozenset({A, B}), {3: frozenset({A, B})})], {3: 2}),
    "the first policy, however they are listed": (
        [Revocation(ONE, frozenset({A, B}), {5: frozenset({A, B}), 2: frozenset({A})})],
        {2: 1, 5: 1},
    ),
    "several resources add up": (
        [
            Revocation(ONE, frozenset({A}), {0: frozenset({A})}),
            Revocation(COPY_ONE, frozenset({A}), {0: frozenset({A}), 1: frozenset({A})}),
        ],
        {0: 2},
    ),
    "what a policy asks for and the plan does not take": (
        [Revocation(ONE, frozenset({A}), {0: frozenset({B}), 1: frozenset({A, C})})],
        {1: 1},
    ),
}


@pytest.mark.parametrize(("taken", "counts"), COUNTED.values(), ids=list(COUNTED))
def test_counts_by_policy(taken: list[Revocation], counts: dict[int, int]) -> None:
    assert counted(taken) == counts


# Laws

_SHARE = re.compile(r"'(\d+)' (\d+)")


def _losses(work: Work) -> dict[Target, Permissions]:
    pairs = {subject.target: before_and_after(subject) for subject in work.subjects}
    return {target: before - after for target, (before, after) in pairs.items() if before - after}


@fuzz(150)
@given(run=agreeing())
def test_the_brake_counts_what_the_plan_revokes(run: tuple[list[Policy], World]) -> None:
    work = planned(*run)
    count = sum(len(entries) for entries in _losses(work).values())
    assert said(work, limit=count) == []
    assert said(work) == []
    if count:
        (message,) = said(work, limit=count - 1)
        assert message.startswith(f"this run would revoke {count} entries, and max_revocations is {count - 1} ")
        assert sum(int(share) for _name, share in _SHARE.findall(message)) == count


@fuzz(150)
@given(run=agreeing())
def test_every_revocation_has_a_policy_that_asks_for_it(run: tuple[list[Policy], World]) -> None:
    work = planned(*run)
    assert {each.target: each.entries for each in revocations(work)} == _losses(work)
    for each in revocations(work):
        asked = frozenset[Permission]().union(*each.by.values())
        assert asked == each.entries
        for number, entries in each.by.items():
            one = work.policies[number]
            assert entries <= one.revokes or one.pattern.exact
            assert not entries & one.grants


@fuzz(150)
@given(run=agreeing(), principal=st.sampled_from([*SOME_PRINCIPALS, OU, ALL]))
def test_a_protected_principal_stops_the_run_exactly_when_it_loses_something(
    run: tuple[list[Policy], World], principal: Permission
) -> None:
    work = planned(*run)
    losing = {target for target, entries in _losses(work).items() if principal in entries}
    messages = said(work, [principal])
    unnamed = {target for target in losing if not any(f"{target.region}:{target.id}" in each for each in messages)}
    assert bool(messages) == bool(losing)
    assert not unnamed or any(each.endswith(" and 1 more") for each in messages)
    assert all(f"the protected principal {principal.value} from " in message for message in messages)
