# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Key policies: statements of our own that read back as they were written, and those of others left as they are."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz

from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import SID
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import Key
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import inexact
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import is_same
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import may_allow
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import read
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import replaced
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import statements
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permissions

Json = dict[str, t.Any]
OWNER = "123456789012"
KEY = Key("aws", "us-east-1", OWNER, "amazonaws.com")
ORGANIZATION = f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij"
UNIT = f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-teamteam"
ROOT = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def account(value: str) -> Permission:
    return Permission("user_ids", value)


def policy(*statements: t.Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": list(statements)})


accounts = st.builds(account, st.from_regex(r"[0-9]{12}", fullmatch=True))
organizations = st.builds(
    lambda manager, organization: Permission(
        "org_arns", f"arn:aws:organizations::{manager}:organization/{organization}"
    ),
    st.from_regex(r"[0-9]{12}", fullmatch=True),
    st.from_regex(r"o-[a-z0-9]{10,12}", fullmatch=True),
)
units = st.builds(
    lambda manager, organization, unit: Permission(
        "org_unit_arns", f"arn:aws:organizations::{manager}:ou/{organization}/{unit}"
    ),
    st.from_regex(r"[0-9]{12}", fullmatch=True),
    st.from_regex(r"o-[a-z0-9]{10,12}", fullmatch=True),
    st.from_regex(r"ou-[0-9a-z]{4}-[0-9a-z]{8,10}", fullmatch=True),
)
users = st.frozensets(st.one_of(accounts, organizations, units), max_size=6)
values = st.recursive(
    st.one_of(st.text(max_size=8), st.booleans(), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
# Sids of others that are nearly ours.
near = (
    "amikitSharingAccountsUse",
    "AmikitSharin",
    " AmikitSharing",
    "MyAmikitSharingAccountsUse",
    "Amikit Sharing",
    "",
)
foreign = st.builds(
    lambda statement, sid: statement if sid is None else {"Sid": sid, **statement},
    st.dictionaries(
        st.sampled_from(("Effect", "Principal", "Action", "Resource", "Condition", "Other")), values, max_size=6
    ),
    st.one_of(st.none(), st.sampled_from(near)),
)
policies = st.builds(
    lambda held, alone, head: {
        **head,
        "Statement": held[0] if alone and len(held) == 1 else held,
        "Id": "theirs",
    },
    st.lists(foreign, max_size=3),
    st.booleans(),
    st.sampled_from(({"Version": "2012-10-17"}, {"Version": "2008-10-17"}, {})),
)


def held(document: str) -> list[Json]:
    found: list[Json] | Json = json.loads(document)["Statement"]
    return found if isinstance(found, list) else [found]


def as_kms_writes(value: t.Any) -> t.Any:
    """Write a list of one as its element, as KMS does."""
    if isinstance(value, dict):
        return {name: as_kms_writes(each) for name, each in value.items()}
    if isinstance(value, list):
        return (
            as_kms_writes(value[0]) if len(value) == 1 and isinstance(value[0], str) else [*map(as_kms_writes, value)]
        )
    return value


@given(policies, users, st.booleans())
@fuzz(150)
def test_what_is_written_reads_back(theirs: Json, wanted: Permissions, autoscaling: bool) -> None:
    for_groups = wanted if autoscaling else frozenset()
    document = replaced(json.dumps(theirs), KEY, wanted, for_groups)
    shown = json.dumps(as_kms_writes(json.loads(document)))
    for each in (document, shown):
        assert read(each, KEY) == (wanted, for_groups, ())
        assert is_same(replaced(each, KEY, wanted, for_groups), document)


@given(policies, users, users)
@fuzz(150)
def test_statements_of_others_are_the_same_in_the_same_order(
    theirs: Json, wanted: Permissions, others: Permissions
) -> None:
    before = json.dumps(theirs)
    document = replaced(replaced(before, KEY, wanted, frozenset()), KEY, others, others)
    mine = [each for each in held(document) if str(each.get("Sid", "")).startswith(SID)]
    assert [json.dumps(each) for each in held(document) if each not in mine] == [*map(json.dumps, held(before))]
    assert list(json.loads(document)) == list(theirs)


@given(policies, users)
@fuzz(150)
def test_without_users_it_is_the_policy_of_before(theirs: Json, wanted: Permissions) -> None:
    before = json.dumps(theirs)
    after = replaced(replaced(before, KEY, wanted, wanted), KEY, frozenset(), frozenset())
    assert json.dumps(held(after)) == json.dumps(held(before))
    assert {**json.loads(after), "Statement": 0} == {**theirs, "Statement": 0}


def test_statements_name_users_in_conditions() -> None:
    """As written in the guide, for whoever reads it there."""
    made = statements(KEY, frozenset({account("111111111111"), account("222222222222")}), frozenset())
    assert made == [
        {
            "Sid": "AmikitSharingAccountsUse",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "kms:Decrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:PrincipalAccount": OWNER},
                "StringEquals": {
                    "kms:ViaService": "ec2.us-east-1.amazonaws.com",
                    "kms:CallerAccount": ["111111111111", "222222222222"],
                },
            },
        },
        {
            "Sid": "AmikitSharingAccountsDescribe",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:DescribeKey",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:PrincipalAccount": OWNER},
                "StringEquals": {"kms:CallerAccount": ["111111111111", "222222222222"]},
            },
        },
        {
            "Sid": "AmikitSharingAccountsGrant",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:PrincipalAccount": OWNER},
                "StringEquals": {
                    "kms:ViaService": "ec2.us-east-1.amazonaws.com",
                    "kms:CallerAccount": ["111111111111", "222222222222"],
                },
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        },
    ]


def test_an_organization_and_an_ou_are_named_by_what_a_caller_brings() -> None:
    wanted = frozenset({Permission("org_arns", ORGANIZATION), Permission("org_unit_arns", UNIT)})
    conditions = {each["Sid"]: each["Condition"] for each in statements(KEY, wanted, frozenset())}
    assert conditions[f"AmikitSharingOrganizations{OWNER}Describe"]["StringEquals"] == {
        "aws:PrincipalOrgID": "o-abcdefghij"
    }
    assert conditions[f"AmikitSharingUnits{OWNER}Describe"]["ForAnyValue:StringLike"] == {
        "aws:PrincipalOrgPaths": "o-abcdefghij/*/ou-ab12-teamteam/*"
    }


def test_an_auto_scaling_group_needs_a_grant_by_hand() -> None:
    wanted = frozenset({account("111111111111")})
    extra = statements(KEY._replace(partition="aws-cn", suffix="amazonaws.com.cn"), wanted, wanted)[-1]
    assert extra["Sid"] == "AmikitSharingAccountsAutoScaling"
    assert extra["Action"] == "kms:CreateGrant"
    assert extra["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": OWNER},
        "StringLike": {"kms:GranteePrincipal": "arn:aws-cn:iam::*:role/aws-service-role/autoscaling.amazonaws.com/*"},
        "StringEquals": {"kms:CallerAccount": "111111111111"},
    }


OURS = statements(KEY, frozenset({account("111111111111")}), frozenset())


@pytest.mark.parametrize(
    "change",
    [
        {"Sid": "AmikitSharingOfOld"},
        {"Sid": "AmikitSharingAccounts123456789012Use"},
        {"Action": "kms:*"},
        {"Effect": "Deny"},
        {"Condition": {}},
        {"Condition": "none"},
        {"Condition": {**OURS[0]["Condition"], "StringEquals": {"kms:CallerAccount": "111111111111"}}},
        {"Condition": {**OURS[0]["Condition"], "StringEquals": {"kms:CallerAccount": ["all of them"]}}},
        {"Resource": "arn:aws:kms:us-east-1:123456789012:key/other"},
    ],
)
def test_what_has_our_sid_and_not_our_form_is_named(change: Json) -> None:
    changed = {**OURS[0], **change}
    found = read(policy(ROOT, changed, *OURS[1:]), KEY)
    assert changed["Sid"] in found.odd


def test_users_that_only_some_of_our_statements_name_are_odd() -> None:
    more = statements(KEY, frozenset({account("111111111111"), account("222222222222")}), frozenset())
    found = read(policy(ROOT, more[0], *OURS[1:]), KEY)
    assert found.users == {account("111111111111")}
    assert found.odd == ("AmikitSharingAccountsUse",)


def test_no_character_is_sent_that_kms_does_not_take() -> None:
    """It takes those up to U+00FF, and counts them in bytes."""
    theirs = {**ROOT, "Sid": "caf\u00e9 \u20ac \U0001f511 \ud83d"}
    document = replaced(policy(theirs), KEY, frozenset({account("111111111111")}), frozenset())
    assert max(document) <= "\u00ff"
    assert "caf\u00e9 \\u20ac" in document
    assert held(document)[0] == theirs


# Numbers, and objects with members that may be there twice, as text that Python need not be able to write again.
numbers = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ("1.0", "-0", "1E2", "1.50", "0.1", "1e400", "-1e400", "1e-400", "0.1000000000000000055511", "9" * 5000)
    ),
)
texts = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda held: f"[{','.join(held)}]"),
        st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(
            lambda held: "{" + ",".join(f'"{name}": {value}' for name, value in held) + "}"
        ),
    ),
    max_leaves=6,
)


def exactly(document: str) -> t.Any:
    """Return the JSON value with every digit, and every member of its objects."""
    return json.loads(document, parse_int=Decimal, parse_float=Decimal, object_pairs_hook=list)


@given(texts, users)
@fuzz(150)
def test_what_would_not_be_written_as_it_is_is_found(text: str, wanted: Permissions) -> None:
    document = f'{{"Statement": [{{"Sid": "theirs", "Condition": {text}}}]}}'
    written = replaced(document, KEY, wanted, frozenset())
    [(_statement, [theirs, *_ours])] = exactly(written)
    is_exact = [theirs] == exactly(document)[0][1]
    assert is_exact is not bool(inexact(document))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{}", []),
        ("[1, 1.0, -1.50, 1e2, 0.1, true, null]", []),
        ('{"a": 1, "b": {"a": 1}}', []),
        ('{"a": 1, "a": 1}', ["the member 'a' twice in one object"]),
        (
            '[{"a": 1, "b": 2, "a": 3, "b": 4, "a": 5}, 1e400]',
            [
                "the member 'a' twice in one object",
                "the member 'b' twice in one object",
                "the number 1e400",
            ],
        ),
        ("0.1000000000000000055511", ["the number 0.1000000000000000055511"]),
        ("NaN", ["the number NaN"]),
        ("-Infinity", ["the number -Infinity"]),
        ("1e-99999999999999999999999", ["the number 1e-99999999999999999999999"]),
        ("1" * 5000, [f"the number {'1' * 40}"]),
    ],
)
def test_what_python_cannot_write_again_is_named(text: str, found: list[str]) -> None:
    document = f'{{"Statement": {{"Condition": {text}}}}}'
    assert inexact(document) == found
    assert is_same(document, document) is not bool(found)
    assert read(document, KEY) == (frozenset(), frozenset(), ())


def test_one_of_our_statements_twice_is_odd() -> None:
    assert read(policy(ROOT, *OURS, OURS[0]), KEY).odd == ("AmikitSharingAccountsUse",)


PARTNER = "arn:aws:iam::111111111111"


@pytest.mark.parametrize(
    ("statement", "principal", "may"),
    [
        (ROOT, account("111111111111"), False),
        (ROOT, account(OWNER), True),
        ({"Principal": {"AWS": ["111111111111", PARTNER]}}, account("111111111111"), True),
        ({"Principal": {"AWS": f"{PARTNER}:role/launcher"}}, account("111111111111"), True),
        ({"Principal": {"AWS": f"{PARTNER}:root"}}, account("222222222222"), False),
        ({"Principal": {"AWS": f"{PARTNER}:root"}}, Permission("org_arns", ORGANIZATION), False),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, account("111111111111"), False),
        ({"Principal": "*"}, account("111111111111"), True),
        ({"NotPrincipal": {"AWS": f"{PARTNER}:root"}}, account("222222222222"), True),
        (OURS[0], account("111111111111"), True),
        (OURS[0], account("222222222222"), False),
        (OURS[0], Permission("org_arns", ORGANIZATION), False),
        ({"Effect": "Deny", "Principal": {"AWS": f"{PARTNER}:root"}}, account("222222222222"), True),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}, account("111111111111"), True),
        (
            {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}},
            Permission("org_unit_arns", UNIT),
            True,
        ),
        (
            {"Condition": {"StringEquals": {"AWS:principalorgid": ["o-otherotherx"]}}},
            Permission("org_arns", ORGANIZATION),
            False,
        ),
        (
            {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/r-ab12/ou-ab12-x/*"}}},
            Permission("org_arns", ORGANIZATION),
            False,
        ),
        (
            {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/*"}}},
            Permission("org_arns", ORGANIZATION),
            True,
        ),
        (
            {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/r-ab12/ou-ab12-x/*"}}},
            Permission("org_unit_arns", UNIT),
            True,
        ),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": f"{PARTNER}:role/*"}}}, account("111111111111"), True),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": f"{PARTNER}:role/*"}}}, account("222222222222"), False),
        ({"Condition": {"StringLike": {"aws:PrincipalArn": "*role/x"}}}, account("222222222222"), True),
        ({"Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::2222*:role/x"}}}, account("2" * 12), True),
        ({"Condition": {"StringEquals": {"kms:CallerAccount": "${aws:ResourceAccount}"}}}, account("2" * 12), True),
        (
            {
                "Condition": {
                    "StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"},
                    "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Deploy"},
                }
            },
            Permission("org_arns", ORGANIZATION),
            True,
        ),
        (
            {"Condition": {"StringLike": {"aws:PrincipalAccount": "*"}}},
            Permission("org_arns", ORGANIZATION),
            True,
        ),
        (
            {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij*"}}},
            Permission("org_arns", ORGANIZATION),
            True,
        ),
        ({"Condition": {"StringEquals": {"kms:ViaService": "rds.us-east-1.amazonaws.com"}}}, account("2" * 12), True),
        *(
            ({"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{path}"}}}, principal, may)
            for principal, path, may in (
                (Permission("org_arns", ORGANIZATION), "o-abcdefghij/*/*", True),
                (Permission("org_arns", ORGANIZATION), "o-abcdefghij/**", True),
                (Permission("org_arns", ORGANIZATION), "o-abcdefghij/?-ab12/*", True),
                (Permission("org_arns", ORGANIZATION), "o-abcdefghij/r-*", True),
                (Permission("org_arns", ORGANIZATION), "*/*", True),
                (Permission("org_arns", ORGANIZATION), "o-abcdefghij/*/ou-ab12-teamteam/*", False),
                (Permission("org_arns", ORGANIZATION), "o-abcdefghij/r-ab12/", False),
                (Permission("org_arns", ORGANIZATION), "o-otherotherx/*/*", False),
            )
        ),
    ],
)
def test_who_may_be_allowed(statement: Json, principal: Permission, may: bool) -> None:
    """Only who certainly is not allowed lacks the key: a warning that is wrong is worse than none."""
    full = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", **statement}
    full = full if {"Principal", "NotPrincipal"} & set(full) else {**full, "Principal": {"AWS": "*"}}
    assert may_allow(policy(full), principal) is may
