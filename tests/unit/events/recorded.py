# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What EventBridge sends, in the form of AWS's documentation and of published recordings, and what it is to start."""

from __future__ import annotations

import typing as t

SHARE = "share"
AUDIT = "audit"
NOTHING = ""

IMAGE = "ami-0123456789abcdef0"
SNAPSHOT = "snap-0123456789abcdef0"
# The parameters of a request, as CloudTrail has them.
ADDED: t.Final = {"add": {"items": [{"userId": "111122223333"}]}}
PUBLIC: t.Final = {"add": {"items": [{"group": "all"}]}}
REMOVED: t.Final = {"remove": {"items": [{"userId": "111122223333"}]}}


class Event(t.NamedTuple):
    """An event, and what it starts."""

    title: str
    starts: str
    body: t.Any


def _event(kind: str, source: str, detail: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "version": "0",
        "id": "11111111-2222-4333-8444-555555555555",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-23T10:15:20Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def state(name: str, message: str = "") -> dict[str, t.Any]:
    """Return the event of an AMI that has got into a state."""
    identified = {"RequestId": "01234567-0123-4123-8123-0123456789ab", "ImageId": IMAGE}
    event = _event("EC2 AMI State Change", "aws.ec2", {**identified, "State": name, "ErrorMessage": message})
    return {**event, "resources": [f"arn:aws:ec2:us-east-1::image/{IMAGE}"]}


def call(name: str, parameters: dict[str, t.Any], service: str = "ec2", error: str = "") -> dict[str, t.Any]:
    """Return the event of a request to AWS, which CloudTrail has recorded."""
    detail = {
        "eventVersion": "1.10",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::123456789012:assumed-role/admin/someone",
            "accountId": "123456789012",
        },
        "eventTime": "2026-11-23T10:12:44Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": parameters,
        "responseElements": None if error else {"requestId": "01234567-0123-4123-8123-0123456789ab", "_return": True},
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
    }
    failed = {"errorCode": error, "errorMessage": "…"} if error else {}
    return _event("AWS API Call via CloudTrail", f"aws.{service}", {**detail, **failed})


def permissions(change: dict[str, t.Any], error: str = "") -> dict[str, t.Any]:
    """Return the event of a request that changes who can launch an AMI."""
    parameters = {"imageId": IMAGE, "launchPermission": change, "attributeType": "launchPermission"}
    return call("ModifyImageAttribute", parameters, error=error)


EVENTS = [
    Event("an AMI is available", SHARE, state("available")),
    Event("an AMI has failed", NOTHING, state("failed", "The snapshot is not there")),
    Event("an AMI is deregistered", NOTHING, state("deregistered")),
    Event("an AMI is disabled", NOTHING, state("disabled")),
    Event("an account is granted", AUDIT, permissions(ADDED)),
    Event("an AMI is made public", AUDIT, permissions(PUBLIC)),
    Event("an account is revoked", AUDIT, permissions(REMOVED)),
    Event("a preview", NOTHING, permissions(ADDED, error="Client.DryRunOperation")),
    Event("a request without permission", NOTHING, permissions(ADDED, error="Client.UnauthorizedOperation")),
    Event("all are revoked", AUDIT, call("ResetImageAttribute", {"imageId": IMAGE, "attribute": "launchPermission"})),
    Event(
        "a snapshot is shared",
        AUDIT,
        call(
            "ModifySnapshotAttribute",
            {
                "snapshotId": SNAPSHOT,
                "createVolumePermission": ADDED,
                "attributeType": "CREATE_VOLUME_PERMISSION",
            },
        ),
    ),
    Event(
        "a snapshot is private again",
        AUDIT,
        call("ResetSnapshotAttribute", {"snapshotId": SNAPSHOT, "attributeType": "CREATE_VOLUME_PERMISSION"}),
    ),
    Event("permissions go with an AMI that is disabled", AUDIT, call("DisableImage", {"imageId": IMAGE})),
    Event("an AMI is created", NOTHING, call("CreateImage", {"instanceId": "i-0123456789abcdef0", "name": "golden"})),
    Event("a snapshot of a database is shared", NOTHING, call("ModifyDBSnapshotAttribute", {}, service="rds")),
    Event("an instance is running", NOTHING, _event("EC2 Instance State-change Notification", "aws.ec2", {})),
    Event("a message that is not EventBridge's", NOTHING, "hello"),
]
