# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""kms_key_sharing over HTTP: in fours, refused, disturbed; and who gets in by the policies that it leaves."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from unit.images import Clock
from unit.images import warned

from local_ec2.client import LocalEC2
from local_ec2.services.judge import Caller
from local_ec2.services.judge import Grant
from local_ec2.services.judge import allows

OWNER, A, B, C = "123456789012", "111111111111", "222222222222", "333333333333"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY}"
ALIAS = "alias/golden"
ORG = f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij"
UNIT = f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-teamteam"
SID = "AmikitSharing"
NOBODY: dict[str, list[str]] = {"user_ids": [], "org_arns": [], "org_unit_arns": []}
SCALING = "arn:aws:iam::{}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

Json = dict[str, t.Any]
Run = t.Callable[..., Json]

ROOT: Json = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
# Its members are in an order of its owner's, and not in that of the documentation.
THEIRS: Json = {
    "Resource": "*",
    "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
    "Action": ["kms:Encrypt*", "kms:Decrypt*"],
    "Effect": "Allow",
}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": list(statements)}


@pytest.fixture
def run(run_module: Run) -> Run:
    def run(*, check: bool = False, **options: t.Any) -> Json:
        named = {} if {"key_id", "key_ids"} & set(options) else {"key_id": KEY}
        return run_module("kms_key_sharing", check=check, **named, **options)

    return run


@pytest.fixture
def key(ec2: LocalEC2) -> LocalEC2:
    """An embedded EC2 with one key, of whose policy others have written a part."""
    ec2.seed_keys({"key_id": KEY, "aliases": [ALIAS], "policy": policy(ROOT, THEIRS)})
    return ec2


def users(**entries: list[str]) -> dict[str, list[str]]:
    return {**NOBODY, **entries}


def held(ec2: LocalEC2, arn: str = ARN) -> list[Json]:
    found: list[Json] = (ec2.key(arn) or {})["policy"]["Statement"]
    return found


def others(ec2: LocalEC2, arn: str = ARN) -> list[Json]:
    return [each for each in held(ec2, arn) if not each.get("Sid", "").startswith(SID)]


def may(ec2: LocalEC2, account: str, path: str = "") -> str:
    """Return how an account can use the key: with D to describe it, U to use it by EC2, S for Auto Scaling groups."""
    document, via = {"Statement": held(ec2)}, "ec2.us-east-1.amazonaws.com"
    directly = Caller(account, organization_path=path)
    by_ec2 = Caller(account, organization_path=path, via=via)
    uses = [allows(document, ARN, by_ec2, action) for action in ("kms:Decrypt", "kms:GenerateDataKey")]
    uses += [allows(document, ARN, by_ec2, "kms:CreateGrant", Grant(f"arn:aws:iam::{account}:user/x"))]
    scaling = allows(document, ARN, directly, "kms:CreateGrant", Grant(SCALING.format(account)))
    assert len(set(uses)) == 1
    described = allows(document, ARN, directly, "kms:DescribeKey")
    return ("D" if described else "") + ("U" if uses[0] else "") + ("S" if scaling else "")


# Each: who had the key, and with Auto Scaling; the options; the requests; the managed values afterwards.
CHANGES: dict[str, tuple[tuple[Json, bool], Json, list[tuple[str, str, int]], Json]] = {
    "an account beside another": (
        ({"user_ids": [B]}, False),
        {"key_users": {"user_ids": [A]}},
        [("keyUsers", "add", 1)],
        {"key_users": users(user_ids=[A, B])},
    ),
    "the first of all kinds": (
        ({}, False),
        {"key_users": {"user_ids": [A], "org_arns": [ORG], "org_unit_arns": [UNIT]}},
        [("keyUsers", "add", 3)],
        {"key_users": users(user_ids=[A], org_arns=[ORG], org_unit_arns=[UNIT])},
    ),
    "the owner, who needs no statement, and another": (
        ({}, False),
        {"key_users": {"user_ids": [OWNER, A]}, "autoscaling": True},
        [("keyUsers", "add", 1), ("autoscaling", "add", 1)],
        {"key_users": users(user_ids=[A]), "autoscaling": True},
    ),
    "an account revoked": (
        ({"user_ids": [A, B]}, False),
        {"revoke_key_users": {"user_ids": [A]}},
        [("keyUsers", "remove", 1)],
        {"key_users": users(user_ids=[B]), "autoscaling": False},
    ),
    "the last one revoked, with what it had besides": (
        ({"user_ids": [A]}, True),
        {"revoke_key_users": {"user_ids": [A]}},
        [("keyUsers", "remove", 1), ("autoscaling", "remove", 1)],
        {"key_users": NOBODY, "autoscaling": False},
    ),
    "an exact list": (
        ({"user_ids": [B, C], "org_arns": [ORG]}, True),
        {"key_users": {"user_ids": [A, B]}, "purge_key_users": True},
        [("keyUsers", "add", 1), ("keyUsers", "remove", 2), ("autoscaling", "remove", 3)],
        {"key_users": users(user_ids=[A, B]), "autoscaling": False},
    ),
    "nobody": (
        ({"user_ids": [B], "org_unit_arns": [UNIT]}, False),
        {"key_users": {}, "purge_key_users": True},
        [("keyUsers", "remove", 2)],
        {"key_users": NOBODY, "autoscaling": False},
    ),
    "Auto Scaling for those who are there": (
        ({"user_ids": [A]}, False),
        {"autoscaling": True},
        [("autoscaling", "add", 1)],
        {"key_users": users(user_ids=[A]), "autoscaling": True},
    ),
}


@pytest.mark.parametrize(("before", "options", "requests", "after"), CHANGES.values(), ids=list(CHANGES))
def test_a_change_in_fours(
    key: LocalEC2, run: Run, before: tuple[Json, bool], options: Json, requests: list[t.Any], after: Json
) -> None:
    run(key_users=before[0], purge_key_users=True, autoscaling=before[1])
    as_it_was = held(key)
    key.clear()
    previewed = run(check=True, **options)
    assert held(key) == as_it_was
    assert key.summary() == {"DescribeKey": 1, "GetKeyPolicy": 1}
    key.clear()
    applied = run(**options)
    # One reading to plan on, one right before the write, one to see it.
    assert key.summary() == {"DescribeKey": 1, "GetKeyPolicy": 3, "PutKeyPolicy": 1}
    again_previewed, again = run(check=True, **options), run(**options)

    results = (previewed, applied, again_previewed, again)
    assert [result["failed"] for result in results] == [False] * 4
    assert [result["changed"] for result in results] == [True, True, False, False]
    [item], [preview] = applied["keys"], previewed["keys"]
    assert (item["key_id"], item["region"], item["name"], item["arn"]) == (KEY, "us-east-1", None, ARN)
    assert item["after"] == after
    assert item["requests"] == as_requests(requests, "applied")
    assert preview == {**item, "requests": as_requests(requests, "unproven")}
    assert previewed["diff"] == applied["diff"]
    assert again_previewed["diff"] == again["diff"] == []
    assert again["keys"][0]["before"] == again["keys"][0]["after"] == after
    assert others(key) == [ROOT, THEIRS]
    assert [list(each) for each in others(key)] == [list(ROOT), list(THEIRS)]
    assert held(key) == [ROOT, THEIRS, *item["statements"]]


def as_requests(requests: list[t.Any], status: str) -> list[Json]:
    return [
        {"attribute": attribute, "operation": operation, "entries": entries, "status": status}
        for attribute, operation, entries in requests
    ]


def test_who_gets_in(key: LocalEC2, run: Run) -> None:
    run(key_users={"user_ids": [A], "org_unit_arns": [UNIT]})
    below = "o-abcdefghij/r-ab12/ou-ab12-platform/ou-ab12-teamteam/ou-ab12-below"
    beside = "o-abcdefghij/r-ab12/ou-ab12-others"
    assert may(key, A) == "DU"
    assert may(key, B) == ""
    assert may(key, B, f"{below}/") == "DU"
    assert may(key, B, f"{beside}/") == ""
    document = {"Statement": held(key)}
    assert not allows(document, ARN, Caller(A), "kms:Decrypt")
    assert not allows(document, ARN, Caller(A, via="rds.us-east-1.amazonaws.com"), "kms:Decrypt")
    assert not allows(document, ARN, Caller(A), "kms:CreateGrant", Grant(f"arn:aws:iam::{A}:role/mine"))
    # What the owner may do is up to the owner's statements.
    assert [each["Sid"] for each in key.key(ARN)["policy"]["Statement"] if applies_to_owner(each)] == [ROOT["Sid"]]  # type: ignore[index]


def applies_to_owner(statement: Json) -> bool:
    caller = Caller(OWNER, organization_path="o-abcdefghij/r-ab12/ou-ab12-teamteam/", via="ec2.us-east-1.amazonaws.com")
    return any(
        allows({"Statement": [statement]}, ARN, caller, action, Grant())
        for action in ("kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant")
    )


def test_a_whole_organization_and_its_auto_scaling_groups(key: LocalEC2, run: Run) -> None:
    run(key_users={"org_arns": [ORG]}, autoscaling=True)
    assert may(key, C, "o-abcdefghij/r-ab12/") == "DUS"
    assert may(key, C, "o-otherotherx/r-ab12/") == ""
    document = {"Statement": held(key)}
    caller = Caller(C, organization_path="o-abcdefghij/r-ab12/")
    assert not allows(document, ARN, caller, "kms:CreateGrant", Grant(f"arn:aws:iam::{C}:role/mine"))


@pytest.mark.parametrize("option", ["org_arns", "org_unit_arns"])
def test_whoever_stays_under_the_arn_of_another_management_account_is_named(
    key: LocalEC2, run: Run, option: str
) -> None:
    mine = {"org_arns": ORG, "org_unit_arns": UNIT}[option]
    other, short = mine.replace(OWNER, B), mine.partition("/")[2]
    run(key_users={option: [other]})
    said = f"{short} stays a user under the ARN {other}. To end that, revoke that ARN: {KEY} (us-east-1)"
    assert warned(run(revoke_key_users={option: [mine]})) == [said]
    both = run(key_users={option: [mine]})
    assert (both["failed"], warned(both)) == (False, [])
    assert warned(run(revoke_key_users={option: [mine]})) == [said]
    assert warned(run(revoke_key_users={option: [mine, other]})) == []
    assert others(key) == held(key)


def test_auto_scaling_is_taken_from_nobody_who_stays(key: LocalEC2, run: Run) -> None:
    run(key_users={"user_ids": [A]}, autoscaling=True)
    added = run(key_users={"user_ids": [B]})
    assert added["keys"][0]["after"] == {"key_users": users(user_ids=[A, B])}
    assert [may(key, each) for each in (A, B)] == ["DUS", "DU"]
    some = run(check=True, autoscaling=True)
    assert some["keys"][0]["before"]["autoscaling"] is None
    run(revoke_key_users={"user_ids": [A]})
    assert [may(key, each) for each in (A, B)] == ["", "DU"]


def test_auto_scaling_without_users_is_nothing_to_do(key: LocalEC2, run: Run) -> None:
    result = run(autoscaling=True)
    assert (result["failed"], result["changed"]) == (False, False)


def test_the_diff_has_a_line_for_each_value(key: LocalEC2, run: Run) -> None:
    run(key_users={"user_ids": [B, C]})
    [difference] = run(key_id=ALIAS, key_users={"user_ids": [A]})["diff"]
    assert difference["before_header"] == difference["after_header"] == f"{ALIAS} {KEY} (us-east-1)"
    before, after = difference["before"].splitlines(), difference["after"].splitlines()
    assert [line for line in after if line not in before] == [
        f"key_users.user_ids: {A}",
        *(
            f"{SID}Accounts{role}.Condition.StringEquals.kms:CallerAccount: {A}"
            for role in ("Use", "Describe", "Grant")
        ),
    ]
    assert [line for line in before if line not in after] == []


# Names


@pytest.mark.parametrize(
    "name", [KEY, ARN, ALIAS, f"arn:aws:kms:us-east-1:{OWNER}:{ALIAS}", f"us-east-1:{KEY}", f"us-east-1:{ARN}"]
)
def test_a_key_by_every_name(key: LocalEC2, run: Run, name: str) -> None:
    result = run(key_id=name, key_users={"user_ids": [A]})
    assert (result["keys"][0]["key_id"], result["keys"][0]["name"]) == (KEY, ALIAS if ALIAS in name else None)
    assert may(key, A) == "DU"


def test_several_names_of_one_key_are_one_key(key: LocalEC2, run: Run) -> None:
    result = run(key_ids=[ALIAS, KEY, ARN], key_users={"user_ids": [A]})
    assert [(each["key_id"], each["name"]) for each in result["keys"]] == [(KEY, ALIAS)]
    assert result["summary"]["keys"] == result["summary"]["changed"] == result["summary"]["granted"] == 1
    assert key.summary()["PutKeyPolicy"] == 1
    assert run(key_ids=result["keys"], key_users={"user_ids": [A]})["changed"] is False


def test_arns_bring_their_regions(ec2: LocalEC2, run: Run) -> None:
    here, there = ec2.seed_keys({}, {"region": "eu-west-1"})
    result = run(key_ids=f"{here['arn']},{there['arn']}", key_users={"user_ids": [A]})
    assert [each["region"] for each in result["keys"]] == ["us-east-1", "eu-west-1"]
    conditions = [each["statements"][0]["Condition"]["StringEquals"]["kms:ViaService"] for each in result["keys"]]
    assert conditions == ["ec2.us-east-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"]


def test_replicas_have_policies_of_their_own(ec2: LocalEC2, run: Run) -> None:
    [made] = ec2.seed_keys({"replica_regions": ["eu-west-1"]})
    [replica] = made["replica_arns"]
    run(key_id=replica, key_users={"user_ids": [A]})
    assert len(held(ec2, made["arn"])) == 1
    assert len(held(ec2, replica)) == 4


BAD: dict[str, tuple[Json, str]] = {
    "no key": ({"key_id": "golden"}, "key_ids: 'golden' is not the id of a key (the id, ARN or alias of a key"),
    "an ARN of something else": (
        {"key_id": f"arn:aws:iam::{OWNER}:role/golden"},
        f"key_ids: 'arn:aws:iam::{OWNER}:role/golden' is not the id of a key",
    ),
    "two Regions at once": (
        {"key_id": f"eu-west-1:{ARN}"},
        f"key_ids: 'eu-west-1:{ARN}' is not in eu-west-1, but in us-east-1",
    ),
    "everyone": ({"key_users": {"user_ids": ["all"]}}, "key_users.user_ids: 'all' is the group of everyone"),
    "granted and revoked": (
        {"key_users": {"user_ids": [A]}, "revoke_key_users": {"user_ids": [A]}},
        f"'{A}' is in both key_users and revoke_key_users",
    ),
    "a purge without its list": ({"purge_key_users": True}, "purge_key_users: needs key_users"),
    "nothing": ({}, "no attribute is asked for: set at least one of key_users, autoscaling, revoke_key_users"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=list(BAD))
def test_bad_options_are_named_before_any_request(key: LocalEC2, run: Run, options: Json, message: str) -> None:
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
    assert key.requests() == []


# Refusals


def odd(sid: str = f"{SID}AccountsUse") -> Json:
    return {**ROOT, "Sid": sid, "Principal": {"AWS": f"arn:aws:iam::{A}:root"}}


# Each: the key, the options, the code, and words of the message.
REFUSED: dict[str, tuple[Json, Json, str, str]] = {
    "disabled": ({"state": "Disabled"}, {}, "KMSInvalidStateException", "The key is Disabled; nobody can use it"),
    "pending deletion": (
        {"state": "PendingDeletion"},
        {},
        "KMSInvalidStateException",
        "The key is PendingDeletion; cancel its deletion (CancelKeyDeletion) and enable it first; AWS deletes it at 20",
    ),
    "AWS managed": (
        {"aliases": ["alias/aws/ebs"]},
        {},
        "AccessDeniedException",
        "AWS manages the key, and nobody else can change its policy",
    ),
    "a statement of ours that is odd": (
        {"policy": policy(ROOT, odd())},
        {},
        "OddStatement",
        f"The policy has {SID}AccountsUse: a Sid of this module, but not what it writes under it",
    ),
    "what Python cannot write as it is": (
        {"policy": policy(ROOT, {**THEIRS, "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 1e400}}})},
        {},
        "InexactPolicy",
        "The policy has the number Infinity, which this module cannot write as it is",
    ),
    "a thousand accounts": (
        {},
        {"key_users": {"user_ids": [f"{number:012}" for number in range(1000)]}},
        "LimitExceededException",
        " bytes, and KMS takes 32768",
    ),
    "an organization of another partition": (
        {},
        {"key_users": {"org_arns": [ORG.replace("arn:aws:", "arn:aws-cn:")]}},
        "InvalidArnException",
        "The key is in the partition aws, and not arn:aws-cn:organizations",
    ),
}


@pytest.mark.parametrize(("seed", "options", "code", "words"), REFUSED.values(), ids=list(REFUSED))
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_what_is_refused_changes_nothing_anywhere(
    ec2: LocalEC2, run: Run, seed: Json, options: Json, code: str, words: str, check: bool
) -> None:
    good, refused = ec2.seed_keys({"key_id": KEY}, {"region": "eu-west-1", **seed})
    result = run(check=check, key_ids=[good["arn"], refused["arn"]], **(options or {"key_users": {"user_ids": [A]}}))
    assert result["failed"]
    assert f"KMS would refuse PutKeyPolicy: {code}: " in result["msg"]
    error = result["keys"][1]["error"]
    assert (error["operation"], error["code"], error["predicted"]) == ("PutKeyPolicy", code, True)
    assert words in error["message"]
    assert "PutKeyPolicy" not in ec2.summary()


def test_as_many_accounts_as_fit(key: LocalEC2, run: Run) -> None:
    many = [f"{number:012}" for number in range(640)]
    assert run(key_users={"user_ids": many})["summary"]["granted"] == 640
    assert run(check=True, key_users={"user_ids": many})["changed"] is False


def test_an_odd_statement_harms_no_task_that_changes_nothing(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_keys({"key_id": KEY, "policy": policy(ROOT, odd())})
    result = run(revoke_key_users={"user_ids": [B]})
    assert (result["failed"], result["changed"]) == (False, False)
    assert result["keys"][0]["before"]["key_users"] == {**NOBODY, "odd_statements": [f"{SID}AccountsUse"]}


def test_an_odd_statement_is_purged(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_keys({"key_id": KEY, "policy": policy(ROOT, odd(), THEIRS)})
    result = run(key_users={"user_ids": [A]}, purge_key_users=True)
    assert result["keys"][0]["revoked"] == {**NOBODY, "odd_statements": [f"{SID}AccountsUse"]}
    assert others(ec2) == [ROOT, THEIRS]
    assert may(ec2, A) == "DU"


def test_a_key_of_another_account(ec2: LocalEC2, run: Run) -> None:
    """KMS does not say whether it exists, but its ARN says whose it would be."""
    [theirs] = ec2.seed_keys({"account": B})
    result = run(key_id=theirs["arn"], key_users={"user_ids": [A]})
    [item] = result["keys"]
    error = item["error"]
    assert (error["code"], error["predicted"]) == ("AccessDeniedException", True)
    assert f"The key belongs to {B}, and only the owner can read or change its policy" in error["message"]
    assert json.dumps(item["statements"]) in error["message"]
    assert item["arn"] == theirs["arn"]
    assert [each["Sid"] for each in item["statements"]] == [
        f"{SID}Accounts{role}" for role in ("Use", "Describe", "Grant")
    ]
    assert item["statements"][0]["Condition"]["StringNotEquals"] == {"aws:PrincipalAccount": B}
    assert item["before"] == item["after"] == {}
    assert ec2.summary() == {"DescribeKey": 1, "GetCallerIdentity": 1}


def test_a_key_of_another_account_that_may_be_described(ec2: LocalEC2, run: Run) -> None:
    everyone = {**ROOT, "Principal": {"AWS": "*"}, "Action": "kms:DescribeKey"}
    [theirs] = ec2.seed_keys({"account": B, "policy": policy(everyone)})
    result = run(key_id=theirs["arn"], key_users={"user_ids": [A]})
    assert f"The key belongs to {B}" in result["msg"]
    assert ec2.summary() == {"DescribeKey": 1, "GetKeyPolicy": 1, "GetCallerIdentity": 1}


@pytest.mark.parametrize("name", [KEY, ARN, ALIAS])
def test_a_key_that_is_not_there_is_looked_for_again(ec2: LocalEC2, clock: Clock, run: Run, name: str) -> None:
    started = clock.now
    result = run(key_id=name, key_users={"user_ids": [A]})
    assert result["keys"][0]["error"]["code"] == "NotFoundException"
    assert clock.now - started == 15
    assert ec2.summary()["DescribeKey"] > 1


@pytest.mark.parametrize("name", [f"eu-west-1:{KEY}", "alias/silver"], ids=["of another Region", "an alias"])
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_key_that_is_not_there_is_named_before_any_write(
    key: LocalEC2, clock: Clock, run: Run, name: str, check: bool
) -> None:
    result = run(check=check, key_ids=[KEY, name], key_users={"user_ids": [A]})
    assert result["failed"]
    assert [each.get("error", {}).get("code") for each in result["keys"]] == [None, "NotFoundException"]
    assert name.rpartition(":")[2] in result["msg"]
    assert "PutKeyPolicy" not in key.summary()
    assert held(key) == [ROOT, THEIRS]


# Denials, and others who write


def iam(*actions: str) -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


EVERY = ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy")


@pytest.mark.parametrize("lacking", EVERY)
def test_a_denial_names_the_action(key: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    user = key.principal("sharing", iam(*(each for each in EVERY if each != lacking)))
    for name, value in key.environment(user).items():
        monkeypatch.setenv(name, value)
    result = run(key_users={"user_ids": [A]})
    error = result["keys"][0]["error"]
    assert (error["operation"], error["code"]) == (lacking[4:], "AccessDeniedException")
    assert error["predicted"] is False
    statuses = [each["status"] for each in result["keys"][0]["requests"]]
    assert statuses == (["denied"] if lacking == EVERY[2] else [])
    assert len(held(key)) == 2


def test_what_somebody_else_has_written_meanwhile_is_not_lost(key: LocalEC2, run: Run) -> None:
    meanwhile = policy(ROOT, THEIRS, {**ROOT, "Sid": "New", "Action": "kms:Decrypt"})
    key.switch(mid_run={ARN: {"reads": 1, "policy": meanwhile}})
    result = run(key_users={"user_ids": [A]}, autoscaling=True)
    assert result["keys"][0]["error"]["code"] == "ChangedMeanwhile"
    assert "Something else has changed the key since the task read it, so nothing was written to it" in result["msg"]
    assert [each["status"] for each in result["keys"][0]["requests"]] == ["failed", "failed"]
    assert result["changed"] is False
    assert held(key) == meanwhile["Statement"]
    assert run(key_users={"user_ids": [A]})["failed"] is False


THROTTLED = {"action": "PutKeyPolicy", "code": "ThrottlingException", "message": "Rate exceeded", "status": 400}


def test_a_write_that_is_throttled_is_sent_again(key: LocalEC2, clock: Clock, run: Run) -> None:
    key.switch(errors_of={ARN: {**THROTTLED, "times": 2}})
    result = run(key_users={"user_ids": [A]})
    assert (result["failed"], result["changed"]) == (False, True)
    assert clock.now - 1_800_000_000 == 1 + 2


@pytest.mark.usefixtures("clock")
def test_a_write_that_is_throttled_to_the_end_fails(key: LocalEC2, run: Run) -> None:
    key.switch(errors_of={ARN: {**THROTTLED, "times": 99}})
    result = run(key_users={"user_ids": [A]})
    assert result["keys"][0]["error"]["code"] == "ThrottlingException"
    assert result["changed"] is False


def test_what_somebody_else_has_written_while_a_write_was_throttled_is_not_lost(key: LocalEC2, run: Run) -> None:
    meanwhile = policy(ROOT, THEIRS, {**ROOT, "Sid": "New", "Action": "kms:Decrypt"})
    key.switch(errors_of={ARN: {**THROTTLED, "times": 1}}, mid_run={ARN: {"reads": 2, "policy": meanwhile}})
    result = run(key_users={"user_ids": [A]})
    assert result["keys"][0]["error"]["code"] == "ChangedMeanwhile"
    assert held(key) == meanwhile["Statement"]


def test_one_that_fails_does_not_stop_another(key: LocalEC2, run: Run) -> None:
    [other] = key.seed_keys({"region": "eu-west-1"})
    key.switch(mid_run={ARN: {"reads": 1, "policy": policy(ROOT)}})
    result = run(key_ids=[ARN, other["arn"]], key_users={"user_ids": [A]})
    assert [each.get("error", {}).get("code") for each in result["keys"]] == ["ChangedMeanwhile", None]
    assert [each["changed"] for each in result["keys"]] == [False, True]


def test_a_change_that_is_shown_late_is_waited_for(key: LocalEC2, clock: Clock, run: Run) -> None:
    key.switch(policy_lag_reads=3)
    result = run(key_users={"user_ids": [A]})
    assert (result["failed"], result["changed"]) == (False, True)
    assert clock.now - 1_800_000_000 == 1 + 2 + 4
    assert key.summary() == {"DescribeKey": 1, "GetKeyPolicy": 6, "PutKeyPolicy": 1}


def test_a_change_that_is_not_shown_fails(key: LocalEC2, clock: Clock, run: Run) -> None:
    key.switch(policy_lag_reads=99)
    result = run(key_users={"user_ids": [A]}, wait_timeout=20)
    assert "KMS accepted the change of keyUsers but does not show it after 20 s" in result["msg"]
    assert result["changed"] is True


def test_without_wait_nothing_is_read_afterwards(key: LocalEC2, run: Run) -> None:
    run(key_users={"user_ids": [A]}, wait=False)
    assert key.summary() == {"DescribeKey": 1, "GetKeyPolicy": 2, "PutKeyPolicy": 1}


def test_lists_of_one_that_are_shown_as_their_element(key: LocalEC2, run: Run) -> None:
    key.switch(collapse_policy_lists=True)
    options = {"key_users": {"user_ids": [A], "org_arns": [ORG], "org_unit_arns": [UNIT]}, "autoscaling": True}
    assert [run(**options)["changed"] for _time in range(2)] == [True, False]


@pytest.mark.parametrize("switch", ["drop_every", "drop_after_every", "fail_every"])
def test_an_answer_that_is_lost_is_asked_for_again(key: LocalEC2, clock: Clock, run: Run, switch: str) -> None:
    key.switch(**{switch: 4})
    result = run(key_users={"user_ids": [A]})
    assert (result["failed"], result["changed"]) == (False, True)
    # What was applied shows in the policy, and is not written again.
    assert key.summary()["PutKeyPolicy"] == (1 if switch == "drop_after_every" else 2)
    assert may(key, A) == "DU"


ONCE = {"retries": {"total_max_attempts": 1}}


def test_a_write_without_an_answer_is_looked_for(key: LocalEC2, clock: Clock, run: Run) -> None:
    key.switch(drop_after_every=4)
    result = run(key_users={"user_ids": [A]}, aws_config=ONCE)
    assert [each["status"] for each in result["keys"][0]["requests"]] == ["applied"]
    assert may(key, A) == "DU"


def test_a_write_that_nobody_knows_about_is_called_that(key: LocalEC2, clock: Clock, run: Run) -> None:
    failing = {"action": "PutKeyPolicy", "code": "KMSInternalException", "message": "Try again", "status": 500}
    key.switch(errors_of={ARN: {**failing, "times": 99}})
    result = run(key_users={"user_ids": [A]})
    assert "0 keys changed, and 1 may have changed: KMS gave no clear answer. Run the task again" in result["msg"]
    assert len(held(key)) == 2


def test_a_reading_without_an_answer_changes_nothing(key: LocalEC2, clock: Clock, run: Run) -> None:
    """The one right before the write: no doubt remains, as nothing was sent."""
    key.switch(drop_every=3)
    result = run(key_users={"user_ids": [A]}, aws_config=ONCE)
    assert result["keys"][0]["error"]["operation"] == "GetKeyPolicy"
    assert "Nothing was changed" in result["msg"]


def test_throttling_is_waited_out(key: LocalEC2, run: Run) -> None:
    key.switch(throttle_every=3)
    assert run(key_users={"user_ids": [A]})["failed"] is False


def test_a_closed_account_breaks_nothing(key: LocalEC2, run: Run) -> None:
    key.switch(unknown_accounts=[A])
    assert run(key_users={"user_ids": [A]})["changed"] is True


def test_the_statement_that_kms_takes_no_more_is_named(key: LocalEC2, run: Run) -> None:
    role = key.role("gone")
    key.seed_keys(
        {"region": "eu-west-1", "key_id": KEY, "policy": policy(ROOT, {**THEIRS, "Principal": {"AWS": role}})}
    )
    key.delete_role(role)
    result = run(key_id=f"eu-west-1:{KEY}", key_users={"user_ids": [A]})
    error = result["keys"][0]["error"]
    assert error["code"] == "MalformedPolicyDocumentException"
    assert (
        "This was in the policy before, and KMS may not accept it any more: statement 2 names AROA" in error["message"]
    )


def test_a_statement_without_actions_is_named(ec2: LocalEC2, run: Run) -> None:
    inert = {each: value for each, value in ROOT.items() if each != "Action"}
    ec2.seed_keys({"key_id": KEY, "policy": policy(ROOT, {**inert, "Sid": "Old"})})
    result = run(key_users={"user_ids": [A]})
    assert "statement 2 (Old) has no Action" in result["keys"][0]["error"]["message"]


# What is around it


def test_preflight_says_that_it_does_not_cover_keys(key: LocalEC2, run: Run) -> None:
    result = run(key_users={"user_ids": [A]}, preflight=True)
    assert result["changed"] is True
    assert any(
        "preflight does not cover PutKeyPolicy: KMS has no DryRun for it" in str(each) for each in result["warnings"]
    )
    assert "warnings" not in run(key_users={"user_ids": [A]}, preflight=True)


def test_a_backup_leads_back(key: LocalEC2, run: Run, run_module: Run, tmp_path: Path) -> None:
    run(key_users={"user_ids": [A, B]}, autoscaling=True)
    as_it_was = held(key)
    file = tmp_path / "keys.json"
    changed = run(key_id=ALIAS, key_users={"org_arns": [ORG]}, purge_key_users=True, backup=str(file))
    assert changed["backup_file"] == str(file)
    [entry] = json.loads(file.read_text())["keys"]
    assert (entry["id"], entry["region"], entry["name"]) == (KEY, "us-east-1", ALIAS)
    both = users(user_ids=[A, B])
    assert entry["before"] == {"key_users": both, "autoscaling": both}
    for check in (True, False):
        restored = run_module("ami_sharing_restore", check=check, src=str(file))
        assert (restored["failed"], restored["changed"]) == (False, True)
    assert held(key) == as_it_was
    assert run_module("ami_sharing_restore", src=str(file))["changed"] is False


def test_what_a_restoration_cannot_bring_back_is_named(
    ec2: LocalEC2, run: Run, run_module: Run, tmp_path: Path
) -> None:
    ec2.seed_keys({"key_id": KEY, "policy": policy(ROOT, odd(f"{SID}Mine"))})
    file = tmp_path / "keys.json"
    run(key_users={"user_ids": [A]}, purge_key_users=True, backup=str(file))
    restored = run_module("ami_sharing_restore", src=str(file))
    assert restored["failed"]
    assert f"KMS had '{SID}Mine' in odd_statements, and does not accept that again" in restored["msg"]
    assert held(ec2) == [ROOT]


def test_a_restoration_brings_auto_scaling_back_to_those_who_had_it(
    key: LocalEC2, run: Run, run_module: Run, tmp_path: Path
) -> None:
    run(key_users={"user_ids": [A]}, autoscaling=True)
    run(key_users={"user_ids": [B]})
    as_it_was = held(key)
    changes: list[Json] = [
        {"key_users": {"user_ids": [A, C]}, "autoscaling": True, "purge_key_users": True},
        {"autoscaling": True},
        {"revoke_key_users": {"user_ids": [A]}},
    ]
    for number, options in enumerate(changes):
        file = tmp_path / f"keys{number}.json"
        run(**options, backup=str(file))
        assert held(key) != as_it_was
        restored = run_module("ami_sharing_restore", src=str(file))
        assert (restored["failed"], held(key)) == (False, as_it_was)
