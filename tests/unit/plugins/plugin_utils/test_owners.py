# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The runs of several owners, joined into one report: what is added up, who is left out, and what failed."""

from __future__ import annotations

import typing as t

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
    facts = {"preview": False, "made": "2026-11-29 10:00 UTC", "accounts": [account], "names": {}, "warnings": []}
    return {**facts, "policies": [], "principals": [], "images": [], **more}


def ran(facts: dict[str, t.Any] | None, *, failure: str = "", **counts: int) -> dict[str, t.Any]:
    """Return the variables of a host after its run."""
    parts = ("images", "changed", "unchanged", "failed", "granted", "revoked")
    stopped = [failure] if failure and facts and facts["preview"] else []
    run = {"summary": {**dict.fromkeys(parts, 0), **counts}, "stopped": stopped}
    return {"_ami_sharing_run": {**run, **({"report": facts} if facts else {})}, "_ami_sharing_failure": failure}


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
    keys=[{"key_id": "key-1", "region": "us-east-1", "policies": ["Team"], **NOBODY}],
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
    assert [(each["owner"], each["policies"]) for each in facts["keys"]] == [("two", ["Team (two)"])]


def test_a_warning_of_all_is_there_once_and_that_of_some_names_them() -> None:
    assert join_owners(BOTH, ["one", "two"])["report"]["warnings"] == ["Both warn of this", "one: Only one does"]


STOPPED = ran(report("100000000003", preview=True, images=[row("ami-3")]), failure="A guard", images=1, changed=1)
WITHOUT_RESULT = {"ansible_failed_result": {"msg": "The role cannot be assumed\n"}, "_ami_sharing_run": {}}


def test_who_changed_nothing_while_others_did_is_left_out_and_named() -> None:
    hostvars = {**BOTH, "three": STOPPED, "four": WITHOUT_RESULT, "five": {}, "six": ran(None)}
    found = join_owners(hostvars, list(hostvars))
    assert [image["owner"] for image in found["report"]["images"]] == ["two", "one"]
    assert found["report"]["warnings"] == [
        "three is not on this page. A guard",
        "four is not on this page. The role cannot be assumed",
        "five is not on this page. Its run has no result.",
        "six is not on this page. Its run wrote no report.",
        "one, two: Both warn of this",
        "one: Only one does",
    ]
    owners = {each["name"]: (each["accounts"], each["changed"], each["failure"]) for each in found["report"]["owners"]}
    assert owners["three"] == (["100000000003"], 0, "A guard")
    assert owners["four"] == ([], 0, "The role cannot be assumed")
    assert found["lines"][2] == "three: failed; 1 image: 0 changed (0 grants, 0 revocations), 1 unchanged, 0 failed"
    assert found["failures"].startswith("4 of 6 owners failed:\n")


def test_a_preview_of_all_is_one() -> None:
    previews = {
        name: ran({**facts, "preview": True}, images=1, changed=1) for name, facts in (("one", ONE), ("two", TWO))
    }
    found = join_owners(previews, ["one", "two"])
    assert (found["report"]["preview"], len(found["report"]["images"])) == (True, 2)
    assert found["lines"][0] == "one: 1 image: 1 would be changed (0 grants, 0 revocations), 0 unchanged, 0 failed"


def test_without_any_result_there_is_an_empty_page() -> None:
    found = join_owners({"one": {}}, ["one"])
    assert (found["report"]["images"], found["report"]["principals"], found["report"]["made"]) == ([], [], "")
    assert found["failures"] == "1 of 1 owner failed:\none: Its run has no result."
