# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All attributes of an image at once, and the same shared tags for many: what they may ask EC2.

What an image has besides launch permissions lives here.
"""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass

from bench.lines import sent
from bench.lines import shown
from bench.report import Section
from bench.stage import Stage
from bench.stage import Work

DATE = f"{datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=365):%Y-%m-%d}"
TAGS = {"status": "approved", "release": "2026.11"}
SHARED = {f"ec2:SharedTag/{key}": value for key, value in TAGS.items()}


@dataclass(frozen=True)
class Labelled(Work):
    """Images that are to have two shared tags, and nothing else."""

    @property
    def described(self) -> dict[str, t.Any]:
        return {**super().described, "options": {"shared_tags": TAGS, "launch_permissions": None}}

    @property
    def seeds(self) -> list[dict[str, t.Any]]:
        return [{**image, "tags": SHARED if self.done else {}} for image in super().seeds]


@dataclass(frozen=True)
class Whole(Work):
    """One image that is to have all seven attributes. Before, it is disabled and has none."""

    @property
    def described(self) -> dict[str, t.Any]:
        options = {
            "description": "Golden image",
            "imds_support": "v2.0",
            "shared_tags": TAGS,
            "deprecate_at": DATE,
            "deregistration_protection": "enabled",
            "enabled": True,
        }
        return {**super().described, "options": options}

    @property
    def seeds(self) -> list[dict[str, t.Any]]:
        had = {
            "description": "Golden image",
            "imds_support": "v2.0",
            "tags": SHARED,
            "deprecation_time": f"{DATE}T00:00:00.000Z",
            "deregistration_protection": "enabled-without-cooldown",
        }
        return [{**image, **(had if self.done else {"state": "disabled"})} for image in super().seeds]


def attributes(stage: Stage) -> Section:
    """Every attribute of one image, and two shared tags of two hundred."""
    program = stage.program("module_process.py")
    rows, goals = [["what", "case", "seconds", "requests"]], []
    works: list[tuple[str, Labelled | Whole]] = [
        (what, kind(images, accounts, done))
        for what, kind, images, accounts in (
            ("all seven attributes of one image", Whole, 1, 50),
            ("two shared tags of 200 images", Labelled, 200, 0),
        )
        for done in (False, True)
    ]
    for what, work in works:
        run = stage.run_whole(f"{what}, {work.case}", program, work)
        rows.append([what, work.case, f"{run.seconds:.2f}", shown(run.requests)])
        goals.append(sent(f"{what}, {work.case}: requests", [run.requests]))
    note = "The module as a process of its own. It is enabled first, and what is the same for many is one request."
    return Section("Every attribute", rows, goals, [note])
