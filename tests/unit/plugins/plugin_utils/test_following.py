# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the console shows of a task that takes long, and what it does not show of others."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from unit.users import users_environment

from ansible_collections.amikit.aws.plugins.plugin_utils import following
from local_ec2.client import LocalEC2


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and show at once what is new."""
    monkeypatch.setattr(following, "_LOOK", 0.001)
    monkeypatch.setattr(following, "_EVERY", 0.0)


def write(name: str, line: str, shown: list[str], count: int) -> None:
    """Write a line as a module does, and wait until so many are shown."""
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(line)
    for _number in range(2000):
        if len(shown) >= count:
            break
        threading.Event().wait(0.005)


@pytest.mark.usefixtures("often")
def test_the_last_line_is_shown_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(following, "_FIRST", 0.0)
    shown: list[str] = []
    with following.followed(str(tmp_path), shown.append) as name:
        write(name, "1 of 9 read\n2 of 9 read\n", shown, 1)
        write(name, "2 of 9 read\n", shown, 1)
        write(name, "9 of 9 read\n", shown, 2)
    assert [re.sub("[0-9]+ s", "N s", text) for text in shown] == ["N s: 2 of 9 read", "N s: 9 of 9 read"]
    assert not Path(name).exists()


@pytest.mark.usefixtures("often")
def test_a_short_task_shows_nothing(tmp_path: Path) -> None:
    shown: list[str] = []
    with following.followed(str(tmp_path), shown.append) as name:
        Path(name).write_text("1 of 1 read\n", encoding="utf-8")
        threading.Event().wait(0.05)
    assert not shown


@pytest.mark.usefixtures("often")
def test_a_file_that_is_removed_stops_nothing(tmp_path: Path) -> None:
    shown: list[str] = []
    with following.followed(str(tmp_path), shown.append) as name:
        Path(name).unlink()
    assert not shown


@pytest.mark.parametrize("value", ["~/b.json", "$HOME/b.json", "", None, 7])
def test_what_the_module_expands_is_left_to_it(value: t.Any) -> None:
    assert following.from_here("backup", value) == value
    assert following.from_here("backup", "b.json") == str(Path.cwd() / "b.json")
    assert following.from_here("description", "b.json") == "b.json"


def test_a_long_task_shows_how_far_it_is(ec2: LocalEC2, tmp_path: Path) -> None:
    ids = [f"ami-{number:017x}" for number in range(2)]
    ec2.seed(*({"image_id": image_id} for image_id in ids))
    ec2.switch(latency=1.8)
    wish = {"image_ids": ids, "launch_permissions": {"user_ids": ["111111111111"]}}
    task = {"name": "Share", "amikit.aws.ec2_ami_attribute": wish, "register": "shared"}
    told = {"name": "Look", "ansible.builtin.debug": {"var": "shared"}}
    plays: list[dict[str, t.Any]] = [{"hosts": "localhost", "gather_facts": False, "tasks": [task, told]}]
    (tmp_path / "share.yml").write_text(json.dumps(plays))
    environment = {**users_environment(tmp_path), **ec2.environment()}
    done = subprocess.run(
        ["ansible-playbook", "share.yml"], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert re.search(r"^\[localhost\] [0-9]+ s: [0-2] of 2 read", done.stderr, re.MULTILINE)
    assert "of 2 read" not in done.stdout
