# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The guide 'If it went wrong', from a job that is killed to everything as it was, command by command."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import boto3
from unit.documentation import blocks
from unit.documentation import rows
from unit.documentation import sections
from unit.documentation import titles
from unit.images import flat
from unit.users import users_environment

from local_ec2.client import LocalEC2

HELD = {"user_ids": ["444455556666"]}
NEWCOMER = "555566667777"
REGIONS = ("us-east-1", "eu-west-1")
# Long enough for the test to notice a request while it is under way, on a busy machine, too.
UNDER_WAY = 0.25
Access = dict[str, list[str]]


class Story:
    """The guide's files in a directory, and the images that they speak of."""

    def __init__(self, ec2: LocalEC2, home: Path) -> None:
        self.ec2, self.home = ec2, home
        self.sections = sections("undo")
        self.begun: list[str] = []
        for recipe in self.sections.values():
            for name, text in recipe.files.items():
                (home / name).write_text(text, encoding="utf-8")
        image = {"name": "golden-1", "launch_permissions": HELD, "snapshots": [{"create_volume_permissions": HELD}]}
        self.images = ec2.seed(*({**image, "region": region} for region in REGIONS))

    @property
    def access(self) -> Access:
        """Who can launch or copy what, past all that the modules see."""
        found: Access = {}
        for each in self.images:
            image = self.ec2.image(each["image_id"], each["region"]) or {}
            found[each["image_id"]] = flat(image["launch_permissions"])
            for one in each["snapshot_ids"]:
                snapshot = self.ec2.snapshot(one, each["region"]) or {}
                found[one] = flat(snapshot["create_volume_permissions"])
        return found

    def commands(self, section: str) -> list[str]:
        self.begun.append(section)
        return self.sections[section].commands

    def start(self, command: str, *, preloaded: bool = True) -> subprocess.Popen[str]:
        return subprocess.Popen(
            shlex.split(command),
            env={**users_environment(self.home, preloaded=preloaded), **self.ec2.environment()},
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def run(self, command: str) -> str:
        """Run a command to its end, and return what it prints."""
        with self.start(command) as process:
            printed, _nothing = process.communicate()
        assert process.returncode == 0, printed
        assert "WARNING" not in printed
        return printed

    def changes_nothing(self, command: str) -> str:
        before = self.access
        printed = self.run(command)
        assert self.access == before
        return printed

    def kill(self, command: str) -> None:
        """Kill a command, and all that it has started, once it takes an image from somebody."""
        self.ec2.switch(latency=UNDER_WAY)
        with self.start(command, preloaded=False) as process:
            wait_until(lambda: process.poll() is not None or self._revokes())
            for pid in family(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        # EC2 carries out what it has received.
        wait_until(lambda: all(request["status"] for request in self.ec2.requests()))
        self.ec2.switch(latency=0)

    def _revokes(self) -> bool:
        requests = self.ec2.requests("ModifyImageAttribute")
        return any(".Remove." in name for request in requests for name in request["parameters"])


def family(pid: int) -> list[int]:
    """Return a process and its descendants, those first that start others."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]
    return [pid, *(each for child in children for each in family(child))]


def wait_until(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def form(printed: t.Any) -> str:
    """Return what a text says, whatever the directory and the numbers, which depend on when the job was killed."""
    return re.sub(r"/\S*(?=backups/)", "/", re.sub(r"\d+( \w+?)?s?\b", r"N\1", str(printed)))


def test_from_a_job_that_is_killed_to_everything_as_it_was(ec2: LocalEC2, tmp_path: Path) -> None:
    story = Story(ec2, tmp_path)
    before = story.access

    (share,) = story.commands("A job that was killed")
    story.kill(share)
    halfway = story.access
    assert halfway != before
    # Somebody else is at work as well.
    image = story.images[0]
    client = boto3.client("ec2", region_name=image["region"])
    client.modify_image_attribute(ImageId=image["image_id"], LaunchPermission={"Add": [{"UserId": NEWCOMER}]})
    besides = {**before, image["image_id"]: sorted([*before[image["image_id"]], NEWCOMER])}

    look, preview, restore = story.commands("Undo the run")
    assert list(json.loads(f"{story.run(look)}]}}")) == ["amikit_backup", "made", "caller", "images"]
    assert "-launch_permissions.user_ids: 111122223333" in story.changes_nothing(preview)
    restored = story.run(restore)
    assert story.access == besides
    (shown,) = (block.text for block in blocks("undo", "text"))
    assert all(form(line) in form(restored) for line in shown.splitlines())

    # The others that take it back find nothing left to do.
    for command in [*story.commands("In AWX"), *story.commands("Guards and consent")]:
        assert "changed=0" in story.changes_nothing(command)

    preview, exactly = story.commands("Exactly as it was")
    assert f"-launch_permissions.user_ids: {NEWCOMER}" in story.changes_nothing(preview)
    story.run(exactly)
    assert story.access == before

    (take_back,) = story.commands("Undo a restoration")
    story.run(take_back)
    assert story.access == besides

    assert sorted(story.begun) == sorted(story.sections)
    (content,) = (json.loads(block.text) for block in blocks("undo", "json"))
    assert shape(content) == shape(json.loads((tmp_path / "backups" / "job-4711.json").read_text(encoding="utf-8")))


def shape(content: t.Any) -> t.Any:
    """Return the names in a backup, and not what they hold."""
    if isinstance(content, dict):
        return {name: shape(value) for name, value in content.items()}
    if isinstance(content, list):
        return [shape(content[0])] if content and isinstance(content[0], dict) else []
    return None


def test_the_codes_that_are_named_are_explained() -> None:
    second = [code for row in rows("undo") if len(row) == 3 for code in row[1].split(", ")]
    named = [code for code in second if re.fullmatch(r"[A-Z]\w+(\.\w+)?", code)]
    explained = {code for title in titles("troubleshooting") for code in title.split(", ")}
    assert "CannotBeUndone" in named
    assert [code for code in named if code not in explained] == []
