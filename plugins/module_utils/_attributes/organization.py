# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Reading an organization, in the fewest requests and one at a time. Reading only.

Organizations refuses a request while another of the same organization is in progress, whoever sent that one. botocore
sends it again, as it does with what EC2 throttles.
"""

from __future__ import annotations

import itertools
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
_GONE = ("ParentNotFoundException", "ChildNotFoundException", "TargetNotFoundException")
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

    def listed_if_there(self, operation: str, key: str, **arguments: t.Any) -> list[Description] | None:
        """Return what is listed, or None if somebody has removed the account or the OU meanwhile."""
        try:
            return list(self.listed(operation, key, **arguments))
        except EC2Error as error:
            if error.failure.code not in _GONE:
                raise
            return None

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

    What a caller may not list is no failure: accounts and OUs, or tags, are not there, because a part of them would
    pass for the whole.
    """
    reader = Reader(runtime, region)
    tree = Tree(reader.describe())
    try:
        tree = replace(_tree(reader, tree.organization, units=units), tagged=tags)
        tree = _with_tags(reader, tree) if tags else tree
    except EC2Error as error:
        if error.failure.code not in DENIALS:
            raise
        return {**tree.as_result(), "error": error_of(error.failure)}, [_what_to_do(error.failure, tree)]
    return tree.as_result(), []


def _tree(reader: Reader, organization: Description, *, units: bool) -> Tree:
    accounts = _accounts_with_paths(reader)
    if accounts:
        root = next(root_id(account.described["Paths"][0]) for account in accounts if account.described.get("Paths"))
        found = _units(reader, root) if units else []
    else:
        accounts, found = _walked(reader)
    return Tree(organization, accounts, found if units else None)


def _accounts_with_paths(reader: Reader) -> list[Node]:
    """Return all accounts, or nothing where answers have no paths: with botocore before 1.42.80, for example."""
    listed = reader.listed("list_accounts", "Accounts", MaxResults=_PAGE)
    first = list(itertools.islice(listed, _PAGE))
    if not any(account.get("Paths") for account in first):
        return []
    accounts = {account["Id"]: account for account in itertools.chain(first, listed)}
    placed = [(account, _above(reader, account)) for account in accounts.values()]
    return [Node(account, above) for account, above in placed if above is not None]


def _above(reader: Reader, account: Description) -> tuple[str, ...] | None:
    """Return the OUs that an account is in, from the nearest up, or None if it is gone.

    One that is listed without its path takes a request for each of them.
    """
    if account.get("Paths"):
        return ou_ids(account["Paths"][0])
    found: list[str] = []
    child = account["Id"]
    while parents := reader.listed_if_there("list_parents", "Parents", ChildId=child):
        if parents[0]["Type"] == "ROOT":
            return tuple(found)
        child = parents[0]["Id"]
        found.append(child)
    return None


def _units(reader: Reader, root: str) -> list[Node]:
    """Return all OUs below a root, by one list for each parent."""
    found: dict[str, Node] = {}
    parents: list[tuple[str, tuple[str, ...]]] = [(root, ())]
    while parents:
        parent, above = parents.pop(0)
        below = reader.listed_if_there(
            "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent, MaxResults=_PAGE
        )
        if below is None:
            found.pop(parent, None)
        for unit in below or ():
            found[unit["Id"]] = Node(unit, (unit["Id"], *above))
            parents.append((unit["Id"], found[unit["Id"]].ou_ids))
    return list(found.values())


def _walked(reader: Reader) -> tuple[list[Node], list[Node]]:
    """Return all accounts and OUs, by two lists for each parent: it takes these where answers have no paths."""
    roots = [root["Id"] for root in reader.listed("list_roots", "Roots", MaxResults=_PAGE)]
    units = [unit for root in roots for unit in _units(reader, root)]
    accounts: dict[str, Node] = {}
    for parent, above in [*((root, ()) for root in roots), *((unit.id, unit.ou_ids) for unit in units)]:
        below = reader.listed_if_there("list_accounts_for_parent", "Accounts", ParentId=parent, MaxResults=_PAGE)
        accounts.update({account["Id"]: Node(account, above) for account in below or ()})
    return list(accounts.values()), units


def _with_tags(reader: Reader, tree: Tree) -> Tree:
    listed = [
        (account, reader.listed_if_there("list_tags_for_resource", "Tags", ResourceId=account.id))
        for account in tree.accounts
    ]
    accounts = [
        replace(account, tags={tag["Key"]: tag["Value"] for tag in tags})
        for account, tags in listed
        if tags is not None
    ]
    return replace(tree, accounts=accounts)


def _what_to_do(failure: Failure, tree: Tree) -> str:
    what = "tags" if tree.accounts else "accounts and OUs"
    who = f"the management account ({tree.organization['MasterAccountId']}) and delegated administrators"
    by_policy = _OF_IAM in failure.message
    advice = (
        f"Allow the action to this user or role. Note that only {who} may list accounts and OUs"
        if by_policy
        else f"Only {who} may list accounts and OUs. Use credentials of one of them, or have the management account"
        " make this account a delegated administrator of any service"
    )
    return f"No {what} are returned: {failure_text(failure)}. {advice}"
