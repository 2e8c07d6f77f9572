# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_sharing is stopped: by guards, contradictions, refusals and wrong policies, before it changes anything."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

import pytest
from unit.images import Clock
from unit.images import counts
from unit.images import image
from unit.images import modifying
from unit.images import policy
from unit.images import snapshot_of
from unit.images import statuses
from unit.images import warned

from local_ec2.client import LocalEC2

KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
OWNER, PARTNER = "123456789012", "210987654321"
A, B, C, D = (f"ami-0{letter * 16}" for letter in "abcd")
IDS = [f"us-east-1:{A}", f"eu-west-1:{B}"]
BLOCKED = "block-new-sharing"

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run, clock: Clock) -> Run:
    return lambda *policies, **options: run_module("ec2_ami_sharing", policies=policies, **options)


@dataclass(frozen=True)
class Stopped:
    """Policies, how the reasons begin that stop them, and what is special about the options, EC2 and the images."""

    policies: list[Json]
    reasons: list[str]
    options: Json = field(default_factory=dict)
    switches: Json = field(default_factory=dict)
    images: dict[str, Json] = field(default_factory=dict)


def refused(name: str, why: str) -> str:
    return f"policy '{name}': {A} (us-east-1): EC2 would refuse ModifyImageAttribute: {why}"


DISABLED = "InvalidAMIID.Unavailable: The image is disabled; enable it first (ec2_ami_attribute with enabled: true)"
FOREIGN = (
    f"AuthFailure: Not authorized for image:{A}: it belongs to {PARTNER}, and only the owner can read or modify its"
    " attributes; run the task with credentials of the owner"
)
NO_BLOCK = "Block public access for AMIs is on in this account and Region, so no image can be made public"
CONTRADICT = "the policies 'One' and 'Two' contradict each other about"
STOPPED = {
    "a policy that selects nothing": Stopped(
        [policy("One", "private", filters={"name": "nothing-*"}), policy("Two", "share", NEW, image_ids=[A])],
        ["policy 'One': it selects no image (if that is expected, set allow_empty: true in the policy)"],
    ),
    "an empty list of images": Stopped(
        [policy("One", "public", image_ids=[]), policy("Two", "share", NEW, image_ids=[A])],
        ["policy 'One': it selects no image (if that is expected, set allow_empty: true in the policy)"],
        {"allow_public": True},
    ),
    "an image that is not there": Stopped(
        [policy("One", "private", image_ids=[C]), policy("Two", "private", image_ids=[A, C])],
        [f"policy 'One': {C} (us-east-1): InvalidAMIID.NotFound", f"policy 'Two': {C} (us-east-1): InvalidAMIID.NotF"],
    ),
    "an image of another account": Stopped(
        [policy("One", "private", image_ids=IDS)],
        [refused("One", FOREIGN)],
        images={A: {"owner_id": PARTNER, "launch_permissions": {"user_ids": [OWNER]}}},
    ),
    "more revocations than the guard allows": Stopped(
        [
            policy("One", "revoke", FORMER, image_ids=IDS[:1]),
            policy("Two", "revoke", FORMER, KEPT, image_ids=IDS[1:], snapshots=True),
        ],
        ["this run would revoke 5 entries, and max_revocations is 4 (by policy: 'One' 1, 'Two' 4)"],
        {"max_revocations": 4},
    ),
    "a brake of 0": Stopped(
        [policy("One", "exclusive", KEPT, NEW, image_ids=IDS[:1])],
        ["this run would revoke 1 entries, and max_revocations is 0 (by policy: 'One' 1)"],
        {"max_revocations": 0},
    ),
    "a protected principal": Stopped(
        [policy("One", "private", image_ids=IDS)],
        [f"policy 'One': it would revoke the protected principal {KEPT} from {IDS[0]}, {IDS[1]}"],
        {"protected_principals": [int(KEPT), NEW]},
    ),
    "a protected principal with its name": Stopped(
        [policy("One", "private", image_ids=IDS)],
        [f"policy 'One': it would revoke the protected principal {KEPT} (Build) from {IDS[0]}, {IDS[1]}"],
        {"protected_principals": [KEPT], "account_names": {KEPT: "Build"}},
    ),
    "a protected principal, snapshots as well": Stopped(
        [policy("One", "exclusive", KEPT, image_ids=IDS[:1], snapshots=True)],
        [
            f"policy 'One': it would revoke the protected principal {FORMER} from {IDS[0]}, us-east-1:{snapshot_of(A)}",
            "this run would revoke 2 entries, and max_revocations is 1 (by policy: 'One' 2)",
        ],
        {"protected_principals": f"{NEW}, {FORMER}", "max_revocations": 1},
    ),
    "everyone, protected": Stopped(
        [policy("One", "private", image_ids=[A])],
        [f"policy 'One': it would revoke the protected principal all from {IDS[0]}"],
        {"protected_principals": ["all"]},
        images={A: {"launch_permissions": {"group_names": ["all"]}}},
    ),
    "one public, the other private": Stopped(
        [policy("One", "private", filters={"name": "image-*"}), policy("Two", "public", image_ids=IDS)],
        [f"{CONTRADICT} all, on us-east-1:{A}"],
        {"allow_public": True},
    ),
    "an exact list, and more": Stopped(
        [policy("One", "exclusive", KEPT, image_ids=IDS), policy("Two", "share", NEW, KEPT, image_ids=IDS[1:])],
        [f"{CONTRADICT} {NEW}, on eu-west-1:{B}"],
    ),
    "given and taken": Stopped(
        [policy("One", "share", NEW, image_ids=IDS), policy("Two", "revoke", NEW, image_ids=IDS)],
        [f"{CONTRADICT} {NEW} (Partner), on eu-west-1:{B}, us-east-1:{A}"],
        {"account_names": {NEW: "Partner"}},
    ),
    "two descriptions": Stopped(
        [
            policy("One", "private", image_ids=IDS, description="one"),
            policy("Two", "private", image_ids=IDS, description="another"),
        ],
        [f"{CONTRADICT} description, on eu-west-1:{B}, us-east-1:{A}"],
    ),
    "two exact lists for a snapshot in common": Stopped(
        [
            policy("One", "exclusive", KEPT, image_ids=[A], snapshots=True),
            policy("Two", "exclusive", NEW, image_ids=[D], snapshots=True),
        ],
        [f"{CONTRADICT} {KEPT}, {NEW}, on us-east-1:{snapshot_of(A)}"],
    ),
    "one exact list, one addition for a snapshot in common": Stopped(
        [
            policy("One", "share", KEPT, image_ids=[A], snapshots=True),
            policy("Two", "private", image_ids=[D], snapshots=True),
        ],
        [f"{CONTRADICT} {KEPT}, on us-east-1:{snapshot_of(A)}"],
    ),
    "block public access": Stopped(
        [policy("One", "public", image_ids=[A]), policy("Two", "public", image_ids=IDS[1:])],
        [refused("One", f"OperationNotPermitted: {NO_BLOCK}")],
        {"allow_public": True},
        {"block_public_access": {"us-east-1": BLOCKED}},
    ),
    "block public access of snapshots": Stopped(
        [policy("One", "public", image_ids=[A], snapshots=True)],
        [f"policy 'One': {snapshot_of(A)} (us-east-1): EC2 would refuse ModifySnapshotAttribute: OperationNotPerm"],
        {"allow_public": True},
        {"block_public_access_snapshots": {"us-east-1": BLOCKED}},
    ),
    "encrypted and public": Stopped(
        [policy("One", "public", image_ids=IDS)],
        [refused("One", "UnsupportedOperation: An image with an encrypted snapshot cannot be made public")],
        {"allow_public": True},
        images={A: {"snapshots": [{"encrypted": True}]}},
    ),
    "the key that AWS manages": Stopped(
        [policy("One", "share", NEW, image_ids=IDS)],
        [refused("One", "InvalidParameter: An image cannot be shared with anyone while a snapshot behind it")],
        images={A: {"snapshots": [{"kms_key_id": "alias/aws/ebs"}]}},
    ),
    "a disabled image by id": Stopped(
        [policy("One", "share", NEW, image_ids=IDS)], [refused("One", DISABLED)], images={A: {"state": "disabled"}}
    ),
    "a disabled image by a filter that names the state": Stopped(
        [policy("One", "share", NEW, filters={"state": "disabled"})],
        [refused("One", DISABLED)],
        images={A: {"state": "disabled"}},
    ),
    "an image whose permissions may not be read": Stopped(
        [policy("One", "share", NEW, filters={"name": f"image-{A}"}), policy("Two", "share", NEW, image_ids=IDS)],
        [f"policy 'One': {A} (us-east-1): InternalError: No", f"policy 'Two': {A} (us-east-1): InternalError: No"],
        switches={"errors_of": {A: {"action": "DescribeImageAttribute", "code": "InternalError", "message": "No"}}},
    ),
    "a snapshot whose permissions may not be read": Stopped(
        [policy("One", "share", NEW, image_ids=IDS, snapshots=True)],
        [f"policy 'One': {snapshot_of(A)} (us-east-1): UnauthorizedOperation"],
        switches={
            "errors_of": {
                snapshot_of(A): {"action": "DescribeSnapshotAttribute", "code": "UnauthorizedOperation", "status": 403}
            }
        },
    ),
    "a snapshot that is gone": Stopped(
        [policy("One", "share", NEW, image_ids=IDS, snapshots=True)],
        [f"policy 'One': {snapshot_of(A)} (us-east-1): InvalidSnapshot.NotFound"],
        switches={"deregister_after_read": [snapshot_of(A)]},
    ),
    "everything at once": Stopped(
        [
            policy("One", "exclusive", NEW, image_ids=IDS),
            policy("Two", "share", STRANGER, image_ids=IDS[1:]),
            policy("Empty", "private", filters={"name": "nothing"}),
            policy("Open", "public", image_ids=[D]),
            policy("Gone", "private", image_ids=[C]),
            policy("Closed", "private", image_ids=[D], snapshots=True),
        ],
        [
            "policy 'Empty': it selects no image",
            f"policy 'Gone': {C} (us-east-1): InvalidAMIID.NotFound",
            f"{CONTRADICT} {STRANGER}, on eu-west-1:{B}",
            f"the policies 'Open' and 'Closed' contradict each other about all, on us-east-1:{D}",
            f"policy 'One': it would revoke the protected principal {FORMER} from us-east-1:{A}",
            "this run would revoke 2 entries, and max_revocations is 1 (by policy: 'One' 2)",
        ],
        {"allow_public": True, "protected_principals": [FORMER], "max_revocations": 1},
    ),
}


@pytest.mark.parametrize("scenario", STOPPED.values(), ids=list(STOPPED))
def test_a_run_that_is_stopped_changes_nothing(ec2: LocalEC2, run: Run, scenario: Stopped) -> None:
    """Two images in two Regions, and a third with the snapshot of the first."""
    in_common = {"snapshots": [{"snapshot_id": snapshot_of(A)}]}
    seeds = [image(D, **in_common), image(A, KEPT, FORMER), image(B, KEPT, FORMER, region="eu-west-1")]
    ec2.seed(*({**each, **scenario.images.get(each["image_id"], {})} for each in seeds))
    ec2.switch(**scenario.switches)
    was = [ec2.image(image_id) for image_id in (A, B, D)]
    result = run(*scenario.policies, report=True, **scenario.options)

    assert result["failed"]
    assert modifying(ec2) == []
    assert [ec2.image(image_id) for image_id in (A, B, D)] == was
    pairs = zip(result["stopped"], scenario.reasons, strict=True)
    assert [reason for reason, start in pairs if not reason.startswith(start)] == []
    assert result["msg"].split("\n") == ["Stopped before anything was changed:", *result["stopped"]]
    assert (result["changed"], result["preview"], result["report"]["preview"]) == (False, True, True)
    assert result["report"]["warnings"][: len(result["stopped"])] == result["stopped"]
    assert statuses(result) <= {"not_sent"}
    assert [each["name"] for each in result["policies"]] == [each["name"] for each in scenario.policies]
    assert "diff" in result
    summary = result["summary"]
    assert summary["changed"] + summary["unchanged"] + summary["failed"] == summary["images"]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_guard_that_stops_shows_what_would_have_been_done(ec2: LocalEC2, run: Run, check: bool) -> None:
    ec2.seed(image(A, FORMER, STRANGER), image(B, KEPT))
    exact = policy("Exact", "exclusive", KEPT, image_ids=[A, B], snapshots=True, description="New")
    result = run(exact, max_revocations=1, report=True, check=check)
    assert result["failed"]
    assert ec2.summary().keys() == {
        "DescribeImages",
        "DescribeImageAttribute",
        "DescribeSnapshots",
        "DescribeSnapshotAttribute",
    }
    assert counts(result) == {"changed": 2, "unchanged": 0, "failed": 0, "granted": 2, "revoked": 4}
    changed, _described = result["policies"][0]["images"]
    assert changed["changed"]
    assert changed["granted"]["user_ids"] == [KEPT]
    assert changed["revoked"]["user_ids"] == [FORMER, STRANGER]
    assert (changed["before"], changed["after"]) == ({"description": ""}, {"description": "New"})
    assert [request["status"] for request in changed["requests"]] == ["not_sent"] * 3
    # The page and the diff are whole. What neither changes nor fails is named in the result, and nothing more.
    unchanged = {"snapshot_id": snapshot_of(B), "region": "us-east-1", "name": None, "changed": False}
    assert result["policies"][0]["snapshots"][1] == unchanged
    row = next(each for each in result["report"]["images"] if each["image_id"] == A)
    assert (row["principals"], row["added"], row["removed"]) == ([KEPT], [KEPT], [FORMER, STRANGER])
    assert [each["before_header"].split()[-2] for each in result["diff"]] == [A, B, snapshot_of(A)]
    assert result["diff"][0]["after"] == f"description: New\nlaunch_permissions.user_ids: {KEPT}\n"


def test_an_audit_warns_of_what_the_guards_would_stop(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER, STRANGER))
    exact = policy("Exact", "exclusive", KEPT, image_ids=[A])
    options: Json = {"protected_principals": [FORMER], "max_revocations": 0, "report": True, "audit": True}
    result = run(exact, account_names={FORMER: "Partner"}, **options)
    warnings = [
        f"policy 'Exact': it would revoke the protected principal {FORMER} (Partner) from us-east-1:{A}",
        (
            "this run would revoke 2 entries, and max_revocations is 0 (by policy: 'Exact' 2):"
            f" {FORMER} (Partner), {STRANGER}, from us-east-1:{A}"
        ),
    ]
    assert not result["failed"]
    assert result["changed"]
    assert result["stopped"] == []
    assert warned(result) == result["report"]["warnings"] == warnings
    assert statuses(result) == {"unproven"}
    assert modifying(ec2) == []


def test_wrong_policies_are_refused_before_any_request(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT))
    result = run(
        {"pattern": "private", "filters": {}},
        policy("Null", "private", filters=None),
        policy("Nobody", "share", KEPT, None, image_ids=[A]),
        policy("Open", "public", filters={}),
        policy("Typing", "share", KEPT, image_ids=["ami-nonsense"], principal=[KEPT]),
        policy("Same", "private", image_ids="", newest=1),
        policy("Same", "private", image_ids=[A], description="x" * 256),
        protected_principals=[KEPT, None, "12"],
        max_revocations=-1,
        wait_timeout=-1,
        concurrency=0,
        regions=[],
        account_names={"12": "x"},
    )
    problems = [
        "policy number 1: missing required arguments: name",
        "policy 'Null': set either image_ids or filters",
        "policy 'Nobody': 'None' is not a principal",
        "policy 'Open': anyone could launch its images: set allow_public to consent",
        "policy 'Open': filters: {} is every image of the account, and the pattern public needs a selection",
        "policy 'Typing': unknown: principal; a policy takes ",
        "policy 'Typing': image_ids: 'ami-nonsense' is not the id of an AMI",
        "policy 'Same': newest goes with filters, not with image_ids",
        "policy 'Same': image_ids: '' is not the id of an AMI",
        "policy 'Same': description: 256 characters are more than EC2's 255",
        "policy 'Same': several policies have this name",
        "regions: names no Region",
        "protected_principals: 'None' is not a principal",
        "protected_principals: '12' is not a principal",
        "account_names: '12' ",
        "wait_timeout: -1 is less than 0",
        "concurrency: 0 is less than 1",
        "max_revocations: -1 is less than 0",
    ]
    assert result["failed"]
    head, *lines = result["msg"].split("\n")
    assert head == f"{len(problems)} problems in the policies; nothing was sent to EC2:"
    assert [(line, start) for line, start in zip(lines, problems, strict=True) if not line.startswith(start)] == []
    assert ec2.requests() == []
