# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the documentation holds that can be run: the README's code blocks, and the modules' EXAMPLES."""

from __future__ import annotations

import importlib
import json
import re
import typing as t
from pathlib import Path

import yaml

import ansible_collections.amikit.aws as collection

ROOT = Path(next(iter(collection.__path__)))
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))

# What a YAML list of plays or of tasks is once read.
Items = list[dict[str, t.Any]]

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return [block["text"] for block in _BLOCK.finditer(README) if block["language"] == language]


def examples(source: str) -> list[Items]:
    """Return the examples of the README, or of a module: each a list of plays, or of tasks that belong together."""
    if source == "README.md":
        return [yaml.safe_load(text) for text in blocks("yaml")]
    module = importlib.import_module(f"ansible_collections.amikit.aws.plugins.modules.{source}")
    return _together(yaml.safe_load(module.EXAMPLES))


def _together(tasks: Items) -> list[Items]:
    """A task that uses what an earlier one registered belongs to it."""
    found: list[Items] = []
    for task in tasks:
        registered = [earlier["register"] for earlier in (found[-1] if found else []) if "register" in earlier]
        if any(re.search(rf"\b{name}\b", json.dumps(task)) for name in registered):
            found[-1].append(task)
        else:
            found.append([task])
    return found


def plays(example: Items) -> Items:
    """Return the example as a playbook: itself, or its tasks in a play of their first one's name."""
    if "hosts" in example[0]:
        return example
    return [{"name": example[0]["name"], "hosts": "localhost", "gather_facts": False, "tasks": example}]


def changes_something(example: Items) -> bool:
    """Tell whether the example has a task that writes, and not only tasks that read."""
    return re.search(r'"amikit\.aws\.\w+(?<!_info)":', json.dumps(example)) is not None


def resources(example: Items, prefix: str) -> set[tuple[str, str]]:
    """Return the Region and the id of all that an example names, ``prefix`` being ami or snap.

    The Region is the id's own, or else the task's.
    """
    text = json.dumps(example)
    region = re.search(r'"region": "([a-z0-9-]+)"', text)
    default = region[1] if region else "us-east-1"
    found = re.findall(rf"(?:([a-z]+-[a-z]+-\d):)?\b({prefix}-[0-9a-f]+)", text)
    return {(own or default, resource_id) for own, resource_id in found}


def searched(example: Items) -> set[str]:
    """Return the Regions that an example searches."""
    lists = re.findall(r'"regions": (\[[^]]*\])', json.dumps(example))
    return {region for regions in lists for region in json.loads(regions)}


def revoked(example: Items) -> set[str]:
    """Return the accounts that an example revokes."""
    return {
        account
        for entries in re.findall(r'"revoke_\w+": (\{[^}]*\})', json.dumps(example))
        for account in json.loads(entries).get("user_ids", [])
    }
