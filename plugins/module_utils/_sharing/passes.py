# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Passes: in which order the plans of a run are sent, and what a failure in one pass holds back in a later one.

Grants reach the keys and snapshots behind an image before the image, and revocations go the other way round, so that
whoever is granted an image can launch and copy it at every moment. A new leg has its passes here. Pure: applying.py
sends them.
"""

from __future__ import annotations

import typing as t

from .._attributes.plan import Failure
from .._attributes.subject import NAMED
from .._attributes.subject import Subject
from .._attributes.subject import Target
from .._attributes.subject import healthy
from .legs import IMAGE_LEG
from .legs import KEY_LEG
from .legs import SNAPSHOT_LEG
from .legs import Leg

if t.TYPE_CHECKING:
    from .._attributes.attribute import Operation
    from .work import Work

HELD_BACK = "HeldBack"


class Pass(t.NamedTuple):
    """The operations that are sent over the resources of one leg, after ``hold_back`` has said what must wait."""

    leg: Leg
    operations: frozenset[Operation]
    hold_back: t.Callable[[Work], None]


def _nothing(_work: Work) -> None:
    pass


def _images_behind_whose_grants(work: Work) -> None:
    """The additions on an image wait for those behind it; its removals and other attributes do not."""
    for image in healthy(work.images.values()):
        behind = work.shared_behind(image)
        failed = [each for each in behind if each.lacks("add") or each.target in work.ungranted]
        if failed and image.lacks("add"):
            _hold_back(image, "add", "granting on", failed)


def _snapshots_of_images(work: Work) -> None:
    """The removals on a snapshot wait for those on its images: whoever can still launch one can still copy it."""
    _hold_back_behind(work, work.snapshots_behind)


def _keys_of_images(work: Work) -> None:
    """The removals on a key wait for those on its images too: whoever can still launch one still needs the key."""
    _hold_back_behind(work, work.keys_shared_behind)


def _hold_back_behind(work: Work, behind: t.Callable[[Subject], t.Iterable[Subject]]) -> None:
    failed: dict[Target, list[Subject]] = {}
    for image in work.images.values():
        if image.lacks("remove") or image.target in work.unrevoked:
            for each in behind(image):
                failed.setdefault(each.target, []).append(image)
    for target, images in failed.items():
        subject = work.subject(target)
        if subject.lacks("remove"):
            _hold_back(subject, "remove", "revoking on", images)


def _hold_back(subject: Subject, operation: Operation, what: str, failed: t.Sequence[Subject]) -> None:
    shown = ", ".join(str(each.target) for each in failed[:NAMED])
    subject.held_back = frozenset({operation})
    held_back = Failure(subject.resource.modify_action, HELD_BACK, f"Not sent, because {what} {shown} failed")
    subject.failure = subject.failure or held_back


# A text that EC2 refuses must not stop a revocation that another policy asks for, so texts come after permissions.
PASSES = (
    Pass(IMAGE_LEG, frozenset({"enable"}), _nothing),
    # All of a key is one write of its policy, but in a restoration with images: what that removes is a second one.
    Pass(KEY_LEG, frozenset({"add"}), _nothing),
    Pass(SNAPSHOT_LEG, frozenset({"add"}), _nothing),
    Pass(IMAGE_LEG, frozenset({"add", "remove"}), _images_behind_whose_grants),
    Pass(IMAGE_LEG, frozenset({"set"}), _nothing),
    Pass(IMAGE_LEG, frozenset({"disable"}), _nothing),
    Pass(SNAPSHOT_LEG, frozenset({"remove"}), _snapshots_of_images),
    Pass(KEY_LEG, frozenset({"remove"}), _keys_of_images),
)


def sendable(subjects: t.Iterable[Subject]) -> list[Subject]:
    """Return those for which a pass may send something: all but those that failed before anything was sent for them."""
    return [each for each in subjects if not each.failure or each.held_back or each.was_sent]
