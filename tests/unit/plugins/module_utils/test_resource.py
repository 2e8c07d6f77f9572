# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Refusals that follow from what the embedded EC2 does not have."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes.dates import parse
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import EVERYONE
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedDate
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Attributes
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Situation
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


DATE = next(attribute for attribute in IMAGES.attributes if attribute.dated)
NOW = datetime.datetime(2026, 2, 28, 12, 0, 40, tzinfo=datetime.timezone.utc)


def of_date(asked: str, held: str = "", now: datetime.datetime = NOW, **described: t.Any) -> tuple[t.Any, str]:
    """Return what the date would be, and why EC2 would refuse that."""
    date = parse(asked)
    assert date is not None
    wish, situation = AskedDate(DATE, asked, date), Situation({"State": "available", **described}, now)
    plan = make_plan(Attributes(((DATE, held),)), [wish], situation)
    failure = refusal(IMAGES, plan, situation.described, Surroundings(now=now))
    return plan.after.as_options()["deprecate_at"], failure.message if failure else ""


@pytest.mark.parametrize("held", ["", "2027-06-01T00:00:00.000Z"])
def test_an_age_of_an_image_without_a_date_of_creation_changes_nothing(held: str) -> None:
    message = "EC2 does not show when the image was created, so it has no age; ask for a date"
    assert of_date("90d", held) == (held, message)


TOO_FAR, TOO_OLD = "more than 10 years from now", "more than 2 years after the creation of the image, which is public"
OF_PUBLIC = {"Public": True, "CreationDate": "2024-02-29T12:00:20.000Z"}
LIMITS: list[tuple[str, dict[str, t.Any], str]] = [
    ("2036-02-28T12:00", {}, ""),
    ("2036-02-28T12:01", {}, TOO_FAR),
    # An anniversary that does not exist is the day before.
    ("2026-02-28T12:00", OF_PUBLIC, ""),
    ("2026-02-28T12:01", OF_PUBLIC, TOO_OLD),
    # The creation is rounded as well: 2 years of 365 days are never too many.
    ("2y", {**OF_PUBLIC, "CreationDate": "2025-01-01T12:00:40.000Z"}, ""),
    ("731d", {**OF_PUBLIC, "CreationDate": "2025-01-01T12:00:40.000Z"}, TOO_OLD),
    ("731d", {**OF_PUBLIC, "CreationDate": "2027-01-01T12:00:40.000Z"}, ""),
]


@pytest.mark.parametrize(("asked", "described", "reason"), LIMITS)
def test_limits_are_in_years_of_the_calendar(asked: str, described: dict[str, t.Any], reason: str) -> None:
    _after, message = of_date(asked, **described)
    assert message.endswith(reason)
    assert bool(message) == bool(reason)


def test_ten_years_from_a_day_that_they_do_not_have() -> None:
    now = datetime.datetime(2028, 2, 29, 12, tzinfo=datetime.timezone.utc)
    assert [bool(of_date(asked, now=now)[1]) for asked in ("2038-02-28T12:00", "2038-02-28T12:01")] == [False, True]
