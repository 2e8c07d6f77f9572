# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What sums up a run: what became of each policy, who is affected, how images differ, and what was restored."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.amikit.aws.plugins.filter.sum_up import sum_up

KEPT, FORMER = "111122223333", "444455556666"
ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
CROWD = [f"{100_000_000_000 + number}" for number in range(7)]
NAMES = {KEPT: "Build", CROWD[0]: "First", FORMER: ""}


def entries(*ids: str) -> dict[str, list[str]]:
    return {"user_ids": [each for each in ids if each.isdigit()], "org_arns": [each for each in ids if ":" in each]}


def image(image_id: str, granted: t.Sequence[str] = (), revoked: t.Sequence[str] = ()) -> dict[str, t.Any]:
    both = {"granted": entries(*granted), "revoked": entries(*revoked)}
    return {"image_id": image_id, "changed": bool(granted or revoked), **both}


def policy(
    name: str, *images: dict[str, t.Any], snapshots: t.Sequence[t.Any] = (), failed: int = 0
) -> dict[str, t.Any]:
    items = [*images, *snapshots]
    counts = {part: sum(len(ids) for each in items for ids in each[part].values()) for part in ("granted", "revoked")}
    changed = sum(each["changed"] for each in images) or len(snapshots)
    kept = {"name": name, "selected": len(images), "changed": changed, "failed": failed}
    return {**kept, **counts, "images": images, "snapshots": snapshots}


def run(*policies: dict[str, t.Any], preview: bool = False) -> dict[str, t.Any]:
    parts = ("changed", "failed", "granted", "revoked")
    counts = {part: sum(each[part] for each in policies) for part in parts}
    images = sum(each["selected"] for each in policies)
    unchanged = images - counts["changed"] - counts["failed"]
    return {"policies": policies, "summary": {"images": images, "unchanged": unchanged, **counts}, "preview": preview}


EXACT = policy("Exact", image("ami-1", [KEPT, ORGANIZATION], [FORMER]))
PRIVATE = policy("Private", image("ami-2", (), CROWD))
NOTHING = policy("Nothing", image("ami-3"), image("ami-4"), failed=1)
FAILED = {"image_id": "ami-3", "changed": False}


def test_each_policy_has_a_line_and_the_sum_is_the_last() -> None:
    assert sum_up(run(EXACT, NOTHING), page="/srv/page.html") == [
        "Exact: 1 selected, 1 changed (2 grants, 1 revocation), 0 unchanged, 0 failed",
        "Nothing: 2 selected, 0 changed (0 grants, 0 revocations), 1 unchanged, 1 failed",
        "Report: /srv/page.html",
        "3 images: 1 changed (2 grants, 1 revocation), 1 unchanged, 1 failed",
    ]


def test_with_names_it_says_who_is_affected() -> None:
    assert sum_up(run(EXACT, PRIVATE, NOTHING, preview=True), NAMES) == [
        "Exact: 1 selected, 1 would be changed (2 grants, 1 revocation), 0 unchanged, 0 failed",
        f"Exact: would be granted to {KEPT} (Build), {ORGANIZATION}; revoked from {FORMER}",
        "Private: 1 selected, 1 would be changed (0 grants, 7 revocations), 0 unchanged, 0 failed",
        f"Private: would be revoked from {CROWD[0]} (First), {', '.join(CROWD[1:5])} and 2 more",
        "Nothing: 2 selected, 0 would be changed (0 grants, 0 revocations), 1 unchanged, 1 failed",
        "4 images: 2 would be changed (2 grants, 8 revocations), 1 unchanged, 1 failed",
    ]


def test_who_is_affected_by_a_run_that_failed_whose_result_is_trimmed() -> None:
    trimmed = {**EXACT, "images": [*EXACT["images"], FAILED]}
    assert f"Exact: granted to {KEPT} (Build), {ORGANIZATION}; revoked from {FORMER}" in sum_up(run(trimmed), NAMES)


def test_the_drift_names_the_policies_whose_images_differ() -> None:
    crowded = policy("Crowded", *(image(f"ami-{number}", [KEPT]) for number in range(6)))
    behind = policy("Behind", image("ami-9"), snapshots=[image("snap-1", [KEPT])])
    build = f"granted to {KEPT} (Build)"
    five = "ami-0, ami-1, ami-2, ami-3, ami-4, …"
    exact = f"{build}, {ORGANIZATION}; revoked from {FORMER}"
    assert sum_up(run(EXACT, NOTHING, crowded, behind), {KEPT: "Build"}, drift=True) == [
        "Drift from the policies: 8 of 10 images differ.",
        f"policy 'Exact': 1 of 1 images (ami-1), 2 to grant, 1 to revoke: {exact}",
        f"policy 'Crowded': 6 of 6 images ({five}), 6 to grant, 0 to revoke: {build}",
        f"policy 'Behind': 1 of 1 images (their snapshots), 1 to grant, 0 to revoke: {build}",
    ]
    assert sum_up(run(EXACT), drift=True)[1] == "policy 'Exact': 1 of 1 images (ami-1), 2 to grant, 1 to revoke"


RESOURCES = {"images": 2, "snapshots": 1, "kms_keys": 0}
COUNTS = {**RESOURCES, "changed": 1, "unchanged": 2, "failed": 0, "granted": 1, "revoked": 0}


@pytest.mark.parametrize(("more", "check_mode"), [({"stopped": ["A guard"]}, False), ({"stopped": []}, True)])
def test_a_restoration_that_changed_nothing(more: dict[str, t.Any], check_mode: bool) -> None:
    assert sum_up({"summary": COUNTS, **more}, check_mode=check_mode) == [
        "2 images and 1 snapshot in the backup: 1 would be restored (1 grant, 0 revocations), 2 unchanged, 0 failed"
    ]


def test_a_restoration_says_how_to_take_it_back() -> None:
    assert sum_up({"summary": COUNTS, "stopped": [], "backup_file": "/srv/b.json.restore"}) == [
        "To undo this: /srv/b.json.restore",
        "2 images and 1 snapshot in the backup: 1 restored (1 grant, 0 revocations), 2 unchanged, 0 failed",
    ]


def test_a_restoration_counts_the_keys_if_there_are_any() -> None:
    counts = {**COUNTS, "kms_keys": 1, "changed": 4, "unchanged": 0, "granted": 3}
    assert sum_up({"summary": counts, "stopped": []}) == [
        "2 images, 1 snapshot and 1 key in the backup: 4 restored (3 grants, 0 revocations), 0 unchanged, 0 failed"
    ]
