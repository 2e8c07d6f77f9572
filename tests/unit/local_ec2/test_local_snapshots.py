# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots: what is refused, what a change changes, what reads show, and the switches that reach them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error

OTHER = "snap-0123456789abcdef1"
USER = "111111111111"
OWNER = "999999999999"
ATTRIBUTE = "createVolumePermission"
LEGACY = {"Attribute": ATTRIBUTE, "OperationType": "add"}
NO_ATTRIBUTES = (400, "InvalidParameterCombination", "No attributes specified.")
NO_OPERATION = (400, "InvalidParameterCombination", f"No operation specified for {ATTRIBUTE} attribute.")
NOT_FOUND = (400, "InvalidSnapshot.NotFound", f"The snapshot '{SNAPSHOT}' does not exist.")
ONE_OPERATION = (
    400,
    "InvalidParameterCombination",
    "One and only one operation type may be specified for createVolumePermissions",
)
UNRECOGNIZED = (400, "InvalidParameterValue", "Unrecognized attribute.")
ALL = {"CreateVolumePermission": {"Add": [{"Group": "all"}]}}
ADD = {"CreateVolumePermission": {"Add": [{"UserId": USER}]}}


def shared(ec2: LocalEC2, snapshot_id: str = SNAPSHOT) -> dict[str, list[str]]:
    snapshot = ec2.snapshot(snapshot_id)
    assert snapshot is not None
    return {name: values for name, values in snapshot["create_volume_permissions"].items() if values}


def item(text: str) -> Refusal:
    return 400, "InvalidAMIAttributeItemValue", text


def many(count: int) -> dict[str, Any]:
    return {"CreateVolumePermission": {"Add": [{"UserId": f"{number:012}"} for number in range(count)]}}


FORMS: dict[str, tuple[dict[str, Any], Refusal]] = {
    "nothing": ({}, NO_ATTRIBUTES),
    "empty list": ({"CreateVolumePermission": {"Add": []}}, NO_ATTRIBUTES),
    "nonsense attribute": ({"Attribute": "launchPermission"}, UNRECOGNIZED),
    "product codes": ({"Attribute": "productCodes", "OperationType": "add", "UserIds": [USER]}, UNRECOGNIZED),
    "users without attribute": (
        {"OperationType": "add", "UserIds": [USER]},
        (
            400,
            "MissingParameter",
            "Value for parameter attribute is invalid. Parameter may not be null or empty.",
        ),
    ),
    "users without operation": ({"Attribute": ATTRIBUTE, "UserIds": [USER]}, NO_OPERATION),
    "attribute alone": ({"Attribute": ATTRIBUTE}, NO_OPERATION),
    "operation": ({**LEGACY, "OperationType": "set", "UserIds": [USER]}, NO_OPERATION),
    "both operations": (
        {"CreateVolumePermission": {"Add": [{"UserId": USER}], "Remove": [{"Group": "all"}]}},
        ONE_OPERATION,
    ),
    "501 entries": (many(501), (400, "InvalidParameterValue", "Modification size must not be greater than 500.")),
    "501 entries, the same twice": (
        {**LEGACY, "UserIds": [USER] * 501},
        (400, "InvalidParameterValue", "Modification size must not be greater than 500."),
    ),
}
VALUES: dict[str, tuple[dict[str, Any], Refusal]] = {
    "account": ({"CreateVolumePermission": {"Add": [{"UserId": USER}, {"UserId": "1"}]}}, item("UserId 1")),
    "account in the legacy form": ({**LEGACY, "UserIds": [USER, "o-123"]}, item("UserId (o-123) is invalid.")),
    "group": ({"CreateVolumePermission": {"Remove": [{"Group": "none"}]}}, item("UserGroup none")),
    "group in the legacy form": ({**LEGACY, "GroupNames": ["none"]}, item("UserGroup (none) is invalid.")),
}


@pytest.mark.parametrize(("parameters", "expected"), FORMS.values(), ids=FORMS)
def test_a_wrong_request_is_refused_before_the_snapshot_is_looked_up(
    api: Any, refusal: Callable[..., Refusal], parameters: dict[str, Any], expected: Refusal
) -> None:
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **parameters) == expected
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **parameters, DryRun=True) == expected


@pytest.mark.parametrize(("parameters", "expected"), VALUES.values(), ids=VALUES)
def test_a_wrong_value_is_refused_after_a_dry_run_and_the_look_up(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal], parameters: dict[str, Any], expected: Refusal
) -> None:
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **parameters) == NOT_FOUND
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **parameters, DryRun=True)[0] == 412
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **parameters) == expected
    assert shared(ec2) == {}


SHAPE = (400, "InvalidParameterValue", "Value ({}) for parameter snapshotId is invalid. Expected: 'snap-...'.")
MALFORMED = "InvalidSnapshotID.Malformed"
ZEROS = "snap-00000000000000000"


@pytest.mark.parametrize(
    ("snapshot_id", "attribute", "reset", "listed"),
    [
        ("foo", SHAPE, (400, MALFORMED, "The snapshot ID '{}' is malformed"), SHAPE),
        ("snap-0123456789ABCDEF0", SHAPE, (400, MALFORMED, "The snapshot ID '{}' is malformed"), SHAPE),
        (
            ZEROS,
            (400, MALFORMED, "Value ( {} ) for parameter SNAPSHOT is invalid. "),
            (400, MALFORMED, "The snapshot ID '{}' is malformed"),
            (400, MALFORMED, 'Invalid id: "{}"'),
        ),
        (SNAPSHOT, NOT_FOUND, NOT_FOUND, NOT_FOUND),
    ],
)
def test_a_snapshot_that_is_not_there(
    api: Any,
    refusal: Callable[..., Refusal],
    snapshot_id: str,
    attribute: Refusal,
    reset: Refusal,
    listed: Refusal,
) -> None:
    """Each action words it differently."""

    def told(expected: Refusal) -> Refusal:
        return (*expected[:2], expected[2].format(snapshot_id))

    described = refusal(api.describe_snapshot_attribute, SnapshotId=snapshot_id, Attribute=ATTRIBUTE)
    modified = refusal(api.modify_snapshot_attribute, SnapshotId=snapshot_id, **ADD)
    assert described == modified == told(attribute)
    assert refusal(api.reset_snapshot_attribute, SnapshotId=snapshot_id, Attribute=ATTRIBUTE) == told(reset)
    assert refusal(api.describe_snapshots, SnapshotIds=[snapshot_id]) == told(listed)


BLOCKED = "You can\u2019t publicly share this snapshot because block public access for snapshots is enabled"
SNAPSHOTS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "foreign": ({"owner_id": OWNER}, ADD, *NOT_FOUND[1:]),
    "hidden": ({"owner_id": OWNER, "create_volume_permissions": {}}, ADD, *NOT_FOUND[1:]),
    "error": ({"state": "error"}, ADD, "IncorrectState", f"Snapshot '{SNAPSHOT}' is not 'completed'."),
    "product code": (
        {"product_codes": ["abc"]},
        ALL,
        "OperationNotPermitted",
        "Snapshots with an Amazon Web Services Marketplace product code cannot be made public.",
    ),
    "encrypted": ({"encrypted": True}, ALL, "OperationNotPermitted", "Encrypted snapshots cannot be shared publicly."),
    "AWS managed key": (
        {"kms_key_id": "aws/ebs"},
        ADD,
        "OperationNotPermitted",
        "Encrypted snapshots with EBS default key cannot be shared",
    ),
    **{state: ({}, ALL, "OperationNotPermitted", BLOCKED) for state in ("block-new-sharing", "block-all-sharing")},
}


@pytest.mark.parametrize(("name", "case"), SNAPSHOTS.items(), ids=SNAPSHOTS)
def test_a_snapshot_that_may_not_be_shared_stays_as_it_was(
    ec2: LocalEC2,
    api: Any,
    refusal: Callable[..., Refusal],
    name: str,
    case: tuple[dict[str, Any], dict[str, Any], str, str],
) -> None:
    seed, parameters, code, message = case
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, **seed})
    ec2.switch(block_public_access_snapshots={"us-east-1": name} if name.startswith("block") else {})
    before = ec2.snapshot(SNAPSHOT)
    status, *refused = refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **parameters)
    assert (status, refused[0]) == (400, code)
    assert refused[1].startswith(message)
    assert ec2.snapshot(SNAPSHOT) == before


CHANGES: dict[str, dict[str, Any]] = {
    "structure": ADD,
    "structure and attribute": {**ADD, "Attribute": ATTRIBUTE},
    "legacy": {**LEGACY, "UserIds": [USER]},
    "structure and nonsense": {**ADD, "Attribute": "x", "OperationType": "remove", "UserIds": ["222222222222"]},
}


@pytest.mark.parametrize("parameters", CHANGES.values(), ids=CHANGES)
def test_every_form_of_adding(ec2: LocalEC2, api: Any, parameters: dict[str, Any]) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": {"user_ids": ["222222222222"]}})
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **parameters)
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **parameters)
    assert shared(ec2) == {"user_ids": [USER, "222222222222"]}


def test_an_empty_list_of_accounts_changes_nothing(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": {"user_ids": [USER]}})
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **{**LEGACY, "OperationType": "remove"})
    assert shared(ec2) == {"user_ids": [USER]}


def test_the_owner_is_taken_and_never_listed(ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal]) -> None:
    both = {"CreateVolumePermission": {"Add": [{"UserId": "123456789012"}, {"UserId": USER}]}}
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT}, {"snapshot_id": OTHER, "kms_key_id": "aws/ebs"})
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **both)
    assert permissions(api) == [{"UserId": USER}]
    assert shared(ec2) == {"user_ids": [USER]}
    assert refusal(api.modify_snapshot_attribute, SnapshotId=OTHER, **both)[1] == "OperationNotPermitted"


def test_a_pending_snapshot_is_shared_and_reset(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "state": "pending", "encrypted": True})
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **ADD)
    assert shared(ec2) == {"user_ids": [USER]}
    api.reset_snapshot_attribute(SnapshotId=SNAPSHOT, Attribute=ATTRIBUTE)
    assert shared(ec2) == {}


def test_removing_and_resetting(ec2: LocalEC2, api: Any) -> None:
    everyone = {"user_ids": [USER, OWNER], "group_names": ["all"]}
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": everyone})
    entries = [{"Group": "all"}, {"UserId": USER}, {"UserId": "222222222222"}]
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, CreateVolumePermission={"Remove": entries})
    assert shared(ec2) == {"user_ids": [OWNER]}
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **ALL)
    api.reset_snapshot_attribute(SnapshotId=SNAPSHOT, Attribute=ATTRIBUTE)
    assert shared(ec2) == {}


def test_five_hundred_entries_in_one_request(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **many(500))
    assert len(shared(ec2)["user_ids"]) == 500


def test_resetting_another_attribute(api: Any, refusal: Callable[..., Refusal]) -> None:
    assert refusal(api.reset_snapshot_attribute, SnapshotId=SNAPSHOT, Attribute="productCodes")[1] == "InvalidRequest"
    assert refusal(api.describe_snapshot_attribute, SnapshotId=SNAPSHOT, Attribute="x")[1] == "InvalidRequest"


def test_the_snapshots_of_an_image_are_snapshots(ec2: LocalEC2, api: Any) -> None:
    shares = {"user_ids": [USER]}
    [made] = ec2.seed(
        {"encrypted": True, "snapshots": [{"snapshot_id": SNAPSHOT, "create_volume_permissions": shares}, {}]}
    )
    assert made["snapshot_ids"][0] == SNAPSHOT
    assert shared(ec2) == shares
    api.modify_snapshot_attribute(SnapshotId=made["snapshot_ids"][1], **ADD)
    assert shared(ec2, made["snapshot_ids"][1]) == shares
    assert [one["Encrypted"] for one in api.describe_snapshots(SnapshotIds=made["snapshot_ids"])["Snapshots"]] == [
        True
    ] * 2


def test_the_snapshots_of_moto_are_complete_too(ec2: LocalEC2, api: Any) -> None:
    volume = api.create_volume(Size=1, AvailabilityZone="us-east-1a", Encrypted=True)["VolumeId"]
    snapshot_id = api.create_snapshot(VolumeId=volume)["SnapshotId"]
    [snapshot] = api.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert snapshot["KmsKeyId"].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    api.delete_snapshot(SnapshotId=snapshot_id)
    assert ec2.snapshot(snapshot_id) is None


def test_unknown_fields_are_named(ec2: LocalEC2) -> None:
    with pytest.raises(LocalEC2Error, match="unknown field: color; known: snapshot_id, region"):
        ec2.seed_snapshots({"color": "red"})
    with pytest.raises(LocalEC2Error, match="unknown field: color; known: snapshot_id, region"):
        ec2.seed({"snapshots": [{"color": "red"}]})
    with pytest.raises(LocalEC2Error, match="org_arns"):
        ec2.seed_snapshots({"create_volume_permissions": {"org_arns": []}})


def test_block_public_access_is_per_region_and_spares_what_is_public(
    ec2: LocalEC2, api: Any, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    public = {"group_names": ["all"]}
    ec2.seed_snapshots(
        {"snapshot_id": SNAPSHOT, "create_volume_permissions": public}, {"snapshot_id": OTHER, "region": "eu-west-1"}
    )
    assert api.get_snapshot_block_public_access_state()["State"] == "unblocked"
    assert refusal(api.enable_snapshot_block_public_access, State="unblocked")[1] == "InvalidRequest"
    assert refusal(api.enable_snapshot_block_public_access, State="x", DryRun=True)[1] == "DryRunOperation"
    assert refusal(api.enable_snapshot_block_public_access, State="x")[1:] == (
        "InvalidParameterValue",
        "Value (x) for parameter state is invalid. Expecting block-all-sharing or block-new-sharing.",
    )
    for state in ("block-all-sharing", "block-new-sharing"):
        assert api.enable_snapshot_block_public_access(State=state)["State"] == state
        assert api.get_snapshot_block_public_access_state()["State"] == state
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **ALL)
    connect(region="eu-west-1").modify_snapshot_attribute(SnapshotId=OTHER, **ALL)
    assert api.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"
    assert api.disable_snapshot_block_public_access()["State"] == "unblocked"
    assert ec2.switches()["block_public_access_snapshots"] == {}


def outcome(operation: Callable[..., Any], **parameters: Any) -> str:
    try:
        operation(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def permissions(api: Any) -> Any:
    return api.describe_snapshot_attribute(SnapshotId=SNAPSHOT, Attribute=ATTRIBUTE)["CreateVolumePermissions"]


def test_an_error_of_one_snapshot(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT}, {"snapshot_id": OTHER})
    fault = {"action": "ModifySnapshotAttribute", "attribute": ATTRIBUTE, "code": "ResourceLimitExceeded"}
    ec2.switch(errors_of={SNAPSHOT: fault})
    assert outcome(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **ADD) == "ResourceLimitExceeded"
    assert outcome(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **ADD, DryRun=True) == "DryRunOperation"
    assert outcome(api.modify_snapshot_attribute, SnapshotId=OTHER, **ADD) == "ok"
    ec2.switch(errors_of={SNAPSHOT: {"action": "DescribeSnapshots", "code": "Unavailable", "status": 503}})
    assert outcome(api.describe_snapshots, SnapshotIds=[OTHER, SNAPSHOT]) == "Unavailable"
    assert outcome(api.describe_snapshots, SnapshotIds=[OTHER]) == "ok"


def test_permissions_that_change_mid_run(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "create_volume_permissions": {"group_names": ["all"]}})
    ec2.switch(mid_run={SNAPSHOT: {"add": {"user_ids": [USER]}, "remove": {"group_names": ["all"]}}})
    assert [permissions(api) for _time in range(2)] == [[{"Group": "all"}], [{"UserId": USER}]]


def test_read_lag(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT})
    ec2.switch(read_lag=1.5)
    api.modify_snapshot_attribute(SnapshotId=SNAPSHOT, **ADD)
    assert (permissions(api), shared(ec2)) == ([], {"user_ids": [USER]})
    time.sleep(1.6)
    assert permissions(api) == [{"UserId": USER}]


@pytest.mark.parametrize("read", ["describe_snapshots", "describe_snapshot_attribute"])
def test_a_snapshot_that_goes_after_it_was_read(
    ec2: LocalEC2, api: Any, refusal: Callable[..., Refusal], read: str
) -> None:
    ec2.seed({"snapshots": [{"snapshot_id": SNAPSHOT}]})
    ec2.switch(deregister_after_read=[SNAPSHOT])
    parameters = {} if read == "describe_snapshots" else {"SnapshotId": SNAPSHOT, "Attribute": ATTRIBUTE}
    getattr(api, read)(**parameters)
    assert refusal(api.modify_snapshot_attribute, SnapshotId=SNAPSHOT, **ADD) == NOT_FOUND
    assert ec2.snapshot(SNAPSHOT) is None


def test_pending_reads(ec2: LocalEC2, api: Any) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAPSHOT, "pending_reads": 2})
    found = [api.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"][0] for _time in range(3)]
    assert [one["State"] for one in found] == ["pending", "pending", "completed"]
    assert [one["Progress"] for one in found] == ["0%", "0%", "100%"]
