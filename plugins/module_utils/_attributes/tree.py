# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""An organization as a tree: from what Organizations answers to accounts and OUs that know where they are. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

if t.TYPE_CHECKING:
    from .attribute import Description


@dataclass(frozen=True)
class Node:
    """An account or an OU, as it is described. ``ou_ids`` are the OUs that it is in, from the nearest up.

    An OU is in itself. ``tags`` are those of an account, None if they were not read.
    """

    described: Description
    ou_ids: tuple[str, ...]
    tags: t.Mapping[str, str] | None = None

    @property
    def id(self) -> str:
        return str(self.described["Id"])


@dataclass(frozen=True)
class Tree:
    """What was read of an organization.

    ``units`` is None if nobody asked for the names of OUs. ``tagged``: somebody asked for the tags of accounts.
    """

    organization: Description
    accounts: t.Sequence[Node] = ()
    units: t.Sequence[Node] | None = None
    tagged: bool = False
    _names: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._names.update({unit.id: unit.described["Name"] for unit in self.units or ()})

    def as_result(self) -> dict[str, t.Any]:
        """Return the tree as the module returns it: accounts by id, OUs by path. Mail addresses are left out."""
        return {
            "organization": {
                "id": self.organization["Id"],
                "arn": self.organization["Arn"],
                "management_account_id": self.organization["MasterAccountId"],
            },
            "accounts": [self._account(node) for node in sorted(self.accounts, key=lambda node: node.id)],
            "organizational_units": sorted(map(self._unit, self.units or ()), key=lambda unit: str(unit["ou_path"])),
        }

    def _account(self, node: Node) -> dict[str, t.Any]:
        described = node.described
        return {
            "id": node.id,
            "name": described.get("Name"),
            # Status ends in September 2026, and older answers have no State.
            "state": described.get("State") or described.get("Status"),
            "arn": described["Arn"],
            "ou_path": None if self.units is None else self._path(node),
            "ou_ids": list(node.ou_ids),
            "org_unit_arns": [self._unit_arn(ou_id) for ou_id in node.ou_ids],
            **({"tags": node.tags} if self.tagged else {}),
        }

    def _unit(self, node: Node) -> dict[str, t.Any]:
        described = node.described
        return {"id": node.id, "arn": described["Arn"], "name": described["Name"], "ou_path": self._path(node)}

    def _path(self, node: Node) -> str:
        # An OU that was made after its siblings were listed has no name yet.
        return "/".join(self._names.get(ou_id, ou_id) for ou_id in reversed(node.ou_ids))

    def _unit_arn(self, ou_id: str) -> str:
        head = str(self.organization["Arn"]).rpartition(":")[0]
        return f"{head}:ou/{self.organization['Id']}/{ou_id}"


def ou_ids(path: str) -> tuple[str, ...]:
    """Return the OUs of a path of Organizations, from the nearest up: ``o-1/r-1/ou-1/ou-2/111122223333/``."""
    return tuple(part for part in reversed(path.split("/")) if part.startswith("ou-"))


def root_id(path: str) -> str:
    """Return the root of a path of Organizations, which every one has."""
    return next(part for part in path.split("/") if part.startswith("r-"))
