# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_attribute while EC2 misbehaves: nothing lost, nothing half-done unsaid, and the next run converges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

import pytest

from local_ec2.client import LocalEC2

IDS = [f"ami-{number:017x}" for number in range(30)]
A, B, INTRUDER = "111111111111", "222222222222", "999999999999"
OPTIONS = {"description": "d", "launch_permissions": {"user_ids": [A]}, "revoke_launch_permissions": {"user_ids": [B]}}
ONLY_DESCRIPTION = {"launch_permissions": None, "revoke_launch_permissions": None}

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module("ec2_ami_attribute", **{"image_ids": IDS, **OPTIONS, **options})


@pytest.fixture
def fleet(ec2: LocalEC2) -> LocalEC2:
    """An EC2 with thirty images, each shared with B."""
    ec2.seed(*({"image_id": image_id, "launch_permissions": {"user_ids": [B]}} for image_id in IDS))
    return ec2


Become = tuple[t.Any, list[str]]  # a description, None for none, and accounts


def held(ec2: LocalEC2) -> list[Become | None]:
    """Return the description and the accounts of every image, None for one that is gone."""
    images = (ec2.image(image_id, "us-east-1") for image_id in IDS)
    return [(image["description"], image["launch_permissions"]["user_ids"]) if image else None for image in images]


def told(result: Json) -> list[Become]:
    """Return what the result says that every image has become, which was shared with B alone and not described."""
    return [
        (image["after"]["description"] or None, sorted({B} - _users(image["revoked"]) | _users(image["granted"])))
        for image in result["images"]
    ]


def _users(entries: dict[str, list[str]]) -> set[str]:
    return set(entries["user_ids"])


DONE = [("d", [A])] * len(IDS)

PASSING: dict[str, Json] = {
    "latency": {"latency": 0.05},
    "every thirtieth request throttled": {"throttle_every": 30},
    "every seventh answered with an internal error": {"fail_every": 7},
    "every seventh connection dropped": {"drop_every": 7},
    "every seventh connection dropped after EC2 did it": {"drop_after_every": 7},
    "reads that lag": {"read_lag": 2},
}


@pytest.mark.parametrize("switches", PASSING.values(), ids=list(PASSING))
def test_what_passes_is_not_seen(fleet: LocalEC2, run: Run, switches: Json) -> None:
    fleet.switch(**switches)
    result = run()
    assert not result["failed"], result["msg"]
    assert held(fleet) == told(result) == DONE
    assert run()["changed"] is False


def test_a_fleet_larger_than_the_token_buckets(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:017x}" for number in range(130)]
    ec2.seed(*({"image_id": image_id} for image_id in ids))
    ec2.switch(buckets=True)
    result = run(image_ids=ids, wait=False, **ONLY_DESCRIPTION)
    assert not result["failed"], result["msg"]
    throttled = [request for request in ec2.requests() if request["code"] == "RequestLimitExceeded"]
    assert throttled, "the buckets were never empty, so this shows nothing"
    assert run(image_ids=ids, **ONLY_DESCRIPTION)["changed"] is False


def test_one_is_denied_and_one_meets_a_quota(fleet: LocalEC2, run: Run) -> None:
    denial = {"code": "UnauthorizedOperation", "message": "You are not authorized.", "status": 403}
    quota = {"code": "ResourceLimitExceeded", "message": "You have reached your quota.", "status": 400}
    faults = {IDS[3]: {**denial, "attribute": "launchPermission"}, IDS[20]: {**quota, "attribute": "launchPermission"}}
    fleet.switch(errors_of={key: {**fault, "action": "ModifyImageAttribute"} for key, fault in faults.items()})
    result = run()
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith("2 of 30 images failed: ")
    assert f"{IDS[3]} (us-east-1): ModifyImageAttribute: UnauthorizedOperation: You are not authorized" in result["msg"]
    assert f"{IDS[20]} (us-east-1): ModifyImageAttribute: ResourceLimitExceeded: You have reached" in result["msg"]
    assert held(fleet) == told(result)
    for number, image in enumerate(result["images"]):
        statuses = [request["status"] for request in image["requests"]]
        broken = {3: ["denied", "not_sent", "applied"], 20: ["failed", "not_sent", "applied"]}
        assert statuses == broken.get(number, ["applied"] * 3)
    fleet.switch(errors_of={})
    assert [image["changed"] for image in run()["images"]] == [number in (3, 20) for number in range(30)]
    assert held(fleet) == DONE


@pytest.mark.parametrize("action", ["DescribeImageAttribute", "GetImageBlockPublicAccessState"])
def test_a_read_that_fails_changes_nothing_anywhere(fleet: LocalEC2, run: Run, action: str) -> None:
    allowed = {"DescribeImages", "DescribeImageAttribute", "GetImageBlockPublicAccessState", "ModifyImageAttribute"}
    statement = {"Effect": "Allow", "Action": [f"ec2:{each}" for each in allowed - {action}], "Resource": "*"}
    principal = fleet.principal("reader", {"Version": "2012-10-17", "Statement": [statement]})
    keys = {name: principal[name] for name in ("access_key", "secret_key")}
    was = held(fleet)
    result = run(launch_permissions={"group_names": ["all"]}, **keys)
    assert result["failed"]
    assert not result["changed"]
    assert f"{action}: UnauthorizedOperation" in result["msg"]
    assert held(fleet) == was


def test_an_image_deregistered_between_read_and_write(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(deregister_after_read=[IDS[7]])
    result = run(**ONLY_DESCRIPTION)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith(f"1 of 30 images failed: {IDS[7]} (us-east-1): ModifyImageAttribute: ")
    gone = result["images"][7]
    assert gone["error"]["code"] == "InvalidAMIID.Unavailable"
    assert gone["before"] == gone["after"]
    after = held(fleet)
    assert after[7] is None
    assert [image for image in after if image] == [("d", [B])] * 29


def test_an_image_deregistered_before_its_permissions_are_read_changes_nothing_anywhere(
    fleet: LocalEC2, run: Run
) -> None:
    fleet.switch(deregister_after_read=[IDS[7]])
    result = run()
    assert (result["failed"], result["changed"]) == (True, False)
    assert f"InvalidAMIID.Unavailable: The image ID '{IDS[7]}' is no longer available" in result["msg"]
    assert [image for image in held(fleet) if image] == [(None, [B])] * 29


def test_a_lag_longer_than_the_timeout(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(read_lag=60)
    result = run(wait_timeout=1)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith("30 of 30 images failed: ")
    assert "EC2 accepted the change of launchPermission, description but does not show it after 1 s" in result["msg"]
    assert {request["status"] for image in result["images"] for request in image["requests"]} == {"applied"}
    assert held(fleet) == told(result) == DONE


def test_a_connection_that_stays_dropped_after_ec2_did_it_is_told_as_it_is(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(drop_after_every=2)
    once = {"retries": {"total_max_attempts": 1}}
    # Read, and then write without an answer: whether the write was applied is read, since nobody said.
    result = run(image_ids=IDS[:1], **ONLY_DESCRIPTION, aws_config=once)
    assert result["failed"]
    assert "ModifyImageAttribute: ConnectionClosedError" in result["msg"]
    image = result["images"][0]
    assert image["changed"]
    assert image["after"] == {"description": "d"}
    assert [request["status"] for request in image["requests"]] == ["applied"]


def test_a_connection_that_stays_dropped_before_ec2_did_it_is_told_as_it_is(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(drop_every=2)
    once = {"retries": {"total_max_attempts": 1}}
    result = run(image_ids=IDS[:1], **ONLY_DESCRIPTION, aws_config=once, wait_timeout=2)
    image = result["images"][0]
    assert result["failed"]
    assert not image["changed"]
    assert image["after"] == image["before"] == {"description": ""}
    assert [request["status"] for request in image["requests"]] == ["failed"]


def test_a_permission_that_appears_while_the_task_runs_is_kept_and_told(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(mid_run={IDS[5]: {"add": {"user_ids": [INTRUDER]}}})
    result = run(purge_launch_permissions=True)
    assert not result["failed"]
    assert f"something else changed the permissions of 1 of the changed resources ({IDS[5]} (us-east-1))" in str(
        result["warnings"]
    )
    assert held(fleet)[5] == ("d", [A, INTRUDER])
    again = run(purge_launch_permissions=True)
    assert [image["changed"] for image in again["images"]] == [number == 5 for number in range(30)]
    assert held(fleet) == DONE


def test_a_permission_that_vanishes_while_the_task_runs(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(mid_run={IDS[5]: {"remove": {"user_ids": [B]}}})
    result = run()
    assert not result["failed"]
    assert held(fleet) == told(result) == DONE


SECOND_RUN = """
import json, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
from ansible_collections.amikit.aws.plugins.modules import ec2_ami_attribute
ec2_ami_attribute.main()
"""


def test_two_runs_at_once(fleet: LocalEC2, run: Run) -> None:
    """The module runs in this process, and in another with another account to grant; neither loses what both want."""
    fleet.switch(latency=0.05)
    options = {**OPTIONS, "image_ids": IDS, "launch_permissions": {"user_ids": ["333333333333"]}}
    with subprocess.Popen(
        [sys.executable, "-c", SECOND_RUN],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdin is not None
        other.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        other.stdin.close()
        result = run()
        assert other.stdout is not None
        second = json.loads(other.stdout.read())
    assert not result["failed"], result["msg"]
    assert not second.get("failed"), second["msg"]
    assert held(fleet) == [("d", [A, "333333333333"])] * 30
    assert run()["changed"] is False


@pytest.mark.parametrize("ends_in", [{"throttle_every": 3}, {"fail_every": 3}], ids=str)
def test_a_write_that_was_done_before_its_retry_failed(fleet: LocalEC2, run: Run, ends_in: Json) -> None:
    """The read passes, the write is done and its connection drops, and the retry fails for another reason."""
    fleet.switch(drop_after_every=2, **ends_in)
    twice = {"retries": {"total_max_attempts": 2}}
    result = run(image_ids=IDS[:1], **ONLY_DESCRIPTION, aws_config=twice)
    assert result["failed"]
    assert result["changed"]
    assert result["images"][0]["after"] == {"description": "d"}


def test_with_every_fault_at_once_the_second_run_converges_and_the_third_changes_nothing(
    fleet: LocalEC2, run: Run
) -> None:
    fleet.switch(
        latency=0.01,
        buckets=True,
        throttle_every=29,
        fail_every=11,
        drop_every=17,
        drop_after_every=19,
        read_lag=1,
        errors_of={IDS[4]: {"code": "ResourceLimitExceeded", "message": "Quota.", "attribute": "launchPermission"}},
        mid_run={IDS[5]: {"add": {"user_ids": [INTRUDER]}}, IDS[6]: {"remove": {"user_ids": [B]}}},
    )
    first = run(purge_launch_permissions=True)
    assert first["failed"]
    assert first["msg"].startswith(f"1 of 30 images failed: {IDS[4]} ")
    fleet.switch(errors_of={})
    second = run(purge_launch_permissions=True)
    assert not second["failed"], second["msg"]
    assert second["changed"]
    assert held(fleet) == DONE
    third = run(purge_launch_permissions=True)
    assert (third["failed"], third["changed"]) == (False, False)


def test_a_write_of_which_nobody_knows_is_told_as_that(fleet: LocalEC2, run: Run) -> None:
    """The connection drops after the write, and reads lag: EC2 has done it, and shows nothing of it."""
    fleet.switch(drop_after_every=2, read_lag=60)
    once = {"retries": {"total_max_attempts": 1}}
    result = run(image_ids=IDS[:1], **ONLY_DESCRIPTION, aws_config=once, wait=False)
    assert result["failed"]
    assert "0 images changed, and 1 may have changed: EC2 gave no clear answer. Run the task again" in result["msg"]
    assert "Nothing was changed" not in result["msg"]


def test_a_write_that_is_seen_late_is_waited_for(fleet: LocalEC2, run: Run) -> None:
    fleet.switch(drop_after_every=2, read_lag=2)
    # The second request, the write, is dropped; so would be the fourth, which comes when the write shows already.
    once = {"retries": {"total_max_attempts": 2}}
    result = run(image_ids=IDS[:1], **ONLY_DESCRIPTION, aws_config=once)
    assert result["changed"]
    assert result["images"][0]["after"] == {"description": "d"}


def test_a_denial_that_comes_as_a_server_error(fleet: LocalEC2, run: Run) -> None:
    fault = {"code": "UnauthorizedOperation", "message": "No.", "status": 500, "action": "ModifyImageAttribute"}
    fleet.switch(errors_of={IDS[0]: fault})
    result = run(image_ids=IDS[:3], aws_config={"retries": {"total_max_attempts": 1}})
    assert result["failed"]
    assert [image["changed"] for image in result["images"]] == [False, True, True]
    assert result["images"][0]["requests"][0]["status"] == "denied"
