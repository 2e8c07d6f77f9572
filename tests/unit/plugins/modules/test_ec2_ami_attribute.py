# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_attribute over HTTP: what a user sees and what EC2 holds, in check mode and for real, once and again."""

from __future__ import annotations

import threading
import typing as t
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from unit.images import Clock
from unit.images import counted
from unit.images import modifying

from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import ATTRIBUTES
from local_ec2.client import LocalEC2

AMI = "ami-0123456789abcdef0"
OTHER = "ami-0fedcba9876543210"
THIRD = "ami-11111111"
A, B, C = "111111111111", "222222222222", "333333333333"
OWNER = "123456789012"
ORG = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
OU = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij"
NOBODY: dict[str, list[str]] = {"user_ids": [], "group_names": [], "org_arns": [], "org_unit_arns": []}
PUBLIC = {"group_names": ["all"]}

Json = dict[str, t.Any]


Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run) -> Run:
    def run(*, check: bool = False, **options: t.Any) -> Json:
        named = {} if {"image_id", "image_ids"} & set(options) else {"image_id": AMI}
        return run_module("ec2_ami_attribute", check=check, **named, **options)

    return run


def permissions(**entries: list[str]) -> dict[str, list[str]]:
    return {**NOBODY, **entries}


def said(result: Json) -> str:
    """Return all that the module says. Some versions of Ansible add its arguments, as far as they are not secret."""
    return str({key: value for key, value in result.items() if key != "invocation"})


def held(ec2: LocalEC2, image_id: str = AMI, region: str = "us-east-1") -> Json:
    """Return what EC2 holds, in the shape of the result."""
    truth = ec2.image(image_id, region)
    assert truth is not None
    return {each.option: truth[each.option] or each.unset for each in ATTRIBUTES if each.option in truth}


# Scenarios in fours. Each: (the image, the options, the requests, what the managed attributes are afterwards)
Scenario = tuple[Json, Json, list[tuple[str, str, int]], Json]
CHANGES: dict[str, Scenario] = {
    "a description": (
        {"description": "old"},
        {"description": "new"},
        [("description", "set", 1)],
        {"description": "new"},
    ),
    "a description where there is none": (
        {},
        {"description": "new"},
        [("description", "set", 1)],
        {"description": "new"},
    ),
    "a description of every printable character": (
        {},
        {"description": "".join(map(chr, range(33, 127)))},
        [("description", "set", 1)],
        {"description": "".join(map(chr, range(33, 127)))},
    ),
    "imds support": ({}, {"imds_support": "v2.0"}, [("imdsSupport", "set", 1)], {"imds_support": "v2.0"}),
    "an account beside another": (
        {"launch_permissions": {"user_ids": [B]}},
        {"launch_permissions": {"user_ids": [A]}},
        [("launchPermission", "add", 1)],
        {"launch_permissions": permissions(user_ids=[A, B])},
    ),
    "an account that is a number in YAML": (
        {},
        {"launch_permissions": {"user_ids": [111111111111]}},
        [("launchPermission", "add", 1)],
        {"launch_permissions": permissions(user_ids=[A])},
    ),
    "the owner itself, an entry like any other": (
        {},
        {"launch_permissions": {"user_ids": [OWNER]}},
        [("launchPermission", "add", 1)],
        {"launch_permissions": permissions(user_ids=[OWNER])},
    ),
    "everyone": (
        {},
        {"launch_permissions": PUBLIC},
        [("launchPermission", "add", 1)],
        {"launch_permissions": permissions(group_names=["all"])},
    ),
    "an organization and an OU": (
        {},
        {"launch_permissions": {"org_arns": [ORG], "org_unit_arns": [OU]}},
        [("launchPermission", "add", 2)],
        {"launch_permissions": permissions(org_arns=[ORG], org_unit_arns=[OU])},
    ),
    "an organization and an OU by their other names": (
        {},
        {"launch_permissions": {"organization_arns": [ORG], "organizational_unit_arns": [OU]}},
        [("launchPermission", "add", 2)],
        {"launch_permissions": permissions(org_arns=[ORG], org_unit_arns=[OU])},
    ),
    "an account revoked": (
        {"launch_permissions": {"user_ids": [A, B]}},
        {"revoke_launch_permissions": {"user_ids": [A]}},
        [("launchPermission", "remove", 1)],
        {"launch_permissions": permissions(user_ids=[B])},
    ),
    "one granted, one revoked": (
        {"launch_permissions": {"user_ids": [B, C]}},
        {"launch_permissions": {"user_ids": [A]}, "revoke_launch_permissions": {"user_ids": [B]}},
        [("launchPermission", "add", 1), ("launchPermission", "remove", 1)],
        {"launch_permissions": permissions(user_ids=[A, C])},
    ),
    "an exact list": (
        {"launch_permissions": {"user_ids": [B, C], "group_names": ["all"], "org_arns": [ORG]}},
        {"launch_permissions": {"user_ids": [A, B]}, "purge_launch_permissions": True},
        [("launchPermission", "add", 1), ("launchPermission", "remove", 3)],
        {"launch_permissions": permissions(user_ids=[A, B])},
    ),
    "going private": (
        {"launch_permissions": {"user_ids": [B], "group_names": ["all"]}},
        {"launch_permissions": {}, "purge_launch_permissions": True},
        [("launchPermission", "remove", 2)],
        {"launch_permissions": NOBODY},
    ),
    "everything": (
        {"description": "old", "launch_permissions": {"user_ids": [B]}},
        {
            "description": "new",
            "imds_support": "v2.0",
            "launch_permissions": {"user_ids": [A]},
            "purge_launch_permissions": True,
        },
        [
            ("launchPermission", "add", 1),
            ("launchPermission", "remove", 1),
            ("description", "set", 1),
            ("imdsSupport", "set", 1),
        ],
        {"description": "new", "imds_support": "v2.0", "launch_permissions": permissions(user_ids=[A])},
    ),
    "a public image stays public where public access is blocked": (
        {"launch_permissions": PUBLIC, "region": "eu-west-1"},
        {"image_id": f"eu-west-1:{AMI}", "launch_permissions": {**PUBLIC, "user_ids": [A]}},
        [("launchPermission", "add", 1)],
        {"launch_permissions": permissions(group_names=["all"], user_ids=[A])},
    ),
}


@pytest.mark.parametrize(("image", "options", "requests", "after"), CHANGES.values(), ids=list(CHANGES))
def test_a_change_in_fours(
    ec2: LocalEC2, run: Run, image: Json, options: Json, requests: list[tuple[str, str, int]], after: Json
) -> None:
    ec2.seed({"image_id": AMI, "name": "golden", **image})
    ec2.switch(block_public_access={"eu-west-1": "block-new-sharing"})
    region = image.get("region", "us-east-1")
    was = held(ec2, region=region)

    previewed = run(check=True, **options)
    assert held(ec2, region=region) == was
    applied = run(**options)
    now = held(ec2, region=region)
    again_previewed, again = run(check=True, **options), run(**options)

    assert [result["failed"] for result in (previewed, applied, again_previewed, again)] == [False] * 4
    assert [result["changed"] for result in (previewed, applied, again_previewed, again)] == [True, True, False, False]
    assert applied["images"] == [
        {
            "image_id": AMI,
            "region": region,
            "name": "golden",
            "changed": True,
            **entries_between(was, now),
            "before": {option: was[option] for option in after},
            "after": after,
            "requests": as_requests(requests, "applied"),
        }
    ]
    assert previewed["images"] == [{**applied["images"][0], "requests": as_requests(requests, "authorized")}]
    assert now == {**was, **after}
    assert previewed["diff"] == applied["diff"] == [as_diff(applied["images"][0])]
    unchanged = {**applied["images"][0], **entries_between(now, now), "changed": False, "before": after, "requests": []}
    assert again_previewed["images"] == again["images"] == [unchanged]
    assert again_previewed["diff"] == again["diff"] == []
    assert previewed["summary"] == applied["summary"] == summary_of(applied["images"][0])
    assert again_previewed["summary"] == again["summary"] == summary_of(unchanged)
    assert [write["dry_run"] for write in modifying(ec2)] == [True] * len(requests) + [False] * len(requests)


def entries_between(was: Json, now: Json) -> Json:
    """Return who was granted and revoked between two states of an image."""
    before, after = was["launch_permissions"], now["launch_permissions"]
    return {
        "granted": {kind: [one for one in after[kind] if one not in before[kind]] for kind in NOBODY},
        "revoked": {kind: [one for one in before[kind] if one not in after[kind]] for kind in NOBODY},
    }


def summary_of(image: Json) -> Json:
    """Return the summary of a task with this image alone, which did not fail."""
    counts = {verb: sum(map(len, image[verb].values())) for verb in ("granted", "revoked")}
    changed = int(image["changed"])
    return {"images": 1, "changed": changed, "unchanged": 1 - changed, "failed": 0, **counts, "regions": 1}


def as_requests(requests: list[tuple[str, str, int]], status: str) -> list[Json]:
    return [
        {"attribute": attribute, "operation": operation, "entries": entries, "status": status}
        for attribute, operation, entries in requests
    ]


def as_diff(image: Json) -> Json:
    header = " ".join(filter(None, [image["name"], image["image_id"], f"({image['region']})"]))
    return {
        "before_header": header,
        "after_header": header,
        "before": as_lines(image["before"]),
        "after": as_lines(image["after"]),
    }


def as_lines(attributes: Json) -> str:
    """Return a line for each text that is set, and for each entry of a list."""
    listed: Json = attributes.get("launch_permissions", {})
    texts = [f"{option}: {attributes[option]}" for option in ("description", "imds_support") if attributes.get(option)]
    entries = [f"launch_permissions.{kind}: {entry}" for kind in sorted(listed) for entry in listed[kind]]
    return "".join(f"{line}\n" for line in texts + entries)


UNCHANGED: dict[str, tuple[Json, Json]] = {
    "the description it has": ({"description": "same"}, {"description": "same"}),
    "no description where there is none": ({}, {"description": ""}),
    "imds support that it has": ({"imds_support": "v2.0"}, {"imds_support": "v2.0"}),
    "an entry that is held": ({"launch_permissions": {"user_ids": [A, B]}}, {"launch_permissions": {"user_ids": [A]}}),
    "nothing to grant": ({"launch_permissions": {"user_ids": [A]}}, {"launch_permissions": {}}),
    "nothing to revoke": ({"launch_permissions": {"user_ids": [A]}}, {"revoke_launch_permissions": {}}),
    "an entry that is not held, revoked": ({}, {"revoke_launch_permissions": {"user_ids": [A]}}),
    "exactly what is held, in another order": (
        {"launch_permissions": {"user_ids": [A, B], "org_arns": [ORG]}},
        {"launch_permissions": {"org_arns": [ORG], "user_ids": [B, A, A]}, "purge_launch_permissions": True},
    ),
    "a disabled image that is as asked": ({"state": "disabled", "description": "same"}, {"description": "same"}),
}


@pytest.mark.parametrize(("image", "options"), UNCHANGED.values(), ids=list(UNCHANGED))
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_no_change(ec2: LocalEC2, run: Run, image: Json, options: Json, check: bool) -> None:
    ec2.seed({"image_id": AMI, **image})
    was = held(ec2)
    result = run(check=check, **options)
    assert not result["failed"]
    assert not result["changed"]
    assert result["images"][0]["before"] == result["images"][0]["after"]
    assert result["diff"] == []
    assert held(ec2) == was
    assert modifying(ec2) == []


def test_before_fed_back_restores(ec2: LocalEC2, run: Run) -> None:
    shared = permissions(user_ids=[A, B], group_names=["all"], org_arns=[ORG], org_unit_arns=[OU])
    ec2.seed({"image_id": AMI, "description": "old", "launch_permissions": shared})
    was = held(ec2)
    changed = run(description="new", launch_permissions={"user_ids": [C]}, purge_launch_permissions=True)
    assert held(ec2) != was
    run(**changed["images"][0]["before"], purge_launch_permissions=True)
    assert held(ec2) == was


def test_odd_entries_that_ec2_holds_are_kept_and_can_be_purged(ec2: LocalEC2, run: Run) -> None:
    odd = {"user_ids": ["amazon-backup"], "group_names": ["some-group"], "org_arns": ["o-abcdefghij"]}
    ec2.seed({"image_id": AMI, "launch_permissions": odd})
    kept = run(launch_permissions={"user_ids": [A]})
    assert kept["images"][0]["after"]["launch_permissions"] == permissions(**{**odd, "user_ids": [A, "amazon-backup"]})
    purged = run(check=True, launch_permissions={"user_ids": [A]}, purge_launch_permissions=True)
    assert purged["images"][0]["after"]["launch_permissions"] == permissions(user_ids=[A])


# The budget of requests.


@pytest.mark.parametrize(
    ("options", "unchanged", "changing"),
    [
        ({"description": "d"}, {"DescribeImages": 1}, {"DescribeImages": 2, "ModifyImageAttribute": 1}),
        ({"imds_support": "v2.0"}, {"DescribeImages": 1}, {"DescribeImages": 2, "ModifyImageAttribute": 1}),
        (
            {"launch_permissions": {"user_ids": [A]}},
            {"DescribeImages": 1, "DescribeImageAttribute": 1},
            {"DescribeImages": 1, "DescribeImageAttribute": 2, "ModifyImageAttribute": 1},
        ),
        (
            {"description": "d", "imds_support": "v2.0", "launch_permissions": {"user_ids": [A]}},
            {"DescribeImages": 1, "DescribeImageAttribute": 1},
            {"DescribeImages": 2, "DescribeImageAttribute": 2, "ModifyImageAttribute": 3},
        ),
    ],
    ids=["description", "imds support", "launch permissions", "all"],
)
def test_requests_of_one_image(
    ec2: LocalEC2, run: Run, options: Json, unchanged: dict[str, int], changing: dict[str, int]
) -> None:
    ec2.seed({"image_id": AMI})
    run(**options)
    assert counted(ec2) == changing
    run(**options)
    assert counted(ec2) == unchanged


def test_without_wait_nothing_is_read_again(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    run(launch_permissions={"user_ids": [A]}, wait=False)
    assert counted(ec2) == {"DescribeImages": 1, "DescribeImageAttribute": 1, "ModifyImageAttribute": 1}


def test_requests_of_a_fleet_in_two_regions(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:017x}" for number in range(250)]
    made = [{"image_id": image_id, "region": "us-east-1"} for image_id in ids]
    made += [{"image_id": image_id, "region": "eu-west-1"} for image_id in ids[:30]]
    ec2.seed(*made)
    options = {"image_ids": ids + [f"eu-west-1:{image_id}" for image_id in ids[:30]], "description": "d"}
    result = run(**options)
    assert len(result["images"]) == 280
    assert counted(ec2) == {"DescribeImages": 2 + 1 + 2 + 1, "ModifyImageAttribute": 280}
    assert not run(**options)["changed"]
    assert counted(ec2) == {"DescribeImages": 2 + 1}


def test_regions_take_turns(ec2: LocalEC2, run: Run) -> None:
    """EC2 meters each Region by itself, so none waits until another, whose bucket is empty, is done."""
    ids, regions = [AMI, OTHER, THIRD], ["us-east-1", "eu-west-1"]
    ec2.seed(*({"image_id": image_id, "region": region} for region in regions for image_id in ids))
    named = [f"{region}:{image_id}" for region in regions for image_id in ids]
    result = run(image_ids=named, launch_permissions={"user_ids": [A]}, concurrency=1)
    assert [f"{image['region']}:{image['image_id']}" for image in result["images"]] == named
    reads = [request["region"] for request in ec2.requests("DescribeImageAttribute")]
    assert reads[:6] == 3 * regions
    assert [request["region"] for request in ec2.requests("ModifyImageAttribute")] == 3 * regions


def test_whether_public_access_is_blocked_is_asked_once_a_region(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI}, {"image_id": OTHER}, {"image_id": THIRD, "region": "eu-west-1"})
    run(image_ids=[AMI, OTHER, f"eu-west-1:{THIRD}"], launch_permissions=PUBLIC)
    assert counted(ec2)["GetImageBlockPublicAccessState"] == 2


def test_an_image_with_twelve_thousand_accounts_takes_two_writes(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    ec2.switch(sharing_quota=12_000)
    accounts = [f"{number:012}" for number in range(12_000)]
    result = run(launch_permissions={"user_ids": accounts})
    assert [request["entries"] for request in result["images"][0]["requests"]] == [10_000, 2_000]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=accounts)
    assert len(modifying(ec2)) == 2


# Which images.


def test_images_are_returned_in_the_order_asked_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI}, {"image_id": OTHER}, {"image_id": THIRD, "region": "eu-west-1"})
    result = run(image_ids=[OTHER, f"eu-west-1:{THIRD}", AMI, OTHER], description="d")
    assert [(image["image_id"], image["region"]) for image in result["images"]] == [
        (OTHER, "us-east-1"),
        (THIRD, "eu-west-1"),
        (AMI, "us-east-1"),
    ]


def test_packers_artifact_works_as_it_is(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "region": "us-west-2"}, {"image_id": OTHER, "region": "eu-west-1"})
    result = run(image_id=f"us-west-2:{AMI},eu-west-1:{OTHER}", description="d")
    assert result["changed"]
    assert held(ec2, AMI, "us-west-2")["description"] == held(ec2, OTHER, "eu-west-1")["description"] == "d"


def test_no_images_are_nothing_to_do(ec2: LocalEC2, run: Run) -> None:
    result = run(image_ids=[], description="d")
    assert (result["failed"], result["changed"], result["images"], result["diff"]) == (False, False, [], [])
    assert ec2.requests() == []


def test_only_the_image_that_differs_is_changed(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "description": "d"}, {"image_id": OTHER, "description": "old"})
    result = run(image_ids=[AMI, OTHER], description="d")
    assert [image["changed"] for image in result["images"]] == [False, True]
    assert result["diff"] == [as_diff(result["images"][1])]


def test_without_diff_there_is_none(ec2: LocalEC2, run_module: Run) -> None:
    ec2.seed({"image_id": AMI})
    assert "diff" not in run_module("ec2_ami_attribute", diff=False, image_id=AMI, description="d")


def test_bad_input_sends_nothing(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    result = run(image_ids=[AMI, "ami-bad"], description="\u2014", launch_permissions={"user_ids": ["1"]})
    assert result["failed"]
    assert "3 problems in the task; nothing was sent to EC2:\n" in result["msg"]
    assert ec2.requests() == []


# What EC2 refuses.

REFUSED: dict[str, tuple[Json | None, Json, str, str, bool]] = {
    # what: (the image, None for none; the options; code; words of the message; predicted)
    "foreign": ({"owner_id": C}, {"launch_permissions": {"user_ids": [A]}}, "AuthFailure", f"belongs to {C}", True),
    "foreign, by description": ({"owner_id": C}, {"description": "d"}, "AuthFailure", f"belongs to {C}", True),
    "failed": ({"state": "failed"}, {"description": "d"}, "InvalidAMIID.Unavailable", "never becomes available", True),
    "disabled": (
        {"state": "disabled"},
        {"description": "d"},
        "InvalidAMIID.Unavailable",
        "is disabled; enable it",
        True,
    ),
    "pending": (
        {"pending_reads": 99},
        {"description": "d", "wait": False},
        "InvalidAMIID.Unavailable",
        "is pending",
        True,
    ),
    "pending for too long": (
        {"pending_reads": 99},
        {"description": "d", "wait_timeout": 0},
        "InvalidAMIID.Unavailable",
        "still pending after 0 s",
        True,
    ),
    "marketplace": (
        {"product_codes": ["abcdefghijklmnopqrstuvwxy"]},
        {"launch_permissions": PUBLIC},
        "OperationNotPermitted",
        "Marketplace product code",
        True,
    ),
    "encrypted": (
        {"encrypted": True},
        {"launch_permissions": PUBLIC},
        "UnsupportedOperation",
        "encrypted snapshot",
        True,
    ),
    "blocked": (
        {"region": "eu-west-1"},
        {"launch_permissions": PUBLIC},
        "OperationNotPermitted",
        "Block public access for AMIs is on",
        True,
    ),
    "unknown": (None, {"description": "d"}, "InvalidAMIID.NotFound", "does not exist", False),
    "no room for an organization on the way": (
        {"launch_permissions": {"user_ids": [f"{number:012}" for number in range(1000)]}},
        {"launch_permissions": {"org_arns": [ORG]}, "purge_launch_permissions": True},
        "ResourceLimitExceeded",
        "would temporarily hold 1001 entries, and the quota is 1000",
        True,
    ),
    "a description that is to go": (
        {"description": "old"},
        {"description": ""},
        "MissingParameter",
        "EC2 cannot clear the description",
        True,
    ),
}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("image", "options", "code", "words", "predicted"), REFUSED.values(), ids=list(REFUSED))
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_refusal_changes_nothing_anywhere(
    ec2: LocalEC2,
    run: Run,
    image: Json | None,
    options: Json,
    code: str,
    words: str,
    predicted: bool,
    check: bool,
) -> None:
    ec2.seed({"image_id": OTHER}, *([{"image_id": AMI, **image}] if image is not None else []))
    ec2.switch(block_public_access={"eu-west-1": "block-new-sharing"})
    good = held(ec2, OTHER)
    region = (image or {}).get("region", "us-east-1")
    result = run(check=check, image_ids=[OTHER, f"{region}:{AMI}"], **options)
    assert result["failed"]
    assert not result["changed"]
    assert result["msg"].startswith(f"1 of 2 images failed: {AMI} ({region}): ")
    assert code in result["msg"]
    beside, refused = result["images"]
    assert (refused["error"]["code"], refused["error"]["predicted"]) == (code, predicted)
    assert words in refused["error"]["message"]
    assert beside == {"image_id": OTHER, "region": "us-east-1", "name": beside["name"], "changed": False}
    assert {request["status"] for request in refused["requests"]} <= {"not_sent"}
    assert result["diff"] == []
    assert held(ec2, OTHER) == good
    assert modifying(ec2) == []


@pytest.mark.parametrize("image", [{"product_codes": ["abc"]}, {"encrypted": True}, {}], ids=str)
def test_what_may_not_be_public_may_be_shared(ec2: LocalEC2, run: Run, image: Json) -> None:
    ec2.seed({"image_id": AMI, **image})
    ec2.switch(block_public_access={"us-east-1": "block-new-sharing"})
    result = run(launch_permissions={"user_ids": [A]})
    assert not result["failed"]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=[A])
    assert "GetImageBlockPublicAccessState" not in counted(ec2)


def test_a_refusal_has_all_its_reasons(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "encrypted": True, "product_codes": ["abc"]})
    ec2.switch(block_public_access={"us-east-1": "block-new-sharing"})
    message = run(launch_permissions=PUBLIC)["images"][0]["error"]["message"]
    assert "Marketplace" in message
    assert "encrypted" in message
    assert "Block public access" in message


@pytest.mark.usefixtures("clock")
def test_the_message_names_the_first_five(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:08x}" for number in range(7)]
    result = run(image_ids=ids, description="d")
    assert result["msg"].startswith("7 of 7 images failed: ami-00000000 (us-east-1): ")
    assert [image_id in result["msg"] for image_id in ids] == [True] * 5 + [False] * 2
    assert "and 2 more" in result["msg"]
    assert [image["error"]["code"] for image in result["images"]] == ["InvalidAMIID.NotFound"] * 7


# Failures once writing has begun.


def test_the_failure_of_one_image_does_not_stop_the_others(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:08x}" for number in range(5)]
    ec2.seed(*({"image_id": image_id, "launch_permissions": {"user_ids": [B]}} for image_id in ids))
    quota = {"code": "ResourceLimitExceeded", "message": "Quota.", "status": 400, "action": "ModifyImageAttribute"}
    ec2.switch(errors_of={ids[1]: quota})
    result = run(
        image_ids=ids, launch_permissions={"user_ids": [A]}, revoke_launch_permissions={"user_ids": [B]}, concurrency=1
    )
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith(f"1 of 5 images failed: {ids[1]} (us-east-1): ModifyImageAttribute: ")
    assert "4 images changed" in result["msg"]
    assert [image["changed"] for image in result["images"]] == [True, False, True, True, True]
    failed = result["images"][1]
    assert (failed["granted"], failed["revoked"]) == (NOBODY, NOBODY)
    assert [request["status"] for request in failed["requests"]] == ["failed", "not_sent"]
    assert failed["error"]["code"] == "ResourceLimitExceeded"
    assert failed["error"]["message"] == "Quota."
    assert failed["error"]["request_id"]
    assert not failed["error"]["predicted"]
    for image in result["images"]:
        now = permissions(user_ids=[A] if image["changed"] else [B])
        assert held(ec2, image["image_id"])["launch_permissions"] == now
        assert image["granted"]["user_ids"] == ([A] if image["changed"] else [])


def test_what_was_applied_before_an_image_failed_is_in_the_result(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    quota = {"code": "ResourceLimitExceeded", "message": "Quota.", "status": 400, "attribute": "launchPermission"}
    ec2.switch(errors_of={AMI: {**quota, "action": "ModifyImageAttribute"}})
    result = run(description="new", launch_permissions={"user_ids": [A]})
    assert result["failed"]
    assert result["changed"]
    assert "1 image changed, in whole or in part" in result["msg"]
    image = result["images"][0]
    assert image["after"] == {"description": "new"}
    assert image["granted"] == NOBODY
    assert [request["status"] for request in image["requests"]] == ["failed", "applied"]
    assert image["requests"][0]["error"] == image["error"]
    assert "error" not in image["requests"][1]
    assert held(ec2)["description"] == "new"


def test_a_description_that_ec2_refuses_stops_no_revocation(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "launch_permissions": {"user_ids": [A, B]}})
    refusal = {"code": "InvalidParameterValue", "message": "No.", "status": 400, "attribute": "description"}
    ec2.switch(errors_of={AMI: {**refusal, "action": "ModifyImageAttribute"}})
    result = run(description="d", launch_permissions={"user_ids": [C]}, revoke_launch_permissions={"user_ids": [A]})
    assert result["failed"]
    assert [request["status"] for request in result["images"][0]["requests"]] == ["applied", "applied", "failed"]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=[B, C])


def test_an_exact_list_that_has_no_room_beside_the_old_one_converges(ec2: LocalEC2, run: Run) -> None:
    old, new = ([f"{number:012}" for number in range(first, first + 900)] for first in (0, 1000))
    ec2.seed({"image_id": AMI, "launch_permissions": {"user_ids": old}})
    ec2.switch(sharing_quota=1000)
    options = {"launch_permissions": {"user_ids": new}, "purge_launch_permissions": True}
    results = [run(check=True, **options), run(**options), run(**options)]
    assert [(result["failed"], result["changed"]) for result in results] == [
        (False, True),
        (False, True),
        (False, False),
    ]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=new)


def test_where_the_quota_was_raised_an_addition_that_fails_still_holds_back_the_removals(
    ec2: LocalEC2, run: Run
) -> None:
    old = [f"{number:012}" for number in range(1500)]
    ec2.seed({"image_id": AMI, "launch_permissions": {"user_ids": old}})
    refusal = {"code": "ResourceLimitExceeded", "message": "No.", "status": 400, "action": "ModifyImageAttribute"}
    ec2.switch(errors_of={AMI: {**refusal, "times": 1}})
    result = run(launch_permissions={"user_ids": [A]}, purge_launch_permissions=True)
    assert [request["status"] for request in result["images"][0]["requests"]] == ["failed", "not_sent"]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=old)


# Denials.

ALLOWED = ["ec2:DescribeImages", "ec2:DescribeImageAttribute", "ec2:GetImageBlockPublicAccessState"]


def policy(*actions: str) -> Json:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


def keys(principal: dict[str, str]) -> dict[str, str]:
    return {name: principal[name] for name in ("access_key", "secret_key")}


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("decode", [True, False], ids=["decoding", "not decoding"])
def test_a_denial_names_the_action_and_the_image(ec2: LocalEC2, run: Run, check: bool, decode: bool) -> None:
    ec2.seed({"image_id": AMI})
    decoding = ["sts:DecodeAuthorizationMessage"] if decode else []
    reader = ec2.principal("reader", policy(*ALLOWED, *decoding))
    was = held(ec2)
    result = run(check=check, description="d", launch_permissions={"user_ids": [A]}, **keys(reader))
    assert result["failed"]
    assert not result["changed"]
    for words in (f"{AMI} (us-east-1)", "ModifyImageAttribute: UnauthorizedOperation", "ec2:ModifyImageAttribute"):
        assert words in result["msg"]
    image = result["images"][0]
    assert image["error"]["code"] == "UnauthorizedOperation"
    assert image["error"]["request_id"] in result["msg"]
    assert "Encoded authorization failure message: " in image["error"]["message"]
    assert "Encoded authorization" not in result["msg"]
    assert ("Decoded authorization message" in result["msg"]) == decode
    assert ("decoded_message" in image["error"]) == decode
    if decode:
        assert image["error"]["decoded_message"]["context"]["action"] == "ec2:ModifyImageAttribute"
    assert [request["status"] for request in image["requests"]] == ["denied", "denied"]
    assert image["before"] == image["after"]
    assert held(ec2) == was


def test_a_denied_image_among_others_fails_the_check_and_not_the_others(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI}, {"image_id": OTHER})
    statements = policy(*ALLOWED)["Statement"] + [
        {"Effect": "Allow", "Action": "ec2:ModifyImageAttribute", "Resource": f"arn:aws:ec2:us-east-1::image/{AMI}"}
    ]
    some = keys(ec2.principal("some", {"Version": "2012-10-17", "Statement": statements}))
    previewed = run(check=True, image_ids=[AMI, OTHER], description="d", **some)
    applied = run(image_ids=[AMI, OTHER], description="d", **some)
    assert [result["failed"] for result in (previewed, applied)] == [True, True]
    assert [result["changed"] for result in (previewed, applied)] == [True, True]
    assert previewed["diff"] == applied["diff"]
    assert [image["requests"][0]["status"] for image in previewed["images"]] == ["authorized", "denied"]
    assert [image["requests"][0]["status"] for image in applied["images"]] == ["applied", "denied"]
    assert (held(ec2)["description"], held(ec2, OTHER)["description"]) == ("d", "")


# The least policy of the README is proven in test_iam_policy.py.


def test_credentials_that_aws_does_not_know(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    ec2.switch(iam=True)
    result = run(description="d")
    assert result["failed"]
    assert "AuthFailure: AWS was not able to validate the provided access credentials" in result["msg"]
    assert result["images"][0]["error"]["request_id"]


def test_no_credentials(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = run(description="d")
    assert result["failed"]
    assert "NoCredentialsError" in result["msg"]
    assert result["images"][0]["error"]["request_id"] is None


@pytest.mark.usefixtures("clock")
def test_results_hold_no_credentials(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    principal = ec2.principal("admin", policy("*"))
    for result in (run(description="d", **keys(principal)), run(image_id=OTHER, description="d", **keys(principal))):
        assert principal["secret_key"] not in said(result)
        assert principal["access_key"] not in said(result)


# The way to EC2.


def test_an_endpoint_that_does_not_answer(ec2: LocalEC2, run: Run) -> None:
    once = {"retries": {"total_max_attempts": 1}}
    result = run(description="d", endpoint_url="http://127.0.0.1:9", aws_config=once)
    assert result["failed"]
    assert "DescribeImages: EndpointConnectionError" in result["msg"]


def test_a_malformed_endpoint(ec2: LocalEC2, run: Run) -> None:
    result = run(description="d", endpoint_url="nonsense")
    assert result["failed"]
    assert "Invalid endpoint: nonsense" in result["msg"]


def test_an_unknown_profile(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = run(description="d", profile="nobody")
    assert result["failed"]
    assert "The config profile (nobody) could not be found" in result["msg"]


def test_the_users_botocore_configuration_wins(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    ec2.switch(throttle_every=1)
    result = run(description="d", aws_config={"retries": {"total_max_attempts": 2, "mode": "standard"}})
    assert "RequestLimitExceeded" in result["msg"]
    assert counted(ec2) == {"DescribeImages": 2}


def test_an_endpoint_that_does_not_know_dry_run_changes_one_image_and_says_so(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:08x}" for number in range(20)]
    ec2.seed(*({"image_id": image_id, "launch_permissions": {"user_ids": [B]}} for image_id in ids))
    ec2.switch(ignore_dry_run=True)
    result = run(check=True, image_ids=ids, launch_permissions={"user_ids": [A]}, description="d")
    assert (result["failed"], result["changed"]) == (True, True)
    assert "This endpoint ignored DryRun and carried out the request" in result["msg"]
    assert "1 image changed although this is check mode" in result["msg"]
    first, *others = result["images"]
    assert [request["status"] for request in first["requests"]] == ["applied", "not_sent"]
    assert first["granted"]["user_ids"] == [A]
    assert not any(image["changed"] for image in others)
    assert held(ec2, ids[0])["launch_permissions"] == permissions(user_ids=[A, B])
    assert [held(ec2, each)["launch_permissions"] for each in ids[1:]] == [permissions(user_ids=[B])] * 19
    assert {held(ec2, each)["description"] for each in ids} == {""}


def test_a_dry_run_without_a_clear_answer_may_have_been_carried_out_and_is_the_last(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*({"image_id": each} for each in (AMI, OTHER, THIRD)))
    # The first request reads; the second is carried out, and its answer is lost.
    ec2.switch(ignore_dry_run=True, drop_after_every=2)
    once = {"retries": {"total_max_attempts": 1}}
    result = run(check=True, image_ids=[AMI, OTHER, THIRD], description="d", aws_config=once)
    assert result["failed"]
    assert "but 1 image may have changed: there was no clear answer to DryRun" in result["msg"]
    assert [held(ec2, each)["description"] for each in (AMI, OTHER, THIRD)] == ["d", "", ""]


# Waiting.


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("code", ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"])
def test_a_pending_image_whose_permissions_ec2_does_not_tell_yet_is_waited_for(
    ec2: LocalEC2, run: Run, code: str
) -> None:
    ec2.seed({"image_id": AMI, "pending_reads": 3})
    once = {"action": "DescribeImageAttribute", "code": code, "message": "No.", "times": 1}
    ec2.switch(errors_of={AMI: once})
    result = run(launch_permissions={"user_ids": [A]})
    assert not result["failed"], result["msg"]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=[A])


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("code", ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "UnauthorizedOperation"])
def test_a_new_image_of_the_caller_is_never_called_foreign(ec2: LocalEC2, run: Run, code: str) -> None:
    """It is missing among the caller's own, and then there, and its permissions do not tell whose it is."""
    ec2.seed({"image_id": AMI, "unseen_reads": 1})
    ec2.switch(errors_of={AMI: {"action": "DescribeImageAttribute", "code": code, "message": "No."}})
    result = run(description="d")
    assert not result["failed"], result["msg"]
    assert held(ec2)["description"] == "d"


@pytest.mark.usefixtures("clock")
def test_who_was_granted_an_image_while_it_was_waited_for_is_purged_too(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "pending_reads": 3})
    ec2.switch(mid_run={AMI: {"add": {"user_ids": [C]}}})
    result = run(launch_permissions={"user_ids": [A]}, purge_launch_permissions=True)
    assert not result["failed"], result["msg"]
    assert result["images"][0]["revoked"]["user_ids"] == [C]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=[A])


def test_a_pending_image_that_needs_no_change_holds_nobody_up(ec2: LocalEC2, run: Run, clock: Clock) -> None:
    ec2.seed({"image_id": AMI, "pending_reads": 1000}, {"image_id": OTHER, "launch_permissions": {"user_ids": [A]}})
    began = clock.now
    result = run(image_ids=[AMI, OTHER], revoke_launch_permissions={"user_ids": [A]})
    assert not result["failed"], result["msg"]
    assert [image["changed"] for image in result["images"]] == [False, True]
    assert clock.now == began


@pytest.mark.parametrize("reads", [1, 2, 5])
def test_a_new_image_that_ec2_does_not_show_yet_is_looked_for_again(
    ec2: LocalEC2, run: Run, clock: Clock, reads: int
) -> None:
    """With one read it is missing among the caller's own, and there in the next read, which names the owner."""
    ec2.seed({"image_id": AMI, "unseen_reads": reads}, {"image_id": OTHER})
    began = clock.now
    result = run(image_ids=[AMI, OTHER], launch_permissions={"user_ids": [A]})
    assert not result["failed"], result["msg"]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=[A])
    assert clock.now - began <= 15


@pytest.mark.parametrize(("wait", "seconds"), [(True, 15), (False, 0)])
def test_an_image_that_nobody_knows_is_looked_for_no_longer_than_that(
    ec2: LocalEC2, run: Run, clock: Clock, wait: bool, seconds: int
) -> None:
    ec2.seed({"image_id": OTHER})
    began = clock.now
    result = run(image_ids=[AMI, OTHER], description="d", wait=wait)
    assert result["images"][0]["error"]["code"] == "InvalidAMIID.NotFound"
    assert clock.now - began == seconds


@pytest.mark.usefixtures("clock")
def test_permissions_that_ec2_does_not_know_at_first_are_read_again(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "launch_permissions": {"user_ids": [B]}})
    once = {"action": "DescribeImageAttribute", "code": "InvalidAMIID.NotFound", "message": "No.", "times": 1}
    ec2.switch(errors_of={AMI: once})
    result = run(launch_permissions={"user_ids": [A]})
    assert not result["failed"], result["msg"]
    assert held(ec2)["launch_permissions"] == permissions(user_ids=[A, B])


def test_a_pending_image_is_waited_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "pending_reads": 1}, {"image_id": OTHER})
    result = run(image_ids=[AMI, OTHER], description="d")
    assert not result["failed"]
    assert (held(ec2)["description"], held(ec2, OTHER)["description"]) == ("d", "d")
    assert counted(ec2) == {"DescribeImages": 3, "ModifyImageAttribute": 2}


@pytest.mark.parametrize(
    "options", [{"description": "d"}, {"launch_permissions": {"user_ids": [A]}}], ids=["description", "permissions"]
)
def test_a_change_is_waited_for_until_ec2_shows_it(ec2: LocalEC2, run: Run, options: Json) -> None:
    ec2.seed({"image_id": AMI})
    ec2.switch(read_lag=1.5)
    assert not run(**options)["failed"]
    assert run(**options)["changed"] is False


def test_a_change_that_ec2_does_not_show_in_time(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    ec2.switch(read_lag=60)
    result = run(description="d", wait_timeout=1)
    assert result["failed"]
    assert result["changed"]
    assert "EC2 accepted the change of description but does not show it after 1 s" in result["msg"]
    assert result["images"][0]["requests"][0]["status"] == "applied"
    assert held(ec2)["description"] == "d"


# What a hostile environment brings.


@pytest.mark.parametrize(
    ("option", "value"),
    [("session_token", "FwoGZXIvSECRET\n"), ("secret_key", "wJalrSECRET\nK7MDENG"), ("access_key", "AKIASECRET 1")],
)
def test_credentials_with_a_line_break_are_refused_without_a_word_of_them(
    ec2: LocalEC2, run: Run, option: str, value: str
) -> None:
    good = {"access_key": "AKIAZQ3WLOCALEC2FAKE", "secret_key": "local-ec2-does-not-check-this-secret-key"}
    result = run(description="d", **{**good, option: value})
    assert result["failed"]
    assert "has whitespace, such as the line break" in result["msg"]
    assert "SECRET" not in said(result)
    assert ec2.requests() == []


def test_credentials_in_an_endpoint_are_not_shown(ec2: LocalEC2, run: Run) -> None:
    once = {"retries": {"total_max_attempts": 1}}
    result = run(description="d", endpoint_url="http://somebody:hunter22@127.0.0.1:9", aws_config=once)
    assert result["failed"]
    assert "hunter22" not in said(result)


def test_a_stale_session_token_beside_a_profile_does_no_harm(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ec2.seed({"image_id": AMI})
    keys = ec2.environment()
    written = [f"{name.lower()} = {keys[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    (tmp_path / "credentials").write_text("\n".join(["[default]", *written]))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "stale")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert not run(description="d")["failed"]


def test_incomplete_credentials(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = run(description="d", access_key="AKIAZQ3WLOCALEC2FAKE")
    assert result["failed"]
    assert "PartialCredentialsError" in result["msg"]


@pytest.mark.parametrize(
    "options",
    [
        {"aws_config": {"foo": 1}},
        {"aws_config": {"retries": {"mode": "zzz"}}},
        {"aws_config": {"retries": {"max_attempts": -1}}},
        {"aws_config": {"retries": 5}},
        {"endpoint_url": "http://127.0.0.1:99999"},
        {"endpoint_url": "http://127.0.0.1:abc"},
        {"endpoint_url": "ftp://127.0.0.1", "aws_config": {"retries": {"total_max_attempts": 1}}},
    ],
    ids=str,
)
def test_odd_connection_options_fail_in_words(ec2: LocalEC2, run: Run, options: Json) -> None:
    result = run(description="d", **options)
    assert result["failed"]
    assert "Traceback" not in result["msg"]
    assert ec2.requests() == []


def test_a_region_of_the_configuration_file(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ec2.seed({"image_id": AMI, "region": "eu-west-1"})
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert run(description="d")["images"][0]["region"] == "eu-west-1"


class Answers(BaseHTTPRequestHandler):
    """Answers every request with what stands in its class."""

    status = 200
    body = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 the name is the base class's
        pass


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>A portal</html>"),
        (200, b"not XML at all"),
        (200, b"<a><imagesSet><item><name>no id</name></item></imagesSet></a>"),
        (400, b"<a/>"),
        (400, b"<Response><Errors><Error><Message>m</Message></Error></Errors></Response>"),
        (412, b"<Response><Errors><Error><Code>DryRunOperation</Code><Message/></Error></Errors></Response>"),
    ],
)
def test_something_else_that_answers_in_the_place_of_ec2(run: Run, status: int, body: bytes) -> None:
    handler = type("Handler", (Answers,), {"status": status, "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as impostor:
        threading.Thread(target=impostor.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{impostor.server_address[1]}"
        keys = {"access_key": "AKIAZQ3WLOCALEC2FAKE", "secret_key": "local-ec2-does-not-check-this-secret-key"}
        once = {"retries": {"total_max_attempts": 1}}
        result = run(region="us-east-1", description="d", endpoint_url=url, aws_config=once, **keys)
        impostor.shutdown()
    assert result["failed"]
    assert not result["changed"]
    assert result["images"][0]["error"]["code"]


@pytest.mark.usefixtures("clock")
def test_a_task_that_has_failed_already_does_not_wait(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI, "pending_reads": 1000})
    result = run(image_ids=[AMI, OTHER], description="d", wait_timeout=600)
    assert result["failed"]
    assert [image["error"]["code"] for image in result["images"]] == [
        "InvalidAMIID.Unavailable",
        "InvalidAMIID.NotFound",
    ]
