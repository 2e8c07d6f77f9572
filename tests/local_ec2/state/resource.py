# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What images and snapshots have in common: attributes that can be changed, and the delay with which reads show it.

Only one resource's own state lives here. What may be done to it is decided by attribute_writes.py and sharing_rules.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import ClassVar

from local_ec2.state.grants import ORGANIZATION
from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import UNIT
from local_ec2.state.grants import USER
from local_ec2.state.grants import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from local_ec2.state.snapshots import Snapshot
    from local_ec2.state.sorts import Sort


@dataclass(frozen=True)
class Attributes:
    """What Modify requests can change: ``texts`` by EC2's names, those that were never set or were emptied left out.
    Old images have empty ones, which EC2 shows as such.

    A snapshot has ``grants`` only: its description stays as it was made.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    grants: frozenset[Grant] = frozenset()

    def with_text(self, name: str, value: str | None) -> Attributes:
        others = {other: text for other, text in self.texts.items() if other != name}
        return replace(self, texts={**others, name: value} if value else others)


class Resource:
    """Stands before moto's class among the bases of Image and Snapshot."""

    sort: ClassVar[Sort]
    id: Any
    owner_id: Any
    ec2_backend: Any
    state: Any
    product_codes: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._attributes = Attributes()
        self._past: list[tuple[float, Attributes]] = []
        self._since: dict[Grant, float] = {}
        self._made = time.monotonic()
        self.pending_reads = 0
        self.owner_tags: dict[str, str] = {}
        super().__init__(*args, **kwargs)

    @property
    def attributes(self) -> Attributes:
        """The truth, without lag."""
        return self._attributes

    @property
    def seen(self) -> Attributes:
        """What reads show now: EC2 is eventually consistent (EC2 Developer Guide, "Eventual consistency")."""
        now = time.monotonic()
        self._past = [(until, old) for until, old in self._past if until > now]
        return self._past[0][1] if self._past else self._attributes

    def change(self, attributes: Attributes, lag: float = 0) -> None:
        """Make ``attributes`` the truth; reads go on showing the old ones for ``lag`` seconds."""
        now = time.monotonic()
        if lag:
            self._past.append((now + lag, self._attributes))
        self._since = {grant: self._since.get(grant, now) for grant in attributes.grants}
        self._attributes = attributes

    @property
    def is_public(self) -> bool:
        return PUBLIC in self.seen.grants

    @property
    def storage(self) -> Sequence[Snapshot]:
        """The snapshots whose encryption decides who it may be shared with."""
        raise NotImplementedError

    @property
    def unseen(self) -> bool:
        """Whether EC2 does not know it yet, although it was created."""
        return False

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        return super().get_filter_value(filter_name, method_name)  # type: ignore[misc]

    def visible_to(self, account: str) -> bool:
        """Who is in which organization is not known. What is shared with one is visible where it was seeded."""
        if self.owner_id == account or self.is_public or (USER, account) in self.seen.grants:
            return True
        here = self.ec2_backend.account_id == account
        return here and any(kind in (ORGANIZATION, UNIT) for kind, _value in self.seen.grants)

    def found_by(self, account: str, lag: float) -> bool:
        """Whether filters find it: what is new, or newly shared with ``account``, only after ``lag`` seconds."""
        if not lag:
            return True
        known = [self._made] if self.owner_id == account else []
        known += [self._since[grant] for grant in (PUBLIC, (USER, account)) if grant in self._since]
        return min(known, default=self._made) + lag <= time.monotonic()

    def tags_for(self, backend: Any) -> dict[str, str]:
        """What the account of ``backend`` sees: its own tags and, of those of an image's owner, the shared ones.

        AWS announcement of October 2026, "AMI shared tags". What is seeded in the EC2 of an account other than its
        owner's has ``owner_tags``.
        """
        own: dict[str, str] = backend.tags.get(self.id, {})
        if backend.account_id == self.owner_id:
            return own
        given = self.owner_tags if self.ec2_backend is backend else self.ec2_backend.tags.get(self.id, {})
        return {**{key: value for key, value in given.items() if self.sort.shares_tag(key)}, **own}

    def get_tags(self) -> list[dict[str, str]]:
        """moto's own walks the tags of every resource, which is quadratic over a fleet."""
        tags: dict[str, str] = self.ec2_backend.tags.get(self.id, {})
        return [{"key": key, "value": value} for key, value in tags.items()]


def timestamp(moment: datetime) -> str:
    """EC2's text form, as ``2024-01-31T00:00:00.000Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
