# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting for what EC2 shows in one answer and not in the next."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.images import Clock

from ansible_collections.amikit.aws.plugins.module_utils._attributes import waiting
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.runtime import Runtime
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target

IMAGE = Target("us-east-1", "ami-0123456789abcdef0")


class Answers:
    """An EC2 that describes the image in these states, one after the other, the last for good; None hides it."""

    def __init__(self, *states: str | None) -> None:
        self.states = list(states)

    def call(self, _region: str, _operation: str, **arguments: t.Any) -> dict[str, t.Any]:
        if "Owners" not in arguments:
            return {"Images": []}
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"Images": [{"ImageId": IMAGE.id, "State": state}] if state else []}


@pytest.mark.parametrize(
    ("states", "error", "seconds"),
    [
        (["available"], None, 1),
        (["pending", None, "available"], None, 7),
        (["pending", None, None, "pending", None, "available"], None, 45),
        ([None], IMAGES.not_found_code, 30),
        (["pending"], IMAGES.state_code, 120),
    ],
    ids=["at once", "hidden once", "hidden twice", "gone", "for ever"],
)
def test_one_answer_without_an_image_does_not_say_that_it_is_gone(
    states: list[str | None], error: str | None, seconds: int
) -> None:
    clock = Clock()
    began = clock.now
    image = Subject(IMAGES, IMAGE, (), {"ImageId": IMAGE.id, "State": "pending"})
    with ThreadPoolExecutor(1) as executor:
        runtime = Runtime(t.cast("t.Any", Answers(*states)), executor, clock=clock)
        waiting.until_ready(runtime, [image])
    assert (image.failure.code if image.failure else None) == error
    assert clock.now - began == seconds
