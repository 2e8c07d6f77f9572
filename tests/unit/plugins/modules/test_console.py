# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a failed task puts on the console: Ansible prints its result whole, but for the diff."""

from __future__ import annotations

import json
import typing as t

import pytest

from local_ec2.client import LocalEC2

Json = dict[str, t.Any]
Run = t.Callable[..., Json]
HELD = [f"{200_000_000_000 + number}" for number in range(300)]
NEW = ["111122223333", "444455556666"]
IDS = [f"ami-{number:017x}" for number in range(60)]
QUOTA = {"action": "ModifyImageAttribute", "code": "ResourceLimitExceeded", "message": "Quota.", "status": 400}
POLICY = {"name": "Golden", "pattern": "share", "principals": NEW, "image_ids": IDS}
TASKS: dict[str, Json] = {
    "ec2_ami_attribute": {"image_ids": IDS, "launch_permissions": {"user_ids": NEW}},
    "ec2_ami_sharing": {"policies": [POLICY]},
}


@pytest.fixture(params=list(TASKS))
def failed(request: pytest.FixtureRequest, ec2: LocalEC2, run_module: Run) -> Json:
    """The result of a task on 60 images that 300 accounts hold: two are granted, and one image fails."""
    ec2.seed(*({"image_id": one, "name": f"golden-{one}", "launch_permissions": {"user_ids": HELD}} for one in IDS))
    ec2.switch(errors_of={IDS[7]: QUOTA})
    return run_module(request.param, **TASKS[request.param])


def images_of(result: Json) -> list[Json]:
    found: list[Json] = result["images"] if "images" in result else result["policies"][0]["images"]
    return found


def test_it_says_what_happened_and_no_more(failed: Json) -> None:
    assert failed["msg"].startswith("1 of 60 images failed")
    assert failed["summary"]["granted"] == 2 * 59
    printed = {key: value for key, value in failed.items() if key not in ("diff", "invocation")}
    assert len(json.dumps(printed)) < 40_000


def test_nothing_in_it_can_be_fed_back_with_purge(failed: Json) -> None:
    images = images_of(failed)
    assert [(image["before"], image["after"]) for image in images] == [({}, {})] * 60
    entries = [image[verb]["user_ids"] for image in images for verb in ("granted", "revoked")]
    assert {tuple(each) for each in entries} == {tuple(NEW), ()}


def test_its_diff_has_a_line_for_each_account_that_is_new(failed: Json) -> None:
    assert len(failed["diff"]) == 59
    first = failed["diff"][0]
    assert first["before_header"] == first["after_header"] == f"golden-{IDS[0]} {IDS[0]} (us-east-1)"
    before, after = first["before"].splitlines(), first["after"].splitlines()
    assert [line for line in after if line not in before] == [f"launch_permissions.user_ids: {one}" for one in NEW]
    assert [line for line in before if line not in after] == []
