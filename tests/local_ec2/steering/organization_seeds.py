# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Making an organization from the object that the control API takes, and the one of ``--seed``.

Only creation lives here.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any

from moto.organizations.models import FakeDelegatedAdministrator
from moto.organizations.models import FakeOrganizationalUnit
from moto.organizations.models import OrganizationsBackend
from moto.organizations.models import organizations_backends

from local_ec2.state.organization import PARTITION
from local_ec2.state.organization import Account
from local_ec2.steering import seeds

# The recipes name these.
UNITS = {
    "Infrastructure": "ou-ab12-infrastr",
    "Workloads": "ou-ab12-workload",
    "Workloads/Prod": "ou-ab12-prodprod",
    "Workloads/Prod/Europe": "ou-ab12-europe01",
    "Workloads/Test": "ou-ab12-testtest",
}
ACCOUNTS: list[dict[str, Any]] = [
    {"account_id": seeds.ACCOUNT, "name": "images", "ou": "Infrastructure"},
    {"account_id": "111122223333", "name": "payments-prod", "ou": "Workloads/Prod"},
    {"account_id": "222233334444", "name": "search-prod", "ou": "Workloads/Prod/Europe"},
    {"account_id": "333344445555", "name": "reports-prod", "ou": "Workloads/Prod"},
    {"account_id": "555566667777", "name": "sandbox-prod", "ou": "Workloads/Prod"},
    {"account_id": "666677778888", "name": "legacy-prod", "ou": "Workloads/Prod/Europe"},
    {"account_id": "777788889999", "name": "former-prod", "ou": "Workloads/Prod", "state": "SUSPENDED"},
    {"account_id": "888899990000", "name": "payments-test", "ou": "Workloads/Test"},
]


@dataclass
class MemberSpec:
    """One account. ``ou`` is the path of the OU that it is in, by names; without one it is below the root."""

    account_id: str
    name: str
    ou: str = ""
    state: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class OrganizationSpec:
    """An organization. Every field may be left out.

    ``units`` are the OUs, {path: id}, in which those above come first: {"Workloads": "ou-ab12-workload"}. The
    management account is below the root, and need not be among the ``accounts``. ``delegated_administrators`` are.
    """

    management_account: str = seeds.ACCOUNT
    organization_id: str = "o-abcdefghij"
    root_id: str = "r-ab12"
    units: dict[str, str] = field(default_factory=lambda: UNITS)
    accounts: list[dict[str, Any]] = field(default_factory=lambda: ACCOUNTS)
    delegated_administrators: list[str] = field(default_factory=list)


def create(item: dict[str, Any]) -> dict[str, Any]:
    """Make the organization; answers {arn, units: {path: arn}}. ValueError names unknown fields."""
    seeds.check([item], OrganizationSpec)
    spec = OrganizationSpec(**item)
    seeds.check(spec.accounts, MemberSpec)
    backend = _founded(spec)
    parents = {"": spec.root_id}
    for path, unit_id in spec.units.items():
        above, _slash, name = path.rpartition("/")
        unit = FakeOrganizationalUnit(backend.org, Name=name, ParentId=parents[above])  # type: ignore[arg-type]
        parents[path] = unit.id = unit_id
        backend.ou.append(unit)
    for member in spec.accounts:
        _join(backend, MemberSpec(**member), parents)
    accounts = {account.id: account for account in backend.accounts}
    backend.admins += [FakeDelegatedAdministrator(accounts[each]) for each in spec.delegated_administrators]
    units = {unit.id: unit.arn for unit in backend.ou}
    return {"arn": backend.org.arn, "units": {path: units[unit_id] for path, unit_id in spec.units.items()}}  # type: ignore[union-attr]


def _founded(spec: OrganizationSpec) -> OrganizationsBackend:
    backend = organizations_backends[spec.management_account][PARTITION]
    backend.create_organization("us-east-1")
    assert backend.org is not None
    backend.org.id, backend.org.root_id = spec.organization_id, spec.root_id
    for root in backend.ou:
        root.id, root.organization_id = spec.root_id, spec.organization_id
    backend.accounts = [Account(backend.org, spec.management_account, "management", spec.root_id, "ACTIVE")]
    return backend


def _join(backend: OrganizationsBackend, spec: MemberSpec, parents: dict[str, str]) -> None:
    assert backend.org is not None
    account = Account(backend.org, spec.account_id, spec.name, parents[spec.ou], spec.state)
    account.tags = dict(spec.tags)
    backend.accounts = [each for each in backend.accounts if each.id != account.id] + [account]
    if account.id != backend.account_id:
        organizations_backends.master_accounts[account.id] = (backend.account_id, PARTITION)
