# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Shared tags, dates, protection and whether an image is enabled: in policies, in backups and on the way back.

What the attributes are by themselves is in test_ec2_ami_life.py.
"""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import boto3
import pytest
from unit.images import image
from unit.images import launchers
from unit.images import policy

from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2
from local_ec2.client import LocalEC2

KEPT, FORMER, NEW = "111122223333", "444455556666", "777788889999"
A, B, C = (f"ami-0{letter * 16}" for letter in "abc")
NOW = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
PREFIX = "ec2:SharedTag/"

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


def days(count: float, seconds: int = 0) -> str:
    """Return the time so many days and seconds from now, as EC2 shows it."""
    return (NOW + datetime.timedelta(days=count, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def shared(**tags: str) -> dict[str, str]:
    return {f"{PREFIX}{key}": value for key, value in tags.items()}


@pytest.fixture
def share(run_module: Run) -> Run:
    return lambda *policies, **options: run_module("ec2_ami_sharing", policies=policies, **options)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "golden.json"


@pytest.fixture
def restore(run_module: Run, file: Path) -> Run:
    return lambda **options: run_module("ami_sharing_restore", **{"src": str(file), **options})


def write(file: Path, before: Json, after: Json, made: str = "2026-11-29T10:14:18Z") -> None:
    """Write the backup of a run on the image A."""
    head = {"amikit_backup": 1, "made": made, "caller": None, "snapshots": []}
    entry = {"id": A, "region": "us-east-1", "name": "golden", "before": before, "after": after}
    file.write_text(json.dumps({**head, "images": [entry]}), encoding="utf-8")


def statuses(item: Json) -> list[str]:
    return [f"{each['attribute']} {each['operation']} {each['status']}" for each in item["requests"]]


def writes(ec2: LocalEC2) -> list[str]:
    """Return the actions that change something, and those that ask whether they may."""
    return [each["action"] for each in ec2.requests() if not each["action"].startswith(("Describe", "Get"))]


def shown(image_id: str = A, region: str = "us-east-1") -> Json:
    """Return what EC2 shows of the life of an image."""
    client: t.Any = boto3.client("ec2", region_name=region)
    (found,) = client.describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
    return {
        "state": found["State"],
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
        "date": found.get("DeprecationTime", ""),
        "protection": found["DeregistrationProtection"],
    }


# Policies

DATE = days(30)[:10]
LIFE: Json = {
    "shared_tags": {"status": "approved", "release": 2},
    "purge_shared_tags": True,
    "deprecate_at": DATE,
    "deregistration_protection": "enabled",
}
AFTER: Json = {
    "shared_tags": {"status": "approved", "release": "2"},
    "deprecate_at": f"{DATE}T00:00:00.000Z",
    "deregistration_protection": "enabled",
}
OLD_TAGS = {"team": "platform", **shared(status="candidate", former="yes")}


def test_a_policy_in_fours(ec2: LocalEC2, share: Run) -> None:
    ec2.seed(image(A, KEPT, tags=OLD_TAGS), image(B, KEPT, region="eu-west-1"))
    wanted = policy("P", "share", NEW, image_ids=[f"us-east-1:{A}", f"eu-west-1:{B}"], **LIFE)
    checked, was = share(wanted, check=True), shown()
    done = share(wanted)
    for result, status in ((checked, "authorized"), (done, "applied")):
        of_a, of_b = result["policies"][0]["images"]
        sets = [f"deprecation set {status}", f"deregistrationProtection set {status}"]
        added = [f"launchPermission add {status}", f"sharedTags add {status}"]
        assert statuses(of_a) == [*added, f"sharedTags remove {status}", *sets]
        assert statuses(of_b) == [*added, *sets]
        assert of_a["before"]["shared_tags"] == {"status": "candidate", "former": "yes"}
        assert {option: of_a["after"][option] for option in AFTER} == AFTER
        assert result["summary"]["changed"] == 2
    assert (was["tags"], was["date"], was["protection"]) == (OLD_TAGS, "", "disabled")
    tags = {"team": "platform", **shared(status="approved", release="2")}
    protection = "enabled-without-cooldown"
    assert shown() == {"state": "available", "tags": tags, "date": AFTER["deprecate_at"], "protection": protection}
    ec2.clear()
    for again in (share(wanted), share(wanted, check=True)):
        assert (again["failed"], again["changed"]) == (False, False)
    assert writes(ec2) == []


def test_two_policies_ask_together(ec2: LocalEC2, share: Run) -> None:
    ec2.seed(image(A), image(B))
    both = [A, B]
    one = policy("One", "share", NEW, image_ids=both, shared_tags={"status": "approved"}, deprecate_at="2y")
    other = policy("Other", "share", KEPT, image_ids=both, shared_tags={"release": "1"}, deprecate_at="2y")
    assert share(one, other)["summary"]["changed"] == 2
    assert shown()["tags"] == shown(B)["tags"] == shared(status="approved", release="1")
    assert writes(ec2).count("CreateTags") == 1


CONTRADICTIONS: dict[str, tuple[Json, Json, str]] = {
    "two dates": ({"deprecate_at": "1y"}, {"deprecate_at": "2y"}, "deprecate_at"),
    "an age and the date on which it ends": ({"deprecate_at": "90d"}, {"deprecate_at": days(90)}, "deprecate_at"),
    "a date and none": ({"deprecate_at": "1y"}, {"deprecate_at": ""}, "deprecate_at"),
    "two protections": (
        {"deregistration_protection": "enabled"},
        {"deregistration_protection": "disabled"},
        "deregistration_protection",
    ),
    "two values of a tag": (
        {"shared_tags": {"status": "approved"}},
        {"shared_tags": {"status": "candidate"}},
        "shared_tags.status",
    ),
    "a purge against another's tag": (
        {"shared_tags": {"status": "approved"}, "purge_shared_tags": True},
        {"shared_tags": {"release": "1"}},
        "shared_tags.release",
    ),
}


@pytest.mark.parametrize(("one", "other", "about"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_what_contradicts_each_other_stops_the_run(
    ec2: LocalEC2, share: Run, one: Json, other: Json, about: str
) -> None:
    ec2.seed(image(A), image(B))
    result = share(
        policy("One", "share", NEW, image_ids=[A], **one), policy("Other", "share", NEW, image_ids=[A, B], **other)
    )
    said = f"the policies 'One' and 'Other' contradict each other about {about}, on us-east-1:{A}"
    assert result["stopped"] == [said]
    assert (result["changed"], writes(ec2)) == (False, [])


def test_a_date_that_is_written_in_two_ways_is_one(ec2: LocalEC2, share: Run) -> None:
    ec2.seed(image(A))
    written = (DATE, f"{DATE} 02:00+02:00", f"{DATE}T00:00:00Z", f"{DATE}T00:00:10Z")
    policies = [policy(each, "share", NEW, image_ids=[A], deprecate_at=each) for each in written]
    assert share(*policies)["changed"]
    assert shown()["date"] == AFTER["deprecate_at"]


@pytest.mark.parametrize("date", ["9000y", "9999-12-31T23:59:59Z"])
def test_a_date_beyond_all_dates_is_refused(ec2: LocalEC2, share: Run, date: str) -> None:
    ec2.seed(image(A))
    result = share(policy("P", "share", NEW, image_ids=[A], deprecate_at=date))
    assert "The date of deprecation 9999-12-31T23:59:00.000Z is more than 10 years from now" in result["stopped"][0]
    assert writes(ec2) == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_purge_agrees_with_what_it_keeps(ec2: LocalEC2, share: Run, order: int) -> None:
    ec2.seed(image(A, tags=OLD_TAGS))
    exact = policy("One", "share", NEW, image_ids=[A], shared_tags={"status": "approved"}, purge_shared_tags=True)
    same = policy("Other", "share", NEW, image_ids=[A], shared_tags={"status": "approved"})
    assert share(*[exact, same][::order])["changed"]
    assert shown()["tags"] == {"team": "platform", **shared(status="approved")}


def test_whether_an_image_is_enabled_is_no_matter_of_policies(ec2: LocalEC2, share: Run) -> None:
    result = share(policy("P", "share", NEW, image_ids=[A], enabled=True))
    assert "policy 'P': unknown: enabled; a policy takes " in result["msg"]
    assert ec2.requests() == []


def test_what_is_wrong_with_a_policy_is_said_by_its_name(ec2: LocalEC2, share: Run) -> None:
    odd = {"shared_tags": ["status"], "deprecate_at": "soon", "deregistration_protection": "sometimes"}
    tags = policy("Q", "share", NEW, image_ids=[A], shared_tags={"status": ["approved"]})
    lines = share(policy("P", "share", NEW, image_ids=[A], **odd), tags)["msg"].splitlines()
    assert "policy 'Q': shared_tags: the value of 'status' is a list, and a tag takes text" in lines
    assert "policy 'P': shared_tags is of type list and not dict" in lines
    assert any(line.startswith("policy 'P': deprecate_at: 'soon' is neither a date ") for line in lines)
    assert any(line.startswith("policy 'P': deregistration_protection: 'sometimes' ") for line in lines)
    assert ec2.requests() == []


def test_tags_that_fail_hold_back_no_permissions(ec2: LocalEC2, share: Run) -> None:
    """Neither on the image nor, where it has its snapshots shared, on these."""
    ec2.seed(image(A, FORMER, tags=OLD_TAGS))
    refused = {"code": "InvalidParameterValue", "message": "Not this one.", "status": 400}
    ec2.switch(errors_of={A: {"action": "DeleteTags", **refused}})
    wanted = policy("P", "exclusive", NEW, image_ids=[A], snapshots=True, shared_tags={}, purge_shared_tags=True)
    result = share(wanted)
    (of_a,), (behind,) = (result["policies"][0][kind] for kind in ("images", "snapshots"))
    assert of_a["error"]["code"] == "InvalidParameterValue"
    assert "error" not in behind
    assert launchers(ec2, A) == [NEW]
    assert statuses(behind) == ["createVolumePermission add applied", "createVolumePermission remove applied"]


def test_the_report_shows_the_life_of_images(ec2: LocalEC2, share: Run) -> None:
    ec2.seed(image(A, tags=OLD_TAGS), image(B, tags=OLD_TAGS, deprecation_time=days(9)))
    of_a = policy("P", "share", NEW, image_ids=[A], **LIFE)
    of_b = policy("Q", "share", NEW, image_ids=[B])
    for check in (True, False):
        rows = {row["image_id"]: row for row in share(of_a, of_b, report=True, check=check)["report"]["images"]}
        assert {option: rows[A][option] for option in AFTER} == AFTER
        assert rows[B]["shared_tags"] == {"status": "candidate", "former": "yes"}
        assert (rows[B]["deprecate_at"], rows[B]["deregistration_protection"]) == (days(9), "disabled")


# Backup and restore


def test_a_run_over_policies_is_taken_back(ec2: LocalEC2, share: Run, restore: Run, file: Path) -> None:
    ec2.seed(image(A, KEPT, tags=OLD_TAGS, deprecation_time=days(300)))
    was = shown()
    assert not share(policy("P", "share", NEW, image_ids=[A], **LIFE), backup=str(file))["failed"]
    checked = restore(check=True)
    done = restore()
    for result, status in ((checked, "authorized"), (done, "applied")):
        (of_a,) = result["images"]
        assert {each.rpartition(" ")[2] for each in statuses(of_a)} == {status}
        assert of_a["after"]["shared_tags"] == {"status": "candidate", "former": "yes"}
    assert (shown(), launchers(ec2, A)) == (was, [KEPT])
    assert not restore()["changed"]


MINE: Json = {"shared_tags": {"status": "approved", "release": "1"}, "deprecate_at": days(30)}
BEFORE: Json = {"shared_tags": {"status": "candidate"}, "deprecate_at": days(90)}
PUBLIC: Json = {"user_ids": [KEPT], "group_names": ["all"]}
THEIRS = shared(status="approved", release="theirs", other="theirs")


@pytest.mark.parametrize(
    ("exact", "tags", "date"),
    [
        (False, shared(status="candidate", release="theirs", other="theirs"), days(60)),
        (True, shared(status="candidate"), days(90)),
    ],
    ids=["taken back", "exact"],
)
def test_what_others_have_set_since(
    ec2: LocalEC2, restore: Run, file: Path, exact: bool, tags: Json, date: str
) -> None:
    ec2.seed(image(A, tags=THEIRS, deprecation_time=days(60)))
    write(file, BEFORE, MINE)
    assert not restore(exact=exact)["failed"]
    assert (shown()["tags"], shown()["date"]) == (tags, date)


@pytest.mark.parametrize("exact", [False, True])
def test_a_date_comes_back_without_its_seconds(ec2: LocalEC2, restore: Run, file: Path, exact: bool) -> None:
    """EC2 shows the seconds of a date that it has set itself, and takes none."""
    ec2.seed(image(A, deprecation_time=days(30)))
    write(file, {"deprecate_at": days(300, 20)}, {"deprecate_at": days(30)})
    done = restore(exact=exact, wait_timeout=1)
    assert (done["failed"], done["changed"], shown()["date"]) == (False, True, days(300))
    again = restore(exact=exact)
    assert (again["failed"], again["changed"]) == (False, False)


def test_a_date_that_has_passed_and_is_still_there_is_restored(ec2: LocalEC2, restore: Run, file: Path) -> None:
    ec2.seed(image(A, deprecation_time=days(-1)))
    write(file, {"deprecate_at": days(-1, 20)}, {"deprecate_at": days(30)})
    done = restore(exact=True)
    assert (done["failed"], done["changed"]) == (False, False)


def test_the_date_of_an_age_may_be_later_than_planned(ec2: LocalEC2, restore: Run, file: Path) -> None:
    """It is worked out when it is sent. The backup was made at its time, and says what was planned."""
    ec2.seed(image(A, deprecation_time=days(-0.9)))
    write(file, {"deprecate_at": ""}, {"deprecate_at": days(-1)}, made=f"{days(-1)[:19]}Z")
    assert not restore()["failed"]
    assert shown()["date"] == ""
    ec2.seed(image(A, deprecation_time=days(60)))
    assert not restore()["changed"]


def test_a_date_that_has_passed_cannot_be_set_again(ec2: LocalEC2, restore: Run, file: Path) -> None:
    ec2.seed(image(A, tags=shared(status="approved"), deprecation_time=days(30)))
    write(
        file,
        {"shared_tags": {}, "deprecate_at": days(-1)},
        {"shared_tags": {"status": "approved"}, "deprecate_at": days(30)},
    )
    result = restore()
    assert result["images"][0]["error"]["code"] == "CannotBeUndone"
    assert "deprecate_at was a time that has passed, and EC2 accepts none in the past" in result["msg"]
    assert (shown()["tags"], shown()["date"]) == ({}, days(30))


def test_what_ec2_refuses_by_now_keeps_nothing_else_from_being_restored(
    ec2: LocalEC2, share: Run, restore: Run, file: Path
) -> None:
    ec2.seed(image(A, tags=OLD_TAGS, launch_permissions=PUBLIC))
    was = shown()
    assert not share(policy("P", "share", NEW, image_ids=[A], **LIFE), backup=str(file))["failed"]
    result = restore()
    assert result["images"][0]["error"]["code"] == "CannotBeUndone"
    assert "The deprecation of a public image cannot be canceled; make it private first" in result["msg"]
    assert (shown(), launchers(ec2, A)) == ({**was, "date": AFTER["deprecate_at"]}, [KEPT, "all"])


def test_a_public_image_comes_back_without_its_date(ec2: LocalEC2, run_module: Run, restore: Run, file: Path) -> None:
    """First without everyone, since a date cannot be canceled in public; and then with everyone."""
    ec2.seed(image(A, launch_permissions=PUBLIC))
    private = {"launch_permissions": {}, "purge_launch_permissions": True, "deprecate_at": days(30)}
    assert run_module("ec2_ami_attribute", image_ids=[A], backup=str(file), **private)["changed"]
    assert restore(allow_public=True)["failed"]
    assert (shown()["date"], launchers(ec2, A)) == ("", [KEPT])
    assert not restore(allow_public=True)["failed"]
    assert (shown()["date"], launchers(ec2, A)) == ("", [KEPT, "all"])


def test_a_disabled_image_comes_back_with_its_permissions(
    ec2: LocalEC2, run_module: Run, restore: Run, file: Path
) -> None:
    ec2.seed(image(A, KEPT, FORMER))
    gone = {"launch_permissions": {}, "purge_launch_permissions": True, "enabled": False}
    assert run_module("ec2_ami_attribute", image_ids=[A], backup=str(file), **gone)["changed"]
    assert (shown()["state"], launchers(ec2, A)) == ("disabled", [])
    assert statuses(restore()["images"][0]) == ["imageState set applied", "launchPermission add applied"]
    assert (shown()["state"], launchers(ec2, A)) == ("available", [KEPT, FORMER])


def test_an_image_that_has_been_disabled_since_gets_back_what_needs_no_state(
    ec2: LocalEC2, restore: Run, file: Path
) -> None:
    ec2.seed(image(A, tags=shared(status="approved"), deprecation_time=days(30), description="new", state="disabled"))
    lists = [{"user_ids": [entry], "group_names": [], "org_arns": [], "org_unit_arns": []} for entry in (FORMER, NEW)]
    write(
        file,
        {**BEFORE, "description": "old", "launch_permissions": lists[0]},
        {
            "shared_tags": {"status": "approved"},
            "deprecate_at": days(30),
            "description": "new",
            "launch_permissions": lists[1],
        },
    )
    result = restore()
    assert "The image is disabled; enable it first" in result["msg"]
    assert (shown()["tags"], shown()["date"]) == (shared(status="candidate"), BEFORE["deprecate_at"])
    again = restore()
    assert (again["changed"], again["failed"]) == (False, True)


def test_an_image_that_was_disabled_is_not_taken_from_whom_it_was_shared_with_since(
    ec2: LocalEC2, restore: Run, file: Path
) -> None:
    ec2.seed(image(A, NEW, tags=shared(status="approved")))
    write(file, {"enabled": False, "shared_tags": {}}, {"enabled": True, "shared_tags": {"status": "approved"}})
    result = restore()
    assert f"Disabling the image would cut off {NEW}" in result["msg"]
    assert (shown()["state"], shown()["tags"], launchers(ec2, A)) == ("available", {}, [NEW])
    ec2.seed(image(B))
    write(file, {"enabled": False}, {"enabled": True})
    file.write_text(file.read_text().replace(A, B))
    assert restore()["changed"]
    assert shown(B)["state"] == "disabled"


# A botocore that does not know an operation yet

TOO_OLD = (
    "deprecate_at: the installed botocore is too old: it does not know enable_image_deprecation,"
    " disable_image_deprecation. Upgrade boto3"
)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(_ec2: EC2, _region: str, operations: t.Iterable[str]) -> list[str]:
        return [operation for operation in operations if operation.endswith("_deprecation")]

    monkeypatch.setattr(EC2, "lacks", lacks)


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("check", [True, False])
def test_a_task_does_without_what_botocore_is_too_old_for(ec2: LocalEC2, run_module: Run, check: bool) -> None:
    ec2.seed(image(A))
    asked = {"description": "New", "deprecate_at": "2y", "shared_tags": {"status": "approved"}}
    result = run_module("ec2_ami_attribute", image_ids=[A], check=check, **asked)
    assert (result["failed"], result["msg"]) == (True, TOO_OLD)
    status = "authorized" if check else "applied"
    assert statuses(result["images"][0]) == [f"description set {status}", f"sharedTags add {status}"]


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("check", [True, False])
def test_policies_do_without_it_too(ec2: LocalEC2, share: Run, check: bool) -> None:
    ec2.seed(image(A), image(B))
    dated = policy("P", "share", NEW, image_ids=[A], deprecate_at="2y")
    result = share(dated, policy("Q", "share", NEW, image_ids=[B], deregistration_protection="enabled"), check=check)
    assert (result["failed"], result["msg"]) == (True, TOO_OLD)
    (of_a,), (of_b,) = (found["images"] for found in result["policies"])
    status = "authorized" if check else "applied"
    assert statuses(of_a) == [f"launchPermission add {status}"]
    assert statuses(of_b) == [f"launchPermission add {status}", f"deregistrationProtection set {status}"]


@pytest.mark.usefixtures("old")
def test_so_does_an_audit(ec2: LocalEC2, share: Run) -> None:
    """A botocore that does not know the operation does not show what it has set, either."""
    ec2.seed(image(A, NEW))
    result = share(policy("P", "share", NEW, image_ids=[A], deprecate_at="2y"), audit=True)
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, TOO_OLD)
    assert (result["summary"]["changed"], result["summary"]["failed"]) == (0, 0)


@pytest.mark.usefixtures("old")
def test_a_restoration_does_without_it_too(ec2: LocalEC2, restore: Run, file: Path) -> None:
    ec2.seed(image(A, tags=THEIRS, deprecation_time=days(30)))
    write(file, BEFORE, {**MINE, "shared_tags": {"status": "approved"}})
    result = restore()
    assert (result["failed"], result["msg"]) == (True, TOO_OLD)
    assert (shown()["tags"], shown()["date"]) == ({**THEIRS, **shared(status="candidate")}, days(30))
