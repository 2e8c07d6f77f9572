# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What clients call beside the attributes: the life of an image, tags, quotas, and what there is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2

OWNER, PARTNER = "123456789012", "210987654321"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOW = datetime.now(timezone.utc)


@pytest.fixture
def partner(ec2: LocalEC2, connect: Connect) -> Any:
    """Another account, which sees what the first shares with it."""
    client = connect(principal=ec2.principal("partner", ALLOW, PARTNER))
    ec2.switch(iam=False)
    return client


def image(api: Any, **parameters: Any) -> Any:
    [found] = api.describe_images(ImageIds=[IMAGE], **parameters)["Images"]
    return found


def test_deprecation(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    soon = (NOW + timedelta(days=30)).replace(second=40, microsecond=0)
    assert api.enable_image_deprecation(ImageId=IMAGE, DeprecateAt=soon)["Return"] is True
    rounded = (soon + timedelta(minutes=1)).replace(second=0)
    assert image(api)["DeprecationTime"] == rounded.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for wrong in (NOW - timedelta(days=1), NOW + timedelta(days=3700)):
        assert refusal(api.enable_image_deprecation, ImageId=IMAGE, DeprecateAt=wrong)[1] == "InvalidParameterValue"
    assert refusal(api.enable_image_deprecation, ImageId=IMAGE, DeprecateAt=soon, DryRun=True)[0] == 412
    assert api.disable_image_deprecation(ImageId=IMAGE)["Return"] is True
    assert "DeprecationTime" not in image(api)


def test_the_deprecation_of_a_public_image(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    created = (NOW - timedelta(days=700)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    ec2.seed({"image_id": IMAGE, "creation_date": created, "launch_permissions": {"group_names": ["all"]}})
    late = {"ImageId": IMAGE, "DeprecateAt": NOW + timedelta(days=60)}
    assert refusal(api.enable_image_deprecation, **late)[1] == "InvalidParameterValue"
    api.enable_image_deprecation(ImageId=IMAGE, DeprecateAt=NOW + timedelta(days=10))
    assert refusal(api.disable_image_deprecation, ImageId=IMAGE)[:2] == (400, "OperationNotPermitted")


def test_deregistration_protection(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    enabled = api.enable_image_deregistration_protection(ImageId=IMAGE)["Return"]
    assert enabled == image(api)["DeregistrationProtection"] == "enabled-without-cooldown"
    assert api.disable_image_deregistration_protection(ImageId=IMAGE)["Return"] == "disabled"
    enabled = api.enable_image_deregistration_protection(ImageId=IMAGE, WithCooldown=True)["Return"]
    assert enabled == "enabled-with-cooldown"
    assert refusal(api.deregister_image, ImageId=IMAGE)[1] == "OperationNotPermitted"
    disabled = api.disable_image_deregistration_protection(ImageId=IMAGE)["Return"]
    assert disabled.startswith("disabled after 20")
    assert image(api)["DeregistrationProtection"] == disabled
    assert refusal(api.deregister_image, ImageId=IMAGE)[1] == "OperationNotPermitted"


def test_a_cool_down_that_is_over(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "deregistration_protection": "disabled after 2026-01-01T00:00:00.000Z"})
    assert image(api)["DeregistrationProtection"] == "disabled"
    assert api.deregister_image(ImageId=IMAGE)["DeleteSnapshotResults"] == []


def test_deregistering_with_snapshots(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE, "snapshots": [{"snapshot_id": SNAPSHOT}]})
    answer = api.deregister_image(ImageId=IMAGE, DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": SNAPSHOT, "ReturnCode": "success"}]
    assert ec2.snapshot(SNAPSHOT) is None


def test_what_is_shared_is_seen_in_another_account(
    ec2: LocalEC2, api: Any, partner: Any, refusal: Callable[..., Refusal]
) -> None:
    ec2.seed({"image_id": IMAGE, "tags": {"Team": "x"}, "snapshots": [{"snapshot_id": SNAPSHOT}]})
    assert partner.describe_images(ImageIds=[IMAGE])["Images"] == partner.describe_images()["Images"] == []
    assert refusal(partner.describe_snapshots, SnapshotIds=[SNAPSHOT])[1] == "InvalidSnapshot.NotFound"
    attribute = {"ImageId": IMAGE, "Attribute": "description"}
    assert refusal(partner.describe_image_attribute, **attribute)[1] == "InvalidAMIID.NotFound"
    entries = {"Add": [{"UserId": PARTNER}]}
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission=entries)
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, CreateVolumePermission=entries)
    [found] = partner.describe_images(Owners=[OWNER])["Images"]
    assert {"Tags", "DeregistrationProtection"}.isdisjoint(found)
    assert len(partner.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"]) == 1
    assert refusal(partner.describe_image_attribute, **attribute)[:2] == (400, "AuthFailure")


def test_filters_lag_for_what_is_newly_shared(ec2: LocalEC2, api: Any, partner: Any) -> None:
    ec2.seed({"image_id": IMAGE, "creation_date": "2020-01-01T00:00:00.000Z"})
    ec2.switch(filter_lag=60)
    api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={"Add": [{"UserId": PARTNER}]})
    assert partner.describe_images(Filters=[{"Name": "image-id", "Values": [IMAGE]}])["Images"] == []
    assert len(partner.describe_images(ImageIds=[IMAGE])["Images"]) == 1


def test_leaving_what_is_shared(ec2: LocalEC2, api: Any, partner: Any, refusal: Callable[..., Refusal]) -> None:
    both = {"user_ids": [PARTNER, "111111111111"]}
    ec2.seed({"image_id": IMAGE, "launch_permissions": both})
    assert refusal(api.cancel_image_launch_permission, ImageId=IMAGE)[1] == "InvalidAMIID.NotFound"
    assert refusal(partner.cancel_image_launch_permission, ImageId=IMAGE, DryRun=True)[0] == 412
    assert partner.cancel_image_launch_permission(ImageId=IMAGE)["Return"] is True
    left = api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")["LaunchPermissions"]
    assert left == [{"UserId": "111111111111"}]
    code = refusal(partner.cancel_image_launch_permission, ImageId=IMAGE, DryRun=True)[1]
    assert code == "InvalidAMIID.NotFound"


def test_shared_tags(ec2: LocalEC2, api: Any, partner: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE, "launch_permissions": {"user_ids": [PARTNER]}, "tags": {"Team": "x"}})
    status = {"Key": "ec2:SharedTag/status", "Value": "approved"}
    api.create_tags(Resources=[IMAGE], Tags=[status])
    assert image(api)["Tags"] == [{"Key": "Team", "Value": "x"}, status]
    assert image(partner)["Tags"] == [status]
    assert image(partner, Filters=[{"Name": "tag-key", "Values": ["ec2:SharedTag/*"]}])["ImageId"] == IMAGE
    assert partner.describe_images(Filters=[{"Name": "tag:Team", "Values": ["x"]}])["Images"] == []
    mine = {"Key": "Mine", "Value": "1"}
    partner.create_tags(Resources=[IMAGE], Tags=[mine])
    assert image(partner)["Tags"] == [status, mine]
    assert mine not in image(api)["Tags"]
    assert refusal(partner.create_tags, Resources=[IMAGE], Tags=[status])[:2] == (400, "AuthFailure")
    api.delete_tags(Resources=[IMAGE], Tags=[{"Key": status["Key"], "Value": "other"}, {"Key": "Team"}])
    assert image(api)["Tags"] == [status]
    api.delete_tags(Resources=[IMAGE])
    assert "Tags" not in image(api)
    assert image(partner)["Tags"] == [mine]


def test_the_tags_of_a_foreign_seed_are_its_owner_s(ec2: LocalEC2, api: Any) -> None:
    tags = {"Team": "x", "ec2:SharedTag/status": "approved"}
    ec2.seed({"image_id": IMAGE, "owner_id": PARTNER, "tags": tags})
    assert image(api)["Tags"] == [{"Key": "ec2:SharedTag/status", "Value": "approved"}]


def test_tags_of_snapshots_are_not_shared(ec2: LocalEC2, api: Any, partner: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": {"user_ids": [PARTNER]}})
    api.create_tags(Resources=[SNAPSHOT], Tags=[{"Key": "ec2:SharedTag/status", "Value": "approved"}])
    assert len(api.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"][0]["Tags"]) == 1
    assert "Tags" not in partner.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"][0]


def test_refused_tags(ec2: LocalEC2, api: Any, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE})
    tag = [{"Key": "a", "Value": "b"}]
    assert refusal(api.create_tags, Resources=[IMAGE, "ami-00000001"], Tags=tag)[1] == "InvalidAMIID.NotFound"
    assert refusal(api.create_tags, Resources=[SNAPSHOT], Tags=tag)[1] == "InvalidSnapshot.NotFound"
    assert refusal(api.create_tags, Resources=[IMAGE], Tags=[{"Key": "aws:x", "Value": "y"}])[0] == 400
    assert refusal(api.create_tags, Resources=[IMAGE], Tags=tag, DryRun=True)[0] == 412
    volume = api.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
    api.create_tags(Resources=[volume], Tags=tag)
    assert api.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"] == tag
    on_image = {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*::image/*"}
    narrow = ec2.principal("narrow", {"Version": "2012-10-17", "Statement": [on_image]})
    connect(principal=narrow).create_tags(Resources=[IMAGE], Tags=tag)
    denied = refusal(connect(principal=narrow).create_tags, Resources=[IMAGE, SNAPSHOT], Tags=tag)
    assert denied[:2] == (403, "UnauthorizedOperation")


def test_quotas(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    quotas = connect("service-quotas")

    def value(code: str) -> float:
        return float(quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"])

    assert (value("L-0E3CBAB9"), value("L-70015FFA")) == (5, 1000)
    ec2.switch(public_quota=7, sharing_quota=2)
    assert (value("L-0E3CBAB9"), value("L-70015FFA")) == (7, 2)
    default = quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode="L-0E3CBAB9")
    assert default["Quota"]["Value"] == 5
    unknown = refusal(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-00000000")
    assert unknown[:2] == (400, "NoSuchResourceException")
    nobody = connect("service-quotas", principal=ec2.principal("nobody"))
    denied = refusal(nobody.get_service_quota, ServiceCode="ec2", QuotaCode="L-0E3CBAB9")
    assert denied[:2] == (400, "AccessDeniedException")
    ec2.switch(iam=False, throttle_every=1)
    throttled = refusal(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-0E3CBAB9")
    assert throttled[1] == "TooManyRequestsException"
    assert {entry["action"] for entry in ec2.requests()} == {"GetServiceQuota", "GetAWSDefaultServiceQuota"}


def test_what_is_lacking_has_a_code_of_its_own(
    ec2: LocalEC2, api: Any, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    """InvalidAction is for actions that EC2 does not have either."""
    ec2.seed({"image_id": IMAGE})
    status, code, message = refusal(api.get_image_ancestry, ImageId=IMAGE)
    assert (status, code) == (501, "NotImplemented")
    assert message.startswith("The embedded EC2 cannot do GetImageAncestry: ")
    assert refusal(connect("kms").describe_custom_key_stores)[:2] == (501, "NotImplemented")
    assert refusal(connect("sts").get_delegated_access_token, TradeInToken="x")[:2] == (501, "NotImplemented")


def test_a_region_that_does_not_exist(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    wrong = (401, "AuthFailure", "Credential should be scoped to a valid region.")
    assert refusal(connect(region="us-east-9").describe_images) == wrong
    assert connect(region="eu-north-1").describe_images()["Images"] == []


def test_denials_of_block_public_access_name_no_resource(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    nobody = connect(principal=ec2.principal("nobody"))
    for action in ("get_snapshot_block_public_access_state", "disable_image_block_public_access"):
        message = refusal(getattr(nobody, action))[2]
        assert "on resource" not in message
        assert "Encoded" not in message
