# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Policies through the role, as ansible-playbook runs it: laws that hold whatever a policy says.

Each way to be wrong that is known is tried, and beside it are random policies. One playbook runs the role many times,
each time with a list of policies, and tells what each run ended in.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import subprocess
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.documentation import users_environment
from unit.fuzz import ACCOUNT
from unit.fuzz import LONGEST
from unit.fuzz import NEAR
from unit.fuzz import NO_PRINCIPALS
from unit.fuzz import ORG
from unit.fuzz import OU
from unit.fuzz import SHORTEST
from unit.fuzz import TEXTS
from unit.fuzz import Json
from unit.fuzz import Strategy
from unit.fuzz import fuzz
from unit.fuzz import near

from local_ec2.client import LocalEC2

Run = t.Callable[[list[Json]], list[str]]
# What a user must never read.
BROKEN = re.compile(
    "[Tt]emplate error|is undefined|Traceback|has no attribute|Unexpected|Finalization|object is not|no message"
)


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: case.yml
      loop: "{{ cases }}"
      loop_control: {loop_var: case, label: ""}
    - ansible.builtin.debug:
        msg: "OUTCOMES {{ ended | to_json | b64encode }}."
"""
CASE = """
- vars:
    so_far: "{{ ended | default([]) }}"
  block:
    - ansible.builtin.include_role:
        name: amikit.aws.ami_sharing
        tasks_from: "{{ case.tasks_from | default('main') }}"
      vars:
        ami_sharing_policies: "{{ case.ami_sharing_policies }}"
        ami_sharing_allow_public: "{{ case.ami_sharing_allow_public | default(false) }}"
        ami_sharing_max_revocations: "{{ case.ami_sharing_max_revocations | default(1000) }}"
        ami_sharing_protected_principals: "{{ case.ami_sharing_protected_principals | default([]) }}"
        ami_sharing_report: "{{ case.ami_sharing_report | default('') }}"
        ami_sharing_connection: "{{ case.ami_sharing_connection | default({}) }}"
    - ansible.builtin.set_fact:
        ended: "{{ so_far + [''] }}"
  rescue:
    - ansible.builtin.set_fact:
        ended: "{{ so_far + [ansible_failed_result.msg | default('no message at all')] }}"
"""


@pytest.fixture
def run(ec2: LocalEC2, tmp_path: Path) -> Run:
    """Run the role once for each case, and return the messages that the runs failed with, empty for success."""
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "case.yml").write_text(CASE, encoding="utf-8")
    variables = {**users_environment(tmp_path), **ec2.environment()}

    def run(cases: list[Json]) -> list[str]:
        ec2.clear()
        (tmp_path / "cases.json").write_text(json.dumps({"cases": as_data(cases)}), encoding="utf-8")
        command = ["ansible-playbook", "play.yml", "--check", "-e", "@cases.json"]
        done = subprocess.run(command, check=False, env=variables, cwd=tmp_path, capture_output=True, encoding="utf-8")
        found = re.search(r"OUTCOMES ([\w+/=]+)\.", done.stdout)
        assert found, done.stdout[-5000:] + done.stderr
        ended: list[str] = json.loads(base64.b64decode(found[1]))
        return ended

    return run


def as_data(value: t.Any) -> t.Any:
    """Return the value with texts that would be templates marked as data, as those that come from elsewhere are."""
    if isinstance(value, dict):
        return {key: as_data(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_data(each) for each in value]
    return {"__ansible_unsafe": value} if isinstance(value, str) and "{" in value else value


# Principals.

PRINCIPAL = ACCOUNT | ORG | OU | st.integers(10**11, 10**12 - 1)
PLACES = 6
# A wrong character is tried in some of the places: the role has the patterns of the modules, and takes its time.
WRONG_PRINCIPALS: list[t.Any] = [
    *(miss for ways in NEAR.values() for way in ways for miss in way[:: max(len(way) // PLACES, 1)]),
    *(one for one in NO_PRINCIPALS if one),
    *["all", "*", "1" * 10, "1" * 11, "1" * 13, "1" * 5000, "\u0661" * 5000],
    *[0, -1, 11122223333, -11122223333, 10**12, 10**40, 0.5, 1e11, 111122223333.0, True, False],
    *[{"user_ids": ["111122223333"]}, {}, None],
]
WRONG_PRINCIPAL = (
    near(ACCOUNT | ORG | OU)
    | st.integers(-(10**10), 10**11 - 1)
    | st.integers(10**12, 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WRONG_PRINCIPALS)
)
PRINCIPALS = st.lists(PRINCIPAL | st.lists(PRINCIPAL, min_size=1, max_size=2), min_size=1, max_size=4) | st.lists(
    ACCOUNT | ORG, min_size=1, max_size=3
).map(" , ".join)
YES = st.sampled_from([True, False, "yes", "no", "on", 0, 1])

# Policies.

NAMED_NOBODY = ["public", "private"]
NAMED_SOMEBODY = ["share", "exclusive", "revoke"]
IDS = st.sampled_from(
    [
        ["ami-0123456789abcdef0"],
        "us-east-1:ami-0123456789abcdef0,eu-west-1:ami-11111111",
        [{"image_id": "ami-11111111", "region": "eu-west-1", "tags": {}}, ["ami-22222222"]],
        [],
    ]
)
FILTERS = st.sampled_from([{}, {"name": "golden-*"}, {"name": ["a", "b"], "is-public": True}, {"tag:A": "\u0661 '\""}])
DESCRIPTION = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=255).map(str.strip)


@st.composite
def right_policy(draw: st.DrawFn, number: int) -> Json:
    pattern = draw(st.sampled_from([*NAMED_SOMEBODY, *NAMED_NOBODY]))
    policy: Json = {"name": draw(st.just(number) | TEXTS.map(f"{number} {{}}".format)), "pattern": pattern}
    if pattern not in NAMED_NOBODY:
        policy["principals"] = draw(PRINCIPALS)
    others = {"snapshots": YES, "allow_empty": YES, "description": DESCRIPTION, "imds_support": st.just("v2.0")}
    if draw(st.booleans()):
        policy |= {"image_ids": draw(IDS), **draw(st.sampled_from([{}, {"filters": None}]))}
    else:
        policy |= {"filters": draw(FILTERS), **draw(st.sampled_from([{}, {"image_ids": None}]))}
        others["regions"] = st.sampled_from([["us-east-1", "eu-west-1"], "us-east-1", None])
        others["newest"] = st.sampled_from([1, "3", 10**30])
    return policy | draw(st.fixed_dictionaries({}, optional=others))


class Fault(t.NamedTuple):
    """What makes a policy wrong: options, None for one that is left out, and the words that the message has for it."""

    options: Json
    words: list[str]


def named(value: t.Any) -> str:
    return str(value)[:20]


def each(option: str, values: list[t.Any], **others: t.Any) -> list[Fault]:
    return [Fault({**others, option: value}, [option]) for value in values]


def no_principals(right: list[t.Any], wrong: list[t.Any]) -> Fault:
    words = [*(named(one) for one in wrong), *["' is not a principal"] * len(wrong)]
    return Fault({"pattern": "share", "principals": [*right, *wrong]}, words)


BY_IDS: Json = {"image_ids": ["ami-11111111"], "filters": None, "regions": None, "newest": None}
BY_SEARCH: Json = {"image_ids": None, "filters": {}}
NO_BOOL = ["perhaps", "", 2, [], {}]
NO_NUMBER = ["soon", "", 1.5, [], {}]
NO_TEXT = ["", "Share", "shared", "exclusive ", "exclusive\n", "{{ pattern }}", [], {}, 5, True, "x" * 5000]
# Lists of what is wrong with a policy: one for each way to be so.
FAULTS: list[list[Fault]] = [
    each("pattern", [None, *NO_TEXT]),
    *(each("principals", [None, [], "", " , ", {}, [[]]], pattern=pattern) for pattern in NAMED_SOMEBODY),
    *(each("principals", [["111122223333"], "111122223333"], pattern=pattern) for pattern in NAMED_NOBODY),
    [no_principals(["111122223333"], WRONG_PRINCIPALS)],
    [Fault({"image_ids": ["ami-11111111"], "filters": {}}, ["image_ids", "filters"])],
    [Fault({"image_ids": None, "filters": None}, ["image_ids", "filters"])],
    each("regions", [["us-east-1"], "us-east-1"], **{**BY_IDS, "regions": []}),
    each("newest", [1, "2"], **BY_IDS),
    each("regions", [{}, {"us-east-1": 1}], **BY_SEARCH),
    each("newest", NO_NUMBER, **BY_SEARCH),
    each("filters", [5, True, "name", [], [{}]], image_ids=None),
    each("image_ids", [{}, {"image_id": "ami-11111111"}], filters=None),
    each("snapshots", NO_BOOL),
    each("allow_empty", NO_BOOL),
    each("imds_support", ["v1.0", "", "2.0", "V2.0", "v2.0\n", "v2.00", [], {}, True]),
    each("description", ["é", "a\nb", "a\n", "\t", "\x7f", "x" * 256, " a", "a ", " ", "\uff11"]),
    *(
        [Fault({option: "111122223333"}, [option])]
        for option in ["principal", "Name", "image_id", "launch_permissions", "x y", "é"]
    ),
]
# Of a policy that is wrong so, the number is told.
NO_NAMES = each("name", [None, ""])
NO_POLICIES: list[t.Any] = [None, 5, 1.5, True, "share", "", [], ["share"], [{"name": "x"}]]
FAULT: list[Strategy] = [
    *map(st.sampled_from, FAULTS),
    TEXTS.map(lambda text: Fault({"pattern": f"{text}ing"}, ["pattern"])),
    st.builds(lambda right, wrong: no_principals(right, [wrong]), st.lists(PRINCIPAL, max_size=2), WRONG_PRINCIPAL),
]
NO_NAME = st.sampled_from(NO_NAMES)
NO_POLICY = st.sampled_from(NO_POLICIES)


class Case(t.NamedTuple):
    """Variables of the role, and what the message must say: of each wrong policy how it begins, and its words."""

    variables: Json
    told: list[tuple[str, list[str]]]
    untold: list[str]


def with_fault(policy: Json, fault: Fault) -> Json:
    return {option: value for option, value in {**policy, **fault.options}.items() if value is not None}


RIGHT: Json = {"name": "right", "pattern": "private", "image_ids": ["ami-11111111"]}


def each_wrong_case() -> Case:
    """Return policies that are wrong in one way each, in all that are known."""
    case = Case({"ami_sharing_policies": []}, [], [])
    policies = case.variables["ami_sharing_policies"]
    for number, fault in enumerate(itertools.chain(*FAULTS)):
        policies.append(with_fault({**RIGHT, "name": f"policy {number}"}, fault))
        case.told.append((f"policy 'policy {number}': ", fault.words))
    for fault in NO_NAMES:
        policies.append(with_fault(RIGHT, fault))
        case.told.append((f"policy number {len(policies)}: ", fault.words))
    for policy in NO_POLICIES:
        policies.append(policy)
        case.told.append((f"policy number {len(policies)}: ", ["dict"]))
    policies.append({**RIGHT, "name": "everyone", "pattern": "public"})
    case.told.append(("policy 'everyone': ", ["ami_sharing_allow_public"]))
    return case


def each_wrong_variable() -> list[Case]:
    """Return a policy that is right beside a variable that is wrong, for each of the variables and values."""
    return [
        Case({"ami_sharing_policies": [RIGHT], name: value}, [(name, [])], [])
        for name, values in WRONG_VARIABLES.items()
        for value in values
    ]


@st.composite
def wrong_case(draw: st.DrawFn) -> Case:
    """Return policies that are wrong in every way, one each, and right ones among them."""
    allowed = draw(st.sampled_from([False, True, "yes", "no"]))
    case = Case({"ami_sharing_policies": [], "ami_sharing_allow_public": allowed}, [], [])
    ways: list[Strategy | None] = draw(st.permutations([*FAULT, NO_NAME, NO_POLICY, None, None, None]))
    for number, way in enumerate(ways, 1):
        policy = draw(right_policy(number))
        who = f"policy '{policy['name']}': "
        if way is NO_POLICY:
            policy = draw(way)
            case.told.append((f"policy number {number}: ", ["dict"]))
        elif way is not None:
            fault = draw(way)
            policy = with_fault(policy, fault)
            case.told.append((f"policy number {number}: " if way is NO_NAME else who, fault.words))
        elif policy["pattern"] == "public" and allowed in (False, "no"):
            case.told.append((who, ["ami_sharing_allow_public"]))
        else:
            case.untold.append(who)
        case.variables["ami_sharing_policies"].append(policy)
    return case


@st.composite
def same_names(draw: st.DrawFn) -> Case:
    first, second = draw(right_policy(1)), draw(right_policy(2))
    policies = [first, {**second, "name": draw(st.sampled_from([first["name"], str(first["name"])]))}]
    variables = {"ami_sharing_policies": policies, "ami_sharing_allow_public": True}
    return Case(variables, [(f"policy '{first['name']}': ", ["several policies have this name"])], [])


WRONG_VARIABLES: dict[str, list[t.Any]] = {
    "ami_sharing_policies": [5, True, None, {}, {"name": "x"}, "share"],
    "ami_sharing_allow_public": ["perhaps", [], {}, 2],
    "ami_sharing_max_revocations": ["many", 1.5, [], {}],
    "ami_sharing_protected_principals": [["me"], ["111122223333", "1"], [11122223333], {}, ["all", "\uff11" * 12]],
    "ami_sharing_report": ["report.json"],
    "ami_sharing_connection": ["us-east-1", 5, [], [{}]],
}


@st.composite
def wrong_variables(draw: st.DrawFn) -> list[Case]:
    """Return policies that are right beside a variable that is wrong, for some of the variables."""
    names = draw(st.permutations(sorted(WRONG_VARIABLES)))[:3]
    given = [(name, draw(st.sampled_from(WRONG_VARIABLES[name])), draw(right_policy(1))) for name in names]
    return [Case({"ami_sharing_policies": [policy], name: value}, [(name, [])], []) for name, value, policy in given]


@st.composite
def right_case(draw: st.DrawFn) -> Json:
    """Return policies that are all valid. The role is left when it has validated them: no more is asked here."""
    policies = [draw(right_policy(number)) for number in range(1, 21)]
    variables = {
        "ami_sharing_policies": policies,
        "ami_sharing_allow_public": draw(st.sampled_from([True, "yes", 1])),
        "ami_sharing_max_revocations": draw(st.sampled_from([0, "5", 10**30])),
        "ami_sharing_protected_principals": draw(st.lists(PRINCIPAL | st.just("all"), max_size=3)),
    }
    return {**variables, "tasks_from": "validate"}


def said_of(who: str, message: str) -> str:
    """Return the parts of the message that are about one policy, or about a variable of the role."""
    parts = re.split(r"(?=policy (?:'|number ))", message)
    return "".join(part for part in parts if part.startswith(who))


def assert_told(ec2: LocalEC2, run: Run, cases: list[Case]) -> None:
    """All that is wrong is told, of the policy that it is wrong with, and nothing was sent."""
    for case, message in zip(cases, run([case.variables for case in cases]), strict=True):
        assert not BROKEN.search(message), (case, message)
        for who, words in case.told:
            assert who in message, (case, message)
            about = said_of(who, message)
            assert [word for word, times in Counter(words).items() if about.count(word) < times] == [], (who, about)
        assert [who for who in case.untold if who in message] == [], (case, message)
    assert ec2.requests() == []


def test_each_way_to_be_wrong_is_told(ec2: LocalEC2, run: Run) -> None:
    assert_told(ec2, run, [each_wrong_case(), *each_wrong_variable()])


@fuzz(3, shrink=False)
@given(cases=st.tuples(wrong_case(), same_names()), more=wrong_variables())
def test_what_is_wrong_is_named_and_sends_nothing(
    ec2: LocalEC2, run: Run, cases: tuple[Case, ...], more: list[Case]
) -> None:
    assert_told(ec2, run, [*cases, *more])


def test_each_form_of_a_principal_is_taken(ec2: LocalEC2, run: Run) -> None:
    policies = [
        {"name": f"{number}", "pattern": "share", "principals": [one], "image_ids": ["ami-11111111"]}
        for number, one in enumerate([*SHORTEST.values(), *LONGEST.values()])
    ]
    assert run([{"ami_sharing_policies": policies, "tasks_from": "validate"}]) == [""]


@fuzz(3, shrink=False)
@given(case=right_case())
def test_what_is_valid_passes(ec2: LocalEC2, run: Run, case: Json) -> None:
    assert run([case]) == [""]
    assert ec2.requests() == []


# What the modules find wrong, each with words of the message. None of it is sent.
WRONG_FOR_MODULES: list[tuple[Json, str]] = [
    ({"image_ids": ["ami-xyz"]}, "image_ids: 'ami-xyz'"),
    ({"image_ids": ["ami-11111111", "us-east-1:ami-\uff11" + "1" * 7]}, "image_ids: "),
    ({"image_ids": [None]}, "image_ids: "),
    ({"image_ids": ""}, "image_ids: ''"),
    ({"filters": {}, "newest": 0}, "newest: 0"),
    ({"filters": {}, "newest": "-3"}, "newest: -3"),
    ({"filters": {}, "regions": ["us east"]}, "regions: 'us east'"),
    ({"filters": {"name": None}}, "filters.name"),
    ({"filters": {"name": [{}]}}, "filters.name"),
]


def test_what_the_modules_find_wrong_is_named_too(ec2: LocalEC2, run: Run) -> None:
    policies = [
        {"name": f"{number}", "pattern": "private", **options}
        for number, (options, _words) in enumerate(WRONG_FOR_MODULES)
    ]
    (message,) = run([{"ami_sharing_policies": policies}])
    assert not BROKEN.search(message), message
    for number, (_options, words) in enumerate(WRONG_FOR_MODULES):
        assert words in said_of(f"policy '{number}': ", message), message
    assert ec2.requests() == []


# Selections, each with the ids of the images that it names, of those of the test.
NAMED_AB = {"ami-0aaaaaaa", "ami-0bbbbbbb"}
SELECTIONS: list[tuple[Json, set[str]]] = [
    ({"image_ids": []}, set()),
    ({"image_ids": [], "filters": None}, set()),
    ({"image_ids": [[]]}, set()),
    ({"image_ids": ["ami-0aaaaaaa"], "filters": None}, {"ami-0aaaaaaa"}),
    ({"image_ids": "us-east-1:ami-0bbbbbbb", "newest": None}, {"ami-0bbbbbbb"}),
    ({"image_ids": [{"image_id": "ami-0aaaaaaa", "region": "us-east-1"}, "ami-0bbbbbbb"]}, NAMED_AB),
    ({"image_ids": None, "filters": {"name": "a"}}, {"ami-0aaaaaaa"}),
    ({"filters": {"name": ["b", "c"]}, "regions": None}, {"ami-0bbbbbbb"}),
    ({"filters": {"name": "c"}}, set()),
    ({"filters": {}}, NAMED_AB),
    ({"filters": {}, "regions": ["eu-west-1"]}, {"ami-0ccccccc"}),
    ({"filters": {}, "newest": "1", "regions": "us-east-1, eu-west-1"}, {"ami-0bbbbbbb", "ami-0ccccccc"}),
]


def test_a_policy_is_about_the_images_that_it_names(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(
        {"image_id": "ami-0aaaaaaa", "name": "a", "creation_date": "2026-01-01T00:00:00.000Z"},
        {"image_id": "ami-0bbbbbbb", "name": "b", "creation_date": "2026-01-02T00:00:00.000Z"},
        {"image_id": "ami-0ccccccc", "name": "c", "region": "eu-west-1"},
    )
    accounts = [f"{number:012}" for number in range(len(SELECTIONS))]
    policies = [
        {"name": account, "pattern": "share", "principals": [account], "allow_empty": True, **options}
        for account, (options, _ids) in zip(accounts, SELECTIONS, strict=True)
    ]
    assert run([{"ami_sharing_policies": policies}]) == [""]
    asked = [
        (request["image_id"], json.dumps(request["parameters"])) for request in ec2.requests("ModifyImageAttribute")
    ]
    for account, (options, ids) in zip(accounts, SELECTIONS, strict=True):
        assert {image_id for image_id, parameters in asked if account in parameters} == ids, options
