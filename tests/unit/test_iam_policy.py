# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The IAM policy of the guide: what it says is enough is enough, and without any one action it is not."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from types import MappingProxyType

import pytest
from unit.documentation import blocks
from unit.documentation import rows

from local_ec2.client import LocalEC2

Json = dict[str, t.Any]
Run = t.Callable[..., Json]

POLICY, ORGANIZATION, KEYS, REPORTING, QUOTAS, DECODING = (
    json.loads(block.text) for block in blocks("permissions", "json")
)
STATEMENTS: dict[str, Json] = {statement["Sid"]: statement for statement in POLICY["Statement"]}
# The guide's table: what somebody is to do, and the statements that it takes.
_HEAD, *_ROWS = rows("permissions")
ROWS = {what: named.replace(",", "").split() for what, named in _ROWS}

AMI, SNAPSHOT = "ami-0123456789abcdef0", "snap-0123456789abcdef0"
OLD, NEW = ["111111111111"], ["222222222222"]
HELD: Json = {"user_ids": OLD}
GRANTED: Json = {"user_ids": NEW}
EVERYONE: Json = {"group_names": ["all"]}

INFO, IMAGE, SNAPSHOTS = "ec2_ami_attribute_info", "ec2_ami_attribute", "ec2_snapshot_attribute"
SHARING, RESTORE, KEY_SHARING = "ec2_ami_sharing", "ami_sharing_restore", "kms_key_sharing"
ORGANIZATION_INFO = "organization_info"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
DESCRIBED: Json = {"description": "new"}
GRANT: dict[str, Json] = {IMAGE: {"launch_permissions": GRANTED}, SNAPSHOTS: {"create_volume_permissions": GRANTED}}
MODIFY = {IMAGE: "ec2:ModifyImageAttribute", SNAPSHOTS: "ec2:ModifySnapshotAttribute"}
ARN = {IMAGE: "arn:aws:ec2:{}::image/{}", SNAPSHOTS: "arn:aws:ec2:{}::snapshot/{}"}
NAMED: dict[str, Json] = {
    INFO: {"image_id": AMI},
    IMAGE: {"image_id": AMI},
    SNAPSHOTS: {"snapshot_id": SNAPSHOT},
    KEY_SHARING: {"key_id": "alias/golden"},
    ORGANIZATION_INFO: {},
}


def backup(**kinds: t.Any) -> str:
    """Return a backup of a run that was to take the image, or its snapshot, from one and give it to another."""
    made = {"amikit_backup": 1, "made": "2026-11-29T02:11:07Z", "caller": None}
    return json.dumps({**made, **kinds})


def taken(resource_id: str, option: str) -> list[Json]:
    return [{"id": resource_id, "region": "us-east-1", "before": {option: GRANTED}, "after": {option: HELD}}]


# What can be restored, by the name of the file.
BACKUPS = {
    "images.json": backup(images=taken(AMI, "launch_permissions")),
    "keys.json": backup(keys=taken(KEY_ID, "key_users")),
    "both.json": backup(images=taken(AMI, "launch_permissions"), keys=taken(KEY_ID, "key_users")),
    "all.json": backup(images=taken(AMI, "launch_permissions"), snapshots=taken(SNAPSHOT, "create_volume_permissions")),
}


def by_policy(pattern: str, *principals: str, audit: bool = False, **others: t.Any) -> Json:
    """Return the options of a run with one policy, which finds its images by a search."""
    named = {"principals": principals} if principals else {}
    policy = {"name": "Golden images", "filters": {"name": "golden-*"}, "pattern": pattern, **named, **others}
    return {"policies": [policy], "allow_public": pattern == "public", "audit": audit}


class Scenario(t.NamedTuple):
    """A task, the row of the guide's table that it belongs to, and the actions that it fails without.

    ``seed`` is what its image has besides what all of them have. ``unproven`` are actions without DryRun, which a real
    run fails without.
    """

    row: str
    module: str
    options: Json
    needs: set[str]
    seed: t.Mapping[str, t.Any] = MappingProxyType({})
    unproven: t.Collection[str] = ()


READS = {"ec2:DescribeImages", "ec2:DescribeImageAttribute"}
DESCRIPTIONS = {"ec2:DescribeImages", MODIFY[IMAGE]}
LAUNCH = {*READS, MODIFY[IMAGE]}
COPY_READS = {"ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute"}
COPY = {*COPY_READS, MODIFY[SNAPSHOTS]}
BLOCKS = {"ec2:GetImageBlockPublicAccessState", "ec2:GetSnapshotBlockPublicAccessState"}
TAGGED, RETIRED = "change images, and their shared tags", "change images, and deprecate, protect or disable them"
SHARE_KEYS = {"kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"}
PUT = ["kms:PutKeyPolicy"]
FIND_KEYS = "ec2:DescribeSnapshots"
# An image under the key.
UNDER_KEY: Json = {
    "snapshots": [
        {
            "snapshot_id": SNAPSHOT,
            "create_volume_permissions": HELD,
            "encrypted": True,
            "kms_key_id": f"arn:aws:kms:us-east-1:123456789012:key/{KEY_ID}",
        }
    ]
}
ALONE: Json = {"launch_permissions": {}, "purge_launch_permissions": True}


def retiring(options: Json, action: str, **seed: t.Any) -> Scenario:
    """Return a scenario in which one action changes what is read from the description."""
    return Scenario(RETIRED, IMAGE, options, {"ec2:DescribeImages", f"ec2:{action}"}, seed)


SCENARIOS = {
    "search": Scenario("find and read images", INFO, {"filters": {"name": "golden-*"}}, READS),
    "read": Scenario("find and read images", INFO, {}, READS),
    "description": Scenario("change images", IMAGE, DESCRIBED, DESCRIPTIONS),
    "imds": Scenario("change images", IMAGE, {"imds_support": "v2.0"}, DESCRIPTIONS),
    "grant": Scenario("change images", IMAGE, GRANT[IMAGE], LAUNCH),
    "revoke": Scenario("change images", IMAGE, {"revoke_launch_permissions": HELD}, LAUNCH),
    "private": Scenario("change images", IMAGE, ALONE, LAUNCH),
    "tag": Scenario(
        TAGGED,
        IMAGE,
        {**GRANT[IMAGE], "shared_tags": {"status": "approved"}, "purge_shared_tags": True},
        LAUNCH | {"ec2:CreateTags", "ec2:DeleteTags"},
        {"tags": {"ec2:SharedTag/former": "yes"}},
    ),
    "deprecate": retiring({"deprecate_at": "2y"}, "EnableImageDeprecation"),
    "cancel": retiring({"deprecate_at": ""}, "DisableImageDeprecation", deprecation_time="2039-01-01T00:00:00.000Z"),
    "protect": retiring({"deregistration_protection": "enabled"}, "EnableImageDeregistrationProtection"),
    "end a protection": retiring(
        {"deregistration_protection": "disabled"},
        "DisableImageDeregistrationProtection",
        deregistration_protection="enabled-without-cooldown",
    ),
    "enable": retiring({"enabled": True}, "EnableImage", state="disabled"),
    "disable": Scenario(RETIRED, IMAGE, {**ALONE, "enabled": False}, LAUNCH | {"ec2:DisableImage"}),
    "public": Scenario(
        "make images public",
        IMAGE,
        {"launch_permissions": EVERYONE},
        LAUNCH | {"ec2:GetImageBlockPublicAccessState"},
    ),
    "grant, with preflight and a backup": Scenario(
        "change images", IMAGE, {**GRANT[IMAGE], "preflight": True, "backup": "backup.json"}, LAUNCH
    ),
    "grant a snapshot": Scenario("change snapshots", SNAPSHOTS, GRANT[SNAPSHOTS], COPY),
    "revoke a snapshot": Scenario("change snapshots", SNAPSHOTS, {"revoke_create_volume_permissions": HELD}, COPY),
    "private snapshot": Scenario(
        "change snapshots",
        SNAPSHOTS,
        {"create_volume_permissions": {}, "purge_create_volume_permissions": True},
        COPY,
    ),
    "public snapshot": Scenario(
        "make snapshots public",
        SNAPSHOTS,
        {"create_volume_permissions": EVERYONE},
        COPY | {"ec2:GetSnapshotBlockPublicAccessState"},
    ),
    "share a key": Scenario("share keys", KEY_SHARING, {"key_users": GRANTED}, SHARE_KEYS, unproven=PUT),
    "restore a key": Scenario("restore keys from a backup", RESTORE, {"src": "keys.json"}, SHARE_KEYS, unproven=PUT),
    "share by a policy": Scenario("share by policies", SHARING, by_policy("share", *NEW), LAUNCH),
    "revoke by a policy": Scenario("share by policies", SHARING, by_policy("revoke", *OLD), LAUNCH),
    "exclusive, with snapshots": Scenario(
        "share by policies, snapshots too", SHARING, by_policy("exclusive", *NEW, snapshots=True), LAUNCH | COPY
    ),
    "share by a policy, with keys": Scenario(
        "share by policies, keys too",
        SHARING,
        by_policy("share", *NEW, kms="share"),
        LAUNCH | SHARE_KEYS | {FIND_KEYS},
        UNDER_KEY,
        PUT,
    ),
    "exclusive, with snapshots and keys": Scenario(
        "share by policies, snapshots and keys too",
        SHARING,
        by_policy("exclusive", *NEW, snapshots=True, kms="share"),
        LAUNCH | COPY | SHARE_KEYS,
        UNDER_KEY,
        PUT,
    ),
    "audit, with keys": Scenario(
        "audit policies, keys too",
        SHARING,
        by_policy("exclusive", *NEW, audit=True, kms="share"),
        READS | {FIND_KEYS, "kms:DescribeKey", "kms:GetKeyPolicy"},
        UNDER_KEY,
    ),
    "public by a policy, with snapshots": Scenario(
        "make public by policies, snapshots too",
        SHARING,
        by_policy("public", snapshots=True),
        LAUNCH | COPY | BLOCKS,
    ),
    "restore images": Scenario("restore images from a backup", RESTORE, {"src": "images.json"}, LAUNCH),
    "restore": Scenario("restore images and snapshots from a backup", RESTORE, {"src": "all.json"}, LAUNCH | COPY),
    "audit": Scenario("audit policies", SHARING, by_policy("exclusive", *NEW, audit=True), READS),
    "audit, with snapshots": Scenario(
        "audit policies, snapshots too",
        SHARING,
        by_policy("exclusive", *NEW, audit=True, snapshots=True),
        READS | COPY_READS,
    ),
    "audit of public, with snapshots": Scenario(
        "audit public policies, snapshots too",
        SHARING,
        by_policy("public", audit=True, snapshots=True),
        READS | COPY_READS | BLOCKS,
    ),
}
AUDITS = [scenario.row for scenario in SCENARIOS.values() if scenario.options.get("audit")]
CHECK = pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
MODIFYING = pytest.mark.parametrize("module", [IMAGE, SNAPSHOTS])
# What each module asks about one image or snapshot at a time.
NARROWED = pytest.mark.parametrize(
    ("module", "action"),
    [
        (IMAGE, MODIFY[IMAGE]),
        (IMAGE, "ec2:DescribeImageAttribute"),
        (SNAPSHOTS, MODIFY[SNAPSHOTS]),
        (SNAPSHOTS, "ec2:DescribeSnapshotAttribute"),
    ],
)


def actions(statements: t.Iterable[Json]) -> list[str]:
    listed = (statement["Action"] for statement in statements)
    return [action for each in listed for action in ([each] if isinstance(each, str) else each)]


def of_row(row: str, without: str = "") -> list[Json]:
    """Return the statements of a row of the guide's table, without that action."""
    statements = (STATEMENTS[sid] for sid in ROWS[row])
    left = [{**each, "Action": [action for action in actions([each]) if action != without]} for each in statements]
    return [statement for statement in left if statement["Action"]]


def to_change(module: str) -> str:
    return {IMAGE: "change images", SNAPSHOTS: "change snapshots"}[module]


def narrowed(module: str, action: str, resource: str) -> list[Json]:
    """Return the statements to change, with one action narrowed to the resource."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return [*of_row(to_change(module), without=action), statement]


@pytest.fixture
def run(ec2: LocalEC2, run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a module with the keys of a user who has the statements, on a fresh image and the snapshot behind it."""
    monkeypatch.chdir(tmp_path)
    for name, text in BACKUPS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(
        module: str,
        statements: list[Json],
        options: Json,
        *,
        check: bool = False,
        region: str = "us-east-1",
        seed: t.Mapping[str, t.Any] = MappingProxyType({}),
        **snapshot: t.Any,
    ) -> Json:
        behind = {"snapshot_id": SNAPSHOT, "create_volume_permissions": HELD, **snapshot}
        image = {"image_id": AMI, "region": region, "name": "golden-1", "launch_permissions": HELD}
        ec2.seed({**image, "description": "old", "snapshots": [behind], **seed})
        ec2.seed_keys({"key_id": KEY_ID, "aliases": ["alias/golden"]})
        user = ec2.principal("user", {"Version": "2012-10-17", "Statement": statements})
        named = {} if {"filters", "policies", "src"} & set(options) else NAMED[module]
        keys = {name: user[name] for name in ("access_key", "secret_key")}
        return run_module(module, check=check, region=region, **named, **options, **keys)

    return run


def the_one(result: Json) -> Json:
    """Return the image or the snapshot of a result."""
    (resource,) = result.get("images") or result["snapshots"]
    return t.cast(Json, resource)


def requests_of(result: Json) -> list[Json]:
    """Return the requests for all images, snapshots and keys of a result."""
    parts = result.get("policies", [result])
    kinds = [part.get(kind, []) for part in parts for kind in ("images", "snapshots", "keys")]
    return [request for resources in kinds for resource in resources for request in resource["requests"]]


def said(result: Json) -> str:
    """Return the warnings."""
    return " ".join(str(warning) for warning in result.get("warnings", []))


def test_every_statement_is_in_the_table_and_no_action_is_a_pattern() -> None:
    assert {sid for named in ROWS.values() for sid in named} == set(STATEMENTS)
    assert set(ROWS) == {scenario.row for scenario in SCENARIOS.values()}
    assert [
        action
        for action in actions([*STATEMENTS.values(), ORGANIZATION, KEYS, REPORTING, QUOTAS, DECODING])
        if "*" in action
    ] == []


@MODIFYING
def test_changes_are_allowed_on_one_kind_of_resource_only(module: str) -> None:
    resources = [each["Resource"] for each in STATEMENTS.values() if MODIFY[module] in actions([each])]
    assert resources == [ARN[module].format("*", "*")]


@pytest.mark.parametrize("row", ROWS)
def test_each_row_lists_what_its_tasks_need_and_nothing_else(row: str) -> None:
    needed = {action for scenario in SCENARIOS.values() if scenario.row == row for action in scenario.needs}
    assert sorted(actions(of_row(row))) == sorted(needed)


@CHECK
@pytest.mark.parametrize("finding", [True, False], ids=["with", "without"])
def test_without_finding_keys_a_restoration_of_images_and_keys_warns(run: Run, finding: bool, check: bool) -> None:
    rows = ("restore images from a backup", "restore keys from a backup")
    statements = [QUOTAS, *(statement for row in rows for statement in of_row(row))]
    statements += [STATEMENTS["FindKeys"]] if finding else []
    result = run(RESTORE, statements, {"src": "both.json"}, check=check, seed=UNDER_KEY)
    assert not result["failed"], result["msg"]
    foreseen = {"unproven", "authorized"} if check else {"applied"}
    assert {each["status"] for each in requests_of(result)} == foreseen
    assert ("do not wait for each other: DescribeSnapshots: UnauthorizedOperation" in said(result)) is not finding
    assert finding is not bool(said(result))


@pytest.mark.parametrize("row", AUDITS)
def test_an_audit_needs_nothing_but_reads(row: str) -> None:
    assert [action for action in actions(of_row(row)) if not is_read(action)] == []


def is_read(action: str) -> bool:
    return action.partition(":")[2].startswith(("Describe", "Get"))


@CHECK
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_with_the_statements_of_its_row_a_task_passes(run: Run, scenario: Scenario, check: bool) -> None:
    statements = [*of_row(scenario.row), QUOTAS]
    result = run(scenario.module, statements, scenario.options, check=check, seed=scenario.seed)
    assert not result["failed"], result["msg"]
    assert not said(result)
    assert result["changed"] is (scenario.module != INFO)
    if scenario.module != INFO:
        writes = {action for action in scenario.needs if not is_read(action)}
        foreseen = {"unproven" if action in scenario.unproven else "authorized" for action in writes} or {"unproven"}
        assert {each["status"] for each in requests_of(result)} == (foreseen if check or not writes else {"applied"})


@CHECK
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_without_any_one_action_that_fails_which_needs_it(run: Run, scenario: Scenario, check: bool) -> None:
    results = {
        action: run(
            scenario.module, of_row(scenario.row, without=action), scenario.options, check=check, seed=scenario.seed
        )
        for action in actions(of_row(scenario.row))
    }
    messages = {action: result["msg"] for action, result in results.items() if result["failed"]}
    assert set(messages) == scenario.needs.difference(scenario.unproven if check else ())
    unnamed = [action for action, message in messages.items() if f"perform: {action} " not in message]
    assert unnamed == []


@NARROWED
def test_what_can_be_narrowed_to_a_region(run: Run, module: str, action: str) -> None:
    policy = narrowed(module, action, ARN[module].format("eu-west-1", "*"))
    assert not run(module, policy, GRANT[module], region="eu-west-1")["failed"]
    assert action in run(module, policy, GRANT[module], region="us-east-1")["msg"]


@NARROWED
def test_what_can_be_narrowed_to_one_image_or_snapshot(run: Run, module: str, action: str) -> None:
    (named,) = NAMED[module].values()
    assert not run(module, narrowed(module, action, ARN[module].format("*", named)), GRANT[module])["failed"]
    other = ARN[module].format("*", named.replace("0123", "3210"))
    assert action in run(module, narrowed(module, action, other), GRANT[module])["msg"]


# The statement for the organization, in its management account.

LISTED = {"organizations:ListAccounts", "organizations:ListOrganizationalUnitsForParent"}
WALKED = {"organizations:ListRoots", "organizations:ListAccountsForParent"}
TAGS = {"organizations:ListTagsForResource"}
# Each: the options, how Organizations answers, and the actions that they take besides DescribeOrganization and tags.
READING: dict[str, tuple[Json, Json, set[str]]] = {
    "accounts": ({"organizational_units": False}, {}, {"organizations:ListAccounts"}),
    "OUs": ({}, {}, LISTED),
    "without paths": ({}, {"without_paths": True}, LISTED | WALKED),
    "without one path": ({}, {"accounts_without_paths": ["111122223333"]}, LISTED | {"organizations:ListParents"}),
}


@pytest.mark.parametrize(("options", "switches", "needs"), READING.values(), ids=list(READING))
def test_reading_an_organization_takes_these_actions(
    ec2: LocalEC2, run: Run, options: Json, switches: Json, needs: set[str]
) -> None:
    ec2.seed_organization()
    ec2.switch(**switches)
    describing = {"organizations:DescribeOrganization"}

    def read(allowed: set[str]) -> Json:
        return run(ORGANIZATION_INFO, [{**ORGANIZATION, "Action": sorted(allowed)}], options)

    assert len(read(needs | describing)["accounts"]) == 8
    for action in needs:
        result = read(needs - {action} | describing)
        assert (result["failed"], result["accounts"]) == (False, [])
        assert f"is not authorized to perform: {action} " in said(result)
    assert f"perform: {next(iter(describing))} " in read(needs)["msg"]


def test_the_statement_of_the_organization_has_all_of_them_and_no_other() -> None:
    needed = {action for _options, _switches, needs in READING.values() for action in needs}
    assert {*actions([ORGANIZATION])} == needed | TAGS | {"organizations:DescribeOrganization"}


def test_without_the_action_for_tags_only_these_are_missing(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization()
    others = sorted({*actions([ORGANIZATION])} - TAGS)
    result = run(ORGANIZATION_INFO, [{**ORGANIZATION, "Action": others}], {"tags": True})
    assert [each["tags"] for each in result["accounts"]] == [None] * 8
    assert f"is not authorized to perform: {next(iter(TAGS))} " in said(result)


# The optional statements: what they add, and that without them it is missed and nothing fails.

WILL_DECIDE = "EC2 refuses to share what is encrypted under the key that AWS manages for EBS; it will decide"
CUSTOMERS: Json = {"encrypted": True}
MANAGED: Json = {"encrypted": True, "kms_key_id": "aws/ebs"}
# What the statement adds to those that each module needs anyway.
ADDED = [
    (module, action)
    for module in (IMAGE, SNAPSHOTS)
    for action in sorted(set(actions([KEYS])) - set(actions(of_row(to_change(module)))))
]


def test_the_optional_statement_adds_to_images_more_than_to_snapshots() -> None:
    assert ADDED == [(IMAGE, "ec2:DescribeSnapshots"), (IMAGE, "kms:DescribeKey"), (SNAPSHOTS, "kms:DescribeKey")]


@CHECK
@MODIFYING
def test_the_optional_statement_predicts_that_a_key_cannot_be_shared(run: Run, module: str, check: bool) -> None:
    statements = of_row(to_change(module))
    result = run(module, [*statements, KEYS], GRANT[module], check=check, **MANAGED)
    assert "EC2 would refuse Modify" in result["msg"]
    assert "the key that AWS manages for EBS" in result["msg"]
    assert not said(result)
    shared = run(module, [*statements, KEYS], GRANT[module], check=check, **CUSTOMERS)
    assert not shared["failed"], shared["msg"]
    assert not said(shared)


@CHECK
@pytest.mark.parametrize(("module", "action"), ADDED)
def test_without_an_action_of_it_a_warning_tells_and_ec2_decides(
    run: Run, module: str, action: str, check: bool
) -> None:
    granted = [each for each in actions([KEYS]) if each != action]
    statements = [*of_row(to_change(module)), {**KEYS, "Action": granted}]
    shared = run(module, statements, GRANT[module], check=check, **CUSTOMERS)
    assert not shared["failed"], shared["msg"]
    assert f"({action.partition(':')[2]}: " in said(shared)
    assert WILL_DECIDE in said(shared)
    refused = run(module, statements, GRANT[module], check=check, **MANAGED)
    assert WILL_DECIDE in said(refused)
    # A dry run does not tell.
    assert refused["failed"] is not check
    if not check:
        assert not the_one(refused)["error"]["predicted"]


def lacking(result: Json) -> list[str]:
    return [who for each in result["policies"][0]["keys"] for who in each["lacking"]]


def test_the_optional_statement_tells_who_cannot_use_the_keys(run: Run) -> None:
    statements, options = of_row("share by policies"), by_policy("share", *NEW)
    assert lacking(run(SHARING, [*statements, REPORTING], options, seed=UNDER_KEY)) == NEW
    for action in actions([REPORTING]):
        granted = [each for each in actions([REPORTING]) if each != action]
        result = run(SHARING, [*statements, {**REPORTING, "Action": granted}], options, seed=UNDER_KEY)
        assert (result["failed"], lacking(result)) == (False, [])


@MODIFYING
def test_revoking_reads_no_key_and_so_warns_of_none(run: Run, module: str) -> None:
    revoked = {f"revoke_{option}": HELD for option in GRANT[module]}
    result = run(module, of_row(to_change(module)), revoked, **MANAGED)
    assert not result["failed"], result["msg"]
    assert not said(result)


CROWD: Json = {"launch_permissions": {"user_ids": [f"{100_000_000_000 + number}" for number in range(1001)]}}
# What comes near a quota, and what the warning says that the quota is by default.
NEAR = {
    "public images": ({"launch_permissions": EVERYONE}, "public AMIs in us-east-1 ({}), by default 5"),
    "entries": (CROWD, "launch permissions in us-east-1 ({}), by default 1,000"),
}


@CHECK
@pytest.mark.parametrize(("options", "quota"), NEAR.values(), ids=list(NEAR))
def test_without_the_optional_statement_a_warning_tells_the_default_quota(
    ec2: LocalEC2, run: Run, options: Json, quota: str, check: bool
) -> None:
    ec2.switch(public_quota=1, sharing_quota=2000)
    statements = of_row("make images public")
    result = run(IMAGE, statements, options, check=check)
    assert not result["failed"], result["msg"]
    denied = quota.format("GetServiceQuota: AccessDeniedException")
    assert f"Could not read the quota of {denied}; EC2 will decide" in said(result)
    assert not said(run(IMAGE, [*statements, QUOTAS], options, check=check))


@CHECK
@MODIFYING
def test_the_optional_statement_decodes_denials(run: Run, module: str, check: bool) -> None:
    statements = of_row(to_change(module), without=MODIFY[module])
    assert "Decoded authorization message" not in run(module, statements, GRANT[module], check=check)["msg"]
    result = run(module, [*statements, DECODING], GRANT[module], check=check)
    assert "Decoded authorization message" in result["msg"]
    (named,) = NAMED[module].values()
    context = the_one(result)["error"]["decoded_message"]["context"]
    assert (context["action"], context["resource"]) == (MODIFY[module], ARN[module].format("us-east-1", named))
    assert context["principal"]["arn"].endswith(":user/user")
