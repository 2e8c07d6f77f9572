# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Refusals that follow from what the embedded EC2 does not have."""

from __future__ import annotations

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import EVERYONE
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Attributes
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import make_plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes.resource import Surroundings
from ansible_collections.amikit.aws.plugins.module_utils._attributes.resource import refusal

ACCOUNT = Permission("user_ids", "111122223333")
WATERMARKED = {"State": "available", "ImageWatermarks": [{"WatermarkKey": "123456789012:approved"}]}


@pytest.mark.parametrize(("entry", "refused"), [(EVERYONE, True), (ACCOUNT, False)], ids=["everyone", "an account"])
def test_an_image_with_a_watermark_is_not_made_public(entry: Permission, refused: bool) -> None:
    none = Attributes(((IMAGES.permissions, frozenset()),))
    plan = make_plan(none, [AskedPermissions(IMAGES.permissions, frozenset({entry}))])
    failure = refusal(IMAGES, plan, WATERMARKED, Surroundings())
    assert (failure is not None) == refused
    assert failure is None or (failure.predicted and "watermark" in failure.message)
