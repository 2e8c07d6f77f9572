# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines to reach: all of them, each with its limit. The sections measure, and name the line.

The API budget of the modules is here as numbers: what they may ask EC2, and not once more.
"""

from __future__ import annotations

import typing as t

from bench.report import Goal


class Counts(t.NamedTuple):
    """Every run sends just these requests."""

    requests: t.Mapping[str, int]

    def __str__(self) -> str:
        return f"{sum(self.requests.values())} ({shown(self.requests)})"


class AtMost(t.NamedTuple):
    limit: float
    unit: str = ""

    def __str__(self) -> str:
        return f"≤ {self.limit:g}{self.unit}" if self.limit else "0"


def shown(requests: t.Mapping[str, int]) -> str:
    return "; ".join(f"{count} {action}" for action, count in requests.items()) or "none"


def exactly(**requests: int) -> Counts:
    return Counts(requests)


def ratio(limit: float) -> AtMost:
    return AtMost(limit, " x")


def cpu(limit: float) -> AtMost:
    return AtMost(limit, " s")


def memory(limit: float) -> AtMost:
    return AtMost(limit, " MB")


def percent(limit: float) -> AtMost:
    return AtMost(limit, " %")


def _policies(images: int, *, batches: int = 1, keys: int = 0) -> Counts:
    """Images and a snapshot of each, in one Region: the number of policies makes no difference."""
    # A key is read before the plan, right before the write, and after it.
    of_keys = {"DescribeKey": keys, "GetKeyPolicy": 3 * keys, "PutKeyPolicy": keys} if keys else {}
    return exactly(
        DescribeImages=1,
        DescribeImageAttribute=2 * images,
        DescribeSnapshots=batches,
        DescribeSnapshotAttribute=2 * images,
        ModifyImageAttribute=images,
        ModifySnapshotAttribute=images,
        **of_keys,
    )


def _unchanged(images: int) -> Counts:
    return exactly(
        DescribeImages=1, DescribeImageAttribute=images, DescribeSnapshots=1, DescribeSnapshotAttribute=images
    )


LINES: dict[str, Counts | AtMost] = {
    # Side by side
    "1 image, change: requests": exactly(DescribeImages=1, DescribeImageAttribute=2, ModifyImageAttribute=1),
    "1 image, change: of ec2_ami's time": ratio(0.9),
    "1 image, no change: requests": exactly(DescribeImages=1, DescribeImageAttribute=1),
    "20 images, change: requests": exactly(DescribeImages=1, DescribeImageAttribute=40, ModifyImageAttribute=20),
    "20 images, no change: requests": exactly(DescribeImages=1, DescribeImageAttribute=20),
    "100 images, change: requests": exactly(DescribeImages=1, DescribeImageAttribute=200, ModifyImageAttribute=100),
    "100 images, change: of boto3 alone and an empty playbook": ratio(1.3),
    "100 images, no change: requests": exactly(DescribeImages=1, DescribeImageAttribute=100),
    "100 images, no change: of boto3 alone and an empty playbook": ratio(1.3),
    # Fleets
    "100 images in ten Regions: of the time in one": ratio(1.3),
    "100 images, Regions: 1: requests": exactly(DescribeImages=1, DescribeImageAttribute=200, ModifyImageAttribute=100),
    "100 images, Regions: 10: requests": exactly(
        DescribeImages=10, DescribeImageAttribute=200, ModifyImageAttribute=100
    ),
    "200 images under the token buckets: of the time that they allow": ratio(1.2),
    "200 images under the token buckets: requests throttled": percent(20),
    "200 images under the token buckets: failed": AtMost(0),
    "1,000 images x 200 accounts: peak memory of the module": memory(250),
    "1,000 images x 200 accounts: CPU of planning and presenting": cpu(5),
    "1,000 images x 200 accounts: requests": exactly(
        DescribeImages=5, DescribeImageAttribute=2000, ModifyImageAttribute=1000
    ),
    "preflight of 100 planned requests: DryRuns": exactly(ModifyImageAttribute=100),
    "backup of 1,000 images x 200 accounts: adds": cpu(1),
    "12,000 accounts on one image: requests": exactly(
        DescribeImages=1, DescribeImageAttribute=2, GetServiceQuota=1, ModifyImageAttribute=2
    ),
    "150 images simulated: apart from the embedded EC2 by": percent(10),
    # Every attribute. Three of the reads verify: that the image is enabled, who can launch it, and the rest.
    "all seven attributes of one image, change: requests": exactly(
        DescribeImages=3,
        DescribeImageAttribute=2,
        EnableImage=1,
        ModifyImageAttribute=3,
        CreateTags=1,
        EnableImageDeprecation=1,
        EnableImageDeregistrationProtection=1,
    ),
    "all seven attributes of one image, no change: requests": exactly(DescribeImages=1, DescribeImageAttribute=1),
    "two shared tags of 200 images, change: requests": exactly(DescribeImages=2, CreateTags=1),
    "two shared tags of 200 images, no change: requests": exactly(DescribeImages=1),
    # An organization and several owners
    "500 accounts, 60 OUs, with the names of OUs: requests": AtMost(88),
    "500 accounts, 60 OUs, without: requests": AtMost(26),
    "500 accounts, 60 OUs, with the names, answers without paths: requests": AtMost(126),
    "20 x 20 images, forks 10: of the sum": ratio(0.6),
    "20 x 20 images: requests": exactly(DescribeImages=20, DescribeImageAttribute=800, ModifyImageAttribute=400),
    # Sharing by policies: the role, with its report and without, and the module
    "3 policies, 1 image, change: requests": _policies(1),
    "3 policies, 1 image, change: DryRuns": AtMost(0),
    "3 policies, 1 image, change, the role: of a ping": ratio(2.5),
    "3 policies, 1 image, change, the role, with its report: of a ping": ratio(4.5),
    "3 policies, 1 image, no change: requests": _unchanged(1),
    "3 policies, 1 image, no change: DryRuns": AtMost(0),
    "3 policies, 1 image, no change, the role: of a ping": ratio(2.5),
    "3 policies, 1 image, no change, the role, with its report: of a ping": ratio(4.5),
    "3 policies, 200 images, change: requests": _policies(200),
    "3 policies, 200 images, change: DryRuns": AtMost(0),
    "3 policies, 200 images, change, the module: of boto3 alone and an empty playbook": ratio(1.15),
    "3 policies, 200 images, change, the role: of boto3 alone and an empty playbook": ratio(1.35),
    "3 policies, 200 images, no change: requests": _unchanged(200),
    "3 policies, 200 images, no change: DryRuns": AtMost(0),
    "3 policies, 200 images, no change, the module: of boto3 alone and an empty playbook": ratio(1.15),
    "3 policies, 200 images, no change, the role: of boto3 alone and an empty playbook": ratio(1.35),
    "10 policies, 200 images: of the time of 3": ratio(1.1),
    "10 policies, 200 images: requests": _policies(200),
    "3 policies, 200 images under 3 keys: requests": _policies(200, keys=3),
    "3 policies, 1,000 images, 200 accounts, report: peak memory of the module": memory(300),
    "3 policies, 1,000 images, 200 accounts, report: CPU of all but the requests": cpu(8),
    "3 policies, 1,000 images, 200 accounts, report: requests": _policies(1000, batches=5),
}


def within(what: str, measured: float) -> Goal:
    """Hold a figure against its line."""
    line = _line(what, AtMost)
    figure = f"{measured:.2f}" if line.unit else f"{measured:g}"
    return Goal(what, f"{figure}{line.unit}", str(line), measured <= line.limit)


def sent(what: str, runs: t.Iterable[t.Mapping[str, int]]) -> Goal:
    """Hold the requests of each run, by action, against their line."""
    line = _line(what, Counts)
    others = [requests for requests in runs if requests != line.requests]
    measured = shown(others[0]) if others else str(sum(line.requests.values()))
    return Goal(what, measured, str(line), not others)


_Line = t.TypeVar("_Line", Counts, AtMost)


def _line(what: str, kind: type[_Line]) -> _Line:
    line = LINES.get(what)
    if isinstance(line, kind):
        return line
    raise LookupError(f"bench/lines.py has no such line: {what}")
