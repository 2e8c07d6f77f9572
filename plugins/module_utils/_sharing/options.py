# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The options of a run over policies: from what a user wrote to values, with every problem found at once. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._attributes.options import endpoint_problems
from .._attributes.options import region_problems
from .._attributes.permissions import USER_IDS
from .._attributes.permissions import Permission
from .policies import Given
from .policies import InvalidPoliciesError
from .policies import Policy
from .policies import Search
from .policies import parse_policies
from .policies import parse_principals
from .policies import quoted


@dataclass(frozen=True)
class Options:
    """What a task asks for besides the policies. ``names`` are those of accounts, by id."""

    protected: tuple[Permission, ...]
    max_revocations: int | None
    names: t.Mapping[str, str]
    report: bool
    audit: bool
    check_mode: bool

    def named(self, principal: str) -> str:
        """Return an account with its name, where it has one, and any other principal as it is."""
        return f"{principal} ({self.names[principal]})" if principal in self.names else principal


def parse(
    params: t.Mapping[str, t.Any], region: str | None, endpoint_region: str | None = None, *, check_mode: bool
) -> tuple[tuple[Policy, ...], Options]:
    """Return the policies and the options; raise InvalidPoliciesError with every problem."""
    regions = None if params["regions"] is None else [each.strip() for each in params["regions"]]
    given = Given(region, regions, params["allow_public"])
    policies, problems = parse_policies(params["policies"], given)
    problems += _region_problems(regions)
    problems += endpoint_problems(endpoint_region, (each for policy in policies for each in _regions_of(policy)))
    protected = _protected(params["protected_principals"], problems)
    given_names = params["account_names"] or {}
    # An account without a name is shown by its id. quoted() keeps a name on one line.
    names = {str(account): quoted(name)[1:-1] for account, name in given_names.items() if name not in (None, "")}
    odd = [str(account) for account in given_names if USER_IDS.problem(str(account))]
    problems += [f"account_names: '{account}' {USER_IDS.problem(account)}" for account in odd]
    problems += _too_small(params)
    if problems:
        raise InvalidPoliciesError(problems)
    limit = params["max_revocations"]
    return policies, Options(protected, limit, names, params["report"], params["audit"], check_mode)


def _regions_of(policy: Policy) -> t.Iterable[str]:
    selection = policy.selection
    return selection.regions if isinstance(selection, Search) else (target.region for target in selection)


def _region_problems(regions: t.Sequence[str] | None) -> list[str]:
    if regions is None:
        return []
    none = [] if regions else ["regions: names no Region; leave it out to search the task's Region"]
    return none + region_problems(regions, "regions")


def _protected(values: t.Any, problems: list[str]) -> tuple[Permission, ...]:
    found: list[str] = []
    # Ansible splits a text at its commas, and leaves the spaces after them.
    spaced = [value.strip(" ") if isinstance(value, str) else value for value in values]
    protected = parse_principals(spaced, found, everyone=True)
    problems += [f"protected_principals: {problem}" for problem in found]
    return protected


def _too_small(params: t.Mapping[str, t.Any]) -> list[str]:
    least = {"wait_timeout": 0, "concurrency": 1, "max_revocations": 0}
    given = {option: params[option] for option in least if params[option] is not None}
    return [
        f"{option}: {value} is less than {least[option]}" for option, value in given.items() if value < least[option]
    ]
