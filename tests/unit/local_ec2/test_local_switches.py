# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each switch, on and off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionClosedError
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error

THROTTLED = (503, "RequestLimitExceeded", "Request limit exceeded.")
ADD = {"ImageId": IMAGE, "LaunchPermission": {"Add": [{"UserId": "111111111111"}]}}
PUBLIC = {"LaunchPermission": {"Add": [{"Group": "all"}]}}


def outcome(operation: Callable[..., Any], **parameters: Any) -> str:
    try:
        operation(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except ConnectionClosedError:
        return "closed"
    return "ok"


def test_all_are_off_at_first_and_after_a_reset(ec2: LocalEC2) -> None:
    before = ec2.switches()
    assert not any(before.values())
    ec2.switch(iam=True, latency=0.01, errors_of={IMAGE: {"code": "x"}}, deregister_after_read=[IMAGE], public_quota=1)
    ec2.reset()
    assert ec2.switches() == before


@pytest.mark.parametrize(
    ("switches", "named"),
    [
        ({"latencies": 1}, "latencies"),
        ({"latency": "1"}, "latency"),
        ({"iam": 1}, "iam"),
        ({"read_lag": -1}, "read_lag"),
        ({"mid_run": {IMAGE: {"add": {"user": []}}}}, "user"),
        ({"mid_run": {IMAGE: {"reads": 0}}}, "reads"),
        ({"mid_run": {IMAGE: {"reads": True}}}, "reads"),
        ({"errors_of": {IMAGE: {"code": "x", "times": "1"}}}, "times"),
    ],
)
def test_an_unknown_switch_or_value_sets_nothing(ec2: LocalEC2, switches: dict[str, Any], named: str) -> None:
    with pytest.raises(LocalEC2Error) as caught:
        ec2.switch(buckets=True, **switches)
    assert named in str(caught.value)
    assert ec2.switches()["buckets"] is False


def test_the_known_switches_are_listed(ec2: LocalEC2) -> None:
    with pytest.raises(LocalEC2Error, match="known: iam, block_public_access, block_public_access_snapshots, latency"):
        ec2.switch(color="red")


def test_latency(ec2: LocalEC2, api: Any) -> None:
    ec2.switch(latency=0.2)
    started = time.monotonic()
    api.describe_images()
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(
    ("switch", "every", "outcomes"),
    [
        ("throttle_every", 3, ["ok", "ok", "RequestLimitExceeded", "ok"]),
        ("fail_every", 2, ["ok", "InternalError", "ok", "InternalError"]),
        ("drop_every", 2, ["ok", "closed", "ok", "closed"]),
        ("drop_after_every", 2, ["ok", "closed", "ok", "closed"]),
    ],
)
def test_every_nth_request(ec2: LocalEC2, api: Any, switch: str, every: int, outcomes: list[str]) -> None:
    ec2.switch(**{switch: every})
    assert [outcome(api.describe_images) for _time in outcomes] == outcomes
    ec2.switch(**{switch: every})
    assert outcome(api.describe_images) == "ok"
    ec2.switch(**{switch: 0})
    assert [outcome(api.describe_images) for _time in outcomes] == ["ok"] * len(outcomes)


@pytest.mark.parametrize(("switch", "applied"), [("drop_every", []), ("drop_after_every", ["111111111111"])])
def test_a_dropped_request_is_applied_or_not(ec2: LocalEC2, api: Any, switch: str, applied: list[str]) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.switch(**{switch: 1})
    assert outcome(api.modify_image_attribute, **ADD) == "closed"
    image = ec2.image(IMAGE)
    assert image is not None
    assert image["launch_permissions"]["user_ids"] == applied
    assert [entry["status"] for entry in ec2.requests()] == [0]


def test_faults_are_retried_by_botocore(ec2: LocalEC2, connect: Connect) -> None:
    ec2.switch(drop_every=2, throttle_every=5)
    api = connect(attempts=4)
    assert [outcome(api.describe_images) for _time in range(3)] == ["ok"] * 3


def test_the_token_bucket_of_an_action(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.switch(buckets=True)
    api.disable_image_block_public_access()
    assert refusal(api.disable_image_block_public_access) == THROTTLED
    api.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    ec2.switch(buckets=True)
    api.disable_image_block_public_access()


def test_a_bucket_holds_a_hundred_changes_per_region(ec2: LocalEC2, api: Any, connect: Connect) -> None:
    ec2.seed({"image_id": IMAGE}, {"image_id": "ami-00000001", "region": "eu-west-1"})
    ec2.switch(buckets=True)
    started = time.monotonic()
    outcomes = [outcome(api.modify_image_attribute, **ADD) for _time in range(130)]
    refilled = 5 * (time.monotonic() - started)
    assert outcomes[:100] == ["ok"] * 100
    assert 100 <= outcomes.count("ok") <= 101 + refilled
    assert outcome(connect(region="eu-west-1").modify_image_attribute, **{**ADD, "ImageId": "ami-00000001"}) == "ok"


def test_read_lag(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "description": "old"})
    ec2.switch(read_lag=1.5)
    api.modify_image_attribute(ImageId=IMAGE, Description={"Value": "new"})
    api.modify_image_attribute(ImageId=IMAGE, **PUBLIC)
    image, truth = api.describe_images()["Images"][0], ec2.image(IMAGE)
    assert truth is not None
    assert (image["Description"], image["Public"]) == ("old", False)
    assert api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")["LaunchPermissions"] == []
    assert (truth["description"], truth["launch_permissions"]["group_names"]) == ("new", ["all"])
    time.sleep(1.6)
    image = api.describe_images()["Images"][0]
    assert (image["Description"], image["Public"]) == ("new", True)


def test_an_error_of_one_image(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    other = "ami-0123456789abcdef1"
    ec2.seed({"image_id": IMAGE}, {"image_id": other})
    fault = {
        "action": "ModifyImageAttribute",
        "code": "ResourceLimitExceeded",
        "message": "No {more}",
        "status": 400,
        "attribute": "launchPermission",
    }
    ec2.switch(errors_of={IMAGE: fault})
    assert refusal(api.modify_image_attribute, **ADD) == (400, "ResourceLimitExceeded", "No {more}")
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "DryRunOperation"
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, Description={"Value": "x"}) == "ok"
    assert outcome(api.modify_image_attribute, **{**ADD, "ImageId": other}) == "ok"
    assert outcome(api.describe_image_attribute, ImageId=IMAGE, Attribute="launchPermission") == "ok"


def test_an_injected_denial_shows_in_a_dry_run(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.switch(errors_of={IMAGE: {"code": "UnauthorizedOperation", "message": "no", "status": 403}})
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("times", "outcomes"),
    [
        ({}, ["InvalidAMIID.NotFound"] * 3),
        ({"times": 1}, ["InvalidAMIID.NotFound", "ok", "ok"]),
        ({"times": 2}, ["InvalidAMIID.NotFound", "InvalidAMIID.NotFound", "ok"]),
    ],
)
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("describe_image_attribute", {"ImageId": IMAGE, "Attribute": "launchPermission"}),
        ("describe_images", {"ImageIds": [IMAGE]}),
        ("modify_image_attribute", ADD),
    ],
)
def test_an_error_that_passes(
    ec2: LocalEC2, api: Any, operation: str, parameters: dict[str, Any], times: dict[str, int], outcomes: list[str]
) -> None:
    ec2.seed({"image_id": IMAGE})
    action = "".join(word.title() for word in operation.split("_"))
    ec2.switch(errors_of={IMAGE: {"action": action, "code": "InvalidAMIID.NotFound", **times}})
    assert len(api.describe_images(Filters=[{"Name": "image-id", "Values": [IMAGE]}])["Images"]) == 1
    assert [outcome(getattr(api, operation), **parameters) for _time in outcomes] == outcomes


def test_only_what_is_answered_with_an_error_uses_it_up(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.switch(errors_of={IMAGE: {"action": "ModifyImageAttribute", "code": "IncorrectState", "times": 1}})
    api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "DryRunOperation"
    assert outcome(api.modify_image_attribute, **ADD) == "IncorrectState"
    assert outcome(api.modify_image_attribute, **ADD) == "ok"
    ec2.switch(errors_of={IMAGE: {"code": "UnauthorizedOperation", "status": 403, "times": 1}})
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "UnauthorizedOperation"
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "DryRunOperation"
    assert ec2.switches()["errors_of"] == {}


def test_permissions_that_change_mid_run(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"group_names": ["all"]}})
    ec2.switch(mid_run={IMAGE: {"add": {"user_ids": ["222222222222"]}, "remove": {"group_names": ["all"]}}})
    api.describe_images()
    api.describe_image_attribute(ImageId=IMAGE, Attribute="description")
    reads = [
        api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")["LaunchPermissions"]
        for _time in range(2)
    ]
    assert reads == [[{"Group": "all"}], [{"UserId": "222222222222"}]]
    assert ec2.switches()["mid_run"] == {}


@pytest.mark.parametrize(
    ("change", "public"),
    [
        ({}, [True, False, False, False]),
        ({"reads": 1}, [True, False, False, False]),
        ({"reads": 3}, [True] * 3 + [False]),
    ],
)
def test_permissions_that_change_after_so_many_reads(
    ec2: LocalEC2, api: Any, change: dict[str, int], public: list[bool]
) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"group_names": ["all"]}})
    ec2.switch(mid_run={IMAGE: {"remove": {"group_names": ["all"]}, **change}})
    reads = []
    for _time in public:
        api.describe_image_attribute(ImageId=IMAGE, Attribute="description")
        answer = api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")
        reads.append(answer["LaunchPermissions"] == [{"Group": "all"}])
    assert reads == public


@pytest.mark.parametrize(
    ("read", "parameters"),
    [
        ("describe_images", {}),
        ("describe_images", {"ImageIds": [IMAGE]}),
        ("describe_images", {"Filters": [{"Name": "name", "Values": ["golden-*"]}]}),
        ("describe_image_attribute", {"ImageId": IMAGE, "Attribute": "launchPermission"}),
    ],
)
@pytest.mark.parametrize("gone", [True, False])
def test_an_image_that_goes_after_it_was_read(
    ec2: LocalEC2, api: Any, read: str, parameters: dict[str, Any], gone: bool
) -> None:
    ec2.seed({"image_id": IMAGE, "name": "golden-1"}, {})
    ec2.switch(deregister_after_read=[IMAGE] if gone else [])
    answer = getattr(api, read)(**parameters)
    assert IMAGE in {answer.get("ImageId"), *(image["ImageId"] for image in answer.get("Images", []))}
    expected = "InvalidAMIID.Unavailable" if gone else "ok"
    assert outcome(api.describe_image_attribute, ImageId=IMAGE, Attribute="launchPermission") == expected
    assert outcome(api.modify_image_attribute, **ADD) == expected
    assert len(api.describe_images()["Images"]) == (1 if gone else 2)


def test_pending_reads(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "pending_reads": 2})
    assert outcome(api.modify_image_attribute, **ADD) == "InvalidAMIID.Unavailable"
    states = [api.describe_images(ImageIds=[IMAGE])["Images"][0]["State"] for _time in range(3)]
    assert states == ["pending", "pending", "available"]
    assert outcome(api.modify_image_attribute, **ADD) == "ok"


def snapshot_ids(image: dict[str, Any]) -> list[str | None]:
    return [mapping["Ebs"].get("SnapshotId") for mapping in image["BlockDeviceMappings"]]


@pytest.mark.parametrize(
    ("image", "hidden", "answers"),
    [
        ({"pending_reads": 2}, 0, [("pending", True), ("pending", True), ("available", True)]),
        ({"pending_reads": 2}, 2, [("pending", False), ("pending", False), ("available", True)]),
        ({"pending_reads": 1}, 2, [("pending", False), ("available", False), ("available", True)]),
        ({}, 1000, [("available", False)] * 3),
    ],
)
def test_hidden_reads(
    ec2: LocalEC2, api: Any, image: dict[str, Any], hidden: int, answers: list[tuple[str, bool]]
) -> None:
    """Of the second snapshot; the first is never hidden, and both exist."""
    [seeded] = ec2.seed({"image_id": IMAGE, **image, "snapshots": [{}, {"hidden_reads": hidden}]})
    first, second = seeded["snapshot_ids"]
    found = [api.describe_images(ImageIds=[IMAGE])["Images"][0] for _time in answers]
    assert [one["State"] for one in found] == [state for state, _shown in answers]
    assert [snapshot_ids(one) for one in found] == [[first, second if shown else None] for _state, shown in answers]
    assert len(api.describe_snapshots(SnapshotIds=[first, second])["Snapshots"]) == 2


def test_accept_empty_description(ec2: LocalEC2, api: Any) -> None:
    """In the structure form, of which there is no record."""
    ec2.seed({"image_id": IMAGE, "description": "old"})
    ec2.switch(accept_empty_description=True)
    legacy = {"Attribute": "description", "Value": ""}
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, **legacy) == "MissingParameter"
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, ImdsSupport={"Value": ""}) == "MissingParameter"
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, Description={"Value": ""}) == "ok"
    assert "Description" not in api.describe_images()["Images"][0]


def test_ignore_dry_run(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "snapshots": [{"snapshot_id": SNAPSHOT}]})
    ec2.switch(ignore_dry_run=True)
    share = {"SnapshotId": SNAPSHOT, "CreateVolumePermission": {"Add": [{"UserId": "111111111111"}]}}
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "ok"
    assert outcome(api.modify_snapshot_attribute, **share, DryRun=True) == "ok"
    assert outcome(api.create_volume, Size=1, AvailabilityZone="us-east-1a", DryRun=True) == "ok"
    image, snapshot = ec2.image(IMAGE), ec2.snapshot(SNAPSHOT)
    assert image is not None
    assert snapshot is not None
    assert image["launch_permissions"]["user_ids"] == ["111111111111"]
    assert snapshot["create_volume_permissions"]["user_ids"] == ["111111111111"]
    assert [entry["dry_run"] for entry in ec2.requests()] == [True] * 3


BY_FILTER = {"Filters": [{"Name": "image-id", "Values": [IMAGE]}]}


def test_unseen_reads(ec2: LocalEC2, api: Any) -> None:
    """Answers that would show it count: by id, and by filter, but not those about other images."""
    other = {"image_id": "ami-00000001", "name": "other"}
    ec2.seed({"image_id": IMAGE, "unseen_reads": 2}, other)
    attribute = {"ImageId": IMAGE, "Attribute": "launchPermission"}
    for _time in range(3):
        assert outcome(api.describe_image_attribute, **attribute) == "InvalidAMIID.NotFound"
        assert outcome(api.modify_image_attribute, **ADD) == "InvalidAMIID.NotFound"
        api.describe_images(Filters=[{"Name": "name", "Values": ["other"]}])
    assert outcome(api.describe_images, ImageIds=["ami-00000001", IMAGE]) == "InvalidAMIID.NotFound"
    assert api.describe_images(**BY_FILTER)["Images"] == []
    assert outcome(api.describe_image_attribute, **attribute) == "ok"
    assert len(api.describe_images(ImageIds=["ami-00000001", IMAGE])["Images"]) == 2
    assert outcome(api.modify_image_attribute, **ADD) == "ok"


def test_unseen_seconds(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "unseen_seconds": 1.5})
    assert outcome(api.describe_images, ImageIds=[IMAGE]) == "InvalidAMIID.NotFound"
    assert api.describe_images()["Images"] == []
    assert outcome(api.modify_image_attribute, **ADD) == "InvalidAMIID.NotFound"
    time.sleep(1.5)
    assert len(api.describe_images(ImageIds=[IMAGE])["Images"]) == 1
    assert outcome(api.modify_image_attribute, **ADD) == "ok"


def test_filter_lag_of_what_is_new(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "snapshots": [{"snapshot_id": SNAPSHOT}]})
    ec2.switch(filter_lag=1.5)
    started = [{"Name": "snapshot-id", "Values": [SNAPSHOT]}]
    assert api.describe_images(**BY_FILTER)["Images"] == api.describe_images()["Images"] == []
    assert api.describe_snapshots(Filters=started)["Snapshots"] == []
    assert len(api.describe_images(ImageIds=[IMAGE])["Images"]) == 1
    assert len(api.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"]) == 1
    time.sleep(1.5)
    assert len(api.describe_images(**BY_FILTER)["Images"]) == 1
    assert len(api.describe_snapshots(Filters=started)["Snapshots"]) == 1


def test_an_empty_description(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "description": ""}, {"image_id": "ami-00000001"})
    [empty, none] = api.describe_images(ImageIds=[IMAGE, "ami-00000001"])["Images"]
    assert (empty["Description"], none.get("Description")) == ("", None)
    answer = api.describe_image_attribute(ImageId=IMAGE, Attribute="description")
    assert answer["Description"] == {"Value": ""}


def test_reject_add_and_remove(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.switch(reject_add_and_remove=True)
    both = {"Add": [{"UserId": "111111111111"}], "Remove": [{"Group": "all"}]}
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, LaunchPermission=both) == "InvalidParameterCombination"
    assert outcome(api.modify_image_attribute, **ADD) == "ok"


def test_public_quota(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE}, {"image_id": "ami-00000001"})
    ec2.switch(public_quota=1)
    api.modify_image_attribute(ImageId=IMAGE, **PUBLIC)
    api.modify_image_attribute(ImageId=IMAGE, **PUBLIC)
    assert refusal(api.modify_image_attribute, ImageId="ami-00000001", **PUBLIC) == (
        400,
        "ResourceLimitExceeded",
        (
            "You have reached your quota of 1 for the number of public images allowed in this Region. Deregister "
            "unused public images or make them private, or request an increase in your public AMIs quota."
        ),
    )


def test_sharing_quota(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"user_ids": ["222222222222"]}})
    ec2.switch(sharing_quota=1)
    assert outcome(api.modify_image_attribute, **ADD) == "ResourceLimitExceeded"
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, **PUBLIC) == "ok"
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={"Remove": [{"UserId": "222222222222"}]})
    assert outcome(api.modify_image_attribute, **ADD) == "ok"


def test_block_public_access_by_switch(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.switch(block_public_access={"us-east-1": "block-new-sharing"})
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, **PUBLIC) == "OperationNotPermitted"
