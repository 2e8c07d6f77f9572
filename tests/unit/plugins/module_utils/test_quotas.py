# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Quotas: what is asked of Service Quotas, how often, and what is said where it does not answer."""

from __future__ import annotations

import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes import predicting
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2Error
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import EVERYONE
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from ansible_collections.amikit.aws.plugins.module_utils._attributes.runtime import Runtime
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target

EAST, WEST = "us-east-1", "eu-west-1"
APPLIED, DEFAULT = "get_service_quota", "get_aws_default_service_quota"


class Answers:
    """Service Quotas and EC2: a value for each operation, or the code of its refusal. Each page has public images."""

    def __init__(
        self, answers: t.Mapping[str, float | str] = MappingProxyType({}), pages: t.Sequence[int] = (0,)
    ) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self._answers: dict[str, float | str] = {APPLIED: 5.0, **answers}
        self._pages = pages

    def call(self, region: str, operation: str, **_arguments: t.Any) -> dict[str, t.Any]:
        self.asked[region, operation] += 1
        answer = self._answers.get(operation, 0.0)
        if isinstance(answer, str):
            raise EC2Error(Failure(operation, answer, "No."))
        return {"Quota": {"Value": answer}, "ImageBlockPublicAccessState": "unblocked"}

    def pages(self, region: str, operation: str, **_arguments: t.Any) -> t.Iterator[dict[str, t.Any]]:
        for count in self._pages:
            self.call(region, operation)
            yield {"Images": [{}] * count}


def image(number: int, region: str, *entries: Permission, held: int = 0) -> Subject:
    """Return an image that is to get the entries beside so many accounts that it has."""
    attribute = IMAGES.permissions
    subject = Subject(
        IMAGES, Target(region, f"ami-0000000{number}"), (AskedPermissions(attribute, frozenset(entries)),)
    )
    subject.described = {"State": "available"}
    subject.read = {attribute.option: frozenset(Permission("user_ids", f"{each:012}") for each in range(held))}
    subject.make_plan(0)
    return subject


def predicted(answers: Answers, *subjects: Subject) -> tuple[list[str], list[str]]:
    """Return what is predicted of the subjects, and the warnings."""
    with ThreadPoolExecutor(1) as executor:
        warnings = predicting.predict(Runtime(t.cast("t.Any", answers), executor), subjects)
    return [subject.failure.message if subject.failure else "" for subject in subjects], warnings


NEW = Permission("user_ids", "9" * 12)


def test_nothing_is_asked_where_no_plan_comes_near() -> None:
    answers = Answers()
    assert predicted(answers, image(1, EAST, NEW, held=999)) == ([""], [])
    assert not answers.asked


def test_each_region_is_asked_once() -> None:
    answers = Answers(pages=(2,))
    subjects = [image(number, region, EVERYONE) for region in (EAST, WEST) for number in (1, 2, 3)]
    messages, warnings = predicted(answers, *subjects)
    assert (messages, warnings) == ([""] * 6, [])
    assert answers.asked[EAST, APPLIED] == answers.asked[WEST, APPLIED] == 1
    assert answers.asked[EAST, "describe_images"] == answers.asked[WEST, "describe_images"] == 1


def test_public_images_are_counted_on_every_page() -> None:
    (message,), _warnings = predicted(Answers(pages=(3, 2)), image(1, EAST, EVERYONE))
    assert message.startswith(
        "5 images are public in us-east-1, 1 more would be, and the quota is 5. Have it raised (aws "
    )
    assert message.endswith("--quota-code L-0E3CBAB9 --desired-value 6 --region us-east-1)")


@pytest.mark.parametrize(("value", "refused"), [(1001.0, False), (1000.0, True)])
def test_what_is_not_applied_is_aws_default(value: float, refused: bool) -> None:
    answers = Answers({APPLIED: "NoSuchResourceException", DEFAULT: value})
    (message,), warnings = predicted(answers, image(1, EAST, NEW, held=1000))
    assert (bool(message), warnings) == (refused, [])


def test_a_raised_quota_is_what_additions_are_held_against() -> None:
    """Additions and removals need not take turns where they fit beside each other."""
    subject = image(1, EAST, NEW, held=1000)
    subject.asked = (AskedPermissions(IMAGES.permissions, frozenset({NEW}), purge=True),)
    subject.make_plan(0)
    assert predicted(Answers({APPLIED: 3000.0}), subject) == ([""], [])
    assert [step.request.operation for step in subject.steps] == ["add", "remove"]


def test_where_it_cannot_be_read_a_warning_has_the_default_and_ec2_decides() -> None:
    answers = Answers({APPLIED: "AccessDeniedException", "describe_images": "UnauthorizedOperation"})
    subjects = [image(1, EAST, EVERYONE), image(2, WEST, EVERYONE), image(3, EAST, NEW, held=1000)]
    messages, warnings = predicted(answers, *subjects)
    assert messages == [""] * 3
    denied = "(get_service_quota: AccessDeniedException), by default"
    entries = f"the quota of launch permissions in us-east-1 {denied} 1,000"
    public = f"the quota of public AMIs in us-east-1 and 1 more {denied} 5"
    assert warnings == [f"Could not read {entries}, {public}; EC2 will decide"]
    answers = Answers({"describe_images": "UnauthorizedOperation"})
    messages, (warning,) = predicted(answers, image(1, EAST, EVERYONE))
    assert "how many images of us-east-1 are public (describe_images: UnauthorizedOperation)" in warning
