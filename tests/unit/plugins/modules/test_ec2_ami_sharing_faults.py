# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_sharing with obstacles: what fails in a run, what comes late, and what somebody else does meanwhile."""

from __future__ import annotations

import typing as t

import pytest
from unit.images import Clock
from unit.images import copiers
from unit.images import counts
from unit.images import image
from unit.images import items
from unit.images import launchers
from unit.images import modifying
from unit.images import policy
from unit.images import snapshot_of
from unit.images import statuses
from unit.images import warned

from local_ec2.client import LocalEC2

KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
OWNER = "123456789012"
A, B, C = (f"ami-0{letter * 16}" for letter in "abc")
IDS = [f"us-east-1:{A}", f"eu-west-1:{B}"]

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run, clock: Clock) -> Run:
    return lambda *policies, **options: run_module("ec2_ami_sharing", policies=policies, **options)


# What was sent, and what the result says


def failing(action: str, code: str, **others: t.Any) -> Json:
    """Return an error of ``errors_of`` as EC2 would answer it."""
    status = 403 if code == "UnauthorizedOperation" else 400
    return {"action": action, "code": code, "message": "Not this one.", "status": status, **others}


def of(result: Json, resource_id: str) -> Json:
    """Return what the first policy that is about an image or snapshot says of it."""
    return next(each for each in items(result) if resource_id in (each.get("image_id"), each.get("snapshot_id")))


def requests(result: Json, resource_id: str) -> list[str]:
    return [f"{each['operation']} {each['status']}" for each in of(result, resource_id)["requests"]]


def row(result: Json, image_id: str) -> Json:
    """Return what the report says of an image."""
    found: Json = next(each for each in result["report"]["images"] if each["image_id"] == image_id)
    return found


# What somebody else does between reading and writing

INTRUSION = {"add": {"user_ids": [STRANGER]}}
INTRUDED: dict[str, tuple[list[str], list[str], bool]] = {
    "no odd entry": ([], [], False),
    "an odd entry beside it": (["abc"], [], False),
    "an odd entry on the other": ([], ["abc"], False),
    "guards": ([], [], True),
    "an odd entry on the other, and guards": ([], ["abc"], True),
}


@pytest.mark.parametrize(("on_one", "on_other", "guarded"), INTRUDED.values(), ids=list(INTRUDED))
def test_what_somebody_else_grants_meanwhile_stays_and_is_shown(
    ec2: LocalEC2, run: Run, on_one: list[str], on_other: list[str], guarded: bool
) -> None:
    ec2.seed(image(A, FORMER, *on_one), image(B, FORMER, *on_other))
    ec2.switch(mid_run={A: INTRUSION, snapshot_of(A): INTRUSION})
    exact = policy("Exact", "exclusive", KEPT, image_ids=[A, B], snapshots=True)
    limit = 4 + 2 * len(on_one + on_other)
    guards: Json = {"protected_principals": [STRANGER, "all"], "max_revocations": limit} if guarded else {}
    result = run(exact, report=True, account_names={STRANGER: "Lab"}, **guards)

    assert not result["failed"]
    assert ec2.switches()["mid_run"] == {}
    assert launchers(ec2, A) == copiers(ec2, A) == [KEPT, STRANGER]
    assert launchers(ec2, B) == copiers(ec2, B) == [KEPT]
    (warning,) = warned(result)
    assert f"it granted {STRANGER} (Lab)" in warning
    assert A in warning
    assert snapshot_of(A) in warning
    assert B not in warning
    # The items hold what the requests did, the report what EC2 shows.
    assert of(result, A)["after"]["launch_permissions"]["user_ids"] == [KEPT]
    assert result["summary"]["revoked"] == limit
    assert (row(result, A)["principals"], row(result, A)["outside"]) == ([KEPT, STRANGER], [STRANGER])
    assert (row(result, B)["principals"], row(result, B)["outside"]) == ([KEPT], [])
    assert (result["summary"]["outside"], result["report"]["summary"]["outside"]) == (1, 1)
    holders = {column["id"]: column["images"] for column in result["report"]["principals"]}
    assert (holders[KEPT], holders[STRANGER], holders[FORMER]) == (2, 1, 0)
    # The next run sees the entry, and revokes it unless it is protected.
    again = run(exact, **guards)
    assert again["failed"] == guarded
    assert launchers(ec2, A) == ([KEPT, STRANGER] if guarded else [KEPT])


def test_what_somebody_else_takes_away_meanwhile_is_not_said_to_be_there(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT, FORMER))
    ec2.switch(mid_run={A: {"remove": {"user_ids": [KEPT]}}})
    result = run(policy("Exact", "exclusive", KEPT, NEW, image_ids=[A]), report=True)
    assert not result["failed"]
    assert row(result, A)["principals"] == launchers(ec2, A) == [NEW]
    assert [A in warning for warning in warned(result)] == [True]


def test_what_somebody_else_grants_is_shown_on_an_image_whose_additions_are_held_back(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER))
    refusal = failing("ModifySnapshotAttribute", "InvalidParameterValue")
    ec2.switch(mid_run={A: INTRUSION}, errors_of={snapshot_of(A): refusal})
    result = run(policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True), report=True)
    assert requests(result, A) == ["add not_sent", "remove applied"]
    assert launchers(ec2, A) == [STRANGER]
    assert row(result, A)["principals"] == [STRANGER]
    assert [A in warning for warning in warned(result)] == [True]


# Images that are pending, and snapshots that appear late

SELECTIONS: list[Json] = [{"filters": {"name": "image-*"}}, {"image_ids": [A, B]}]


@pytest.mark.parametrize(
    ("selection", "hidden_reads"),
    [(SELECTIONS[0], 0), (SELECTIONS[1], 2), (SELECTIONS[0], 4)],
    ids=["with its snapshots", "its snapshots with it", "its snapshots later"],
)
def test_a_pending_image_is_shared_with_its_snapshots(
    ec2: LocalEC2, run: Run, selection: Json, hidden_reads: int
) -> None:
    late = {"snapshot_id": snapshot_of(A), "hidden_reads": hidden_reads}
    ec2.seed(image(A, pending_reads=2, snapshots=[late]), image(B))
    shared = policy("Shared", "share", KEPT, snapshots=True, **selection)
    result = run(shared, report=True)
    assert not result["failed"]
    assert [launchers(ec2, image_id) for image_id in (A, B)] == [[KEPT]] * 2
    assert [copiers(ec2, image_id) for image_id in (A, B)] == [[KEPT]] * 2
    assert counts(result) == {"changed": 2, "unchanged": 0, "failed": 0, "granted": 4, "revoked": 0}
    assert row(result, A)["snapshots"] == 1
    assert not run(shared)["changed"]


@pytest.mark.parametrize(
    ("pending_reads", "options"),
    [(0, {}), (1, {"wait_timeout": 3}), (0, {"check": True})],
    ids=["available", "pending", "check"],
)
def test_an_image_whose_snapshots_never_appear_stops_the_run(
    ec2: LocalEC2, run: Run, pending_reads: int, options: Json
) -> None:
    never = {"snapshot_id": snapshot_of(A), "hidden_reads": 1000}
    ec2.seed(image(A, FORMER, snapshots=[never], pending_reads=pending_reads), image(B, FORMER))
    result = run(
        policy("Copied", "share", KEPT, image_ids=[A], snapshots=True),
        policy("Launched", "exclusive", KEPT, filters={}),
        policy("Copied, too", "share", KEPT, filters={}, snapshots=True),
        **options,
    )
    assert result["failed"]
    assert result["stopped"] == [
        f"policy '{name}': EC2 does not show the snapshot behind {A} (us-east-1); run the task again later"
        for name in ("Copied", "Copied, too")
    ]
    assert modifying(ec2) == []
    assert (launchers(ec2, A), launchers(ec2, B)) == ([FORMER], [FORMER])


@pytest.mark.parametrize("options", [{"wait": False}, {"audit": True}], ids=str)
def test_no_wait_for_snapshots_unless_it_is_allowed(ec2: LocalEC2, run: Run, options: Json) -> None:
    ec2.seed(image(A, snapshots=[{"snapshot_id": snapshot_of(A), "hidden_reads": 2}]))
    copied = policy("Copied", "share", KEPT, image_ids=[A], snapshots=True)
    result = run(copied, **options)
    assert result["failed"]
    assert "policy 'Copied': EC2 does not show the snapshot behind" in result["msg"]
    assert ec2.summary()["DescribeImages"] == 1


def test_snapshots_that_do_not_appear_are_of_no_matter_where_none_is_shared(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, snapshots=[{"hidden_reads": 1000}]))
    assert not run(policy("Launched", "share", KEPT, image_ids=[A]))["failed"]
    assert launchers(ec2, A) == [KEPT]


@pytest.mark.parametrize(
    ("options", "check"),
    [({"wait_timeout": 0}, False), ({"wait": False}, False), ({"wait": False}, True), ({}, False)],
    ids=["no time", "no wait", "no wait in check mode", "waited for in vain"],
)
def test_an_image_that_is_pending_for_ever_fails_alone(ec2: LocalEC2, run: Run, options: Json, check: bool) -> None:
    ec2.seed(image(A, pending_reads=99), image(B))
    result = run(
        policy("Shared", "share", KEPT, image_ids=[A, B], snapshots=True, description="New"),
        policy("Second", "share", NEW, image_ids=[B]),
        check=check,
        **options,
    )
    assert result["failed"]
    assert (result["changed"], result["stopped"]) == (True, [])
    head, *lines = result["msg"].split("\n")
    assert head.startswith("1 of 2 images failed")
    assert [line.partition(f"{A} (us-east-1): ")[0] for line in lines] == ["policy 'Shared': "]
    assert "InvalidAMIID.Unavailable" in lines[0]
    assert "pending" in lines[0]
    assert counts(result) == {"changed": 1, "unchanged": 0, "failed": 1, "granted": 3, "revoked": 0}
    assert [(each["changed"], each["failed"]) for each in result["policies"]] == [(1, 1), (1, 0)]
    assert of(result, A)["error"]["code"] == "InvalidAMIID.Unavailable"
    assert requests(result, A) == ["add not_sent", "set not_sent"]
    assert launchers(ec2, A) == copiers(ec2, A) == []
    assert (launchers(ec2, B), copiers(ec2, B)) == (([], []) if check else ([KEPT, NEW], [KEPT]))


def test_a_pending_image_that_needs_no_change_holds_nobody_up(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT, pending_reads=99), image(B))
    result = run(policy("Shared", "share", KEPT, filters={}))
    assert not result["failed"]
    assert counts(result) == {"changed": 1, "unchanged": 1, "failed": 0, "granted": 1, "revoked": 0}
    assert ec2.summary()["DescribeImages"] == 1


def test_an_audit_waits_for_nothing(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, pending_reads=99), image(B))
    result = run(policy("Shared", "share", KEPT, filters={}, snapshots=True), audit=True)
    assert not result["failed"]
    assert counts(result) == {"changed": 2, "unchanged": 0, "failed": 0, "granted": 4, "revoked": 0}
    assert ec2.summary()["DescribeImages"] == 1


@pytest.mark.parametrize("pending_reads", [0, 1], ids=["available", "pending"])
def test_a_refusal_of_an_image_that_was_pending_stops_the_run_as_any_does(
    ec2: LocalEC2, run: Run, pending_reads: int
) -> None:
    ec2.seed(image(A, pending_reads=pending_reads, snapshots=[{"encrypted": True}]), image(B))
    result = run(policy("Open", "public", image_ids=[A, B]), allow_public=True)
    assert result["failed"]
    (reason,) = result["stopped"]
    assert reason.startswith(f"policy 'Open': {A} (us-east-1): EC2 would refuse ModifyImageAttribute: UnsupportedOp")
    assert (launchers(ec2, A), launchers(ec2, B)) == ([], [])


def test_a_snapshot_is_not_taken_away_while_a_pending_image_on_it_is_shared(ec2: LocalEC2, run: Run) -> None:
    """Two images have the snapshot in common, and only one of them can be changed already."""
    common = {"snapshots": image(B, FORMER)["snapshots"]}
    ec2.seed(image(A, FORMER, pending_reads=99, **common), image(B, FORMER))
    result = run(policy("Exact", "exclusive", KEPT, image_ids=[A, B], snapshots=True), wait=False)
    assert result["failed"]
    assert (launchers(ec2, A), launchers(ec2, B)) == ([FORMER], [KEPT])
    assert copiers(ec2, B) == [KEPT, FORMER]
    assert of(result, snapshot_of(B))["error"]["code"] == "HeldBack"


def test_the_brake_counts_what_is_revoked_and_not_what_an_image_that_failed_keeps(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER, pending_reads=99), image(B, FORMER))
    result = run(policy("Closed", "private", image_ids=[A, B]), max_revocations=1, wait=False)
    assert result["stopped"] == []
    assert result["summary"]["revoked"] == 1
    assert (launchers(ec2, A), launchers(ec2, B)) == ([FORMER], [])


def test_a_snapshot_that_is_still_pending_is_shared_at_once(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, snapshots=[{"snapshot_id": snapshot_of(A), "pending_reads": 99}]))
    result = run(policy("Shared", "share", KEPT, image_ids=[A], snapshots=True))
    assert not result["failed"]
    assert launchers(ec2, A) == copiers(ec2, A) == [KEPT]


@pytest.mark.parametrize("pending_reads", [0, 3], ids=["available", "pending"])
def test_an_image_that_cannot_be_described_while_it_is_waited_for_stops_the_run(
    ec2: LocalEC2, run: Run, pending_reads: int
) -> None:
    late = {"snapshot_id": snapshot_of(A), "hidden_reads": 3}
    newest: Json = {"creation_date": "2026-02-01T00:00:00Z", "pending_reads": pending_reads, "snapshots": [late]}
    ec2.seed(image(A, **newest), image(B, creation_date="2026-01-01T00:00:00Z"))
    # One search and two reads of permissions; then the image that is waited for is described again.
    ec2.switch(fail_every=4)
    once = {"retries": {"total_max_attempts": 1}}
    found = {"filters": {"name": "image-*"}}
    copied = policy("Copied", "share", KEPT, **found, newest=1, snapshots=True)
    result = run(copied, policy("Launched", "share", KEPT, **found), aws_config=once, concurrency=1)
    assert result["failed"]
    assert [A in reason and "InternalError" in reason for reason in result["stopped"]] == [True, True]
    assert modifying(ec2) == []


# Images that come and go


def test_an_image_that_is_gone_between_search_and_reading_is_left_out(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A), image(B))
    ec2.switch(deregister_after_read=[A])
    found = [policy(name, "share", KEPT, filters={}, snapshots=True) for name in ("One", "Two")]
    result = run(*found, report=True)
    assert not result["failed"]
    (warning,) = warned(result)
    assert A in warning
    assert result["report"]["warnings"] == [warning]
    assert [each["selected"] for each in result["policies"]] == [1, 1]
    assert counts(result) == {"changed": 1, "unchanged": 0, "failed": 0, "granted": 2, "revoked": 0}
    assert [each["image_id"] for each in result["report"]["images"]] == [B]
    assert launchers(ec2, B) == copiers(ec2, B) == [KEPT]


@pytest.mark.parametrize("allow_empty", [True, False])
def test_a_policy_whose_only_image_is_gone_selects_nothing(ec2: LocalEC2, run: Run, allow_empty: bool) -> None:
    ec2.seed(image(A))
    ec2.switch(deregister_after_read=[A])
    result = run(policy("Found", "share", KEPT, filters={}, allow_empty=allow_empty))
    assert result["failed"] != allow_empty
    assert ["selects no image" in reason for reason in result["stopped"]] == [True] * (not allow_empty)
    assert A in warned(result)[0]


@pytest.mark.parametrize("others", [[], [policy("Found", "share", KEPT, filters={})]], ids=["by id", "by search too"])
def test_an_image_that_is_named_and_gone_stops_the_run(ec2: LocalEC2, run: Run, others: list[Json]) -> None:
    ec2.seed(image(A), image(B))
    ec2.switch(deregister_after_read=[A])
    result = run(*others, policy("Named", "share", KEPT, image_ids=[A, B]))
    assert result["failed"]
    assert f"policy 'Named': {A} (us-east-1): InvalidAMIID.NotFound" in result["msg"]
    assert launchers(ec2, B) == []
    assert modifying(ec2) == []


@pytest.mark.parametrize(
    ("selection", "code"),
    [(SELECTIONS[0], "InvalidAMIID.NotFound"), (SELECTIONS[1], "InvalidAMIID.Unavailable")],
    ids=["search", "id"],
)
def test_an_image_that_ec2_does_not_know_for_a_moment(ec2: LocalEC2, run: Run, selection: Json, code: str) -> None:
    ec2.seed(image(A), image(B))
    ec2.switch(errors_of={A: failing("DescribeImageAttribute", code, times=1)})
    result = run(policy("Shared", "share", KEPT, **selection))
    assert not result["failed"]
    assert warned(result) == []
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT]


@pytest.mark.parametrize("audit", [False, True], ids=["run", "audit"])
@pytest.mark.parametrize("code", ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"])
def test_an_image_that_is_there_and_cannot_be_read_is_not_left_out(
    ec2: LocalEC2, run: Run, code: str, audit: bool
) -> None:
    """It may be public, and nobody would know."""
    ec2.seed(image(A, KEPT), image(B, KEPT))
    ec2.switch(errors_of={A: failing("DescribeImageAttribute", code)})
    result = run(policy("Nobody", "private", filters={}), audit=audit)
    assert result["failed"]
    assert f"policy 'Nobody': {A} (us-east-1): {code}" in result["msg"]
    assert launchers(ec2, B) == [KEPT]


def test_an_image_that_ec2_does_not_know_for_a_moment_is_made_private(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT), image(B, KEPT))
    ec2.switch(errors_of={A: failing("DescribeImageAttribute", "InvalidAMIID.NotFound", times=1)})
    assert not run(policy("Nobody", "private", filters={}))["failed"]
    assert launchers(ec2, A) == launchers(ec2, B) == []


# What is held back when something fails

DENIED = "UnauthorizedOperation"
REFUSED = "InvalidParameterValue"
# A denial shows in check mode already, any other refusal in a real run alone.
ATTEMPTS = [(DENIED, True), (DENIED, False), (REFUSED, False)]
ATTEMPT_IDS = ["denied in check mode", "denied", "refused"]


def done(check: bool) -> str:
    return "authorized" if check else "applied"


@pytest.mark.parametrize(("code", "check"), ATTEMPTS, ids=ATTEMPT_IDS)
def test_additions_on_an_image_wait_for_those_on_its_snapshot(ec2: LocalEC2, run: Run, code: str, check: bool) -> None:
    """Its removals and its description are sent. The removals of the snapshot follow its additions, as in any list."""
    ec2.seed(image(A, FORMER), image(B, FORMER))
    ec2.switch(errors_of={snapshot_of(A): failing("ModifySnapshotAttribute", code)})
    exact = policy("Exact", "exclusive", KEPT, image_ids=[A, B], snapshots=True, description="New")
    result = run(exact, report=True, check=check)

    assert result["failed"]
    assert requests(result, A) == ["add not_sent", f"remove {done(check)}", f"set {done(check)}"]
    assert requests(result, snapshot_of(A))[0] == ("add denied" if code == DENIED else "add failed")
    error = of(result, A)["error"]
    assert error["code"] == "HeldBack"
    assert snapshot_of(A) in error["message"]
    assert of(result, snapshot_of(A))["error"]["code"] == code
    assert counts(result) == {"changed": 1, "unchanged": 0, "failed": 1, "granted": 2, "revoked": 3}
    assert [(each["changed"], each["failed"]) for each in result["policies"]] == [(1, 1)]
    assert f"policy 'Exact': {snapshot_of(A)} (us-east-1): {code}" in result["msg"]
    assert f"{A} (us-east-1): HeldBack" in result["msg"]
    assert (row(result, A)["added"], row(result, A)["removed"]) == ([], [FORMER])
    assert row(result, A)["changes"] == ["description"]
    assert "error" in of(result, A)
    shared = ([FORMER], [FORMER], [FORMER]) if check else ([], [FORMER], [KEPT])
    assert (launchers(ec2, A), copiers(ec2, A), launchers(ec2, B)) == shared
    assert ((ec2.image(A) or {})["description"] == "New") != check


@pytest.mark.parametrize(("code", "check"), ATTEMPTS, ids=ATTEMPT_IDS)
def test_removals_on_a_snapshot_wait_for_those_on_its_image(ec2: LocalEC2, run: Run, code: str, check: bool) -> None:
    ec2.seed(image(A, KEPT, FORMER), image(B, KEPT, FORMER))
    ec2.switch(errors_of={A: failing("ModifyImageAttribute", code)})
    taken = policy("Taken", "revoke", FORMER, image_ids=[A, B], snapshots=True)
    result = run(taken, report=True, check=check)

    assert result["failed"]
    assert requests(result, A) == ["remove denied" if code == DENIED else "remove failed"]
    assert requests(result, snapshot_of(A)) == ["remove not_sent"]
    error = of(result, snapshot_of(A))["error"]
    assert error["code"] == "HeldBack"
    assert A in error["message"]
    assert requests(result, snapshot_of(B)) == [f"remove {done(check)}"]
    assert counts(result) == {"changed": 1, "unchanged": 0, "failed": 1, "granted": 0, "revoked": 2}
    # The cause comes first.
    assert f"policy 'Taken': {A} (us-east-1): {code}: " in result["msg"]
    assert row(result, A)["error"].startswith(code)
    assert launchers(ec2, A) == copiers(ec2, A) == [KEPT, FORMER]
    assert launchers(ec2, B) == copiers(ec2, B) == ([KEPT, FORMER] if check else [KEPT])


@pytest.mark.parametrize("failed", [A, B], ids=["first", "second"])
def test_a_snapshot_in_common_waits_for_each_of_its_images(ec2: LocalEC2, run: Run, failed: str) -> None:
    ec2.seed(image(A, FORMER), image(B, FORMER, snapshots=image(A, FORMER)["snapshots"]))
    ec2.switch(errors_of={failed: failing("ModifyImageAttribute", REFUSED)})
    result = run(policy("Taken", "revoke", FORMER, image_ids=[A, B], snapshots=True))
    assert result["failed"]
    assert launchers(ec2, failed) == copiers(ec2, A) == [FORMER]
    assert launchers(ec2, B if failed == A else A) == []
    # Both images fail: each has the snapshot behind it.
    assert counts(result) == {"changed": 0, "unchanged": 0, "failed": 2, "granted": 0, "revoked": 1}


BROKEN: dict[str, Json] = {
    "nothing": {},
    "the grant of a snapshot": {snapshot_of(A): failing("ModifySnapshotAttribute", REFUSED)},
    "an image": {A: failing("ModifyImageAttribute", REFUSED)},
    "one of each": {
        snapshot_of(A): failing("ModifySnapshotAttribute", REFUSED),
        B: failing("ModifyImageAttribute", DENIED),
    },
}


@pytest.mark.parametrize("errors", BROKEN.values(), ids=list(BROKEN))
def test_who_can_launch_can_copy_at_every_moment(ec2: LocalEC2, run: Run, errors: Json) -> None:
    ids = [A, B, C]
    ec2.seed(*(image(image_id, KEPT, FORMER) for image_id in ids))
    ec2.switch(errors_of=errors)
    result = run(
        policy("Exact", "exclusive", KEPT, NEW, image_ids=ids, snapshots=True),
        policy("Others", "share", NEW, image_ids=ids, snapshots=True),
    )
    assert result["failed"] == bool(errors)
    held = {each: {KEPT, FORMER} for image_id in ids for each in (image_id, snapshot_of(image_id))}
    for request in modifying(ec2):
        apply(request, held)
        assert [image_id for image_id in ids if not held[image_id] <= held[snapshot_of(image_id)]] == []
    assert {each: sorted(held[each]) for each in ids} == {each: launchers(ec2, each) for each in ids}
    assert [held[snapshot_of(each)] for each in ids] == [set(copiers(ec2, each)) for each in ids]
    assert held[C] == held[snapshot_of(C)] == {KEPT, NEW}


def apply(request: Json, held: dict[str, set[str]]) -> None:
    """Do what EC2 did, if it did it, for entries of accounts."""
    entries = held[request["image_id"] or request["snapshot_id"]]
    for name, value in request["parameters"].items():
        if not request["code"] and ".Add." in name:
            entries.add(value)
        elif not request["code"] and ".Remove." in name:
            entries.remove(value)


# When some fail, and others do not


@pytest.mark.parametrize(
    ("code", "check"),
    [("InvalidAMIID.Unavailable", False), (DENIED, False), (DENIED, True)],
    ids=["refused", "denied", "denied in check mode"],
)
def test_one_image_of_a_policy_fails_and_the_others_are_done(ec2: LocalEC2, run: Run, code: str, check: bool) -> None:
    ec2.seed(image(A, KEPT, FORMER), image(B, KEPT, FORMER, region="eu-west-1"), image(C, KEPT))
    ec2.switch(errors_of={A: failing("ModifyImageAttribute", code)})
    result = run(
        policy("First", "exclusive", KEPT, image_ids=[*IDS, C], snapshots=True),
        policy("Second", "share", KEPT, image_ids=IDS[1:], description="Second"),
        policy("Third", "share", KEPT, image_ids=[A]),
        report=True,
        check=check,
    )
    assert result["failed"]
    assert (result["changed"], result["stopped"], result["preview"]) == (True, [], check)
    head, first, third = result["msg"].split("\n")
    assert head.startswith("1 of 3 images failed")
    assert first.startswith(f"policy 'First': {A} (us-east-1): {code}: Not this one")
    assert third.startswith(f"policy 'Third': {A} (us-east-1): {code}: Not this one")
    assert [(each["failed"], each["changed"]) for each in result["policies"]] == [(1, 1), (0, 1), (1, 0)]
    assert counts(result) == {"changed": 1, "unchanged": 1, "failed": 1, "granted": 0, "revoked": 2}
    if not check:
        # Who can still launch the image can still copy it.
        assert launchers(ec2, A) == copiers(ec2, A) == [KEPT, FORMER]
        assert launchers(ec2, B) == copiers(ec2, B) == [KEPT]
        assert (ec2.image(B) or {})["description"] == "Second"
    assert_trimmed(result, code)
    assert_whole(result, code)


def assert_trimmed(result: Json, code: str) -> None:
    """Lists of permissions are left out of before and after; what neither changed nor failed is named only."""
    assert of(result, A)["error"]["code"] == code
    assert (of(result, A)["before"], of(result, A)["after"]) == ({}, {})
    assert (of(result, B)["before"], of(result, B)["after"]) == ({"description": ""}, {"description": "Second"})
    assert of(result, B)["revoked"]["user_ids"] == [FORMER]
    assert of(result, snapshot_of(B))["revoked"]["user_ids"] == [FORMER]
    assert of(result, C) == {"image_id": C, "region": "us-east-1", "name": f"image-{C}", "changed": False}
    assert of(result, snapshot_of(C)).keys() == {"snapshot_id", "region", "name", "changed"}
    assert [each["before_header"].split()[-2] for each in result["diff"]] == [B, snapshot_of(B)]
    assert result["diff"][0]["before"].splitlines() == [f"launch_permissions.user_ids: {one}" for one in (KEPT, FORMER)]


def assert_whole(result: Json, code: str) -> None:
    """The report has all images, with who can launch them, and the errors."""
    assert [row(result, each)["principals"] for each in (A, B, C)] == [[KEPT, FORMER], [KEPT], [KEPT]]
    assert row(result, A)["error"] == f"{code}: Not this one."
    assert (row(result, B)["error"], row(result, C)["error"]) == ("", "")
    assert result["report"]["summary"]["failed"] == 1
    errors = [[(error["id"], error["code"]) for error in each["errors"]] for each in result["report"]["policies"]]
    assert errors == [[(A, code), (snapshot_of(A), "HeldBack")], [], [(A, code)]]


def test_of_many_images_that_fail_five_are_named(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:017x}" for number in range(7)]
    ec2.seed(*(image(image_id) for image_id in ids))
    ec2.switch(errors_of={image_id: failing("ModifyImageAttribute", REFUSED) for image_id in ids})
    result = run(policy("Shared", "share", KEPT, image_ids=ids))
    assert (result["failed"], result["changed"]) == (True, False)
    head, line = result["msg"].split("\n")
    assert head == "7 of 7 images failed; nothing was changed:"
    assert line.count(f"(us-east-1): {REFUSED}") == 5
    assert line.endswith("; and 2 more, each with its error in the result")


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_denial_is_decoded_where_that_is_allowed(ec2: LocalEC2, run: Run, check: bool) -> None:
    ec2.seed(image(A))
    actions = ["ec2:Describe*", "sts:DecodeAuthorizationMessage"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    reader = ec2.principal("reader", {"Version": "2012-10-17", "Statement": [statement]})
    keys = {name: reader[name] for name in ("access_key", "secret_key")}
    result = run(policy("Shared", "share", KEPT, image_ids=[A]), check=check, **keys)
    assert result["failed"]
    assert f"policy 'Shared': {A} (us-east-1): UnauthorizedOperation: " in result["msg"]
    assert "Decoded authorization message: " in result["msg"]
    assert "ec2:ModifyImageAttribute" in result["msg"]
    assert requests(result, A) == ["add denied"]
    assert reader["secret_key"] not in str(result["policies"])


FAULTS = [f"{fault}_every" for fault in ("drop", "drop_after", "fail", "throttle")]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_becomes_of_requests_the_result_is_true_and_the_next_run_converges(
    ec2: LocalEC2, run: Run, fault: str
) -> None:
    ids = [f"ami-{number:017x}" for number in range(4)]
    ec2.seed(*(image(image_id, FORMER) for image_id in ids))
    exact = policy("Exact", "exclusive", KEPT, filters={}, snapshots=True)
    # The first 10 requests read everything. Of the others, the 11th, 22nd, … are hit.
    ec2.switch(**{fault: 11})
    once = {"retries": {"total_max_attempts": 1}}
    result = run(exact, report=True, concurrency=1, aws_config=once)
    ec2.switch(**{fault: 0})

    assert result["stopped"] == []
    assert [row(result, each)["principals"] for each in ids] == [launchers(ec2, each) for each in ids]
    assert all(set(launchers(ec2, each)) <= set(copiers(ec2, each)) for each in ids)
    again = run(exact)
    assert not again["failed"]
    assert [launchers(ec2, each) for each in ids] == [copiers(ec2, each) for each in ids] == [[KEPT]] * 4
    assert not run(exact)["changed"]


# What one thing must not do to another


def test_a_removal_without_an_answer_on_a_held_back_image_is_looked_for(ec2: LocalEC2, run: Run) -> None:
    """The grant on the snapshot fails, the image's removal is applied, and the connection drops before the answer."""
    ec2.seed(image(A, FORMER))
    ec2.switch(errors_of={snapshot_of(A): failing("ModifySnapshotAttribute", REFUSED)})
    once = {"retries": {"total_max_attempts": 1}}
    exact = policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True)
    # Four reads and the failed grant come first; the sixth request is the removal.
    ec2.switch(drop_after_every=6)
    result = run(exact, report=True, aws_config=once)
    ec2.switch(drop_after_every=0)
    assert result["failed"]
    assert launchers(ec2, A) == []
    assert requests(result, A) == ["add not_sent", "remove applied"]
    assert of(result, A)["revoked"]["user_ids"] == [FORMER]
    assert result["changed"]
    assert row(result, A)["principals"] == []


def test_a_denied_removal_on_a_held_back_image_is_the_error(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER))
    errors = {
        snapshot_of(A): failing("ModifySnapshotAttribute", REFUSED),
        A: failing("ModifyImageAttribute", "UnauthorizedOperation"),
    }
    ec2.switch(errors_of=errors)
    result = run(policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True))
    assert requests(result, A) == ["add not_sent", "remove denied"]
    assert of(result, A)["error"]["code"] == "UnauthorizedOperation"
    assert "UnauthorizedOperation" in result["msg"]


def test_a_text_that_is_refused_stops_no_revocation(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER))
    ec2.switch(errors_of={A: {**failing("ModifyImageAttribute", REFUSED), "attribute": "description"}})
    result = run(
        policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True),
        policy("Worded", "share", KEPT, image_ids=[A], description="New"),
    )
    assert result["failed"]
    assert launchers(ec2, A) == copiers(ec2, A) == [KEPT]
    assert requests(result, A) == ["add applied", "remove applied", "set failed"]
    assert of(result, A)["after"] == {"description": ""}
    assert of(result, A)["granted"]["user_ids"] == [KEPT]


@pytest.mark.parametrize("named", [True, False], ids=["by id", "by search"])
def test_a_policy_without_images_after_the_wait_stops_the_run(ec2: LocalEC2, run: Run, named: bool) -> None:
    ec2.seed(image(A, FORMER, pending_reads=1), image(B, FORMER))
    ec2.switch(deregister_after_read=[A])
    selection: Json = {"image_ids": [A]} if named else {"filters": {"name": f"image-{A}"}}
    result = run(policy("Gone", "private", **selection), policy("Other", "private", image_ids=[B]))
    assert result["failed"]
    assert [reason.partition(": ")[0] for reason in result["stopped"]] == ["policy 'Gone'"]
    assert launchers(ec2, B) == [FORMER]


def test_the_snapshots_of_an_image_that_cannot_be_launched_are_not_shared(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({**image(A, KEPT, state="disabled"), "snapshots": [{"snapshot_id": snapshot_of(A)}]})
    result = run(policy("Shared", "share", KEPT, image_ids=[A], snapshots=True))
    assert result["failed"]
    assert "The image is disabled" in result["stopped"][0]
    assert copiers(ec2, A) == []


def test_a_key_is_described_once(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*({"image_id": each, "name": each, "encrypted": True} for each in (A, B)))
    result = run(policy("Shared", "share", KEPT, image_ids=[A, B], snapshots=True), check=True)
    assert not result["failed"], result["msg"]
    keys = {str(request["parameters"]) for request in ec2.requests("DescribeKey")}
    assert len(ec2.requests("DescribeKey")) == len(keys)


def test_an_endpoint_that_does_not_know_dry_run_changes_one_snapshot_and_says_so(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A), image(B))
    ec2.switch(ignore_dry_run=True)
    result = run(policy("Shared", "share", NEW, image_ids=[A, B], snapshots=True), check=True)
    assert (result["failed"], result["changed"]) == (True, True)
    assert "1 was changed, in whole or in part" in result["msg"]
    assert "This endpoint ignored DryRun and carried out the request" in result["msg"]
    assert [copiers(ec2, each) for each in (A, B)] == [[NEW], []]
    assert [launchers(ec2, each) for each in (A, B)] == [[], []]
    assert statuses(result) == {"applied"}


def test_a_new_image_named_by_a_policy_is_looked_for_again(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, unseen_reads=3))
    result = run(policy("Shared", "share", NEW, image_ids=[A], snapshots=True))
    assert not result["failed"], result["msg"]
    assert launchers(ec2, A) == copiers(ec2, A) == [NEW]


def test_the_owner_among_the_principals_gets_the_image_and_never_the_snapshot(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A))
    shared = policy("Shared", "exclusive", OWNER, NEW, image_ids=[A], snapshots=True)
    results = [run(shared), run(shared)]
    assert [(result["failed"], result["changed"]) for result in results] == [(False, True), (False, False)]
    assert launchers(ec2, A) == sorted([OWNER, NEW])
    assert copiers(ec2, A) == [NEW]


def test_who_was_granted_an_image_while_it_was_waited_for_is_seen_by_the_guards(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, pending_reads=3))
    ec2.switch(mid_run={A: {"add": {"user_ids": [STRANGER]}}})
    exact = policy("Exact", "exclusive", KEPT, filters={})
    stopped = run(exact, protected_principals=[STRANGER])
    assert stopped["failed"]
    assert STRANGER in stopped["stopped"][0]
    assert launchers(ec2, A) == [STRANGER]


def test_an_image_and_its_snapshot_that_are_gone_are_left_out_together(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER), image(B, FORMER))
    ec2.switch(deregister_after_read=[A, snapshot_of(A)])
    result = run(policy("Gone", "revoke", FORMER, filters={}, snapshots=True))
    assert not result["failed"], result["msg"]
    assert "were deregistered in the meantime and are left out" in warned(result)[0]
    assert launchers(ec2, B) == copiers(ec2, B) == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_what_may_have_changed_is_not_denied(ec2: LocalEC2, run: Run, check: bool) -> None:
    ec2.seed(image(A, FORMER))
    # Search and read pass; the answer to the third request is lost after EC2 has carried it out.
    ec2.switch(drop_after_every=3, read_lag=60, ignore_dry_run=check)
    result = run(
        policy("Closed", "private", filters={}), check=check, aws_config={"retries": {"total_max_attempts": 1}}
    )
    assert result["failed"]
    assert "1 may have changed, because EC2 gave no clear answer" in result["msg"]
    assert "nothing was changed" not in result["msg"]
    assert not result["preview"]
    assert launchers(ec2, A) == []


def test_a_snapshot_whose_grant_was_lost_and_found_keeps_what_its_image_keeps(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER))
    # The image refuses the removal, and the answer to the grant on the snapshot, the fifth request, is lost.
    ec2.switch(
        drop_after_every=5,
        errors_of={A: failing("ModifyImageAttribute", "InternalError")},
    )
    exact = policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True)
    result = run(exact, aws_config={"retries": {"total_max_attempts": 1}})
    assert result["failed"]
    assert launchers(ec2, A) == [FORMER]
    assert FORMER in copiers(ec2, A)


def test_a_pending_image_that_ec2_does_not_let_be_read_is_waited_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, pending_reads=4), image(B))
    ec2.switch(errors_of={A: failing("DescribeImageAttribute", "InvalidAMIID.Unavailable", times=2)})
    result = run(policy("Shared", "share", KEPT, filters={}))
    assert not result["failed"], result["msg"]
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT]
