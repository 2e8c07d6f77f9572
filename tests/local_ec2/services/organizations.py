# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Organizations: moto's, completed where it differs for reading an organization.

Only requests live here. Their order: IAM, whether the account is in an organization, whether it may list, an
injected error.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.organizations.models import FakeAccount
from moto.organizations.models import FakeOrganizationalUnit
from moto.organizations.models import OrganizationsBackend
from moto.organizations.responses import OrganizationsResponse

from local_ec2.api import errors
from local_ec2.services.kms import KmsRequest
from local_ec2.state.current import STATE
from local_ec2.state.organization import described
from local_ec2.state.organization import may_list
from local_ec2.state.organization import organization_of

PAGE = 20
#: What every account of an organization may call. The rest is for the management account and its delegates.
FOR_MEMBERS = ("DescribeOrganization",)
#: What a request is about, if not the organization.
SUBJECTS = ("ParentId", "ChildId", "ResourceId")
#: What shows where something is, and which state it is in, only since 2025 and 2026.
NEWER = ("Path", "Paths", "State")


class LocalOrganizationsResponse(OrganizationsResponse):
    """One request to Organizations."""

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        self._authenticate_and_authorize_action(KmsRequest, resource)
        backend, action = organization_of(self.current_account), self._get_action()
        if backend is None and action != "CreateOrganization":
            raise refused(errors.IN_NO_ORGANIZATION)
        if backend and action not in FOR_MEMBERS and not may_list(backend, self.current_account):
            raise refused(errors.MAY_NOT_LIST)
        if backend and backend.org:
            for each in (backend.org.id, *(self._get_param(name) for name in SUBJECTS)):
                self._refuse_injected(each)

    def _refuse_injected(self, node_id: str) -> None:
        injected = STATE.switches.injected(self._get_action(), node_id, "")
        if injected is not None:
            STATE.switches.use_up(node_id)
            raise JsonRESTError(injected.code, injected.message)

    @property
    def organizations_backend(self) -> OrganizationsBackend:
        """Of a member, its organization's: moto has one only for the management account."""
        return organization_of(self.current_account) or super().organizations_backend

    def list_roots(self) -> str:
        roots = [unit.describe() for unit in self.organizations_backend.ou if unit.type == "ROOT"]
        return self._page("Roots", roots)

    def list_accounts(self) -> str:
        return self._nodes("Accounts", self.organizations_backend.accounts)

    def list_accounts_for_parent(self) -> str:
        return self._nodes("Accounts", self._below(self.organizations_backend.accounts))

    def list_organizational_units_for_parent(self) -> str:
        return self._nodes("OrganizationalUnits", self._below(self.organizations_backend.ou))

    def list_tags_for_resource(self) -> str:
        return self._page("Tags", self.organizations_backend.list_tags_for_resource(**self.request_params)["Tags"])

    def _below(self, nodes: list[Any]) -> list[Any]:
        parent = self.organizations_backend.validate_parent_id(self._get_param("ParentId"))
        return [node for node in nodes if node.parent_id == parent]

    def _nodes(self, key: str, nodes: list[FakeAccount] | list[FakeOrganizationalUnit]) -> str:
        backend = self.organizations_backend
        return self._page(key, [_shown(described(backend, node)) for node in nodes])

    def _page(self, key: str, items: list[dict[str, Any]]) -> str:
        """With the switch ``empty_pages``, each page is preceded by an empty one, as AWS says may happen."""
        size, (start, emptied) = self._size(), self._position()
        if STATE.switches.empty_pages and not emptied:
            return json.dumps({key: [], "NextToken": _token(start, emptied=True)})
        answer: dict[str, Any] = {key: items[start : start + size]}
        if start + size < len(items):
            answer["NextToken"] = _token(start + size)
        return json.dumps(answer)

    def _size(self) -> int:
        size = self._get_param("MaxResults")
        if size is None:
            return PAGE
        if not 1 <= size <= PAGE:
            raise refused(errors.PAGE_SIZE)
        return int(size)

    def _position(self) -> tuple[int, bool]:
        token = self._get_param("NextToken")
        if token is None:
            return 0, False
        try:
            start, emptied = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError):
            raise refused(errors.PAGE_TOKEN) from None
        return start, emptied


def _token(start: int, *, emptied: bool = False) -> str:
    return base64.b64encode(json.dumps([start, emptied]).encode()).decode()


def _shown(answer: dict[str, Any]) -> dict[str, Any]:
    """With the switch ``without_paths``, as before 2026."""
    switches = STATE.switches
    left_out = NEWER if switches.without_paths or answer["Id"] in switches.accounts_without_paths else ()
    return {name: value for name, value in answer.items() if name not in left_out}


def refused(kind: errors.Kind) -> JsonRESTError:
    return JsonRESTError(kind.code, kind.text)
