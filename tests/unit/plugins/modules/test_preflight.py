# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The option ``preflight`` of the modules: EC2 is asked about every request first, and one denial changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from unit.images import Clock
from unit.images import image
from unit.images import items
from unit.images import modifying
from unit.images import snapshot_of
from unit.three_images import FORMER
from unit.three_images import KEPT
from unit.three_images import MODULES
from unit.three_images import A
from unit.three_images import B
from unit.three_images import C
from unit.three_images import Json
from unit.three_images import Run
from unit.three_images import every_module
from unit.three_images import id_of
from unit.three_images import truth

from local_ec2.client import LocalEC2


@pytest.fixture
def fleet(ec2: LocalEC2, clock: Clock) -> LocalEC2:
    """An EC2 with three images that are to be changed, in two Regions."""
    ec2.seed(image(A, KEPT, FORMER), image(B, FORMER, region="eu-west-1"), image(C, KEPT, FORMER))
    return ec2


def asked(ec2: LocalEC2, *, dry_run: bool) -> list[tuple[str, ...]]:
    """Return what EC2 was asked to change, or whether it might be: everything about each request, sorted."""
    parameters = [each["parameters"] for each in modifying(ec2) if each["dry_run"] is dry_run]
    return sorted(
        tuple(f"{name}={value}" for name, value in sorted(each.items()) if name != "DryRun") for each in parameters
    )


def statuses(result: Json) -> dict[str, list[str]]:
    return {
        id_of(item): [request["status"] for request in item["requests"]] for item in items(result) if "requests" in item
    }


def denied(ec2: LocalEC2, *ids: str, **others: str) -> None:
    text = "You are not authorized to perform this operation."
    fault = {"code": "UnauthorizedOperation", "message": text, "status": 403, **others}
    action = {"ami-": "ModifyImageAttribute", "snap": "ModifySnapshotAttribute"}
    ec2.switch(errors_of={each: {"action": action[each[:4]], **fault} for each in ids})


def without_request_id(text: str) -> str:
    return re.sub(r" \(request id [0-9a-f-]+\)", "", text)


@every_module
def test_every_request_is_asked_about_once_and_then_sent(fleet: LocalEC2, run_module: Run, module: str) -> None:
    result = run_module(module, **MODULES[module], preflight=True)
    assert not result["failed"], result["msg"]
    order = [request["dry_run"] for request in modifying(fleet)]
    assert order == sorted(order, reverse=True)
    assert asked(fleet, dry_run=True) == asked(fleet, dry_run=False)
    assert len(order) == 2 * sum(len(item["requests"]) for item in items(result)) > 6
    assert {status for each in statuses(result).values() for status in each} == {"applied"}

    fleet.clear()
    again = run_module(module, **MODULES[module], preflight=True)
    assert (again["failed"], again["changed"]) == (False, False)
    assert modifying(fleet) == []


@every_module
def test_check_mode_asks_once_with_preflight_too(fleet: LocalEC2, run_module: Run, module: str) -> None:
    was = truth(fleet)
    result = run_module(module, **MODULES[module], preflight=True, check=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert len(modifying(fleet)) == sum(len(item["requests"]) for item in items(result))
    assert {status for each in statuses(result).values() for status in each} == {"authorized"}
    assert truth(fleet) == was


@pytest.mark.parametrize(
    ("module", "where"),
    [
        ("ec2_ami_attribute", A),
        ("ec2_ami_attribute", B),
        ("ec2_snapshot_attribute", snapshot_of(C)),
        ("ec2_ami_sharing", A),
        ("ec2_ami_sharing", snapshot_of(B)),
    ],
)
def test_one_denial_changes_nothing_anywhere(
    fleet: LocalEC2, run_module: Run, tmp_path: Path, module: str, where: str
) -> None:
    was, file = truth(fleet), tmp_path / "golden.json"
    denied(fleet, where)
    result = run_module(module, **MODULES[module], preflight=True, backup=str(file))
    assert (result["failed"], result["changed"]) == (True, False)
    assert truth(fleet) == was
    assert all(request["dry_run"] for request in modifying(fleet))
    assert not file.exists()
    assert result.get("diff") == [] or module == "ec2_ami_sharing"

    target = f"{where} ({'eu-west-1' if where.endswith(B[5:]) else 'us-east-1'})"
    why = "UnauthorizedOperation: You are not authorized to perform this operation"
    (broken,) = (item for item in items(result) if "error" in item)
    assert where in (broken.get("image_id"), broken.get("snapshot_id"))
    assert (broken["error"]["operation"], broken["error"]["predicted"]) == (
        "ModifySnapshotAttribute" if where.startswith("snap") else "ModifyImageAttribute",
        False,
    )
    assert set(statuses(result)[where]) == {"denied"}
    assert all(set(each) <= {"not_sent"} for resource_id, each in statuses(result).items() if resource_id != where)
    if module == "ec2_ami_sharing":
        assert [without_request_id(reason) for reason in result["stopped"]] == [f"policy 'One': {target}: {why}"]
        assert result["msg"].split("\n") == ["Stopped before anything was changed:", *result["stopped"]]
        assert result["preview"]
    else:
        action = broken["error"]["operation"]
        assert result["msg"].startswith(f"1 of 3 {'snapshot' if where.startswith('snap') else 'image'}s failed: ")
        assert without_request_id(result["msg"]).endswith(f": {target}: {action}: {why}\nNothing was changed")


def test_denials_are_all_named_and_everything_is_asked(fleet: LocalEC2, run_module: Run) -> None:
    denied(fleet, A, snapshot_of(A), snapshot_of(C))
    result = run_module("ec2_ami_sharing", **MODULES["ec2_ami_sharing"], preflight=True)
    assert [reason.count("UnauthorizedOperation") for reason in result["stopped"]] == [2, 1]
    assert [A in result["stopped"][0], snapshot_of(A) in result["stopped"][0]] == [True, True]
    assert result["stopped"][1].startswith(f"policy 'Two': {snapshot_of(C)} (us-east-1): UnauthorizedOperation: ")
    # What is denied on a snapshot does not hold back the question about its image.
    assert {request["image_id"] for request in modifying(fleet)} - {""} == {A, B, C}
    assert len(asked(fleet, dry_run=True)) == len(set(asked(fleet, dry_run=True)))


def test_a_denial_in_one_region_names_what_iam_says(fleet: LocalEC2, run_module: Run) -> None:
    """The caller may decode the message, and may do everything but change snapshots in the other Region."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    region = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Effect": "Deny", "Action": "ec2:ModifySnapshotAttribute", "Resource": "*", "Condition": region}
    user = fleet.principal("ops", {"Version": "2012-10-17", "Statement": [everything, deny]})
    keys = {name: user[name] for name in ("access_key", "secret_key")}
    was = truth(fleet)
    result = run_module("ec2_ami_sharing", **MODULES["ec2_ami_sharing"], **keys, preflight=True)
    assert (result["failed"], result["changed"], truth(fleet)) == (True, False, was)
    (reason,) = result["stopped"]
    assert f"{snapshot_of(B)} (eu-west-1)" in reason
    assert "is not authorized to perform: ec2:ModifySnapshotAttribute" in reason
    assert "Decoded authorization message: " in reason
    assert "Encoded authorization failure message" not in reason


@every_module
def test_an_endpoint_that_ignores_dry_run_is_stopped_after_one_change(
    fleet: LocalEC2, run_module: Run, module: str
) -> None:
    fleet.switch(ignore_dry_run=True)
    was = truth(fleet)
    result = run_module(module, **MODULES[module], preflight=True)
    assert (result["failed"], result["changed"]) == (True, True)
    assert len(modifying(fleet)) == 1
    now = truth(fleet)
    assert [before == after for before, after in zip(was, now, strict=True)].count(False) == 1
    (broken,) = (item for item in items(result) if "error" in item)
    assert broken["error"]["code"] == "DryRunIgnored"
    assert broken["changed"]
    assert [status for each in statuses(result).values() for status in each].count("applied") == 1
    assert "Do not use check mode or preflight with it" in result["msg"]
    assert "nothing was changed" not in result["msg"].lower()
    assert "this is check mode" not in result["msg"]
