# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The sections of the benchmark and its table of lines fit together. Nothing is measured here."""

from __future__ import annotations

import itertools
import subprocess
import typing as t
from pathlib import Path

import pytest

from bench import against
from bench import fifty_thousand
from bench.fifty_thousand import Fleet
from bench.lines import LINES
from bench.lines import sent
from bench.lines import within
from bench.run import SECTIONS
from bench.stage import FailedError
from bench.stage import Run
from bench.stage import Stage
from bench.stage import Work

REQUESTS = {"DescribeImages": 1}
# What a program of the benchmark prints, if what it prints is read.
PRINTED = {"planning.py": '{"plan": 1}', "backing_up.py": '{"seconds": 1, "MB": 1}', "sharing_process.py": "1"}


class Silent:
    """An EC2 that holds nothing, and was asked once."""

    def image(self, *_words: str) -> None:
        """Return no image."""

    def requests(self, _action: str = "") -> list[dict[str, t.Any]]:
        return [{"action": "DescribeImages", "code": "", "dry_run": False}]


class Rehearsal(Stage):
    """A stage on which no process is started. Each takes a second more than the one before."""

    def __init__(self, directory: Path, *, slow: bool) -> None:
        super().__init__(t.cast("t.Any", Silent()), directory, slow=slow)
        self._seconds = itertools.count(1.0)
        self.collections_of_runs: list[str] = []

    def run(self, label: str, command: list[str], work: Work, **switches: t.Any) -> Run:
        self.collections_of_runs.append(self.collections)
        printed = [text for name, text in PRINTED.items() if command[1].endswith(name)]
        return Run(0, "".join(printed), next(self._seconds), 1.0, 1.0, REQUESTS)

    def run_whole(self, label: str, command: list[str], work: Work, **switches: t.Any) -> Run:
        return self.run(label, command, work, **switches)


def simulated(_stage: Stage, case: dict[str, t.Any]) -> Fleet:
    owner = fifty_thousand.Owner(seconds=1.0, least=1.0, requests=REQUESTS, throttled=0, peak=1.0)
    return Fleet([owner] * case["owners"], 1.0, 0.0, 16)


@pytest.mark.parametrize("slow", [True, False], ids=["whole", "quick"])
def test_each_line_of_the_table_is_measured_once_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    monkeypatch.setattr(fifty_thousand, "_simulated", simulated)
    stage = Rehearsal(tmp_path, slow=slow)
    measured = [goal.what for section in SECTIONS.values() for goal in section(stage).goals]
    assert sorted(measured) == sorted(LINES)


def test_a_line_that_is_not_in_the_table_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"no such line: 1 image, of a guess"):
        within("1 image, of a guess", 1.0)
    with pytest.raises(LookupError, match=r"no such line: 1 image, change: of ec2_ami's time"):
        sent("1 image, change: of ec2_ami's time", [])


@pytest.mark.parametrize(
    ("figure", "verdict", "shown"), [(0.9, "met", "0.90 x"), (0.91, "MISSED", "0.91 x")], ids=["at", "above"]
)
def test_a_figure_may_reach_its_limit(figure: float, verdict: str, shown: str) -> None:
    goal = within("1 image, change: of ec2_ami's time", figure)
    assert (goal.verdict, goal.measured, goal.must) == (verdict, shown, "≤ 0.9 x")


def test_one_run_that_asks_once_more_misses_the_line() -> None:
    budget = {"DescribeImages": 1, "DescribeImageAttribute": 1}
    once_more = {**budget, "DescribeImageAttribute": 2}
    assert sent("1 image, no change: requests", [budget, budget]).verdict == "met"
    goal = sent("1 image, no change: requests", [budget, once_more])
    assert (goal.verdict, goal.measured) == ("MISSED", "1 DescribeImages; 2 DescribeImageAttribute")


def test_two_commits_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against, "collections", lambda _rev: "before")
    stage = Rehearsal(tmp_path, slow=True)
    stage.collections = "now"
    head, first, *others = against.against(stage, "1.0.0").splitlines()
    assert stage.collections_of_runs[:4] == ["before", "now", "now", "before"]
    assert head.split() == ["what", "1.0.0", "checkout", "ratio"]
    assert first.split() == ["1", "image", "seconds", "2.50", "2.50", "1.00"]
    assert len(others) == 4 * len(against.CASES) - 1


def git(repository: Path, *words: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(repository), *identity, *words], check=True, capture_output=True)


def test_the_collection_of_a_commit_is_what_ansible_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against, "HERE", tmp_path / "bench")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    (tmp_path / "ansible_collections" / "amazon" / "aws").mkdir(parents=True)
    galaxy = tmp_path / "galaxy.yml"
    git(tmp_path, "init")
    for version in ("1.0.0", "1.1.0"):
        galaxy.write_text(version, encoding="utf-8")
        git(tmp_path, "add", "galaxy.yml")
        git(tmp_path, "commit", "-m", version)
    for rev, version in (("HEAD~1", "1.0.0"), ("HEAD", "1.1.0")):
        found = against.collections(rev) / "ansible_collections"
        assert (found / "amikit" / "aws" / "galaxy.yml").read_text(encoding="utf-8") == version
        assert (found / "amazon" / "aws").is_dir()
    with pytest.raises(FailedError, match=r"git knows no commit main~7"):
        against.collections("main~7")
