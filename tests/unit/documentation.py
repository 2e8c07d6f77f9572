# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the documentation holds that can be run: the code blocks of README and the guides, and the modules' EXAMPLES."""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import re
import typing as t
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

import ansible_collections.amikit.aws as collection

ROOT = Path(next(iter(collection.__path__)))
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")) if path.name != "README.md"}
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))

# The guides that are one story: a test of their own runs their commands one after the other.
STORIES = {"encrypted_images", "events", "undo"}

# What a YAML list of plays or of tasks is once read.
Items = list[dict[str, t.Any]]

# The paragraph in front of a block that names the file it is to be written to.
FILE = re.compile(r"\*\*`([^`]+)`\*\*")
# The one in front of what a reader has, and is to replace.
BEFORE = "**Before**"


class Block(t.NamedTuple):
    """A code block of a guide, the paragraph in front of it, and the title of the section that it stands in."""

    language: str
    label: str
    text: str
    section: str

    @property
    def file(self) -> str:
        """The name of the file that it is to be written to, if any."""
        found = FILE.fullmatch(self.label)
        return found[1] if found else ""

    @property
    def is_before(self) -> bool:
        return self.label == BEFORE

    @property
    def is_example(self) -> bool:
        return self.language == "yaml" and not self.file and not self.is_before


@functools.cache
def parsed(text: str) -> list[Token]:
    """Return the tokens of a page in what GitHub and Galaxy have in common: CommonMark, and tables."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def plain(inline: Token) -> str:
    """Return the text of a paragraph, a title or a cell as a reader sees it."""
    return "".join(" " if each.type == "softbreak" else each.content for each in inline.children or [])


def headings(text: str) -> list[str]:
    """Return the titles of a page and of its sections."""
    return [plain(title) for opened, title in itertools.pairwise(parsed(text)) if opened.type == "heading_open"]


def titles(guide: str) -> list[str]:
    """Return the titles of a guide and of its sections."""
    return headings(GUIDES[guide])


def blocks_of(text: str) -> t.Iterator[Block]:
    """Yield the code blocks of a page."""
    section, label = "", ""
    for before, token in itertools.pairwise(parsed(text)):
        if before.type == "heading_open":
            section = plain(token)
        if token.type == "fence":
            yield Block(token.info, label, token.content, section)
        if token.type == "inline":
            label = token.content
        elif token.type != "paragraph_close":
            label = ""


def blocks(guide: str, language: str = "") -> list[Block]:
    """Return the code blocks of a guide, all or those of a language."""
    return [block for block in blocks_of(GUIDES[guide]) if language in ("", block.language)]


def _cells(guide: str) -> list[list[Token]]:
    """Return the cells of every row of a guide's tables."""
    found: list[list[Token]] = []
    cell = False
    for token in parsed(GUIDES[guide]):
        if token.type == "tr_open":
            found.append([])
        if cell:
            found[-1].append(token)
        cell = token.type in ("th_open", "td_open")
    return found


def rows(guide: str) -> list[list[str]]:
    """Return the texts of the cells of every row of a guide's tables."""
    return [[plain(cell) for cell in row] for row in _cells(guide)]


def literals_of_first_cells(guide: str) -> list[str]:
    """Return what stands between backquotes in the first column of a guide's tables."""
    first = [cell for row in _cells(guide) for cell in row[:1]]
    return [each.content for cell in first for each in cell.children or [] if each.type == "code_inline"]


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page: their rows, and of these the texts of the cells."""
    found: list[list[list[str]]] = []
    for before, token in itertools.pairwise(parsed(text)):
        if before.type == "table_open":
            found.append([])
        if token.type == "tr_open":
            found[-1].append([])
        if before.type in ("th_open", "td_open"):
            found[-1][-1].append(plain(token))
    return found


def chapters(text: str) -> dict[str, str]:
    """Return what stands under each title of the second level."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def readme_block(language: str) -> str:
    """Return the README's one code block of a language."""
    (text,) = [block.text for block in blocks_of(README) if block.language == language]
    return text


class Recipe(t.NamedTuple):
    """The files of a section, by name, and the commands that it says to run beside them."""

    files: dict[str, str]
    commands: list[str]

    @property
    def contents(self) -> list[t.Any]:
        return [yaml.safe_load(text) for name, text in self.files.items() if not name.endswith((".csv", ".ini"))]


def recipes() -> dict[str, Recipe]:
    """Return what the guides say to write into files and to run, by guide and section, stories aside."""
    return {
        f"{guide}: {section}": recipe
        for guide in GUIDES
        if guide not in STORIES
        for section, recipe in sections(guide).items()
    }


def sections(guide: str) -> dict[str, Recipe]:
    """Return what the sections of a guide say to write into files and to run."""
    found: dict[str, Recipe] = {}
    for block in blocks(guide):
        recipe = found.setdefault(block.section, Recipe({}, []))
        if block.file:
            recipe.files[block.file] = block.text
        elif block.language == "console":
            recipe.commands.extend(re.findall(r"^\$ (.*)$", block.text, re.MULTILINE))
    return {section: recipe for section, recipe in found.items() if recipe.files or recipe.commands}


def examples() -> list[Items]:
    """Return the examples of the guides and of the modules, each once: plays, or tasks that belong together."""
    found = [yaml.safe_load(block.text) for guide in GUIDES for block in blocks(guide) if block.is_example]
    for name in MODULES:
        module = importlib.import_module(f"ansible_collections.amikit.aws.plugins.modules.{name}")
        found += _together(yaml.safe_load(module.EXAMPLES))
    return [example for number, example in enumerate(found) if example not in found[:number]]


def _together(tasks: Items) -> list[Items]:
    """A task that uses what an earlier one registered, or the backup that it wrote, belongs to it."""
    found: list[Items] = []
    for task in tasks:
        left = [each[key] for each in dictionaries(found[-1:]) for key in ("register", "backup") if key in each]
        if any(re.search(rf"\b{re.escape(name)}\b", json.dumps(task)) for name in left):
            found[-1].append(task)
        else:
            found.append([task])
    return found


def plays(example: Items) -> Items:
    """Return the example as a playbook: itself, or its tasks in a play of their first one's name."""
    if "hosts" in example[0]:
        return example
    return [{"name": example[0]["name"], "hosts": "localhost", "gather_facts": False, "tasks": example}]


def dictionaries(part: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Yield every dictionary of an example, such as tasks, their options and policies, however deep it is."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, (dict, list)):
        for each in part.values() if isinstance(part, dict) else part:
            yield from dictionaries(each)


def changes_something(example: Items) -> bool:
    """Tell whether the example has a task or a role that writes, and not only tasks that read. An audit reads."""
    return '"amikit.aws.ami_sharing"' in json.dumps(example) or any(
        not options.get("audit")
        for each in dictionaries(example)
        for name, options in each.items()
        if re.fullmatch(r"amikit\.aws\.(ec2_\w+(?<!_info)|kms_key_sharing)", name)
    )


def resources(example: t.Any, prefix: str) -> set[tuple[str, str]]:
    """Return the Region and the id of all that an example names, ``prefix`` being ami or snap.

    The Region is the id's own, or else the task's.
    """
    text = json.dumps(example)
    region = re.search(r'"region": "([a-z0-9-]+)"', text)
    default = region[1] if region else "us-east-1"
    found = re.findall(rf"(?:([a-z]+-[a-z]+-\d):)?\b({prefix}-[0-9a-f]+)", text)
    return {(own or default, resource_id) for own, resource_id in found}


def keys(example: t.Any) -> set[tuple[str, str]]:
    """Return the Region and the alias of all keys that an example names so."""
    text = json.dumps(example)
    region = re.search(r'"region": "([a-z0-9-]+)"', text)
    found = re.findall(r"(?:([a-z]+-[a-z]+-\d):)?\b(alias/[\w/-]+)", text)
    return {(own or (region[1] if region else "us-east-1"), alias) for own, alias in found}


def searched(example: t.Any) -> set[tuple[str, str]]:
    """Return the Regions that an example searches, each with what the names begin with that it searches for.

    The Regions are those that it lists, or else that of the task, where it has filters.
    """
    text = json.dumps(example)
    listed = [region for regions in re.findall(r'"regions": (\[[^]]*\])', text) for region in json.loads(regions)]
    of_task = re.findall(r'"region": "([a-z0-9-]+)"', text) if '"filters"' in text else []
    names = re.findall(r"[\"']([a-z][\w.-]*)\*[\"']", text) or ["golden-"]
    return {(region, name) for region in listed or of_task for name in names}


def revoked(example: t.Any) -> set[str]:
    """Return the accounts that an example revokes, by a task or by a policy."""
    by_task = {
        account
        for entries in re.findall(r'"revoke_\w+": (\{[^}]*\})', json.dumps(example))
        for account in json.loads(entries).get("user_ids", [])
    }
    revoking = [each["principals"] for each in dictionaries(example) if each.get("pattern") == "revoke"]
    return by_task | {each for principals in revoking for each in principals if each.isdigit()}


def has_organizations_that_cannot_copy(example: t.Any) -> bool:
    """Tell whether a policy grants images and their snapshots to organizations or OUs, of which the run warns."""
    granting = [each for each in dictionaries(example) if each.get("pattern") in ("share", "exclusive")]
    sharing = [policy["principals"] for policy in granting if policy.get("snapshots")]
    return any("arn:aws:organizations" in json.dumps(principals) for principals in sharing)
