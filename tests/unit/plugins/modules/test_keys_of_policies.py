# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The keys behind the images of policies, over HTTP: shared, only reported on, or ignored."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from unit.images import Clock
from unit.images import copiers
from unit.images import image
from unit.images import launchers
from unit.images import policy
from unit.images import snapshot_of
from unit.images import warned

from local_ec2.client import LocalEC2

OWNER, PARTNER = "123456789012", "444455556666"
NEW, OTHER, FORMER = "777788889999", "888899990000", "111122223333"
ORG = f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij"
OU = f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-cdefghij"
A, B, C = (f"ami-0{letter * 16}" for letter in "abc")
EAST = "1234abcd-12ab-34cd-56ef-1234567890aa"
WEST = "1234abcd-12ab-34cd-56ef-1234567890bb"
ROOT = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
IDS = [f"us-east-1:{A}", f"us-east-1:{B}", f"eu-west-1:{C}"]

# What looking at the fleet takes, whatever is to be done with it.
READS = {
    "DescribeImages": 2,
    "DescribeImageAttribute": 3,
    "DescribeSnapshots": 2,
    "DescribeSnapshotAttribute": 3,
    "DescribeKey": 2,
    "GetKeyPolicy": 2,
}

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run, clock: Clock) -> Run:
    return lambda *policies, **options: run_module(
        "ec2_ami_sharing", **{"region": "us-east-1", "policies": policies, **options}
    )


def arn(key_id: str, region: str = "us-east-1", account: str = OWNER) -> str:
    return f"arn:aws:kms:{region}:{account}:key/{key_id}"


def encrypted(image_id: str, key: str, *held: str, **others: t.Any) -> Json:
    made = image(image_id, *held, **others)
    made["snapshots"][0].update(encrypted=True, kms_key_id=key)
    return made


@pytest.fixture
def fleet(ec2: LocalEC2) -> LocalEC2:
    """Three encrypted images, two of them under one key, and the key of the third in another Region."""
    ec2.seed_keys({"key_id": EAST, "policy": document(ROOT)}, {"key_id": WEST, "region": "eu-west-1"})
    ec2.seed(
        encrypted(A, arn(EAST), FORMER),
        encrypted(B, arn(EAST)),
        encrypted(C, arn(WEST, "eu-west-1"), region="eu-west-1"),
    )
    ec2.clear()
    return ec2


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allowing(*accounts: str) -> Json:
    return {**ROOT, "Sid": "Theirs", "Principal": {"AWS": [f"arn:aws:iam::{each}:root" for each in accounts]}}


def users_of(ec2: LocalEC2, key_arn: str) -> list[str]:
    """Return what our statements of use name, in the policy that KMS holds."""
    held = (ec2.key(key_arn) or {})["policy"]["Statement"]
    uses = [each for each in held if each.get("Sid", "").startswith("AmikitSharing") and each["Sid"].endswith("Use")]
    values = [
        value
        for each in uses
        for keys in each["Condition"].values()
        for name, value in keys.items()
        if name in ("kms:CallerAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths")
    ]
    return sorted(each for value in values for each in (value if isinstance(value, list) else [value]))


def groups_of(ec2: LocalEC2, key_arn: str) -> list[str]:
    """Return the accounts whose Auto Scaling groups our statements mean."""
    held = (ec2.key(key_arn) or {})["policy"]["Statement"]
    found = [
        each["Condition"]["StringEquals"]["kms:CallerAccount"]
        for each in held
        if each.get("Sid") == "AmikitSharingAccountsAutoScaling"
    ]
    return sorted(each for value in found for each in (value if isinstance(value, list) else [value]))


def counted(ec2: LocalEC2) -> dict[str, int]:
    counts = ec2.summary()
    ec2.clear()
    return counts


def written(ec2: LocalEC2) -> list[str]:
    """Return the requests that change something, in order, those that DryRun asks about aside."""
    verbs = ("Modify", "Put")
    return [each["action"] for each in ec2.requests() if each["action"].startswith(verbs) and not each["dry_run"]]


def keys(result: Json, number: int = 0) -> list[Json]:
    found: list[Json] = result["policies"][number]["keys"]
    return found


def statuses(items: t.Iterable[Json]) -> set[str]:
    return {request["status"] for item in items for request in item["requests"]}


# Sharing


def test_keys_are_shared_first_and_no_request_is_made_twice(fleet: LocalEC2, run: Run) -> None:
    shared = policy("Encrypted", "share", NEW, ORG, image_ids=IDS, kms="share", snapshots=True)

    audited = run(shared, audit=True)
    assert counted(fleet) == READS
    checked = run(shared, check=True)
    assert counted(fleet) == {**READS, "ModifyImageAttribute": 3, "ModifySnapshotAttribute": 3}
    assert (users_of(fleet, arn(EAST)), launchers(fleet, A)) == ([], [FORMER])

    applied = run(shared)
    assert written(fleet) == ["PutKeyPolicy"] * 2 + ["ModifySnapshotAttribute"] * 3 + ["ModifyImageAttribute"] * 3
    assert counted(fleet) == {
        **READS,
        "DescribeImageAttribute": 6,
        "DescribeSnapshotAttribute": 6,
        # One reading to plan on, one right before the write, one to see it.
        "GetKeyPolicy": 6,
        "PutKeyPolicy": 2,
        "ModifyImageAttribute": 3,
        "ModifySnapshotAttribute": 3,
    }
    again = run(shared)
    assert counted(fleet) == READS

    for key in (arn(EAST), arn(WEST, "eu-west-1")):
        assert users_of(fleet, key) == [NEW, "o-abcdefghij"]
    assert (fleet.key(arn(EAST)) or {})["policy"]["Statement"][0] == ROOT
    assert [launchers(fleet, each) for each in (A, B, C)] == [[FORMER, NEW, ORG], [NEW, ORG], [NEW, ORG]]
    assert [copiers(fleet, each) for each in (A, B, C)] == [[FORMER, NEW], [NEW], [NEW]]
    runs = (audited, checked, applied, again)
    assert [each["failed"] for each in runs] == [False] * 4
    assert [each["changed"] for each in runs] == [True, True, True, False]
    assert [statuses(keys(each)) for each in runs] == [{"unproven"}, {"unproven"}, {"applied"}, set()]
    assert audited["diff"] == checked["diff"] == applied["diff"]
    assert [each["before_header"].split()[-2] for each in applied["diff"][-2:]] == [EAST, WEST]
    # Entries are counted on images and snapshots.
    assert (applied["summary"]["granted"], applied["policies"][0]["granted"]) == (9, 9)
    assert (again["summary"]["changed"], again["summary"]["unchanged"]) == (0, 3)
    assert [not warned(each) or "EC2 cannot share snapshots with" in warned(each)[0] for each in runs] == [True] * 4

    assert_truth(fleet, keys(applied))


def assert_truth(fleet: LocalEC2, items: list[Json]) -> None:
    [east, west] = items
    assert (east["key_id"], east["region"], east["arn"], east["changed"]) == (EAST, "us-east-1", arn(EAST), True)
    assert (west["key_id"], west["region"]) == (WEST, "eu-west-1")
    assert (east["granted"]["user_ids"], east["granted"]["org_arns"]) == ([NEW], [ORG])
    assert (east["lacking"], east["unknown"]) == ([], [])
    assert (fleet.key(arn(EAST)) or {})["policy"]["Statement"][1:] == east["statements"]


def test_snapshots_that_no_policy_shares_are_described_for_their_keys_alone(fleet: LocalEC2, run: Run) -> None:
    applied = run(policy("Encrypted", "share", NEW, image_ids=IDS, kms="share", kms_autoscaling=True))
    counts = counted(fleet)
    assert (counts["DescribeSnapshots"], counts["DescribeKey"], counts["GetKeyPolicy"]) == (2, 2, 6)
    assert "DescribeSnapshotAttribute" not in counts
    assert keys(applied)[0]["after"]["autoscaling"] is True
    assert [each["attribute"] for each in keys(applied)[0]["requests"]] == ["keyUsers", "autoscaling"]
    sids = [each.get("Sid") for each in (fleet.key(arn(EAST)) or {})["policy"]["Statement"]]
    assert sids[-1] == "AmikitSharingAccountsAutoScaling"


def test_policies_on_one_key_are_one_write(fleet: LocalEC2, run: Run) -> None:
    applied = run(
        policy("One", "share", NEW, OU, image_ids=IDS[:1], kms="share"),
        policy("Two", "exclusive", OTHER, image_ids=IDS[1:2], kms="share", kms_autoscaling="yes"),
    )
    assert counted(fleet)["PutKeyPolicy"] == 1
    assert users_of(fleet, arn(EAST)) == [NEW, OTHER, "o-abcdefghij/*/ou-ab12-cdefghij/*"]
    assert keys(applied, 0) == keys(applied, 1)
    assert [each["changed"] for each in applied["policies"]] == [1, 1]
    assert applied["summary"]["changed"] == 2


def test_auto_scaling_is_for_the_principals_of_the_policies_that_ask_for_it(fleet: LocalEC2, run: Run) -> None:
    run(policy("Before", "share", FORMER, image_ids=IDS[:1], kms="share"))
    policies = [
        policy("One", "share", NEW, image_ids=IDS[:1], kms="share", kms_autoscaling=True),
        policy("Two", "share", OTHER, image_ids=IDS[1:2], kms="share"),
    ]
    applied = run(*policies)
    assert users_of(fleet, arn(EAST)) == [FORMER, NEW, OTHER]
    assert groups_of(fleet, arn(EAST)) == [NEW]
    [item] = keys(applied)
    assert (item["before"]["autoscaling"], item["after"]["autoscaling"]) == (False, None)
    assert (item["lacking_autoscaling"], item["unknown_autoscaling"]) == ([], [])
    assert run(*policies)["changed"] is False


def test_an_image_that_is_shared_already_changes_with_its_key(fleet: LocalEC2, run: Run) -> None:
    run(policy("Launch", "share", NEW, image_ids=IDS[:1], kms="ignore"))
    result = run(policy("Encrypted", "share", NEW, image_ids=IDS[:1], kms="share"))
    assert (result["changed"], result["summary"]["changed"], result["policies"][0]["changed"]) == (True, 1, 1)
    assert (result["summary"]["granted"], result["policies"][0]["granted"]) == (0, 0)


def test_one_policy_shares_a_key_and_another_reports_on_it(fleet: LocalEC2, run: Run) -> None:
    result = run(
        policy("Share", "share", NEW, image_ids=IDS[:1], kms="share"),
        policy("Report", "share", OTHER, image_ids=IDS[1:2]),
    )
    assert users_of(fleet, arn(EAST)) == [NEW]
    [shared], [reported] = keys(result, 0), keys(result, 1)
    assert shared == reported
    assert (shared["lacking"], shared["unknown"]) == ([OTHER], [])
    assert (result["policies"][0]["changed"], result["policies"][1]["changed"]) == (1, 1)
    assert [each for each in warned(result) if f"{OTHER} on {EAST} (us-east-1)" in each]


def test_a_key_that_cannot_be_written_holds_back_only_what_is_granted_on_its_images(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(errors_of={arn(EAST): {"action": "PutKeyPolicy", "code": "KMSInternalException", "status": 400}})
    result = run(policy("Encrypted", "exclusive", NEW, image_ids=IDS, kms="share", snapshots=True))
    assert result["failed"]
    assert "2 of 3 images failed" in result["msg"]
    assert f"{EAST} (us-east-1): KMSInternalException" in result["msg"]
    assert [launchers(fleet, each) for each in (A, B, C)] == [[], [], [NEW]]
    assert [copiers(fleet, each) for each in (A, B, C)] == [[NEW], [NEW], [NEW]]
    assert (users_of(fleet, arn(EAST)), users_of(fleet, arn(WEST, "eu-west-1"))) == ([], [NEW])
    [of_policy] = result["policies"]
    errors = [each.get("error", {}).get("code") for each in of_policy["images"]]
    assert errors == ["HeldBack", "HeldBack", None]
    assert EAST in of_policy["images"][0]["error"]["message"]
    assert [each.get("error", {}).get("code") for each in of_policy["keys"]] == ["KMSInternalException", None]
    assert of_policy["keys"][0]["lacking"] == [NEW]
    assert (result["summary"]["failed"], result["summary"]["changed"]) == (2, 1)
    fleet.switch(errors_of={})
    assert not run(policy("Encrypted", "exclusive", NEW, image_ids=IDS, kms="share"))["failed"]
    assert [launchers(fleet, each) for each in (A, B, C)] == [[NEW], [NEW], [NEW]]


def test_a_policy_that_does_not_share_keys_is_not_held_back(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(errors_of={arn(EAST): {"action": "PutKeyPolicy", "code": "KMSInternalException", "status": 400}})
    result = run(
        policy("Share", "share", NEW, image_ids=IDS[:1], kms="share"),
        policy("Report", "share", OTHER, image_ids=IDS[1:2]),
    )
    assert [launchers(fleet, each) for each in (A, B)] == [[FORMER], [OTHER]]
    assert [each["failed"] for each in result["policies"]] == [1, 0]


def odd() -> Json:
    return document(ROOT, {**ROOT, "Sid": "AmikitSharingAccountsUse"})


# Each: the key, and words of the reason.
UNWRITABLE: dict[str, tuple[Json, str]] = {
    "foreign": ({"account": PARTNER}, f"The key belongs to {PARTNER}"),
    "disabled": ({"state": "Disabled"}, "KMS would refuse PutKeyPolicy: KMSInvalidStateException: The key is Disabled"),
    "pending deletion": ({"state": "PendingDeletion"}, "The key is PendingDeletion"),
    "an odd statement": ({"policy": odd()}, "The policy has AmikitSharingAccountsUse"),
    "too large": (
        {"policy": document({**ROOT, "Sid": "x" * 32_300})},
        "and KMS takes 32768",
    ),
}


@pytest.mark.parametrize(("key", "reason"), UNWRITABLE.values(), ids=list(UNWRITABLE))
def test_a_key_that_is_known_to_be_refused_stops_the_run(ec2: LocalEC2, run: Run, key: Json, reason: str) -> None:
    [made] = ec2.seed_keys(key)
    ec2.seed(encrypted(A, made["arn"]), image(B))
    result = run(
        policy("Encrypted", "share", NEW, image_ids=[A], kms="share"), policy("Plain", "share", NEW, image_ids=[B])
    )
    assert (result["failed"], result["changed"]) == (True, False)
    [stopped] = result["stopped"]
    assert stopped.startswith("policy 'Encrypted': ")
    assert reason in stopped
    assert written(ec2) == []
    assert (launchers(ec2, A), launchers(ec2, B)) == ([], [])


def test_a_foreign_key_comes_with_the_statements_for_its_owner(ec2: LocalEC2, run: Run) -> None:
    [made] = ec2.seed_keys({"account": PARTNER})
    ec2.seed(encrypted(A, made["arn"]))
    stopped = run(policy("Encrypted", "share", NEW, image_ids=[A], kms="share"))
    reported = run(policy("Encrypted", "share", NEW, image_ids=[A]))
    [item] = keys(reported)
    assert json.dumps(item["statements"]) in stopped["msg"]
    assert (item["unknown"], item["lacking"]) == ([NEW], [])
    assert item["unread"].startswith(
        f"KMS would refuse PutKeyPolicy: AccessDeniedException: The key belongs to {PARTNER}"
    )
    assert (reported["failed"], warned(reported), launchers(ec2, A)) == (False, [], [NEW])


def test_what_hides_the_keys_stops_a_policy_that_shares_them(fleet: LocalEC2, run: Run) -> None:
    actions = ["ec2:DescribeImage*", "ec2:ModifyImageAttribute", "kms:*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    blind = fleet.principal("blind", {"Version": "2012-10-17", "Statement": [statement]})
    credentials = {name: blind[name] for name in ("access_key", "secret_key")}
    result = run(policy("Encrypted", "share", NEW, image_ids=IDS, kms="share"), **credentials)
    assert len(result["stopped"]) == 2
    snapshots = f"us-east-1:{snapshot_of(A)}, us-east-1:{snapshot_of(B)}"
    reason = f"policy 'Encrypted': {snapshots}: DescribeSnapshots: UnauthorizedOperation: "
    assert result["stopped"][0].startswith(reason)
    assert written(fleet) == []
    reported = run(policy("Encrypted", "share", NEW, image_ids=IDS), **credentials)
    assert (reported["failed"], keys(reported)) == (False, [])


# What takes away


def test_nobody_is_taken_off_a_key_and_a_warning_says_so(fleet: LocalEC2, run: Run) -> None:
    run(policy("Before", "share", NEW, OTHER, image_ids=IDS, kms="share"))
    exclusive = run(
        policy("Only", "exclusive", NEW, image_ids=IDS[:2], kms="share"),
        policy("Revoke", "revoke", NEW, image_ids=IDS[2:], kms="share"),
        account_names={OTHER: "Build"},
    )
    assert [users_of(fleet, each) for each in (arn(EAST), arn(WEST, "eu-west-1"))] == [[NEW, OTHER]] * 2
    [warning] = warned(exclusive)
    assert f"{OTHER} (Build) on {EAST} (us-east-1); {NEW} on {WEST} (eu-west-1)" in warning
    assert warned(run(policy("Only", "exclusive", NEW, image_ids=IDS[:2], kms="share"))) == []


NOT_LOOKED_AT: dict[str, Json] = {
    "ignored": policy("P", "share", NEW, image_ids=IDS, kms="ignore"),
    "revoked": policy("P", "revoke", FORMER, image_ids=IDS),
    "private": policy("P", "private", image_ids=IDS),
}


@pytest.mark.parametrize("of_policy", NOT_LOOKED_AT.values(), ids=list(NOT_LOOKED_AT))
def test_keys_that_nobody_asks_about_are_not_looked_at(fleet: LocalEC2, run: Run, of_policy: Json) -> None:
    fleet.seed(image("ami-0dddddddddddddddd", FORMER))
    result = run(of_policy)
    assert not {"GetKeyPolicy", "PutKeyPolicy"} & set(fleet.summary())
    assert (keys(result), warned(result)) == ([], [])


def test_images_without_encrypted_snapshots_cost_nothing(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A))
    result = run(policy("Plain", "share", NEW, image_ids=[A], kms="share"))
    assert counted(ec2) == {"DescribeImages": 1, "DescribeImageAttribute": 2, "ModifyImageAttribute": 1}
    assert keys(result) == []


# Reporting


def test_a_report_changes_nothing_fails_nothing_and_is_no_drift(fleet: LocalEC2, run: Run) -> None:
    one = policy("Encrypted", "share", NEW, ORG, image_ids=IDS)
    applied = run(one)
    counts = counted(fleet)
    assert (counts["DescribeSnapshots"], counts["DescribeKey"], counts["GetKeyPolicy"]) == (2, 2, 2)
    assert "PutKeyPolicy" not in counts
    audited = run(one, audit=True)
    assert (audited["changed"], audited["failed"], written(fleet)) == (False, False, [])
    for result in (applied, audited):
        assert [(each["key_id"], each["lacking"], each["unknown"], each["changed"]) for each in keys(result)] == [
            (EAST, [NEW, ORG], [], False),
            (WEST, [NEW, ORG], [], False),
        ]
        [warning] = warned(result)
        assert f"{NEW}, {ORG} on {EAST} (us-east-1); {NEW}, {ORG} on {WEST} (eu-west-1)" in warning
    [east, _west] = keys(applied)
    assert [each["Sid"] for each in east["statements"]][:2] == [
        "AmikitSharingOrganizations123456789012Use",
        "AmikitSharingOrganizations123456789012Describe",
    ]
    # What is ready for the owner of the key is what sharing it writes.
    assert keys(run({**one, "kms": "share"}))[0]["statements"] == east["statements"]


# Each: the statement of others beside the owner's, who lacks the key, and of whom that is not known.
JUDGED: dict[str, tuple[Json, list[str], list[str]]] = {
    "an Allow by account": (allowing(NEW), [ORG], [NEW]),
    "an Allow for everybody": ({**ROOT, "Principal": "*"}, [], [NEW, ORG]),
    "an Allow by organization": (
        {**ROOT, "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}},
        [],
        [NEW, ORG],
    ),
    "a Deny": ({**ROOT, "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt"}, [], [NEW, ORG]),
}


@pytest.mark.parametrize(("statement", "lacking", "unknown"), JUDGED.values(), ids=list(JUDGED))
def test_what_a_policy_of_others_may_mean_is_no_warning(
    ec2: LocalEC2, run: Run, statement: Json, lacking: list[str], unknown: list[str]
) -> None:
    [made] = ec2.seed_keys({"policy": document(ROOT, statement)})
    ec2.seed(encrypted(A, made["arn"]))
    result = run(policy("Encrypted", "share", NEW, ORG, OWNER, image_ids=[A]))
    [item] = keys(result)
    assert (item["lacking"], item["unknown"]) == (lacking, unknown)
    assert len(warned(result)) == bool(lacking)


# Each: the statement of others beside the owner's, whose groups lack the key, and of whose that is not known.
GROUPS: dict[str, tuple[Json, list[str], list[str]]] = {
    "nothing about them": (allowing(FORMER), [NEW], []),
    "an Allow by account": (allowing(NEW), [], [NEW]),
    "a Deny": ({**ROOT, "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt"}, [], [NEW]),
}


@pytest.mark.parametrize(("statement", "lacking", "unknown"), GROUPS.values(), ids=list(GROUPS))
def test_a_report_says_whose_auto_scaling_groups_lack_the_key(
    ec2: LocalEC2, run: Run, statement: Json, lacking: list[str], unknown: list[str]
) -> None:
    [made] = ec2.seed_keys({"policy": document(ROOT, statement)})
    ec2.seed(encrypted(A, made["arn"]))
    run(policy("Use", "share", NEW, image_ids=[A], kms="share"))
    one = policy("Groups", "share", NEW, OWNER, image_ids=[A], kms_autoscaling=True)
    result = run(one, audit=True, report=True)
    [item] = keys(result)
    assert (item["lacking"], item["unknown"]) == ([], [])
    assert (item["lacking_autoscaling"], item["unknown_autoscaling"]) == (lacking, unknown)
    assert (result["failed"], result["changed"]) == (False, OWNER not in launchers(ec2, A))
    assert "AmikitSharingAccountsAutoScaling" in [each["Sid"] for each in item["statements"]]
    said = [each for each in warned(result) if "Auto Scaling groups need: " in each]
    assert [f"need: {NEW} on {made['key_id']} (us-east-1). Set kms: share" in each for each in said] == [True] * len(
        lacking
    )
    [fact] = result["report"]["kms_keys"]
    assert (fact["lacking_autoscaling"], fact["unknown_autoscaling"]) == (lacking, unknown)


def test_whoever_cannot_use_a_key_is_not_said_to_lack_it_twice(fleet: LocalEC2, run: Run) -> None:
    result = run(
        policy("Groups", "share", NEW, image_ids=IDS[:1], kms_autoscaling=True),
        policy("Use", "share", OTHER, image_ids=IDS[:1]),
    )
    [item] = keys(result)
    assert (item["lacking"], item["lacking_autoscaling"]) == ([NEW, OTHER], [])
    [warning] = warned(result)
    assert f"{NEW}, {OTHER} on {EAST}" in warning
    assert "Auto Scaling" not in warning


@pytest.mark.parametrize("action", ["DescribeKey", "GetKeyPolicy"])
def test_a_key_that_may_not_be_read_is_unknown(fleet: LocalEC2, run: Run, action: str) -> None:
    denied = {"action": action, "code": "AccessDeniedException", "message": "Not yours to read.", "status": 400}
    fleet.switch(errors_of={arn(EAST): denied})
    result = run(policy("Encrypted", "share", NEW, image_ids=IDS[:2]))
    assert counted(fleet)[action] == 1
    [item] = keys(result)
    assert (item["lacking"], item["unknown"], item["before"], item["after"]) == ([], [NEW], {}, {})
    assert item["unread"].startswith(f"{action}: AccessDeniedException: Not yours to read (request id ")
    assert (item["arn"], item["statements"][0]["Sid"]) == (arn(EAST), "AmikitSharingAccountsUse")
    assert (result["failed"], [launchers(fleet, each) for each in (A, B)]) == (False, [[FORMER, NEW], [NEW]])
    # That sharing may be refused for a key of AWS's is said as ever.
    said = [each for each in warned(result) if "whether AWS manages the key" in each]
    assert (len(said), len(warned(result))) == (action == "DescribeKey", action == "DescribeKey")


def test_a_key_that_aws_manages_is_left_if_its_snapshots_are_under_another_as_well(fleet: LocalEC2, run: Run) -> None:
    fleet.seed_keys({"aliases": ["alias/aws/ebs"]})
    under = encrypted(A, "aws/ebs")
    one = policy("Encrypted", "share", NEW, image_ids=IDS[:2], kms="share")
    fleet.seed(under)
    assert any("AWS manages the key" in each for each in run(one, audit=True)["stopped"])
    under["snapshots"][0]["associated_kms_keys"] = [arn(EAST)]
    fleet.seed(under)
    audited = run(one, audit=True)
    assert (audited["failed"], audited["stopped"]) == (False, [])
    [managed, mine] = keys(audited)
    assert [managed["changed"], mine["changed"]] == [False, True]
    [said] = warned(audited)
    assert f"AWS manages the key {managed['key_id']} (us-east-1), so nobody is made a user of it" in said


# What surrounds a run


def test_preflight_says_that_it_does_not_cover_keys(fleet: LocalEC2, run: Run) -> None:
    result = run(policy("Encrypted", "share", NEW, image_ids=IDS[:1], kms="share"), preflight=True)
    assert warned(result) == ["preflight does not cover PutKeyPolicy: KMS has no DryRun for it"]
    assert users_of(fleet, arn(EAST)) == [NEW]


@pytest.fixture
def shared(fleet: LocalEC2, run: Run, tmp_path: Path) -> str:
    """A backup of a run that took one account off an image, and shared all images and their keys with another."""
    backup = tmp_path / "backup.json"
    one = policy("Encrypted", "exclusive", NEW, image_ids=IDS, kms="share", kms_autoscaling=True, snapshots=True)
    run(one, backup=str(backup))
    fleet.clear()
    return str(backup)


Restore = t.Callable[..., Json]


@pytest.fixture
def restore(run_module: Run, clock: Clock) -> Restore:
    return lambda src, **options: run_module("ami_sharing_restore", src=src, region="us-east-1", **options)


def policies_of(ec2: LocalEC2) -> list[Json]:
    return [(ec2.key(each) or {})["policy"] for each in (arn(EAST), arn(WEST, "eu-west-1"))]


def test_a_restoration_takes_users_off_keys_last(
    fleet: LocalEC2, run: Run, restore: Restore, shared: str, tmp_path: Path
) -> None:
    assert [each["id"] for each in json.loads(Path(shared).read_text())["keys"]] == [EAST, WEST]
    checked = restore(shared, check=True)
    assert counted(fleet) == {**READS, "ModifyImageAttribute": 4, "ModifySnapshotAttribute": 4}
    assert statuses(checked["keys"]) == {"unproven"}
    restored = restore(shared)
    assert not restored["failed"]
    assert written(fleet) == [
        "ModifySnapshotAttribute",
        *["ModifyImageAttribute"] * 4,
        *["ModifySnapshotAttribute"] * 3,
        *["PutKeyPolicy"] * 2,
    ]
    counts = counted(fleet)
    assert (counts["DescribeKey"], counts["GetKeyPolicy"], counts["PutKeyPolicy"]) == (2, 6, 2)
    assert policies_of(fleet)[0] == document(ROOT)
    assert [users_of(fleet, arn(WEST, "eu-west-1")), launchers(fleet, A), copiers(fleet, A)] == [[], [FORMER], [FORMER]]
    for result in (checked, restored):
        [warning] = warned(result)
        assert "users off keys that other images may need" in warning
        assert f"{NEW} on {EAST} (us-east-1); {NEW} on {WEST} (eu-west-1)" in warning

    # And the way back: keys first.
    again = restore(restored["backup_file"])
    assert (again["failed"], warned(again)) == (False, [])
    order = list(dict.fromkeys(written(fleet)))
    assert order == ["PutKeyPolicy", "ModifySnapshotAttribute", "ModifyImageAttribute"]
    assert [users_of(fleet, arn(EAST)), groups_of(fleet, arn(EAST)), launchers(fleet, A)] == [[NEW], [NEW], [NEW]]


def test_a_restoration_holds_back_images_whose_keys_cannot_be_granted(
    fleet: LocalEC2, restore: Restore, shared: str
) -> None:
    back = restore(shared)["backup_file"]
    fleet.switch(errors_of={arn(EAST): {"action": "PutKeyPolicy", "code": "KMSInternalException", "status": 400}})
    held = restore(back, backup=f"{back}.2")
    assert held["failed"]
    errors = {each.get("image_id"): each.get("error", {}).get("code") for each in held["images"]}
    assert errors == {A: "HeldBack", B: "HeldBack", C: None}
    assert EAST in held["images"][0]["error"]["message"]
    # What is taken away on the same images is not held back.
    assert [launchers(fleet, each) for each in (A, B, C)] == [[], [], [NEW]]
    fleet.switch(errors_of={})
    assert not restore(back, backup=f"{back}.3")["failed"]
    assert [launchers(fleet, each) for each in (A, B, C)] == [[NEW], [NEW], [NEW]]


# Each: what has become of the key since the backup.
LOST: dict[str, Json] = {
    "disabled": {"state": "Disabled"},
    "pending deletion": {"state": "PendingDeletion"},
    "gone": {},
}


@pytest.mark.parametrize("state", LOST.values(), ids=list(LOST))
def test_a_restoration_holds_back_images_whose_keys_are_known_to_be_out_of_reach(
    fleet: LocalEC2, restore: Restore, shared: str, state: Json
) -> None:
    back = restore(shared)["backup_file"]
    if state:
        fleet.seed_keys({"key_id": EAST, "policy": document(ROOT), **state})
    else:
        denied = {"action": "DescribeKey", "code": "NotFoundException", "message": "Gone.", "status": 400}
        fleet.switch(errors_of={arn(EAST): denied})
    held = restore(back, backup=f"{back}.2")
    assert held["failed"]
    assert [launchers(fleet, each) for each in (A, B, C)] == [[], [], [NEW]]
    assert [each.get("error", {}).get("code") for each in held["images"]] == ["HeldBack", "HeldBack", None]


def test_a_restoration_that_cannot_find_keys_says_what_does_not_wait(
    fleet: LocalEC2, run: Run, restore: Restore, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup.json")
    run(policy("Encrypted", "share", NEW, image_ids=IDS, kms="share"), backup=backup)
    actions = ["ec2:*Image*", "kms:*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    blind = fleet.principal("blind", {"Version": "2012-10-17", "Statement": [statement]})
    restored = restore(backup, **{name: blind[name] for name in ("access_key", "secret_key")})
    assert (restored["failed"], users_of(fleet, arn(EAST)), launchers(fleet, A)) == (False, [], [FORMER])
    images = f"us-east-1:{A}, us-east-1:{B}, eu-west-1:{C}"
    [said] = [each for each in warned(restored) if "do not wait for each other" in each]
    assert f"Changes on {images} and on the keys behind do not wait for each other: DescribeSnapshots: " in said


def test_a_restoration_leaves_users_on_keys_of_images_that_they_keep(
    fleet: LocalEC2, restore: Restore, shared: str
) -> None:
    fleet.switch(errors_of={A: {"action": "ModifyImageAttribute", "code": "InternalError", "status": 400}})
    kept = restore(shared)
    assert kept["failed"]
    assert [users_of(fleet, arn(EAST)), users_of(fleet, arn(WEST, "eu-west-1"))] == [[NEW], []]
    assert [each.get("error", {}).get("code") for each in kept["keys"]] == ["HeldBack", None]
    fleet.switch(errors_of={})
    assert not restore(shared, backup=f"{shared}.2")["failed"]
    assert [users_of(fleet, arn(EAST)), launchers(fleet, A)] == [[], [FORMER]]


def test_a_restoration_leaves_users_on_keys_and_snapshots_of_images_that_it_cannot_read(
    fleet: LocalEC2, restore: Restore, shared: str
) -> None:
    denied = {"action": "DescribeImageAttribute", "code": "UnauthorizedOperation", "message": "No.", "status": 403}
    fleet.switch(errors_of={A: denied})
    kept = restore(shared)
    assert kept["failed"]
    assert [launchers(fleet, A), copiers(fleet, A)] == [[NEW], [FORMER, NEW]]
    assert [users_of(fleet, arn(EAST)), users_of(fleet, arn(WEST, "eu-west-1"))] == [[NEW], []]
    assert [each.get("error", {}).get("code") for each in kept["keys"]] == ["HeldBack", None]
    assert f"revoking on {A} (us-east-1)" in kept["keys"][0]["error"]["message"]
    fleet.switch(errors_of={})
    assert not restore(shared, backup=f"{shared}.2")["failed"]
    assert [users_of(fleet, arn(EAST)), launchers(fleet, A), copiers(fleet, A)] == [[], [FORMER], [FORMER]]


def test_a_restoration_takes_nobody_off_where_an_image_may_be_under_any_key(
    fleet: LocalEC2, restore: Restore, shared: str
) -> None:
    """EC2 does not even describe the images, so nobody knows what is behind them."""
    statement = {"Effect": "Allow", "Action": ["ec2:*Attribute", "ec2:DescribeSnapshots", "kms:*"], "Resource": "*"}
    blind = fleet.principal("blind", {"Version": "2012-10-17", "Statement": [statement]})
    kept = restore(shared, **{name: blind[name] for name in ("access_key", "secret_key")})
    assert [each["error"]["code"] for each in kept["images"]] == ["UnauthorizedOperation"] * 3
    assert [each["error"]["code"] for each in [*kept["keys"], *kept["snapshots"]]] == ["HeldBack"] * 5
    assert [users_of(fleet, arn(EAST)), launchers(fleet, A), copiers(fleet, A)] == [[NEW], [NEW], [FORMER, NEW]]
    images = f"eu-west-1:{C}, us-east-1:{A}, us-east-1:{B}"
    off = "so nobody is taken off any snapshot or key in the same Region"
    assert f"What is behind {images} could not be read, {off}" in warned(kept)


def test_a_restoration_leaves_users_on_keys_of_images_whose_state_lets_nothing_be_revoked(
    fleet: LocalEC2, restore: Restore, shared: str
) -> None:
    content = json.loads(Path(shared).read_text())
    content["images"][0]["before"]["shared_tags"], content["images"][0]["after"]["shared_tags"] = {}, {"team": "web"}
    Path(shared).write_text(json.dumps(content))
    fleet.seed(encrypted(A, arn(EAST), NEW, state="failed", tags={"ec2:SharedTag/team": "web"}))
    kept = restore(shared)
    assert [each["attribute"] for each in kept["images"][0]["requests"]] == ["sharedTags"]
    assert [users_of(fleet, arn(EAST)), users_of(fleet, arn(WEST, "eu-west-1"))] == [[NEW], []]
    assert [each.get("error", {}).get("code") for each in kept["keys"]] == ["HeldBack", None]


def test_a_restoration_takes_users_off_keys_of_images_that_are_gone(
    fleet: LocalEC2, restore: Restore, shared: str
) -> None:
    content = json.loads(Path(shared).read_text())
    for entry in content["images"]:
        entry["id"] = {A: "ami-0dddddddddddddddd"}.get(entry["id"], entry["id"])
    Path(shared).write_text(json.dumps(content))
    restored = restore(shared)
    assert [each.get("error", {}).get("code") for each in restored["images"]] == ["InvalidAMIID.NotFound", None, None]
    assert [users_of(fleet, arn(EAST)), users_of(fleet, arn(WEST, "eu-west-1"))] == [[], []]
    assert [each for each in warned(restored) if "What is behind" in each] == []


def test_a_restoration_adds_to_a_key_before_and_takes_off_it_after_its_images(
    fleet: LocalEC2, run: Run, run_module: Run, restore: Restore, tmp_path: Path
) -> None:
    """One key has both: two writes, the second of which is based on the first."""
    run(policy("Before", "share", FORMER, image_ids=IDS[:1], kms="share"))
    backup = str(tmp_path / "keys.json")
    run_module(
        "kms_key_sharing",
        key_id=arn(EAST),
        key_users={"user_ids": [NEW]},
        purge_key_users=True,
        backup=backup,
    )
    images = run(policy("Images", "exclusive", NEW, image_ids=IDS[:1], kms="ignore"), backup=f"{backup}.images")
    both = json.loads(Path(images["backup_file"]).read_text())
    both["keys"] = json.loads(Path(backup).read_text())["keys"]
    Path(backup).write_text(json.dumps(both))
    fleet.switch(policy_lag_reads=1)
    fleet.clear()
    restored = restore(backup)
    assert not restored["failed"]
    assert written(fleet) == ["PutKeyPolicy", *["ModifyImageAttribute"] * 2, "PutKeyPolicy"]
    assert (users_of(fleet, arn(EAST)), launchers(fleet, A)) == ([FORMER], [FORMER])


def test_a_backup_without_keys_is_one_that_earlier_versions_know(fleet: LocalEC2, run: Run, tmp_path: Path) -> None:
    backup = tmp_path / "backup.json"
    run(policy("Encrypted", "share", NEW, image_ids=IDS), backup=str(backup))
    assert set(json.loads(backup.read_text())) == {"amikit_backup", "made", "caller", "images", "snapshots"}


# Restorations of keys that are not behind any image of the backup, and of those that are


@pytest.fixture
def of_key(run_module: Run) -> Run:
    return lambda **options: run_module("kms_key_sharing", key_id=arn(EAST), **options)


def with_images(backup: str, of_images: str) -> str:
    """Put the images of a backup into another one, that of a key."""
    content = json.loads(Path(backup).read_text())
    content["images"] = json.loads(Path(of_images).read_text())["images"]
    Path(backup).write_text(json.dumps(content))
    return backup


@pytest.fixture
def swapped(fleet: LocalEC2, run: Run, of_key: Run, tmp_path: Path) -> t.Callable[..., str]:
    """Return a backup of a run that took some users off a key and added others, with images under it or without."""

    def swap(users: list[str], others: list[str], *, images: bool) -> str:
        of_key(key_users={"user_ids": users})
        backup = str(tmp_path / "key.json")
        of_key(key_users={"user_ids": others}, purge_key_users=True, backup=backup)
        one = policy("Images", "share", others[0], image_ids=IDS[:1], kms="ignore")
        return with_images(backup, run(one, backup=f"{backup}.images")["backup_file"]) if images else backup

    return swap


@pytest.mark.parametrize("images", [False, True], ids=["alone", "behind an image"])
def test_a_restoration_takes_nobody_off_a_key_in_whose_place_it_could_add_nobody(
    fleet: LocalEC2, restore: Restore, swapped: t.Callable[..., str], images: bool
) -> None:
    backup = swapped([FORMER], [NEW], images=images)
    refused = {"action": "PutKeyPolicy", "code": "KMSInternalException", "status": 400, "times": 1}
    fleet.switch(errors_of={arn(EAST): refused})
    failed = restore(backup)
    assert failed["failed"]
    assert [users_of(fleet, arn(EAST)), launchers(fleet, A)] == [[NEW], [FORMER]]
    [key] = failed["keys"]
    assert (key["error"]["code"], key["changed"]) == ("KMSInternalException", False)
    assert not restore(backup, backup=f"{backup}.2")["failed"]
    assert users_of(fleet, arn(EAST)) == [FORMER]


def many(start: int) -> list[str]:
    return [f"{number:012}" for number in range(start, start + 400)]


def test_a_restoration_of_a_key_alone_swaps_its_users_in_one_write(
    fleet: LocalEC2, restore: Restore, swapped: t.Callable[..., str]
) -> None:
    """All of them together would be more than a key policy holds."""
    backup = swapped(many(0), many(400), images=False)
    fleet.clear()
    assert not restore(backup)["failed"]
    assert (written(fleet), users_of(fleet, arn(EAST))) == (["PutKeyPolicy"], many(0))


def test_users_of_a_key_who_do_not_fit_before_others_are_taken_off_are_a_refusal(
    fleet: LocalEC2, restore: Restore, swapped: t.Callable[..., str]
) -> None:
    backup = swapped(many(0), many(400), images=True)
    fleet.clear()
    results = [restore(backup, check=True), restore(backup)]
    for failed in results:
        [key] = failed["keys"]
        assert (failed["failed"], key["error"]["code"], key["error"]["predicted"]) == (
            True,
            "LimitExceededException",
            True,
        )
        assert "bytes before the first user is taken off, and KMS takes 32768" in key["error"]["message"]
    assert ("PutKeyPolicy" in written(fleet), users_of(fleet, arn(EAST))) == (False, many(400))


# Each: a statement with a Sid of ours that nobody else may have, and what is added to one of ours by hand.
BY_HAND: dict[str, t.Callable[[list[Json]], list[Json]]] = {
    "a Sid of ours": lambda held: [*held, {**allowing(OTHER), "Sid": "AmikitSharingMine"}],
    "an action more": lambda held: [
        {**each, "Action": [*each["Action"], "kms:Encrypt"]} if each["Sid"] == "AmikitSharingAccountsUse" else each
        for each in held
    ],
}


@pytest.mark.parametrize("changed", BY_HAND.values(), ids=list(BY_HAND))
def test_a_restoration_leaves_a_statement_that_is_not_of_our_form(
    fleet: LocalEC2, of_key: Run, restore: Restore, tmp_path: Path, changed: t.Callable[[list[Json]], list[Json]]
) -> None:
    """Even if all that it asks for is who among the users has something besides."""
    backup = str(tmp_path / "key.json")
    of_key(key_users={"user_ids": [NEW]})
    of_key(autoscaling=True, backup=backup)
    fleet.seed_keys({"key_id": EAST, "policy": document(*changed(policies_of(fleet)[0]["Statement"]))})
    by_hand = policies_of(fleet)[0]
    refused = restore(backup)
    assert [refused["failed"], refused["keys"][0]["error"]["code"]] == [True, "OddStatement"]
    assert policies_of(fleet)[0] == by_hand


def test_a_restoration_of_a_restoration_has_auto_scaling(
    fleet: LocalEC2, run: Run, restore: Restore, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup.json")
    one = policy("One", "share", NEW, image_ids=IDS[:1], kms="share")
    run(one, backup=backup)
    run({**one, "kms_autoscaling": True})
    restored = restore(backup)
    assert [users_of(fleet, arn(EAST)), groups_of(fleet, arn(EAST))] == [[], []]
    assert not restore(restored["backup_file"])["failed"]
    assert [users_of(fleet, arn(EAST)), groups_of(fleet, arn(EAST)), launchers(fleet, A)] == [
        [NEW],
        [NEW],
        [FORMER, NEW],
    ]


def test_an_exact_restoration_leaves_auto_scaling_of_which_its_backup_says_nothing(
    fleet: LocalEC2, of_key: Run, restore: Restore, tmp_path: Path
) -> None:
    backup = str(tmp_path / "key.json")
    of_key(key_users={"user_ids": [FORMER]}, autoscaling=True)
    of_key(key_users={"user_ids": [NEW]}, backup=backup)
    of_key(key_users={"user_ids": [OTHER]}, autoscaling=True)
    restored = restore(backup, exact=True)
    assert [users_of(fleet, arn(EAST)), groups_of(fleet, arn(EAST))] == [[FORMER], [FORMER]]
    assert not restore(restored["backup_file"], exact=True)["failed"]
    assert [users_of(fleet, arn(EAST)), groups_of(fleet, arn(EAST))] == [[FORMER, NEW, OTHER]] * 2


def test_auto_scaling_is_no_text_that_may_be_shown_late(
    fleet: LocalEC2, of_key: Run, restore: Restore, tmp_path: Path
) -> None:
    backup = str(tmp_path / "key.json")
    of_key(key_users={"user_ids": [NEW]}, autoscaling=True, backup=backup)
    restore(backup)
    again = restore(backup, backup=f"{backup}.2")
    assert [again["failed"], again["changed"], warned(again)] == [False, False, []]
    assert users_of(fleet, arn(EAST)) == []
