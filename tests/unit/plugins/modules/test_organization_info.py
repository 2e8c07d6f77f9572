# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""organization_info over HTTP: what is found, at what cost, by which API, and what those are told who may not list."""

from __future__ import annotations

import typing as t

import pytest
from unit.images import Clock
from unit.images import warned
from unit.organizations import large

from local_ec2.client import LocalEC2

MANAGEMENT, DELEGATE, PAYMENTS, SEARCH, FORMER = (
    "123456789012",
    "222222222222",
    "333333333333",
    "444444444444",
    "555555555555",
)
OUTSIDER = "999999999999"
ORGANIZATION = {
    "id": "o-abcdefghij",
    "arn": f"arn:aws:organizations::{MANAGEMENT}:organization/o-abcdefghij",
    "management_account_id": MANAGEMENT,
}
UNITS = {"Workloads": "ou-ab12-workload", "Workloads/Prod": "ou-ab12-prodprod", "Workloads/Empty": "ou-ab12-empty000"}
SMALL: dict[str, t.Any] = {
    "units": UNITS,
    "accounts": [
        {"account_id": DELEGATE, "name": "images", "ou": "Workloads", "tags": {"team": "platform"}},
        {"account_id": PAYMENTS, "name": "payments-prod", "ou": "Workloads/Prod"},
        {"account_id": SEARCH, "name": "search-prod", "ou": "Workloads/Prod"},
        {"account_id": FORMER, "name": "former-prod", "ou": "Workloads/Prod", "state": "CLOSED"},
    ],
    "delegated_administrators": [DELEGATE],
}
LISTS = ("organizations:ListAccounts", "organizations:ListOrganizationalUnitsForParent")

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module("organization_info", **{"region": "us-east-1", **options})


@pytest.fixture
def keys(ec2: LocalEC2) -> t.Callable[..., dict[str, str]]:
    """Return the keys of a user of an account who may do these actions, or everything."""

    def keys(account: str, *actions: str) -> dict[str, str]:
        allow = {"Effect": "Allow", "Action": list(actions) or "*", "Resource": "*"}
        user = ec2.principal("somebody", {"Version": "2012-10-17", "Statement": [allow]}, account)
        return {name: user[name] for name in ("access_key", "secret_key")}

    return keys


def unit_arn(unit_id: str) -> str:
    return f"arn:aws:organizations::{MANAGEMENT}:ou/o-abcdefghij/{unit_id}"


def unit(path: str) -> Json:
    return {"id": UNITS[path], "arn": unit_arn(UNITS[path]), "name": path.rpartition("/")[2], "ou_path": path}


def account(account_id: str, name: str, path: str, *ou_ids: str, state: str = "ACTIVE") -> Json:
    arn = f"arn:aws:organizations::{MANAGEMENT}:account/o-abcdefghij/{account_id}"
    where = {"ou_path": path, "ou_ids": list(ou_ids), "org_unit_arns": [unit_arn(each) for each in ou_ids]}
    return {"id": account_id, "name": name, "state": state, "arn": arn, **where}


IN_PROD = (UNITS["Workloads/Prod"], UNITS["Workloads"])
WHOLE = [
    account(MANAGEMENT, "management", ""),
    account(DELEGATE, "images", "Workloads", UNITS["Workloads"]),
    account(PAYMENTS, "payments-prod", "Workloads/Prod", *IN_PROD),
    account(SEARCH, "search-prod", "Workloads/Prod", *IN_PROD),
    account(FORMER, "former-prod", "Workloads/Prod", *IN_PROD, state="CLOSED"),
]


def test_an_organization_whole(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**SMALL)
    result = run()
    assert not result["failed"], result["msg"]
    assert not result["changed"]
    assert result["organization"] == ORGANIZATION
    assert result["accounts"] == WHOLE
    assert result["organizational_units"] == [unit("Workloads"), unit("Workloads/Empty"), unit("Workloads/Prod")]
    assert "error" not in result
    assert warned(result) == []


def test_without_ous_only_their_names_are_missing(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**SMALL)
    result = run(organizational_units=False)
    assert result["organizational_units"] == []
    assert result["accounts"] == [{**each, "ou_path": None} for each in WHOLE]


def test_tags_are_read_when_asked_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**SMALL)
    tags = {each["id"]: each["tags"] for each in run(tags=True)["accounts"]}
    assert tags == {**{each["id"]: {} for each in WHOLE}, DELEGATE: {"team": "platform"}}
    assert ec2.summary()["ListTagsForResource"] == len(WHOLE)


# The budget of requests.

LARGE = large()
COSTS = {
    "with OUs": ({}, {"DescribeOrganization": 1, "ListAccounts": 25, "ListOrganizationalUnitsForParent": 61}),
    "without": ({"organizational_units": False}, {"DescribeOrganization": 1, "ListAccounts": 25}),
}


@pytest.mark.parametrize(("options", "requests"), COSTS.values(), ids=list(COSTS))
def test_five_hundred_accounts_and_sixty_ous_cost_their_budget(
    ec2: LocalEC2, run: Run, options: Json, requests: Json
) -> None:
    ec2.seed_organization(**LARGE)
    result = run(**options)
    assert len(result["accounts"]) == 500
    assert {each["id"] for each in result["organizational_units"]} == (
        {*LARGE["units"].values()} if not options else set()
    )
    assert ec2.summary() == requests


# Other APIs, pages and disturbances lead to the same.


def test_empty_pages_are_not_the_end(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**LARGE)
    expected = run(tags=False)
    ec2.switch(empty_pages=True)
    assert run() == expected


def test_an_api_without_paths_is_walked(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**LARGE)
    expected = run()
    ec2.switch(without_paths=True)
    ec2.clear()
    assert run() == expected
    assert ec2.summary() == {
        "DescribeOrganization": 1,
        "ListAccounts": 1,
        "ListRoots": 1,
        "ListOrganizationalUnitsForParent": 61,
        "ListAccountsForParent": 61,
    }


def test_an_api_without_paths_says_where_accounts_are_without_names_too(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**SMALL)
    expected = run(organizational_units=False)
    ec2.switch(without_paths=True)
    closed = {"CLOSED": "SUSPENDED"}
    old = [{**each, "state": closed.get(each["state"], each["state"])} for each in expected["accounts"]]
    assert run(organizational_units=False) == {**expected, "accounts": old}


@pytest.mark.parametrize("where", [MANAGEMENT, DELEGATE, SEARCH])
def test_an_account_that_is_listed_without_its_path_is_found_by_its_parents(
    ec2: LocalEC2, run: Run, where: str
) -> None:
    ec2.seed_organization(**SMALL)
    expected = run()
    ec2.switch(accounts_without_paths=[where])
    ec2.clear()
    assert run() == expected
    assert (ec2.summary()["ListAccounts"], "ListRoots" in ec2.summary()) == (1, False)


# What somebody removes while it is read: the error that says so, what is gone, and how Organizations answers.
REMOVED: dict[str, tuple[str, str, Json]] = {
    "an OU": ("ParentNotFoundException", UNITS["Workloads/Empty"], {}),
    "an OU, walked": ("ParentNotFoundException", UNITS["Workloads/Empty"], {"without_paths": True}),
    "an account": ("TargetNotFoundException", SEARCH, {}),
    "an account without its path": ("ChildNotFoundException", SEARCH, {"accounts_without_paths": [SEARCH]}),
}


@pytest.mark.parametrize(("code", "gone", "switches"), REMOVED.values(), ids=list(REMOVED))
def test_what_is_removed_meanwhile_is_left_out(ec2: LocalEC2, run: Run, code: str, gone: str, switches: Json) -> None:
    ec2.seed_organization(**SMALL)
    expected = {part: [each["id"] for each in run()[part]] for part in ("accounts", "organizational_units")}
    ec2.switch(errors_of={gone: {"code": code}}, **switches)
    result = run(tags=True)
    assert not result["failed"], result["msg"]
    found = {part: [each["id"] for each in result[part]] for part in expected}
    assert found == {part: [each for each in ids if each != gone] for part, ids in expected.items()}
    assert "error" not in result


def test_a_busy_organization_is_waited_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**SMALL)
    expected = run()
    ec2.clear()
    ec2.switch(throttle_every=5)
    assert run() == expected
    assert "TooManyRequestsException" in {request["code"] for request in ec2.requests()}


def test_one_that_stays_busy_fails_with_its_words(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_organization(**SMALL)
    ec2.switch(throttle_every=1)
    result = run(aws_config={"retries": {"total_max_attempts": 2}})
    assert result["failed"]
    assert (
        "DescribeOrganization: TooManyRequestsException: AWS Organizations can't complete your request" in result["msg"]
    )


def test_one_that_changes_is_asked_again(ec2: LocalEC2, run: Run, clock: Clock) -> None:
    ec2.seed_organization(**SMALL)
    changing = {"code": "ConcurrentModificationException", "action": "DescribeOrganization"}
    ec2.switch(errors_of={"o-abcdefghij": {**changing, "times": 2}})
    assert run()["accounts"] == WHOLE
    assert ec2.summary()["DescribeOrganization"] == 3


def test_one_that_keeps_changing_fails(ec2: LocalEC2, run: Run, clock: Clock) -> None:
    ec2.seed_organization(**SMALL)
    ec2.switch(errors_of={"o-abcdefghij": {"code": "ConcurrentModificationException"}})
    result = run()
    assert result["failed"]
    assert "DescribeOrganization: ConcurrentModificationException" in result["msg"]
    assert ec2.summary() == {"DescribeOrganization": 5}


def test_a_region_is_not_needed(ec2: LocalEC2, run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ec2.seed_organization(**SMALL)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert run_module("organization_info")["accounts"] == WHOLE


# Who may list.


def test_a_delegated_administrator_reads_what_the_management_account_reads(
    ec2: LocalEC2, run: Run, keys: t.Callable[..., dict[str, str]]
) -> None:
    ec2.seed_organization(**SMALL)
    assert run(**keys(DELEGATE))["accounts"] == WHOLE


def denied(result: Json, message: str) -> str:
    """Check what somebody gets who may not list, and return the warning."""
    assert not result["failed"], result["msg"]
    assert result["organization"] == ORGANIZATION
    assert (result["accounts"], result["organizational_units"]) == ([], [])
    error = result["error"]
    assert message in error.pop("message")
    assert error.pop("request_id")
    operation = error.pop("operation")
    assert error == {"code": "AccessDeniedException", "predicted": False}
    (warning,) = warned(result)
    assert warning.startswith(f"No accounts and OUs are returned: {operation}: AccessDeniedException: ")
    return warning


def test_a_member_is_told_whose_credentials_to_use(
    ec2: LocalEC2, run: Run, keys: t.Callable[..., dict[str, str]]
) -> None:
    ec2.seed_organization(**SMALL)
    warning = denied(run(**keys(PAYMENTS)), "You don't have permissions to access this resource.")
    assert f"Only the management account ({MANAGEMENT}) and delegated administrators may list" in warning
    assert "make this account a delegated administrator" in warning


@pytest.mark.parametrize("missing", LISTS)
def test_who_lacks_a_permission_is_told_which(
    ec2: LocalEC2, run: Run, keys: t.Callable[..., dict[str, str]], missing: str
) -> None:
    ec2.seed_organization(**SMALL)
    others = [each for each in ("organizations:DescribeOrganization", *LISTS) if each != missing]
    warning = denied(run(**keys(MANAGEMENT, *others)), f"is not authorized to perform: {missing} ")
    assert "Allow the action to this user or role" in warning


def test_who_may_not_list_tags_gets_all_else(ec2: LocalEC2, run: Run, keys: t.Callable[..., dict[str, str]]) -> None:
    ec2.seed_organization(**SMALL)
    result = run(tags=True, **keys(MANAGEMENT, "organizations:DescribeOrganization", *LISTS))
    assert not result["failed"], result["msg"]
    assert result["accounts"] == [{**each, "tags": None} for each in WHOLE]
    assert len(result["organizational_units"]) == len(UNITS)
    assert (result["error"]["operation"], result["error"]["code"]) == ("ListTagsForResource", "AccessDeniedException")
    (warning,) = warned(result)
    assert warning.startswith("No tags are returned: ListTagsForResource: AccessDeniedException: ")
    assert "is not authorized to perform: organizations:ListTagsForResource " in warning


def test_an_account_of_no_organization_fails(ec2: LocalEC2, run: Run, keys: t.Callable[..., dict[str, str]]) -> None:
    ec2.seed_organization(**SMALL)
    result = run(**keys(OUTSIDER))
    assert result["failed"]
    assert "AWSOrganizationsNotInUseException: Your account is not a member of an organization" in result["msg"]


def test_who_may_not_even_describe_the_organization_fails(
    ec2: LocalEC2, run: Run, keys: t.Callable[..., dict[str, str]]
) -> None:
    ec2.seed_organization(**SMALL)
    result = run(**keys(MANAGEMENT, *LISTS))
    assert result["failed"]
    assert "is not authorized to perform: organizations:DescribeOrganization" in result["msg"]
