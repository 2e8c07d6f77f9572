# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reads of snapshots show, who may change them, and the keys behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error

ACCOUNT = "123456789012"
PARTNER = "210987654321"
ADD = {"CreateVolumePermission": {"Add": [{"UserId": "111111111111"}]}}
NAMES = ["plain", "public", "shared", "theirs", "public of theirs"]
IDS = {name: f"snap-0000000{number}" for number, name in enumerate(NAMES)}


def policy(*statements: tuple[str, str]) -> dict[str, Any]:
    """Of (action, resource)."""
    allowed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    return {"Version": "2012-10-17", "Statement": allowed}


def key_of(ec2: LocalEC2, **fields: Any) -> str:
    [made] = ec2.seed_snapshots({"encrypted": True, **fields})
    snapshot = ec2.snapshot(made["snapshot_id"])
    assert snapshot is not None
    return str(snapshot["kms_key_id"])


def test_describe_snapshots_shows_everything(ec2: LocalEC2, api: Any) -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "kms_key_id": key, "description": "<x>", "tags": {"Team": "platform"}})
    [snapshot] = api.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"]
    assert snapshot.pop("StartTime") == snapshot.pop("CompletionTime")
    assert snapshot.pop("VolumeId").startswith("vol-")
    assert snapshot == {
        "SnapshotId": SNAPSHOT,
        "State": "completed",
        "Progress": "100%",
        "OwnerId": ACCOUNT,
        "VolumeSize": 8,
        "Description": "<x>",
        "Encrypted": True,
        "KmsKeyId": key,
        "StorageTier": "standard",
        "TransferType": "standard",
        "FullSnapshotSizeInBytes": 0,
        "Tags": [{"Key": "Team", "Value": "platform"}],
    }


def test_describe_snapshot_attribute(ec2: LocalEC2, api: Any) -> None:
    everyone = {"user_ids": ["222222222222", "111111111111"], "group_names": ["all"]}
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": everyone, "product_codes": ["code"]})
    permissions = api.describe_snapshot_attribute(SnapshotId=SNAPSHOT, Attribute="createVolumePermission")
    codes = api.describe_snapshot_attribute(SnapshotId=SNAPSHOT, Attribute="productCodes")
    entries = [{"Group": "all"}, {"UserId": "111111111111"}, {"UserId": "222222222222"}]
    assert permissions["CreateVolumePermissions"] == entries
    assert codes["ProductCodes"] == [{"ProductCodeId": "code", "ProductCodeType": "marketplace"}]
    assert ec2.snapshot(SNAPSHOT, "us-east-1") == {
        "snapshot_id": SNAPSHOT,
        "region": "us-east-1",
        "state": "completed",
        "encrypted": False,
        "kms_key_id": None,
        "create_volume_permissions": {"group_names": ["all"], "user_ids": ["111111111111", "222222222222"]},
    }
    assert ec2.snapshot(SNAPSHOT, "eu-west-1") is None


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, NAMES),
        ({"OwnerIds": ["self"]}, NAMES[:3]),
        ({"OwnerIds": [PARTNER]}, NAMES[3:]),
        ({"RestorableByUserIds": ["all"]}, ["public", "public of theirs"]),
        ({"RestorableByUserIds": ["self"]}, NAMES[:4]),
        ({"RestorableByUserIds": ["111111111111"]}, ["shared"]),
        ({"SnapshotIds": [IDS["shared"], IDS["plain"]]}, ["plain", "shared"]),
        ({"Filters": [{"Name": "snapshot-id", "Values": [IDS["shared"], "snap-ffffffff"]}]}, ["shared"]),
        ({"Filters": [{"Name": "snapshot-id", "Values": ["snap-*1", "snap-*2"]}]}, ["public", "shared"]),
        ({"Filters": [{"Name": "tag:Name", "Values": ["p*"]}], "OwnerIds": ["self"]}, ["plain", "public"]),
        ({"Filters": [{"Name": "status", "Values": ["pending"]}]}, ["plain"]),
        ({"Filters": [{"Name": "encrypted", "Values": ["true"]}]}, ["shared"]),
        ({"Filters": [{"Name": "volume-size", "Values": ["8"]}], "OwnerIds": [PARTNER]}, NAMES[3:]),
    ],
)
def test_selection(ec2: LocalEC2, api: Any, parameters: dict[str, Any], names: list[str]) -> None:
    fields: dict[str, dict[str, Any]] = {
        "plain": {"state": "pending"},
        "public": {"create_volume_permissions": {"group_names": ["all"]}},
        "shared": {"create_volume_permissions": {"user_ids": ["111111111111"]}, "encrypted": True},
        "theirs": {"owner_id": PARTNER},
        "public of theirs": {"owner_id": PARTNER, "create_volume_permissions": {"group_names": ["all"]}},
    }
    ec2.seed_snapshots(*({"snapshot_id": IDS[name], "tags": {"Name": name}, **fields[name]} for name in NAMES))
    ec2.seed_snapshots({"owner_id": PARTNER, "create_volume_permissions": {}})
    ec2.seed({"owner_id": PARTNER, "snapshots": [{}, {}]})
    found = api.describe_snapshots(**parameters)["Snapshots"]
    assert sorted(one["SnapshotId"] for one in found) == [IDS[name] for name in names]


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        (
            {"SnapshotIds": [SNAPSHOT, "snap-00000001"]},
            "InvalidSnapshot.NotFound",
            "The snapshot 'snap-00000001' does not exist.",
        ),
        (
            {"SnapshotIds": [SNAPSHOT], "MaxResults": 5},
            "InvalidParameterCombination",
            "The parameter snapshotIdsSet cannot be used with the parameter maxResults",
        ),
        ({"MaxResults": 4}, "InvalidParameterValue", "Invalid value '4' for maxResults. Expecting a value"),
        ({"MaxResults": 1001}, "InvalidParameterValue", "Invalid value '1001' for maxResults. Expecting a"),
        ({"NextToken": "x"}, "InvalidPaginationToken", "The specified pagination token is not valid or is expired."),
        ({"OwnerIds": ["x"]}, "InvalidUserID.Malformed", 'Invalid user id: "x"'),
        ({"RestorableByUserIds": ["x"]}, "InvalidUserID.Malformed", 'Invalid user id: "x"'),
        ({"Filters": [{"Name": "color", "Values": ["x"]}]}, "InvalidParameterValue", "The filter 'color' is invalid"),
        (
            {"Filters": [{"Name": "snapshot-id", "Values": [f"snap-{number:08}" for number in range(201)]}]},
            "InvalidParameterValue",
            "The filter 'snapshot-id' has 201 values; the maximum number of filter values is 200",
        ),
    ],
)
def test_refused_selection(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal], parameters: dict[str, Any], code: str, message: str
) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    refused = refusal(api.describe_snapshots, **parameters)
    assert refused[:2] == (400, code)
    assert refused[2].startswith(message)


def test_pages(ec2: LocalEC2, api: Any) -> None:
    made = ec2.seed_snapshots(*({} for _time in range(12)))
    pages = [
        page["Snapshots"] for page in api.get_paginator("describe_snapshots").paginate(PaginationConfig={"PageSize": 5})
    ]
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [one["SnapshotId"] for page in pages for one in page] == sorted(one["snapshot_id"] for one in made)


def test_permission_on_one_snapshot_only(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    other = "snap-0123456789abcdef1"
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT}, {"snapshot_id": other})
    arn = f"arn:aws:ec2:us-east-1::snapshot/{SNAPSHOT}"
    writer = ec2.principal("writer", policy(("ec2:ModifySnapshotAttribute", arn), ("ec2:ResetSnapshotAttribute", arn)))
    api = connect(principal=writer)
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **ADD, DryRun=True)[0] == 412
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **ADD)
    api.reset_snapshot_attribute(SnapshotId=SNAPSHOT, Attribute="createVolumePermission")
    status, code, message = refusal(api.modify_snapshot_attribute, SnapshotId=other, **ADD)
    assert (status, code) == (403, "UnauthorizedOperation")
    assert f"ec2:ModifySnapshotAttribute on resource: {arn[:-1]}1 because" in message
    assert refusal(api.describe_snapshots)[0] == 403


def test_the_record_of_a_snapshot_and_of_a_key(ec2: LocalEC2, api: Any, connect: Connect) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **ADD)
    connect("kms").describe_key(KeyId="alias/aws/ebs")
    written, key = ec2.requests()
    assert (written["snapshot_id"], written["image_id"], written["attribute"]) == (
        SNAPSHOT,
        "",
        "createVolumePermission",
    )
    assert (key["service"], key["action"], key["status"], key["code"]) == ("kms", "DescribeKey", 200, "")


@pytest.mark.parametrize(("key_id", "manager"), [(None, "CUSTOMER"), ("aws/ebs", "AWS"), ("alias/aws/ebs", "AWS")])
def test_keys_are_those_of_kms(ec2: LocalEC2, connect: Connect, key_id: str | None, manager: str) -> None:
    arn = key_of(ec2, kms_key_id=key_id, region="eu-west-1")
    assert arn == key_of(ec2, kms_key_id=key_id, region="eu-west-1")
    kms = connect("kms", region="eu-west-1")
    key = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert (key["Arn"], key["KeyManager"], key["AWSAccountId"]) == (arn, manager, ACCOUNT)
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] == key


def test_a_key_that_was_made_before(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    kms = connect("kms")
    key = kms.create_key()["KeyMetadata"]
    assert key_of(ec2, kms_key_id=key["KeyId"]) == key_of(ec2, kms_key_id=key["Arn"]) == key["Arn"]
    gone = key_of(ec2, kms_key_id="00000000-0000-0000-0000-000000000000")
    assert refusal(kms.describe_key, KeyId=gone)[:2] == (400, "NotFoundException")
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    assert key_of(ec2, kms_key_id="alias/mine") == key["Arn"]
    with pytest.raises(LocalEC2Error, match="no key has the alias alias/none"):
        key_of(ec2, kms_key_id="alias/none")
    for nowhere, told in (("arn:x", "arn:x"), (f"arn:aws:kms:nowhere-1:{PARTNER}:key/1", "nowhere-1")):
        assert refusal(kms.describe_key, KeyId=nowhere) == (400, "NotFoundException", f"Invalid arn {told}")


def test_a_key_of_another_account(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    theirs = key_of(ec2, owner_id=PARTNER)
    assert f":{PARTNER}:key/" in theirs
    status, code, message = refusal(connect("kms").describe_key, KeyId=theirs)
    assert (status, code) == (400, "AccessDeniedException")
    assert message.startswith(f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:DescribeKey on ")
    allow = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    both = [{**allow, "Principal": {"AWS": f"arn:aws:iam::{account}:root"}} for account in (PARTNER, ACCOUNT)]
    [open_key] = ec2.seed_keys({"account": PARTNER, "policy": {"Version": "2012-10-17", "Statement": both}})
    assert connect("kms").describe_key(KeyId=open_key["arn"])["KeyMetadata"]["KeyManager"] == "CUSTOMER"


@pytest.mark.parametrize(("caller", "told"), [(ACCOUNT, True), ("111111111111", False)])
def test_the_policy_of_a_key_may_name_callers_by_a_condition(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal], caller: str, told: bool
) -> None:
    condition = {"StringEquals": {"kms:CallerAccount": [caller]}}
    everyone = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "kms:*",
        "Resource": "*",
        "Condition": condition,
    }
    document = {"Version": "2012-10-17", "Statement": [everyone]}
    [made] = ec2.seed_keys({"account": PARTNER, "policy": document})
    arn = made["arn"]
    if told:
        assert connect("kms").describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    else:
        assert refusal(connect("kms").describe_key, KeyId=arn)[1] == "AccessDeniedException"


def test_describing_a_key_needs_permission_on_it(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    arn, other = key_of(ec2), key_of(ec2, kms_key_id="aws/ebs")
    kms = connect("kms", principal=ec2.principal("reader", policy(("kms:DescribeKey", arn))))
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    assert refusal(kms.describe_key, KeyId="alias/aws/ebs") == (
        400,
        "AccessDeniedException",
        (
            f"User: arn:aws:iam::{ACCOUNT}:user/reader is not authorized to perform: kms:DescribeKey on resource: "
            f"{other} because no identity-based policy allows the kms:DescribeKey action"
        ),
    )
    assert refusal(connect("kms").describe_key, KeyId=arn)[:2] == (400, "UnrecognizedClientException")


def test_faults_reach_kms_in_its_own_words(ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    kms = connect("kms")
    ec2.switch(throttle_every=1)
    assert refusal(kms.describe_key, KeyId="x") == (400, "ThrottlingException", "Rate exceeded")
    ec2.switch(throttle_every=0, fail_every=1)
    assert refusal(kms.describe_key, KeyId="x")[:2] == (500, "KMSInternalException")
    assert [entry["code"] for entry in ec2.requests()] == ["ThrottlingException", "KMSInternalException"]


def test_images_under_these_keys(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.seed({"image_id": IMAGE, "snapshots": [{}, {"kms_key_id": key_of(ec2, kms_key_id="aws/ebs")}]})
    change = {"ImageId": IMAGE, "LaunchPermission": {"Add": [{"UserId": PARTNER}]}}
    assert refusal(api.modify_image_attribute, **change)[1:] == (
        "InvalidParameter",
        "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot.",
    )
    ec2.seed({"image_id": IMAGE, "encrypted": True})
    api.modify_image_attribute(**change)
