# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Random policies through the role, as ansible-playbook runs it: laws that hold whatever a policy says.

What is valid is known from how it was made. One playbook runs the role many times, each time with a list of policies,
and tells what each run ended in. The examples are the same in every run. To search further, with so many times as many
random examples: FUZZ=50 make unit ARGS='-k test_fuzz'
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.amikit import aws
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from local_ec2.client import LocalEC2

COLLECTIONS = str(Path(next(iter(aws.__path__))).parents[2])
FUZZ = int(os.environ.get("FUZZ", "0"))
Json = dict[str, t.Any]
Run = t.Callable[[list[Json]], list[str]]
Strategy = st.SearchStrategy[t.Any]
# What a user must never read.
BROKEN = re.compile(
    "[Tt]emplate error|is undefined|Traceback|has no attribute|Unexpected|Finalization|object is not|no message"
)


def fuzz(examples: int) -> settings:
    # A run takes seconds, and its failure names the case: nothing is gained by making it smaller.
    return settings(
        max_examples=examples * max(FUZZ, 1),
        derandomize=not FUZZ,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
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
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **ec2.environment(),
    }

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


# Texts and principals.

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
ACCOUNT = st.integers(0, 10**12 - 1).map("{:012}".format)
ORG = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=10, max_size=32).map(
    "arn:aws:organizations::123456789012:organization/o-{}".format
)
OU = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=32).map(
    "arn:aws-cn:organizations::123456789012:ou/o-abcdefghij/ou-ab12-{}".format
)
PRINCIPAL = ACCOUNT | ORG | OU | st.integers(10**11, 10**12 - 1)
ODD = st.sampled_from([*" \n\t\r\x1b\x7f_Z!'\"\\{}é\u0661\uff11\u200b", "{{ 1 }}", "{% if %}", "😀"])
WRONG_PRINCIPAL = (
    st.builds(lambda text, place, odd: f"{text[:place]}{odd}{text[place:]}", ACCOUNT | ORG, st.integers(1, 12), ODD)
    | st.builds(lambda text, odd: f"{text}{odd}", ACCOUNT, ODD)
    | st.integers(-(10**10), 10**11 - 1)
    | st.integers(10**12, 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["all", "*", "\uff11" * 12, "o-abcdefghij", "arn:aws:iam::111122223333:root", "1" * 5000, True])
    | st.sampled_from([{"user_ids": ["111122223333"]}, {}, None])
)
PRINCIPALS = st.lists(PRINCIPAL | st.lists(PRINCIPAL, min_size=1, max_size=2), min_size=1, max_size=4) | st.lists(
    ACCOUNT | ORG, min_size=1, max_size=3
).map(" , ".join)
YES = st.sampled_from([True, False, "yes", "no", "on", 0, 1])

# Policies.

NAMED_NOBODY = ["public", "private"]
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
    pattern = draw(st.sampled_from(["share", "exclusive", "revoke", *NAMED_NOBODY]))
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


def one_of(option: str, values: list[t.Any], **others: t.Any) -> Strategy:
    return st.sampled_from(values).map(lambda value: Fault({**others, option: value}, [option]))


BY_IDS: Json = {"image_ids": ["ami-11111111"], "filters": None, "regions": None, "newest": None}
BY_SEARCH: Json = {"image_ids": None, "filters": {}}
NO_BOOL = ["perhaps", "", 2, [], {}]
NO_NUMBER = ["soon", "", 1.5, [], {}]
FAULTS: list[Strategy] = [
    one_of("pattern", [None, "", "Share", "shared", "exclusive ", "{{ pattern }}", [], {}, 5, True, "x" * 5000]),
    TEXTS.map(lambda text: Fault({"pattern": f"{text}ing"}, ["pattern"])),
    one_of("principals", [None, [], "", {}], pattern="share"),
    one_of("principals", [["111122223333"], "111122223333"], pattern="private"),
    st.builds(
        lambda right, wrong: Fault({"pattern": "share", "principals": [*right, wrong]}, [named(wrong)]),
        st.lists(PRINCIPAL, max_size=2),
        WRONG_PRINCIPAL,
    ),
    st.just(Fault({"image_ids": ["ami-11111111"], "filters": {}}, ["image_ids", "filters"])),
    st.just(Fault({"image_ids": None, "filters": None}, ["image_ids", "filters"])),
    one_of("regions", [["us-east-1"], "us-east-1"], **{**BY_IDS, "regions": []}),
    one_of("newest", [1, "2"], **BY_IDS),
    one_of("regions", [{}, {"us-east-1": 1}], **BY_SEARCH),
    one_of("newest", NO_NUMBER, **BY_SEARCH),
    one_of("filters", [5, True, "name", [], [{}]], image_ids=None),
    one_of("image_ids", [{}, {"image_id": "ami-11111111"}], filters=None),
    one_of("snapshots", NO_BOOL),
    one_of("allow_empty", NO_BOOL),
    one_of("imds_support", ["v1.0", "", "2.0", [], {}, True]),
    one_of("description", ["é", "a\nb", "x" * 256, " a", "\uff11"]),
    st.sampled_from(["principal", "Name", "image_id", "launch_permissions", "x y", "é"]).map(
        lambda option: Fault({option: "111122223333"}, [option])
    ),
]
NO_NAME = one_of("name", [None, ""])
NO_POLICY: Strategy = st.sampled_from([None, 5, 1.5, True, "share", "", [], ["share"], [{"name": "x"}]])


class Case(t.NamedTuple):
    """Variables of the role, and what the message must say: of each wrong policy how it begins, and its words."""

    variables: Json
    told: list[tuple[str, list[str]]]
    untold: list[str]


@st.composite
def wrong_case(draw: st.DrawFn) -> Case:
    """Return policies that are wrong in every way, one each, and right ones among them."""
    allowed = draw(st.sampled_from([False, True, "yes", "no"]))
    case = Case({"ami_sharing_policies": [], "ami_sharing_allow_public": allowed}, [], [])
    ways: list[Strategy | None] = draw(st.permutations([*FAULTS, NO_NAME, NO_POLICY, None, None, None]))
    for number, way in enumerate(ways, 1):
        policy = draw(right_policy(number))
        who = f"policy '{policy['name']}': "
        if way is NO_POLICY:
            policy = draw(way)
            case.told.append((f"policy number {number}: ", ["dict"]))
        elif way is not None:
            fault = draw(way)
            policy = {option: value for option, value in {**policy, **fault.options}.items() if value is not None}
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


@fuzz(2)
@given(cases=st.tuples(wrong_case(), same_names()), more=wrong_variables())
def test_what_is_wrong_is_named_and_sends_nothing(
    ec2: LocalEC2, run: Run, cases: tuple[Case, ...], more: list[Case]
) -> None:
    every = [*cases, *more]
    for case, message in zip(every, run([case.variables for case in every]), strict=True):
        assert not BROKEN.search(message), (case, message)
        for who, words in case.told:
            assert who in message, (case, message)
            assert [word for word in words if word not in said_of(who, message)] == [], (who, case, message)
        assert [who for who in case.untold if who in message] == [], (case, message)
    assert ec2.requests() == []


@fuzz(2)
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


@fuzz(1)
@given(faults=st.permutations(WRONG_FOR_MODULES).map(lambda faults: faults[:4]))
def test_what_the_modules_find_wrong_is_named_too(ec2: LocalEC2, run: Run, faults: list[tuple[Json, str]]) -> None:
    policies = [
        {"name": f"{number}", "pattern": "private", **options} for number, (options, _words) in enumerate(faults)
    ]
    (message,) = run([{"ami_sharing_policies": policies}])
    assert not BROKEN.search(message), message
    for number, (_options, words) in enumerate(faults):
        assert words in said_of(f"policy '{number}': ", message), message
    assert ec2.requests() == []


# Selections, each with the ids of the images that it names, of those of the test.
NAMED_AB = {"ami-0aaaaaaa": "a", "ami-0bbbbbbb": "b"}
SELECTIONS: list[tuple[Json, set[str]]] = [
    ({"image_ids": []}, set()),
    ({"image_ids": [], "filters": None}, set()),
    ({"image_ids": [[]]}, set()),
    ({"image_ids": ["ami-0aaaaaaa"], "filters": None}, {"ami-0aaaaaaa"}),
    ({"image_ids": "us-east-1:ami-0bbbbbbb", "newest": None}, {"ami-0bbbbbbb"}),
    ({"image_ids": [{"image_id": "ami-0aaaaaaa", "region": "us-east-1"}, "ami-0bbbbbbb"]}, set(NAMED_AB)),
    ({"image_ids": None, "filters": {"name": "a"}}, {"ami-0aaaaaaa"}),
    ({"filters": {"name": ["b", "c"]}, "regions": None}, {"ami-0bbbbbbb"}),
    ({"filters": {"name": "c"}}, set()),
    ({"filters": {}}, set(NAMED_AB)),
    ({"filters": {}, "regions": ["eu-west-1"]}, set()),
]


@fuzz(1)
@given(selections=st.permutations(SELECTIONS).map(lambda selections: selections[:6]))
def test_a_policy_is_about_the_images_that_it_names(
    ec2: LocalEC2, run: Run, selections: list[tuple[Json, set[str]]]
) -> None:
    ec2.reset()
    ec2.seed(*({"image_id": image_id, "name": name} for image_id, name in NAMED_AB.items()))
    accounts = [f"{number:012}" for number in range(len(selections))]
    policies = [
        {"name": account, "pattern": "share", "principals": [account], "allow_empty": True, **options}
        for account, (options, _ids) in zip(accounts, selections, strict=True)
    ]
    assert run([{"ami_sharing_policies": policies}]) == [""]
    asked = [
        (request["image_id"], json.dumps(request["parameters"])) for request in ec2.requests("ModifyImageAttribute")
    ]
    for account, (options, ids) in zip(accounts, selections, strict=True):
        assert {image_id for image_id, parameters in asked if account in parameters} == ids, options
