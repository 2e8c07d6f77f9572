# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Organizations: what it shows of accounts and OUs, in which pages, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error

MANAGEMENT, DELEGATE, MEMBER, CLOSED, OUTSIDER = (
    "123456789012",
    "222222222222",
    "333333333333",
    "444444444444",
    "999999999999",
)
TOP, PROD = "ou-ab12-workload", "ou-ab12-prodprod"
ORGANIZATION: dict[str, Any] = {
    "units": {"Workloads": TOP, "Workloads/Prod": PROD},
    "accounts": [
        {"account_id": DELEGATE, "name": "images", "tags": {"team": "platform"}},
        {"account_id": MEMBER, "name": "payments", "ou": "Workloads/Prod"},
        {"account_id": CLOSED, "name": "former", "ou": "Workloads", "state": "CLOSED"},
    ],
    "delegated_administrators": [DELEGATE],
}
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def organizations(ec2: LocalEC2, connect: Connect) -> Any:
    ec2.seed_organization(**ORGANIZATION)
    return connect("organizations")


@pytest.fixture
def of(ec2: LocalEC2, organizations: Any, connect: Connect) -> Callable[[str], Any]:
    """A client of an account whose IAM policies allow everything."""
    return lambda account: connect("organizations", principal=ec2.principal("somebody", ANYTHING, account))


def test_what_seeding_answers(ec2: LocalEC2) -> None:
    made = ec2.seed_organization(**ORGANIZATION)
    assert made["arn"] == f"arn:aws:organizations::{MANAGEMENT}:organization/o-abcdefghij"
    assert made["units"]["Workloads/Prod"] == f"arn:aws:organizations::{MANAGEMENT}:ou/o-abcdefghij/{PROD}"
    with pytest.raises(LocalEC2Error, match="unknown field: color; known: management_account"):
        ec2.seed_organization(color="red")
    with pytest.raises(LocalEC2Error, match="unknown field: path; known: account_id, name, ou"):
        ec2.seed_organization(accounts=[{"path": "Workloads"}])


def test_an_account_has_its_path_and_both_states(organizations: Any) -> None:
    listed = {account["Id"]: account for account in organizations.list_accounts()["Accounts"]}
    shown = {account: (each["Paths"], each["State"], each["Status"]) for account, each in listed.items()}
    assert shown == {
        MANAGEMENT: ([f"o-abcdefghij/r-ab12/{MANAGEMENT}/"], "ACTIVE", "ACTIVE"),
        DELEGATE: ([f"o-abcdefghij/r-ab12/{DELEGATE}/"], "ACTIVE", "ACTIVE"),
        MEMBER: ([f"o-abcdefghij/r-ab12/{TOP}/{PROD}/{MEMBER}/"], "ACTIVE", "ACTIVE"),
        CLOSED: ([f"o-abcdefghij/r-ab12/{TOP}/{CLOSED}/"], "CLOSED", "SUSPENDED"),
    }


def test_an_ou_has_its_path(organizations: Any) -> None:
    (root,) = organizations.list_roots()["Roots"]
    (top,) = organizations.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    (prod,) = organizations.list_organizational_units_for_parent(ParentId=top["Id"])["OrganizationalUnits"]
    assert (top["Name"], top["Path"]) == ("Workloads", f"o-abcdefghij/r-ab12/{TOP}/")
    assert (prod["Name"], prod["Path"]) == ("Prod", f"o-abcdefghij/r-ab12/{TOP}/{PROD}/")
    assert organizations.list_organizational_units_for_parent(ParentId=PROD)["OrganizationalUnits"] == []


def test_accounts_for_a_parent_are_those_directly_below(organizations: Any) -> None:
    below = {parent: organizations.list_accounts_for_parent(ParentId=parent) for parent in ("r-ab12", TOP, PROD)}
    found = {parent: [account["Id"] for account in answer["Accounts"]] for parent, answer in below.items()}
    assert found == {"r-ab12": [MANAGEMENT, DELEGATE], TOP: [CLOSED], PROD: [MEMBER]}


def test_tags_are_those_of_the_account(organizations: Any) -> None:
    assert organizations.list_tags_for_resource(ResourceId=DELEGATE)["Tags"] == [{"Key": "team", "Value": "platform"}]
    assert organizations.list_tags_for_resource(ResourceId=MEMBER)["Tags"] == []


def test_before_2026_there_were_no_paths(ec2: LocalEC2, organizations: Any) -> None:
    ec2.switch(without_paths=True)
    units = organizations.list_organizational_units_for_parent(ParentId="r-ab12")["OrganizationalUnits"]
    accounts = organizations.list_accounts()["Accounts"]
    assert {name for each in [*accounts, *units] for name in each} & {"Path", "Paths", "State"} == set()
    assert {each["Status"] for each in accounts} == {"ACTIVE", "SUSPENDED"}


def pages(operation: Callable[..., Any], **options: Any) -> list[int]:
    """How many accounts each page has."""
    found: list[int] = []
    token: dict[str, str] = {}
    while True:
        page = operation(**options, **token)
        found.append(len(page["Accounts"]))
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def test_pages_hold_twenty_or_fewer(ec2: LocalEC2, connect: Connect) -> None:
    members = [{"account_id": f"{number:012}", "name": f"a{number}"} for number in range(49)]
    ec2.seed_organization(accounts=members)
    accounts = connect("organizations").list_accounts
    assert pages(accounts) == [20, 20, 10]
    assert pages(accounts, MaxResults=15) == [15, 15, 15, 5]
    ec2.switch(empty_pages=True)
    assert pages(accounts) == [0, 20, 0, 20, 0, 10]


@pytest.mark.parametrize("options", [{"MaxResults": 21}, {"NextToken": "odd"}])
def test_pages_that_are_refused(organizations: Any, refusal: Callable[..., Refusal], options: dict[str, Any]) -> None:
    assert refusal(organizations.list_accounts, **options)[:2] == (400, "InvalidInputException")


@pytest.mark.parametrize("account", [MANAGEMENT, DELEGATE])
def test_who_may_list(of: Callable[[str], Any], account: str) -> None:
    assert len(of(account).list_accounts()["Accounts"]) == 4


def test_a_member_may_only_describe_the_organization(of: Callable[[str], Any], refusal: Callable[..., Refusal]) -> None:
    member = of(MEMBER)
    assert member.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
    message = "You don't have permissions to access this resource."
    assert refusal(member.list_accounts) == (400, "AccessDeniedException", message)
    assert refusal(member.list_roots) == (400, "AccessDeniedException", message)


def test_an_account_of_no_organization(of: Callable[[str], Any], refusal: Callable[..., Refusal]) -> None:
    code = "AWSOrganizationsNotInUseException"
    for operation in (of(OUTSIDER).describe_organization, of(OUTSIDER).list_accounts):
        assert refusal(operation) == (400, code, "Your account is not a member of an organization.")


def test_iam_comes_first(ec2: LocalEC2, organizations: Any, connect: Connect, refusal: Callable[..., Refusal]) -> None:
    for account in (MANAGEMENT, MEMBER, OUTSIDER):
        nobody = connect("organizations", principal=ec2.principal("nobody", None, account))
        status, code, message = refusal(nobody.list_accounts)
        assert (status, code) == (400, "AccessDeniedException")
        assert "is not authorized to perform: organizations:ListAccounts on resource: *" in message


def test_throttling_as_it_was_reported(ec2: LocalEC2, organizations: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.switch(throttle_every=1)
    message = "another request is already in progress. Try again later."
    status, code, text = refusal(organizations.list_accounts)
    assert (status, code, message in text) == (400, "TooManyRequestsException", True)


def test_a_reset_forgets_who_belongs_where(of: Callable[[str], Any], ec2: LocalEC2) -> None:
    ec2.reset()
    ec2.seed_organization(management_account=MEMBER, organization_id="o-1234567890")
    assert of(MEMBER).describe_organization()["Organization"]["Id"] == "o-1234567890"
