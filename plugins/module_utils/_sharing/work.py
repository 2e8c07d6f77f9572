# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What a run over policies knows so far: its resources, which policies speak of them, and what stops the run.

Only state and what follows from it lives here. Pure.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from functools import cached_property

from .._attributes.snapshots import is_associated
from .legs import KEY_LEG
from .legs import LEGS
from .legs import SNAPSHOT_LEG
from .legs import Leg

if t.TYPE_CHECKING:
    from .._attributes.plan import Asked
    from .._attributes.plan import Failure
    from .._attributes.subject import Subject
    from .._attributes.subject import Target
    from .merge import Speakers
    from .policies import Policy


@dataclass
class Work:
    """The resources of a run, by target, and the numbers of the policies that speak of each.

    Each leg has a field for its resources and one for the numbers, named after the key of the resources in results.

    ``selected`` are the images of each policy, in order. ``behind`` names the snapshots behind each image whose
    snapshots some policy shares, ``keys_behind`` the keys behind each image whose keys some policy looks at. The
    policies ``looking_at_keys`` share a key or only report on it, and ``unread_keys`` are those of the latter that
    could not be read, and why. ``ungranted`` are keys that somebody should use and that the plan does not grant them,
    ``unrevoked`` images that somebody should not launch and that the plan does not take from them.
    ``encrypted_under`` has the keys of snapshots that no policy shares, ``associated`` those of them that are under
    other keys as well. ``alone`` are
    images whose failure stops nothing else. ``stopped`` are the reasons not to change anything, ``left_undone`` is what
    could not even be asked for, so that the run fails at its end; ``warnings`` are for the user.
    """

    policies: t.Sequence[Policy]
    selected: list[list[Target]] = field(default_factory=list)
    images: dict[Target, Subject] = field(default_factory=dict)
    snapshots: dict[Target, Subject] = field(default_factory=dict)
    keys: dict[Target, Subject] = field(default_factory=dict)
    spoken_of_images: dict[Target, Speakers] = field(default_factory=dict)
    spoken_of_snapshots: dict[Target, Speakers] = field(default_factory=dict)
    spoken_of_keys: dict[Target, Speakers] = field(default_factory=dict)
    looking_at_keys: dict[Target, Speakers] = field(default_factory=dict)
    behind: dict[Target, tuple[Target, ...]] = field(default_factory=dict)
    keys_behind: dict[Target, tuple[Target, ...]] = field(default_factory=dict)
    encrypted_under: dict[Target, str] = field(default_factory=dict)
    associated: set[Target] = field(default_factory=set)
    unread_keys: dict[Target, Failure] = field(default_factory=dict)
    ungranted: set[Target] = field(default_factory=set)
    unrevoked: set[Target] = field(default_factory=set)
    left_out: set[Target] = field(default_factory=set)
    alone: set[Target] = field(default_factory=set)
    stopped: list[str] = field(default_factory=list)
    left_undone: t.Sequence[str] = ()
    warnings: list[str] = field(default_factory=list)

    def subjects_of(self, leg: Leg) -> list[Subject]:
        subjects: dict[Target, Subject] = getattr(self, leg.resource.result_key)
        return list(subjects.values())

    def spoken_of(self, leg: Leg) -> t.Mapping[Target, Speakers]:
        spoken: dict[Target, Speakers] = getattr(self, f"spoken_of_{leg.resource.result_key}")
        return spoken

    def take_up(self, subject: Subject, speakers: Speakers) -> None:
        """Add a resource that is known before anything is read."""
        key = subject.resource.result_key
        getattr(self, key)[subject.target] = subject
        getattr(self, f"spoken_of_{key}")[subject.target] = speakers

    def subject(self, target: Target) -> Subject:
        return next(found[target] for found in (self.images, self.snapshots, self.keys) if target in found)

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(Part(leg, self.policies, self.subjects_of(leg), self.spoken_of(leg)) for leg in LEGS)

    @property
    def snapshot_keys(self) -> dict[Target, str]:
        """The keys of the snapshots that have been read, an empty text for one that is not encrypted."""
        shared = {target: str(each.described.get("KmsKeyId") or "") for target, each in self.snapshots.items()}
        return {**self.encrypted_under, **shared}

    @property
    def associated_snapshots(self) -> set[Target]:
        """The snapshots that are under other keys as well, of those that have been read."""
        return self.associated | {target for target, each in self.snapshots.items() if is_associated(each.described)}

    @property
    def judged_keys(self) -> dict[Target, str]:
        """The keys by which it is judged what EC2 refuses, an empty text for a snapshot of which they say nothing."""
        return {**self.snapshot_keys, **dict.fromkeys(self.associated_snapshots, "")}

    @property
    def subjects(self) -> list[Subject]:
        return [subject for leg in LEGS for subject in self.subjects_of(leg)]

    def keys_of(self, number: int) -> list[Subject]:
        """Return the keys that a policy shares or reports on."""
        return [key for target, key in self.keys.items() if number in self.looking_at_keys.get(target, ())]

    def stop(self, reasons: t.Iterable[str]) -> None:
        """Add reasons not to change anything, each once."""
        self.stopped += [reason for reason in dict.fromkeys(reasons) if reason not in self.stopped]

    def shares_snapshots(self, image: Subject) -> bool:
        """Tell whether some policy shares the snapshots behind the image too."""
        return any(SNAPSHOT_LEG.asked(self.policies[number]) for number in self.spoken_of_images[image.target])

    def needs_snapshots(self, image: Subject) -> bool:
        """Tell whether some policy shares what is known by the snapshots behind the image: these, or their keys."""
        return self.shares_snapshots(image) or self.shares_keys(image)

    def shares_keys(self, image: Subject) -> bool:
        """Tell whether some policy shares the keys behind the image too."""
        return not self._sharing_keys.isdisjoint(self.spoken_of_images[image.target])

    @cached_property
    def _sharing_keys(self) -> frozenset[int]:
        return frozenset(number for number, policy in enumerate(self.policies) if KEY_LEG.asked(policy))

    def snapshots_behind(self, image: Subject) -> list[Subject]:
        return [self.snapshots[each] for each in self.behind.get(image.target, ()) if each in self.snapshots]

    def shared_behind(self, image: Subject) -> list[Subject]:
        """Return what is shared for the sake of the image: the keys and snapshots behind it."""
        return [*self.keys_shared_behind(image), *self.snapshots_behind(image)]

    def keys_shared_behind(self, image: Subject) -> list[Subject]:
        mine = frozenset(self.spoken_of_images[image.target])
        keys = self.keys_behind.get(image.target, ())
        return [self.keys[each] for each in keys if not mine.isdisjoint(self.spoken_of_keys.get(each, ()))]


@dataclass(frozen=True)
class Part:
    """The resources of one leg, and the numbers of the policies that speak of each."""

    leg: Leg
    policies: t.Sequence[Policy]
    subjects: t.Sequence[Subject]
    spoken: t.Mapping[Target, Speakers]

    def asked(self, subject: Subject) -> dict[int, tuple[Asked, ...]]:
        """Return what each of the policies that speak of the subject asks of it. A single policy asks for all of it."""
        numbers = self.spoken.get(subject.target, ())
        return {number: subject.asked if len(numbers) == 1 else self._asked[number] for number in numbers}

    @cached_property
    def _asked(self) -> list[tuple[Asked, ...]]:
        return [self.leg.asked(policy) for policy in self.policies]

    def of(self, number: int) -> list[Subject]:
        """Return the subjects that a policy speaks of."""
        return [subject for subject in self.subjects if number in self.spoken.get(subject.target, ())]
