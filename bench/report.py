# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of results: sections, the lines to reach, and what it was all measured with.

Only presentation and the facts about the machine live here.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import resource
import sysconfig
import typing as t
from dataclasses import dataclass
from dataclasses import field
from importlib.metadata import version
from pathlib import Path


class Goal(t.NamedTuple):
    """A line to reach: what it is, what was measured, what is required, and whether that is met."""

    what: str
    measured: str
    must: str
    met: bool

    @property
    def verdict(self) -> str:
        return "met" if self.met else "MISSED"


@dataclass
class Section:
    """A part of the page. ``rows`` begin with the head of the table; ``notes`` say how it was measured."""

    title: str
    rows: list[list[str]]
    goals: list[Goal]
    notes: list[str] = field(default_factory=list)


def page(sections: t.Sequence[Section], command: str, load: str, minutes: float) -> str:
    goals = [["line", "measured", "must be", ""]]
    goals += [[goal.what, goal.measured, goal.must, f"**{goal.verdict}**"] for part in sections for goal in part.goals]
    parts = ["# Measurements", _summary(command), "## Lines to reach", _markdown(goals)]
    for section in sections:
        parts += [f"## {section.title}", *section.notes, *([_markdown(section.rows)] if section.rows else [])]
    parts += ["## Measured with", _markdown([["what", "which"], *_circumstances(command, load, minutes)])]
    return "\n\n".join(parts) + "\n"


def plain(sections: t.Sequence[Section]) -> str:
    """Return the lines to reach, for a terminal, those missed last."""
    goals = sorted((goal for section in sections for goal in section.goals), key=lambda goal: not goal.met)
    lines = [f"  {goal.verdict:<7} {goal.what}: {goal.measured} (must be {goal.must})" for goal in goals]
    missed = sum(not goal.met for goal in goals)
    return "\n".join([*lines, f"{missed} of {len(goals)} lines MISSED" if missed else f"All {len(goals)} lines met"])


def _summary(command: str) -> str:
    return (
        f"Written by `{command}`, against the embedded EC2 of this repository on loopback, which answers after 50 ms"
        " unless a section says otherwise. Seconds are wall time of the whole process, and CPU seconds those of all its"
        " descendants too; both are medians where there are several runs. Contestants take turns: one run of each, then"
        " the next round. Peak memory is that of the largest process."
    )


def _markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _circumstances(command: str, load: str, minutes: float) -> list[list[str]]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        ["date", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"],
        ["command", f"`{command}`, {minutes:.0f} minutes"],
        ["processor", f"{_processor()}, {os.cpu_count()} cores"],
        ["memory", f"{memory:.0f} GiB"],
        ["system", f"{_system()}, {platform.system()} {platform.release()}"],
        ["load average", load],
        ["Python", platform.python_version()],
        *([name, version(name)] for name in ("ansible-core", "boto3", "botocore", "moto")),
        ["amazon.aws", _amazon_aws()],
        ["least peak memory that can be measured", f"{own:.0f} MB, that of the benchmark itself"],
    ]


def load_average() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform()


def _amazon_aws() -> str:
    manifest = Path(sysconfig.get_path("purelib"), "ansible_collections", "amazon", "aws", "MANIFEST.json")
    found: str = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return found
