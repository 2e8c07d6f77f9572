# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The runs of several owners, joined into one report: what is added up, who is left out, and what failed."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.amikit.aws.plugins.filter.join_owners import join_owners

NOBODY: dict[str, list[str]] = {who: [] for who in ("lacking", "unknown", "lacking_autoscaling", "unknown_autoscaling")}
NEW, OLD, FORMER = "111122223333", "222233334444", "444455556666"


def row(image_id: str, *policies: str, outside: t.Sequence[str] = (), added: t.Sequence[str] = ()) -> dict[str, t.Any]:
    held = sorted({OLD, *outside, *added})
    more = {"name": image_id, "region": "us-east-1", "public": "all" in held, "changed": bool(added), "error": ""}
    who = {"principals": held, "added": list(added), "removed": [], "outside": list(outside), "marks": "its own"}
    return {"image_id": image_id, "policies": list(policies), **more, **who}


def policy(name: str, *principals: str, errors: t.Sequence[t.Any] = (), **counts: int) -> dict[str, t.Any]:
    counted = {"selected": 1, "changed": 0, "granted": 0, "revoked": 0, "failed": len(errors), "snapshots": 0, **counts}
    return {"name": name, "pattern": "share", "principals": list(principals), "errors": list(errors), **counted}


def column(principal: str, *, name: str = "", named: bool = True, **counts: int) -> dict[str, t.Any]:
    label = f"{principal} ({name})" if name else principal
    counted = {"images": 1, "outside": 0, "added": 0, "removed": 0, **counts}
    return {"id": principal, "kind": "account", "label": label, "name": name, "named": named, **counted}


def report(account: str, **more: t.Any) -> dict[str, t.Any]:
    facts = {"made": "2026-11-29 10:00 UTC", "accounts": [account], "names": {}, "warnings": []}
    return {**facts, "policies": [], "principals": [], "images": [], **more}


def ran(
    facts: dict[str, t.Any] | None, *, failure: str = "", preview: bool = False, audited: bool = False, **counts: int
) -> dict[str, t.Any]:
    """Return the variables of a host after its run."""
    parts = ("images", "changed", "unchanged", "failed", "granted", "revoked")
    shown = {"report": {**facts, "preview": preview}} if facts else {}
    run = {"summary": {**dict.fromkeys(parts, 0), **counts}, "preview": preview, **shown}
    return {"_ami_sharing_run": run, "_ami_sharing_failure": failure, "_ami_sharing_audited": audited}


ONE = report(
    "100000000001",
    names={"100000000001": "production"},
    warnings=["Both warn of this", "Only one does"],
    policies=[policy("Golden", NEW, OLD, changed=1, granted=1), policy("Team", NEW)],
    principals=[column(NEW, added=1), column(OLD, name="search")],
    images=[row("ami-1", "Golden", "Team", added=[NEW])],
)
TWO = report(
    "100000000002",
    made="2026-11-29 10:05 UTC",
    warnings=["Both warn of this"],
    policies=[policy("Golden", NEW, OLD, errors=[{"id": "ami-2"}]), policy("Team", OLD)],
    principals=[column(FORMER, named=False, outside=1), column(OLD)],
    images=[row("ami-2", "Golden", "Team", outside=[FORMER])],
    kms_keys=[{"key_id": "key-1", "region": "us-east-1", "policies": ["Team"], **NOBODY}],
)
BOTH = {
    "one": ran(ONE, images=1, changed=1, granted=1),
    "two": ran(TWO, failure="1 of 1 images failed", images=1, failed=1),
}


def test_images_principals_and_counts_are_those_of_all_owners() -> None:
    found = join_owners(BOTH, ["one", "two"], page="/srv/all.html")
    facts = found["report"]
    assert (facts["preview"], facts["made"]) == (False, "2026-11-29 10:05 UTC")
    assert (facts["accounts"], facts["names"]) == (["100000000001", "100000000002"], {"100000000001": "production"})
    # Those with access outside of the policies come first, as on the page of one owner.
    principals = [(each["id"], each["label"], each["images"], each["outside"]) for each in facts["principals"]]
    search = (OLD, f"{OLD} (search)", 2, 0)
    assert principals == [(FORMER, FORMER, 1, 1), (NEW, NEW, 1, 0), search]
    images = [(each["image_id"], each["owner"], each["marks"]) for each in facts["images"]]
    assert images == [("ami-2", "two", "! x"), ("ami-1", "one", " +x")]
    summary = {"policies": 3, "images": 2, "regions": 1, "public": 0, "outside": 1, "changed": 1, "granted": 1}
    assert facts["summary"] == {**summary, "revoked": 0, "failed": 0}
    assert found["lines"] == [
        "one: 1 image: 1 changed (1 grant, 0 revocations), 0 unchanged, 0 failed",
        "two: failed; 1 image: 0 changed (0 grants, 0 revocations), 0 unchanged, 1 failed",
        "Report: /srv/all.html",
        "2 owners, 1 failed; 2 images: 1 changed (1 grant, 0 revocations), 0 unchanged, 1 failed",
    ]
    assert found["failures"] == "1 of 2 owners failed:\ntwo: 1 of 1 images failed"


def test_a_policy_that_owners_share_is_one_and_the_others_have_the_names_of_their_owners() -> None:
    facts = join_owners(BOTH, ["one", "two"])["report"]
    golden, *teams = facts["policies"]
    assert (golden["selected"], golden["granted"], golden["errors"]) == (2, 1, [{"id": "ami-2"}])
    assert [(each["name"], each["principals"]) for each in teams] == [("Team (one)", [NEW]), ("Team (two)", [OLD])]
    assert [each["policies"] for each in facts["images"]] == [["Golden", "Team (two)"], ["Golden", "Team (one)"]]
    assert [(each["owner"], each["policies"]) for each in facts["kms_keys"]] == [("two", ["Team (two)"])]


def test_a_warning_of_all_is_there_once_and_that_of_some_names_them() -> None:
    assert join_owners(BOTH, ["one", "two"])["report"]["warnings"] == ["Both warn of this", "one: Only one does"]


def named(policies: dict[str, list[dict[str, t.Any]]]) -> list[str]:
    """Return what the policies of owners are called on the page of all."""
    hostvars = {name: ran(report(name, policies=each)) for name, each in policies.items()}
    return [each["name"] for each in join_owners(hostvars, list(hostvars))["report"]["policies"]]


def test_owners_who_mean_the_same_by_a_name_share_its_row() -> None:
    assert named({"one": [policy("Golden", NEW, OLD)], "two": [policy("Golden", OLD, NEW)]}) == ["Golden"]
    twenty = {f"owner-{number:02}": [policy("Golden", NEW)] for number in range(20)}
    first = "owner-00, owner-01, owner-02, owner-03, owner-04 and 15 more"
    assert named({**twenty, "other": [policy("Golden", OLD)]}) == [f"Golden ({first})", "Golden (other)"]


def test_a_name_that_is_made_is_no_other_policys() -> None:
    one = [policy("Team", NEW), policy("Team (two)", NEW)]
    names = named({"one": one, "two": [policy("Team", OLD)]})
    assert names == ["Team (one)", "Team (two) [2]", "Team (two)"]


def test_an_account_of_two_owners_is_pointed_out() -> None:
    facts = join_owners({"one": ran(ONE), "again": ran(ONE)}, ["one", "again"])["report"]
    assert facts["warnings"][0] == (
        "100000000001 is the account of 2 owners (one, again), so its images may count more than once"
    )


STOPPED = ran(
    report("100000000003", images=[row("ami-3", added=[NEW])], policies=[policy("Three", NEW, changed=1, granted=1)]),
    failure="A guard",
    preview=True,
    images=1,
    changed=1,
    granted=1,
)
WITHOUT_RESULT = {"_ami_sharing_run": {}, "_ami_sharing_failure": "The role cannot be assumed\n"}


def test_who_changed_nothing_while_others_did_is_left_out_and_named() -> None:
    hostvars = {**BOTH, "three": STOPPED, "four": WITHOUT_RESULT, "five": {}, "six": ran(None)}
    hostvars["seven"] = ran(TWO, preview=True)
    found = join_owners(hostvars, list(hostvars))
    assert [image["owner"] for image in found["report"]["images"]] == ["two", "one"]
    assert found["report"]["warnings"] == [
        "3 owners are not on this page, because of a failure (see Owners): three, four, five",
        "1 owner is not on this page, because no report was written: six",
        "1 owner is not on this page, because only a preview was made: seven",
        "one, two: Both warn of this",
        "one: Only one does",
    ]
    owners = {each["name"]: (each["accounts"], each["changed"], each["failure"]) for each in found["report"]["owners"]}
    assert owners["three"] == (["100000000003"], 0, "A guard")
    assert owners["four"] == ([], 0, "The role cannot be assumed")
    assert owners["five"] == ([], 0, "It was not reached, or failed before the role.")
    assert found["lines"][2] == "three: failed; 1 image: 0 changed (0 grants, 0 revocations), 1 unchanged, 0 failed"
    assert found["failures"].startswith("4 of 7 owners failed:\n")


def test_a_preview_of_all_is_one() -> None:
    """One that a guard would stop is on the page, and everything counts it."""
    one = ran(ONE, preview=True, images=1, changed=1, granted=1)
    found = join_owners({"one": one, "three": STOPPED}, ["one", "three"])
    facts = found["report"]
    assert (facts["preview"], len(facts["images"]), facts["summary"]["granted"]) == (True, 2, 2)
    assert [each["granted"] for each in facts["owners"]] == [1, 1]
    assert found["lines"] == [
        "one: 1 image: 1 would be changed (1 grant, 0 revocations), 0 unchanged, 0 failed",
        "three: failed; 1 image: 1 would be changed (1 grant, 0 revocations), 0 unchanged, 0 failed",
        "2 owners, 1 failed; 2 images: 2 would be changed (2 grants, 0 revocations), 0 unchanged, 0 failed",
    ]


PREVIEWS = {False: "1 changed", True: "1 would be changed"}


@pytest.mark.parametrize(("preview", "became"), PREVIEWS.items())
def test_without_reports_there_is_none_of_all_and_the_lines_say_what_was_done(preview: bool, became: str) -> None:
    hostvars = {"one": ran(None, preview=preview, images=1, changed=1)}
    found = join_owners(hostvars, ["one"], page="/srv/all.html")
    assert found["lines"][0] == f"one: 1 image: {became} (0 grants, 0 revocations), 0 unchanged, 0 failed"
    assert len(found["lines"]) == 2
    assert found["page"] == ""
    assert found["failures"] == "ami_sharing_report: no owner wrote a report; set ami_sharing_report for each"
    assert join_owners(hostvars, ["one"])["failures"] == ""


def test_a_preview_does_not_stand_for_what_was_changed_without_a_report() -> None:
    found = join_owners(
        {"one": ran(None, images=1, changed=1), "three": STOPPED}, ["one", "three"], page="/srv/all.html"
    )
    assert found["page"] == ""
    assert found["failures"].endswith("\nami_sharing_report: no owner wrote a report; set ami_sharing_report for each")


def test_why_the_report_cannot_be_written_does_not_hide_what_happened() -> None:
    found = join_owners(BOTH, ["one", "two"], page="/srv/all.html", hindrance="/srv is not a directory")
    assert [line for line in found["lines"] if line.startswith("Report")] == []
    assert found["page"] == ""
    assert found["failures"].splitlines() == [
        "1 of 2 owners failed:",
        "two: 1 of 1 images failed",
        "ami_sharing_report: /srv is not a directory",
    ]


@pytest.mark.parametrize("page", ["reports/two.html", "reports/../reports/two.htm"])
def test_the_page_of_an_owner_is_not_replaced(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hostvars = {name: {**variables, "ami_sharing_report": f"reports/{name}.html"} for name, variables in BOTH.items()}
    found = join_owners(hostvars, ["one", "two"], page=str(tmp_path / page))
    assert found["page"] == ""
    assert "two.htm" in found["failures"]
    assert found["failures"].endswith("is where two writes its own report; that of all owners needs another name")
    assert join_owners(hostvars, ["one", "two"], page=str(tmp_path / "reports" / "all.html"))["page"]


def test_drift_is_a_failure() -> None:
    audits = {
        "one": ran(ONE, preview=True, audited=True, images=4, changed=1),
        "two": ran(TWO, preview=True, audited=True, images=4, unchanged=4),
    }
    found = join_owners(audits, ["one", "two"])
    assert found["failures"] == "1 of 2 owners failed:\none: Drift from the policies: 1 of 4 images differ."
    assert found["lines"][0].startswith("one: failed; 4 images: 1 would be changed ")


def test_who_failed_after_the_run_has_failed() -> None:
    """What it changed is changed all the same."""
    done = ran(ONE, images=1, changed=1)
    rescued = {**done, "_ami_sharing_failure": "The bucket is not there"}
    found = join_owners({"one": done, "two": rescued}, ["one", "two"], failed=["one"])
    assert [each["changed"] for each in found["report"]["owners"]] == [1, 1]
    assert found["failures"].splitlines()[1:] == [
        "one: It failed after its run, and nothing rescued it.",
        "two: The bucket is not there",
    ]


def test_of_many_failures_the_message_has_the_first() -> None:
    hosts = [f"owner-{number:03}" for number in range(200)]
    found = join_owners(dict.fromkeys(hosts, WITHOUT_RESULT), hosts, page="/srv/all.html")
    lines = found["failures"].splitlines()
    assert (lines[0], lines[5], lines[6]) == (
        "200 of 200 owners failed:",
        "owner-004: The role cannot be assumed",
        "and 195 more",
    )
    assert found["page"] == ""
    assert len(found["report"]["warnings"]) == 1
