# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The API budget of the module, and the line that compares it with what was sent.

The contract of the module lives here as numbers: what it may ask EC2, and not once more.
"""

from __future__ import annotations

import typing as t

from bench.report import Goal
from bench.stage import Run
from bench.stage import Work
from bench.stage import shown

DESCRIBED_AT_ONCE = 200  # images, by one DescribeImages


def budget(work: Work) -> dict[str, int]:
    """Return how often each request may be sent: every image is read, written, and read again if it changes."""
    batches = len(work.regions) * -(-work.images // len(work.regions) // DESCRIBED_AT_ONCE)
    writes = 0 if work.done else -(-work.accounts // 10_000) * work.images
    verifying = 0 if work.done else work.images
    counts = {
        "DescribeImages": batches,
        "DescribeImageAttribute": work.images + verifying,
        "ModifyImageAttribute": writes,
    }
    return {action: count for action, count in counts.items() if count}


def budget_goal(what: str, work: Work, runs: t.Sequence[Run]) -> Goal:
    return exactly(what, budget(work), runs)


def exactly(what: str, allowed: dict[str, int], runs: t.Sequence[Run]) -> Goal:
    """Every run sent just these requests."""
    others = [run.requests for run in runs if run.requests != allowed]
    measured = shown(others[0]) if others else str(sum(allowed.values()))
    return Goal(f"{what}: requests", measured, f"{sum(allowed.values())} ({shown(allowed)})", not others)
