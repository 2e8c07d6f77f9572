# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_attribute over HTTP: what an image has besides launch permissions and texts.

Shared tags, the date of deprecation, deregistration protection, and whether it is enabled; and the quotas.
"""

from __future__ import annotations

import datetime
import typing as t

import boto3
import pytest
from unit.images import launchers
from unit.images import warned

from ansible_collections.amikit.aws.plugins.module_utils._attributes import reading
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from local_ec2.client import LocalEC2

OWNER, FORMER, NEW = "123456789012", "444455556666", "777788889999"
A, B, C = (f"ami-0{letter * 16}" for letter in "abc")
NOW = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


def days(count: float, seconds: int = 0) -> str:
    """Return the time so many days and seconds from now, as EC2 shows it."""
    return (NOW + datetime.timedelta(days=count, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module("ec2_ami_attribute", **{"image_ids": [A], **options})


def failing(action: str) -> Json:
    return {"action": action, "code": "InvalidParameterValue", "message": "Not this one.", "status": 400}


def described(image_id: str = A) -> Json:
    image: Json = boto3.client("ec2").describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"][0]
    return image


def writes(ec2: LocalEC2) -> list[str]:
    return [each["action"] for each in ec2.requests() if not each["action"].startswith(("Describe", "Get"))]


def statuses(result: Json) -> list[str]:
    return [
        f"{each['attribute']} {each['operation']} {each['status']}"
        for image in result["images"]
        for each in image.get("requests", ())
    ]


# In fours. Each: (the image, the options, the requests, the value before, the value after)

TAGS = {"ec2:SharedTag/status": "approved", "team": "kernel"}
SCENARIOS: dict[str, tuple[Json, Json, list[str], Json, Json]] = {
    "shared tags, added and changed": (
        {"tags": TAGS},
        {"shared_tags": {"status": "old", "release": 2026}},
        ["sharedTags add"],
        {"shared_tags": {"status": "approved"}},
        {"shared_tags": {"release": "2026", "status": "old"}},
    ),
    "shared tags, without a value and with one of YAML": (
        {"tags": TAGS},
        {"shared_tags": {"status": None, "hardened": True}},
        ["sharedTags add"],
        {"shared_tags": {"status": "approved"}},
        {"shared_tags": {"hardened": "true", "status": ""}},
    ),
    "shared tags, purged": (
        {"tags": TAGS},
        {"shared_tags": {"release": "1"}, "purge_shared_tags": True},
        ["sharedTags add", "sharedTags remove"],
        {"shared_tags": {"status": "approved"}},
        {"shared_tags": {"release": "1"}},
    ),
    "no shared tags": (
        {"tags": TAGS},
        {"shared_tags": {}, "purge_shared_tags": True},
        ["sharedTags remove"],
        {"shared_tags": {"status": "approved"}},
        {"shared_tags": {}},
    ),
    "a date": (
        {},
        {"deprecate_at": days(30)[:10]},
        ["deprecation set"],
        {"deprecate_at": ""},
        {"deprecate_at": f"{days(30)[:10]}T00:00:00.000Z"},
    ),
    "a date with an offset, rounded": (
        {},
        {"deprecate_at": f"{days(30)[:10]} 01:59:31+02:00"},
        ["deprecation set"],
        {"deprecate_at": ""},
        {"deprecate_at": f"{days(30)[:10]}T00:00:00.000Z"},
    ),
    "an age": (
        {"creation_date": days(-10)},
        {"deprecate_at": "26w"},
        ["deprecation set"],
        {"deprecate_at": ""},
        {"deprecate_at": days(-10 + 26 * 7)},
    ),
    "no date": (
        {"deprecation_time": days(9)},
        {"deprecate_at": ""},
        ["deprecation set"],
        {"deprecate_at": days(9)},
        {"deprecate_at": ""},
    ),
    "protection": (
        {},
        {"deregistration_protection": "enabled-with-cooldown"},
        ["deregistrationProtection set"],
        {"deregistration_protection": "disabled"},
        {"deregistration_protection": "enabled-with-cooldown"},
    ),
    "protection without a cool-down": (
        {"deregistration_protection": "enabled-without-cooldown"},
        {"deregistration_protection": "disabled"},
        ["deregistrationProtection set"],
        {"deregistration_protection": "enabled"},
        {"deregistration_protection": "disabled"},
    ),
    "disabled": (
        {"launch_permissions": {"user_ids": [OWNER]}},
        {"enabled": False},
        # EC2 drops the owner's own entry too, which cuts nobody off.
        ["launchPermission remove", "imageState set"],
        {"enabled": True},
        {"enabled": False},
    ),
    "enabled, and then shared": (
        {"state": "disabled"},
        {"enabled": True, "description": "New"},
        ["imageState set", "description set"],
        {"description": "", "enabled": False},
        {"description": "New", "enabled": True},
    ),
}


@pytest.mark.parametrize(("seed", "options", "requests", "before", "after"), SCENARIOS.values(), ids=list(SCENARIOS))
def test_in_fours(
    ec2: LocalEC2, run: Run, seed: Json, options: Json, requests: list[str], before: Json, after: Json
) -> None:
    ec2.seed({"image_id": A, **seed})
    checked = run(check=True, **options)
    assert statuses(checked) == [f"{request} authorized" for request in requests]
    untouched = described()
    done = run(**options)
    assert statuses(done) == [f"{request} applied" for request in requests]
    for result in (checked, done):
        (image,) = result["images"]
        assert (result["failed"], result["changed"]) == (False, True)
        assert {key: image["before"][key] for key in before} == before
        assert {key: image["after"][key] for key in after} == after
        assert result["diff"][0]["before"] != result["diff"][0]["after"]
    assert described() != untouched
    ec2.clear()
    for again in (run(**options), run(check=True, **options)):
        assert (again["failed"], again["changed"], statuses(again)) == (False, False, [])
        assert {key: again["images"][0]["before"][key] for key in after} == after
    assert writes(ec2) == []


def test_all_seven_attributes_take_no_read_more(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A})
    result = run(
        description="New",
        imds_support="v2.0",
        launch_permissions={"user_ids": [NEW]},
        shared_tags={"status": "approved"},
        deprecate_at="2y",
        deregistration_protection="enabled",
        enabled=True,
    )
    assert not result["failed"], result
    assert [each["action"] for each in ec2.requests()] == [
        "DescribeImages",
        "DescribeImageAttribute",
        "ModifyImageAttribute",
        "ModifyImageAttribute",
        "ModifyImageAttribute",
        "EnableImageDeprecation",
        "EnableImageDeregistrationProtection",
        "DescribeImageAttribute",
        "CreateTags",
        "DescribeImages",
    ]


# Shared tags of many images


@pytest.mark.parametrize("check", [False, True])
def test_the_same_change_of_many_images_is_one_request(ec2: LocalEC2, run: Run, check: bool) -> None:
    ids = [f"ami-{number:017x}" for number in range(200)]
    ec2.seed(*({"image_id": image_id} for image_id in ids))
    result = run(image_ids=ids, shared_tags={"status": "approved", "release": "1"}, check=check)
    assert (result["failed"], result["summary"]["changed"]) == (False, 200)
    # The first DryRun is sent alone, because an endpoint may carry it out.
    assert writes(ec2) == ["CreateTags"] * (2 if check else 1)


def test_one_request_takes_a_thousand_images(ec2: LocalEC2, run: Run) -> None:
    ids = [f"ami-{number:017x}" for number in range(1001)]
    ec2.seed(*({"image_id": image_id} for image_id in ids))
    result = run(image_ids=ids, shared_tags={"status": "approved"})
    assert (result["failed"], result["summary"]["changed"]) == (False, 1001)
    assert writes(ec2) == ["CreateTags"] * 2


def test_a_tag_is_taken_off_many_images_in_one_request_whatever_it_holds(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*({"image_id": each, "tags": {"ec2:SharedTag/status": each}} for each in (A, B)))
    result = run(image_ids=[A, B], shared_tags={}, purge_shared_tags=True)
    assert [image["before"]["shared_tags"] for image in result["images"]] == [{"status": A}, {"status": B}]
    assert [image["after"]["shared_tags"] for image in result["images"]] == [{}, {}]
    assert writes(ec2) == ["DeleteTags"]


@pytest.mark.parametrize("check", [False, True])
def test_one_that_is_denied_costs_the_others_nothing(ec2: LocalEC2, run: Run, check: bool) -> None:
    ec2.seed(*({"image_id": image_id} for image_id in (A, B, C)))
    may_tag = [f"arn:aws:ec2:us-east-1::image/{image_id}" for image_id in (A, C)]
    statements = [
        {"Effect": "Allow", "Action": "ec2:DescribeImages", "Resource": "*"},
        {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": may_tag},
    ]
    some = ec2.principal("some", {"Version": "2012-10-17", "Statement": statements})
    keys = {name: some[name] for name in ("access_key", "secret_key")}
    result = run(image_ids=[A, B, C], shared_tags={"status": "approved"}, check=check, **keys)
    assert [("error" in image, image["changed"]) for image in result["images"]] == [
        (False, True),
        (True, False),
        (False, True),
    ]
    # Together, which is denied, and one by one; with DryRun, one of them alone before that.
    assert writes(ec2).count("CreateTags") == 4


@pytest.mark.parametrize("ids", [[A], [A, B]])
def test_a_tag_that_cannot_be_added_keeps_the_others(ec2: LocalEC2, run: Run, ids: list[str]) -> None:
    ec2.seed(*({"image_id": each, "tags": {"ec2:SharedTag/old": "1"}} for each in ids))
    ec2.switch(errors_of={A: failing("CreateTags")})
    result = run(image_ids=ids, shared_tags={"new": "2"}, purge_shared_tags=True)
    assert statuses(result) == [
        "sharedTags add failed",
        "sharedTags remove not_sent",
        *["sharedTags add applied", "sharedTags remove applied"] * (len(ids) - 1),
    ]
    assert described()["Tags"] == [{"Key": "ec2:SharedTag/old", "Value": "1"}]
    # What is refused together is sent again one by one; a removal is sent of those that are left.
    assert writes(ec2) == (["CreateTags"] if ids == [A] else [*["CreateTags"] * 3, "DeleteTags"])


def test_tags_are_added_before_others_are_taken_off(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*({"image_id": each, "tags": {"ec2:SharedTag/old": "1"}} for each in (A, B)))
    assert run(image_ids=[A, B], shared_tags={"new": "2"}, purge_shared_tags=True)["changed"]
    assert writes(ec2) == ["CreateTags", "DeleteTags"]


def test_where_tags_do_not_fit_beside_each_other_as_many_as_needed_make_room(ec2: LocalEC2, run: Run) -> None:
    old = {f"ec2:SharedTag/old-{number}": "1" for number in range(3)}
    others = {str(number): "x" for number in range(46)}
    ec2.seed({"image_id": A, "tags": {**others, **old}}, {"image_id": B, "tags": old})
    wanted = {"new-1": "2", "new-2": "2"}
    result = run(image_ids=[A, B], shared_tags=wanted, purge_shared_tags=True)
    assert [(each["operation"], each["entries"]) for each in result["images"][0]["requests"]] == [
        ("remove", 1),
        ("add", 2),
        ("remove", 2),
    ]
    assert statuses(result)[3:] == ["sharedTags add applied", "sharedTags remove applied"]
    assert [image["after"]["shared_tags"] for image in result["images"]] == [wanted, wanted]
    # The additions are alike, and one request.
    assert writes(ec2) == ["DeleteTags", "CreateTags", "DeleteTags", "DeleteTags"]
    assert len(described()["Tags"]) == 48
    assert not run(image_ids=[A, B], shared_tags=wanted, purge_shared_tags=True)["changed"]


def test_values_change_where_there_are_as_many_tags_as_there_can_be(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "tags": {**{str(number): "x" for number in range(49)}, "ec2:SharedTag/status": "old"}})
    assert statuses(run(shared_tags={"status": "new"})) == ["sharedTags add applied"]


def test_shared_tags_of_a_public_image_are_public(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*({"image_id": each, "launch_permissions": {"group_names": ["all"]}} for each in (A, B)))
    (warning,) = warned(run(image_ids=[A, B], shared_tags={"status": "approved"}))
    assert warning.startswith("Anyone can read the shared tags of an image that is public: ")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("x\ny\n", r'"x\ny\n"'),
        ("x\ry", r'"x\ry"'),
        ("x\u2028y", r'"x\u2028y"'),
        ('für "uns"', 'für "uns"'),
    ],
)
def test_a_tag_is_one_line_of_the_diff_whatever_it_holds(ec2: LocalEC2, run: Run, value: str, line: str) -> None:
    ec2.seed({"image_id": A})
    (diff,) = run(shared_tags={"status": value}, check=True)["diff"]
    assert diff["after"] == f"shared_tags.status: {line}\n"


# Dates and protection


def test_an_age_that_has_passed_is_satisfied_by_any_date_that_has_passed(ec2: LocalEC2, run: Run) -> None:
    old = {"creation_date": days(-100)}
    ec2.seed({"image_id": A, **old}, {"image_id": B, **old, "deprecation_time": days(-1)})
    result = run(image_ids=[A, B], deprecate_at="90d")
    assert [image["changed"] for image in result["images"]] == [True, False]
    warning = f"The image is older than deprecate_at, so it is deprecated within two minutes: {A} (us-east-1)"
    assert warned(result) == [warning]
    assert not run(image_ids=[A, B], deprecate_at="90d")["changed"]


def test_the_date_for_an_age_that_has_passed_is_that_of_its_request(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large fleet, minutes may pass after the plan."""
    ec2.seed({"image_id": A, "creation_date": days(-100)})
    make_plan = Subject.make_plan
    monkeypatch.setattr(Subject, "make_plan", lambda subject, now: make_plan(subject, now - 3600))
    result = run(deprecate_at="90d")
    assert statuses(result) == ["deprecation set applied"]
    date = described()["DeprecationTime"]
    assert days(0) < date <= days(0.1)
    assert result["images"][0]["after"] == {"deprecate_at": date}
    assert not run(deprecate_at="90d")["changed"]


PUBLIC: Json = {"launch_permissions": {"group_names": ["all"]}}
# A date that is near is no age that has passed. Each: (the image, the date asked for).
UNWARNED: dict[str, tuple[Json, str]] = {
    "a date that is refused": ({}, "2020-01-01"),
    "a date in a minute": ({}, days(0, 120)),
    "an age that is refused": ({**PUBLIC, "creation_date": days(-900)}, "90d"),
}


@pytest.mark.parametrize(("seed", "asked"), UNWARNED.values(), ids=list(UNWARNED))
def test_only_an_age_that_has_passed_and_is_not_refused_is_warned_of(
    ec2: LocalEC2, run: Run, seed: Json, asked: str
) -> None:
    ec2.seed({"image_id": A, **seed})
    assert warned(run(deprecate_at=asked)) == []


def test_shared_tags_that_are_refused_are_not_public(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "tags": {str(number): "x" for number in range(50)}, **PUBLIC})
    result = run(shared_tags={"status": "approved"})
    assert (result["failed"], warned(result)) == (True, [])


# EC2 shows the seconds of a date that it has set itself. Each: (the image, its date, the date asked for).
SAME_MINUTE: dict[str, tuple[Json, str, str]] = {
    "its minute": ({}, days(30, 20), days(30)),
    "the next minute": ({}, days(30, 40), days(30, 60)),
    "its own text": ({}, days(30, 20), days(30, 20)),
    "its own text, while public": (PUBLIC, days(30, 40), days(30, 40)),
    "its own text, in the past": ({}, days(-30, 40), days(-30, 40)),
    "two years of a public image": ({**PUBLIC, "creation_date": days(-100, 37)}, days(630, 37), "2y"),
    "without a fraction": ({}, days(30).replace(".000", ""), days(30)),
}


@pytest.mark.parametrize(("seed", "held", "asked"), SAME_MINUTE.values(), ids=list(SAME_MINUTE))
def test_dates_of_the_same_minute_are_one(ec2: LocalEC2, run: Run, seed: Json, held: str, asked: str) -> None:
    ec2.seed({"image_id": A, "deprecation_time": held, **seed})
    for result in (run(deprecate_at=asked, check=True), run(deprecate_at=asked)):
        assert (result["failed"], result["changed"]) == (False, False), result["msg"]
        assert result["images"][0]["before"] == result["images"][0]["after"] == {"deprecate_at": held}
    assert writes(ec2) == []


def test_a_date_of_a_public_image_is_moved_to_an_earlier_minute(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "deprecation_time": days(30, 20), **PUBLIC})
    refused = run(deprecate_at=days(30, 60))
    assert "cannot be moved to a later time" in refused["msg"]
    assert run(deprecate_at=days(30, -60))["images"][0]["after"] == {"deprecate_at": days(30, -60)}


COOLING: Json = {"deregistration_protection": f"disabled after {days(0.5, 7)}"}
PROTECTED: Json = {"deregistration_protection": "enabled-with-cooldown"}
# Each: (the image, the options, when the protection ends).
ENDS: dict[str, tuple[Json, Json, str | None]] = {
    "disabled": (PROTECTED, {"deregistration_protection": "disabled"}, "24 hours"),
    "without looking": (PROTECTED, {"deregistration_protection": "disabled", "wait": False}, "24 hours"),
    "in check mode": (PROTECTED, {"deregistration_protection": "disabled", "check": True}, "24 hours"),
    "while it cools down": (COOLING, {"deregistration_protection": "disabled"}, days(0.5, 7)),
    "of a task about something else": (COOLING, {"description": "New", "wait": False}, days(0.5, 7)),
    "enabled again": (COOLING, {"deregistration_protection": "enabled", "wait": False}, None),
    "enabled again, in check mode": (COOLING, {"deregistration_protection": "enabled", "check": True}, None),
    "protected as before": (PROTECTED, {"description": "New"}, None),
    "without a cool-down": (
        {"deregistration_protection": "enabled-without-cooldown"},
        {"deregistration_protection": "disabled", "wait": False},
        None,
    ),
    "refused": (PROTECTED, {"deregistration_protection": "disabled", "deprecate_at": "2020-01-01"}, None),
}


@pytest.mark.parametrize(("seed", "options", "until"), ENDS.values(), ids=list(ENDS))
def test_when_a_protection_ends_is_in_the_result(
    ec2: LocalEC2, run: Run, seed: Json, options: Json, until: str | None
) -> None:
    ec2.seed({"image_id": A, **seed})
    began = datetime.datetime.now(datetime.timezone.utc)
    found = run(**options)["images"][0].get("protected_until")
    if until != "24 hours":
        assert found == until
        return
    assert found is not None
    ends = datetime.datetime.fromisoformat(found.replace("Z", "+00:00")) - datetime.timedelta(hours=24)
    minute = datetime.timedelta(minutes=1)
    assert began - minute < ends < datetime.datetime.now(datetime.timezone.utc) + minute


# Enabling and disabling


def test_nobody_is_cut_off_unasked(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "launch_permissions": {"user_ids": [FORMER]}})
    refused = run(enabled=False)
    assert f"DisableImage: OperationNotPermitted: Disabling the image would cut off {FORMER}" in refused["msg"]
    ec2.seed({"image_id": B, "launch_permissions": {"group_names": ["all"]}})
    assert "Disabling the image would cut off everyone;" in run(image_ids=[B], enabled=False)["msg"]
    assert writes(ec2) == []
    done = run(enabled=False, revoke_launch_permissions={"user_ids": [FORMER]})
    assert statuses(done) == ["launchPermission remove applied", "imageState set applied"]
    assert done["images"][0]["before"]["launch_permissions"]["user_ids"] == [FORMER]
    back = run(enabled=True, launch_permissions={"user_ids": [FORMER]})
    assert statuses(back) == ["imageState set applied", "launchPermission add applied"]
    assert described()["State"] == "available"


def test_who_is_granted_while_the_task_runs_is_not_cut_off(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "launch_permissions": {"user_ids": [FORMER]}})
    ec2.switch(mid_run={A: {"reads": 1, "add": {"user_ids": [NEW]}}})
    result = run(enabled=False, launch_permissions={}, purge_launch_permissions=True)
    assert statuses(result) == ["launchPermission remove applied", "imageState set not_sent"]
    assert f"DisableImage: ChangedMeanwhile: Disabling the image would cut off {NEW}" in result["msg"]
    assert result["images"][0]["requests"][1]["error"]["code"] == "ChangedMeanwhile"
    assert (described()["State"], launchers(ec2, A)) == ("available", [NEW])
    done = run(enabled=False, launch_permissions={}, purge_launch_permissions=True)
    assert (done["failed"], described()["State"]) == (False, "disabled")


@pytest.mark.parametrize("entry", [OWNER, FORMER])
def test_who_is_named_is_cut_off_whenever_granted(ec2: LocalEC2, run: Run, entry: str) -> None:
    ec2.seed({"image_id": A, "launch_permissions": {"user_ids": [NEW]}})
    ec2.switch(mid_run={A: {"reads": 1, "add": {"user_ids": [entry]}}})
    assert not run(enabled=False, revoke_launch_permissions={"user_ids": [NEW, FORMER]})["failed"]
    assert described()["State"] == "disabled"


def test_an_image_is_not_disabled_while_it_is_unknown_who_can_launch_it(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2.seed({"image_id": A, "launch_permissions": {"user_ids": [FORMER]}})
    verify = reading.verify

    def denied(*arguments: t.Any) -> None:
        ec2.switch(errors_of={A: failing("DescribeImageAttribute")})
        verify(*arguments)

    monkeypatch.setattr(reading, "verify", denied)
    result = run(enabled=False, launch_permissions={}, purge_launch_permissions=True)
    assert statuses(result) == ["launchPermission remove applied", "imageState set not_sent"]
    assert result["images"][0]["error"]["operation"] == "DescribeImageAttribute"


def test_to_look_before_disabling_takes_no_read_more(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "launch_permissions": {"user_ids": [FORMER]}})
    run(enabled=False, description="Retired", launch_permissions={}, purge_launch_permissions=True)
    assert [each["action"] for each in ec2.requests()] == [
        "DescribeImages",
        "DescribeImageAttribute",
        "ModifyImageAttribute",
        "ModifyImageAttribute",
        "DescribeImageAttribute",
        "DisableImage",
        "DescribeImages",
    ]


@pytest.mark.parametrize("check", [False, True])
def test_a_disabled_image_has_tags_a_date_and_protection(ec2: LocalEC2, run: Run, check: bool) -> None:
    ec2.seed({"image_id": A, "state": "disabled", "creation_date": days(-100)})
    wanted = {"shared_tags": {"status": "retired"}, "deprecate_at": "90d", "deregistration_protection": "enabled"}
    result = run(enabled=False, launch_permissions={}, purge_launch_permissions=True, **wanted, check=check)
    assert (result["failed"], result["changed"], len(statuses(result))) == (False, True, 3)
    assert all(each.endswith("authorized" if check else "applied") for each in statuses(result))


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({"launch_permissions": {"user_ids": [NEW]}}, "ModifyImageAttribute"),
        ({"shared_tags": {"status": "x"}, "description": "New"}, "ModifyImageAttribute"),
        ({"enabled": False, "description": "New"}, "ModifyImageAttribute"),
    ],
)
def test_what_a_disabled_image_cannot_have_says_how_to_enable_it(
    ec2: LocalEC2, run: Run, options: Json, action: str
) -> None:
    ec2.seed({"image_id": A, "state": "disabled"})
    result = run(**options)
    advice = "The image is disabled; enable it first (ec2_ami_attribute with enabled: true)"
    assert f"EC2 would refuse {action}: InvalidAMIID.Unavailable: {advice}" in result["msg"]
    assert writes(ec2) == []


@pytest.mark.parametrize(("enabled", "action"), [(True, "EnableImage"), (False, "DisableImage")])
def test_an_image_that_has_failed_is_neither_enabled_nor_disabled(
    ec2: LocalEC2, run: Run, enabled: bool, action: str
) -> None:
    ec2.seed({"image_id": A, "state": "failed"})
    result = run(enabled=enabled)
    assert f"EC2 would refuse {action}: InvalidAMIID.Unavailable: The image is failed" in result["msg"]
    assert result["images"][0]["before"] == {"enabled": None}
    assert writes(ec2) == []


def test_what_is_not_enabled_gets_nothing_else(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "state": "disabled"})
    ec2.switch(errors_of={A: failing("EnableImage")})
    result = run(enabled=True, launch_permissions={"user_ids": [NEW]}, shared_tags={"status": "approved"})
    assert statuses(result) == [
        "imageState set failed",
        "launchPermission add not_sent",
        "sharedTags add not_sent",
    ]


def test_an_image_whose_revocation_fails_is_not_disabled(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "launch_permissions": {"user_ids": [FORMER]}})
    ec2.switch(errors_of={A: failing("ModifyImageAttribute")})
    result = run(enabled=False, launch_permissions={}, purge_launch_permissions=True)
    assert statuses(result) == ["launchPermission remove failed", "imageState set not_sent"]


# What is refused

REFUSED: dict[str, tuple[Json, Json, str]] = {
    "a date that has passed": ({}, {"deprecate_at": "2020-01-01"}, "has passed"),
    "the last date that there is": (
        {},
        {"deprecate_at": "9999-12-31T23:59:59-01:00"},
        "is more than 10 years from now",
    ),
    "the first date that there is": ({}, {"deprecate_at": "0001-01-01T00:00:00+14:00"}, "has passed"),
    "an age beyond all dates": ({}, {"deprecate_at": "99999y"}, "is more than 10 years from now"),
    "more than ten years": ({}, {"deprecate_at": days(3700)}, "is more than 10 years from now"),
    "more than two years of a public image": (
        {"launch_permissions": {"group_names": ["all"]}},
        {"deprecate_at": days(900)},
        "is more than 2 years after the creation of the image, which is public",
    ),
    "cancelled while public": (
        {"launch_permissions": {"group_names": ["all"]}, "deprecation_time": days(9)},
        {"deprecate_at": ""},
        "The deprecation of a public image cannot be canceled",
    ),
    "later while public": (
        {"launch_permissions": {"group_names": ["all"]}, "deprecation_time": days(9)},
        {"deprecate_at": days(10)},
        "cannot be moved to a later time",
    ),
    "too many tags": (
        {"tags": {str(number): "x" for number in range(50)}},
        {"shared_tags": {"status": "approved"}},
        "The image would have 51 tags, 1 of them shared, and EC2 allows 50",
    ),
}


@pytest.mark.parametrize(("seed", "options", "message"), REFUSED.values(), ids=list(REFUSED))
@pytest.mark.parametrize("check", [False, True])
def test_a_refusal_is_predicted(ec2: LocalEC2, run: Run, seed: Json, options: Json, message: str, check: bool) -> None:
    ec2.seed({"image_id": A, **seed}, {"image_id": B})
    result = run(image_ids=[A, B], check=check, **options)
    assert message in result["msg"]
    assert (result["changed"], writes(ec2)) == (False, [])
    error = result["images"][0]["error"]
    assert (error["operation"], error["predicted"]) == (_action(options), True)


@pytest.mark.parametrize("check", [False, True])
def test_a_watermark_refuses_everyone_in_advance(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    """The embedded EC2 knows no watermarks, so the description gets one when it arrives."""
    ec2.seed({"image_id": A}, {"image_id": B})
    describe = reading.describe

    def marked(runtime: t.Any, subjects: t.Iterable[Subject]) -> None:
        described = list(subjects)
        describe(runtime, described)
        for subject in described[:1]:
            subject.described = {**subject.described, "ImageWatermarks": [{"WatermarkKey": f"{OWNER}:approved"}]}

    monkeypatch.setattr(reading, "describe", marked)
    result = run(image_ids=[A, B], launch_permissions={"group_names": ["all"]}, check=check)
    assert "An image with a watermark cannot be made public" in result["msg"]
    assert (result["changed"], writes(ec2)) == (False, [])
    assert [image.get("error", {}).get("predicted") for image in result["images"]] == [True, None]


def _action(options: Json) -> str:
    if "deprecate_at" not in options:
        return "CreateTags"
    return "EnableImageDeprecation" if options["deprecate_at"] else "DisableImageDeprecation"


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({"shared_tags": {"status": "x"}}, "CreateTags"),
        ({"shared_tags": {}, "purge_shared_tags": True}, "DeleteTags"),
        ({"deprecate_at": "2y"}, "EnableImageDeprecation"),
        ({"deprecate_at": ""}, "DisableImageDeprecation"),
        ({"deregistration_protection": "disabled"}, "DisableImageDeregistrationProtection"),
        ({"enabled": True}, "EnableImage"),
        ({"enabled": False}, "DisableImage"),
        ({"launch_permissions": {}}, "ModifyImageAttribute"),
        ({"description": "New"}, "ModifyImageAttribute"),
    ],
)
def test_a_refusal_names_what_the_task_would_do(ec2: LocalEC2, run: Run, options: Json, action: str) -> None:
    ec2.seed({"image_id": A, "owner_id": FORMER})
    (image,) = run(**options)["images"]
    assert (image["error"]["operation"], image["error"]["code"]) == (action, "AuthFailure")


def test_a_refusal_of_what_stays_pending_names_what_the_task_would_do(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A, "pending_reads": 99})
    (image,) = run(deprecate_at="2y", wait_timeout=0)["images"]
    assert (image["error"]["operation"], image["error"]["code"]) == (
        "EnableImageDeprecation",
        "InvalidAMIID.Unavailable",
    )


NO_DATE = (
    "deprecate_at: 'next year' is neither a date such as 2027-12-31 or 2027-12-31T18:00:00Z nor an age such as 90d,"
    " 26w or 2y; an empty string cancels"
)
WRONG: dict[str, tuple[Json, str]] = {
    "a key with the prefix": (
        {"shared_tags": {"ec2:SharedTag/status": "x"}},
        "shared_tags: 'ec2:SharedTag/status': leave ec2:SharedTag/ out, it is put before every key",
    ),
    "an empty key": ({"shared_tags": {"": "x"}}, "shared_tags: a key is empty"),
    "a long key": (
        {"shared_tags": {"k" * 115: "x"}},
        f"shared_tags: the key '{'k' * 40}'… has 115 characters, and EC2 takes 114 besides ec2:SharedTag/",
    ),
    "a long value": (
        {"shared_tags": {"key": "v" * 257}},
        "shared_tags: the value of 'key' has 257 characters, and EC2 takes 256",
    ),
    "a list as a value": (
        {"shared_tags": {"key": [1, 2]}},
        "shared_tags: the value of 'key' is a list, and a tag takes text",
    ),
    "a dictionary as a value": (
        {"shared_tags": {"key": {"b": 1}}},
        "shared_tags: the value of 'key' is a dict, and a tag takes text",
    ),
    "a purge without its tags": (
        {"purge_shared_tags": True},
        "purge_shared_tags: needs shared_tags, the tags that remain (shared_tags: {} for none)",
    ),
    "no date": ({"deprecate_at": "next year"}, NO_DATE),
}


@pytest.mark.parametrize(("options", "problem"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said_before_any_request(ec2: LocalEC2, run: Run, options: Json, problem: str) -> None:
    ec2.seed({"image_id": A})
    result = run(**options)
    assert problem in result["msg"].splitlines()
    assert ec2.requests() == []


# Quotas


def test_a_list_over_the_quota_is_refused_with_the_numbers(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": A})
    ec2.switch(sharing_quota=1100)
    accounts = [f"{100_000_000_000 + number}" for number in range(1101)]
    refused = run(launch_permissions={"user_ids": accounts})
    assert "The image would have 1,101 launch permissions, and the quota in us-east-1 is 1,100" in refused["msg"]
    assert "--quota-code L-70015FFA --desired-value 1101 --region us-east-1" in refused["msg"]
    assert writes(ec2) == []
    assert run(launch_permissions={"user_ids": accounts[:1100]})["changed"]


def test_more_public_images_than_the_quota_are_refused(ec2: LocalEC2, run: Run) -> None:
    public = {"launch_permissions": {"group_names": ["all"]}}
    ec2.seed({"image_id": A}, {"image_id": B, **public}, {"image_id": C, **public})
    ec2.switch(public_quota=2)
    refused = run(launch_permissions={"group_names": ["all"]})
    assert "2 images are public in us-east-1, 1 more would be, and the quota is 2" in refused["msg"]
    ec2.switch(public_quota=3)
    assert run(launch_permissions={"group_names": ["all"]})["changed"]
