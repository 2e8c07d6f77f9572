# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options to task: every way to be wrong and the message that helps, and every way to write the same thing."""

from __future__ import annotations

import random
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz

from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import InvalidOptionsError
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import Task
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import misread_problems
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import parse_task
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Attributes
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Request
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import make_plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target

AMI = "ami-0123456789abcdef0"
ACCOUNT = "111122223333"
ORG = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
OU = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij"
# What Ansible fills in for a task that says nothing but this.
DEFAULTS: dict[str, t.Any] = {
    **{name: option.get("default") for name, option in argument_spec(IMAGES).items()},
    "image_ids": [AMI],
}


def parse(region: str | None = "us-east-1", **options: t.Any) -> Task:
    return parse_task({**DEFAULTS, **options}, IMAGES, region)


def problem_of(region: str | None = "us-east-1", **options: t.Any) -> str:
    with pytest.raises(InvalidOptionsError) as caught:
        parse(region, **options)
    return str(caught.value)


def granting(kind: str, value: str) -> dict[str, t.Any]:
    return {"launch_permissions": {kind: [value]}}


BAD: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    # what is wrong: (options, words of the message)
    "no attribute": ({}, ["no attribute is asked for", "revoke_launch_permissions", "imds_support"]),
    "malformed image id": (
        {"image_ids": ["ami-xyz"], "description": "d"},
        ["image_ids: 'ami-xyz' is not the id of an AMI", "8 or 17 hexadecimal digits"],
    ),
    "an id of nine digits": ({"image_ids": ["ami-012345678"], "description": "d"}, ["'ami-012345678' is not"]),
    "an instance id": ({"image_ids": ["i-0123456789abcdef0"], "description": "d"}, ["'i-0123456789abcdef0' is not"]),
    "an empty id": ({"image_ids": [""], "description": "d"}, ["'' is not the id of an AMI"]),
    "a line break after the id": ({"image_ids": [f"{AMI}\n{AMI}"], "description": "d"}, ["is not the id of an AMI"]),
    "an image without an id": ({"image_ids": [{"ImageId": AMI}], "description": "d"}, ["is not the id of an AMI"]),
    "nothing in the place of an id": ({"image_ids": [None], "description": "d"}, ["'None' is not the id of an AMI"]),
    "a bad id and no attribute": ({"image_ids": ["ami-xyz"]}, ["'ami-xyz'", "no attribute is asked for"]),
    "no Region before the colon": ({"image_ids": [f":{AMI}"], "description": "d"}, ["does not begin with a Region"]),
    "a name in place of a Region": (
        {"image_ids": [f"virginia:{AMI}"], "description": "d"},
        ["does not begin with a Region such as us-east-1"],
    ),
    "eleven digits": (
        granting("user_ids", "11122223333"),
        ["launch_permissions.user_ids: '11122223333'", "exactly 12 digits", "leading zero", "quote"],
    ),
    "thirteen digits": (granting("user_ids", "1111222233334"), ["exactly 12 digits"]),
    "a line break after an account id": (
        granting("user_ids", "111122223333\n"),
        ["'111122223333\\n'", "exactly 12 digits"],
    ),
    "whitespace in an account id": (granting("user_ids", "1111 22223333"), ["'1111 22223333'", "exactly 12 digits"]),
    "account ids with blanks between": (
        granting("user_ids", "111122223333 444455556666"),
        ["is a text of several account ids: write each as an item of the list"],
    ),
    "account ids with a comma in one item of the list": (
        granting("user_ids", "111122223333, 444455556666"),
        ["is a text of several account ids: write each as an item of the list"],
    ),
    "an account id with hyphens": (
        granting("user_ids", "1111-2222-3333"),
        ["is an account id with hyphens: write 111122223333"],
    ),
    "an empty account id": (granting("user_ids", ""), ["launch_permissions.user_ids: '' is not an account id"]),
    "an account's name": (granting("user_ids", "payments-prod"), ["'payments-prod' is not an account id of exactly"]),
    "everyone among accounts": (
        granting("user_ids", "all"),
        ["is the group of everyone, which belongs in group_names"],
    ),
    "an organization among accounts": (
        granting("user_ids", ORG),
        [f"'{ORG}' is the ARN of", "which belongs in org_arns"],
    ),
    "an account among groups": (granting("group_names", ACCOUNT), ["is an account id, which belongs in user_ids"]),
    "an account among organizations": (granting("org_arns", ACCOUNT), ["is an account id, which belongs in user_ids"]),
    "digits of another alphabet": (granting("user_ids", "\u0661" * 12), ["exactly 12 digits"]),
    "an account as ARN among accounts": (
        granting("user_ids", "arn:aws:iam::111122223333:root"),
        ["user_ids: 'arn:aws:iam::111122223333:root' is the IAM ARN of an account: write its id, 111122223333"],
    ),
    "a role among accounts": (
        granting("user_ids", "arn:aws:iam::111122223333:role/builder"),
        ["is the ARN of a user or role", "EC2 shares with whole accounts: write the account's id, 111122223333"],
    ),
    "another group": (granting("group_names", "everyone"), ["'everyone' is not a group", "the only one is 'all'"]),
    "a capital group": (granting("group_names", "All"), ["'All' is not a group"]),
    "an OU among organizations": (
        granting("org_arns", OU),
        ["of an organizational unit, which belongs in org_unit_arns"],
    ),
    "an organization among OUs": (granting("org_unit_arns", ORG), ["of an organization, which belongs in org_arns"]),
    "an account's ARN": (
        granting("org_arns", "arn:aws:organizations::123456789012:account/o-abcdefghij/111122223333"),
        ["is the ARN of an account: write its id, 111122223333, in user_ids"],
    ),
    "a root": (
        granting("org_unit_arns", "arn:aws:organizations::123456789012:root/o-abcdefghij/r-ab12"),
        ["is the ARN of a root, which EC2 cannot share with: write the organization's own ARN", f"{ORG}, in org_arns"],
    ),
    "an account's IAM ARN": (
        granting("org_arns", "arn:aws:iam::111122223333:root"),
        ["is the IAM ARN of an account: write its id, 111122223333, in user_ids"],
    ),
    "an organization's bare id": (
        granting("org_arns", "o-abcdefghij"),
        ["'o-abcdefghij' is the id of an organization: write its ARN", ":organization/o-abcdefghij"],
    ),
    "an OU's bare id": (
        granting("org_unit_arns", "ou-ab12-cdefghij"),
        ["is the id of an organizational unit: write its ARN", ":ou/ORGANIZATION/ou-ab12-cdefghij"],
    ),
    "an organization with more after it": (
        granting("org_arns", f"{ORG}/"),
        [f"'{ORG}/' is not the ARN of an organization, arn:aws:organizations::…:organization/o-…"],
    ),
    "an organization with a short id": (granting("org_arns", ORG[:-1]), ["is not the ARN of an organization"]),
    "an OU of no organization": (
        granting("org_unit_arns", "arn:aws:organizations::123456789012:ou/ou-ab12-cdefghij"),
        ["is not the ARN of an organizational unit"],
    ),
    "a bad entry to revoke": (
        {"revoke_launch_permissions": {"user_ids": ["12"]}},
        ["revoke_launch_permissions.user_ids: '12'"],
    ),
    "a long description": ({"description": "d" * 256}, ["description: 256 characters are more than EC2's 255"]),
    "a description with a dash": ({"description": "a — b"}, ["description: it has '—'", "printable ASCII only"]),
    "a description of two lines": ({"description": "a\nb"}, ["line break", ">-"]),
    "a description with trailing whitespace": (
        {"description": "a "},
        ["description: it has leading or trailing whitespace"],
    ),
    "a description with a tab": ({"description": "a\tb"}, ["it has '\\t'", "printable ASCII only"]),
    "imds_support other than v2.0": ({"imds_support": "v1.0"}, ["imds_support: 'v1.0'", "v2.0", "cannot be undone"]),
    "purging without a list": (
        {"purge_launch_permissions": True, "description": "d"},
        ["purge_launch_permissions: needs launch_permissions", "{}"],
    ),
    "granted and revoked": (
        {"launch_permissions": {"user_ids": [ACCOUNT]}, "revoke_launch_permissions": {"user_ids": [ACCOUNT]}},
        [f"'{ACCOUNT}' is in both launch_permissions and revoke_launch_permissions"],
    ),
    "a negative timeout": ({"description": "d", "wait_timeout": -1}, ["wait_timeout: -1 is less than 0"]),
    "no concurrency": ({"description": "d", "concurrency": 0}, ["concurrency: 0 is less than 1"]),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=list(BAD))
def test_bad_input(options: dict[str, t.Any], words: list[str]) -> None:
    message = problem_of(**options)
    assert re.match(r"(1 problem|\d+ problems) in the task; nothing was sent to EC2:\n", message)
    assert [word for word in words if word not in message] == []


def test_all_problems_are_told_at_once() -> None:
    message = problem_of(
        image_ids=["ami-xyz", "nonsense"],
        description="é",
        imds_support="v3.0",
        launch_permissions={"user_ids": ["1"], "group_names": ["some"], "org_arns": ["o"], "org_unit_arns": ["ou"]},
        revoke_launch_permissions={"user_ids": ["2"]},
        concurrency=0,
    )
    head, *lines = message.splitlines()
    assert head == "10 problems in the task; nothing was sent to EC2:"
    shown = ["'ami-xyz'", "'nonsense'", "'é'", "'v3.0'", "'1'", "'some'", "'o'", "'ou'", "'2'", "concurrency"]
    assert len(lines) == len(shown)
    assert [word for number, word in enumerate(shown) if word not in lines[number]] == []


def test_an_overlong_value_is_cut_in_the_message() -> None:
    assert len(problem_of(**granting("user_ids", "1" * 5000))) < 400


MISREAD: dict[str, t.Any] = {
    # as a beginner writes it, and as messages show it
    "['111122223333']": ["111122223333"],
    "[{'user_ids': ['111122223333']}]": [{"user_ids": ["111122223333"]}],
    "'111122223333'": "111122223333",
    "True": True,
}


@pytest.mark.parametrize(("shown", "value"), MISREAD.items(), ids=list(MISREAD))
def test_what_is_no_dictionary_is_named_with_its_option(shown: str, value: t.Any) -> None:
    (problem,) = misread_problems({"launch_permissions": value})
    assert problem == f"launch_permissions: {shown} is not a dictionary such as {{user_ids: ['111122223333']}}"


@pytest.mark.parametrize("written", [[" 444455556666"], ["444455556666  "]], ids=repr)
def test_outer_spaces_of_an_entry_do_not_matter(written: list[str]) -> None:
    """Ansible makes this of user_ids: "111122223333, 444455556666"."""
    both = [ACCOUNT, *written]
    (asked,) = parse(launch_permissions={"user_ids": both}).asked
    (taken,) = parse(revoke_launch_permissions={"user_ids": both}).asked
    assert isinstance(asked, AskedPermissions)
    assert isinstance(taken, AskedPermissions)
    assert asked.grant == taken.revoke
    assert {entry.value for entry in asked.grant} == {ACCOUNT, "444455556666"}


def test_an_availability_zone_is_no_region() -> None:
    message = problem_of("us-east-1a", description="d")
    assert "region: us-east-1a is an Availability Zone; write its Region, us-east-1" in message


@pytest.mark.parametrize("region", ["us east", "us-east-1\n", "../x", "us-east-1,eu-west-1"])
def test_a_region_of_the_task_that_is_no_name(region: str) -> None:
    assert f"region: {region!r} is not the name of a Region" in problem_of(region, description="d")


def test_a_missing_region_is_told_once_with_every_id_that_lacks_it() -> None:
    other = "ami-11111111"
    message = problem_of(None, image_ids=[AMI, other, f"eu-west-1:{AMI}"], description="d")
    assert f"image_ids: {AMI}, {other}: in which Region? Set region" in message
    assert "REGION:ami-" in message


TARGETS: dict[str, tuple[list[t.Any], list[Target]]] = {
    "one id": ([AMI], [Target("us-east-1", AMI)]),
    "an id of eight digits": (["ami-01234567"], [Target("us-east-1", "ami-01234567")]),
    "nothing": ([], []),
    "Packer's artifact": (
        [f"us-west-2:{AMI},eu-west-1:ami-11111111"],
        [Target("us-west-2", AMI), Target("eu-west-1", "ami-11111111")],
    ),
    "Packer's artifact, split with whitespace": (
        [f"us-west-2:{AMI}", " eu-west-1:ami-11111111 "],
        [Target("us-west-2", AMI), Target("eu-west-1", "ami-11111111")],
    ),
    "what the modules return": (
        [{"image_id": AMI, "region": "eu-west-1", "snapshot_ids": ["snap-01234567"]}, [{"image_id": "ami-11111111"}]],
        [Target("eu-west-1", AMI), Target("us-east-1", "ami-11111111")],
    ),
    "lists in a list": ([[AMI], ["ami-11111111"]], [Target("us-east-1", AMI), Target("us-east-1", "ami-11111111")]),
    "repeats, however written": ([AMI, f"us-east-1:{AMI}", AMI], [Target("us-east-1", AMI)]),
    "the same id in two Regions": (
        [AMI, f"eu-west-1:{AMI}"],
        [Target("us-east-1", AMI), Target("eu-west-1", AMI)],
    ),
    "Regions of every partition": (
        [f"{region}:{AMI}" for region in ("us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1")],
        [Target(region, AMI) for region in ("us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1")],
    ),
}


@pytest.mark.parametrize(("image_ids", "targets"), TARGETS.values(), ids=list(TARGETS))
def test_targets(image_ids: list[t.Any], targets: list[Target]) -> None:
    assert list(parse(image_ids=image_ids, description="d").targets) == targets


GOOD: dict[str, dict[str, t.Any]] = {
    "an empty description": {"description": ""},
    "the longest description": {"description": "~" * 255},
    "every printable character": {"description": f"a{''.join(map(chr, range(32, 127)))}"},
    "no entries to grant": {"launch_permissions": {}},
    "no entries to revoke": {"revoke_launch_permissions": {}},
    "kinds left out, as Ansible passes them": {"launch_permissions": {"user_ids": None, "group_names": ["all"]}},
    "an account of zeros": granting("user_ids", "000000000000"),
    "purging to nothing": {"launch_permissions": {}, "purge_launch_permissions": True},
    "purging and revoking": {
        "launch_permissions": {},
        "revoke_launch_permissions": {"user_ids": [ACCOUNT]},
        "purge_launch_permissions": True,
    },
    **{
        f"an organization of {partition}": granting("org_arns", ORG.replace(":aws:", f":{partition}:"))
        for partition in ("aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc")
    },
    "an OU with a long id": granting("org_unit_arns", OU + "0" * 20),
}


@pytest.mark.parametrize("options", GOOD.values(), ids=list(GOOD))
def test_good_input(options: dict[str, t.Any]) -> None:
    assert len(parse(**options).asked) == 1


def test_an_option_left_out_is_not_asked_for() -> None:
    asked = parse(description="d").asked
    assert [ask.attribute.option for ask in asked] == ["description"]


entries = st.lists(st.integers(0, 10**12 - 1).map("{:012}".format), unique=True, max_size=20)


@given(entries, entries, entries, st.booleans(), st.randoms(use_true_random=False))
@fuzz(150)
def test_the_order_of_the_input_does_not_matter(
    current: list[str], granted: list[str], revoked: list[str], purge: bool, shuffle: random.Random
) -> None:
    revoked = [value for value in revoked if value not in granted]

    def requests() -> tuple[Request, ...]:
        task = parse(
            launch_permissions={"user_ids": granted},
            revoke_launch_permissions={"user_ids": revoked},
            purge_launch_permissions=purge,
        )
        held = parse(launch_permissions={"user_ids": current}).asked[0]
        assert isinstance(held, AskedPermissions)
        return make_plan(Attributes(((held.attribute, held.grant),)), task.asked).requests

    in_order = requests()
    for values in (current, granted, revoked):
        shuffle.shuffle(values)
    assert requests() == in_order
