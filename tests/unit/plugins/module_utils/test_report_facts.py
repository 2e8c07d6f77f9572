# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Report: the facts of the page, under the keys of 0.1.0, and what they are made of."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from unit.fuzz import fuzz
from unit.sharing import ALL
from unit.sharing import FAILURE
from unit.sharing import LAUNCH
from unit.sharing import ODD
from unit.sharing import ORG
from unit.sharing import OU
from unit.sharing import OWNER
from unit.sharing import WEST
from unit.sharing import A
from unit.sharing import B
from unit.sharing import C
from unit.sharing import D
from unit.sharing import World
from unit.sharing import applied
from unit.sharing import carry_out
from unit.sharing import ended
from unit.sharing import foresee
from unit.sharing import image
from unit.sharing import leave_unread
from unit.sharing import planned
from unit.sharing import policy
from unit.sharing import snapshot

from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedTags
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import Options
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import by_policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import shown
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import summary
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import OTHERS
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import report
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work

Json = dict[str, t.Any]
ONE, TWO, FAR = image(1), image(2), image(3, WEST)
COPY_ONE = snapshot(1)
MADE = "2026-11-24 12:00 UTC"
# Of an image that has none of this.
LIFE: dict[str, t.Any] = {"shared_tags": {}, "deprecate_at": "", "deregistration_protection": "disabled"}


def facts(work: Work, names: t.Mapping[str, str] | None = None) -> Json:
    counts = by_policy(work, lambda subject: subject.target)
    options = Options((), None, names or {}, report=True, audit=False, check_mode=False)
    return report(work, counts, options, preview=False, made=MADE, warnings=("careful",))


def column(value: str, kind: str, label: str, **others: t.Any) -> Json:
    usual = {"name": "", "images": 0, "outside": 0, "added": 0, "removed": 0, "named": True}
    return {"id": value, "kind": kind, "label": label, **usual, **others}


def done(policies: t.Sequence[Policy], world: World) -> Work:
    work = planned(policies, world)
    carry_out(work, applied)
    return work


def test_the_whole_report() -> None:
    """Pages and scripts of users read the keys of 0.1.0; ``names``, ``marks`` and most of a principal's are newer."""
    policies = [
        policy("exclusive", A, ORG, on=[ONE], name="Exact", snapshots=True),
        policy("public", on=[FAR], name="Open", description="new"),
    ]
    work = done(policies, World({ONE: [A, B], FAR: [C]}, {ONE: [COPY_ONE]}))
    assert facts(work, {A.value: "Partner", OWNER: "Golden images"}) == {
        "preview": False,
        "made": MADE,
        "accounts": [OWNER],
        "names": {OWNER: "Golden images"},
        "summary": {
            "policies": 2,
            "images": 2,
            "regions": 2,
            "public": 1,
            "outside": 1,
            "changed": 2,
            "granted": 3,
            "revoked": 1,
            "failed": 0,
        },
        "warnings": ["careful"],
        "policies": [
            {
                "name": "Exact",
                "pattern": "exclusive",
                "selected": 1,
                "changed": 1,
                "granted": 2,
                "revoked": 1,
                "failed": 0,
                "principals": [A.value, ORG.value],
                "snapshots": 1,
                "errors": [],
            },
            {
                "name": "Open",
                "pattern": "public",
                "selected": 1,
                "changed": 1,
                "granted": 1,
                "revoked": 0,
                "failed": 0,
                "principals": ["all"],
                "snapshots": 0,
                "errors": [],
            },
        ],
        "principals": [
            column("all", "everyone", "everyone", images=1, added=1),
            column(C.value, "account", C.value, images=1, outside=1, named=False),
            column(ORG.value, "organization", "o-abcdefghij", images=1, added=1),
            column(A.value, "account", f"{A.value} (Partner)", name="Partner", images=1),
            column(B.value, "account", B.value, removed=1, named=False),
        ],
        "images": [
            {
                "image_id": FAR.id,
                "region": FAR.region,
                "name": f"name of {FAR.id}",
                "owner_id": OWNER,
                "policies": ["Open"],
                "changed": True,
                "public": True,
                "principals": [C.value, "all"],
                "marks": "+!   ",
                "added": ["all"],
                "removed": [],
                "outside": [C.value],
                "changes": ["description"],
                "snapshots": 0,
                "error": "",
                **LIFE,
            },
            {
                "image_id": ONE.id,
                "region": ONE.region,
                "name": f"name of {ONE.id}",
                "owner_id": OWNER,
                "policies": ["Exact"],
                "changed": True,
                "public": False,
                "principals": [A.value, ORG.value],
                "marks": "  +x-",
                "added": [ORG.value],
                "removed": [B.value],
                "outside": [],
                "changes": ["snapshots"],
                "snapshots": 1,
                "error": "",
                **LIFE,
            },
        ],
    }


def test_a_report_of_nothing() -> None:
    empty = facts(done([], World()))
    assert (empty["accounts"], empty["policies"], empty["principals"], empty["images"]) == ([], [], [], [])
    assert set(empty["summary"].values()) == {0}


# Images


def rows(work: Work) -> dict[str, Json]:
    return {row["image_id"]: row for row in facts(work)["images"]}


def test_images_are_in_the_order_of_region_name_and_id() -> None:
    names: dict[Target, Json] = {
        ONE: {"Name": "b"},
        TWO: {"Name": "a"},
        image(4): {"Name": "a"},
        image(5): {"Name": None},
    }
    work = done([policy("private", on=[ONE, image(4), FAR, TWO, image(5)])], World(described=names))
    assert [row["image_id"] for row in facts(work)["images"]] == [
        each.id for each in (FAR, image(5), TWO, image(4), ONE)
    ]
    assert rows(work)[image(5).id]["name"] == ""


def test_public_images_come_first_and_then_those_with_somebody_outside() -> None:
    held = {ONE: [A], TWO: [A, B], image(4): [A, ALL], image(5): [A, B, ALL]}
    work = done([policy("share", A, on=[*held, FAR])], World(held))
    order = [row["image_id"] for row in facts(work)["images"]]
    assert order == [each.id for each in (image(4), image(5), TWO, FAR, ONE)]


MARKS: list[tuple[str, list[Permission], str]] = [
    ("share", [], "+"),
    ("share", [A], "x"),
    ("share", [A, B], "!x"),
    ("share", [A, ALL], "*x"),
    ("exclusive", [A, ALL], "-x"),
    ("exclusive", [B], "+-"),
]


@pytest.mark.parametrize(("pattern", "held", "marks"), MARKS)
def test_a_mark_for_each_principal(pattern: str, held: list[Permission], marks: str) -> None:
    assert rows(done([policy(pattern, A)], World({ONE: held})))[ONE.id]["marks"] == marks


@pytest.mark.parametrize(("held", "mark"), [([], "+"), ([ALL], "*")])
def test_the_mark_of_everyone(held: list[Permission], mark: str) -> None:
    assert rows(done([policy("public")], World({ONE: held})))[ONE.id]["marks"] == mark


def test_outside_is_whoever_no_policy_of_the_image_grants() -> None:
    """Not those that a policy of another image grants, nor those that one revokes elsewhere."""
    policies = [
        policy("share", A, on=[ONE], name="P"),
        policy("share", B, on=[ONE, TWO], name="Q"),
        policy("revoke", D, on=[FAR], name="R"),
    ]
    found = rows(done(policies, World({each: [A, B, D, ALL, ODD] for each in (ONE, TWO, FAR)})))
    assert found[ONE.id]["outside"] == sorted([D.value, "all", ODD.value])
    assert found[TWO.id]["outside"] == sorted([A.value, D.value, "all", ODD.value])
    assert found[FAR.id]["outside"] == sorted([A.value, B.value, "all", ODD.value])
    assert found[ONE.id]["policies"] == ["P", "Q"]


def test_a_preview_shows_what_would_be() -> None:
    work = planned([policy("exclusive", A)], World({ONE: [B]}))
    foresee(work)
    row = rows(work)[ONE.id]
    assert (row["principals"], row["added"], row["removed"], row["changed"]) == ([A.value], [A.value], [B.value], True)


def test_what_ec2_showed_last_is_in_the_report_and_not_what_was_planned() -> None:
    work = done([policy("exclusive", A)], World({ONE: [B]}))
    work.images[ONE].read[LAUNCH.option] = frozenset({A, D, ALL})
    work.images[ONE].verified = True
    row = rows(work)[ONE.id]
    assert row["principals"] == [A.value, D.value, "all"]
    assert (row["public"], row["outside"]) == (True, [D.value, "all"])
    assert (row["added"], row["removed"]) == ([A.value], [B.value])


def test_tags_that_somebody_else_has_set_meanwhile_are_in_the_report() -> None:
    def tagged(**tags: str) -> dict[str, t.Any]:
        return {"Tags": [{"Key": f"ec2:SharedTag/{key}", "Value": text} for key, text in tags.items()]}

    (shared_tags,) = [attribute for attribute in OTHERS if attribute.has_tags]
    asked = (AskedTags(shared_tags, (("status", "approved"),)),)
    work = done([replace(policy("share", A), others=asked)], World({ONE: [A]}))
    assert rows(work)[ONE.id]["shared_tags"] == {"status": "approved"}
    work.images[ONE].described = {**work.images[ONE].described, **tagged(status="approved", other="theirs")}
    assert rows(work)[ONE.id]["shared_tags"] == {"status": "approved", "other": "theirs"}


def test_what_is_as_it_should_be_has_no_changes() -> None:
    world = World({ONE: [A], COPY_ONE: [A]}, {ONE: [COPY_ONE]}, {ONE: {"Description": "new"}})
    row = rows(done([policy("exclusive", A, snapshots=True, description="new")], world))[ONE.id]
    assert (row["changed"], row["changes"], row["added"], row["removed"]) == (False, [], [], [])


def test_every_change_has_its_name() -> None:
    work = done(
        [policy("share", A, snapshots=True, description="new", imds_support="v2.0")],
        World({ONE: [A]}, {ONE: [COPY_ONE]}),
    )
    assert rows(work)[ONE.id]["changes"] == ["description", "imds_support", "snapshots"]


# Errors

WHAT = "InternalError: It failed"


def failed(*targets: Target) -> Work:
    policies = [
        policy("share", A, on=[ONE], name="P", snapshots=True),
        policy("share", B, on=[ONE, TWO], name="Q"),
    ]
    work = planned(policies, World({}, {ONE: [COPY_ONE]}))
    carry_out(work, lambda subject: "failed" if subject.target in targets else "applied")
    return work


def test_an_image_has_its_error() -> None:
    found = rows(failed(TWO))
    assert (found[TWO.id]["error"], found[ONE.id]["error"]) == (WHAT, "")


def test_an_image_that_is_as_it_should_be_has_the_error_of_its_snapshot() -> None:
    work = planned([policy("share", A, snapshots=True)], World({ONE: [A]}, {ONE: [COPY_ONE]}))
    carry_out(work, lambda _subject: "failed")
    row = rows(work)[ONE.id]
    assert row["error"] == f"{COPY_ONE.id}: {WHAT}"
    assert facts(work)["summary"]["failed"] == 1


def test_a_policy_has_the_errors_of_its_images_and_snapshots() -> None:
    found = [each["errors"] for each in facts(failed(COPY_ONE, TWO))["policies"]]
    held_back = {
        "id": ONE.id,
        "region": ONE.region,
        "code": "HeldBack",
        "message": f"Not sent, because granting on {COPY_ONE} failed",
    }
    image_failed, snapshot_failed = (
        {"id": each.id, "region": each.region, "code": FAILURE.code, "message": FAILURE.message}
        for each in (TWO, COPY_ONE)
    )
    assert found == [[held_back, snapshot_failed], [held_back, image_failed]]


def test_an_image_that_could_not_be_read() -> None:
    work = planned([policy("share", A)], World({ONE: [B]}))
    leave_unread(work.images[ONE])
    work.images[ONE].described = {}
    row = rows(work)[ONE.id]
    assert (row["name"], row["owner_id"], row["snapshots"], row["error"]) == ("", None, 0, WHAT)
    assert (row["principals"], row["outside"], row["changed"], row["public"]) == ([], [], False, False)
    assert facts(work)["accounts"] == []


# Principals


def columns(work: Work, names: t.Mapping[str, str] | None = None) -> list[Json]:
    return list(facts(work, names)["principals"])


def test_principals_are_everyone_those_outside_and_all_others_by_kind_and_id() -> None:
    other = Permission("org_arns", "arn:aws:organizations::000000000000:organization/o-zzzzzzzzzz")
    work = done([policy("share", C, OU, B, ORG, name="P")], World({ONE: [ODD, D, ALL, A, ORG, other]}))
    assert [each["id"] for each in columns(work)] == [each.value for each in (ALL, other, A, D, ODD, ORG, OU, B, C)]
    kinds = ["everyone", "organization", "account", "account", "other"]
    kinds += ["organization", "organizational unit", "account", "account"]
    assert [each["kind"] for each in columns(work)] == kinds


LABELS: list[tuple[Permission, str]] = [
    (ALL, "everyone"),
    (ORG, "o-abcdefghij"),
    (OU, "ou-ab12-cdefghij"),
    (A, f"{A.value} (Partner)"),
    (B, B.value),
    (ODD, ODD.value),
]


@pytest.mark.parametrize(("principal", "label"), LABELS)
def test_how_a_principal_is_called(principal: Permission, label: str) -> None:
    (column,) = columns(done([policy("private")], World({ONE: [principal]})), {A.value: "Partner"})
    assert (column["id"], column["label"]) == (principal.value, label)


def test_the_report_has_whoever_has_access_had_it_or_is_named() -> None:
    policies = [policy("exclusive", A, on=[ONE, TWO], name="P"), policy("revoke", C, on=[FAR], name="Q")]
    work = done(policies, World({ONE: [A, B], FAR: [D]}))
    assert [(each["id"], each["images"], each["named"]) for each in columns(work)] == [
        (D.value, 1, False),
        (A.value, 2, True),
        (B.value, 0, False),
        (C.value, 0, True),
    ]


# Laws


@fuzz(100)
@given(work=ended())
def test_the_report_agrees_with_the_result(work: Work) -> None:
    found, whole = facts(work), summary(work)
    same = ("policies", "images", "regions", "public", "outside", "granted", "revoked", "failed")
    assert {key: found["summary"][key] for key in same} == {key: whole[key] for key in same}
    assert len(found["images"]) == len(work.images)
    assert found["summary"]["changed"] >= whole["changed"]
    for row in found["images"]:
        held = shown(work.images[Target(row["region"], row["image_id"])])
        assert row["principals"] == sorted(entry.value for entry in held)
        assert set(row["outside"]) <= set(row["principals"])
        assert not set(row["added"]) & set(row["removed"])


@fuzz(100)
@given(work=ended())
def test_every_principal_has_one_column(work: Work) -> None:
    found = facts(work)
    ids = [column["id"] for column in found["principals"]]
    held = [value for row in found["images"] for value in row["principals"]]
    assert len(set(ids)) == len(ids)
    assert set(held) | {value for row in found["images"] for value in row["removed"]} <= set(ids)
    assert {column["id"]: column["images"] for column in found["principals"]} == {
        value: held.count(value) for value in ids
    }
    for row in found["images"]:
        marked = dict(zip(ids, row["marks"], strict=True))
        assert {value for value, mark in marked.items() if mark in "x!*"} == set(row["principals"]) - {
            *row["added"],
            *row["removed"],
        }
        assert [[value for value in sorted(ids) if marked[value] == mark] for mark in "+-"] == [
            row["added"],
            row["removed"],
        ]
