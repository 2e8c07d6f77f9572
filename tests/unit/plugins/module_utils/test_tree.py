# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The tree of an organization: paths read, names joined, ARNs made, and nothing else shown."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes.tree import Node
from ansible_collections.amikit.aws.plugins.module_utils._attributes.tree import Tree
from ansible_collections.amikit.aws.plugins.module_utils._attributes.tree import ou_ids
from ansible_collections.amikit.aws.plugins.module_utils._attributes.tree import root_id

ORGANIZATION = {
    "Id": "o-abcdefghij",
    "Arn": "arn:aws-us-gov:organizations::123456789012:organization/o-abcdefghij",
    "MasterAccountId": "123456789012",
    "MasterAccountEmail": "master@example.com",
}


def account(number: str, **described: t.Any) -> dict[str, t.Any]:
    return {"Id": number * 12, "Arn": f"arn:{number}", "Name": f"account {number}", "Email": "a@b.c", **described}


def unit(name: str, *above: str) -> Node:
    return Node({"Id": f"ou-{name}", "Arn": f"arn:ou-{name}", "Name": name.title()}, (f"ou-{name}", *above))


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("o-1/r-1/111111111111/", ()),
        ("o-1/r-1/ou-1-top/111111111111/", ("ou-1-top",)),
        ("o-1/r-1/ou-1-top/ou-1-mid/ou-1-low/111111111111/", ("ou-1-low", "ou-1-mid", "ou-1-top")),
        ("o-1/r-1/ou-1-top/ou-1-mid/", ("ou-1-mid", "ou-1-top")),
    ],
)
def test_a_path_names_the_root_and_the_ous_from_the_nearest_up(path: str, ids: tuple[str, ...]) -> None:
    assert ou_ids(path) == ids
    assert root_id(path) == "r-1"


def test_an_account_knows_its_ous_by_name_by_id_and_by_arn() -> None:
    node = Node(account("1", State="CLOSED", Status="SUSPENDED"), ("ou-prod", "ou-work"))
    shown = Tree(ORGANIZATION, [node], [unit("work"), unit("prod", "ou-work")]).as_result()
    assert shown["accounts"] == [
        {
            "id": "1" * 12,
            "name": "account 1",
            "state": "CLOSED",
            "arn": "arn:1",
            "ou_path": "Work/Prod",
            "ou_ids": ["ou-prod", "ou-work"],
            "org_unit_arns": [
                "arn:aws-us-gov:organizations::123456789012:ou/o-abcdefghij/ou-prod",
                "arn:aws-us-gov:organizations::123456789012:ou/o-abcdefghij/ou-work",
            ],
        }
    ]
    assert shown["organizational_units"] == [
        {"id": "ou-work", "arn": "arn:ou-work", "name": "Work", "ou_path": "Work"},
        {"id": "ou-prod", "arn": "arn:ou-prod", "name": "Prod", "ou_path": "Work/Prod"},
    ]


def test_no_mail_address_is_shown() -> None:
    shown = Tree(ORGANIZATION, [Node(account("1"), ())], [unit("work")]).as_result()
    assert "@" not in str(shown)
    assert shown["organization"] == {
        "id": ORGANIZATION["Id"],
        "arn": ORGANIZATION["Arn"],
        "management_account_id": "123456789012",
    }


def test_accounts_are_sorted_by_id_and_ous_by_path() -> None:
    accounts = [Node(account(number), ()) for number in "312"]
    shown = Tree(ORGANIZATION, accounts, [unit("b"), unit("a", "ou-b"), unit("a")]).as_result()
    assert [each["id"][0] for each in shown["accounts"]] == ["1", "2", "3"]
    assert [each["ou_path"] for each in shown["organizational_units"]] == ["A", "B", "B/A"]


def test_a_state_is_read_where_it_is() -> None:
    accounts = [Node(account("1", Status="SUSPENDED"), ()), Node(account("2", State="CLOSED"), ())]
    assert [each["state"] for each in Tree(ORGANIZATION, accounts).as_result()["accounts"]] == ["SUSPENDED", "CLOSED"]


def test_without_names_of_ous_there_are_no_paths_and_still_ids() -> None:
    (shown,) = Tree(ORGANIZATION, [Node(account("1"), ("ou-prod",))]).as_result()["accounts"]
    assert (shown["ou_path"], shown["ou_ids"]) == (None, ["ou-prod"])


def test_below_the_root_the_path_is_empty() -> None:
    (shown,) = Tree(ORGANIZATION, [Node(account("1"), ())], []).as_result()["accounts"]
    assert (shown["ou_path"], shown["ou_ids"], shown["org_unit_arns"]) == ("", [], [])


def test_an_ou_that_was_made_meanwhile_is_shown_by_its_id() -> None:
    (shown,) = Tree(ORGANIZATION, [Node(account("1"), ("ou-new", "ou-work"))], [unit("work")]).as_result()["accounts"]
    assert shown["ou_path"] == "Work/ou-new"


def test_tags_are_shown_to_those_who_asked() -> None:
    accounts = [Node(account("1"), (), {}), Node(account("2"), (), {"stage": "prod"}), Node(account("3"), ())]
    shown = Tree(ORGANIZATION, accounts, tagged=True).as_result()["accounts"]
    assert [each["tags"] for each in shown] == [{}, {"stage": "prod"}, None]
    assert all("tags" not in each for each in Tree(ORGANIZATION, accounts).as_result()["accounts"])
