# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Reading an organization, in the fewest requests and one at a time. Reading only.

Organizations refuses a request while another of the same organization is in progress, whoever sent that one. botocore
sends it again, as it does with what EC2 throttles.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import replace

from .ec2 import DENIALS
from .ec2 import EC2Error
from .result import error_of
from .result import failure_text
from .tree import Node
from .tree import Tree
from .tree import ou_ids
from .tree import root_id

if t.TYPE_CHECKING:
    from .attribute import Description
    from .plan import Failure
    from .runtime import Runtime

GLOBAL = "us-east-1"  # one Region stands for all: the service has one endpoint in each partition
_PAGE = 20  # the most that Organizations takes
# Somebody is changing the organization (documented for DescribeOrganization). botocore does not retry.
_CHANGING = "ConcurrentModificationException"
_PAUSES = (1, 2, 4, 8)  # seconds
_PLACE = ("", "organization")
_OF_IAM = "is not authorized to perform"  # what a denial by a policy says, and that of an account does not


@dataclass(frozen=True)
class Reader:
    """Organizations, asked one thing at a time."""

    runtime: Runtime
    region: str

    def describe(self) -> Description:
        organization: Description = self._ask("describe_organization")["Organization"]
        return organization

    def listed(self, operation: str, key: str, **arguments: t.Any) -> t.Iterator[Description]:
        """Yield what is listed, to the end: a page may be empty and others follow it."""
        token: dict[str, t.Any] = {}
        while True:
            page = self._ask(operation, **arguments, **token)
            yield from page.get(key, ())
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _ask(self, operation: str, **arguments: t.Any) -> t.Mapping[str, t.Any]:
        self.runtime.progress.plan("listed", [_PLACE])
        for seconds in _PAUSES:
            try:
                return self._asked(operation, **arguments)
            except EC2Error as error:
                if error.failure.code != _CHANGING:
                    raise
            self.runtime.clock.sleep(seconds)
        return self._asked(operation, **arguments)

    def _asked(self, operation: str, **arguments: t.Any) -> t.Mapping[str, t.Any]:
        answer = self.runtime.ec2.call(self.region, operation, service="organizations", **arguments)
        self.runtime.progress.done("listed", _PLACE)
        return answer


def read(runtime: Runtime, region: str, *, units: bool, tags: bool) -> tuple[dict[str, t.Any], list[str]]:
    """Return the organization as the module returns it, and warnings; raise EC2Error.

    What a caller may not list is no failure: nothing is listed, because a part would pass for the whole.
    """
    reader = Reader(runtime, region)
    organization = reader.describe()
    try:
        tree = _tree(reader, organization, units=units, tags=tags)
    except EC2Error as error:
        if error.failure.code not in DENIALS:
            raise
        denied = {**Tree(organization).as_result(), "error": error_of(error.failure)}
        return denied, [_what_to_do(error.failure, organization)]
    return tree.as_result(), []


def _tree(reader: Reader, organization: Description, *, units: bool, tags: bool) -> Tree:
    accounts = _accounts_with_paths(reader)
    if accounts:
        root = root_id(accounts[0].described["Paths"][0])
        found = _units(reader, root) if units else []
    else:
        accounts, found = _walked(reader)
    if tags:
        accounts = [replace(account, tags=_tags(reader, account.id)) for account in accounts]
    return Tree(organization, accounts, found if units else None)


def _accounts_with_paths(reader: Reader) -> list[Node]:
    """Return all accounts, or nothing where answers have no paths: with botocore before 1.42.80, for example."""
    accounts: dict[str, Node] = {}
    for account in reader.listed("list_accounts", "Accounts", MaxResults=_PAGE):
        if not account.get("Paths"):
            return []
        accounts[account["Id"]] = Node(account, ou_ids(account["Paths"][0]))
    return list(accounts.values())


def _units(reader: Reader, root: str) -> list[Node]:
    """Return all OUs below a root, by one list for each parent."""
    found: list[Node] = []
    parents: list[tuple[str, tuple[str, ...]]] = [(root, ())]
    for parent, above in parents:
        below = _below(reader, parent, above)
        found += below
        parents += [(unit.id, unit.ou_ids) for unit in below]
    return found


def _below(reader: Reader, parent: str, above: tuple[str, ...]) -> list[Node]:
    listed = reader.listed(
        "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent, MaxResults=_PAGE
    )
    return [Node(unit, (unit["Id"], *above)) for unit in listed]


def _walked(reader: Reader) -> tuple[list[Node], list[Node]]:
    """Return all accounts and OUs, by two lists for each parent: it takes these where answers have no paths."""
    roots = [root["Id"] for root in reader.listed("list_roots", "Roots", MaxResults=_PAGE)]
    units = [unit for root in roots for unit in _units(reader, root)]
    accounts: dict[str, Node] = {}
    for parent, above in [*((root, ()) for root in roots), *((unit.id, unit.ou_ids) for unit in units)]:
        for account in reader.listed("list_accounts_for_parent", "Accounts", ParentId=parent, MaxResults=_PAGE):
            accounts[account["Id"]] = Node(account, above)
    return list(accounts.values()), units


def _tags(reader: Reader, account: str) -> dict[str, str]:
    listed = reader.listed("list_tags_for_resource", "Tags", ResourceId=account)
    return {tag["Key"]: tag["Value"] for tag in listed}


def _what_to_do(failure: Failure, organization: Description) -> str:
    who = f"the management account ({organization['MasterAccountId']}) and delegated administrators"
    by_policy = _OF_IAM in failure.message
    advice = (
        f"Allow the action to this user or role. Note that only {who} may list accounts and OUs"
        if by_policy
        else f"Only {who} may list accounts and OUs. Use credentials of one of them, or have the management account"
        " make this account a delegated administrator of any service"
    )
    return f"No accounts and OUs are returned: {failure_text(failure)}. {advice}"
