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
    ec2.switch(
        iam=True, latency=0.01, image_errors={IMAGE: {"code": "x"}}, deregister_after_read=[IMAGE], public_quota=1
    )
    ec2.reset()
    assert ec2.switches() == before


@pytest.mark.parametrize(
    "switches",
    [{"latencies": 1}, {"latency": "1"}, {"iam": 1}, {"read_lag": -1}, {"mid_run": {IMAGE: {"add": {"user": []}}}}],
)
def test_an_unknown_switch_or_value_sets_nothing(ec2: LocalEC2, switches: dict[str, Any]) -> None:
    with pytest.raises(LocalEC2Error) as caught:
        ec2.switch(buckets=True, **switches)
    assert {"mid_run": "user"}.get(name := next(iter(switches)), name) in str(caught.value)
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
    ec2.switch(read_lag=0.5)
    api.modify_image_attribute(ImageId=IMAGE, Description={"Value": "new"})
    api.modify_image_attribute(ImageId=IMAGE, **PUBLIC)
    image, truth = api.describe_images()["Images"][0], ec2.image(IMAGE)
    assert truth is not None
    assert (image["Description"], image["Public"]) == ("old", False)
    assert api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")["LaunchPermissions"] == []
    assert (truth["description"], truth["launch_permissions"]["group_names"]) == ("new", ["all"])
    time.sleep(0.6)
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
    ec2.switch(image_errors={IMAGE: fault})
    assert refusal(api.modify_image_attribute, **ADD) == (400, "ResourceLimitExceeded", "No {more}")
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "DryRunOperation"
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, Description={"Value": "x"}) == "ok"
    assert outcome(api.modify_image_attribute, **{**ADD, "ImageId": other}) == "ok"
    assert outcome(api.describe_image_attribute, ImageId=IMAGE, Attribute="launchPermission") == "ok"


def test_an_injected_denial_shows_in_a_dry_run(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    ec2.switch(image_errors={IMAGE: {"code": "UnauthorizedOperation", "message": "no", "status": 403}})
    assert outcome(api.modify_image_attribute, **ADD, DryRun=True) == "UnauthorizedOperation"


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


@pytest.mark.parametrize("read", ["describe_images", "describe_image_attribute"])
def test_an_image_that_goes_after_it_was_read(ec2: LocalEC2, api: Any, read: str) -> None:
    ec2.seed({"image_id": IMAGE}, {})
    ec2.switch(deregister_after_read=[IMAGE])
    if read == "describe_images":
        assert len(api.describe_images()["Images"]) == 2
    else:
        api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")
    assert outcome(api.modify_image_attribute, **ADD) == "InvalidAMIID.Unavailable"
    assert len(api.describe_images()["Images"]) == 1


def test_pending_reads(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "pending_reads": 2})
    assert outcome(api.modify_image_attribute, **ADD) == "InvalidAMIID.Unavailable"
    states = [api.describe_images(ImageIds=[IMAGE])["Images"][0]["State"] for _time in range(3)]
    assert states == ["pending", "pending", "available"]
    assert outcome(api.modify_image_attribute, **ADD) == "ok"


def test_reject_empty_description(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "description": "old"})
    ec2.switch(reject_empty_description=True)
    assert outcome(api.modify_image_attribute, ImageId=IMAGE, Description={"Value": ""}) == "MissingParameter"


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
