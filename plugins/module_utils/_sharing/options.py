# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The options of a run over policies: from what a user wrote to values, with every problem found at once. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._attributes.options import CARE
from .._attributes.options import PACE
from .._attributes.options import endpoint_problems
from .._attributes.options import region_problems
from .._attributes.permissions import USER_IDS
from .._attributes.permissions import Permission
from .policies import Given
from .policies import InvalidPoliciesError
from .policies import Policy
from .policies import parse_policies
from .policies import parse_principals
from .policies import quoted


def as_the_role(option: str, spec: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the specification of a module's option, with the name of the role's variable as an alias."""
    return {option: {**spec, "aliases": [f"ami_sharing_{option}"]}}


# The options that go with policies and with a backup alike.
ARGUMENT_SPEC: dict[str, t.Any] = {
    "allow_public": {"type": "bool", "default": False},
    **as_the_role("max_revocations", {"type": "int"}),
    **as_the_role("protected_principals", {"type": "list", "elements": "raw", "default": []}),
    **as_the_role("account_names", {"type": "dict"}),
    **as_the_role("preflight", CARE["preflight"]),
    **as_the_role("backup", CARE["backup"]),
    "wait": PACE["wait"],
    **as_the_role("wait_timeout", PACE["wait_timeout"]),
    **as_the_role("concurrency", PACE["concurrency"]),
}


@dataclass(frozen=True)
class Options:
    """What a task asks for besides the policies. ``names`` are those of accounts, by id."""

    protected: tuple[Permission, ...]
    max_revocations: int | None
    names: t.Mapping[str, str]
    report: bool
    audit: bool
    check_mode: bool
    preflight: bool = False

    def named(self, principal: str) -> str:
        """Return an account with its name, where it has one, and any other principal as it is."""
        return f"{principal} ({self.names[principal]})" if principal in self.names else principal


def parse(
    params: t.Mapping[str, t.Any],
    region: str | None,
    endpoint_region: str | None = None,
    *,
    check_mode: bool,
    found: t.Iterable[str] = (),
) -> tuple[tuple[Policy, ...], Options]:
    """Return the policies and the options; raise InvalidPoliciesError with every problem, including those ``found``."""
    regions = None if params["regions"] is None else [each.strip() for each in params["regions"]]
    given = Given(region, regions, params["allow_public"])
    policies, problems = parse_policies(params["policies"], given)
    problems += _region_problems(regions)
    problems += endpoint_problems(endpoint_region, (each for policy in policies for each in policy.regions))
    options = parse_options(params, problems, check_mode=check_mode)
    problems += found
    if problems:
        raise InvalidPoliciesError(problems)
    return policies, options


def parse_options(params: t.Mapping[str, t.Any], problems: list[str], *, check_mode: bool) -> Options:
    """Return the options that do not depend on what is changed; append what is wrong with them to ``problems``."""
    protected = _protected(params["protected_principals"], problems)
    given_names = params["account_names"] or {}
    # An account without a name is shown by its id. quoted() keeps a name on one line.
    names = {str(account): quoted(name)[1:-1] for account, name in given_names.items() if name not in (None, "")}
    odd = [str(account) for account in given_names if USER_IDS.problem(str(account))]
    problems += [f"account_names: '{account}' {USER_IDS.problem(account)}" for account in odd]
    problems += _too_small(params)
    return Options(
        protected,
        params["max_revocations"],
        names,
        report=params.get("report", False),
        audit=params.get("audit", False),
        check_mode=check_mode,
        preflight=params["preflight"],
    )


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
