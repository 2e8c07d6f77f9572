# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The recipes do what they say: their files are written as they stand there, and their commands run as typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from unit.documentation import ROOT

from local_ec2.client import LocalEC2

RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## (?P<title>.*)\n(?P<text>(?:(?!^## ).*\n)*)", re.MULTILINE)
_FILE = re.compile(r"^`(?P<name>[\w.-]+)`:\n\n```(?P<language>yaml|json)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```yaml$", re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
SECTIONS = {section["title"]: section["text"] for section in _SECTION.finditer(RECIPES)}
# Whom the images of a recipe are shared with before it: somebody to revoke.
BEFORE = {"user_ids": ["444455556666"]}
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def images(text: str) -> t.Iterator[dict[str, t.Any]]:
    """Yield what a recipe needs: the images that it names, or else some of the names that it searches for."""
    named = re.findall(r"([a-z]+-[a-z]+-\d):(ami-[0-9a-f]{17})", text)
    lists = re.search(r"regions: \[(.*)\]", text)
    found = [(region, None) for region in (lists[1].split(", ") if lists else [])]
    for region, image_id in named or found:
        for name in ("golden-1", "appliance-7.1"):
            image = {"region": region, "name": name, "launch_permissions": BEFORE}
            image["snapshots"] = [{"create_volume_permissions": BEFORE}]
            if image_id is None:
                yield image
            elif name == "golden-1":
                yield {**image, "image_id": image_id}


def prepare(ec2: LocalEC2, text: str, home: Path) -> dict[str, str]:
    """Write the files of a recipe, make its images, and return the environment that its commands need."""
    for file in _FILE.finditer(text):
        (home / file["name"]).write_text(file["text"], encoding="utf-8")
    seeds = list(images(text))
    profiles = re.findall(r"^    (images-\w+):$", text, re.MULTILINE)
    environment = ec2.environment()
    if not profiles:
        ec2.seed(*seeds)
        return environment
    credentials = ""
    for number, profile in enumerate(profiles, 1):
        account = f"{number:012}"
        ec2.seed(*({**seed, "account": account} for seed in seeds))
        keys = ec2.principal("somebody", ANYTHING, account)
        credentials += f"[{profile}]\naws_access_key_id = {keys['access_key']}\n"
        credentials += f"aws_secret_access_key = {keys['secret_key']}\n"
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(credentials, encoding="utf-8")
    return {name: value for name, value in environment.items() if "KEY" not in name}


def run(command: str, home: Path, environment: dict[str, str]) -> str:
    """Run a command as a user does, with nothing but environment variables, and return what it prints."""
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT.parents[2]),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **environment,
    }
    done = subprocess.run(
        ["env", *shlex.split(command)], check=False, env=variables, cwd=home, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING]" not in done.stdout + done.stderr
    return done.stdout


def changed(printed: str) -> bool:
    recap = re.findall(r"changed=(\d+)", printed.rpartition("PLAY RECAP")[2])
    assert recap, printed
    return any(int(count) for count in recap)


def test_every_block_is_a_file_of_a_recipe() -> None:
    assert len(SECTIONS) == 7
    files = [file for text in SECTIONS.values() for file in _FILE.finditer(text) if file["language"] == "yaml"]
    assert len(files) == len(_BLOCK.findall(RECIPES))
    assert all(_COMMAND.search(text) for text in SECTIONS.values())


@pytest.mark.parametrize("title", SECTIONS)
def test_recipes_run_as_written(ec2: LocalEC2, tmp_path: Path, title: str) -> None:
    text = SECTIONS[title]
    environment = prepare(ec2, text, tmp_path)
    check, apply, *others = _COMMAND.findall(text)
    assert changed(run(check, tmp_path, environment))
    assert {request["dry_run"] for request in ec2.requests("ModifyImageAttribute")} == {True}
    assert changed(run(apply, tmp_path, environment))
    for command in [apply, *others]:
        assert not changed(run(command, tmp_path, environment))
    for name in re.findall(r"ami_sharing_report: \"?([\w.-]+?)[\".{]", text):
        assert list(tmp_path.glob(f"{name}*"))
