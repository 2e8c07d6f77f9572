# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The organization of an account: moto's, with the paths that Organizations has shown since 2026.

Only what is in an organization lives here. moto makes an IAM role in every account, which takes seconds for 500.
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.organizations.models import FakeAccount
from moto.organizations.models import FakeOrganization
from moto.organizations.models import FakeOrganizationalUnit
from moto.organizations.models import OrganizationsBackend
from moto.organizations.models import organizations_backends

PARTITION = "aws"
#: Both were shown on 13 September 2026 (recorded). Status knows fewer states than State.
STATUS = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "ACTIVE"}


class Account(FakeAccount):
    """An account of an organization."""

    def __init__(self, organization: FakeOrganization, account_id: str, name: str, parent_id: str, state: str) -> None:
        self.type = "ACCOUNT"
        self.region = organization.region
        self.organization_id = organization.id
        self.master_account_id = organization.master_account_id
        self.id = account_id
        self.name = name
        self.email = f"{account_id}@example.com"
        self.create_time = utcnow()
        self.state = state
        self.status = STATUS.get(state, state)
        self.joined_method = "CREATED"
        self.parent_id = parent_id
        self.attached_policies = []
        self.tags = {}


def organization_of(account: str) -> OrganizationsBackend | None:
    """The organization that an account manages or belongs to."""
    management, partition = organizations_backends.master_accounts.get(account, (account, PARTITION))
    backend = organizations_backends[management][partition]
    return backend if backend.org else None


def may_list(backend: OrganizationsBackend, account: str) -> bool:
    """Whether it is the management account, or a delegated administrator of any service."""
    return account in (backend.account_id, *(admin.account.id for admin in backend.admins))


def path_of(backend: OrganizationsBackend, node: FakeAccount | FakeOrganizationalUnit) -> str:
    """``o-1/r-1/ou-1/111122223333/`` of an account, ``o-1/r-1/ou-1/`` of an OU (recorded)."""
    parents = {unit.id: unit.parent_id for unit in backend.ou}
    ids, parent = [node.id], node.parent_id
    while parent:
        ids.insert(0, parent)
        parent = parents[parent]
    return f"{node.organization_id}/{'/'.join(ids)}/"


def parent_path(account: str) -> str:
    """``o-1/r-1/ou-1/``, where an account is, or nothing outside of any organization."""
    backend = organization_of(account)
    if backend is None:
        return ""
    [path] = [path_of(backend, each) for each in backend.accounts if each.id == account]
    return path.removesuffix(f"{account}/")


def described(backend: OrganizationsBackend, node: FakeAccount | FakeOrganizationalUnit) -> dict[str, Any]:
    if isinstance(node, FakeAccount):
        return {**node.describe(), "Paths": [path_of(backend, node)]}
    return {"Id": node.id, "Arn": node.arn, "Name": node.name, "Path": path_of(backend, node)}
