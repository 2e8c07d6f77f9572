# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ami_sharing_restore over HTTP: back to what was, in fours, and what becomes of that which cannot be undone."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest
from unit.images import Clock
from unit.images import copiers
from unit.images import image
from unit.images import launchers
from unit.images import modifying
from unit.images import policy
from unit.images import snapshot_of
from unit.images import warned

from local_ec2.client import LocalEC2

KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
OWNER, PARTNER = "123456789012", "210987654321"
ORG = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
A, B, C, D = (f"ami-0{letter * 16}" for letter in "abcd")
SNAP_A, SNAP_B = map(snapshot_of, (A, B))
ONCE = {"retries": {"total_max_attempts": 1}}

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


def entry(resource_id: str, before: Json, after: Json, region: str = "us-east-1") -> Json:
    """Return an image or a snapshot as a backup has it. Lists that are left out are empty."""
    return {"id": resource_id, "region": region, "name": f"name of {resource_id}", "before": before, "after": after}


def launch(*accounts: str, **others: t.Any) -> Json:
    return {"launch_permissions": {"user_ids": list(accounts), **others}}


def copy(*accounts: str, **others: t.Any) -> Json:
    return {"create_volume_permissions": {"user_ids": list(accounts), **others}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "golden.json"


def write(file: Path, *entries: Json, **others: t.Any) -> None:
    """Write a backup of these images and snapshots."""
    images = [each for each in entries if each["id"].startswith("ami-")]
    snapshots = [each for each in entries if each not in images]
    head = {"amikit_backup": 1, "made": "2026-11-29T10:14:18Z", "caller": None}
    file.write_text(json.dumps({**head, "images": images, "snapshots": snapshots, **others}), encoding="utf-8")


@pytest.fixture
def restore(run_module: Run, file: Path, clock: Clock) -> Run:
    return lambda **options: run_module("ami_sharing_restore", **{"src": str(file), **options})


def sent(ec2: LocalEC2) -> list[str]:
    """Return what was changed, or asked about, in order."""
    found = []
    for request in modifying(ec2):
        heads = [name.split(".")[1].lower() for name in request["parameters"] if name.count(".") > 1]
        what = request["image_id"] or request["snapshot_id"]
        found.append(f"{what} {request['attribute']} {heads[0] if heads else 'set'}")
    return found


def items(result: Json) -> list[Json]:
    return [*result["images"], *result["snapshots"]]


def of(result: Json, resource_id: str) -> Json:
    return next(each for each in items(result) if resource_id in (each.get("image_id"), each.get("snapshot_id")))


def statuses(result: Json) -> list[str]:
    return [request["status"] for item in items(result) for request in item.get("requests", ())]


def counts(result: Json) -> list[int]:
    """Return how many changed, did not, and failed, and check that they are all."""
    summary = result["summary"]
    found = [summary[key] for key in ("changed", "unchanged", "failed")]
    assert sum(found) == summary["images"] + summary["snapshots"] == len(items(result))
    return found


# In fours


@pytest.fixture
def shared(ec2: LocalEC2, file: Path) -> LocalEC2:
    """An EC2 after a run on two images with their snapshots, in two Regions, and on one that is as it was again."""
    before = {"description": "old", "imds_support": None, **launch(KEPT, FORMER)}
    after = {"description": "new", "imds_support": None, **launch(KEPT, NEW, org_arns=[ORG])}
    write(
        file,
        entry(A, before, after),
        entry(B, before, after, "eu-west-1"),
        entry(C, launch(KEPT), launch(NEW)),
        entry(SNAP_A, copy(KEPT, FORMER), copy(KEPT, NEW)),
        entry(SNAP_B, copy(KEPT, FORMER), copy(KEPT, NEW), "eu-west-1"),
    )
    changed = {"description": "new", "launch_permissions": after["launch_permissions"]}
    ec2.seed(image(A, KEPT, NEW) | changed, image(B, KEPT, NEW, region="eu-west-1") | changed, image(C, KEPT))
    return ec2


def held(ec2: LocalEC2) -> list[tuple[str, list[str], list[str]]]:
    """Return the descriptions of A and B, who can launch them, and who can copy their snapshots."""
    return [((ec2.image(each) or {})["description"], launchers(ec2, each), copiers(ec2, each)) for each in (A, B)]


@pytest.mark.parametrize("exact", [False, True], ids=["taken back", "exact"])
def test_a_restoration_in_fours(shared: LocalEC2, restore: Run, file: Path, exact: bool) -> None:
    was = held(shared)
    checked = restore(exact=exact, check=True)
    assert all(request["dry_run"] for request in modifying(shared))
    assert (held(shared), list(file.parent.iterdir())) == (was, [file])
    asked = sorted(sent(shared))
    shared.clear()
    applied = restore(exact=exact)
    assert not any(request["dry_run"] for request in modifying(shared))
    assert sorted(sent(shared)) == asked
    assert held(shared) == [("old", [KEPT, FORMER], [KEPT, FORMER])] * 2
    shared.clear()
    file.with_name("golden.json.restore").unlink()
    checked_again, again = restore(exact=exact, check=True), restore(exact=exact)
    assert (modifying(shared), list(file.parent.iterdir())) == ([], [file])

    assert said(checked) == said(applied)
    assert said(checked_again) == said(again)
    runs = [checked, applied, checked_again, again]
    assert [each["failed"] for each in runs] == [False] * 4
    assert [each["changed"] for each in runs] == [True, True, False, False]
    assert [each["stopped"] for each in runs] == [[]] * 4
    assert ["backup_file" in each for each in runs] == [False, True, False, False]
    assert [counts(each) for each in runs] == [[4, 1, 0], [4, 1, 0], [0, 5, 0], [0, 5, 0]]
    assert [set(statuses(each)) for each in runs] == [{"authorized"}, {"applied"}, set(), set()]
    assert [applied["summary"][key] for key in ("granted", "revoked", "regions")] == [4, 6, 2]
    assert [each["before_header"].split()[-2] for each in applied["diff"]] == [A, B, SNAP_A, SNAP_B]


def test_grants_go_down_and_revocations_up(shared: LocalEC2, restore: Run) -> None:
    assert restore()["changed"]
    assert [each for each in sent(shared) if A[5:] in each] == [
        f"{SNAP_A} createVolumePermission add",
        f"{A} launchPermission add",
        f"{A} launchPermission remove",
        f"{A} description set",
        f"{SNAP_A} createVolumePermission remove",
    ]


def said(result: Json) -> Json:
    """Return what a preview and its run have in common."""
    parts = [{**item, "requests": [{**each, "status": ""} for each in item["requests"]]} for item in items(result)]
    return {**{key: result[key] for key in ("changed", "summary", "stopped", "diff")}, "items": parts}


class Meanwhile(t.NamedTuple):
    """What the image is, after the run of the backup and others, and what it becomes when taken back, and exactly."""

    now: Json
    taken_back: tuple[str, list[str]]
    exactly: tuple[str, list[str]]


RUN = entry(A, {"description": "old", **launch(KEPT, FORMER)}, {"description": "new", **launch(KEPT, NEW)})
WAS = ("old", [KEPT, FORMER])
MEANWHILE = {
    "somebody granted a stranger": Meanwhile(
        {"description": "new", **launch(KEPT, NEW, STRANGER)}, ("old", [KEPT, FORMER, STRANGER]), WAS
    ),
    "somebody revoked one that the run left alone": Meanwhile(
        {"description": "new", **launch(NEW)}, ("old", [FORMER]), WAS
    ),
    "somebody took back all of it": Meanwhile({"description": "old", **launch(KEPT, FORMER)}, WAS, WAS),
    "somebody took back the grant, and described it": Meanwhile(
        {"description": "theirs", **launch(KEPT)}, ("theirs", [KEPT, FORMER]), WAS
    ),
    "the run was killed before it changed anything of it": Meanwhile(
        {"description": "old", **launch(KEPT, FORMER, STRANGER)}, ("old", [KEPT, FORMER, STRANGER]), WAS
    ),
}


@pytest.mark.parametrize("exact", [False, True], ids=["taken back", "exact"])
@pytest.mark.parametrize("meanwhile", MEANWHILE.values(), ids=list(MEANWHILE))
def test_what_others_have_changed_since(
    ec2: LocalEC2, restore: Run, file: Path, meanwhile: Meanwhile, exact: bool
) -> None:
    write(file, RUN)
    ec2.seed({"image_id": A, **meanwhile.now})
    now = (meanwhile.now["description"], meanwhile.now["launch_permissions"]["user_ids"])
    result = restore(exact=exact)
    assert not result["failed"], result["msg"]
    becomes = meanwhile.exactly if exact else meanwhile.taken_back
    assert ((ec2.image(A) or {})["description"], launchers(ec2, A)) == becomes
    assert result["changed"] is (becomes != now)


@pytest.mark.parametrize(("seconds", "is_late"), [(10, True), (110, True), (200, False)])
def test_a_description_that_may_be_shown_late(
    ec2: LocalEC2, restore: Run, file: Path, clock: Clock, seconds: int, is_late: bool
) -> None:
    """EC2 may show for minutes what was before a run that was killed just now."""
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.time() - seconds))
    write(file, entry(A, {"description": "old"}, {"description": "new"}), entry(B, launch(KEPT), launch()), made=made)
    ec2.seed({"image_id": A, "description": "old"}, image(B, KEPT))
    result = restore()
    assert (result["failed"], result["changed"]) == (False, False)
    told = [text for text in warned(result) if "may show a new description, date or tag late" in text]
    assert bool(told) == is_late
    assert all(A in text and B not in text and "again in 2 minutes" in text for text in told)


# What cannot be restored


def test_what_cannot_be_undone_is_named_and_the_rest_is_restored(ec2: LocalEC2, restore: Run, file: Path) -> None:
    odd = "not an account"
    write(
        file,
        entry(
            A,
            {"description": "", "imds_support": None, **launch(FORMER, odd)},
            {"description": "new", "imds_support": "v2.0", **launch(NEW)},
        ),
        entry(B, {"description": "old"}, {"description": "new"}),
        entry(SNAP_A, copy(FORMER), copy(NEW)),
    )
    ec2.seed(image(A, NEW, description="new", imds_support="v2.0"), image(B, description="new"))
    why = (
        "description and imds_support had no value before, and EC2 cannot clear what has one;"
        f" EC2 had '{odd}' in user_ids, and does not accept that again"
    )
    head = "1 of 3 images and snapshots cannot be restored, or not entirely:"
    line = f"name of {A} {A} (us-east-1): CannotBeUndone: {why}"
    for check, became, done in (
        (True, "Nothing was changed: this is check mode", "authorized"),
        (False, "3 resources changed, in whole or in part", "applied"),
    ):
        result = restore(check=check)
        assert result["failed"]
        assert result["msg"].split("\n") == [head, line, became]
        assert of(result, A)["error"] == {
            "operation": "ModifyImageAttribute",
            "code": "CannotBeUndone",
            "message": why,
            "request_id": None,
            "predicted": True,
        }
        assert set(statuses(result)) == {done}
        assert counts(result) == [2, 0, 1]
        assert result["stopped"] == []
    assert (launchers(ec2, A), copiers(ec2, A)) == ([FORMER], [FORMER])
    assert [(ec2.image(each) or {})["description"] for each in (A, B)] == ["new", "old"]

    ec2.clear()
    again = restore()
    assert (again["failed"], again["changed"], modifying(ec2)) == (True, False, [])
    assert again["msg"].split("\n") == [head, line, "Nothing was changed"]


def test_an_odd_entry_that_ec2_still_holds_stays_when_exact(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file, entry(A, launch("odd", KEPT), launch("odd", NEW)))
    ec2.seed({"image_id": A, **launch("odd", NEW)})
    result = restore(exact=True)
    assert not result["failed"], result["msg"]
    assert launchers(ec2, A) == [KEPT, "odd"]


def test_what_is_gone_or_not_ours_or_disabled_fails_alone(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(
        file,
        entry(A, launch(FORMER), launch(NEW)),
        *(entry(each, {"description": "old"}, {"description": "new"}) for each in (B, C, D)),
        *(entry(each, copy(FORMER), copy(NEW)) for each in (SNAP_A, "snap-0123456789abcdef0")),
        entry(SNAP_B, copy(FORMER), copy(NEW), "eu-west-1"),
    )
    ec2.seed(
        image(A, NEW),
        image(B, OWNER, owner_id=PARTNER, description="new"),
        image(C, description="new", state="disabled"),
    )
    result = restore(wait=False)
    assert (result["failed"], result["changed"]) == (True, True)
    assert (launchers(ec2, A), copiers(ec2, A)) == ([FORMER], [FORMER])
    lines = result["msg"].split("\n")
    assert lines[0] == "5 of 7 images and snapshots cannot be restored, or not entirely:"
    assert [line.partition(": ")[0] for line in lines[1:6]] == [
        *(f"name of {each} {each} (us-east-1)" for each in (B, C, D, "snap-0123456789abcdef0")),
        f"name of {SNAP_B} {SNAP_B} (eu-west-1)",
    ]
    codes = ["AuthFailure", "InvalidAMIID.Unavailable", "InvalidAMIID.NotFound", *["InvalidSnapshot.NotFound"] * 2]
    assert [line.partition(": ")[2].partition(":")[0] for line in lines[1:6]] == codes
    assert f"it belongs to {PARTNER}" in lines[1]
    assert "The image is disabled; enable it first (ec2_ami_attribute with enabled: true)" in lines[2]
    assert lines[6] == "2 resources changed"
    assert counts(result) == [2, 0, 5]
    written = json.loads(Path(result["backup_file"]).read_text())
    assert [each["id"] for each in written["images"] + written["snapshots"]] == [A, SNAP_A]


def test_more_than_five_failures_are_counted(ec2: LocalEC2, restore: Run, file: Path) -> None:
    ids = [f"ami-{number:017x}" for number in range(7)]
    write(file, *(entry(each, launch(FORMER), launch(NEW)) for each in ids))
    result = restore()
    lines = result["msg"].split("\n")
    assert lines[0] == "7 of 7 images and snapshots cannot be restored, or not entirely:"
    assert lines[6:] == ["and 2 more, each with its error in the result", "Nothing was changed"]
    assert len([item for item in items(result) if item["error"]["code"] == "InvalidAMIID.NotFound"]) == 7
    assert "backup_file" not in result


@pytest.mark.parametrize("what", ["granting", "revoking"])
def test_what_fails_on_one_leg_holds_back_the_other(ec2: LocalEC2, restore: Run, file: Path, what: str) -> None:
    write(file, entry(A, launch(FORMER), launch(NEW)), entry(SNAP_A, copy(FORMER), copy(NEW)))
    ec2.seed(image(A, NEW))
    where, action = (SNAP_A, "ModifySnapshotAttribute") if what == "granting" else (A, "ModifyImageAttribute")
    denial = {"code": "UnauthorizedOperation", "message": "No.", "status": 403, "action": action}
    ec2.switch(errors_of={where: denial})
    result = restore()
    assert result["failed"]
    assert result["msg"].split("\n")[0] == "2 of 2 images and snapshots cannot be restored, or not entirely:"
    held_back = of(result, A if what == "granting" else SNAP_A)
    assert held_back["error"]["code"] == "HeldBack"
    assert held_back["error"]["message"] == f"Not sent, because {what} on {where} (us-east-1) failed"
    # Nobody can launch what they cannot copy.
    held = (launchers(ec2, A), copiers(ec2, A))
    assert held == (([], [NEW]) if what == "granting" else ([NEW], [FORMER, NEW]))

    ec2.switch(errors_of={})
    assert not restore()["failed"]
    assert (launchers(ec2, A), copiers(ec2, A)) == ([FORMER], [FORMER])


def test_a_write_without_an_answer_is_told_as_that(ec2: LocalEC2, restore: Run, file: Path) -> None:
    """Describe, read, and ask for the caller: the fourth request is the write."""
    write(file, entry(A, launch(FORMER), launch()))
    ec2.seed({"image_id": A})
    ec2.switch(drop_every=4)
    result = restore(aws_config=ONCE, wait=False)
    assert result["failed"]
    told = "0 resources changed, and 1 may have changed: EC2 gave no clear answer. Run the task again"
    assert result["msg"].split("\n")[-1] == told


# What stops it


@dataclass(frozen=True)
class Stopped:
    """A backup of A, which is now as it was after the run, and what stands against restoring it."""

    before: Json
    after: Json
    reasons: list[str]
    options: Json = field(default_factory=dict)


NAME = "policy 'Restore of 2026-11-29T10:14:18Z'"
TOO_MANY = f"this run would revoke 2 entries, and max_revocations is 1 (by policy: {NAME[7:]} 2):"
STOPPED = {
    "a protected principal": Stopped(
        launch(FORMER),
        launch(NEW),
        [f"{NAME}: it would revoke the protected principal {NEW} (Build) from us-east-1:{A}"],
        {"protected_principals": [NEW], "account_names": {NEW: "Build"}},
    ),
    "more revocations than allowed": Stopped(
        launch(),
        launch(NEW, STRANGER),
        [f"{TOO_MANY} {NEW}, {STRANGER} (Lab), from us-east-1:{A}"],
        {"max_revocations": 1, "account_names": {STRANGER: "Lab"}},
    ),
    "a brake of 0": Stopped(
        launch(),
        launch(NEW),
        ["this run would revoke 1 entries, and max_revocations is 0"],
        {"ami_sharing_max_revocations": 0},
    ),
    "no consent, and a guard": Stopped(
        launch(FORMER, group_names=["all"]),
        launch(NEW),
        [
            f"anyone could launch or copy us-east-1:{A} again: set allow_public to consent",
            "this run would revoke 1 entries, and max_revocations is 0",
        ],
        {"max_revocations": 0},
    ),
    "no consent, exactly": Stopped(
        launch(group_names=["all"]),
        launch(group_names=["all"]),
        [f"anyone could launch or copy us-east-1:{A} again: set allow_public to consent"],
        {"exact": True},
    ),
}


@pytest.mark.parametrize("scenario", STOPPED.values(), ids=list(STOPPED))
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_restoration_that_is_stopped_changes_nothing(
    ec2: LocalEC2, restore: Run, file: Path, scenario: Stopped, check: bool
) -> None:
    write(file, entry(A, scenario.before, scenario.after))
    ec2.seed({"image_id": A, **({} if scenario.options.get("exact") else scenario.after)})
    was = ec2.image(A)
    result = restore(check=check, **scenario.options)
    assert (result["failed"], result["changed"]) == (True, False)
    pairs = zip(result["stopped"], scenario.reasons, strict=True)
    assert [reason for reason, start in pairs if not reason.startswith(start)] == []
    assert result["msg"].split("\n") == ["Stopped before anything was changed:", *result["stopped"]]
    assert (modifying(ec2), ec2.image(A)) == ([], was)
    assert list(file.parent.iterdir()) == [file]
    assert set(statuses(result)) == {"not_sent"}
    assert counts(result) == [1, 0, 0]
    assert len(result["diff"]) == 1


def test_with_consent_it_becomes_public_again(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file, entry(A, launch(group_names=["all"]), launch()), entry(SNAP_A, copy(group_names=["all"]), copy()))
    ec2.seed(image(A))
    result = restore(allow_public=True, max_revocations=0, protected_principals=[KEPT])
    assert not result["failed"], result["msg"]
    assert (launchers(ec2, A), copiers(ec2, A)) == (["all"], ["all"])


def test_preflight_leaves_everything_as_it_is_when_one_is_denied(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file, *(entry(each, launch(FORMER), launch(NEW)) for each in (A, B)))
    ec2.seed(image(A, NEW), image(B, NEW))
    denial = {"code": "UnauthorizedOperation", "message": "No.", "status": 403, "action": "ModifyImageAttribute"}
    ec2.switch(errors_of={B: denial})
    result = restore(preflight=True)
    assert (result["failed"], result["changed"]) == (True, False)
    (reason,) = result["stopped"]
    assert reason.startswith(f"{NAME}: {B} (us-east-1): UnauthorizedOperation: No")
    assert (launchers(ec2, A), launchers(ec2, B)) == ([NEW], [NEW])
    assert len(modifying(ec2)) == 4
    assert list(file.parent.iterdir()) == [file]

    ec2.switch(errors_of={})
    ec2.clear()
    assert not restore(preflight=True)["failed"]
    assert [request["dry_run"] for request in modifying(ec2)] == [True] * 4 + [False] * 4
    assert (launchers(ec2, A), launchers(ec2, B)) == ([FORMER], [FORMER])


# Its own backup


def test_a_restoration_can_be_taken_back_and_run_again(
    ec2: LocalEC2, restore: Run, run_module: Run, file: Path, clock: Clock
) -> None:
    """From a run over policies to its restoration, to the restoration of that, and so on."""
    ec2.seed(image(A, KEPT, FORMER, description="old"))
    share = policy("P", "exclusive", KEPT, NEW, image_ids=[A], snapshots=True, description="new")
    assert not run_module("ec2_ami_sharing", policies=[share], region="us-east-1", backup=str(file))["failed"]
    was, done = ("old", [KEPT, FORMER]), ("new", [KEPT, NEW])

    def now() -> tuple[str, list[str]]:
        assert copiers(ec2, A) == launchers(ec2, A)
        return (ec2.image(A) or {})["description"], launchers(ec2, A)

    assert now() == done
    first, backup = f"{file}.restore", file.read_text()
    clock.now += 60
    assert restore()["backup_file"] == first
    assert now() == was
    clock.now += 60
    assert restore(src=first, exact=True)["backup_file"] == f"{first}.restore"
    assert now() == done
    clock.now += 60
    # In place of the backup itself, there would be nothing left to run again.
    assert restore(backup=str(file))["backup_file"] == first
    assert now() == was
    assert file.read_text() == backup
    clock.now += 60
    assert restore(src=first, backup=str(file.with_name("own.json")))["changed"]
    assert now() == done
    assert {each.name for each in file.parent.iterdir()} == {
        "golden.json",
        "golden.json.restore",
        "golden.json.restore.2027-01-15T08:01:00Z",
        "golden.json.restore.restore",
        "own.json",
    }


# What it takes


def test_snapshots_alone(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file, entry(SNAP_A, copy(OWNER, FORMER), copy(OWNER, NEW)))
    ec2.seed(image(A, NEW))
    result = restore(exact=True)
    assert not result["failed"], result["msg"]
    assert (launchers(ec2, A), copiers(ec2, A)) == ([NEW], [FORMER])
    assert (result["images"], counts(result)) == ([], [1, 0, 0])
    assert {request["action"] for request in ec2.requests() if "Image" in request["action"]} == set()


def test_a_backup_of_nothing(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file)
    result = restore()
    assert (result["failed"], result["changed"], counts(result)) == (False, False, [0, 0, 0])
    assert ec2.requests() == []


def test_what_is_wrong_with_the_options_is_told_at_once(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file, volumes=[])
    file.with_name("golden.json.restore").symlink_to("elsewhere")
    result = restore(max_revocations=-1, protected_principals=["me"], concurrency=0, account_names={"x": "y"})
    lines = result["msg"].split("\n")
    starts = [
        "6 problems in the task; nothing was sent to EC2:",
        f"backup: {file}.restore is a symbolic link, which a backup does not replace",
        f"src: {file}: it holds volumes, which this version of the collection cannot restore",
        "protected_principals: 'me' ",
        "account_names: 'x' ",
        "concurrency: 0 is less than 1",
        "max_revocations: -1 is less than 0",
    ]
    assert [line for line, start in zip(lines, starts, strict=True) if not line.startswith(start)] == []
    assert ec2.requests() == []


NO_SOURCE: dict[str, tuple[t.Callable[[Path], t.Any], str]] = {
    "nothing": (lambda file: None, "No such file or directory"),
    "a directory": (Path.mkdir, "Is a directory"),
    "half a backup": (lambda file: file.write_text('{"amikit_backup": 1, "ma'), "it is not JSON"),
    "a later version": (
        lambda file: write(file, amikit_backup=2),
        "it is a backup of another version of the collection (amikit_backup: 2)",
    ),
}


@pytest.mark.parametrize(("put", "why"), NO_SOURCE.values(), ids=list(NO_SOURCE))
def test_a_source_that_is_none(
    ec2: LocalEC2, restore: Run, file: Path, put: t.Callable[[Path], t.Any], why: str
) -> None:
    put(file)
    assert restore()["msg"].split("\n") == ["1 problem in the task; nothing was sent to EC2:", f"src: {file}: {why}"]
    assert ec2.requests() == []


def test_an_endpoint_of_one_region_restores_no_other(ec2: LocalEC2, restore: Run, file: Path) -> None:
    write(file, RUN, {**RUN, "id": B, "region": "eu-west-1"})
    result = restore(endpoint_url="https://ec2.us-east-1.amazonaws.com")
    assert "\nendpoint_url: it serves only us-east-1, and the task works on eu-west-1; " in result["msg"]


def test_a_grant_that_ec2_refuses_by_now_is_left_out_and_the_rest_restored(
    ec2: LocalEC2, file: Path, restore: Run
) -> None:
    ec2.seed(image(A, NEW), {**image(B, NEW), "encrypted": True, "kms_key_id": "alias/aws/ebs"})
    write(file, entry(A, launch(FORMER, group_names=["all"]), launch(NEW)), entry(B, launch(FORMER), launch(NEW)))
    ec2.switch(block_public_access={"us-east-1": "block-new-sharing"})
    result = restore(allow_public=True)
    assert (launchers(ec2, A), launchers(ec2, B)) == ([FORMER], [])
    assert result["failed"]
    assert [of(result, each)["error"]["predicted"] for each in (A, B)] == [True, True]
    assert "Block public access for AMIs is on" in of(result, A)["error"]["message"]
