# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One EC2 request on its way through an operation: who asks, where, and the steps that all operations share.

Only those steps live here, in EC2's order: IAM, dry run, lookup, injected error, ownership, state.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn

from moto.ec2.models import ec2_backends

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.api.parameters import Form
from local_ec2.api.parameters import flag
from local_ec2.state.current import STATE
from local_ec2.state.sorts import IMAGE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from local_ec2.state.resource import Resource
    from local_ec2.state.sorts import Sort
    from local_ec2.steering.switches import Switches


ONE_DIGIT = re.compile(r"-([0-9a-f])\1{16}$")


@dataclass(frozen=True)
class Call:
    """``denial`` is IAM's verdict, held back until the request's own errors have been checked."""

    action: str
    form: Form
    account: str
    region: str
    denial: Ec2Error | None

    @property
    def backend(self) -> Any:
        return ec2_backends[self.account][self.region]

    @property
    def switches(self) -> Switches:
        return STATE.switches

    @property
    def dry_run(self) -> bool:
        return flag(self.form, "DryRun") and not self.switches.ignore_dry_run

    def permit(self) -> None:
        """IAM's answer, and then that of a dry run, which proves nothing else."""
        if self.denial is not None:
            raise self.denial
        if self.dry_run:
            raise Ec2Error(errors.DRY_RUN)

    def well_formed(self, sort: Sort, resource_id: str) -> str:
        """EC2 rejects some well-formed ids as malformed, by an unknown rule.

        Ids that repeat a single digit are among those recorded, and are refused here too unless they were seeded.
        """
        odd = ONE_DIGIT.search(resource_id) and self.known(sort, resource_id) is None
        if odd or not sort.id_pattern.fullmatch(resource_id):
            raise Ec2Error(sort.refusals.malformed(self.action, resource_id), id=resource_id)
        return resource_id

    def known(self, sort: Sort, resource_id: str) -> Resource | None:
        """Whether the caller may see it or not."""
        found: Resource | None = getattr(self.backend, sort.collection).get(resource_id)
        return found or next((one for one in self._of_others(sort) if one.id == resource_id), None)

    def all_visible(self, sort: Sort) -> list[Resource]:
        """What the caller may see: in its own EC2, and what other accounts share with it from theirs."""
        own: dict[str, Resource] = getattr(self.backend, sort.collection)
        others = [one for one in self._of_others(sort) if one.id not in own]
        return [one for one in (*own.values(), *others) if one.visible_to(self.account)]

    def visible(self, sort: Sort, resource_id: str) -> Resource:
        """The image or snapshot, one's own or shared."""
        found = self.known(sort, self.well_formed(sort, resource_id))
        if found is None or found.unseen or not found.visible_to(self.account):
            raise Ec2Error(sort.refusals.not_found, id=resource_id)
        return found

    def _of_others(self, sort: Sort) -> Iterator[Resource]:
        """What other accounts own, in their EC2 of this Region."""
        for account, regions in list(ec2_backends.items()):
            if account != self.account and self.region in set(regions):  # Not "in regions", which makes it.
                resources: Iterable[Resource] = getattr(regions[self.region], sort.collection).values()
                yield from (one for one in resources if one.owner_id == account)

    def target(self, sort: Sort, resource_id: str, attribute: str = "") -> Resource:
        """The image or snapshot, if IAM permits the action, it exists and the caller owns it.

        IAM and a dry run are answered before the id is looked at (recorded for reading and resetting the permissions of
        snapshots; inferred for images). The switch ``dry_run_after_lookup`` has the other order.
        """
        if not self.switches.dry_run_after_lookup:
            self._permit(resource_id, attribute)
        return self._owned(sort, self.well_formed(sort, resource_id), attribute)

    def modified(self, sort: Sort, resource_id: str, attribute: str) -> Resource:
        """The same for Modify, which looks at the id first, and at IAM before the look-up only in a dry run.

        So a snapshot that does not exist is reported as such even to a caller whom IAM denies the action (recorded).
        """
        if self.dry_run and not self.switches.dry_run_after_lookup:
            self._permit(resource_id, attribute)
        return self._owned(sort, resource_id, attribute)

    def _permit(self, resource_id: str, attribute: str) -> None:
        injected = self.switches.injected(self.action, resource_id, attribute)
        if injected is not None and injected.code == errors.UNAUTHORIZED.code:
            self._refuse(injected, resource_id)
        self.permit()

    def _owned(self, sort: Sort, resource_id: str, attribute: str) -> Resource:
        resource = self._find(sort, resource_id)
        self._permit(resource_id, attribute)
        injected = self.switches.injected(self.action, resource_id, attribute)
        if injected is not None:
            self._refuse(injected, resource_id)
        if resource.owner_id != self.account:
            raise Ec2Error(errors.NOT_OWNER, id=resource_id)
        return resource

    def refuse_injected(self, ids: Iterable[str]) -> None:
        """The same for a read of many resources, for faults that name this action."""
        for resource_id in ids:
            named = self.switches.errors_of.get(resource_id, {}).get("action") == self.action
            injected = self.switches.injected(self.action, resource_id, "") if named else None
            if injected is not None:
                self._refuse(injected, resource_id)

    def _refuse(self, injected: Ec2Error, resource_id: str) -> NoReturn:
        self.switches.use_up(resource_id)
        raise injected

    def _find(self, sort: Sort, resource_id: str) -> Resource:
        """A deregistered id is "no longer available" before it becomes unknown (observed: ansible/ansible#24945).

        For reading or changing attributes, others' snapshots do not exist, shared or not (recorded).
        Nor do images that are hidden (assumed).
        """
        resource = self.known(sort, resource_id)
        if resource is not None and not resource.unseen:
            own = resource.owner_id == self.account
            if own or (sort is IMAGE and resource.visible_to(self.account)):
                return resource
        if resource_id in self.backend.deleted_amis:
            raise Ec2Error(errors.DEREGISTERED, id=resource_id)
        raise Ec2Error(sort.refusals.not_found, id=resource_id)


def in_state(resource: Resource, *states: str) -> Resource:
    """Observed for pending images: SUSE-Enceladus/ec2imgutils#45; the same text is assumed for failed and disabled."""
    if resource.state not in states:
        raise Ec2Error(resource.sort.refusals.wrong_state, id=resource.id, state=resource.state)
    return resource
