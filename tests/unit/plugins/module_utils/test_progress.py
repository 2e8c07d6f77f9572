# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What somebody who waits for a long task reads."""

from __future__ import annotations

import types
import typing as t
from pathlib import Path

import pytest
from unit.images import Clock

from ansible_collections.amikit.aws.plugins.module_utils._attributes import session
from ansible_collections.amikit.aws.plugins.module_utils._attributes.progress import Doing
from ansible_collections.amikit.aws.plugins.module_utils._attributes.progress import Progress

EAST, WEST = ("us-east-1", "images"), ("eu-west-1", "images")


def test_nothing_is_said_of_what_has_not_begun() -> None:
    assert Progress(Clock().monotonic).text({}) == ""


def test_what_is_left_is_shown_by_region_the_most_first() -> None:
    progress = progress_of(Clock(), "read", [EAST] * 3 + [WEST] * 5)
    for place in (EAST, EAST, WEST):
        progress.done("read", place)
    assert progress.text({}) == "3 of 8 read (eu-west-1 4 left, us-east-1 1 left)"
    for place in (EAST, *[WEST] * 4):
        progress.done("read", place)
    assert progress.text({}) == "8 of 8 read"


def test_many_regions_are_counted() -> None:
    progress = progress_of(Clock(), "written", [(f"us-east-{number}", "images") for number in range(1, 6)])
    assert progress.text({}).endswith("us-east-3 1 left, 2 more Regions)")


def test_the_time_is_that_of_the_emptiest_bucket() -> None:
    clock = Clock()
    # A full bucket gives 100 at once, and 5 a second then.
    progress = progress_of(clock, "written", [EAST] * 200 + [WEST] * 90)
    assert progress.text({}).endswith("; at EC2's request rate, the rest takes about 20 s")
    for _number in range(100):
        progress.done("written", EAST)
    clock.sleep(4)
    assert progress.text({}).endswith("; at EC2's request rate, the rest takes about 16 s")


def test_images_and_snapshots_have_buckets_of_their_own() -> None:
    progress = progress_of(Clock(), "written", [EAST] * 100 + [("us-east-1", "snapshots")] * 100)
    assert progress.text({}) == "0 of 200 changes sent (us-east-1 200 left)"


def test_throttling_and_waiting_are_said() -> None:
    progress = progress_of(Clock(), "asked", [EAST])
    progress.done("asked", EAST)
    progress.waiting(3)
    assert progress.text({"us-east-1": 4, "eu-west-1": 2}) == (
        "1 of 1 checked with DryRun; waiting for EC2 to show 3 images or snapshots"
        "; 6 requests throttled (eu-west-1, us-east-1)"
    )
    progress.waiting(1)
    assert "; waiting for EC2 to show 1 image or snapshot" in progress.text({})


def progress_of(clock: Clock, doing: Doing, places: list[tuple[str, str]]) -> Progress:
    progress = Progress(clock.monotonic)
    progress.plan(doing, places)
    return progress


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[Path], None]:
    """Let a session tell of itself often, while it works until the file has a line or can have none."""
    monkeypatch.setattr(session, "_EVERY", 0.001)

    def report(file: Path) -> None:
        monkeypatch.setenv(session.PROGRESS_FILE, str(file))
        with session.session(t.cast("t.Any", types.SimpleNamespace(throttled={"us-east-1": 1})), 1):
            while file.is_file() and not file.is_symlink() and not file.read_text():
                pass

    return report


def test_a_session_writes_how_far_it_is(reported: t.Callable[[Path], None], tmp_path: Path) -> None:
    file = tmp_path / "progress"
    file.touch()
    reported(file)
    assert file.read_text().splitlines()[0] == "1 request throttled (us-east-1)"


def test_a_session_makes_no_file_and_follows_no_link(reported: t.Callable[[Path], None], tmp_path: Path) -> None:
    missing, target, link = tmp_path / "missing", tmp_path / "target", tmp_path / "link"
    target.touch()
    link.symlink_to(target)
    reported(missing)
    reported(link)
    assert not missing.exists()
    assert not target.read_text()
