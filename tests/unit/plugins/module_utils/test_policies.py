# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Policies from what a user wrote to values: every way to be wrong with its message, every way to write what is right.

Each known way to be wrong goes through each option that it applies to, and beside it go random policies.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import typing as t
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import ACCOUNT
from unit.fuzz import LONGEST
from unit.fuzz import NEAR
from unit.fuzz import NO_PRINCIPALS
from unit.fuzz import ODD
from unit.fuzz import ORG
from unit.fuzz import OU
from unit.fuzz import SHORTEST
from unit.fuzz import Json
from unit.fuzz import Strategy
from unit.fuzz import fuzz
from unit.fuzz import near

from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import EVERYONE
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedText
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import Options
from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import parse
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import InvalidPoliciesError
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Search
from ansible_collections.amikit.aws.plugins.modules.ec2_ami_sharing import SPEC

KEPT, NEW = "111122223333", "777788889999"
ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
UNIT = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij"
IDS = ["us-east-1:ami-0aaaaaaaaaaaaaaaa", "eu-west-1:ami-0bbbbbbbbbbbbbbbb"]
FORMS = "principals are account ids of 12 digits (quoted) and ARNs of organizations and OUs"
# What Ansible fills in for a task that says nothing.
DEFAULTS: Json = {name: option.get("default") for name, option in SPEC.items()}


def parsed(
    policies: t.Sequence[t.Any], region: str | None = "us-east-1", **options: t.Any
) -> tuple[tuple[Policy, ...], Options]:
    return parse({**DEFAULTS, "policies": policies, **options}, region, check_mode=False)


def read(region: str | None = "us-east-1", *, task: Json | None = None, **written: t.Any) -> Policy:
    """Return a policy as it is read; what is not written is private and about no image."""
    usual: Json = {} if "filters" in written or "image_ids" in written else {"image_ids": []}
    (policy,), _options = parsed([{"name": "P", "pattern": "private", **usual, **written}], region, **(task or {}))
    return policy


def problems_of(policies: t.Sequence[t.Any], region: str | None = "us-east-1", **options: t.Any) -> list[str]:
    """Return the problems, one a line, after the line that counts them."""
    with pytest.raises(InvalidPoliciesError) as caught:
        parsed(policies, region, **options)
    head, *problems = str(caught.value).split("\n")
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    assert head == f"{count} in the policies; nothing was sent to EC2:"
    return problems


# Each is wrong, with the problems that the message has, in full.

UNKNOWN = (
    "a policy takes allow_empty, deprecate_at, deregistration_protection, description, filters, image_ids,"
    " imds_support, kms, kms_autoscaling, name, newest, pattern, principals, purge_shared_tags, regions, shared_tags,"
    " snapshots"
)
ONE_OF = "value of pattern must be one of: share, exclusive, revoke, public, private, got: "
SHARE: Json = {"name": "P", "pattern": "share", "principals": [KEPT]}
PRIVATE: Json = {"name": "P", "pattern": "private"}
PUBLIC: Json = {"name": "P", "pattern": "public"}
NO_PRINCIPAL = "is not a principal, but"
MANAGED = "arn:aws:organizations::MANAGEMENT_ACCOUNT:organization/"
NO_AMI = "is not the id of an AMI (ami- and 8 or 17 hexadecimal digits, or REGION:ami-…)"
WRONG: dict[str, tuple[list[t.Any], list[str]]] = {
    "no name": ([{"pattern": "private", "filters": {}}], ["policy number 1: missing required arguments: name"]),
    "a null name": (
        [{"name": None, "pattern": "private", "filters": {}}],
        ["policy number 1: missing required arguments: name"],
    ),
    "an empty name": ([{**PRIVATE, "name": "", "filters": {}}], ["policy number 1: its name is empty"]),
    "the number of one among others": (
        [{**PRIVATE, "filters": {}}, {"filters": {}}],
        ["policy number 2: missing required arguments: name, pattern"],
    ),
    "no dictionary": (["private"], ["policy number 1: it is not a dictionary"]),
    "another pattern": ([{**SHARE, "pattern": "publish", "filters": {}}], [f"policy 'P': {ONE_OF}publish"]),
    "a pattern with a line break": (
        [{**PRIVATE, "pattern": "private\n", "filters": {}}],
        [f"policy 'P': {ONE_OF}private\\n"],
    ),
    "no pattern": ([{"name": "P", "filters": {}}], ["policy 'P': missing required arguments: pattern"]),
    "an account of eleven digits": (
        [{**SHARE, "filters": {}, "principals": ["11112222333"]}],
        [f"policy 'P': '11112222333' is not a principal: {FORMS}"],
    ),
    "an IAM ARN": (
        [{**SHARE, "filters": {}, "principals": [f"arn:aws:iam::{KEPT}:root"]}],
        [f"policy 'P': 'arn:aws:iam::{KEPT}:root' {NO_PRINCIPAL} the IAM ARN of an account: write its id, {KEPT}"],
    ),
    "an organization's bare id": (
        [{**SHARE, "filters": {}, "principals": ["o-abcdefghij"]}],
        [f"policy 'P': 'o-abcdefghij' {NO_PRINCIPAL} the id of an organization: write its ARN, {MANAGED}o-abcdefghij"],
    ),
    "filters as the AWS command takes them": (
        [{**SHARE, "filters": [{"Name": "name", "Values": ["golden-*"]}]}],
        ["policy 'P': filters is of type list and not dict such as {name: golden-*}"],
    ),
    "an Availability Zone": (
        [{**SHARE, "filters": {}, "regions": ["us-east-1a"]}],
        ["policy 'P': regions: us-east-1a is an Availability Zone; write its Region, us-east-1"],
    ),
    "everyone by name": (
        [{**SHARE, "filters": {}, "principals": ["all"]}],
        [f"policy 'P': 'all' is not a principal: {FORMS}"],
    ),
    "an account with a line break": (
        [{**SHARE, "filters": {}, "principals": [f"{KEPT}\n"]}],
        [f"policy 'P': '{KEPT}\\n' is not a principal: {FORMS}"],
    ),
    "each wrong principal": (
        [{**SHARE, "filters": {}, "principals": ["1", KEPT, [2, None]]}],
        [f"policy 'P': '{one}' is not a principal: {FORMS}" for one in ("1", "2", "None")],
    ),
    "share with nobody": (
        [{"name": "P", "pattern": "share", "filters": {}}],
        ["policy 'P': the pattern share needs principals"],
    ),
    "revoke with nobody": (
        [{"name": "P", "pattern": "revoke", "filters": {}, "principals": " , "}],
        ["policy 'P': the pattern revoke needs principals"],
    ),
    "exclusive with nobody": (
        [{"name": "P", "pattern": "exclusive", "filters": {}, "principals": []}],
        ["policy 'P': the pattern exclusive needs principals (for nobody but the owner, use private)"],
    ),
    "private with somebody": (
        [{**PRIVATE, "filters": {}, "principals": [KEPT]}],
        ["policy 'P': the pattern private takes no principals"],
    ),
    "no images": ([SHARE], ["policy 'P': set either image_ids or filters"]),
    "null for images": (
        [{**SHARE, "image_ids": None, "filters": None}],
        ["policy 'P': set either image_ids or filters"],
    ),
    "images twice": (
        [{**SHARE, "filters": {}, "image_ids": IDS}],
        ["policy 'P': set either image_ids or filters, not both"],
    ),
    "what goes with a search, with ids": (
        [{**SHARE, "image_ids": IDS, "newest": 1, "regions": ["us-east-1"]}],
        [
            "policy 'P': regions goes with filters, not with image_ids",
            "policy 'P': newest goes with filters, not with image_ids",
        ],
    ),
    "public without consent": (
        [{**PUBLIC, "image_ids": IDS}],
        ["policy 'P': anyone could launch its images: set allow_public to consent"],
    ),
    "public for all images": (
        [{**PUBLIC, "filters": {}}],
        [
            "policy 'P': anyone could launch its images: set allow_public to consent",
            "policy 'P': filters: {} is every image of the account, and the pattern public needs a selection",
        ],
    ),
    "the same name twice": (
        [{**PRIVATE, "image_ids": IDS}, {**SHARE, "image_ids": IDS}],
        ["policy 'P': several policies have this name"],
    ),
    "the same name as text and as number": (
        [{**PRIVATE, "name": 1, "image_ids": IDS}, {**PRIVATE, "name": "1", "image_ids": IDS}],
        ["policy '1': several policies have this name"],
    ),
    "all that is wrong with all policies": (
        [
            {"name": "A", "pattern": "share", "filters": {}},
            {"name": "B", "pattern": "public", "filters": {"name": "b"}, "principals": ["1"]},
            5,
            {**PRIVATE, "filters": {}},
        ],
        [
            "policy 'A': the pattern share needs principals",
            "policy 'B': the pattern public takes no principals",
            "policy 'B': anyone could launch its images: set allow_public to consent",
            "policy number 3: it is not a dictionary",
        ],
    ),
    "an unknown option": (
        [{**SHARE, "filters": {}, "principal": [KEPT], "Name": "x"}],
        [f"policy 'P': unknown: Name, principal; {UNKNOWN}"],
    ),
    "other types": (
        [{**PRIVATE, "filters": {}, "newest": "many", "snapshots": "perhaps"}],
        ["policy 'P': newest is of type str and not int", "policy 'P': snapshots is of type str and not bool"],
    ),
    "other types of lists": (
        [{**PRIVATE, "image_ids": {"image_id": "ami-11111111"}, "allow_empty": []}],
        ["policy 'P': image_ids is of type dict and not list", "policy 'P': allow_empty is of type list and not bool"],
    ),
    "something else with keys": (
        [{**SHARE, "image_ids": "ami-11111111", "kms": False, "kms_autoscaling": "perhaps"}],
        [
            "policy 'P': kms_autoscaling is of type str and not bool",
            "policy 'P': value of kms must be one of: report, share, ignore, got: False",
        ],
    ),
    "Auto Scaling groups with keys that are ignored": (
        [{**SHARE, "image_ids": "ami-11111111", "kms": "ignore", "kms_autoscaling": True}],
        ["policy 'P': kms_autoscaling goes with kms: share or report, not with ignore"],
    ),
    "another IMDS version": (
        [{**PRIVATE, "filters": {}, "imds_support": "v1.0"}],
        ["policy 'P': imds_support: 'v1.0' is not possible: v2.0 is EC2's only value, and cannot be undone"],
    ),
    "a long description": (
        [{**PRIVATE, "filters": {}, "description": "x" * 256}],
        ["policy 'P': description: 256 characters are more than EC2's 255"],
    ),
    "no image id": ([{**PRIVATE, "image_ids": ["ami-nonsense"]}], [f"policy 'P': image_ids: 'ami-nonsense' {NO_AMI}"]),
    "null for an image": ([{**PRIVATE, "image_ids": [None]}], [f"policy 'P': image_ids: 'None' {NO_AMI}"]),
    "an empty text of ids": ([{**PRIVATE, "image_ids": ""}], [f"policy 'P': image_ids: '' {NO_AMI}"]),
    "digits of another alphabet in an id": (
        [{**PRIVATE, "image_ids": ["ami-11111111", "us-east-1:ami-\uff11" + "1" * 7]}],
        [f"policy 'P': image_ids: 'us-east-1:ami-\uff11{'1' * 7}' {NO_AMI}"],
    ),
    "none of the newest": ([{**PRIVATE, "filters": {}, "newest": 0}], ["policy 'P': newest: 0 is less than 1"]),
    "fewer of the newest": ([{**PRIVATE, "filters": {}, "newest": "-3"}], ["policy 'P': newest: -3 is less than 1"]),
    "no Region": (
        [{**PRIVATE, "filters": {}, "regions": []}],
        ["policy 'P': regions: names no Region; leave it out to search the default ones"],
    ),
    "an odd Region": (
        [{**PRIVATE, "filters": {}, "regions": ["us-east-1", "us east"]}],
        ["policy 'P': regions: 'us east' is not the name of a Region"],
    ),
    "an empty text of Regions": (
        [{**PRIVATE, "filters": {}, "regions": ""}],
        ["policy 'P': regions: '' is not the name of a Region"],
    ),
    "null for a value of a filter": (
        [{**PRIVATE, "filters": {"name": None}}],
        ["policy 'P': filters.name: None is neither text nor a list of texts"],
    ),
    "a dictionary for a value of a filter": (
        [{**PRIVATE, "filters": {"name": ["x", [{}]]}}],
        ["policy 'P': filters.name: {} is neither text nor a list of texts"],
    ),
}


@pytest.mark.parametrize(("policies", "problems"), WRONG.values(), ids=list(WRONG))
def test_each_problem_has_its_line(policies: list[t.Any], problems: list[str]) -> None:
    assert sorted(problems_of(policies)) == sorted(problems)


@pytest.mark.parametrize("values", [[], [[]], [[], []], [[[]]]], ids=str)
@pytest.mark.parametrize("pattern", ["share", "exclusive", "revoke", "public", "private"])
def test_a_filter_without_a_value_is_refused(pattern: str, values: list[t.Any]) -> None:
    named = {"principals": [KEPT]} if pattern in NAMED_SOMEBODY else {}
    written = {"name": "P", "pattern": pattern, **named, "filters": {"name": values, "owner-alias": "x"}}
    (problem,) = problems_of([written], allow_public=True)
    assert problem.startswith("policy 'P': filters.name: ")


@pytest.mark.parametrize("regions", [[None], ["us-east-1", None]], ids=str)
def test_null_is_not_the_name_of_a_region(regions: list[t.Any]) -> None:
    (problem,) = problems_of([{**PRIVATE, "filters": {}, "regions": regions}])
    assert problem.endswith(" is not the name of a Region")


@pytest.mark.parametrize(
    "written",
    [
        {"name": "a\nb", "pattern": "privat", "filters": {}},
        {"name": "a\r\nb", "pattern": "privat", "filters": {}},
        {**PRIVATE, "filters": {}, "a\nb": 1},
        {**PRIVATE, "filters": {"a\nb": None}},
        {**PRIVATE, "filters": {"a": ["b\nc", {"d\n": "e"}]}},
        {**PRIVATE, "image_ids": ["ami-1\n1"]},
        {**PRIVATE, "filters": {}, "regions": ["us\neast"]},
        {**PRIVATE, "filters": {}, "description": "a\nb"},
        {**PRIVATE, "filters": {}, "imds_support": "v2.0\n"},
    ],
    ids=lambda written: repr(written)[:60],
)
def test_a_problem_is_one_line_whatever_it_names(written: Json) -> None:
    assert len(problems_of([written])) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("a\r\x1b[1mb\u2028", "a\\r\\x1b[1mb\\u2028"),
        ("'é' \\ 😀", "'é' \\ 😀"),
        (5, "5"),
        (["a"], "['a']"),
    ],
)
def test_how_a_name_is_shown(name: t.Any, shown: str) -> None:
    policies = [{**PRIVATE, "name": name, "image_ids": []}]
    assert problems_of([{**policies[0], "pattern": "x"}]) == [f"policy '{shown}': {ONE_OF}x"]
    assert problems_of([*policies, *policies]) == [f"policy '{shown}': several policies have this name"]
    ((policy,), _options) = parsed(policies)
    assert (policy.name, str(policy)) == (str(name), f"policy '{shown}'")


@pytest.mark.parametrize("option", ["pattern", "principals", "image_ids", "regions"])
def test_a_long_value_is_cut_in_the_message(option: str) -> None:
    other: Json = {} if option == "image_ids" else {"filters": {}}
    assert len("\n".join(problems_of([{**SHARE, **other, option: "x" * 5000}]))) < 600


# Regions, and the other options of the task


@pytest.mark.parametrize(
    ("region", "task", "written", "regions"),
    [
        ("us-east-1", {}, {}, ["us-east-1"]),
        ("us-east-1", {}, {"regions": None}, ["us-east-1"]),
        ("us-east-1", {"regions": ["eu-west-1", " us-west-2 "]}, {}, ["eu-west-1", "us-west-2"]),
        (None, {"regions": ["eu-west-1", "eu-west-1"]}, {}, ["eu-west-1"]),
        ("us-east-1", {"regions": ["eu-west-1"]}, {"regions": ["us-west-2"]}, ["us-west-2"]),
        (None, {}, {"regions": "us-east-1, eu-west-1,us-east-1"}, ["us-east-1", "eu-west-1"]),
        (None, {}, {"regions": ("us-east-1", "eu-west-1")}, ["us-east-1", "eu-west-1"]),
        ("us-east-1", {}, {"regions": ["localstack"]}, ["localstack"]),
    ],
)
def test_which_regions_are_searched(region: str | None, task: Json, written: Json, regions: list[str]) -> None:
    policy = read(region, task=task, filters={}, **written)
    assert isinstance(policy.selection, Search)
    assert list(policy.selection.regions) == regions


NO_ACCOUNT = (
    "is not an account id of exactly 12 digits"
    "; if it begins with a zero, quote it, because YAML takes an unquoted leading zero for part of a number"
)
WRONG_OPTIONS: dict[str, tuple[str | None, Json, list[str]]] = {
    # what is wrong: (region of the task, options, problems)
    "no Region at all": (
        None,
        {"policies": [{**PRIVATE, "filters": {}}]},
        ["policy 'P': regions: in which Regions? Set regions, or region (or AWS_REGION)"],
    ),
    "no Region for an id": (
        None,
        {"policies": [{**PRIVATE, "image_ids": ["ami-11111111"]}]},
        [
            "policy 'P': image_ids: ami-11111111: in which Region? Set region (or AWS_REGION), or write REGION:ami-…",
        ],
    ),
    "an odd Region of the task, for an id": (
        "us east",
        {"policies": [{**PRIVATE, "image_ids": ["ami-11111111"]}]},
        ["policy 'P': region: 'us east' is not the name of a Region"],
    ),
    "an odd Region of the task, for a search": (
        "us east",
        {"policies": [{**PRIVATE, "filters": {}}]},
        ["policy 'P': region: 'us east' is not the name of a Region"],
    ),
    "regions without one": (
        "us-east-1",
        {"regions": []},
        ["regions: names no Region; leave it out to search the task's Region"],
    ),
    "odd regions": (
        "us-east-1",
        {"regions": ["us-east-1", "us east", ""], "policies": [{**PRIVATE, "filters": {}}]},
        ["regions: 'us east' is not the name of a Region", "regions: '' is not the name of a Region"],
    ),
    "a negative brake": ("us-east-1", {"max_revocations": -1}, ["max_revocations: -1 is less than 0"]),
    "a negative timeout": ("us-east-1", {"wait_timeout": -1}, ["wait_timeout: -1 is less than 0"]),
    "no concurrency": ("us-east-1", {"concurrency": 0}, ["concurrency: 0 is less than 1"]),
    "a name of no account": (
        "us-east-1",
        {"account_names": {11122223333: "Partner"}},
        [f"account_names: '11122223333' {NO_ACCOUNT}"],
    ),
    "a protected principal that is none": (
        "us-east-1",
        {"protected_principals": ["me", [KEPT, 1], "all", None]},
        [f"protected_principals: '{one}' is not a principal: {FORMS}" for one in ("me", "1", "None")],
    ),
    "everyone in capitals": (
        "us-east-1",
        {"protected_principals": ["ALL"]},
        [f"protected_principals: 'ALL' is not a principal: {FORMS}"],
    ),
    "all of it": (
        "us-east-1",
        {
            "policies": [{**PRIVATE, "filters": {}}, {**PRIVATE, "name": "Q"}],
            "regions": [],
            "max_revocations": -1,
            "protected_principals": ["12"],
            "account_names": {"12": "x"},
        },
        [
            "policy 'Q': set either image_ids or filters",
            "regions: names no Region; leave it out to search the task's Region",
            "protected_principals: '12' is not a principal: " + FORMS,
            f"account_names: '12' {NO_ACCOUNT}",
            "max_revocations: -1 is less than 0",
        ],
    ),
}


@pytest.mark.parametrize(("region", "options", "problems"), WRONG_OPTIONS.values(), ids=list(WRONG_OPTIONS))
def test_each_problem_of_the_options_has_its_line(region: str | None, options: Json, problems: list[str]) -> None:
    assert problems_of(region=region, **{"policies": [], **options}) == problems


def test_no_policy_is_nothing_to_do() -> None:
    policies, options = parsed([], None)
    assert policies == ()
    assert options == Options((), None, {}, report=False, audit=False, check_mode=False)


def test_the_options_of_a_task() -> None:
    given_options = {
        "max_revocations": 0,
        "protected_principals": ["all", [KEPT, ORGANIZATION], int(NEW), KEPT],
        "account_names": {KEPT: "Partner", int(NEW): 5},
        "report": True,
        "audit": True,
        "wait_timeout": 0,
        "concurrency": 1,
    }
    _policies, options = parse({**DEFAULTS, "policies": [], **given_options}, None, check_mode=True)
    protected = [("group_names", "all"), ("user_ids", KEPT), ("org_arns", ORGANIZATION), ("user_ids", NEW)]
    assert list(options.protected) == protected
    assert options.max_revocations == 0
    assert (options.report, options.audit, options.check_mode) == (True, True, True)
    assert [options.named(who) for who in (KEPT, NEW, ORGANIZATION, "all")] == [
        f"{KEPT} (Partner)",
        f"{NEW} (5)",
        ORGANIZATION,
        "all",
    ]


@pytest.mark.parametrize("name", ["Part\nner", "Part\r\x1b[1mner\u2028"], ids=repr)
def test_the_name_of_an_account_is_shown_in_one_line(name: str) -> None:
    """It stands in messages that have a line for each reason."""
    _policies, options = parsed([], account_names={KEPT: name})
    assert options.named(KEPT).isprintable()


@pytest.mark.parametrize("nothing", [None, ""], ids=repr)
def test_an_account_with_an_empty_name_is_shown_by_its_id(nothing: t.Any) -> None:
    _policies, options = parsed([], account_names={KEPT: nothing})
    assert options.named(KEPT) == KEPT


def test_spaces_after_commas_of_protected_principals() -> None:
    """Ansible splits a text at its commas, and no more."""
    _policies, options = parsed([], protected_principals=f"{KEPT}, all , {UNIT}".split(","))
    assert [each.value for each in options.protected] == [KEPT, "all", UNIT]


# What patterns mean

KEPT_ENTRY, NEW_ENTRY = Permission("user_ids", KEPT), Permission("user_ids", NEW)
PATTERNS: dict[str, tuple[Permissions, Permissions, bool]] = {
    # pattern: (grants, revokes, whether nobody else keeps access)
    "share": (frozenset({KEPT_ENTRY}), frozenset(), False),
    "exclusive": (frozenset({KEPT_ENTRY}), frozenset(), True),
    "revoke": (frozenset(), frozenset({KEPT_ENTRY}), False),
    "public": (frozenset({EVERYONE}), frozenset(), False),
    "private": (frozenset(), frozenset(), True),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_a_pattern_means(pattern: str) -> None:
    principals: Json = {"principals": [KEPT]} if pattern in NAMED_SOMEBODY else {}
    policy = read(pattern=pattern, task={"allow_public": True}, **principals)
    assert (policy.grants, policy.revokes, policy.pattern.exact) == PATTERNS[pattern]
    assert str(policy) == "policy 'P'"


# Every way to write principals

ACCOUNTS = [KEPT_ENTRY, NEW_ENTRY]
WRITTEN: dict[str, tuple[t.Any, list[Permission]]] = {
    "a list": ([KEPT, NEW], ACCOUNTS),
    "a tuple": ((KEPT, NEW), ACCOUNTS),
    "a text": (KEPT, [KEPT_ENTRY]),
    "a text with commas": (f" {KEPT} ,{NEW},", ACCOUNTS),
    "numbers": ([int(KEPT), int(NEW)], ACCOUNTS),
    "a number": (int(KEPT), [KEPT_ENTRY]),
    "lists in the list": ([[KEPT], [[NEW]], []], ACCOUNTS),
    "repeats": ([KEPT, int(KEPT), NEW, [KEPT]], ACCOUNTS),
    "in the order given": ([NEW, KEPT], ACCOUNTS[::-1]),
    "all kinds, mixed": (
        [UNIT, KEPT, ORGANIZATION],
        [Permission("org_unit_arns", UNIT), KEPT_ENTRY, Permission("org_arns", ORGANIZATION)],
    ),
    "ARNs as a text": (
        f"{ORGANIZATION},{UNIT}",
        [Permission("org_arns", ORGANIZATION), Permission("org_unit_arns", UNIT)],
    ),
    **{
        f"the {size} {kind}": ([text], [Permission(kind, text)])
        for size, texts in (("shortest", SHORTEST), ("longest", LONGEST))
        for kind, text in texts.items()
    },
}


@pytest.mark.parametrize(("written", "principals"), WRITTEN.values(), ids=list(WRITTEN))
@pytest.mark.parametrize("pattern", ["share", "exclusive", "revoke"])
def test_every_way_to_write_principals(pattern: str, written: t.Any, principals: list[Permission]) -> None:
    assert list(read(pattern=pattern, principals=written).principals) == principals


@pytest.mark.parametrize("nobody", [None, [], "", " , ", [[]]], ids=repr)
@pytest.mark.parametrize("pattern", ["public", "private"])
def test_patterns_without_principals_take_an_empty_list(pattern: str, nobody: t.Any) -> None:
    everyone = (EVERYONE,) if pattern == "public" else ()
    assert read(pattern=pattern, principals=nobody, task={"allow_public": True}).principals == everyone


# What a policy selects

A_EAST, B_EAST, B_WEST = (
    Target("us-east-1", "ami-0aaaaaaa"),
    Target("us-east-1", "ami-0bbbbbbb"),
    Target("eu-west-1", "ami-0bbbbbbb"),
)
ID_LISTS: dict[str, tuple[t.Any, list[Target]]] = {
    "none": ([], []),
    "an empty list in the list": ([[]], []),
    "a list": (["ami-0bbbbbbb", "ami-0aaaaaaa"], [B_EAST, A_EAST]),
    "a text": ("ami-0aaaaaaa", [A_EAST]),
    "Packer's artifact": ("us-east-1:ami-0aaaaaaa,eu-west-1:ami-0bbbbbbb", [A_EAST, B_WEST]),
    "images as modules return them": (
        [{"image_id": "ami-0bbbbbbb", "region": "eu-west-1", "tags": {}}, ["ami-0aaaaaaa"]],
        [B_WEST, A_EAST],
    ),
    "repeats": (["ami-0aaaaaaa", "us-east-1:ami-0aaaaaaa"], [A_EAST]),
}


@pytest.mark.parametrize(("written", "targets"), ID_LISTS.values(), ids=list(ID_LISTS))
def test_every_way_to_write_ids(written: t.Any, targets: list[Target]) -> None:
    assert read(image_ids=written, filters=None, regions=None, newest=None).selection == tuple(targets)


SEARCHES: dict[str, tuple[Json, list[Json], int]] = {
    # what is written: (options, filters as EC2 takes them, newest)
    "everything": ({"filters": {}}, [], 0),
    "a text": ({"filters": {"name": "golden-*"}}, [{"Name": "name", "Values": ["golden-*"]}], 0),
    "a list": ({"filters": {"name": ["a", ["b"]]}}, [{"Name": "name", "Values": ["a", "b"]}], 0),
    "a boolean": ({"filters": {"is-public": True}}, [{"Name": "is-public", "Values": ["true"]}], 0),
    "a number": ({"filters": {"tag:Build": 5}}, [{"Name": "tag:Build", "Values": ["5"]}], 0),
    "an empty text is a value": ({"filters": {"tag:Stage": ""}}, [{"Name": "tag:Stage", "Values": [""]}], 0),
    "the newest": ({"filters": {}, "newest": 3}, [], 3),
    "the newest as text": ({"filters": {}, "newest": "3"}, [], 3),
    "the newest as a whole float": ({"filters": {}, "newest": 3.0}, [], 3),
    "very many of the newest": ({"filters": {}, "newest": 10**30}, [], 10**30),
    "null for what is not set": ({"filters": {}, "newest": None, "image_ids": None}, [], 0),
}


@pytest.mark.parametrize(("written", "filters", "newest"), SEARCHES.values(), ids=list(SEARCHES))
def test_every_way_to_search(written: Json, filters: list[Json], newest: int) -> None:
    selection = read(**written).selection
    assert isinstance(selection, Search)
    assert selection.as_filters() == filters
    assert selection.newest == newest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "golden-*"}, {"name": ["golden-*"]}),
        ({"is-public": True}, {"is-public": "true"}),
        ({"name": "a", "tag:A": "b"}, {"tag:A": "b", "name": "a"}),
        ({"name": ["a", "b"]}, {"name": ["b", "a"]}),
        ({"name": ["a", "b", "a"]}, {"name": ["a", "b"]}),
    ],
)
def test_the_same_filters_are_one_search_however_they_are_written(one: Json, other: Json) -> None:
    first, second = read(filters=one).selection, read(filters=other, newest=1).selection
    assert isinstance(first, Search)
    assert isinstance(second, Search)
    assert first.filters == second.filters


class Image(t.NamedTuple):
    """An image that a search found: its number, the day it was made, and its state."""

    number: int
    day: int
    state: str = "available"


def found(images: t.Iterable[Image]) -> list[tuple[Target, Json]]:
    return [
        (
            Target("us-east-1", f"ami-{each.number:08x}"),
            {"CreationDate": f"2026-01-{each.day:02}T00:00:00.000Z", "State": each.state},
        )
        for each in images
    ]


def picked(images: t.Iterable[Image], **options: t.Any) -> tuple[list[int], list[int]]:
    search = read(**{"filters": {}, **options}).selection
    assert isinstance(search, Search)
    chosen, left_out = search.pick(found(images))
    return [int(each.id[4:], 16) for each in chosen], [int(each.id[4:], 16) for each in left_out]


MIXED = [Image(1, 1), Image(2, 5, "failed"), Image(3, 3, "pending"), Image(4, 4, "disabled"), Image(5, 2)]
PICKED: dict[str, tuple[list[Image], Json, list[int], list[int]]] = {
    # rule: (images, options, selected, left out)
    "nothing found": ([], {"newest": 1}, [], []),
    "all, the newest first": ([Image(1, 1), Image(2, 3), Image(3, 2)], {}, [2, 3, 1], []),
    "the newest": ([Image(1, 1), Image(2, 3), Image(3, 2)], {"newest": 2}, [2, 3], []),
    "more than there are": ([Image(1, 1)], {"newest": 9}, [1], []),
    "of the same date by id": ([Image(1, 1), Image(3, 1), Image(2, 1)], {"newest": 2}, [3, 2], []),
    "neither available nor pending": (MIXED, {}, [3, 5, 1], [2, 4]),
    "what is left out does not count": (MIXED, {"newest": 2}, [3, 5], [2, 4]),
    "every state that EC2 has": (
        [
            Image(number, number, state)
            for number, state in enumerate(["invalid", "deregistered", "transient", "error"])
        ],
        {},
        [],
        [3, 2, 1, 0],
    ),
    "a filter on the state": (MIXED, {"filters": {"state": ["disabled", "failed"]}}, [2, 4, 3, 5, 1], []),
    "the newest of a filter on the state": (MIXED, {"filters": {"name": "x", "state": "*"}, "newest": 2}, [2, 4], []),
    "a filter whose name begins like the state": (MIXED, {"filters": {"state-reason-code": "x"}}, [3, 5, 1], [2, 4]),
}


@pytest.mark.parametrize(("images", "options", "chosen", "left_out"), PICKED.values(), ids=list(PICKED))
def test_what_a_search_selects(images: list[Image], options: Json, chosen: list[int], left_out: list[int]) -> None:
    assert picked(images, **options) == (chosen, left_out)
    assert picked(random.Random(1).sample(images, len(images)), **options) == (chosen, left_out)


def test_an_image_without_a_date_is_the_oldest() -> None:
    search = read(filters={}, newest=1).selection
    assert isinstance(search, Search)
    undated = (Target("us-east-1", "ami-ffffffff"), {"State": "available"})
    assert search.pick([undated, *found([Image(1, 1)])]) == ([Target("us-east-1", "ami-00000001")], [])


# Every way to write what else a policy says

YES = [True, "yes", "Yes", "on", "1", "true", "TRUE", "y", "t", 1, 1.0]
NO = [False, "no", "No", "off", "0", "false", "FALSE", "n", "f", 0, 0.0, None]


@pytest.mark.parametrize("option", ["snapshots", "allow_empty", "kms_autoscaling"])
@pytest.mark.parametrize(("value", "meant"), [*((yes, True) for yes in YES), *((no, False) for no in NO)], ids=repr)
def test_every_way_to_write_a_boolean(option: str, value: t.Any, meant: bool) -> None:
    policy = read(**{option: value})
    assert getattr(policy, option) is meant
    others = {"snapshots", "allow_empty", "kms_autoscaling"} - {option}
    assert [getattr(policy, other) for other in others] == [False, False]


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ({}, {}),
        ({"description": None, "imds_support": None}, {}),
        ({"description": ""}, {"description": ""}),
        ({"description": 5}, {"description": "5"}),
        (
            {"imds_support": "v2.0", "description": "Golden image"},
            {"description": "Golden image", "imds_support": "v2.0"},
        ),
        ({"description": "~" * 255}, {"description": "~" * 255}),
    ],
)
def test_every_way_to_write_texts(written: Json, texts: dict[str, str]) -> None:
    asked = [each for each in read(**written).others if isinstance(each, AskedText)]
    assert {each.attribute.option: each.value for each in asked} == texts


# Each known way to be wrong, through every option

NAMED_NOBODY = ["public", "private"]
NAMED_SOMEBODY = ["share", "exclusive", "revoke"]
WRONG_PRINCIPALS: list[t.Any] = [
    *(miss for ways in NEAR.values() for way in ways for miss in way),
    *(one for one in NO_PRINCIPALS if one),
    *["all", "*", "1" * 10, "1" * 11, "1" * 13, "1" * 5000, "\u0661" * 5000],
    *[0, -1, 11122223333, -11122223333, 10**12, 10**40, 0.5, 1e11, 111122223333.0, True, False],
    *[{"user_ids": ["111122223333"]}, {}, None, math.nan, math.inf],
]


class Fault(t.NamedTuple):
    """What makes a policy wrong: options, None for one that is left out, and the words that its lines have."""

    options: Json
    words: list[str]


def named(value: t.Any) -> str:
    """Return how the message begins to name a value: as Python writes it, and cut when it is long."""
    return repr(re.split("['\"]", str(value))[0][:20])[1:-1]


def each(option: str, values: t.Iterable[t.Any], **others: t.Any) -> list[Fault]:
    return [Fault({**others, option: value}, [option]) for value in values]


def no_principals(right: t.Sequence[t.Any], wrong: t.Sequence[t.Any]) -> Fault:
    words = [*(named(one) for one in wrong), *[" is not a principal"] * len(wrong)]
    return Fault({"pattern": "share", "principals": [*right, *wrong]}, words)


BY_IDS: Json = {"image_ids": ["ami-11111111"], "filters": None, "regions": None, "newest": None}
BY_SEARCH: Json = {"image_ids": None, "filters": {"name": "x"}}
NO_BOOL = ["perhaps", "", " yes", 2, -1, 0.5, 10**400, [], {}, [True]]
NO_NUMBER = ["soon", "", "1.5", "0x1", 1.5, True, False, math.nan, math.inf, "1" * 5000, [], {}, [1]]
NO_TEXT = ["", "Share", "shared", "exclusive ", "exclusive\n", "{{ pattern }}", [], {}, 5, True, "x" * 5000]
ODD_TEXTS = [f"share{odd}" for odd in ODD]
# Lists of what is wrong with a policy: one for each way to be so.
FAULTS: list[list[Fault]] = [
    each("pattern", [None, *NO_TEXT, *ODD_TEXTS]),
    *(each("principals", [None, [], "", " , ", {}, [[]]], pattern=pattern) for pattern in NAMED_SOMEBODY),
    *(
        each("principals", [["111122223333"], "111122223333", 5, {}, False, [None]], pattern=pattern)
        for pattern in NAMED_NOBODY
    ),
    [no_principals(["111122223333"], [one]) for one in WRONG_PRINCIPALS[::97]],
    [Fault({**BY_IDS, **BY_SEARCH, "image_ids": ["ami-11111111"]}, ["image_ids", "filters"])],
    [Fault({**BY_IDS, "image_ids": None}, ["image_ids", "filters"])],
    each("regions", [["us-east-1"], "us-east-1"], **{**BY_IDS, "regions": []}),
    each("newest", [1, "2"], **BY_IDS),
    each("regions", [{}, {"us-east-1": 1}, [], "", ["us east"], [{}], [["us-east-1"]], 5, ["-us"]], **BY_SEARCH),
    each("newest", [*NO_NUMBER, 0, -1, "0", -(10**30)], **BY_SEARCH),
    each("filters", [5, True, "name", [], [{}], {"name": None}, {"name": [None]}, {"name": {}}], image_ids=None),
    each("image_ids", [{}, {"image_id": "ami-11111111"}, "", [None], ["ami-xyz"], [5], [{}]], filters=None),
    each("snapshots", NO_BOOL),
    each("allow_empty", NO_BOOL),
    each("kms", ["", "Report", "share ", "shared", True, False, 5, [], {}, ["share"]]),
    each("kms_autoscaling", NO_BOOL),
    each("kms_autoscaling", YES, kms="ignore"),
    each("imds_support", ["v1.0", "", "2.0", "V2.0", "v2.0\n", "v2.00", [], {}, True]),
    each("description", ["é", "a\nb", "a\n", "\t", "\x7f", "x" * 256, " a", "a ", " ", "\uff11"]),
    *(
        [Fault({option: "111122223333"}, [option])]
        for option in ["principal", "Name", "image_id", "launch_permissions", "x y", "é", ""]
    ),
]
# Of a policy that is wrong so, the number is named.
NO_NAMES = each("name", [None, ""])
NO_POLICIES: list[t.Any] = [None, 5, 1.5, True, "share", "", [], ["share"], [{"name": "x"}]]
RIGHT: Json = {"name": "right", "pattern": "private", "image_ids": ["ami-11111111"]}


def with_fault(policy: Json, fault: Fault) -> Json:
    return {option: value for option, value in {**policy, **fault.options}.items() if value is not None}


def lacking(words: t.Sequence[str], text: str) -> list[str]:
    return [word for word, times in Counter(words).items() if text.count(word) < times]


@pytest.mark.parametrize("fault", list(itertools.chain(*FAULTS)), ids=lambda fault: repr(fault.options)[:60])
def test_each_way_to_be_wrong(fault: Fault) -> None:
    problems = problems_of([with_fault(RIGHT, fault)], allow_public=True)
    assert [problem for problem in problems if not problem.startswith("policy 'right': ")] == []
    assert lacking(fault.words, "\n".join(problems)) == []


def test_each_text_that_is_no_principal() -> None:
    problems = problems_of([with_fault(RIGHT, no_principals(["111122223333"], WRONG_PRINCIPALS))])
    assert len(problems) == len(WRONG_PRINCIPALS)
    for one, problem in zip(WRONG_PRINCIPALS, problems, strict=True):
        assert problem.startswith("policy 'right': ")
        assert named(one) in problem
        assert problem.endswith(f" is not a principal: {FORMS}") or " is not a principal, but " in problem


@pytest.mark.parametrize("fault", NO_NAMES, ids=str)
def test_a_policy_without_a_name_has_its_number(fault: Fault) -> None:
    (problem,) = problems_of([RIGHT, with_fault(RIGHT, fault)])
    assert problem.startswith("policy number 2: ")
    assert "name" in problem


@pytest.mark.parametrize("policy", NO_POLICIES, ids=repr)
def test_what_is_no_policy_has_its_number(policy: t.Any) -> None:
    assert problems_of([RIGHT, policy]) == ["policy number 2: it is not a dictionary"]


# Random policies

PRINCIPAL = ACCOUNT | ORG | OU | st.integers(10**11, 10**12 - 1)
WRONG_PRINCIPAL = (
    near(ACCOUNT | ORG | OU)
    | st.integers(-(10**10), 10**11 - 1)
    | st.integers(10**12, 10**40)
    | st.floats()
    | st.sampled_from(WRONG_PRINCIPALS)
)
PRINCIPALS = st.lists(PRINCIPAL | st.lists(PRINCIPAL, min_size=1, max_size=2), min_size=1, max_size=4)
LISTED = st.lists(ACCOUNT | ORG, min_size=1, max_size=3).map(" , ".join)
# How names are shown that cannot be printed as they are is a test of its own.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" "), max_size=12)
RIGHT_IDS = st.sampled_from(
    [
        ["ami-0123456789abcdef0"],
        "us-east-1:ami-0123456789abcdef0,eu-west-1:ami-11111111",
        [{"image_id": "ami-11111111", "region": "eu-west-1", "tags": {}}, ["ami-22222222"]],
        [],
    ]
)
FILTERS: list[Json] = [{"name": "golden-*"}, {"name": ["a", "b"], "is-public": True}, {"tag:A": "\u0661 '\""}, {}]
DESCRIPTION = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=255).map(str.strip)


@st.composite
def right_policy(draw: st.DrawFn, number: int) -> Json:
    pattern = draw(st.sampled_from([*NAMED_SOMEBODY, *NAMED_NOBODY]))
    policy: Json = {"name": draw(st.just(number) | NAMES.map(f"{number} {{}}".format)), "pattern": pattern}
    if pattern not in NAMED_NOBODY:
        policy["principals"] = draw(PRINCIPALS | LISTED)
    flag = st.sampled_from([*YES, *NO])
    others = {"snapshots": flag, "allow_empty": flag, "description": DESCRIPTION, "imds_support": st.just("v2.0")}
    keys: dict[str, t.Any] = {"kms_autoscaling": flag, "kms": st.sampled_from(["report", "share", None])}
    others |= draw(st.sampled_from([keys, {"kms": st.just("ignore")}]))
    if draw(st.booleans()):
        policy |= {"image_ids": draw(RIGHT_IDS), **draw(st.sampled_from([{}, {"filters": None}]))}
    else:
        filters = draw(st.sampled_from(FILTERS[:-1] if pattern == "public" else FILTERS))
        policy |= {"filters": filters, **draw(st.sampled_from([{}, {"image_ids": None}]))}
        others["regions"] = st.sampled_from([["us-east-1", "eu-west-1"], "us-east-1", None])
        others["newest"] = st.sampled_from([1, "3", 10**30])
    return policy | draw(st.fixed_dictionaries({}, optional=others))


def values_in(written: t.Any) -> list[str]:
    """Return the principals of a right policy as texts."""
    if isinstance(written, list):
        return [value for one in written for value in values_in(one)]
    return [one.strip() for one in str(written).split(",")]


@fuzz(100)
@given(data=st.data(), count=st.integers(1, 5))
def test_what_is_right_is_read_as_it_was_written(data: st.DataObject, count: int) -> None:
    written = [data.draw(right_policy(number)) for number in range(count)]
    policies, _options = parsed(written, allow_public=True)
    for policy, source in zip(policies, written, strict=True):
        assert policy.name == str(source["name"])
        assert policy.pattern.name == source["pattern"]
        everyone = ["all"] if source["pattern"] == "public" else []
        principals = [*values_in(source.get("principals", [])), *everyone]
        assert [entry.value for entry in policy.principals] == list(dict.fromkeys(principals or everyone))
        assert policy.snapshots is (source.get("snapshots") in YES)
        assert policy.allow_empty is (source.get("allow_empty") in YES)
        assert policy.kms == (source.get("kms") or "report")
        assert policy.kms_autoscaling is (source.get("kms_autoscaling") in YES)
        assert isinstance(policy.selection, Search) is (source.get("filters") is not None)


FAULT: list[Strategy] = [
    *map(st.sampled_from, FAULTS),
    NAMES.map(lambda text: Fault({"pattern": f"{text}ing"}, ["pattern"])),
    st.builds(lambda right, wrong: no_principals(right, [wrong]), st.lists(PRINCIPAL, max_size=2), WRONG_PRINCIPAL),
]
NO_NAME = st.sampled_from(NO_NAMES)
NO_POLICY = st.sampled_from(NO_POLICIES)


class Case(t.NamedTuple):
    """Policies, what the lines of each wrong one have, and how the lines of the right ones would begin."""

    policies: list[t.Any]
    allowed: bool
    named: list[tuple[str, list[str]]]
    unnamed: list[str]


@st.composite
def wrong_case(draw: st.DrawFn) -> Case:
    """Return policies that are wrong in every way, one each, and right ones among them."""
    case = Case([], draw(st.booleans()), [], [])
    ways: list[Strategy | None] = draw(st.permutations([*FAULT, NO_NAME, NO_POLICY, None, None, None]))
    for number, way in enumerate(ways, 1):
        policy = draw(right_policy(number))
        who = f"policy '{policy['name']}': "
        if way is NO_POLICY:
            policy = draw(NO_POLICY)
            case.named.append((f"policy number {number}: ", ["dictionary"]))
        elif way is not None:
            fault = draw(way)
            policy = with_fault(policy, fault)
            case.named.append((f"policy number {number}: " if way is NO_NAME else who, fault.words))
        elif policy["pattern"] == "public" and not case.allowed:
            case.named.append((who, ["set allow_public to consent"]))
        else:
            case.unnamed.append(who)
        case.policies.append(policy)
    return case


@fuzz(40, shrink=False)
@given(case=wrong_case())
def test_whatever_is_wrong_is_named_with_its_policy(case: Case) -> None:
    problems = problems_of(case.policies, allow_public=case.allowed)
    for who, words in case.named:
        about = [problem for problem in problems if problem.startswith(who)]
        assert lacking(words, "\n".join(about)) == [], who
    assert [problem for problem in problems if problem.startswith(tuple(case.unnamed))] == []
    assert [problem for problem in problems if not problem.startswith(tuple(who for who, _words in case.named))] == []


@fuzz(30)
@given(data=st.data())
def test_two_policies_of_the_same_name(data: st.DataObject) -> None:
    first, second = data.draw(right_policy(1)), data.draw(right_policy(2))
    policies = [first, {**second, "name": data.draw(st.sampled_from([first["name"], str(first["name"])]))}]
    assert problems_of(policies, allow_public=True) == [f"policy '{first['name']}': several policies have this name"]


JSON: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)
ANY_OPTION = st.sampled_from([*UNKNOWN.replace("a policy takes ", "").split(", "), "x"])
ANY_POLICY = JSON | st.dictionaries(ANY_OPTION, JSON | ACCOUNT | st.sampled_from([*PATTERNS, "ami-11111111"]))


@fuzz(200)
@given(policies=st.lists(ANY_POLICY | right_policy(1), max_size=3), region=st.sampled_from([None, "us-east-1"]))
def test_anything_is_read_or_refused(policies: list[t.Any], region: str | None) -> None:
    head, *problems = _outcome(policies, region).split("\n")
    assert head.startswith(f"{len(problems)} problem" if problems else "all are read")
    assert [problem for problem in problems if not problem.startswith("policy ")] == []


def _outcome(policies: list[t.Any], region: str | None) -> str:
    """Return the message of the refusal, or that there is none."""
    try:
        found_policies, _options = parsed(policies, region)
    except InvalidPoliciesError as error:
        return str(error)
    assert len(found_policies) == len(policies)
    return "all are read"
